// SPDX-License-Identifier: Apache-2.0
/*
 * Holds an empty VM for as long as the server runs. KVM turns the CPU's virtualization on for the
 * first VM and off after the last; under QEMU's emulation one such change in some hundred, on a
 * busy machine, leaves the whole server hanging. With one VM always there, it changes once.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0 || ioctl(kvm, KVM_CREATE_VM, 0) < 0) {
		perror("hold-kvm: /dev/kvm");
		return 1;
	}
	for (;;)
		pause();
}
