// SPDX-License-Identifier: Apache-2.0
/*
 * NICs: a vhost-user back end serves the data queues. MAC address, MTU and link state are told to
 * the driver here; with several queue pairs so is the control queue served here.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/vm/virtio-vhost.h"
#include "kernel/vm/virtqueue.h"
#include "kernel/vm/vm.h"

#define NET_QUEUE_SIZE 256
#define NET_PAIRS_MAX  16

#define BIT(n) (1ULL << (n))
#define NET_FEATURES                                                                               \
	(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4) |    \
	 BIT(VIRTIO_NET_F_GUEST_TSO6) | BIT(VIRTIO_NET_F_GUEST_ECN) |                              \
	 BIT(VIRTIO_NET_F_GUEST_UFO) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) | \
	 BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_HOST_UFO) | BIT(VIRTIO_NET_F_MRG_RXBUF) |   \
	 VHOST_RING_FEATURES)

struct net {
	struct vhost_device vd;		/* first */
	struct virtio_net_config config;
	unsigned int pairs;		/* that the device has */
	unsigned int active;		/* that the driver uses */
	struct virtq ctrl;		/* if pairs > 1: the last queue */
};

/*
 * A network forgets what was in flight. Split rings can go on at the used index, packed ones where
 * the record of what is in flight says, for which it takes one; before they run there is none.
 */
static bool resumable(const struct vhost_device *vd)
{
	return !virtio_has(&vd->dev, VIRTIO_F_RING_PACKED) || !vd->ran ||
	       vd->fe.inflight_fd >= 0;
}

static bool ring_on(const struct vhost_device *vd, unsigned int index)
{
	const struct net *n = (const struct net *)vd;

	return index / 2 < n->active;
}

static void link_changed(struct vhost_device *vd, bool up)
{
	struct net *n = (struct net *)vd;

	n->config.status = up ? VIRTIO_NET_S_LINK_UP : 0;
	if (vd->dev.started)
		virtio_config_changed(&vd->dev);
}

static const struct vhost_device_ops vops = {
	.resumable = resumable,
	.ring_on = ring_on,
	.link = link_changed,
};

static int start(struct virtio_device *dev, struct err *e)
{
	struct net *n = (struct net *)dev;

	n->active = 1;
	if (n->pairs > 1)
		virtq_init(&n->ctrl, &dev->queues[2 * n->pairs]);
	return vhost_device_start(dev, e);
}

/* --- the control queue --- */

static uint8_t set_pairs(struct net *n, unsigned int pairs)
{
	struct err e = {0};

	if (pairs < 1 || pairs > n->pairs)
		return VIRTIO_NET_ERR;
	n->active = pairs;
	for (unsigned int i = 0; !n->vd.lost && i < 2 * n->pairs; i++)
		if (n->vd.dev.queues[i].enabled &&
		    vhost_fe_enable(&n->vd.fe, i, i / 2 < pairs, &e))
			vhost_device_lost(&n->vd, e.msg);
	return VIRTIO_NET_OK;
}

static uint8_t command(struct net *n, const struct virtq_chain *c)
{
	struct virtio_net_ctrl_hdr h;
	uint16_t pairs;

	if (virtq_read(c, 0, &h, sizeof(h)) == sizeof(h) && h.class == VIRTIO_NET_CTRL_MQ &&
	    h.cmd == VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET && virtio_has(&n->vd.dev, VIRTIO_NET_F_MQ) &&
	    virtq_read(c, sizeof(h), &pairs, sizeof(pairs)) == sizeof(pairs))
		return set_pairs(n, pairs);
	return VIRTIO_NET_ERR;
}

static void kick(struct virtio_queue *q)
{
	struct net *n = (struct net *)q->dev;
	struct virtq_chain c;
	unsigned int budget = NET_QUEUE_SIZE;
	int r = 0;

	while (budget-- && (r = virtq_pop(&n->ctrl, &c)) > 0) {
		uint8_t ack = command(n, &c);

		virtq_push(&n->ctrl, &c, (uint32_t)virtq_write(&c, 0, &ack, 1));
	}
	if (virtq_interrupt_wanted(&n->ctrl))
		virtio_queue_interrupt(q);
	if (r > 0)
		virtio_queue_again(q);
	else if (r < 0)
		virtio_queue_broken(q, n->ctrl.broken);
}

