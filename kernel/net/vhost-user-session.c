// SPDX-License-Identifier: Apache-2.0
/* vhost-user: what of a connection is recorded for the next process, and going on from it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/net/vhost-user-msg.h"

int vu_keep(struct vhost_user *v, uint32_t kind, uint32_t index, int fd, struct err *e)
{
	int r = v->port->keep ? v->port->keep(v->port->arg, kind, index, fd) : 0;

	if (r)
		return err_set(e, r, "a descriptor cannot be kept: %s", strerror(-r));
	if (kind == KEEP_MEM)
		v->kept[index] = fd >= 0;
	return 0;
}

/* There is one: regions are at most half as many. */
uint32_t vu_keep_place(const struct vhost_user *v)
{
	for (uint32_t i = 0; i < KEEP_MEMS; i++)
		if (!v->kept[i])
			return i;
	return 0;
}

void vu_keep_tidy(struct vhost_user *v)
{
	bool used[KEEP_MEMS] = {false};

	for (uint32_t i = 0; i < v->mem.n; i++)
		used[v->mem.region[i].kept] = true;
	for (uint32_t i = 0; i < KEEP_MEMS; i++)
		if (v->kept[i] && !used[i])
			vu_keep(v, KEEP_MEM, i, -1, NULL);
}

static void record_ring(const struct vhost_user_ring *r, struct session_ring *out)
{
	*out = (struct session_ring){
		.desc = r->desc, .used = r->used, .avail = r->avail, .size = r->size,
		.at_avail = r->base.avail, .at_used = r->base.used,
		.have_addr = r->have_addr, .kicked = r->kicked, .enabled = r->enabled,
		.started = r->started,
	};
}

static void describe(const struct vhost_user *v, struct session_state *s)
{
	s->features = v->features;
	s->protocol = v->protocol;
	s->owned = v->owned;
	s->set_features = v->set_features;
	if (v->inflight) {
		s->inflight = (uint8_t)(1 + v->inflight_kept);
		s->inflight_rings = v->inflight_rings;
		s->inflight_size = v->inflight_size;
	}
	for (uint32_t i = 0; i < 2 * v->port->pairs; i++)
		record_ring(&v->ring[i], &s->ring[i]);
	s->regions = v->mem.n;
	for (uint32_t i = 0; i < v->mem.n; i++) {
		const struct guestmem_region *r = &v->mem.region[i];

		s->region[i] = (struct session_region){r->gpa, r->size, r->uaddr, r->off, r->kept, 0};
	}
}

static int report(struct vhost_user *v, const struct session_report *q, int fd, struct err *e)
{
	return v->port->report ? v->port->report(v->port->arg, q, fd, e) :
				 session_take(NULL, v->sock, q, fd, e);
}

_Static_assert(VU_HDR + sizeof(struct vu_config) <= SESSION_REPLY, "the longest answer");

int vu_report(struct vhost_user *v, const struct vu_msg *m, struct err *e)
{
	static struct session_report q;	/* control thread */
	uint32_t head[3] = {m->request, VU_VERSION | VU_REPLY, m->reply};
	uint32_t had = (uint32_t)v->nfds;

	q = (struct session_report){.request = m->request, .len = v->torn ? 0 : v->have,
				    .fds_min = had, .fds_max = had};
	/* Some front ends send a region's descriptor along when they remove it. */
	if (m->request == VU_REM_MEM_REG) {
		q.fds_min = 0;
		q.fds_max = had > 1 ? had : 1;
	}
	describe(v, &q.state);
	if (m->reply) {
		q.reply_len = VU_HDR + m->reply;
		memcpy(q.reply, head, VU_HDR);
		memcpy(q.reply + VU_HDR, &m->p, m->reply);
	}
	return report(v, &q, m->reply_fd, e);
}

int vu_report_torn(struct vhost_user *v, struct err *e)
{
	static const struct session_report q = {.torn = 1};

	return report(v, &q, -1, e);
}

static int take(struct kept *kept, uint32_t kind, uint32_t index)
{
	int fd = kept->fd[kind][index];

	kept->fd[kind][index] = -1;
	return fd;
}

static int restore_memory(struct vhost_user *v, const struct session_state *s, struct kept *kept,
			  struct err *e)
{
	for (uint32_t i = 0; i < s->regions; i++) {
		const struct session_region *g = &s->region[i];
		int r;

		if (kept->fd[KEEP_MEM][g->kept] < 0)
			return err_set(e, -EPROTO, "a memory region's descriptor is missing");
		r = guestmem_add(&v->mem, g->gpa, g->size, g->uaddr, kept->fd[KEEP_MEM][g->kept],
				 g->off, e);
		if (r)
			return r;
		v->mem.region[i].kept = g->kept;
	}
	/* All that was kept: what no region needs any more is given up with the next message. */
	for (uint32_t i = 0; i < KEEP_MEMS; i++)
		v->kept[i] = kept->fd[KEEP_MEM][i] >= 0;
	return 0;
}

static int restore_ring(struct vhost_user *v, uint32_t i, const struct session_ring *sr,
			struct kept *kept, struct err *e)
{
	struct vhost_user_ring *r = &v->ring[i];

	*r = (struct vhost_user_ring){
		.desc = sr->desc, .used = sr->used, .avail = sr->avail, .size = sr->size,
		.base = {sr->at_avail, sr->at_used}, .kick = take(kept, KEEP_KICK, i),
		.call = take(kept, KEEP_CALL, i), .error = take(kept, KEEP_ERROR, i),
		.have_addr = sr->have_addr, .kicked = sr->kicked, .enabled = sr->enabled,
		.adopt = sr->started,
	};
	v->port->vq[i].call_fd = r->call;
	v->port->vq[i].nudge = sr->started;
	if (i % 2 && r->kick >= 0 && v->port->watch(v->port->arg, r->kick, true))
		return err_set(e, -EINVAL, "kick of ring %u is nothing to wait for", i);
	return 0;
}

int vu_restore(struct vhost_user *v, struct kept *kept, struct err *e)
{
	static struct session_state s;	/* control thread */
	int r = session_load(&kept->conn, 2 * v->port->pairs, vu_offered(v), VU_PROTOCOLS, &s, e);

	if (r <= 0)
		return r;
	v->features = s.features;
	v->protocol = s.protocol;
	v->owned = s.owned;
	v->set_features = s.set_features;
	r = restore_memory(v, &s, kept, e);
	for (uint32_t i = 0; i < 2 * v->port->pairs && r == 0; i++) {
		if (v->set_features)
			vq_set_features(&v->port->vq[i], v->features);
		r = restore_ring(v, i, &s.ring[i], kept, e);
	}
	if (r == 0 && s.inflight) {
		v->inflight_kept = s.inflight - 1u;
		r = kept->fd[KEEP_INFLIGHT][v->inflight_kept] < 0 ?
		    err_set(e, -EPROTO, "the in-flight area's descriptor is missing") :
		    vu_map_inflight(v, kept->fd[KEEP_INFLIGHT][v->inflight_kept],
				    s.inflight_rings, s.inflight_size, e);
	}
	if (r == 0)
		vu_update_rings(v);
	for (uint32_t i = 0; i < 2 * v->port->pairs; i++)
		v->ring[i].adopt = false; /* one that could not go on starts anew, if ever */
	return r;
}
