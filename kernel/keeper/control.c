// SPDX-License-Identifier: Apache-2.0
/* The set's control socket: what "vmhi set", "vmhi port" and "vmhi run" ask for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/json.h"
#include "kernel/lib/log.h"

/* The last restarts, the oldest first. */
static json_t *recoveries(const struct restarts *r)
{
	json_t *list = json_array();

	for (uint32_t i = r->n > RESTARTS_KEPT ? r->n - RESTARTS_KEPT : 0; i < r->n; i++) {
		const struct restart *one = &r->last[i % RESTARTS_KEPT];

		json_array_append_new(list, json_pack("{s:I,s:s,s:f,s:b}",
			"at", (json_int_t)one->at, "cause", one->cause,
			"ms", one->us / 1000.0, "planned", one->planned));
	}
	return list;
}

static json_t *op_status(struct set *s, struct err *e)
{
	struct dp_stats ds = {0};

	/* It is asked even when no worker can answer. */
	if (s->child->pid && child_call(s->child, CMD_DATA_STATS, NULL, 0, NULL, 0, &ds,
					sizeof(ds), e) && s->child->pid)
		return NULL;
	return json_pack("{s:s,s:s,s:i,s:i,s:i,s:I,s:s?,s:o,s:o,s:s?,s:s?,s:i,s:b,s:i,s:I,s:b,"
			 "s:{s:I,s:I,s:I,s:I,s:I,s:I}}",
			 "name", s->cfg.name, "state", s->failed ? "failed" : "running",
			 "pid", getpid(), "worker", s->child->pid,
			 "spare", s->spare && !s->spare->orders ? s->spare->pid : 0,
			 "restarts", (json_int_t)s->restarts.total,
			 "cause", s->restarts.cause[0] ? s->restarts.cause : NULL,
			 "recoveries", recoveries(&s->restarts),
			 "replace", replace_status(s),
			 "driver", s->note ? s->note->name : NULL,
			 "version", s->note ? s->note->version : NULL,
			 "mtu", (int)s->cfg.mtu, "sandbox", s->child->own_mounts,
			 "denied", (int)s->child->denied.count,
			 "pool", (json_int_t)s->pool.len, "hugepages", s->pool.huge,
			 "data", "busy_cycles", (json_int_t)ds.busy_cycles,
			 "packets", (json_int_t)ds.packets,
			 "rounds", (json_int_t)ds.rounds,
			 "busy_rounds", (json_int_t)ds.busy_rounds,
			 "buffers", (json_int_t)ds.buffers,
			 "buffers_free", (json_int_t)ds.buffers_free);
}

static json_t *describe_port(struct set *s, const struct dp_port_stats *ps)
{
	static const char *const kinds[] = {"port", "driver", "tap", "passt"};
	const struct port *p = set_port_find(s, ps->name);
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", ps->mac[0], ps->mac[1],
		 ps->mac[2], ps->mac[3], ps->mac[4], ps->mac[5]);
	return json_pack("{s:s,s:s,s:b,s:b,s:b,s:s,s:i,s:s?,s:I,s:I,s:I,s:I,s:{s:I,s:I,s:I,s:I,"
			 "s:I},s:I}",
			 "name", ps->name, "kind", kinds[ps->kind & 3],
			 "connected", !!ps->connected, "up", !!ps->up, "active", !!ps->active,
			 "mac", mac, "vlan", (int)ps->vlan, "socket", p ? p->socket : NULL,
			 "rx_packets", (json_int_t)ps->rx_packets,
			 "rx_bytes", (json_int_t)ps->rx_bytes,
			 "tx_packets", (json_int_t)ps->tx_packets,
			 "tx_bytes", (json_int_t)ps->tx_bytes,
			 "drops", "spoof", (json_int_t)ps->drop_spoof,
			 "vlan", (json_int_t)ps->drop_vlan, "rate", (json_int_t)ps->drop_rate,
			 "nobuf", (json_int_t)ps->drop_nobuf, "bad", (json_int_t)ps->drop_bad,
			 "ring_errors", (json_int_t)ps->ring_errors);
}

/* No worker is there to ask: what is known of the ports without it. */
static json_t *ports_by_session(struct set *s)
{
	json_t *list = json_array();

	for (const struct port *p = s->ports; p; p = p->next) {
		const struct session_count *n = &s->session->port_count[p->conf.slot];
		struct dp_port_stats ps = {
			.vlan = p->conf.vlan, .connected = p->conn >= 0,
			.rx_packets = n->c.rx_packets, .rx_bytes = n->c.rx_bytes,
			.tx_packets = n->c.tx_packets, .tx_bytes = n->c.tx_bytes,
			.drop_spoof = n->c.drop_spoof, .drop_vlan = n->c.drop_vlan,
			.drop_rate = n->c.drop_rate, .drop_nobuf = n->c.drop_nobuf,
			.drop_bad = n->c.drop_bad + n->bad, .ring_errors = n->ring_errors,
		};

		memcpy(ps.name, p->conf.name, sizeof(ps.name));
		memcpy(ps.mac, p->conf.mac, sizeof(ps.mac));
		json_array_append_new(list, describe_port(s, &ps));
	}
	return json_pack("{s:o}", "ports", list);
}

