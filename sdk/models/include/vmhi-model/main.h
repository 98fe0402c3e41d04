/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main() that hardware models share: which door, fault switches, signals, the loop. A model
 * brings its own options and the making of its card.
 *
 *   PROGRAM (--socket PATH | --proxy PATH|FD --qtest PATH [--vtd BUS:SLOT.FUNCTION])
 *           [--faults PATH] and the model's own
 *
 * --socket is model_listen(), --proxy model_proxy_listen(), or model_proxy() of an inherited
 * descriptor if it is a number, and then the program ends with that client. SIGTERM and SIGINT end
 * it in good order.
 */
#ifndef VMHI_MODEL_MAIN_H
#define VMHI_MODEL_MAIN_H

#include <vmhi-model/model.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_OPTIONS_MAX 32

struct model_option {
	const char *name;	/* without its dashes; NULL ends the list */
	const char *value;	/* what it takes, for the usage line: "PATH" */
	bool needed;
	/* 0, or negative when it is no such value. May be called more than once, before start();
	 * text stays. */
	int (*set)(void *dev, const char *text);
};

struct model_program {
	const char *name;			/* of the program, for its log */
	const struct model_option *options;	/* at most MODEL_OPTIONS_MAX */
	/* Makes the card. NULL: it cannot, the log says why, and nothing is left of it. */
	struct model *(*start)(void *dev, struct model_loop *l);
	/* Optional: SIGUSR1 or SIGUSR2 came. In the loop, so anything is allowed. */
	void (*signal)(void *dev, int signo);
	/* What start() made beside the model, which is gone already; the loop is still there. */
	void (*stop)(void *dev);
};

/*
 * Runs the program in the calling thread, which should be the only one: signals are blocked in it.
 * The exit status: 0 after SIGTERM, SIGINT or the end of an inherited client, 1 after an error, 2
 * for wrong usage; standard error says why.
 */
int model_main(const struct model_program *p, void *dev, int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif
