// SPDX-License-Identifier: Apache-2.0
/*
 * plugin-host: runs the tests of a NIC plugin against a device, over VFIO or vfio-user. Somebody
 * must answer on the wire: plugin-peer. One line a test; exit status 1 if one failed.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "tests/plugin-host/crash.h"
#include "tests/plugin-host/tests.h"

#define TEST_SECONDS 120

static const struct nic_test *const groups[] = {
	life_tests, stats_tests, send_tests, tso_tests, receive_tests, filter_tests, stop_tests,
};

static int passed, failures, skipped;

static void usage(void)
{
	fprintf(stderr,
		"usage: plugin-host [--mac MAC] [--speed MBIT] [--takeover MS] [--no-wire] [--huge]\n"
		"                   [--multicast-twice] [--ip-fragments]\n"
		"                   --vfio ADDRESS|--vfio-user SOCKET PLUGIN [TEST...]\n"
		"       plugin-host --list\n");
	exit(2);
}

static const struct nic_test *find(const char *name)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct nic_test *t = groups[g]; t->name; t++)
			if (!strcmp(t->name, name))
				return t;
	return NULL;
}

static void list(FILE *to)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct nic_test *t = groups[g]; t->name; t++)
			fprintf(to, "%s\n", t->name);
}

static void names_are_tests(char **names)
{
	for (; *names; names++) {
		if (find(*names))
			continue;
		fprintf(stderr, "plugin-host: no test \"%s\": there are\n", *names);
		list(stderr);
		exit(2);
	}
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

/* The card is left as it is found by the next attach: what a test kept is its failure. */
static bool clean(struct nic *n)
{
	CHECK(!n->h->complaint[0], "%s", n->h->complaint);
	CHECK(!host_allocs(n->h), "%u pieces of memory are left after detach", host_allocs(n->h));
	return true;
}

/* A port before its first attach, on a host that keeps nothing of the test before. */
static struct nic *new_nic(struct vmhi_host_context *h, const struct expect *x)
{
	struct nic *n = calloc(1, sizeof(*n));

	if (!n)
		exit(1);
	h->complaint[0] = '\0';
	h->queue_call = NULL;
	h->fail_alloc = -1;
	h->lie = 0;
	memset(h->alloc, 0, sizeof(h->alloc));
	memset(h->timer, 0, sizeof(h->timer));
	n->h = h;
	n->ops = x->plugin.ops;
	n->alone = x->no_wire;
	return n;
}

/* What the driver can do, for tests that choose by it. */
static struct vmhi_nic_info ask(struct vmhi_host_context *h, const struct expect *x)
{
	struct nic *n = new_nic(h, x);
	struct vmhi_nic_info info;

	crash_test("the first attach");
	alarm(TEST_SECONDS);
	if (!nic_ask(n) || !clean(n)) {
		puts("FAIL the first attach");
		exit(1);
	}
	alarm(0);
	info = n->info;
	free(n);
	return info;
}

static void run(const struct nic_test *t, struct vmhi_host_context *h, const struct expect *x,
		const struct vmhi_nic_info *info)
{
	struct nic *n = new_nic(h, x);
	uint64_t start = host_clock();
	bool ok = false;

	n->info = *info;
	crash_test(t->name);
	alarm(TEST_SECONDS);
	if (x->no_wire && t->needs == WIRE)
		lacking(n, "nobody answers on the wire");
	else
		ok = t->fn(n, x);
	ok = (n->lacks[0] || ok) && clean(n);
	alarm(0);
	if (ok && n->lacks[0]) {
		printf("skip %s: %s\n", t->name, n->lacks);
		skipped++;
	} else {
		printf("%s %s (%.2f s)\n", ok ? "ok  " : "FAIL", t->name,
		       (double)(host_clock() - start) / 1e9);
		*(ok ? &passed : &failures) += 1;
	}
	fflush(stdout);
	if (!ok && n->dev && !n->h->complaint[0])
		n->ops->quiesce(n->dev);	/* so that it cannot spoil the next one */
	free(n);
}

static void number(const char *text, uint32_t *to)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (end == text || *end || !v || v > 1000000)
		usage();
	*to = (uint32_t)v;
}

struct options {
	const char *device;
	bool vfio_user, huge;
};

static struct options options(int argc, char **argv, struct expect *x)
{
	static const struct option opts[] = {
		{"vfio", required_argument, NULL, 'v'},
		{"vfio-user", required_argument, NULL, 'u'},
		{"mac", required_argument, NULL, 'm'},
		{"speed", required_argument, NULL, 's'},
		{"takeover", required_argument, NULL, 't'},
		{"no-wire", no_argument, NULL, 'n'},
		{"multicast-twice", no_argument, NULL, '2'},
		{"ip-fragments", no_argument, NULL, 'f'},
		{"huge", no_argument, NULL, 'h'},
		{"list", no_argument, NULL, 'l'},
		{0},
	};
	struct options o = {0};
	uint8_t *mac = x->mac;
	int c;

	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c == 'l')
			list(stdout), exit(0);
		else if (c == 'm' && sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1,
					    mac + 2, mac + 3, mac + 4, mac + 5) == 6)
			x->has_mac = true;
		else if (c == 's')
			number(optarg, &x->speed);
		else if (c == 't')
			number(optarg, &x->sleep_ms);
		else if (c == 'n')
			x->no_wire = true;
		else if (c == '2')
			x->multicast_twice = true;
		else if (c == 'h')
			o.huge = true;
		else if (c == 'f')
			x->ip_fragments = true;
		else if (c == 'v' || c == 'u')
			o.device = optarg, o.vfio_user = c == 'u';
		else
			usage();
	}
	if (!o.device || optind >= argc)
		usage();
	return o;
}

int main(int argc, char **argv)
{
	static struct vmhi_host_context h;
	static struct expect x;
	struct options o = options(argc, argv, &x);
	char **names = argv + optind + 1;
	struct vmhi_nic_info info;
	struct err e;

	names_are_tests(names);
	log_init("plugin-host", NULL);
	h.huge = o.huge;
	if (plugin_load(&x.plugin, argv[optind], &e) || host_open(&h, o.device, o.vfio_user, &e) ||
	    plugin_fits(&x.plugin, &h, &e)) {
		fprintf(stderr, "plugin-host: %s\n", e.msg);
		return 1;
	}
	crash_watch(&h, argv[optind], x.plugin.ops);
	info = ask(&h, &x);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct nic_test *t = groups[g]; t->name; t++)
			if (wanted(t->name, names))
				run(t, &h, &x, &info);
	host_close(&h);
	printf("%d passed, %d failed, %d skipped\n", passed, failures, skipped);
	return failures || !passed;
}
