// SPDX-License-Identifier: Apache-2.0
/* What a driver says of its NIC interface, and what its operations return: refused by name. */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "kernel/lib/driver-op.h"
#include "kernel/net/nic-check.h"
#include "tests/unit/cunit.h"

static struct err e;

static void test_table(void)
{
	static const char *const names[] = {
		"info", "configure", "queue", "queue_start", "queue_stop", "queue_free", "tx",
		"tx_done", "rx_post", "rx", "arm", "filter", "stats",
	};
	struct vmhi_nic nic;
	void **op = (void **)((char *)&nic + sizeof(nic.h));
	char wanted[32];

	/* Every operation is the same pointer: none is called. */
	for (size_t i = 0; i < 13; i++)
		op[i] = &nic;
	nic.h = (struct vmhi_tab){sizeof(nic), VMHI_IF_NIC, 1};
	CU_ASSERT_EQUAL(nic_check_table(&nic, &e), 0);
	for (size_t i = 0; i < 13; i++) {
		op[i] = NULL;
		CU_ASSERT_EQUAL(nic_check_table(&nic, &e), -EINVAL);
		snprintf(wanted, sizeof(wanted), "has no %s:", names[i]);
		CU_ASSERT(strstr(e.msg, wanted) != NULL);
		op[i] = &nic;
	}
	nic.h.size -= sizeof(void *);
	CU_ASSERT_EQUAL(nic_check_table(&nic, &e), -EINVAL);
	nic.h = (struct vmhi_tab){sizeof(nic) + 8, VMHI_IF_NIC, 1};
	CU_ASSERT_EQUAL(nic_check_table(&nic, &e), 0);
	nic.h.version = 2;
	CU_ASSERT_EQUAL(nic_check_table(&nic, &e), -EINVAL);
}

static void refused(struct vmhi_nic_info info, const char *why)
{
	CU_ASSERT_EQUAL(nic_check_info(&info, NIC_KNOWN | VMHI_NIC_TX_TSO4, &e), -EINVAL);
	CU_ASSERT(strstr(e.msg, why) != NULL);
}

static void test_info(void)
{
	const struct vmhi_nic_info good = {
		.size = sizeof(good), .features = 0x3f, .tx_queues = 1, .rx_queues = 1,
		.depth_min = 64, .depth_max = 4096, .tx_segs = 1, .uc_max = 1, .mtu_max = 1500,
	};
	struct vmhi_nic_info i;

	CU_ASSERT_EQUAL(nic_check_info(&good, NIC_KNOWN, &e), 0);
	i = good, i.features |= 1ull << 40;
	refused(i, "features that this host did not name: 0x10000000000");
	i = good, i.depth_min = 100;
	refused(i, "depth_min 100 is not a power of two");
	i = good, i.depth_max = 0;
	refused(i, "depth_max 0 is not a power of two");
	i = good, i.depth_min = 8192;
	refused(i, "above depth_max");
	i = good, i.rx_queues = 0;
	refused(i, "queues");
	i = good, i.tx_segs = 0;
	refused(i, "tx_segs");
	i = good, i.uc_max = 0;
	refused(i, "uc_max");
	i = good, i.mtu_max = 1499;
	refused(i, "mtu_max is 1499: at least 1500");
	i = good, i.features |= VMHI_NIC_TX_TSO4;
	refused(i, "with TX_TSO4 at least 18");
	i.tx_segs = 18;
	CU_ASSERT_EQUAL(nic_check_info(&i, NIC_KNOWN | VMHI_NIC_TX_TSO4, &e), 0);
	CU_ASSERT_EQUAL(nic_check_info(&i, NIC_KNOWN, &e), -EINVAL);
	i.features &= ~VMHI_NIC_TX_CSUM;
	refused(i, "TX_TSO4 without TX_CSUM");
}

static void test_operation(void)
{
	char op[17];

	prctl(PR_SET_NAME, "its-own-name");
	driver_op_of(getpid(), "its-own-name", op, sizeof(op));
	CU_ASSERT_STRING_EQUAL(op, "");
	driver_op("queue_start");
	driver_op_of(getpid(), "its-own-name", op, sizeof(op));
	CU_ASSERT_STRING_EQUAL(op, "queue_start");
	CU_ASSERT_EQUAL(driver_op_end(13, &e), -EPROTO);
	CU_ASSERT_STRING_EQUAL(e.msg, "the driver's queue_start() returned 13: must be 0 or a "
				      "negative VMHI_E value");
	driver_op_of(getpid(), "its-own-name", op, sizeof(op));
	CU_ASSERT_STRING_EQUAL(op, "");
	driver_op("attach");
	CU_ASSERT_EQUAL(driver_op_end(-ENXIO, &e), -ENXIO);
	CU_ASSERT(strstr(e.msg, "attach() failed: No such device or address") != NULL);
	driver_op("attach");
	CU_ASSERT_EQUAL(driver_op_end(0, &e), 0);
	/* A driver may give itself a name that is no line of a log. */
	prctl(PR_SET_NAME, "\n\033[31m");
	driver_op_of(getpid(), "its-own-name", op, sizeof(op));
	CU_ASSERT_STRING_EQUAL(op, "");
}

static const struct unit_test tests[] = {
	{"a NIC table", test_table},
	{"what it says of its port", test_info},
	{"an operation", test_operation},
};

UNIT_MAIN("driver checks", tests)
