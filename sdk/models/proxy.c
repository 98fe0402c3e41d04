// SPDX-License-Identifier: Apache-2.0
/*
 * A model as a card of a virtual machine in QEMU: the other end of x-pci-proxy-dev. QEMU sends one
 * message and waits for its answer, save for the two that have none, so a message is served at once
 * and whole.
 */
#include "internal.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy.h"

#define BURST 64	/* messages before the rest of the loop gets its turn */
#define ALL_ONES UINT64_MAX

/* A piece of guest memory, and which file it is in: the same one again is left as it is. */
struct section {
	uint64_t address, size, offset;
	dev_t dev;
	ino_t ino;
};

struct proxy {
	int sock;
	struct qtest *qtest;
	struct section sections[PROXY_SECTIONS];
	int nsections;
	struct proxy_header h;
	union {
		struct proxy_sysmem sysmem;
		struct proxy_config config;
		struct proxy_bar bar;
	} body;
	size_t have;		/* of header and body */
	struct fds fds;
};

/* QEMU has at most one message unanswered: no room for an answer means that it is not QEMU. */
static int answer(struct proxy *p, uint64_t value)
{
	struct {
		struct proxy_header h;
		uint64_t value;
	} ret = {{.command = PROXY_RET, .size = sizeof(value)}, value};
	ssize_t n = send(p->sock, &ret, sizeof(ret), MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n == sizeof(ret))
		return 0;
	return n < 0 ? -errno : -EPROTO;
}

static bool same(const struct section *a, const struct section *b)
{
	return a->address == b->address && a->size == b->size && a->offset == b->offset &&
	       a->dev == b->dev && a->ino == b->ino;
}

static bool listed(const struct section *list, int n, const struct section *s)
{
	for (int i = 0; i < n; i++)
		if (same(&list[i], s))
			return true;
	return false;
}

/* A machine's memory map changes some hundred times while it boots, and mostly not its RAM. */
static int set_memory(struct model *m, const struct section *now, int n, const int *fds)
{
	struct proxy *p = m->proxy;

	for (int i = 0; i < p->nsections; i++) {
		struct vfu_dma_unmap req = {
			.address = p->sections[i].address,
			.size = p->sections[i].size,
		};

		if (!listed(now, n, &p->sections[i]))
			dma_unmap(m, &req);
	}
	for (int i = 0; i < n; i++) {
		struct vfu_dma_map req = {
			.flags = VFU_DMA_READABLE | VFU_DMA_WRITABLE,
			.offset = now[i].offset,
			.address = now[i].address,
			.size = now[i].size,
		};
		int r = 0;

		if (!listed(p->sections, p->nsections, &now[i]))
			r = dma_map(m, &req, fds[i]);
		if (r) {
			model_log("memory at 0x%llx, %llu bytes, cannot be mapped: %s",
				  (unsigned long long)req.address, (unsigned long long)req.size,
				  strerror(-r));
			return r;
		}
	}
	memcpy(p->sections, now, (size_t)n * sizeof(*now));
	p->nsections = n;
	return 0;
}

static int do_sysmem(struct model *m, struct proxy *p)
{
	const struct proxy_sysmem *s = &p->body.sysmem;
	struct section now[PROXY_SECTIONS];

	for (int i = 0; i < p->fds.n; i++) {
		struct stat st;

		if (fstat(p->fds.fd[i], &st) < 0)
			return -errno;
		now[i] = (struct section){s->address[i], s->size[i], s->offset[i], st.st_dev,
					  st.st_ino};
		if (listed(now, i, &now[i]))
			return -EEXIST;
	}
	return set_memory(m, now, p->fds.n, p->fds.fd);
}

static bool config_access_ok(const struct proxy_config *c)
{
	return (c->size == 1 || c->size == 2 || c->size == 4) && c->offset <= 256 - (uint32_t)c->size;
}

