// SPDX-License-Identifier: Apache-2.0
/* vmhi run: starts a VM and all it needs, and stays with it until it ends. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/cli/cli.h"
#include "kernel/cli/client.h"
#include "kernel/cli/diskboot.h"
#include "kernel/cli/session.h"
#include "kernel/lib/json.h"
#include "kernel/lib/paths.h"

static const char usage_text[] =
	"usage: vmhi run [OPTION...] VM.json|DISK-IMAGE\n"
	"       vmhi run [OPTION...] --kernel FILE [--initrd FILE]\n"
	"  --name NAME       the VM's name (default: the file's)\n"
	"  --cpus N          virtual CPUs\n"
	"  --memory SIZE     as 512M or 2G\n"
	"  --kernel FILE     boot this Linux kernel (bzImage, or an ELF vmlinux with a PVH note)\n"
	"  --initrd FILE     its initramfs\n"
	"  --cmdline TEXT    its command line (default: console=ttyS0)\n"
	"  --disk IMAGE      a disk; more than once for several\n"
	"  --net SET         a network card on that set; \"user\": this user's own network\n"
	"  --detach          return when the VM runs; \"vmhi vm console NAME\" shows its console\n"
	"What VM.json may hold: vmhi-run(1).\n";

struct options {
	json_t *vm;		/* what the options say, as VM.json would */
	char *file;		/* VM.json */
	const char *where;	/* what to call vm in messages */
	bool detach;
};

static json_t *list_of(json_t *vm, const char *key)
{
	json_t *list = json_object_get(vm, key);

	if (!list) {
		list = json_array();
		json_object_set_new(vm, key, list);
	}
	return list;
}

static void add_net(json_t *vm, const char *set)
{
	json_array_append_new(list_of(vm, "nets"),
			      strcmp(set, "user") ? json_pack("{s:s}", "set", set) : json_object());
}

static void add_disk(json_t *vm, const char *image)
{
	json_array_append_new(list_of(vm, "disks"), json_pack("{s:s}", "image", image));
}

/* A name made of the file's: its last part up to the first dot. */
static void name_after(json_t *vm, const char *file)
{
	const char *base = strrchr(file, '/');
	char name[33];
	size_t n = 0;

	for (base = base ? base + 1 : file; *base && *base != '.' && n < 28; base++)
		name[n++] = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
				   *base) ? *base : '-';
	name[n] = 0;
	json_object_set_new(vm, "name", json_string(n && name[0] != '-' ? name : "vm"));
}

/* What is no text cannot be said in JSON: the VM's configuration, and the control sockets. */
static int check_argument(int c, const char *arg)
{
	json_t *text = arg ? json_string(arg) : NULL;
	char *end = NULL;

	if (arg && !text) {
		fputs("vmhi: an argument is not UTF-8: give the file another name\n", stderr);
		return 2;
	}
	json_decref(text);
	if (c == 'c' && (strtol(arg, &end, 10) < 0 || end == arg || *end)) {
		fprintf(stderr, "vmhi: --cpus %s: not a number\n", arg);
		return 2;
	}
	return 0;
}

static int one_option(struct options *o, int c, char *arg)
{
	static const struct {
		int c;
		const char *key;
	} texts[] = {{'n', "name"}, {'m', "memory"}, {'k', "kernel"}, {'i', "initrd"},
		     {'a', "cmdline"}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].c == c) {
			json_object_set_new(o->vm, texts[i].key, json_string(arg));
			return 0;
		}
	}
	switch (c) {
	case 'c':
		json_object_set_new(o->vm, "cpus", json_integer(atoi(arg)));
		return 0;
	case 'd':
		add_disk(o->vm, arg);
		return 0;
	case 't':
		add_net(o->vm, arg);
		return 0;
	case 'D':
		o->detach = true;
		return 0;
	}
	return 2;
}

