# SPDX-License-Identifier: Apache-2.0
# plugin-host runs the tests of a NIC plugin on a device; plugin-peer is the far end of its wire. Both are
# installed with the SDK: vendors test their drivers with them.
bin_PROGRAMS += tests/plugin-host/plugin-host tests/plugin-host/plugin-peer
tests_plugin_host_plugin_host_SOURCES = %D%/main.c %D%/host.c %D%/host.h %D%/nic.c %D%/nic.h %D%/send.c \
	%D%/crash.c %D%/crash.h %D%/plugin.c %D%/plugin.h \
	%D%/wire.c %D%/peer.h %D%/frames.c %D%/frames.h %D%/tests.h %D%/test-life.c %D%/test-stats.c \
	%D%/test-send.c %D%/test-tso.c %D%/test-receive.c %D%/test-filter.c %D%/test-stop.c
tests_plugin_host_plugin_host_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_plugin_host_plugin_host_LDADD = libbus.a libnet.a libloader.a $(ADMISSION_LIBS) libkernel.a \
	$(JANSSON_LIBS) -ldl -lpthread
tests_plugin_host_plugin_peer_SOURCES = %D%/peer.c %D%/peer.h
dist_man_MANS += doc/man/plugin-host.1
