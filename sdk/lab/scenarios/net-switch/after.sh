# SPDX-License-Identifier: Apache-2.0
# An outside judge of what went over the wire.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
capture_sound "$LAB_OUT/w0.pcap"
capture_has "$LAB_OUT/w0.pcap" 'frame.len > 9000 && icmp' 'jumbo frames'
capture_has "$LAB_OUT/w0.pcap" 'vlan.id == 20 && icmp' 'VLAN 20'
echo "lab: capture: $(capture_count "$LAB_OUT/w0.pcap" frame) frames, none malformed, no wrong checksum"
if [ "$(capture_count "$LAB_OUT/w0.pcap" 'eth.src == 52:54:00:66:66:66')" != 0 ]; then
	echo "lab: error: a spoofed MAC reached the wire"
	exit 1
fi
