# SPDX-License-Identifier: Apache-2.0
# What the model had to say.
! grep 'DMA fault' "$LAB_OUT/model0.log" || { echo "lab: error: the model had a DMA fault"; exit 1; }
