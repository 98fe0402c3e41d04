/* SPDX-License-Identifier: Apache-2.0 */
/* What lies on a partition, by its superblock. */
#ifndef KERNEL_CLI_DISKBOOT_FILESYSTEM_H
#define KERNEL_CLI_DISKBOOT_FILESYSTEM_H

struct filesystem {
	const char *type;	/* ext4, xfs, btrfs or vfat: one that is mounted; else NULL */
	const char *cannot;	/* why not, if it is known: "is encrypted (LUKS)" */
	const char *options;	/* that mount it without a write, journal included */
	char uuid[64], label[64];
};

/* 0, or a negative errno if fd cannot be read. A partition with nothing known on it is no error. */
int filesystem_probe(int fd, struct filesystem *fs);

#endif
