# SPDX-License-Identifier: Apache-2.0
# The table of results, and what may be in it.
set -e
. "$LAB_SRC/sdk/lab/capture.sh"
table=$LAB_OUT/table.md
awk -f "$LAB_SCENARIO/table.awk" "$LAB_OUT/results/tests" >"$table"
count() { grep -c "| $1 |" "$table" || true; }

failed=$(grep '| failed |' "$table" || true)
[ -z "$failed" ] || capture_fail "$(echo "$failed" | head -1)"
[ "$(count passed)" -ge "${TESTS_PASSED:-120}" ] || capture_fail "only $(count passed) tests passed"
echo "lab: iscsi-test-cu: $(count passed) passed, $(count skipped) skipped; $table"
grep '| skipped |' "$table" | cut -d'|' -f5 | sort | uniq -c | sort -rn >"$LAB_OUT/skipped"
