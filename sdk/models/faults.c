// SPDX-License-Identifier: Apache-2.0
/*
 * Fault switches: a card that answers wrongly for a while, as broken ones do. Off until a command
 * comes; doc/models.md lists them.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LATE_MAX_MS 10000

uint64_t faults_read(struct model *m, uint64_t value, unsigned int size)
{
	struct faults *f = &m->faults;

	if (!f->reads)
		return value;
	f->reads--;
	value = (value & f->read_and) | f->read_or;
	return size < 8 ? value & ((1ull << 8 * size) - 1) : value;
}

/* A completion: what the card writes that is no packet is short. */
void faults_dma(struct model *m, uint8_t *completion, size_t n)
{
	struct faults *f = &m->faults;

	f->writes--;
	completion[f->write_offset % n] ^= f->write_xor;
}

static void send_late(void *arg)
{
	struct model *m = arg;

	for (unsigned int i = 0; i < m->pci.msix_vectors; i++) {
		if (m->vectors[i].late) {
			m->vectors[i].late = false;
			msix_send(m, i);
		}
	}
}

void faults_irq(struct model *m, unsigned int vector)
{
	struct faults *f = &m->faults;

	f->irqs--;
	if (f->irq_late_ms) {
		m->vectors[vector].late = true;
		model_timer_set(m->loop, &f->late, f->irq_late_ms * 1000000ull);
		return;
	}
	for (unsigned int i = 0; i < f->irq_times; i++)
		msix_send(m, vector);
}

/* False: not understood. */
static bool command(struct faults *f, const char *line)
{
	unsigned long long and, or;
	unsigned int a, b, n;

	if (sscanf(line, "read %llx %llx %u", &and, &or, &n) == 3) {
		f->read_and = and;
		f->read_or = or;
		f->reads = n;
	} else if (sscanf(line, "dma %u %x %u", &a, &b, &n) == 3 && b <= 0xff) {
		f->write_offset = a;
		f->write_xor = (uint8_t)b;
		f->writes = n;
	} else if (sscanf(line, "irq late %u %u", &a, &n) == 2 && a && a <= LATE_MAX_MS) {
		f->irq_late_ms = a;
		f->irqs = n;
	} else if (sscanf(line, "irq times %u %u", &a, &n) == 2 && a <= 1000) {
		f->irq_late_ms = 0;
		f->irq_times = a;
		f->irqs = n;
	} else if (!strcmp(line, "clear")) {
		f->reads = f->writes = f->irqs = 0;
	} else {
		return false;
	}
	return true;
}

static bool on_command(void *arg, const char *line)
{
	struct model *m = arg;

	return command(&m->faults, line) || (m->ops->fault && m->ops->fault(m->dev, line));
}

int model_faults_listen(struct model *m, const char *path)
{
	if (m->faults.commands)
		return -EBUSY;
	m->faults.late = (struct model_timer){.fn = send_late, .arg = m};
	return model_commands_listen(m->loop, path, on_command, m, &m->faults.commands);
}

void faults_free(struct model *m)
{
	if (!m->faults.commands)
		return;
	model_timer_cancel(m->loop, &m->faults.late);
	model_commands_close(m->faults.commands);
}