static json_t *op_ports(struct set *s, struct err *e)
{
	json_t *list = json_array();
	struct chan_index ix = {0};
	struct dp_port_stats ps;
	uint32_t most = BUS_DEVICES_MAX + 2; /* uplinks: cards, a tap, passt */
	int r = 0;

	/* The worker says where the list ends; one that lies does not make it endless. */
	for (const struct port *p = s->ports; p; p = p->next)
		most++;
	for (; ix.index < most; ix.index++) {
		r = child_call(s->child, CMD_PORT_STATS, &ix, sizeof(ix), NULL, 0, &ps, sizeof(ps), e);
		if (r)
			break;
		chan_tidy(ps.name, sizeof(ps.name)); /* the worker's words */
		json_array_append_new(list, describe_port(s, &ps));
	}
	if (r == 0 || r == -ENOENT)
		return json_pack("{s:o}", "ports", list);
	json_decref(list);
	return set_restarts(s) ? ports_by_session(s) : NULL;
}

static json_t *op_devices(struct set *s)
{
	const struct restarts *r = &s->restarts;
	const char *last = r->cause[0] ? r->cause : NULL;
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->bus.ndev; i++) {
		const struct bus_device *d = s->bus.dev[i];
		char id[10];

		snprintf(id, sizeof(id), "%04x:%04x", d->vendor, d->device);
		json_array_append_new(list, json_pack("{s:s,s:s,s:i,s:b,s:I,s:s?}", "name",
			d->name, "id", id, "vectors", (int)d->nvec, "present", !d->gone,
			"restarts", (json_int_t)s->restarts.total, "cause", last));
	}
	return json_pack("{s:o}", "devices", list);
}

static json_t *op_port_add(struct set *s, const json_t *request, struct err *e)
{
	struct set_port sp;

	if (config_port(request, "port-add", "op", &sp, e))
		return NULL;
	if (sp.conf.mtu > s->cfg.mtu) {
		err_set(e, -EINVAL, "port-add: \"mtu\" %u is above the set's %u", sp.conf.mtu,
			s->cfg.mtu);
		return NULL;
	}
	if (set_port_add(s, &sp, e))
		return NULL;
	return json_pack("{s:s}", "socket", set_port_find(s, sp.conf.name)->socket);
}

static json_t *op_port_del(struct set *s, const json_t *request, struct err *e)
{
	static const char *const keys[] = {"op", "name", NULL};
	const char *name;

	if (json_known_keys(request, "port-del", keys, e) ||
	    json_get_string(request, "port-del", "name", true, &name, e) || set_port_del(s, name, e))
		return NULL;
	return json_object();
}

static json_t *op_replace(struct set *s, const json_t *request, struct err *e)
{
	static const char *const keys[] = {"op", "driver", "trial", NULL};
	const char *path;
	uint64_t trial_ms = 1000;

	if (json_known_keys(request, "replace", keys, e) ||
	    json_get_string(request, "replace", "driver", true, &path, e) ||
	    json_get_uint(request, "replace", "trial", false, 1, 60000, &trial_ms, e) ||
	    replace_begin(s, path, (uint32_t)trial_ms, e))
		return NULL;
	return json_object();
}

static json_t *answer(void *arg, const char *op, const json_t *request, struct control_take *take,
		      struct err *e)
{
	struct set *s = arg;

	if (!strcmp(op, "status"))
		return op_status(s, e);
	if (!strcmp(op, "ports"))
		return op_ports(s, e);
	if (!strcmp(op, "devices"))
		return op_devices(s);
	if (!strcmp(op, "port-add"))
		return op_port_add(s, request, e);
	if (!strcmp(op, "port-del"))
		return op_port_del(s, request, e);
	if (!strcmp(op, "replace"))
		return op_replace(s, request, e);
	if (!strcmp(op, "stop")) {
		event_loop_stop(s->loop);
		return json_object();
	}
	err_set(e, -ENOSYS, "set %s: no operation \"%s\"; there are status, ports, devices, "
		"port-add, port-del, replace, stop", s->cfg.name, op);
	return NULL;
}

int control_open(struct set *s, struct err *e)
{
	char path[SOCKET_MAX + 8];

	snprintf(path, sizeof(path), "%s/control", s->dir);
	s->control = control_server_new(s->loop, path, answer, s, e);
	return s->control ? 0 : e->code;
}
