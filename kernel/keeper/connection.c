// SPDX-License-Identifier: Apache-2.0
/* What a port's connection must not lose with its worker: descriptors, and what messages led to. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/log.h"

void kept_init(struct kept *k)
{
	memset(k->fd, 0xff, sizeof(k->fd)); /* none: -1 */
	memset(&k->conn, 0, sizeof(k->conn));
}

void kept_close(struct kept *k)
{
	for (int i = 0; i < KEEP_KINDS; i++)
		for (int n = 0; n < KEEP_MEMS; n++)
			if (k->fd[i][n] >= 0)
				close(k->fd[i][n]);
	kept_init(k);
}

/* Memory is a file of memory, all else an eventfd: nothing that could hold us when it is closed. */
static bool fits(uint32_t kind, int fd)
{
	char path[40], to[32] = "";

	if (kind == KEEP_MEM || kind == KEEP_INFLIGHT)
		return fcntl(fd, F_GET_SEALS) >= 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, to, sizeof(to) - 1) > 0 && !strcmp(to, "anon_inode:[eventfd]");
}

int kept_put(struct port *p, uint32_t kind, uint32_t index, int fd)
{
	int *at;

	if (kind >= KEEP_KINDS || index >= keep_count(kind) || (fd >= 0 && !fits(kind, fd)))
		return -EINVAL;
	at = &p->kept.fd[kind][index];
	if (*at >= 0)
		close(*at);
	*at = fd;
	return 0;
}

/* A message full of descriptors, or what there is. */
static int send_kept(struct child *c, struct chan_kept *k, const int *fds, int *n, struct err *e)
{
	int r = *n ? child_call(c, CMD_PORT_KEPT, k, sizeof(*k), fds, *n, NULL, 0, e) : 0;

	*n = 0;
	return r;
}

static int replay_kept(struct child *c, const struct port *p, struct err *e)
{
	struct chan_kept k = {0};
	int fds[FDPASS_MAX], n = 0, r = 0;

	for (uint32_t kind = 0; kind < KEEP_KINDS; kind++) {
		for (uint32_t i = 0; i < keep_count(kind) && r == 0; i++) {
			if (p->kept.fd[kind][i] < 0)
				continue;
			k.key[n].kind = kind;
			k.key[n].index = i;
			fds[n++] = p->kept.fd[kind][i];
			if (n == FDPASS_MAX)
				r = send_kept(c, &k, fds, &n, e);
		}
	}
	return r ? r : send_kept(c, &k, fds, &n, e);
}

int replay_connection(struct child *c, struct port *p, struct err *e)
{
	static struct chan_resume q;
	int r = replay_kept(c, p, e);

	snprintf(q.name, sizeof(q.name), "%s", p->conf.name);
	q.conn = p->kept.conn;
	if (r == 0)
		r = child_call(c, CMD_PORT_RESUME, &q, sizeof(q), &p->conn, 1, NULL, 0, e);
	if (r == 0 || !c->pid)
		return r;
	/* This one cannot go on; the others can. */
	log_warning("port %s: its connection is given up: %s", p->conf.name, e->msg);
	set_port_gone(c->set, p->conf.name, e->msg);
	return 0;
}
