#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. /lab/lib.sh

the_card
vmhi device bind "$card" || fail "$card cannot be bound"

# set_of DRIVER: writes the configuration of a set on the card
set_of() { echo "{\"name\": \"lan0\", \"driver\": \"$1\", \"devices\": [\"$card\"], \"ports\": [{\"name\": \"p0\"}]}" >/tmp/lan0.json; }

set_of /vmhi/hostile.so
vmhi-driverd --config /tmp/lan0.json 2>/results/hostile.log && fail "a driver that gives up makes a set"
grep -q 'it has transmitted from where it has no memory' /results/hostile.log ||
	fail "the hostile driver did not get to it: $(tail -1 /results/hostile.log)"
dmesg | grep 'DMAR:.*fault addr' >/results/dmar.log
for at in 0x66600000 0x77700000; do
	grep -q "${card#0000:}.*fault addr $at" /results/dmar.log ||
		fail "no DMAR fault at $at: $(tail -1 /results/dmar.log)"
done
say "two DMA reads outside the map: stopped by the IOMMU, $(wc -l </results/dmar.log) lines in the server's log"
[ $(($(od -An -tu1 -j4 -N1 "/sys/bus/pci/devices/$card/config") & 4)) = 0 ] ||
	fail "Bus Master stays on behind the hostile driver"

set_of /vmhi/82574.so
vmhi-driverd --config /tmp/lan0.json 2>/results/after.log &
keeper=$!
wait_for 30 test -S /run/vmhi/sets/lan0/control || fail "no set afterwards: $(tail -1 /results/after.log)"
wait_for 20 eval 'vmhi port list | grep -q "uplink0.*yes"' || fail "the link stays down afterwards"
ringclient /run/vmhi/sets/lan0/ports/p0 sink 1 >/tmp/client || fail "ringclient: $(cat /tmp/client)"
[ "$(dmar_faults)" = "$(wc -l </results/dmar.log)" ] || fail "DMAR faults of a good driver"
grep denied /results/after.log && fail "a good driver makes calls that are denied"
vmhi set stop lan0 || fail "the set does not stop"
wait $keeper || fail "the keeper's status afterwards: $(tail -1 /results/after.log)"
say "a good driver on the same card afterwards: no fault, no denied call"
