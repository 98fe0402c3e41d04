// SPDX-License-Identifier: Apache-2.0
/*
 * Frames at a Fibre Channel target that is in a fabric and has one initiator logged in: records of
 * a length and a frame whose addresses are put right, half of the time.
 */
#include "sdk/models/fc/target/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OUR_ID 0x010200u
#define INITIATOR_ID 0x010100u

static void give(struct target *t, const struct fc_header *h, const void *p, size_t n)
{
	uint8_t frame[FC_FRAME_MAX] = {0};

	fc_header_put(frame, h);
	memcpy(frame + FC_HEADER_SIZE, p, n);
	target_receive(t, FC_SOF_I3, frame, FC_HEADER_SIZE + n, FC_EOF_T);
}

static void log_in(struct target *t)
{
	const struct fc_header h = {
		.r_ctl = FC_RCTL_ELS_REQUEST, .d_id = OUR_ID, .s_id = INITIATOR_ID,
		.type = FC_TYPE_ELS, .f_ctl = FC_FCTL_FIRST_SEQ | FC_FCTL_END_SEQ,
		.rx_id = FC_ID_NONE,
	};
	const struct fc_login l = {
		.command = FC_ELS_PLOGI, .frame_size = 2112, .class3_size = 2112, .wwpn = 1,
		.wwnn = 1,
	};
	const uint8_t prli[20] = {FC_ELS_PRLI, 16, 0, 20, FC_TYPE_FCP, 0, 0x20, 0, [19] = 0x22};
	uint8_t plogi[FC_LOGIN_SIZE];

	fc_login_put(plogi, &l);
	give(t, &h, plogi, sizeof(plogi));
	give(t, &h, prli, sizeof(prli));
	if (!session_find(t, INITIATOR_ID) || !session_find(t, INITIATOR_ID)->process)
		abort();
}

static struct target *make(struct model_loop *l, int fd)
{
	struct scsi_lu_config lu = {.block_size = 512};
	struct target *t = target_new(l, 2, 2);
	char path[64], why[256];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	lu.path = path;
	if (!t || scsi_lu_add(t->scsi, &lu, why, sizeof(why)) ||
	    target_wire(t, "none", why, sizeof(why)))
		abort();
	t->id = OUR_ID;
	log_in(t);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int fd = memfd_create("lun", MFD_CLOEXEC);
	struct model_loop *l = model_loop_new();
	struct target *t;

	if (fd < 0 || !l || ftruncate(fd, 64 * 512))
		abort();
	t = make(l, fd);
	while (n >= 2) {
		size_t size = FC_HEADER_SIZE + (p[0] % (FC_PAYLOAD_MAX / 4 / 4)) * 4u;
		bool right = p[1] & 1;
		uint8_t *frame;

		p += 2;
		n -= 2;
		if (size > n)
			break;
		/* A copy of just its size, so that a read past its end is seen. */
		frame = malloc(size);
		memcpy(frame, p, size);
		if (right) {
			fc_put24(frame + 1, OUR_ID);
			fc_put24(frame + 5, INITIATOR_ID);
		}
		target_receive(t, FC_SOF_I3, frame, size, FC_EOF_T);
		free(frame);
		p += size;
		n -= size;
	}
	target_free(t);
	model_loop_free(l);
	close(fd);
	return 0;
}
