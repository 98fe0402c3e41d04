// SPDX-License-Identifier: Apache-2.0
/* vmhi-vm itself: every refusal is one line that says what, where and what to do. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cunit.h"

static char dir[] = "/tmp/vmhi-program-XXXXXX";
static char said[4096];

/* Runs ./vmhi-vm with these arguments; its exit status, and all that it said. */
static int run(const char *args)
{
	char cmd[512];
	size_t n;
	FILE *p;

	snprintf(cmd, sizeof(cmd), "VMHI_RUN_DIR=%s/run ./vmhi-vm %s 2>&1 </dev/null", dir, args);
	p = popen(cmd, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	n = fread(said, 1, sizeof(said) - 1, p);
	said[n] = 0;
	return WEXITSTATUS(pclose(p));
}

static void refused(const char *args, int status, const char *word)
{
	int r = run(args);
	char *nl;

	if (r != status || !strstr(said, word))
		printf("\n  status %d, said \"%s\", wanted %d, \"%s\"\n", r, said, status, word);
	CU_ASSERT_EQUAL(r, status);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, word));
	nl = strchr(said, '\n');
	CU_ASSERT(nl && !nl[1]);
}

static void refused_config(const char *json, const char *word)
{
	char path[64], args[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/VM.json", dir);
	f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(json, f);
	fclose(f);
	snprintf(args, sizeof(args), "--config %s", path);
	refused(args, 1, word);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "vmhi-vm"));
}

static void test_usage(void)
{
	refused("", 2, "--config is missing");
	refused("--config x y", 2, "what is y");
	refused("--config x --console vga", 2, "--console is stdio or none");
	refused("--config x --stop-timeout -1", 2, "--stop-timeout is");
	refused("--config x --stop-timeout 5s", 2, "--stop-timeout is");
	refused("--frobnicate", 2, "frobnicate");
	CU_ASSERT_EQUAL(run("--version"), 0);
	CU_ASSERT(!strncmp(said, "vmhi-vm ", 8));
	CU_ASSERT_EQUAL(run("--help"), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "--probe"));
}

static void test_config(void)
{
	refused("--config /nonexistent.json", 1, "/nonexistent.json: cannot be read");
	refused("--config fd:77", 1, "fd:77: not an open file");
	refused_config("{", "not JSON");
	refused_config("[]", "must hold one JSON object");
	refused_config("{\"name\":\"a\"}", "\"kernel\" is missing");
	refused_config("{\"name\":\"a\",\"kernel\":\"/etc/passwd\",\"cpu\":1}",
		       "VM.json: unknown key \"cpu\"");
	refused_config("{\"name\":\"a\",\"kernel\":\"/nonexistent\"}",
		       "kernel /nonexistent: cannot be read: No such file");
	refused_config("{\"name\":\"a\",\"kernel\":\"/tmp\"}", "kernel /tmp: not a regular file");
	refused_config("{\"name\":\"a\",\"kernel\":\"/etc/passwd\",\"initrd\":\"/nonexistent\"}",
		       "initrd /nonexistent: cannot be read");
	refused_config("{\"name\":\"a\",\"kernel\":\"/etc/passwd\",\"disks\":[{\"image\":\"a\"}]}",
		       "disks[0]: unknown key \"image\"");
}

/* What --probe says and what a VM then does are the same, and the status tells them apart. */
static void test_kvm(void)
{
	int r = run("--probe");

	CU_ASSERT(r == 0 || r == 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, r ? "/dev/kvm" : "this machine can run VMs"));
	printf("%.60s... ", said);
	refused_config("{\"name\":\"a\",\"kernel\":\"/etc/passwd\"}",
		       r ? "/dev/kvm" : "neither a bzImage nor an ELF");
}

static void test_nothing_left(void)
{
	char path[64];
	struct dirent *d;
	DIR *vms;

	snprintf(path, sizeof(path), "%s/run/vms", dir);
	vms = opendir(path);
	while (vms && (d = readdir(vms)))
		CU_ASSERT(d->d_name[0] == '.');
	if (vms)
		closedir(vms);
}

static const struct unit_test tests[] = {
	{"usage", test_usage},
	{"configuration", test_config},
	{"KVM", test_kvm},
	{"nothing left behind", test_nothing_left},
};

int main(void)
{
	char cmd[64];
	int r;

	if (!mkdtemp(dir))
		return 2;
	r = unit_main("vm-program", tests, sizeof(tests) / sizeof(tests[0]));
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	return system(cmd) ? 2 : r;
}
