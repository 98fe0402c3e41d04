// SPDX-License-Identifier: Apache-2.0
/* The host's table, straight over the bus. */
#include "tests/plugin-host/host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kernel/lib/log.h"

void host_complain(struct vmhi_host_context *h, const char *fmt, ...)
{
	va_list ap;

	if (h->complaint[0])
		return;
	va_start(ap, fmt);
	vsnprintf(h->complaint, sizeof(h->complaint), fmt, ap);
	va_end(ap);
}

static void control_only(struct vmhi_host_context *h, const char *what)
{
	if (h->queue_call)
		host_complain(h, "%s in %s(), a queue call", what, h->queue_call);
}

uint64_t host_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static const void *host_query(vmhi_hc h, uint16_t id, uint16_t version)
{
	control_only(h, "query");
	return NULL;
}

static bool is_free(const struct vmhi_host_context *h, uint64_t off, uint64_t len, uint64_t *next)
{
	for (int i = 0; i < HOST_ALLOCS; i++) {
		const struct host_alloc *a = &h->alloc[i];

		if (a->len && off < a->off + a->len && a->off < off + len) {
			*next = a->off + a->len;
			return false;
		}
	}
	return true;
}

static int host_dma_alloc(vmhi_hc h, uint64_t len, uint64_t align, uint32_t flags, uint32_t tag,
			  struct vmhi_mem *out)
{
	uint64_t off = 0, next = 0;
	uint32_t i;

	control_only(h, "dma_alloc");
	if (h->gone)
		return -ENODEV;
	if (h->fail_alloc >= 0 && h->fail_alloc-- == 0)
		return -ENOMEM;
	align = align ? align : 4096;
	if (!len || len > HOST_DMA_BYTES || (align & (align - 1)) || align > 2 << 20)
		return -EINVAL;
	len = (len + 63) & ~63ull;
	for (i = 0; i < HOST_ALLOCS && h->alloc[i].len; i++)
		;
	if (i == HOST_ALLOCS)
		return -ENOMEM;
	while (!is_free(h, off, len, &next))
		off = (next + align - 1) & ~(align - 1);
	if (off + len > HOST_DMA_BYTES)
		return -ENOMEM;
	h->alloc[i] = (struct host_alloc){off, len};
	memset(h->dma + off, 0, len);
	*out = (struct vmhi_mem){
		.va = h->dma + off, .iova = h->dma_iova + off, .len = len, .handle = i + 1};
	return 0;
}

static void host_dma_free(vmhi_hc h, uint32_t handle)
{
	control_only(h, "dma_free");
	if (!handle || handle > HOST_ALLOCS || !h->alloc[handle - 1].len)
		host_complain(h, "dma_free of handle %u, which it does not have", handle);
	else
		h->alloc[handle - 1].len = 0;
}

static volatile uint32_t *host_reg(vmhi_hc h, uint32_t bar, uint64_t off)
{
	if (bar >= BUS_BARS || (off & 3) || off + 4 > h->dev->bar[bar].len) {
		host_complain(h, "register 0x%lx of BAR %u is not there", (long)off, bar);
		return NULL;
	}
	if (!h->bar[bar] || off < h->area[bar].off ||
	    off + 4 > h->area[bar].off + h->area[bar].len)
		return NULL;
	return (volatile uint32_t *)(h->bar[bar] + (off - h->area[bar].off));
}

static uint32_t host_rd32(vmhi_hc h, uint32_t bar, uint64_t off)
{
	volatile uint32_t *reg = host_reg(h, bar, off);
	uint64_t v;

	control_only(h, "rd32");
	h->rd_count++;
	if (h->gone || h->lie == HOST_LIE_ONES)
		return ~0u;
	if (h->lie)
		return h->lie == HOST_LIE_ZEROS ? 0 : (uint32_t)rand() ^ (uint32_t)rand() << 16;
	if (reg) {
		uint32_t got = *reg;

		atomic_thread_fence(memory_order_seq_cst);
		return got;
	}
	if (bar >= BUS_BARS || bus_read(h->dev, bar, off, 4, &v))
		return ~0u;
	return (uint32_t)v;
}

