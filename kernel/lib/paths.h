/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are: run-time folders, configuration, and our own programs. */
#ifndef KERNEL_LIB_PATHS_H
#define KERNEL_LIB_PATHS_H

#include <stddef.h>

#include "kernel/lib/err.h"

/* /run/vmhi for root, $XDG_RUNTIME_DIR/vmhi otherwise; VMHI_RUN_DIR overrides both. */
int path_run_dir(char *out, size_t n, struct err *e);

/* /etc/vmhi for root, $XDG_CONFIG_HOME/vmhi (or ~/.config/vmhi) otherwise; VMHI_CONFIG_DIR
 * overrides both. */
int path_config_dir(char *out, size_t n, struct err *e);

/* A program of ours: beside the running one (a build tree), else where it was installed. */
int path_program(const char *name, char *out, size_t n, struct err *e);

/* mkdir -p, mode 0755 for what it makes. */
int path_make_dirs(const char *path, struct err *e);

/* Names of sets, VMs and ports: 1 to 32 of [A-Za-z0-9._-], not beginning with a dot or dash. */
int path_check_name(const char *what, const char *name, struct err *e);

#endif
