# SPDX-License-Identifier: Apache-2.0
# The initramfs of the disks' kernels: says how it came to be booted.
echo "booted: $(cat /proc/cmdline)"
