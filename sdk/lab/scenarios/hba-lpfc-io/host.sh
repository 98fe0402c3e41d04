# SPDX-License-Identifier: Apache-2.0
# The same fabric and target as hba-lpfc-faults', without a capture of some gigabytes.
FC_CAPTURE=no
. "$LAB_SRC/sdk/lab/scenarios/hba-lpfc-faults/host.sh"
