/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with file descriptors over unix sockets. */
#ifndef KERNEL_LIB_FDPASS_H
#define KERNEL_LIB_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

#define FDPASS_MAX 16

/* Sends n bytes with nfd descriptors; all or -errno. flags as send(2); MSG_NOSIGNAL is added. */
ssize_t fdpass_send(int sock, const void *buf, size_t n, const int *fds, int nfd, int flags);

/*
 * Receives up to n bytes and up to *nfd descriptors (close-on-exec); *nfd becomes the number got.
 * Descriptors beyond the room given are closed, and -EMSGSIZE is returned for them or for a
 * datagram longer than n. 0: the peer is gone. -errno otherwise.
 */
ssize_t fdpass_recv(int sock, void *buf, size_t n, int *fds, int *nfd, int flags);

/* Unix stream sockets by path; a listening one replaces a stale file. Descriptor or -errno. */
int unix_listen(const char *path, int backlog);
int unix_connect(const char *path);

#endif
