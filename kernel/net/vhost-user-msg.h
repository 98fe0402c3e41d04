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

#define VU_HDR 12	/* request, flags, size of what follows */

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

/* Carries m out: 0, its answer in m; else it was the connection's end. */
int vu_dispatch(struct vhost_user *v, struct vu_msg *m, struct err *e);
/* vhost-user-input.c: the socket has something to read. */
void vu_input(void *arg, uint32_t events);
#define VU_EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLET)

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

/* Where the ring lies in this process; false: not, or not wholly, in the memory. */
bool vu_find_ring(struct vhost_user *v, const struct vhost_user_ring *r, void **desc, void **avail,
		  void **used);
int vu_replace_kick(struct vhost_user *v, uint32_t i, int fd, struct err *e);

/* Starts each ring that has all it needs, stops each that has not. Data thread paused. */
void vu_update_rings(struct vhost_user *v);
/* The memory has changed under the rings: finds them anew. Data thread paused. */
void vu_relocate_rings(struct vhost_user *v);
void vu_stop_rings(struct vhost_user *v);
void vu_attach_inflight(struct vhost_user *v, uint32_t i);
void vu_drop_inflight(struct vhost_user *v);

/* What is offered to this port's front end. */
uint64_t vu_offered(const struct vhost_user *v);
#define VU_BIT(n) ((uint64_t)1 << (n))
#define VU_PROTOCOLS (VU_BIT(VU_PROTOCOL_MQ) | VU_BIT(VU_PROTOCOL_REPLY_ACK) |                     \
		      VU_BIT(VU_PROTOCOL_NET_MTU) | VU_BIT(VU_PROTOCOL_CONFIG) |                   \
		      VU_BIT(VU_PROTOCOL_INFLIGHT) | VU_BIT(VU_PROTOCOL_MEM_SLOTS))

/* vhost-user-session.c */
int vu_keep(struct vhost_user *v, uint32_t kind, uint32_t index, int fd, struct err *e);
/* A place for a descriptor of memory that no region of old or new uses. */
uint32_t vu_keep_place(const struct vhost_user *v);
/* m was carried out: what came of it is held for the next process, and m is answered and gone. */
int vu_report(struct vhost_user *v, const struct vu_msg *m, struct err *e);
/* From here on a death costs the connection: a part of a message is in this process alone. */
int vu_report_torn(struct vhost_user *v, struct err *e);
/* Descriptors that no region uses any more are given up. */
void vu_keep_tidy(struct vhost_user *v);
/* Goes on from the session. Data thread paused. 0, or -errno with *e worded. */
int vu_restore(struct vhost_user *v, struct kept *kept, struct err *e);
/* Maps the in-flight area. Data thread paused. */
int vu_map_inflight(struct vhost_user *v, int fd, uint32_t rings, uint32_t size, struct err *e);

static inline bool vu_has(uint64_t set, int bit)
{
	return set >> bit & 1;
}

#endif
