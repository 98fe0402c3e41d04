/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_HOST_CRASH_H
#define PLUGIN_HOST_CRASH_H

#include "tests/plugin-host/host.h"

/*
 * From here on a crash, and an alarm, end the program with a line that says the test, the fault, its
 * place and the operation. inside: an address in the driver, which was loaded from so_path.
 */
void crash_watch(const struct vmhi_host_context *h, const char *so_path, const void *inside);
/* The test that begins. */
void crash_test(const char *name);

#endif
