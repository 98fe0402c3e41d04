# SPDX-License-Identifier: Apache-2.0
# vmhi: the command line. A command is a file here and a line in main.c's table.
bin_PROGRAMS += vmhi
vmhi_SOURCES = %D%/main.c %D%/cli.h %D%/child.c %D%/child.h %D%/client.c %D%/client.h \
	%D%/device.c %D%/diskboot.c %D%/diskboot.h %D%/driver.c %D%/driver.h %D%/driver-inspect.c \
	%D%/driver-json.c %D%/driver-new.c %D%/driver-args.c %D%/driver-replace.c %D%/port.c %D%/run.c \
	%D%/session.c %D%/session.h %D%/set.c %D%/set.h %D%/vm.c
vmhi_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
vmhi_LDADD = libvmconfig.a libadmission.a libbus.a libkernel.a $(ELF_LIBS) $(SODIUM_LIBS) $(SECCOMP_LIBS) \
	$(JANSSON_LIBS)

dist_man_MANS += doc/man/vmhi.1 doc/man/vmhi-driver.1 doc/man/vmhi-run.1
bashcompdir = $(datadir)/bash-completion/completions
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(bashcompdir)
	$(INSTALL_DATA) $(top_srcdir)/kernel/cli/vmhi.bash $(DESTDIR)$(bashcompdir)/vmhi
uninstall-local:
	rm -f $(DESTDIR)$(bashcompdir)/vmhi
EXTRA_DIST += kernel/cli/vmhi.bash
