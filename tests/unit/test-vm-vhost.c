// SPDX-License-Identifier: Apache-2.0
/* The vhost-user front end and the devices on it, against back ends that answer well and badly. */
#include <dirent.h>
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernel/vm/virtio-vhost.h"
#include "tests/unit/cunit.h"
#include "tests/unit/vhost-backend.h"
#include "tests/unit/vm-fake.h"

#define BIT(n)	 (1ULL << (n))
#define V1	 BIT(VIRTIO_F_VERSION_1)
#define PROTO	 BIT(VHOST_USER_F_PROTOCOL_FEATURES)
#define REPLY_ACK BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK)
#define MQ	 BIT(VHOST_USER_PROTOCOL_F_MQ)
#define CONFIG	 BIT(VHOST_USER_PROTOCOL_F_CONFIG)
#define INFLIGHT BIT(VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD)
#define SLOTS	 BIT(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS)
#define UNKNOWN	 BIT(60)

#define SIZE	  64
#define RING(i)	  (0x10000ULL * ((i) + 1))
#define SHORT_MS  250	/* for back ends that never answer */
#define LONG_MS	  10000

static struct backend be;
static struct fake_driver drv;
static int timeout_ms;

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void backend_defaults(uint64_t features, uint64_t protocol)
{
	memset(&be, 0, sizeof(be));
	be.features = features | V1 | PROTO;
	be.protocol = protocol;
	be.queues = 4;
	be.inflight_size = 4096;
	timeout_ms = LONG_MS;
}

static void backend_fault(enum fault fault, enum vhost_user_request request)
{
	be.fault = fault;
	be.fault_request = request;
	if (fault == FAULT_SILENT || fault == FAULT_HALF_PAYLOAD)
		timeout_ms = SHORT_MS;
}

/* On a busy machine an answer before the fault can be late, too: then there was no fault yet. */
static bool fault_was_met(void)
{
	if (backend_count(&be, be.fault_request))
		return true;
	timeout_ms *= 2;
	return timeout_ms > LONG_MS;
}

static int hello(struct vhost_fe *fe, struct err *e)
{
	vhost_fe_init(fe, &fake_vm);
	fe->wire.timeout_ms = timeout_ms;
	return vhost_fe_connect(fe, be.path, e);
}

static void test_hello(void)
{
	struct vhost_fe fe;
	struct err e = {0};

	fake_vm_start();
	backend_defaults(0, REPLY_ACK | MQ | UNKNOWN);
	backend_start(&be);
	CU_ASSERT_EQUAL(hello(&fe, &e), 0);
	CU_ASSERT_EQUAL(fe.queues, 4);
	CU_ASSERT_EQUAL(fe.features, V1 | PROTO);
	CU_ASSERT_EQUAL(be.acked_protocol, REPLY_ACK | MQ);	/* not what we do not know */
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_SET_OWNER), 1);
	vhost_fe_close(&fe);
	backend_stop(&be);
	/* one without protocol features is not asked for them */
	backend_defaults(0, 0);
	be.features = V1;
	backend_start(&be);
	CU_ASSERT_EQUAL(hello(&fe, &e), 0);
	CU_ASSERT_EQUAL(fe.protocol, 0);
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_GET_PROTOCOL_FEATURES), 0);
	vhost_fe_close(&fe);
	backend_stop(&be);
	/* nobody there; a path that is too long */
	CU_ASSERT(hello(&fe, &e) < 0);
	CU_ASSERT(strstr(e.msg, "is the back end running?") != NULL);
	fake_vm_stop();
}

