# SPDX-License-Identifier: Apache-2.0
# What is in the LUNs, and tshark on every frame.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
grep -q '^still of the port' <(head -c 64 "$LAB_WIRES/lun0") || capture_fail "LUN 0 has not what was written"
grep -q '^of the virtual port' <(head -c 64 "$LAB_WIRES/lun1") || capture_fail "LUN 1 has not what was written"
cmp -s "$LAB_WIRES/lun2" <(head -c 16M /dev/zero) || capture_fail "something was written to LUN 2"
capture_sound "$LAB_OUT/fabric.pcap"
capture_has "$LAB_OUT/fabric.pcap" 'fcels.opcode == 0x51' FDISC
echo "lab: capture: $(capture_count "$LAB_OUT/fabric.pcap" frame) frames, none malformed"
