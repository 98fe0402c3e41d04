// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/aml.h"

#include <string.h>

#define OP_NAME	   0x08
#define OP_BYTE	   0x0a
#define OP_WORD	   0x0b
#define OP_DWORD   0x0c
#define OP_STRING  0x0d
#define OP_QWORD   0x0e
#define OP_SCOPE   0x10
#define OP_BUFFER  0x11
#define OP_PACKAGE 0x12
#define OP_METHOD  0x14
#define OP_DUAL	   0x2e
#define OP_MULTI   0x2f
#define OP_EXT	   0x5b
#define OP_AND	   0x7b
#define OP_IF	   0xa0
#define EXT_REGION 0x80
#define EXT_FIELD  0x81
#define EXT_DEVICE 0x82
#define SPACE_IO   1

#define METHOD_SERIALIZED 0x08

void aml_bytes(struct aml *a, const void *data, size_t n)
{
	if (a->overflow || n > a->room - a->len) {
		a->overflow = true;
		return;
	}
	memcpy(a->at + a->len, data, n);
	a->len += n;
}

void aml_byte(struct aml *a, uint8_t v)
{
	aml_bytes(a, &v, 1);
}

static void word(struct aml *a, uint16_t v)
{
	aml_bytes(a, &v, sizeof(v));
}

static void dword(struct aml *a, uint32_t v)
{
	aml_bytes(a, &v, sizeof(v));
}

static void qword(struct aml *a, uint64_t v)
{
	aml_bytes(a, &v, sizeof(v));
}

/* Room for a package length, always in its three-byte form; returns where it is. */
static size_t open_length(struct aml *a)
{
	size_t mark = a->len;

	aml_bytes(a, "\0\0\0", 3);
	return mark;
}

void aml_end(struct aml *a, size_t mark)
{
	size_t n = a->len - mark;

	if (a->overflow)
		return;
	a->at[mark] = (uint8_t)(0x80 | (n & 0xf));
	a->at[mark + 1] = (uint8_t)(n >> 4);
	a->at[mark + 2] = (uint8_t)(n >> 12);
}

void aml_path(struct aml *a, const char *path)
{
	size_t segments;

	if (*path == '\\')
		aml_byte(a, (uint8_t)*path++);
	segments = (strlen(path) + 1) / 5;
	if (segments == 2)
		aml_byte(a, OP_DUAL);
	if (segments > 2) {
		aml_byte(a, OP_MULTI);
		aml_byte(a, (uint8_t)segments);
	}
	for (; segments; segments--, path += 5)
		aml_bytes(a, path, 4);
}

void aml_int(struct aml *a, uint64_t v)
{
	if (v < 2) {
		aml_byte(a, (uint8_t)v);	/* ZeroOp, OneOp */
	} else if (v <= 0xff) {
		aml_byte(a, OP_BYTE);
		aml_byte(a, (uint8_t)v);
	} else if (v <= 0xffff) {
		aml_byte(a, OP_WORD);
		word(a, (uint16_t)v);
	} else if (v <= 0xffffffff) {
		aml_byte(a, OP_DWORD);
		dword(a, (uint32_t)v);
	} else {
		aml_byte(a, OP_QWORD);
		qword(a, v);
	}
}

void aml_string(struct aml *a, const char *s)
{
	aml_byte(a, OP_STRING);
	aml_bytes(a, s, strlen(s) + 1);
}

static uint32_t hex(char c)
{
	return (uint32_t)(c <= '9' ? c - '0' : c - 'A' + 10);
}

void aml_eisa_id(struct aml *a, const char *id)
{
	uint32_t v = (uint32_t)(id[0] & 0x1f) << 26 | (uint32_t)(id[1] & 0x1f) << 21 |
		     (uint32_t)(id[2] & 0x1f) << 16 | hex(id[3]) << 12 | hex(id[4]) << 8 |
		     hex(id[5]) << 4 | hex(id[6]);

	aml_byte(a, OP_DWORD);
	dword(a, __builtin_bswap32(v));
}

void aml_name(struct aml *a, const char *path)
{
	aml_byte(a, OP_NAME);
	aml_path(a, path);
}

size_t aml_scope(struct aml *a, const char *path)
{
	size_t mark;

	aml_byte(a, OP_SCOPE);
	mark = open_length(a);
	aml_path(a, path);
	return mark;
}

size_t aml_device(struct aml *a, const char *path)
{
	size_t mark;

	aml_byte(a, OP_EXT);
	aml_byte(a, EXT_DEVICE);
	mark = open_length(a);
	aml_path(a, path);
	return mark;
}

