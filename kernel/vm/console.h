/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte stream between the guest's console device (serial port or virtio-console) and a person:
 * the process's own terminal, or whoever attached with the control op "console". With nobody
 * attached the last 64 KiB of output are kept and shown at the next attach.
 */
#ifndef KERNEL_VM_CONSOLE_H
#define KERNEL_VM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/lib/err.h"

struct vm;
struct console;

/*
 * What the device does when there is input for it: takes up to n bytes and returns how many it
 * took; the rest is offered again after console_input_ready(). Main thread, vm->lock held.
 */
typedef size_t (*console_input_fn)(void *arg, const void *data, size_t n);

/* There is room for output again after console_output() took less. Same thread and lock. */
typedef void (*console_room_fn)(void *arg);

struct console *console_new(struct vm *vm, struct err *e);
void console_free(struct console *c);

void console_set_device(struct console *c, console_input_fn input, console_room_fn room, void *arg);

/*
 * Output from the device. Returns how many bytes were taken: fewer than n only while somebody is
 * attached who has not read for less than two seconds; then the oldest output gives way, so that a
 * forgotten terminal cannot hold the guest. Any thread, vm->lock held.
 */
size_t console_output(struct console *c, const void *data, size_t n);
bool console_output_room(struct console *c);

/* The device can take input again. Any thread, vm->lock held. */
void console_input_ready(struct console *c);

/*
 * The process's own terminal (raw until console_free; Ctrl-A x ends the VM, Ctrl-A Ctrl-A is one
 * Ctrl-A), or a connection, which it then owns. A new connection takes the place of an older one;
 * -EBUSY while the terminal is attached. Main thread, vm->lock not held.
 */
int console_attach_stdio(struct console *c, struct err *e);
int console_attachable(struct console *c, struct err *e);
void console_attach(struct console *c, int fd);

#endif
