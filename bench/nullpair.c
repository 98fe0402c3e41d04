// SPDX-License-Identifier: Apache-2.0
/*
 * What the driver ABI and the switch cost: two null devices that make packets up and discard what
 * they are given, the one behind the uplink of a switch and the other behind a port of it. Each
 * packet goes from one driver's rx through the switch to the other's tx, in batches of up to 32.
 * Nothing else is connected. Says that it is ready, waits for a line, and prints in the end what the
 * data thread counted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/nullhost.h"
#include "kernel/net/dp.h"

static struct event_loop *loop;

static void stop(void *arg)
{
	event_loop_stop(loop);
}

/* Lets uplink u carry a port of its own, with one address: that which null devices send from. */
static void make_port(struct dataplane *dp, struct uplink *u, uint64_t mac)
{
	static struct switch_port port = {.member = {1}};

	port.mac = mac;
	uplink_carry(u, &port);
	if (switch_add(&dp->sw, &port) < 0)
		nullhost_die("the switch takes no port");
	switch_set_up(&dp->sw, &port, true);
}

int main(int argc, char **argv)
{
	/* The one sends to the port's address, the other to an address that only the uplink can
	 * lead to. */
	struct nullhost_params to_port = {"generate", 60, 0x02766d686900, 0};
	struct nullhost_params to_uplink = {"generate", 60, 0x525400123401, 0};
	struct dp_conf conf = {.mem = nullhost_memory(dp_pool_len(0, 2))};
	struct dp_stats s;
	struct dataplane *dp;
	struct err e = {0};

	if (argc != 4) {
		fprintf(stderr, "usage: nullpair PLUGIN COPY SECONDS\n");
		return 2;
	}
	to_port.copy = to_uplink.copy = (uint64_t)atoi(argv[2]);
	loop = event_loop_new();
	dp = dp_new(loop, &conf, &e);
	if (!dp)
		nullhost_die(e.msg);
	nullhost_attach(dp, "uplink", argv[1], &to_port);
	nullhost_attach(dp, "port", argv[1], &to_uplink);
	make_port(dp, dp->uplink[1], 0x0069686d7602);
	puts("ready");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	event_timer(loop, (uint64_t)(atof(argv[3]) * 1000), stop, NULL);
	dp_start(dp);
	event_loop_run(loop);
	dp_pause(dp);
	dp_stats(dp, &s);
	printf("busy_cycles %lu packets %lu rounds %lu from_uplink %lu from_port %lu drops %lu\n",
	       s.busy_cycles, s.packets, s.busy_rounds, dp->uplink[0]->c.rx_packets,
	       dp->uplink[1]->c.rx_packets, dp->team.c.drop_nobuf + dp->uplink[0]->c.drop_nobuf +
	       dp->uplink[1]->c.drop_nobuf + dp->uplink[0]->c.drop_bad + dp->uplink[1]->c.drop_bad);
	printf("cycles_per_packet %.2f\n", (double)s.busy_cycles / (double)s.packets);
	dp_resume(dp);
	dp_free(dp);
	return 0;
}
