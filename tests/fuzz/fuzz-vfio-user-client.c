// SPDX-License-Identifier: Apache-2.0
/*
 * A vfio-user server that says whatever the input holds. The first two bytes say where in the stream
 * a descriptor comes along, the rest is the stream; then the server is gone.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/bus/bus.h"
#include "kernel/lib/fdpass.h"
#include "kernel/lib/log.h"

#define INPUT_MAX 65536

static int file = -1, vector = -1;
static char memory[8192] __attribute__((aligned(4096)));

static void set_up(void)
{
	log_set_level((enum log_level)-1);
	vector = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	file = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (vector < 0 || file < 0 || ftruncate(file, 0x20000) < 0 ||
	    fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		abort();
}

/* What a keeper does with a device. */
static void use(struct bus *bus)
{
	struct bus_device *d = bus->dev[0];
	struct err e;
	uint64_t v;
	uint32_t c;

	for (int i = 0; i < BUS_BARS; i++)
		for (uint32_t a = 0; a < d->bar[i].nareas; a++)
			if (d->bar[i].area[a].off + d->bar[i].area[a].len > d->bar[i].len ||
			    d->bar[i].area[a].fd_off + d->bar[i].area[a].len > 0x20000)
				abort();
	if (d->nvec > BUS_VECTORS_MAX)
		abort();
	d->ops->irqs(d, &vector, d->nvec ? 1 : 0, &e);
	bus_dma_map(bus, file, 0, memory, 0x200000, sizeof(memory), &e);
	bus_master(d, true, &e);
	bus_config_write(d, 0x50, 4, 1);
	for (int i = 0; i < 4; i++) {
		bus_write(d, 0, 0x10, 4, 1, (enum bus_write)(i % 3));
		bus_read(d, 0, 0x10, 4, &v);
		bus_config_read(d, 0x40, 4, &c);
	}
	d->ops->poll(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t at;
	struct err e;
	struct bus bus;
	int pair[2];

	if (file < 0)
		set_up();
	if (n < 3 || n > INPUT_MAX)
		return 0;
	at = (size_t)data[0] | (size_t)data[1] << 8;
	data += 2;
	n -= 2;
	if (at >= n)
		at = n - 1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	if ((at && fdpass_send(pair[0], data, at, NULL, 0, 0) < 0) ||
	    fdpass_send(pair[0], data + at, n - at, &file, 1, 0) < 0)
		abort();
	shutdown(pair[0], SHUT_WR);
	bus_init(&bus);
	if (bus_add_vfio_user(&bus, "fuzz", pair[1], &e) == 0)
		use(&bus);
	bus_close(&bus);
	close(pair[0]);
	return 0;
}
