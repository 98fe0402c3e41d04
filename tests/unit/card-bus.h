/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card under test and its surroundings: registers, memory that it may reach, MSI-X, and the far
 * end of its cable. One implementation starts our model, the other QEMU with a device of its own,
 * so that the same assertions judge both.
 */
#ifndef TESTS_CARD_BUS_H
#define TESTS_CARD_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUS_IOVA 0x100000u	/* where mem is for the card */
#define BUS_MEM 0x400000u
#define BUS_VECTORS 5

extern uint8_t *bus_mem;
extern const bool bus_is_qemu;

/* 0, or -1 when the card could not be started (77: what it needs is not installed). */
int bus_open(void);
void bus_close(void);

uint32_t bus_r32(uint32_t offset);
void bus_w32(uint32_t offset, uint32_t v);
uint32_t bus_config(uint32_t offset);
void bus_set_config(uint32_t offset, uint32_t v);
/* Lets time pass for the card. */
void bus_wait_ms(unsigned int ms);
/* Did the vector fire since last asked? */
bool bus_irq(unsigned int vector);

/* The far end: frames out to the card, and in from it (0: none within 200 ms). */
void bus_wire_send(const uint8_t *frame, size_t n);
size_t bus_wire_receive(uint8_t *frame, size_t room);
void bus_wire_drain(void);

/* Shared by the implementations: the cable's sockets in a fresh folder. */
struct bus_wire {
	char dir[64], card[96], peer[96];
	int sock;
};
extern struct bus_wire bus_wire;
int bus_wire_open(void);
void bus_wire_close(void);

#endif
