// SPDX-License-Identifier: Apache-2.0
/* A model's life: made from its description, served on a socket, freed. */
#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct model *model_new(struct model_loop *l, const struct model_pci *pci,
			const struct model_ops *ops, void *dev)
{
	struct model *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return NULL;
	m->loop = l;
	m->ops = ops;
	m->dev = dev;
	m->pci = *pci;
	m->listener = -1;
	m->c.sock = -1;
	for (int i = 0; i < 6; i++)
		m->bar[i].memfd = -1;
	r = dma_init();
	if (!r)
		r = bar_init(m);
	if (!r)
		r = config_init(m);
	if (!r)
		r = msix_init(m);
	if (r) {
		model_free(m);
		errno = -r;
		return NULL;
	}
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	if (m->listener >= 0) {
		model_loop_del(m->loop, m->listener);
		close(m->listener);
		m->listener = -1;
		unlink(m->path);
	}
	server_close(m);
	proxy_close(m);
	faults_free(m);
	msix_free(m);
	dma_unmap_all(m);
	bar_free(m);
	free(m->path);
	free(m->qtest_path);
	free(m);
}

void model_power_cycle(struct model *m)
{
	config_reset(m);
	msix_reset(m);
	m->ops->reset(m->dev);
	bar_clear_areas(m);
	dma_unmap_all(m);
}

bool model_has_client(const struct model *m)
{
	return m->c.up || m->proxy;
}

void model_await_client(struct model *m, bool yes)
{
	if (m->listener >= 0)
		model_loop_watch(m->loop, m->listener, yes ? POLLIN : 0);
}

static void on_connect(void *arg, short revents)
{
	struct model *m = arg;
	int fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0 && m->serve(m, fd))
		close(fd);
}

static int listen_for(struct model *m, const char *path, int (*serve)(struct model *m, int sock))
{
	int r;

	if (m->listener >= 0)
		return -EBUSY;
	m->path = strdup(path);
	if (!m->path)
		return -ENOMEM;
	r = listen_at(path, SOCK_STREAM);
	if (r < 0) {
		free(m->path);
		m->path = NULL;
		return r;
	}
	m->listener = r;
	m->serve = serve;
	return model_loop_add(m->loop, m->listener, model_has_client(m) ? 0 : POLLIN, on_connect,
			      m);
}

int model_listen(struct model *m, const char *path)
{
	return listen_for(m, path, model_serve);
}

static int serve_proxy(struct model *m, int sock)
{
	return model_proxy(m, sock, m->qtest_path);
}

int model_proxy_listen(struct model *m, const char *path, const char *qtest_path)
{
	int r;

	if (m->listener >= 0)
		return -EBUSY;
	m->qtest_path = strdup(qtest_path);
	if (!m->qtest_path)
		return -ENOMEM;
	r = listen_for(m, path, serve_proxy);
	if (r && m->listener < 0) {
		free(m->qtest_path);
		m->qtest_path = NULL;
	}
	return r;
}
