# SPDX-License-Identifier: Apache-2.0
# Boot from a disk image: the script that prepares an initramfs, and the init that goes into it,
# which is static since nothing else is there.
pkglibexec_SCRIPTS = vmhi-diskboot
EXTRA_DIST += %D%/vmhi-diskboot.sh
CLEANFILES += vmhi-diskboot
vmhi-diskboot: $(top_srcdir)/kernel/cli/diskboot/vmhi-diskboot.sh
	$(AM_V_GEN)cp $(top_srcdir)/kernel/cli/diskboot/vmhi-diskboot.sh $@ && chmod 755 $@

DISKBOOT_PARSERS = %D%/bls.c %D%/boot-entry.h %D%/grub.c %D%/grub-words.c %D%/grub-words.h
pkglibexec_PROGRAMS += vmhi-diskboot-init
vmhi_diskboot_init_SOURCES = %D%/init.c %D%/disks.c %D%/disks.h %D%/filesystem.c \
	%D%/filesystem.h %D%/handover.c %D%/handover.h kernel/lib/err.c $(DISKBOOT_PARSERS)
vmhi_diskboot_init_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
vmhi_diskboot_init_LDFLAGS = -static -s
