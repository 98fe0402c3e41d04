/* SPDX-License-Identifier: Apache-2.0 */
/* What the library's files share: the model, its parts, and who may call what. */
#ifndef SDK_MODELS_INTERNAL_H
#define SDK_MODELS_INTERNAL_H

#include <sys/types.h>

#include <vmhi-model/commands.h>
#include <vmhi-model/model.h>

#include "vfio-user.h"

#define CONFIG_SIZE	4096
#define MSG_FDS		64	/* descriptors we take in one message */
#define MSG_XFER	VFU_DEFAULT_XFER /* data bytes in one message */
#define MSG_MAX		(MSG_XFER + 4096)
#define MSG_INLINE	128
#define HELD_MAX	256	/* commands kept while a DMA message is answered */
#define VTD_REGISTERS	3
#define PEER_TIMEOUT_MS	5000	/* a client that does not read or answer is dropped */

/* Descriptors that came with a message. */
struct fds {
	int fd[MSG_FDS];
	int n;
};

/* One message in or out of the socket. */
struct message {
	struct vfu_header h;
	size_t body_size, have;	/* have counts the header too */
	uint8_t *heap;		/* the body, when it is longer than small[] */
	uint64_t small[MSG_INLINE / 8];
	struct fds fds;
	struct message *next;	/* in the list of those held */
};

struct client {
	int sock;
	bool up, negotiated;
	bool write_multi;
	uint32_t max_xfer, max_fds;	/* what the client takes */
	uint16_t next_id;
	struct message in;
	struct message *held, **held_end;
	unsigned int nheld;
	uint8_t *out;			/* the reply being made */
	size_t out_room;
};

struct dma_map {
	uint64_t iova, size;
	uint8_t *host;		/* NULL: by message */
	bool readable, writable;
};

struct vector {
	uint32_t entry[4];	/* as the client sees it: address, data, control */
	int eventfd;		/* -1: none */
	bool masked;		/* by SET_IRQS */
	bool pending;
	bool late;		/* held back by a fault switch */
};

struct area {
	struct area *next;
	uint64_t offset, size;
	uint8_t *mem;
};

struct bar {
	uint64_t size;
	uint32_t flags;
	int memfd;		/* -1: nothing shared */
	struct area *areas;
	unsigned int nareas;
};

/* Of each kind, so many are still to go wrong. */
struct faults {
	unsigned int reads, writes, irqs;
	uint64_t read_and, read_or;
	unsigned int write_offset;
	uint8_t write_xor;
	unsigned int irq_late_ms, irq_times;
	struct model_timer late;
	struct model_commands *commands;	/* NULL: not to be switched */
};

struct model {
	struct model_loop *loop;
	const struct model_ops *ops;
	void *dev;
	struct model_pci pci;

	uint8_t config[CONFIG_SIZE], config_reset[CONFIG_SIZE], config_writable[CONFIG_SIZE];
	uint8_t last_cap, pm_cap;	/* offsets, 0: none */
	uint16_t last_ext_cap;
	struct bar bar[6];

	struct vector *vectors;
	unsigned int triggers;		/* vectors with an eventfd */
	bool table_used;		/* the client programs the MSI-X table itself */

	struct dma_map *maps;		/* by iova */
	unsigned int nmaps, maps_room, last_map;
	uint64_t dma_faults;

	int listener;
	char *path;
	int (*serve)(struct model *m, int sock);	/* what connects to the listener */
	struct client c;		/* of vfio-user */
	struct proxy *proxy;		/* or QEMU's x-pci-proxy-dev; NULL: not there */
	char *qtest_path;		/* for those that the listener takes */
	bool vtd;			/* that machine's: the card is its source_id */
	uint16_t source_id;
	struct model_timer kick;
	struct faults faults;
};

/* config.c */
int config_init(struct model *m);
void config_reset(struct model *m);
/* How a user of VFIO finds a function after power-on, and how the firmware of a machine does. */
void config_as_vfio(struct model *m);
int config_as_conventional(struct model *m);
void config_read(struct model *m, uint64_t offset, void *buf, size_t n);
void config_write(struct model *m, uint64_t offset, const void *buf, size_t n);
bool config_memory_on(const struct model *m, const struct bar *b);
uint16_t config16(const struct model *m, uint16_t offset);

/* bar.c */
int bar_init(struct model *m);
void bar_free(struct model *m);
void bar_clear_areas(struct model *m);
void bar_read(struct model *m, unsigned int bar, uint64_t offset, void *buf, size_t n);
void bar_write(struct model *m, unsigned int bar, uint64_t offset, const void *buf, size_t n);

