/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the SCSI target share. */
#ifndef MODELS_FC_SCSI_INTERNAL_H
#define MODELS_FC_SCSI_INTERNAL_H

#include "sdk/models/fc/scsi/scsi.h"

#define NEXUSES 256		/* of a target */
#define REGISTRATIONS 64	/* of a logical unit */
#define ALLOWED 64		/* initiator ports that a logical unit may name */
#define TASKS 256		/* in a task set */
#define BUFFERS_MAX (64u << 20)	/* bytes of data that a target holds at one time */

/* Limits that VPD page B0h tells, in blocks or as they are. */
#define CAW_BLOCKS 255
#define UNMAP_BLOCKS (1u << 20)
#define UNMAP_DESCRIPTORS 256
#define WRITE_SAME_BYTES (16u << 20)

/* Additional sense codes, SPC-4 annex F.2. */
#define ASC_NONE 0x0000
#define ASC_NOT_STARTED 0x0402		/* LOGICAL UNIT NOT READY, INITIALIZING COMMAND REQUIRED */
#define ASC_WRITE_ERROR 0x0c00
#define ASC_IU_FIELD 0x0e03		/* INVALID FIELD IN COMMAND INFORMATION UNIT */
#define ASC_READ_ERROR 0x1100		/* UNRECOVERED READ ERROR */
#define ASC_LIST_LENGTH 0x1a00		/* PARAMETER LIST LENGTH ERROR */
#define ASC_MISCOMPARE 0x1d00		/* MISCOMPARE DURING VERIFY OPERATION */
#define ASC_OPCODE 0x2000		/* INVALID COMMAND OPERATION CODE */
#define ASC_LBA_RANGE 0x2100		/* LOGICAL BLOCK ADDRESS OUT OF RANGE */
#define ASC_CDB_FIELD 0x2400		/* INVALID FIELD IN CDB */
#define ASC_NO_LU 0x2500		/* LOGICAL UNIT NOT SUPPORTED */
#define ASC_LIST_FIELD 0x2600		/* INVALID FIELD IN PARAMETER LIST */
#define ASC_PR_RELEASE 0x2604		/* INVALID RELEASE OF PERSISTENT RESERVATION */
#define ASC_PROTECTED 0x2700		/* WRITE PROTECTED */
#define ASC_SWP 0x2702			/* LOGICAL UNIT SOFTWARE WRITE PROTECTED */
#define ASC_NO_SPACE 0x2707		/* SPACE ALLOCATION FAILED WRITE PROTECT */
#define ASC_NO_SAVING 0x3900		/* SAVING PARAMETERS NOT SUPPORTED */
#define ASC_INTERNAL 0x4400		/* INTERNAL TARGET FAILURE */
#define ASC_PR_RESOURCES 0x5504		/* INSUFFICIENT REGISTRATION RESOURCES */

/* Unit attentions by precedence, SAM-5 5.14.5: bit n of a nexus's word is line n of attention.c. */
enum attention {
	UA_POWER_ON, UA_LUN_RESET, UA_NEXUS_LOSS, UA_COMMANDS_CLEARED, UA_MODE_CHANGED,
	UA_PREEMPTED, UA_RELEASED, UA_REGISTRATIONS_PREEMPTED, UA_LUNS_CHANGED,
};

/* The file behind a logical unit, and which of its blocks are mapped. */
struct store {
	int fd;
	uint32_t block_size;
	uint64_t blocks;
	uint8_t *mapped;	/* a bit a block */
};

struct scsi_nexus {
	struct scsi_target *target;
	uint8_t initiator[SCSI_TRANSPORT_ID];
	uint16_t port;
	bool lost;		/* and not asked for since */
};

struct registration {
	uint8_t initiator[SCSI_TRANSPORT_ID];
	uint16_t port;
	uint64_t key;
};

/* SPC-4 5.12. The holder is an index; with an all-registrants type everybody holds it. */
struct reservations {
	uint32_t generation;
	bool aptpl;
	uint8_t type;		/* 0: not reserved */
	unsigned int holder, count;
	struct registration list[REGISTRATIONS];
};

struct scsi_lu {
	struct scsi_target *target;
	struct store store;
	unsigned int number;
	bool read_only, stopped;
	bool d_sense, swp, wce;		/* mode parameters */
	char *pr_path;
	struct reservations pr;
	unsigned int allowed;		/* 0: everybody */
	uint8_t allow[ALLOWED][SCSI_TRANSPORT_ID];
	uint32_t attention[NEXUSES];
	struct scsi_task *first, *last;	/* the task set, oldest first */
	unsigned int tasks;
};

struct scsi_target {
	struct scsi_config config;
	const struct scsi_ops *ops;
	struct scsi_lu *lu[SCSI_LUNS];
	struct scsi_nexus *nexus[NEXUSES];
	unsigned int nexuses;
	size_t buffers;
};

/* Whether a nexus that does not hold the reservation may, SPC-4 table 66 and SBC-3 table 13. */
enum under_reservation { PR_ANY, PR_READ, PR_CONFLICT, PR_START, PR_OUT };

#define CMD_ATTENTIVE 1		/* runs in spite of a unit attention */
#define CMD_MEDIUM 2		/* needs a started unit */
#define CMD_WRITES 4		/* not on a write-protected medium */
#define NO_SA 0xff

struct scsi_command {
	uint8_t opcode, sa, size, flags;
	enum under_reservation reservation;
	void (*start)(struct scsi_task *t);
	void (*finish)(struct scsi_task *t);	/* once the data is there */
	uint8_t usage[SCSI_CDB_MAX];	/* CDB USAGE DATA, SPC-4 6.35.3: every other bit is to be 0 */
};

