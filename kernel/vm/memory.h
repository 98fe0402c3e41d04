/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest RAM: one shared memfd, sealed against shrinking and growing so that a vhost-user back end
 * may map it without fear of SIGBUS. Huge pages when enough of them are free.
 */
#ifndef KERNEL_VM_MEMORY_H
#define KERNEL_VM_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

#include "kernel/lib/err.h"

struct vm;

struct guest_region {
	uint64_t gpa, size;
	void *hva;
	int fd;
	uint64_t fd_offset;
};

/* Makes size bytes (page aligned) of RAM and gives it to KVM (if vm->vm_fd is not -1). */
int memory_init(struct vm *vm, uint64_t size, struct err *e);
void memory_free(struct vm *vm);

/* One or two regions, ascending. */
const struct guest_region *guest_regions(struct vm *vm, int *n);

/* Where [gpa, gpa + len) is here; NULL if it is not wholly in one region, or len is 0. */
void *guest_ptr(struct vm *vm, uint64_t gpa, uint64_t len);

/*
 * Reads up to len bytes at off of a file to gpa, where guest_ptr() has found all of len. As pread():
 * how many, 0 at the file's end, or -1 and errno.
 */
ssize_t guest_fill(struct vm *vm, uint64_t gpa, uint64_t len, int fd, uint64_t off);

#endif
