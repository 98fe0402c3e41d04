#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A short fault campaign (tests/faults): no guest and no other process may be lost.
set -u
build=$(readlink -f "$1")
[ "$(id -u)" = 0 ] || { echo "writing into another process's memory takes root"; exit 77; }
"$build/tests/faults/campaign" --build "$build" --seed 1 --count 200
