// SPDX-License-Identifier: Apache-2.0
/* The fibre between two models: a unix socket of packets that carries frames and light. */
#include "../internal.h"

#include <vmhi-model/fc-wire.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#define BURST		32		/* packets before the rest of the loop gets its turn */
#define RETRY_NS	100000000u	/* until the far end is looked for again */
#define HEAD_SIZE	4		/* SOF, EOF, kind, 0 */
#define CRC_SIZE	4
#define KIND_FRAME	0
#define KIND_LIGHT	1
#define LIGHT_SIZE	8

/*
 * What an end says of its light. gen tells one period of light from the next; heard is the gen last
 * heard from the other end. The link is up when the far end is lit and has heard of our own present
 * period: so what was under way before a loss of light is never taken for what came after it.
 */
struct light {
	uint8_t on, gen, heard;
};

struct fc_wire {
	struct model_loop *loop;
	const struct fc_wire_ops *ops;
	void *dev;
	int listener, sock;		/* -1: none */
	char *path;			/* NULL: adopted, or no fibre */
	struct light mine, told, far;
	bool dead;			/* the socket failed in the midst of a call */
	bool reported, dipped;		/* what link() said last; was down since */
	bool full, paused;
	unsigned int corrupt;
	struct model_timer later;	/* to report what a call found */
	struct model_timer retry;
	struct fc_wire_counts counts;
	uint8_t in[HEAD_SIZE + FC_FRAME_MAX + CRC_SIZE + 1];	/* one more: to see what is too long */
};

static bool light_same(const struct light *a, const struct light *b)
{
	return a->on == b->on && a->gen == b->gen && a->heard == b->heard;
}

bool fc_wire_up(const struct fc_wire *w)
{
	return w->sock >= 0 && !w->dead && w->mine.on && light_same(&w->mine, &w->told) &&
	       w->far.on && w->far.heard == w->mine.gen;
}

/* From the loop only. link() may change anything but free the wire. */
static void report(struct fc_wire *w)
{
	if (w->reported && (w->dipped || !fc_wire_up(w))) {
		w->reported = w->dipped = false;
		w->ops->link(w->dev, false);
	}
	if (!w->reported && fc_wire_up(w)) {
		w->reported = true;
		w->ops->link(w->dev, true);
	}
}

static void report_later(struct fc_wire *w)
{
	w->dipped = w->reported;
	model_timer_set(w->loop, &w->later, 0);
}

static void watch(struct fc_wire *w)
{
	bool owed = w->full || !light_same(&w->mine, &w->told);

	if (w->sock >= 0)
		model_loop_watch(w->loop, w->sock,
				 (short)((w->paused ? 0 : POLLIN) | (owed ? POLLOUT : 0)));
}

/* 0, -EAGAIN, or -ENOLINK when the far end is gone. */
static int put(struct fc_wire *w, struct iovec *v, size_t n)
{
	struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
	ssize_t r;

	do
		r = sendmsg(w->sock, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r >= 0)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
		return -EAGAIN;
	w->dead = true;
	report_later(w);
	return -ENOLINK;
}

static void tell_light(struct fc_wire *w)
{
	const struct light *l = &w->mine;
	uint8_t packet[LIGHT_SIZE] = {0, 0, KIND_LIGHT, 0, l->on, l->gen, l->heard, 0};
	struct iovec v = {packet, sizeof(packet)};

	if (w->sock < 0 || w->dead || light_same(l, &w->told))
		return;
	if (put(w, &v, 1) == 0)
		w->told = *l;
	watch(w);
}

/* The far end is gone; whoever comes next is another. */
static void unplug(struct fc_wire *w)
{
	model_loop_del(w->loop, w->sock);
	close(w->sock);
	w->sock = -1;
	w->dead = w->full = false;
	if (w->path)
		model_timer_set(w->loop, &w->retry, w->listener >= 0 ? 0 : RETRY_NS);
	report(w);
}

static void on_later(void *arg)
{
	struct fc_wire *w = arg;

	if (w->sock >= 0 && w->dead)
		unplug(w);
	else
		report(w);
}

