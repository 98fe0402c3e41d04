// SPDX-License-Identifier: Apache-2.0
/* The configuration of a set: what is taken, and one clear line for each thing that is not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/keeper/config.h"
#include "tests/unit/cunit.h"

static int parse(const char *text, struct set_config *c, struct err *e)
{
	json_error_t je;
	json_t *obj = json_loads(text, JSON_REJECT_DUPLICATES, &je);
	int r;

	CU_ASSERT_FATAL(obj != NULL);
	memset(e, 0, sizeof(*e));
	r = config_parse(obj, "lan0.json", c, e);
	json_decref(obj);
	return r;
}

static void whole(void)
{
	static const char text[] =
		"{\"name\": \"lan0\", \"driver\": \"/usr/lib/vmhi/82574.so\", \"params\": {\"a\": 1},"
		" \"devices\": [\"0000:00:04.0\", {\"vfio-user\": \"/run/m.sock\"}],"
		" \"teaming\": \"active-standby\", \"tap\": \"tap0\", \"mtu\": 9000,"
		" \"acceptance\": \"accepted\", \"ports\": ["
		"  {\"name\": \"p0\", \"mac\": \"52:54:00:00:00:01\", \"vlan\": 10, \"rate\": \"10M\"},"
		"  {\"name\": \"p1\", \"trunk\": [10, 20], \"vlan\": 7, \"mtu\": 1500, \"queues\": 4,"
		"   \"socket\": \"/run/p1\"}]}";
	struct set_config c;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(parse(text, &c, &e), 0);
	CU_ASSERT_STRING_EQUAL(c.name, "lan0");
	CU_ASSERT_EQUAL(c.ndev, 2);
	CU_ASSERT(!c.dev[0].vfio_user && c.dev[1].vfio_user);
	CU_ASSERT_STRING_EQUAL(c.dev[1].at, "/run/m.sock");
	CU_ASSERT_EQUAL(c.mtu, 9000);
	CU_ASSERT_EQUAL(c.acceptance, ADMISSION_ACCEPTED);
	CU_ASSERT_EQUAL_FATAL(c.nports, 2);
	CU_ASSERT_EQUAL(c.port[0].conf.mac[5], 1);
	CU_ASSERT_EQUAL(c.port[0].conf.vlan, 10);
	CU_ASSERT_EQUAL(c.port[0].conf.rate, 10u << 20);
	CU_ASSERT_EQUAL(c.port[1].conf.ntrunk, 2);
	CU_ASSERT_EQUAL(c.port[1].conf.vlan, 7);
	CU_ASSERT_EQUAL(c.port[1].conf.queue_pairs, 4);
	CU_ASSERT_STRING_EQUAL(c.port[1].socket, "/run/p1");
	config_free(&c);
	CU_ASSERT_EQUAL_FATAL(parse("{\"name\": \"x\"}", &c, &e), 0);
	CU_ASSERT_EQUAL(c.mtu, 1500);
	CU_ASSERT_EQUAL(c.acceptance, ADMISSION_COMMUNITY);
	config_free(&c);
}

/* Each is wrong in one way; the line names the place. */
static const struct {
	const char *text, *word;
} wrong[] = {
	{"{}", "name"},
	{"{\"name\": \"../x\"}", "name"},
	{"{\"name\": \"-x\"}", "name"},
	{"{\"name\": 5}", "name"},
	{"{\"name\": \"x\", \"colour\": 1}", "colour"},
	{"{\"name\": \"x\", \"driver\": \"\"}", "driver"},
	{"{\"name\": \"x\", \"driver\": [1]}", "driver"},
	{"{\"name\": \"x\", \"devices\": [\"0000:00:04.0\"]}", "driver"},
	{"{\"name\": \"x\", \"params\": {}}", "driver"},
	{"{\"name\": \"x\", \"driver\": \"d\", \"params\": 7}", "params"},
	{"{\"name\": \"x\", \"driver\": \"d\", \"devices\": \"0000:00:04.0\"}", "devices"},
	{"{\"name\": \"x\", \"driver\": \"d\", \"devices\": [\"eth0\"]}", "devices[0]"},
	{"{\"name\": \"x\", \"driver\": \"d\", \"devices\": [\"0000:00:04.0x\"]}", "devices[0]"},
	{"{\"name\": \"x\", \"driver\": \"d\", \"devices\": [\"0000:00:44.0\"]}", "devices[0]"},
	{"{\"name\": \"x\", \"driver\": \"d\", \"devices\": [\"0000:00:04.0\", \"0:0:4.0\"]}", "twice"},
	{"{\"name\": \"x\", \"driver\": \"d\", \"devices\": [{}]}", "vfio-user"},
	{"{\"name\": \"x\", \"driver\": \"d\", \"devices\": [{\"vfio-user\": \"a\", \"b\": 1}]}", "\"b\""},
	{"{\"name\": \"x\", \"teaming\": \"lacp\"}", "lacp"},
	{"{\"name\": \"x\", \"tap\": \"a-name-much-too-long\"}", "tap"},
	{"{\"name\": \"x\", \"tap\": \"t\", \"passt\": true}", "not both"},
	{"{\"name\": \"x\", \"passt\": 1}", "passt"},
	{"{\"name\": \"x\", \"mtu\": 67}", "mtu"},
	{"{\"name\": \"x\", \"mtu\": 16001}", "mtu"},
	{"{\"name\": \"x\", \"acceptance\": \"any\"}", "acceptance"},
	{"{\"name\": \"x\", \"ports\": {}}", "\"ports\": not an array"},
	{"{\"name\": \"x\", \"ports\": [1]}", "ports[0]"},
	{"{\"name\": \"x\", \"ports\": [{}]}", "ports[0]"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", "ports[1]"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a/b\"}]}", "a/b"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"mac\": \"x\"}]}", "mac"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"mac\": \"01:00:5e:00:00:01\"}]}", "mac"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"mac\": \"00:00:00:00:00:00\"}]}", "mac"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"vlan\": 0}]}", "VLAN"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"vlan\": 4095}]}", "VLAN"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"vlan\": \"trunk\"}]}", "VLAN"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"trunk\": []}]}", "trunk"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"trunk\": [1, 5000]}]}", "VLAN"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"rate\": \"fast\"}]}", "rate"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"queues\": 9}]}", "queues"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"mtu\": 2000}]}", "mtu"},
	{"{\"name\": \"x\", \"ports\": [{\"name\": \"a\", \"op\": \"x\"}]}", "op"},
};

