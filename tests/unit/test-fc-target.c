// SPDX-License-Identifier: Apache-2.0
/* The Fibre Channel target, as an initiator at the end of its wire sees it. */
#include "tests/unit/cunit.h"
#include "tests/unit/fc-initiator.h"
#include "tests/unit/model-clock.h"

#include <string.h>
#include <unistd.h>

static struct initiator i;

static const uint8_t ready[SCSI_CDB_MAX] = {0x00};
static const uint8_t inquiry[SCSI_CDB_MAX] = {0x12, 0, 0, 0, 255};
static const uint8_t write_two[SCSI_CDB_MAX] = {0x2a, 0, 0, 0, 0, 0, 0, 0, 2};

/* Logged in, and power on has been told. */
static void up(void)
{
	initiator_up(&i);
	initiator_login(&i);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_GOOD);
}

/* A write that stays where it waits for its data. */
static void begin_write(void)
{
	uint8_t iu[FCP_CMND_SIZE] = {[FCP_CMND_DIRECTION] = FCP_WRDATA};

	memcpy(iu + FCP_CMND_CDB, write_two, SCSI_CDB_MAX);
	fc_put32(iu + FCP_CMND_DL, 1024);
	initiator_command(&i, iu, sizeof(iu));
	initiator_settle(&i);
	CU_ASSERT(i.bursts == 1 && i.burst_at == 0 && i.burst_n == 1024 && !i.answered);
}

/* The RSP_CODE of a task management function; 0xff: no FCP_RSP with one came. */
static uint8_t manage(uint8_t lun, uint8_t flags)
{
	uint8_t iu[FCP_CMND_SIZE] = {0, lun, [FCP_CMND_MANAGE] = flags};

	initiator_command(&i, iu, sizeof(iu));
	initiator_wait(&i, &i.answered);
	return i.rsp[FCP_RSP_FLAGS] & FCP_RSP_LEN_VALID ? i.rsp[FCP_RSP_SIZE + 3] : 0xff;
}

