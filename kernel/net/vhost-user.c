// SPDX-License-Identifier: Apache-2.0
/* vhost-user: the table of messages, and what is negotiated. */
#include "kernel/net/vhost-user.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "kernel/net/vhost-user-msg.h"

#define BIT	 VU_BIT
#define IN_ORDER 35	/* VIRTIO_F_IN_ORDER */

static const uint8_t no_mac[6];

/* The control queue's features are the front end's to provide; a back end only lets them pass. */
uint64_t vu_offered(const struct vhost_user *v)
{
	uint64_t f = BIT(VIRTIO_F_VERSION_1) | BIT(IN_ORDER) | BIT(VIRTIO_RING_F_EVENT_IDX) |
		     BIT(VIRTIO_F_RING_PACKED) | BIT(VIRTIO_RING_F_INDIRECT_DESC) |
		     BIT(VU_F_PROTOCOL_FEATURES) | BIT(VIRTIO_NET_F_CSUM) |
		     BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) |
		     BIT(VIRTIO_NET_F_MTU) |
		     BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(VIRTIO_NET_F_STATUS) |
		     BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_CTRL_RX);

	if (memcmp(v->port->mac, no_mac, 6))
		f |= BIT(VIRTIO_NET_F_MAC);
	return v->port->pairs > 1 ? f | BIT(VIRTIO_NET_F_MQ) : f;
}

static int answer(struct vu_msg *m, uint64_t value)
{
	m->p.u64 = value;
	m->reply = 8;
	return 0;
}

static int get_features(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	return answer(m, vu_offered(v));
}

static int set_features(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	uint64_t f = m->p.u64;

	if (f & ~vu_offered(v))
		return err_set(e, -EINVAL, "features 0x%" PRIx64 " were not offered",
			       f & ~vu_offered(v));
	if (f && !vu_has(f, VIRTIO_F_VERSION_1))
		return err_set(e, -EINVAL, "the guest's driver is older than virtio 1.0");
	v->port->pause(v->port->arg);
	if (vu_has(v->features ^ f, VIRTIO_F_RING_PACKED))
		vu_stop_rings(v);	/* they are rings of the other kind */
	v->features = f;
	v->set_features = true;
	for (uint32_t i = 0; i < 2 * v->port->pairs; i++)
		vq_set_features(&v->port->vq[i], f);
	vu_update_rings(v);
	v->port->resume(v->port->arg);
	return 0;
}

static int set_owner(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	if (v->owned)
		return err_set(e, -EBUSY, "SET_OWNER for the second time");
	v->owned = true;
	return 0;
}

static int reset_owner(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	v->port->pause(v->port->arg);
	vu_stop_rings(v);
	v->owned = false;
	v->port->resume(v->port->arg);
	return 0;
}

static int get_protocol_features(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	return answer(m, VU_PROTOCOLS);
}

static int set_protocol_features(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	if (m->p.u64 & ~VU_PROTOCOLS)
		return err_set(e, -EINVAL, "protocol features 0x%" PRIx64 " were not offered",
			       m->p.u64 & ~VU_PROTOCOLS);
	v->protocol = m->p.u64;
	return 0;
}

static int get_queue_num(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	return answer(m, v->port->pairs);
}

static int get_max_mem_slots(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	return answer(m, GUESTMEM_SLOTS);
}

static int net_set_mtu(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	if (m->p.u64 > v->port->mtu)
		return err_set(e, -EINVAL, "MTU %" PRIu64 " is above the port's, %u", m->p.u64,
			       v->port->mtu);
	return 0;
}

static int get_config(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	struct vu_config *c = &m->p.config;
	struct virtio_net_config cfg = {
		.status = VIRTIO_NET_S_LINK_UP,
		.max_virtqueue_pairs = (uint16_t)v->port->pairs,
		.mtu = v->port->mtu,
	};
	uint8_t space[VU_CONFIG_MAX] = {0};

	if (m->size < 12 || c->size > VU_CONFIG_MAX || c->off > VU_CONFIG_MAX - c->size ||
	    m->size != 12 + c->size)
		return err_set(e, -EPROTO, "GET_CONFIG of %u bytes at %u", c->size, c->off);
	memcpy(cfg.mac, v->port->mac, 6);
	memcpy(space, &cfg, sizeof(cfg));
	memcpy(c->data, space + c->off, c->size);
	m->reply = 12 + c->size;
	return 0;
}

