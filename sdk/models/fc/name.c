// SPDX-License-Identifier: Apache-2.0
/* World-wide names as people write them. */
#include "name.h"

#include <ctype.h>
#include <stdlib.h>

bool fc_name_parse(const char *text, uint64_t *name)
{
	char digits[17] = "";
	unsigned int n = 0;

	for (; *text; text++) {
		if (*text == ':' && n && n % 2 == 0 && text[1] && text[1] != ':')
			continue;
		if (!isxdigit((unsigned char)*text) || n == 16)
			return false;
		digits[n++] = *text;
	}
	*name = strtoull(digits, NULL, 16);
	return n == 16;
}
