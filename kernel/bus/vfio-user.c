// SPDX-License-Identifier: Apache-2.0
/* A PCI function served over vfio-user: a hardware model in a process of its own. */
#include "kernel/bus/vfio-user.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/lib/log.h"

#define MAJOR 0
#define MINOR 1
#define RESET_MS 20000
#define BAR_MAX (1ull << 40)
#define INFO_MAX 1024u		/* bytes of a region's info with its capabilities */

static struct vfu_dev *of(struct bus_device *d)
{
	return (struct vfu_dev *)d;
}

/* The server's limits, from what it says of itself; absent ones keep their defaults. */
static int read_capabilities(struct vfu_dev *v, const char *text, size_t len, struct err *e)
{
	json_error_t je;
	json_t *obj, *caps, *n;

	if (!len)
		return 0;
	if (!memchr(text, 0, len))
		return vfu_drop(v, e, "the server's version data does not end");
	obj = json_loads(text, 0, &je);
	caps = json_object_get(obj, "capabilities");
	if (!obj) {
		json_decref(obj);
		return vfu_drop(v, e, "the server's version data is not JSON");
	}
	n = json_object_get(caps, "max_msg_fds");
	if (json_integer_value(n) > 0)
		v->max_fds = json_integer_value(n) < FDPASS_MAX ?
			     (uint32_t)json_integer_value(n) : FDPASS_MAX;
	n = json_object_get(caps, "max_data_xfer_size");
	len = n && json_integer_value(n) < 8; /* less than one register */
	v->write_multiple = json_is_true(json_object_get(caps, "write_multiple")) &&
			    (!n || json_integer_value(n) >= (int)sizeof(v->batch));
	json_decref(obj);
	return len ? vfu_drop(v, e, "the server takes no 8 bytes at a time") : 0;
}

static int negotiate(struct vfu_dev *v, struct err *e)
{
	char text[128];
	struct vfu_version ours = {MAJOR, MINOR}, theirs;
	struct vfu_call c = {
		.command = VFU_VERSION, .req = &ours, .req_len = sizeof(ours), .data = text,
		.reply_min = sizeof(theirs),
	};
	int r;

	c.data_len = 1 + (uint32_t)snprintf(text, sizeof(text), "{\"capabilities\":{"
		"\"max_msg_fds\":%d,\"max_data_xfer_size\":%u,\"write_multiple\":true}}",
		FDPASS_MAX, VFU_XFER_MAX);
	r = vfu_call(v, &c, e);
	if (r)
		return r;
	v->answered = true;
	memcpy(&theirs, v->body, sizeof(theirs));
	if (theirs.major != MAJOR || theirs.minor > MINOR)
		return vfu_drop(v, e, "the server speaks another version of vfio-user than 0.1");
	return read_capabilities(v, (char *)v->body + sizeof(theirs),
				 c.reply_len - sizeof(theirs), e);
}

static int get_info(struct vfu_dev *v, struct err *e)
{
	struct vfio_device_info di = {.argsz = 16};
	struct vfu_call c = {
		.command = VFU_DEVICE_GET_INFO, .req = &di, .req_len = 16, .reply_min = 16,
	};
	int r = vfu_call(v, &c, e);

	if (r)
		return r;
	memcpy(&di, v->body, 16);
	if (!(di.flags & VFIO_DEVICE_FLAGS_PCI) || di.num_regions <= BUS_CONFIG)
		return vfu_drop(v, e, "the server's device is not a PCI function");
	v->can_reset = di.flags & VFIO_DEVICE_FLAGS_RESET;
	return 0;
}

/*
 * An area that the worker may map: whole pages, within BAR and file, and the file can never get
 * shorter, or a load there would kill the worker. What fails this goes through messages instead.
 */
static void add_area(struct vfu_dev *v, uint32_t bar, uint64_t base, uint64_t off, uint64_t len)
{
	struct bus_bar *b = &v->d.bar[bar];
	int fd = v->region_fd[bar];
	struct stat st;

	if (b->nareas == BUS_MAP_AREAS || !len || (off | len | base) % 4096 || off >= b->len ||
	    len > b->len - off || base > BAR_MAX || fstat(fd, &st) < 0 ||
	    (uint64_t)st.st_size < base + off + len)
		return;
	if (!(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK) || fcntl(fd, F_GET_SEALS) < 0)
		return;
	b->area[b->nareas++] = (struct bus_area){off, len, base + off, fd};
}

/* The areas of a region whose info, of len bytes, lies in v->body. */
static int region_areas(struct vfu_dev *v, const struct vfio_region_info *ri, uint32_t len,
			struct err *e)
{
	uint32_t at = ri->flags & VFIO_REGION_INFO_FLAG_CAPS ? ri->cap_offset : 0;
	struct vfio_region_info_cap_sparse_mmap sm;
	struct vfio_region_sparse_mmap_area a;

