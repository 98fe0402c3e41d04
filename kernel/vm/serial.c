// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/serial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/vm/console.h"
#include "kernel/vm/irq.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/mmio.h"
#include "kernel/vm/vm.h"

enum { REG_DATA, REG_IER, REG_IIR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };

#define IER_RX	     0x01
#define IER_TX	     0x02
#define IER_ALL	     0x0f
#define IIR_NONE     0x01
#define IIR_TX	     0x02
#define IIR_RX	     0x04
#define IIR_FIFOS    0xc0
#define FCR_ENABLE   0x01
#define FCR_CLEAR_RX 0x02
#define LCR_DLAB     0x80
#define MCR_OUT2     0x08	/* gates the interrupt on a PC */
#define MCR_LOOP     0x10
#define LSR_DATA     0x01
#define LSR_THRE     0x20
#define LSR_TEMT     0x40
#define MSR_CONNECTED 0xb0	/* DCD, DSR, CTS */

#define RX_FIFO 16

struct serial {
	struct vm *vm;
	struct console *console;	/* NULL: nothing at the other end */
	uint8_t ier, lcr, mcr, scr, dll, dlm;
	bool fifos, tx_pending, line;
	uint8_t rx[RX_FIFO];
	unsigned int nrx;
};

static uint8_t pending(const struct serial *s)
{
	uint8_t id = IIR_NONE;

	if ((s->ier & IER_RX) && s->nrx)
		id = IIR_RX;
	else if ((s->ier & IER_TX) && s->tx_pending)
		id = IIR_TX;
	return id;
}

static void update_line(struct serial *s)
{
	bool level = pending(s) != IIR_NONE && (s->mcr & MCR_OUT2);

	if (level == s->line)
		return;
	s->line = level;
	irq_line(s->vm, GSI_COM1, level);
}

static size_t receive(void *arg, const void *data, size_t n)
{
	struct serial *s = arg;

	if (n > RX_FIFO - s->nrx)
		n = RX_FIFO - s->nrx;
	memcpy(s->rx + s->nrx, data, n);
	s->nrx += (unsigned int)n;
	update_line(s);
	return n;
}

static void room(void *arg)
{
	struct serial *s = arg;

	s->tx_pending = true;
	update_line(s);
}

static void transmit(struct serial *s, uint8_t byte)
{
	if (s->mcr & MCR_LOOP) {
		receive(s, &byte, 1);
		s->tx_pending = true;
		return;
	}
	if (s->console)
		console_output(s->console, &byte, 1);
	s->tx_pending = !s->console || console_output_room(s->console);
}

static uint8_t take(struct serial *s)
{
	uint8_t byte = s->rx[0];

	if (!s->nrx)
		return 0;
	s->nrx--;
	memmove(s->rx, s->rx + 1, s->nrx);
	if (!s->nrx && s->console)
		console_input_ready(s->console);
	return byte;
}

static uint8_t line_status(const struct serial *s)
{
	uint8_t v = s->nrx ? LSR_DATA : 0;

	if (!s->console || console_output_room(s->console))
		v |= LSR_THRE | LSR_TEMT;
	return v;
}

/* In loop mode the modem's lines come back: DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD. */
static uint8_t modem_status(const struct serial *s)
{
	uint8_t m = s->mcr;

	if (!(m & MCR_LOOP))
		return MSR_CONNECTED;
	return (uint8_t)((m & 1) << 5 | (m & 2) << 3 | (m & 4) << 4 | (m & 8) << 4);
}

static uint8_t read_reg(struct serial *s, uint64_t reg)
{
	uint8_t v;

	switch (reg) {
	case REG_DATA:
		return s->lcr & LCR_DLAB ? s->dll : take(s);
	case REG_IER:
		return s->lcr & LCR_DLAB ? s->dlm : s->ier;
	case REG_IIR:
		v = pending(s);
		if (v == IIR_TX)
			s->tx_pending = false;
		return v | (s->fifos ? IIR_FIFOS : 0);
	case REG_LCR:
		return s->lcr;
	case REG_MCR:
		return s->mcr;
	case REG_LSR:
		return line_status(s);
	case REG_MSR:
		return modem_status(s);
	default:
		return s->scr;
	}
}

static void write_reg(struct serial *s, uint64_t reg, uint8_t v)
{
	switch (reg) {
	case REG_DATA:
		if (s->lcr & LCR_DLAB)
			s->dll = v;
		else
			transmit(s, v);
		break;
	case REG_IER:
		if (s->lcr & LCR_DLAB) {
			s->dlm = v;
			break;
		}
		/* A transmitter that is idle says so as soon as it is asked. */
		if ((v & IER_TX) && !(s->ier & IER_TX))
			s->tx_pending = line_status(s) & LSR_THRE;
		s->ier = v & IER_ALL;
		break;
	case REG_IIR:
		s->fifos = v & FCR_ENABLE;
		if (v & FCR_CLEAR_RX) {
			s->nrx = 0;
			if (s->console)
				console_input_ready(s->console);
		}
		break;
	case REG_LCR:
		s->lcr = v;
		break;
	case REG_MCR:
		s->mcr = v & 0x1f;
		break;
	case REG_SCR:
		s->scr = v;
		break;
	}
}

static void serial_io(void *arg, uint64_t off, void *data, unsigned int len, bool write)
{
	struct serial *s = arg;
	uint8_t *p = data;

	for (unsigned int i = 0; i < len; i++) {
		if (write)
			write_reg(s, off + i, p[i]);
		else
			p[i] = read_reg(s, off + i);
	}
	update_line(s);
}

int serial_init(struct vm *vm, bool console, struct err *e)
{
	struct serial *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, -ENOMEM, "no memory");
	s->vm = vm;
	vm->serial = s;
	if (console) {
		s->console = vm->console;
		console_set_device(s->console, receive, room, s);
	}
	r = pio_add(vm, PORT_COM1, 8, serial_io, s);
	return r ? err_set(e, r, "the serial port's ports are taken") : 0;
}

void serial_free(struct vm *vm)
{
	free(vm->serial);
	vm->serial = NULL;
}
