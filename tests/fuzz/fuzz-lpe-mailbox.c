// SPDX-License-Identifier: Apache-2.0
/*
 * A hostile host at the LPe31000 model's registers. The input is a list of steps: mailbox commands
 * (any, or a subcommand of SLI_CONFIG) by bootstrap or as they lie in a ring, doorbells, work queue
 * entries, frames of the far end, light. Half of the runs begin with the queues that a driver makes.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "tests/unit/lpe-host.h"

#define STEPS	64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Addresses that are the host's memory, so that more than the DMA fault is seen. */
static void at_home(uint32_t *low, uint32_t *high)
{
	uint64_t at = host_address(*low % HOST_SIZE);

	*low = (uint32_t)at & ~15u;
	*high = (uint32_t)(at >> 32);
}

static void set_up(struct host *h)
{
	uint32_t cq = host_cq(h, host_eq(h)), w[MBX_WORDS] = {MBX_REG_FCFI << 8};
	uint32_t link[MBX_WORDS] = {MBX_INIT_LINK << 8};

	host_mq(h, cq);
	host_wq(h, cq);
	w[2] = host_rq(h, cq) << 16 | 0xffff;
	w[3] = UINT32_MAX;
	host_mailbox(h, w);
	host_mailbox(h, link);
	host_run(h);
}

static void mailbox(struct host *h, struct input *in)
{
	uint32_t w[MBX_WORDS] = {0};
	uint8_t n = take8(in);

	take(in, w, n % sizeof(w));
	if (n & 0x80)		/* a descriptor in the fourth to sixth word */
		at_home(&w[4], &w[5]);
	host_mailbox(h, w);
}

static void subcommand(struct host *h, struct input *in)
{
	uint8_t subsystem = take8(in) & 1 ? 0x01 : 0x0c, opcode = take8(in), version = take8(in) & 3;
	uint32_t p[54] = {0};
	size_t n = take8(in) % 55;

	take(in, p, n * 4);
	for (size_t i = 3; i + 1 < n; i += 2)
		if (version & 2)
			at_home(&p[i], &p[i + 1]);
	host_config(h, subsystem, opcode, version, p, n);
}

static void doorbell(struct host *h, struct input *in)
{
	static const uint16_t at[] = {
		REG_WQ_DOORBELL, REG_RQ_DOORBELL, REG_EQCQ_DOORBELL, REG_MQ_DOORBELL,
		REG_CONTROL, REG_PHYSDEV_CONTROL, REG_EQ_DELAY, REG_BMBX,
	};
	uint16_t reg = at[take8(in) % 8];
	uint32_t v;

	take(in, &v, 4);
	host_write(h, reg, v);
	host_read(h, reg);
}

/* An entry for the first work queue, or whatever lies there by now, in its memory and posted. */
static void entry(struct host *h, struct input *in)
{
	const struct sq *q = &h->c.wq[0];
	uint8_t at[64];

	take(in, at, sizeof(at));
	if (!q->used || model_dma_write(NULL, ring_address(&q->ring), at, sizeof(at)))
		return;
	host_write(h, REG_WQ_DOORBELL, 1u << 24);
}

static void frame(struct host *h, struct input *in)
{
	uint8_t header[FC_HEADER_SIZE], data[256];
	struct fc_header f;
	size_t n = take8(in);

	take(in, header, sizeof(header));
	take(in, data, n);
	fc_header_get(&f, header);
	if (h->c.link_up)
		host_frame(h, &f, data, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct host *h = host_start();

	if (take8(&in) & 1)
		set_up(h);
	for (int i = 0; i < STEPS && in.left; i++) {
		uint8_t what = take8(&in);

		switch (what % 7) {
		case 0:
			mailbox(h, &in);
			break;
		case 1:
			subcommand(h, &in);
			break;
		case 2:
			doorbell(h, &in);
			break;
		case 3:
			entry(h, &in);
			break;
		case 4:
			frame(h, &in);
			break;
		case 5:
			fc_wire_set_light(h->far, what & 8);
			host_run(h);
			break;
		default:
			/* What the port reads next is in this part of the memory. */
			take(&in, h->memory + (what & 0xf0) * 0x1000u % HOST_SIZE, 64);
		}
	}
	host_stop(h);
	return 0;
}
