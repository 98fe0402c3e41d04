// SPDX-License-Identifier: Apache-2.0
/* Uplinks without a card: a tap device that the keeper opens, or passt for those without root. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/log.h"

#define PASST_END_MS 1000	/* that it has to end when it is asked to */

static void bring_up(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {0};

	strcpy(ifr.ifr_name, name);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		goto out;
	if (!(ifr.ifr_flags & IFF_UP)) {
		ifr.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
			log_warning("tap %s is down: run \"ip link set %s up\"", name, name);
	}
out:
	if (fd >= 0)
		close(fd);
}

static int open_tap(const char *name, struct err *e)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int header = 12, fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), r;

	if (fd < 0)
		return err_set(e, -errno, "/dev/net/tun: %s", strerror(errno));
	strcpy(ifr.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0 || ioctl(fd, TUNSETVNETHDRSZ, &header) < 0) {
		r = err_set(e, -errno, "tap %s: %s%s", name, strerror(errno),
			    errno != EPERM ? "" : ": run \"ip tuntap add mode tap user NAME\" "
			    "for it as root first");
		close(fd);
		return r;
	}
	bring_up(name);
	return fd;
}

static void on_passt_end(void *arg, uint32_t events)
{
	struct set *s = arg;
	int status;

	event_del(s->ev_passt);
	s->ev_passt = NULL;
	waitpid(s->passt, &status, 0);
	close(s->passt_fd);
	s->passt = 0;
	if (!s->stopping)
		log_error("passt ended: the set goes on without its uplink");
}

static void become_passt(const struct set *s, int sock)
{
	sigset_t none;
	char mtu[16];

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Its end of the pair, and nothing else of ours. */
	sock = fcntl(sock, F_DUPFD, 16);
	if (sock < 0 || dup2(sock, 3) < 0 || close_range(4, ~0u, 0) < 0)
		_exit(126);
	snprintf(mtu, sizeof(mtu), "%u", s->cfg.mtu ? s->cfg.mtu : 1500);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* The gateway is the gateway: passt would map it to services of this host's loopback. */
	execlp("passt", "passt", "--foreground", "--quiet", "--no-map-gw", "--mtu", mtu,
	       "--fd", "3", (char *)NULL);
	_exit(127);
}

/* passt drops what its end of the socket does not take: let that be much. */
static void widen(int sock)
{
	const int room = 4 << 20;

	if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)); /* up to the limit */
}

static int open_passt(struct set *s, struct err *e)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, -errno, "no socket pair for passt: %s", strerror(errno));
	widen(pair[1]);
	s->passt = fork();
	if (s->passt == 0)
		become_passt(s, pair[1]);
	r = errno;
	close(pair[1]);
	if (s->passt < 0) {
		s->passt = 0;
		close(pair[0]);
		return err_set(e, -r, "passt cannot be started: %s", strerror(r));
	}
	s->passt_fd = pidfd_open(s->passt, 0);
	if (s->passt_fd >= 0)
		s->ev_passt = event_add(s->loop, s->passt_fd, EPOLLIN, on_passt_end, s);
	if (!s->ev_passt) {
		r = err_set(e, -errno, "passt cannot be watched: %s", strerror(errno));
		close(pair[0]);
		return r;
	}
	return pair[0];
}

int uplink_open(struct set *s, struct err *e)
{
	if (!s->cfg.tap[0] && !s->cfg.passt)
		return 0;
	s->uplink_fd = s->cfg.passt ? open_passt(s, e) : open_tap(s->cfg.tap, e);
	return s->uplink_fd < 0 ? s->uplink_fd : 0;
}

int uplink_give(struct set *s, struct child *c, struct err *e)
{
	struct chan_uplink up = {0};

	if (s->uplink_fd < 0)
		return 0;
	up.kind = s->cfg.passt ? DP_UPLINK_PASST : DP_UPLINK_TAP;
	strcpy(up.name, s->cfg.passt ? "passt" : s->cfg.tap);
	return child_call(c, CMD_UPLINK, &up, sizeof(up), &s->uplink_fd, 1, NULL, 0, e);
}

void uplink_close(struct set *s)
{
	struct pollfd end = {.events = POLLIN};

	if (s->uplink_fd >= 0)
		close(s->uplink_fd);
	s->uplink_fd = -1;
	if (!s->passt)
		return;
	end.fd = s->passt_fd;
	kill(s->passt, SIGTERM);
	if (poll(&end, 1, PASST_END_MS) != 1)
		kill(s->passt, SIGKILL);
	if (poll(&end, 1, PASST_END_MS) == 1)
		on_passt_end(s, 0);
}
