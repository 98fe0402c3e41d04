# SPDX-License-Identifier: Apache-2.0
# fc-target: a Fibre Channel disk array for models. Its parts are a library for the tests' sake.
noinst_LIBRARIES += libfctarget.a
libfctarget_a_SOURCES = %D%/command.c %D%/control.c %D%/data.c %D%/exchanges.c %D%/fcp.h %D%/login.c \
	%D%/manage.c %D%/outq.c %D%/session.c %D%/target.c %D%/target.h
libfctarget_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/sdk/models/include

bin_PROGRAMS += fc-target
fc_target_SOURCES = %D%/main.c
fc_target_CPPFLAGS = $(libfctarget_a_CPPFLAGS)
fc_target_LDADD = libfctarget.a libscsitarget.a libvmhi-model.a $(ZLIB_LIBS)
