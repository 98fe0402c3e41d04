// SPDX-License-Identifier: Apache-2.0
/* A disk's grub.cfg (up to the first zero byte), its grubenv, and the same as a boot loader entry. */
#include <stdint.h>
#include <string.h>

#include "kernel/cli/diskboot/boot-entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_entry b;
	struct text cfg = { (const char *)data, size }, env = { "", 0 };
	const char *zero = memchr(data, 0, size);
	struct err e;

	if (zero) {
		cfg.len = (size_t)(zero - cfg.p);
		env = (struct text){ zero + 1, size - cfg.len - 1 };
	}
	if (grub_default_entry(cfg, env, &b, &e) == 0 && (!*b.linux_path || b.ninitrds > BOOT_INITRDS))
		__builtin_trap();
	if (bls_parse(cfg, env, &b, &e) == 0 && (!*b.linux_path || b.ninitrds > BOOT_INITRDS))
		__builtin_trap();
	return 0;
}
