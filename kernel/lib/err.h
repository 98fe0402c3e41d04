/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error, told once: what went wrong, where, and what to do about it, in one line for the
 * person who can mend it. The function that finds the error words it; callers only pass it on.
 */
#ifndef KERNEL_LIB_ERR_H
#define KERNEL_LIB_ERR_H

struct err {
	int code;	/* negative errno */
	char msg[512];	/* no newline, no final full stop needed */
};

/* Words *e (which may be NULL) and returns code, so that "return err_set(...)" reads well. */
int err_set(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before what *e already says; returns e->code. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
