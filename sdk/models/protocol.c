// SPDX-License-Identifier: Apache-2.0
/* The vfio-user commands: each checks every number of its request, acts, and makes the reply. */
#include "internal.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reply {
	size_t n;
	int fd;		/* -1: none; stays ours */
};

struct command {
	int (*fn)(struct model *m, struct message *msg, struct reply *r);
	size_t least;		/* body bytes */
	int max_fds;
};

/* Room for n bytes of reply; what was there before is lost. */
static void *room(struct model *m, struct reply *r, size_t n)
{
	if (n > m->c.out_room) {
		uint8_t *p = realloc(m->c.out, n);

		if (!p)
			return NULL;
		m->c.out = p;
		m->c.out_room = n;
	}
	memset(m->c.out, 0, n);
	r->n = n;
	return m->c.out;
}

static int do_version(struct model *m, struct message *msg, struct reply *r)
{
	char text[512];
	uint16_t v[2] = {0, 0};
	size_t n;
	uint8_t *p;
	int e;

	if (m->c.negotiated)
		return -EINVAL;
	e = version_negotiate(&m->c, message_body(msg), msg->body_size, &v[1], text,
			      sizeof(text));
	if (e)
		return e;
	n = text[0] ? strlen(text) + 1 : 0;
	p = room(m, r, sizeof(v) + n);
	if (!p)
		return -ENOMEM;
	memcpy(p, v, sizeof(v));
	memcpy(p + sizeof(v), text, n);
	m->c.negotiated = true;
	return 0;
}

static int do_dma_map(struct model *m, struct message *msg, struct reply *r)
{
	struct vfu_dma_map req;

	memcpy(&req, message_body(msg), sizeof(req));
	if (req.argsz < sizeof(req))
		return -EINVAL;
	return dma_map(m, &req, msg->fds.n ? msg->fds.fd[0] : -1);
}

static int do_dma_unmap(struct model *m, struct message *msg, struct reply *r)
{
	struct vfu_dma_unmap req;
	void *p;
	int e;

	memcpy(&req, message_body(msg), sizeof(req));
	if (req.argsz < sizeof(req))
		return -EINVAL;
	e = dma_unmap(m, &req);
	if (e)
		return e;
	p = room(m, r, sizeof(req));
	if (!p)
		return -ENOMEM;
	memcpy(p, &req, sizeof(req));
	return 0;
}

static int do_device_info(struct model *m, struct message *msg, struct reply *r)
{
	struct vfu_device_info info;
	void *p;

	memcpy(&info, message_body(msg), sizeof(info));
	if (info.argsz < sizeof(info))
		return -EINVAL;
	info = (struct vfu_device_info){
		.argsz = sizeof(info),
		.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
		.regions = VFIO_PCI_NUM_REGIONS,
		.irqs = VFIO_PCI_NUM_IRQS,
	};
	p = room(m, r, sizeof(info));
	if (!p)
		return -ENOMEM;
	memcpy(p, &info, sizeof(info));
	return 0;
}

static uint64_t region_size(const struct model *m, uint32_t index)
{
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return CONFIG_SIZE;
	return index < 6 ? m->bar[index].size : 0;
}

static void put_sparse(const struct bar *b, uint8_t *p)
{
	struct vfio_region_info_cap_sparse_mmap cap = {
		.header = {.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1},
		.nr_areas = b->nareas,
	};

	memcpy(p, &cap, sizeof(cap));
	p += sizeof(cap);
	for (const struct area *a = b->areas; a; a = a->next) {
		uint64_t area[2] = {a->offset, a->size};

		memcpy(p, area, sizeof(area));
		p += sizeof(area);
	}
}

