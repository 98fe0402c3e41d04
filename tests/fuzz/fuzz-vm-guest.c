// SPDX-License-Identifier: Apache-2.0
/*
 * A hostile guest: config space, BARs, rings and doorbells of the entropy and console devices, in
 * whatever order and width the fuzzer likes.
 */
#include <stdint.h>
#include <string.h>

#include "kernel/lib/log.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/memory.h"
#include "tests/unit/vm-fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct step {
	uint8_t what, width;
	uint16_t at;
	uint64_t value;
} __attribute__((packed));

static struct fake_driver drivers[2];

static void one(const struct step *s)
{
	const struct fake_driver *d = &drivers[(s->what >> 4) & 1];
	unsigned int len = 1u << (s->width & 3);

	switch (s->what & 15) {
	case 0:
		fake_mmio_write(PCI_ECAM_BASE + s->at, s->value, len);
		break;
	case 1:
		fake_mmio_read(PCI_ECAM_BASE + s->at, len);
		break;
	case 2:
	case 3:
		fake_mmio_write(d->bar + (s->at & 0x7fff), s->value, len);
		break;
	case 4:
		fake_mmio_read(d->bar + (s->at & 0x7fff), len);
		break;
	case 5:
	case 6:
		if (guest_ptr(&fake_vm, 0x10000 + s->at, len))
			memcpy(fake_ram(0x10000 + s->at), (const uint8_t *)s + 4, len);
		break;
	case 7:
		fake_pio_write((uint16_t)(0xcf8 + (s->at & 7)), (uint32_t)s->value, len & 7);
		break;
	case 8:
		fake_pio_read((uint16_t)(0xcf8 + (s->at & 7)), len & 7);
		break;
	case 9:
		fake_negotiate(d, s->value);
		break;
	case 10:
		fake_queue(d, s->at & 1, (uint16_t)s->value, 0x10000ULL * ((s->at & 1) + 1),
			   (uint16_t)(s->value >> 16));
		fake_driver_ok(d);
		break;
	case 11:
		fake_console_input("typed", 5);
		break;
	default:
		for (unsigned int i = 0; i < 2; i++)
			fake_mmio_write(d->bar + d->notify + 4 * i, 0, 2);
		event_loop_once(fake_vm.loop, 0);
	}
	fake_console_len = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = {0};

	log_set_level(LOG_ERROR - 1);
	fake_vm_start();
	fake_cfg.rng = true;
	fake_cfg.console = VM_CONSOLE_VIRTIO;
	if (!virtio_devices_init(&fake_vm, &e)) {
		for (int i = 0; i < 2; i++)
			fake_driver_probe(&drivers[i], i + 1);
		for (; size >= sizeof(struct step); size -= sizeof(struct step)) {
			struct step s;

			memcpy(&s, data, sizeof(s));
			data += sizeof(s);
			one(&s);
		}
	}
	fake_vm_stop();
	return 0;
}
