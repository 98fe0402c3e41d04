/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What QEMU's x-pci-proxy-dev and its qtest socket say, for the tests of models: raw messages,
 * blocking.
 */
#ifndef TESTS_PROXY_CLIENT_H
#define TESTS_PROXY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PX_SYSMEM, PX_RET, PX_CONFIG_WRITE, PX_CONFIG_READ, PX_WRITE, PX_READ, PX_IRQFD, PX_RESET };

#define PX_FAILED UINT64_MAX	/* also what all ones read as */

struct px_sysmem {
	uint64_t address[8], size[8], offset[8];
};

/* A message whose parts may contradict each other; 0 when all of it was taken. */
static inline int px_send(int sock, int32_t command, uint64_t size, const void *body, size_t n,
			  const int *fds, int nfds)
{
	struct {
		int32_t command, pad;
		uint64_t size;
	} h = {command, 0, size};
	struct iovec iov[2] = {{&h, sizeof(h)}, {(void *)body, n}};
	char ctl[CMSG_SPACE(64 * sizeof(int))];
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};

	if (nfds) {
		struct cmsghdr *c;

		memset(ctl, 0, sizeof(ctl));
		mh.msg_control = ctl;
		mh.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)nfds * sizeof(int));
	}
	return sendmsg(sock, &mh, MSG_NOSIGNAL) == (ssize_t)(sizeof(h) + n) ? 0 : -1;
}

/* The answer's value, or 0xdead when there is none that x-pci-proxy-dev would take. */
static inline uint64_t px_answer(int sock)
{
	struct {
		int32_t command, pad;
		uint64_t size, value;
	} a;

	if (recv(sock, &a, sizeof(a), MSG_WAITALL) != sizeof(a) || a.command != PX_RET ||
	    a.size != 8)
		return 0xdead;
	return a.value;
}

static inline uint64_t px_config(int sock, int32_t command, uint32_t offset, uint32_t value,
				 int32_t size)
{
	struct {
		uint32_t offset, value;
		int32_t size;
	} c = {offset, value, size};

	return px_send(sock, command, 12, &c, 12, NULL, 0) ? 0xdead : px_answer(sock);
}

static inline uint64_t px_config_read(int sock, uint32_t offset, int32_t size)
{
	return px_config(sock, PX_CONFIG_READ, offset, 0, size);
}

static inline uint64_t px_config_write(int sock, uint32_t offset, uint32_t value, int32_t size)
{
	return px_config(sock, PX_CONFIG_WRITE, offset, value, size);
}

static inline uint64_t px_bar(int sock, int32_t command, bool memory, uint64_t address,
			      uint64_t value, uint32_t size)
{
	struct {
		uint64_t address, value;
		uint32_t size;
		uint8_t memory, pad[3];
	} b = {address, value, size, memory, {0}};

	return px_send(sock, command, 24, &b, 24, NULL, 0) ? 0xdead : px_answer(sock);
}

static inline uint64_t px_read(int sock, uint64_t address, uint32_t size)
{
	return px_bar(sock, PX_READ, true, address, 0, size);
}

static inline uint64_t px_write(int sock, uint64_t address, uint64_t value, uint32_t size)
{
	return px_bar(sock, PX_WRITE, true, address, value, size);
}

/* n pieces of one file; no answer. */
static inline int px_memory(int sock, const struct px_sysmem *s, int fd, int n)
{
	int fds[8];

	for (int i = 0; i < n; i++)
		fds[i] = fd;
	return px_send(sock, PX_SYSMEM, sizeof(*s), s, sizeof(*s), fds, n);
}

/* QEMU's end of the qtest socket: -1 or a listening one. */
static inline int qt_listen(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 1)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The next line within so long, "" if there is none; not answered. */
static inline const char *qt_line(int sock, int timeout_ms)
{
	static __thread char line[128];
	struct timeval tv = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
	size_t n = 0;

	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	while (n < sizeof(line) - 1 && recv(sock, line + n, 1, 0) == 1 && line[n++] != '\n')
		;
	line[n] = 0;
	return line;
}

static inline void qt_ok(int sock)
{
	send(sock, "OK\n", 3, MSG_NOSIGNAL);
}

#endif
