/* SPDX-License-Identifier: Apache-2.0 */
/* What the port says of itself in words. */
#ifndef LPE31000_TEXT_H
#define LPE31000_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TEXT_MODEL		"LPe31000"
#define TEXT_DESCRIPTION	"OpenVMHI model of an Emulex LPe31000"
#define TEXT_SERIAL		"VMHI0001"
#define TEXT_FIRMWARE		"12.0.0.0"

/* A string in words as it lies in memory, cut or filled with zeros. */
static inline void text_put(uint32_t *w, size_t words, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < words * 4; i++) {
		if (!(i % 4))
			w[i / 4] = 0;
		if (i < n && i + 1 < words * 4)
			w[i / 4] |= (uint32_t)(uint8_t)text[i] << i % 4 * 8;
	}
}

#endif
