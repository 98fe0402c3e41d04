// SPDX-License-Identifier: Apache-2.0
/*
 * refuse DIR: every wrong plugin of DIR is refused under the rule it breaks, before anything of it
 * is mapped or run; the good ones load; and whatever a random change leaves admitted loads too.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/admission/admission.h"
#include "kernel/admission/internal.h"
#include "kernel/admission/loader.h"

#define MUTATIONS 20000

static int failed;
static unsigned int per_rule[RULE_COUNT];

#define FAIL(...) (failed++, fprintf(stderr, "FAIL: " __VA_ARGS__))

/* Mappings of files, as the kernel tells them; a plugin's would be among them. */
static void mapped_files(char *out, size_t n)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	size_t at = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strchr(line, '/') && at + strlen(line) < n) {
			strcpy(out + at, line);
			at += strlen(line);
		}
	if (f)
		fclose(f);
	out[at] = 0;
}

static enum admission_rule rule_by_name(const char *name)
{
	int i = 0;

	while (i < RULE_COUNT && strcmp(admission_rule_name(i), name))
		i++;
	return i;
}

static void refuse_one(const char *dir, const char *name, const char *rule_name)
{
	static char before[65536], after[65536];
	const struct admission_policy any = {.min = ADMISSION_COMMUNITY};
	const enum admission_rule rule = rule_by_name(rule_name);
	struct admission_report *r = NULL;
	struct err e = {0};
	char path[4096];
	int fd, error;

	snprintf(path, sizeof(path), "%s/wrong/%s.so", dir, name);
	mapped_files(before, sizeof(before));
	fd = admission_seal(path, &e);
	error = fd < 0 ? fd : admission_check(fd, &any, &r, &e);
	if (fd >= 0)
		close(fd);
	mapped_files(after, sizeof(after));
	if (error != -EACCES || rule == RULE_COUNT)
		FAIL("%s: %d %s, wanted a refusal by %s\n", name, error, e.msg, rule_name);
	else if (r->rule[rule].outcome != ADMISSION_BROKEN || !strstr(e.msg, rule_name) ||
		 !r->rule[rule].found[0] || !r->rule[rule].wanted[0])
		FAIL("%s: %s, wanted %s among the rules\n", name, e.msg, rule_name);
	else
		per_rule[rule]++;
	if (strcmp(before, after))
		FAIL("%s: mappings have changed\n", name);
	admission_report_free(r);
}

static int refuse_all(const char *dir)
{
	char path[4096], name[128], rule[64];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/expect", dir);
	f = fopen(path, "r");
	while (f && fscanf(f, "%127s %63s", name, rule) == 2) {
		refuse_one(dir, name, rule);
		n++;
	}
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "%s/marker", dir);
	if (!access(path, F_OK))
		FAIL("code of a refused plugin ran: %s is there\n", path);
	for (int i = 0; i < RULE_COUNT; i++)
		if (!per_rule[i] && i != RULE_REVOKED && i != RULE_ACCEPTANCE)
			FAIL("no wrong plugin breaks %s\n", admission_rule_name(i));
	return n;
}

/* The marker is a witness only if it speaks: a plain dlopen() of the same file must leave it. */
static void check_witness(const char *dir)
{
	char so[4096], marker[4096];
	pid_t pid;

	snprintf(so, sizeof(so), "%s/wrong/constructor.so", dir);
	snprintf(marker, sizeof(marker), "%s/marker", dir);
	pid = fork();
	if (pid == 0) {
		dlopen(so, RTLD_NOW);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	if (unlink(marker))
		FAIL("the constructor leaves no marker when it is run\n");
}

static void load_good(const char *dir, const char *name)
{
	const struct admission_policy any = {.min = ADMISSION_COMMUNITY};
	const struct admission_policy strict = {.min = ADMISSION_SUPPORTED};
	const struct vmhi_driver_ops *ops = NULL;
	struct admission_report *r = NULL;
	struct err e = {0};
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.so", dir, name);
	fd = admission_seal(path, &e);
	if (fd < 0 || admission_check(fd, &any, &r, &e))
		FAIL("%s: %s\n", name, e.msg);
	else if (!loader_open(fd, &ops, &e) || ops->h.size != sizeof(*ops) ||
		 ops->attach(NULL, NULL, NULL, NULL) != -VMHI_ENXIO)
		FAIL("%s: %s\n", name, e.msg);
	admission_report_free(r);
	r = NULL;
	if (fd >= 0 && (admission_check(fd, &strict, &r, &e) != -EACCES ||
			r->rule[RULE_ACCEPTANCE].outcome != ADMISSION_BROKEN))
		FAIL("%s: an unsigned driver where a supported one is wanted\n", name);
	admission_report_free(r);
	if (fd >= 0)
		close(fd);
}

static int load_all(const char *dir)
{
	static const char *const names[] = {"good", "good-sysv", "good-both", "good-joined",
					    "good-debug", "good-cet", "good-stripped", "good-sectionless",
					    "good-note-1", "good-note-2", "good-note-3",
					    "good-note-4", "good-lld"};
	char path[4096];
	int n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s.so", dir, names[i]);
		if (access(path, F_OK) && !strcmp(names[i], "good-lld"))
			continue;
		load_good(dir, names[i]);
		n++;
	}
	return n;
}

