// SPDX-License-Identifier: Apache-2.0
/*
 * The data path alone, for measuring: one vhost-user port, the switch, and a NIC driver that needs
 * no device as the uplink, in a process without keeper and sandbox. Ends at SIGTERM and prints what
 * the data thread counted.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/lib/fdpass.h"
#include "kernel/lib/log.h"
#include "kernel/net/dataplane.h"

static struct dataplane *dp;
static struct event_loop *loop;

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
	dp_uplink_event(dp, 0, ev);
}

static const struct vmhi_host host = {
	.h = {sizeof(host), VMHI_IF_HOST, 1},
	.dma_alloc = host_dma_alloc,
	.dma_free = host_dma_free,
	.raise = host_raise,
};

static void die(const char *what)
{
	fprintf(stderr, "netserver: %s\n", what);
	exit(1);
}

static void on_connect(void *arg, uint32_t events)
{
	struct err e = {0};
	int sock = accept4(*(int *)arg, NULL, NULL, SOCK_CLOEXEC);

	if (sock < 0)
		return;
	if (dp_port_connect(dp, "p0", sock, &e)) {
		log_error("%s", e.msg);
		close(sock);
	}
}

static void on_signal(void *arg, uint32_t events)
{
	event_loop_stop(loop);
}

static void attach(const char *plugin, const char *mode, const char *frame_len)
{
	struct vmhi_param param[3] = {{0}, {strtoul(frame_len, NULL, 10)}, {0x525400123401}};
	struct vmhi_attach at = {.size = sizeof(at), .nparam = 3, .param = param};
	struct dp_uplink_conf conf = {.event_vec = VMHI_NO_VEC};
	void *so = dlopen(plugin, RTLD_NOW | RTLD_LOCAL), *dev;
	const struct vmhi_driver_ops *ops = so ? dlsym(so, "vmhi_driver") : NULL;
	struct err e = {0};

	if (!ops)
		die(dlerror());
	param[0].value = !strcmp(mode, "drop") ? 1 : !strcmp(mode, "generate") ? 2 : 0;
	if (ops->attach(&host, NULL, &at, &dev))
		die("attach failed");
	if (dp_uplink_driver(dp, "null", ops->query(dev, VMHI_IF_NIC, 1), dev, &conf, &e) < 0)
		die(e.msg);
	ops->start(dev);
}

static void report(void)
{
	struct dp_port_stats p;
	struct dp_stats s;

	dp_pause(dp);
	dp_stats(dp, &s);
	dp_port_stats(dp, 0, &p);
	printf("busy_cycles %lu packets %lu from_guest %lu to_guest %lu rounds %lu busy %lu "
	       "sleeps %lu drops %lu\n", s.busy_cycles, s.packets, p.rx_packets, p.tx_packets,
	       s.rounds, s.busy_rounds, s.sleeps, p.drop_nobuf + p.drop_bad + p.drop_spoof);
	dp_resume(dp);
}

int main(int argc, char **argv)
{
	struct dp_port_conf port = {.name = "p0", .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x01}};
	struct dp_conf conf = {.mem.len = 8u << 20};
	struct err e = {0};
	sigset_t set;
	int sock, sig;

	if (argc != 5) {
		fprintf(stderr, "usage: netserver SOCKET PLUGIN loop|drop|generate FRAME_BYTES\n");
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	conf.mem.va = mmap(NULL, conf.mem.len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	loop = event_loop_new();
	dp = dp_new(loop, &conf, &e);
	if (!dp || dp_port_add(dp, &port, &e))
		die(e.msg);
	attach(argv[2], argv[3], argv[4]);
	sock = unix_listen(argv[1], 1);
	sig = signalfd(-1, &set, SFD_CLOEXEC);
	if (sock < 0 || !event_add(loop, sock, EPOLLIN, on_connect, &sock) ||
	    !event_add(loop, sig, EPOLLIN, on_signal, NULL))
		die("cannot listen");
	dp_start(dp);
	event_loop_run(loop);
	report();
	dp_free(dp);
	unlink(argv[1]);
	return 0;
}
