// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vmhi/core.h>

#define DRIVER_MEMORY (128 << 10)	/* what the 82574 driver takes, about */

struct file {
	char *p;
	size_t n;
};

static int map_file(const char *path, struct file *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	f->p = MAP_FAILED;
	if (fstat(fd, &st) == 0)
		f->p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	f->n = (size_t)st.st_size;
	close(fd);
	return f->p == MAP_FAILED ? -EIO : 0;
}

/* The first mapping whose line in maps has this name: where file offset 0 of it would be. */
static uint64_t base_of(pid_t pid, const char *name, struct range *whole)
{
	unsigned long long from, to, off;
	char path[64], line[512], perms[8];
	uint64_t base = 0;
	int at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %n", &from, &to, perms, &off, &at) < 4 ||
		    strncmp(line + at, name, strlen(name)))
			continue;
		if (!base)
			base = from - off;
		*whole = (struct range){base, to - base};
	}
	if (f)
		fclose(f);
	return base;
}

/* The driver's segments with these flags. Ours are ET_DYN that begin at virtual address 0. */
static struct range segment(const struct file *f, uint64_t base, uint32_t flag)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)f->p;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(f->p + eh->e_phoff);

	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_flags & flag)
			return (struct range){base + ph[i].p_vaddr, ph[i].p_memsz};
	return (struct range){0, 0};
}

static uint64_t symbol(const struct file *f, const char *name)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)f->p;
	const Elf64_Shdr *sh = (const Elf64_Shdr *)(f->p + eh->e_shoff);

	for (int i = 0; i < eh->e_shnum; i++) {
		const Elf64_Sym *sym = (const Elf64_Sym *)(f->p + sh[i].sh_offset);
		const char *names = f->p + sh[sh[i].sh_link].sh_offset;

		if (sh[i].sh_type != SHT_SYMTAB)
			continue;
		for (size_t k = 0; k < sh[i].sh_size / sizeof(*sym); k++)
			if (!strcmp(names + sym[k].st_name, name))
				return sym[k].st_value;
	}
	return 0;
}

/* Behind the head of the table are pointers to functions, to its end. */
static void find_calls(struct target *t, uint64_t table)
{
	uint64_t n = (sizeof(struct vmhi_host) - sizeof(struct vmhi_tab)) / sizeof(uint64_t);

	if (n > TARGET_CALLS)
		n = TARGET_CALLS;
	if (target_read(t, table + sizeof(struct vmhi_tab), t->call, n * sizeof(uint64_t)))
		t->ncalls = (unsigned int)n;
}

int target_open(struct target *t, pid_t pid, const char *driver, const char *worker)
{
	struct file so = {0}, program = {0};
	struct range whole;
	uint64_t base;
	char path[64];
	int r;

	*t = (struct target){.pid = pid};
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	t->mem = open(path, O_RDWR | O_CLOEXEC);
	if (t->mem < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = map_file(driver, &so);
	if (r == 0)
		r = map_file(worker, &program);
	base = base_of(pid, "/memfd:vmhi-driver", &whole);
	if (r == 0 && base) {
		t->code = segment(&so, base, PF_X);
		t->data = segment(&so, base, PF_W);
	}
	/* Drivers are given memory from the pool's begin on; packet buffers lie at its end. */
	if (base_of(pid, "/memfd:vmhi-pool", &t->dma))
		t->dma.len = DRIVER_MEMORY;
	base = base_of(pid, worker, &whole);
	if (r == 0 && base)
		find_calls(t, base + symbol(&program, "worker_host"));
	if (so.p && so.p != MAP_FAILED)
		munmap(so.p, so.n);
	if (program.p && program.p != MAP_FAILED)
		munmap(program.p, program.n);
	if (r == 0 && (!t->code.len || !t->ncalls))
		r = -ESRCH;
	if (r)
		target_close(t);
	return r;
}

void target_close(struct target *t)
{
	if (t->mem >= 0)
		close(t->mem);
	t->mem = -1;
}

bool target_read(const struct target *t, uint64_t at, void *buf, size_t n)
{
	return pread(t->mem, buf, n, (off_t)at) == (ssize_t)n;
}

bool target_write(const struct target *t, uint64_t at, const void *buf, size_t n)
{
	return pwrite(t->mem, buf, n, (off_t)at) == (ssize_t)n;
}