/* Every way to answer badly, at every question of the greeting: an error, in time, nothing leaks. */
static void test_hello_faults(void)
{
	static const enum vhost_user_request at[] = {
		VHOST_USER_GET_FEATURES, VHOST_USER_GET_PROTOCOL_FEATURES,
		VHOST_USER_GET_QUEUE_NUM, VHOST_USER_SET_OWNER};
	struct vhost_fe fe;
	int fds;

	fake_vm_start();
	fds = count_fds();
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		for (int f = FAULT_NONE + 1; f < FAULTS; f++) {
			struct err e = {0};
			uint64_t begin;

			if (f == FAULT_NO_FD || (f == FAULT_REFUSE && at[i] != VHOST_USER_SET_OWNER))
				continue;
			backend_defaults(0, REPLY_ACK | MQ);
			backend_fault((enum fault)f, at[i]);
			backend_start(&be);
			do {
				begin = now_ms();
				CU_ASSERT(hello(&fe, &e) < 0);
				CU_ASSERT(now_ms() - begin < 3000);
			} while (!fault_was_met());
			CU_ASSERT(strstr(e.msg, vhost_user_request_name(at[i])) != NULL);
			CU_ASSERT(!strchr(e.msg, '\n'));
			CU_ASSERT(!vhost_fe_connected(&fe));
			backend_stop(&be);
			CU_ASSERT_EQUAL(count_fds(), fds);
		}
	backend_defaults(0, MQ);
	be.queues = 0;
	backend_start(&be);
	CU_ASSERT(hello(&fe, NULL) < 0);
	backend_stop(&be);
	fake_vm_stop();
}

/* --- whole devices --- */

static struct vhost_device *device(void)
{
	return vhost_device_of(fake_vm.virtio);
}

static int make_net(unsigned int pairs, struct err *e)
{
	static struct vm_net net;
	int r;

	net = (struct vm_net){.vhost_user = be.path, .has_mac = true, .mtu = 1400,
			      .queues = (uint16_t)pairs, .mac = {0x52, 0x54, 0, 1, 2, 3}};
	fake_cfg.nets = &net;
	fake_cfg.nnets = 1;
	r = virtio_devices_init(&fake_vm, e);
	if (!r) {
		device()->fe.wire.timeout_ms = timeout_ms;
		CU_ASSERT_FATAL(fake_driver_probe(&drv, 1));
	}
	return r;
}

static int make_blk(bool readonly, struct err *e)
{
	static struct vm_disk disk;
	int r;

	disk = (struct vm_disk){.vhost_user = be.path, .readonly = readonly};
	fake_cfg.disks = &disk;
	fake_cfg.ndisks = 1;
	fake_cfg.cpus = 2;
	r = virtio_devices_init(&fake_vm, e);
	if (!r) {
		device()->fe.wire.timeout_ms = timeout_ms;
		CU_ASSERT_FATAL(fake_driver_probe(&drv, 1));
	}
	return r;
}

static void start_driver(uint64_t features, unsigned int queues)
{
	CU_ASSERT(fake_negotiate(&drv, V1 | features));
	for (unsigned int i = 0; i < queues; i++) {
		memset(fake_ram(RING(i)), 0, 0x10000);
		fake_queue(&drv, i, SIZE, RING(i), VIRTIO_MSI_NO_VECTOR);
	}
	fake_driver_ok(&drv);
}

static bool needs_reset(void)
{
	return fake_status(&drv) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static unsigned int net_status(void)
{
	return (unsigned int)fake_mmio_read(
		drv.bar + drv.config + offsetof(struct virtio_net_config, status), 2);
}

static void check_rings(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct backend_ring *r = &be.rings[i];

		CU_ASSERT_EQUAL(r->num, SIZE);
		CU_ASSERT_EQUAL(r->addr.desc, VHOST_USER_ADDR_BASE + RING(i));
		CU_ASSERT_EQUAL(r->addr.avail, VHOST_USER_ADDR_BASE + RING(i) + FAKE_AVAIL_OFF);
		CU_ASSERT_EQUAL(r->addr.used, VHOST_USER_ADDR_BASE + RING(i) + FAKE_USED_OFF);
		CU_ASSERT(r->kick >= 0);
		CU_ASSERT(r->call >= 0);
		CU_ASSERT(r->err >= 0);
	}
	CU_ASSERT_EQUAL(be.regions, 2);
	CU_ASSERT_EQUAL(be.region[1].gpa, FAKE_HIGH_BASE);
	CU_ASSERT_EQUAL(be.region[1].size, FAKE_RAM_HIGH);
	CU_ASSERT_EQUAL(be.region[1].user_addr, VHOST_USER_ADDR_BASE + FAKE_HIGH_BASE);
}

