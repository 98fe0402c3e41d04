// SPDX-License-Identifier: Apache-2.0
/* A datagram socket that takes commands. */
#include <vmhi-model/commands.h>
#include <vmhi-model/model.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct model_commands {
	struct model_loop *loop;
	bool (*fn)(void *arg, const char *line);
	void *arg;
	int sock;
	struct sockaddr_un sa;
};

static void on_command(void *arg, short revents)
{
	struct model_commands *c = arg;
	char line[MODEL_COMMAND_MAX + 1];
	ssize_t n;

	while ((n = recv(c->sock, line, sizeof(line) - 1, MSG_DONTWAIT)) >= 0) {
		line[n] = 0;
		if (n && line[n - 1] == '\n')
			line[n - 1] = 0;
		if (!c->fn(c->arg, line))
			model_log("no command \"%s\"", line);
	}
}

static int open_at(struct model_commands *c)
{
	mode_t mask;
	int r;

	c->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (c->sock < 0)
		return -errno;
	mask = umask(0177);
	r = bind(c->sock, (struct sockaddr *)&c->sa, sizeof(c->sa)) < 0 ? -errno : 0;
	umask(mask);
	if (r == 0) {
		r = model_loop_add(c->loop, c->sock, POLLIN, on_command, c);
		if (r)
			unlink(c->sa.sun_path);
	}
	if (r)
		close(c->sock);
	return r;
}

int model_commands_listen(struct model_loop *l, const char *path,
			  bool (*fn)(void *arg, const char *line), void *arg,
			  struct model_commands **out)
{
	struct model_commands *c;
	int r;

	if (strlen(path) >= sizeof(c->sa.sun_path))
		return -ENAMETOOLONG;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = (struct model_commands){.loop = l, .fn = fn, .arg = arg};
	c->sa.sun_family = AF_UNIX;
	strcpy(c->sa.sun_path, path);
	r = open_at(c);
	if (r)
		free(c);
	else
		*out = c;
	return r;
}

void model_commands_close(struct model_commands *c)
{
	if (!c)
		return;
	model_loop_del(c->loop, c->sock);
	close(c->sock);
	unlink(c->sa.sun_path);
	free(c);
}
