// SPDX-License-Identifier: Apache-2.0
/* The set's devices: opened, handed to the worker part by part, watched, fenced at the end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/log.h"

static void on_ring(void *arg, uint32_t events)
{
	reg_server_run(arg);
}

/* The device's socket has something: an access to our memory, or its end. */
static void on_device(void *arg, uint32_t events)
{
	struct bus_device *d = arg;
	struct set *s = (struct set *)((char *)d->bus - offsetof(struct set, bus));
	struct chan_index ix = {0};
	struct err e = {0};

	if (!d->gone)
		d->ops->poll(d);
	if (!d->gone)
		return;
	for (uint32_t i = 0; i < s->bus.ndev; i++) {
		if (s->bus.dev[i] != d || !s->ev_dev[i])
			continue;
		event_del(s->ev_dev[i]);
		s->ev_dev[i] = NULL;
		ix.index = i;
		log_error("%s: the device is gone; the set goes on without it", d->name);
		if (child_call(s, CMD_DEVICE_GONE, &ix, sizeof(ix), NULL, 0, NULL, 0, &e))
			log_error("%s", e.msg);
	}
}

static int wire_vectors(struct set *s, uint32_t i, struct err *e)
{
	struct bus_device *d = s->bus.dev[i];

	if (d->nvec > BUS_VECTORS_MAX)
		d->nvec = BUS_VECTORS_MAX;
	for (uint32_t v = 0; v < d->nvec; v++) {
		s->vector[i][v] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (s->vector[i][v] < 0)
			return err_set(e, -errno, "%s: no eventfd: %s", d->name, strerror(errno));
	}
	return d->nvec ? d->ops->irqs(d, s->vector[i], d->nvec, e) : 0;
}

static int open_one(struct set *s, const struct set_device *sd, struct err *e)
{
	uint32_t i = s->bus.ndev;
	int r = sd->vfio_user ? bus_open_vfio_user(&s->bus, sd->at, e) :
				bus_open_vfio(&s->bus, sd->at, e);

	if (r == 0)
		r = driver_fits(s->note, s->bus.dev[i], e);
	if (r == 0)
		r = wire_vectors(s, i, e);
	if (r == 0)
		r = reg_server_init(&s->ring[i], s->bus.dev[i], e);
	if (r)
		return r;
	s->ev_ring[i] = event_add(s->loop, s->ring[i].kick, EPOLLIN, on_ring, &s->ring[i]);
	if (s->ev_ring[i] && s->bus.dev[i]->poll_fd >= 0)
		s->ev_dev[i] = event_add(s->loop, s->bus.dev[i]->poll_fd, EPOLLIN, on_device,
					 s->bus.dev[i]);
	if (!s->ev_ring[i] || (s->bus.dev[i]->poll_fd >= 0 && !s->ev_dev[i]))
		return err_set(e, -errno, "%s cannot be watched: %s", sd->at, strerror(errno));
	return 0;
}

int devices_open(struct set *s, struct err *e)
{
	int r = 0;

	memset(s->vector, 0xff, sizeof(s->vector)); /* none: -1 */
	for (uint32_t i = 0; i < s->cfg.ndev && r == 0; i++)
		r = open_one(s, &s->cfg.dev[i], e);
	return r;
}

static int give_areas(struct set *s, uint32_t i, struct err *e)
{
	struct bus_device *d = s->bus.dev[i];
	int r = 0;

	for (uint32_t b = 0; b < BUS_BARS; b++) {
		for (uint32_t n = 0; n < d->bar[b].nareas && r == 0; n++) {
			const struct bus_area *a = &d->bar[b].area[n];
			struct chan_area ca = {i, b, a->off, a->len, a->fd_off};

			r = child_call(s, CMD_AREA, &ca, sizeof(ca), &a->fd, 1, NULL, 0, e);
		}
	}
	return r;
}

static int give_vectors(struct set *s, uint32_t i, struct err *e)
{
	uint32_t nvec = s->bus.dev[i]->nvec;
	int r = 0;

	for (uint32_t v = 0; v < nvec && r == 0; v += FDPASS_MAX) {
		struct chan_vectors cv = {i, v};
		uint32_t n = nvec - v < FDPASS_MAX ? nvec - v : FDPASS_MAX;

		r = child_call(s, CMD_VECTORS, &cv, sizeof(cv), &s->vector[i][v], (int)n, NULL, 0,
			       e);
	}
	return r;
}

static void describe(const struct bus_device *d, struct chan_device *cd)
{
	memcpy(cd->name, d->name, sizeof(d->name));
	cd->vendor = d->vendor;
	cd->device = d->device;
	cd->subvendor = d->subvendor;
	cd->subdevice = d->subdevice;
	cd->nvec = d->nvec;
	for (int b = 0; b < BUS_BARS; b++)
		cd->bar_len[b] = d->bar[b].len;
}

/* What the worker needs of device i; a driver that needs none is attached to a name alone. */
static int give_one(struct set *s, uint32_t i, struct chan_device *cd, struct err *e)
{
	struct chan_index ix = {i, 0};
	int fds[3], r;

	if (i < s->bus.ndev)
		describe(s->bus.dev[i], cd);
	else
		strcpy(cd->name, s->note->name);
	r = child_call(s, CMD_DEVICE, cd, sizeof(*cd), NULL, 0, NULL, 0, e);
	if (r || i >= s->bus.ndev)
		return r;
	r = give_areas(s, i, e);
	if (r == 0)
		r = give_vectors(s, i, e);
	fds[0] = s->ring[i].memfd;
	fds[1] = s->ring[i].client_kick;
	fds[2] = s->ring[i].client_answer;
	if (r == 0)
		r = child_call(s, CMD_RING, &ix, sizeof(ix), fds, 3, NULL, 0, e);
	return r;
}

int devices_give(struct set *s, struct err *e)
{
	uint32_t n = s->cfg.driver[0] && s->note->needs == NOTE_NEEDS_NOTHING ? 1 : s->bus.ndev;
	struct chan_device cd = {0};
	int r = 0;

	if (n)
		cd.nparam = s->note->nparam;
	memcpy(cd.param, s->param, sizeof(cd.param));
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = give_one(s, i, &cd, e);
	return r;
}

void devices_fence(struct set *s)
{
	for (uint32_t i = 0; i < s->bus.ndev; i++) {
		struct err e = {0};

		if (!s->bus.dev[i]->gone && bus_master(s->bus.dev[i], false, &e))
			log_error("%s", e.msg);
	}
}

void devices_close(struct set *s)
{
	for (uint32_t i = 0; i < BUS_DEVICES_MAX; i++) {
		if (s->ev_ring[i])
			event_del(s->ev_ring[i]);
		if (s->ev_dev[i])
			event_del(s->ev_dev[i]);
		s->ev_ring[i] = s->ev_dev[i] = NULL;
		if (i < s->bus.ndev && s->ring[i].dev)
			reg_server_free(&s->ring[i]);
		for (uint32_t v = 0; i < s->bus.ndev && v < BUS_VECTORS_MAX; v++)
			if (s->vector[i][v] >= 0)
				close(s->vector[i][v]);
	}
	bus_close(&s->bus);
}