/* n bytes, big-endian, as everything in SCSI is. */
static inline uint64_t get_be(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static inline void put_be(uint8_t *p, unsigned int n, uint64_t v)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* opcodes.c */
const struct scsi_command *command_find(const uint8_t *cdb, bool *opcode_known);
void cmd_report_opcodes(struct scsi_task *t);
void cmd_report_tmfs(struct scsi_task *t);

/* sense.c */
void sense_check(struct scsi_task *t, uint8_t key, uint16_t asc);
void sense_cdb_field(struct scsi_task *t, unsigned int byte, int bit);
void sense_list_field(struct scsi_task *t, unsigned int byte, int bit);
void sense_information(struct scsi_task *t, uint64_t value);
size_t sense_encode(const struct scsi_sense *s, bool descriptors, uint8_t out[SCSI_SENSE_MAX]);

/* task.c */
uint8_t *task_buffer(struct scsi_task *t, size_t n);
uint8_t *task_reply(struct scsi_task *t, size_t n, uint32_t allocation_length);
void task_want(struct scsi_task *t, uint32_t n);
struct scsi_lu *lu_find(const struct scsi_nexus *n, const uint8_t lun[8]);
bool lu_allowed(const struct scsi_lu *lu, const struct scsi_nexus *n);
void lu_abort_tasks(struct scsi_lu *lu, const struct scsi_nexus *of, const struct scsi_nexus *by,
		    const struct scsi_task *but);

/* attention.c */
void attention_set(struct scsi_lu *lu, const struct scsi_nexus *n, enum attention a);
void attention_others(struct scsi_lu *lu, const struct scsi_nexus *but, enum attention a);
bool attention_take(struct scsi_lu *lu, const struct scsi_nexus *n, struct scsi_sense *s);
void attention_drop(struct scsi_lu *lu, const struct scsi_nexus *n, enum attention a);
unsigned int nexus_index(const struct scsi_nexus *n);

/* store.c: 0 or -errno; ranges were checked. */
int store_open(struct store *s, const struct scsi_lu_config *c, char *why, size_t size);
void store_close(struct store *s);
int store_read(const struct store *s, uint64_t lba, void *to, size_t n);
int store_write(struct store *s, uint64_t lba, const void *from, size_t n, bool durable);
int store_unmap(struct store *s, uint64_t lba, uint64_t blocks);
int store_sync(const struct store *s);
void store_prefetch(const struct store *s, uint64_t lba, uint64_t blocks);
uint64_t store_run(const struct store *s, uint64_t lba, bool *mapped);

/* inquiry.c, vpd.c, unit.c, mode.c, mode-select.c */
void inquiry_standard(struct scsi_task *t, uint32_t allocation_length);
void inquiry_vpd(struct scsi_task *t, uint8_t page, uint32_t allocation_length);
void cmd_inquiry(struct scsi_task *t);
void cmd_report_luns(struct scsi_task *t);
void cmd_request_sense(struct scsi_task *t);
void cmd_test_unit_ready(struct scsi_task *t);
void cmd_start_stop(struct scsi_task *t);
void cmd_mode_sense(struct scsi_task *t);
void cmd_mode_select(struct scsi_task *t);
void finish_mode_select(struct scsi_task *t);
size_t mode_page(const struct scsi_lu *lu, uint8_t code, uint8_t control, uint8_t *out);

/* block.c, verify.c, provision.c */
struct extent {
	uint64_t lba;
	uint32_t blocks;
};
bool extent_check(struct scsi_task *t, struct extent *e);
bool extent_transfer(struct scsi_task *t, struct extent *e);
bool medium_failed(struct scsi_task *t, int r, bool writing);
bool fua(const struct scsi_task *t);
void cmd_read_capacity10(struct scsi_task *t);
void cmd_read_capacity16(struct scsi_task *t);
void cmd_read(struct scsi_task *t);
void cmd_write(struct scsi_task *t);
void finish_write(struct scsi_task *t);
void finish_or_write(struct scsi_task *t);
void cmd_synchronize_cache(struct scsi_task *t);
void cmd_prefetch(struct scsi_task *t);
void cmd_verify(struct scsi_task *t);
void finish_verify(struct scsi_task *t);
void cmd_write_verify(struct scsi_task *t);
void finish_write_verify(struct scsi_task *t);
void cmd_compare_write(struct scsi_task *t);
void finish_compare_write(struct scsi_task *t);
void cmd_get_lba_status(struct scsi_task *t);
void cmd_unmap(struct scsi_task *t);
void finish_unmap(struct scsi_task *t);
void cmd_write_same(struct scsi_task *t);
void finish_write_same(struct scsi_task *t);

/* reserve.c, pr-in.c, pr-out.c, pr-file.c */
bool pr_conflict(const struct scsi_task *t);
bool pr_all_registrants(uint8_t type);
struct registration *pr_find(struct scsi_lu *lu, const struct scsi_nexus *n);
bool pr_holds(const struct scsi_lu *lu, const struct registration *r);
struct registration *pr_add(struct scsi_lu *lu, const uint8_t initiator[SCSI_TRANSPORT_ID],
			    uint16_t port, uint64_t key);
struct scsi_nexus *pr_remove(struct scsi_lu *lu, struct registration *r);
void pr_release(struct scsi_lu *lu, const struct scsi_nexus *by);
void pr_tell(struct scsi_lu *lu, const struct scsi_nexus *but, enum attention a);
void cmd_pr_in(struct scsi_task *t);
void cmd_pr_out(struct scsi_task *t);
void finish_pr_out(struct scsi_task *t);
int pr_save(const struct scsi_lu *lu);
int pr_load(struct scsi_lu *lu, char *why, size_t size);

#endif
