# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libadmission.a libloader.a
libadmission_a_SOURCES = %D%/admission.h %D%/internal.h %D%/names.c %D%/note.h %D%/seal.c
libadmission_a_CFLAGS = $(AM_CFLAGS) $(ELF_CFLAGS) $(SODIUM_CFLAGS) $(SECCOMP_CFLAGS) \
	$(JANSSON_CFLAGS)
ADMISSION_LIBS = libadmission.a $(ELF_LIBS) $(SODIUM_LIBS) $(SECCOMP_LIBS) $(JANSSON_LIBS)

# The loader is a library of its own: only the worker may link it.
libloader_a_SOURCES = %D%/loader.c %D%/loader.h
LOADER_LIBS = libloader.a $(LTDL_LIBS)
