# SPDX-License-Identifier: Apache-2.0
# tshark on every frame of the fabric, and what the model had to say.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
capture_sound "$LAB_OUT/fabric.pcap"
# one for each command that got no answer, one of them sent twice
aborts=$(capture_count "$LAB_OUT/fabric.pcap" 'fc.r_ctl == 0x81')
[ "$aborts" -ge 5 ] || capture_fail "$aborts ABTS on the fibre, not 5 or more"
! grep -q 'DMA fault' "$LAB_OUT/model0.log" ||
	capture_fail "the model says: $(grep -m1 'DMA fault' "$LAB_OUT/model0.log")"
echo "lab: capture: $(capture_count "$LAB_OUT/fabric.pcap" frame) frames, none malformed, $aborts ABTS"
