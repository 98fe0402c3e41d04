/* SPDX-License-Identifier: Apache-2.0 */
/* World-wide names as people write them. */
#ifndef SDK_MODELS_FC_NAME_H
#define SDK_MODELS_FC_NAME_H

#include <stdbool.h>
#include <stdint.h>

/* 16 hex digits, with or without a colon after each pair. False: it is no such name. */
bool fc_name_parse(const char *text, uint64_t *name);

#endif
