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
	return 0;
}

int port_keep(void *arg, uint32_t kind, uint32_t index, int fd)
{
	const struct guest_port *p = arg;
	const struct dp_conf *c = &p->dp->conf;

	return c->keep ? c->keep(c->arg, p->conf.name, kind, index, fd) : 0;
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
	dp->nudge |= p->vu && kept;
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
