# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkeeper.a
libkeeper_a_SOURCES = %D%/config.c %D%/config.h %D%/said.c
libkeeper_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

pkglibexec_PROGRAMS += vmhi-driverd
vmhi_driverd_SOURCES = %D%/main.c %D%/set.h %D%/child.c %D%/child.h %D%/order.c %D%/bringup.c %D%/spare.c \
	%D%/recover.c %D%/replace.c %D%/pulse.c %D%/connection.c %D%/request.c %D%/devices.c \
	%D%/driver.c %D%/notify.c %D%/calls.c \
	%D%/ports.c %D%/uplink.c %D%/control.c
vmhi_driverd_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
vmhi_driverd_LDADD = libkeeper.a libchannel.a libbus.a libnet.a $(ADMISSION_LIBS) libkernel.a $(SECCOMP_LIBS) $(JANSSON_LIBS)

dist_man_MANS += doc/man/vmhi-driverd.8
