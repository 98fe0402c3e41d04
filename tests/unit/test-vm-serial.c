// SPDX-License-Identifier: Apache-2.0
/* The 16550: what a driver sees in its registers, and when its interrupt is raised. */
#include <errno.h>
#include <string.h>

#include "kernel/vm/console.h"
#include "kernel/vm/irq.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/mmio.h"
#include "kernel/vm/serial.h"
#include "kernel/vm/vm.h"
#include "tests/unit/cunit.h"

/* The console and the interrupt line, as the port sees them. */
static char out[64];
static size_t nout, out_limit = sizeof(out);
static bool level;
static int rises, ready;
static console_input_fn input;
static console_room_fn room;
static void *dev;

size_t console_output(struct console *c, const void *data, size_t n)
{
	if (n > out_limit - nout)
		n = out_limit - nout;
	memcpy(out + nout, data, n);
	nout += n;
	return n;
}

bool console_output_room(struct console *c)
{
	return nout < out_limit;
}

void console_input_ready(struct console *c)
{
	ready++;
}

void console_set_device(struct console *c, console_input_fn i, console_room_fn r, void *arg)
{
	input = i;
	room = r;
	dev = arg;
}

int irq_line(struct vm *vm, int gsi, bool l)
{
	CU_ASSERT_EQUAL(gsi, GSI_COM1);
	CU_ASSERT_NOT_EQUAL(l, level);
	level = l;
	rises += l;
	return 0;
}

static struct vm vm = {.vm_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

static uint8_t rd(unsigned int reg)
{
	uint8_t v;

	pio_access(&vm, (uint16_t)(PORT_COM1 + reg), &v, 1, false);
	return v;
}

static void wr(unsigned int reg, uint8_t v)
{
	pio_access(&vm, (uint16_t)(PORT_COM1 + reg), &v, 1, true);
}

static void start(void)
{
	static char wire;
	struct err e = {0};

	nout = 0;
	out_limit = sizeof(out);
	level = false;
	rises = ready = 0;
	vm.console = (struct console *)&wire;
	CU_ASSERT_EQUAL_FATAL(bus_init(&vm, &e), 0);
	CU_ASSERT_EQUAL_FATAL(serial_init(&vm, true, &e), 0);
	wr(4, 0x08);	/* OUT2: interrupts reach the bus */
}

static void stop(void)
{
	serial_free(&vm);
	bus_free(&vm);
}

static void test_output(void)
{
	start();
	CU_ASSERT_EQUAL(rd(5), 0x60);
	for (const char *p = "hello"; *p; p++)
		wr(0, (uint8_t)*p);
	CU_ASSERT(nout == 5 && !memcmp(out, "hello", 5));
	CU_ASSERT_EQUAL(rises, 0);
	stop();
}

static void test_input(void)
{
	start();
	wr(1, 0x01);
	CU_ASSERT_EQUAL(rd(2) & 0x0f, 0x01);
	CU_ASSERT_EQUAL(input(dev, "0123456789abcdefXYZ", 19), 16);
	CU_ASSERT_EQUAL(input(dev, "X", 1), 0);
	CU_ASSERT(level && rises == 1);
	CU_ASSERT_EQUAL(rd(2) & 0x0f, 0x04);
	for (int i = 0; i < 16; i++) {
		CU_ASSERT_EQUAL(rd(5), 0x61);
		CU_ASSERT_EQUAL(rd(0), (uint8_t)"0123456789abcdef"[i]);
	}
	CU_ASSERT(!level && ready == 1);
	CU_ASSERT_EQUAL(rd(5), 0x60);
	CU_ASSERT_EQUAL(rd(0), 0);
	stop();
}

static void test_transmit_interrupt(void)
{
	start();
	wr(1, 0x02);
	CU_ASSERT_EQUAL(rises, 1);		/* idle: at once */
	CU_ASSERT_EQUAL(rd(2) & 0x0f, 0x02);	/* which reading clears */
	CU_ASSERT(!level);
	wr(0, 'a');
	CU_ASSERT(level);
	wr(1, 0);
	CU_ASSERT(!level);
	wr(4, 0);
	wr(1, 0x02);
	CU_ASSERT(!level);			/* gated by OUT2 */
	stop();
}

/* The reader is full: not ready to send, and an interrupt once it is. */
static void test_flow(void)
{
	start();
	out_limit = 2;
	wr(1, 0x02);
	rd(2);
	wr(0, 'a');
	rd(2);
	wr(0, 'b');
	CU_ASSERT_EQUAL(rd(5), 0);
	CU_ASSERT(!level);
	nout = 0;
	room(dev);
	CU_ASSERT(level && rd(5) == 0x60);
	stop();
}

static void test_registers(void)
{
	start();
	wr(7, 0xa5);
	CU_ASSERT_EQUAL(rd(7), 0xa5);
	wr(3, 0x80);
	wr(0, 0x01);
	wr(1, 0x02);
	CU_ASSERT(rd(0) == 0x01 && rd(1) == 0x02 && nout == 0);
	wr(3, 0x03);
	CU_ASSERT_EQUAL(rd(1), 0);
	wr(1, 0xff);
	CU_ASSERT_EQUAL(rd(1), 0x0f);
	wr(1, 0);
	CU_ASSERT_EQUAL(rd(2) & 0xc0, 0);
	wr(2, 0x01);
	CU_ASSERT_EQUAL(rd(2) & 0xc0, 0xc0);	/* FIFOs: a 16550A */
	CU_ASSERT_EQUAL(rd(6), 0xb0);
	wr(4, 0x1a);				/* loop: RTS and OUT2 come back as CTS and DCD */
	CU_ASSERT_EQUAL(rd(6), 0x90);
	wr(0, 'l');
	CU_ASSERT(rd(0) == 'l' && nout == 0);
	input(dev, "gone", 4);
	wr(2, 0x03);
	CU_ASSERT_EQUAL(rd(5) & 1, 0);
	stop();
}

/* Wider accesses are that many registers; beyond the last there is nothing. */
static void test_wide(void)
{
	uint32_t v;

	start();
	wr(7, 0x77);
	pio_access(&vm, PORT_COM1 + 4, &v, 4, false);
	CU_ASSERT_EQUAL(v, 0x77b06008);
	pio_access(&vm, PORT_COM1 + 6, &v, 4, false);
	CU_ASSERT_EQUAL(v, 0xffffffff);
	stop();
}

static const struct unit_test tests[] = {
	{"output", test_output},
	{"input", test_input},
	{"transmitter's interrupt", test_transmit_interrupt},
	{"flow control", test_flow},
	{"registers", test_registers},
	{"wide accesses", test_wide},
};
UNIT_MAIN("vm-serial", tests)