static void test_net(void)
{
	uint64_t offered, one = 1;
	struct err e = {0};

	fake_vm_start();
	backend_defaults(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_MRG_RXBUF) |
			 BIT(VIRTIO_F_IN_ORDER) | BIT(VIRTIO_RING_F_EVENT_IDX) |
			 BIT(VIRTIO_F_ACCESS_PLATFORM) | BIT(VIRTIO_NET_F_CTRL_VQ), REPLY_ACK);
	backend_start(&be);
	CU_ASSERT_EQUAL_FATAL(make_net(1, &e), 0);
	offered = fake_offered(&drv);
	CU_ASSERT_EQUAL(offered, V1 | BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_MRG_RXBUF) |
				 BIT(VIRTIO_F_IN_ORDER) | BIT(VIRTIO_RING_F_EVENT_IDX) |
				 BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) |
				 BIT(VIRTIO_NET_F_MTU));
	CU_ASSERT_EQUAL(fake_mmio_read(drv.bar + drv.config, 4), 0x01005452);
	CU_ASSERT_EQUAL(net_status(), VIRTIO_NET_S_LINK_UP);
	CU_ASSERT_EQUAL(fake_mmio_read(drv.bar + drv.config + 10, 2), 1400);
	start_driver(offered, 2);
	CU_ASSERT_EQUAL(fake_status(&drv) & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
	check_rings(2);
	CU_ASSERT(be.rings[0].enabled && be.rings[1].enabled);
	/* what the back end never offered is not asked of it */
	CU_ASSERT_EQUAL(be.acked, V1 | PROTO | BIT(VIRTIO_NET_F_CSUM) |
				  BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(VIRTIO_F_IN_ORDER) |
				  BIT(VIRTIO_RING_F_EVENT_IDX));
	/* doorbell and interrupt reach their ends without us */
	fake_kick(&drv, 1);
	CU_ASSERT(fake_eventfd_take(be.rings[1].kick));
	CU_ASSERT(!fake_eventfd_take(be.rings[0].kick));
	CU_ASSERT_EQUAL(write(be.rings[0].call, &one, 8), 8);
	CU_ASSERT(fake_eventfd_take(fake_vm.virtio->queues[0].call));
	/* reset, and all over again; memory is told once for a connection */
	fake_reset(&drv);
	CU_ASSERT_EQUAL(be.rings[0].stopped, 1);
	CU_ASSERT_EQUAL(be.rings[1].stopped, 1);
	CU_ASSERT(!be.rings[0].enabled);
	start_driver(0, 2);
	CU_ASSERT(be.rings[1].enabled);
	CU_ASSERT_EQUAL(be.acked, V1 | PROTO);
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_SET_MEM_TABLE), 1);
	fake_vm_stop();
	backend_stop(&be);
}

static void test_memory_slots_and_inflight(void)
{
	struct err e = {0};

	fake_vm_start();
	backend_defaults(0, REPLY_ACK | SLOTS | INFLIGHT);
	backend_start(&be);
	CU_ASSERT_EQUAL_FATAL(make_net(1, &e), 0);
	start_driver(0, 2);
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_ADD_MEM_REG), 2);
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_SET_MEM_TABLE), 0);
	check_rings(2);
	CU_ASSERT_EQUAL(be.inflight.mmap_size, 4096);
	CU_ASSERT_EQUAL(be.inflight.num_queues, 2);
	CU_ASSERT_EQUAL(be.inflight.queue_size, SIZE);
	fake_reset(&drv);
	start_driver(0, 2);
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_ADD_MEM_REG), 2);
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_GET_INFLIGHT_FD), 2);
	CU_ASSERT(!needs_reset());
	fake_vm_stop();
	backend_stop(&be);
}

