/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying frames. Short ones are moved in 16-byte pieces that may overlap (SSE2, which every
 * x86-64 has): no call, no loop, nothing read or written outside the frame.
 */
#ifndef KERNEL_NET_COPY_H
#define KERNEL_NET_COPY_H

#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t load64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint16_t load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store16(void *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void store32(void *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void store64(void *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void copy32(uint8_t *d, const uint8_t *s)
{
	__m128i a = _mm_loadu_si128((const __m128i *)s);
	__m128i b = _mm_loadu_si128((const __m128i *)(s + 16));

	_mm_storeu_si128((__m128i *)d, a);
	_mm_storeu_si128((__m128i *)(d + 16), b);
}

/* n is at least 14 */
static inline void copy_frame(uint8_t *d, const uint8_t *s, uint32_t n)
{
	if (__builtin_expect(n <= 64 && n >= 32, 1)) {
		copy32(d, s);
		copy32(d + n - 32, s + n - 32);
	} else if (n > 64 && n <= 128) {
		copy32(d, s);
		copy32(d + 32, s + 32);
		copy32(d + n - 64, s + n - 64);
		copy32(d + n - 32, s + n - 32);
	} else {
		memcpy(d, s, n);
	}
}

#endif
