/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of JSON from people and peers: every function says in one line which key of which
 * object is wrong. "where" names the object to the reader, as in "vm.json: nets[0]".
 */
#ifndef KERNEL_LIB_JSON_H
#define KERNEL_LIB_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/err.h"

/* Reads one JSON object from a file, duplicates refused; NULL with *e worded. */
json_t *json_read_file(const char *path, struct err *e);

/* -EINVAL naming the first key of obj that is not in the NULL-ended list. */
int json_known_keys(const json_t *obj, const char *where, const char *const keys[], struct err *e);

/*
 * Typed members. Absent: *out is left as it is and 0 returned, unless required is set. The string
 * stays the object's. Integers outside [min, max] are refused.
 */
int json_get_string(const json_t *obj, const char *where, const char *key, bool required,
		    const char **out, struct err *e);
int json_get_uint(const json_t *obj, const char *where, const char *key, bool required,
		  uint64_t min, uint64_t max, uint64_t *out, struct err *e);
int json_get_bool(const json_t *obj, const char *where, const char *key, bool *out, struct err *e);

/* "512M", "2G", or a plain number of bytes. */
int json_get_size(const json_t *obj, const char *where, const char *key, bool required,
		  uint64_t *out, struct err *e);
int parse_size(const char *text, uint64_t *out);

/* "52:54:00:12:34:56" into 6 bytes; 0 or -EINVAL. */
int parse_mac(const char *text, uint8_t mac[6]);

#endif
