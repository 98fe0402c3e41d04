// SPDX-License-Identifier: Apache-2.0
/*
 * The far end of the lab's transfers: a TCP server for clients that have nothing but nc and
 * sha256sum. A client sends one line and reads the answer:
 *   get N   N bytes, the same ones each time; fewer once the file STOP is there
 *   sum N   the SHA-256 of those N bytes, in hexadecimal
 *   put N   (N bytes follow, or fewer and the end) the SHA-256 of what arrived
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define XFER_MAX (1ULL << 32)
#define CHUNK 65536

static unsigned char chunk[CHUNK];
static const char *stop;	/* a path, or NULL */

/* The i-th chunk of the data that "get" sends. */
static void fill_chunk(unsigned long long i)
{
	unsigned char seed[randombytes_SEEDBYTES] = { 0 };

	memcpy(seed, &i, sizeof(i));
	randombytes_buf_deterministic(chunk, CHUNK, seed);
}

static int write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static int answer_sum(int fd, crypto_hash_sha256_state *st)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	char hex[sizeof(sum) * 2 + 2];

	crypto_hash_sha256_final(st, sum);
	sodium_bin2hex(hex, sizeof(hex) - 1, sum, sizeof(sum));
	strcat(hex, "\n");
	return write_all(fd, hex, strlen(hex));
}

static int do_get(int fd, unsigned long long n, int only_sum)
{
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	for (unsigned long long i = 0; n; i++) {
		size_t len = n < CHUNK ? (size_t)n : CHUNK;

		if (!only_sum && stop && access(stop, F_OK) == 0)
			return 0;
		fill_chunk(i);
		if (only_sum)
			crypto_hash_sha256_update(&st, chunk, len);
		else if (write_all(fd, chunk, len) < 0)
			return -1;
		n -= len;
	}
	return only_sum ? answer_sum(fd, &st) : 0;
}

static int do_put(int fd, unsigned long long n)
{
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	while (n) {
		ssize_t r = recv(fd, chunk, n < CHUNK ? (size_t)n : CHUNK, 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		crypto_hash_sha256_update(&st, chunk, (unsigned long long)r);
		n -= (unsigned long long)r;
	}
	return answer_sum(fd, &st);
}

/* One byte at a time: what follows the line is data. */
static int read_line(int fd, char *line, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++) {
		if (recv(fd, line + i, 1, 0) != 1)
			return -1;
		if (line[i] == '\n') {
			line[i] = 0;
			return 0;
		}
	}
	return -1;
}

static int serve(int fd)
{
	struct timeval limit = { .tv_sec = 60 };
	unsigned long long n;
	char line[64], verb[8];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (read_line(fd, line, sizeof(line)) < 0)
		return 1;
	if (sscanf(line, "%7s %llu", verb, &n) != 2 || n > XFER_MAX) {
		write_all(fd, "error: say get, sum or put and a size\n", 38);
		return 1;
	}
	if (!strcmp(verb, "put"))
		return do_put(fd, n) < 0;
	return do_get(fd, n, !strcmp(verb, "sum")) < 0;
}

static int listen_on(const char *address, const char *port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (inet_pton(AF_INET, address, &sa.sin_addr) != 1) {
		fprintf(stderr, "xfer-server: '%s' is not an IPv4 address\n", address);
		return -1;
	}
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0) {
		fprintf(stderr, "xfer-server: %s port %s: %s\n", address, port, strerror(errno));
		return -1;
	}
	printf("%u\n", ntohs(sa.sin_port));
	return fd;
}

int main(int argc, char **argv)
{
	int fd, conn;

	if (argc < 3 || argc > 4 || sodium_init() < 0) {
		fprintf(stderr, "usage: xfer-server ADDRESS PORT [STOP] (0: any; the port is "
				"printed, then the server goes to the background)\n");
		return 2;
	}
	stop = argv[3];
	fd = listen_on(argv[1], argv[2]);
	if (fd < 0 || fflush(stdout))
		return 1;
	if (fork() > 0)
		return 0;
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		return 1;
	signal(SIGCHLD, SIG_IGN);
	while ((conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == EINTR) {
		if (conn < 0)
			continue;
		if (fork() == 0) {
			close(fd);
			_exit(serve(conn));
		}
		close(conn);
	}
	return 1;
}
