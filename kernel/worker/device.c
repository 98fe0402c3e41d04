// SPDX-License-Identifier: Apache-2.0
/* A device of the worker's: made from what the keeper hands over, attached, and made an uplink. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/lib/driver-op.h"
#include "kernel/lib/log.h"
#include "kernel/worker/worker.h"

#define QUEUE_VECTORS_MAX 8

int device_add(struct worker *w, const struct chan_device *info, struct err *e)
{
	struct vmhi_host_context *d;

	if (w->ndevice == BUS_DEVICES_MAX)
		return err_set(e, -E2BIG, "too many devices");
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(e, -ENOMEM, "%s: no memory for it", info->name);
	d->w = w;
	d->index = w->ndevice;
	d->info = *info;
	d->uplink = -1;
	w->device[w->ndevice++] = d;
	return 0;
}

static struct vmhi_host_context *find(struct worker *w, uint32_t index, struct err *e)
{
	if (index < w->ndevice)
		return w->device[index];
	err_set(e, -ENOENT, "there is no device %u", index);
	return NULL;
}

int device_area(struct worker *w, const struct chan_area *a, int fd, struct err *e)
{
	struct vmhi_host_context *d = find(w, a->dev, e);
	void *va;

	if (!d)
		return -ENOENT;
	if (d->nwin == WORKER_WINDOWS)
		return err_set(e, -E2BIG, "%s: too many parts of BARs to map", d->info.name);
	va = mmap(NULL, a->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)a->fd_off);
	if (va == MAP_FAILED)
		return err_set(e, -errno, "%s: BAR %u cannot be mapped: %s", d->info.name, a->bar,
			       strerror(errno));
	d->win[d->nwin++] = (struct window){a->bar, a->off, a->len, va};
	return 0;
}

void device_event(struct vmhi_host_context *d, const struct vmhi_event *ev)
{
	if (!d->attached)
		return;
	driver_op("event");
	d->w->ops->event(d->dev, ev);
	driver_op(NULL);
}

static void vector_fires(void *arg, uint32_t events)
{
	struct device_vector *v = arg;
	struct vmhi_event ev = {.type = VMHI_EV_IRQ, .index = v->index};
	uint64_t n;

	if (read(v->fd, &n, sizeof(n)) == sizeof(n))
		device_event(v->dev, &ev);
}

int device_vectors(struct worker *w, const struct chan_vectors *v, const int *fds, int n,
		   struct err *e)
{
	struct vmhi_host_context *d = find(w, v->dev, e);

	if (!d)
		return -ENOENT;
	if (v->first != d->nvec || d->nvec + (uint32_t)n > BUS_VECTORS_MAX)
		return err_set(e, -EINVAL, "%s: vectors out of order", d->info.name);
	for (int i = 0; i < n; i++) {
		d->vec[d->nvec] = (struct device_vector){.dev = d, .index = d->nvec, .fd = fds[i]};
		d->nvec++;
	}
	return 0;
}

static void ring_lost(void *arg, uint32_t events)
{
	struct vmhi_host_context *d = arg;

	event_del(d->ev_lost);
	d->ev_lost = NULL;
	log_error("%s: its registers are not served in time: given up", d->info.name);
	device_gone(d->w, d->index);
}

int device_ring(struct worker *w, uint32_t index, int memfd, int kick, int answer, struct err *e)
{
	struct vmhi_host_context *d = find(w, index, e);
	void *va;

	if (!d)
		return -ENOENT;
	va = mmap(NULL, REG_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	if (va == MAP_FAILED)
		return err_set(e, -errno, "%s: its register ring cannot be mapped: %s",
			       d->info.name, strerror(errno));
	d->lost_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->lost_fd >= 0)
		d->ev_lost = event_add(w->loop, d->lost_fd, EPOLLIN, ring_lost, d);
	if (!d->ev_lost)
		return err_set(e, -errno, "%s: its register ring cannot be watched: %s",
			       d->info.name, strerror(errno));
	d->regs = (struct reg_client){va, kick, answer, false};
	return 0;
}

/*
 * Vector 0 is for events, the rest for queues; a device with one vector has it for its queues and
 * polls for events by timer; one with none is polled.
 */
