// SPDX-License-Identifier: Apache-2.0
/* The card is our model, driven by raw vfio-user messages. */
#include <stdlib.h>
#include <sys/un.h>

#include "tests/unit/card-bus.h"
#include "tests/unit/model-client.h"

#define CONFIG 7

const bool card_is_qemu;
static struct mc client = {.sock = -1};
static int events[BUS_VECTORS];

static int connect_client(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	memcpy(sa.sun_path, path, strlen(path) + 1);
	client.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < 100; i++) {
		if (connect(client.sock, (struct sockaddr *)&sa, sizeof(sa)) == 0)
			return mc_version(&client, 0, 1,
					  "{\"capabilities\":{\"max_msg_fds\":8}}");
		usleep(10000);
	}
	return -1;
}

int card_open(void)
{
	int fd = memfd_create("card-memory", MFD_CLOEXEC);
	const char *path = card_start_model();

	if (!path || connect_client(path) || ftruncate(fd, BUS_MEM))
		return -1;
	card_mem = mmap(NULL, BUS_MEM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (card_mem == MAP_FAILED || mc_map(&client, 3, 0, BUS_IOVA, BUS_MEM, fd))
		return -1;
	close(fd);
	for (int i = 0; i < BUS_VECTORS; i++)
		events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mc_set_irqs(&client, 0x24, 2, 0, BUS_VECTORS, events, BUS_VECTORS))
		return -1;
	card_set_master(true);
	return 0;
}

void card_close(void)
{
	close(client.sock);
	for (int i = 0; i < BUS_VECTORS; i++)
		close(events[i]);
	munmap(card_mem, BUS_MEM);
	card_stop_model();
}

uint32_t card_r32(uint32_t offset)
{
	return mc_r32(&client, 0, offset);
}

void card_w32(uint32_t offset, uint32_t v)
{
	mc_w32(&client, 0, offset, v);
}

uint32_t card_config(uint32_t offset)
{
	return mc_r32(&client, CONFIG, offset);
}

void card_set_master(bool on)
{
	mc_w32(&client, CONFIG, 4, on ? 6 : 2);
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
