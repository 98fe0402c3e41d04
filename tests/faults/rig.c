// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/lib/clock.h"
#include "kernel/lib/control.h"

#define START_MS 10000
#define RIG_PATH 96

static void path_in(const struct rig *r, const char *leaf, char out[RIG_PATH])
{
	snprintf(out, RIG_PATH, "%s/%s", r->dir, leaf);
}

/* Starts a program of the build folder; its standard error goes to DIR/NAME.log. in, out: or -1. */
static pid_t launch(const struct rig *r, const char *name, char *const argv[], int in, int out)
{
	char program[512], log[RIG_PATH], leaf[32];
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(program, sizeof(program), "%s/%s", r->conf->build, argv[0]);
	snprintf(leaf, sizeof(leaf), "%s.log", name);
	path_in(r, leaf, log);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open(log, O_WRONLY | O_CREAT | O_APPEND, 0644), 2);
	if (in >= 0)
		dup2(in, 0);
	if (out >= 0)
		dup2(out, 1);
	execv(program, argv);
	_exit(127);
}

static bool wait_for(const char *path)
{
	struct stat st;

	for (int64_t by = now_ms() + START_MS; now_ms() < by; usleep(10000))
		if (stat(path, &st) == 0)
			return true;
	fprintf(stderr, "campaign: no %s after %d s\n", path, START_MS / 1000);
	return false;
}

static int start_model(struct rig *r)
{
	char card[RIG_PATH], faults[RIG_PATH], wire[2 * RIG_PATH];
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char *argv[] = {"plugins/nic/intel/82574/model/82574-model", "--socket", card, "--wire",
			wire, "--mac", "52:54:00:12:34:50", "--faults", faults, NULL};

	path_in(r, "card", card);
	path_in(r, "faults", faults);
	snprintf(wire, sizeof(wire), "dgram:%s/near,%s/far", r->dir, r->dir);
	r->model = launch(r, "model", argv, -1, -1);
	if (!wait_for(card) || !wait_for(faults))
		return -1;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", faults);
	r->switches = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return connect(r->switches, (struct sockaddr *)&sa, sizeof(sa));
}

static int start_keeper(struct rig *r)
{
	char config[RIG_PATH], control[RIG_PATH];
	char *argv[] = {"vmhi-driverd", "--config", config, NULL};
	FILE *f;

	path_in(r, "set.json", config);
	path_in(r, "sets/faults/control", control);
	f = fopen(config, "we");
	if (!f)
		return -1;
	fprintf(f, "{\"name\": \"faults\", \"driver\": \"%s\", \"restart\": {\"limit\": 0},"
		" \"ports\": [{\"name\": \"p0\"}], \"devices\": [", r->conf->driver);
	if (r->conf->device)
		fprintf(f, "\"%s\"]}\n", r->conf->device);
	else
		fprintf(f, "{\"vfio-user\": \"%s/card\"}]}\n", r->dir);
	fclose(f);
	r->keeper = launch(r, "keeper", argv, -1, -1);
	return wait_for(control) ? 0 : -1;
}

