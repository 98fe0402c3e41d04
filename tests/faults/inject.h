/* SPDX-License-Identifier: Apache-2.0 */
/* Faults, each drawn from a number: the same number is the same fault. */
#ifndef TESTS_FAULTS_INJECT_H
#define TESTS_FAULTS_INJECT_H

#include "tests/faults/target.h"

enum fault_kind {
	FAULT_CODE,		/* an instruction of the driver's is changed */
	FAULT_DATA,		/* a bit of its data or rings is */
	FAULT_REGISTER,		/* registers are read with stuck bits or all-ones */
	FAULT_CALL,		/* a function of the host fails for some milliseconds */
	FAULT_COMPLETION,	/* what the card writes to memory is damaged */
	FAULT_INTERRUPT,	/* interrupts are late, repeated or lost */
	FAULT_KINDS
};

extern const char *const fault_names[FAULT_KINDS];

/*
 * Injects fault number n of a seed, of one of the kinds in the mask. switches: the model's socket
 * for faults, or -1 (then the mask must leave the kinds of hardware out). text: what was done. The
 * kind, or -ESRCH if the worker was gone.
 */
int inject(const struct target *t, int switches, uint64_t seed, uint64_t n, unsigned int mask,
	   char *text, size_t room);

/* The hardware answers rightly again. */
void inject_clear(int switches);

#endif
