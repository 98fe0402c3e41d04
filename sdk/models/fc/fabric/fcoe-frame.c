// SPDX-License-Identifier: Apache-2.0
/* A Fibre Channel frame into an Ethernet frame and out again. */
#include "fcoe-frame.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

void fcoe_fpma(uint8_t mac[6], uint32_t id)
{
	fc_put24(mac, FC_MAP);
	fc_put24(mac + 3, id);
}

size_t fcoe_frame_put(uint8_t *out, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	uint32_t crc = (uint32_t)crc32(0, frame, (uInt)n);
	uint8_t *tail = out + FCOE_HEADER_SIZE + n;

	fc_put16(out + 12, ETHERTYPE_FCOE);
	memset(out + 14, 0, FCOE_HEADER_SIZE - 14);
	out[FCOE_HEADER_SIZE - 1] = sof;
	memcpy(out + FCOE_HEADER_SIZE, frame, n);
	memset(tail, 0, FCOE_TRAILER_SIZE);
	for (int i = 0; i < 4; i++)
		tail[i] = (uint8_t)(crc >> 8 * i);
	tail[4] = eof;
	return FCOE_HEADER_SIZE + n + FCOE_TRAILER_SIZE;
}

int fcoe_frame_get(const uint8_t *in, size_t size, uint8_t *sof, const uint8_t **frame, size_t *n,
		   uint8_t *eof)
{
	const uint8_t *tail;
	uint32_t crc = 0;

	if (size < FCOE_HEADER_SIZE + FC_HEADER_SIZE + FCOE_TRAILER_SIZE || size > FCOE_FRAME_MAX ||
	    in[14] >> 4 || (size - FCOE_HEADER_SIZE) % 4)
		return -EINVAL;
	*n = size - FCOE_HEADER_SIZE - FCOE_TRAILER_SIZE;
	*frame = in + FCOE_HEADER_SIZE;
	tail = *frame + *n;
	for (int i = 0; i < 4; i++)
		crc |= (uint32_t)tail[i] << 8 * i;
	if (crc != crc32(0, *frame, (uInt)*n))
		return -EBADMSG;
	*sof = in[FCOE_HEADER_SIZE - 1];
	*eof = tail[4];
	return 0;
}
