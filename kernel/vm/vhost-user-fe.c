// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/vhost-user-fe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/vm/memory.h"

#define PROTOCOL_FEATURES                                                                          \
	((1ULL << VHOST_USER_PROTOCOL_F_MQ) | (1ULL << VHOST_USER_PROTOCOL_F_REPLY_ACK) |          \
	 (1ULL << VHOST_USER_PROTOCOL_F_CONFIG) | (1ULL << VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD) | \
	 (1ULL << VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))

/* A record of more than this is a mistake or an attack; nothing here maps it. */
#define INFLIGHT_MAX (64ULL << 20)

void vhost_fe_init(struct vhost_fe *fe, struct vm *vm)
{
	*fe = (struct vhost_fe){
		.wire = {.fd = -1, .timeout_ms = VHOST_WIRE_TIMEOUT_MS},
		.vm = vm,
		.inflight_fd = -1,
	};
}

void vhost_fe_close(struct vhost_fe *fe)
{
	vhost_wire_close(&fe->wire);
}

void vhost_fe_forget_inflight(struct vhost_fe *fe)
{
	if (fe->inflight_fd >= 0)
		close(fe->inflight_fd);
	fe->inflight_fd = -1;
}

/* A ring's part of the record, as far as it is read here ("in-flight" of packed rings). */
struct inflight_packed {
	uint64_t features;
	uint16_t version, desc_num, free_head, old_free_head, used_idx, old_used_idx;
	uint8_t used_wrap, old_used_wrap;
};

int vhost_fe_packed_base(const struct vhost_fe *fe, unsigned int index, uint32_t *base)
{
	struct inflight_packed p;
	uint64_t part;
	uint16_t at;

	if (fe->inflight_fd < 0 || index >= fe->inflight.num_queues)
		return -ENODATA;
	part = fe->inflight.mmap_size / fe->inflight.num_queues;
	if (part < sizeof(p) ||
	    pread(fe->inflight_fd, &p, sizeof(p), (off_t)(fe->inflight.mmap_offset + index * part)) !=
	    (ssize_t)sizeof(p) || p.version != 1)
		return -ENODATA;
	at = (uint16_t)((p.used_idx & 0x7fff) | (p.used_wrap ? 0x8000 : 0));
	*base = at | (uint32_t)at << 16;
	return 0;
}

/* A question without payload, answered by 64 bits. */
static int ask(struct vhost_fe *fe, enum vhost_user_request request, uint64_t *answer,
	       struct err *e)
{
	int r = vhost_wire_send(&fe->wire, request, 0, NULL, 0, NULL, 0, e);

	return r ? r : vhost_wire_reply(&fe->wire, request, answer, 8, 8, NULL, NULL, e);
}

/* An order; with REPLY_ACK it was carried out when this returns 0. */
static int tell(struct vhost_fe *fe, enum vhost_user_request request, const void *payload,
		uint32_t size, const int *fds, int nfd, struct err *e)
{
	bool ack = vhost_fe_has(fe, VHOST_USER_PROTOCOL_F_REPLY_ACK);
	uint64_t status = 0;
	int r = vhost_wire_send(&fe->wire, request, ack ? VHOST_USER_NEED_REPLY : 0, payload, size,
				fds, nfd, e);

	if (!r && ack)
		r = vhost_wire_reply(&fe->wire, request, &status, 8, 8, NULL, NULL, e);
	if (!r && status)
		r = err_set(e, -EREMOTEIO, "back end refused %s (it says %lld)",
			    vhost_user_request_name(request), (long long)status);
	return r;
}

static int tell_u64(struct vhost_fe *fe, enum vhost_user_request request, uint64_t value,
		    struct err *e)
{
	return tell(fe, request, &value, sizeof(value), NULL, 0, e);
}

static int settle_protocol(struct vhost_fe *fe, struct err *e)
{
	uint64_t offered, wanted;
	int r = ask(fe, VHOST_USER_GET_PROTOCOL_FEATURES, &offered, e);

	if (r)
		return r;
	wanted = offered & PROTOCOL_FEATURES;
	r = vhost_wire_send(&fe->wire, VHOST_USER_SET_PROTOCOL_FEATURES, 0, &wanted, sizeof(wanted),
			    NULL, 0, e);
	if (r)
		return r;
	fe->protocol = wanted;
	if (vhost_fe_has(fe, VHOST_USER_PROTOCOL_F_MQ))
		r = ask(fe, VHOST_USER_GET_QUEUE_NUM, &fe->queues, e);
	if (!r && !fe->queues)
		r = err_set(e, -EPROTO, "back end says that it serves no queue");
	return r;
}