	/* Each capability lies behind the last: so the list ends. */
	for (uint32_t min = sizeof(*ri); at; min = at + 8, at = sm.header.next) {
		if (at < min || at > len || len - at < sizeof(sm.header))
			return vfu_drop(v, e, "the server's region capabilities are malformed");
		memcpy(&sm.header, v->body + at, sizeof(sm.header));
		if (sm.header.id != VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			continue;
		if (len - at < sizeof(sm))
			return vfu_drop(v, e, "the server's sparse areas are malformed");
		memcpy(&sm, v->body + at, sizeof(sm));
		if (sm.nr_areas > (len - at - sizeof(sm)) / sizeof(a))
			return vfu_drop(v, e, "the server's sparse areas are malformed");
		for (uint32_t i = 0; i < sm.nr_areas; i++) {
			memcpy(&a, v->body + at + sizeof(sm) + i * sizeof(a), sizeof(a));
			add_area(v, ri->index, ri->offset, a.offset, a.size);
		}
		return 0;
	}
	add_area(v, ri->index, ri->offset, 0, ri->size);
	return 0;
}

static int get_region(struct vfu_dev *v, uint32_t index, struct err *e)
{
	struct vfio_region_info ri = {.argsz = INFO_MAX, .index = index};
	int fds[FDPASS_MAX], r;
	struct vfu_call c = {
		.command = VFU_DEVICE_GET_REGION_INFO, .req = &ri, .req_len = sizeof(ri),
		.reply_min = sizeof(ri), .reply_fds = fds,
	};

	r = vfu_call(v, &c, e);
	if (r)
		return r;
	memcpy(&ri, v->body, sizeof(ri));
	if (ri.index != index || ri.size > BAR_MAX ||
	    (index == BUS_CONFIG && (ri.size < 256 || ri.size > 4096)))
		r = vfu_drop(v, e, "the server's region is malformed");
	if (r == 0 && index == BUS_CONFIG)
		v->d.config_len = ri.size;
	if (r == 0 && index < BUS_BARS) {
		v->d.bar[index].len = ri.size;
		if (ri.flags & VFIO_REGION_INFO_FLAG_MMAP && c.reply_nfd) {
			v->region_fd[index] = fds[0];
			fds[0] = fds[--c.reply_nfd];
			r = region_areas(v, &ri, c.reply_len, e);
		}
	}
	while (c.reply_nfd)
		close(fds[--c.reply_nfd]);
	return r;
}

/* MSI-X, or else MSI; a device with neither is polled. */
static int get_irqs(struct vfu_dev *v, struct err *e)
{
	static const uint32_t kinds[] = {VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX};

	for (int i = 0; i < 2 && !v->d.nvec; i++) {
		struct vfio_irq_info q = {.argsz = sizeof(q), .index = kinds[i]};
		struct vfu_call c = {
			.command = VFU_DEVICE_GET_IRQ_INFO, .req = &q, .req_len = sizeof(q),
			.reply_min = sizeof(q),
		};
		int r = vfu_call(v, &c, e);

		if (r)
			return r;
		memcpy(&q, v->body, sizeof(q));
		if (q.index != kinds[i])
			return vfu_drop(v, e, "the server answered what was not asked");
		if (!(q.flags & VFIO_IRQ_INFO_EVENTFD))
			continue;
		v->irq_index = kinds[i];
		v->d.nvec = q.count < BUS_VECTORS_MAX ? q.count : BUS_VECTORS_MAX;
	}
	return 0;
}

static int vfu_read(struct bus_device *d, uint32_t region, uint64_t off, void *buf, uint32_t n)
{
	struct vfu_region_access a = {off, region, n}, back;
	struct vfu_call c = {
		.command = VFU_REGION_READ, .req = &a, .req_len = sizeof(a),
		.reply_min = (uint32_t)sizeof(a) + n,
	};
	int r = vfu_call(of(d), &c, NULL);

	if (r)
		return r;
	memcpy(&back, of(d)->body, sizeof(back));
	if (memcmp(&a, &back, sizeof(a)))
		return vfu_drop(of(d), NULL, "the server read another register than asked for");
	memcpy(buf, of(d)->body + sizeof(a), n);
	return 0;
}

static int vfu_write(struct bus_device *d, uint32_t region, uint64_t off, const void *buf,
		     uint32_t n, enum bus_write how)
{
	struct vfu_region_access a = {off, region, n};
	struct vfu_call c = {
		.command = VFU_REGION_WRITE, .req = &a, .req_len = sizeof(a), .data = buf,
		.data_len = n, .reply_min = sizeof(a),
	};

	if (of(d)->write_multiple && (how == BUS_HELD || of(d)->gathered))
		return vfu_write_batched(of(d), region, off, buf, n, how);
	return how == BUS_ARRIVED ? vfu_call(of(d), &c, NULL) : vfu_post(of(d), &c);
}

static int vfu_irqs(struct bus_device *d, const int *fds, uint32_t n, struct err *e)
{
	struct vfu_dev *v = of(d);
	struct vfio_irq_set q = {
		.argsz = sizeof(q), .index = v->irq_index,
		.flags = VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_NONE,
	};
	struct vfu_call c = {.command = VFU_DEVICE_SET_IRQS, .req = &q, .req_len = sizeof(q)};
	int r = 0;

	if (!n)
		return v->wired ? vfu_call(v, &c, e) : 0;
	q.flags = VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD;
	for (uint32_t i = 0; i < n && r == 0; i += q.count) {
		q.start = i;
		q.count = n - i < v->max_fds ? n - i : v->max_fds;
		c.fds = fds + i;
		c.nfd = (int)q.count;
		r = vfu_call(v, &c, e);
	}
	v->wired = r == 0;
	return r;
}

static int vfu_reset(struct bus_device *d, struct err *e)
{
	struct vfu_call c = {.command = VFU_DEVICE_RESET, .timeout_ms = RESET_MS};

	return of(d)->can_reset ? vfu_call(of(d), &c, e) : 0;
}

static int vfu_dma_map(struct bus_device *d, int fd, uint64_t fd_off, uint64_t iova, uint64_t len,
		       struct err *e)
{
	struct vfu_dma_map m = {
		.argsz = sizeof(m), .flags = 3, .offset = fd_off, .address = iova, .size = len,
	};
	struct vfu_call c = {
		.command = VFU_DMA_MAP, .req = &m, .req_len = sizeof(m), .fds = &fd, .nfd = 1,
	};

