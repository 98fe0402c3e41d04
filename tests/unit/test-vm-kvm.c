// SPDX-License-Identifier: Apache-2.0
/*
 * Small real-mode guests on this machine's own KVM: exits reach the devices. They run also where
 * KVM is nested and cannot run a 64-bit kernel; there the probe has to say so.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kernel/vm/console.h"
#include "kernel/vm/irq.h"
#include "kernel/vm/kvm.h"
#include "kernel/vm/layout.h"
#include "kernel/vm/memory.h"
#include "kernel/vm/mmio.h"
#include "kernel/vm/power.h"
#include "kernel/vm/serial.h"
#include "kernel/vm/vcpu.h"
#include "kernel/vm/vm.h"
#include "tests/unit/cunit.h"

#define CODE 0x1000
#define DATA 0x2000

static struct vm vm;
static struct vm_config cfg = {.name = (char *)"t", .cpus = 1, .memory = 32 << 20};

static void start(const uint8_t *code, size_t n)
{
	struct boot_entry entry = {.rip = CODE};
	struct kvm_regs r = {.rip = CODE, .rsp = 0x8000, .rflags = 2};
	struct kvm_sregs s;
	struct err e = {0};
	int fd;

	vm = (struct vm){.cfg = &cfg, .vm_fd = -1, .loop = event_loop_new()};
	pthread_mutex_init(&vm.lock, NULL);
	vm.end_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	vm.kvm_fd = kvm_open("/dev/kvm", &e);
	CU_ASSERT_FATAL(vm.kvm_fd >= 0);
	CU_ASSERT_EQUAL_FATAL(kvm_create(&vm, &e), 0);
	CU_ASSERT_EQUAL_FATAL(memory_init(&vm, cfg.memory, &e), 0);
	CU_ASSERT_EQUAL_FATAL(bus_init(&vm, &e), 0);
	CU_ASSERT_EQUAL_FATAL(irq_init(&vm, &e), 0);
	vm.console = console_new(&vm, &e);
	CU_ASSERT_EQUAL_FATAL(serial_init(&vm, true, &e), 0);
	CU_ASSERT_EQUAL_FATAL(power_init(&vm, &e), 0);
	CU_ASSERT_EQUAL_FATAL(vcpus_init(&vm, &entry, &e), 0);
	fd = vcpu_fd(&vm, 0);
	ioctl(fd, KVM_GET_SREGS, &s);
	s.cr0 = 0x60000010;
	s.cs = (struct kvm_segment){.limit = 0xffff, .type = 11, .present = 1, .s = 1};
	s.ds = s.es = s.fs = s.gs = s.ss =
		(struct kvm_segment){.limit = 0xffff, .type = 3, .present = 1, .s = 1};
	s.gdt.base = s.gdt.limit = s.idt.base = 0;
	s.idt.limit = 0x3ff;
	CU_ASSERT_EQUAL_FATAL(ioctl(fd, KVM_SET_SREGS, &s), 0);
	CU_ASSERT_EQUAL_FATAL(ioctl(fd, KVM_SET_REGS, &r), 0);
	memcpy(guest_ptr(&vm, CODE, n), code, n);
}

static void stop(void)
{
	vcpus_stop(&vm);
	power_free(&vm);
	serial_free(&vm);
	console_free(vm.console);
	vcpus_free(&vm);
	irq_free(&vm);
	bus_free(&vm);
	memory_free(&vm);
	event_loop_free(vm.loop);
	close(vm.vm_fd);
	close(vm.kvm_fd);
	close(vm.end_fd);
	pthread_mutex_destroy(&vm.lock);
}

/* Runs the vCPU on its thread until the VM ends; false after 5 s. */
static bool run(void)
{
	struct pollfd p = {.fd = vm.end_fd, .events = POLLIN};
	struct err e = {0};

	CU_ASSERT_EQUAL_FATAL(vcpus_start(&vm, &e), 0);
	return poll(&p, 1, 5000) == 1;
}

