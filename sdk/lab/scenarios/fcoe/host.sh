# SPDX-License-Identifier: Apache-2.0
# A fabric that is an FCoE forwarder at the far end of the wire, and a disk array on a fibre of it.
set -e
control=$LAB_WIRES/fabric.control lun=$LAB_OUT/lun
"$LAB_BUILD/fc-fabric" --port "$LAB_WIRES/target" --control "$control" --pcap "$LAB_OUT/fc.pcap" \
	--fcoe "dgram:$LAB_WIRES/w0.peer,$LAB_WIRES/w0.server" >"$LAB_OUT/fabric.log" 2>&1 </dev/null &
head -c 64M /dev/urandom >"$lun"
"$LAB_BUILD/fc-target" --wire "fc:$LAB_WIRES/target" --wwpn 2100000000000a01 --wwnn 2000000000000a01 \
	--lun "0=$lun" >"$LAB_OUT/target.log" 2>&1 </dev/null &
for _ in $(seq 50); do
	! grep -q '2100000000000a01 logs in' "$LAB_OUT/fabric.log" || break
	sleep 0.1
done
grep -q '2100000000000a01 logs in' "$LAB_OUT/fabric.log"
echo "LUN_SUM=$(head -c 4M "$lun" | md5sum | cut -d' ' -f1)"

# The server asks for a fault by writing its command to the LUN's last block.
(
	while sleep 0.2; do
		ask=$(tail -c 512 "$lun" | tr -d '\0' | sed -n 's/^ask: //p')
		[ -n "$ask" ] && [ "$ask" != "${did:-}" ] || continue
		did=$ask
		python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), sys.argv[1])' "$control" "$ask"
	done
) >"$LAB_OUT/asks.log" 2>&1 </dev/null &
