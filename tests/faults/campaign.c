// SPDX-License-Identifier: Apache-2.0
/*
 * A fault campaign: one fault after the other into a driver that runs under traffic, and after each
 * the question whether packets run again, without help. Same seed, same faults; what a fault then
 * meets depends on the moment, as it does in life. tests/faults/README.md tells how to read it.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/lib/clock.h"
#include "tests/faults/inject.h"
#include "tests/faults/rig.h"

#define TAKES_EFFECT_US 3000	/* before the guest is asked: a few dozen packets have passed */
#define RECOVERS_MS	5000	/* a hang is noticed within two seconds */
#define WORKER_MS	15000	/* its keeper may wait 5 s for one in the driver's event() */
#define FRESH_AFTER	16	/* faults that showed no effect: then the worker is made new */

struct options {
	struct rig_conf rig;
	uint64_t seed, first, count;
	unsigned int mask;
	const char *log;
};

static struct counts {
	uint64_t injected[FAULT_KINDS], effect[FAULT_KINDS];
	uint64_t crashes, hangs, others, helped, made_new;
	uint64_t guests_lost, processes_lost;
	double *ms;		/* of each recovery */
	uint64_t nms;
	struct rig_totals totals;
} n;

static FILE *record;

static void note_restart(const struct rig_status *after)
{
	if (strstr(after->cause, "died"))
		n.crashes++;
	else if (strstr(after->cause, "heartbeat") || strstr(after->cause, "hang") ||
		 strstr(after->cause, "did not"))
		n.hangs++;
	else
		n.others++;
	n.ms[n.nms++] = after->ms;
}

static void add_totals(struct rig *r)
{
	struct rig_totals t;

	if (!rig_totals(r, &t))
		return;
	n.totals.sent += t.sent;
	n.totals.lost += t.lost;
	n.totals.twice += t.twice;
	n.totals.corrupt += t.corrupt;
	n.totals.ring_faults += t.ring_faults;
}

/* Something is gone that must not be: it is counted, and all is started anew. */
static int start_over(struct rig *r, const struct options *o, const char *what)
{
	const char *dead = rig_dead(r);

	if (dead && strcmp(dead, "the guest"))
		n.processes_lost++;
	else
		n.guests_lost++;
	fprintf(record, "lost: %s\n", dead ? dead : what);
	fprintf(stderr, "campaign: lost: %s\n", dead ? dead : what);
	rig_stop(r, true);
	return rig_start(r, &o->rig);
}

/* Nothing noticed that the driver does no work: an operator would end it. */
static bool help(struct rig *r, struct rig_status *st)
{
	n.helped++;
	fprintf(record, "  packets stood still: helped\n");
	if (!rig_status(r, st))
		return false;
	if (st->worker > 0)
		kill(st->worker, SIGKILL); /* unless it was found out just now */
	return rig_guest(r, 2 * RECOVERS_MS) == GUEST_RUNS;
}

/* The worker as it is now, unless it is just being replaced. */
static int open_worker(struct rig *r, const struct options *o, struct target *t,
		       struct rig_status *st)
{
	char program[512];

	snprintf(program, sizeof(program), "%s/vmhi-worker", o->rig.build);
	for (int64_t by = now_ms() + WORKER_MS; now_ms() < by; usleep(2000)) {
		if (!rig_status(r, st))
			return -EPIPE;
		if (st->worker > 0 && target_open(t, st->worker, o->rig.driver, program) == 0)
			return 0;
	}
	return -ESRCH;
}

