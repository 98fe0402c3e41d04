/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenVMHI driver ABI: the note in a driver's file, read before any of the file is mapped.
 *
 * An ELF note (System V gABI, "Note Section") in a section of type SHT_NOTE that a PT_NOTE segment
 * covers: owner "VMHI", type 1. Its descriptor is text: records "key=value", each ended by a NUL
 * byte, of printable ASCII (0x20 to 0x7e), in any order after the first:
 *
 *	vmhi-note=1			first: the version of this format
 *	abi=MIN-MAX			once: ABI versions it works with, MAJOR.MINOR each: 0.1-0.1
 *	class=NAME/VERSION		1 to 16, none twice: the class interfaces it offers: nic/1.
 *					NAME: 1 to 31 bytes of [a-z0-9_-]
 *	needs=pci, or needs=nothing	once: what it is attached to
 *	vendor=TEXT			once, 1 to 64 bytes
 *	name=TEXT			once, 1 to 64 bytes of [a-z0-9._-]
 *	version=TEXT			once, 1 to 64 bytes
 *	license=TEXT			once, 1 to 128 bytes: an SPDX licence expression, or
 *					"Proprietary"
 *	pci=VVVV:DDDD			PCI vendor and device id, four hexadecimal digits each, lower
 *					case; 1 to 1024 with needs=pci, none twice, never without
 *	param=NAME:u64:DEFAULT:MIN:MAX:TEXT
 *	param=NAME:bool:DEFAULT:TEXT
 *	param=NAME:choice:DEFAULT:WORD|WORD|...:TEXT
 *					a parameter that the operator may set. NAME: 1 to 31 bytes of
 *					[a-z0-9_], none twice; numbers are decimal, without needless
 *					zeros; a bool is 0 or 1; WORDs, at most 16, are 1 to 31 bytes
 *					of [a-z0-9_-]; TEXT, 1 to 160 bytes, says what it is for. At
 *					most 32 of them
 *	feature=WORD			something the host must know to load it. 0.1 defines none, so
 *					a 0.1 host refuses any
 *	opt-KEY=TEXT			ignored by a host that does not know KEY; every other unknown
 *					key is refused
 *
 * The descriptor is at most 16384 bytes. After the last record it may have one NUL byte more.
 */
#ifndef VMHI_NOTE_H
#define VMHI_NOTE_H

#include <stdint.h>

#define VMHI_NOTE_OWNER "VMHI"
#define VMHI_NOTE_TYPE	1
#define VMHI_NOTE_MAX	16384

/*
 * Puts the note into the driver. records: string literals side by side, each ending in "\0":
 *
 *	VMHI_NOTE("abi=0.1-0.1\0"
 *		  "class=nic/1\0"
 *		  ...
 *		  "license=Apache-2.0\0");
 */
#define VMHI_NOTE(records)                                                                         \
	static const struct {                                                                      \
		uint32_t namesz, descsz, type;                                                     \
		char owner[8];                                                                     \
		char desc[sizeof("vmhi-note=1\0" records)];                                        \
	} vmhi_note __attribute__((section(".note.vmhi"), used, aligned(4))) = {                   \
		sizeof(VMHI_NOTE_OWNER), sizeof("vmhi-note=1\0" records), VMHI_NOTE_TYPE,          \
		VMHI_NOTE_OWNER, "vmhi-note=1\0" records}

#endif
