# SPDX-License-Identifier: Apache-2.0
# An outside judge of what went over the wire.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
pcap=$LAB_OUT/w0.pcap
capture_sound "$pcap"
capture_has "$pcap" 'frame.len > 9000 && icmp && eth.src == 52:54:00:00:00:01' "guest a's jumbo frames"
capture_has "$pcap" 'frame.len > 9000 && icmp && eth.src == 52:54:00:00:00:02' "guest b's jumbo frames"
capture_has "$pcap" 'vlan.id == 20 && icmp' 'VLAN 20'
capture_lacks "$pcap" 'eth.src == 52:54:00:66:66:66' 'a spoofed MAC'
echo "lab: capture: $(capture_count "$pcap" frame) frames, none malformed, no wrong checksum, none spoofed"

# the card lets pass what is for its guests, and no other unicast frame
outside=$(capture_count "$pcap" '!(eth.src[0:4] == 52:54:00:00)')
foreign=$(capture_count "$pcap" 'eth.dst == 52:54:00:99:99:99')
passed=$(jq '[.[] | select(.kind == "driver")][0].rx_packets' "$LAB_OUT/results/ports.json")
[ "$foreign" -ge 100 ] || capture_fail "the outside sent $foreign frames to a foreign address, not 100"
[ "$passed" -le $((outside - foreign)) ] ||
	capture_fail "of $outside frames from outside, $foreign for nobody here, the card let $passed pass"
echo "lab: of $outside frames from outside the card let $passed pass, and none of $foreign for a foreign address"
