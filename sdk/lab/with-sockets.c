// SPDX-License-Identifier: Apache-2.0
/*
 * Runs a command with connected unix sockets as descriptors of given numbers: QEMU's
 * x-pci-proxy-dev takes nothing else.
 *
 *   with-sockets FD=PATH... -- COMMAND [ARGUMENT...]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TRIES 100	/* of 50 ms: its owner may be about to listen */

static int die(const char *what, const char *why)
{
	fprintf(stderr, "with-sockets: %s: %s\n", what, why);
	return 2;
}

static int reach(int fd, const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM, 0), tries = TRIES;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (s < 0)
		return -errno;
	while (connect(s, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		if ((errno != ENOENT && errno != ECONNREFUSED) || !--tries)
			return -errno;
		usleep(50000);
	}
	if (s == fd)
		return 0;
	if (dup2(s, fd) < 0)
		return -errno;
	close(s);
	return 0;
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		char *end;
		long fd = strtol(argv[i], &end, 10);
		int r;

		if (end == argv[i] || *end != '=' || fd < 3 || fd > 1000)
			return die(argv[i], "not FD=PATH with FD from 3 to 1000");
		if (fcntl((int)fd, F_GETFD) >= 0)
			return die(argv[i], "this descriptor is in use");
		r = reach((int)fd, end + 1);
		if (r)
			return die(end + 1, strerror(-r));
	}
	if (i + 1 >= argc)
		return die("use", "with-sockets FD=PATH... -- COMMAND [ARGUMENT...]");
	execvp(argv[i + 1], argv + i + 1);
	return die(argv[i + 1], strerror(errno));
}
