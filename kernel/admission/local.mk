# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libadmission.a libloader.a
libadmission_a_SOURCES = %D%/admission.c %D%/admission.h %D%/check.c %D%/dynamic.c %D%/elf.c %D%/header.c \
	%D%/image.h %D%/internal.h %D%/keyfile.c %D%/keyfile.h %D%/names.c %D%/note.c %D%/note.h \
	%D%/notes.c %D%/policy.c %D%/relocs.c %D%/report.c %D%/sandbox.c %D%/seal.c %D%/segments.c %D%/sign.c \
	%D%/sign.h %D%/signature.c %D%/signature.h %D%/symbols.c %D%/trust.c %D%/trust.h
libadmission_a_CFLAGS = $(AM_CFLAGS) $(ELF_CFLAGS) $(SODIUM_CFLAGS) $(SECCOMP_CFLAGS) \
	$(JANSSON_CFLAGS)
ADMISSION_LIBS = libadmission.a $(ELF_LIBS) $(SODIUM_LIBS) $(SECCOMP_LIBS) $(JANSSON_LIBS)

# The loader is a library of its own: only the worker may link it.
libloader_a_SOURCES = %D%/loader.c %D%/loader.h %D%/table.c %D%/table.h
LOADER_LIBS = libloader.a $(LTDL_LIBS)
