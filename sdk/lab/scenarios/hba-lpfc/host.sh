# SPDX-License-Identifier: Apache-2.0
# The fabric: the card plugs into port0.
set -e
. "$LAB_SRC/sdk/lab/fc.sh"
fc_fabric port0
