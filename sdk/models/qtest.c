// SPDX-License-Identifier: Apache-2.0
/*
 * The memory writes that are a card's MSI-X messages, said to QEMU's qtest socket. QEMU answers when
 * its lock is free, which a vCPU may hold that waits for the card: so a thread of its own says them,
 * one at a time, and the card's thread never waits.
 *
 * What is not said yet can be recalled: a driver that masks a vector does not expect its old message
 * afterwards.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define TIMES_MAX 32	/* of one message, waiting: more than this is a storm and says no more */
#define RETRY_NS 10000000
#define PATIENCE 500	/* retries before the log has a line: 5 s */

struct post {
	uint64_t address;
	uint32_t data;
	unsigned int times;
};

struct qtest {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct sockaddr_un sa;
	int sock;		/* -1: not reached yet */
	bool stop;
	unsigned int vectors, waiting, next;
	struct post post[];
};

/* False: to end. */
static bool nap(struct qtest *q)
{
	struct timespec ts;
	bool go;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += RETRY_NS;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	pthread_mutex_lock(&q->lock);
	while (!q->stop && pthread_cond_timedwait(&q->work, &q->lock, &ts) != ETIMEDOUT)
		;
	go = !q->stop;
	pthread_mutex_unlock(&q->lock);
	return go;
}

/* QEMU makes the socket about when it meets the card, before or after. */
static int reach(struct qtest *q)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool go;

	if (fd < 0)
		return -errno;
	for (int i = 1; connect(fd, (struct sockaddr *)&q->sa, sizeof(q->sa)) < 0; i++) {
		if (i == PATIENCE)
			model_log("qtest socket %s: %s; interrupts wait for it", q->sa.sun_path,
				  strerror(errno));
		if (!nap(q)) {
			close(fd);
			return -ECANCELED;
		}
	}
	fcntl(fd, F_SETFL, 0);	/* only connecting must not block: nothing could end that */
	pthread_mutex_lock(&q->lock);
	q->sock = fd;
	go = !q->stop;
	pthread_mutex_unlock(&q->lock);
	return go ? 0 : -ECANCELED;
}

/* The next message in turn; false: to end. */
static bool take(struct qtest *q, struct post *p)
{
	bool go;

	pthread_mutex_lock(&q->lock);
	while (!q->stop && !q->waiting)
		pthread_cond_wait(&q->work, &q->lock);
	go = !q->stop;
	while (go && !q->post[q->next].times)
		q->next = (q->next + 1) % q->vectors;
	if (go) {
		*p = q->post[q->next];
		q->post[q->next].times--;
		q->waiting--;
		q->next = (q->next + 1) % q->vectors;
	}
	pthread_mutex_unlock(&q->lock);
	return go;
}

/* One line, which must be OK. */
static int hear_ok(int sock)
{
	char line[64];
	size_t n = 0;

	for (;;) {
		ssize_t got = recv(sock, line + n, sizeof(line) - 1 - n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EPIPE;
		n += (size_t)got;
		line[n] = 0;
		if (line[n - 1] == '\n')
			return strcmp(line, "OK\n") ? -EPROTO : 0;
		if (n == sizeof(line) - 1)
			return -EPROTO;
	}
}

static int say(int sock, const struct post *p)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "writel 0x%llx 0x%x\n",
			 (unsigned long long)p->address, p->data);
	ssize_t sent;

	do
		sent = send(sock, line, (size_t)n, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent != n)
		return sent < 0 ? -errno : -EPIPE;
	return hear_ok(sock);
}

static void *run(void *arg)
{
	struct qtest *q = arg;
	struct post p;
	int r = reach(q);

	while (!r && take(q, &p))
		r = say(q->sock, &p);
	/* A machine that has ended is told by the card's own socket. */
	if (r && r != -ECANCELED && r != -EPIPE && r != -ECONNRESET)
		model_log("qtest socket %s: %s; no interrupt arrives any more", q->sa.sun_path,
			  strerror(-r));
	return NULL;
}

/* Signals are the program's own thread's. */
static int start(struct qtest *q)
{
	pthread_condattr_t attr;
	sigset_t all, old;
	int r;

	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->work, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&q->thread, NULL, run, q);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

struct qtest *qtest_open(const char *path, unsigned int vectors)
{
	struct qtest *q = calloc(1, sizeof(*q) + vectors * sizeof(q->post[0]));
	int r = q ? 0 : -ENOMEM;

	if (!r && strlen(path) >= sizeof(q->sa.sun_path))
		r = -ENAMETOOLONG;
	if (!r) {
		q->sock = -1;
		q->vectors = vectors;
		q->sa.sun_family = AF_UNIX;
		strcpy(q->sa.sun_path, path);
		r = start(q);
	}
	if (r) {
		free(q);
		errno = -r;
		return NULL;
	}
	return q;
}

void qtest_close(struct qtest *q)
{
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	if (q->sock >= 0)
		shutdown(q->sock, SHUT_RDWR);	/* wakes the thread from waiting for an answer */
	pthread_cond_signal(&q->work);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->thread, NULL);
	if (q->sock >= 0)
		close(q->sock);
	pthread_cond_destroy(&q->work);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

void qtest_post(struct qtest *q, unsigned int vector, uint64_t address, uint32_t data)
{
	struct post *p = &q->post[vector];

	pthread_mutex_lock(&q->lock);
	p->address = address;
	p->data = data;
	if (p->times < TIMES_MAX) {
		p->times++;
		q->waiting++;
		pthread_cond_signal(&q->work);
	}
	pthread_mutex_unlock(&q->lock);
}

bool qtest_recall(struct qtest *q, unsigned int vector)
{
	struct post *p = &q->post[vector];
	bool was;

	pthread_mutex_lock(&q->lock);
	was = p->times;
	q->waiting -= p->times;
	p->times = 0;
	pthread_mutex_unlock(&q->lock);
	return was;
}
