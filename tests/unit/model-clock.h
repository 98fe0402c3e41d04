/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of a model, in place of the library's: it stands still but for what the test adds, so a
 * pause of the process changes nothing.
 */
#ifndef TESTS_MODEL_CLOCK_H
#define TESTS_MODEL_CLOCK_H

#include <vmhi-model/loop.h>

/* One turn of the loop, which waits for nothing; after it so many ms have passed. */
void clock_turn(struct model_loop *l, unsigned int ms);

#endif
