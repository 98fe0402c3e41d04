// SPDX-License-Identifier: Apache-2.0
/* INQUIRY's standard data (SPC-4 6.6.2); the vital product data is in vpd.c. */
#include "internal.h"

#include <string.h>

void inquiry_standard(struct scsi_task *t, uint32_t allocation_length)
{
	const struct scsi_config *c = &t->nexus->target->config;
	uint8_t *p = task_reply(t, 96, allocation_length);

	if (!p)
		return;
	p[0] = t->lu ? 0x00 : 0x7f;	/* a block device; or none, and none can be there */
	p[2] = 0x06;			/* SPC-4 */
	p[3] = 0x12;			/* HISUP, response data format 2 */
	p[4] = 96 - 5;
	p[6] = c->ports > 1 ? 0x10 : 0;	/* MULTIP */
	p[7] = 0x02;			/* CMDQUE */
	memcpy(p + 8, "OpenVMHI", 8);
	memcpy(p + 16, "Model disk      ", 16);
	memcpy(p + 32, "0001", 4);
	put_be(p + 58, 2, 0x00a0);	/* SAM-5 */
	put_be(p + 60, 2, 0x0460);	/* SPC-4 */
	put_be(p + 62, 2, 0x04c0);	/* SBC-3 */
	put_be(p + 64, 2, c->transport_version);
}

void cmd_inquiry(struct scsi_task *t)
{
	uint32_t allocation_length = (uint32_t)get_be(t->cdb + 3, 2);

	if (t->cdb[1] & 1)
		inquiry_vpd(t, t->cdb[2], allocation_length);
	else if (t->cdb[2])
		sense_cdb_field(t, 2, 7);
	else
		inquiry_standard(t, allocation_length);
}
