// SPDX-License-Identifier: Apache-2.0
/* One copy of a driver's file in memory that nobody can change any more. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/admission/admission.h"
#include "kernel/admission/internal.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif

static int open_regular(const char *path, struct err *e)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO must not hold the keeper. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_set(e, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, -EINVAL, "%s: not a regular file", path);
	}
	if ((uint64_t)st.st_size > ADMISSION_FILE_MAX) {
		close(fd);
		return err_set(e, -EFBIG, "%s: has %llu bytes, a driver at most %llu", path,
			       (unsigned long long)st.st_size, ADMISSION_FILE_MAX);
	}
	return fd;
}

static int write_all(int fd, const char *buf, size_t n)
{
	while (n) {
		ssize_t w = write(fd, buf, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return w < 0 ? -errno : -EIO;
		buf += w;
		n -= (size_t)w;
	}
	return 0;
}

/* The file may grow or shrink meanwhile: what counts is what arrived, and that is bounded. */
static int copy(int from, int to)
{
	char buf[65536];
	uint64_t total = 0;

	for (;;) {
		ssize_t n = read(from, buf, sizeof(buf));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		total += (uint64_t)n;
		if (total > ADMISSION_FILE_MAX)
			return -EFBIG;
		r = write_all(to, buf, (size_t)n);
		if (r)
			return r;
	}
}

/* Kernels before 6.3 do not know MFD_NOEXEC_SEAL; newer ones may insist on it. */
static int new_memfd(void)
{
	int fd = memfd_create("vmhi-driver", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("vmhi-driver", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

int admission_seal(const char *path, struct err *e)
{
	int from = open_regular(path, e), to, r;

	if (from < 0)
		return from;
	to = new_memfd();
	if (to < 0) {
		close(from);
		return err_set(e, to, "%s: no memory to copy it to: %s", path, strerror(-to));
	}
	r = copy(from, to);
	close(from);
	if (!r && fcntl(to, F_ADD_SEALS, ADMISSION_SEALS) < 0)
		r = -errno;
	if (r) {
		close(to);
		return err_set(e, r, "%s: cannot be copied: %s", path, strerror(-r));
	}
	return to;
}