/* 0, or 2 after saying how it is used. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"name", 1, NULL, 'n'}, {"cpus", 1, NULL, 'c'}, {"memory", 1, NULL, 'm'},
		{"kernel", 1, NULL, 'k'}, {"initrd", 1, NULL, 'i'}, {"cmdline", 1, NULL, 'a'},
		{"disk", 1, NULL, 'd'}, {"net", 1, NULL, 't'}, {"detach", 0, NULL, 'D'},
		{"help", 0, NULL, 'h'}, {0}};
	int c;
	size_t n;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage_text, stdout);
			exit(0);
		}
		if (check_argument(c, optarg))
			return 2;
		if (one_option(o, c, optarg)) {
			fputs(usage_text, stderr);
			return 2;
		}
	}
	if (argc - optind > 1 || (argc == optind && !json_object_get(o->vm, "kernel"))) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (argc == optind)
		return 0;
	if (check_argument(0, argv[optind]))
		return 2;
	n = strlen(argv[optind]);
	if (n > 5 && !strcmp(argv[optind] + n - 5, ".json"))
		o->file = argv[optind];
	else
		add_disk(o->vm, argv[optind]);
	return 0;
}

/* A relative path in VM.json counts from the folder that VM.json is in. */
static void from_dir(json_t *obj, const char *key, const char *dir)
{
	const char *path = json_string_value(json_object_get(obj, key));
	char full[PATH_MAX];

	if (!path || path[0] == '/')
		return;
	snprintf(full, sizeof(full), "%s/%s", dir, path);
	json_object_set_new(obj, key, json_string(full));
}

static void anchor_paths(json_t *vm, const char *file)
{
	char dir[PATH_MAX];
	char *slash;
	json_t *disk;
	size_t i;

	snprintf(dir, sizeof(dir), "%s", file);
	slash = strrchr(dir, '/');
	if (!slash)
		return;
	*slash = 0;
	from_dir(vm, "kernel", dir);
	from_dir(vm, "initrd", dir);
	json_array_foreach(json_object_get(vm, "disks"), i, disk)
		from_dir(disk, "image", dir);
}

/* VM.json with what the options say laid over it; without one, what they say and defaults. */
static int read_vm(struct options *o, struct err *e)
{
	json_t *given = o->vm;

	o->where = "vmhi run";
	if (o->file) {
		o->vm = json_read_file(o->file, e);
		if (!o->vm) {
			o->vm = given;
			return e->code;
		}
		anchor_paths(o->vm, o->file);
		json_object_update(o->vm, given);
		json_decref(given);
		o->where = o->file;
	}
	if (!json_object_get(o->vm, "name")) {
		const json_t *disk = json_array_get(json_object_get(o->vm, "disks"), 0);
		const char *image = json_string_value(json_object_get(disk, "image"));

		name_after(o->vm, o->file ? o->file : image ? image : "vm");
	}
	if (!o->file && !json_object_get(o->vm, "nets"))
		add_net(o->vm, "user");
	if (!o->file && !json_object_get(o->vm, "rng"))
		json_object_set_new(o->vm, "rng", json_true());
	if (!o->file && json_object_get(o->vm, "kernel") && !json_object_get(o->vm, "cmdline"))
		json_object_set_new(o->vm, "cmdline", json_string("console=ttyS0"));
	return 0;
}

static bool is_child(const struct session *s, pid_t pid, const char **what)
{
	if (s->keeper.pid == pid)
		*what = "its network (vmhi-driverd)";
	for (int i = 0; i < VM_DISKS_MAX; i++)
		if (s->disks[i].pid == pid)
			*what = "a disk (qemu-storage-daemon)";
	return *what != NULL;
}

/* Reaps what ended. 1 with *status when the VM did. */
static int reap(struct session *s, int *status)
{
	int st, done = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		const char *what = NULL;
		char fate[96];

		if (pid == s->machine.pid) {
			s->machine.pid = 0;
			*status = WIFEXITED(st) ? WEXITSTATUS(st) : 1;
			if (WIFSIGNALED(st))
				fprintf(stderr, "vmhi: vmhi-vm %s\n",
					child_fate(st, fate, sizeof(fate)));
			done = 1;
		} else if (is_child(s, pid, &what)) {
			fprintf(stderr, "vmhi: %s %s; logs are in %s\n", what,
				child_fate(st, fate, sizeof(fate)), s->dir);
		}
	}
	return done;
}

