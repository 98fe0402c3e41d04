# SPDX-License-Identifier: Apache-2.0
set -e
. "$LAB_SRC/sdk/lab/fc.sh"
FC_CAPTURE=no
truncate -s 64M "$LAB_WIRES/lun0"
fc_fabric port0 port1
fc_target port1 "0=$LAB_WIRES/lun0"