static void ctrl_command(uint8_t class, uint8_t cmd, uint16_t pairs, uint16_t n)
{
	uint8_t *buf = fake_ram(0x200000);

	buf[0] = class;
	buf[1] = cmd;
	memcpy(buf + 2, &pairs, 2);
	buf[8] = 0xee;
	fake_desc(RING(4), 0, 0x200000, 2, VRING_DESC_F_NEXT, 1);
	fake_desc(RING(4), 1, 0x200002, 2, VRING_DESC_F_NEXT, 2);
	fake_desc(RING(4), 2, 0x200008, 1, VRING_DESC_F_WRITE, 0);
	fake_avail(RING(4), SIZE, n, 0);
	fake_kick(&drv, 4);
	fake_loop(0);
}

static void test_net_queue_pairs(void)
{
	const uint8_t *ack;
	struct err e = {0};

	fake_vm_start();
	ack = (uint8_t *)fake_ram(0x200000) + 8;
	backend_defaults(BIT(VIRTIO_NET_F_MQ) | BIT(VIRTIO_F_RING_PACKED), REPLY_ACK | MQ);
	be.queues = 2;
	backend_start(&be);
	CU_ASSERT(make_net(3, &e) < 0);
	CU_ASSERT(strstr(e.msg, "3 queue pairs asked for, the back end serves 2") != NULL);
	CU_ASSERT_EQUAL_FATAL(make_net(2, &e), 0);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_NUMQ, 2), 5);
	CU_ASSERT_EQUAL(fake_offered(&drv), V1 | BIT(VIRTIO_NET_F_MQ) | BIT(VIRTIO_NET_F_CTRL_VQ) |
						    BIT(VIRTIO_NET_F_MAC) |
						    BIT(VIRTIO_NET_F_STATUS) |
						    BIT(VIRTIO_NET_F_MTU));
	start_driver(BIT(VIRTIO_NET_F_MQ) | BIT(VIRTIO_NET_F_CTRL_VQ), 5);
	check_rings(4);
	CU_ASSERT(be.rings[1].enabled && !be.rings[2].enabled && !be.rings[3].enabled);
	CU_ASSERT_EQUAL(be.rings[4].kick, -1);		/* the control queue stays here */
	ctrl_command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 2, 0);
	CU_ASSERT_EQUAL(*ack, VIRTIO_NET_OK);
	CU_ASSERT(be.rings[2].enabled && be.rings[3].enabled);
	ctrl_command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 3, 1);
	CU_ASSERT_EQUAL(*ack, VIRTIO_NET_ERR);
	ctrl_command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 0, 2);
	CU_ASSERT_EQUAL(*ack, VIRTIO_NET_ERR);
	ctrl_command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, 1, 3);
	CU_ASSERT_EQUAL(*ack, VIRTIO_NET_ERR);
	ctrl_command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 1, 4);
	CU_ASSERT(!be.rings[2].enabled);
	fake_vm_stop();
	backend_stop(&be);
}

