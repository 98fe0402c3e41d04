// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/inject.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const fault_names[FAULT_KINDS] = {
	"code", "data", "register", "call", "completion", "interrupt",
};

/* Of a hundred faults, so many are of each kind. */
static const unsigned int share[FAULT_KINDS] = {40, 20, 15, 10, 7, 8};

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static unsigned int below(uint64_t *state, unsigned int n)
{
	return (unsigned int)(draw(state) % n);
}

static bool flip(const struct target *t, uint64_t at, uint64_t *s, char *text, size_t room)
{
	unsigned int bit = below(s, 8);
	uint8_t byte;

	if (!target_read(t, at, &byte, 1))
		return false;
	byte ^= (uint8_t)(1u << bit);
	snprintf(text, room, "bit %u at 0x%lx", bit, at);
	return target_write(t, at, &byte, 1);
}

/* A branch near there is taken when it should not be, and the other way round. */
static bool invert_branch(const struct target *t, uint64_t at, char *text, size_t room)
{
	uint8_t code[64];

	if (!target_read(t, at, code, sizeof(code)))
		return false;
	for (unsigned int i = 0; i + 1 < sizeof(code); i++) {
		bool near = code[i] == 0x0f && (code[i + 1] & 0xf0) == 0x80;

		if (!near && (code[i] & 0xf0) != 0x70)
			continue;
		snprintf(text, room, "branch inverted at 0x%lx", at + i + near);
		code[i + near] ^= 1;
		return target_write(t, at + i + near, &code[i + near], 1);
	}
	return false;
}

static bool change_code(const struct target *t, uint64_t *s, char *text, size_t room)
{
	static const uint8_t nops[] = {0x90, 0x90, 0x90, 0x90};
	uint64_t at = t->code.at + below(s, (unsigned int)t->code.len - 64);
	unsigned int n;

	switch (below(s, 4)) {
	case 0:
		n = 1 + below(s, sizeof(nops));
		snprintf(text, room, "%u bytes of code left out at 0x%lx", n, at);
		return target_write(t, at, nops, n);
	case 1:
		if (invert_branch(t, at, text, room))
			return true;
		break;
	}
	return flip(t, at, s, text, room);
}

static bool change_data(const struct target *t, uint64_t *s, char *text, size_t room)
{
	const struct range *r = t->data.len && below(s, 8) == 0 ? &t->data : &t->dma;

	return r->len && flip(t, r->at + below(s, (unsigned int)r->len), s, text, room);
}

/* mov $-EIO, %eax; ret: for a while, and then it is as it was. */
static bool fail_call(const struct target *t, uint64_t *s, char *text, size_t room)
{
	const uint8_t fails[6] = {0xb8, 0xfb, 0xff, 0xff, 0xff, 0xc3};
	unsigned int i = below(s, t->ncalls), ms = 1 + below(s, 20);
	uint8_t was[sizeof(fails)];

	if (!target_read(t, t->call[i], was, sizeof(was)) ||
	    !target_write(t, t->call[i], fails, sizeof(fails)))
		return false;
	usleep(ms * 1000);
	snprintf(text, room, "host function %u failed for %u ms", i, ms);
	target_write(t, t->call[i], was, sizeof(was)); /* gone by now, perhaps */
	return true;
}

static void answer_wrongly(enum fault_kind kind, uint64_t *s, char *text, size_t room)
{
	unsigned int n = 1 + below(s, 32);

	if (kind == FAULT_COMPLETION)
		snprintf(text, room, "dma %u %x %u", below(s, 16), 1 + below(s, 255), n);
	else if (kind == FAULT_INTERRUPT && below(s, 2))
		snprintf(text, room, "irq late %u %u", 1 + below(s, 200), n);
	else if (kind == FAULT_INTERRUPT)
		snprintf(text, room, "irq times %u %u", below(s, 3) * below(s, 20), n);
	else if (below(s, 3) == 0)
		snprintf(text, room, "read 0 %s %u", below(s, 2) ? "ffffffff" : "0", n);
	else
		snprintf(text, room, "read %llx %llx %u", ~(1ull << below(s, 32)),
			 below(s, 2) ? 1ull << below(s, 32) : 0, n);
}

static int draw_kind(uint64_t *s, unsigned int mask)
{
	int kind;

	do {
		unsigned int at = below(s, 100);

		for (kind = 0; at >= share[kind]; kind++)
			at -= share[kind];
	} while (!(mask & 1u << kind));
	return kind;
}

int inject(const struct target *t, int switches, uint64_t seed, uint64_t n, unsigned int mask,
	   char *text, size_t room)
{
	uint64_t state = seed * 0x100000001b3ull + n;
	int kind = draw_kind(&state, mask);
	bool done;

	*text = 0;
	if (kind == FAULT_CODE)
		done = change_code(t, &state, text, room);
	else if (kind == FAULT_DATA)
		done = change_data(t, &state, text, room);
	else if (kind == FAULT_CALL)
		done = fail_call(t, &state, text, room);
	else {
		answer_wrongly((enum fault_kind)kind, &state, text, room);
		done = send(switches, text, strlen(text), 0) > 0;
	}
	return done ? kind : -ESRCH;
}

void inject_clear(int switches)
{
	if (switches >= 0)
		(void)!send(switches, "clear", 5, 0);
}
