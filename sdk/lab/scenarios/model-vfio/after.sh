# SPDX-License-Identifier: Apache-2.0
# The same outside judge as nic-82574's.
. "$LAB_SRC/sdk/lab/scenarios/nic-82574/after.sh"
