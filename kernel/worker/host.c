// SPDX-License-Identifier: Apache-2.0
/* What a driver may ask of its host: struct vmhi_host, and the limits on each function of it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernel/lib/log.h"
#include "kernel/worker/worker.h"

#define LOG_LINES_A_SECOND 50
#define WAIT_MAX_NS	   1000000000ull

static bool is_gone(vmhi_hc hc)
{
	return atomic_load_explicit(&hc->gone, memory_order_relaxed);
}

static const void *host_query(vmhi_hc hc, uint16_t id, uint16_t version)
{
	return id == VMHI_IF_HOST && version == 1 ? &worker_host : NULL;
}

static int host_dma_alloc(vmhi_hc hc, uint64_t len, uint64_t align, uint32_t flags, uint32_t tag,
			  struct vmhi_mem *out)
{
	struct dma_request q = {
		.dev = hc->index, .len = len, .align = align, .flags = flags, .tag = tag,
	};
	int r;

	if (is_gone(hc))
		return -VMHI_ENODEV;
	r = worker_request(REQ_DMA_ALLOC, &q, sizeof(q));
	if (r)
		return r == -EINVAL ? -VMHI_EINVAL : -VMHI_ENOMEM;
	*out = (struct vmhi_mem){
		.va = hc->w->pool_va + q.off, .iova = q.iova, .len = q.len, .handle = q.handle,
	};
	if (!q.kept)
		memset(out->va, 0, out->len);
	return 0;
}

static void host_dma_free(vmhi_hc hc, uint32_t handle)
{
	struct dma_request q = {.dev = hc->index, .handle = handle};

	if (worker_request(REQ_DMA_FREE, &q, sizeof(q)))
		log_warning("%s: the driver frees memory that it does not have (handle %u)",
			    hc->info.name, handle);
}

static uint32_t host_rd32(vmhi_hc hc, uint32_t bar, uint64_t off)
{
	return register_read(hc, bar, off);
}

static void host_wr32(vmhi_hc hc, uint32_t bar, uint64_t off, uint32_t value)
{
	register_write(hc, bar, off, value);
}

static int host_cfg(vmhi_hc hc, uint32_t off, uint32_t width, uint32_t *value, uint32_t write)
{
	struct chan_config q = {
		.dev = hc->index, .off = off, .width = width, .write = write,
		.value = write ? *value : 0,
	};
	int r = is_gone(hc) ? -ENODEV : worker_request(REQ_CONFIG, &q, sizeof(q));

	if (!write)
		*value = r ? ~0u : q.value;
	return r == -EINVAL ? -VMHI_EINVAL : r == -ENODEV ? -VMHI_ENODEV : r ? -VMHI_EIO : 0;
}

static void timer_fires(void *arg)
{
	struct device_timer *t = arg;
	struct vmhi_event ev = {.type = VMHI_EV_TIMER, .index = t->index};

	t->id = 0;
	device_event(t->dev, &ev);
}

static int host_timer(vmhi_hc hc, uint32_t id, uint64_t ns)
{
	struct device_timer *t = &hc->timer[id % WORKER_TIMERS];
	int r;

	if (id >= WORKER_TIMERS)
		return -VMHI_EINVAL;
	if (t->id > 0)
		event_timer_cancel(hc->w->loop, t->id);
	t->id = 0;
	if (!ns)
		return 0;
	t->dev = hc;
	t->index = id;
	r = event_timer(hc->w->loop, ns / 1000000 + (ns % 1000000 != 0), timer_fires, t);
	if (r < 0)
		return -VMHI_ENOMEM;
	t->id = r;
	return 0;
}

static uint64_t host_now(vmhi_hc hc)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static int host_wait(vmhi_hc hc, uint64_t ns)
{
	struct timespec ts;

	if (is_gone(hc))
		return -VMHI_ENODEV;
	if (ns > WAIT_MAX_NS)
		ns = WAIT_MAX_NS;
	ts.tv_sec = (time_t)(ns / 1000000000ull);
	ts.tv_nsec = (long)(ns % 1000000000ull);
	ppoll(NULL, 0, &ts, NULL);	/* no signal is for this thread */
	return is_gone(hc) ? -VMHI_ENODEV : 0;
}

/* Speed 0 is unknown, and a link that is down has none. */
static void log_link(const struct vmhi_host_context *d, const struct vmhi_event *ev)
{
	if (ev->arg[0] && ev->arg[1])
		log_info("%s: link up, %llu Mbit/s", d->info.name, (unsigned long long)ev->arg[1]);
	else
		log_info("%s: link %s", d->info.name, ev->arg[0] ? "up" : "down");
}

/* Raised within a call of the driver's, handed on after it: the data path may call the driver. */
static void hand_on(void *arg)
{
	struct vmhi_host_context *d = arg;

	d->raised_id = 0;
	for (uint32_t i = 0; i < d->nraised; i++) {
		const struct vmhi_event *ev = &d->raised[i];

		if (ev->type == VMHI_EV_FAULT) {
			worker_fault(d->w, "%s: the driver gives it up, code 0x%llx",
				     d->info.name, (unsigned long long)ev->arg[0]);
		} else if (ev->type == VMHI_EV_LINK) {
			log_link(d, ev);
			if (d->uplink >= 0)
				dp_uplink_event(d->w->dp, d->uplink, ev);
		}
	}
	d->nraised = 0;
}

static void host_raise(vmhi_hc hc, const struct vmhi_event *ev)
{
	int r;

	if (hc->nraised == WORKER_RAISED) {
		/* Only the last state of the link matters; a fault must never be lost. */
		if (hc->raised[WORKER_RAISED - 1].type != VMHI_EV_FAULT)
			hc->raised[WORKER_RAISED - 1] = *ev;
		return;
	}
	hc->raised[hc->nraised++] = *ev;
	if (hc->raised_id > 0)
		return;
	r = event_timer(hc->w->loop, 0, hand_on, hc);
	if (r > 0) {
		hc->raised_id = r;
		return;
	}
	/* Not one may wait for the next, which may never come: a worker without memory has no future. */
	worker_fault(hc->w, "%s: no timer for what its driver raises: %s", hc->info.name,
		     strerror(-r));
}

/* The first line too many says so. */
bool host_log_allowed(vmhi_hc hc)
{
	unsigned int second = (unsigned int)(host_now(hc) / 1000000000ull);
	unsigned int lines;

	if (atomic_exchange(&hc->log_second, second) != second)
		atomic_store(&hc->log_lines, 0);
	lines = atomic_fetch_add(&hc->log_lines, 1);
	if (lines == LOG_LINES_A_SECOND)
		log_warning("%s: the driver logs too much; lines were left out", hc->info.name);
	return lines < LOG_LINES_A_SECOND;
}

static void host_log(vmhi_hc hc, uint32_t level, const char *text, uint32_t len,
		     const uint64_t *val, uint32_t nval)
{
	static const enum log_level levels[] = {LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
	char line[201], numbers[4 * 20 + 1] = "";
	size_t at = 0;

	if (!host_log_allowed(hc))
		return;
	if (len > 200)
		len = 200;
	for (uint32_t i = 0; i < len; i++)
		line[i] = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
	line[len] = 0;
	for (uint32_t i = 0; i < nval && i < 4; i++)
		at += (size_t)snprintf(numbers + at, sizeof(numbers) - at, " 0x%llx",
				       (unsigned long long)val[i]);
	log_line(levels[level < 4 ? level : 3], "%s: %s%s", hc->info.name, line, numbers);
}

const struct vmhi_host worker_host = {
	.h = {sizeof(worker_host), VMHI_IF_HOST, 1},
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