	return vfu_call(of(d), &c, e);
}

static int vfu_dma_unmap(struct bus_device *d, uint64_t iova, uint64_t len)
{
	struct vfu_dma_unmap m = {.argsz = sizeof(m), .address = iova, .size = len};
	struct vfu_call c = {.command = VFU_DMA_UNMAP, .req = &m, .req_len = sizeof(m)};

	return vfu_call(of(d), &c, NULL);
}

static void vfu_close(struct bus_device *d)
{
	struct vfu_dev *v = of(d);

	if (!d->gone) {
		vfu_irqs(d, NULL, 0, NULL);
		vfu_reset(d, NULL);
	}
	for (int i = 0; i < BUS_BARS; i++)
		if (v->region_fd[i] >= 0)
			close(v->region_fd[i]);
	close(v->sock);
	free(v);
}

static const struct bus_ops vfu_ops = {
	.read = vfu_read,
	.write = vfu_write,
	.irqs = vfu_irqs,
	.reset = vfu_reset,
	.dma_map = vfu_dma_map,
	.dma_unmap = vfu_dma_unmap,
	.poll = vfu_poll,
	.close = vfu_close,
};

static int examine(struct vfu_dev *v, struct err *e)
{
	int r = negotiate(v, e);

	if (r == 0)
		r = get_info(v, e);
	if (r == 0)
		r = get_region(v, BUS_CONFIG, e);
	for (uint32_t i = 0; i < BUS_BARS && r == 0; i++)
		r = get_region(v, i, e);
	if (r == 0)
		r = get_irqs(v, e);
	if (r == 0)
		r = bus_master(&v->d, false, e);
	return r ? r : vfu_reset(&v->d, e);
}

int bus_open_vfio_user(struct bus *b, const char *path, struct err *e)
{
	int sock = unix_connect(path);

	if (sock < 0)
		return err_set(e, sock, "vfio-user:%s: no server answers there: %s", path,
			       strerror(-sock));
	return bus_add_vfio_user(b, path, sock, e);
}

int bus_add_vfio_user(struct bus *b, const char *name, int sock, struct err *e)
{
	struct vfu_dev *v = calloc(1, sizeof(*v));
	int r;

	if (!v) {
		close(sock);
		return err_set(e, -ENOMEM, "vfio-user:%s: no memory", name);
	}
	v->d.ops = &vfu_ops;
	v->d.bus = b;
	v->d.poll_fd = v->sock = sock;
	v->max_fds = 1;
	for (int i = 0; i < BUS_BARS; i++)
		v->region_fd[i] = -1;
	snprintf(v->d.name, sizeof(v->d.name), "vfio-user:%.96s", name);
	r = examine(v, e);
	if (r == 0)
		r = bus_add(b, &v->d, e);
	if (r)
		vfu_close(&v->d);
	return r;
}
