/* SPDX-License-Identifier: Apache-2.0 */
/* The trust store: a folder of public keys (*.key), and the list "revoked". */
#ifndef KERNEL_ADMISSION_TRUST_H
#define KERNEL_ADMISSION_TRUST_H

#include "kernel/admission/keyfile.h"

/* must_exist: a missing folder is an error; else it is an empty store. NULL with *e worded. */
struct trust_store *trust_load(const char *dir, bool must_exist, struct err *e);
void trust_free(struct trust_store *t);

/* All take a NULL store for an empty one. */
const struct keyfile *trust_key(const struct trust_store *t, const uint8_t id[KEY_ID_LEN]);
bool trust_key_revoked(const struct trust_store *t, const uint8_t id[KEY_ID_LEN]);
bool trust_file_revoked(const struct trust_store *t, const uint8_t digest[32]);

#endif
