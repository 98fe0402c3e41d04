# SPDX-License-Identifier: Apache-2.0
# Nothing to do: what is measured ends where init says its first line.
