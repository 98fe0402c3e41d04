// SPDX-License-Identifier: Apache-2.0
/* A model's log: one line to standard error, in one write. */
#include <vmhi-model/model.h>

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static char log_name[64] = "model";

void model_log_name(const char *name)
{
	snprintf(log_name, sizeof(log_name), "%s", name);
}

void model_log(const char *fmt, ...)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%s: ", log_name), k;
	va_list ap;

	va_start(ap, fmt);
	k = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	n += k < 0 ? 0 : k;
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;	/* nowhere to complain */
}
