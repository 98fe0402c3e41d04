/* SPDX-License-Identifier: Apache-2.0 */
/* The log of every program: one line an event, to standard error, "program[name]: level: text". */
#ifndef KERNEL_LIB_LOG_H
#define KERNEL_LIB_LOG_H

#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/*
 * Sets what each line begins with; name may be NULL. Without a program, too, it is the level: for one
 * whose lines another program puts into its log. Call once at start.
 */
void log_init(const char *program, const char *name);

/* Lines above this level are dropped; LOG_INFO at start. */
void log_set_level(enum log_level level);

/* Writes one line with one write(2), so lines of several processes never mix. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Of one origin: a peer that can bring lines about as often as it likes. All 0 at first; one thread's. */
struct log_limit {
	int64_t since;		/* ms: when the time began that lines are counted in */
	unsigned int lines;
};

#define LOG_LIMIT_LINES 20
#define LOG_LIMIT_MS	10000

/* log_line(), so many times in so long; the last line says that others are left out. */
void log_limited(struct log_limit *l, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Writes a line of another program's, as it is, after who it is. */
void log_other(const char *who, const char *line);

#define log_error(...)	 log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_line(LOG_DEBUG, __VA_ARGS__)

#endif
