// SPDX-License-Identifier: Apache-2.0
/* The card is our model: the program itself, over vfio-user. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/unit/card-bus.h"
#include "tests/unit/model-client.h"

#define PROGRAM "plugins/nic/intel/82574/model/82574-model"
#define CONFIG 7

const bool bus_is_qemu;
static struct mc client = {.sock = -1};
static pid_t pid;
static int events[BUS_VECTORS];
static char socket_path[128];

static int start_program(void)
{
	char wire[256];

	snprintf(socket_path, sizeof(socket_path), "%s/vfio-user", bus_wire.dir);
	snprintf(wire, sizeof(wire), "dgram:%s,%s", bus_wire.card, bus_wire.peer);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(PROGRAM, PROGRAM, "--socket", socket_path, "--wire", wire, "--mac",
		      "52:54:00:12:34:56", (char *)NULL);
		perror(PROGRAM);
		_exit(127);
	}
	return pid < 0 ? -1 : 0;
}

static int connect_client(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	memcpy(sa.sun_path, socket_path, strlen(socket_path) + 1);
	client.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < 500; i++) {
		if (connect(client.sock, (struct sockaddr *)&sa, sizeof(sa)) == 0)
			return mc_version(&client, 0, 1,
					  "{\"capabilities\":{\"max_msg_fds\":8}}");
		usleep(10000);
	}
	return -1;
}

int bus_open(void)
{
	int fd = memfd_create("card-memory", MFD_CLOEXEC);

	if (bus_wire_open() || start_program() || connect_client() || ftruncate(fd, BUS_MEM))
		return -1;
	bus_mem = mmap(NULL, BUS_MEM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bus_mem == MAP_FAILED || mc_map(&client, 3, 0, BUS_IOVA, BUS_MEM, fd))
		return -1;
	close(fd);
	for (int i = 0; i < BUS_VECTORS; i++)
		events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mc_set_irqs(&client, 0x24, 2, 0, BUS_VECTORS, events, BUS_VECTORS))
		return -1;
	bus_set_config(4, 6);
	return 0;
}

void bus_close(void)
{
	int status = 0;

	close(client.sock);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	if (status)
		fprintf(stderr, "%s ended with status 0x%x\n", PROGRAM, status);
	for (int i = 0; i < BUS_VECTORS; i++)
		close(events[i]);
	munmap(bus_mem, BUS_MEM);
	bus_wire_close();
	if (status)
		exit(1);
}

uint32_t bus_r32(uint32_t offset)
{
	return mc_r32(&client, 0, offset);
}

void bus_w32(uint32_t offset, uint32_t v)
{
	mc_w32(&client, 0, offset, v);
}

uint32_t bus_config(uint32_t offset)
{
	return mc_r32(&client, CONFIG, offset);
}

void bus_set_config(uint32_t offset, uint32_t v)
{
	mc_w32(&client, CONFIG, offset, v);
}

void bus_wait_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

bool bus_irq(unsigned int vector)
{
	uint64_t n;

	return read(events[vector], &n, sizeof(n)) == sizeof(n);
}
