// SPDX-License-Identifier: Apache-2.0
/* The register ring, both sides. */
#include "kernel/bus/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kernel/bus/bus.h"
#include "kernel/lib/clock.h"

/* A round of the keeper's ends after so many entries, so that no ring keeps it from other work. */
#define ROUND	 256
#define ROUND_MS 50	/* or after so long: a model may take its time over each */

/*
 * One of so many writes is answered by the device: who serves it may have something to ask itself,
 * which it is told while we wait for that, and need not keep more than this until then.
 */
#define SENT_MAX 128

/* Writes must not block: they wait this long for room once, not each. */
#define FULL_MS 1000

static void signal_fd(int fd)
{
	/* A full pipe wakes as well as one byte more. */
	while (write(fd, "", 1) < 0 && errno == EINTR)
		;
}

static void clear_fd(int fd)
{
	char many[256];

	while (read(fd, many, sizeof(many)) < 0 && errno == EINTR)
		;
}

static void kick(struct reg_client *c)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&c->ring->sleeping, __ATOMIC_RELAXED) &&
	    __atomic_exchange_n(&c->ring->sleeping, 0, __ATOMIC_ACQ_REL))
		signal_fd(c->kick);
}

bool reg_dead(const struct reg_client *c)
{
	return __atomic_load_n(&c->dead, __ATOMIC_RELAXED);
}

/* Is there room for entry no? A place once taken is never given back: without room the ring ends. */
static bool have_room(struct reg_client *c, uint32_t no)
{
	int64_t since = 0;

	for (uint32_t n = 0; no - __atomic_load_n(&c->ring->done, __ATOMIC_ACQUIRE) >=
			     REG_RING_ENTRIES; n++) {
		__builtin_ia32_pause();
		if (n % 256 == 0) {
			if (!since)
				since = now_ms();
			if (now_ms() - since > FULL_MS)
				__atomic_store_n(&c->dead, true, __ATOMIC_RELAXED);
			if (reg_dead(c))
				return false;
		}
	}
	return true;
}

/* Posts an entry, whose number is *no. */
static bool post(struct reg_client *c, uint8_t op, uint32_t bar, uint64_t off, uint32_t width,
		 uint64_t value, uint32_t *no)
{
	struct reg_ring *r = c->ring;
	struct reg_entry *ent;

	if (reg_dead(c))
		return false;
	*no = __atomic_fetch_add(&r->head, 1, __ATOMIC_ACQ_REL);
	if (!have_room(c, *no))
		return false;
	ent = &r->entry[*no % REG_RING_ENTRIES];
	ent->op = op;
	ent->bar = (uint8_t)bar;
	ent->width = (uint8_t)width;
	ent->zero = 0;
	ent->off = off;
	ent->value = value;
	__atomic_store_n(&ent->seq, *no + 1, __ATOMIC_RELEASE);
	kick(c);
	return true;
}

bool reg_idle(const struct reg_client *c)
{
	return __atomic_load_n(&c->ring->head, __ATOMIC_RELAXED) ==
	       __atomic_load_n(&c->ring->done, __ATOMIC_ACQUIRE);
}

void reg_write(struct reg_client *c, uint32_t bar, uint64_t off, uint32_t width, uint64_t value)
{
	uint32_t no;

	post(c, REG_OP_WRITE, bar, off, width, value, &no);
}

uint64_t reg_read(struct reg_client *c, uint32_t bar, uint64_t off, uint32_t width, int timeout_ms)
{
	const struct timespec most = {timeout_ms / 1000, timeout_ms % 1000 * 1000000};
	struct pollfd p = {.fd = c->answer, .events = POLLIN};
	uint32_t no;

	if (!post(c, REG_OP_READ, bar, off, width, 0, &no))
		return ~0ull;
	/* An answer that came too late for an earlier read may still wake this one. */
	while (__atomic_load_n(&c->ring->read_seq, __ATOMIC_ACQUIRE) != no + 1) {
		int n = ppoll(&p, 1, &most, NULL);

		if (n == 0 || (n < 0 && errno != EINTR))
			return ~0ull;
		if (n > 0)
			clear_fd(c->answer);
	}
	return c->ring->read_value;
}