static int do_region_info(struct model *m, struct message *msg, struct reply *r)
{
	struct vfu_region_info info;
	const struct bar *b;
	size_t full = sizeof(info), asked;
	uint8_t *p;

	memcpy(&info, message_body(msg), sizeof(info));
	asked = info.argsz;
	if (asked < sizeof(info) || info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info = (struct vfu_region_info){
		.index = info.index,
		.size = region_size(m, info.index),
	};
	b = info.index < 6 ? &m->bar[info.index] : NULL;
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (b && b->nareas) {
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS;
		full += sizeof(struct vfio_region_info_cap_sparse_mmap) +
			b->nareas * sizeof(struct vfio_region_sparse_mmap_area);
		info.cap_offset = asked >= full ? sizeof(info) : 0;
		r->fd = b->memfd;
	}
	info.argsz = (uint32_t)full;
	p = room(m, r, asked >= full ? full : sizeof(info));
	if (!p)
		return -ENOMEM;
	memcpy(p, &info, sizeof(info));
	if (r->n > sizeof(info))
		put_sparse(b, p + sizeof(info));
	return 0;
}

static int do_irq_info(struct model *m, struct message *msg, struct reply *r)
{
	struct vfu_irq_info info;
	void *p;

	memcpy(&info, message_body(msg), sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info = (struct vfu_irq_info){.argsz = sizeof(info), .index = info.index};
	if (info.index == VFIO_PCI_MSIX_IRQ_INDEX && m->pci.msix_vectors) {
		info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE;
		info.count = m->pci.msix_vectors;
	}
	p = room(m, r, sizeof(info));
	if (!p)
		return -ENOMEM;
	memcpy(p, &info, sizeof(info));
	return 0;
}

/* Only an eventfd: a write to another kind of file could block or raise SIGPIPE. */
static bool is_eventfd(int fd)
{
	char link[64], target[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = 0;
	return !strcmp(target, "anon_inode:[eventfd]");
}

static int set_triggers(struct model *m, struct message *msg, const struct vfu_irq_set *s)
{
	if (msg->fds.n && (uint32_t)msg->fds.n != s->count)
		return -EINVAL;
	for (int i = 0; i < msg->fds.n; i++)
		if (!is_eventfd(msg->fds.fd[i]))
			return -EINVAL;
	for (uint32_t i = 0; i < s->count; i++) {
		msix_set_trigger(m, s->start + i, msg->fds.n ? msg->fds.fd[i] : -1);
		if (msg->fds.n)
			msg->fds.fd[i] = -1;
	}
	msg->fds.n = 0;	/* all are the vectors' now */
	msix_flush(m);
	return 0;
}

static int check_irq_set(const struct model *m, const struct message *msg,
			 const struct vfu_irq_set *s)
{
	uint32_t data = s->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	uint32_t action = s->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	size_t want = sizeof(*s) + (data == VFIO_IRQ_SET_DATA_BOOL ? (size_t)s->count : 0);

	if (!data || data & (data - 1) || !action || action & (action - 1) ||
	    s->flags != (data | action) || msg->body_size != want || s->argsz < want)
		return -EINVAL;
	if (s->index != VFIO_PCI_MSIX_IRQ_INDEX || s->start > m->pci.msix_vectors ||
	    s->count > m->pci.msix_vectors - s->start)
		return -EINVAL;
	if (msg->fds.n && data != VFIO_IRQ_SET_DATA_EVENTFD)
		return -EINVAL;
	if (!s->count && (data != VFIO_IRQ_SET_DATA_NONE || s->start ||
			  action != VFIO_IRQ_SET_ACTION_TRIGGER))
		return -EINVAL;
	if (data == VFIO_IRQ_SET_DATA_EVENTFD && action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTSUP;	/* nobody is told of masking */
	return 0;
}

static int do_set_irqs(struct model *m, struct message *msg, struct reply *r)
{
	const uint8_t *chosen = message_body(msg) + sizeof(struct vfu_irq_set);
	struct vfu_irq_set s;
	int e;

	memcpy(&s, message_body(msg), sizeof(s));
	e = check_irq_set(m, msg, &s);
	if (e)
		return e;
	if (s.flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return set_triggers(m, msg, &s);
	if (!s.count) {
		for (unsigned int i = 0; i < m->pci.msix_vectors; i++)
			msix_set_trigger(m, i, -1);
		return 0;
	}
	for (uint32_t i = 0; i < s.count; i++) {
		if (s.flags & VFIO_IRQ_SET_DATA_BOOL && !chosen[i])
			continue;
		if (s.flags & VFIO_IRQ_SET_ACTION_TRIGGER)
			msix_signal(m, s.start + i);
		else
			msix_set_mask(m, s.start + i,
				      s.flags & VFIO_IRQ_SET_ACTION_MASK ? true : false);
	}
	return 0;
}

static int check_access(const struct model *m, uint32_t region, uint64_t offset, uint32_t count)
{
	uint64_t size = region_size(m, region);

	if (!size || !count || count > MSG_XFER || offset > size || count > size - offset)
		return -EINVAL;
	return 0;
}

static int do_region_read(struct model *m, struct message *msg, struct reply *r)
{
	struct vfu_region_access a;
	uint8_t *p;
	int e;

	memcpy(&a, message_body(msg), sizeof(a));
	if (msg->body_size != sizeof(a))
		return -EINVAL;
	e = check_access(m, a.region, a.offset, a.count);
	if (e)
		return e;
	p = room(m, r, sizeof(a) + a.count);
	if (!p)
		return -ENOMEM;
	memcpy(p, &a, sizeof(a));
	if (a.region == VFIO_PCI_CONFIG_REGION_INDEX)
		config_read(m, a.offset, p + sizeof(a), a.count);
	else
		bar_read(m, a.region, a.offset, p + sizeof(a), a.count);
	return 0;
}

static int write_region(struct model *m, uint32_t region, uint64_t offset, const void *data,
			uint32_t n)
{
	int e = check_access(m, region, offset, n);

	if (e)
		return e;
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		config_write(m, offset, data, n);
	else
		bar_write(m, region, offset, data, n);
	return 0;
}

static int do_region_write(struct model *m, struct message *msg, struct reply *r)
{
	struct vfu_region_access a;
	void *p;
	int e;

	memcpy(&a, message_body(msg), sizeof(a));
	if (msg->body_size - sizeof(a) != a.count)
		return -EINVAL;
	e = write_region(m, a.region, a.offset, message_body(msg) + sizeof(a), a.count);
	if (e)
		return e;
	p = room(m, r, sizeof(a));
	if (!p)
		return -ENOMEM;
	memcpy(p, &a, sizeof(a));
	return 0;
}

static int do_write_multi(struct model *m, struct message *msg, struct reply *r)
{
	const uint8_t *at = message_body(msg) + sizeof(uint64_t);
	uint64_t count, done;
	void *p;

	memcpy(&count, message_body(msg), sizeof(count));
	if (!m->c.write_multi)
		return -ENOTSUP;
	if (count > MSG_XFER / sizeof(struct vfu_write_one) ||
	    msg->body_size != sizeof(count) + count * sizeof(struct vfu_write_one))
		return -EINVAL;
	for (done = 0; done < count; done++) {
		struct vfu_write_one w;

		memcpy(&w, at + done * sizeof(w), sizeof(w));
		if (w.count > sizeof(w.data) ||
		    write_region(m, w.region, w.offset, w.data, w.count))
			break;
	}
	if (count && !done)
		return -EINVAL;
	p = room(m, r, sizeof(done));
	if (!p)
		return -ENOMEM;
	memcpy(p, &done, sizeof(done));
	return 0;
}

/* As VFIO does it: the function is reset, its config space is as before. */
static int do_reset(struct model *m, struct message *msg, struct reply *r)
{
	if (msg->body_size)
		return -EINVAL;
	msix_reset(m);
	m->ops->reset(m->dev);
	bar_clear_areas(m);
	return 0;
}

static const struct command commands[] = {
	[VFU_VERSION] = {do_version, 0, 0},
	[VFU_DMA_MAP] = {do_dma_map, sizeof(struct vfu_dma_map), 1},
	[VFU_DMA_UNMAP] = {do_dma_unmap, sizeof(struct vfu_dma_unmap), 0},
	[VFU_DEVICE_GET_INFO] = {do_device_info, sizeof(struct vfu_device_info), 0},
	[VFU_GET_REGION_INFO] = {do_region_info, sizeof(struct vfu_region_info), 0},
	[VFU_GET_IRQ_INFO] = {do_irq_info, sizeof(struct vfu_irq_info), 0},
	[VFU_SET_IRQS] = {do_set_irqs, sizeof(struct vfu_irq_set), MSG_FDS},
	[VFU_REGION_READ] = {do_region_read, sizeof(struct vfu_region_access), 0},
	[VFU_REGION_WRITE] = {do_region_write, sizeof(struct vfu_region_access), 0},
	[VFU_DEVICE_RESET] = {do_reset, 0, 0},
	[VFU_REGION_WRITE_MULTI] = {do_write_multi, sizeof(uint64_t), 0},
};

static int run(struct model *m, struct message *msg, struct reply *r)
{
	const struct command *c = msg->h.command < sizeof(commands) / sizeof(commands[0])
					  ? &commands[msg->h.command]
					  : NULL;

	if (!c || !c->fn)
		return -ENOTSUP;
	if (msg->body_size < c->least || msg->fds.n > c->max_fds)
		return -EINVAL;
	return c->fn(m, msg, r);
}

bool protocol_command(struct model *m, struct message *msg)
{
	struct reply r = {.fd = -1};
	struct vfu_header h = {
		.id = msg->h.id,
		.command = msg->h.command,
		.flags = VFU_TYPE_REPLY,
	};
	bool first = !m->c.negotiated;
	int e;

	if ((msg->h.flags & VFU_TYPE_MASK) != VFU_TYPE_COMMAND)
		return false;	/* a reply to nothing */
	if (first && msg->h.command != VFU_VERSION)
		e = -EPROTO;
	else
		e = run(m, msg, &r);
	if (!(msg->h.flags & VFU_NO_REPLY) && m->c.up) {
		if (e) {
			h.flags |= VFU_ERROR;
			h.error = (uint32_t)-e;
			r.n = 0;
		}
		h.size = (uint32_t)(sizeof(h) + r.n);
		server_send(m, &h, m->c.out, r.n, &r.fd, !e && r.fd >= 0 ? 1 : 0);
	}
	return !(first && e);	/* nothing follows a failed negotiation */
}
