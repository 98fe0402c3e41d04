// SPDX-License-Identifier: Apache-2.0
/*
 * vmhi-driverd, the keeper: starts a device set, keeps it while its worker lives, cleans up. It
 * owns every descriptor and all memory of the set, and runs no vendor code.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "kernel/keeper/set.h"
#include "kernel/lib/log.h"

struct options {
	const char *config;
	int ready_fd, exit_fd;
};

/* The driver that the configuration names, if it names one. */
static int admit(struct set *s, struct err *e)
{
	struct admitted a;
	int r;

	if (!s->cfg.driver[0])
		return 0;
	r = driver_admit(&s->cfg, s->cfg.driver, &a, e);
	if (r)
		return r;
	s->driver = a.fd;
	s->note = a.note;
	s->level = a.level;
	memcpy(s->param, a.param, sizeof(s->param));
	return 0;
}

/* Shared with every worker; its size is sealed, or a worker could make us fall over a hole. */
static int make_session(struct set *s, struct err *e)
{
	s->session_fd = memfd_create("vmhi-session", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->session_fd < 0 || ftruncate(s->session_fd, sizeof(*s->session)) < 0 ||
	    fcntl(s->session_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_set(e, -errno, "no session memory: %s", strerror(errno));
	s->session = mmap(NULL, sizeof(*s->session), PROT_READ | PROT_WRITE, MAP_SHARED,
			  s->session_fd, 0);
	if (s->session == MAP_FAILED) {
		s->session = NULL;
		return err_set(e, -errno, "no session memory: %s", strerror(errno));
	}
	return 0;
}

/* The first worker. */
static int bring_up(struct set *s, struct err *e)
{
	s->child = child_prepare(s, s->driver, s->note, s->param, e);
	if (!s->child)
		return e->code;
	if (child_settle(s->child, e))
		return e->code;
	return put_to_work(s, s->child, false, e);
}

static int start(struct set *s, struct err *e)
{
	uint32_t uplinks;
	int r;

	s->lock = rundir_open("set", s->cfg.name, "ports", s->dir, e);
	r = s->lock < 0 ? s->lock : admit(s, e);
	if (r == 0)
		r = devices_open(s, e);
	uplinks = s->cfg.driver[0] ? (s->bus.ndev ? s->bus.ndev : 1) : 0;
	if (r == 0)
		r = dma_pool_open(&s->pool, &s->bus, dp_pool_len(s->cfg.mtu, uplinks), e);
	if (r == 0)
		r = make_session(s, e);
	if (r == 0)
		r = uplink_open(s, e);
	if (r == 0)
		r = bring_up(s, e);
	for (uint32_t i = 0; i < s->cfg.nports && r == 0; i++)
		r = set_port_add(s, &s->cfg.port[i], e);
	if (r == 0)
		r = control_open(s, e);
	return r ? r : pulse_start(s, e);
}

/* In this order: nothing is unmapped or closed before the devices are fenced. */
static void stop(struct set *s)
{
	struct err e = {0};

	s->stopping = true;
	control_server_free(s->control);
	replace_free(s);
	spare_drop(s);
	if (s->child && s->child->pid && s->status == 0 &&
	    child_call(s->child, CMD_QUIT, NULL, 0, NULL, 0, NULL, 0, &e)) {
		log_error("%s", e.msg);
		s->status = 1;
	}
	devices_fence(s);
	child_free(s->child);
	s->child = NULL;
	dma_pool_worker_died(&s->pool);
	uplink_close(s);
	ports_close(s);
	dma_pool_close(&s->pool, &s->bus);
	devices_close(s);
	if (s->lock >= 0)
		rundir_close(s->lock, s->dir, "ports");
	if (s->session)
		munmap(s->session, sizeof(*s->session));
	if (s->session_fd >= 0)
		close(s->session_fd);
	if (s->driver >= 0)
		close(s->driver);
	free(s->note);
	config_free(&s->cfg);
	if (s->ev_signal)
		event_del(s->ev_signal);
	if (s->ev_exit)
		event_del(s->ev_exit);
	if (s->loop)
		event_loop_free(s->loop);
}

static void on_signal(void *arg, uint32_t events)
{
	event_loop_stop(((struct set *)arg)->loop);
}

static int watch_signals(struct set *s, struct err *e)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	s->ev_signal = fd < 0 ? NULL : event_add(s->loop, fd, EPOLLIN, on_signal, s);
	if (!s->ev_signal)
		return err_set(e, -errno, "signals cannot be watched: %s", strerror(errno));
	return 0;
}

static int run(struct set *s, const struct options *o, struct err *e)
{
	int r;

	s->loop = event_loop_new();
	if (!s->loop)
		return err_set(e, -errno, "no event loop: %s", strerror(errno));
	r = watch_signals(s, e);
	if (r == 0)
		r = start(s, e);
	if (r == 0 && o->exit_fd >= 0)
		s->ev_exit = event_add(s->loop, o->exit_fd, EPOLLIN | EPOLLRDHUP, on_signal, s);
	if (r == 0 && o->exit_fd >= 0 && !s->ev_exit)
		r = err_set(e, -errno, "--exit-with-fd %d: %s", o->exit_fd, strerror(errno));
	if (r)
		return r;
	said_listen(s->child);	/* "ready" is the last line of the start */
	if (s->note)
		log_info("ready: driver %s %s of %s, level %s", s->note->name, s->note->version,
			 s->note->vendor, admission_level_name(s->level));
	else
		log_info("ready: no driver");
	if (o->ready_fd >= 0) {
		if (write(o->ready_fd, "ready\n", 6) != 6)
			log_warning("--ready-fd %d: nobody listens", o->ready_fd);
		close(o->ready_fd);
	}
	s->running = true;
	spare_prepare(s);
	event_loop_run(s->loop);
	return 0;
}

/* Two for each port, and all that came over its connection. */
static void want_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static void usage(FILE *to)
{
	fprintf(to, "usage: vmhi-driverd --config FILE|fd:N [--ready-fd N] [--exit-with-fd N]\n");
}

static int get_fd(const char *text, int *fd)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!*text || *end || n < 0 || n > 65535)
		return -EINVAL;
	*fd = (int)n;
	return 0;
}

static int get_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"ready-fd", required_argument, NULL, 'r'},
		{"exit-with-fd", required_argument, NULL, 'x'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	*o = (struct options){NULL, -1, -1};
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			exit(0);
		} else if (c == 'c') {
			o->config = optarg;
		} else if ((c != 'r' && c != 'x') ||
			   get_fd(optarg, c == 'r' ? &o->ready_fd : &o->exit_fd)) {
			return -EINVAL;
		}
	}
	return o->config && optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	static struct set s = {.lock = -1, .driver = -1, .session_fd = -1, .uplink_fd = -1};
	struct options o;
	struct err e = {0};

	if (get_options(argc, argv, &o)) {
		usage(stderr);
		return 2;
	}
	log_init("vmhi-driverd", NULL);
	want_descriptors();
	bus_init(&s.bus);
	if (keeper_confine(&e) || config_read(o.config, &s.cfg, &e)) {
		log_error("%s", e.msg);
		return 1;
	}
	log_init("vmhi-driverd", s.cfg.name);
	if (run(&s, &o, &e)) {
		log_error("%s", e.msg);
		s.status = 1;
	}
	stop(&s);
	return s.status;
}
