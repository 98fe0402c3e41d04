// SPDX-License-Identifier: Apache-2.0
/* The set's devices: opened, handed to the worker part by part, watched, fenced at the end. */
#include <errno.h>
#include <stdio.h>
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
		if (child_call(s->child, CMD_DEVICE_GONE, &ix, sizeof(ix), NULL, 0, NULL, 0, &e))
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
	if (r || s->bus.dev[i]->poll_fd < 0)
		return r;
	s->ev_dev[i] = event_add(s->loop, s->bus.dev[i]->poll_fd, EPOLLIN, on_device,
				 s->bus.dev[i]);
	if (!s->ev_dev[i])
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

static int order_areas(struct child *c, uint32_t i, struct err *e)
{
	struct bus_device *d = c->set->bus.dev[i];
	int r = 0;

	for (uint32_t b = 0; b < BUS_BARS; b++) {
		for (uint32_t n = 0; n < d->bar[b].nareas && r == 0; n++) {
			const struct bus_area *a = &d->bar[b].area[n];
			struct chan_area ca = {i, b, a->off, a->len, a->fd_off};

			r = child_order(c, CMD_AREA, &ca, sizeof(ca), &a->fd, 1, e);
		}
	}
	return r;
}

static int order_vectors(struct child *c, uint32_t i, struct err *e)
{
	const int *vector = c->set->vector[i];
	uint32_t nvec = c->set->bus.dev[i]->nvec;
	int r = 0;

	for (uint32_t v = 0; v < nvec && r == 0; v += FDPASS_MAX) {
		struct chan_vectors cv = {i, v};
		uint32_t n = nvec - v < FDPASS_MAX ? nvec - v : FDPASS_MAX;

		r = child_order(c, CMD_VECTORS, &cv, sizeof(cv), vector + v, (int)n, e);
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

/* What a worker needs of device i; a driver that needs none is attached to a name alone. */
static int order_one(struct child *c, uint32_t i, const char *name, struct chan_device *cd,
		     struct err *e)
{
	struct bus *b = &c->set->bus;
	struct chan_index ix = {i, 0};
	int r;

	if (i < b->ndev)
		describe(b->dev[i], cd);
	else
		snprintf(cd->name, sizeof(cd->name), "%s", name);
	r = child_order(c, CMD_DEVICE, cd, sizeof(*cd), NULL, 0, e);
	if (r || i >= b->ndev)
		return r;
	r = order_areas(c, i, e);
	if (r == 0)
		r = order_vectors(c, i, e);
	if (r == 0)
		r = child_order(c, CMD_RING, &ix, sizeof(ix),
				(int[]){c->ring[i].memfd, c->ring[i].client_kick,
					c->ring[i].client_answer}, 3, e);
	return r;
}

int devices_order(struct child *c, const struct driver_note *note, const struct vmhi_param *param,
		  struct err *e)
{
	uint32_t n = note && note->needs == NOTE_NEEDS_NOTHING ? 1 : c->set->bus.ndev;
	struct chan_device cd = {0};
	int r = 0;

	if (note)
		cd.nparam = note->nparam;
	memcpy(cd.param, param, sizeof(cd.param));
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = order_one(c, i, note ? note->name : "", &cd, e);
	return r;
}

int devices_bus_master(struct set *s, struct err *e)
{
	int r = 0;

	for (uint32_t i = 0; i < s->bus.ndev && r == 0; i++)
		if (!s->bus.dev[i]->gone)
			r = bus_master(s->bus.dev[i], true, e);
	return r;
}

/* Its interrupts are wired anew, since a reset may undo that. */
int devices_reset(struct set *s, struct err *e)
{
	int r = 0;

	for (uint32_t i = 0; i < s->bus.ndev && r == 0; i++) {
		struct bus_device *d = s->bus.dev[i];

		if (d->gone)
			continue;
		r = d->ops->reset(d, e);
		if (r == 0 && d->nvec)
			r = d->ops->irqs(d, s->vector[i], d->nvec, e);
	}
	return r;
}

int devices_rings(struct child *c, struct err *e)
{
	struct bus *b = &c->set->bus;

	for (uint32_t i = 0; i < b->ndev; i++) {
		int r = reg_server_init(&c->ring[i], b->dev[i], e);

		if (r)
			return r;
		c->ev_ring[i] = event_add(c->set->loop, c->ring[i].kick, EPOLLIN, on_ring,
					  &c->ring[i]);
		if (!c->ev_ring[i])
			return err_set(e, -errno, "%s: its register ring cannot be watched: %s",
				       b->dev[i]->name, strerror(errno));
	}
	return 0;
}

void devices_rings_quiet(struct child *c)
{
	for (uint32_t i = 0; i < BUS_DEVICES_MAX; i++) {
		event_del(c->ev_ring[i]);
		c->ev_ring[i] = NULL;
	}
}

void devices_rings_free(struct child *c)
{
	devices_rings_quiet(c);
	for (uint32_t i = 0; i < BUS_DEVICES_MAX; i++)
		if (c->ring[i].dev)
			reg_server_free(&c->ring[i]);
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
		event_del(s->ev_dev[i]);
		s->ev_dev[i] = NULL;
		for (uint32_t v = 0; i < s->bus.ndev && v < BUS_VECTORS_MAX; v++)
			if (s->vector[i][v] >= 0)
				close(s->vector[i][v]);
	}
	bus_close(&s->bus);
}
