// SPDX-License-Identifier: Apache-2.0
/* vmhi-worker: does what the keeper commands, one message at a time, until told to quit. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/admission/loader.h"
#include "kernel/lib/log.h"
#include "kernel/lib/map-shared.h"
#include "kernel/worker/worker.h"

int worker_request_fd(enum chan_request type, void *body, size_t len, int fd)
{
	static struct chan_msg m;
	int r = chan_send(CHAN_FD_REQUEST, type, 0, body, len, &fd, fd >= 0);

	if (r == 0)
		r = chan_recv(CHAN_FD_REQUEST, &m, 0);
	if (r) {
		/* Without a keeper there is nobody to work for. */
		log_error("the keeper does not answer: %s", strerror(-r));
		_exit(1);
	}
	chan_close_fds(&m);
	if (m.status)
		return m.status;
	if (m.len == len)
		memcpy(body, m.body, len);
	return 0;
}

int worker_request(enum chan_request type, void *body, size_t len)
{
	return worker_request_fd(type, body, len, -1);
}

static int port_keep(void *arg, const char *port, uint32_t kind, uint32_t index, int fd)
{
	struct chan_keep q = {.kind = kind, .index = index};

	snprintf(q.name, sizeof(q.name), "%s", port);
	return worker_request_fd(REQ_KEEP, &q, sizeof(q), fd);
}

static int port_report(void *arg, const char *port, const struct session_report *report, int fd,
		       struct err *e)
{
	static struct chan_report q;
	int r;

	snprintf(q.name, sizeof(q.name), "%s", port);
	q.report = *report;
	r = worker_request_fd(REQ_REPORT, &q, sizeof(q), fd);
	return r ? err_set(e, r, "a message cannot be answered, or taken out of its socket: %s",
			   strerror(-r)) : 0;
}

static void port_gone(void *arg, const char *port, const char *why)
{
	struct chan_port_gone q = {0};

	snprintf(q.name, sizeof(q.name), "%s", port);
	snprintf(q.why, sizeof(q.why), "%s", why);
	worker_request(REQ_PORT_GONE, &q, sizeof(q));
}

void worker_fault(struct worker *w, const char *fmt, ...)
{
	struct chan_fault q = {0};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(q.why, sizeof(q.why), fmt, ap);
	va_end(ap);
	worker_request(REQ_FAULT, &q, sizeof(q));
	w->fault = true;
	event_loop_stop(w->loop);
}

/* The set recovers as one, with a driver that starts afresh. */
static void uplink_failed(void *arg, const char *uplink, const char *why)
{
	worker_fault(arg, "uplink %s: %s", uplink, why);
}

static int cmd_pool(struct worker *w, const struct chan_msg *m, struct err *e)
{
	struct dp_conf conf = {.port_gone = port_gone, .uplink_failed = uplink_failed,
			       .keep = port_keep, .report = port_report, .arg = w};

	memcpy(&w->pool, m->body, sizeof(w->pool));
	w->pool_va = map_shared(m->fd[0], w->pool.len);
	if (!w->pool_va)
		return err_set(e, -errno, "the DMA pool cannot be mapped: %s", strerror(errno));
	conf.session = map_shared(m->fd[1], sizeof(struct session));
	if (!conf.session)
		return err_set(e, -errno, "the session cannot be mapped: %s", strerror(errno));
	conf.mtu = w->pool.mtu;
	conf.mem.va = w->pool_va + w->pool.packet_off;
	conf.mem.iova = w->pool.iova + w->pool.packet_off;
	conf.mem.len = w->pool.packet_len;
	w->dp = dp_new(w->loop, &conf, e);
	return w->dp ? 0 : e->code;
}

static int cmd_plugin(struct worker *w, const struct chan_msg *m, struct err *e)
{
	/* The handle is never closed: a plugin leaves with its process. */
	if (!loader_open(m->fd[0], &w->ops, e))
		return e->code;
	crash_watch(w->ops);
	return 0;
}

/* Descriptors that the data path or a device keeps are marked as taken. */
static void take(struct chan_msg *m)
{
	for (int i = 0; i < m->nfd; i++)
		m->fd[i] = -1;
}

static int cmd_device_part(struct worker *w, struct chan_msg *m, struct err *e)
{
	struct chan_vectors v;
	struct chan_index ix;
	int r;

	switch (m->type) {
	case CMD_DEVICE:
		return device_add(w, (struct chan_device *)m->body, e);
	case CMD_AREA:
		/* The descriptor is closed after this: over VFIO it is the device itself. */
		return device_area(w, (struct chan_area *)m->body, m->fd[0], e);
	case CMD_VECTORS:
		memcpy(&v, m->body, sizeof(v));
		r = device_vectors(w, &v, m->fd, m->nfd, e);
		break;
	default:
		memcpy(&ix, m->body, sizeof(ix));
		r = device_ring(w, ix.index, m->fd[0], m->fd[1], m->fd[2], e);
		if (r == 0) {
			close(m->fd[0]);
			m->fd[0] = -1;
		}
		break;
	}
	if (r == 0)
		take(m);
	return r;
}

static void cmd_port_kept(struct worker *w, struct chan_msg *m)
{
	const struct chan_kept *k = (const struct chan_kept *)m->body;

	for (int i = 0; i < m->nfd; i++)
		w->kept.fd[k->key[i].kind][k->key[i].index] = m->fd[i];
	take(m);
}

