// SPDX-License-Identifier: Apache-2.0
#include "bench/nullhost.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The context of a device is the number of its uplink. */
static struct dataplane *data;

void nullhost_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}

static int host_dma_alloc(vmhi_hc hc, uint64_t len, uint64_t align, uint32_t flags, uint32_t tag,
			  struct vmhi_mem *out)
{
	len = (len + 4095) & ~4095ull;
	*out = (struct vmhi_mem){.va = aligned_alloc(4096, len), .len = len};
	if (!out->va)
		return -VMHI_ENOMEM;
	memset(out->va, 0, len);
	return 0;
}

static void host_dma_free(vmhi_hc hc, uint32_t handle)
{
	/* what a driver holds lives as long as this process */
}

static void host_raise(vmhi_hc hc, const struct vmhi_event *ev)
{
	dp_uplink_event(data, (int)(uintptr_t)hc, ev);
}

static const struct vmhi_host host = {
	.h = {sizeof(host), VMHI_IF_HOST, 1},
	.dma_alloc = host_dma_alloc,
	.dma_free = host_dma_free,
	.raise = host_raise,
};

void nullhost_attach(struct dataplane *dp, const char *name, const char *plugin,
		     const struct nullhost_params *params)
{
	static uintptr_t uplinks;
	const char *mode = params->mode;
	struct vmhi_param param[] = {{0}, {params->frame_len}, {params->frame_dst},
				     {params->copy}};
	struct vmhi_attach at = {.size = sizeof(at), .nparam = 4, .param = param};
	struct dp_uplink_conf conf = {.event_vec = VMHI_NO_VEC};
	void *so = dlopen(plugin, RTLD_NOW | RTLD_LOCAL), *dev;
	const struct vmhi_driver_ops *ops = so ? dlsym(so, "vmhi_driver") : NULL;
	struct err e = {0};

	if (!ops)
		nullhost_die(dlerror());
	data = dp;
	param[0].value = !strcmp(mode, "drop") ? 1 : !strcmp(mode, "generate") ? 2 : 0;
	if (ops->attach(&host, (vmhi_hc)uplinks++, &at, &dev))
		nullhost_die("attach failed");
	if (dp_uplink_driver(dp, name, ops->query(dev, VMHI_IF_NIC, 1), dev, &conf, &e) < 0)
		nullhost_die(e.msg);
	ops->start(dev);
}

struct dp_pool_mem nullhost_memory(uint64_t len)
{
	const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	struct dp_pool_mem mem = {.len = (len + (2u << 20) - 1) & ~((2ull << 20) - 1)};

	mem.va = mmap(NULL, mem.len, PROT_READ | PROT_WRITE, how | MAP_HUGETLB, -1, 0);
	if (mem.va == MAP_FAILED)
		mem.va = mmap(NULL, mem.len, PROT_READ | PROT_WRITE, how, -1, 0);
	if (mem.va == MAP_FAILED)
		nullhost_die("no memory");
	return mem;
}