/* Stays with the VM until it ends: its exit status. SIGINT and SIGTERM press the power button. */
static int attend(struct session *s, int sigfd)
{
	struct signalfd_siginfo si;
	int status = 1;

	while (!reap(s, &status)) {
		if (read(sigfd, &si, sizeof(si)) != sizeof(si))
			continue;
		if (si.ssi_signo != SIGCHLD && s->machine.pid)
			kill(s->machine.pid, SIGTERM);
	}
	return status;
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* What vmhi-vm would say too, said before anything is started. */
static int check_readable(const char *key, const char *path, struct err *e)
{
	if (path && access(path, R_OK) < 0)
		return err_set(e, -errno, "%s %s: cannot be read: %s", key, path, strerror(errno));
	return 0;
}

static int start_all(struct session *s, bool stdio, struct err *e)
{
	int r = check_readable("kernel", json_string_value(json_object_get(s->vm, "kernel")), e);

	if (!r)
		r = check_readable("initrd", s->cfg->initrd, e);
	if (!r)
		r = session_disks(s, e);

	if (!r)
		r = session_nets(s, e);
	if (!r)
		r = session_machine(s, stdio, e);
	return r;
}

/* With --detach: the parent waits for one byte that says that the VM runs, and leaves. */
static int leave_to_child(int *tell)
{
	int p[2];
	char ok = 1;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return 1;
	pid = fork();
	if (pid != 0) {
		close(p[1]);
		if (pid > 0 && read(p[0], &ok, 1) == 1)
			_exit(ok);
		_exit(1);
	}
	setsid();
	close(p[0]);
	*tell = p[1];
	return 0;
}

/* Until the VM answers on its control socket; false when it ended instead. */
static bool wait_control(const struct session *s)
{
	struct timespec tick = {.tv_nsec = 20000000};
	siginfo_t si = {0};
	char path[108];
	struct err e;

	if (client_path("vms", s->cfg->name, "control", path, sizeof(path), &e))
		return false;
	while (waitid(P_PID, (id_t)s->machine.pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       si.si_pid == 0) {
		if (access(path, F_OK) == 0)
			return true;
		nanosleep(&tick, NULL);
	}
	return false;
}

static void told(int tell, struct session *s)
{
	static const char ok;
	int null = open("/dev/null", O_RDWR);

	printf("VM \"%s\" runs; its console: vmhi vm console %s\n", s->cfg->name, s->cfg->name);
	fflush(stdout);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (write(tell, &ok, 1) != 1)
		_exit(1);
	close(tell);
}

static int run(struct options *o, struct vm_config *cfg)
{
	int tell = -1, sigfd, status = 1;
	struct session s;
	struct err e;

	if (o->detach && leave_to_child(&tell))
		return 1;
	sigfd = block_signals();
	if (session_open(&s, cfg, o->vm, &e)) {
		session_close(&s);
		return client_fail(&e);
	}
	if (start_all(&s, !o->detach, &e)) {
		client_fail(&e);
	} else {
		if (o->detach && wait_control(&s))
			told(tell, &s);
		status = attend(&s, sigfd);
	}
	session_close(&s);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct options o = {.vm = json_object()};
	struct vm_config *cfg = NULL;
	struct err e;
	int r = parse_options(&o, argc, argv);

	if (r) {
		json_decref(o.vm);
		return r;
	}
	r = read_vm(&o, &e);
	if (!r)
		cfg = vm_config_parse(o.vm, o.where, false, &e);
	if (cfg && (session_check_disks(cfg, &e) ||
		    (!cfg->kernel && diskboot_prepare(o.vm, &e)))) {
		vm_config_free(cfg);
		cfg = NULL;
	}
	r = cfg ? run(&o, cfg) : client_fail(&e);
	vm_config_free(cfg);
	json_decref(o.vm);
	return r;
}
