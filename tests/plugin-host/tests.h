/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of a NIC plugin. Each attaches, tries one thing, and leaves the device detached. */
#ifndef PLUGIN_HOST_TESTS_H
#define PLUGIN_HOST_TESTS_H

#include "tests/plugin-host/nic.h"
#include "tests/plugin-host/plugin.h"

/* What is known before the tests: the driver's file, and what the command line says of the card */
struct expect {
	struct plugin plugin;
	uint8_t mac[6];
	bool has_mac;
	uint32_t speed;		/* of the link in Mbit/s; 0: any */
	uint32_t sleep_ms;	/* the most that a driver may sleep when it takes over; 0: any */
	bool no_wire;		/* nobody answers: only the tests that need nobody */
	bool multicast_twice;	/* a known fault of QEMU 7.2's card: it counts them twice */
	bool ip_fragments;	/* another: it cuts into IP fragments, where its wire cannot carry
				   what is to be segmented */
};

struct nic_test {
	const char *name;
	bool (*fn)(struct nic *n, const struct expect *x);
	enum {ALONE, WIRE} needs;	/* WIRE: somebody who answers there */
};

extern const struct nic_test life_tests[], stats_tests[], send_tests[], receive_tests[], filter_tests[],
	stop_tests[], tso_tests[];

#endif