/* msix.c */
int msix_init(struct model *m);
void msix_free(struct model *m);
void msix_reset(struct model *m);
void msix_flush(struct model *m);
bool msix_table_hit(const struct model *m, unsigned int bar, uint64_t offset, uint64_t n);
/* A dword of the table or the PBA; false if neither is there. */
bool msix_read32(struct model *m, unsigned int bar, uint64_t offset, uint32_t *value);
bool msix_write32(struct model *m, unsigned int bar, uint64_t offset, uint32_t value);
/* fd becomes the vector's; -1 takes its eventfd away. */
void msix_set_trigger(struct model *m, unsigned int vector, int fd);
void msix_set_mask(struct model *m, unsigned int vector, bool masked);
void msix_signal(struct model *m, unsigned int vector);

/* Past the fault switches. */
void msix_send(struct model *m, unsigned int vector);

/* faults.c: what the card answers while a switch is on. The latter two: only then. */
#define FAULTS_COMPLETION_MAX 64
uint64_t faults_read(struct model *m, uint64_t value, unsigned int size);
void faults_dma(struct model *m, uint8_t *completion, size_t n);
void faults_irq(struct model *m, unsigned int vector);
void faults_free(struct model *m);

/* dma.c */
int dma_init(void);
int dma_map(struct model *m, const struct vfu_dma_map *req, int fd);
int dma_unmap(struct model *m, const struct vfu_dma_unmap *req);
void dma_unmap_all(struct model *m);
/* By the maps alone: for a machine's client, its physical memory. Bus Master is not asked. */
int dma_physical(struct model *m, uint64_t at, void *buf, size_t n, bool write);

/* listen.c: a non-blocking listener at path (a stale socket is replaced); type is SOCK_STREAM or
 * SOCK_SEQPACKET. A descriptor, or -errno as model_listen() gives it. */
int listen_at(const char *path, int type);

/* model.c: the card as after power-on, and nothing of its client left. */
void model_power_cycle(struct model *m);
/* The next client may come, or may not. */
void model_await_client(struct model *m, bool yes);

/* stream.c: up to n bytes to p: how many, 0 when there is nothing now, or -errno (-EPIPE: the end). */
ssize_t stream_take(int sock, struct fds *f, void *p, size_t n);
void fds_close(struct fds *f);

/* proxy.c: QEMU's x-pci-proxy-dev */
void proxy_close(struct model *m);
void proxy_interrupt(struct model *m, unsigned int vector);
/* True: a message of this vector was still to be sent, and now is not. */
bool proxy_recall(struct model *m, unsigned int vector);
/* The VT-d registers, as they were when Bus Master went on. -ETIMEDOUT: QEMU has not said yet. */
int proxy_vtd_registers(struct model *m, uint64_t v[VTD_REGISTERS]);

/* vtd.c: where DMA at iova goes and for how many bytes; what a message becomes. -EFAULT. */
extern const uint64_t vtd_register_address[VTD_REGISTERS];
int vtd_translate(struct model *m, uint64_t iova, bool write, uint64_t *at, uint64_t *run);
int vtd_interrupt(struct model *m, uint64_t *address, uint32_t *data);

/* qtest.c: memory writes of a card by the qtest socket at path, from a thread of its own. */
struct qtest *qtest_open(const char *path, unsigned int vectors);
/* Has the VT-d registers read; qtest_answer() waits a while for what was asked last. */
void qtest_ask(struct qtest *q);
int qtest_answer(struct qtest *q, uint64_t v[VTD_REGISTERS]);
void qtest_close(struct qtest *q);
void qtest_post(struct qtest *q, unsigned int vector, uint64_t address, uint32_t data);
bool qtest_recall(struct qtest *q, unsigned int vector);

/* server.c: the connection */
void server_close(struct model *m);
uint8_t *message_body(struct message *msg);
void message_free(struct message *msg);
/* Sends all of it or marks the client gone. */
int server_send(struct model *m, const struct vfu_header *h, const void *body, size_t n,
		const int *fds, int nfds);
/* One DMA message and its answer; buf is sent or filled. */
int server_dma(struct model *m, uint64_t iova, void *buf, size_t n, bool write);

/* protocol.c: the commands. False: the client broke the protocol and must go. */
bool protocol_command(struct model *m, struct message *msg);

/* version.c: the answer to VFU_VERSION's body, in text; negative errno if it is not to be had. */
int version_negotiate(struct client *c, const uint8_t *body, size_t n, uint16_t *minor, char *text,
		      size_t text_size);

#endif
