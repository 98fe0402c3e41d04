# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libnet.a
libnet_a_SOURCES = %D%/dataplane.c %D%/dataplane.h %D%/dp.h %D%/thread.c %D%/port.c %D%/port-session.c %D%/uplink.c \
	%D%/uplink-driver.c %D%/uplink-watch.c %D%/nic-check.c %D%/nic-check.h %D%/uplink-tap.c %D%/uplink-passt.c \
	%D%/switch.c %D%/switch.h %D%/mactable.c %D%/mactable.h %D%/csum.c %D%/csum.h %D%/gso.c %D%/gso.h %D%/copy.h \
	%D%/pool.c %D%/pool.h %D%/virtqueue.c %D%/virtqueue.h %D%/split.c %D%/split.h \
	%D%/split-take.h %D%/split-give.h %D%/ring.h %D%/ring-instances.h %D%/packed.c %D%/packed.h \
	%D%/packed-take.h %D%/packed-give.h %D%/chain.c %D%/guestmem.c %D%/guestmem.h \
	%D%/vhost-user.c %D%/vhost-user.h %D%/vhost-user-msg.h %D%/vhost-user-mem.c \
	%D%/vhost-user-ring.c %D%/vhost-user-input.c %D%/vhost-user-session.c %D%/session.c \
	%D%/session.h
libnet_a_CFLAGS = $(AM_CFLAGS) -O3
