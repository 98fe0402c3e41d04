// SPDX-License-Identifier: Apache-2.0
/* Tells file systems by their superblocks; the layouts are those of the on-disk formats. */
#include "kernel/cli/diskboot/filesystem.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROBE_BYTES 0x10200	/* btrfs's superblock, at 64 KiB, is the farthest */
#define BTRFS_AT 0x10000

static void put_uuid(char out[64], const uint8_t *u)
{
	snprintf(out, 64, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
		 u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
		 u[14], u[15]);
}

static void put_label(char out[64], const uint8_t *label, size_t n)
{
	snprintf(out, 64, "%.*s", (int)strnlen((const char *)label, n), (const char *)label);
	for (n = strlen(out); n && out[n - 1] == ' ';)
		out[--n] = 0;
}

static void probe_vfat(const uint8_t *b, struct filesystem *fs)
{
	const uint8_t *ext = NULL;	/* serial number; label; type */

	if (b[0x1fe] != 0x55 || b[0x1ff] != 0xaa)
		return;
	if (!memcmp(b + 0x52, "FAT32   ", 8))
		ext = b + 0x43;
	else if (!memcmp(b + 0x36, "FAT12   ", 8) || !memcmp(b + 0x36, "FAT16   ", 8))
		ext = b + 0x27;
	if (!ext)
		return;
	fs->type = "vfat";
	fs->options = "";
	snprintf(fs->uuid, sizeof(fs->uuid), "%02X%02X-%02X%02X", ext[3], ext[2], ext[1], ext[0]);
	put_label(fs->label, ext + 4, 11);
}

int filesystem_probe(int fd, struct filesystem *fs)
{
	static uint8_t b[PROBE_BYTES];
	ssize_t n = pread(fd, b, sizeof(b), 0);

	memset(fs, 0, sizeof(*fs));
	if (n < 0)
		return -errno;
	memset(b + n, 0, sizeof(b) - (size_t)n);
	if (b[0x438] == 0x53 && b[0x439] == 0xef) {
		fs->type = "ext4";
		fs->options = "noload";
		put_uuid(fs->uuid, b + 0x468);
		put_label(fs->label, b + 0x478, 16);
	} else if (!memcmp(b, "XFSB", 4)) {
		fs->type = "xfs";
		fs->options = "norecovery";
		put_uuid(fs->uuid, b + 0x20);
		put_label(fs->label, b + 0x6c, 12);
	} else if (!memcmp(b + BTRFS_AT + 0x40, "_BHRfS_M", 8)) {
		fs->type = "btrfs";
		fs->options = "rescue=nologreplay,subvolid=5";	/* paths are GRUB's: from the top */
		put_uuid(fs->uuid, b + BTRFS_AT + 0x20);
		put_label(fs->label, b + BTRFS_AT + 0x12b, 63);
	} else if (!memcmp(b, "LUKS\xba\xbe", 6)) {
		fs->cannot = "is encrypted (LUKS)";
	} else if (!memcmp(b + 0x200, "LABELONE", 8)) {
		fs->cannot = "is an LVM volume";
	} else {
		probe_vfat(b, fs);
	}
	return 0;
}
