# SPDX-License-Identifier: Apache-2.0
# The 82574 driver on the 82574 model, over vfio-user: every test of plugin-host, as the lab runs
# them on QEMU's own card. Without the means for some of them, these are skipped and not passed.
. "$(dirname "$0")/lib.sh"

card --faults "$tmp/faults"
peer() # [OPTION...]: the far end of the wire
{
	rm -f "$tmp/far"
	"$build/tests/plugin-host/plugin-peer" "$@" "$tmp/far" "$tmp/near" &
	peer=$!
	started=($model $peer)
	wait_for 5 test -S "$tmp/far" || die "the wire's far end does not start"
}
host() # [TEST...]: plugin-host
{
	timeout 300 "$build/tests/plugin-host/plugin-host" --mac 52:54:00:12:34:50 --speed 1000 \
		--takeover 3 --vfio-user "$tmp/card" "$build/plugins/nic/intel/82574/82574.so" "$@" >"$tmp/tests" 2>&1
}

peer --pcap "$tmp/wire.pcap" --model $model --faults "$tmp/faults"
host
cat "$tmp/tests"
grep -q '^[1-9][0-9]* passed, 0 failed, 0 skipped$' "$tmp/tests" ||
	die "$(grep -m 1 -E '^(FAIL|skip)' "$tmp/tests" || tail -1 "$tmp/tests")"
grep -q 'the device judged \([0-9]*\) of \1 checksums' "$tmp/tests" || fault "some checksum was not judged"
. "$top/sdk/lab/capture.sh"
(capture_sound "$tmp/wire.pcap") || exit 1

kill $peer
wait $peer
peer
host cable cable-polled stop-unplugged stats-errors hung && fault "none could run, and that is success"
grep -q '^0 passed, 0 failed, 5 skipped$' "$tmp/tests" || fault "without switches: $(tail -1 "$tmp/tests")"
grep -q '^skip cable: plugin-peer has no switch for the cable' "$tmp/tests" || fault "cable is not skipped"
grep -q '^skip hung: plugin-peer has no fault switches' "$tmp/tests" || fault "hung is not skipped"

# A card of another make is as right: another speed, and a hash of its own to spread flows by.
mkdir "$tmp/other"
cp "$top"/plugins/nic/intel/82574/*.[ch] "$top/plugins/nic/intel/82574/Makefile" "$tmp/other"
sed -i 's/0xda565a6d/0x12345678/' "$tmp/other/rx.c"
grep -q 'ev.arg\[1\] = ' "$tmp/other/link.c" || die "link.c says the speed in another way"
sed -i 's/ev.arg\[1\] = .*/ev.arg[1] = 25000;/' "$tmp/other/link.c"
PKG_CONFIG_PATH=$build/sdk make -C "$tmp/other" >"$tmp/make.log" 2>&1 || die "$(tail -1 "$tmp/make.log")"
timeout 100 "$build/tests/plugin-host/plugin-host" --vfio-user "$tmp/card" "$tmp/other/other.so" link vectors \
	receive-spread >"$tmp/tests" 2>&1 || fault "another card: $(grep -B1 -m1 ^FAIL "$tmp/tests")"

host frob attach && fault "a test that is not there runs"
grep -q '^plugin-host: no test "frob": there are$' "$tmp/tests" && grep -qx attach "$tmp/tests" ||
	fault "no test frob: $(head -1 "$tmp/tests")"
ended
