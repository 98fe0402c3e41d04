// SPDX-License-Identifier: Apache-2.0
#include "kernel/worker/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct head {
	uint32_t type;
	int32_t status;
};

int chan_send(int sock, uint32_t type, int32_t status, const void *body, size_t len, const int *fds,
	      int nfd)
{
	unsigned char buf[sizeof(struct head) + CHAN_BODY_MAX];
	struct head h = {type, status};
	ssize_t r;

	if (len > CHAN_BODY_MAX)
		return -EMSGSIZE;
	memcpy(buf, &h, sizeof(h));
	if (len)
		memcpy(buf + sizeof(h), body, len);
	r = fdpass_send(sock, buf, sizeof(h) + len, fds, nfd, 0);
	return r < 0 ? (int)r : 0;
}

int chan_recv(int sock, struct chan_msg *m, int flags)
{
	unsigned char buf[sizeof(struct head) + CHAN_BODY_MAX];
	struct head h;
	ssize_t r;

	memset(buf, 0, sizeof(h));
	m->nfd = FDPASS_MAX;
	r = fdpass_recv(sock, buf, sizeof(buf), m->fd, &m->nfd, flags);
	if (r <= 0)
		m->nfd = 0;
	if (r == 0 || r == -ECONNRESET)
		return -EPIPE;
	if (r == -EMSGSIZE) {
		memcpy(&h, buf, sizeof(h));
		m->type = h.type;
		m->len = 0;
	}
	if (r < 0)
		return (int)r;
	if ((size_t)r < sizeof(h)) {
		chan_close_fds(m);
		return -EPROTO;
	}
	memcpy(&h, buf, sizeof(h));
	m->type = h.type;
	m->status = h.status;
	m->len = (uint32_t)((size_t)r - sizeof(h));
	memcpy(m->body, buf + sizeof(h), m->len);
	return 0;
}

void chan_tidy(char *text, size_t n)
{
	text[n - 1] = 0;
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

const char *chan_text(struct chan_msg *m)
{
	char *text = (char *)m->body;

	if (m->len < sizeof(m->body))
		text[m->len] = 0;
	chan_tidy(text, sizeof(m->body));
	return text;
}

void chan_close_fds(struct chan_msg *m)
{
	for (int i = 0; i < m->nfd; i++)
		if (m->fd[i] >= 0)
			close(m->fd[i]);
	m->nfd = 0;
}

int chan_send_err(int sock, uint32_t type, int code, const struct err *e)
{
	return chan_send(sock, type, code, e->msg, strnlen(e->msg, sizeof(e->msg)), NULL, 0);
}