static void logging_in(void)
{
	const uint8_t adisc[28] = {FC_ELS_ADISC, [8] = 0x10, [15] = 1};
	const uint8_t logo[16] = {FC_ELS_LOGO};
	const uint8_t unknown[8] = {0x77};
	uint8_t iu[FCP_CMND_SIZE] = {0};

	initiator_up(&i);
	/* nothing goes without a login; a command is answered by LOGO */
	CU_ASSERT_EQUAL(initiator_prli(&i, FC_TYPE_FCP), FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(i.els[6], FC_LS_EXPLAIN_LOGIN_REQUIRED);
	initiator_command(&i, iu, sizeof(iu));
	initiator_settle(&i);
	CU_ASSERT(i.logos == 1 && !i.answered);
	CU_ASSERT_EQUAL(initiator_plogi(&i), FC_ELS_LS_ACC);
	initiator_command(&i, iu, sizeof(iu));
	initiator_settle(&i);
	CU_ASSERT(i.logos == 2 && !i.answered);
	/* only FCP's image is there */
	CU_ASSERT_EQUAL(initiator_prli(&i, 0x28), FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(initiator_prli(&i, FC_TYPE_FCP), FC_ELS_LS_ACC);
	CU_ASSERT(i.els_n == 20 && i.els[6] == 0x21 && fc_get32(i.els + 16) == 0x12);
	CU_ASSERT_EQUAL(initiator_els(&i, adisc, sizeof(adisc)), FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(fc_get64(i.els + 8), 0x2001000000000001ull);
	CU_ASSERT_EQUAL(initiator_els(&i, unknown, sizeof(unknown)), FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(i.els[5], FC_LS_RJT_NOT_SUPPORTED);
	CU_ASSERT_EQUAL(initiator_els(&i, logo, sizeof(logo)), FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(initiator_els(&i, adisc, sizeof(adisc)), FC_ELS_LS_RJT);
	initiator_down(&i);
}

static void bad_logins(void)
{
	uint8_t payload[FC_LOGIN_SIZE] = {FC_ELS_PLOGI};
	uint8_t page[20] = {FC_ELS_PRLI, 16, 0, 20, FC_TYPE_FCP};

	initiator_up(&i);
	CU_ASSERT_EQUAL(initiator_els(&i, payload, 40), FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(initiator_els(&i, payload, sizeof(payload)), FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(initiator_plogi(&i), FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(initiator_els(&i, page, 12), FC_ELS_LS_RJT);
	page[3] = 36;
	CU_ASSERT_EQUAL(initiator_els(&i, page, sizeof(page)), FC_ELS_LS_RJT);
	initiator_down(&i);
}

static void reading(void)
{
	initiator_up(&i);
	initiator_login(&i);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	CU_ASSERT(i.rsp[FCP_RSP_FLAGS] & FCP_SNS_LEN_VALID && i.rsp_n == 24 + 18);
	CU_ASSERT(fc_get32(i.rsp + FCP_RSP_SNS_LEN) == 18 && i.rsp[24 + 2] == SCSI_UNIT_ATTENTION &&
		  i.rsp[24 + 12] == 0x29);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, inquiry, FCP_RDDATA, 255, NULL), SCSI_GOOD);
	CU_ASSERT(i.data_n == 96 && i.rsp[FCP_RSP_FLAGS] & FCP_RESID_UNDER);
	CU_ASSERT_EQUAL(fc_get32(i.rsp + FCP_RSP_RESID), 255 - 96);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, inquiry, FCP_RDDATA, 10, NULL), SCSI_GOOD);
	CU_ASSERT(i.data_n == 10 && i.rsp[FCP_RSP_FLAGS] & FCP_RESID_OVER);
	CU_ASSERT_EQUAL(fc_get32(i.rsp + FCP_RSP_RESID), 96 - 10);
	CU_ASSERT_EQUAL(initiator_run(&i, 9, inquiry, FCP_RDDATA, 36, NULL), SCSI_GOOD);
	CU_ASSERT_EQUAL(i.data[0], 0x7f);
	initiator_down(&i);
}

/* More than a burst and much more than a frame, both ways. */
static void writing(void)
{
	static uint8_t out[600 * 512];
	const uint8_t write_cdb[SCSI_CDB_MAX] = {0x2a, 0, 0, 0, 0, 5, 0, 600 >> 8, 600 & 0xff};
	const uint8_t read_cdb[SCSI_CDB_MAX] = {0x28, 0, 0, 0, 0, 5, 0, 600 >> 8, 600 & 0xff};

	for (size_t k = 0; k < sizeof(out); k++)
		out[k] = (uint8_t)(k * 7 + (k >> 9));
	up();
	CU_ASSERT_EQUAL(initiator_run(&i, 0, write_cdb, FCP_WRDATA, sizeof(out), out), SCSI_GOOD);
	CU_ASSERT(i.bursts == 3 && i.rsp[FCP_RSP_FLAGS] == 0);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, read_cdb, FCP_RDDATA, sizeof(out), NULL), SCSI_GOOD);
	CU_ASSERT(i.data_n == sizeof(out) && !memcmp(i.data, out, sizeof(out)));
	CU_ASSERT_EQUAL(i.data_frames, sizeof(out) / 2048);
	initiator_down(&i);
}

static void wrong_data(void)
{
	static const uint8_t out[2048];

	up();
	begin_write();
	initiator_data(&i, 0, out, 512, 0, true);	/* a burst that ends early */
	CU_ASSERT(initiator_wait(&i, &i.answered));
	CU_ASSERT_EQUAL(i.rsp[FCP_RSP_SIZE + 3], FCP_BURST_DIFFERS);
	begin_write();
	initiator_data(&i, 0, out, 1536, 0, true);	/* one that is too long */
	CU_ASSERT(initiator_wait(&i, &i.answered));
	CU_ASSERT_EQUAL(i.rsp[FCP_RSP_SIZE + 3], FCP_BURST_DIFFERS);
	begin_write();
	initiator_data(&i, 512, out, 1024, 0, true);	/* one that begins elsewhere */
	CU_ASSERT(initiator_wait(&i, &i.answered));
	CU_ASSERT_EQUAL(i.rsp[FCP_RSP_SIZE + 3], FCP_OFFSET_DIFFERS);
	begin_write();
	initiator_data(&i, 0, out, 256, 0, false);	/* one that lost a frame: not a word */
	initiator_data(&i, 512, out, 512, 2, true);
	initiator_settle(&i);
	CU_ASSERT(!i.answered);
	initiator_abort(&i, i.ox_id);
	CU_ASSERT(i.accepted && !i.rejected);
	initiator_data(&i, 256, out, 768, 1, true);	/* nobody's by now */
	initiator_settle(&i);
	CU_ASSERT(!i.answered);
	initiator_abort(&i, i.ox_id);
	CU_ASSERT(i.rejected && !i.accepted);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_GOOD);
	initiator_down(&i);
}

static void managing(void)
{
	up();
	begin_write();
	CU_ASSERT_EQUAL(manage(0, FCP_ABORT_TASK_SET), FCP_MANAGED);
	initiator_abort(&i, (uint16_t)(i.ox_id - 1));
	CU_ASSERT(i.rejected);
	i.ox_id++;
	CU_ASSERT_EQUAL(manage(0, FCP_CLEAR_TASK_SET), FCP_MANAGED);
	CU_ASSERT_EQUAL(manage(3, FCP_LUN_RESET), FCP_WRONG_LUN);
	CU_ASSERT_EQUAL(manage(0, FCP_CLEAR_ACA), FCP_MANAGE_REJECTED);
	CU_ASSERT_EQUAL(manage(0, FCP_LUN_RESET | FCP_TARGET_RESET), FCP_CMND_INVALID);
	CU_ASSERT_EQUAL(manage(0, FCP_LUN_RESET), FCP_MANAGED);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(fc_get16(i.rsp + 24 + 12), 0x2903);
	CU_ASSERT_EQUAL(manage(0, FCP_TARGET_RESET), FCP_MANAGED);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_GOOD);
	initiator_down(&i);
}

