// SPDX-License-Identifier: Apache-2.0
/* vhost-user: setting up, starting and stopping rings. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "kernel/net/vhost-user-msg.h"

struct vhost_user_ring *vu_ring(struct vhost_user *v, uint32_t index, struct err *e)
{
	if (index < 2 * v->port->pairs)
		return &v->ring[index];
	err_set(e, -EPROTO, "ring %u of a port of %u", index, 2 * v->port->pairs);
	return NULL;
}

bool vu_find_ring(struct vhost_user *v, const struct vhost_user_ring *r, void **desc,
		  void **avail, void **used)
{
	struct vq_areas len = vq_areas(v->features, r->size);

	*desc = guestmem_user(&v->mem, r->desc, len.desc);
	*avail = guestmem_user(&v->mem, r->avail, len.avail);
	*used = guestmem_user(&v->mem, r->used, len.used);
	return *desc && *avail && *used;
}

/* Anew, or where another process stopped. */
static int attach_ring(struct vhost_user *v, const struct vhost_user_ring *r, struct vq *vq,
		       void *desc, void *avail, void *used)
{
	if (r->adopt)
		return vq_adopt(vq, &v->mem, desc, avail, used, r->size, vq->journal);
	return vq_start(vq, &v->mem, desc, avail, used, r->size, r->base);
}

static void warn_of(const struct vhost_user *v, uint32_t ring, const char *what)
{
	log_limited(v->port->limit, LOG_WARNING, "port %s: ring %u %s", v->port->name, ring, what);
}

static void start_ring(struct vhost_user *v, uint32_t i)
{
	struct vhost_user_ring *r = &v->ring[i];
	struct vq *vq = &v->port->vq[i];
	void *desc, *avail, *used;

	if (!vu_find_ring(v, r, &desc, &avail, &used)) {
		warn_of(v, i, "lies outside of the memory");
		r->kicked = false;
		return;
	}
	if (attach_ring(v, r, vq, desc, avail, used)) {
		warn_of(v, i, "is not aligned, or goes on outside of itself");
		r->kicked = false;
		return;
	}
	vq->call_fd = r->call;
	r->started = true;
	vu_attach_inflight(v, i);
}

static void stop_ring(struct vhost_user *v, uint32_t i)
{
	struct vhost_user_ring *r = &v->ring[i];
	struct vq *vq = &v->port->vq[i];

	if (!r->started)
		return;
	vq->run = false;
	vq->inflight = NULL;
	r->base = vq_state(vq);
	r->started = false;
}

void vu_update_rings(struct vhost_user *v)
{
	for (uint32_t i = 0; i < 2 * v->port->pairs; i++) {
		struct vhost_user_ring *r = &v->ring[i];
		bool enabled = r->enabled || !vu_has(v->features, VU_F_PROTOCOL_FEATURES);
		bool ready = r->kicked && r->have_addr && r->size && v->set_features;

		if (ready && !r->started)
			start_ring(v, i);
		else if (!ready)
			stop_ring(v, i);
		v->port->vq[i].run = r->started && enabled && !v->port->vq[i].broken &&
				     !v->port->vq[i].blocked;
	}
}

void vu_relocate_rings(struct vhost_user *v)
{
	for (uint32_t i = 0; i < 2 * v->port->pairs; i++) {
		struct vhost_user_ring *r = &v->ring[i];
		struct vq *vq = &v->port->vq[i];
		void *desc, *avail, *used;

		if (!r->started)
			continue;
		vq->cache = (struct guestmem_cache){0};
		if (vu_find_ring(v, r, &desc, &avail, &used) &&
		    vq_aligned(vq, desc, avail, used)) {
			vq->desc = desc;
			vq->avail = avail;
			vq->used = used;
			continue;
		}
		warn_of(v, i, "has lost its memory, and is stopped");
		stop_ring(v, i);
		r->kicked = false;
	}
}

void vu_stop_rings(struct vhost_user *v)
{
	for (uint32_t i = 0; i < 2 * v->port->pairs; i++) {
		stop_ring(v, i);
		v->ring[i].kicked = false;
	}
}

int vu_set_vring_num(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	struct vhost_user_ring *r = vu_ring(v, m->p.ring.index, e);
	uint32_t n = m->p.ring.value;

	if (!r)
		return -EPROTO;
	if (r->started)
		return err_set(e, -EBUSY, "SET_VRING_NUM of a ring that runs");
	if (!n || n > VQ_SIZE_MAX || (n & (n - 1)))
		return err_set(e, -EINVAL, "ring %u of size %u: must be a power of two, at most %d",
			       m->p.ring.index, n, VQ_SIZE_MAX);
	r->size = (uint16_t)n;
	return 0;
}

int vu_set_vring_addr(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	struct vhost_user_ring *r = vu_ring(v, m->p.addr.index, e);

	if (!r)
		return -EPROTO;
	if (m->p.addr.flags)
		return err_set(e, -EINVAL, "SET_VRING_ADDR with flags 0x%x: nothing is logged here",
			       m->p.addr.flags);
	v->port->pause(v->port->arg);
	stop_ring(v, m->p.addr.index);
	r->desc = m->p.addr.desc;
	r->avail = m->p.addr.avail;
	r->used = m->p.addr.used;
	r->have_addr = true;
	vu_update_rings(v);
	v->port->resume(v->port->arg);
	return 0;
}