static void test_blk(void)
{
	struct virtio_blk_config *config = (struct virtio_blk_config *)be.config;
	uint64_t features = BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_MQ) |
			    BIT(VIRTIO_BLK_F_CONFIG_WCE);
	uint64_t at;
	struct err e = {0};

	fake_vm_start();
	backend_defaults(features | BIT(VIRTIO_BLK_F_SIZE_MAX), REPLY_ACK | MQ | CONFIG);
	config->capacity = 12345;
	config->num_queues = 4;
	backend_start(&be);
	CU_ASSERT_EQUAL(make_blk(true, &e), -EROFS);
	CU_ASSERT(strstr(e.msg, "export it read-only") != NULL);
	CU_ASSERT_EQUAL_FATAL(make_blk(false, &e), 0);
	at = drv.bar + drv.config;
	CU_ASSERT_EQUAL(fake_mmio_read(at, 8), 12345);
	CU_ASSERT_EQUAL(fake_mmio_read(at + offsetof(struct virtio_blk_config, num_queues), 2), 2);
	CU_ASSERT_EQUAL(fake_common_read(&drv, VIRTIO_PCI_COMMON_NUMQ, 2), 2);
	CU_ASSERT_EQUAL(fake_offered(&drv), V1 | features);
	start_driver(features, 2);
	check_rings(2);
	/* only the cache mode may be written, and it reaches the back end */
	fake_mmio_write(at, 0, 8);
	CU_ASSERT_EQUAL(fake_mmio_read(at, 8), 12345);
	fake_mmio_write(at + offsetof(struct virtio_blk_config, wce), 1, 1);
	CU_ASSERT_EQUAL(be.written_config, 1);
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_SET_CONFIG), 1);
	fake_vm_stop();
	backend_stop(&be);
	backend_defaults(0, REPLY_ACK);
	backend_start(&be);
	fake_vm_start();
	CU_ASSERT(make_blk(false, &e) < 0);
	CU_ASSERT(strstr(e.msg, "CONFIG") != NULL);
	fake_vm_stop();
	backend_stop(&be);
}

static void test_not_virtio_1(void)
{
	struct err e = {0};

	fake_vm_start();
	backend_defaults(0, 0);
	be.features = PROTO;
	backend_start(&be);
	CU_ASSERT(make_net(1, &e) < 0);
	CU_ASSERT(strstr(e.msg, "VIRTIO_F_VERSION_1") != NULL);
	CU_ASSERT(!strncmp(e.msg, "net0: vhost-user /", 18));
	fake_vm_stop();
	backend_stop(&be);
}

/* A fault at every message of the start: the NIC's link is down, the VM's other life goes on. */
static void test_start_faults(void)
{
	static const enum vhost_user_request at[] = {
		VHOST_USER_SET_FEATURES, VHOST_USER_SET_MEM_TABLE, VHOST_USER_GET_INFLIGHT_FD,
		VHOST_USER_SET_INFLIGHT_FD, VHOST_USER_SET_VRING_NUM, VHOST_USER_SET_VRING_BASE,
		VHOST_USER_SET_VRING_ADDR, VHOST_USER_SET_VRING_KICK, VHOST_USER_SET_VRING_CALL,
		VHOST_USER_SET_VRING_ERR, VHOST_USER_SET_VRING_ENABLE};
	static const enum fault faults[] = {FAULT_CLOSE, FAULT_REFUSE, FAULT_SILENT, FAULT_NO_FD,
					    FAULT_UNKNOWN_REQUEST, FAULT_HALF_PAYLOAD,
					    FAULT_EXTRA_FD};
	struct err e = {0};
	int fds = count_fds();

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		for (size_t f = 0; f < sizeof(faults) / sizeof(faults[0]); f++) {
			bool inflight = at[i] == VHOST_USER_GET_INFLIGHT_FD;

			if (inflight ? faults[f] == FAULT_REFUSE || faults[f] == FAULT_EXTRA_FD :
				       faults[f] == FAULT_NO_FD)
				continue;
			fake_vm_start();
			backend_defaults(0, REPLY_ACK | INFLIGHT);
			backend_fault(faults[f], at[i]);
			backend_start(&be);
			CU_ASSERT_EQUAL_FATAL(make_net(1, &e), 0);
			start_driver(BIT(VIRTIO_NET_F_STATUS), 2);
			CU_ASSERT(!needs_reset());
			CU_ASSERT_EQUAL(net_status(), 0);
			CU_ASSERT(device()->lost);
			fake_reset(&drv);
			fake_vm_stop();
			backend_stop(&be);
		}
	CU_ASSERT_EQUAL(count_fds(), fds);
}

