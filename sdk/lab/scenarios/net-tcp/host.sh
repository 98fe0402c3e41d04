# SPDX-License-Identifier: Apache-2.0
# The same far end as net-switch's.
LAB_SCENARIO=$LAB_SRC/sdk/lab/scenarios/net-switch
. "$LAB_SCENARIO/host.sh"
