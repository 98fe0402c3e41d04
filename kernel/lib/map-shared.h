/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that outlives this process, or is another's, mapped with a gap before and behind it. A
 * driver that runs wild mostly does so in a line, off the end of a buffer or up the stack: that
 * ends at the gap, with a signal, and not in the memory that the next process goes on from.
 */
#ifndef KERNEL_LIB_MAP_SHARED_H
#define KERNEL_LIB_MAP_SHARED_H

#include <stdint.h>

#define MAP_SHARED_GAP (1ull << 20)	/* wider than any buffer that a store could step over it by */

/*
 * len bytes of a file of memory from its begin on, to be read and written, aligned as its pages may
 * want it: to 2 MiB, or 1 GiB if len is a multiple of that. NULL: errno says why.
 */
void *map_shared(int fd, uint64_t len);
/* Gap and all. */
void unmap_shared(void *map, uint64_t len);

#endif
