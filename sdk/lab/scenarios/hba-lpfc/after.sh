# SPDX-License-Identifier: Apache-2.0
# tshark on what went over the fibre, and what the model itself had to say.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
capture_sound "$LAB_OUT/fabric.pcap"
capture_has "$LAB_OUT/fabric.pcap" 'fcels.opcode == 4' FLOGI
capture_has "$LAB_OUT/fabric.pcap" 'fcels.opcode == 3' 'PLOGI to the name server'
capture_has "$LAB_OUT/fabric.pcap" fcdns 'name server requests'
! grep 'DMA fault\|is lost\|not there' "$LAB_OUT/model0.log" >"$LAB_OUT/model0.wrong" ||
	capture_fail "the model says: $(head -1 "$LAB_OUT/model0.wrong")"
echo "lab: capture: $(capture_count "$LAB_OUT/fabric.pcap" frame) frames, none malformed"
