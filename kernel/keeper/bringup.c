// SPDX-License-Identifier: Apache-2.0
/* From an empty worker to packets that flow. Vendor code runs from CMD_ATTACH on, not before. */
#include "kernel/keeper/set.h"

static int order_pool(struct child *c, struct err *e)
{
	struct set *s = c->set;
	struct chan_pool cp = {
		.len = s->pool.len, .iova = s->pool.iova,
		.packet_off = s->pool.control_len,
		.packet_len = s->pool.len - s->pool.control_len,
		.mtu = s->cfg.mtu,
	};

	return child_order(c, CMD_POOL, &cp, sizeof(cp), (int[]){s->pool.fd, s->session_fd}, 2, e);
}

struct child *child_prepare(struct set *s, int driver, const struct driver_note *note,
			    const struct vmhi_param *param, struct err *e)
{
	struct child *c = child_new(s, e);
	struct chan_index mounts = {0};
	int r = 0;

	if (!c)
		return NULL;
	if (driver >= 0)
		r = child_order(c, CMD_PLUGIN, NULL, 0, &driver, 1, e);
	if (r == 0)
		r = order_pool(c, e);
	if (r == 0)
		r = devices_order(c, note, param, e);
	mounts.index = c->own_mounts;
	if (r == 0)
		r = child_order(c, CMD_SANDBOX, &mounts, sizeof(mounts), NULL, 0, e);
	if (r == 0)
		return c;
	child_free(c);
	return NULL;
}

/* Devices that are gone already are to be left alone. */
static int tell_gone(struct set *s, struct child *c, struct err *e)
{
	int r = 0;

	for (uint32_t i = 0; i < s->bus.ndev && r == 0; i++) {
		struct chan_index ix = {i, 0};

		if (s->bus.dev[i]->gone)
			r = child_call(c, CMD_DEVICE_GONE, &ix, sizeof(ix), NULL, 0, NULL, 0, e);
	}
	return r;
}

/*
 * A device that another worker left behind must not touch memory before the driver has reset it,
 * which a warm attach() does: so Bus Master goes on after that, else before.
 */
static int attach(struct set *s, struct child *c, bool warm, struct err *e)
{
	struct chan_index flags = {warm ? VMHI_ATTACH_WARM : 0, 0};
	int r = warm ? 0 : devices_bus_master(s, e);

	if (r == 0)
		r = child_call(c, CMD_ATTACH, &flags, sizeof(flags), NULL, 0, NULL, 0, e);
	if (r == 0 && warm)
		r = devices_bus_master(s, e);
	return r;
}

int put_to_work(struct set *s, struct child *c, bool warm, struct err *e)
{
	int r;

	s->child = c;
	r = tell_gone(s, c, e);
	if (r == 0)
		r = attach(s, c, warm, e);
	if (r == 0)
		r = child_call(c, CMD_START, NULL, 0, NULL, 0, NULL, 0, e);
	if (r == 0)
		r = uplink_give(s, c, e);
	if (r == 0)
		r = ports_replay(s, c, e);
	if (r == 0)
		r = child_call(c, CMD_GO, NULL, 0, NULL, 0, NULL, 0, e);
	return r;
}
