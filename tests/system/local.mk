# SPDX-License-Identifier: Apache-2.0
noinst_PROGRAMS += tests/system/hold-thread
tests_system_hold_thread_SOURCES = %D%/hold-thread.c
