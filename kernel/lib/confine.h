/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement by a list of the system calls that a program may make from some moment on. The lists
 * are tables in the programs' own folders (calls.c); this is the mechanism. Only the x86-64 ABI is
 * left: a call through any other ends the process.
 */
#ifndef KERNEL_LIB_CONFINE_H
#define KERNEL_LIB_CONFINE_H

#include <stddef.h>
#include <stdint.h>
#include <seccomp.h>

#include "kernel/lib/err.h"

/* An argument that must have these bits: (argument & mask) == value. Masks of 0: any. */
struct confine_arg {
	unsigned int no;
	uint64_t mask, value;
};

/* A call that is allowed; of several lines for one call, one must fit. */
struct confine_call {
	int nr;
	const char *name;
	struct confine_arg arg[2];
};

#define CONFINE_CALL(call) {SCMP_SYS(call), #call, {{0}}}
/* The 32 bits of an int argument. */
#define CONFINE_IS(no, value) {no, 0xffffffff, value}
#define CONFINE_NOT(no, bits) {no, bits, 0}
#define CONFINE_IF(call, ...) {SCMP_SYS(call), #call, {__VA_ARGS__}}

/* What becomes of every other call. */
enum confine_else {
	CONFINE_EPERM,	/* fails */
	CONFINE_ENOSYS,	/* fails as if the kernel were older; but a filter that a child adds and
			   that would tell of the call comes first */
	CONFINE_NOTIFY,	/* waits for who holds the listener to answer */
};

struct confine_list {
	const struct confine_call *call;
	size_t n;
};

/* How many different calls the lists allow. */
unsigned int confine_count(const struct confine_list *lists, size_t nlists);

/*
 * Allows what the lists say to every thread of the process and to all it will ever start, for good.
 * The process must have no_new_privs, or CAP_SYS_ADMIN. With CONFINE_NOTIFY *listener is the
 * descriptor by which denied calls are told and answered; else it may be NULL. 0 or -errno.
 */
int confine(const struct confine_list *lists, size_t nlists, enum confine_else other,
	    int *listener, struct err *e);

#endif