static int start_guest(struct rig *r)
{
	char port[RIG_PATH], local[RIG_PATH], remote[RIG_PATH], rate[16];
	char *argv[] = {"bench/stream", port, local, remote, rate, NULL};
	int in[2], out[2];

	path_in(r, "sets/faults/ports/p0", port);
	path_in(r, "far", local);
	path_in(r, "near", remote);
	if (r->conf->wire) {
		snprintf(local, sizeof(local), "packet:%s", r->conf->wire);
		snprintf(remote, sizeof(remote), "-");
	}
	snprintf(rate, sizeof(rate), "%u", r->conf->rate);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return -1;
	r->guest = launch(r, "guest", argv, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	r->ask = fdopen(in[1], "w");
	r->answer = fdopen(out[0], "r");
	return r->ask && r->answer ? 0 : -1;
}

int rig_start(struct rig *r, const struct rig_conf *conf)
{
	int ret;

	*r = (struct rig){.conf = conf, .switches = -1, .dir = "/tmp/vmhi-faults.XXXXXX"};
	if (!mkdtemp(r->dir)) {
		fprintf(stderr, "campaign: %s: %s\n", r->dir, strerror(errno));
		return -1;
	}
	setenv("VMHI_RUN_DIR", r->dir, 1);
	setenv("VMHI_CONFIG_DIR", r->dir, 1);
	ret = conf->device ? 0 : start_model(r);
	if (ret == 0)
		ret = start_keeper(r);
	if (ret == 0)
		ret = start_guest(r);
	if (ret == 0 && rig_guest(r, START_MS) != GUEST_RUNS) {
		fprintf(stderr, "campaign: no packets run; see %s\n", r->dir);
		return -1;
	}
	return ret;
}

static void end(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGTERM);
		for (int i = 0; i < 500 && waitpid(*pid, NULL, WNOHANG) == 0; i++)
			usleep(10000);
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

void rig_stop(struct rig *r, bool keep)
{
	char command[64];

	if (r->ask)
		fclose(r->ask);
	if (r->answer)
		fclose(r->answer);
	end(&r->guest);
	end(&r->keeper);
	end(&r->model);
	if (r->switches >= 0)
		close(r->switches);
	snprintf(command, sizeof(command), "rm -rf %s", r->dir);
	if (keep)
		fprintf(stderr, "campaign: the logs are in %s\n", r->dir);
	else if (system(command))
		fprintf(stderr, "campaign: %s is left behind\n", r->dir);
}

bool rig_status(struct rig *r, struct rig_status *st)
{
	char path[RIG_PATH];
	json_t *request = json_pack("{s:s}", "op", "status"), *a, *last;
	const char *cause;
	struct err e;

	path_in(r, "sets/faults/control", path);
	a = control_request(path, request, NULL, &e);
	json_decref(request);
	*st = (struct rig_status){0};
	if (!a)
		return false;
	st->worker = (pid_t)json_integer_value(json_object_get(a, "worker"));
	st->restarts = (unsigned int)json_integer_value(json_object_get(a, "restarts"));
	last = json_object_get(a, "recoveries");
	last = json_array_get(last, json_array_size(last) - 1);
	cause = json_string_value(json_object_get(last, "cause"));
	snprintf(st->cause, sizeof(st->cause), "%s", cause ? cause : "");
	st->ms = json_number_value(json_object_get(last, "ms"));
	json_decref(a);
	return true;
}

static bool ask(struct rig *r, const char *line, char *answer, int n)
{
	fprintf(r->ask, "%s\n", line);
	return fflush(r->ask) == 0 && fgets(answer, n, r->answer);
}

enum rig_guest rig_guest(struct rig *r, unsigned int ms)
{
	char line[32], answer[64];

	snprintf(line, sizeof(line), "alive %u", ms);
	if (!ask(r, line, answer, sizeof(answer)))
		return GUEST_LOST;
	return answer[0] == 'r' ? GUEST_RUNS : answer[0] == 's' ? GUEST_STALLED : GUEST_DISCONNECTED;
}

bool rig_totals(struct rig *r, struct rig_totals *t)
{
	unsigned long up, lost_up, down, lost_down, overtaken, unsent;
	char answer[512];

	if (!ask(r, "total", answer, sizeof(answer)) ||
	    sscanf(answer, "sent_up %lu lost_up %lu sent_down %lu lost_down %lu twice %lu corrupt %lu "
		   "overtaken %lu ring_faults %lu unsent %lu", &up, &lost_up, &down, &lost_down,
		   &t->twice, &t->corrupt, &overtaken, &t->ring_faults, &unsent) != 9)
		return false;
	t->sent = up + down;
	t->lost = lost_up + lost_down;
	return true;
}

const char *rig_dead(struct rig *r)
{
	if (r->model > 0 && waitpid(r->model, NULL, WNOHANG) == r->model) {
		r->model = 0;
		return "the card's model";
	}
	if (waitpid(r->keeper, NULL, WNOHANG) == r->keeper) {
		r->keeper = 0;
		return "the keeper";
	}
	if (waitpid(r->guest, NULL, WNOHANG) == r->guest) {
		r->guest = 0;
		return "the guest";
	}
	return NULL;
}
