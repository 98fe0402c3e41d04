# SPDX-License-Identifier: Apache-2.0
# What the lab's scripts on the development host share: messages, and the parts of an initramfs.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vmhi

say() { printf '%s\n' "lab: $*" >&2; }
die() { printf '%s\n' "lab: error: $*" >&2; exit 1; }

# need PROGRAM...: all of them, or one line that says what to install
need()
{
	local p missing=
	for p; do
		command -v "$p" >/dev/null || missing="$missing $p"
	done
	[ -z "$missing" ] || die "missing:$missing (install the packages of sdk/lab/packages.txt)"
}

# stage_base ROOT: the folders every initramfs has, and busybox with its links
stage_base()
{
	local bb
	bb=$(command -v busybox) || die "missing: busybox (install busybox-static)"
	mkdir -p "$1"/{bin,sbin,usr/bin,usr/sbin,etc,proc,sys,dev,run,tmp,root,lab,lib,lib64}
	cp "$bb" "$1/bin/busybox"
	if ldd "$bb" >/dev/null 2>&1; then
		die "$bb is not static (install busybox-static)"
	fi
	ln -s busybox "$1/bin/sh"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	echo 'root:x:0:' >"$1/etc/group"
}

# stage_libs ROOT FILE: the shared libraries that an ELF file asks for, where it will look
stage_libs()
{
	local lib
	{ ldd "$2" 2>/dev/null || true; } |
	sed -n 's/^.*=> \(\/[^ ]*\) .*$/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*$/\1/p' |
	while read -r lib; do
		[ -e "$1$lib" ] && continue
		mkdir -p "$1$(dirname "$lib")"
		cp -L "$lib" "$1$lib"
	done
}

# stage_file ROOT FROM TO: a file, and its libraries if it is a program or a library
stage_file()
{
	[ -e "$2" ] || die "$2: no such file"
	mkdir -p "$1$(dirname "$3")"
	cp -L "$2" "$1$3"
	stage_libs "$1" "$2"
}

# stage_program ROOT NAME: a program of the development host, under the same path
stage_program()
{
	local p
	p=$(command -v "$2") || die "missing: $2 (install the packages of sdk/lab/packages.txt)"
	stage_file "$1" "$p" "/usr/bin/$2"
}

# stage_modules ROOT KERNEL-FOLDER NAME...: kernel modules and those that they need
stage_modules()
{
	local root=$1 kdir=$2 rel m list
	shift 2
	rel=$(cat "$kdir/release")
	mkdir -p "$root/lib/modules/$rel"
	for m; do
		list=$(modprobe -d "$kdir/root" -S "$rel" --show-depends "$m" 2>&1) ||
			die "kernel $rel has no module $m"
		printf '%s\n' "$list" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
	done | sort -u | while read -r m; do
		mkdir -p "$root$(dirname "${m#"$kdir/root"}")"
		ln -f "$m" "$root${m#"$kdir/root"}" 2>/dev/null || cp "$m" "$root${m#"$kdir/root"}"
	done
	cp "$kdir/root/lib/modules/$rel"/modules.{builtin,builtin.modinfo,order} "$root/lib/modules/$rel/"
	depmod -b "$root" "$rel"
}

# pack ROOT FILE: the folder as an uncompressed cpio archive, owned by root
pack()
{
	(cd "$1" && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0) >"$2"
}
