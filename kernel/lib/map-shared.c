// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/map-shared.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#define PAGE	  4096ull
#define HUGE_PAGE (2ull << 20)
#define VAST_PAGE (1ull << 30)

static uint64_t up(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* Of what was reserved, [from, to): what lies before and behind is given back. */
static void trim(uint64_t room, uint64_t len, uint64_t from, uint64_t to)
{
	if (from > room)
		munmap((void *)room, from - room);
	if (room + len > to)
		munmap((void *)to, room + len - to);
}

void *map_shared(int fd, uint64_t len)
{
	uint64_t align = len % VAST_PAGE ? HUGE_PAGE : VAST_PAGE;
	uint64_t whole = up(len, PAGE) + 2 * MAP_SHARED_GAP + align;
	void *room = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;
	int why;

	if (room == MAP_FAILED)
		return NULL;
	at = (void *)up((uint64_t)room + MAP_SHARED_GAP, align);
	if (mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
		why = errno;
		munmap(room, whole);
		errno = why;
		return NULL;
	}
	trim((uint64_t)room, whole, (uint64_t)at - MAP_SHARED_GAP,
	     (uint64_t)at + up(len, PAGE) + MAP_SHARED_GAP);
	return at;
}

void unmap_shared(void *map, uint64_t len)
{
	munmap((char *)map - MAP_SHARED_GAP, up(len, PAGE) + 2 * MAP_SHARED_GAP);
}
