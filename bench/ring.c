// SPDX-License-Identifier: Apache-2.0
#include "bench/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/lib/fdpass.h"
#include "kernel/net/vhost-user-msg.h"

int ring_send(struct ring_client *c, uint32_t request, uint32_t flags, const void *payload,
	      uint32_t size, const int *fds, int nfds)
{
	uint8_t out[12 + 512];
	uint32_t head[3] = {request, VU_VERSION | flags, size};
	ssize_t r;

	memcpy(out, head, sizeof(head));
	if (size)
		memcpy(out + sizeof(head), payload, size);
	r = fdpass_send(c->sock, out, sizeof(head) + size, fds, nfds, 0);
	return r < 0 ? (int)r : 0;
}

static int receive(struct ring_client *c, void *reply, uint32_t n)
{
	uint32_t head[3];

	if (c->pump)
		c->pump();
	if (recv(c->sock, head, sizeof(head), MSG_WAITALL) != sizeof(head))
		return -EPIPE;
	if (head[2] != n || !(head[1] & VU_REPLY))
		return -EPROTO;
	return recv(c->sock, reply, n, MSG_WAITALL) == (ssize_t)n ? 0 : -EPIPE;
}

int ring_ask(struct ring_client *c, uint32_t request, const void *payload, uint32_t size,
	     void *reply, uint32_t n)
{
	int r = ring_send(c, request, 0, payload, size, NULL, 0);

	return r ? r : receive(c, reply, n);
}

int64_t ring_call(struct ring_client *c, uint32_t request, const void *payload, uint32_t size,
		  const int *fds, int nfds)
{
	bool acks = vu_has(c->protocol, VU_PROTOCOL_REPLY_ACK);
	uint64_t answer = 0;
	int r = ring_send(c, request, acks ? VU_NEED_REPLY : 0, payload, size, fds, nfds);

	if (!r && acks)
		r = receive(c, &answer, sizeof(answer));
	return r ? r : (int64_t)answer;
}

static int negotiate(struct ring_client *c, uint64_t wanted)
{
	const uint64_t protocol = 1ull << VU_PROTOCOL_REPLY_ACK | 1ull << VU_PROTOCOL_MEM_SLOTS |
				  1ull << VU_PROTOCOL_CONFIG | 1ull << VU_PROTOCOL_INFLIGHT |
				  1ull << VU_PROTOCOL_MQ;
	uint64_t offered, value;
	int r = ring_ask(c, VU_GET_FEATURES, NULL, 0, &offered, 8);

	if (r)
		return r;
	c->features = offered & (wanted | RING_PROTOCOL);
	if (c->features & RING_PROTOCOL) {
		r = ring_ask(c, VU_GET_PROTOCOL_FEATURES, NULL, 0, &offered, 8);
		value = offered & protocol;
		if (!r)
			r = ring_send(c, VU_SET_PROTOCOL_FEATURES, 0, &value, 8, NULL, 0);
		c->protocol = value;
	}
	if (!r)
		r = ring_send(c, VU_SET_OWNER, 0, NULL, 0, NULL, 0);
	if (!r)
		r = ring_send(c, VU_SET_FEATURES, 0, &c->features, 8, NULL, 0);
	return r;
}

/* desc, avail and used each begin on a page of their own; then come the buffers. */
static uint64_t lay_out(struct ring_client *c, struct ring_queue *q, uint64_t at, uint16_t size,
			bool write)
{
	q->size = size;
	q->desc = (void *)(c->mem + at);
	at += (16ull * size + 4095) & ~4095ull;
	q->avail = (void *)(c->mem + at);
	at += (6 + 2ull * size + 4095) & ~4095ull;
	q->used = (void *)(c->mem + at);
	at += (6 + 8ull * size + 4095) & ~4095ull;
	q->buf = c->mem + at;
	q->buf_gpa = RING_GPA + at;
	for (uint16_t i = 0; i < size; i++) {
		uint64_t gpa = q->buf_gpa + (uint64_t)i * RING_STRIDE;
		uint16_t flags = write ? VRING_DESC_F_WRITE : 0;

		if (c->features & RING_PACKED) {
			q->packed[i] = (struct vring_packed_desc){gpa, 2048, i, flags};
			continue;
		}
		q->desc[i] = (struct vring_desc){gpa, 2048, flags, 0};
		q->avail->ring[i] = i;
	}
	return at + (((uint64_t)size * RING_STRIDE + 4095) & ~4095ull);
}

