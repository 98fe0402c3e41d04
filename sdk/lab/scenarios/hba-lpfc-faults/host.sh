# SPDX-License-Identifier: Apache-2.0
# A fabric, a target with two LUNs, and what passes the server's wishes on to both.
set -e
. "$LAB_SRC/sdk/lab/fc.sh"
truncate -s 256M "$LAB_WIRES/lun0"
truncate -s 16M "$LAB_WIRES/lun1"
: >"$LAB_WIRES/asked"
fc_fabric card.port target.port
fc_target target.port "0=$LAB_WIRES/lun0" "1=$LAB_WIRES/lun1"
tail -n +1 -f "$LAB_WIRES/asked" 2>/dev/null |
	"$LAB_BUILD/sdk/lab/switches" "$LAB_WIRES" >"$LAB_OUT/switches.log" 2>&1 &
