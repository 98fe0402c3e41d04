# SPDX-License-Identifier: Apache-2.0
# LUN 0 is the port's, LUN 1 is for a virtual port only, LUN 2 for a name that never comes.
set -e
. "$LAB_SRC/sdk/lab/fc.sh"
for l in 0 1 2; do
	truncate -s 16M "$LAB_WIRES/lun$l"
done
fc_fabric port0 port1
fc_target port1 "0=$LAB_WIRES/lun0,mask=100000109b000001" "1=$LAB_WIRES/lun1,mask=10000000c9000042" \
	"2=$LAB_WIRES/lun2,mask=10000000c9000099"
