// SPDX-License-Identifier: Apache-2.0
/*
 * The client's memory: maps by I/O address, and the card's reads and writes through them.
 *
 * A map's file belongs to the client, which may cut it short while we hold it; touching the lost
 * part raises SIGBUS. Copies run under a guard that turns that into a DMA fault.
 */
#include "internal.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAPS_MAX 65535	/* the protocol's default for max_dma_maps */
#define PAGE 4096ull

static __thread sigjmp_buf *copy_guard;

static void on_sigbus(int sig)
{
	if (copy_guard)
		siglongjmp(*copy_guard, 1);
	signal(sig, SIG_DFL);	/* not ours: the instruction runs again and ends the process */
}

int dma_init(void)
{
	struct sigaction sa = {.sa_handler = on_sigbus, .sa_flags = SA_NODEFER};

	return sigaction(SIGBUS, &sa, NULL) < 0 ? -errno : 0;
}

static int guarded_copy(void *to, const void *from, size_t n)
{
	sigjmp_buf here;

	if (sigsetjmp(here, 0)) {
		copy_guard = NULL;
		return -EFAULT;
	}
	copy_guard = &here;
	memcpy(to, from, n);
	__asm__ volatile("" ::: "memory");
	copy_guard = NULL;
	return 0;
}

/* The first map that ends above iova: where it is, or where it would go. */
static unsigned int lower_bound(const struct model *m, uint64_t iova)
{
	unsigned int lo = 0, hi = m->nmaps;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;
		const struct dma_map *d = &m->maps[mid];

		if (d->iova + (d->size - 1) < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int grow(struct model *m)
{
	unsigned int room = m->maps_room ? m->maps_room * 2 : 16;
	struct dma_map *maps;

	if (m->nmaps < m->maps_room)
		return 0;
	if (m->nmaps >= MAPS_MAX)
		return -ENOSPC;
	maps = realloc(m->maps, room * sizeof(*maps));
	if (!maps)
		return -ENOMEM;
	m->maps = maps;
	m->maps_room = room;
	return 0;
}

static int map_file(const struct vfu_dma_map *req, int fd, uint8_t **host)
{
	int prot = (req->flags & VFU_DMA_READABLE ? PROT_READ : 0) |
		   (req->flags & VFU_DMA_WRITABLE ? PROT_READ | PROT_WRITE : 0);
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || req->offset > (uint64_t)st.st_size ||
	    req->size > (uint64_t)st.st_size - req->offset)
		return -EINVAL;
	p = mmap(NULL, req->size, prot, MAP_SHARED | MAP_NORESERVE, fd, (off_t)req->offset);
	if (p == MAP_FAILED)
		return -errno;
	*host = p;
	return 0;
}

int dma_map(struct model *m, const struct vfu_dma_map *req, int fd)
{
	unsigned int at = lower_bound(m, req->address);
	uint8_t *host = NULL;
	int r;

	if (!req->flags || req->flags & ~(uint32_t)(VFU_DMA_READABLE | VFU_DMA_WRITABLE) ||
	    !req->size || (req->address | req->size | req->offset) % PAGE ||
	    req->address + (req->size - 1) < req->address)
		return -EINVAL;
	if (at < m->nmaps && m->maps[at].iova <= req->address + (req->size - 1))
		return -EEXIST;
	r = grow(m);
	if (!r && fd >= 0)
		r = map_file(req, fd, &host);
	if (r)
		return r;
	memmove(m->maps + at + 1, m->maps + at, (m->nmaps - at) * sizeof(*m->maps));
	m->maps[at] = (struct dma_map){
		.iova = req->address,
		.size = req->size,
		.host = host,
		.readable = req->flags & VFU_DMA_READABLE,
		.writable = req->flags & VFU_DMA_WRITABLE,
	};
	m->nmaps++;
	return 0;
}

static void release(struct dma_map *d)
{
	if (d->host)
		munmap(d->host, d->size);
}

int dma_unmap(struct model *m, const struct vfu_dma_unmap *req)
{
	unsigned int at = lower_bound(m, req->address);

	if (req->flags == VFU_UNMAP_ALL && !req->address && !req->size) {
		dma_unmap_all(m);
		return 0;
	}
	if (req->flags)
		return -EINVAL;
	if (at >= m->nmaps || m->maps[at].iova != req->address || m->maps[at].size != req->size)
		return -ENOENT;
	release(&m->maps[at]);
	m->nmaps--;
	memmove(m->maps + at, m->maps + at + 1, (m->nmaps - at) * sizeof(*m->maps));
	return 0;
}

void dma_unmap_all(struct model *m)
{
	while (m->nmaps)
		release(&m->maps[--m->nmaps]);
	free(m->maps);
	m->maps = NULL;
	m->maps_room = 0;
}

static const struct dma_map *find(struct model *m, uint64_t iova)
{
	const struct dma_map *d;

	if (m->last_map < m->nmaps) {
		d = &m->maps[m->last_map];
		if (iova >= d->iova && iova - d->iova < d->size)
			return d;
	}
	m->last_map = lower_bound(m, iova);
	if (m->last_map >= m->nmaps || m->maps[m->last_map].iova > iova)
		return NULL;
	return &m->maps[m->last_map];
}

static int part(struct model *m, const struct dma_map *d, uint64_t iova, void *buf, size_t n,
		bool write)
{
	uint8_t *host = d->host ? d->host + (iova - d->iova) : NULL;

	if (!host)
		return server_dma(m, iova, buf, n, write);
	return write ? guarded_copy(host, buf, n) : guarded_copy(buf, host, n);
}

int dma_physical(struct model *m, uint64_t at, void *buf, size_t n, bool write)
{
	uint8_t *p = buf;

	while (n) {
		const struct dma_map *d = find(m, at);
		uint64_t left = d ? d->size - (at - d->iova) : 0;
		size_t len = left < n ? (size_t)left : n;
		int r = -EFAULT;

		if (d && (write ? d->writable : d->readable))
			r = part(m, d, at, p, len, write);
		if (r)
			return r;
		at += len;
		p += len;
		n -= len;
		if (n && !at)
			return -EFAULT;	/* past the last address */
	}
	return 0;
}

static int transfer(struct model *m, uint64_t iova, uint8_t *buf, size_t n, bool write)
{
	if (!model_has_client(m))
		return -EIO;
	if (!model_bus_master(m))
		return -EPERM;
	if (!m->proxy || !m->vtd)
		return dma_physical(m, iova, buf, n, write);
	while (n) {
		uint64_t at, run;
		int r = vtd_translate(m, iova, write, &at, &run);
		size_t len = run < n ? (size_t)run : n;

		if (!r)
			r = dma_physical(m, at, buf, len, write);
		if (r)
			return r;
		iova += len;
		buf += len;
		n -= len;
	}
	return 0;
}

static int fault(struct model *m, const char *what, uint64_t iova, size_t n, int r)
{
	uint64_t count;

	if (!r)
		return 0;
	count = ++m->dma_faults;
	if (!(count & (count - 1)))
		model_log("DMA fault %llu: %s of %zu bytes at 0x%llx: %s",
			  (unsigned long long)count, what, n, (unsigned long long)iova,
			  strerror(-r));
	return r;
}

int model_dma_read(struct model *m, uint64_t iova, void *buf, size_t n)
{
	return fault(m, "read", iova, n, transfer(m, iova, buf, n, false));
}

int model_dma_write(struct model *m, uint64_t iova, const void *buf, size_t n)
{
	uint8_t wrong[FAULTS_COMPLETION_MAX];

	if (m->faults.writes && n && n <= sizeof(wrong)) {
		memcpy(wrong, buf, n);
		faults_dma(m, wrong, n);
		buf = wrong;
	}
	return fault(m, "write", iova, n, transfer(m, iova, (uint8_t *)buf, n, true));
}

uint64_t model_dma_faults(const struct model *m)
{
	return m->dma_faults;
}