static void refused(void)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct set_config c;
		struct err e;

		CU_ASSERT(parse(wrong[i].text, &c, &e) < 0);
		if (!strstr(e.msg, wrong[i].word))
			fprintf(stderr, "%s: %s\n", wrong[i].text, e.msg);
		CU_ASSERT(strstr(e.msg, wrong[i].word) != NULL);
		CU_ASSERT(strchr(e.msg, '\n') == NULL);
	}
}

static void params(void)
{
	static const struct driver_note note = {
		.name = "null", .nparam = 3,
		.param = {
			{"mode", NOTE_CHOICE, 1, 0, 2, {"loop", "drop", "generate"}, "what"},
			{"len", NOTE_U64, 64, 60, 1514, {""}, "bytes"},
			{"on", NOTE_BOOL, 0, 0, 1, {""}, "switch"},
		},
	};
	static const struct {
		const char *params;
		int r;
		uint64_t v[3];
	} t[] = {
		{"{}", 0, {1, 64, 0}},
		{"{\"mode\": \"generate\", \"len\": 1514, \"on\": true}", 0, {2, 1514, 1}},
		{"{\"mode\": \"fast\"}", -EINVAL, {0}},
		{"{\"mode\": 1}", -EINVAL, {0}},
		{"{\"len\": 59}", -EINVAL, {0}},
		{"{\"len\": -1}", -EINVAL, {0}},
		{"{\"len\": \"64\"}", -EINVAL, {0}},
		{"{\"on\": 1}", -EINVAL, {0}},
		{"{\"off\": true}", -EINVAL, {0}},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct vmhi_param out[3];
		struct set_config c;
		struct err e;
		char text[256];

		snprintf(text, sizeof(text), "{\"name\": \"x\", \"driver\": \"d\", \"params\": %s}",
			 t[i].params);
		CU_ASSERT_EQUAL_FATAL(parse(text, &c, &e), 0);
		CU_ASSERT_EQUAL(config_params(&c, &note, out, &e), t[i].r);
		for (int j = 0; j < 3 && !t[i].r; j++)
			CU_ASSERT_EQUAL(out[j].value, t[i].v[j]);
		config_free(&c);
	}
}

static const struct unit_test tests[] = {
	{"a whole configuration", whole},
	{"wrong ones, each with its line", refused},
	{"driver parameters", params},
};

UNIT_MAIN("set configuration", tests)
