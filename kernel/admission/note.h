/* SPDX-License-Identifier: Apache-2.0 */
/* What a driver's note says (format: sdk/include/vmhi/note.h), and its strict parser. */
#ifndef KERNEL_ADMISSION_NOTE_H
#define KERNEL_ADMISSION_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/err.h"

#define NOTE_TEXT_MAX	 64
#define NOTE_LICENSE_MAX 128
#define NOTE_CLASS_MAX	 16
#define NOTE_PCI_MAX	 1024
#define NOTE_PARAM_MAX	 32
#define NOTE_WORD_MAX	 16
#define NOTE_FEATURE_MAX 8
#define NOTE_NAME_MAX	 31	/* of a class, a parameter, a choice's word, a feature */
#define NOTE_HELP_MAX	 160

enum note_needs { NOTE_NEEDS_NOTHING, NOTE_NEEDS_PCI };
enum note_param_type { NOTE_U64, NOTE_BOOL, NOTE_CHOICE };

struct note_abi {
	uint16_t major, minor;
};

struct note_class {
	char name[NOTE_NAME_MAX + 1];
	uint16_t version;
};

struct note_pci {
	uint16_t vendor, device;
};

struct note_param {
	char name[NOTE_NAME_MAX + 1];
	enum note_param_type type;
	uint64_t def, min, max;		/* choice: places of words, min 0, max the last one */
	char word[NOTE_WORD_MAX][NOTE_NAME_MAX + 1];
	char help[NOTE_HELP_MAX + 1];
};

struct driver_note {
	struct note_abi abi_min, abi_max;
	enum note_needs needs;
	char vendor[NOTE_TEXT_MAX + 1];
	char name[NOTE_TEXT_MAX + 1];
	char version[NOTE_TEXT_MAX + 1];
	char license[NOTE_LICENSE_MAX + 1];
	unsigned int nclass, npci, nparam, nfeature;
	struct note_class class[NOTE_CLASS_MAX];
	struct note_pci pci[NOTE_PCI_MAX];
	struct note_param param[NOTE_PARAM_MAX];
	char feature[NOTE_FEATURE_MAX][NOTE_NAME_MAX + 1];
};

/* Parses a descriptor of len bytes; -EINVAL with *e saying which record is wrong and why. */
int note_parse(const void *desc, size_t len, struct driver_note *out, struct err *e);

/* Is it one of the PCI devices that the driver says it is for? */
bool note_names(const struct driver_note *n, uint16_t vendor, uint16_t device);

#endif