int vhost_fe_hello(struct vhost_fe *fe, int fd, struct err *e)
{
	int r;

	fe->wire.fd = fd;
	fe->features = fe->protocol = 0;
	fe->queues = 1;
	fe->memory_set = false;
	r = ask(fe, VHOST_USER_GET_FEATURES, &fe->features, e);
	if (!r && (fe->features & (1ULL << VHOST_USER_F_PROTOCOL_FEATURES)))
		r = settle_protocol(fe, e);
	if (!r)
		r = tell(fe, VHOST_USER_SET_OWNER, NULL, 0, NULL, 0, e);
	if (r)
		vhost_fe_close(fe);
	return r;
}

int vhost_fe_connect(struct vhost_fe *fe, const char *path, struct err *e)
{
	int r = vhost_wire_connect(&fe->wire, path, e);

	return r ? r : vhost_fe_hello(fe, fe->wire.fd, e);
}

int vhost_fe_get_config(struct vhost_fe *fe, void *data, uint32_t n, struct err *e)
{
	struct vhost_user_config c = {.offset = 0, .size = n};
	uint32_t size = 12 + n, got;
	int r;

	r = vhost_wire_send(&fe->wire, VHOST_USER_GET_CONFIG, 0, &c, size, NULL, 0, e);
	if (!r)
		r = vhost_wire_reply(&fe->wire, VHOST_USER_GET_CONFIG, &c, 0, size, &got, NULL, e);
	if (r)
		return r;
	if (got != size || c.offset || c.size != n)
		return err_set(e, -EPROTO, "back end's answer to GET_CONFIG has %u bytes, %u are "
			       "right", got, size);
	memcpy(data, c.data, n);
	return 0;
}

int vhost_fe_set_config(struct vhost_fe *fe, uint32_t off, const void *data, uint32_t n,
			struct err *e)
{
	struct vhost_user_config c = {.offset = off, .size = n};

	memcpy(c.data, data, n);
	return tell(fe, VHOST_USER_SET_CONFIG, &c, 12 + n, NULL, 0, e);
}

static struct vhost_user_region wire_region(const struct guest_region *g)
{
	return (struct vhost_user_region){
		.gpa = g->gpa,
		.size = g->size,
		.user_addr = VHOST_USER_ADDR_BASE + g->gpa,
		.mmap_offset = g->fd_offset,
	};
}

static int set_table(struct vhost_fe *fe, struct err *e)
{
	struct vhost_user_mem_table t = {0};
	int fds[VHOST_USER_MEM_TABLE_MAX], n;
	const struct guest_region *g = guest_regions(fe->vm, &n);

	if (n > VHOST_USER_MEM_TABLE_MAX)
		return err_set(e, -E2BIG, "guest memory has %d regions, SET_MEM_TABLE takes %d", n,
			       VHOST_USER_MEM_TABLE_MAX);
	t.nregions = (uint32_t)n;
	for (int i = 0; i < n; i++) {
		t.regions[i] = wire_region(&g[i]);
		fds[i] = g[i].fd;
	}
	return tell(fe, VHOST_USER_SET_MEM_TABLE, &t, 8 + 32 * t.nregions, fds, n, e);
}

static int add_memory(struct vhost_fe *fe, struct err *e)
{
	uint64_t slots;
	int n, r = ask(fe, VHOST_USER_GET_MAX_MEM_SLOTS, &slots, e);
	const struct guest_region *g = guest_regions(fe->vm, &n);

	if (!r && slots < (uint64_t)n)
		r = err_set(e, -E2BIG, "back end has %llu memory slots, the guest needs %d",
			    (unsigned long long)slots, n);
	for (int i = 0; !r && i < n; i++) {
		struct vhost_user_mem_reg m = {.region = wire_region(&g[i])};

		r = tell(fe, VHOST_USER_ADD_MEM_REG, &m, sizeof(m), &g[i].fd, 1, e);
	}
	return r;
}

static int set_memory(struct vhost_fe *fe, struct err *e)
{
	int r = 0;

	if (!fe->memory_set)
		r = vhost_fe_has(fe, VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS) ?
			    add_memory(fe, e) :
			    set_table(fe, e);
	fe->memory_set = !r;
	return r;
}

static int get_inflight(struct vhost_fe *fe, const struct vhost_ring *rings, unsigned int n,
			struct err *e)
{
	struct vhost_user_inflight in = {0};
	int r;

