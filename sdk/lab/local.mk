# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += %D%/run %D%/kernel %D%/lib.sh %D%/server.sh %D%/server-init %D%/server-lib.sh %D%/local-lib.sh \
	%D%/guest-init %D%/packages.txt %D%/scenarios
EXTRA_DIST += %D%/xfer.sh %D%/capture.sh %D%/models.sh

noinst_PROGRAMS += sdk/lab/xfer-server sdk/lab/wire-peer
sdk_lab_xfer_server_SOURCES = %D%/xfer-server.c
sdk_lab_xfer_server_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
sdk_lab_xfer_server_LDADD = $(SODIUM_LIBS)
sdk_lab_wire_peer_SOURCES = %D%/wire-peer.c

noinst_PROGRAMS += sdk/lab/hold-kvm sdk/lab/with-sockets sdk/lab/switches
sdk_lab_hold_kvm_SOURCES = %D%/hold-kvm.c
sdk_lab_with_sockets_SOURCES = %D%/with-sockets.c
sdk_lab_switches_SOURCES = %D%/switches.c
