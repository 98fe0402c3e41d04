/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeper and worker say to each other. Two SOCK_SEQPACKET pairs, so that neither side ever
 * waits for the other while it is waited for: on one the keeper commands and the worker answers, on
 * the other the worker requests and the keeper answers. A message is a head, a fixed structure, and
 * descriptors; an answer repeats the type. An error's body is its text. The keeper checks every
 * field of what the worker sends; the worker trusts the keeper.
 */
#ifndef KERNEL_WORKER_CHANNEL_H
#define KERNEL_WORKER_CHANNEL_H

#include <stddef.h>
#include <stdint.h>
#include <vmhi/core.h>

#include "kernel/bus/dma-pool.h"
#include "kernel/lib/err.h"
#include "kernel/lib/fdpass.h"
#include "kernel/net/session.h"

/* Where the worker finds its ends after exec. */
#define CHAN_FD_COMMAND 3
#define CHAN_FD_REQUEST 4

#define CHAN_BODY_MAX 4096
#define CHAN_PARAMS   32	/* as many as a note may have */

/* Commands: keeper to worker. The first part comes once, in this order. */
enum chan_command {
	CMD_PLUGIN = 1,		/* the sealed driver [fd]: load it, run nothing of it */
	CMD_POOL,		/* struct chan_pool [memfd, session]: map them, make the data path */
	CMD_DEVICE,		/* struct chan_device: a device, numbered from 0 */
	CMD_AREA,		/* struct chan_area [fd]: map a part of a BAR */
	CMD_VECTORS,		/* struct chan_vectors [eventfds]: further vectors of a device */
	CMD_RING,		/* struct chan_index [memfd, kick, answer]: its register ring */
	CMD_SANDBOX,		/* struct chan_index: 1 if in a mount namespace of its own;
				   answer: [listener of denied system calls] */
	/* Here a spare waits. What follows is for the worker that serves. */
	CMD_ATTACH,		/* struct chan_index: VMHI_ATTACH_*; attach the driver to every device */
	CMD_START,		/* make the devices uplinks, and start the driver */
	CMD_GO,			/* let packets flow */
	/* At any time between. */
	CMD_UPLINK = 32,	/* struct chan_uplink [fd] */
	CMD_PORT_ADD,		/* struct dp_port_conf */
	CMD_PORT_DEL,		/* struct chan_name */
	CMD_PORT_CONNECT,	/* struct chan_name [vhost-user socket] */
	CMD_PORT_KEPT,		/* struct chan_kept [descriptors]: for the next CMD_PORT_RESUME */
	CMD_PORT_RESUME,	/* struct chan_resume [socket of a front end that was connected] */
	CMD_PORT_STATS,		/* struct chan_index; answer: struct dp_port_stats */
	CMD_DATA_STATS,		/* answer: struct dp_stats */
	CMD_DEVICE_GONE,	/* struct chan_index */
	CMD_PING,		/* are you there? */
	CMD_LET_GO,		/* send what was taken from guests, then stand still: another
				   worker takes over */
	CMD_QUIT,		/* stop the devices, then answer, then exit with 0 */
};

struct chan_pool {
	uint64_t len, iova;		/* of the whole memfd */
	uint64_t packet_off, packet_len; /* what of it is packet buffers; the rest is for drivers */
	uint32_t mtu, zero;
};

struct chan_device {
	char name[108];
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t nvec, nparam;
	uint32_t zero;
	uint64_t bar_len[6];
	struct vmhi_param param[CHAN_PARAMS];
};

struct chan_area {
	uint32_t dev, bar;
	uint64_t off, len, fd_off;
};

struct chan_vectors {
	uint32_t dev, first;		/* as many as descriptors came */
};

struct chan_index {
	uint32_t index, zero;
};

struct chan_uplink {
	char name[36];
	uint32_t kind;			/* DP_UPLINK_* */
};

struct chan_name {
	char name[36];
};

/* As many descriptors as came with it, each by KEEP_* kind and index. */
struct chan_kept {
	struct { uint32_t kind, index; } key[FDPASS_MAX];
};

struct chan_resume {
	char name[36];
	uint32_t zero;
	struct session_conn conn;
};

/* Requests: worker to keeper. */
enum chan_request {
	REQ_DMA_ALLOC = 64,	/* struct dma_request; answer: the same, filled in */
	REQ_DMA_FREE,		/* struct dma_request: handle */
	REQ_CONFIG,		/* struct chan_config; answer: the same */
	REQ_PORT_GONE,		/* struct chan_port_gone */
	REQ_FAULT,		/* struct chan_fault: the worker ends, for this reason */
	REQ_KEEP,		/* struct chan_keep [descriptor, or none] */
	REQ_REPORT,		/* struct chan_report [of its answer, or none] */
};

/* What the next worker needs of a port's connection; without a descriptor: no more. */
struct chan_keep {
	char name[36];
	uint32_t kind, index;		/* KEEP_* of kernel/net/session.h */
};

/* A message of a port's front end: for session_take(). */
struct chan_report {
	char name[36];
	uint32_t zero;
	struct session_report report;
};

struct chan_config {
	uint32_t dev, off, width, write, value;
};

struct chan_fault {
	char why[160];
};

struct chan_port_gone {
	char name[36];
	char why[220];
};

struct chan_msg {
	uint32_t type;
	int32_t status;		/* answers: 0 or -errno */
	uint32_t len;		/* of body */
	int nfd;
	int fd[FDPASS_MAX];
	_Alignas(8) unsigned char body[CHAN_BODY_MAX];
};

int chan_send(int sock, uint32_t type, int32_t status, const void *body, size_t len, const int *fds,
	      int nfd);

/*
 * -EPIPE: the other side is gone; -EAGAIN: nothing there (flags has MSG_DONTWAIT). -EMSGSIZE: not all
 * of it, or of its descriptors, could be taken; what came is closed, and m has the type alone.
 */
int chan_recv(int sock, struct chan_msg *m, int flags);

/* Text from the other side, in n bytes, is for people: ends it, and leaves only printable ASCII. */
void chan_tidy(char *text, size_t n);
/* The text that is the body of m, so treated. */
const char *chan_text(struct chan_msg *m);

/* Closes the descriptors of m that nobody took (those not set to -1). */
void chan_close_fds(struct chan_msg *m);

/* An answer of one error. */
int chan_send_err(int sock, uint32_t type, int code, const struct err *e);

#endif
