# SPDX-License-Identifier: Apache-2.0
# For local.sh: ". "$LAB_SRC/sdk/lab/local-lib.sh"". Messages, a network of its own, and a guest directly
# in QEMU whose network card a set of ours serves.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

backend=
trap '[ -z "$backend" ] || { kill $backend && wait $backend; } 2>/dev/null || true' EXIT
export VMHI_RUN_DIR=$LAB_WIRES/run

say() { echo "lab: $*"; }
fail() { echo "lab: error: $*"; exit 1; }

# own_network: runs the script once more, in a network namespace of its own; without privilege as root
# of a user namespace
own_network()
{
	local flags=-n
	[ "${LAB_INSIDE:-}" != 1 ] || return 0
	[ "$(id -u)" = 0 ] || flags=-rn
	LAB_INSIDE=1 exec unshare $flags --kill-child bash "$0"
}

# wait_for FAILURE COMMAND...: 10 s at most, or $patience
wait_for()
{
	local end=$((SECONDS + ${patience:-10}))
	until "${@:2}" 2>/dev/null; do
		[ $SECONDS -lt $end ] || fail "$1; the back end said last: $(tail -n 1 "$LAB_OUT/backend.log" 2>/dev/null)"
		sleep 0.1
	done
}

# start_set CONFIG: with $backend as its keeper
start_set()
{
	[ -x "$LAB_BUILD/vmhi-driverd" ] || fail "no $LAB_BUILD/vmhi-driverd: build first"
	echo "$1" >"$LAB_OUT/set.json"
	"$LAB_BUILD/vmhi-driverd" --config "$LAB_OUT/set.json" >"$LAB_OUT/backend.log" 2>&1 </dev/null &
	backend=$!
}

# qemu_guest SECONDS SOCKET [CARD-OPTION]: boots the guest with a card on that port, and shows its lines;
# its console is in $LAB_OUT/guest.log, QEMU's process id in $LAB_OUT/qemu.pid. QEMU 7.2 crashes on MSI-X
# of a vhost-user card under software emulation: vectors=0.
qemu_guest()
{
	local log=$LAB_OUT/guest.log
	timeout "$1" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -cpu max -m 256 -nodefaults \
		-no-reboot -pidfile "$LAB_OUT/qemu.pid" -M q35,memory-backend=m0 \
		-object memory-backend-memfd,id=m0,size=256M,share=on \
		-kernel "$LAB_GUEST/vmlinux" -initrd "$LAB_GUEST/initramfs" \
		-append "console=ttyS0 quiet nokaslr mitigations=off cryptomgr.notests panic=-1" \
		-display none -serial "file:$log" \
		-chardev "socket,id=c0,path=$2,reconnect=1" -netdev vhost-user,id=n0,chardev=c0 \
		-device "virtio-net-pci,netdev=n0,vectors=0,romfile=,mac=52:54:00:12:34:60${3:+,$3}" \
		</dev/null >"$LAB_OUT/qemu.log" 2>&1 ||
		fail "QEMU ended with status $?: $(tail -n 1 "$LAB_OUT/qemu.log")"
	tr -d '\r' <"$log" |
		sed -n 's/^guest: /lab: guest: /p; s/^xfer: /lab: guest: /p; s/^round-trip/lab: guest: ping: &/p'
	grep -q '^guest-status: 0' "$log" ||
		fail "guest.sh failed, and said last: $(tr -d '\r' <"$log" | grep -v -e '^guest-status' -e '^\[' | tail -1)"
	[ -z "$backend" ] || kill -0 "$backend" || fail "the back end died: $(tail -n 1 "$LAB_OUT/backend.log")"
}