static uint64_t uaddr(const struct ring_client *c, const void *p)
{
	return RING_UADDR + (uint64_t)((const uint8_t *)p - c->mem);
}

static int set_ring(struct ring_client *c, struct ring_queue *q, uint32_t index)
{
	uint32_t num[2] = {index, q->size}, base[2] = {index, 0};
	struct vu_ring_addr addr = {.index = index, .desc = uaddr(c, q->desc),
				    .used = uaddr(c, q->used), .avail = uaddr(c, q->avail)};
	int r = ring_send(c, VU_SET_VRING_NUM, 0, num, 8, NULL, 0);

	if (c->features & RING_PACKED)
		base[1] = 0x80008000;	/* both wrap counters begin at 1 */
	if (!r)
		r = ring_send(c, VU_SET_VRING_BASE, 0, base, 8, NULL, 0);
	if (!r)
		r = ring_send(c, VU_SET_VRING_ADDR, 0, &addr, sizeof(addr), NULL, 0);
	return r;
}

int ring_open(struct ring_client *c, int sock, uint64_t wanted, uint16_t size)
{
	struct { uint32_t n, zero; struct vu_region region; } table = {.n = 1};
	int r;

	*c = (struct ring_client){.pump = c->pump, .sock = sock};
	c->rx.kick = c->rx.call = c->tx.kick = c->tx.call = -1;
	c->mem_len = 4u << 20;
	while (c->mem_len < 2ull * size * RING_STRIDE + (1u << 20))
		c->mem_len *= 2;
	c->memfd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (c->memfd < 0 || ftruncate(c->memfd, (off_t)c->mem_len) < 0)
		return -errno;
	c->mem = mmap(NULL, c->mem_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		      c->memfd, 0);
	if (c->mem == MAP_FAILED)
		return -errno;
	r = negotiate(c, wanted);
	lay_out(c, &c->tx, lay_out(c, &c->rx, 0, size, true), size, false);
	table.region = (struct vu_region){RING_GPA, c->mem_len, RING_UADDR, 0};
	if (!r)
		r = ring_send(c, VU_SET_MEM_TABLE, 0, &table, sizeof(table), &c->memfd, 1);
	if (!r)
		r = set_ring(c, &c->rx, 0);
	if (!r)
		r = set_ring(c, &c->tx, 1);
	return r;
}

static int start_queue(struct ring_client *c, struct ring_queue *q, uint64_t index)
{
	uint32_t enable[2] = {(uint32_t)index, 1};
	int r;

	q->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->kick < 0 || q->call < 0)
		return -errno;
	r = ring_send(c, VU_SET_VRING_CALL, 0, &index, 8, &q->call, 1);
	if (!r)
		r = ring_send(c, VU_SET_VRING_KICK, 0, &index, 8, &q->kick, 1);
	if (!r && (c->features & RING_PROTOCOL))
		r = ring_send(c, VU_SET_VRING_ENABLE, 0, enable, 8, NULL, 0);
	return r;
}

int ring_start(struct ring_client *c)
{
	uint64_t features;
	int r = start_queue(c, &c->rx, 0);

	if (!r)
		r = start_queue(c, &c->tx, 1);
	/* Messages are handled in order: with this answer the rings run. */
	return r ? r : ring_ask(c, VU_GET_FEATURES, NULL, 0, &features, 8);
}

void ring_close(struct ring_client *c)
{
	const int fds[] = {c->sock, c->memfd, c->rx.kick, c->rx.call, c->tx.kick, c->tx.call};

	for (unsigned int i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (c->mem)
		munmap(c->mem, c->mem_len);
}
