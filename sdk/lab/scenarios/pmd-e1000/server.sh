#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lines of /results/rates: side, mode, packets a second as the side saw them in each second.
. /lab/lib.sh
the_card
vfio_bind "$card" >/dev/null
mkdir -p /dev/hugepages /var/run
mount -t hugetlbfs hugetlbfs /dev/hugepages || fail "no hugetlbfs"
echo 128 >/proc/sys/vm/nr_hugepages
seconds=${SECONDS_EACH:-4}

ours()
{
	/vmhi/bench/cardrate "$card" /vmhi/plugins/nic/intel/82574/82574.so "$1" "$seconds" \
		>/tmp/rates 2>/results/cardrate.log || fail "cardrate $1: $(tail -1 /results/cardrate.log)"
}

# The first second is left out, as in ours.
peer()
{
	way=io
	[ "$1" = forward ] || way=txonly
	dpdk-testpmd -l 0,1 --in-memory --no-telemetry -d /pmd/librte_mempool_ring.so.23 \
		-d /pmd/librte_net_e1000.so.23 -a "$card" -- \
		--forward-mode=$way --txpkts=60 --burst=32 --rxd=512 --txd=512 --nb-cores=1 \
		--total-num-mbufs=8192 --stats-period=1 --auto-start >/results/testpmd.log 2>&1 &
	pid=$!
	wait_for 60 enough || true
	kill -INT $pid 2>/dev/null
	wait $pid
	rates | sed 1d | head -n "$seconds" >/tmp/rates
	[ -s /tmp/rates ] || fail "testpmd $1: $(grep -m1 -iE 'error|cannot|fail' /results/testpmd.log || tail -1 /results/testpmd.log)"
}

rates() { sed -n 's/.*Tx-pps: *\([1-9][0-9]*\).*/\1/p' /results/testpmd.log; }
enough() { [ "$(rates | wc -l)" -gt "$((seconds + 1))" ] || ! kill -0 $pid; }

for pair in $(seq "${PAIRS:-3}"); do
	for mode in tx forward; do
		for side in ours peer; do
			$side $mode
			sed "s/^/$side $mode /" /tmp/rates >>/results/rates
			say "pair $pair: $side $mode: $(tr '\n' ' ' </tmp/rates)"
		done
	done
done
[ "$(dmar_faults)" = 0 ] || fail "DMAR faults: $(dmesg | grep -m1 'fault addr')"
