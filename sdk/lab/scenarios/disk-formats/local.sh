#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs the disk boot's initramfs directly under emulation: no VM of ours is needed to judge it.
. "$LAB_SRC/sdk/lab/local-lib.sh"

[ -x "$LAB_BUILD/vmhi-diskboot" ] || fail "no $LAB_BUILD/vmhi-diskboot: build first"
d=$LAB_OUT/disks
mkdir "$d"
trap 'rm -rf "$d"' EXIT
rel=$(cat "$LAB_KERNEL/release")
prepared=$("$LAB_BUILD/vmhi-diskboot" --kernel "$LAB_KERNEL/vmlinux" \
	--modules "$LAB_KERNEL/root/lib/modules/$rel")
initrd=$(sed -n 's/^initrd=//p' <<<"$prepared")

# boot NAME DISK: what the machine says on its console, in NAME.log
boot()
{
	timeout 120 qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -cpu max -m 384 -nodefaults \
		-no-reboot -M q35 -display none -serial "file:$LAB_OUT/$1.log" \
		-kernel "$LAB_KERNEL/vmlinux" -initrd "$initrd" \
		-append "console=ttyS0 quiet nokaslr mitigations=off cryptomgr.notests -- from=$1" \
		-drive "if=virtio,format=raw,file=$2" </dev/null >"$LAB_OUT/$1.qemu" 2>&1 ||
		fail "$1: QEMU ended with status $?: $(tail -n 1 "$LAB_OUT/$1.qemu" "$LAB_OUT/$1.log")"
}

# boots NAME DISK WORD...: the disk's kernel came up with those words on its command line, in order
boots()
{
	local name=$1 disk=$2 line
	shift 2
	boot "$name" "$disk"
	line=$(tr -d '\r' <"$LAB_OUT/$name.log" | sed -n 's/^booted: //p')
	[ "$line" = "$* from=$name console=ttyS0" ] || fail "$name: wanted '$*', found '$line'; $(
		tr -d '\r' <"$LAB_OUT/$name.log" | grep -a '^diskboot' | tail -n 1)"
	say "$name: boots"
}

# refuses NAME DISK TEXT: says that, and powers off
refuses()
{
	boot "$1" "$2"
	tr -d '\r' <"$LAB_OUT/$1.log" | grep -q "^diskboot: .*$3" ||
		fail "$1: did not say '$3'; $(tr -d '\r' <"$LAB_OUT/$1.log" | tail -n 1)"
	say "$1: refused: $(tr -d '\r' <"$LAB_OUT/$1.log" | sed -n 's/^diskboot: error: //p')"
}

# Two machines at a time, each boot in the background: a boot keeps one processor busy. They finish
# in the order they were begun, nearly; a failed one has said why.
running=()
begin() # boots|refuses ARGUMENT...
{
	[ ${#running[@]} -lt 2 ] || finish
	"$@" &
	running+=($!)
}
finish()
{
	wait "${running[0]}" || exit 1
	running=("${running[@]:1}")
}

entry() { printf 'title %s\nlinux %s\ninitrd %s\noptions %s\n' "$@"; }

# an EFI system partition, with entries only; the newer is taken, the rescue entry is not
truncate -s 64M "$d/part"
mkfs.vfat -n ESP "$d/part" >/dev/null
entry Old /vmlinuz /initrd "wrong" >"$d/os-6.9.conf"
entry New /vmlinuz /initrd "entry=new" >"$d/os-6.10.conf"
entry Rescue /vmlinuz /initrd "wrong" >"$d/os-7-rescue.conf"
export MTOOLS_SKIP_CHECK=1
mmd -i "$d/part" ::/loader ::/loader/entries
mcopy -i "$d/part" "$d"/os-*.conf ::/loader/entries/
mcopy -i "$d/part" "$LAB_KERNEL/vmlinuz" ::/vmlinuz
mcopy -i "$d/part" "$LAB_GUEST/initramfs" ::/initrd
truncate -s 66M "$d/esp"
echo 'start=2048, size=131072, type=uefi' | sfdisk -q --label gpt "$d/esp"
dd if="$d/part" of="$d/esp" bs=1M seek=1 conv=notrunc,sparse status=none
begin boots esp "$d/esp" entry=new

# btrfs with its system in a subvolume's folder, GRUB's paths counted from the top; two initrds
mkdir -p "$d/btrfs/@/boot/grub2"
cp -L "$LAB_KERNEL/vmlinuz" "$d/btrfs/@/boot/vmlinuz"
cp "$LAB_GUEST/initramfs" "$d/btrfs/@/boot/initrd"
(cd "$d" && echo odd >odd && echo odd | cpio --quiet -o -H newc >btrfs/@/boot/first)
cat >"$d/btrfs/@/boot/grub2/grub.cfg" <<'EOF'
set default=1
menuentry 'wrong' { linux /@/boot/vmlinuz wrong
}
submenu 'more' {
	menuentry 'right' {
		set root='hd0'
		linux /@/boot/vmlinuz "fs=btrfs"
		initrd /@/boot/first /@/boot/initrd
	}
}
EOF
truncate -s 256M "$d/btrfs.img"
mkfs.btrfs -q -r "$d/btrfs" "$d/btrfs.img"
begin boots btrfs "$d/btrfs.img" fs=btrfs

# xfs, blscfg, the saved entry, and a variable of the environment block
mkdir "$d/xfs"
cp -L "$LAB_KERNEL/vmlinuz" "$d/xfs/vmlinuz"
entry Other /boot/vmlinuz /boot/initrd wrong >"$d/xfs/other.conf"
entry Saved /boot/vmlinuz /boot/initrd 'a=1 $kernelopts' >"$d/xfs/saved.conf"
echo 'set default="${saved_entry}"
blscfg' >"$d/xfs/grub.cfg"
printf '# GRUB Environment Block\nsaved_entry=id-1\nkernelopts=fs=xfs\n####' >"$d/xfs/grubenv"
cat >"$d/proto" <<EOF
/
0 0
d--755 0 0
boot d--755 0 0
vmlinuz ---644 0 0 $d/xfs/vmlinuz
initrd ---644 0 0 $LAB_GUEST/initramfs
grub2 d--755 0 0
grub.cfg ---644 0 0 $d/xfs/grub.cfg
grubenv ---644 0 0 $d/xfs/grubenv
\$
loader d--755 0 0
entries d--755 0 0
id-2.conf ---644 0 0 $d/xfs/other.conf
id-1.conf ---644 0 0 $d/xfs/saved.conf
\$
\$
\$
\$
EOF
truncate -s 320M "$d/xfs.img"
mkfs.xfs -q -p "$d/proto" "$d/xfs.img"
begin boots xfs "$d/xfs.img" a=1 fs=xfs

truncate -s 64M "$d/luks"
printf 'LUKS\272\276\0\2' | dd of="$d/luks" conv=notrunc status=none
begin refuses luks "$d/luks" 'vda is encrypted (LUKS)'
while [ ${#running[@]} -gt 0 ]; do
	finish
done
grep -q '^diskboot: error: no grub.cfg and no boot loader entry' "$LAB_OUT/luks.log" ||
	fail "luks: no error line"
