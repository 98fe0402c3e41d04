// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "kernel/vm/layout.h"
#include "kernel/vm/vm.h"

#define HUGE (2ULL << 20)

struct memory {
	struct guest_region region[2];
	int n;
	int fd;
	void *reserved;		/* all that is mapped, the slack for alignment too */
	size_t reserved_size;
};

static uint64_t read_count(const char *name)
{
	char path[96];
	unsigned long long v = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-2048kB/%s", name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &v) != 1)
		v = 0;
	fclose(f);
	return v;
}

static bool huge_pages_suffice(uint64_t size)
{
	uint64_t free_pages = read_count("free_hugepages"), taken = read_count("resv_hugepages");

	return size % HUGE == 0 && free_pages >= taken && free_pages - taken >= size / HUGE;
}

/* A sealed memfd of that size, mapped at a 2 MiB boundary so that huge pages can back it. */
static int map_ram(struct memory *m, uint64_t size, bool huge)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | (huge ? MFD_HUGETLB : 0);
	void *at;

	m->fd = memfd_create("guest-ram", flags);
	if (m->fd < 0)
		return -errno;
	if (ftruncate(m->fd, (off_t)size) ||
	    fcntl(m->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto fail;
	m->reserved_size = size + HUGE;
	m->reserved = mmap(NULL, m->reserved_size, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->reserved == MAP_FAILED)
		goto fail;
	at = (void *)(((uintptr_t)m->reserved + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, m->fd, 0) == MAP_FAILED)
		goto fail;
	m->region[0].hva = at;
	return 0;
fail:
	size = (uint64_t)errno;
	if (m->reserved && m->reserved != MAP_FAILED)
		munmap(m->reserved, m->reserved_size);
	m->reserved = NULL;
	close(m->fd);
	return -(int)size;
}

static int set_slot(struct vm *vm, uint32_t slot, const struct guest_region *r, struct err *e)
{
	struct kvm_userspace_memory_region k = {
		.slot = slot,
		.guest_phys_addr = r->gpa,
		.memory_size = r->size,
		.userspace_addr = (uintptr_t)r->hva,
	};

	if (vm->vm_fd >= 0 && ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &k))
		return err_set(e, -errno, "KVM does not take the guest's memory at 0x%llx: %s",
			       (unsigned long long)r->gpa, strerror(errno));
	return 0;
}

int memory_init(struct vm *vm, uint64_t size, struct err *e)
{
	struct memory *m = calloc(1, sizeof(*m));
	uint64_t low = size < RAM_LOW_MAX ? size : RAM_LOW_MAX;
	int r;

	if (!m)
		return err_set(e, -ENOMEM, "no memory");
	r = huge_pages_suffice(size) ? map_ram(m, size, true) : -ENOMEM;
	if (r)
		r = map_ram(m, size, false);
	if (r) {
		free(m);
		return err_set(e, r, "no memory for a guest of %llu MiB: %s",
			       (unsigned long long)size >> 20, strerror(-r));
	}
	madvise(m->region[0].hva, size, MADV_DONTDUMP);
	madvise(m->region[0].hva, size, MADV_HUGEPAGE);
	m->n = size > low ? 2 : 1;
	m->region[0].size = low;
	m->region[0].fd = m->region[1].fd = m->fd;
	m->region[1].gpa = RAM_HIGH_BASE;
	m->region[1].size = size - low;
	m->region[1].hva = (char *)m->region[0].hva + low;
	m->region[1].fd_offset = low;
	vm->memory = m;
	for (int i = 0; i < m->n && !r; i++)
		r = set_slot(vm, (uint32_t)i, &m->region[i], e);
	return r;
}

void memory_free(struct vm *vm)
{
	struct memory *m = vm->memory;

	if (!m)
		return;
	munmap(m->reserved, m->reserved_size);
	close(m->fd);
	free(m);
	vm->memory = NULL;
}

const struct guest_region *guest_regions(struct vm *vm, int *n)
{
	*n = vm->memory->n;
	return vm->memory->region;
}

static const struct guest_region *region_of(struct vm *vm, uint64_t gpa, uint64_t len)
{
	const struct memory *m = vm->memory;

	for (int i = 0; len && i < m->n; i++) {
		const struct guest_region *r = &m->region[i];

		if (gpa >= r->gpa && gpa - r->gpa < r->size && len <= r->size - (gpa - r->gpa))
			return r;
	}
	return NULL;
}

void *guest_ptr(struct vm *vm, uint64_t gpa, uint64_t len)
{
	const struct guest_region *r = region_of(vm, gpa, len);

	return r ? (char *)r->hva + (gpa - r->gpa) : NULL;
}

ssize_t guest_fill(struct vm *vm, uint64_t gpa, uint64_t len, int fd, uint64_t off)
{
	const struct guest_region *r = region_of(vm, gpa, len);
	off_t from = (off_t)off;
	ssize_t n = -1;

	/* From page to page in the kernel: a read would fault, and clear, each page first. */
	if (lseek(r->fd, (off_t)(r->fd_offset + gpa - r->gpa), SEEK_SET) >= 0)
		n = sendfile(r->fd, fd, &from, len);
	if (n < 0 && errno != EINTR) /* huge pages cannot be written to */
		n = pread(fd, (char *)r->hva + (gpa - r->gpa), len, (off_t)off);
	return n;
}
