# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libbus.a
libbus_a_SOURCES = %D%/bus.c %D%/bus.h %D%/dma-pool.c %D%/dma-pool.h %D%/iova.c %D%/iova.h %D%/ring.c %D%/ring.h \
	%D%/sysfs.c %D%/sysfs.h %D%/vfio.c %D%/vfio.h %D%/vfio-container.c \
	%D%/vfio-user.c %D%/vfio-user.h %D%/vfio-user-io.c
libbus_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
