# SPDX-License-Identifier: Apache-2.0
# libvmhi-model: what a hardware model is built from. Part of the SDK; knows nothing of the kernel.
lib_LIBRARIES += libvmhi-model.a
libvmhi_model_a_SOURCES = %D%/main.c %D%/model.c %D%/log.c %D%/clock.c %D%/loop.c %D%/config.c %D%/bar.c %D%/msix.c %D%/dma.c \
	%D%/faults.c %D%/commands.c %D%/server.c %D%/protocol.c %D%/version.c %D%/wire.c %D%/listen.c %D%/stream.c %D%/proxy.c \
	%D%/qtest.c %D%/vtd.c %D%/internal.h %D%/vfio-user.h %D%/proxy.h
libvmhi_model_a_CPPFLAGS = -D_GNU_SOURCE -I$(srcdir)/%D%/include
libvmhi_model_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(ZLIB_CFLAGS)

vmhi_modeldir = $(includedir)/vmhi-model
vmhi_model_HEADERS = %D%/include/vmhi-model/model.h %D%/include/vmhi-model/loop.h \
	%D%/include/vmhi-model/main.h %D%/include/vmhi-model/wire.h %D%/include/vmhi-model/commands.h \
	%D%/include/vmhi-model/fc.h %D%/include/vmhi-model/fc-wire.h
pkgconfig_DATA += %D%/vmhi-model.pc
