# SPDX-License-Identifier: Apache-2.0
# Programs that scenarios of sdk/lab run on the lab's server.
noinst_PROGRAMS += tests/lab/bus-vfio
tests_lab_bus_vfio_SOURCES = %D%/bus-vfio.c
tests_lab_bus_vfio_LDADD = libbus.a libkernel.a $(JANSSON_LIBS)
