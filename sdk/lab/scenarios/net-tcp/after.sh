# SPDX-License-Identifier: Apache-2.0
# An outside judge of what went over the wire.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
capture_sound "$LAB_OUT/w0.pcap"
capture_has "$LAB_OUT/w0.pcap" 'frame.len > 9000 && tcp' 'jumbo TCP segments'
echo "lab: capture: $(capture_count "$LAB_OUT/w0.pcap" frame) frames, none malformed, no wrong checksum"
