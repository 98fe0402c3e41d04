// SPDX-License-Identifier: Apache-2.0
/* FIP frames to and from bytes. */
#include "fip.h"

#include <errno.h>
#include <string.h>

#define AT_OPERATION	16	/* behind Ethernet header, version and a reserved byte */
#define AT_SUBCODE	19
#define AT_LENGTH	20	/* of the descriptors, in words */
#define AT_FLAGS	22
#define AT_LIST		24
#define CRITICAL_BELOW	128

/* Words of each descriptor that has a fixed length. */
static const uint8_t words[] = {
	[FIP_PRIORITY] = 1, [FIP_MAC] = 2, [FIP_FC_MAP] = 2, [FIP_NAME] = 3, [FIP_FABRIC] = 4,
	[FIP_MAX_SIZE] = 1, [FIP_VN_PORT] = 5, [FIP_FKA_PERIOD] = 2, [FIP_VENDOR_ID] = 3,
	[FIP_VLAN] = 1,
};

static int take(struct fip *f, const uint8_t *d, size_t n)
{
	uint8_t type = d[0];

	if (type >= CRITICAL_BELOW)
		return 0;
	if (type >= FIP_FLOGI && type <= FIP_LOGO) {
		if (f->els || n < 4 + FC_HEADER_SIZE)
			return -EINVAL;
		f->els_type = type;
		f->els = d + 4;
		f->els_n = n - 4;
		return 0;
	}
	if (type >= sizeof(words) || !words[type] || n != words[type] * 4u)
		return -EINVAL;
	if (type == FIP_MAC)
		f->mac = d + 2;
	if (type == FIP_MAX_SIZE)
		f->max_size = fc_get16(d + 2);
	return 0;
}

int fip_get(struct fip *f, const uint8_t *in, size_t size)
{
	const uint8_t *d = in + AT_LIST;
	size_t left;

	memset(f, 0, sizeof(*f));
	if (size < AT_LIST || in[14] >> 4 != 1)
		return -EINVAL;
	left = fc_get16(in + AT_LENGTH) * 4u;
	if (left > size - AT_LIST)
		return -EINVAL;
	f->operation = (uint32_t)fc_get16(in + AT_OPERATION) << 16 | in[AT_SUBCODE];
	f->flags = fc_get16(in + AT_FLAGS);
	f->source = in + 6;
	while (left) {
		size_t n = d[1] * 4u;

		if (!n || n > left || take(f, d, n))
			return -EINVAL;
		d += n;
		left -= n;
	}
	return 0;
}

void fip_begin(struct fip_out *o, const uint8_t to[6], const uint8_t from[6], uint32_t operation,
	       uint16_t flags)
{
	memset(o, 0, sizeof(*o));
	memcpy(o->bytes, to, 6);
	memcpy(o->bytes + 6, from, 6);
	fc_put16(o->bytes + 12, ETHERTYPE_FIP);
	o->bytes[14] = 1 << 4;
	fc_put16(o->bytes + AT_OPERATION, (uint16_t)(operation >> 16));
	o->bytes[AT_SUBCODE] = (uint8_t)operation;
	fc_put16(o->bytes + AT_FLAGS, flags);
	o->n = AT_LIST;
}

void fip_add(struct fip_out *o, uint8_t type, const void *bytes, size_t n)
{
	o->bytes[o->n] = type;
	o->bytes[o->n + 1] = (uint8_t)((n + 2) / 4);
	memcpy(o->bytes + o->n + 2, bytes, n);
	o->n += n + 2;
}

void fip_end(struct fip_out *o, size_t size)
{
	fc_put16(o->bytes + AT_LENGTH, (uint16_t)((o->n - AT_LIST) / 4));
	if (size > FIP_FRAME_MAX)
		size = FIP_FRAME_MAX;
	if (o->n < size)
		o->n = size;
}
