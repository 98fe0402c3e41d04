/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzzer's input, taken piece by piece; behind its end it is all zeros. */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
	const uint8_t *p;
	size_t left;
};

static inline void take(struct input *in, void *to, size_t n)
{
	size_t part = n < in->left ? n : in->left;

	memset(to, 0, n);
	memcpy(to, in->p, part);
	in->p += part;
	in->left -= part;
}

static inline uint8_t take8(struct input *in)
{
	uint8_t v;

	take(in, &v, 1);
	return v;
}

#endif
