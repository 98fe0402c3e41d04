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
#define ANSWER_NS 200000000

struct post {
	uint64_t address;
	uint32_t data;
	unsigned int times;
};

struct qtest {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, answered;
	struct sockaddr_un sa;
	int sock;		/* -1: not reached yet */
	bool stop;
	unsigned int asked, served;	/* questions for the VT-d registers; the last one counts */
	uint64_t value[VTD_REGISTERS];
	unsigned int vectors, waiting, next;
	struct post post[];
};

static struct timespec after(uint64_t ns)
{
	ns += model_now_ns();
	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000)};
}

/* False: to end. */
static bool nap(struct qtest *q)
{
	struct timespec ts = after(RETRY_NS);
	bool go;

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

enum { END, QUESTION, MESSAGE };

/* What is to be said next: the question, which number it has, or the next message in turn. */
static int take(struct qtest *q, struct post *p, unsigned int *question)
{
	int what;

	pthread_mutex_lock(&q->lock);
	while (!q->stop && !q->waiting && q->asked == q->served)
		pthread_cond_wait(&q->work, &q->lock);
	what = q->stop ? END : q->asked != q->served ? QUESTION : MESSAGE;
	*question = q->asked;
	if (what == MESSAGE) {
		while (!q->post[q->next].times)
			q->next = (q->next + 1) % q->vectors;
		*p = q->post[q->next];
		q->post[q->next].times--;
		q->waiting--;
		q->next = (q->next + 1) % q->vectors;
	}
	pthread_mutex_unlock(&q->lock);
	return what;
}

/* One line, which must begin with OK. */
static int hear_ok(int sock, char *line, size_t size)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = recv(sock, line + n, size - 1 - n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EPIPE;
		n += (size_t)got;
		line[n] = 0;
		if (line[n - 1] == '\n')
			return strncmp(line, "OK", 2) ? -EPROTO : 0;
		if (n == size - 1)
			return -EPROTO;
	}
}

/* Says the line and puts the answer into it. */
static int talk(int sock, char *line, size_t size)
{
	size_t n = strlen(line);
	ssize_t sent;

	do
		sent = send(sock, line, n, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent != (ssize_t)n)
		return sent < 0 ? -errno : -EPIPE;
	return hear_ok(sock, line, size);
}

static int say_message(int sock, const struct post *p)
{
	char line[64];

	snprintf(line, sizeof(line), "writel 0x%llx 0x%x\n", (unsigned long long)p->address,
		 p->data);
	return talk(sock, line, sizeof(line));
}

static int say_question(struct qtest *q, unsigned int number)
{
	uint64_t v[VTD_REGISTERS];

	for (int i = 0; i < VTD_REGISTERS; i++) {
		unsigned long long got;
		char line[64];
		int r;

		snprintf(line, sizeof(line), "readq 0x%llx\n",
			 (unsigned long long)vtd_register_address[i]);
		r = talk(q->sock, line, sizeof(line));
		if (!r && sscanf(line, "OK %llx", &got) != 1)
			r = -EPROTO;
		if (r)
			return r;
		v[i] = got;
	}
	pthread_mutex_lock(&q->lock);
	memcpy(q->value, v, sizeof(v));
	q->served = number;
	pthread_cond_signal(&q->answered);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

static void *run(void *arg)
{
	struct qtest *q = arg;
	unsigned int question;
	struct post p;
	int r = reach(q), what = END;

	while (!r && (what = take(q, &p, &question)) != END)
		r = what == QUESTION ? say_question(q, question) : say_message(q->sock, &p);
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
	pthread_cond_init(&q->answered, &attr);
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
	pthread_cond_destroy(&q->answered);
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

void qtest_ask(struct qtest *q)
{
	pthread_mutex_lock(&q->lock);
	q->asked++;
	pthread_cond_signal(&q->work);
	pthread_mutex_unlock(&q->lock);
}

int qtest_answer(struct qtest *q, uint64_t v[VTD_REGISTERS])
{
	int r = 0;

	pthread_mutex_lock(&q->lock);
	if (q->asked != q->served) {
		struct timespec ts = after(ANSWER_NS);

		while (q->asked != q->served && !r)
			r = -pthread_cond_timedwait(&q->answered, &q->lock, &ts);
	}
	memcpy(v, q->value, sizeof(q->value));
	pthread_mutex_unlock(&q->lock);
	return r;
}