static void wrong_commands(void)
{
	uint8_t iu[FCP_CMND_SIZE + 16] = {[FCP_CMND_DIRECTION] = FCP_RDDATA | FCP_WRDATA};

	up();
	initiator_command(&i, iu, FCP_CMND_SIZE);
	CU_ASSERT(initiator_wait(&i, &i.answered));
	CU_ASSERT_EQUAL(i.rsp[FCP_RSP_SIZE + 3], FCP_CMND_INVALID);
	initiator_command(&i, iu, 20);
	CU_ASSERT(initiator_wait(&i, &i.answered));
	CU_ASSERT_EQUAL(i.rsp[FCP_RSP_SIZE + 3], FCP_CMND_INVALID);
	iu[FCP_CMND_DIRECTION] = 16;		/* a CDB of 32 bytes that are not all there */
	initiator_command(&i, iu, FCP_CMND_SIZE);
	CU_ASSERT(initiator_wait(&i, &i.answered));
	CU_ASSERT_EQUAL(i.rsp[FCP_RSP_SIZE + 3], FCP_CMND_INVALID);
	iu[FCP_CMND_CDB] = 0x7f;		/* and that are: no such opcode */
	initiator_command(&i, iu, sizeof(iu));
	CU_ASSERT(initiator_wait(&i, &i.answered));
	CU_ASSERT_EQUAL(fc_get16(i.rsp + 24 + 12), 0x2000);
	iu[FCP_CMND_DIRECTION] = 0;
	iu[FCP_CMND_ATTRIBUTE] = FCP_ACA;
	initiator_command(&i, iu, FCP_CMND_SIZE);
	CU_ASSERT(initiator_wait(&i, &i.answered));
	CU_ASSERT_EQUAL(fc_get16(i.rsp + 24 + 12), 0x4900);
	initiator_down(&i);
}

