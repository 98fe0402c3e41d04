// SPDX-License-Identifier: Apache-2.0
/* vmhi set list | start | stop: device sets, each with a keeper of its own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/cli/child.h"
#include "kernel/cli/cli.h"
#include "kernel/cli/client.h"
#include "kernel/cli/set.h"
#include "kernel/lib/fdpass.h"
#include "kernel/lib/json.h"
#include "kernel/lib/paths.h"

#define START_SECONDS 30

/* Names of RUNNING and of configured sets, each once. */
static json_t *all_sets(struct err *e)
{
	json_t *names = client_running("sets", e), *seen;
	char dir[4096];
	struct dirent *de;
	DIR *d;

	if (!names)
		return NULL;
	seen = json_object();
	for (size_t i = 0; i < json_array_size(names); i++)
		json_object_set_new(seen, json_string_value(json_array_get(names, i)),
				    json_true());
	json_decref(names);
	if (path_config_dir(dir, sizeof(dir) - 8, e) == 0) {
		strcat(dir, "/sets");
		d = opendir(dir);
		while (d && (de = readdir(d))) {
			char name[256];
			char *dot = strrchr(strcpy(name, de->d_name), '.');

			if (!dot || strcmp(dot, ".json") || dot == name)
				continue;
			*dot = 0;
			if (!json_object_get(seen, name))
				json_object_set_new(seen, name, json_false());
		}
		if (d)
			closedir(d);
	}
	return seen;
}

/* Ports that guests can connect to; uplinks are not counted. NULL: they were not told. */
static json_t *count_ports(const char *set)
{
	struct err e;
	json_t *ans = client_ask("sets", set, json_pack("{s:s}", "op", "ports"), NULL, &e), *port;
	const char *kind;
	size_t i;
	int n = 0;

	if (!ans)
		return NULL;
	json_array_foreach(json_object_get(ans, "ports"), i, port) {
		kind = json_string_value(json_object_get(port, "kind"));
		n += kind && !strcmp(kind, "port");
	}
	json_decref(ans);
	return json_integer(n);
}

/* A set that runs, or was there when we looked for those that do. */
static json_t *row_of(const char *set)
{
	struct err e = {0};
	json_t *row = client_ask("sets", set, json_pack("{s:s}", "op", "status"), NULL, &e);

	if (row)
		json_object_set_new(row, "ports", count_ports(set));
	else if (e.code == -ENOENT || e.code == -ECONNREFUSED)
		row = json_pack("{s:s}", "state", "stopped");
	else
		row = json_pack("{s:s,s:s}", "state", "no answer", "cause", e.msg);
	return row;
}

static int list(bool as_json)
{
	static const char *const columns[] = {"name:NAME", "state:STATE", "pid:PID",
					      "driver:DRIVER", "ports:PORTS",
					      "restarts:RESTARTS", "cause:CAUSE", NULL};
	json_t *rows = json_array(), *sets, *running;
	const char *name;
	struct err e;

	sets = all_sets(&e);
	if (!sets)
		return client_fail(&e);
	json_object_foreach(sets, name, running) {
		json_t *row = json_is_true(running) ? row_of(name)
						    : json_pack("{s:s}", "state", "stopped");

		json_object_del(row, "ok");
		json_object_set_new(row, "name", json_string(name));
		json_array_append_new(rows, row);
	}
	client_table(rows, columns, as_json);
	json_decref(rows);
	json_decref(sets);
	return 0;
}

/* NAME, or the path of a file (it has a slash or ends in .json). */
static int config_of(const char *arg, char *path, size_t n, struct err *e)
{
	size_t len = strlen(arg);
	char dir[3584];
	int r;

	if (strchr(arg, '/') || (len > 5 && !strcmp(arg + len - 5, ".json"))) {
		snprintf(path, n, "%s", arg);
		return 0;
	}
	r = path_check_name("set", arg, e);
	if (!r)
		r = path_config_dir(dir, sizeof(dir), e);
	if (r)
		return r;
	snprintf(path, n, "%s/sets/%s.json", dir, arg);
	if (access(path, F_OK) < 0)
		return err_set(e, -ENOENT, "set \"%s\" is not configured: write %s", arg, path);
	return 0;
}

int set_wait_ready(struct child *keeper, int ready_fd, const char *log, struct err *e)
{
	struct pollfd p = {.fd = ready_fd, .events = POLLIN};
	char buf[16], last[400] = "";
	int status;

	for (int i = 0; i < START_SECONDS; i++) {
		int n = poll(&p, 1, 1000);

		if (n > 0 && read(ready_fd, buf, sizeof(buf)) > 0)
			return 0;
		if (n > 0)
			break;
		if (i == 2)
			fprintf(stderr, "waiting for the driver to attach, at most %d s\n",
				START_SECONDS);
	}
	if (waitpid(keeper->pid, &status, WNOHANG) == keeper->pid)
		keeper->pid = 0;
	/* its own last line says it best */
	if (log) {
		FILE *f = fopen(log, "re");

		while (f && fgets(last, sizeof(last), f))
			;
		if (f)
			fclose(f);
		last[strcspn(last, "\n")] = 0;
	}
	child_stop(keeper, 2000);
	return err_set(e, -EIO, "%s", *last ? last : "vmhi-driverd did not start");
}

