// SPDX-License-Identifier: Apache-2.0
/* vhost-user: the front end's memory, and the in-flight area that it keeps for us. */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/lib/map-shared.h"
#include "kernel/net/ring.h"
#include "kernel/net/vhost-user-msg.h"

/* Maps one more region; the next process finds its descriptor where it is kept. */
static int add_region(struct vhost_user *v, const struct vu_region *g, int fd, struct err *e)
{
	uint32_t place = vu_keep_place(v);
	int r = guestmem_add(&v->mem, g->gpa, g->size, g->uaddr, fd, g->off, e);

	if (r)
		return r;
	v->mem.region[v->mem.n - 1].kept = place;
	return vu_keep(v, KEEP_MEM, place, fd, e);
}

/*
 * All of it at once. The new table is made beside the old one, so that a wrong message changes
 * nothing.
 */
int vu_set_mem_table(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	uint32_t n = m->p.table.n;
	struct guestmem old = v->mem;
	int r = 0;

	if (n > 8 || m->size != 8 + n * sizeof(struct vu_region) || (uint32_t)m->nfds != n)
		return err_set(e, -EPROTO, "SET_MEM_TABLE of %u regions has %u bytes and %d "
			       "descriptors", n, m->size, m->nfds);
	v->port->pause(v->port->arg);
	v->mem.n = 0;
	for (uint32_t i = 0; i < n && !r; i++)
		r = add_region(v, &m->p.table.region[i], m->fds[i], e);
	if (r) {
		guestmem_clear(&v->mem);
		v->mem = old;
	} else {
		vu_relocate_rings(v);
		guestmem_clear(&old);
	}
	v->port->resume(v->port->arg);
	return r;
}

int vu_add_mem_reg(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	const struct vu_region *g = &m->p.slot.region;
	int r;

	v->port->pause(v->port->arg);
	r = add_region(v, g, m->fds[0], e);
	if (!r)
		vu_relocate_rings(v);
	v->port->resume(v->port->arg);
	return r;
}

int vu_rem_mem_reg(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	const struct vu_region *g = &m->p.slot.region;
	int r;

	v->port->pause(v->port->arg);
	r = guestmem_remove(&v->mem, g->gpa, g->size, g->uaddr, e);
	if (!r)
		vu_relocate_rings(v);
	v->port->resume(v->port->arg);
	return r;
}

/* One ring's part: struct vq_inflight, then 16 bytes for each descriptor, or 32 if it is packed. */
static uint64_t inflight_part(const struct vhost_user *v, uint32_t size)
{
	uint64_t each = vu_has(v->features, VIRTIO_F_RING_PACKED) ? 32 : 16;

	return (sizeof(struct vq_inflight) + each * size + 63) & ~63ull;
}

/* Lengthens a new file: a worker's sandbox has no ftruncate(), which could also shorten one. */
static int fill(int fd, uint64_t len)
{
	static const char zeros[4096];

	while (len) {
		ssize_t n = write(fd, zeros, len < sizeof(zeros) ? len : sizeof(zeros));

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		len -= (uint64_t)n;
	}
	return 0;
}

/* An area of zeros for the front end to keep. */
int vu_get_inflight_fd(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	uint32_t rings = m->p.inflight.rings, size = m->p.inflight.size;
	uint64_t len = rings * inflight_part(v, size);
	int fd, r;

	if (!rings || rings > 2 * v->port->pairs || !size || size > VQ_SIZE_MAX)
		return err_set(e, -EPROTO, "GET_INFLIGHT_FD for %u rings of %u", rings, size);
	fd = memfd_create("inflight", MFD_CLOEXEC);
	r = fd < 0 ? -errno : fill(fd, len);
	if (r) {
		if (fd >= 0)
			close(fd);
		return err_set(e, r, "GET_INFLIGHT_FD: %s", strerror(-r));
	}
	m->p.inflight = (struct vu_inflight){.len = len, .rings = (uint16_t)rings,
					     .size = (uint16_t)size};
	m->reply = sizeof(m->p.inflight);
	m->reply_fd = fd;
	return 0;
}

void vu_drop_inflight(struct vhost_user *v)
{
	for (uint32_t i = 0; i < 2 * v->port->pairs; i++)
		v->port->vq[i].inflight = NULL;
	if (v->inflight) {
		guestmem_guard_remove(v->inflight);
		unmap_shared(v->inflight, v->inflight_len);
	}
	v->inflight = NULL;
}

void vu_attach_inflight(struct vhost_user *v, uint32_t i)
{
	struct vq *vq = &v->port->vq[i];
	struct vq_inflight *q;

	if (!v->inflight || i >= v->inflight_rings || v->ring[i].size > v->inflight_size ||
	    v->inflight_rings * inflight_part(v, v->inflight_size) > v->inflight_len)
		return;		/* or it was made for the other kind of rings */
	q = (void *)((uint8_t *)v->inflight + i * inflight_part(v, v->inflight_size));
	q->features = v->features;
	q->version = 1;
	q->desc_num = v->ring[i].size;
	vq->inflight = q;
	vq_record(vq);
}

int vu_map_inflight(struct vhost_user *v, int fd, uint32_t rings, uint32_t size, struct err *e)
{
	uint64_t len = rings * inflight_part(v, size);
	void *map;
	int r = guestmem_map_length(fd, len, &len, e);

	if (r)
		return r;
	map = map_shared(fd, len);
	if (!map)
		return err_set(e, -errno, "SET_INFLIGHT_FD: %s", strerror(errno));
	if (!guestmem_guard_add(map, len, &v->mem)) {
		unmap_shared(map, len);
		return err_set(e, -ENOSPC, "SET_INFLIGHT_FD: too many mappings");
	}
	vu_drop_inflight(v);
	v->inflight = map;
	v->inflight_len = len;
	v->inflight_rings = rings;
	v->inflight_size = size;
	for (uint32_t i = 0; i < 2 * v->port->pairs; i++)
		if (v->ring[i].started)
			vu_attach_inflight(v, i);
	return 0;
}

/*
 * Frames are copied and marked used in one batch, so nothing is in flight between batches: the
 * area only ever tells where used stood.
 */
int vu_set_inflight_fd(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	const struct vu_inflight *a = &m->p.inflight;
	uint32_t place = !v->inflight_kept;
	int r;

	if (!a->rings || a->rings > 2 * v->port->pairs || !a->size || a->size > VQ_SIZE_MAX ||
	    a->len != a->rings * inflight_part(v, a->size) || a->off)
		return err_set(e, -EPROTO, "SET_INFLIGHT_FD of %" PRIu64 " bytes for %u rings of "
			       "%u", a->len, a->rings, a->size);
	v->port->pause(v->port->arg);
	r = vu_map_inflight(v, m->fds[0], a->rings, a->size, e);
	v->port->resume(v->port->arg);
	if (r == 0)
		r = vu_keep(v, KEEP_INFLIGHT, place, m->fds[0], e);
	if (r == 0)
		v->inflight_kept = place;
	return r;
}
