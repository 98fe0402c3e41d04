// SPDX-License-Identifier: Apache-2.0
/*
 * The far end of a card's wire for measurements: keeps a number of frames on their way. Each of its
 * own frames that comes back is sent again; when none did for a while, a new lot is sent. All other
 * frames are taken and forgotten.
 *
 *   reflector LOCAL REMOTE FRAMES
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FRAME	  60u
#define BATCH	  64u
#define QUIET_MS  50

/* To everybody, so that any card takes it; of an EtherType for experiments. */
static const uint8_t head[14] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};

static struct sockaddr_un remote = {.sun_family = AF_UNIX};

static void send_frames(int s, uint32_t n)
{
	uint8_t frame[FRAME] = {0};

	memcpy(frame, head, sizeof(head));
	for (uint32_t i = 0; i < n; i++)
		if (sendto(s, frame, FRAME, MSG_DONTWAIT, (struct sockaddr *)&remote,
			   sizeof(remote)) < 0)
			return;
}

/* Takes what is there; returns how many of ours came back, or -1 when there was nothing. */
static int take(int s)
{
	static uint8_t buf[BATCH][2048];
	static struct iovec iov[BATCH];
	struct mmsghdr m[BATCH];
	int n, ours = 0;

	memset(m, 0, sizeof(m));
	for (uint32_t i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){buf[i], sizeof(buf[i])};
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(s, m, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		ours += m[i].msg_len == FRAME && !memcmp(buf[i], head, sizeof(head));
	return n < 0 ? -1 : ours;
}

int main(int argc, char **argv)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct pollfd p = {.events = POLLIN};
	int n;

	if (argc != 4 || strlen(argv[1]) >= sizeof(local.sun_path) ||
	    strlen(argv[2]) >= sizeof(local.sun_path)) {
		fprintf(stderr, "use: reflector LOCAL REMOTE FRAMES\n");
		return 2;
	}
	strcpy(local.sun_path, argv[1]);
	strcpy(remote.sun_path, argv[2]);
	p.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unlink(argv[1]);
	if (p.fd < 0 || bind(p.fd, (struct sockaddr *)&local, sizeof(local)) < 0) {
		fprintf(stderr, "reflector: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	for (;;) {
		if (poll(&p, 1, QUIET_MS) == 0)
			send_frames(p.fd, (uint32_t)atoi(argv[3]));
		while ((n = take(p.fd)) >= 0)
			send_frames(p.fd, (uint32_t)n);
	}
}
