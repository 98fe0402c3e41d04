# SPDX-License-Identifier: Apache-2.0
# An outside judge of what the card sent.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
[ -z "${TESTS:-}" ] || exit 0
capture_sound "$LAB_OUT/w0.pcap"
capture_has "$LAB_OUT/w0.pcap" 'frame.len == 9014' 'jumbo frames'
capture_has "$LAB_OUT/w0.pcap" 'vlan.id == 7 && tcp' 'TCP on VLAN 7'
echo "lab: capture: $(capture_count "$LAB_OUT/w0.pcap" frame) frames, none malformed, no wrong checksum"
