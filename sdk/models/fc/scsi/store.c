// SPDX-License-Identifier: Apache-2.0
/*
 * The file behind a logical unit. Which blocks are mapped is kept block by block, since a file
 * system's holes are coarser than a block: a bit each, first taken from the file's holes.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static size_t map_bytes(const struct store *s)
{
	return (size_t)(s->blocks / 8 + 1);
}

static void mark_one(struct store *s, uint64_t lba, bool mapped)
{
	uint8_t *byte = &s->mapped[lba / 8], bit = (uint8_t)(1u << lba % 8);

	*byte = (uint8_t)(mapped ? *byte | bit : *byte & ~bit);
}

static void mark(struct store *s, uint64_t lba, uint64_t blocks, bool mapped)
{
	for (; blocks && lba % 8; lba++, blocks--)
		mark_one(s, lba, mapped);
	memset(s->mapped + lba / 8, mapped ? 0xff : 0, (size_t)(blocks / 8));
	for (lba += blocks / 8 * 8, blocks %= 8; blocks; lba++, blocks--)
		mark_one(s, lba, mapped);
}

/* A file system without SEEK_DATA says that all is data. */
static void find_holes(struct store *s)
{
	off_t end = (off_t)(s->blocks * s->block_size), data, hole = 0;

	while ((data = lseek(s->fd, hole, SEEK_DATA)) >= 0 && data < end) {
		uint64_t first = (uint64_t)data / s->block_size, past;

		hole = lseek(s->fd, data, SEEK_HOLE);
		if (hole < 0 || hole > end)
			hole = end;
		past = ((uint64_t)hole + s->block_size - 1) / s->block_size;
		mark(s, first, past - first, true);
	}
}

static int fail(struct store *s, char *why, size_t size, const char *path, const char *what, int e)
{
	snprintf(why, size, "%s: %s%s%s", path, what, e ? ": " : "", e ? strerror(e) : "");
	if (s->fd >= 0)
		close(s->fd);
	return e ? -e : -EINVAL;
}

int store_open(struct store *s, const struct scsi_lu_config *c, char *why, size_t size)
{
	struct stat st;

	s->block_size = c->block_size;
	s->fd = open(c->path, (c->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (s->fd < 0)
		return fail(s, why, size, c->path, "cannot open", errno);
	if (fstat(s->fd, &st) < 0)
		return fail(s, why, size, c->path, "cannot look at it", errno);
	if (!S_ISREG(st.st_mode))
		return fail(s, why, size, c->path, "not a regular file", 0);
	s->blocks = (uint64_t)st.st_size / s->block_size;
	if (!s->blocks)
		return fail(s, why, size, c->path, "smaller than one block", 0);
	s->mapped = mmap(NULL, map_bytes(s), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->mapped == MAP_FAILED)
		return fail(s, why, size, c->path, "no memory for its map", errno);
	find_holes(s);
	return 0;
}

void store_close(struct store *s)
{
	munmap(s->mapped, map_bytes(s));
	close(s->fd);
}

int store_read(const struct store *s, uint64_t lba, void *to, size_t n)
{
	uint8_t *p = to;
	off_t at = (off_t)(lba * s->block_size);

	while (n) {
		ssize_t k = pread(s->fd, p, n, at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)	/* 0: somebody cut the file */
			return k < 0 ? -errno : -EIO;
		p += k;
		at += k;
		n -= (size_t)k;
	}
	return 0;
}

int store_write(struct store *s, uint64_t lba, const void *from, size_t n, bool durable)
{
	struct iovec v = {.iov_base = (void *)from, .iov_len = n};
	off_t at = (off_t)(lba * s->block_size);

	mark(s, lba, n / s->block_size, true);
	while (v.iov_len) {
		ssize_t k = pwritev2(s->fd, &v, 1, at, durable ? RWF_DSYNC : 0);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		v.iov_base = (uint8_t *)v.iov_base + k;
		v.iov_len -= (size_t)k;
		at += k;
	}
	return 0;
}

int store_unmap(struct store *s, uint64_t lba, uint64_t blocks)
{
	if (!blocks)
		return 0;
	/* Parts of a page are set to zero: an unmapped block reads as zeros whatever its size. */
	if (fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)(lba * s->block_size), (off_t)(blocks * s->block_size)) < 0)
		return -errno;
	mark(s, lba, blocks, false);
	return 0;
}

int store_sync(const struct store *s)
{
	return fdatasync(s->fd) < 0 ? -errno : 0;
}

void store_prefetch(const struct store *s, uint64_t lba, uint64_t blocks)
{
	posix_fadvise(s->fd, (off_t)(lba * s->block_size), (off_t)(blocks * s->block_size),
		      POSIX_FADV_WILLNEED);
}

/* How many blocks from lba on are mapped, or are not. */
uint64_t store_run(const struct store *s, uint64_t lba, bool *mapped)
{
	uint64_t at = lba;
	uint8_t whole;

	*mapped = s->mapped[lba / 8] >> lba % 8 & 1;
	whole = *mapped ? 0xff : 0;
	while (at < s->blocks) {
		if (at % 8 == 0 && s->mapped[at / 8] == whole)
			at += 8;
		else if ((s->mapped[at / 8] >> at % 8 & 1) == *mapped)
			at++;
		else
			break;
	}
	return (at < s->blocks ? at : s->blocks) - lba;
}
