// SPDX-License-Identifier: Apache-2.0
/*
 * The data path alone, for measuring: one vhost-user port, the switch, and a NIC driver that needs
 * no device as the uplink, in a process without keeper and sandbox. Ends at SIGTERM and prints what
 * the data thread counted.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/nullhost.h"
#include "kernel/lib/fdpass.h"
#include "kernel/lib/log.h"
#include "kernel/net/dataplane.h"

static struct dataplane *dp;
static struct event_loop *loop;

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
	struct nullhost_params params = {NULL, 0, 0x525400123401, 0};
	struct dp_conf conf = {0};
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
	conf.mem = nullhost_memory(8u << 20);
	loop = event_loop_new();
	dp = dp_new(loop, &conf, &e);
	if (!dp || dp_port_add(dp, &port, &e))
		nullhost_die(e.msg);
	params.mode = argv[3];
	params.frame_len = strtoul(argv[4], NULL, 10);
	nullhost_attach(dp, "null", argv[2], &params);
	sock = unix_listen(argv[1], 1);
	sig = signalfd(-1, &set, SFD_CLOEXEC);
	if (sock < 0 || !event_add(loop, sock, EPOLLIN, on_connect, &sock) ||
	    !event_add(loop, sig, EPOLLIN, on_signal, NULL))
		nullhost_die("cannot listen");
	dp_start(dp);
	event_loop_run(loop);
	report();
	dp_free(dp);
	unlink(argv[1]);
	return 0;
}
