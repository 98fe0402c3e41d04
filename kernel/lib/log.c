// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/lib/clock.h"

static char prefix[96] = "vmhi: ";
static enum log_level max_level = LOG_INFO;

void log_init(const char *program, const char *name)
{
	if (name)
		snprintf(prefix, sizeof(prefix), "%s[%s]: ", program, name);
	else if (program)
		snprintf(prefix, sizeof(prefix), "%s: ", program);
	else
		prefix[0] = 0;
}

void log_set_level(enum log_level level)
{
	max_level = level;
}

/* line has room for one character more. */
static void put(char *line)
{
	size_t n;

	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	n = strlen(line);
	line[n++] = '\n';
	while (write(STDERR_FILENO, line, n) < 0 && errno == EINTR)
		;
}

static void put_line(enum log_level level, const char *fmt, va_list ap, const char *end)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	int saved = errno;
	char line[1024];
	size_t n, room = sizeof(line) - 1 - strlen(end);

	n = (size_t)snprintf(line, room, "%s%s: ", prefix, names[level]);
	vsnprintf(line + n, room - n, fmt, ap);
	strcat(line, end);
	put(line);
	errno = saved;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	put_line(level, fmt, ap, "");
	va_end(ap);
}

void log_limited(struct log_limit *l, enum log_level level, const char *fmt, ...)
{
	int64_t now = now_ms();
	va_list ap;

	if (level > max_level)
		return;
	if (!l->lines || now - l->since >= LOG_LIMIT_MS)
		*l = (struct log_limit){.since = now};
	if (l->lines >= LOG_LIMIT_LINES)
		return;
	l->lines++;
	va_start(ap, fmt);
	put_line(level, fmt, ap, l->lines < LOG_LIMIT_LINES ? "" :
		 " (more of this within 10 s is left out)");
	va_end(ap);
}

void log_other(const char *who, const char *line)
{
	int saved = errno;
	char whole[1024];

	snprintf(whole, sizeof(whole) - 1, "%s: %s", who, line);
	put(whole);
	errno = saved;
}
