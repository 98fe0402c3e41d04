// SPDX-License-Identifier: Apache-2.0
/* The switch's life, and its F_Ports on unix sockets. */
#include "fabric.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vmhi-model/model.h>

struct fabric *fabric_new(struct model_loop *l)
{
	struct fabric *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->loop = l;
	f->tell = (struct model_timer){.fn = changes_tell, .arg = f};
	return f;
}

void fabric_free(struct fabric *f)
{
	if (!f)
		return;
	for (int i = 0; i < PORTS_MAX; i++)
		if (f->port[i])
			fabric_remove_port(f->port[i]);
	model_timer_cancel(f->loop, &f->tell);
	zone_free_all(f);
	if (f->pcap)
		fclose(f->pcap);
	free(f);
}

static void send_own(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	struct port *p = dev;

	capture_frame(p->f, sof, frame, n, eof);
	port_send(p, NULL, sof, frame, n, eof);
}

struct fc_sender fabric_sender(struct port *p)
{
	return (struct fc_sender){.send = send_own, .dev = p};
}

struct port *fabric_add_port(struct fabric *f, const struct port_ops *ops, const char *name,
			     char *why, size_t why_size)
{
	struct fc_exchanges_ops x_ops = {.request = services_request};
	unsigned int i = 0;
	struct port *p;

	while (i < PORTS_MAX && f->port[i])
		i++;
	if (i == PORTS_MAX) {
		snprintf(why, why_size, "port %s: a fabric has at most %u ports", name, PORTS_MAX);
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	x_ops.out = fabric_sender(p);
	if (p)
		p->x = fc_exchanges_new(f->loop, &x_ops);
	if (!p || !p->x) {
		snprintf(why, why_size, "port %s: out of memory", name);
		free(p);
		return NULL;
	}
	p->f = f;
	p->number = i;
	p->ops = ops;
	snprintf(p->name, sizeof(p->name), "%s", name);
	port_init(p);
	f->port[i] = p;
	return p;
}

void fabric_remove_port(struct port *p)
{
	login_end_all(p);
	port_flush(p);
	model_timer_cancel(p->f->loop, &p->relight);
	fc_wire_close(p->wire);
	fc_exchanges_free(p->x);
	p->f->port[p->number] = NULL;
	free(p);
}

static void on_frame(void *dev, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof)
{
	fabric_receive(dev, sof, frame, n, eof);
}

static void on_link(void *dev, bool up)
{
	struct port *p = dev;

	model_log("port %u (%s): link %s", p->number, p->name, up ? "up" : "down");
	if (!up)
		login_end_all(p);
}

static void on_ready(void *dev)
{
	port_ready(dev);
}

static const struct fc_wire_ops wire_ops = {
	.receive = on_frame, .link = on_link, .ready = on_ready,
};

static int wire_send(struct port *p, uint8_t sof, const uint8_t *frame, size_t n, uint8_t eof,
		     bool corrupt)
{
	fc_wire_corrupt(p->wire, corrupt ? 1 : 0);
	return fc_wire_send(p->wire, sof, frame, n, eof);
}

static void wire_pause(struct port *p, bool pause)
{
	fc_wire_pause(p->wire, pause);
}

static void relight(void *arg)
{
	struct port *p = arg;

	fc_wire_set_light(p->wire, true);
}

static void wire_light(struct port *p, bool on, unsigned int ms)
{
	fc_wire_set_light(p->wire, on);
	model_timer_cancel(p->f->loop, &p->relight);
	if (!on && ms)
		model_timer_set(p->f->loop, &p->relight, ms * 1000000ull);
}

static const struct port_ops on_wire = {
	.send = wire_send, .pause = wire_pause, .light = wire_light,
};

static struct port *with_wire(struct port *p, struct fc_wire *w)
{
	if (!w) {
		fabric_remove_port(p);
		return NULL;
	}
	p->wire = w;
	p->relight = (struct model_timer){.fn = relight, .arg = p};
	return p;
}

struct port *fabric_listen(struct fabric *f, const char *path, char *why, size_t why_size)
{
	struct port *p = fabric_add_port(f, &on_wire, path, why, why_size);
	char spec[160];

	if (!p)
		return NULL;
	if (snprintf(spec, sizeof(spec), "fc-listen:%s", path) >= (int)sizeof(spec)) {
		snprintf(why, why_size, "port %s: the path is too long", path);
		return with_wire(p, NULL);
	}
	return with_wire(p, fc_wire_open(f->loop, spec, &wire_ops, p, why, why_size));
}

struct port *fabric_adopt(struct fabric *f, int sock, char *why, size_t why_size)
{
	struct port *p = fabric_add_port(f, &on_wire, "adopted", why, why_size);
	struct fc_wire *w;

	if (!p)
		return NULL;
	w = fc_wire_adopt(f->loop, sock, &wire_ops, p);
	if (!w)
		snprintf(why, why_size, "port: %s", strerror(errno));
	return with_wire(p, w);
}
