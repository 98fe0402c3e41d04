/* SPDX-License-Identifier: Apache-2.0 */
/* Mailbox commands: 64 words that the host fills in and the port answers in place. */
#ifndef LPE31000_MBOX_H
#define LPE31000_MBOX_H

#include <stddef.h>
#include <stdint.h>

#define MBX_WORDS		64

#define MBX_READ_NVPARMS	0x02
#define MBX_INIT_LINK		0x05
#define MBX_DOWN_LINK		0x06
#define MBX_CONFIG_LINK		0x07
#define MBX_READ_CONFIG		0x0b
#define MBX_READ_STATUS		0x0e
#define MBX_READ_REV		0x11
#define MBX_READ_LNK_STAT	0x12
#define MBX_UNREG_RPI		0x14
#define MBX_DUMP		0x17
#define MBX_UNREG_D_ID		0x23
#define MBX_HEARTBEAT		0x31
#define MBX_READ_SPARM64	0x8d
#define MBX_REG_RPI		0x93
#define MBX_READ_TOPOLOGY	0x95
#define MBX_REG_VPI		0x96
#define MBX_UNREG_VPI		0x97
#define MBX_SLI_CONFIG		0x9b
#define MBX_REQUEST_FEATURES	0x9d
#define MBX_RESUME_RPI		0x9e
#define MBX_REG_VFI		0x9f
#define MBX_REG_FCFI		0xa0
#define MBX_UNREG_VFI		0xa1
#define MBX_UNREG_FCFI		0xa2
#define MBX_INIT_VFI		0xa3
#define MBX_INIT_VPI		0xa4

/* The status of a command, in the upper half of its first word. */
#define MBX_SUCCESS		0x0000
#define MBX_FAILURE		0x0001
#define MBX_RPI_REGISTERED	0x000b
#define MBX_NO_RESOURCES	0x000d
#define MBX_DMA_ERROR		0x000f
#define MBX_UNSUPPORTED		0x0011
#define MBX_INVALID_RPI		0x0021
#define MBX_INVALID_VPI		0x0030
#define MBX_RPI_NOT_REGISTERED	0x1400
#define MBX_VFI_IN_USE		0x9f02
#define MBX_ILLEGAL_SIZE	0x9f04
#define MBX_NO_REGION		0xfff7

/* REQUEST_FEATURES */
#define FEATURE_NPIV		0x02u
#define FEATURE_FCP_INITIATOR	0x10u

/* SLI_CONFIG: the status in its subcommand's header. */
#define CONFIG_SUCCESS		0x00
#define CONFIG_FAILED		0x01
#define CONFIG_ILLEGAL_REQUEST	0x02
#define CONFIG_ILLEGAL_FIELD	0x03
#define CONFIG_NO_BUFFER	0x04

struct card;
struct sq;

/* The bootstrap mailbox's register: the halves of an address; the second starts the command. */
void bmbx_write(struct card *c, uint32_t v);
/* What the host posted to a mailbox queue. */
void mq_run(struct card *c, struct sq *q);
/* Executes the command of 64 words in place. */
void mbox_execute(struct card *c, uint32_t *w);

/* Each takes a command's words, answers in them, and returns an MBX_ status. */
typedef uint16_t mbox_fn(struct card *c, uint32_t *w);

/* mbox-port.c */
mbox_fn mbox_read_nvparms, mbox_read_config, mbox_read_rev, mbox_read_sparm, mbox_request_features,
	mbox_dump, mbox_read_lnk_stat, mbox_read_status, mbox_nothing;
/* link.c */
mbox_fn mbox_init_link, mbox_down_link, mbox_config_link, mbox_read_topology;
/* mbox-login.c */
mbox_fn mbox_init_vfi, mbox_reg_vfi, mbox_unreg_vfi, mbox_init_vpi, mbox_reg_vpi, mbox_unreg_vpi,
	mbox_reg_rpi, mbox_unreg_rpi, mbox_resume_rpi, mbox_unreg_d_id, mbox_reg_fcfi,
	mbox_unreg_fcfi;
/* config.c */
mbox_fn mbox_sli_config;

/* A subcommand of SLI_CONFIG: the words after its header, answered in place. */
struct config {
	uint8_t version;
	uint32_t *p;
	size_t words;
};

/* Each returns a CONFIG_ status. words is at least what config.c's table asks for. */
typedef uint8_t config_fn(struct card *c, struct config *f);

/* config-port.c */
config_fn config_attributes, config_nop, config_fw_config, config_port_name, config_function,
	config_parameters, config_eq_delay, config_function_reset;
/* config-queue.c */
config_fn config_eq_create, config_cq_create, config_mq_create, config_mq_create_ext,
	config_wq_create, config_rq_create, config_eq_destroy, config_cq_destroy,
	config_mq_destroy, config_wq_destroy, config_rq_destroy, config_post_sgl,
	config_remove_sgl;

/* A buffer descriptor of three words in a command: length, low and high address. */
struct mbox_bde {
	uint64_t address;
	uint32_t length;
};

static inline struct mbox_bde mbox_bde(const uint32_t *w)
{
	return (struct mbox_bde){w[1] | (uint64_t)w[2] << 32, w[0] & 0xffffff};
}

#endif