	for (unsigned int i = 0; i < n; i++) {
		if (rings[i].index >= in.num_queues)
			in.num_queues = (uint16_t)(rings[i].index + 1);
		if (rings[i].size > in.queue_size)
			in.queue_size = rings[i].size;
	}
	r = vhost_wire_send(&fe->wire, VHOST_USER_GET_INFLIGHT_FD, 0, &in, sizeof(in), NULL, 0, e);
	if (!r)
		r = vhost_wire_reply(&fe->wire, VHOST_USER_GET_INFLIGHT_FD, &fe->inflight,
				     sizeof(in), sizeof(in), NULL, &fe->inflight_fd, e);
	if (!r && (!fe->inflight.mmap_size || fe->inflight.mmap_size > INFLIGHT_MAX)) {
		vhost_fe_forget_inflight(fe);
		r = err_set(e, -EPROTO, "back end's in-flight record has %llu bytes",
			    (unsigned long long)fe->inflight.mmap_size);
	}
	fe->inflight.num_queues = in.num_queues;
	fe->inflight.queue_size = in.queue_size;
	return r;
}

static int set_inflight(struct vhost_fe *fe, const struct vhost_ring *rings, unsigned int n,
			struct err *e)
{
	int r = 0;

	if (!n || !vhost_fe_has(fe, VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD))
		return 0;
	if (fe->inflight_fd < 0)
		r = get_inflight(fe, rings, n, e);
	if (!r)
		r = tell(fe, VHOST_USER_SET_INFLIGHT_FD, &fe->inflight, sizeof(fe->inflight),
			 &fe->inflight_fd, 1, e);
	return r;
}

static int start_ring(struct vhost_fe *fe, const struct vhost_ring *ring, struct err *e)
{
	struct vhost_user_vring_state num = {ring->index, ring->size};
	struct vhost_user_vring_state base = {ring->index, ring->base};
	struct vhost_user_vring_addr addr = {
		.index = ring->index,
		.desc = VHOST_USER_ADDR_BASE + ring->desc,
		.used = VHOST_USER_ADDR_BASE + ring->used,
		.avail = VHOST_USER_ADDR_BASE + ring->avail,
	};
	const struct {
		enum vhost_user_request request;
		int fd;
	} eventfds[] = {
		{VHOST_USER_SET_VRING_CALL, ring->call},
		{VHOST_USER_SET_VRING_ERR, ring->err},
		{VHOST_USER_SET_VRING_KICK, ring->kick},	/* this one starts the ring */
	};
	uint64_t index = ring->index;
	int r = tell(fe, VHOST_USER_SET_VRING_NUM, &num, sizeof(num), NULL, 0, e);

	if (!r)
		r = tell(fe, VHOST_USER_SET_VRING_BASE, &base, sizeof(base), NULL, 0, e);
	if (!r)
		r = tell(fe, VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0, e);
	for (int i = 0; !r && i < 3; i++)
		r = tell(fe, eventfds[i].request, &index, sizeof(index), &eventfds[i].fd, 1, e);
	return r;
}

int vhost_fe_enable(struct vhost_fe *fe, unsigned int index, bool on, struct err *e)
{
	struct vhost_user_vring_state s = {index, on};

	if (!(fe->features & (1ULL << VHOST_USER_F_PROTOCOL_FEATURES)))
		return 0;	/* such a back end's rings are on from their kick */
	return tell(fe, VHOST_USER_SET_VRING_ENABLE, &s, sizeof(s), NULL, 0, e);
}

int vhost_fe_start(struct vhost_fe *fe, uint64_t features, const struct vhost_ring *rings,
		   unsigned int n, struct err *e)
{
	int r;

	features |= fe->features & (1ULL << VHOST_USER_F_PROTOCOL_FEATURES);
	r = tell_u64(fe, VHOST_USER_SET_FEATURES, features, e);
	if (!r)
		r = set_memory(fe, e);
	if (!r)
		r = set_inflight(fe, rings, n, e);
	for (unsigned int i = 0; !r && i < n; i++)
		r = start_ring(fe, &rings[i], e);
	for (unsigned int i = 0; !r && i < n; i++)
		if (rings[i].enable)
			r = vhost_fe_enable(fe, rings[i].index, true, e);
	return r;
}

int vhost_fe_stop_ring(struct vhost_fe *fe, unsigned int index, uint32_t *base, struct err *e)
{
	struct vhost_user_vring_state s = {index, 0};
	int r = vhost_wire_send(&fe->wire, VHOST_USER_GET_VRING_BASE, 0, &s, sizeof(s), NULL, 0, e);

	if (!r)
		r = vhost_wire_reply(&fe->wire, VHOST_USER_GET_VRING_BASE, &s, sizeof(s), sizeof(s),
				     NULL, NULL, e);
	if (!r && s.index != index)
		r = err_set(e, -EPROTO, "back end's answer to GET_VRING_BASE is about ring %u, not "
			    "%u", s.index, index);
	if (!r)
		*base = s.num;
	return r;
}