#define OFF 0xba, 0x01, 0x06, 0xb0, 0x34, 0xee, 0xf4	/* write 0x34 to PORT_SLEEP; hlt */

/* Says "ok" on the serial port and powers off. */
static void test_serial_and_off(void)
{
	static const uint8_t code[] = {
		0xba, 0xf8, 0x03,	/* mov $0x3f8, %dx */
		0xb0, 'o', 0xee,	/* mov $'o', %al; out %al, %dx */
		0xb0, 'k', 0xee,
		OFF,
	};
	char buf[8];
	int sv[2];

	start(code, sizeof(code));
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	console_attach(vm.console, sv[1]);
	CU_ASSERT(run());
	CU_ASSERT_EQUAL(vm.end, VM_POWEROFF);
	stop();
	CU_ASSERT_EQUAL(read(sv[0], buf, sizeof(buf)), 2);
	CU_ASSERT(!memcmp(buf, "ok", 2));
	close(sv[0]);
}

/* Ports and addresses that nobody claims: all-ones, writes without effect, in every width. */
static void test_unclaimed(void)
{
	static const uint8_t code[] = {
		0xba, 0x34, 0x12,		/* mov $0x1234, %dx */
		0xec, 0xa2, 0x00, 0x20,		/* in %dx, %al; mov %al, 0x2000 */
		0xed, 0xa3, 0x02, 0x20,		/* in %dx, %ax; mov %ax, 0x2002 */
		0x66, 0xed, 0x66, 0xa3, 0x04, 0x20,	/* in %dx, %eax; mov %eax, 0x2004 */
		0x66, 0xef,			/* out %eax, %dx */
		0xb9, 0x04, 0x00,		/* mov $4, %cx */
		0xbf, 0x08, 0x20,		/* mov $0x2008, %di */
		0xf3, 0x6c,			/* rep insb: one exit, four bytes */
		OFF,
	};

	start(code, sizeof(code));
	memset(guest_ptr(&vm, DATA, 16), 0, 16);
	CU_ASSERT(run());
	CU_ASSERT_EQUAL(vm.end, VM_POWEROFF);
	CU_ASSERT(!memcmp(guest_ptr(&vm, DATA, 16),
			  "\xff\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 16));
	stop();
}

static uint64_t mmio_seen[2];

static void mmio_device(void *arg, uint64_t off, void *data, unsigned int len, bool write)
{
	if (write)
		memcpy(&mmio_seen[0], data, len);
	else
		memcpy(data, "\x78\x56\x34\x12", len);
	mmio_seen[1] = off;
}

/* A device in the PCI window: reached by a 32-bit address through a segment based there. */
static void test_mmio(void)
{
	static const uint8_t code[] = {
		0x66, 0x26, 0xa1, 0x10, 0x00,	/* mov %es:0x10, %eax */
		0x66, 0xa3, 0x00, 0x20,		/* mov %eax, 0x2000 */
		0x66, 0x26, 0xa3, 0x14, 0x00,	/* mov %eax, %es:0x14 */
		0x66, 0x26, 0xa1, 0x00, 0x10,	/* mov %es:0x1000, %eax: nobody's */
		0x66, 0xa3, 0x04, 0x20,		/* mov %eax, 0x2004 */
		0x66, 0x26, 0xa3, 0x00, 0x10,	/* mov %eax, %es:0x1000 */
		OFF,
	};
	struct kvm_sregs s;

	start(code, sizeof(code));
	CU_ASSERT_EQUAL(mmio_add(&vm, PCI_MMIO32_BASE, 0x1000, mmio_device, NULL), 0);
	ioctl(vcpu_fd(&vm, 0), KVM_GET_SREGS, &s);
	s.es.base = PCI_MMIO32_BASE;
	ioctl(vcpu_fd(&vm, 0), KVM_SET_SREGS, &s);
	CU_ASSERT(run());
	CU_ASSERT_EQUAL(vm.end, VM_POWEROFF);
	CU_ASSERT_EQUAL(*(uint32_t *)guest_ptr(&vm, DATA, 4), 0x12345678);
	CU_ASSERT_EQUAL(*(uint32_t *)guest_ptr(&vm, DATA + 4, 4), 0xffffffff);
	CU_ASSERT(mmio_seen[0] == 0x12345678 && mmio_seen[1] == 0x14);
	stop();
}

static void test_reset(void)
{
	static const uint8_t code[] = {
		0xba, 0x00, 0x06, 0xb0, 0x00, 0xee,	/* another value: nothing happens */
		0xb0, 0x01, 0xee, 0xf4,
	};

	start(code, sizeof(code));
	CU_ASSERT(run());
	CU_ASSERT_EQUAL(vm.end, VM_RESET);
	stop();
}

/* A guest that runs where no memory is ends as crashed; the process goes on. */
static void test_crash(void)
{
	static const uint8_t code[] = {0xf4};
	struct kvm_sregs s;

	start(code, sizeof(code));
	ioctl(vcpu_fd(&vm, 0), KVM_GET_SREGS, &s);
	s.cs.base = PCI_MMIO32_BASE;
	ioctl(vcpu_fd(&vm, 0), KVM_SET_SREGS, &s);
	CU_ASSERT(run());
	CU_ASSERT_EQUAL(vm.end, VM_CRASHED);
	stop();
}

/* An ioeventfd takes a write without an exit to us. */
static void test_ioeventfd(void)
{
	static const uint8_t code[] = {
		0x26, 0xa3, 0x20, 0x00,		/* mov %ax, %es:0x20 */
		OFF,
	};
	struct kvm_sregs s;
	eventfd_t v = 0;
	int fd = eventfd(0, EFD_NONBLOCK);

	mmio_seen[1] = 0;
	start(code, sizeof(code));
	CU_ASSERT_EQUAL(mmio_add(&vm, PCI_MMIO32_BASE, 0x1000, mmio_device, NULL), 0);
	CU_ASSERT_EQUAL(ioeventfd_mmio(&vm, PCI_MMIO32_BASE + 0x20, 2, fd, false, 0, true), 0);
	CU_ASSERT_EQUAL(ioeventfd_mmio(&vm, PCI_MMIO32_BASE + 0x20, 2, fd, false, 0, true),
			-EEXIST);
	ioctl(vcpu_fd(&vm, 0), KVM_GET_SREGS, &s);
	s.es.base = PCI_MMIO32_BASE;
	ioctl(vcpu_fd(&vm, 0), KVM_SET_SREGS, &s);
	CU_ASSERT(run());
	CU_ASSERT_EQUAL(eventfd_read(fd, &v), 0);
	CU_ASSERT(v == 1 && mmio_seen[1] == 0);
	CU_ASSERT_EQUAL(ioeventfd_mmio(&vm, PCI_MMIO32_BASE + 0x20, 2, fd, false, 0, false), 0);
	stop();
	close(fd);
}

/* A guest that never leaves by itself is stopped all the same. */
static void test_stop_spinning(void)
{
	static const uint8_t code[] = {0xeb, 0xfe};
	struct timespec a, b;
	struct err e = {0};

	start(code, sizeof(code));
	CU_ASSERT_EQUAL_FATAL(vcpus_start(&vm, &e), 0);
	usleep(50000);
	clock_gettime(CLOCK_MONOTONIC, &a);
	vcpus_stop(&vm);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CU_ASSERT(b.tv_sec - a.tv_sec < 2);
	CU_ASSERT_EQUAL(vm.end, VM_RUNNING);
	stop();
}

static void test_routes(void)
{
	static const uint8_t code[] = {0xf4};
	int gsi[3], n = 0, fd = eventfd(0, EFD_NONBLOCK), last = -1;

	start(code, sizeof(code));
	for (int i = 0; i < 3; i++) {
		gsi[i] = irq_msi_alloc(&vm);
		CU_ASSERT(gsi[i] >= GSI_MSI_BASE);
		CU_ASSERT_EQUAL(irq_msi_set(&vm, gsi[i], LAPIC_BASE, 0x40 + (uint32_t)i), 0);
	}
	CU_ASSERT_EQUAL(irqfd_assign(&vm, fd, gsi[1], true), 0);
	CU_ASSERT_EQUAL(eventfd_write(fd, 1), 0);
	CU_ASSERT_EQUAL(irqfd_assign(&vm, fd, gsi[1], false), 0);
	CU_ASSERT_EQUAL(irq_msi_set(&vm, 3, LAPIC_BASE, 0x40), -EINVAL);
	CU_ASSERT_EQUAL(irq_msi_set(&vm, 100000, LAPIC_BASE, 0x40), -EINVAL);
	irq_msi_free(&vm, gsi[1]);
	CU_ASSERT_EQUAL(irq_msi_set(&vm, gsi[1], LAPIC_BASE, 0x40), -EINVAL);
	CU_ASSERT_EQUAL(irq_msi_alloc(&vm), gsi[1]);
	while ((last = irq_msi_alloc(&vm)) >= 0)
		n++;
	CU_ASSERT(last == -ENOSPC && n > 900);
	irq_msi_free(&vm, -1);
	irq_msi_free(&vm, 100000);
	close(fd);
	stop();
}

/* vmhi-vm's word on this machine, and within its time. */
static void test_probe(void)
{
	struct err e = {0};
	struct timespec a, b;
	int fd = kvm_open("/dev/kvm", &e), r;

	CU_ASSERT_FATAL(fd >= 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	r = kvm_probe(fd, 200, &e);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CU_ASSERT(b.tv_sec - a.tv_sec <= 2);
	if (r) {
		printf("refused: %s ... ", e.msg);
		CU_ASSERT(r < 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "cannot run a 64-bit kernel"));
		CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "use a host with"));
	} else {
		printf("this machine can run VMs ... ");
	}
	close(fd);
}

