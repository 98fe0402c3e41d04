// SPDX-License-Identifier: Apache-2.0
/*
 * Put before the 82574 driver by ./build: its operations, and faults. A frame of EtherType 0x88b6
 * whose payload is "vmhi:crash" or "vmhi:hang" has the driver crash, or loop for ever, on the queue's
 * thread when a guest sends it; "vmhi:overrun" has it write on and on, up the stack and whatever lies
 * there; "vmhi:crash-event" and "vmhi:hang-event" on the control thread, when
 * the next event comes. A guest that has no program for such frames is pinged: its answer to
 * "ping -p WORD", the word being 16 bytes long, does the same. Built with -DFAULT_ATTACH, attach() fails; with -DFAULT_MUTE the driver
 * takes packets, and neither sends nor receives any; with -DFAULT_LATE=N it crashes, and with
 * -DFAULT_STUCK=N it hangs, N packets after its start.
 */
#include <stddef.h>
#include <vmhi/nic.h>

#ifndef FAULT_LATE
#define FAULT_LATE 0u
#endif
#ifndef FAULT_STUCK
#define FAULT_STUCK 0u
#endif

void *memcpy(void *restrict to, const void *restrict from, size_t n);

extern const struct vmhi_driver_ops driver_beneath;

static struct vmhi_nic table;
static const struct vmhi_nic *nic;
static volatile uint32_t event_fault;	/* 'c', 'h' */

static uint32_t *volatile nowhere;

static void crash(void)
{
	*nowhere = 1;
}

static void hang(void)
{
	for (;;)
		__asm__ volatile("pause");
}

static void overrun(void)
{
	volatile uint64_t here[8];

	for (volatile uint64_t *p = here;; p++)
		*p = 0x0001000100010001;
}

static int starts(const uint8_t *p, const char *word)
{
	while (*word)
		if (*p++ != (uint8_t)*word++)
			return 0;
	return 1;
}

/* 16 bytes that may be a word, or NULL. */
static const uint8_t *word_of(const struct vmhi_pkt *pkt)
{
	const uint8_t *p = (const uint8_t *)(uintptr_t)pkt->va + pkt->data_off;

	if (pkt->len >= 14 + 16 && p[12] == 0x88 && p[13] == 0xb6)
		return p + 14;
	/* IPv4 without options, ICMP, echo reply; ping's clock stands before its pattern */
	if (pkt->len >= 58 + 16 && p[12] == 8 && p[13] == 0 && p[14] == 0x45 && p[23] == 1 &&
	    p[34] == 0)
		return p + 58;
	return NULL;
}

static void look(const struct vmhi_pkt *pkt)
{
	const uint8_t *word = word_of(pkt);

	if (!word)
		return;
	if (starts(word, "vmhi:crash-event"))
		event_fault = 'c';
	else if (starts(word, "vmhi:hang-event"))
		event_fault = 'h';
	else if (starts(word, "vmhi:crash"))
		crash();
	else if (starts(word, "vmhi:hang"))
		hang();
	else if (starts(word, "vmhi:overrun"))
		overrun();
}

static uint32_t tx(void *q, const struct vmhi_pkt *pkt, uint32_t n)
{
	static uint32_t sent;

	sent += n;
	if (FAULT_LATE && sent > FAULT_LATE)
		crash();
	if (FAULT_STUCK && sent > FAULT_STUCK)
		hang();
#ifdef FAULT_MUTE
	return 0;
#endif
	for (uint32_t i = 0; i < n; i++)
		look(&pkt[i]);
	return nic->tx(q, pkt, n);
}

#ifdef FAULT_MUTE
static uint32_t rx(void *q, struct vmhi_pkt *pkt, uint32_t n)
{
	(void)q, (void)pkt, (void)n;
	return 0;
}
#endif

static int attach(const struct vmhi_host *host, vmhi_hc hc, const struct vmhi_attach *at, void **dev)
{
#ifdef FAULT_ATTACH
	(void)host, (void)hc, (void)at, (void)dev;
	return -VMHI_EIO;
#else
	return driver_beneath.attach(host, hc, at, dev);
#endif
}

static int start(void *dev)
{
	return driver_beneath.start(dev);
}

static int quiesce(void *dev)
{
	return driver_beneath.quiesce(dev);
}

static void detach(void *dev)
{
	driver_beneath.detach(dev);
}

static void forget(void *dev)
{
	driver_beneath.forget(dev);
}

static const void *query(void *dev, uint16_t id, uint16_t version)
{
	const void *t = driver_beneath.query(dev, id, version);

	if (!t || id != VMHI_IF_NIC)
		return t;
	nic = t;
	memcpy(&table, nic, nic->h.size < sizeof(table) ? nic->h.size : sizeof(table));
	table.tx = tx;
#ifdef FAULT_MUTE
	table.rx = rx;
#endif
	return &table;
}

static void event(void *dev, const struct vmhi_event *ev)
{
	if (event_fault == 'c')
		crash();
	if (event_fault == 'h')
		hang();
	driver_beneath.event(dev, ev);
}

VMHI_DRIVER = {
	.h = {sizeof(vmhi_driver), VMHI_IF_DRIVER, 1},
	.attach = attach,
	.start = start,
	.quiesce = quiesce,
	.detach = detach,
	.forget = forget,
	.query = query,
	.event = event,
};
