# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkernel.a
libkernel_a_SOURCES = %D%/log.c %D%/log.h %D%/err.c %D%/err.h %D%/fdpass.c %D%/fdpass.h \
	%D%/event.c %D%/event.h %D%/json.c %D%/json.h %D%/control.c %D%/control.h %D%/paths.c \
	%D%/paths.h %D%/rundir.c %D%/rundir.h %D%/confine.c %D%/confine.h \
	%D%/driver-op.c %D%/driver-op.h %D%/clock.h %D%/map-shared.c %D%/map-shared.h
libkernel_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SECCOMP_CFLAGS)
