// SPDX-License-Identifier: Apache-2.0
/* The functions of the split ring. */
#include "kernel/net/ring-instances.h"
#include "kernel/net/split-give.h"
#include "kernel/net/split-take.h"

/*
 * Whether chains and indirect tables are allowed is asked by the long way only, so the instances
 * differ where the short way does.
 */
RING_INSTANCES(split)
