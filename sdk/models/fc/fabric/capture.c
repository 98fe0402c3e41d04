// SPDX-License-Identifier: Apache-2.0
/*
 * A capture file of every frame that enters the fabric or that it sends of its own. Frames are
 * written as FCoE (FC-BB-5), the one Fibre Channel encapsulation that every reader of captures
 * dissects whole, CRC included; the MAC addresses are made from S_ID and D_ID.
 */
#include "fabric.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "fcoe-frame.h"

#define PCAP_MAGIC_NS	0xa1b23c4du
#define LINK_ETHERNET	1

int capture_open(struct fabric *f, const char *path)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap, link;
	} head = {PCAP_MAGIC_NS, 2, 4, 0, 0, 65535, LINK_ETHERNET};

	f->pcap = fopen(path, "we");
	if (!f->pcap)
		return -errno;
	return fwrite(&head, sizeof(head), 1, f->pcap) == 1 && fflush(f->pcap) == 0 ? 0 : -EIO;
}

void capture_frame(struct fabric *f, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	uint8_t out[FCOE_FRAME_MAX];
	struct timespec now;
	uint32_t head[4];
	size_t size;

	if (!f->pcap)
		return;
	size = fcoe_frame_put(out, sof, frame, n, eof);
	fcoe_fpma(out, fc_get24(frame + 1));
	fcoe_fpma(out + 6, fc_get24(frame + 5));
	clock_gettime(CLOCK_REALTIME, &now);
	head[0] = (uint32_t)now.tv_sec;
	head[1] = (uint32_t)now.tv_nsec;
	head[2] = head[3] = (uint32_t)size;
	/* Line by line, as it were: whoever reads along sees it, and a killed fabric loses nothing. */
	if (fwrite(head, sizeof(head), 1, f->pcap) != 1 || fwrite(out, size, 1, f->pcap) != 1 ||
	    fflush(f->pcap)) {
		fclose(f->pcap);
		f->pcap = NULL;
	}
}
