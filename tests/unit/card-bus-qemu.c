// SPDX-License-Identifier: Apache-2.0
/*
 * The card is QEMU's e1000e: the judge. There is no guest: the firmware is one HLT after another,
 * and registers are reached from outside through the qtest protocol.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/card-bus.h"

#define QEMU "/usr/bin/qemu-system-x86_64"
#define RAM (64u << 20)
#define SLOT 4
#define BAR0 0xe0000000u
#define BAR3 0xe0040000u
#define MSI_AT 0x80000u		/* messages land here, below the cards' memory */

const bool card_is_qemu = true;
static pid_t pid;
static FILE *to, *from;
static uint8_t *ram;

static uint64_t command(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static uint64_t command(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vfprintf(to, fmt, ap);
	va_end(ap);
	fputc('\n', to);
	fflush(to);
	do {
		if (!fgets(line, sizeof(line), from)) {
			fprintf(stderr, "QEMU has gone\n");
			exit(1);
		}
	} while (strncmp(line, "OK", 2));
	return strtoull(line + 2, NULL, 0);
}

static int make_firmware(const char *path)
{
	uint8_t halt[4096];
	FILE *f = fopen(path, "w");

	memset(halt, 0xf4, sizeof(halt));
	for (int i = 0; f && i < 16; i++)
		fwrite(halt, sizeof(halt), 1, f);
	return !f || fclose(f) ? -1 : 0;
}

static int start_qemu(const char *ram_path, const char *firmware)
{
	char memory[256], net[512];
	int in[2], out[2];

	snprintf(memory, sizeof(memory),
		 "memory-backend-file,id=m,size=%u,mem-path=%s,share=on", RAM, ram_path);
	snprintf(net, sizeof(net), "dgram,id=n,local.type=unix,local.path=%s,remote.type=unix,"
		 "remote.path=%s", card_wire.card, card_wire.peer);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(QEMU, QEMU, "-accel", "tcg", "-bios", firmware, "-M",
		      "q35,memory-backend=m", "-m", "64M",
		      "-object", memory, "-nodefaults", "-display", "none", "-netdev", net,
		      "-device", "e1000e,netdev=n,mac=52:54:00:12:34:56,addr=04.0,romfile=",
		      "-qtest", "stdio", "-qtest-log", "none", (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to = fdopen(in[1], "w");
	from = fdopen(out[0], "r");
	return pid < 0 || !to || !from ? -1 : 0;
}

static int map_ram(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, RAM))
		return -1;
	ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	card_mem = ram + BUS_IOVA;
	return ram == MAP_FAILED ? -1 : 0;
}

static void set_config(uint32_t offset, uint32_t v)
{
	command("outl 0xcf8 0x%x", 0x80000000u | SLOT << 11 | (offset & 0xfc));
	command("outl 0xcfc 0x%x", v);
}

static void set_up_msix(void)
{
	for (unsigned int v = 0; v < BUS_VECTORS; v++) {
		command("writel 0x%x 0x%x", BAR3 + 16 * v, MSI_AT + 4 * v);
		command("writel 0x%x 0x0", BAR3 + 16 * v + 4);
		command("writel 0x%x 0x%x", BAR3 + 16 * v + 8, 0x100 + v);
		command("writel 0x%x 0x0", BAR3 + 16 * v + 12);
	}
	set_config(0xa0, 0x80000000);
}

int card_open(void)
{
	char path[96], firmware[96];
	int r;

	if (access(QEMU, X_OK))
		return 77;
	if (card_wire_open())
		return -1;
	snprintf(path, sizeof(path), "%.60s/ram", card_wire.dir);
	snprintf(firmware, sizeof(firmware), "%.60s/firmware", card_wire.dir);
	r = map_ram(path) || make_firmware(firmware) || start_qemu(path, firmware);
	if (!r) {
		set_config(0x10, BAR0);
		set_config(0x1c, BAR3);
		set_config(4, 6);
		set_up_msix();
	}
	unlink(path);
	unlink(firmware);
	return r ? -1 : 0;
}

void card_close(void)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fclose(to);
	fclose(from);
	munmap(ram, RAM);
	card_wire_close();
}

uint32_t card_r32(uint32_t offset)
{
	return (uint32_t)command("readl 0x%x", BAR0 + offset);
}

void card_w32(uint32_t offset, uint32_t v)
{
	command("writel 0x%x 0x%x", BAR0 + offset, v);
}

uint32_t card_config(uint32_t offset)
{
	command("outl 0xcf8 0x%x", 0x80000000u | SLOT << 11 | (offset & 0xfc));
	return (uint32_t)command("inl 0xcfc");
}

void card_set_master(bool on)
{
	set_config(4, on ? 6 : 2);
}

bool card_cable(bool up)
{
	return false;
}

void card_wait_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

bool card_irq(unsigned int vector)
{
	uint32_t *at = (uint32_t *)(ram + MSI_AT) + vector;
	uint32_t was = __atomic_exchange_n(at, 0, __ATOMIC_ACQ_REL);

	return was == 0x100 + vector;
}
