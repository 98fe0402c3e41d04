// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/guestmem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/lib/map-shared.h"

/*
 * All mappings, for the SIGBUS handler. Also those of a memfd sealed against shrinking: a huge page
 * that cannot be had is a SIGBUS too. Slots are filled and emptied by the control thread while the
 * data thread stands still, and only read by the handler.
 */
#define GUARD_MAX 1024
static struct guard {
	_Atomic(uint8_t *) map;
	uint64_t len;
	struct guestmem *mem;
} guards[GUARD_MAX];

bool guestmem_guard_add(void *map, uint64_t len, struct guestmem *m)
{
	for (int i = 0; i < GUARD_MAX; i++)
		if (!atomic_load(&guards[i].map)) {
			guards[i].len = len;
			guards[i].mem = m;
			atomic_store(&guards[i].map, map);
			return true;
		}
	return false;
}

void guestmem_guard_remove(const void *map)
{
	for (int i = 0; i < GUARD_MAX; i++)
		if (atomic_load(&guards[i].map) == map)
			atomic_store(&guards[i].map, NULL);
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	uint8_t *at = info->si_addr;

	for (int i = 0; i < GUARD_MAX; i++) {
		uint8_t *map = atomic_load(&guards[i].map);

		if (!map || at < map || at >= map + guards[i].len)
			continue;
		if (mmap(map, guards[i].len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
			 0) == MAP_FAILED)
			break;
		guards[i].mem->lost = true;
		return;
	}
	/* Made again, while the signal is blocked, the access is fatal. */
	(void)*(volatile uint8_t *)at;
}

int guestmem_guard(void)
{
	struct sigaction sa = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};

	return sigaction(SIGBUS, &sa, NULL) < 0 ? -errno : 0;
}

static const struct guestmem_region *find_region(const struct guestmem *m, uint64_t gpa)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (gpa - m->region[i].gpa < m->region[i].size)
			return &m->region[i];
	return NULL;
}

uint8_t *guestmem_find(const struct guestmem *m, struct guestmem_cache *c, uint64_t gpa,
		       uint64_t *len)
{
	const struct guestmem_region *r = find_region(m, gpa);
	uint64_t off;

	if (!r)
		return NULL;
	*c = (struct guestmem_cache){.gpa = r->gpa, .size = r->size, .hva = r->hva};
	off = gpa - r->gpa;
	if (*len > r->size - off)
		*len = r->size - off;
	return r->hva + off;
}

void *guestmem_user(const struct guestmem *m, uint64_t uaddr, uint64_t len)
{
	for (uint32_t i = 0; i < m->n; i++) {
		const struct guestmem_region *r = &m->region[i];
		uint64_t off = uaddr - r->uaddr;

		if (off < r->size)
			return len <= r->size - off ? r->hva + off : NULL;
	}
	return NULL;
}

static bool overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return a - b < blen || b - a < alen;
}

static int check_range(const struct guestmem *m, uint64_t gpa, uint64_t size, uint64_t uaddr,
		       uint64_t off, struct err *e)
{
	if (!size || gpa + size < gpa || uaddr + size < uaddr || off + size < off ||
	    off + size > 1ull << 52)
		return err_set(e, -EINVAL, "memory region of 0x%" PRIx64 " bytes at 0x%" PRIx64
			       " is empty or wraps around", size, gpa);
	if (m->n == GUESTMEM_SLOTS)
		return err_set(e, -ENOSPC, "more than %d memory regions", GUESTMEM_SLOTS);
	for (uint32_t i = 0; i < m->n; i++)
		if (overlap(gpa, size, m->region[i].gpa, m->region[i].size) ||
		    overlap(uaddr, size, m->region[i].uaddr, m->region[i].size))
			return err_set(e, -EINVAL, "memory region at 0x%" PRIx64
				       " overlaps the one at 0x%" PRIx64, gpa, m->region[i].gpa);
	return 0;
}

int guestmem_fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

/*
 * Seals are asked for since only files of memory have them (tmpfs, hugetlbfs, memfd): with any
 * other, whoever serves the file system could let a page fault of the data thread wait.
 */
int guestmem_map_length(int fd, uint64_t end, uint64_t *len, struct err *e)
{
	struct stat st;
	uint64_t page = 4096;

	if (guestmem_fstat(fd, &st) < 0)
		return err_set(e, -errno, "shared memory: fstat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode) || fcntl(fd, F_GET_SEALS) < 0)
		return err_set(e, -EINVAL, "shared memory: the descriptor is not a file of memory");
	if ((uint64_t)st.st_size < end)
		return err_set(e, -EINVAL, "shared memory ends at 0x%" PRIx64
			       " of a file of 0x%" PRIx64 " bytes", end, (uint64_t)st.st_size);
	if (st.st_blksize > 4096 && !(st.st_blksize & (st.st_blksize - 1)))
		page = (uint64_t)st.st_blksize;
	*len = (end + page - 1) & ~(page - 1);
	return 0;
}

int guestmem_add(struct guestmem *m, uint64_t gpa, uint64_t size, uint64_t uaddr, int fd,
		 uint64_t off, struct err *e)
{
	struct guestmem_region *r = &m->region[m->n];
	uint64_t len = 0;
	uint8_t *map;
	int rc = check_range(m, gpa, size, uaddr, off, e);

	if (!rc)
		rc = guestmem_map_length(fd, off + size, &len, e);
	if (rc)
		return rc;
	map = map_shared(fd, len);
	if (!map)
		return err_set(e, -errno, "memory region at 0x%" PRIx64 " cannot be mapped: %s", gpa,
			       strerror(errno));
	if (!guestmem_guard_add(map, len, m)) {
		unmap_shared(map, len);
		return err_set(e, -ENOSPC, "too many memory regions");
	}
	*r = (struct guestmem_region){.gpa = gpa, .size = size, .uaddr = uaddr, .off = off,
				      .hva = map + off, .map = map, .map_len = len};
	m->n++;
	return 0;
}

static void unmap(struct guestmem_region *r)
{
	guestmem_guard_remove(r->map);
	unmap_shared(r->map, r->map_len);
}

int guestmem_remove(struct guestmem *m, uint64_t gpa, uint64_t size, uint64_t uaddr,
		    struct err *e)
{
	for (uint32_t i = 0; i < m->n; i++) {
		struct guestmem_region *r = &m->region[i];

		if (r->gpa != gpa || r->size != size || r->uaddr != uaddr)
			continue;
		unmap(r);
		*r = m->region[--m->n];
		return 0;
	}
	return err_set(e, -ENOENT, "no memory region of 0x%" PRIx64 " bytes at 0x%" PRIx64, size,
		       gpa);
}

void guestmem_clear(struct guestmem *m)
{
	while (m->n)
		unmap(&m->region[--m->n]);
	m->lost = false;
}
