// SPDX-License-Identifier: Apache-2.0
/* The main() that models share. */
#include <vmhi-model/main.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKET, PROXY, QTEST, VTD, FAULTS, SHARED };	/* the options of every model */

static const char *const shared_names[SHARED] = {"socket", "proxy", "qtest", "vtd", "faults"};

struct running {
	const struct model_program *p;
	void *dev;
	struct model_loop *loop;
	struct model *m;
	const char *shared[SHARED];
	bool given[MODEL_OPTIONS_MAX];
	int signals;
	bool stop;
};

static int usage(const struct model_program *p, const char *why, const char *what)
{
	fprintf(stderr, "%s: %s%s; use (--socket PATH | --proxy PATH|FD --qtest PATH "
		"[--vtd BUS:SLOT.FUNCTION]) [--faults PATH]", p->name, why, what);
	for (const struct model_option *o = p->options; o->name; o++)
		fprintf(stderr, o->needed ? " --%s %s" : " [--%s %s]", o->name, o->value);
	fputc('\n', stderr);
	return 2;
}

static int check_options(const struct running *r)
{
	for (int i = 0; r->p->options[i].name; i++)
		if (r->p->options[i].needed && !r->given[i])
			return usage(r->p, "missing: --", r->p->options[i].name);
	if (!r->shared[SOCKET] == !r->shared[PROXY])
		return usage(r->p, r->shared[SOCKET] ? "one of the two: " : "missing: ",
			     "--socket or --proxy");
	if (!r->shared[PROXY] != !r->shared[QTEST])
		return usage(r->p, "--proxy and --qtest go together", "");
	if (r->shared[VTD] && !r->shared[PROXY])
		return usage(r->p, "--vtd goes with --proxy", "");
	return 0;
}

static int read_options(struct running *r, int argc, char **argv)
{
	struct option known[SHARED + MODEL_OPTIONS_MAX + 1] = {{0}};
	const struct model_option *own = r->p->options;
	char why[128];
	int k;

	for (k = 0; k < SHARED; k++)
		known[k] = (struct option){shared_names[k], required_argument, NULL, k};
	for (int i = 0; own[i].name && i < MODEL_OPTIONS_MAX; i++, k++)
		known[k] = (struct option){own[i].name, required_argument, NULL, k};
	opterr = 0;
	while ((k = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (k == '?')
			return usage(r->p, "not an option or without its value: ",
				     argv[optind - 1]);
		if (k < SHARED) {
			r->shared[k] = optarg;
			continue;
		}
		r->given[k - SHARED] = true;
		if (own[k - SHARED].set(r->dev, optarg) < 0) {
			snprintf(why, sizeof(why), "--%s: not understood: ", own[k - SHARED].name);
			return usage(r->p, why, optarg);
		}
	}
	if (optind < argc)
		return usage(r->p, "not understood: ", argv[optind]);
	return check_options(r);
}

static void on_signal(void *arg, short revents)
{
	struct running *r = arg;
	struct signalfd_siginfo info;

	if (read(r->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
		r->stop = true;
	else if (r->p->signal)
		r->p->signal(r->dev, (int)info.ssi_signo);
}

static int watch_signals(struct running *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signals < 0 ? -errno
			      : model_loop_add(r->loop, r->signals, POLLIN, on_signal, r);
}

/* The descriptor that a number names, or -1. */
static int inherited(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isdigit((unsigned char)*p))
			return -1;
	return *text ? atoi(text) : -1;
}

/* A descriptor that is no connected socket would look like a client that came and went. */
static int serve_inherited(struct model *m, int fd, const char *qtest_path)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &n) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return model_proxy(m, fd, qtest_path);
}

/* "0:a.0", in hexadecimal as PCI addresses are. */
static int behind_vtd(struct model *m, const char *text)
{
	unsigned int bus, slot, function;
	int end = 0;

	if (sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &end) != 3 || text[end] ||
	    slot > 31 || function > 7)
		return -EINVAL;
	return model_proxy_vtd(m, bus, slot * 8 + function);
}

/* Says itself what is wrong. */
static int open_doors(struct running *r)
{
	const char *door = r->shared[r->shared[SOCKET] ? SOCKET : PROXY];
	int fd = r->shared[PROXY] ? inherited(r->shared[PROXY]) : -1, e;

	e = r->shared[VTD] ? behind_vtd(r->m, r->shared[VTD]) : 0;
	if (e) {
		model_log("--vtd %s: no PCI address such as 0:a.0", r->shared[VTD]);
		return e;
	}
	if (r->shared[SOCKET])
		e = model_listen(r->m, door);
	else if (fd >= 0)
		e = serve_inherited(r->m, fd, r->shared[QTEST]);
	else
		e = model_proxy_listen(r->m, door, r->shared[QTEST]);
	if (e) {
		model_log("cannot serve %s: %s; choose %s", door, strerror(-e),
			  fd >= 0 ? "a descriptor that is a connected socket"
				  : "a path that is free and writable");
		return e;
	}
	e = r->shared[FAULTS] ? model_faults_listen(r->m, r->shared[FAULTS]) : 0;
	if (e)
		model_log("cannot take faults at %s: %s", r->shared[FAULTS], strerror(-e));
	return e;
}

static int run(struct running *r)
{
	bool one_client = r->shared[PROXY] && inherited(r->shared[PROXY]) >= 0;
	int e = 0;

	while (!e && !r->stop && (!one_client || model_has_client(r->m)))
		e = model_loop_once(r->loop, -1);
	if (e)
		model_log("the loop ends: %s", strerror(-e));
	return e;
}

int model_main(const struct model_program *p, void *dev, int argc, char **argv)
{
	struct running r = {.p = p, .dev = dev, .signals = -1};
	int e = read_options(&r, argc, argv);

	if (e)
		return e;
	model_log_name(p->name);
	r.loop = model_loop_new();
	e = r.loop ? watch_signals(&r) : -ENOMEM;
	if (e)
		model_log("cannot start: %s", strerror(-e));
	else
		r.m = p->start(dev, r.loop);
	if (r.m) {
		e = open_doors(&r);
		if (!e)
			e = run(&r);
		model_free(r.m);
		p->stop(dev);
	}
	model_loop_free(r.loop);
	if (r.signals >= 0)
		close(r.signals);
	return e || !r.m ? 1 : 0;
}
