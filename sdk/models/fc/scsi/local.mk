# SPDX-License-Identifier: Apache-2.0
# The SCSI target library: logical units on files, whatever the transport.
noinst_LIBRARIES += libscsitarget.a
libscsitarget_a_SOURCES = %D%/attention.c %D%/block.c %D%/inquiry.c %D%/internal.h %D%/mode.c \
	%D%/mode-select.c %D%/opcodes.c %D%/pr-file.c %D%/pr-in.c %D%/pr-out.c %D%/provision.c \
	%D%/reserve.c %D%/scsi.h %D%/sense.c %D%/store.c %D%/target.c %D%/task.c %D%/unit.c \
	%D%/verify.c %D%/vpd.c
