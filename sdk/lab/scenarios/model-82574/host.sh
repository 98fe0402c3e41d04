# SPDX-License-Identifier: Apache-2.0
# The same far end as lab-net's.
LAB_SCENARIO=$LAB_SRC/sdk/lab/scenarios/lab-net
. "$LAB_SCENARIO/host.sh"
