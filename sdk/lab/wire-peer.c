// SPDX-License-Identifier: Apache-2.0
/*
 * The far end of the lab's wires. Each wire is a pair of datagram sockets (QEMU's -netdev dgram);
 * on this side it becomes a tap in a network namespace of its own, where a command configures
 * it and runs ordinary Linux tools. Every frame is captured to DIR/NAME.pcap as it passes on the
 * wire: tags and jumbo frames included, checksums complete. A VLAN of a wire is a tap of its own,
 * tagged here, since not every kernel has VLAN devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_WIRES 8
#define MAX_TAPS 16
#define FRAME_MAX 65536
#define TAG_LEN 4
#define TAG_AT 12	/* where a tag stands in a frame: after the two addresses */

struct tap {
	int fd, vid;	/* vid 0: what has no tag, or one of no tap here */
	struct wire *wire;
};

struct wire {
	char name[IFNAMSIZ];
	int sock;
	struct sockaddr_un remote;
	FILE *pcap;
	uint64_t captured, in, out, dropped;
};

static struct wire wires[MAX_WIRES];
static struct tap taps[MAX_TAPS];
static int nwires, ntaps;
static uint64_t capture_limit = 256ULL << 20;

static void die(const char *what, const char *where)
{
	fprintf(stderr, "wire-peer: %s %s: %s\n", what, where, strerror(errno));
	exit(1);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("writing", path);
	close(fd);
}

/* A network namespace; without privilege, inside a user namespace where we are root. */
static void enter_namespace(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWNET) == 0)
		return;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		die("making", "a network namespace");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
}

static void link_up(const char *name, int mtu)
{
	struct ifreq ifr = { 0 };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (mtu) {
		ifr.ifr_mtu = mtu;
		if (ioctl(s, SIOCSIFMTU, &ifr) < 0)
			die("setting the MTU of", name);
	}
	ifr.ifr_flags = IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &ifr) < 0)
		die("bringing up", name);
	close(s);
}

static void add_tap(const char *name, struct wire *w, int vid, int mtu)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (ntaps == MAX_TAPS) {
		fprintf(stderr, "wire-peer: '%s' is one interface too many (at most %d)\n", name,
			MAX_TAPS);
		exit(2);
	}
	if (fd < 0)
		die("opening", "/dev/net/tun");
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		die("making tap", name);
	link_up(name, mtu);
	taps[ntaps++] = (struct tap){ .fd = fd, .vid = vid, .wire = w };
}

static void unix_address(struct sockaddr_un *sa, const char *path)
{
	sa->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sa->sun_path)) {
		errno = ENAMETOOLONG;
		die("using", path);
	}
	strcpy(sa->sun_path, path);
}

static int open_socket(const char *local)
{
	struct sockaddr_un sa = { 0 };
	struct timeval limit = { .tv_usec = 20000 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	unix_address(&sa, local);
	unlink(local);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die("binding", local);
	/* a receiver that is slow holds the sender up a little before frames are lost */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return fd;
}

static FILE *open_pcap(const char *dir, const char *name)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, figs, snap, link;
	} head = { 0xa1b23c4d, 2, 4, 0, 0, FRAME_MAX, 1 /* Ethernet */ };
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.pcap", dir, name);
	f = fopen(path, "we");
	if (!f || fwrite(&head, sizeof(head), 1, f) != 1)
		die("writing", path);
	return f;
}

/* NAME=LOCAL:REMOTE */
static void add_wire(char *spec, const char *dir, int mtu)
{
	char *local = strchr(spec, '='), *remote = local ? strchr(local, ':') : NULL;
	struct wire *w = &wires[nwires];

	if (!remote || local == spec || local - spec >= IFNAMSIZ || nwires == MAX_WIRES) {
		fprintf(stderr, "wire-peer: '%s' is not NAME=LOCAL:REMOTE, or is one wire too many "
				"(at most %d)\n", spec, MAX_WIRES);
		exit(2);
	}
	*local++ = 0;
	*remote++ = 0;
	strcpy(w->name, spec);
	unix_address(&w->remote, remote);
	w->sock = open_socket(local);
	w->pcap = dir ? open_pcap(dir, w->name) : NULL;
	add_tap(w->name, w, 0, mtu);
	nwires++;
}

/* WIRE.VID: an interface of that name, on that VLAN of that wire */
static void add_vlan(const char *spec, int mtu)
{
	const char *dot = strrchr(spec, '.');
	int vid = dot ? atoi(dot + 1) : 0;

	for (int i = 0; vid > 0 && vid < 4095 && i < nwires; i++) {
		if (strlen(wires[i].name) == (size_t)(dot - spec) &&
		    !strncmp(wires[i].name, spec, (size_t)(dot - spec))) {
			add_tap(spec, &wires[i], vid, mtu);
			return;
		}
	}
	fprintf(stderr, "wire-peer: '%s' is not WIRE.VID, of a wire named before\n", spec);
	exit(2);
}

static void capture(struct wire *w, const void *frame, size_t n)
{
	struct timespec now;
	uint32_t rec[4];

	if (!w->pcap || w->captured + n > capture_limit)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	rec[0] = (uint32_t)now.tv_sec;
	rec[1] = (uint32_t)now.tv_nsec;
	rec[2] = rec[3] = (uint32_t)n;
	if (fwrite(rec, sizeof(rec), 1, w->pcap) != 1 || fwrite(frame, n, 1, w->pcap) != 1)
		die("capturing", w->name);
	w->captured += n;
}

