// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/err.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * The bytes of the character at s in UTF-8 (RFC 3629), which is what JSON takes; 0: it is none, or
 * one that steers a terminal (U+0080 to U+009F).
 */
static size_t utf8_character(const unsigned char *s)
{
	static const struct { uint32_t mask, lead, least; } form[] = {
		{0x80, 0x00, 0}, {0xe0, 0xc0, 0xa0}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000},
	};

	for (size_t n = 0; n < 4; n++) {
		uint32_t c = s[0] & ~form[n].mask;
		size_t i = 1;

		if ((s[0] & form[n].mask) != form[n].lead)
			continue;
		for (; i <= n && (s[i] & 0xc0) == 0x80; i++)
			c = c << 6 | (s[i] & 0x3f);
		if (i <= n || c < form[n].least || c > 0x10ffff || (c & ~0x7ffu) == 0xd800)
			return 0;
		return n + 1;
	}
	return 0;
}

/* Text from outside may be quoted in a message, or cut: keep it to one line of characters. */
static void one_line(char *s)
{
	while (*s) {
		size_t n = utf8_character((unsigned char *)s);

		if (n > 1) {
			s += n;
			continue;
		}
		if (!n || (unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
		s++;
	}
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	one_line(e->msg);
	return code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	size_t n;
	va_list ap;

	if (!e)
		return 0;
	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	one_line(e->msg);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof(e->msg) - n, ": %.*s", (int)(sizeof(old) - n - 3), old);
	one_line(e->msg + n);
	return e->code;
}
