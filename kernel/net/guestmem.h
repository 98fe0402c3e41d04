/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front end's memory, as its vhost-user messages describe it: regions known by the guest's
 * physical address and by the front end's own virtual address, mapped readable and writable here.
 * A peer that truncates a file under a mapping makes the touching thread take SIGBUS: the handler
 * puts zeros there and marks the memory lost, and its port is failed at the next round.
 */
#ifndef KERNEL_NET_GUESTMEM_H
#define KERNEL_NET_GUESTMEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "kernel/lib/err.h"

#define GUESTMEM_SLOTS 64

struct guestmem_region {
	uint64_t gpa, size;
	uint64_t uaddr;		/* the front end's address of its first byte */
	uint64_t off;		/* of its first byte in the file */
	uint32_t kept;		/* the caller's: where the descriptor is kept */
	uint8_t *hva;		/* ours */
	void *map;
	uint64_t map_len;
};

struct guestmem {
	uint32_t n;
	struct guestmem_region region[GUESTMEM_SLOTS];
	volatile bool lost;
};

/* The region a queue used last. */
struct guestmem_cache {
	uint64_t gpa, size;	/* size 0: none */
	uint8_t *hva;
};

/* Where len bytes from gpa are, if they are all in the cached region; else a null pointer. */
static inline uint8_t *guestmem_cached(const struct guestmem_cache *c, uint64_t gpa, uint64_t len)
{
	uint64_t off = gpa - c->gpa;

	return off < c->size && len <= c->size - off ? c->hva + off : (uint8_t *)0;
}

/*
 * Where gpa is; *len (above 0) becomes the bytes of it that are contiguous here. A null pointer if
 * gpa is in no region. Sets the cache.
 */
uint8_t *guestmem_find(const struct guestmem *m, struct guestmem_cache *c, uint64_t gpa,
		       uint64_t *len);

/* len bytes at the front end's address, wholly in one region; else a null pointer. */
void *guestmem_user(const struct guestmem *m, uint64_t uaddr, uint64_t len);

/*
 * Maps a region of fd, which stays the caller's, from its byte off on. Refused are empty and
 * wrapping ranges, overlaps with another region, and files that are too short.
 */
int guestmem_add(struct guestmem *m, uint64_t gpa, uint64_t size, uint64_t uaddr, int fd,
		 uint64_t off, struct err *e);
int guestmem_remove(struct guestmem *m, uint64_t gpa, uint64_t size, uint64_t uaddr,
		    struct err *e);
void guestmem_clear(struct guestmem *m);

/* The length to map for bytes up to end of fd, a file of memory: hugetlbfs wants whole pages. */
int guestmem_map_length(int fd, uint64_t end, uint64_t *len, struct err *e);

/* The same guard for another mapping that the peer can spoil; false: too many. */
bool guestmem_guard_add(void *map, uint64_t len, struct guestmem *m);
void guestmem_guard_remove(const void *map);

/* Installs the SIGBUS handler. Faults elsewhere than in guest memory stay fatal. */
int guestmem_guard(void);

/* fstat() by the call of that name: the C library's takes a path, which a sandbox must not allow. */
int guestmem_fstat(int fd, struct stat *st);

#endif
