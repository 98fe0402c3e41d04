// SPDX-License-Identifier: Apache-2.0
/* Front ends come to a port: new ones, and those that another process served before it died. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "kernel/net/dp.h"

/* The slot that the caller chose, or any that no other port has. */
int port_session(struct guest_port *p, struct err *e)
{
	struct dataplane *dp = p->dp;
	bool taken[SESSION_PORTS] = {false};
	uint32_t slot = p->conf.slot;

	for (uint32_t i = 0; i < dp->nports; i++)
		taken[dp->port[i]->vu_port.session - dp->session->port] = true;
	for (slot = dp->own_session ? 0 : slot; dp->own_session && slot < SESSION_PORTS; slot++)
		if (!taken[slot])
			break;
	if (slot >= SESSION_PORTS || taken[slot])
		return err_set(e, -EINVAL, "port %s: its place in the session is another's",
			       p->conf.name);
	p->vu_port.session = &dp->session->port[slot];
	if (dp->own_session)
		memset(&dp->session->port_count[slot], 0, sizeof(dp->session->port_count[slot]));
	p->sp.c = port_count(p)->c;
	p->ring_errors = port_count(p)->ring_errors;
	p->bad = port_count(p)->bad;
	return 0;
}

struct session_count *port_count(const struct guest_port *p)
{
	return &p->dp->session->port_count[p->vu_port.session - p->dp->session->port];
}

/* Each millisecond, for this is too much to do in each round; and before the thread sleeps. */
void port_save_counters(struct dataplane *dp)
{
	dp->save_at = dp->sw.clock + dp->hz / 1000;
	for (uint32_t i = 0; i < dp->nports; i++) {
		const struct guest_port *p = dp->port[i];
		struct session_count *to = port_count(p);

		to->c = p->sp.c;
		to->ring_errors = p->ring_errors;
		to->bad = p->bad;
		for (uint32_t q = 0; q < 2 * p->conf.queue_pairs; q++)
			to->bad += p->vq[q].bad;
	}
	for (uint32_t i = 0; i < dp->nuplinks; i++)
		dp->session->uplink_count[i].c = dp->uplink[i]->c;
}

/* Data thread paused. */
void port_save_macs(struct dataplane *dp)
{
	const struct macentry *e = &dp->sw.macs.set[0][0];

	for (uint32_t i = 0; i < dp->nports; i++)
		dp->port[i]->vu_port.session->macs = 0;
	for (int i = 0; i < MACTABLE_SETS * MACTABLE_WAYS; i++) {
		struct session_port *to;

		if (!e[i].key || e[i].fixed || e[i].port == SWITCH_UPLINK)
			continue;
		/* of all ports but the uplinks', sp is the first member */
		to = ((struct guest_port *)dp->sw.port[e[i].port])->vu_port.session;
		if (to->macs < SESSION_MACS)
			to->mac[to->macs++] = e[i].key;
	}
}

/* Else what is for a guest that does not speak first would not get past the card's filter. */
static void restore_macs(struct guest_port *p)
{
	const struct session_port *from = p->vu_port.session;
	uint32_t n = from->macs < SESSION_MACS ? from->macs : SESSION_MACS;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t key = from->mac[i];

		if (!(key & 1) && key << 16 && key >> 48 < 4096 &&
		    vlan_member(&p->sp, (uint16_t)(key >> 48)))
			switch_learn(&p->dp->sw, &p->sp, key);
	}
}

int port_keep(void *arg, uint32_t kind, uint32_t index, int fd)
{
	const struct guest_port *p = arg;
	const struct dp_conf *c = &p->dp->conf;

	return c->keep ? c->keep(c->arg, p->conf.name, kind, index, fd) : 0;
}

int port_report(void *arg, const struct session_report *q, int fd, struct err *e)
{
	const struct guest_port *p = arg;
	const struct dp_conf *c = &p->dp->conf;

	return c->report(c->arg, p->conf.name, q, fd, e);
}

int dp_port_resume(struct dataplane *dp, const char *name, int sock, struct kept *kept,
		   struct err *e)
{
	struct guest_port *p = port_find(dp, name);

	if (!p)
		return err_set(e, -ENOENT, "there is no port %s", name);
	if (p->vu)
		return err_set(e, -EBUSY, "port %s is connected already", name);
	if (dp_tsc() < p->barred_until)
		return err_set(e, -EAGAIN, "port %s: its front end filled an eventfd to block the "
			       "data thread; none is let in for %d s", name, PORT_BAR_SECONDS);
	dp_pause(dp);
	p->vu = vhost_user_new(dp->loop, sock, &p->vu_port, kept, e);
	if (p->vu && kept) {
		dp->nudge = true;
		restore_macs(p);
	}
	p->vu_port.resume(p);
	return p->vu ? 0 : e ? e->code : -ENOMEM;
}

int dp_port_connect(struct dataplane *dp, const char *name, int sock, struct err *e)
{
	struct guest_port *p = port_find(dp, name);

	if (p && !p->vu)
		memset(p->vu_port.session, 0, sizeof(*p->vu_port.session));
	return dp_port_resume(dp, name, sock, NULL, e);
}

/*
 * What the process before was about to tell a guest may be lost with it. The data thread does
 * this, since the front end can let the write block: see vq_unsignalled().
 */
void port_nudge_all(struct dataplane *dp)
{
	dp->nudge = false;
	for (uint32_t i = 0; i < dp->nports; i++)
		for (uint32_t q = 0; q < 2 * dp->port[i]->conf.queue_pairs; q++) {
			struct vq *vq = &dp->port[i]->vq[q];

			if (vq->nudge && vq->call_fd >= 0 && eventfd_write(vq->call_fd, 1))
				vq_unsignalled(vq);
			vq->nudge = false;
		}
}
