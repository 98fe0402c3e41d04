# SPDX-License-Identifier: Apache-2.0
# Every folder below that holds a Makefile is a driver (or, in model/, a hardware model). Each is
# built by that Makefile alone, as its vendor would build it outside this tree, against the SDK of
# this build, so a new driver changes nothing here.
PLUGIN_DIRS = $(patsubst $(top_srcdir)/%/Makefile,%,$(wildcard \
	$(top_srcdir)/plugins/*/*/*/Makefile $(top_srcdir)/plugins/*/*/*/model/Makefile))

all-local: plugins-all
plugins-all: libvmhi-rt.a libvmhi-model.a
	@for d in $(PLUGIN_DIRS); do \
		$(MKDIR_P) $$d && PKG_CONFIG_PATH=$(abs_builddir)/sdk:$(abs_builddir)/sdk/models \
		$(MAKE) --no-print-directory -C $$d -f $(abs_top_srcdir)/$$d/Makefile \
			SRC=$(abs_top_srcdir)/$$d WERROR="$(filter -Werror,$(WARN_CFLAGS))" || exit 1; \
	done

clean-local:
	rm -rf plugins

.PHONY: plugins-all
