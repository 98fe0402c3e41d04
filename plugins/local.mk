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

# Installed too, as the pages use them: drivers in a folder of their own, models as programs.
driverdir = $(libdir)/vmhi
install-exec-local: install-plugins
install-plugins: plugins-all
	$(MKDIR_P) $(DESTDIR)$(driverdir) $(DESTDIR)$(bindir)
	@for f in $(PLUGIN_DIRS:=/*-model); do \
		[ ! -f $$f ] || $(INSTALL_PROGRAM) $$f $(DESTDIR)$(bindir)/ || exit 1; done
	@for f in $(PLUGIN_DIRS:=/*.so); do \
		[ ! -f $$f ] || $(INSTALL_DATA) $$f $(DESTDIR)$(driverdir)/ || exit 1; done

uninstall-local: uninstall-plugins
uninstall-plugins:
	@for f in $(PLUGIN_DIRS:=/*-model); do rm -f $(DESTDIR)$(bindir)/$${f##*/}; done
	@for f in $(PLUGIN_DIRS:=/*.so); do rm -f $(DESTDIR)$(driverdir)/$${f##*/}; done

clean-local:
	rm -rf plugins

.PHONY: plugins-all install-plugins uninstall-plugins
