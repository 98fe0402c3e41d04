# SPDX-License-Identifier: Apache-2.0
# What iscsi-test-cu said, as a table: family, test, outcome, and why it was skipped or failed.
# CUnit says "passed" of a skipped test too.
function row()
{
	if (test)
		printf "| %s | %s | %s | %s |\n", suite, test, outcome, why
	test = ""
}
/^Suite: / { row(); suite = $2 }
/^  Test: / { row(); test = $2; outcome = "passed"; why = "" }
match($0, /\[(SKIPPED|FAILED)\] /) && test {
	if (outcome == "passed")
		outcome = substr($0, RSTART + 1, RLENGTH - 3) == "SKIPPED" ? "skipped" : "failed"
	if (!why)
		why = substr($0, RSTART + RLENGTH)
}
/(^|\.\.\.)FAILED$/ && test { outcome = "failed" }
/^Run Summary/ { row() }
