# SPDX-License-Identifier: Apache-2.0
# Wrong plugins, made from a good one by a compiler and by patches: each must be refused.
check_PROGRAMS += tests/wrong-plugins/patch tests/wrong-plugins/refuse
dist_check_SCRIPTS += %D%/run
TESTS += tests/wrong-plugins/run
EXTRA_DIST += %D%/make %D%/variants %D%/good.c %D%/headers.def %D%/dynamic.def %D%/notes.def
tests_wrong_plugins_patch_SOURCES = %D%/patch.c %D%/patch.h %D%/wrong.c
tests_wrong_plugins_refuse_SOURCES = %D%/refuse.c
tests_wrong_plugins_refuse_LDADD = libadmission.a libloader.a libkernel.a $(ELF_LIBS) $(SODIUM_LIBS) \
	$(SECCOMP_LIBS) $(JANSSON_LIBS) $(LTDL_LIBS)

clean-local: clean-wrong-plugins
clean-wrong-plugins:
	rm -rf tests/wrong-plugins/out
.PHONY: clean-wrong-plugins
