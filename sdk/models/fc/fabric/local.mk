# SPDX-License-Identifier: Apache-2.0
# fc-fabric, a Fibre Channel switch for models. Its parts are a library for the tests' sake.
noinst_LIBRARIES += libfcfabric.a
libfcfabric_a_SOURCES = %D%/fabric.c %D%/queue.c %D%/route.c %D%/login.c %D%/services.c %D%/changes.c \
	%D%/names.c %D%/names-query.c %D%/names-register.c %D%/zone.c %D%/faults.c %D%/capture.c \
	%D%/fcoe-frame.c %D%/fip.c %D%/fcoe.c %D%/enode.c %D%/fabric.h %D%/names.h %D%/fcoe-frame.h \
	%D%/fip.h %D%/fcoe.h
libfcfabric_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/sdk/models/include
libfcfabric_a_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS)

bin_PROGRAMS += fc-fabric
fc_fabric_SOURCES = %D%/main.c
fc_fabric_CPPFLAGS = $(libfcfabric_a_CPPFLAGS)
fc_fabric_LDADD = libfcfabric.a libvmhi-model.a $(ZLIB_LIBS)
