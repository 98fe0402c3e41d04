/* SPDX-License-Identifier: Apache-2.0 */
/* What making and verifying a signature have in common. */
#ifndef KERNEL_ADMISSION_SIGN_H
#define KERNEL_ADMISSION_SIGN_H

#include <stddef.h>

#include "kernel/admission/signature.h"

#define SIGNATURE_MESSAGE (offsetof(struct signature_block, signature) + 32)

/* The bytes that are signed. */
void signature_message(const struct signature_block *b, const uint8_t digest[32],
		       uint8_t out[SIGNATURE_MESSAGE]);

/* Blocks at the file's end; at most ADMISSION_SIG_MAX + 1. */
size_t signature_count(const void *file, size_t len);

#endif