/* Where nothing is mapped all goes through us, in order: nobody needs to know what has arrived. */
static bool maps(const struct bus_device *d)
{
	for (int i = 0; i < BUS_BARS; i++)
		if (d->bar[i].nareas)
			return true;
	return false;
}

int reg_server_init(struct reg_server *s, struct bus_device *dev, struct err *e)
{
	int r, kick[2] = {-1, -1}, answer[2] = {-1, -1};
	char path[32];

	*s = (struct reg_server){.dev = dev, .maps = maps(dev)};
	r = pipe2(kick, O_CLOEXEC | O_NONBLOCK) < 0 || pipe2(answer, O_CLOEXEC | O_NONBLOCK) < 0;
	s->kick = kick[0];
	s->client_kick = kick[1];
	s->client_answer = answer[0];
	s->answer = answer[1];
	s->again = s->memfd = -1;
	if (r)
		goto fail;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", kick[1]);
	s->again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (s->again < 0)
		goto fail;
	s->memfd = memfd_create("vmhi-registers", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->memfd < 0 || ftruncate(s->memfd, REG_RING_BYTES) < 0 ||
	    fcntl(s->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		goto fail;
	s->ring = mmap(NULL, REG_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, s->memfd, 0);
	if (s->ring == MAP_FAILED) {
		s->ring = NULL;
		goto fail;
	}
	s->ring->sleeping = 1;
	return 0;
fail:
	r = err_set(e, -errno, "%s: its register ring cannot be made: %s", dev->name,
		    strerror(errno));
	reg_server_free(s);
	return r;
}

void reg_server_free(struct reg_server *s)
{
	const int fds[] = {s->memfd, s->kick, s->answer, s->again, s->client_kick,
			   s->client_answer};

	if (s->ring)
		munmap(s->ring, REG_RING_BYTES);
	for (int i = 0; i < 6; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	memset(s, 0, sizeof(*s));
}

static bool ready(const struct reg_server *s, uint32_t no)
{
	return __atomic_load_n(&s->ring->entry[no % REG_RING_ENTRIES].seq, __ATOMIC_ACQUIRE) ==
	       no + 1;
}

/* Carries out the entry at the tail; answers whether the worker may count on it and those before. */
static bool serve_one(struct reg_server *s, bool may_hold)
{
	struct reg_ring *r = s->ring;
	uint32_t no = s->tail++;
	struct reg_entry ent;
	uint64_t value = ~0ull;

	memcpy(&ent, &r->entry[no % REG_RING_ENTRIES], sizeof(ent));
	if (ent.op == REG_OP_READ) {
		s->sent = 0;
		bus_read(s->dev, ent.bar, ent.off, ent.width, &value);
		__atomic_store_n(&r->read_value, value, __ATOMIC_RELAXED);
		__atomic_store_n(&r->read_seq, no + 1, __ATOMIC_RELEASE);
		signal_fd(s->answer);
		return true;
	}
	if (ent.op == REG_OP_WRITE) {
		bool full = ++s->sent == SENT_MAX;
		bool hold = may_hold && !full && ready(s, no + 1);

		bus_write(s->dev, ent.bar, ent.off, ent.width, ent.value,
			  hold ? BUS_HELD : full || s->maps ? BUS_ARRIVED : BUS_SENT);
		if (full)
			s->sent = 0;
		return !hold;
	}
	return true;
}

/* Serves at most a round; false: there is more. */
static bool serve(struct reg_server *s)
{
	int64_t end = now_ms() + ROUND_MS;

	for (int n = 1; ready(s, s->tail); n++) {
		bool last = n == ROUND || now_ms() >= end;

		if (serve_one(s, !last))
			__atomic_store_n(&s->ring->done, s->tail, __ATOMIC_RELEASE);
		if (last)
			return false;
	}
	return true;
}

void reg_server_run(struct reg_server *s)
{
	clear_fd(s->kick);
	for (;;) {
		if (!serve(s)) {
			signal_fd(s->again); /* come back after the others */
			return;
		}
		__atomic_store_n(&s->ring->sleeping, 1, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!ready(s, s->tail))
			return;
		__atomic_store_n(&s->ring->sleeping, 0, __ATOMIC_RELAXED);
	}
}
