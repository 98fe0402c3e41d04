/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes ACPI Machine Language (ACPI 6, chapter 20): enough for the devices of one small machine.
 * Terms with a body are opened, filled and closed.
 */
#ifndef KERNEL_VM_AML_H
#define KERNEL_VM_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aml {
	uint8_t *at;
	size_t len, room;
	bool overflow;		/* set once and for good when room was too small */
};

void aml_bytes(struct aml *a, const void *data, size_t n);
void aml_byte(struct aml *a, uint8_t v);

/* A path: "\_SB_.PCI0" or "_HID"; every segment has four characters. */
void aml_path(struct aml *a, const char *path);
void aml_int(struct aml *a, uint64_t v);
void aml_string(struct aml *a, const char *s);
/* "PNP0A08" as the integer it is in AML. */
void aml_eisa_id(struct aml *a, const char *id);

/* Name (path, ...): the value follows. */
void aml_name(struct aml *a, const char *path);

/* Each returns the mark to close it with. */
size_t aml_scope(struct aml *a, const char *path);
size_t aml_device(struct aml *a, const char *path);
size_t aml_method(struct aml *a, const char *path, unsigned int args);
size_t aml_package(struct aml *a, uint8_t elements);
size_t aml_if_bit(struct aml *a, uint8_t arg_op, uint8_t mask);	/* If (arg & mask) */
void aml_end(struct aml *a, size_t mark);

/* An I/O region called name with one 8-bit field called field, at port. */
void aml_io_byte(struct aml *a, const char *name, const char *field, uint16_t port);

/* A _CRS: resources between the two. */
size_t aml_crs(struct aml *a);
void aml_crs_end(struct aml *a, size_t mark);
void aml_res_io(struct aml *a, uint16_t port, uint8_t n);
void aml_res_irq(struct aml *a, uint32_t gsi, bool level, bool low);
void aml_res_memory(struct aml *a, uint32_t base, uint32_t size);	/* fixed, read-write */
void aml_res_bus(struct aml *a, uint16_t first, uint16_t last);
void aml_res_window32(struct aml *a, uint32_t base, uint32_t size);
void aml_res_window64(struct aml *a, uint64_t base, uint64_t size);

#define AML_LOCAL0 0x60
#define AML_NOTIFY 0x86
#define AML_STORE  0x70

#endif