/* One fault and what comes of it. *idle: how many in a row showed no effect. */
static int one(struct rig *r, const struct options *o, uint64_t i, unsigned int *idle)
{
	struct rig_status before, after;
	enum rig_guest guest;
	bool helped = false;
	struct target t;
	char text[96];
	int kind = open_worker(r, o, &t, &before);

	if (kind < 0)
		return start_over(r, o, kind == -EPIPE ? "the keeper's answer" : "the worker");
	kind = inject(&t, r->switches, o->seed, i, o->mask, text, sizeof(text));
	target_close(&t);
	usleep(TAKES_EFFECT_US);
	guest = rig_guest(r, RECOVERS_MS);
	inject_clear(r->switches);
	fprintf(record, "%lu %s: %s\n", i, kind < 0 ? "none" : fault_names[kind], text);
	if (kind >= 0)
		n.injected[kind]++;
	if (guest == GUEST_STALLED && !rig_dead(r)) {
		helped = help(r, &after);
		guest = helped ? GUEST_RUNS : guest;
	}
	if (guest != GUEST_RUNS || rig_dead(r) || !rig_status(r, &after))
		return start_over(r, o, "the guest's packets");
	if (helped) {
		*idle = 0;
	} else if (after.worker != before.worker) {
		note_restart(&after);
		*idle = 0;
		if (kind >= 0)
			n.effect[kind]++;
		fprintf(record, "  %s, back after %.1f ms\n", after.cause, after.ms);
	} else if (++*idle >= FRESH_AFTER) {
		n.made_new++;
		*idle = 0;
		kill(after.worker, SIGKILL);
		if (rig_guest(r, RECOVERS_MS) != GUEST_RUNS)
			return start_over(r, o, "the guest's packets");
	}
	return 0;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(const struct options *o, double seconds)
{
	uint64_t all = 0;

	for (int k = 0; k < FAULT_KINDS; k++)
		all += n.injected[k];
	printf("\n%-12s %10s %14s\n", "faults in", "injected", "restarted it");
	for (int k = 0; k < FAULT_KINDS; k++)
		if (o->mask & 1u << k)
			printf("%-12s %10lu %14lu\n", fault_names[k], n.injected[k], n.effect[k]);
	qsort(n.ms, n.nms, sizeof(*n.ms), by_size);
	printf("crashes %lu, hangs %lu, other causes %lu; worker made new %lu times between\n",
	       n.crashes, n.hangs, n.others, n.made_new);
	printf("recoveries %lu: median %.1f ms, worst %.1f ms; with help %lu\n", n.nms,
	       n.nms ? n.ms[n.nms / 2] : 0, n.nms ? n.ms[n.nms - 1] : 0, n.helped);
	printf("frames sent %lu, lost %lu, twice %lu, corrupt %lu; ring faults %lu\n", n.totals.sent,
	       n.totals.lost, n.totals.twice, n.totals.corrupt, n.totals.ring_faults);
	printf("faults %lu in %.0f s (%.1f a second), guests lost %lu, other processes lost %lu\n", all,
	       seconds, (double)all / seconds, n.guests_lost, n.processes_lost);
}

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	stopped = 1;
}

static int run(const struct options *o)
{
	int64_t began = now_ms(), told = began;
	unsigned int idle = 0;
	struct rig r;
	uint64_t i;
	int ret = rig_start(&r, &o->rig);

	for (i = 0; i < o->count && ret == 0 && !stopped; i++) {
		ret = one(&r, o, o->first + i, &idle);
		if (now_ms() - told > 10000) {
			told = now_ms();
			printf("%lu of %lu, lost so far: guests %lu, other processes %lu\n", i + 1,
			       o->count, n.guests_lost, n.processes_lost);
			fflush(stdout);
		}
	}
	if (ret == 0)
		add_totals(&r);
	rig_stop(&r, ret != 0);
	report(o, (double)(now_ms() - began) / 1000);
	if (stopped)
		printf("stopped: go on with --first %lu\n", o->first + i);
	return ret || n.guests_lost || n.processes_lost ? 1 : 0;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: campaign [--build DIR] [--seed N] [--first N] [--count N] [--log FILE]\n"
		"                [--rate PACKETS] [--device PCI-ADDRESS --wire INTERFACE]\n"
		"Faults --first to --first + --count - 1 of the seed; with --device in a real one.\n");
	return 2;
}

static int options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"build", 1, NULL, 'b'}, {"seed", 1, NULL, 's'}, {"first", 1, NULL, 'f'},
		{"count", 1, NULL, 'c'}, {"log", 1, NULL, 'l'}, {"rate", 1, NULL, 'r'},
		{"device", 1, NULL, 'd'}, {"wire", 1, NULL, 'w'}, {0},
	};
	int k;

	while ((k = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (k) {
		case 'b': o->rig.build = optarg; break;
		case 's': o->seed = strtoull(optarg, NULL, 0); break;
		case 'f': o->first = strtoull(optarg, NULL, 0); break;
		case 'c': o->count = strtoull(optarg, NULL, 0); break;
		case 'l': o->log = optarg; break;
		case 'r': o->rig.rate = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'd': o->rig.device = optarg; break;
		case 'w': o->rig.wire = optarg; break;
		default: return -1;
		}
	}
	return optind == argc && o->count && o->rig.rate && !o->rig.device == !o->rig.wire ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options o = {.rig = {.build = ".", .rate = 5000}, .seed = 1, .count = 1000,
			    .mask = (1u << FAULT_KINDS) - 1};
	/* An answer that is being waited for is waited for: without it the guest would count as lost. */
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	static char build[4096], driver[4096 + 64];

	if (options(argc, argv, &o))
		return usage();
	if (!realpath(o.rig.build, build)) {
		fprintf(stderr, "campaign: --build %s: %s\n", o.rig.build, strerror(errno));
		return 2;
	}
	snprintf(driver, sizeof(driver), "%s/plugins/nic/intel/82574/82574.so", build);
	o.rig.build = build;
	o.rig.driver = driver;
	if (o.rig.device) /* a card of QEMU's has no fault switches */
		o.mask = 1u << FAULT_CODE | 1u << FAULT_DATA | 1u << FAULT_CALL;
	record = fopen(o.log ? o.log : "/dev/null", "ae");
	n.ms = calloc(2 * o.count, sizeof(*n.ms));
	if (!record || !n.ms) {
		fprintf(stderr, "campaign: %s: %s\n", o.log ? o.log : "memory", strerror(errno));
		return 2;
	}
	setvbuf(record, NULL, _IOLBF, 0);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	return run(&o);
}
