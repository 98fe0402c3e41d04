# SPDX-License-Identifier: Apache-2.0
# Hostile drivers. calls.c is built into a copy of the null driver by tests/system/driverd-hostile.sh;
# dma/ is for the lab, which has a card that can do DMA.
EXTRA_DIST += %D%/calls.c %D%/hostile.h %D%/dma/driver.c

all-local: hostile-dma
hostile-dma: libvmhi-rt.a
	@$(MKDIR_P) tests/hostile/dma && PKG_CONFIG_PATH=$(abs_builddir)/sdk $(MAKE) \
		--no-print-directory -C tests/hostile/dma \
		-f $(abs_top_srcdir)/plugins/nic/vmhi/null/Makefile \
		SRC=$(abs_top_srcdir)/tests/hostile/dma WERROR="$(filter -Werror,$(WARN_CFLAGS))"
clean-local: clean-hostile-dma
clean-hostile-dma:
	rm -rf tests/hostile/dma
.PHONY: hostile-dma clean-hostile-dma
