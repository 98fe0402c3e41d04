// SPDX-License-Identifier: Apache-2.0
/* Reads the trust store. Whatever is wrong in it is an error: half a store admits too much. */
#include "kernel/admission/trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct trust_store {
	struct keyfile *key;
	size_t nkey;
	uint8_t (*revoked_key)[KEY_ID_LEN];
	size_t nrevoked_key;
	uint8_t (*revoked_file)[32];
	size_t nrevoked_file;
};

/* One more element at the array's end; NULL: no memory. */
static void *grow(void *array, size_t *n, size_t size)
{
	void **a = array;
	void *bigger = reallocarray(*a, *n + 1, size);

	if (!bigger)
		return NULL;
	*a = bigger;
	return (char *)bigger + size * (*n)++;
}

static int add_key(struct trust_store *t, const char *path, struct err *e)
{
	struct keyfile k, *to;
	uint8_t id[KEY_ID_LEN];
	int r = keyfile_read(path, &k, e);

	if (r)
		return r;
	if (k.secret)
		return err_set(e, -EINVAL, "%s: a secret key does not belong here", path);
	key_id(k.public, id);
	if (trust_key(t, id))
		return err_set(e, -EEXIST, "%s: the same key is in another file", path);
	to = grow(&t->key, &t->nkey, sizeof(*to));
	if (!to)
		return err_set(e, -ENOMEM, "%s: no memory", path);
	*to = k;
	return 0;
}

static int revoke(struct trust_store *t, const char *line)
{
	uint8_t bytes[32];
	void *to;

	if (!strncmp(line, "key=", 4) && !hex_parse(line + 4, bytes, KEY_ID_LEN)) {
		to = grow(&t->revoked_key, &t->nrevoked_key, KEY_ID_LEN);
		if (to)
			memcpy(to, bytes, KEY_ID_LEN);
	} else if (!strncmp(line, "file=", 5) && !hex_parse(line + 5, bytes, 32)) {
		to = grow(&t->revoked_file, &t->nrevoked_file, 32);
		if (to)
			memcpy(to, bytes, 32);
	} else {
		return -EINVAL;
	}
	return to ? 0 : -ENOMEM;
}

static int read_revoked(struct trust_store *t, const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	char line[256];
	int r = 0;

	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return err_set(e, -errno, "%s: cannot be read: %s", path, strerror(errno));
	for (int n = 1; !r && fgets(line, sizeof(line), f); n++) {
		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#')
			continue;
		r = revoke(t, line);
		if (r)
			err_set(e, r, "%s: line %d is neither key=ID nor file=SHA256", path, n);
	}
	fclose(f);
	return r;
}

static bool is_key(const char *name)
{
	const size_t n = strlen(name);

	return name[0] != '.' && n > 4 && !strcmp(name + n - 4, ".key");
}

static int read_folder(struct trust_store *t, DIR *d, const char *dir, struct err *e)
{
	char path[4096];
	struct dirent *de;
	int r = 0;

	while (!r && (de = readdir(d))) {
		if (!is_key(de->d_name))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, de->d_name) >= (int)sizeof(path))
			return err_set(e, -ENAMETOOLONG, "%.64s...: the path is too long", dir);
		r = add_key(t, path, e);
	}
	if (r)
		return r;
	if (snprintf(path, sizeof(path), "%s/revoked", dir) >= (int)sizeof(path))
		return err_set(e, -ENAMETOOLONG, "%.64s...: the path is too long", dir);
	return read_revoked(t, path, e);
}

struct trust_store *trust_load(const char *dir, bool must_exist, struct err *e)
{
	struct trust_store *t = calloc(1, sizeof(*t));
	DIR *d = opendir(dir);
	struct stat st;
	int r = 0;

	if (!t)
		r = err_set(e, -ENOMEM, "%s: no memory", dir);
	else if (!d && (errno != ENOENT || must_exist))
		r = err_set(e, -errno, "trust store %s: %s", dir, strerror(errno));
	else if (d && (fstat(dirfd(d), &st) || (st.st_mode & 022)))
		r = err_set(e, -EPERM, "trust store %s: others may change it: chmod 755", dir);
	else if (d)
		r = read_folder(t, d, dir, e);
	if (d)
		closedir(d);
	if (!r)
		return t;
	trust_free(t);
	return NULL;
}

void trust_free(struct trust_store *t)
{
	if (!t)
		return;
	free(t->key);
	free(t->revoked_key);
	free(t->revoked_file);
	free(t);
}

const struct keyfile *trust_key(const struct trust_store *t, const uint8_t id[KEY_ID_LEN])
{
	uint8_t have[KEY_ID_LEN];

	for (size_t i = 0; t && i < t->nkey; i++) {
		key_id(t->key[i].public, have);
		if (!memcmp(have, id, KEY_ID_LEN))
			return &t->key[i];
	}
	return NULL;
}

bool trust_key_revoked(const struct trust_store *t, const uint8_t id[KEY_ID_LEN])
{
	for (size_t i = 0; t && i < t->nrevoked_key; i++)
		if (!memcmp(t->revoked_key[i], id, KEY_ID_LEN))
			return true;
	return false;
}

bool trust_file_revoked(const struct trust_store *t, const uint8_t digest[32])
{
	for (size_t i = 0; t && i < t->nrevoked_file; i++)
		if (!memcmp(t->revoked_file[i], digest, 32))
			return true;
	return false;
}