static void host_wr32(vmhi_hc h, uint32_t bar, uint64_t off, uint32_t value)
{
	volatile uint32_t *reg = host_reg(h, bar, off);

	h->wr_count++;
	if (h->gone)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	if (reg)
		*reg = value;
	else if (bar < BUS_BARS)
		bus_write(h->dev, bar, off, 4, value, BUS_SENT);
}

static int host_cfg(vmhi_hc h, uint32_t off, uint32_t width, uint32_t *value, uint32_t write)
{
	int r;

	control_only(h, "cfg");
	if (h->gone)
		return -ENODEV;
	if (write)
		return bus_config_write(h->dev, off, width, *value);
	r = bus_config_read(h->dev, off, width, value);
	if (!r && off < 4)	/* the same ids as attach() is told */
		*value = (uint32_t)((h->vendor | (uint64_t)h->device << 16) >> 8 * off &
				    ((1ull << 8 * width) - 1));
	return r;
}

static int host_timer(vmhi_hc h, uint32_t id, uint64_t ns)
{
	control_only(h, "timer");
	if (id >= HOST_TIMERS)
		return -EINVAL;
	h->timer[id] = ns ? host_clock() + ns : 0;
	return 0;
}

static uint64_t host_now(vmhi_hc h)
{
	return host_clock();
}

static int host_wait(vmhi_hc h, uint64_t ns)
{
	struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

	control_only(h, "wait");
	if (ns > 1000000000u)
		host_complain(h, "wait of %lu ns is over a second", (long)ns);
	if (h->gone)
		return -ENODEV;
	h->wait_ns += ns;
	nanosleep(&t, NULL);
	return 0;
}

static void host_raise(vmhi_hc h, const struct vmhi_event *ev)
{
	control_only(h, "raise");
	if (h->nevent < HOST_EVENTS)
		h->event[h->nevent++] = *ev;
}

static void host_log(vmhi_hc h, uint32_t level, const char *text, uint32_t len,
		     const uint64_t *val, uint32_t nval)
{
	char numbers[80] = "";
	int at = 0;

	control_only(h, "log");
	if (len > 200 || nval > 4) {
		host_complain(h, "log of %u bytes and %u numbers", len, nval);
		return;
	}
	if (h->lie)
		return;
	for (uint32_t i = 0; i < nval; i++)
		at += snprintf(numbers + at, sizeof(numbers) - (size_t)at, " 0x%lx", (long)val[i]);
	log_line((enum log_level)level, "plugin: %.*s%s", (int)len, text, numbers);
}

const struct vmhi_host host_table = {
	.h = {sizeof(host_table), VMHI_IF_HOST, 1},
	.query = host_query,
	.dma_alloc = host_dma_alloc,
	.dma_free = host_dma_free,
	.rd32 = host_rd32,
	.wr32 = host_wr32,
	.cfg = host_cfg,
	.timer = host_timer,
	.now = host_now,
	.wait = host_wait,
	.raise = host_raise,
	.log = host_log,
};

/* The largest part of each BAR that can be mapped; the rest goes through the bus. */
static void map_bars(struct vmhi_host_context *h)
{
	for (uint32_t b = 0; b < BUS_BARS; b++) {
		const struct bus_bar *bar = &h->dev->bar[b];
		void *p;

		for (uint32_t i = 0; i < bar->nareas; i++)
			if (bar->area[i].len > h->area[b].len)
				h->area[b] = bar->area[i];
		if (!h->area[b].len)
			continue;
		p = mmap(NULL, h->area[b].len, PROT_READ | PROT_WRITE, MAP_SHARED, h->area[b].fd,
			 (off_t)h->area[b].fd_off);
		h->bar[b] = p == MAP_FAILED ? NULL : p;
	}
}

