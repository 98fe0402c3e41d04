// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/virtio-vhost.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/lib/clock.h"
#include "kernel/lib/log.h"
#include "kernel/vm/memory.h"
#include "kernel/vm/vm.h"

/* Longer from one failure to the next, unless the connection had lasted for a while. */
#define RETRY_MS	 1000
#define RETRY_MAX_MS	 32000
#define RETRY_FORGET_MS	 10000
#define RETRY_TIMEOUT_MS 500	/* for each message of the greeting: the main loop waits */

void vhost_device_lost(struct vhost_device *vd, const char *why)
{
	bool can_wait = vd->vops->resumable(vd);

	if (vd->lost)
		return;
	vd->lost = true;
	vd->running = false;
	if (vhost_fe_connected(&vd->fe))
		shutdown(vd->fe.wire.fd, SHUT_RDWR);	/* wakes on_gone(), on the main thread */
	if (vd->dev.started && !can_wait)
		virtio_needs_reset(&vd->dev, "vhost-user %s: %s", vd->path,
				   why ? why : "back end lost");
	else if (why)
		log_error("%s: vhost-user %s: %s; trying to connect again", vd->dev.name,
			  vd->path, why);
	vd->vops->link(vd, false);
}

#define PACKED_FRESH 0x80008000u	/* both wrap counters are 1 */

/* Where a new back end takes the ring up: all that was not returned is to be done (again). */
static uint32_t resume_base(const struct vhost_device *vd, const struct virtio_queue *q)
{
	const uint16_t *used = guest_ptr(q->dev->vm, q->device, 4);
	uint32_t base = PACKED_FRESH;

	if (virtio_has(&vd->dev, VIRTIO_F_RING_PACKED))	/* it may never have run: then no record */
		return vhost_fe_packed_base(&vd->fe, q->index, &base) ? PACKED_FRESH : base;
	return used ? __atomic_load_n(&used[1], __ATOMIC_ACQUIRE) : 0;
}

static int start_rings(struct vhost_device *vd, bool resume, struct err *e)
{
	struct vhost_ring rings[VIRTIO_QUEUES_MAX];
	bool packed = virtio_has(&vd->dev, VIRTIO_F_RING_PACKED);
	unsigned int n = 0;

	for (unsigned int i = 0; i < vd->nrings; i++) {
		const struct virtio_queue *q = &vd->dev.queues[i];
		uint32_t fresh = packed ? PACKED_FRESH : 0;

		if (!q->enabled)
			continue;
		rings[n++] = (struct vhost_ring){
			.index = i,
			.size = q->size,
			.base = resume ? resume_base(vd, q) : fresh,
			.desc = q->desc,
			.avail = q->driver,
			.used = q->device,
			.kick = q->kick,
			.call = q->call,
			.err = vd->err_fd,
			.enable = vd->vops->ring_on(vd, i),
		};
	}
	vd->ran = true;
	return vhost_fe_start(&vd->fe, vd->dev.accepted & vd->fe.features, rings, n, e);
}

int vhost_device_start(struct virtio_device *dev, struct err *e)
{
	struct vhost_device *vd = vhost_device_of(dev);
	int r;

	if (!vd->lost) {
		r = start_rings(vd, false, e);
		if (!r) {
			vd->running = true;
			return 0;
		}
		vhost_device_lost(vd, e->msg);
	}
	if (vd->vops->resumable(vd))
		return 0;		/* the next connection starts the rings */
	return err_set(e, -ENOTCONN, "vhost-user %s: no back end", vd->path);
}

void vhost_device_stop(struct virtio_device *dev)
{
	struct vhost_device *vd = vhost_device_of(dev);
	struct err e = {0};
	uint32_t base;
	int r = 0;

	for (unsigned int i = 0; !r && vd->running && i < vd->nrings; i++) {
		if (!dev->queues[i].enabled)
			continue;
		r = vhost_fe_enable(&vd->fe, i, false, &e);
		if (!r)
			r = vhost_fe_stop_ring(&vd->fe, i, &base, &e);
	}
	vd->running = vd->ran = dev->started = false;
	vhost_fe_forget_inflight(&vd->fe);
	if (r)
		vhost_device_lost(vd, e.msg);
}

/* --- main thread --- */

static void on_gone(void *arg, uint32_t events);

static int watch(struct vhost_device *vd)
{
	vd->gone_event = event_add(vd->dev.vm->loop, vd->fe.wire.fd, EPOLLRDHUP, on_gone, vd);
	return vd->gone_event ? 0 : -errno;
}

static void reconnect(void *arg);

static void retry_later(struct vhost_device *vd)
{
	int id = event_timer(vd->dev.vm->loop, vd->retry_ms, reconnect, vd);

	vd->timer = id > 0 ? id : 0;
}

static void slow_down(struct vhost_device *vd)
{
	if (vd->retry_ms < RETRY_MAX_MS)
		vd->retry_ms *= 2;
}

/* The rings of a device that waits: a kick or an interrupt may have been lost with the old one. */
static int resume(struct vhost_device *vd, struct err *e)
{
	int r = start_rings(vd, true, e);

	vd->running = !r;
	for (unsigned int i = 0; !r && i < vd->nrings; i++) {
		if (!vd->dev.queues[i].enabled)
			continue;
		virtio_queue_again(&vd->dev.queues[i]);
		virtio_queue_interrupt(&vd->dev.queues[i]);
	}
	return r;
}

