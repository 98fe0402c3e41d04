// SPDX-License-Identifier: Apache-2.0
/* Disks: a vhost-user back end serves the rings and says in its config what the disk is. */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/log.h"
#include "kernel/vm/virtio-vhost.h"
#include "kernel/vm/vm.h"

#define BLK_QUEUE_SIZE 256
#define BLK_QUEUES_MAX 16u
#define BLK_CONFIG_LEN 60u	/* up to what WRITE_ZEROES added: later fields are not offered */

#define BIT(n) (1ULL << (n))
#define BLK_FEATURES                                                                               \
	(BIT(VIRTIO_BLK_F_SIZE_MAX) | BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_GEOMETRY) |     \
	 BIT(VIRTIO_BLK_F_RO) | BIT(VIRTIO_BLK_F_BLK_SIZE) | BIT(VIRTIO_BLK_F_FLUSH) |             \
	 BIT(VIRTIO_BLK_F_TOPOLOGY) | BIT(VIRTIO_BLK_F_CONFIG_WCE) | BIT(VIRTIO_BLK_F_DISCARD) |   \
	 BIT(VIRTIO_BLK_F_WRITE_ZEROES) | VHOST_RING_FEATURES)

struct blk {
	struct vhost_device vd;		/* first */
	struct virtio_blk_config config;
};

static bool resumable(const struct vhost_device *vd)
{
	return vhost_fe_has(&vd->fe, VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD) &&
	       !virtio_has(&vd->dev, VIRTIO_F_RING_PACKED);
}

static bool ring_on(const struct vhost_device *vd, unsigned int index)
{
	return true;
}

static void set_queues(struct blk *b)
{
	b->config.num_queues = (uint16_t)b->vd.nrings;
}

static void link_changed(struct vhost_device *vd, bool up)
{
	struct blk *b = (struct blk *)vd;
	struct virtio_blk_config fresh = {0};
	struct err e = {0};

	if (!up)
		return;
	if (vhost_fe_get_config(&vd->fe, &fresh, BLK_CONFIG_LEN, &e)) {
		vhost_device_lost(vd, e.msg);
		return;
	}
	b->config = fresh;
	set_queues(b);
	if (vd->dev.started)
		virtio_config_changed(&vd->dev);
}

static const struct vhost_device_ops vops = {
	.resumable = resumable,
	.ring_on = ring_on,
	.link = link_changed,
};

/* The one field that a driver may write: the cache mode. */
static void config_write(struct virtio_device *dev, unsigned int off, const void *data,
			 unsigned int len)
{
	struct blk *b = (struct blk *)dev;
	struct err e = {0};

	if (off != offsetof(struct virtio_blk_config, wce) || len != 1 || b->vd.lost ||
	    !virtio_has(dev, VIRTIO_BLK_F_CONFIG_WCE))
		return;
	if (vhost_fe_set_config(&b->vd.fe, off, data, len, &e))
		vhost_device_lost(&b->vd, e.msg);
	else
		memcpy(&b->config.wce, data, 1);
}

static const struct virtio_ops ops = {
	.start = vhost_device_start,
	.stop = vhost_device_stop,
	.config_read = vhost_device_config_read,
	.config_write = config_write,
	.destroy = vhost_device_destroy,
};

/* As many queues as vCPUs, if the back end has them. */
static unsigned int count_queues(struct blk *b)
{
	const struct vhost_fe *fe = &b->vd.fe;
	unsigned int n = b->vd.dev.vm->cfg->cpus;

	if (!vhost_fe_has(fe, VHOST_USER_PROTOCOL_F_MQ) ||
	    !(fe->features & BIT(VIRTIO_BLK_F_MQ)))
		return 1;
	if (n > b->config.num_queues)
		n = b->config.num_queues;
	if (n > fe->queues)
		n = (unsigned int)fe->queues;
	if (n > BLK_QUEUES_MAX)
		n = BLK_QUEUES_MAX;
	return n ? n : 1;
}

static int settle(struct blk *b, const struct vm_disk *disk, struct err *e)
{
	struct vhost_fe *fe = &b->vd.fe;

	if (!vhost_fe_has(fe, VHOST_USER_PROTOCOL_F_CONFIG))
		return err_set(e, -EPROTO, "back end does not offer the protocol feature CONFIG: "
			       "it does not say how large the disk is");
	if (disk->readonly && !(fe->features & BIT(VIRTIO_BLK_F_RO)))
		return err_set(e, -EROFS, "disk is to be read-only but its back end lets it be "
			       "written: export it read-only");
	return vhost_fe_get_config(fe, &b->config, BLK_CONFIG_LEN, e);
}

struct virtio_device *virtio_blk_new(struct vm *vm, unsigned int index, struct err *e)
{
	const struct vm_disk *disk = &vm->cfg->disks[index];
	struct virtio_kind kind = {
		.type = VIRTIO_ID_BLOCK,
		.class_code = 0x018000,
		.ops = &ops,
		.queue_max = BLK_QUEUE_SIZE,
		.first_local = UINT16_MAX,
		.config_size = BLK_CONFIG_LEN,
	};
	struct blk *b = calloc(1, sizeof(*b));
	struct virtio_device *dev;

	if (!b) {
		err_set(e, -ENOMEM, "disk%u: out of memory", index);
		return NULL;
	}
	dev = &b->vd.dev;
	dev->vm = vm;
	b->vd.config = &b->config;
	snprintf(dev->name, sizeof(dev->name), "disk%u", index);
	if (vhost_device_init(&b->vd, &vops, disk->vhost_user, e)) {
		free(b);
		return NULL;
	}
	if (settle(b, disk, e)) {
		err_prefix(e, "%s: vhost-user %s", dev->name, disk->vhost_user);
		vhost_device_destroy(dev);
		return NULL;
	}
	b->vd.nrings = count_queues(b);
	set_queues(b);
	kind.nqueues = (uint16_t)b->vd.nrings;
	kind.offered = b->vd.fe.features & BLK_FEATURES;
	if (!b->config.size_max)	/* no limit known; Linux takes 0 for one page a segment */
		kind.offered &= ~BIT(VIRTIO_BLK_F_SIZE_MAX);
	if (b->vd.nrings > 1)
		kind.offered |= BIT(VIRTIO_BLK_F_MQ);
	b->vd.needed = kind.offered;
	if (virtio_pci_add(dev, &kind, e)) {
		vhost_device_destroy(dev);
		return NULL;
	}
	return dev;
}
