// SPDX-License-Identifier: Apache-2.0
/* vmhi-vm: runs one virtual machine until it powers off. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/lib/log.h"
#include "kernel/vm/boot.h"
#include "kernel/vm/calls.h"
#include "kernel/vm/config.h"
#include "kernel/vm/console.h"
#include "kernel/vm/kvm.h"
#include "kernel/vm/machine.h"
#include "kernel/vm/manage.h"
#include "kernel/vm/place.h"
#include "kernel/vm/supervise.h"
#include "kernel/vm/vcpu.h"
#include "kernel/vm/vm.h"

#define PROBE_MS 200

enum exit_status {
	EXIT_POWEROFF = 0,
	EXIT_ERROR = 1,
	EXIT_USAGE = 2,
	EXIT_KILLED = 3,
	EXIT_RESET = 4,
};

struct options {
	const char *config;
	bool stdio, no_reboot, probe;
	unsigned int stop_seconds;
};

static const char usage[] =
	"usage: vmhi-vm --config FILE|fd:N [--console stdio|none] [--no-reboot]\n"
	"               [--stop-timeout SECONDS]\n"
	"       vmhi-vm --probe      can this machine run VMs?\n"
	"       vmhi-vm --help | --version\n";

static int bad_usage(const char *what, const char *arg)
{
	fprintf(stderr, "vmhi-vm: %s%s; see vmhi-vm --help\n", what, arg);
	return EXIT_USAGE;
}

static int set_option(struct options *o, int c)
{
	char *end;

	switch (c) {
	case 'c':
		o->config = optarg;
		return -1;
	case 'C':
		o->stdio = !strcmp(optarg, "stdio");
		return o->stdio || !strcmp(optarg, "none") ? -1 :
			bad_usage("--console is stdio or none, not ", optarg);
	case 'n':
		o->no_reboot = true;
		return -1;
	case 'p':
		o->probe = true;
		return -1;
	case 't':
		o->stop_seconds = (unsigned int)strtoul(optarg, &end, 10);
		return *optarg >= '0' && *optarg <= '9' && !*end && o->stop_seconds <= 86400 ? -1 :
			bad_usage("--stop-timeout is 0 to 86400 seconds, not ", optarg);
	case 'h':
		fputs(usage, stdout);
		return 0;
	case 'v':
		printf("vmhi-vm %s\n", PACKAGE_VERSION);
		return 0;
	default:
		return EXIT_USAGE;
	}
}

/* -1: go on; else the exit status. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"console", required_argument, NULL, 'C'},
		{"no-reboot", no_argument, NULL, 'n'},
		{"stop-timeout", required_argument, NULL, 't'},
		{"probe", no_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{0},
	};
	int c, r = -1;

	while (r < 0 && (c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		r = set_option(o, c);
	if (r < 0 && optind < argc)
		r = bad_usage("what is ", argv[optind]);
	if (r < 0 && !o->config && !o->probe)
		r = bad_usage("--config is missing", "");
	return r;
}

static int fail(const struct err *e)
{
	log_error("%s", e->msg);
	return EXIT_ERROR;
}

static int open_kvm(struct err *e)
{
	int fd = kvm_open("/dev/kvm", e), r;

	if (fd < 0)
		return fd;
	r = kvm_probe(fd, PROBE_MS, e);
	if (!r)
		return fd;
	close(fd);
	return r;
}

static int ended(const struct vm *vm, struct err *e)
{
	switch (vm->end) {
	case VM_POWEROFF:
		return EXIT_POWEROFF;
	case VM_RESET:
		return EXIT_RESET;
	case VM_KILLED:
		return EXIT_KILLED;
	default:
		err_set(e, -EIO, "the VM has crashed");
		return EXIT_ERROR;
	}
}

/* Everything from the parts to the end of the VM. */
static int run(struct vm *vm, const struct options *o, const char *socket, struct err *e)
{
	struct manage *m = NULL;
	int r = machine_init(vm, e);

	if (!r) {
		m = manage_new(vm, socket, o->stop_seconds, e);
		r = m ? 0 : -1;
	}
	if (!r && o->stdio)
		r = console_attach_stdio(vm->console, e);
	if (!r)
		r = vm_confine(e);
	if (!r)
		r = vcpus_start(vm, e);
	if (!r)
		r = event_loop_run(vm->loop);
	r = r ? EXIT_ERROR : ended(vm, e);
	vcpus_stop(vm);
	manage_free(m);
	machine_free(vm);
	return r;
}

/* What one machine is made from; the next one, after a reset, from the same. */
struct plan {
	const struct options *o;
	struct vm_config *cfg;
	struct place place;
};

static int open_and_run(const struct plan *p, struct err *e)
{
	struct vm vm = {.cfg = p->cfg, .vm_fd = -1, .end_fd = -1};
	int r = EXIT_ERROR;

	if (boot_check(p->cfg, e))
		return EXIT_ERROR;
	vm.kvm_fd = open_kvm(e);
	if (vm.kvm_fd < 0)
		return EXIT_ERROR;
	vm.loop = event_loop_new();
	if (!vm.loop)
		err_set(e, -errno, "no event loop: %s", strerror(errno));
	else
		r = run(&vm, p->o, p->place.control, e);
	if (vm.loop)
		event_loop_free(vm.loop);
	close(vm.kvm_fd);
	return r;
}

static int machine(void *arg)
{
	struct err e = {0};
	int r = open_and_run(arg, &e);

	return r == EXIT_ERROR ? fail(&e) : r;
}

/* One machine, from its configuration to its end. */
static int run_once(const struct options *o, struct err *e)
{
	struct plan p = {.o = o, .cfg = vm_config_read(o->config, true, e)};
	int status, r;

	if (!p.cfg)
		return EXIT_ERROR;
	log_init("vmhi-vm", p.cfg->name);
	r = place_take(p.cfg->name, &p.place, e);
	if (!r) {
		r = supervise(machine, &p, &status, e);
		unlink(p.place.control);	/* the machine itself may not */
		place_leave(&p.place);
	}
	vm_config_free(p.cfg);
	if (r)
		return EXIT_ERROR;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	err_set(e, -EIO, "the machine's process was ended by signal %d (%s)", WTERMSIG(status),
		strsignal(WTERMSIG(status)));
	return EXIT_ERROR;
}

static int probe(void)
{
	struct err e = {0};
	int fd = open_kvm(&e);

	if (fd < 0)
		return fail(&e);
	close(fd);
	puts("this machine can run VMs");
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {.stop_seconds = 30};
	struct err e = {0};
	int r;

	log_init("vmhi-vm", NULL);
	r = parse_options(&o, argc, argv);
	if (r >= 0)
		return r;
	mallopt(M_ARENA_MAX, 1);	/* the vCPUs' threads hardly allocate */
	signal(SIGPIPE, SIG_IGN);
	if (o.probe)
		return probe();
	/* A reboot is a new machine in a new process: nothing of the old one can leak into it. */
	do
		r = run_once(&o, &e);
	while (r == EXIT_RESET && !o.no_reboot);
	/* A machine words its own errors. */
	return r == EXIT_ERROR && e.code ? fail(&e) : r;
}
