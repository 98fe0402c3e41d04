// SPDX-License-Identifier: Apache-2.0
/*
 * Every command that is served: how its CDB may look, what a reservation and a write protection
 * mean for it, and who carries it out. What is not in the table is not served.
 */
#include "internal.h"

#include <string.h>

#define M8 0xff
#define M16 0xff, 0xff
#define M24 M16, 0xff
#define M32 M16, M16
#define M64 M32, M32
#define GROUP 0x1f	/* GROUP NUMBER: taken, and no statistics kept (GROUP_SUP is 0) */

#define READS CMD_MEDIUM, PR_READ
#define WRITES (CMD_MEDIUM | CMD_WRITES), PR_CONFLICT
#define ASKS 0, PR_ANY
#define ALWAYS CMD_ATTENTIVE, PR_ANY
#define SETS 0, PR_CONFLICT

/* The control byte that ends each CDB has no bit that is served (NACA: NORMACA is 0). */
static const struct scsi_command commands[] = {
	{0x00, NO_SA, 6, CMD_MEDIUM, PR_ANY, cmd_test_unit_ready, NULL, {0x00}},
	{0x03, NO_SA, 6, ALWAYS, cmd_request_sense, NULL, {0x03, 0x01, 0, 0, M8}},
	{0x08, NO_SA, 6, READS, cmd_read, NULL, {0x08, 0x1f, M16, M8}},
	{0x0a, NO_SA, 6, WRITES, cmd_write, finish_write, {0x0a, 0x1f, M16, M8}},
	{0x12, NO_SA, 6, ALWAYS, cmd_inquiry, NULL, {0x12, 0x01, M8, M16}},
	{0x15, NO_SA, 6, SETS, cmd_mode_select, finish_mode_select, {0x15, 0x10, 0, 0, M8}},
	{0x1a, NO_SA, 6, SETS, cmd_mode_sense, NULL, {0x1a, 0x08, M8, M8, M8}},
	{0x1b, NO_SA, 6, 0, PR_START, cmd_start_stop, NULL, {0x1b, 0x01, 0, 0, 0x05}},
	{0x25, NO_SA, 10, CMD_MEDIUM, PR_ANY, cmd_read_capacity10, NULL, {0x25}},
	{0x28, NO_SA, 10, READS, cmd_read, NULL, {0x28, 0x18, M32, GROUP, M16}},
	{0x2a, NO_SA, 10, WRITES, cmd_write, finish_write, {0x2a, 0x18, M32, GROUP, M16}},
	{0x2e, NO_SA, 10, WRITES, cmd_write_verify, finish_write_verify,
	 {0x2e, 0x16, M32, GROUP, M16}},
	{0x2f, NO_SA, 10, READS, cmd_verify, finish_verify, {0x2f, 0x16, M32, GROUP, M16}},
	{0x34, NO_SA, 10, READS, cmd_prefetch, NULL, {0x34, 0x02, M32, GROUP, M16}},
	{0x35, NO_SA, 10, CMD_MEDIUM, PR_CONFLICT, cmd_synchronize_cache, NULL,
	 {0x35, 0x02, M32, GROUP, M16}},
	{0x41, NO_SA, 10, WRITES, cmd_write_same, finish_write_same, {0x41, 0x08, M32, GROUP, M16}},
	{0x42, NO_SA, 10, WRITES, cmd_unmap, finish_unmap, {0x42, 0, 0, 0, 0, 0, GROUP, M16}},
	{0x55, NO_SA, 10, SETS, cmd_mode_select, finish_mode_select,
	 {0x55, 0x10, 0, 0, 0, 0, 0, M16}},
	{0x5a, NO_SA, 10, SETS, cmd_mode_sense, NULL, {0x5a, 0x18, M8, M8, 0, 0, 0, M16}},
	{0x5e, 0x00, 10, ASKS, cmd_pr_in, NULL, {0x5e, 0x00, 0, 0, 0, 0, 0, M16}},
	{0x5e, 0x01, 10, ASKS, cmd_pr_in, NULL, {0x5e, 0x01, 0, 0, 0, 0, 0, M16}},
	{0x5e, 0x02, 10, ASKS, cmd_pr_in, NULL, {0x5e, 0x02, 0, 0, 0, 0, 0, M16}},
	{0x5e, 0x03, 10, ASKS, cmd_pr_in, NULL, {0x5e, 0x03, 0, 0, 0, 0, 0, M16}},
	{0x5f, 0x00, 10, 0, PR_OUT, cmd_pr_out, finish_pr_out, {0x5f, 0x00, M8, 0, 0, M32}},
	{0x5f, 0x01, 10, 0, PR_OUT, cmd_pr_out, finish_pr_out, {0x5f, 0x01, M8, 0, 0, M32}},
	{0x5f, 0x02, 10, 0, PR_OUT, cmd_pr_out, finish_pr_out, {0x5f, 0x02, M8, 0, 0, M32}},
	{0x5f, 0x03, 10, 0, PR_OUT, cmd_pr_out, finish_pr_out, {0x5f, 0x03, M8, 0, 0, M32}},
	{0x5f, 0x04, 10, 0, PR_OUT, cmd_pr_out, finish_pr_out, {0x5f, 0x04, M8, 0, 0, M32}},
	{0x5f, 0x05, 10, 0, PR_OUT, cmd_pr_out, finish_pr_out, {0x5f, 0x05, M8, 0, 0, M32}},
	{0x5f, 0x06, 10, 0, PR_OUT, cmd_pr_out, finish_pr_out, {0x5f, 0x06, M8, 0, 0, M32}},
	{0x5f, 0x07, 10, 0, PR_OUT, cmd_pr_out, finish_pr_out, {0x5f, 0x07, M8, 0, 0, M32}},
	{0x88, NO_SA, 16, READS, cmd_read, NULL, {0x88, 0x18, M64, M32, GROUP}},
	{0x89, NO_SA, 16, WRITES, cmd_compare_write, finish_compare_write,
	 {0x89, 0x18, M64, 0, 0, 0, M8, GROUP}},
	{0x8a, NO_SA, 16, WRITES, cmd_write, finish_write, {0x8a, 0x18, M64, M32, GROUP}},
	{0x8b, NO_SA, 16, WRITES, cmd_write, finish_or_write, {0x8b, 0x18, M64, M32, GROUP}},
	{0x8e, NO_SA, 16, WRITES, cmd_write_verify, finish_write_verify,
	 {0x8e, 0x16, M64, M32, GROUP}},
	{0x8f, NO_SA, 16, READS, cmd_verify, finish_verify, {0x8f, 0x16, M64, M32, GROUP}},
	{0x90, NO_SA, 16, READS, cmd_prefetch, NULL, {0x90, 0x02, M64, M32, GROUP}},
	{0x91, NO_SA, 16, CMD_MEDIUM, PR_CONFLICT, cmd_synchronize_cache, NULL,
	 {0x91, 0x02, M64, M32, GROUP}},
	{0x93, NO_SA, 16, WRITES, cmd_write_same, finish_write_same, {0x93, 0x09, M64, M32, GROUP}},
	{0x9e, 0x10, 16, CMD_MEDIUM, PR_ANY, cmd_read_capacity16, NULL,
	 {0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, M32}},
	{0x9e, 0x12, 16, READS, cmd_get_lba_status, NULL, {0x9e, 0x12, M64, M32}},
	{0xa0, NO_SA, 12, ALWAYS, cmd_report_luns, NULL, {0xa0, 0, M8, 0, 0, 0, M32}},
	{0xa3, 0x0c, 12, SETS, cmd_report_opcodes, NULL, {0xa3, 0x0c, 0x87, M8, M16, M32}},
	{0xa3, 0x0d, 12, SETS, cmd_report_tmfs, NULL, {0xa3, 0x0d, 0x80, 0, 0, 0, M32}},
	{0xa8, NO_SA, 12, READS, cmd_read, NULL, {0xa8, 0x18, M32, M32, GROUP}},
	{0xaa, NO_SA, 12, WRITES, cmd_write, finish_write, {0xaa, 0x18, M32, M32, GROUP}},
	{0xae, NO_SA, 12, WRITES, cmd_write_verify, finish_write_verify,
	 {0xae, 0x16, M32, M32, GROUP}},
	{0xaf, NO_SA, 12, READS, cmd_verify, finish_verify, {0xaf, 0x16, M32, M32, GROUP}},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct scsi_command *command_find(const uint8_t *cdb, bool *opcode_known)
{
	*opcode_known = false;
	for (unsigned int i = 0; i < COMMANDS; i++) {
		const struct scsi_command *c = &commands[i];

		if (c->opcode != cdb[0])
			continue;
		*opcode_known = true;
		if (c->sa == NO_SA || c->sa == (cdb[1] & 0x1f))
			return c;
	}
	return NULL;
}

/* A command timeouts descriptor that gives no times: SPC-4 6.35.4. */
static void put_timeouts(uint8_t *p)
{
	put_be(p, 2, 10);
}

static void report_all(struct scsi_task *t, bool timeouts, uint32_t allocation_length)
{
	size_t each = timeouts ? 20 : 8;
	uint8_t *p = task_reply(t, 4 + each * COMMANDS, allocation_length);

	if (!p)
		return;
	put_be(p, 4, each * COMMANDS);
	p += 4;
	for (unsigned int i = 0; i < COMMANDS; i++, p += each) {
		const struct scsi_command *c = &commands[i];

		p[0] = c->opcode;
		if (c->sa != NO_SA) {
			put_be(p + 2, 2, c->sa);
			p[5] = 0x01;	/* SERVACTV */
		}
		put_be(p + 6, 2, c->size);
		if (timeouts) {
			p[5] |= 0x02;	/* CTDP */
			put_timeouts(p + 8);
		}
	}
}

static void report_one(struct scsi_task *t, const struct scsi_command *c, bool timeouts,
		       uint32_t allocation_length)
{
	size_t size = c ? c->size : 0;
	uint8_t *p;

	timeouts = timeouts && c;
	p = task_reply(t, 4 + size + (timeouts ? 12 : 0), allocation_length);
	if (!p)
		return;
	p[1] = (uint8_t)((timeouts ? 0x80 : 0) | (c ? 3 : 1));	/* as the standard has it, or not */
	put_be(p + 2, 2, size);
	if (c)
		memcpy(p + 4, c->usage, size);
	if (timeouts)
		put_timeouts(p + 4 + size);
}

static bool has_service_actions(uint8_t opcode)
{
	for (unsigned int i = 0; i < COMMANDS; i++)
		if (commands[i].opcode == opcode)
			return commands[i].sa != NO_SA;
	return false;
}

/* REPORT SUPPORTED OPERATION CODES, SPC-4 6.35. */
void cmd_report_opcodes(struct scsi_task *t)
{
	uint8_t options = t->cdb[2] & 7, wanted[2] = {t->cdb[3], t->cdb[5]};
	uint16_t sa = (uint16_t)get_be(t->cdb + 4, 2);
	uint32_t allocation_length = (uint32_t)get_be(t->cdb + 6, 4);
	bool timeouts = t->cdb[2] & 0x80, actions = has_service_actions(wanted[0]), known;
	const struct scsi_command *c = command_find(wanted, &known);

	if (options == 0) {
		report_all(t, timeouts, allocation_length);
		return;
	}
	/* 1: an opcode that has no service actions; 2: one that has; 3: either. */
	if (options > 3 || (options == 1 && actions) || (options == 2 && known && !actions)) {
		sense_cdb_field(t, 2, 2);
		return;
	}
	if ((actions && sa > 0x1f) || (options == 3 && !actions && sa))
		c = NULL;
	report_one(t, c, timeouts, allocation_length);
}

/* REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS, SPC-4 6.36: abort, sets, resets. */
void cmd_report_tmfs(struct scsi_task *t)
{
	bool extended = t->cdb[2] & 0x80;
	uint32_t allocation_length = (uint32_t)get_be(t->cdb + 6, 4);
	uint8_t *p;

	if (allocation_length < 4) {
		sense_cdb_field(t, 6, -1);
		return;
	}
	p = task_reply(t, extended ? 16 : 4, allocation_length);
	if (!p)
		return;
	p[0] = 0xda;	/* ATS, ATSS, CTSS, LURS, TRS */
	p[3] = extended ? 12 : 0;
}
