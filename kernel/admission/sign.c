// SPDX-License-Identifier: Apache-2.0
/* Adding a signature to a driver's file. */
#include "kernel/admission/sign.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_block(const void *file, size_t elf_len, const struct keyfile *key, uint64_t date,
		       struct signature_block *b)
{
	uint8_t digest[32], message[SIGNATURE_MESSAGE];
	uint8_t public[32], secret[crypto_sign_SECRETKEYBYTES];

	memset(b, 0, sizeof(*b));
	memcpy(b->magic, SIGNATURE_MAGIC, 8);
	b->elf_len = elf_len;
	b->date = date;
	b->role = key->role;
	key_id(key->public, b->key_id);
	crypto_hash_sha256(digest, file, elf_len);
	signature_message(b, digest, message);
	crypto_sign_seed_keypair(public, secret, key->seed);
	crypto_sign_detached(b->signature, NULL, message, sizeof(message), secret);
	sodium_memzero(secret, sizeof(secret));
}

/* A new file takes the old one's place at once: a driver is never half signed. */
static int write_out(const char *out, const void *file, size_t len,
		     const struct signature_block *b, struct err *e)
{
	char path[4096];
	FILE *f;
	int fd, r = 0;

	if (snprintf(path, sizeof(path), "%s.XXXXXX", out) >= (int)sizeof(path))
		return err_set(e, -ENAMETOOLONG, "%.64s...: the path is too long", out);
	fd = mkstemp(path);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		return err_set(e, -errno, "%s: cannot be made: %s", path, strerror(errno));
	if (fwrite(file, 1, len, f) != len || fwrite(b, sizeof(*b), 1, f) != 1 ||
	    fchmod(fd, 0644))
		r = -EIO;
	if (fclose(f) || r || rename(path, out)) {
		r = r ? r : -errno;
		unlink(path);
		return err_set(e, r, "%s: cannot be written: %s", out, strerror(-r));
	}
	return 0;
}

int signature_add(const char *path, const char *out, const struct keyfile *key, uint64_t date,
		  struct err *e)
{
	int fd = admission_seal(path, e), r;
	struct signature_block b;
	struct stat st;
	size_t n;
	void *file;

	if (fd < 0)
		return fd;
	if (!key->secret || fstat(fd, &st) || !st.st_size) {
		close(fd);
		return err_set(e, -EINVAL, "%s: %s", path,
			       key->secret ? "an empty file" : "not signed: the key is public");
	}
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (file == MAP_FAILED)
		return err_set(e, -errno, "%s: cannot be mapped: %s", path, strerror(errno));
	n = signature_count(file, (size_t)st.st_size);
	if (n >= ADMISSION_SIG_MAX) {
		r = err_set(e, -ENOSPC, "%s: has %d signatures already", path, ADMISSION_SIG_MAX);
	} else {
		make_block(file, (size_t)st.st_size - n * sizeof(b), key, date, &b);
		r = write_out(out, file, (size_t)st.st_size, &b, e);
	}
	munmap(file, (size_t)st.st_size);
	return r;
}
