// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/virtqueue.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "kernel/vm/memory.h"

static uint16_t load16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static int broken(struct virtq *r, const char *why)
{
	r->broken = why;
	return -EPROTO;
}

void virtq_init(struct virtq *r, const struct virtio_queue *q)
{
	uint64_t n = q->size;

	*r = (struct virtq){
		.vm = q->dev->vm,
		.size = q->size,
		.event_idx = virtio_has(q->dev, VIRTIO_RING_F_EVENT_IDX),
		.indirect = virtio_has(q->dev, VIRTIO_RING_F_INDIRECT_DESC),
		.desc = guest_ptr(q->dev->vm, q->desc, 16 * n),
		.avail = guest_ptr(q->dev->vm, q->driver, 6 + 2 * n),
		.used = guest_ptr(q->dev->vm, q->device, 6 + 8 * n),
	};
	if (!r->desc || !r->avail || !r->used)
		broken(r, "not in guest memory");
}

/* Is there one more? If not, asks for a kick at the next, and looks again. */
static bool available(struct virtq *r, uint16_t *idx)
{
	*idx = load16(&r->avail[1]);
	if (*idx != r->last_avail)
		return true;
	if (!r->event_idx)
		return false;
	store16(&r->used[2 + 4 * r->size], r->last_avail);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*idx = load16(&r->avail[1]);
	return *idx != r->last_avail;
}

static int add_segment(struct virtq *r, struct virtq_chain *c, const struct vring_desc *d)
{
	bool in = d->flags & VRING_DESC_F_WRITE;
	unsigned int *n = in ? &c->nin : &c->nout;
	struct iovec *v = in ? &c->in[*n] : &c->out[*n];

	if (c->nin + c->nout >= VIRTQ_SEGMENTS)
		return broken(r, "a chain is longer than 64 descriptors, or loops");
	if (!in && c->nin)
		return broken(r, "a readable descriptor follows a writable one");
	if (!d->len)
		return 0;
	v->iov_base = guest_ptr(r->vm, d->addr, d->len);
	v->iov_len = d->len;
	if (!v->iov_base)
		return broken(r, "a descriptor points outside guest memory");
	(*n)++;
	*(in ? &c->in_len : &c->out_len) += d->len;
	return 0;
}

/* Follows next links through a table of n descriptors. At most n steps: a loop ends there. */
static int walk(struct virtq *r, struct virtq_chain *c, const struct vring_desc *table, uint32_t n,
		uint32_t at)
{
	for (uint32_t steps = 0; steps < n; steps++) {
		struct vring_desc d;
		int e;

		if (at >= n)
			return broken(r, "a descriptor's next is beyond its table");
		memcpy(&d, (const void *)&table[at], sizeof(d));
		__asm__ volatile("" : : : "memory");	/* d is read once: the guest may write on */
		if (d.flags & VRING_DESC_F_INDIRECT)
			return broken(r, "an indirect descriptor where none may be");
		e = add_segment(r, c, &d);
		if (e)
			return e;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		at = d.next;
	}
	return broken(r, "a chain is longer than its table, or loops");
}

static int walk_indirect(struct virtq *r, struct virtq_chain *c, const struct vring_desc *d)
{
	const struct vring_desc *table;

	if (!r->indirect || (d->flags & VRING_DESC_F_NEXT))
		return broken(r, "an indirect descriptor where none may be");
	if (!d->len || d->len % sizeof(*d) || d->len / sizeof(*d) > 65536)
		return broken(r, "an indirect table's length is no number of descriptors");
	table = guest_ptr(r->vm, d->addr, d->len);
	if (!table)
		return broken(r, "an indirect table is outside guest memory");
	return walk(r, c, table, d->len / (uint32_t)sizeof(*d), 0);
}

int virtq_pop(struct virtq *r, struct virtq_chain *c)
{
	struct vring_desc first;
	uint16_t idx;
	int e;

	if (r->broken)
		return -EPROTO;
	if (!available(r, &idx))
		return 0;
	if ((uint16_t)(idx - r->last_avail) > r->size)
		return broken(r, "the available index jumped by more than the ring's size");
	c->head = load16(&r->avail[2 + r->last_avail % r->size]);
	c->nout = c->nin = 0;
	c->out_len = c->in_len = 0;
	if (c->head >= r->size)
		return broken(r, "an available entry is beyond the ring");
	memcpy(&first, (const void *)&r->desc[c->head], sizeof(first));
	__asm__ volatile("" : : : "memory");
	if (first.flags & VRING_DESC_F_INDIRECT)
		e = walk_indirect(r, c, &first);
	else
		e = walk(r, c, r->desc, r->size, c->head);
	if (e)
		return e;
	r->last_avail++;
	return 1;
}

void virtq_push(struct virtq *r, const struct virtq_chain *c, uint32_t len)
{
	struct vring_used_elem el = {.id = c->head, .len = len};

	if (r->broken)
		return;
	memcpy(&r->used[2 + 4 * (r->used_idx % r->size)], &el, sizeof(el));
	r->used_idx++;
	store16(&r->used[1], r->used_idx);
}

bool virtq_interrupt_wanted(struct virtq *r)
{
	uint16_t old = r->signalled, event;

	if (r->broken || old == r->used_idx)
		return false;
	r->signalled = r->used_idx;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!r->event_idx)
		return !(load16(&r->avail[0]) & VRING_AVAIL_F_NO_INTERRUPT);
	event = load16(&r->avail[2 + r->size]);
	return (uint16_t)(r->used_idx - event - 1) < (uint16_t)(r->used_idx - old);
}

static size_t copy(const struct iovec *v, unsigned int nv, size_t off, uint8_t *buf, size_t n,
		   bool write)
{
	size_t done = 0;

	for (unsigned int i = 0; i < nv && done < n; i++) {
		size_t len = v[i].iov_len, part;

		if (off >= len) {
			off -= len;
			continue;
		}
		part = len - off < n - done ? len - off : n - done;
		if (write)
			memcpy((uint8_t *)v[i].iov_base + off, buf + done, part);
		else
			memcpy(buf + done, (const uint8_t *)v[i].iov_base + off, part);
		done += part;
		off = 0;
	}
	return done;
}

size_t virtq_read(const struct virtq_chain *c, size_t off, void *to, size_t n)
{
	return copy(c->out, c->nout, off, to, n, false);
}

size_t virtq_write(const struct virtq_chain *c, size_t off, const void *from, size_t n)
{
	return copy(c->in, c->nin, off, (uint8_t *)from, n, true);
}
