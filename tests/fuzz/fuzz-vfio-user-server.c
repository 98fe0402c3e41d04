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

#include <vmhi-model/model.h>

#define MESSAGES 16	/* as many replies as the socket surely holds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

static struct model *m;

static uint64_t card_read(void *dev, unsigned int bar, uint64_t offset, unsigned int size)
{
	uint64_t v = 0;

	if (offset >= 1024 || offset % size || size > 8)
		abort();
	model_dma_read(m, offset << 12, &v, size);
	return v;
}

static void card_write(void *dev, unsigned int bar, uint64_t offset, unsigned int size, uint64_t v)
{
	if (offset >= 1024 || offset % size || size > 8)
		abort();
	if (offset & 8)
		model_msix_raise(m, (unsigned int)v);
	else
		model_dma_write(m, v, &v, size);
}

static void card_reset(void *dev)
{
}

static const struct model_ops ops = {.read = card_read, .write = card_write, .reset = card_reset};
static const struct model_pci pci = {
	.bar = {{1024, 0}, {4096, MODEL_BAR_MEM64}},
	.msix_vectors = 5,
	.msix_cap = 0x40,
	.msix_table_bar = 0,
	.msix_table_offset = 512,
	.msix_pba_bar = 0,
	.msix_pba_offset = 768,
};

static void send_one(int sock, uint16_t command, uint8_t shape, const uint8_t *body, size_t n,
		     const int *spare)
{
	struct header h = {shape, command, (uint32_t)(sizeof(h) + n), shape & 0x31, 0};
	struct iovec iov[2] = {{&h, sizeof(h)}, {(void *)body, n}};
	char ctl[CMSG_SPACE(2 * sizeof(int))];
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};
	size_t nfds = shape >> 6 & 3;

	if (shape & 0x08)
		h.size += shape;	/* a size that does not agree with what comes */
	if (nfds == 3)
		nfds = 0;
	if (nfds) {
		struct cmsghdr *c;

		memset(ctl, 0, sizeof(ctl));
		mh.msg_control = ctl;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), spare + (shape & 2 ? 0 : 1), nfds * sizeof(int));
	}
	if (sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
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
	m = model_new(l, &pci, &ops, NULL);
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
