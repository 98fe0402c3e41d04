// SPDX-License-Identifier: Apache-2.0
/*
 * libvmhi-rt.a: the functions that a C compiler calls of its own accord, so that a driver imports
 * nothing. All hidden: each driver carries its own copy.
 */
#include <stddef.h>
#include <stdint.h>

#include <emmintrin.h>

#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN void *memcpy(void *restrict to, const void *restrict from, size_t n);
HIDDEN void *memmove(void *to, const void *from, size_t n);
HIDDEN void *memset(void *at, int c, size_t n);
HIDDEN int memcmp(const void *a, const void *b, size_t n);
HIDDEN void __stack_chk_fail(void);

static inline __m128i load16(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

static inline void store16(uint8_t *p, __m128i v)
{
	_mm_storeu_si128((__m128i *)p, v);
}

typedef uint64_t __attribute__((may_alias, aligned(1))) u64u;
typedef uint32_t __attribute__((may_alias, aligned(1))) u32u;
typedef uint16_t __attribute__((may_alias, aligned(1))) u16u;

/* 0 to 16 bytes: two moves that overlap, both loaded before either is stored. */
static inline void copy_short(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n >= 8) {
		uint64_t a = *(const u64u *)from, b = *(const u64u *)(from + n - 8);

		*(u64u *)to = a;
		*(u64u *)(to + n - 8) = b;
	} else if (n >= 4) {
		uint32_t a = *(const u32u *)from, b = *(const u32u *)(from + n - 4);

		*(u32u *)to = a;
		*(u32u *)(to + n - 4) = b;
	} else if (n >= 2) {
		uint16_t a = *(const u16u *)from, b = *(const u16u *)(from + n - 2);

		*(u16u *)to = a;
		*(u16u *)(to + n - 2) = b;
	} else if (n) {
		*to = *from;
	}
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;
	__m128i last;

	if (n <= 16) {
		copy_short(t, f, n);
		return to;
	}
	last = load16(f + n - 16);
	for (; n > 64; n -= 64, t += 64, f += 64) {
		__m128i a = load16(f), b = load16(f + 16), c = load16(f + 32), d = load16(f + 48);

		store16(t, a);
		store16(t + 16, b);
		store16(t + 32, c);
		store16(t + 48, d);
	}
	for (size_t i = 0; i + 16 < n; i += 16)
		store16(t + i, load16(f + i));
	store16(t + n - 16, last);
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f || t >= f + n) {
		for (size_t i = 0; i < n; i++) {
			t[i] = f[i];
			__asm__ volatile("" ::: "memory"); /* stay a loop: this is memmove */
		}
		return to;
	}
	while (n--) {
		t[n] = f[n];
		__asm__ volatile("" ::: "memory");
	}
	return to;
}

void *memset(void *at, int c, size_t n)
{
	void *d = at;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return at;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* A smashed stack ends the driver's process; the host recovers the device. */
void __stack_chk_fail(void)
{
	__builtin_trap();
}