int vu_set_vring_base(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	struct vhost_user_ring *r = vu_ring(v, m->p.ring.index, e);

	if (!r)
		return -EPROTO;
	if (r->started)
		return err_set(e, -EBUSY, "SET_VRING_BASE of a ring that runs");
	if (m->p.ring.value > 0xffff && !vu_has(v->features, VIRTIO_F_RING_PACKED))
		return err_set(e, -EINVAL, "ring base 0x%x is no index", m->p.ring.value);
	r->base = (struct vq_state){.avail = (uint16_t)m->p.ring.value,
				    .used = (uint16_t)(m->p.ring.value >> 16)};
	return 0;
}

static void replace_fd(int *slot, int fd)
{
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

/*
 * The data thread sleeps on the kicks of transmit queues: those with odd numbers. Only the keeper
 * can tell an eventfd from its like (an epoll whose own files may block us): it is asked first.
 */
int vu_replace_kick(struct vhost_user *v, uint32_t i, int fd, struct err *e)
{
	struct vhost_user_ring *r = &v->ring[i];
	int rc = vu_keep(v, KEEP_KICK, i, fd, e);

	if (i % 2 && r->kick >= 0)
		v->port->watch(v->port->arg, r->kick, false);
	if (!rc && i % 2 && fd >= 0 && v->port->watch(v->port->arg, fd, true)) {
		rc = err_set(e, -EINVAL, "kick of ring %u is nothing to wait for", i);
		vu_keep(v, KEEP_KICK, i, -1, NULL);
	}
	if (rc && fd >= 0) {
		close(fd);
		fd = -1;
	}
	replace_fd(&r->kick, fd);
	return rc;
}

int vu_get_vring_base(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	struct vhost_user_ring *r = vu_ring(v, m->p.ring.index, e);

	if (!r)
		return -EPROTO;
	v->port->pause(v->port->arg);
	stop_ring(v, m->p.ring.index);
	r->kicked = false;
	v->port->vq[m->p.ring.index].broken = NULL;
	v->port->resume(v->port->arg);
	vu_replace_kick(v, m->p.ring.index, -1, e);
	m->p.ring.value = r->base.avail;
	if (vu_has(v->features, VIRTIO_F_RING_PACKED))
		m->p.ring.value |= (uint32_t)r->base.used << 16;
	m->reply = 8;
	return 0;
}

/* All files without an inode of their own share one: eventfds do, sockets and pipes do not. */
static bool is_eventfd(const struct vhost_user *v, int fd)
{
	struct stat a, b;

	return !guestmem_fstat(v->port->eventfd, &a) && !guestmem_fstat(fd, &b) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Takes the descriptor out of the message; *fd is -1 if it says that there is none. */
static int take_fd(const struct vhost_user *v, struct vu_msg *m, int *fd, struct err *e)
{
	bool none = m->p.u64 & VU_RING_NOFD;

	if (m->p.u64 & ~(uint64_t)(VU_RING_INDEX | VU_RING_NOFD) || m->nfds != !none)
		return err_set(e, -EPROTO, "ring descriptor 0x%" PRIx64 " with %d descriptors",
			       m->p.u64, m->nfds);
	*fd = -1;
	if (none)
		return 0;
	if (!is_eventfd(v, m->fds[0]))
		return err_set(e, -EINVAL, "ring descriptor is no eventfd");
	*fd = m->fds[0];
	m->fds[0] = -1;
	/* The front end can take this back at any time: see vq_unsignalled(). */
	fcntl(*fd, F_SETFL, O_NONBLOCK);
	return 0;
}

/* SET_VRING_KICK, _CALL and _ERR. */
int vu_set_vring_fd(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	uint32_t i = m->p.u64 & VU_RING_INDEX;
	struct vhost_user_ring *r = vu_ring(v, i, e);
	int fd = -1, rc;

	if (!r)
		return -EPROTO;
	rc = take_fd(v, m, &fd, e);
	if (rc)
		return rc;
	v->port->pause(v->port->arg);
	if (m->request == VU_SET_VRING_KICK) {
		rc = vu_replace_kick(v, i, fd, e);
		r->kicked = !rc;
		v->port->vq[i].broken = NULL;
	} else {
		bool call = m->request == VU_SET_VRING_CALL;

		replace_fd(call ? &r->call : &r->error, fd);
		v->port->vq[i].call_fd = r->call;
		rc = vu_keep(v, call ? KEEP_CALL : KEEP_ERROR, i, fd, e);
	}
	vu_update_rings(v);
	v->port->resume(v->port->arg);
	return rc;
}

int vu_set_vring_enable(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	struct vhost_user_ring *r = vu_ring(v, m->p.ring.index, e);

	if (!r)
		return -EPROTO;
	if (m->p.ring.value > 1)
		return err_set(e, -EINVAL, "SET_VRING_ENABLE with %u", m->p.ring.value);
	v->port->pause(v->port->arg);
	r->enabled = m->p.ring.value;
	vu_update_rings(v);
	v->port->resume(v->port->arg);
	return 0;
}
