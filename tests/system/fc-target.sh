# SPDX-License-Identifier: Apache-2.0
# fc-target as a program: what it refuses, its way into fc-fabric's fabric, its switches, its end.
. "$(dirname "$0")/lib.sh"

lun=$tmp/lun
truncate -s 1M "$lun"
printf x >"$tmp/small"
names=(--wwpn 20:01:00:00:00:00:00:01 --wwnn 2000000000000001)
target=(fc-target --wire none "${names[@]}")

refused 'missing: --wire' fc-target "${names[@]}"
refused 'no name of 16 hex digits: 123' fc-target --wire none --wwpn 123
refused 'no name of 16 hex digits: 20:01' fc-target --wire none --wwpn 20:01:00:00:00:00:00:01:
refused 'not understood: more' "${target[@]}" more
refused 'not an option' "${target[@]}" --colour
refused 'no LUN, N=FILE: x' "${target[@]}" --lun x
refused 'no option of a LUN: colour' "${target[@]}" --lun "0=$lun,colour"
refused 'no port name of 16 hex digits.*: 12' "${target[@]}" --lun "0=$lun,mask=12"
refused 'LUN 0: given twice' "${target[@]}" --lun "0=$lun" --lun "0=$lun"
refused 'LUN 256: above 255' "${target[@]}" --lun "256=$lun"
refused '/nonexistent: cannot open' "${target[@]}" --lun 0=/nonexistent
refused 'small: smaller than one block' "${target[@]}" --lun "0=$tmp/small"
refused 'small: no reservations of this program' "${target[@]}" \
	--lun "0=$lun,reservations=$tmp/small"
refused 'control .*small: ' "${target[@]}" --control "$tmp/small"

# switch COMMAND: to the target's control socket
switch()
{
	python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), sys.argv[1])' \
		"$tmp/control" "$1"
}

in_fabric() { [ "$(grep -c 'in the fabric as 010100' "$tmp/target.log")" = "$1" ]; }
fc-fabric --port "$tmp/f0" 2>"$tmp/fabric.log" &
started+=($!)
fc-target --wire "fc:$tmp/f0" "${names[@]}" --lun "0=$lun" --control "$tmp/control" \
	2>"$tmp/target.log" &
pid=$!
started+=($pid)
wait_for 5 in_fabric 1 || die "no login: $(tail -1 "$tmp/target.log")"
switch "bounce 100"
wait_for 5 in_fabric 2 || fault "not back after its link bounced: $(tail -1 "$tmp/target.log")"
switch vanish
wait_for 5 grep -q 'link down' "$tmp/fabric.log" || fault "it has not vanished"
switch back
wait_for 5 in_fabric 3 || fault "not back: $(tail -1 "$tmp/target.log")"
switch wobble
wait_for 5 grep -q 'no command "wobble"' "$tmp/target.log" || fault "a wrong switch is not told"
kill $pid
wait $pid || fault "SIGTERM ends it with $?"
[ ! -e "$tmp/control" ] || fault "its control socket is still there"
ended