static int make_uplink(struct vmhi_host_context *d, struct err *e)
{
	const struct vmhi_nic *nic;
	struct dp_vector vec[QUEUE_VECTORS_MAX];
	struct dp_uplink_conf conf = {.event_vec = VMHI_NO_VEC, .vec = vec};
	char name[DP_NAME_MAX];
	uint32_t first = 0;

	driver_op("query");
	nic = d->w->ops->query(d->dev, VMHI_IF_NIC, 1);
	driver_op(NULL);
	if (!nic)
		return err_set(e, -ENOTSUP, "%s: the driver has no NIC interface", d->info.name);
	if (d->nvec > 1) {
		conf.event_vec = 0;
		first = 1;
		d->vec[0].ev = event_add(d->w->loop, d->vec[0].fd, EPOLLIN, vector_fires,
					 &d->vec[0]);
		if (!d->vec[0].ev)
			return err_set(e, -errno, "%s: its event vector cannot be watched",
				       d->info.name);
	}
	for (uint32_t i = first; i < d->nvec && conf.nvec < QUEUE_VECTORS_MAX; i++)
		vec[conf.nvec++] = (struct dp_vector){i, d->vec[i].fd};
	snprintf(name, sizeof(name), "uplink%u", d->index);
	d->uplink = dp_uplink_driver(d->w->dp, name, nic, d->dev, &conf, e);
	return d->uplink < 0 ? d->uplink : 0;
}

static int attach(struct vmhi_host_context *d, uint32_t flags, struct err *e)
{
	const struct vmhi_driver_ops *ops = d->w->ops;
	struct vmhi_attach at = {
		.size = sizeof(at),
		.flags = flags,
		.vendor = d->info.vendor, .device = d->info.device,
		.subvendor = d->info.subvendor, .subdevice = d->info.subdevice,
		.nvec = d->nvec,
		.nparam = d->info.nparam,
		.param = d->info.param,
	};
	int r;

	memcpy(at.bar_len, d->info.bar_len, sizeof(at.bar_len));
	driver_op("attach");
	r = driver_op_end(ops->attach(&worker_host, d, &at, &d->dev), e);
	if (r)
		err_prefix(e, "%s", d->info.name);
	else
		d->attached = true;
	return r;
}

/* A device that was gone before is left alone. */
int device_attach_all(struct worker *w, uint32_t flags, struct err *e)
{
	int r = 0;

	for (uint32_t i = 0; i < w->ndevice && r == 0; i++)
		if (!w->device[i]->gone)
			r = attach(w->device[i], flags, e);
	return r;
}

int device_start_all(struct worker *w, struct err *e)
{
	int r = 0;

	for (uint32_t i = 0; i < w->ndevice && r == 0; i++) {
		struct vmhi_host_context *d = w->device[i];

		if (!d->attached)
			continue;
		r = make_uplink(d, e);
		if (r)
			break;
		driver_op("start");
		r = driver_op_end(w->ops->start(d->dev), e);
		if (r)
			err_prefix(e, "%s", d->info.name);
	}
	return r;
}

void device_gone(struct worker *w, uint32_t index)
{
	struct vmhi_host_context *d = find(w, index, NULL);
	struct vmhi_event down = {.type = VMHI_EV_LINK};

	if (!d || atomic_exchange(&d->gone, true))
		return;
	if (d->attached) {
		driver_op("forget");
		w->ops->forget(d->dev);
		driver_op(NULL);
	}
	if (d->uplink >= 0)
		dp_uplink_event(w->dp, d->uplink, &down);
}

/* No event reaches the driver any more. */
static void silence(struct vmhi_host_context *d)
{
	for (uint32_t i = 0; i < d->nvec; i++)
		if (d->vec[i].ev)
			event_del(d->vec[i].ev);
	for (int i = 0; i < WORKER_TIMERS; i++)
		if (d->timer[i].id > 0)
			event_timer_cancel(d->w->loop, d->timer[i].id);
	event_del(d->ev_lost);
	if (d->raised_id > 0)
		event_timer_cancel(d->w->loop, d->raised_id);
}

void device_stop_all(struct worker *w)
{
	dp_stop(w->dp);
	for (uint32_t i = 0; i < w->ndevice; i++) {
		struct vmhi_host_context *d = w->device[i];
		struct err e;

		silence(d);
		if (!d->attached)
			continue;
		driver_op("quiesce");
		if (driver_op_end(w->ops->quiesce(d->dev), &e))
			log_warning("%s: %s", d->info.name, e.msg);
		driver_op("detach");
		w->ops->detach(d->dev);
		driver_op(NULL);
		d->attached = false;
	}
}