/* A message's name, sizes, descriptors, and the protocol feature it takes (-1: none). */
static const struct vu_handler {
	const char *name;
	int (*fn)(struct vhost_user *, struct vu_msg *, struct err *);
	uint16_t min, max;
	uint8_t fds_min, fds_max;
	int8_t feature;
} handlers[VU_LAST + 1] = {
	[VU_GET_FEATURES] = {"GET_FEATURES", get_features, 0, 0, 0, 0, -1},
	[VU_SET_FEATURES] = {"SET_FEATURES", set_features, 8, 8, 0, 0, -1},
	[VU_SET_OWNER] = {"SET_OWNER", set_owner, 0, 0, 0, 0, -1},
	[VU_RESET_OWNER] = {"RESET_OWNER", reset_owner, 0, 0, 0, 0, -1},
	[VU_SET_MEM_TABLE] = {"SET_MEM_TABLE", vu_set_mem_table, 8, 8 + 8 * 32, 0, 8, -1},
	[VU_SET_VRING_NUM] = {"SET_VRING_NUM", vu_set_vring_num, 8, 8, 0, 0, -1},
	[VU_SET_VRING_ADDR] = {"SET_VRING_ADDR", vu_set_vring_addr, 40, 40, 0, 0, -1},
	[VU_SET_VRING_BASE] = {"SET_VRING_BASE", vu_set_vring_base, 8, 8, 0, 0, -1},
	[VU_GET_VRING_BASE] = {"GET_VRING_BASE", vu_get_vring_base, 8, 8, 0, 0, -1},
	[VU_SET_VRING_KICK] = {"SET_VRING_KICK", vu_set_vring_fd, 8, 8, 0, 1, -1},
	[VU_SET_VRING_CALL] = {"SET_VRING_CALL", vu_set_vring_fd, 8, 8, 0, 1, -1},
	[VU_SET_VRING_ERR] = {"SET_VRING_ERR", vu_set_vring_fd, 8, 8, 0, 1, -1},
	[VU_GET_PROTOCOL_FEATURES] = {"GET_PROTOCOL_FEATURES", get_protocol_features, 0, 0, 0, 0,
				      -1},
	[VU_SET_PROTOCOL_FEATURES] = {"SET_PROTOCOL_FEATURES", set_protocol_features, 8, 8, 0, 0,
				      -1},
	[VU_GET_QUEUE_NUM] = {"GET_QUEUE_NUM", get_queue_num, 0, 0, 0, 0, VU_PROTOCOL_MQ},
	[VU_SET_VRING_ENABLE] = {"SET_VRING_ENABLE", vu_set_vring_enable, 8, 8, 0, 0, -1},
	[VU_NET_SET_MTU] = {"NET_SET_MTU", net_set_mtu, 8, 8, 0, 0, VU_PROTOCOL_NET_MTU},
	[VU_GET_CONFIG] = {"GET_CONFIG", get_config, 12, 12 + VU_CONFIG_MAX, 0, 0,
			   VU_PROTOCOL_CONFIG},
	[VU_GET_INFLIGHT_FD] = {"GET_INFLIGHT_FD", vu_get_inflight_fd, 20, 24, 0, 0,
				VU_PROTOCOL_INFLIGHT},
	[VU_SET_INFLIGHT_FD] = {"SET_INFLIGHT_FD", vu_set_inflight_fd, 20, 24, 1, 1,
				VU_PROTOCOL_INFLIGHT},
	[VU_GET_MAX_MEM_SLOTS] = {"GET_MAX_MEM_SLOTS", get_max_mem_slots, 0, 0, 0, 0,
				  VU_PROTOCOL_MEM_SLOTS},
	[VU_ADD_MEM_REG] = {"ADD_MEM_REG", vu_add_mem_reg, 40, 40, 1, 1, VU_PROTOCOL_MEM_SLOTS},
	/* Some front ends send the descriptor along; it is closed. */
	[VU_REM_MEM_REG] = {"REM_MEM_REG", vu_rem_mem_reg, 40, 40, 0, 1, VU_PROTOCOL_MEM_SLOTS},
};