static void take_light(struct fc_wire *w, const uint8_t *packet, size_t n)
{
	struct light l;

	if (n != LIGHT_SIZE || packet[4] > 1) {
		w->counts.malformed++;
		return;
	}
	l = (struct light){packet[4], packet[5], packet[6]};
	if (!l.on || l.gen != w->far.gen || l.heard != w->mine.gen)
		w->dipped = w->reported;
	w->far = l;
	w->mine.heard = l.gen;
	tell_light(w);
	report(w);
}

static void take_frame(struct fc_wire *w, const uint8_t *packet, size_t n)
{
	const uint8_t *frame = packet + HEAD_SIZE, *c;
	size_t len = n - HEAD_SIZE - CRC_SIZE;

	if (n < HEAD_SIZE + FC_HEADER_SIZE + CRC_SIZE || len > FC_FRAME_MAX || len % 4) {
		w->counts.malformed++;
		return;
	}
	if (!fc_wire_up(w))
		return;
	c = frame + len;
	if (crc32(0, frame, (uInt)len) !=
	    ((uint32_t)c[3] << 24 | (uint32_t)c[2] << 16 | (uint32_t)c[1] << 8 | c[0])) {
		w->counts.crc_errors++;
		return;
	}
	w->counts.received++;
	w->ops->receive(w->dev, packet[0], frame, len, packet[1]);
}

/* False: nothing more to take for now. */
static bool take_packet(struct fc_wire *w)
{
	ssize_t n = recv(w->sock, w->in, sizeof(w->in), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {		/* an empty packet is malformed enough to hang up */
		unplug(w);
		return false;
	}
	if (w->dipped)
		report(w);
	if (n < HEAD_SIZE || w->in[2] > KIND_LIGHT || w->in[3])
		w->counts.malformed++;
	else if (w->in[2] == KIND_LIGHT)
		take_light(w, w->in, (size_t)n);
	else
		take_frame(w, w->in, (size_t)n);
	return w->sock >= 0 && !w->dead && !w->paused;
}

static void on_packets(void *arg, short revents)
{
	struct fc_wire *w = arg;

	if (w->paused && revents & (POLLHUP | POLLERR)) {
		unplug(w);
		return;
	}
	if (revents & POLLOUT) {
		tell_light(w);
		report(w);
		if (w->full && !w->dead) {
			w->full = false;
			watch(w);
			if (w->ops->ready)
				w->ops->ready(w->dev);
		}
	}
	for (int i = 0; i < BURST && w->sock >= 0 && !w->dead && !w->paused; i++)
		if (!take_packet(w))
			break;
}

static int plug_in(struct fc_wire *w, int sock)
{
	int r = model_loop_add(w->loop, sock, POLLIN, on_packets, w);

	if (r)
		return r;
	w->sock = sock;
	w->mine.heard = 0;
	w->told = w->far = (struct light){0, 0, 0};
	if (w->listener >= 0)
		model_loop_watch(w->loop, w->listener, 0);
	tell_light(w);
	watch(w);
	return 0;
}

static void on_connect(void *arg, short revents)
{
	struct fc_wire *w = arg;
	int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && plug_in(w, fd) == 0)
		return;
	if (fd >= 0)
		close(fd);
	/* It cannot be taken now, and would be announced again at once. */
	model_loop_watch(w->loop, w->listener, 0);
	model_timer_set(w->loop, &w->retry, RETRY_NS);
}

static void look_for_port(struct fc_wire *w)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(sa.sun_path, w->path, strlen(w->path) + 1);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && plug_in(w, fd) == 0)
		return;
	if (fd >= 0)
		close(fd);
	model_timer_set(w->loop, &w->retry, RETRY_NS);
}

static void on_retry(void *arg)
{
	struct fc_wire *w = arg;

	if (w->sock >= 0)
		return;
	if (w->listener >= 0)
		model_loop_watch(w->loop, w->listener, POLLIN);
	else
		look_for_port(w);
}

