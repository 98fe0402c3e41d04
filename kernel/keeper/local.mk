# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkeeper.a
libkeeper_a_SOURCES = %D%/config.c %D%/config.h %D%/pool.c %D%/pool.h
libkeeper_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
