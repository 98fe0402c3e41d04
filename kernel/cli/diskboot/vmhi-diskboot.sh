#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prepares what boots a VM from a disk image: prints "kernel=PATH" and "initrd=PATH".
#   vmhi-diskboot [--kernel VMLINUZ --modules DIR]
# The kernel is this machine's, or else the newest in the cache (sdk/lab/kernel puts one there).
# DIR is that kernel's modules, as /lib/modules/RELEASE is. The initramfs is kept in the cache.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vmhi
here=$(dirname "$(readlink -f "$0")")
init=$here/vmhi-diskboot-init
die() { echo "vmhi-diskboot: $*" >&2; exit 1; }

kernel='' modules=''
while [ $# -gt 1 ]; do
	case $1 in
	--kernel) kernel=$2 ;;
	--modules) modules=$2 ;;
	*) die "unknown option $1" ;;
	esac
	shift 2
done
[ $# = 0 ] || die "usage: vmhi-diskboot [--kernel VMLINUZ --modules DIR]"

find_kernel()
{
	local rel d
	rel=$(uname -r)
	if [ -r "/boot/vmlinuz-$rel" ] && [ -f "/lib/modules/$rel/modules.dep" ]; then
		kernel=/boot/vmlinuz-$rel modules=/lib/modules/$rel
		return
	fi
	d=$(for d in "$cache"/kernel/*/; do [ ! -f "$d/complete" ] || echo "${d%/}"; done |
		sort -V | tail -n 1)
	[ -n "$d" ] || die "neither /boot/vmlinuz-$rel with its modules nor a kernel in $cache/kernel," \
		"where sdk/lab/kernel of the source tree puts one"
	kernel=$d/vmlinux	# taken out of its bzImage: boots faster
	modules=$(echo "$d"/root/lib/modules/*)
}

# The modules that NAME... need, in the order to load them in; those built in are left out.
chain()
{
	local m
	for m; do
		modprobe -d "$top" -S "$rel" --show-depends "$m" 2>/dev/null || true
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

add_list()	# add_list NAME MODULE...: modules/NAME.list, and the files
{
	local name=$1 f to
	shift
	chain "$@" | while read -r f; do
		to=/modules/$(basename "${f%.[xgz]*}")
		case $f in
		*.ko) cp "$f" "$root$to" ;;
		*.xz) xz -dc "$f" >"$root$to" ;;
		*.zst) zstd -qdc "$f" >"$root$to" ;;
		*.gz) gzip -dc "$f" >"$root$to" ;;
		esac
		echo "$to"
	done >"$root/modules/$name.list"
}

[ -n "$kernel" ] || find_kernel
[ -r "$kernel" ] || die "cannot read $kernel"
[ -f "$modules/modules.dep" ] || die "no modules.dep in '$modules': say --modules, or run depmod"
[ -x "$init" ] || die "no $init"
for p in cpio modprobe sha256sum; do
	command -v $p >/dev/null || die "missing: $p (packages cpio, kmod, coreutils)"
done

modules=$(readlink -f "$modules")
rel=$(basename "$modules")
top=${modules%/lib/modules/*}
[ "$top" != /usr ] || top=/
out=$cache/diskboot/$(cat "$0" "$init" "$modules/modules.dep" | sha256sum | cut -c1-16).cpio
if [ ! -f "$out" ]; then
	root=$(mktemp -d "${TMPDIR:-/tmp}/vmhi-diskboot.XXXXXX")
	trap 'rm -rf "$root"' EXIT
	mkdir -p "$root"/{dev,proc,sys,modules} "$cache/diskboot"
	cp "$init" "$root/init"
	add_list base virtio_pci virtio_blk
	add_list ext4 ext4
	add_list xfs xfs
	add_list btrfs btrfs
	add_list vfat vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8
	(cd "$root" && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0) >"$out.$$"
	mv "$out.$$" "$out"
fi
echo "kernel=$kernel"
echo "initrd=$out"
