// SPDX-License-Identifier: Apache-2.0
/* VFIO's container and groups (type 1 IOMMU): DMA maps, and which addresses the IOMMU offers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel/bus/vfio.h"

struct container {
	int fd;
	uint32_t ngroup;
	struct {
		int number, fd;
	} group[BUS_DEVICES_MAX];
};

static struct container *container(struct bus *b, struct err *e)
{
	struct container *c = b->vfio;

	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c) {
		err_set(e, -ENOMEM, "no memory for VFIO's container");
		return NULL;
	}
	c->fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (c->fd < 0) {
		err_set(e, -errno, "/dev/vfio/vfio: %s: run \"modprobe vfio-pci\"",
			strerror(errno));
		free(c);
		return NULL;
	}
	if (ioctl(c->fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(c->fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1) {
		err_set(e, -ENOTSUP, "this kernel's VFIO has no type 1 IOMMU: run \"modprobe "
			"vfio_iommu_type1\"");
		close(c->fd);
		free(c);
		return NULL;
	}
	b->vfio = c;
	return c;
}

/* The IOVA ranges in the chain of capabilities of an answer of info->argsz bytes. */
static int read_ranges(struct bus *b, const struct vfio_iommu_type1_info *info, struct err *e)
{
	const char *base = (const char *)info;
	uint32_t at = info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0;
	const struct vfio_info_cap_header *h;

	for (; at && at + sizeof(*h) <= info->argsz; at = h->next) {
		const struct vfio_iommu_type1_info_cap_iova_range *cap;
		struct iova_range r[IOVA_RANGES_MAX];
		uint32_t n;

		h = (const struct vfio_info_cap_header *)(base + at);
		if (h->id != VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			continue;
		cap = (const struct vfio_iommu_type1_info_cap_iova_range *)h;
		n = cap->nr_iovas < IOVA_RANGES_MAX ? cap->nr_iovas : IOVA_RANGES_MAX;
		for (uint32_t i = 0; i < n; i++)
			r[i] = (struct iova_range){cap->iova_ranges[i].start,
						   cap->iova_ranges[i].end};
		return iova_intersect(&b->ranges, r, n, e);
	}
	return 0;
}

static int iommu_ranges(struct bus *b, struct container *c, struct err *e)
{
	struct vfio_iommu_type1_info head = {.argsz = sizeof(head)}, *info;
	int r = 0;

	if (ioctl(c->fd, VFIO_IOMMU_GET_INFO, &head) < 0)
		return err_set(e, -errno, "VFIO does not tell about the IOMMU: %s",
			       strerror(errno));
	info = calloc(1, head.argsz);
	if (!info)
		return err_set(e, -ENOMEM, "no memory for the IOMMU's ranges");
	info->argsz = head.argsz;
	if (ioctl(c->fd, VFIO_IOMMU_GET_INFO, info) == 0)
		r = read_ranges(b, info, e);
	free(info);
	return r;
}

static int check_viable(int fd, int group, const char *address, struct err *e)
{
	struct vfio_group_status st = {.argsz = sizeof(st)};

	if (ioctl(fd, VFIO_GROUP_GET_STATUS, &st) < 0)
		return err_set(e, -errno, "%s: group %d: %s", address, group, strerror(errno));
	if (!(st.flags & VFIO_GROUP_FLAGS_VIABLE))
		return err_set(e, -EBUSY, "%s: other devices of its IOMMU group %d are in use by "
			       "the host: bind them all to vfio-pci", address, group);
	return 0;
}

int vfio_group_open(struct bus *b, int group, const char *address, struct err *e)
{
	struct container *c = container(b, e);
	char path[32];
	int fd, r;

	if (!c)
		return e->code;
	for (uint32_t i = 0; i < c->ngroup; i++)
		if (c->group[i].number == group)
			return c->group[i].fd;
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, -errno, "%s: %s: %s", address, path, errno == EBUSY ?
			       "another process has it open" : strerror(errno));
	r = check_viable(fd, group, address, e);
	if (r == 0 && ioctl(fd, VFIO_GROUP_SET_CONTAINER, &c->fd) < 0)
		r = err_set(e, -errno, "%s: group %d cannot join the others: %s", address, group,
			    strerror(errno));
	if (r == 0 && c->ngroup == 0 && ioctl(c->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
		r = err_set(e, -errno, "%s: the IOMMU cannot be used: %s: without interrupt "
			    "remapping VFIO wants vfio_iommu_type1.allow_unsafe_interrupts=1",
			    address, strerror(errno));
	if (r == 0)
		r = iommu_ranges(b, c, e);
	if (r) {
		close(fd);
		return r;
	}
	c->group[c->ngroup].number = group;
	c->group[c->ngroup++].fd = fd;
	return fd;
}

int vfio_dma_map(struct bus *b, void *va, uint64_t iova, uint64_t len, struct err *e)
{
	struct container *c = b->vfio;
	struct vfio_iommu_type1_dma_map m = {
		.argsz = sizeof(m),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va, .iova = iova, .size = len,
	};

	if (!c || ioctl(c->fd, VFIO_IOMMU_MAP_DMA, &m) == 0)
		return 0;
	return err_set(e, -errno, "%llu MiB of memory cannot be mapped for DMA: %s%s",
		       (unsigned long long)(len >> 20), strerror(errno),
		       errno == ENOMEM ? ": raise the limit of locked memory (ulimit -l)" : "");
}

void vfio_dma_unmap(struct bus *b, uint64_t iova, uint64_t len)
{
	struct container *c = b->vfio;
	struct vfio_iommu_type1_dma_unmap m = {.argsz = sizeof(m), .iova = iova, .size = len};

	if (c)
		ioctl(c->fd, VFIO_IOMMU_UNMAP_DMA, &m);
}

void vfio_container_close(struct bus *b)
{
	struct container *c = b->vfio;

	if (!c)
		return;
	while (c->ngroup)
		close(c->group[--c->ngroup].fd);
	close(c->fd);
	free(c);
	b->vfio = NULL;
}
