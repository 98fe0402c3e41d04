# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libchannel.a
libchannel_a_SOURCES = %D%/channel.c %D%/channel.h %D%/launch.c %D%/launch.h

pkglibexec_PROGRAMS += vmhi-worker
vmhi_worker_SOURCES = %D%/main.c %D%/device.c %D%/host.c %D%/registers.c %D%/sandbox.c \
	%D%/calls.c %D%/crash.c %D%/worker.h
vmhi_worker_LDADD = libchannel.a libnet.a libloader.a libbus.a libkernel.a $(SECCOMP_LIBS) \
	$(LTDL_LIBS) $(JANSSON_LIBS) -lpthread