static int do_config_read(struct model *m, struct proxy *p)
{
	const struct proxy_config *c = &p->body.config;
	uint32_t v = 0;

	if (!config_access_ok(c))
		return answer(p, ALL_ONES);
	config_read(m, c->offset, &v, (size_t)c->size);
	return answer(p, v);
}

static int do_config_write(struct model *m, struct proxy *p)
{
	const struct proxy_config *c = &p->body.config;
	bool was_master = model_bus_master(m);

	if (!config_access_ok(c))
		return answer(p, ALL_ONES);
	/* A system has set its VT-d up before any driver lets its card use the bus. */
	if (m->vtd && !was_master && c->offset == PCI_COMMAND && c->value & PCI_COMMAND_MASTER)
		qtest_ask(p->qtest);
	config_write(m, c->offset, &c->value, (size_t)c->size);
	return answer(p, 0);
}

/* The BAR that has all of the access, and its place there; -1: none. */
static int find_bar(const struct model *m, const struct proxy_bar *a, uint64_t *offset)
{
	if (a->size != 1 && a->size != 2 && a->size != 4 && a->size != 8)
		return -1;
	for (int i = 0; i < 6; i++) {
		const struct bar *b = &m->bar[i];
		uint32_t base = model_config(m, (uint16_t)(PCI_BASE_ADDRESS_0 + 4 * i));

		if (!b->size || !(b->flags & MODEL_BAR_IO) != !!a->memory)
			continue;
		base &= b->flags & MODEL_BAR_IO ? ~3u : ~15u;
		*offset = a->address - base;
		if (a->address >= base && *offset < b->size && a->size <= b->size - *offset)
			return i;
	}
	return -1;
}

static int do_bar_read(struct model *m, struct proxy *p)
{
	const struct proxy_bar *a = &p->body.bar;
	uint64_t offset, v = 0;
	int bar = find_bar(m, a, &offset);

	if (bar < 0)
		return answer(p, ALL_ONES);
	bar_read(m, (unsigned int)bar, offset, &v, a->size);
	return answer(p, v);
}

static int do_bar_write(struct model *m, struct proxy *p)
{
	const struct proxy_bar *a = &p->body.bar;
	uint64_t offset;
	int bar = find_bar(m, a, &offset);

	if (bar < 0)
		return answer(p, ALL_ONES);
	bar_write(m, (unsigned int)bar, offset, &a->value, a->size);
	return answer(p, 0);
}

/* The card has no INTx pin; the eventfds are closed with the message. */
static int do_set_irqfd(struct model *m, struct proxy *p)
{
	return p->fds.n == 2 ? 0 : -EPROTO;
}

/* The machine is reset; its memory stays. */
static int do_reset(struct model *m, struct proxy *p)
{
	config_reset(m);
	msix_flush(m);	/* with MSI-X off now: takes back what has not left */
	msix_reset(m);
	m->ops->reset(m->dev);
	bar_clear_areas(m);
	return answer(p, 0);
}

static const struct command {
	int (*fn)(struct model *m, struct proxy *p);
	size_t size;
	int max_fds;
} commands[] = {
	[PROXY_SYNC_SYSMEM] = {do_sysmem, sizeof(struct proxy_sysmem), PROXY_SECTIONS},
	[PROXY_CONFIG_WRITE] = {do_config_write, sizeof(struct proxy_config), 0},
	[PROXY_CONFIG_READ] = {do_config_read, sizeof(struct proxy_config), 0},
	[PROXY_BAR_WRITE] = {do_bar_write, sizeof(struct proxy_bar), 0},
	[PROXY_BAR_READ] = {do_bar_read, sizeof(struct proxy_bar), 0},
	[PROXY_SET_IRQFD] = {do_set_irqfd, 0, 2},
	[PROXY_RESET] = {do_reset, 0, 0},
};

/* NULL: none that we can follow. */
static const struct command *find_command(const struct proxy_header *h)
{
	const struct command *c;

	if (h->command < 0 || h->command >= (int)(sizeof(commands) / sizeof(commands[0])))
		return NULL;
	c = &commands[h->command];
	return c->fn && h->size == c->size ? c : NULL;
}

