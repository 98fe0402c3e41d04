// SPDX-License-Identifier: Apache-2.0
/* The vhost-user front end against a back end whose every answer comes from the fuzzer. */
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/vm/memory.h"
#include "kernel/vm/vhost-user-fe.h"

static struct guest_region ram = {.gpa = 0, .size = 1 << 20, .fd = -1};

const struct guest_region *guest_regions(struct vm *vm, int *n)
{
	*n = 1;
	return &ram;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void converse(struct vhost_fe *fe, int sock, int event)
{
	struct vhost_ring ring = {
		.size = 16, .kick = event, .call = event, .err = event, .enable = true};
	uint8_t config[60];
	uint32_t base;
	struct err e;

	if (vhost_fe_hello(fe, sock, &e))
		return;
	if (!vhost_fe_get_config(fe, config, sizeof(config), &e) &&
	    !vhost_fe_start(fe, fe->features, &ring, 1, &e))
		vhost_fe_stop_ring(fe, 0, &base, &e);
	vhost_fe_close(fe);
	vhost_fe_forget_inflight(fe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vhost_fe fe;
	int s[2], event = eventfd(0, EFD_CLOEXEC);

	if (size > 16384 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s))
		return 0;
	if (ram.fd < 0)
		ram.fd = event;
	vhost_fe_init(&fe, NULL);
	fe.wire.timeout_ms = 10;
	if (write(s[1], data, size) == (ssize_t)size && !shutdown(s[1], SHUT_WR))
		converse(&fe, s[0], event);
	else
		close(s[0]);
	close(s[1]);
	ram.fd = -1;
	close(event);
	return 0;
}
