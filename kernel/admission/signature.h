/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: blocks of 256 bytes after the ELF's end, as many as signed it. Each is an Ed25519
 * signature over its own first 192 bytes and the SHA-256 of the ELF bytes, so that all stand side
 * by side and any may be added or taken away.
 */
#ifndef KERNEL_ADMISSION_SIGNATURE_H
#define KERNEL_ADMISSION_SIGNATURE_H

#include "kernel/admission/keyfile.h"
#include "kernel/admission/trust.h"

#define SIGNATURE_MAGIC "VMHISIG1"

struct signature_block {
	char magic[8];		/* SIGNATURE_MAGIC, without a NUL */
	uint64_t elf_len;	/* bytes signed: all of the file before the first block */
	uint64_t date;		/* seconds since 1970 */
	uint32_t role;		/* enum signature_role */
	uint8_t key_id[KEY_ID_LEN];
	uint8_t zero[148];
	uint8_t signature[64];
};

/* Finds and verifies all blocks: fills elf_len, digest, sig of r and the rules about them. */
void signatures_check(const void *file, size_t len, const struct trust_store *trust,
		      struct admission_report *r);

/* Writes the file, with one more signature by a secret key, to out (which may be the same). */
int signature_add(const char *path, const char *out, const struct keyfile *key, uint64_t date,
		  struct err *e);

#endif
