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

struct bus_wire bus_wire = {.sock = -1};
uint8_t *bus_mem;

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	return sa;
}

int bus_wire_open(void)
{
	struct bus_wire *w = &bus_wire;
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

void bus_wire_close(void)
{
	close(bus_wire.sock);
	unlink(bus_wire.card);
	unlink(bus_wire.peer);
	rmdir(bus_wire.dir);
}

void bus_wire_send(const uint8_t *frame, size_t n)
{
	struct sockaddr_un sa = address(bus_wire.card);

	if (sendto(bus_wire.sock, frame, n, 0, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		perror("frame to the card");
}

size_t bus_wire_receive(uint8_t *frame, size_t room)
{
	struct pollfd p = {.fd = bus_wire.sock, .events = POLLIN};
	ssize_t n;

	for (int i = 0; i < 20; i++) {
		if (poll(&p, 1, 10) == 1) {
			n = recv(bus_wire.sock, frame, room, 0);
			return n < 0 ? 0 : (size_t)n;
		}
		bus_wait_ms(1);
	}
	return 0;
}

void bus_wire_drain(void)
{
	char byte;

	while (recv(bus_wire.sock, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		;
}
