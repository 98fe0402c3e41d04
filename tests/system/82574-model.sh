# SPDX-License-Identifier: Apache-2.0
# The 82574 driver on the 82574 model, over vfio-user: every test of plugin-host, as the lab runs
# them on QEMU's own card.
. "$(dirname "$0")/lib.sh"

model=$build/plugins/nic/intel/82574/model/82574-model
"$model" --socket "$tmp/card" --wire "dgram:$tmp/near,$tmp/far" --mac 52:54:00:12:34:50 \
	--faults "$tmp/faults" &
card=$!
started+=($card)
wait_for 5 test -S "$tmp/card" || die "the model does not start"
"$build/tests/plugin-host/plugin-peer" --pcap "$tmp/wire.pcap" --model $card \
	--faults "$tmp/faults" "$tmp/far" "$tmp/near" &
started+=($!)
wait_for 5 test -S "$tmp/far" || die "the wire's far end does not start"
timeout 300 "$build/tests/plugin-host/plugin-host" --mac 52:54:00:12:34:50 \
	--vfio-user "$tmp/card" "$build/plugins/nic/intel/82574/82574.so" >"$tmp/tests" 2>&1
cat "$tmp/tests"
grep -q '^[1-9][0-9]* passed, 0 failed$' "$tmp/tests" ||
	die "$(grep -m 1 '^FAIL' "$tmp/tests" || tail -1 "$tmp/tests")"
. "$top/sdk/lab/capture.sh"
(capture_sound "$tmp/wire.pcap") || exit 1
ended