/* 1: a whole message; 0: not yet; -errno: the stream is of no more use. */
static int receive(struct proxy *p)
{
	for (;;) {
		size_t head = sizeof(p->h), whole = head;
		ssize_t n;

		if (p->have >= head) {
			if (!find_command(&p->h))
				return -EPROTO;
			whole += p->h.size;
		}
		if (p->have == whole)
			return 1;
		if (p->have < head)
			n = stream_take(p->sock, &p->fds, (uint8_t *)&p->h + p->have,
					head - p->have);
		else
			n = stream_take(p->sock, &p->fds, (uint8_t *)&p->body + (p->have - head),
					whole - p->have);
		if (n <= 0)
			return (int)n;
		p->have += (size_t)n;
	}
}

static int serve_one(struct model *m, struct proxy *p)
{
	const struct command *c;
	int r = receive(p);

	if (r <= 0)
		return r;
	c = find_command(&p->h);
	r = p->fds.n <= c->max_fds ? c->fn(m, p) : -EPROTO;
	fds_close(&p->fds);
	p->have = 0;
	return r ? r : 1;
}

static void on_message(void *arg, short revents)
{
	struct model *m = arg;
	int r = 1;

	for (int i = 0; r == 1 && i < BURST; i++)
		r = serve_one(m, m->proxy);
	if (r >= 0)
		return;
	if (r != -EPIPE && r != -ECONNRESET)
		model_log("QEMU dropped: command %d: %s", m->proxy->h.command, strerror(-r));
	proxy_close(m);
}

int model_proxy(struct model *m, int sock, const char *qtest_path)
{
	struct proxy *p;
	int r;

	if (model_has_client(m))
		return -EBUSY;
	r = config_as_conventional(m);
	if (r)
		return r;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->sock = sock;
	r = model_loop_add(m->loop, sock, POLLIN, on_message, m);
	if (!r) {
		p->qtest = qtest_open(qtest_path, m->pci.msix_vectors);
		r = p->qtest ? 0 : -errno;
		if (r)
			model_loop_del(m->loop, sock);
	}
	if (r) {
		free(p);
		return r;
	}
	m->proxy = p;
	m->dma_faults = 0;
	msix_reset(m);
	model_await_client(m, false);
	return 0;
}

/* The machine is gone: its memory goes too, and the card is as after power-on. */
void proxy_close(struct model *m)
{
	struct proxy *p = m->proxy;

	if (!p)
		return;
	m->proxy = NULL;
	model_loop_del(m->loop, p->sock);
	qtest_close(p->qtest);
	model_power_cycle(m);
	fds_close(&p->fds);
	close(p->sock);
	free(p);
	model_await_client(m, true);
}

void proxy_interrupt(struct model *m, unsigned int vector)
{
	const uint32_t *entry = m->vectors[vector].entry;
	uint64_t address = entry[0] | (uint64_t)entry[1] << 32;
	uint32_t data = entry[2];

	if (m->vtd && vtd_interrupt(m, &address, &data))
		model_log("MSI-X vector %u: VT-d has no such interrupt: 0x%llx, 0x%x", vector,
			  (unsigned long long)address, data);
	else
		qtest_post(m->proxy->qtest, vector, address, data);
}

int proxy_vtd_registers(struct model *m, uint64_t v[VTD_REGISTERS])
{
	return qtest_answer(m->proxy->qtest, v);
}

int model_proxy_vtd(struct model *m, unsigned int bus, unsigned int devfn)
{
	if (bus > 255 || devfn > 255)
		return -EINVAL;
	if (m->proxy)
		return -EBUSY;
	m->source_id = (uint16_t)(bus << 8 | devfn);
	m->vtd = true;
	return 0;
}

bool proxy_recall(struct model *m, unsigned int vector)
{
	return qtest_recall(m->proxy->qtest, vector);
}
