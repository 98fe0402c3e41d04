// SPDX-License-Identifier: Apache-2.0
/*
 * SLI_CONFIG: commands within a command. The subcommand is embedded in the mailbox from its seventh
 * word on, or lies in up to 19 buffers of the host's.
 */
#include <stdlib.h>

#include "card.h"
#include "mbox.h"

#define EMBEDDED	0x1u
#define EMBEDDED_AT	6		/* the subcommand's header, in the mailbox's words */
#define HEADER_WORDS	4
#define BUFFERS_MAX	19
#define BYTES_MAX	(BUFFERS_MAX * SLI_PAGE)
#define SUBSYSTEM_COMMON 0x01
#define SUBSYSTEM_FCOE	0x0c

static const struct subcommand {
	uint8_t subsystem, opcode;
	uint8_t version_max;
	uint8_t words;			/* the least that its payload has */
	config_fn *run;
} subcommands[] = {
	{SUBSYSTEM_COMMON, 0x0c, 2, 7, config_cq_create},
	{SUBSYSTEM_COMMON, 0x0d, 2, 7, config_eq_create},
	{SUBSYSTEM_COMMON, 0x15, 1, 7, config_mq_create},
	{SUBSYSTEM_COMMON, 0x20, 0, 131, config_attributes},
	{SUBSYSTEM_COMMON, 0x21, 0, 2, config_nop},
	{SUBSYSTEM_COMMON, 0x29, 0, 4, config_eq_delay},
	{SUBSYSTEM_COMMON, 0x35, 0, 1, config_mq_destroy},
	{SUBSYSTEM_COMMON, 0x36, 0, 1, config_cq_destroy},
	{SUBSYSTEM_COMMON, 0x37, 0, 1, config_eq_destroy},
	{SUBSYSTEM_COMMON, 0x3a, 0, 35, config_fw_config},
	{SUBSYSTEM_COMMON, 0x3d, 0, 0, config_function_reset},
	{SUBSYSTEM_COMMON, 0x4d, 1, 1, config_port_name},
	{SUBSYSTEM_COMMON, 0x5a, 1, 8, config_mq_create_ext},
	{SUBSYSTEM_COMMON, 0x5d, 0, 0, config_nop},	/* SET_HOST_DATA: noted, not used */
	{SUBSYSTEM_COMMON, 0xa0, 0, 23, config_function},
	{SUBSYSTEM_COMMON, 0xb5, 0, 22, config_parameters},
	{SUBSYSTEM_FCOE, 0x01, 1, 3, config_wq_create},
	{SUBSYSTEM_FCOE, 0x02, 0, 1, config_wq_destroy},
	{SUBSYSTEM_FCOE, 0x03, 0, 5, config_post_sgl},
	{SUBSYSTEM_FCOE, 0x04, 0, 1, config_remove_sgl},
	{SUBSYSTEM_FCOE, 0x05, 1, 7, config_rq_create},
	{SUBSYSTEM_FCOE, 0x06, 0, 1, config_rq_destroy},
};

static uint8_t run(struct card *c, uint32_t *header, size_t words)
{
	uint8_t opcode = (uint8_t)header[0], subsystem = (uint8_t)(header[0] >> 8);
	struct config f = {.version = (uint8_t)header[3], .p = header + HEADER_WORDS};

	f.words = words - HEADER_WORDS;
	if (header[2] / 4 < f.words)
		f.words = header[2] / 4;
	for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++) {
		const struct subcommand *s = &subcommands[i];

		if (s->subsystem != subsystem || s->opcode != opcode)
			continue;
		if (f.version > s->version_max)
			return CONFIG_ILLEGAL_FIELD;
		return f.words < s->words ? CONFIG_NO_BUFFER : s->run(c, &f);
	}
	if (c->unknown++ < UNKNOWN_LOGGED)
		model_log("SLI_CONFIG 0x%02x of subsystem 0x%02x is not modelled", opcode, subsystem);
	return CONFIG_ILLEGAL_REQUEST;
}

/* Executes the subcommand behind a header and turns that into the answer's header. */
static uint16_t answer(struct card *c, uint32_t *header, size_t words)
{
	uint32_t length = header[2];
	uint8_t status = run(c, header, words);

	header[0] &= 0xffff;
	header[1] = status;
	header[2] = header[3] = length;
	return status == CONFIG_SUCCESS ? MBX_SUCCESS : MBX_FAILURE;
}

/* The buffers one after another into, or from, one. */
static int copy(struct card *c, const uint32_t *sge, unsigned int count, uint32_t *data, bool in)
{
	for (unsigned int i = 0; i < count; i++, sge += 3) {
		uint64_t at = sge[0] | (uint64_t)sge[1] << 32;
		size_t n = sge[2] / 4;
		int r = in ? words_read(c, at, data, n) : words_write(c, at, data, n);

		if (r)
			return r;
		data += n;
	}
	return 0;
}

static uint16_t run_buffers(struct card *c, const uint32_t *sge, unsigned int count)
{
	size_t bytes = 0;
	uint32_t *data;
	uint16_t status;

	for (unsigned int i = 0; i < count; i++) {
		if (sge[3 * i + 2] % 4 || sge[3 * i + 2] > BYTES_MAX - bytes)
			return MBX_ILLEGAL_SIZE;
		bytes += sge[3 * i + 2];
	}
	if (bytes < HEADER_WORDS * 4)
		return MBX_ILLEGAL_SIZE;
	data = malloc(bytes);
	if (!data)
		return MBX_NO_RESOURCES;
	if (copy(c, sge, count, data, true)) {
		status = MBX_DMA_ERROR;
	} else {
		status = answer(c, data, bytes / 4);
		if (copy(c, sge, count, data, false))
			status = MBX_DMA_ERROR;
	}
	free(data);
	return status;
}

uint16_t mbox_sli_config(struct card *c, uint32_t *w)
{
	unsigned int count = w[1] >> 3 & 0x1f;

	if (w[1] & EMBEDDED)
		return answer(c, w + EMBEDDED_AT, MBX_WORDS - EMBEDDED_AT);
	if (!count || count > BUFFERS_MAX)
		return MBX_ILLEGAL_SIZE;
	return run_buffers(c, w + EMBEDDED_AT, count);
}
