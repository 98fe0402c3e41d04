# SPDX-License-Identifier: Apache-2.0
# Every folder below that holds a Makefile is a driver. Each is built by that Makefile alone, as its
# vendor would build it outside this tree, so a new driver changes nothing here.