static uint32_t draw(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* One to three bytes become others, mostly in the tables that the loader follows. */
static void mutate(uint8_t *b, size_t len, uint32_t *state)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff, 8, 0x10};

	for (uint32_t n = 1 + draw(state) % 3; n; n--) {
		const size_t in = draw(state) % 4 ? 0x800 : len;
		uint8_t *at = &b[draw(state) % in];

		*at = draw(state) % 2 ? values[draw(state) % sizeof(values)] :
		      (uint8_t)(*at ^ 1u << draw(state) % 8);
	}
}

static int sealed(const uint8_t *b, size_t len)
{
	int fd = memfd_create("mutation", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, b, len) != (ssize_t)len || fcntl(fd, F_ADD_SEALS, ADMISSION_SEALS)) {
		perror("memfd");
		exit(1);
	}
	return fd;
}

/* In a child, since a loader that was led astray dies. */
static bool loads(const uint8_t *b, size_t len)
{
	int fd = sealed(b, len), status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		const struct vmhi_driver_ops *ops;
		struct err e = {0};

		alarm(10);
		if (loader_open(fd, &ops, &e))
			_exit(0);
		fprintf(stderr, "%s\n", e.msg);
		_exit(1);
	}
	close(fd);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int try_mutations(const char *dir, int *admitted)
{
	static const struct elf_result none;
	static uint8_t good[1 << 20], b[1 << 20];
	struct elf_result *out = malloc(sizeof(*out));
	char path[4096];
	uint32_t state = 1;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/good.so", dir);
	f = fopen(path, "r");
	len = f ? fread(good, 1, sizeof(good), f) : 0;
	if (f)
		fclose(f);
	for (int i = 0; i < MUTATIONS; i++) {
		bool broken = false;

		memcpy(b, good, len);
		mutate(b, len, &state);
		*out = none;
		elf_check(b, len, out);
		for (int k = 0; k < RULE_ABI_RANGE; k++)
			broken |= out->rule[k].outcome != ADMISSION_PASSED;
		if (broken)
			continue;
		/* Many land where nobody looks; a part of them is tried. */
		if (++*admitted % 8 == 0 && !loads(b, len)) {
			FAIL("mutation %d is admitted, but does not load\n", i);
			snprintf(path, sizeof(path), "%s/mutation-%d.so", dir, i);
			f = fopen(path, "w");
			if (f) {
				fwrite(b, 1, len, f);
				fclose(f);
			}
		}
	}
	free(out);
	return MUTATIONS;
}

int main(int argc, char **argv)
{
	int wrong, good, tried, admitted = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: refuse DIR\n");
		return 2;
	}
	wrong = refuse_all(argv[1]);
	check_witness(argv[1]);
	good = load_all(argv[1]);
	tried = try_mutations(argv[1], &admitted);
	if (wrong < 60)
		FAIL("only %d wrong plugins\n", wrong);
	printf("%d random changes: %d refused; of %d that hit nothing that counts, every eighth "
	       "was loaded\n", tried, tried - admitted, admitted);
	printf("%d wrong plugins refused, good one loads (%d builds of it)%s\n", wrong, good,
	       failed ? ": BUT SEE ABOVE" : "");
	return failed ? 1 : 0;
}