static const struct virtio_ops ops = {
	.start = start,
	.stop = vhost_device_stop,
	.config_read = vhost_device_config_read,
	.kick = kick,
	.destroy = vhost_device_destroy,
};

/* Locally administered, and the same at every start of the VM: made from its name. */
static void default_mac(uint8_t mac[6], const char *name, unsigned int index)
{
	uint64_t h = 0xcbf29ce484222325ULL + index;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3ULL;
	mac[0] = 0x52;
	mac[1] = 0x54;
	mac[2] = 0x00;
	mac[3] = (uint8_t)(h >> 16);
	mac[4] = (uint8_t)(h >> 32);
	mac[5] = (uint8_t)(h + index);
}

static int settle(struct net *n, const struct vm_net *net, struct virtio_kind *kind, struct err *e)
{
	const struct vhost_fe *fe = &n->vd.fe;

	kind->offered = (fe->features & NET_FEATURES) | BIT(VIRTIO_NET_F_MAC) |
			BIT(VIRTIO_NET_F_STATUS);
	n->vd.needed = fe->features & NET_FEATURES;
	if (net->mtu) {
		kind->offered |= BIT(VIRTIO_NET_F_MTU);
		n->config.mtu = net->mtu;
	}
	n->pairs = net->queues ? net->queues : 1;
	if (n->pairs > NET_PAIRS_MAX)
		return err_set(e, -EINVAL, "%u queue pairs asked for, %d are possible", n->pairs,
			       NET_PAIRS_MAX);
	n->config.max_virtqueue_pairs = (uint16_t)n->pairs;
	n->vd.nrings = 2 * n->pairs;
	kind->nqueues = kind->first_local = (uint16_t)n->vd.nrings;
	if (n->pairs == 1)
		return 0;
	if (!(fe->features & BIT(VIRTIO_NET_F_MQ)) || fe->queues < n->pairs)
		return err_set(e, -EINVAL, "%u queue pairs asked for, the back end serves %llu",
			       n->pairs, fe->features & BIT(VIRTIO_NET_F_MQ) ?
			       (unsigned long long)fe->queues : 1ULL);
	kind->nqueues++;		/* the control queue is a split one */
	kind->offered |= BIT(VIRTIO_NET_F_MQ) | BIT(VIRTIO_NET_F_CTRL_VQ);
	kind->offered &= ~BIT(VIRTIO_F_RING_PACKED);
	return 0;
}

static struct net *net_alloc(struct vm *vm, unsigned int index)
{
	const struct vm_net *net = &vm->cfg->nets[index];
	struct net *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->vd.dev.vm = vm;
	n->vd.config = &n->config;
	snprintf(n->vd.dev.name, sizeof(n->vd.dev.name), "net%u", index);
	if (net->has_mac)
		memcpy(n->config.mac, net->mac, sizeof(n->config.mac));
	else
		default_mac(n->config.mac, vm->cfg->name ? vm->cfg->name : "", index);
	n->config.status = VIRTIO_NET_S_LINK_UP;
	return n;
}

struct virtio_device *virtio_net_new(struct vm *vm, unsigned int index, struct err *e)
{
	const struct vm_net *net = &vm->cfg->nets[index];
	struct virtio_kind kind = {
		.type = VIRTIO_ID_NET,
		.class_code = 0x020000,
		.ops = &ops,
		.queue_max = NET_QUEUE_SIZE,
		.config_size = 12,	/* up to mtu */
	};
	struct net *n = net_alloc(vm, index);

	if (!n) {
		err_set(e, -ENOMEM, "net%u: out of memory", index);
		return NULL;
	}
	if (vhost_device_init(&n->vd, &vops, net->vhost_user, e)) {
		free(n);
		return NULL;
	}
	if (settle(n, net, &kind, e)) {
		err_prefix(e, "%s: vhost-user %s", n->vd.dev.name, net->vhost_user);
		vhost_device_destroy(&n->vd.dev);
		return NULL;
	}
	if (virtio_pci_add(&n->vd.dev, &kind, e)) {
		vhost_device_destroy(&n->vd.dev);
		return NULL;
	}
	return &n->vd.dev;
}
