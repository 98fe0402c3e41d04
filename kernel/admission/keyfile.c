// SPDX-License-Identifier: Apache-2.0
/* Reading and making key files. */
#include "kernel/admission/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HAS_VERSION = 1, HAS_ROLE = 2, HAS_NAME = 4, HAS_BYTES = 8, HAS_ALL = 15 };

void key_id(const uint8_t public[32], uint8_t id[KEY_ID_LEN])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, public, 32);
	memcpy(id, hash, KEY_ID_LEN);
}

int hex_parse(const char *text, uint8_t *out, size_t n)
{
	size_t got;
	const char *end;

	if (strlen(text) != 2 * n ||
	    sodium_hex2bin(out, n, text, 2 * n, NULL, &got, &end) || got != n)
		return -EINVAL;
	return 0;
}

static bool name_ok(const char *s)
{
	const size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return n > 0 && n <= KEY_NAME_MAX;
}

static int take_line(struct keyfile *k, const char *line, unsigned int *has)
{
	unsigned int bit = 0;
	int r = -EINVAL;

	if (!strcmp(line, "vmhi-key=1") || !strcmp(line, "vmhi-secret-key=1")) {
		bit = HAS_VERSION;
		k->secret = line[5] == 's';
		r = 0;
	} else if (!strncmp(line, "role=", 5)) {
		bit = HAS_ROLE;
		r = signature_role_parse(line + 5, &k->role);
	} else if (!strncmp(line, "name=", 5) && name_ok(line + 5)) {
		bit = HAS_NAME;
		strcpy(k->name, line + 5);
		r = 0;
	} else if (!strncmp(line, "public=", 7) && !k->secret) {
		bit = HAS_BYTES;
		r = hex_parse(line + 7, k->public, 32);
	} else if (!strncmp(line, "seed=", 5) && k->secret) {
		bit = HAS_BYTES;
		r = hex_parse(line + 5, k->seed, 32);
	}
	if (*has & bit)
		return -EINVAL;
	*has |= bit;
	return r;
}

static int read_lines(FILE *f, const char *path, struct keyfile *k, struct err *e)
{
	unsigned int has = 0;
	char line[256];

	for (int n = 1; fgets(line, sizeof(line), f); n++) {
		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#')
			continue;
		if (take_line(k, line, &has))
			return err_set(e, -EINVAL, "%s: line %d is not what a key file may hold",
				       path, n);
	}
	if (has != HAS_ALL)
		return err_set(e, -EINVAL, "%s: a key file needs vmhi-key=1 (or "
			       "vmhi-secret-key=1), role=, name=, and public= (or seed=)", path);
	return 0;
}

int keyfile_read(const char *path, struct keyfile *k, struct err *e)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	FILE *f = fopen(path, "re");
	struct stat st;
	int r;

	memset(k, 0, sizeof(*k));
	if (!f)
		return err_set(e, -errno, "%s: cannot be read: %s", path, strerror(errno));
	if (fstat(fileno(f), &st))
		memset(&st, 0xff, sizeof(st));
	r = read_lines(f, path, k, e);
	fclose(f);
	if (r)
		return r;
	if (st.st_mode & (k->secret ? 077 : 022))
		return err_set(e, -EPERM, "%s: others may %s it: chmod %s", path,
			       k->secret ? "read" : "change", k->secret ? "600" : "644");
	if (k->secret)
		crypto_sign_seed_keypair(k->public, secret, k->seed);
	sodium_memzero(secret, sizeof(secret));
	return 0;
}

static int write_key(const char *base, const char *ending, mode_t mode, const struct keyfile *k,
		     struct err *e)
{
	char path[4096], hex[65];
	FILE *f;
	int fd;

	if (snprintf(path, sizeof(path), "%s.%s", base, ending) >= (int)sizeof(path))
		return err_set(e, -ENAMETOOLONG, "%.64s...: the path is too long", base);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		return err_set(e, -errno, "%s: cannot be made: %s%s", path, strerror(errno),
			       errno == EEXIST ? ": choose another BASE" : "");
	sodium_bin2hex(hex, sizeof(hex), k->secret ? k->seed : k->public, 32);
	fprintf(f, "vmhi-%skey=1\nrole=%s\nname=%s\n%s=%s\n", k->secret ? "secret-" : "",
		signature_role_name(k->role), k->name, k->secret ? "seed" : "public", hex);
	sodium_memzero(hex, sizeof(hex));
	if (fclose(f))
		return err_set(e, -errno, "%s: cannot be written: %s", path, strerror(errno));
	return 0;
}

int keyfile_make(const char *base, enum signature_role role, const char *name, struct err *e)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	struct keyfile k = {.role = role};
	int r;

	if (sodium_init() < 0)
		return err_set(e, -EIO, "libsodium cannot start: no random numbers");
	if (!name_ok(name))
		return err_set(e, -EINVAL, "the name \"%s\" must have 1 to %d printable bytes",
			       name, KEY_NAME_MAX);
	strcpy(k.name, name);
	randombytes_buf(k.seed, sizeof(k.seed));
	crypto_sign_seed_keypair(k.public, secret, k.seed);
	sodium_memzero(secret, sizeof(secret));
	k.secret = true;
	r = write_key(base, "secret", 0600, &k, e);
	k.secret = false;
	if (!r)
		r = write_key(base, "key", 0644, &k, e);
	sodium_memzero(&k, sizeof(k));
	return r;
}