/* The name in the configuration, which must be the one asked for if that was a name. */
static int name_in(const char *config, const char *arg, char *name, size_t n, struct err *e)
{
	json_t *j = json_read_file(config, e);
	const char *given = NULL;
	int r;

	if (!j)
		return e->code;
	r = json_get_string(j, config, "name", true, &given, e);
	if (!r)
		r = path_check_name("set", given, e);
	if (!r && config != arg && strcmp(given, arg))
		r = err_set(e, -EINVAL, "%s: \"name\" is \"%s\": it must be the file's, \"%s\"", config,
			    given, arg);
	if (!r)
		snprintf(name, n, "%s", given);
	json_decref(j);
	return r;
}

/* The log of a set that does not run is begun anew; one that runs keeps its own. */
static int new_log(const char *name, char *log, size_t n, struct err *e)
{
	char dir[4000], control[108];
	int fd, r = client_path("sets", name, NULL, dir, sizeof(dir), e);

	if (!r)
		r = client_path("sets", name, "control", control, sizeof(control), e);
	if (!r)
		r = path_make_dirs(dir, e);
	if (r)
		return r;
	fd = unix_connect(control);
	if (fd >= 0) {
		close(fd);
		return err_set(e, -EBUSY, "set \"%s\" runs already: \"vmhi set stop %s\" stops it",
			       name, name);
	}
	snprintf(log, n, "%s/log", dir);
	unlink(log);
	return 0;
}

static int start(const char *arg)
{
	char path[4096], name[64], log[4096], program[4096];
	struct child keeper = {0};
	const char *config = path;
	int ready[2];
	struct err e;

	if (config_of(arg, path, sizeof(path), &e))
		return client_fail(&e);
	if (!strcmp(path, arg))
		config = arg;
	if (name_in(config, arg, name, sizeof(name), &e) ||
	    path_program("vmhi-driverd", program, sizeof(program), &e) ||
	    new_log(name, log, sizeof(log), &e))
		return client_fail(&e);
	if (pipe2(ready, O_CLOEXEC) < 0 ||
	    child_start_daemon(&keeper, "vmhi-driverd",
			       (char *[]){program, "--config", path, "--ready-fd", "3", NULL},
			       &(struct child_fd){ready[1], 3}, 1, log, &e))
		return client_fail(&e);
	close(ready[1]);
	if (set_wait_ready(&keeper, ready[0], log, &e))
		return client_fail(&e);
	printf("set \"%s\" runs (pid %d, log %s)\n", name, keeper.pid, log);
	return 0;
}

/* A pidfd of the set's keeper: its devices are free only when that has ended. */
static int keeper_pidfd(const char *name, struct err *e)
{
	json_t *ans = client_ask("sets", name, json_pack("{s:s}", "op", "status"), NULL, e);
	pid_t pid = (pid_t)json_integer_value(json_object_get(ans, "pid"));
	int fd;

	if (!ans)
		return e->code;
	json_decref(ans);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? err_set(e, -errno, "set \"%s\": its keeper %d cannot be watched: %s", name,
				pid, strerror(errno)) : fd;
}

static int stop(const char *name)
{
	struct pollfd p = {.events = POLLIN};
	json_t *ans;
	struct err e;

	p.fd = keeper_pidfd(name, &e);
	if (p.fd < 0)
		return client_fail(&e);
	ans = client_ask("sets", name, json_pack("{s:s}", "op", "stop"), NULL, &e);
	if (!ans)
		return client_fail(&e);
	json_decref(ans);
	if (poll(&p, 1, 10000) == 1)
		return 0;
	err_set(&e, -ETIMEDOUT, "set \"%s\" was asked to stop 10 s ago and still runs", name);
	return client_fail(&e);
}

int cmd_set(int argc, char **argv)
{
	bool as_json = client_wants_json(&argc, argv);

	if (argc == 2 && !strcmp(argv[1], "list"))
		return list(as_json);
	if (argc == 3 && !strcmp(argv[1], "start"))
		return start(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "stop"))
		return stop(argv[2]);
	fputs("usage: vmhi set list [--json]\n"
	      "       vmhi set start NAME|FILE.json\n"
	      "       vmhi set stop NAME\n", stderr);
	return 2;
}