static const struct vu_handler *find_handler(const struct vhost_user *v, const struct vu_msg *m,
					     struct err *e)
{
	const struct vu_handler *h = m->request <= VU_LAST ? &handlers[m->request] : NULL;

	if (!h || !h->fn) {
		err_set(e, -EPROTO, "message %u is not known here", m->request);
		return NULL;
	}
	if ((m->flags & ~VU_NEED_REPLY) != VU_VERSION)
		err_set(e, -EPROTO, "%s with flags 0x%x", h->name, m->flags);
	else if (m->size < h->min || m->size > h->max)
		err_set(e, -EPROTO, "%s of %u bytes", h->name, m->size);
	else if (m->nfds < h->fds_min || m->nfds > h->fds_max)
		err_set(e, -EPROTO, "%s with %d descriptors", h->name, m->nfds);
	else if (h->feature >= 0 && !vu_has(v->protocol, h->feature))
		err_set(e, -EPROTO, "%s without its protocol feature", h->name);
	else
		return h;
	return NULL;
}

int vu_dispatch(struct vhost_user *v, struct vu_msg *m, struct err *e)
{
	const struct vu_handler *h = find_handler(v, m, e);
	bool ack;
	int r;

	if (!h)
		return -EPROTO;
	ack = (m->flags & VU_NEED_REPLY) && vu_has(v->protocol, VU_PROTOCOL_REPLY_ACK);
	r = h->fn(v, m, e);
	if (r == -EPROTO || (r && !ack))
		return r;
	if (r)
		log_limited(v->port->limit, LOG_WARNING, "port %s: %s refused: %s", v->port->name,
			    h->name, e->msg);
	if (r || (ack && !m->reply))
		answer(m, r != 0);
	return 0;
}

struct vhost_user *vhost_user_new(struct event_loop *l, int sock,
				  const struct vhost_user_port *port, struct kept *kept,
				  struct err *e)
{
	struct vhost_user *v = calloc(1, sizeof(*v));

	if (!v) {
		err_set(e, -ENOMEM, "port %s: out of memory", port->name);
		return NULL;
	}
	v->port = port;
	v->sock = sock;
	for (int i = 0; i < VHOST_USER_RINGS; i++)
		v->ring[i].kick = v->ring[i].call = v->ring[i].error = -1;
	for (uint32_t i = 0; i < 2 * port->pairs; i++)
		port->vq[i].error_fd = &v->ring[i].error;
	if (kept && vu_restore(v, kept, e)) {
		err_prefix(e, "port %s", port->name);
		v->sock = -1;	/* the caller's */
		vhost_user_free(v);
		return NULL;
	}
	v->event = event_add(l, sock, VU_EVENTS, vu_input, v);
	if (!v->event) {
		err_set(e, -errno, "port %s: socket: %s", port->name, strerror(errno));
		v->sock = -1;
		vhost_user_free(v);
		return NULL;
	}
	return v;
}

void vhost_user_free(struct vhost_user *v)
{
	if (!v)
		return;
	v->port->pause(v->port->arg);
	vu_stop_rings(v);
	vu_drop_inflight(v);
	for (uint32_t i = 0; i < 2 * v->port->pairs; i++) {
		v->port->vq[i].call_fd = -1;
		v->port->vq[i].error_fd = NULL;
		v->port->vq[i].broken = NULL;
	}
	guestmem_clear(&v->mem);
	v->port->resume(v->port->arg);
	for (int i = 0; i < VHOST_USER_RINGS; i++) {
		const int fds[3] = {v->ring[i].kick, v->ring[i].call, v->ring[i].error};

		if (i % 2 && fds[0] >= 0)
			v->port->watch(v->port->arg, fds[0], false);
		for (int j = 0; j < 3; j++)
			if (fds[j] >= 0)
				close(fds[j]);
	}
	while (v->nfds)
		close(v->fds[--v->nfds]);
	event_del(v->event);
	if (v->sock >= 0)
		close(v->sock);
	free(v);
}