static void test_inflight_size(void)
{
	static const uint64_t sizes[] = {0, 1ULL << 40, UINT64_MAX};
	struct err e = {0};

	for (int i = 0; i < 3; i++) {
		fake_vm_start();
		backend_defaults(0, REPLY_ACK | INFLIGHT);
		be.inflight_size = sizes[i];
		backend_start(&be);
		CU_ASSERT_EQUAL_FATAL(make_net(1, &e), 0);
		start_driver(0, 2);
		CU_ASSERT(device()->lost);
		fake_vm_stop();
		backend_stop(&be);
	}
}

/* A back end that hangs when the driver resets: the reset is done, in the time allowed. */
static void test_stop_hang(void)
{
	struct err e = {0};
	uint64_t begin;

	fake_vm_start();
	backend_defaults(0, REPLY_ACK);
	backend_fault(FAULT_SILENT, VHOST_USER_GET_VRING_BASE);
	timeout_ms = LONG_MS;
	backend_start(&be);
	CU_ASSERT_EQUAL_FATAL(make_net(1, &e), 0);
	start_driver(0, 2);
	CU_ASSERT(!needs_reset() && !device()->lost);
	device()->fe.wire.timeout_ms = SHORT_MS;
	begin = now_ms();
	fake_reset(&drv);
	CU_ASSERT(now_ms() - begin < 3000);
	CU_ASSERT_EQUAL(fake_status(&drv), 0);
	CU_ASSERT(device()->lost);
	fake_vm_stop();
	backend_stop(&be);
}

/* Turns the loop until cond or for at most 30 s. */
#define LOOP_UNTIL(cond)                                                                           \
	do {                                                                                       \
		uint64_t limit = now_ms() + 30000;                                                 \
		while (!(cond) && now_ms() < limit)                                                \
			event_loop_once(fake_vm.loop, 50);                                         \
	} while (0)

/* The back end goes and comes again: the NIC goes on at the used index, blk needs a reset. */
static void test_net_comes_back(void)
{
	struct err e = {0};

	fake_vm_start();
	backend_defaults(0, REPLY_ACK);
	backend_start(&be);
	CU_ASSERT_EQUAL_FATAL(make_net(1, &e), 0);
	start_driver(BIT(VIRTIO_NET_F_STATUS), 2);
	((uint16_t *)fake_ram(RING(1) + FAKE_USED_OFF))[1] = 77;
	backend_hang_up(&be);
	LOOP_UNTIL(device()->lost);
	CU_ASSERT(device()->lost);
	CU_ASSERT_EQUAL(net_status(), 0);
	CU_ASSERT_EQUAL(fake_mmio_read(drv.bar + drv.isr, 1), VIRTIO_PCI_ISR_CONFIG);
	CU_ASSERT(!needs_reset());
	LOOP_UNTIL(!device()->lost);
	CU_ASSERT(!device()->lost && device()->running);
	CU_ASSERT_EQUAL(net_status(), VIRTIO_NET_S_LINK_UP);
	check_rings(2);
	CU_ASSERT_EQUAL(be.rings[0].base, 0);
	CU_ASSERT_EQUAL(be.rings[1].base, 77);
	CU_ASSERT(fake_eventfd_take(be.rings[1].kick));	/* a kick may have been lost */
	fake_vm_stop();
	backend_stop(&be);
}