static void connected(struct vhost_device *vd, const struct vhost_fe *fresh)
{
	struct err e = {0};
	int r = 0;

	vd->fe.wire.fd = fresh->wire.fd;
	vd->fe.features = fresh->features;
	vd->fe.protocol = fresh->protocol;
	vd->fe.queues = fresh->queues;
	vd->fe.memory_set = false;
	vd->lost = false;
	vd->since_ms = now_ms();
	r = watch(vd);
	if (r) {
		vd->lost = true;
		vhost_fe_close(&vd->fe);
		retry_later(vd);
		return;
	}
	log_info("%s: vhost-user %s: back end is there again", vd->dev.name, vd->path);
	if (vd->dev.started && !vd->vops->resumable(vd)) {
		if (!(vd->dev.status & VIRTIO_CONFIG_S_NEEDS_RESET))
			virtio_needs_reset(&vd->dev, "the new back end cannot go on where the old "
					   "one was");
	} else if (vd->dev.started) {
		r = resume(vd, &e);
	}
	if (r)
		vhost_device_lost(vd, e.msg);
	else
		vd->vops->link(vd, true);
}

/* The greeting needs no lock, so that vCPUs go on; only then does the device see the connection. */
static void reconnect(void *arg)
{
	struct vhost_device *vd = arg;
	struct vhost_fe fresh;
	int r;

	vd->timer = 0;
	vhost_fe_init(&fresh, vd->dev.vm);
	fresh.wire.timeout_ms = RETRY_TIMEOUT_MS;
	r = vhost_fe_connect(&fresh, vd->path, NULL);
	if (!r && (vd->needed & ~fresh.features)) {
		vhost_fe_close(&fresh);		/* not what this device was made for */
		r = -EPROTO;
	}
	if (r) {
		/* nobody there costs nothing; one that wastes our time is asked less and less */
		if (r != -ENOENT && r != -ECONNREFUSED)
			slow_down(vd);
		retry_later(vd);
	} else {
		pthread_mutex_lock(&vd->dev.vm->lock);
		connected(vd, &fresh);
		pthread_mutex_unlock(&vd->dev.vm->lock);
	}
}

static void on_gone(void *arg, uint32_t events)
{
	struct vhost_device *vd = arg;

	pthread_mutex_lock(&vd->dev.vm->lock);
	vhost_device_lost(vd, "back end closed the connection");
	event_del(vd->gone_event);
	vd->gone_event = NULL;
	vhost_fe_close(&vd->fe);
	pthread_mutex_unlock(&vd->dev.vm->lock);
	if (now_ms() - vd->since_ms > RETRY_FORGET_MS)
		vd->retry_ms = RETRY_MS;
	retry_later(vd);
	slow_down(vd);
}

static void on_ring_error(void *arg, uint32_t events)
{
	struct vhost_device *vd = arg;
	uint64_t count;

	pthread_mutex_lock(&vd->dev.vm->lock);
	if (read(vd->err_fd, &count, sizeof(count)) == (ssize_t)sizeof(count) && vd->dev.started)
		virtio_needs_reset(&vd->dev, "vhost-user %s: back end found a ring broken",
				   vd->path);
	pthread_mutex_unlock(&vd->dev.vm->lock);
}

int vhost_device_init(struct vhost_device *vd, const struct vhost_device_ops *vops,
		      const char *path, struct err *e)
{
	int r;

	vd->vops = vops;
	vd->path = path;
	vd->retry_ms = RETRY_MS;
	vd->since_ms = now_ms();
	vhost_fe_init(&vd->fe, vd->dev.vm);
	vd->err_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = vd->err_fd < 0 ? err_set(e, -errno, "no eventfd: %s", strerror(errno)) :
			     vhost_fe_connect(&vd->fe, path, e);
	if (!r && !(vd->fe.features & (1ULL << VIRTIO_F_VERSION_1)))
		r = err_set(e, -EPROTO, "back end does not offer virtio 1 (VIRTIO_F_VERSION_1)");
	if (!r) {
		vd->err_event = event_add(vd->dev.vm->loop, vd->err_fd, EPOLLIN, on_ring_error, vd);
		r = vd->err_event ? watch(vd) : -errno;
		if (r)
			err_set(e, r, "cannot be watched: %s", strerror(-r));
	}
	if (r) {
		err_prefix(e, "%s: vhost-user %s", vd->dev.name, path);
		vhost_device_fini(vd);
	}
	return r;
}

void vhost_device_fini(struct vhost_device *vd)
{
	if (vd->timer)
		event_timer_cancel(vd->dev.vm->loop, vd->timer);
	event_del(vd->gone_event);
	event_del(vd->err_event);
	vhost_fe_close(&vd->fe);
	vhost_fe_forget_inflight(&vd->fe);
	if (vd->err_fd >= 0)
		close(vd->err_fd);
}

void vhost_device_config_read(struct virtio_device *dev, unsigned int off, void *data,
			      unsigned int len)
{
	memcpy(data, (const uint8_t *)vhost_device_of(dev)->config + off, len);
}

void vhost_device_destroy(struct virtio_device *dev)
{
	vhost_device_fini(vhost_device_of(dev));
	free(dev);
}