static void how_far(void)
{
	uint8_t rec[12] = {FC_ELS_REC};
	static const uint8_t out[512];

	up();
	begin_write();
	initiator_data(&i, 0, out, 512, 0, false);
	initiator_settle(&i);
	fc_put24(rec + 5, INITIATOR_ID);
	fc_put16(rec + 8, i.ox_id);
	fc_put16(rec + 10, i.rx_id);
	CU_ASSERT_EQUAL(initiator_els(&i, rec, sizeof(rec)), FC_ELS_LS_ACC);
	CU_ASSERT(fc_get16(i.els + 4) == i.ox_id && fc_get16(i.els + 6) == i.rx_id);
	CU_ASSERT(fc_get32(i.els + 16) == 512 && fc_get24(i.els + 13) == TARGET_ID);
	fc_put16(rec + 8, 0x7777);
	CU_ASSERT_EQUAL(initiator_els(&i, rec, sizeof(rec)), FC_ELS_LS_RJT);
	CU_ASSERT_EQUAL(i.els[6], FC_LS_EXPLAIN_INVALID_OX_RX);
	initiator_down(&i);
}

/* A login anew, PRLO and a lost link end what was going on and are told to the initiator. */
static void nexus_loss(void)
{
	const uint8_t prlo[20] = {FC_ELS_PRLO, 16, 0, 20, FC_TYPE_FCP};
	bool back = false;

	up();
	begin_write();
	initiator_login(&i);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(fc_get16(i.rsp + 24 + 12), 0x2907);
	CU_ASSERT_EQUAL(initiator_els(&i, prlo, sizeof(prlo)), FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(initiator_prli(&i, FC_TYPE_FCP), FC_ELS_LS_ACC);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	begin_write();
	CU_ASSERT(control_command(i.target, "bounce 20"));
	for (int n = 0; n < 1000 && i.flogis < 2; n++)
		clock_turn(i.loop, 1);
	initiator_wait(&i, &back);
	CU_ASSERT(i.downs == 1 && i.flogis == 2 && i.registered == 8);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), 0xff);
	CU_ASSERT_EQUAL(i.logos, 1);
	initiator_login(&i);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_GOOD);
	initiator_down(&i);
}

static void switches(void)
{
	up();
	CU_ASSERT(control_command(i.target, "full 1"));
	CU_ASSERT(control_command(i.target, "busy 1"));
	CU_ASSERT(control_command(i.target, "check 4 4400 1"));
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_TASK_SET_FULL);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_BUSY);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	CU_ASSERT(i.rsp[24 + 2] == 4 && fc_get16(i.rsp + 24 + 12) == 0x4400);
	CU_ASSERT(control_command(i.target, "drop-data 1"));
	CU_ASSERT_EQUAL(initiator_run(&i, 0, inquiry, FCP_RDDATA, 96, NULL), SCSI_GOOD);
	CU_ASSERT_EQUAL(i.data_n, 0);
	CU_ASSERT(control_command(i.target, "drop-rsp 1"));
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), 0xff);
	CU_ASSERT(control_command(i.target, "full 9") && control_command(i.target, "clear"));
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_GOOD);
	CU_ASSERT(control_command(i.target, "logo"));
	initiator_settle(&i);
	CU_ASSERT_EQUAL(i.logos, 1);
	CU_ASSERT(!control_command(i.target, "full") && !control_command(i.target, "busy 1 x") &&
		  !control_command(i.target, "check 5") && !control_command(i.target, "bounce 0"));
	initiator_down(&i);
}

static void masks(void)
{
	up();
	CU_ASSERT(control_command(i.target, "allow 0 10:00:00:00:00:00:00:02"));
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(fc_get16(i.rsp + 24 + 12), 0x2500);
	CU_ASSERT(control_command(i.target, "allow 0 1000000000000001"));
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_CHECK_CONDITION);
	CU_ASSERT_EQUAL(fc_get16(i.rsp + 24 + 12), 0x3f0e);
	CU_ASSERT_EQUAL(initiator_run(&i, 0, ready, 0, 0, NULL), SCSI_GOOD);
	CU_ASSERT(!control_command(i.target, "allow 0 10000") &&
		  !control_command(i.target, "allow 1 1000000000000001"));
	initiator_down(&i);
}

static const struct unit_test tests[] = {
	{"logging in", logging_in}, {"bad logins", bad_logins}, {"reading", reading},
	{"writing", writing}, {"wrong data", wrong_data}, {"managing", managing},
	{"wrong commands", wrong_commands}, {"how far", how_far}, {"nexus loss", nexus_loss},
	{"switches", switches}, {"masks", masks},
};

UNIT_MAIN("Fibre Channel target", tests)