/* Where a packed ring stood only the record of what was in flight can tell. */
static void lose_packed(uint64_t protocol, bool reset_wanted)
{
	/* of each ring: version, desc_num, two of free lists, used_idx, its old value, wrap */
	const uint16_t ring1[] = {1, SIZE, 0, 0, 7, 0, 0, 0}, ring0[] = {1, SIZE, 0, 0, 9, 0, 1, 0};
	struct err e = {0};

	fake_vm_start();
	backend_defaults(BIT(VIRTIO_F_RING_PACKED), REPLY_ACK | protocol);
	backend_start(&be);
	CU_ASSERT_EQUAL_FATAL(make_net(1, &e), 0);
	start_driver(BIT(VIRTIO_F_RING_PACKED), 2);
	CU_ASSERT_EQUAL(be.rings[0].base, 0x80008000);
	if (protocol) {
		CU_ASSERT_EQUAL(pwrite(device()->fe.inflight_fd, ring0, 16, 8), 16);
		CU_ASSERT_EQUAL(pwrite(device()->fe.inflight_fd, ring1, 16, 2048 + 8), 16);
	}
	backend_hang_up(&be);
	LOOP_UNTIL(device()->lost);
	CU_ASSERT_EQUAL(needs_reset(), reset_wanted);
	LOOP_UNTIL(!device()->lost);
	CU_ASSERT_EQUAL(device()->running, !reset_wanted);
	CU_ASSERT_EQUAL(be.rings[0].base, reset_wanted ? 0x80008000 : 0x80098009);
	CU_ASSERT_EQUAL(be.rings[1].base, reset_wanted ? 0x80008000 : 0x00070007);
	fake_vm_stop();
	backend_stop(&be);
}

static void test_packed_net_comes_back(void)
{
	lose_packed(0, true);
	lose_packed(INFLIGHT, false);
}

static void lose_blk(uint64_t protocol, bool reset_wanted)
{
	struct err e = {0};

	fake_vm_start();
	backend_defaults(0, REPLY_ACK | CONFIG | protocol);
	backend_start(&be);
	CU_ASSERT_EQUAL_FATAL(make_blk(false, &e), 0);
	start_driver(0, 1);
	backend_hang_up(&be);
	LOOP_UNTIL(device()->lost);
	CU_ASSERT_EQUAL(needs_reset(), reset_wanted);
	LOOP_UNTIL(!device()->lost);
	CU_ASSERT_EQUAL(device()->running, !reset_wanted);
	if (reset_wanted) {
		start_driver(0, 1);
		CU_ASSERT(!needs_reset());
		CU_ASSERT(device()->running);
	}
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_GET_INFLIGHT_FD), reset_wanted ? 0 : 1);
	CU_ASSERT_EQUAL(backend_count(&be, VHOST_USER_SET_INFLIGHT_FD), reset_wanted ? 0 : 2);
	fake_vm_stop();
	backend_stop(&be);
}

static void test_blk_comes_back(void)
{
	lose_blk(0, true);		/* what was in flight is lost: the driver must know */
	lose_blk(INFLIGHT, false);	/* the record of it goes on to the next back end */
}

static void test_ring_error(void)
{
	struct err e = {0};
	uint64_t one = 1;

	fake_vm_start();
	backend_defaults(0, REPLY_ACK);
	backend_start(&be);
	CU_ASSERT_EQUAL_FATAL(make_net(1, &e), 0);
	start_driver(0, 2);
	CU_ASSERT_EQUAL(write(be.rings[0].err, &one, 8), 8);
	fake_loop(10);
	CU_ASSERT(needs_reset());
	fake_vm_stop();
	backend_stop(&be);
}

static const struct unit_test tests[] = {
	{"greeting", test_hello},
	{"faults in the greeting", test_hello_faults},
	{"NIC", test_net},
	{"a NIC with packed rings goes on where the record says", test_packed_net_comes_back},
	{"memory slots and in-flight record", test_memory_slots_and_inflight},
	{"NIC with queue pairs", test_net_queue_pairs},
	{"disk", test_blk},
	{"back end without virtio 1", test_not_virtio_1},
	{"faults in the start", test_start_faults},
	{"in-flight record of a senseless size", test_inflight_size},
	{"back end that hangs at the reset", test_stop_hang},
	{"NIC's back end comes back", test_net_comes_back},
	{"disk's back end comes back", test_blk_comes_back},
	{"back end finds a ring broken", test_ring_error},
};

UNIT_MAIN("vm-vhost", tests)
