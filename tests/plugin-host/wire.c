// SPDX-License-Identifier: Apache-2.0
/* Requests to the far end of the wire. */
#include <stdio.h>
#include <string.h>

#include "tests/plugin-host/nic.h"

static bool is_answered(struct nic *n)
{
	return n->answer.op && n->answer.magic == PEER_MAGIC && n->answer.seq == n->seq;
}

static bool is_done(struct nic *n)
{
	return is_answered(n) && n->answer.arg[1] == PEER_DONE;
}

static bool ask(struct nic *n, struct peer_msg *m)
{
	uint32_t len = (uint32_t)PEER_HEAD + m->len;

	memcpy(m->dst, (const uint8_t[6]){2, 0, 0, 0, 0, 1}, 6);
	memcpy(m->src, n->info.mac, 6);
	m->type[0] = PEER_ETHERTYPE >> 8;
	m->type[1] = PEER_ETHERTYPE & 0xff;
	m->magic = PEER_MAGIC;
	m->seq = ++n->seq;
	n->answer.op = 0;
	if (!nic_send(n, 0, (const uint8_t *)m, len < 60 ? 60 : len, NULL, 1))
		return false;
	CHECK(nic_until(n, is_answered, 5000), "the wire's far end does not answer (request %u)",
	      m->op);
	return true;
}

bool peer_clear(struct nic *n)
{
	struct peer_msg m = {.op = PEER_CLEAR};

	return ask(n, &m);
}

bool peer_inject(struct nic *n, const uint8_t *data, uint32_t dlen, uint32_t len, uint32_t count)
{
	struct peer_msg m = {.op = PEER_INJECT, .arg = {count, len}, .len = dlen};

	memcpy(m.data, data, dlen);
	return ask(n, &m);
}

bool peer_frame(struct nic *n, uint32_t i, uint8_t *data, uint32_t *len)
{
	uint32_t at = 0;

	do {
		struct peer_msg m = {.op = PEER_FETCH, .arg = {i, at}};

		if (!ask(n, &m))
			return false;
		CHECK(n->answer.arg[0] > i, "the far end got %u frames, not %u", n->answer.arg[0],
		      i + 1);
		*len = n->answer.arg[1];
		CHECK(n->answer.len && n->answer.len <= PEER_CHUNK &&
			      at + n->answer.len <= NIC_FRAME,
		      "the far end's answer is not sound");
		memcpy(data + at, n->answer.data, n->answer.len);
		at += n->answer.len;
	} while (at < *len);
	return true;
}

bool peer_count(struct nic *n, uint32_t *count)
{
	struct peer_msg m = {.op = PEER_FETCH, .arg = {~0u, 0}};

	if (!ask(n, &m))
		return false;
	*count = n->answer.arg[0];
	return true;
}

struct frame *peer_exchange(struct nic *n, const uint8_t *data, uint32_t dlen, uint32_t len)
{
	nic_forget_inbox(n);
	if (!peer_inject(n, data, dlen, len, 1))
		return NULL;
	for (int i = 0; i < 100 && !n->ninbox; i++)
		nic_poll(n);
	if (n->ninbox != 1) {
		failed("%u frames arrived of one of %u bytes", n->ninbox, len);
		return NULL;
	}
	return &n->inbox[0];
}

static bool has_means(struct nic *n, const char *lack)
{
	return n->answer.arg[0] == 1 || (nic_close(n) && lacking(n, "%s", lack));
}

bool peer_pull_cable(struct nic *n, uint32_t ms)
{
	struct peer_msg m = {.op = PEER_LINK, .arg = {ms, 0}};

	return ask(n, &m) &&
	       has_means(n, "plugin-peer has no switch for the cable (--model or --qmp)");
}

bool peer_break(struct nic *n, const char *command)
{
	struct peer_msg m = {.op = PEER_FAULT, .len = (uint32_t)strlen(command)};

	/* What is received next may be spoiled; the far end sends it after the command, anyway. */
	if (!strncmp(command, "tx ", 3))
		m.arg[1] = PEER_TELL;
	memcpy(m.data, command, m.len);
	if (!ask(n, &m) || !has_means(n, "plugin-peer has no fault switches (--faults)"))
		return false;
	CHECK(!m.arg[1] || nic_until(n, is_done, 5000), "the far end does not break the card");
	return true;
}
