# SPDX-License-Identifier: Apache-2.0
# An outside judge of what the fabric saw, and of what is on the LUN in the end.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
pcap=$LAB_OUT/fc.pcap
capture_sound "$pcap"
capture_lacks "$pcap" '!fc || fcoe.crc.status != 1' 'no FC in them, or a wrong CRC'
logins=$(capture_count "$pcap" 'fcels.opcode == 0x04 && fc.type == 1')
[ "$logins" -ge 3 ] || capture_fail "$logins FLOGIs, not the target's and two of fcoe.ko's"
echo "lab: capture: $(capture_count "$pcap" fc) FC frames, $(capture_count "$pcap" fcp) of FCP, none malformed"
[ "$(dd if="$LAB_OUT/lun" bs=1M skip=32 count=4 2>/dev/null | md5sum | cut -d' ' -f1)" = \
	"$(cat "$LAB_OUT/results/written")" ] || capture_fail "what was written is not on the LUN"
rm -f "$LAB_OUT/lun"
