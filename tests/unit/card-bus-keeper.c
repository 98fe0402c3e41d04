// SPDX-License-Identifier: Apache-2.0
/*
 * The card is our model, reached as the keeper reaches it. Client and server of vfio-user were
 * written apart from each other, each from the published text: here they meet.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/bus/bus.h"
#include "tests/unit/card-bus.h"

const bool card_is_qemu;
static struct bus bus;
static struct bus_device *card;
static int events[BUS_VECTORS], memory = -1;

int card_open(void)
{
	const char *path = card_start_model();
	struct err e = {0};
	int r = -1;

	memory = memfd_create("card-memory", MFD_CLOEXEC);
	bus_init(&bus);
	for (int i = 0; i < BUS_VECTORS; i++)
		events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (path && ftruncate(memory, BUS_MEM) == 0)
		r = bus_open_vfio_user(&bus, path, &e);
	if (r == 0) {
		card = bus.dev[0];
		card_mem = mmap(NULL, BUS_MEM, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
		r = bus_dma_map(&bus, memory, 0, card_mem, BUS_IOVA, BUS_MEM, &e);
	}
	if (r == 0)
		r = card->ops->irqs(card, events, BUS_VECTORS, &e);
	if (r == 0)
		r = bus_master(card, true, &e);
	if (r)
		fprintf(stderr, "%s\n", e.msg);
	return r ? -1 : 0;
}

void card_close(void)
{
	bus_dma_unmap(&bus, BUS_IOVA);
	bus_close(&bus);
	for (int i = 0; i < BUS_VECTORS; i++)
		close(events[i]);
	close(memory);
	munmap(card_mem, BUS_MEM);
	card_stop_model();
}

uint32_t card_r32(uint32_t offset)
{
	uint64_t v;

	bus_read(card, 0, offset, 4, &v);
	return (uint32_t)v;
}

void card_w32(uint32_t offset, uint32_t v)
{
	bus_write(card, 0, offset, 4, v, BUS_SENT);
}

uint32_t card_config(uint32_t offset)
{
	uint32_t v;

	bus_config_read(card, offset, 4, &v);
	return v;
}

void card_set_master(bool on)
{
	bus_master(card, on, NULL);
}

void card_wait_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

bool card_irq(unsigned int vector)
{
	uint64_t n;

	return read(events[vector], &n, sizeof(n)) == sizeof(n);
}
