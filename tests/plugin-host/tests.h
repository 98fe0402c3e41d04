/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of a NIC plugin. Each attaches, tries one thing, and leaves the device detached. */
#ifndef PLUGIN_HOST_TESTS_H
#define PLUGIN_HOST_TESTS_H

#include "tests/plugin-host/nic.h"

/* What the operator says of the card on the command line */
struct expect {
	uint8_t mac[6];
	bool has_mac;
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

extern const struct nic_test life_tests[], send_tests[], receive_tests[], filter_tests[],
	stop_tests[], tso_tests[];

#endif
