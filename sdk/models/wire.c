// SPDX-License-Identifier: Apache-2.0
/* The Ethernet cable: a pair of unix datagram sockets, a tap, or nothing. */
#include <vmhi-model/model.h>
#include <vmhi-model/wire.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BURST 32		/* frames before the rest of the loop gets its turn */
#define RETRY_NS 50000		/* a full queue does not announce room to every sender */

struct model_wire {
	struct model_loop *loop;
	const struct model_wire_ops *ops;
	void *dev;
	int fd;			/* -1: no cable */
	bool tap, up, paused;
	struct sockaddr_un remote;
	char local[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct model_timer retry;
	uint8_t frame[MODEL_FRAME_MAX + 1];	/* one more, to see what is too long */
};

static void on_frames(void *arg, short revents)
{
	struct model_wire *w = arg;

	for (int i = 0; i < BURST && !w->paused; i++) {
		ssize_t n = read(w->fd, w->frame, sizeof(w->frame));

		if (n < 0)
			return;
		if (w->up && n >= 14 && n <= MODEL_FRAME_MAX)
			w->ops->receive(w->dev, w->frame, (size_t)n);
	}
}

static void on_retry(void *arg)
{
	struct model_wire *w = arg;

	if (w->ops->ready)
		w->ops->ready(w->dev);
}

static int unix_address(struct sockaddr_un *sa, const char *path, size_t n)
{
	if (!n || n >= sizeof(sa->sun_path))
		return -EINVAL;
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	memcpy(sa->sun_path, path, n);
	return 0;
}

static int open_dgram(struct model_wire *w, const char *paths, char *why, size_t why_size)
{
	const char *comma = strchr(paths, ',');
	struct sockaddr_un local;
	int room = 1 << 20;

	if (!comma || unix_address(&local, paths, (size_t)(comma - paths)) ||
	    unix_address(&w->remote, comma + 1, strlen(comma + 1))) {
		snprintf(why, why_size, "wire dgram:%s: give two socket paths, LOCAL,REMOTE",
			 paths);
		return -EINVAL;
	}
	w->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w->fd < 0) {
		snprintf(why, why_size, "wire: socket: %s", strerror(errno));
		return -errno;
	}
	unlink(local.sun_path);
	if (bind(w->fd, (struct sockaddr *)&local, sizeof(local)) < 0) {
		snprintf(why, why_size, "wire: bind to %s: %s", local.sun_path, strerror(errno));
		return -errno;
	}
	memcpy(w->local, local.sun_path, sizeof(w->local));
	setsockopt(w->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return 0;
}

static int open_tap(struct model_wire *w, const char *name, char *why, size_t why_size)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	if (!*name || strlen(name) >= IFNAMSIZ) {
		snprintf(why, why_size, "wire tap:%s: give the name of an interface", name);
		return -EINVAL;
	}
	memcpy(ifr.ifr_name, name, strlen(name) + 1);
	w->tap = true;
	w->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (w->fd < 0 || ioctl(w->fd, TUNSETIFF, &ifr) < 0) {
		snprintf(why, why_size, "wire tap:%s: %s", name, strerror(errno));
		return -errno;
	}
	return 0;
}

struct model_wire *model_wire_open(struct model_loop *l, const char *spec,
				   const struct model_wire_ops *ops, void *dev, char *why,
				   size_t why_size)
{
	struct model_wire *w = calloc(1, sizeof(*w));
	int r = 0;

	if (!w) {
		snprintf(why, why_size, "wire: out of memory");
		return NULL;
	}
	w->loop = l;
	w->ops = ops;
	w->dev = dev;
	w->fd = -1;
	w->retry = (struct model_timer){.fn = on_retry, .arg = w};
	if (!strncmp(spec, "dgram:", 6)) {
		r = open_dgram(w, spec + 6, why, why_size);
	} else if (!strncmp(spec, "tap:", 4)) {
		r = open_tap(w, spec + 4, why, why_size);
	} else if (strcmp(spec, "none")) {
		snprintf(why, why_size,
			 "wire %s: not known; use dgram:LOCAL,REMOTE, tap:NAME or none", spec);
		r = -EINVAL;
	}
	if (!r && w->fd >= 0) {
		w->up = true;
		r = model_loop_add(l, w->fd, POLLIN, on_frames, w);
		if (r)
			snprintf(why, why_size, "wire: %s", strerror(-r));
	}
	if (r) {
		model_wire_close(w);
		return NULL;
	}
	return w;
}

void model_wire_close(struct model_wire *w)
{
	if (!w)
		return;
	model_timer_cancel(w->loop, &w->retry);
	if (w->fd >= 0) {
		model_loop_del(w->loop, w->fd);
		close(w->fd);
	}
	if (w->local[0])
		unlink(w->local);
	free(w);
}

int model_wire_send(struct model_wire *w, const void *frame, size_t n)
{
	ssize_t r;

	if (!w->up)
		return -ENOLINK;
	if (n > MODEL_FRAME_MAX)
		return -EMSGSIZE;
	do
		r = w->tap ? write(w->fd, frame, n)
			   : sendto(w->fd, frame, n, MSG_NOSIGNAL,
				    (struct sockaddr *)&w->remote, sizeof(w->remote));
	while (r < 0 && errno == EINTR);
	if (r < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
		model_timer_set(w->loop, &w->retry, RETRY_NS);
		return -EAGAIN;
	}
	return 0;
}

void model_wire_pause(struct model_wire *w, bool pause)
{
	if (w->paused == pause)
		return;
	w->paused = pause;
	if (w->fd >= 0)
		model_loop_watch(w->loop, w->fd, pause ? 0 : POLLIN);
}

bool model_wire_up(const struct model_wire *w)
{
	return w->up;
}

void model_wire_set_link(struct model_wire *w, bool up)
{
	if (w->fd < 0 || w->up == up)
		return;
	w->up = up;
	if (w->ops->link)
		w->ops->link(w->dev, up);
}
