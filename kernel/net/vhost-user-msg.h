/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of the vhost-user protocol, as far as they are spoken here. */
#ifndef KERNEL_NET_VHOST_USER_MSG_H
#define KERNEL_NET_VHOST_USER_MSG_H

#include "kernel/net/vhost-user.h"

#define VU_GET_FEATURES		 1
#define VU_SET_FEATURES		 2
#define VU_SET_OWNER		 3
#define VU_RESET_OWNER		 4
#define VU_SET_MEM_TABLE	 5
#define VU_SET_VRING_NUM	 8
#define VU_SET_VRING_ADDR	 9
#define VU_SET_VRING_BASE	 10
#define VU_GET_VRING_BASE	 11
#define VU_SET_VRING_KICK	 12
#define VU_SET_VRING_CALL	 13
#define VU_SET_VRING_ERR	 14
#define VU_GET_PROTOCOL_FEATURES 15
#define VU_SET_PROTOCOL_FEATURES 16
#define VU_GET_QUEUE_NUM	 17
#define VU_SET_VRING_ENABLE	 18
#define VU_NET_SET_MTU		 20
#define VU_GET_CONFIG		 24
#define VU_GET_INFLIGHT_FD	 31
#define VU_SET_INFLIGHT_FD	 32
#define VU_GET_MAX_MEM_SLOTS	 36
#define VU_ADD_MEM_REG		 37
#define VU_REM_MEM_REG		 38
#define VU_LAST			 38

/* flags of the header */
#define VU_VERSION    0x1u
#define VU_REPLY      0x4u
#define VU_NEED_REPLY 0x8u

#define VU_F_PROTOCOL_FEATURES 30
#define VU_PROTOCOL_MQ		 0
#define VU_PROTOCOL_REPLY_ACK	 3
#define VU_PROTOCOL_NET_MTU	 4
#define VU_PROTOCOL_CONFIG	 9
#define VU_PROTOCOL_INFLIGHT	 12
#define VU_PROTOCOL_MEM_SLOTS	 15

#define VU_RING_INDEX 0xffu
#define VU_RING_NOFD  0x100u

struct vu_region {
	uint64_t gpa, size, uaddr, off;
};

struct vu_ring_addr {
	uint32_t index, flags;
	uint64_t desc, used, avail, log;
};

struct vu_inflight {
	uint64_t len, off;
	uint16_t rings, size;
	uint32_t zero;
};

#define VU_CONFIG_MAX 256
struct vu_config {
	uint32_t off, size, flags;
	uint8_t data[VU_CONFIG_MAX];
};

/* One message; fds not taken (set to -1) by its handler are closed after it. */
struct vu_msg {
	uint32_t request, flags, size;
	union {
		uint64_t u64;
		struct { uint32_t index, value; } ring;
		struct vu_ring_addr addr;
		struct { uint32_t n, zero; struct vu_region region[8]; } table;
		struct { uint64_t zero; struct vu_region region; } slot;
		struct vu_inflight inflight;
		struct vu_config config;
		uint8_t raw[512];
	} p;
	int *fds;
	int nfds;
	uint32_t reply;		/* bytes of p to answer with; 0: none */
	int reply_fd;		/* to send along, closed then; or -1 */
};

/* Handlers in other files: 0, or -errno with *e worded. */
int vu_set_mem_table(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_add_mem_reg(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_rem_mem_reg(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_get_inflight_fd(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_set_inflight_fd(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_set_vring_num(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_set_vring_addr(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_set_vring_base(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_get_vring_base(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_set_vring_fd(struct vhost_user *v, struct vu_msg *m, struct err *e);
int vu_set_vring_enable(struct vhost_user *v, struct vu_msg *m, struct err *e);

/* A ring by the message's index; NULL with *e worded. */
struct vhost_user_ring *vu_ring(struct vhost_user *v, uint32_t index, struct err *e);

/* Starts each ring that has all it needs, stops each that has not. Data thread paused. */
void vu_update_rings(struct vhost_user *v);
/* The memory has changed under the rings: finds them anew. Data thread paused. */
void vu_relocate_rings(struct vhost_user *v);
void vu_stop_rings(struct vhost_user *v);
void vu_attach_inflight(struct vhost_user *v, uint32_t i);
void vu_drop_inflight(struct vhost_user *v);

static inline bool vu_has(uint64_t set, int bit)
{
	return set >> bit & 1;
}

#endif
