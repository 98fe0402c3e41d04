/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card under test and its surroundings: registers, memory that it may reach, MSI-X, and the far
 * end of its cable. Our model by raw messages, our model through the keeper's bus, and QEMU with a
 * device of its own each implement it, so that the same assertions judge all.
 */
#ifndef TESTS_CARD_BUS_H
#define TESTS_CARD_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUS_IOVA 0x100000u	/* where mem is for the card */
#define BUS_MEM 0x400000u
#define BUS_VECTORS 5

extern uint8_t *card_mem;
extern const bool card_is_qemu;

/* 0, or -1 when the card could not be started (77: what it needs is not installed). */
int card_open(void);
void card_close(void);

uint32_t card_r32(uint32_t offset);
void card_w32(uint32_t offset, uint32_t v);
uint32_t card_config(uint32_t offset);
void card_set_master(bool on);
/* Pulls the cable or plugs it in; false when this card's cannot be. */
bool card_cable(bool up);
/* Lets time pass for the card. */
void card_wait_ms(unsigned int ms);
/* Did the vector fire since last asked? */
bool card_irq(unsigned int vector);

/* The far end: frames out to the card, and in from it (0: none in three seconds). */
void card_wire_send(const uint8_t *frame, size_t n);
size_t card_wire_receive(uint8_t *frame, size_t room);
bool card_wire_quiet(void);
void card_wire_drain(void);

/* Shared by the implementations: the cable's sockets in a fresh folder. */
struct card_wire {
	char dir[64], card[96], peer[96];
	int sock;
};
extern struct card_wire card_wire;
int card_wire_open(void);
void card_wire_close(void);
/* The model's program on that cable: its socket, NULL if it does not start. */
const char *card_start_model(void);
void card_stop_model(void);

#endif
