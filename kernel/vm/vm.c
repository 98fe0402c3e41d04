// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/vm.h"

#include <sys/eventfd.h>

void vm_end(struct vm *vm, enum vm_end why)
{
	enum vm_end none = VM_RUNNING;

	if (__atomic_compare_exchange_n(&vm->end, &none, why, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		eventfd_write(vm->end_fd, 1);
}
