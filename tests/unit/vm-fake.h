/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM without KVM for the device tests: guest memory, the exit buses, and a record of what KVM
 * would have been told about interrupts and doorbells. Plus what a driver does: config accesses,
 * BAR accesses, capabilities, queues.
 */
#ifndef TESTS_UNIT_VM_FAKE_H
#define TESTS_UNIT_VM_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/vm/virtio.h"
#include "kernel/vm/vm.h"

#define FAKE_RAM_LOW   (4ULL << 20)	/* at 0 */
#define FAKE_RAM_HIGH  (1ULL << 20)	/* at 4 GiB */
#define FAKE_HIGH_BASE (1ULL << 32)

extern struct vm fake_vm;
extern struct vm_config fake_cfg;

/* pci_init() included. Configure fake_cfg between the two if devices are wanted. */
void fake_vm_start(void);
void fake_vm_stop(void);

/* Exits: unclaimed accesses read as all-ones. */
uint64_t fake_mmio_read(uint64_t gpa, unsigned int len);
void fake_mmio_write(uint64_t gpa, uint64_t value, unsigned int len);
uint32_t fake_pio_read(uint16_t port, unsigned int len);
void fake_pio_write(uint16_t port, uint32_t value, unsigned int len);

/* Config space of slot through ECAM. */
uint32_t fake_cfg_read(int slot, unsigned int off, unsigned int len);
void fake_cfg_write(int slot, unsigned int off, uint32_t value, unsigned int len);

/* What KVM would know. */
int fake_irqfd_gsi(int eventfd);		/* -1: not bound */
bool fake_route(int gsi, uint64_t *addr, uint32_t *data);
int fake_irqfd_count(void);
int fake_ioeventfd_at(uint64_t gpa);		/* -1: none */
int fake_ioeventfd_count(void);
extern int fake_irq_error;			/* what irq_msi_set() returns */

/* What the console was given, and what the device takes. */
extern char fake_console_text[4096];
extern size_t fake_console_len, fake_console_limit;
size_t fake_console_input(const char *text, size_t n);
void fake_console_room(void);
extern int fake_console_ready;			/* calls of console_input_ready() */

/* Turns the main loop until nothing is left to do, or ms have passed without a report. */
void fake_loop(int ms);

/* --- the driver's side of a modern virtio device in slot --- */

struct fake_driver {
	int slot;
	uint64_t bar;			/* where it was put */
	unsigned int common, isr, config, notify, table, msix_cap, cfg_cap;
};

/* Finds the capabilities, turns memory decoding on; false if a capability is missing. */
bool fake_driver_probe(struct fake_driver *d, int slot);
uint64_t fake_common_read(const struct fake_driver *d, unsigned int off, unsigned int len);
void fake_common_write(const struct fake_driver *d, unsigned int off, uint64_t value,
		       unsigned int len);
uint64_t fake_offered(const struct fake_driver *d);
/* ACKNOWLEDGE, DRIVER, features, FEATURES_OK; is it still set? */
bool fake_negotiate(const struct fake_driver *d, uint64_t features);
/* Split ring with its areas at gpa (64 KiB are enough), vector, enabled. */
void fake_queue(const struct fake_driver *d, unsigned int index, uint16_t size, uint64_t gpa,
		uint16_t vector);
void fake_driver_ok(const struct fake_driver *d);
uint8_t fake_status(const struct fake_driver *d);
void fake_reset(const struct fake_driver *d);

/* Where fake_queue() puts the areas. */
#define FAKE_AVAIL_OFF 0x4000
#define FAKE_USED_OFF  0x8000

void *fake_ram(uint64_t gpa);
/* Descriptor i of the ring at gpa. */
void fake_desc(uint64_t ring, unsigned int i, uint64_t addr, uint32_t len, uint16_t flags,
	       uint16_t next);
/* Makes head available as the nth entry (from 0) of a ring of size. */
void fake_avail(uint64_t ring, uint16_t size, uint16_t n, uint16_t head);
uint16_t fake_used_idx(uint64_t ring);

/* Rings the doorbell: through the eventfd that KVM was told of. */
void fake_kick(const struct fake_driver *d, unsigned int index);
bool fake_eventfd_take(int fd);

#endif
