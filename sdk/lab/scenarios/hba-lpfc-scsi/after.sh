# SPDX-License-Identifier: Apache-2.0
# The table of results, and what may be in it.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
table=$LAB_OUT/table.md
awk -f "$LAB_SCENARIO/table.awk" "$LAB_OUT/results/tests" >"$table"
count() { grep -c "| $1 |" "$table" || true; }

# PRE-FETCH ends in CONDITION MET when all of it fits the cache (SBC-3); libiscsi takes that for an
# error when it came by SG_IO, and for what it is by iSCSI.
failed=$(grep '| failed |' "$table" | grep -v '^| Prefetch1[06] .*PREFETCH1[06] command: SCSI masked error' || true)
[ -z "$failed" ] || capture_fail "$(echo "$failed" | head -1)"
[ "$(count passed)" -ge "${TESTS_PASSED:-120}" ] || capture_fail "only $(count passed) tests passed"
echo "lab: iscsi-test-cu: $(count passed) passed, $(count skipped) skipped, $(count failed) of PRE-FETCH not told by SG_IO; $table"
grep '| skipped |' "$table" | cut -d'|' -f5 | sort | uniq -c | sort -rn >"$LAB_OUT/skipped"
