// SPDX-License-Identifier: Apache-2.0
#include "kernel/net/session.h"

#include <errno.h>
#include <string.h>

static bool ring_sound(const struct session_ring *r)
{
	bool size = r->size <= VQ_SIZE_MAX && !(r->size & (r->size - 1));

	return size && r->have_addr <= 1 && r->kicked <= 1 && r->enabled <= 1 && r->started <= 1 &&
	       (!r->started || (r->size && r->have_addr));
}

static bool regions_sound(const struct session_state *s)
{
	bool taken[KEEP_MEMS] = {false};

	if (s->regions > GUESTMEM_SLOTS)
		return false;
	for (uint32_t i = 0; i < s->regions; i++) {
		if (s->region[i].kept >= KEEP_MEMS || taken[s->region[i].kept])
			return false;
		taken[s->region[i].kept] = true;
	}
	return true;
}

static const char *unsound(const struct session_state *s, uint32_t rings, uint64_t features,
			   uint64_t protocol)
{
	if (s->features & ~features || s->protocol & ~protocol)
		return "features that were not offered";
	if (s->owned > 1 || s->set_features > 1)
		return "flags";
	if (s->msg_len > SESSION_MSG || s->reply_len > SESSION_REPLY)
		return "a message's length";
	if (s->inflight > 2 || (s->inflight && (!s->inflight_rings || s->inflight_rings > rings ||
						!s->inflight_size ||
						s->inflight_size > VQ_SIZE_MAX)))
		return "an in-flight area";
	if (!regions_sound(s))
		return "memory regions";
	for (uint32_t i = 0; i < rings; i++)
		if (!ring_sound(&s->ring[i]))
			return "a ring";
	return NULL;
}

int session_load(const struct session_port *p, uint32_t rings, uint64_t features,
		 uint64_t protocol, struct session_state *out, struct err *e)
{
	uint32_t which = __atomic_load_n(&p->mark, __ATOMIC_ACQUIRE) & SESSION_WHICH;
	const char *why;

	if (p->torn)
		return err_set(e, -EPROTO, "half of a message was lost with the worker");
	if (!which)
		return 0;
	if (which > 2)
		return err_set(e, -EPROTO, "the session says %u where 0 to 2 can be", which);
	memcpy(out, &p->state[which - 1], sizeof(*out));
	why = unsound(out, rings, features, protocol);
	return why ? err_set(e, -EPROTO, "the session is spoilt: %s", why) : 1;
}

void session_store(struct session_port *p, const struct session_state *s)
{
	uint32_t next = (p->mark & SESSION_WHICH) == 1 ? 2 : 1;

	memcpy(&p->state[next - 1], s, sizeof(*s));
	__atomic_store_n(&p->mark, next | SESSION_APPLIED, __ATOMIC_RELEASE);
}
