# SPDX-License-Identifier: Apache-2.0
# The ABI as it was released, and the test that holds the headers to it.
check_PROGRAMS += sdk/abi/layout
sdk_abi_layout_SOURCES = %D%/layout.c %D%/layout-0.1.def
dist_check_SCRIPTS += %D%/test-headers
TESTS += sdk/abi/test-headers
EXTRA_DIST += %D%/constants-0.1
