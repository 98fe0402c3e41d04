// SPDX-License-Identifier: Apache-2.0
/*
 * plugin-peer: the far end of a card's wire, a pair of unix datagram sockets. It keeps what the
 * card sends, for plugin-host to fetch and judge, and sends what plugin-host asks for (peer.h).
 */
#include "tests/plugin-host/peer.h"

#include <errno.h>
#include <getopt.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 16384
#define KEPT_MAX  8192

struct kept {
	uint32_t len;
	uint8_t *data;
};

static struct kept kept[KEPT_MAX];
static uint32_t nkept;
static int sock;
static struct sockaddr_un remote;
static FILE *pcap;
static const char *faults_path;	/* of a model: takes the faults it shall have */
static const char *qmp_path, *qmp_net = "n0";
static pid_t model;	/* a model that takes SIGUSR1 and SIGUSR2 for its cable */

static void die(const char *what, const char *where)
{
	fprintf(stderr, "plugin-peer: %s %s: %s\n", what, where, strerror(errno));
	exit(1);
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		die("socket", path);
	}
	strcpy(a.sun_path, path);
	return a;
}

static void pcap_open(const char *path)
{
	static const uint32_t head[6] = {0xa1b2c3d4, 0x00040002, 0, 0, FRAME_MAX, 1};

	pcap = fopen(path, "w");
	if (!pcap || fwrite(head, sizeof(head), 1, pcap) != 1)
		die("capturing to", path);
}

static void pcap_frame(const uint8_t *frame, uint32_t len)
{
	struct timespec t;
	uint32_t head[4];

	if (!pcap)
		return;
	clock_gettime(CLOCK_REALTIME, &t);
	head[0] = (uint32_t)t.tv_sec;
	head[1] = (uint32_t)(t.tv_nsec / 1000);
	head[2] = head[3] = len;
	fwrite(head, sizeof(head), 1, pcap);
	fwrite(frame, len, 1, pcap);
	fflush(pcap);
}

static void send_frame(const void *frame, uint32_t len)
{
	if (sendto(sock, frame, len, 0, (struct sockaddr *)&remote, sizeof(remote)) < 0)
		fprintf(stderr, "plugin-peer: a frame of %u bytes is lost: %s\n", len,
			strerror(errno));
}

static void keep(const uint8_t *frame, uint32_t len)
{
	pcap_frame(frame, len);
	if (nkept == KEPT_MAX)
		return;
	kept[nkept].data = malloc(len);
	if (!kept[nkept].data)
		die("keeping", "a frame");
	memcpy(kept[nkept].data, frame, len);
	kept[nkept++].len = len;
}

static void clear(void)
{
	while (nkept)
		free(kept[--nkept].data);
}

static void inject(const struct peer_msg *m)
{
	static uint8_t frame[FRAME_MAX];
	uint32_t len = m->arg[1];

	if (len > FRAME_MAX || m->len > len)
		return;
	memcpy(frame, m->data, m->len);
	for (uint32_t i = m->len; i < len; i++)
		frame[i] = peer_pattern(i);
	for (uint32_t i = 0; i < m->arg[0]; i++)
		send_frame(frame, len);
}

static void fetch(const struct peer_msg *m, struct peer_msg *answer)
{
	const struct kept *k = &kept[m->arg[0] % KEPT_MAX];

	answer->arg[0] = nkept;
	answer->arg[1] = 0;
	if (m->arg[0] >= nkept)
		return;
	answer->arg[1] = k->len;
	if (m->arg[1] >= k->len)
		return;
	answer->len = k->len - m->arg[1] < PEER_CHUNK ? k->len - m->arg[1] : PEER_CHUNK;
	memcpy(answer->data, k->data + m->arg[1], answer->len);
}

/* QEMU's machine protocol: one line a command; what it answers is read away. */
static void qmp_line(FILE *f, const char *line)
{
	char answer[1024];

	fprintf(f, "%s\n", line);
	fflush(f);
	while (fgets(answer, sizeof(answer), f) && !strstr(answer, "\"return\"") &&
	       !strstr(answer, "\"error\""))
		;
}

