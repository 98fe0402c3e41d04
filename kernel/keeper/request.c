// SPDX-License-Identifier: Apache-2.0
/* What the worker asks of the keeper. Its process runs vendor code: every field is checked. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/keeper/set.h"

static int dma(struct set *s, struct chan_msg *m)
{
	struct dma_request q;
	int r;

	if (m->len != sizeof(q))
		return -EPROTO;
	memcpy(&q, m->body, sizeof(q));
	r = m->type == REQ_DMA_ALLOC ? dma_pool_alloc(&s->pool, &q) :
				       dma_pool_free(&s->pool, q.dev, q.handle);
	memcpy(m->body, &q, sizeof(q));
	return r;
}

static int config(struct set *s, struct chan_msg *m)
{
	struct chan_config q;
	int r;

	if (m->len != sizeof(q))
		return -EPROTO;
	memcpy(&q, m->body, sizeof(q));
	if (q.dev >= s->bus.ndev)
		return -ENODEV;
	r = q.write ? bus_config_write(s->bus.dev[q.dev], q.off, q.width, q.value) :
		      bus_config_read(s->bus.dev[q.dev], q.off, q.width, &q.value);
	memcpy(m->body, &q, sizeof(q));
	return r;
}

static int fault(struct child *c, struct chan_msg *m)
{
	struct chan_fault q;

	if (m->len != sizeof(q))
		return -EPROTO;
	memcpy(&q, m->body, sizeof(q));
	chan_tidy(q.why, sizeof(q.why));
	snprintf(c->reason, sizeof(c->reason), "%s", q.why);
	return 0;
}

static int gone(struct set *s, struct chan_msg *m)
{
	struct chan_port_gone q;

	if (m->len != sizeof(q))
		return -EPROTO;
	memcpy(&q, m->body, sizeof(q));
	q.name[sizeof(q.name) - 1] = 0;
	chan_tidy(q.why, sizeof(q.why));
	set_port_gone(s, q.name, q.why);
	return 0;
}

static int keep(struct set *s, struct chan_msg *m)
{
	struct chan_keep q;
	struct port *p;
	int r;

	if (m->len != sizeof(q) || m->nfd > 1)
		return -EPROTO;
	memcpy(&q, m->body, sizeof(q));
	q.name[sizeof(q.name) - 1] = 0;
	p = set_port_find(s, q.name);
	if (!p)
		return -ENOENT;
	r = kept_put(p, q.kind, q.index, m->nfd ? m->fd[0] : -1);
	if (r == 0 && m->nfd)
		m->fd[0] = -1; /* kept */
	return r;
}

static int report(struct set *s, struct chan_msg *m)
{
	static struct chan_report q;
	struct port *p;

	if (m->len != sizeof(q) || m->nfd > 1)
		return -EPROTO;
	memcpy(&q, m->body, sizeof(q));
	m->len = 0;
	q.name[sizeof(q.name) - 1] = 0;
	p = set_port_find(s, q.name);
	if (!p || p->conn < 0)
		return -ENOENT;
	return session_take(&p->kept.conn, p->conn, &q.report, m->nfd ? m->fd[0] : -1, NULL);
}

static int answer(struct child *c, struct chan_msg *m)
{
	struct set *s = c->set;

	switch (m->type) {
	case REQ_DMA_ALLOC:
	case REQ_DMA_FREE:
		return dma(s, m);
	case REQ_CONFIG:
		return config(s, m);
	case REQ_PORT_GONE:
		return gone(s, m);
	case REQ_KEEP:
		return keep(s, m);
	case REQ_REPORT:
		return report(s, m);
	case REQ_FAULT:
		return fault(c, m);
	}
	return -ENOSYS;
}

void request_serve(struct child *c)
{
	static struct chan_msg m;
	int r = chan_recv(c->request, &m, MSG_DONTWAIT);

	if (r == -EAGAIN)
		return;
	if (r) {
		child_end(c, r == -EPIPE ? "" : CHILD_LIES);
		return;
	}
	/* A spare has nothing to ask: no driver runs in it. */
	r = c == c->set->child ? answer(c, &m) : -EPERM;
	chan_close_fds(&m);
	/* One request at a time is legal, and its answer always fits. */
	if (chan_send(c->request, m.type, r, m.body, r ? 0 : m.len, NULL, 0) == -EAGAIN)
		child_end(c, "the worker asks and does not read the answers: killed");
}
