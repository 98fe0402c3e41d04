# SPDX-License-Identifier: Apache-2.0
# An outside judge of what went over the wire, and what the model itself had to say.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
capture_sound "$LAB_OUT/w0.pcap"
capture_has "$LAB_OUT/w0.pcap" 'vlan.id == 7 && tcp' 'TCP on VLAN 7'
! grep 'DMA fault\|VT-d\|dropped' "$LAB_OUT/model0.log" >"$LAB_OUT/model0.faults" ||
	capture_fail "the model says: $(head -1 "$LAB_OUT/model0.faults")"
echo "lab: capture: $(capture_count "$LAB_OUT/w0.pcap" frame) frames, none malformed, no wrong checksum"
