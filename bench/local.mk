# SPDX-License-Identifier: Apache-2.0
noinst_PROGRAMS += bench/ringclient bench/netserver bench/nullpair bench/stream
bench_ringclient_SOURCES = %D%/ringclient.c %D%/ring.c %D%/ring.h
bench_ringclient_CFLAGS = $(AM_CFLAGS) -O3
bench_ringclient_LDADD = libkernel.a $(JANSSON_LIBS)
bench_netserver_SOURCES = %D%/netserver.c %D%/nullhost.c %D%/nullhost.h
bench_netserver_LDADD = libnet.a libkernel.a $(JANSSON_LIBS) -ldl -lpthread
bench_nullpair_SOURCES = %D%/nullpair.c %D%/nullhost.c %D%/nullhost.h
bench_nullpair_LDADD = libnet.a libkernel.a $(JANSSON_LIBS) -ldl -lpthread
bench_stream_SOURCES = %D%/stream.c %D%/flow.c %D%/flow.h %D%/ring.c %D%/ring.h
bench_stream_LDADD = libkernel.a $(JANSSON_LIBS)
noinst_PROGRAMS += bench/cardrate bench/reflector
bench_cardrate_SOURCES = %D%/cardrate.c tests/plugin-host/host.c tests/plugin-host/host.h
bench_cardrate_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
bench_cardrate_LDADD = libbus.a libkernel.a $(JANSSON_LIBS) -ldl
bench_reflector_SOURCES = %D%/reflector.c
