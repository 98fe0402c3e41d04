// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/lpe-host.h"
#include "tests/unit/lpe-memory.h"
#include "tests/unit/model-clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "plugins/hba/emulex/lpe31000/model/rx.h"
#include "plugins/hba/emulex/lpe31000/model/tx.h"

static struct host host;

static void far_frame(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct host *h = dev;

	fc_header_get(&h->frame, frame);
	h->data_size = n - FC_HEADER_SIZE - (h->frame.f_ctl & FC_FCTL_FILL);
	memcpy(h->data, frame + FC_HEADER_SIZE, h->data_size);
	h->frames++;
}

static void far_link(void *dev, bool up)
{
}

uint8_t *lpe_memory(uint64_t iova, size_t n)
{
	uint64_t at = iova - HOST_BASE;

	return iova < HOST_BASE || at > HOST_SIZE || n > HOST_SIZE - at ? NULL : host.memory + at;
}

void model_msix_raise(struct model *m, unsigned int vector)
{
	host.interrupts[vector]++;
}

uint32_t model_config(const struct model *m, uint16_t offset)
{
	return 0xc0002c40;
}

int model_add_cap(struct model *m, uint16_t at, const void *bytes, const void *writable, size_t n)
{
	return 0;
}

int model_add_pm_cap(struct model *m, uint8_t at)
{
	return 0;
}

int model_add_pcie_cap(struct model *m, uint8_t at)
{
	return 0;
}

struct host *host_start(void)
{
	static const struct fc_wire_ops ops = {
		.receive = rx_frame, .link = link_wire, .ready = tx_ready,
	};
	static const struct fc_wire_ops far_ops = {.receive = far_frame, .link = far_link};
	struct host *h = &host;
	int s[2];

	memset(h, 0, sizeof(*h));
	h->c.loop = model_loop_new();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s))
		abort();
	h->c.wire = fc_wire_adopt(h->c.loop, s[0], &ops, &h->c);
	h->far = fc_wire_adopt(h->c.loop, s[1], &far_ops, h);
	if (!h->c.wire || !h->far || card_init(&h->c))
		abort();
	card_ops.reset(&h->c);
	return h;
}

void host_stop(struct host *h)
{
	card_free(&h->c);
	fc_wire_close(h->c.wire);
	fc_wire_close(h->far);
	model_loop_free(h->c.loop);
}

void host_run(struct host *h)
{
	for (int i = 0; i < 20; i++)
		clock_turn(h->c.loop, 0);
}

void host_frame(struct host *h, const struct fc_header *header, const void *data, size_t n)
{
	uint8_t frame[FC_FRAME_MAX] = {0};
	struct fc_header out = *header;

	out.f_ctl |= (uint32_t)(-n & FC_FCTL_FILL);
	fc_header_put(frame, &out);
	memcpy(frame + FC_HEADER_SIZE, data, n);
	if (fc_wire_send(h->far, FC_SOF_I3, frame, FC_HEADER_SIZE + ((n + 3) & ~(size_t)3),
			 FC_EOF_T))
		abort();
	host_run(h);
}

uint64_t host_address(uint32_t offset)
{
	return HOST_BASE + offset;
}

uint32_t *host_word(struct host *h, uint32_t offset)
{
	return (uint32_t *)(void *)(h->memory + offset);
}

uint32_t host_read(struct host *h, uint32_t offset)
{
	return (uint32_t)card_ops.read(&h->c, 0, offset, 4);
}

void host_write(struct host *h, uint32_t offset, uint32_t v)
{
	card_ops.write(&h->c, 0, offset, 4, v);
}

bool host_ready(struct host *h)
{
	for (int i = 0; i < 100; i++) {
		if (host_read(h, REG_STATUS) & STATUS_READY)
			return true;
		clock_turn(h->c.loop, 10);
	}
	return false;
}

int host_mailbox(struct host *h, uint32_t w[MBX_WORDS])
{
	uint64_t at = host_address(HOST_BMBX);
	uint32_t *m = host_word(h, HOST_BMBX);

	memcpy(m, w, MBX_WORDS * 4);
	m[MBX_WORDS + 3] = 0;
	host_write(h, REG_BMBX, (uint32_t)(at >> 34) << 2 | BMBX_HIGH);
	host_write(h, REG_BMBX, (uint32_t)(at >> 4) << 2);
	memcpy(w, m, MBX_WORDS * 4);
	return m[MBX_WORDS + 3] & CQE_VALID ? (int)(m[MBX_WORDS] & 0xffff) : -1;
}

int host_config(struct host *h, uint8_t subsystem, uint8_t opcode, uint8_t version, uint32_t *p,
		size_t n)
{
	uint32_t w[MBX_WORDS] = {
		[0] = MBX_SLI_CONFIG << 8, [1] = 1, [2] = (uint32_t)(n * 4 + 16),
		[6] = opcode | (uint32_t)subsystem << 8, [8] = (uint32_t)n * 4, [9] = version,
	};
	int r;

	memcpy(w + 10, p, n * 4);
	r = host_mailbox(h, w);
	memcpy(p, w + 10, n * 4);
	/* The completion and the header say the same. */
	return !r != !(w[7] & 0xff) ? -1 : r;
}
