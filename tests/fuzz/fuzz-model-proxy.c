// SPDX-License-Identifier: Apache-2.0
/*
 * A hostile QEMU in front of a model: x-pci-proxy-dev's messages. The input is a list of them, each
 * one byte of command, one of shape and two of body length, and the body; the shape says how many
 * descriptors come along and of what kind, and whether the header's size tells the truth.
 */
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/model-card.h"

#define MESSAGES 64	/* as many answers as the socket surely holds */
#define SPARE 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send_one(int sock, uint8_t command, uint8_t shape, const uint8_t *body, size_t n,
		     const int *spare)
{
	struct {
		int32_t command;
		uint32_t pad;
		uint64_t size;
	} h = {(int8_t)command, 0, n};

	if (shape & 0x10)
		h.size += shape;
	send_message(sock, &h, sizeof(h), body, n, spare + (shape & 0x20 ? 1 : 0),
		     (shape & 0x0f) % SPARE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_loop *l = model_loop_new();
	int s[2], spare[SPARE + 1];

	/* Memory in all of them, and an eventfd at either end of what may be chosen. */
	for (int i = 0; i <= SPARE; i++) {
		spare[i] = i == 0 || i == SPARE ? eventfd(0, EFD_CLOEXEC)
						: memfd_create("fuzz", MFD_CLOEXEC);
		if (spare[i] < 0 || (i && i < SPARE && ftruncate(spare[i], 1 << 20) < 0))
			abort();
	}
	if (!l || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) < 0)
		abort();
	m = model_new(l, &card_pci, &card_ops, NULL);
	if (!m || !model_share(m, 1, 0, 4096) || model_add_pm_cap(m, 0x50) ||
	    model_proxy(m, s[0], "/nowhere/qtest"))
		abort();
	for (int i = 0; i < MESSAGES && size >= 4; i++) {
		size_t n = data[2] | (size_t)data[3] << 8;

		if (n > size - 4)
			n = size - 4;
		send_one(s[1], data[0], data[1], data + 4, n, spare);
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
	for (int i = 0; i <= SPARE; i++)
		close(spare[i]);
	return 0;
}
