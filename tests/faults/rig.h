/* SPDX-License-Identifier: Apache-2.0 */
/* What a campaign runs on: a card (its model), the keeper of a set with the driver, and a guest. */
#ifndef TESTS_FAULTS_RIG_H
#define TESTS_FAULTS_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct rig_conf {
	const char *build;	/* the build folder */
	const char *driver;
	const char *device;	/* address of a PCI device; NULL: a model is started */
	const char *wire;	/* the network interface at that device's other end */
	unsigned int rate;	/* packets a second each way */
};

struct rig {
	const struct rig_conf *conf;
	char dir[32];		/* for sockets and logs */
	pid_t model, keeper, guest;
	FILE *ask, *answer;	/* the guest's standard input and output */
	int switches;		/* the model's socket for faults, or -1 */
};

/* What the keeper tells of itself. */
struct rig_status {
	pid_t worker;
	unsigned int restarts;
	char cause[256];	/* of the last one */
	double ms;		/* that it took */
};

/* Starts all of it, and returns once packets run; 0, or -1 with a line on standard error. */
int rig_start(struct rig *r, const struct rig_conf *conf);
/* Ends what is left of it. keep: the logs stay, and where is said. */
void rig_stop(struct rig *r, bool keep);

/* False: the keeper does not answer within 10 s. */
bool rig_status(struct rig *r, struct rig_status *st);

enum rig_guest { GUEST_RUNS, GUEST_STALLED, GUEST_DISCONNECTED, GUEST_LOST };
/* Do packets run both ways, within ms? */
enum rig_guest rig_guest(struct rig *r, unsigned int ms);

struct rig_totals {
	uint64_t sent, lost, twice, corrupt, ring_faults;
};
bool rig_totals(struct rig *r, struct rig_totals *t);

/* The program that has ended though nobody asked it to, or NULL. */
const char *rig_dead(struct rig *r);

#endif
