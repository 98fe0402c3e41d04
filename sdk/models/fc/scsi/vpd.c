// SPDX-License-Identifier: Apache-2.0
/* Vital product data (SPC-4 7.8, SBC-3 6.6). */
#include "internal.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MAX 256

/* A page's bytes after its header, at most PAGE_MAX of them: how many there are. */
typedef size_t page_fn(const struct scsi_task *t, uint8_t *p);

/*
 * 60 bits that name the unit: FNV-1a of the node's name and the LUN, so two ports of one node, or a
 * target that was started again, tell the same.
 */
static uint64_t unit_id(const struct scsi_lu *lu)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (unsigned int i = 0; i < 9; i++) {
		h ^= i < 8 ? lu->target->config.node_name[i] : lu->number;
		h *= 0x100000001b3ull;
	}
	return h >> 4;
}

static size_t serial_number(const struct scsi_task *t, uint8_t *p)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%015llX", (unsigned long long)unit_id(t->lu));

	memcpy(p, text, (size_t)n);
	return (size_t)n;
}

static uint8_t *designator(uint8_t *p, uint8_t protocol_and_set, uint8_t type, size_t n)
{
	p[0] = protocol_and_set;
	p[1] = type;
	p[3] = (uint8_t)n;
	return p + 4;
}

/* Page 83h: the unit by NAA and by T10 vendor id, our port by number and by name. */
static size_t identification(const struct scsi_task *t, uint8_t *out)
{
	const struct scsi_config *c = &t->nexus->target->config;
	uint8_t protocol = (uint8_t)(c->protocol << 4), *p = out;

	p = designator(p, 0x01, 0x03, 8);
	put_be(p, 8, 0x3ull << 60 | unit_id(t->lu));	/* NAA 3h, locally assigned */
	p = designator(p + 8, 0x02, 0x01, 8 + 15);
	memcpy(p, "OpenVMHI", 8);
	p = designator(p + 8 + serial_number(t, p + 8), 0x01, 0x14, 4);
	put_be(p, 4, t->nexus->port);
	p = designator(p + 4, protocol | 0x01, 0x93, 8);
	memcpy(p, c->port_name[t->nexus->port - 1], 8);
	p = designator(p + 8, protocol | 0x01, 0xa3, 8);
	memcpy(p, c->node_name, 8);
	return (size_t)(p + 8 - out);
}

/* Page 86h, extended INQUIRY data: which attributes and sense fields there are. */
static size_t extended(const struct scsi_task *t, uint8_t *p)
{
	p[1] = 0x07;	/* HEADSUP, ORDSUP, SIMPSUP */
	p[2] = 0x01;	/* V_SUP: a write-back cache */
	return 60;
}

static size_t block_limits(const struct scsi_task *t, uint8_t *p)
{
	uint32_t block = t->lu->store.block_size;

	p[0] = 0x01;					/* WSNZ */
	p[1] = CAW_BLOCKS;
	put_be(p + 2, 2, 4096 / block);			/* optimal granularity */
	put_be(p + 4, 4, SCSI_TRANSFER_MAX / block);
	put_be(p + 8, 4, (1u << 20) / block);		/* optimal */
	put_be(p + 16, 4, UNMAP_BLOCKS);
	put_be(p + 20, 4, UNMAP_DESCRIPTORS);
	put_be(p + 24, 4, 4096 / block);
	p[28] = 0x80;					/* UGAVALID, alignment 0 */
	put_be(p + 32, 8, WRITE_SAME_BYTES / block);
	return 60;
}

static size_t characteristics(const struct scsi_task *t, uint8_t *p)
{
	put_be(p, 2, 1);	/* does not rotate */
	p[4] = 0x02;		/* FUAB */
	return 60;
}

static size_t provisioning(const struct scsi_task *t, uint8_t *p)
{
	p[1] = 0xe4;		/* LBPU, LBPWS, LBPWS10, LBPRZ: unmapped blocks read as zeros */
	p[2] = 0x02;		/* thin */
	return 4;
}

static size_t supported(const struct scsi_task *t, uint8_t *p);

static const struct {
	uint8_t code;
	page_fn *fn;
} pages[] = {
	{0x00, supported}, {0x80, serial_number}, {0x83, identification}, {0x86, extended},
	{0xb0, block_limits}, {0xb1, characteristics}, {0xb2, provisioning},
};

#define PAGES (sizeof(pages) / sizeof(pages[0]))

static size_t supported(const struct scsi_task *t, uint8_t *p)
{
	size_t n = t->lu ? PAGES : 1;

	for (unsigned int i = 0; i < n; i++)
		p[i] = pages[i].code;
	return n;
}

void inquiry_vpd(struct scsi_task *t, uint8_t page, uint32_t allocation_length)
{
	uint8_t body[PAGE_MAX] = {0}, *p;
	size_t n;

	for (unsigned int i = 0; i < PAGES; i++) {
		if (pages[i].code != page || (!t->lu && page))
			continue;
		n = pages[i].fn(t, body);
		p = task_reply(t, 4 + n, allocation_length);
		if (!p)
			return;
		p[0] = t->lu ? 0x00 : 0x7f;
		p[1] = page;
		put_be(p + 2, 2, n);
		memcpy(p + 4, body, n);
		return;
	}
	sense_cdb_field(t, 2, 7);
}
