# SPDX-License-Identifier: Apache-2.0
# The console is a module here: the kernel found none, so this script opens it.
exec >/dev/hvc0 2>&1 </dev/hvc0
trap 'echo "lab: status: $?"; sleep 0.5' EXIT
md5() { md5sum | cut -c1-32; }

echo "lab: this is hvc0"
cat /proc/interrupts | grep virtio
[ "$LAB_SHELL" != 1 ] || exec setsid cttyhack sh
case $(cat /sys/class/misc/hw_random/rng_current) in
virtio_rng*) ;;
*) echo "lab: no virtio-rng"; exit 1 ;;
esac
n=$(head -c 1024 /dev/hwrng | wc -c)
[ "$n" = 1024 ] || { echo "lab: $n bytes of 1024 from /dev/hwrng"; exit 1; }
echo "lab: 1 KiB of entropy read"
[ -b /dev/vda ] || { echo "lab: no /dev/vda"; exit 1; }

head -c 4194304 /dev/urandom >/tmp/new
echo "lab: i/o begins"
echo "lab: read: $(dd if=/dev/vda bs=256k count=16 2>/dev/null | md5)"
dd if=/tmp/new of=/dev/vda bs=256k seek=16 conv=fsync 2>/dev/null || exit 1
echo "lab: i/o ends"
echo "lab: wrote: $(md5 </tmp/new)"
echo 3 >/proc/sys/vm/drop_caches
[ "$(dd if=/dev/vda bs=256k skip=16 count=16 2>/dev/null | md5)" = "$(md5 </tmp/new)" ] ||
	{ echo "lab: what was written does not come back"; exit 1; }

dev=$(basename "$(readlink -f /sys/block/vda/device)")
echo "lab: kill the back end"
n=0
while [ $(($(cat "/sys/bus/virtio/devices/$dev/status") & 0x40)) = 0 ]; do
	n=$((n + 1))
	[ $n -lt 100 ] || { echo "lab: $dev does not say that it needs a reset"; exit 1; }
	sleep 0.1
done
echo "lab: $dev needs a reset"
sleep 4
cd /sys/bus/virtio/drivers/virtio_blk || exit 1
echo "$dev" >unbind
echo "$dev" >bind
head -c 4194304 /dev/urandom >/tmp/new
dd if=/tmp/new of=/dev/vda bs=256k seek=32 conv=fsync 2>/dev/null ||
	{ echo "lab: the disk does not work after its reset"; exit 1; }
echo "lab: wrote later: $(md5 </tmp/new)"
exit 0
