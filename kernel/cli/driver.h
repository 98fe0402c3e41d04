/* SPDX-License-Identifier: Apache-2.0 */
/* The sub-commands of vmhi driver, and what they share. */
#ifndef KERNEL_CLI_DRIVER_H
#define KERNEL_CLI_DRIVER_H

#include <jansson.h>

#include "kernel/admission/admission.h"

/* As commands: argv[0] is the sub-command's name. */
int driver_inspect(int argc, char **argv);
int driver_list(int argc, char **argv);
int driver_new(int argc, char **argv);
int driver_sign(int argc, char **argv);
int driver_keygen(int argc, char **argv);
int driver_replace(int argc, char **argv);

struct driver_option {
	const char *name;	/* "--key"; a NULL ends the table */
	const char **value;	/* set to what follows it, */
	bool *flag;		/* or, for one that stands alone, to true */
	bool needed;
};

/*
 * Reads a sub-command's arguments: options, and one operand, what it is called. -1, or the exit
 * status: 0 after --help, 2 once it was told what is wrong. form: how it is used, from its name on.
 */
int driver_args(int argc, char **argv, const struct driver_option *opt, const char *what,
		char **operand, const char *form);

/* Checks a file as admission_check() does; 0 also if it was refused: *r tells. */
int driver_check(const char *path, const struct admission_policy *p, struct admission_report **r,
		 struct err *e);

/* The host's policy; level and trust dir from the command line come first if not NULL. */
int driver_policy(const char *level, const char *trust, struct admission_policy *p,
		  struct err *e);

/* All that a report says, as a JSON object; driver-json.c. */
json_t *driver_json(const char *path, const struct admission_report *r,
		    enum admission_level min);

/* "YYYY-MM-DD" (UTC) of a signature's date. */
void driver_date(uint64_t seconds, char out[16]);

#endif
