# SPDX-License-Identifier: Apache-2.0
# For server.sh: ". /lab/lib.sh". Progress, failure, and the few things every scenario does.

# say TEXT: a progress line on the development host's terminal
say() { echo "lab: $*"; }

# fail TEXT: ends the scenario; the line is what the user sees
fail() { echo "lab: error: $*"; exit 1; }

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for()
{
	local n=$(($1 * 5))
	shift
	while ! "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		sleep 0.2
	done
}

# pci_devices VENDOR:DEVICE: the addresses of those PCI devices
pci_devices()
{
	local d
	for d in /sys/bus/pci/devices/*; do
		[ "$(cat "$d/vendor"):$(cat "$d/device")" = "0x${1%:*}:0x${1#*:}" ] && echo "${d##*/}"
	done
}

# vfio_bind ADDRESS: gives a PCI device to vfio-pci; prints its IOMMU group
vfio_bind()
{
	local d=/sys/bus/pci/devices/$1
	[ -e "$d/iommu_group" ] || fail "$1 is in no IOMMU group"
	[ ! -e "$d/driver" ] || echo "$1" >"$d/driver/unbind"
	echo vfio-pci >"$d/driver_override"
	echo "$1" >/sys/bus/pci/drivers/vfio-pci/bind || fail "vfio-pci does not bind $1"
	basename "$(readlink -f "$d/iommu_group")"
}

# the_card: loads VFIO; $card is the 82574L's address
the_card()
{
	modprobe vfio_iommu_type1
	modprobe vfio-pci || fail "vfio-pci does not load"
	card=$(pci_devices 8086:10d3)
	[ -n "$card" ] || fail "no 82574L (8086:10d3) on the bus"
}

# huge_pages N: QEMU's card loses a frame whose buffer is not contiguous in the server's memory (doc/lab.md)
huge_pages()
{
	sysctl -qw vm.nr_hugepages="$1"
	[ "$(cat /proc/sys/vm/nr_hugepages)" = "$1" ] || fail "no $1 huge pages to be had"
}

# set_on_card [MEMBER...]: set lan0 on the card, driven by the plugin; further members of its configuration
set_on_card()
{
	vmhi device bind "$card" || fail "$card cannot be bound"
	mkdir -p /etc/vmhi/sets
	echo "{\"name\": \"lan0\", \"driver\": \"/vmhi/82574.so\", \"devices\": [\"$card\"]${1:+, $*}}" \
		>/etc/vmhi/sets/lan0.json
	vmhi set start lan0 || fail "the set does not start: $(tail -1 /run/vmhi/sets/lan0/log)"
}

# dmar_faults: how often a device touched memory that it was not given
dmar_faults() { dmesg | grep -c 'DMAR:.*fault addr'; }

# follow_guest LOG SECONDS [MARK]: shows a guest's lines as they come, until it says its status or
# a line that matches MARK
follow_guest()
{
	local seen=0 now end=$(($(cut -d. -f1 /proc/uptime) + $2))
	while :; do
		now=$(grep -c "^lab: " "$1" 2>/dev/null)
		now=${now:-0}
		[ "$now" = $seen ] || tr -d '\r' <"$1" | grep '^lab: ' | head -n "$now" | tail -n +$((seen + 1))
		seen=$now
		! grep -q "^guest-status:${3:+\|$3}" "$1" 2>/dev/null || break
		! grep -q '^vmhi.*: error: ' "$1" 2>/dev/null || fail "$(grep -m1 '^vmhi.*: error: ' "$1")"
		[ "$(cut -d. -f1 /proc/uptime)" -lt $end ] || fail "the guest does not come to its end: $(tail -1 "$1")"
		sleep 0.2
	done
}

# vm_memory: KiB that the processes of the one VM there is take beside its guest's memory
vm_memory()
{
	local p files=
	for p in $(pidof vmhi-vm); do
		files="$files /proc/$p/smaps"
	done
	awk '/^[0-9a-f]+-[0-9a-f]+ / { guest = /memfd:|hugepage/ }
	     /^Rss:/ && !guest { sum += $2 } END { print sum }' $files
}
