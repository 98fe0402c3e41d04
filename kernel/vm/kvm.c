// SPDX-License-Identifier: Apache-2.0
#include "kernel/vm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel/vm/layout.h"
#include "kernel/vm/vm.h"

static int open_error(const char *path, int code, struct err *e)
{
	switch (code) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return err_set(e, code, "%s is absent: load kvm_intel or kvm_amd; if that fails, "
			       "enable VT-x or AMD-V in the firmware or in the hypervisor "
			       "around this machine", path);
	case -EACCES:
	case -EPERM:
		return err_set(e, code, "%s: no permission: join its group (sudo usermod -aG kvm "
			       "$USER, then log in again) or run as root", path);
	default:
		return err_set(e, code, "%s cannot be opened: %s", path, strerror(-code));
	}
}

int kvm_open(const char *path, struct err *e)
{
	static const struct {
		int cap;
		const char *what;
	} needed[] = {
		{KVM_CAP_IRQCHIP, "in-kernel interrupt controllers"},
		{KVM_CAP_USER_MEMORY, "user memory"},
		{KVM_CAP_IRQ_ROUTING, "interrupt routes"},
		{KVM_CAP_IRQFD, "irqfd"},
		{KVM_CAP_IOEVENTFD, "ioeventfd"},
		{KVM_CAP_IMMEDIATE_EXIT, "immediate exit"},
	};
	int fd = open(path, O_RDWR | O_CLOEXEC), version;

	if (fd < 0)
		return open_error(path, -errno, e);
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION) {
		close(fd);
		return err_set(e, -ENOTTY, "%s is not KVM with version %d of its interface", path,
			       KVM_API_VERSION);
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (ioctl(fd, KVM_CHECK_EXTENSION, needed[i].cap) > 0)
			continue;
		close(fd);
		return err_set(e, -EOPNOTSUPP, "%s lacks %s: a newer host kernel is needed", path,
			       needed[i].what);
	}
	return fd;
}

int kvm_create(struct vm *vm, struct err *e)
{
	uint64_t identity = KVM_IDENTITY_MAP;

	vm->vm_fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (vm->vm_fd < 0)
		return err_set(e, -errno, "KVM cannot make a VM: %s", strerror(errno));
	/* Where Intel hosts keep three pages of their own; AMD hosts ignore it. */
	if (ioctl(vm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) ||
	    ioctl(vm->vm_fd, KVM_SET_TSS_ADDR, KVM_TSS))
		return err_set(e, -errno, "KVM cannot place its own pages: %s", strerror(errno));
	if (ioctl(vm->vm_fd, KVM_CREATE_IRQCHIP, 0))
		return err_set(e, -errno, "KVM cannot make interrupt controllers: %s",
			       strerror(errno));
	return 0;
}
