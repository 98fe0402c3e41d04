# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libvmconfig.a
libvmconfig_a_SOURCES = %D%/config.c %D%/config.h %D%/layout.h
libvmconfig_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

noinst_LIBRARIES += libvm.a
libvm_a_SOURCES = %D%/acpi.c %D%/acpi.h %D%/aml.c %D%/aml.h %D%/boot.c %D%/boot.h \
	%D%/bzimage.c %D%/bzimage.h %D%/console.c %D%/console.h %D%/calls.c %D%/calls.h %D%/cpuid.c %D%/cpuid.h \
	%D%/irq.c %D%/irq.h %D%/kvm.c %D%/kvm.h %D%/machine.c %D%/machine.h %D%/manage.c \
	%D%/manage.h %D%/memory.c %D%/memory.h %D%/mmio.c %D%/mmio.h %D%/place.c %D%/place.h \
	%D%/power.c %D%/power.h %D%/probe.c %D%/pvh.c %D%/pvh.h %D%/serial.c %D%/serial.h \
	%D%/sregs.c %D%/sregs.h %D%/supervise.c %D%/supervise.h %D%/vcpu.c %D%/vcpu.h %D%/vm.c %D%/vm.h
libvm_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SECCOMP_CFLAGS)

bin_PROGRAMS += vmhi-vm
vmhi_vm_SOURCES = %D%/main.c
vmhi_vm_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
vmhi_vm_LDADD = libvm.a libvmdevices.a libvm.a libvmconfig.a libkernel.a $(SECCOMP_LIBS) $(JANSSON_LIBS)
dist_man_MANS += doc/man/vmhi-vm.8

noinst_LIBRARIES += libvmdevices.a
libvmdevices_a_SOURCES = %D%/pci.c %D%/pci.h %D%/msix.c %D%/msix.h %D%/virtio.c %D%/virtio.h \
	%D%/virtio-transport.h %D%/virtio-pci.c %D%/virtqueue.c %D%/virtqueue.h \
	%D%/vhost-user-proto.h %D%/vhost-user-wire.c %D%/vhost-user-wire.h %D%/vhost-user-fe.c \
	%D%/vhost-user-fe.h %D%/virtio-vhost.c %D%/virtio-vhost.h %D%/virtio-net.c \
	%D%/virtio-blk.c %D%/virtio-rng.c %D%/virtio-console.c %D%/virtio-devices.c
libvmdevices_a_CFLAGS = $(AM_CFLAGS)
