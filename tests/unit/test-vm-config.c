// SPDX-License-Identifier: Apache-2.0
/* VM.json: what is taken, and what is refused with which words. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/vm/config.h"
#include "tests/unit/cunit.h"

static struct vm_config *parse(const char *text, bool resolved, struct err *e)
{
	json_t *obj = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct vm_config *c;

	CU_ASSERT_PTR_NOT_NULL_FATAL(obj);
	memset(e, 0, sizeof(*e));
	c = vm_config_parse(obj, "VM.json", resolved, e);
	json_decref(obj);
	return c;
}

/* The text is refused, with an error of one line that holds word. */
static void refused(const char *text, bool resolved, const char *word)
{
	struct err e;
	struct vm_config *c = parse(text, resolved, &e);

	CU_ASSERT_PTR_NULL(c);
	if (c || !strstr(e.msg, word) || strncmp(e.msg, "VM.json: ", 9))
		printf("\n  %s\n  said \"%s\", wanted \"%s\"\n", text, e.msg, word);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, word));
	CU_ASSERT(!strncmp(e.msg, "VM.json: ", 9));
	CU_ASSERT(e.code < 0);
	vm_config_free(c);
}

static void test_full(void)
{
	struct err e;
	struct vm_config *c = parse("{\"name\":\"web\",\"cpus\":2,\"memory\":\"512M\",\"kernel\":\"/k\","
		"\"initrd\":\"/i\",\"cmdline\":\"console=ttyS0\",\"disks\":[{\"image\":\"a.qcow2\","
		"\"format\":\"qcow2\",\"readonly\":true},{\"vhost-user\":\"/s\"}],\"nets\":[{\"set\":"
		"\"lan0\",\"mac\":\"52:54:00:00:00:01\",\"vlan\":10,\"mtu\":9000}],\"rng\":true,"
		"\"console\":\"virtio\"}", false, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_STRING_EQUAL(c->name, "web");
	CU_ASSERT_EQUAL(c->cpus, 2);
	CU_ASSERT_EQUAL(c->memory, 512 << 20);
	CU_ASSERT_STRING_EQUAL(c->cmdline, "console=ttyS0");
	CU_ASSERT_EQUAL_FATAL(c->ndisks, 2);
	CU_ASSERT_STRING_EQUAL(c->disks[0].image, "a.qcow2");
	CU_ASSERT(c->disks[0].readonly && !c->disks[1].readonly);
	CU_ASSERT_STRING_EQUAL(c->disks[1].vhost_user, "/s");
	CU_ASSERT_EQUAL_FATAL(c->nnets, 1);
	CU_ASSERT(c->nets[0].has_mac && c->nets[0].mac[5] == 1);
	CU_ASSERT(c->nets[0].vlan == 10 && c->nets[0].mtu == 9000 && c->nets[0].queues == 1);
	CU_ASSERT(c->rng && c->console == VM_CONSOLE_VIRTIO);
	vm_config_free(c);
}

static void test_defaults(void)
{
	struct err e;
	struct vm_config *c = parse("{\"name\":\"a\",\"kernel\":\"/k\"}", true, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT(c->cpus == 1 && c->memory == 512 << 20 && !c->initrd && !*c->cmdline);
	CU_ASSERT(!c->ndisks && !c->nnets && !c->rng && c->console == VM_CONSOLE_SERIAL);
	vm_config_free(c);
	c = parse("{\"name\":\"a\",\"disks\":[{\"image\":\"d\"}]}", false, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_PTR_NULL(c->kernel);
	vm_config_free(c);
}

#define GOOD "\"name\":\"a\",\"kernel\":\"/k\""

static void test_refused(void)
{
	static const char *const bad[][2] = {
		{"{\"kernel\":\"/k\"}", "key \"name\" is missing"},
		{"{\"name\":\"a\"}", "key \"kernel\" is missing"},
		{"{\"name\":\"../a\",\"kernel\":\"/k\"}", "VM name"},
		{"{\"name\":7,\"kernel\":\"/k\"}", "\"name\" must be"},
		{"{" GOOD ",\"cpu\":1}", "unknown key \"cpu\""},
		{"{" GOOD ",\"cpus\":0}", "\"cpus\" must be"},
		{"{" GOOD ",\"cpus\":65}", "from 1 to 64"},
		{"{" GOOD ",\"cpus\":\"2\"}", "\"cpus\" must be"},
		{"{" GOOD ",\"memory\":\"lots\"}", "\"memory\" must be a size"},
		{"{" GOOD ",\"memory\":\"1M\"}", "from 32M to 128G"},
		{"{" GOOD ",\"memory\":\"1T\"}", "from 32M to 128G"},
		{"{" GOOD ",\"memory\":67108865}", "whole MiB"},
		{"{" GOOD ",\"memory\":-1}", "\"memory\" must be a size"},
		{"{" GOOD ",\"rng\":1}", "\"rng\" must be true or false"},
		{"{" GOOD ",\"console\":\"vga\"}", "\"console\" must be"},
		{"{" GOOD ",\"disks\":{}}", "\"disks\" must be a list"},
		{"{" GOOD ",\"disks\":[1]}", "disks[0] must be an object"},
		{"{" GOOD ",\"disks\":[{}]}", "disks[0]: give one of"},
		{"{" GOOD ",\"disks\":[{\"image\":\"i\",\"vhost-user\":\"s\"}]}", "give one of"},
		{"{" GOOD ",\"disks\":[{\"image\":\"i\",\"format\":\"a,b\"}]}", "\"format\" must"},
		{"{" GOOD ",\"disks\":[{\"vhost-user\":\"s\",\"format\":\"raw\"}]}", "needs"},
		{"{" GOOD ",\"disks\":[{\"imag\":\"i\"}]}", "disks[0]: unknown key"},
		{"{" GOOD ",\"nets\":[{\"set\":\"l\"},{\"set\":\"/l\"}]}", "nets[1]: set name"},
		{"{" GOOD ",\"nets\":[{\"set\":\"l\",\"mac\":\"1\"}]}", "\"mac\" must look like"},
		{"{" GOOD ",\"nets\":[{\"set\":\"l\",\"mac\":\"01:00:00:00:00:00\"}]}",
		 "multicast"},
		{"{" GOOD ",\"nets\":[{\"set\":\"l\",\"vlan\":4095}]}", "\"vlan\" must be"},
		{"{" GOOD ",\"nets\":[{\"vhost-user\":\"s\",\"vlan\":1}]}", "needs \"set\""},
		{"{" GOOD ",\"nets\":[{\"set\":\"l\",\"mtu\":60}]}", "\"mtu\" must be"},
		{"{" GOOD ",\"nets\":[{\"set\":\"l\",\"queues\":0}]}", "\"queues\" must be"},
		{"{\"name\":\"a\",\"disks\":[{\"image\":\"d\"}],\"initrd\":\"i\"}",
		 "needs \"kernel\""},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i][0], false, bad[i][1]);
}

static void test_refused_resolved(void)
{
	refused("{\"name\":\"a\",\"disks\":[{\"vhost-user\":\"s\"}]}", true,
		"key \"kernel\" is missing");
	refused("{" GOOD ",\"disks\":[{\"image\":\"i\"}]}", true, "unknown key \"image\"");
	refused("{" GOOD ",\"nets\":[{\"set\":\"i\"}]}", true, "unknown key \"set\"");
	refused("{" GOOD ",\"nets\":[{\"mtu\":1500}]}", true, "\"vhost-user\" is missing");
}

static void test_long(void)
{
	char text[4096] = "{" GOOD ",\"cmdline\":\"", path[200];
	struct err e;
	struct vm_config *c;
	size_t n = strlen(text);

	memset(text + n, 'x', 2047);
	strcpy(text + n + 2047, "\"}");
	c = parse(text, true, &e);
	CU_ASSERT_PTR_NOT_NULL(c);
	vm_config_free(c);
	strcpy(text + n + 2047, "x\"}");
	refused(text, true, "\"cmdline\" is longer than 2047");

	memset(path, 'p', sizeof(path));
	snprintf(text, sizeof(text), "{" GOOD ",\"disks\":[{\"vhost-user\":\"%.108s\"}]}", path);
	refused(text, true, "socket's path");
}

static void test_read(void)
{
	static const char text[] = "{" GOOD "}";
	int fd = memfd_create("vm", 0);
	char source[32];
	struct err e = {0};
	struct vm_config *c;

	CU_ASSERT_FATAL(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	snprintf(source, sizeof(source), "fd:%d", fd);
	c = vm_config_read(source, true, &e);
	CU_ASSERT_PTR_NOT_NULL(c);
	vm_config_free(c);
	close(fd);
	CU_ASSERT_PTR_NULL(vm_config_read(source, true, &e));
	CU_ASSERT_PTR_NULL(vm_config_read("fd:x", true, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "give fd:N"));
	CU_ASSERT_PTR_NULL(vm_config_read("/nonexistent/VM.json", true, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "/nonexistent/VM.json"));
}

static const struct unit_test tests[] = {
	{"a whole VM.json", test_full},
	{"defaults", test_defaults},
	{"refusals", test_refused},
	{"refusals once resolved", test_refused_resolved},
	{"length limits", test_long},
	{"files and descriptors", test_read},
};
UNIT_MAIN("vm-config", tests)
