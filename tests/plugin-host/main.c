// SPDX-License-Identifier: Apache-2.0
/*
 * plugin-host: runs the tests of a NIC plugin against a device, over VFIO or vfio-user. Somebody
 * must answer on the wire: plugin-peer. One line a test; exit status 1 if one failed.
 */
#include <dlfcn.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "tests/plugin-host/crash.h"
#include "tests/plugin-host/tests.h"

#define TEST_SECONDS 60

static const struct nic_test *const groups[] = {
	life_tests, send_tests, tso_tests, receive_tests, filter_tests, stop_tests,
};

static int passed, failures, skipped;

static void usage(void)
{
	fprintf(stderr,
		"usage: plugin-host [--mac MAC] [--no-wire] [--huge] [--multicast-twice] [--ip-fragments]\n"
		"                   --vfio ADDRESS|--vfio-user SOCKET PLUGIN [TEST...]\n"
		"       plugin-host --list\n");
	exit(2);
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
static struct nic *new_nic(struct vmhi_host_context *h, const struct vmhi_driver_ops *ops,
			   const struct expect *x)
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
	n->ops = ops;
	n->alone = x->no_wire;
	return n;
}

/* What the driver can do, for tests that choose by it. */
static struct vmhi_nic_info ask(struct vmhi_host_context *h, const struct vmhi_driver_ops *ops,
				const struct expect *x)
{
	struct nic *n = new_nic(h, ops, x);
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

static void run(const struct nic_test *t, struct vmhi_host_context *h,
		const struct vmhi_driver_ops *ops, const struct expect *x,
		const struct vmhi_nic_info *info)
{
	struct nic *n = new_nic(h, ops, x);
	uint64_t start = host_clock();
	bool ok;

	n->info = *info;
	crash_test(t->name);
	alarm(TEST_SECONDS);
	ok = x->no_wire && t->needs == WIRE ? lacking(n, "nobody answers on the wire") :
		t->fn(n, x) && clean(n);
	alarm(0);
	if (n->lacks[0]) {
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

static void list(void)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct nic_test *t = groups[g]; t->name; t++)
			puts(t->name);
	exit(0);
}

static const struct vmhi_driver_ops *load(const char *path)
{
	char full[4096];
	const struct vmhi_driver_ops *ops;
	void *so;

	if (!realpath(path, full) || !(so = dlopen(full, RTLD_NOW | RTLD_LOCAL))) {
		fprintf(stderr, "plugin-host: %s does not load: %s\n", path, dlerror());
		exit(1);
	}
	ops = dlsym(so, "vmhi_driver");
	if (!ops || ops->h.size < sizeof(*ops) || ops->h.id != VMHI_IF_DRIVER) {
		fprintf(stderr, "plugin-host: %s has no vmhi_driver of version 1\n", path);
		exit(1);
	}
	return ops;
}

int main(int argc, char **argv)
{
	static const struct option opts[] = {
		{"vfio", required_argument, NULL, 'v'},
		{"vfio-user", required_argument, NULL, 'u'},
		{"mac", required_argument, NULL, 'm'},
		{"no-wire", no_argument, NULL, 'n'},
		{"multicast-twice", no_argument, NULL, '2'},
		{"ip-fragments", no_argument, NULL, 'f'},
		{"huge", no_argument, NULL, 'h'},
		{"list", no_argument, NULL, 'l'},
		{0},
	};
	static struct vmhi_host_context h;
	const struct vmhi_driver_ops *ops;
	const char *device = NULL;
	struct expect x = {0};
	struct vmhi_nic_info info;
	struct err e;
	int c, user = 0;

	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c == 'l')
			list();
		if (c == 'm')
			x.has_mac = sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &x.mac[0],
					   &x.mac[1], &x.mac[2], &x.mac[3], &x.mac[4],
					   &x.mac[5]) == 6;
		else if (c == 'n')
			x.no_wire = true;
		else if (c == '2')
			x.multicast_twice = true;
		else if (c == 'h')
			h.huge = true;
		else if (c == 'f')
			x.ip_fragments = true;
		else if (c == 'v' || c == 'u')
			device = optarg, user = c == 'u';
		else
			usage();
	}
	if (!device || optind >= argc)
		usage();
	log_init("plugin-host", NULL);
	ops = load(argv[optind]);
	crash_watch(&h, argv[optind], ops);
	if (host_open(&h, device, user, &e)) {
		fprintf(stderr, "plugin-host: %s\n", e.msg);
		return 1;
	}
	info = ask(&h, ops, &x);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct nic_test *t = groups[g]; t->name; t++)
			if (wanted(t->name, argv + optind + 1))
				run(t, &h, ops, &x, &info);
	host_close(&h);
	printf("%d passed, %d failed", passed, failures);
	printf(skipped ? ", %d skipped\n" : "\n", skipped);
	return failures || !passed;
}
