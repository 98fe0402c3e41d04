/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_VM_CALLS_H
#define KERNEL_VM_CALLS_H

#include "kernel/lib/err.h"

/* From here on the process can run its machine, and nothing else. */
int vm_confine(struct err *e);

#endif