/*
 * In huge pages if there are any: QEMU 7.2's card drops a packet of which one piece lies in two
 * pages that are not neighbours in its memory.
 */
static int get_memory(struct vmhi_host_context *h)
{
	int fd = -1;

	h->dma = MAP_FAILED;
	for (int huge = h->huge; huge >= 0 && h->dma == MAP_FAILED; huge--) {
		if (fd >= 0)
			close(fd);
		fd = memfd_create("plugin-host", MFD_CLOEXEC | (huge ? MFD_HUGETLB : 0));
		if (fd >= 0 && ftruncate(fd, HOST_DMA_BYTES) == 0)
			h->dma = mmap(NULL, HOST_DMA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				      0);
	}
	return fd;
}

static int map_memory(struct vmhi_host_context *h, struct err *e)
{
	int fd = get_memory(h), r;

	if (h->dma == MAP_FAILED)
		return err_set(e, -errno, "memory for DMA: %s", strerror(errno));
	r = iova_take(&h->bus.ranges, HOST_DMA_BYTES, 2 << 20, 1ull << 32, &h->dma_iova, e);
	if (!r)
		r = bus_dma_map(&h->bus, fd, 0, h->dma, h->dma_iova, HOST_DMA_BYTES, e);
	close(fd);
	return r;
}

int host_open(struct vmhi_host_context *h, const char *name, bool vfio_user, struct err *e)
{
	int r;

	bus_init(&h->bus);
	r = vfio_user ? bus_open_vfio_user(&h->bus, name, e) : bus_open_vfio(&h->bus, name, e);
	if (r)
		return r;
	h->dev = h->bus.dev[0];
	h->vendor = h->dev->vendor;
	h->device = h->dev->device;
	r = map_memory(h, e);
	if (r)
		return r;
	map_bars(h);
	h->nvec = h->dev->nvec < BUS_VECTORS_MAX ? h->dev->nvec : BUS_VECTORS_MAX;
	for (uint32_t i = 0; i < h->nvec; i++) {
		h->irq[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (h->irq[i] < 0)
			return err_set(e, -errno, "eventfd: %s", strerror(errno));
	}
	r = h->dev->ops->irqs(h->dev, h->irq, h->nvec, e);
	return r ? r : bus_master(h->dev, true, e);
}

void host_close(struct vmhi_host_context *h)
{
	bus_close(&h->bus);
}

void host_attach_args(const struct vmhi_host_context *h, struct vmhi_attach *at, uint32_t flags)
{
	*at = (struct vmhi_attach){
		.size = sizeof(*at),
		.flags = flags,
		.vendor = h->vendor,
		.device = h->device,
		.subvendor = h->dev->subvendor,
		.subdevice = h->dev->subdevice,
		.nvec = h->nvec,
		.nparam = h->nparam,
		.param = h->param,
	};
	for (uint32_t b = 0; b < BUS_BARS; b++)
		at->bar_len[b] = h->dev->bar[b].len;
}

uint32_t host_allocs(const struct vmhi_host_context *h)
{
	uint32_t n = 0;

	for (int i = 0; i < HOST_ALLOCS; i++)
		n += h->alloc[i].len != 0;
	return n;
}

int host_dma(struct vmhi_host_context *h, uint64_t len, struct vmhi_mem *out)
{
	uint64_t align = 4096;

	while (align < len && align < 2 << 20)	/* no piece in two huge pages */
		align *= 2;
	return host_dma_alloc(h, len, align, 0, 0, out);
}

bool host_irq_taken(struct vmhi_host_context *h, uint32_t vec)
{
	uint64_t n;

	return vec < h->nvec && read(h->irq[vec], &n, sizeof(n)) == sizeof(n);
}

int host_timer_due(struct vmhi_host_context *h)
{
	uint64_t now = host_clock();

	for (int i = 0; i < HOST_TIMERS; i++) {
		if (h->timer[i] && h->timer[i] <= now) {
			h->timer[i] = 0;
			return i;
		}
	}
	return -1;
}