static void qmp_set_link(int up)
{
	struct sockaddr_un a = address(qmp_path);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char line[160];
	FILE *f;

	if (s < 0 || connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connecting to", qmp_path);
	f = fdopen(s, "r+");
	if (!f)
		die("using", qmp_path);
	setvbuf(f, NULL, _IONBF, 0);
	snprintf(line, sizeof(line),
		 "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"%s\",\"up\":%s}}", qmp_net,
		 up ? "true" : "false");
	qmp_line(f, "{\"execute\":\"qmp_capabilities\"}");
	qmp_line(f, line);
	fclose(f);
}

static void set_link(int up)
{
	if (qmp_path)
		qmp_set_link(up);
	else
		kill(model, up ? SIGUSR2 : SIGUSR1);
}

static void pull_cable(uint32_t ms)
{
	if (!qmp_path && !model)
		return;
	usleep(20000);
	set_link(0);
	usleep(ms * 1000);
	set_link(1);
}

/* Until all that was sent is read: a model that has the processor late has two sockets to read. */
static void wait_taken(void)
{
	int left;

	for (int i = 0; i < 50000 && ioctl(sock, SIOCOUTQ, &left) == 0 && left; i++)
		usleep(100);
}

static void break_card(const struct peer_msg *m)
{
	struct sockaddr_un a = address(faults_path);

	wait_taken();
	if (sendto(sock, m->data, m->len, 0, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("sending a fault to", faults_path);
	wait_taken();
}

static void serve(const struct peer_msg *m)
{
	struct peer_msg answer = *m;

	memset(answer.dst, 0xff, sizeof(answer.dst));
	memcpy(answer.src, (const uint8_t[6]){2, 0, 0, 0, 0, 1}, 6);
	answer.op |= PEER_ANSWER;
	answer.len = 0;
	if (m->op == PEER_CLEAR)
		clear();
	else if (m->op == PEER_INJECT)
		inject(m);
	else if (m->op == PEER_FETCH)
		fetch(m, &answer);
	else if (m->op == PEER_LINK)
		answer.arg[0] = qmp_path || model;
	else if (m->op == PEER_FAULT)
		answer.arg[0] = !!faults_path;
	send_frame(&answer, (uint32_t)(PEER_HEAD + (answer.len < 64 ? 64 : answer.len)));
	if (m->op == PEER_LINK)
		pull_cable(m->arg[0]);
	if (m->op != PEER_FAULT || !faults_path)
		return;
	break_card(m);
	answer.arg[1] = PEER_DONE;
	if (m->arg[1] == PEER_TELL)
		send_frame(&answer, PEER_HEAD + 64);
}

static int is_request(const uint8_t *frame, ssize_t len)
{
	const struct peer_msg *m = (const void *)frame;

	return (size_t)len >= PEER_HEAD && m->type[0] == PEER_ETHERTYPE >> 8 &&
	       m->type[1] == (PEER_ETHERTYPE & 0xff) && m->magic == PEER_MAGIC &&
	       m->len <= PEER_CHUNK && PEER_HEAD + m->len <= (size_t)len;
}

static void usage(void)
{
	fprintf(stderr, "usage: plugin-peer [--pcap FILE] [--qmp SOCKET [--netdev ID] | --model PID]\n"
			"                   [--faults SOCKET] LOCAL REMOTE\n"
			"  answers plugin-host on the wire between the unix sockets LOCAL and REMOTE\n");
	exit(2);
}

static void options(int argc, char **argv)
{
	static const struct option opts[] = {
		{"pcap", required_argument, NULL, 'p'},
		{"qmp", required_argument, NULL, 'q'},
		{"netdev", required_argument, NULL, 'n'},
		{"model", required_argument, NULL, 'm'},
		{"faults", required_argument, NULL, 'f'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c == 'p')
			pcap_open(optarg);
		else if (c == 'q')
			qmp_path = optarg;
		else if (c == 'f')
			faults_path = optarg;
		else if (c == 'n')
			qmp_net = optarg;
		else if (c == 'm' && atoi(optarg) > 1)
			model = atoi(optarg);
		else
			usage();
	}
	if (argc - optind != 2)
		usage();
}

int main(int argc, char **argv)
{
	static uint8_t frame[FRAME_MAX + 1];
	struct timeval second = {.tv_sec = 1};
	struct sockaddr_un local;
	ssize_t n;

	options(argc, argv);
	local = address(argv[optind]);
	remote = address(argv[optind + 1]);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unlink(local.sun_path);
	if (sock < 0 || bind(sock, (struct sockaddr *)&local, sizeof(local)) < 0)
		die("binding", argv[optind]);
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	for (;;) {
		n = recv(sock, frame, sizeof(frame), 0);
		if (n < 0 && errno != EINTR)
			die("receiving on", argv[optind]);
		if (n < 14)
			continue;
		if (is_request(frame, n))
			serve((const void *)frame);
		else
			keep(frame, (uint32_t)n);
	}
}
