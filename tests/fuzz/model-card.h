/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card behind the fuzzed doors of the model framework: what its registers do is DMA and
 * interrupts at addresses that the input chooses, and an access that is not as promised aborts.
 */
#ifndef TESTS_FUZZ_MODEL_CARD_H
#define TESTS_FUZZ_MODEL_CARD_H

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <vmhi-model/model.h>

/* The model that is being tried; the harness makes it of these. */
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

static const struct model_ops card_ops = {.read = card_read, .write = card_write, .reset = card_reset};
static const struct model_pci card_pci = {
	.bar = {{1024, 0}, {4096, MODEL_BAR_MEM64}},
	.msix_vectors = 5,
	.msix_cap = 0x40,
	.msix_table_bar = 0,
	.msix_table_offset = 512,
	.msix_pba_bar = 0,
	.msix_pba_offset = 768,
};

/* Sends two parts as one, with nfds descriptors; what does not fit is the input's loss. */
static inline void send_message(int sock, const void *head, size_t head_n, const void *body, size_t n,
				const int *fds, size_t nfds)
{
	struct iovec iov[2] = {{(void *)head, head_n}, {(void *)body, n}};
	char ctl[CMSG_SPACE(16 * sizeof(int))];
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};

	if (nfds) {
		struct cmsghdr *c;

		memset(ctl, 0, sizeof(ctl));
		mh.msg_control = ctl;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	if (sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

#endif
