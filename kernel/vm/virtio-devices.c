// SPDX-License-Identifier: Apache-2.0
/* Which virtio devices a VM has: what its configuration names, in that order on the bus. */
#include "kernel/vm/virtio.h"
#include "kernel/vm/vm.h"

static int append(struct vm *vm, struct virtio_device *dev)
{
	struct virtio_device **at = &vm->virtio;

	if (!dev)
		return -1;
	while (*at)
		at = &(*at)->next;
	*at = dev;
	return 0;
}

int virtio_devices_init(struct vm *vm, struct err *e)
{
	const struct vm_config *cfg = vm->cfg;
	int r = 0;

	if (cfg->console == VM_CONSOLE_VIRTIO)
		r = append(vm, virtio_console_new(vm, e));
	if (!r && cfg->rng)
		r = append(vm, virtio_rng_new(vm, e));
	for (unsigned int i = 0; !r && i < cfg->ndisks; i++)
		r = append(vm, virtio_blk_new(vm, i, e));
	for (unsigned int i = 0; !r && i < cfg->nnets; i++)
		r = append(vm, virtio_net_new(vm, i, e));
	if (r) {
		virtio_devices_free(vm);
		return e->code;
	}
	return 0;
}

void virtio_devices_free(struct vm *vm)
{
	while (vm->virtio) {
		struct virtio_device *dev = vm->virtio;

		vm->virtio = dev->next;
		virtio_pci_del(dev);
	}
}
