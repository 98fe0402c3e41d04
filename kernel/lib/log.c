// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

void log_line(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	int saved = errno;
	char line[1024];
	va_list ap;
	size_t n;

	if (level > max_level)
		return;
	n = (size_t)snprintf(line, sizeof(line), "%s%s: ", prefix, names[level]);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	put(line);
	errno = saved;
}

void log_other(const char *who, const char *line)
{
	int saved = errno;
	char whole[1024];

	snprintf(whole, sizeof(whole) - 1, "%s: %s", who, line);
	put(whole);
	errno = saved;
}