static void test_open_errors(void)
{
	struct err e = {0};

	CU_ASSERT_EQUAL(kvm_open("/dev/no-such-kvm", &e), -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "is absent: load kvm_intel or kvm_amd"));
	CU_ASSERT(kvm_open("/dev/null", &e) < 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "/dev/null is not KVM"));
}

static void test_no_permission(void)
{
	char path[] = "/tmp/vmhi-kvm-XXXXXX";
	struct err e = {0};
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	fchmod(fd, 0);
	if (geteuid() == 0)
		CU_ASSERT_EQUAL_FATAL(seteuid(65534), 0);
	CU_ASSERT_EQUAL(kvm_open(path, &e), -EACCES);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "no permission: join its group"));
	if (getuid() == 0)
		CU_ASSERT_EQUAL_FATAL(seteuid(0), 0);
	unlink(path);
	close(fd);
}

static const struct unit_test tests[] = {
	{"/dev/kvm that is not there, or not KVM", test_open_errors},
	{"/dev/kvm without permission", test_no_permission},
	{"probe", test_probe},
	{"serial port and power-off", test_serial_and_off},
	{"unclaimed ports", test_unclaimed},
	{"memory-mapped device", test_mmio},
	{"reset", test_reset},
	{"crash", test_crash},
	{"ioeventfd", test_ioeventfd},
	{"stopping a guest that spins", test_stop_spinning},
	{"interrupt routes", test_routes},
};

int main(void)
{
	int n = sizeof(tests) / sizeof(tests[0]), why, r;

	if (!access("/dev/kvm", R_OK | W_OK))
		return unit_main("vm-kvm", tests, n);
	why = errno;
	r = unit_main("vm-kvm", tests, 2);
	printf("/dev/kvm: %s; %d tests need it\n", strerror(why), n - 2);
	return r ? r : 77;
}
