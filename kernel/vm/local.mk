# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libvmconfig.a
libvmconfig_a_SOURCES = %D%/config.c %D%/config.h %D%/layout.h
libvmconfig_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