static int open_path(struct fc_wire *w, const char *path, bool listens)
{
	int r;

	if (!*path || strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return -ENAMETOOLONG;
	w->path = strdup(path);
	if (!w->path)
		return -ENOMEM;
	if (!listens) {
		look_for_port(w);
		return 0;
	}
	w->listener = listen_at(path, SOCK_SEQPACKET);
	if (w->listener < 0) {
		r = w->listener;
		w->listener = -1;
		return r;
	}
	return model_loop_add(w->loop, w->listener, POLLIN, on_connect, w);
}

static struct fc_wire *new_wire(struct model_loop *l, const struct fc_wire_ops *ops, void *dev)
{
	struct fc_wire *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->loop = l;
	w->ops = ops;
	w->dev = dev;
	w->listener = w->sock = -1;
	w->mine = (struct light){.on = 1, .gen = 1};
	w->later = (struct model_timer){.fn = on_later, .arg = w};
	w->retry = (struct model_timer){.fn = on_retry, .arg = w};
	return w;
}

struct fc_wire *fc_wire_open(struct model_loop *l, const char *spec, const struct fc_wire_ops *ops,
			     void *dev, char *why, size_t why_size)
{
	struct fc_wire *w = new_wire(l, ops, dev);
	int r = 0;

	if (!w) {
		snprintf(why, why_size, "wire: out of memory");
		return NULL;
	}
	if (!strncmp(spec, "fc:", 3)) {
		r = open_path(w, spec + 3, false);
	} else if (!strncmp(spec, "fc-listen:", 10)) {
		r = open_path(w, spec + 10, true);
	} else if (strcmp(spec, "none")) {
		snprintf(why, why_size, "wire %s: not known; use fc:PATH, fc-listen:PATH or none",
			 spec);
		fc_wire_close(w);
		return NULL;
	}
	if (r) {
		snprintf(why, why_size, "wire %s: %s", spec, strerror(-r));
		fc_wire_close(w);
		return NULL;
	}
	return w;
}

struct fc_wire *fc_wire_adopt(struct model_loop *l, int sock, const struct fc_wire_ops *ops,
			      void *dev)
{
	struct fc_wire *w = new_wire(l, ops, dev);
	int r;

	if (!w) {
		errno = ENOMEM;
		return NULL;
	}
	r = plug_in(w, sock);
	if (r) {
		fc_wire_close(w);
		errno = -r;
		return NULL;
	}
	return w;
}

void fc_wire_close(struct fc_wire *w)
{
	if (!w)
		return;
	model_timer_cancel(w->loop, &w->later);
	model_timer_cancel(w->loop, &w->retry);
	if (w->sock >= 0) {
		model_loop_del(w->loop, w->sock);
		close(w->sock);
	}
	if (w->listener >= 0) {
		model_loop_del(w->loop, w->listener);
		close(w->listener);
		unlink(w->path);
	}
	free(w->path);
	free(w);
}

int fc_wire_send(struct fc_wire *w, uint8_t sof, const void *frame, size_t n, uint8_t eof)
{
	uint8_t head[HEAD_SIZE] = {sof, eof, KIND_FRAME, 0}, tail[CRC_SIZE];
	struct iovec v[3] = {{head, sizeof(head)}, {(void *)frame, n}, {tail, sizeof(tail)}};
	uint32_t crc;
	int r;

	if (n < FC_HEADER_SIZE || n > FC_FRAME_MAX || n % 4)
		return -EMSGSIZE;
	if (!fc_wire_up(w))
		return -ENOLINK;
	/* As on the fibre, where the polynomial's highest power goes first and bytes low bit first. */
	crc = (uint32_t)crc32(0, frame, (uInt)n) ^ (w->corrupt ? 1 : 0);
	for (int i = 0; i < CRC_SIZE; i++)
		tail[i] = (uint8_t)(crc >> 8 * i);
	r = put(w, v, 3);
	if (r == -EAGAIN) {
		w->full = true;
		watch(w);
	} else if (r == 0) {
		w->counts.sent++;
		w->corrupt -= w->corrupt ? 1 : 0;
	}
	return r;
}

void fc_wire_set_light(struct fc_wire *w, bool on)
{
	if (w->mine.on == on)
		return;
	w->mine.on = on;
	if (on && !++w->mine.gen)
		w->mine.gen = 1;
	tell_light(w);
	report_later(w);
}

void fc_wire_pause(struct fc_wire *w, bool pause)
{
	w->paused = pause;
	watch(w);
}

void fc_wire_corrupt(struct fc_wire *w, unsigned int n)
{
	w->corrupt = n;
}

const struct fc_wire_counts *fc_wire_counts(const struct fc_wire *w)
{
	return &w->counts;
}
