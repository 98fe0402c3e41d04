/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of vmhi: one function and one file each; main.c has their table. */
#ifndef KERNEL_CLI_CLI_H
#define KERNEL_CLI_CLI_H

/* argv[0] is the command's name. They answer the exit status: 0, 1 failed, 2 wrong usage. */
int cmd_device(int argc, char **argv);
int cmd_driver(int argc, char **argv);
int cmd_port(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_vm(int argc, char **argv);

#endif
