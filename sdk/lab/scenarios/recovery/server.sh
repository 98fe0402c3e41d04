#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Parameters: SIZE_MIB=24 each way, KILLS=6.
. /lab/lib.sh
kills=${KILLS:-6}

modprobe kvm-amd && [ -c /dev/kvm ] || fail "no KVM on the server"
huge_pages 8
the_card
set_on_card '"restart": {"limit": 0}'

status() { vmhi set list --json | jq -r ".[0].$1"; }
spare_is_ready() { [ "$(status spare)" -gt 0 ]; }

# kill_often: from when the transfer has begun, a kill every two seconds, each once a spare is ready
kill_often()
{
	wait_for 200 grep -q '^lab: transfer begins' /results/guest.log || return
	i=0
	while [ $i -lt "$kills" ]; do
		sleep 2
		wait_for 20 spare_is_ready || break
		kill -9 "$(status worker)"
		i=$((i + 1))
		grep -q '^guest-status' /results/guest.log && break
	done
	echo $i >/results/kills
}

say "starting the guest: Debian's kernel under KVM, its eth0 on set lan0"
: >/results/guest.log
kill_often &
killer=$!
vmhi run --name guest --memory 256M --kernel /guest/vmlinux --initrd /guest/initramfs --net lan0 \
	--cmdline "console=ttyS0 quiet" 2>/results/vmhi.log </dev/null | while IFS= read -r line; do
	line=$(echo "$line" | tr -d '\r')
	echo "$line" >>/results/guest.log
	case $line in
	"lab: "* | "xfer: "*) echo "lab: guest: ${line#*: }" ;;
	esac
done
wait $killer
cp /run/vmhi/sets/lan0/log /results/lan0.log
vmhi set list --json >/results/set.json
grep -q '^guest-status: 0' /results/guest.log ||
	fail "the guest failed: $(tail -1 /results/vmhi.log) $(grep . /results/guest.log | tail -1)"
done=$(cat /results/kills)
[ "$done" -ge 3 ] || fail "only $done kills fell into the transfer: raise SIZE_MIB"
[ "$(status restarts)" = "$done" ] || fail "$done kills, but $(status restarts) restarts"
jq -r '.[0].recoveries[] | "lab: \(.cause): back after \(.ms) ms"' /results/set.json
say "$done kills in a transfer whose checksums match"
vmhi set stop lan0 || fail "the set does not stop"
left=$(pidof vmhi vmhi-vm vmhi-driverd vmhi-worker)
[ -z "$left" ] || fail "still running: $left"
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
