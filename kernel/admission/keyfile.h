/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: lines "key=value", "#" begins a comment. doc/admission.md has the format. */
#ifndef KERNEL_ADMISSION_KEYFILE_H
#define KERNEL_ADMISSION_KEYFILE_H

#include "kernel/admission/admission.h"

#define KEY_NAME_MAX 64
#define KEY_ID_LEN   16

struct keyfile {
	bool secret;
	enum signature_role role;
	char name[KEY_NAME_MAX + 1];	/* role vendor: the vendor= of the notes it may sign */
	uint8_t public[32];
	uint8_t seed[32];		/* secret only */
};

/* 0, or -errno with *e worded. A secret key that others may read is refused. */
int keyfile_read(const char *path, struct keyfile *k, struct err *e);

/* Makes a new pair: BASE.secret (mode 0600) and BASE.key. Existing files are not replaced. */
int keyfile_make(const char *base, enum signature_role role, const char *name, struct err *e);

/* The key's id: the first 16 bytes of the SHA-256 of its public key. */
void key_id(const uint8_t public[32], uint8_t id[KEY_ID_LEN]);

/* Exactly n bytes from 2n hexadecimal digits; 0 or -EINVAL. */
int hex_parse(const char *text, uint8_t *out, size_t n);

#endif
