# SPDX-License-Identifier: Apache-2.0
# What a driver's vendor gets: headers, the run-time archive, the pkg-config file, the template.
vmhiincludedir = $(includedir)/vmhi
vmhiinclude_HEADERS = %D%/include/vmhi/core.h %D%/include/vmhi/note.h %D%/include/vmhi/nic.h

# Linked into drivers, so it is built by the rules of a driver and never with sanitizers.
lib_LIBRARIES += libvmhi-rt.a
libvmhi_rt_a_SOURCES = %D%/rt/rt.c
libvmhi_rt_a_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -O2 -ffreestanding -fPIC -fvisibility=hidden \
	-fno-tree-loop-distribute-patterns -fno-stack-protector

pkgconfig_DATA += sdk/vmhi-sdk.pc

# The template is the null driver without its modes, and with two files of its own that name the
# vendor and the device.
templatenicdir = $(pkgdatadir)/template/nic
templatenic_DATA = $(TEMPLATE_NIC)
TEMPLATE_NIC = %D%/template/nic/driver.c %D%/template/nic/README.md \
	plugins/nic/vmhi/null/Makefile plugins/nic/vmhi/null/queue.c plugins/nic/vmhi/null/queue.h
EXTRA_DIST += $(TEMPLATE_NIC)

# The same folder in the build tree, for a vmhi that is not installed.
all-local: template/nic/stamp
template/nic/stamp: $(TEMPLATE_NIC)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $^ $(@D)/ && touch $@
CLEANFILES += template/nic/*
