// SPDX-License-Identifier: Apache-2.0
/*
 * A hostile client of a model. The input is a list of messages, each one byte of command, one of
 * flags and shape, two of body length, and the body; descriptors are attached by shape. All is sent
 * at once, so that what follows a request also serves as answers to the model's DMA messages.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/model-card.h"

#define MESSAGES 16	/* as many replies as the socket surely holds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

static void send_one(int sock, uint16_t command, uint8_t shape, const uint8_t *body, size_t n,
		     const int *spare)
{
	struct header h = {shape, command, (uint32_t)(sizeof(h) + n), shape & 0x31, 0};
	size_t nfds = shape >> 6 & 3;

	if (shape & 0x08)
		h.size += shape;	/* a size that does not agree with what comes */
	if (nfds == 3)
		nfds = 0;
	send_message(sock, &h, sizeof(h), body, n, spare + (shape & 2 ? 0 : 1), nfds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t version[] = "\0\0\1\0{\"capabilities\":{\"write_multiple\":true}}";
	struct model_loop *l = model_loop_new();
	int s[2], spare[3];

	spare[0] = memfd_create("fuzz", MFD_CLOEXEC);
	spare[1] = eventfd(0, EFD_CLOEXEC);
	spare[2] = eventfd(0, EFD_CLOEXEC);
	if (!l || spare[0] < 0 || ftruncate(spare[0], 1 << 20) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) < 0)
		abort();
	m = model_new(l, &card_pci, &card_ops, NULL);
	if (!m || !model_share(m, 1, 0, 4096) || model_add_pm_cap(m, 0x50) ||
	    model_serve(m, s[0]))
		abort();
	if (!size || data[0] != 0xff)	/* 0xff: the input brings its own first message */
		send_one(s[1], 1, 0, version, sizeof(version), spare);
	for (int i = 0; i < MESSAGES && size >= 4; i++) {
		size_t n = data[2] | (size_t)data[3] << 8;

		if (n > size - 4)
			n = size - 4;
		send_one(s[1], data[0] == 0xff ? 1 : data[0], data[1], data + 4, n, spare);
		data += 4 + n;
		size -= 4 + n;
	}
	shutdown(s[1], SHUT_WR);
	for (int i = 0; i < 100 && model_has_client(m); i++)
		model_loop_once(l, 0);
	if (model_has_client(m))
		abort();	/* the end of the stream must end the client */
	model_free(m);
	model_loop_free(l);
	close(s[1]);
	for (int i = 0; i < 3; i++)
		close(spare[i]);
	return 0;
}