/* The tap that a frame of this wire is for; a tag that it is for is taken off. */
static struct tap *tap_of(struct wire *w, uint8_t *frame, ssize_t *n)
{
	int vid = 0;
	struct tap *all = NULL;

	if (*n >= TAG_AT + TAG_LEN + 2 && frame[TAG_AT] == 0x81 && frame[TAG_AT + 1] == 0)
		vid = (frame[TAG_AT + 2] & 0xf) << 8 | frame[TAG_AT + 3];
	for (int i = 0; i < ntaps; i++) {
		if (taps[i].wire != w)
			continue;
		if (!taps[i].vid)
			all = &taps[i];
		if (!vid || taps[i].vid != vid)
			continue;
		*n -= TAG_LEN;
		memmove(frame + TAG_AT, frame + TAG_AT + TAG_LEN, (size_t)*n - TAG_AT);
		return &taps[i];
	}
	return all;
}

static void from_wire(struct wire *w)
{
	static uint8_t frame[FRAME_MAX];

	for (int i = 0; i < 64; i++) {
		ssize_t n = recv(w->sock, frame, sizeof(frame), MSG_DONTWAIT);
		struct tap *t;

		if (n <= 0)
			return;
		capture(w, frame, (size_t)n);
		w->in++;
		t = tap_of(w, frame, &n);
		if (write(t->fd, frame, (size_t)n) != n)
			w->dropped++;
	}
}

static void from_tap(struct tap *t)
{
	static uint8_t buf[FRAME_MAX];
	struct wire *w = t->wire;

	for (int i = 0; i < 64; i++) {
		uint8_t *frame = buf + TAG_LEN;
		ssize_t n = read(t->fd, frame, sizeof(buf) - TAG_LEN);

		if (n <= TAG_AT)
			return;
		if (t->vid) {
			const uint8_t tag[] = { 0x81, 0, (uint8_t)(t->vid >> 8), (uint8_t)t->vid };

			memmove(buf, frame, TAG_AT);
			memcpy(buf + TAG_AT, tag, TAG_LEN);
			frame = buf;
			n += TAG_LEN;
		}
		/* nobody there yet, or one that does not read: a wire drops */
		if (sendto(w->sock, frame, (size_t)n, 0, (struct sockaddr *)&w->remote,
			   sizeof(w->remote)) != n) {
			w->dropped++;
			continue;
		}
		capture(w, frame, (size_t)n);
		w->out++;
	}
}

static void carry(int sig)
{
	struct pollfd p[MAX_WIRES + MAX_TAPS + 1];
	int n = 0;

	for (int i = 0; i < nwires; i++)
		p[n++] = (struct pollfd){ .fd = wires[i].sock, .events = POLLIN };
	for (int i = 0; i < ntaps; i++)
		p[n++] = (struct pollfd){ .fd = taps[i].fd, .events = POLLIN };
	p[n] = (struct pollfd){ .fd = sig, .events = POLLIN };
	while (poll(p, (nfds_t)n + 1, -1) >= 0 || errno == EINTR) {
		for (int i = 0; i < nwires; i++)
			if (p[i].revents)
				from_wire(&wires[i]);
		for (int i = 0; i < ntaps; i++)
			if (p[nwires + i].revents)
				from_tap(&taps[i]);
		if (p[n].revents)
			return;
	}
}

static void report(void)
{
	for (int i = 0; i < nwires; i++) {
		struct wire *w = &wires[i];

		if (w->pcap && fclose(w->pcap))
			die("writing the capture of", w->name);
		fprintf(stderr, "wire-peer: %s: %llu frames in, %llu out, %llu dropped\n", w->name,
			(unsigned long long)w->in, (unsigned long long)w->out,
			(unsigned long long)w->dropped);
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: wire-peer [--pcap DIR] [--mtu N] [--limit MIB] "
			"--wire NAME=LOCAL:REMOTE... [--vlan NAME.VID...] -- COMMAND...\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "pcap", 1, NULL, 'p' }, { "mtu", 1, NULL, 'm' },   { "limit", 1, NULL, 'l' },
		{ "wire", 1, NULL, 'w' }, { "vlan", 1, NULL, 'v' },  { NULL, 0, NULL, 0 },
	};
	char *specs[MAX_WIRES], *vlans[MAX_TAPS];
	const char *dir = NULL;
	int mtu = 9000, nspecs = 0, nvlans = 0, c, sig, status = 0;
	sigset_t set;
	pid_t pid;

	while ((c = getopt_long(argc, argv, "+", opts, NULL)) >= 0) {
		if (c == 'p')
			dir = optarg;
		else if (c == 'm')
			mtu = atoi(optarg);
		else if (c == 'l')
			capture_limit = strtoull(optarg, NULL, 10) << 20;
		else if (c == 'w' && nspecs < MAX_WIRES)
			specs[nspecs++] = optarg;
		else if (c == 'v' && nvlans < MAX_TAPS)
			vlans[nvlans++] = optarg;
		else
			return usage();
	}
	if (!nspecs || optind == argc)
		return usage();
	enter_namespace();
	link_up("lo", 0);
	for (int i = 0; i < nspecs; i++)
		add_wire(specs[i], dir, mtu);
	for (int i = 0; i < nvlans; i++)
		add_vlan(vlans[i], mtu);

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sig = signalfd(-1, &set, SFD_CLOEXEC);
	pid = fork();
	if (pid < 0 || sig < 0)
		die("starting", argv[optind]);
	if (pid == 0) {
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		execvp(argv[optind], argv + optind);
		die("starting", argv[optind]);
	}
	carry(sig);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	report();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
