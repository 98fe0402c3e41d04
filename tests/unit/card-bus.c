// SPDX-License-Identifier: Apache-2.0
/* The far end of the cable of a card under test: a unix datagram socket. */
#include "tests/unit/card-bus.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct card_wire card_wire = {.sock = -1};
uint8_t *card_mem;

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	return sa;
}

int card_wire_open(void)
{
	struct card_wire *w = &card_wire;
	struct sockaddr_un sa;

	snprintf(w->dir, sizeof(w->dir), "/tmp/vmhi-card-XXXXXX");
	if (!mkdtemp(w->dir))
		return -1;
	snprintf(w->card, sizeof(w->card), "%.60s/card", w->dir);
	snprintf(w->peer, sizeof(w->peer), "%.60s/peer", w->dir);
	w->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sa = address(w->peer);
	return w->sock < 0 || bind(w->sock, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -1 : 0;
}

void card_wire_close(void)
{
	close(card_wire.sock);
	unlink(card_wire.card);
	unlink(card_wire.peer);
	rmdir(card_wire.dir);
}

void card_wire_send(const uint8_t *frame, size_t n)
{
	struct sockaddr_un sa = address(card_wire.card);

	card_r32(8);	/* writes that were posted arrive before the frame */
	if (sendto(card_wire.sock, frame, n, 0, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		perror("frame to the card");
}

static bool wire_readable(int ms)
{
	struct pollfd p = {.fd = card_wire.sock, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

size_t card_wire_receive(uint8_t *frame, size_t room)
{
	ssize_t n = wire_readable(3000) ? recv(card_wire.sock, frame, room, 0) : 0;

	return n < 0 ? 0 : (size_t)n;
}

bool card_wire_quiet(void)
{
	return !wire_readable(100);
}

void card_wire_drain(void)
{
	char byte;

	while (recv(card_wire.sock, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		;
}