/* What the port has no use for, and every descriptor of a spoilt one, is closed. */
static int cmd_port_resume(struct worker *w, const struct chan_resume *q, int sock, struct err *e)
{
	int *fd = &w->kept.fd[0][0], r;

	w->kept.conn = q->conn;
	r = dp_port_resume(w->dp, q->name, sock, &w->kept, e);

	for (int i = 0; i < KEEP_KINDS * KEEP_MEMS; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
	return r;
}

static int cmd_port(struct worker *w, struct chan_msg *m, struct err *e)
{
	struct dp_port_conf *pc = (struct dp_port_conf *)m->body;
	struct chan_uplink *up = (struct chan_uplink *)m->body;
	struct chan_name *name = (struct chan_name *)m->body;
	int r;

	switch (m->type) {
	case CMD_PORT_ADD:
		return dp_port_add(w->dp, pc, e);
	case CMD_PORT_DEL:
		r = dp_port_del(w->dp, name->name);
		return r ? err_set(e, r, "port %s: %s", name->name, strerror(-r)) : 0;
	case CMD_UPLINK:
		r = dp_uplink_fd(w->dp, up->name, m->fd[0], (int)up->kind, e);
		break;
	case CMD_PORT_RESUME:
		r = cmd_port_resume(w, (struct chan_resume *)m->body, m->fd[0], e);
		break;
	default:
		r = dp_port_connect(w->dp, name->name, m->fd[0], e);
		break;
	}
	if (r >= 0)
		take(m);
	return r < 0 ? r : 0;
}

static int run(struct worker *w, struct chan_msg *m, struct err *e)
{
	struct chan_index *ix = (struct chan_index *)m->body;

	switch (m->type) {
	case CMD_PLUGIN:
		return cmd_plugin(w, m, e);
	case CMD_POOL:
		return cmd_pool(w, m, e);
	case CMD_DEVICE:
	case CMD_AREA:
	case CMD_VECTORS:
	case CMD_RING:
		return cmd_device_part(w, m, e);
	case CMD_SANDBOX:
		w->listener = sandbox_enter(ix->index, e);
		return w->listener < 0 ? w->listener : 0;
	case CMD_ATTACH:
		return device_attach_all(w, ix->index, e);
	case CMD_START:
		return device_start_all(w, e);
	case CMD_GO:
		dp_start(w->dp);
		return 0;
	case CMD_LET_GO:
		dp_let_go(w->dp);
		return 0;
	case CMD_PORT_KEPT:
		cmd_port_kept(w, m);
		return 0;
	case CMD_UPLINK:
	case CMD_PORT_ADD:
	case CMD_PORT_DEL:
	case CMD_PORT_CONNECT:
	case CMD_PORT_RESUME:
		return cmd_port(w, m, e);
	case CMD_DEVICE_GONE:
		device_gone(w, ix->index);
		return 0;
	case CMD_PORT_STATS:
	case CMD_DATA_STATS:
		return 0; /* all is in the answer */
	case CMD_PING:
		if (w->dp)
			dp_check(w->dp);
		return 0;
	case CMD_QUIT:
		device_stop_all(w);
		w->quit = true;
		event_loop_stop(w->loop);
		return 0;
	}
	return err_set(e, -ENOSYS, "unknown command %u", m->type);
}

/* The commands that answer more than success. */
static int answer(struct worker *w, const struct chan_msg *m)
{
	const struct chan_index *ix = (const struct chan_index *)m->body;
	struct dp_port_stats ps;
	struct dp_stats ds;
	int r;

	if (m->type == CMD_PORT_STATS) {
		r = dp_port_stats(w->dp, ix->index, &ps);
		return chan_send(CHAN_FD_COMMAND, m->type, r, &ps, r ? 0 : sizeof(ps), NULL, 0);
	}
	if (m->type == CMD_DATA_STATS) {
		dp_stats(w->dp, &ds);
		return chan_send(CHAN_FD_COMMAND, m->type, 0, &ds, sizeof(ds), NULL, 0);
	}
	if (m->type == CMD_SANDBOX) {
		r = chan_send(CHAN_FD_COMMAND, m->type, 0, NULL, 0, &w->listener, 1);
		close(w->listener);
		return r;
	}
	return chan_send(CHAN_FD_COMMAND, m->type, 0, NULL, 0, NULL, 0);
}

static void command(void *arg, uint32_t events)
{
	static struct chan_msg m;
	struct worker *w = arg;
	struct err e = {0};
	int r = chan_recv(CHAN_FD_COMMAND, &m, MSG_DONTWAIT);

	if (r == -EAGAIN)
		return;
	if (r && r != -EMSGSIZE) {
		log_error("the keeper is gone");
		_exit(1);
	}
	r = r ? err_set(&e, -EMFILE, "the worker has no room for more descriptors") :
		run(w, &m, &e);
	chan_close_fds(&m);
	r = r ? chan_send_err(CHAN_FD_COMMAND, m.type, r, &e) : answer(w, &m);
	if (r) {
		log_error("the keeper cannot be answered: %s", strerror(-r));
		_exit(1);
	}
}

int main(int argc, char **argv)
{
	static struct worker w;

	/* The keeper gives the set's name; nobody else starts this program. */
	if (argc != 2) {
		fprintf(stderr, "vmhi-worker: started by vmhi-driverd only\n");
		return 2;
	}
	log_init(NULL, NULL);	/* the keeper says whose lines these are */
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C on the keeper's terminal is the keeper's to handle. */
	signal(SIGINT, SIG_IGN);
	memset(&w.kept, 0xff, sizeof(w.kept)); /* none: -1 */
	w.loop = event_loop_new();
	if (!w.loop || !event_add(w.loop, CHAN_FD_COMMAND, EPOLLIN, command, &w)) {
		log_error("no event loop: %s", strerror(errno));
		return 1;
	}
	event_loop_run(w.loop);
	/* At once: exit() would want more than the sandbox has. */
	_exit(w.quit ? 0 : w.fault ? 3 : 1);
}