size_t aml_method(struct aml *a, const char *path, unsigned int args)
{
	size_t mark;

	aml_byte(a, OP_METHOD);
	mark = open_length(a);
	aml_path(a, path);
	aml_byte(a, (uint8_t)(args | METHOD_SERIALIZED));
	return mark;
}

size_t aml_package(struct aml *a, uint8_t elements)
{
	size_t mark;

	aml_byte(a, OP_PACKAGE);
	mark = open_length(a);
	aml_byte(a, elements);
	return mark;
}

size_t aml_if_bit(struct aml *a, uint8_t arg_op, uint8_t mask)
{
	size_t mark;

	aml_byte(a, OP_IF);
	mark = open_length(a);
	aml_byte(a, OP_AND);
	aml_byte(a, arg_op);
	aml_int(a, mask);
	aml_byte(a, 0);		/* no target */
	return mark;
}

void aml_io_byte(struct aml *a, const char *name, const char *field, uint16_t port)
{
	size_t mark;

	aml_byte(a, OP_EXT);
	aml_byte(a, EXT_REGION);
	aml_path(a, name);
	aml_byte(a, SPACE_IO);
	aml_int(a, port);
	aml_int(a, 1);
	aml_byte(a, OP_EXT);
	aml_byte(a, EXT_FIELD);
	mark = open_length(a);
	aml_path(a, name);
	aml_byte(a, 0x01);	/* byte access, no lock, preserve */
	aml_path(a, field);
	aml_byte(a, 8);
	aml_end(a, mark);
}

/* Name (_CRS, Buffer (n) {...}): n is written as a word once it is known. */
size_t aml_crs(struct aml *a)
{
	size_t mark;

	aml_name(a, "_CRS");
	aml_byte(a, OP_BUFFER);
	mark = open_length(a);
	aml_byte(a, OP_WORD);
	word(a, 0);
	return mark;
}

void aml_crs_end(struct aml *a, size_t mark)
{
	uint16_t n;

	aml_bytes(a, "\x79\x00", 2);	/* end tag, checksum not given */
	if (a->overflow)
		return;
	n = (uint16_t)(a->len - mark - 6);
	memcpy(a->at + mark + 4, &n, sizeof(n));
	aml_end(a, mark);
}

void aml_res_io(struct aml *a, uint16_t port, uint8_t n)
{
	aml_byte(a, 0x47);
	aml_byte(a, 1);		/* all 16 bits decoded */
	word(a, port);
	word(a, port);
	aml_byte(a, 1);
	aml_byte(a, n);
}

void aml_res_irq(struct aml *a, uint32_t gsi, bool level, bool low)
{
	aml_byte(a, 0x89);
	word(a, 6);
	aml_byte(a, (uint8_t)(0x01 | (level ? 0 : 0x02) | (low ? 0x04 : 0) | (level ? 0x08 : 0)));
	aml_byte(a, 1);
	dword(a, gsi);
}

void aml_res_memory(struct aml *a, uint32_t base, uint32_t size)
{
	aml_byte(a, 0x86);
	word(a, 9);
	aml_byte(a, 1);
	dword(a, base);
	dword(a, size);
}

/* The head of an address-space descriptor: tag, length, kind, fixed range, kind's own flags. */
static void window(struct aml *a, uint8_t tag, uint16_t len, uint8_t kind, uint8_t flags)
{
	aml_byte(a, tag);
	word(a, len);
	aml_byte(a, kind);
	aml_byte(a, 0x0c);	/* producer, both ends fixed */
	aml_byte(a, flags);
}

void aml_res_bus(struct aml *a, uint16_t first, uint16_t last)
{
	window(a, 0x88, 13, 2, 0);
	word(a, 0);
	word(a, first);
	word(a, last);
	word(a, 0);
	word(a, (uint16_t)(last - first + 1));
}

void aml_res_window32(struct aml *a, uint32_t base, uint32_t size)
{
	window(a, 0x87, 23, 0, 0x01);
	dword(a, 0);
	dword(a, base);
	dword(a, base + (size - 1));
	dword(a, 0);
	dword(a, size);
}

void aml_res_window64(struct aml *a, uint64_t base, uint64_t size)
{
	window(a, 0x8a, 43, 0, 0x01);
	qword(a, 0);
	qword(a, base);
	qword(a, base + (size - 1));
	qword(a, 0);
	qword(a, size);
}
