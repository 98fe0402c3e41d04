// SPDX-License-Identifier: Apache-2.0
/* kernel/admission: keys, signatures, the trust store, levels and the host's policy. */
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/admission/internal.h"
#include "kernel/admission/signature.h"
#include "tests/unit/cunit.h"

static char dir[] = "/tmp/test-trust.XXXXXX";
static struct err e;

/* A path under the test's own folder; valid until the third call after. */
static const char *in(const char *fmt, ...)
{
	static char path[3][256];
	static int turn;
	char *p = path[turn = (turn + 1) % 3];
	int n = snprintf(p, 256, "%s/", dir);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p + n, 256 - (size_t)n, fmt, ap);
	va_end(ap);
	return p;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	fclose(f);
}

static size_t get(const char *path, char *out, size_t n)
{
	FILE *f = fopen(path, "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	n = fread(out, 1, n, f);
	fclose(f);
	return n;
}

/* The keys of three signers; each test begins with a trust store that holds their public halves. */
static void make_keys(void)
{
	static const struct {
		const char *base;
		enum signature_role role;
		const char *name;
	} keys[] = {{"acme", ROLE_VENDOR, "Acme"},
		    {"project", ROLE_PROJECT, "OpenVMHI"},
		    {"lab", ROLE_CERTIFIER, "Lab"}};
	char cmd[600];

	snprintf(cmd, sizeof(cmd), "rm -rf %s && mkdir -p %s/trust", dir, dir);
	CU_ASSERT_EQUAL_FATAL(system(cmd), 0);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL_FATAL(keyfile_make(in("%s", keys[i].base), keys[i].role,
						   keys[i].name, &e), 0);
		snprintf(cmd, sizeof(cmd), "cp %s/%s.key %s/trust/", dir, keys[i].base, dir);
		CU_ASSERT_EQUAL_FATAL(system(cmd), 0);
	}
	put(in("file"), "these bytes stand for an ELF file");
}

static void sign(const char *base)
{
	struct keyfile k;

	CU_ASSERT_EQUAL_FATAL(keyfile_read(in("%s.secret", base), &k, &e), 0);
	CU_ASSERT_EQUAL_FATAL(signature_add(in("file"), in("file"), &k, 1000000000, &e), 0);
}

static char file[65536];
static size_t len;

/* As admission_check() begins: the signatures, on the bytes as they now stand in file[]. */
static void verify(struct admission_report *r)
{
	struct trust_store *t = trust_load(in("trust"), true, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	memset(r, 0, sizeof(*r));
	for (int i = 0; i < RULE_COUNT; i++)
		r->rule[i].outcome = ADMISSION_UNCHECKED;
	signatures_check(file, len, t, r);
	trust_free(t);
}

static struct admission_report r;

static void test_signatures(void)
{
	make_keys();
	len = get(in("file"), file, sizeof(file));
	verify(&r);
	CU_ASSERT(r.nsig == 0 && r.elf_len == len);
	CU_ASSERT_EQUAL(r.rule[RULE_SIGNATURE].outcome, ADMISSION_PASSED);
	sign("acme");
	sign("lab");
	len = get(in("file"), file, sizeof(file));
	verify(&r);
	CU_ASSERT_EQUAL(r.nsig, 2);
	CU_ASSERT_EQUAL(r.elf_len, len - 512);
	CU_ASSERT(r.sig[0].state == SIGNATURE_GOOD && r.sig[0].role == ROLE_VENDOR);
	CU_ASSERT(r.sig[1].state == SIGNATURE_GOOD && r.sig[1].role == ROLE_CERTIFIER);
	CU_ASSERT_STRING_EQUAL(r.sig[0].signer, "Acme");
	CU_ASSERT_EQUAL(r.sig[0].date, 1000000000);
	/* The second alone is as good: they do not cover each other. */
	memmove(file + r.elf_len, file + r.elf_len + 256, 256);
	len -= 256;
	verify(&r);
	CU_ASSERT(r.nsig == 1 && r.sig[0].state == SIGNATURE_GOOD);
}

/* Every bit counts: of what is signed, of what is said about it, of the signature. */
static void test_tampering(void)
{
	int wrong = 0;

	make_keys();
	sign("acme");
	len = get(in("file"), file, sizeof(file));
	for (size_t i = 0; i < len; i++) {
		file[i] ^= 4;
		verify(&r);
		if (!r.nsig || r.sig[0].state != SIGNATURE_GOOD)
			wrong++;
		file[i] ^= 4;
	}
	CU_ASSERT_EQUAL(wrong, (int)len);
	file[0] ^= 1;
	verify(&r);
	CU_ASSERT_EQUAL(r.sig[0].state, SIGNATURE_WRONG);
	CU_ASSERT_EQUAL(r.rule[RULE_SIGNATURE].outcome, ADMISSION_BROKEN);
}

static void test_roles(void)
{
	struct keyfile k;

	/* A vendor's key that signs as a certifier. */
	make_keys();
	CU_ASSERT_EQUAL_FATAL(keyfile_read(in("acme.secret"), &k, &e), 0);
	k.role = ROLE_CERTIFIER;
	CU_ASSERT_EQUAL_FATAL(signature_add(in("file"), in("file"), &k, 1, &e), 0);
	len = get(in("file"), file, sizeof(file));
	verify(&r);
	CU_ASSERT_EQUAL(r.sig[0].state, SIGNATURE_WRONG);
	CU_ASSERT_EQUAL(r.rule[RULE_SIGNATURE].outcome, ADMISSION_BROKEN);
	/* A key nobody knows counts for nothing, and breaks nothing. */
	unlink(in("trust/acme.key"));
	verify(&r);
	CU_ASSERT_EQUAL(r.sig[0].state, SIGNATURE_UNKNOWN_KEY);
	CU_ASSERT_EQUAL(r.rule[RULE_SIGNATURE].outcome, ADMISSION_PASSED);
}

static void test_revoked(void)
{
	char text[128], id[33], digest[65];

	make_keys();
	sign("acme");
	len = get(in("file"), file, sizeof(file));
	verify(&r);
	sodium_bin2hex(id, sizeof(id), r.sig[0].key_id, 16);
	sodium_bin2hex(digest, sizeof(digest), r.digest, 32);
	snprintf(text, sizeof(text), "# lost in May\nkey=%s\n", id);
	put(in("trust/revoked"), text);
	verify(&r);
	CU_ASSERT_EQUAL(r.sig[0].state, SIGNATURE_REVOKED);
	CU_ASSERT_EQUAL(r.rule[RULE_REVOKED].outcome, ADMISSION_BROKEN);
	snprintf(text, sizeof(text), "file=%s\n", digest);
	put(in("trust/revoked"), text);
	verify(&r);
	CU_ASSERT_EQUAL(r.sig[0].state, SIGNATURE_GOOD);
	CU_ASSERT_EQUAL(r.rule[RULE_REVOKED].outcome, ADMISSION_BROKEN);
	/* The bytes are revoked, with whatever signatures. */
	len -= 256;
	verify(&r);
	CU_ASSERT_EQUAL(r.rule[RULE_REVOKED].outcome, ADMISSION_BROKEN);
}

static void expect_level(unsigned int roles, enum admission_level want)
{
	memset(&r, 0, sizeof(r));
	for (unsigned int role = ROLE_VENDOR; role <= ROLE_CERTIFIER; role++)
		if (roles & 1u << role)
			r.sig[r.nsig++] = (struct admission_signature){.role = role};
	CU_ASSERT_EQUAL(signature_level(&r), want);
	/* And the same with signatures that do not count. */
	for (unsigned int i = 0; i < r.nsig; i++)
		r.sig[i].state = SIGNATURE_OTHER_VENDOR;
	CU_ASSERT_EQUAL(signature_level(&r), ADMISSION_COMMUNITY);
}

static void test_levels(void)
{
	const unsigned int v = 1u << ROLE_VENDOR, p = 1u << ROLE_PROJECT;
	const unsigned int c = 1u << ROLE_CERTIFIER;

	expect_level(0, ADMISSION_COMMUNITY);
	expect_level(v, ADMISSION_SUPPORTED);
	expect_level(v | p, ADMISSION_ACCEPTED);
	expect_level(v | c, ADMISSION_CERTIFIED);
	expect_level(v | p | c, ADMISSION_CERTIFIED);
	expect_level(p, ADMISSION_COMMUNITY);
	expect_level(c, ADMISSION_COMMUNITY);
	expect_level(p | c, ADMISSION_COMMUNITY);
}

/* A store that is wrong in any part is no store. */
static void test_store(void)
{
	make_keys();
	CU_ASSERT_PTR_NULL(trust_load(in("nowhere"), true, &e));
	trust_free(trust_load(in("nowhere"), false, &e));
	put(in("trust/revoked"), "key=123\n");
	CU_ASSERT_PTR_NULL(trust_load(in("trust"), true, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "line 1"));
	unlink(in("trust/revoked"));
	put(in("trust/bad.key"), "vmhi-key=1\nrole=vendor\nname=x\npublic=12\n");
	CU_ASSERT_PTR_NULL(trust_load(in("trust"), true, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "line 4"));
	CU_ASSERT_EQUAL(rename(in("acme.key"), in("trust/bad.key")), 0);
	CU_ASSERT_PTR_NULL(trust_load(in("trust"), true, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "same key"));
	CU_ASSERT_EQUAL(rename(in("acme.secret"), in("trust/bad.key")), 0);
	CU_ASSERT_PTR_NULL(trust_load(in("trust"), true, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "secret key"));
	unlink(in("trust/bad.key"));
	chmod(in("trust"), 0777);
	CU_ASSERT_PTR_NULL(trust_load(in("trust"), true, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "others may change it"));
}

static void test_keyfiles(void)
{
	struct keyfile k;

	make_keys();
	CU_ASSERT_EQUAL(keyfile_make(in("acme"), ROLE_VENDOR, "Acme", &e), -EEXIST);
	CU_ASSERT_EQUAL(keyfile_make(in("x"), ROLE_VENDOR, "", &e), -EINVAL);
	chmod(in("acme.secret"), 0644);
	CU_ASSERT_EQUAL(keyfile_read(in("acme.secret"), &k, &e), -EPERM);
	put(in("k"), "vmhi-key=1\nrole=vendor\nrole=vendor\n");
	CU_ASSERT_EQUAL(keyfile_read(in("k"), &k, &e), -EINVAL);
	put(in("k"), "vmhi-key=1\nrole=king\n");
	CU_ASSERT_EQUAL(keyfile_read(in("k"), &k, &e), -EINVAL);
	put(in("k"), "vmhi-key=1\nrole=vendor\nname=x\n");
	CU_ASSERT_EQUAL(keyfile_read(in("k"), &k, &e), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "needs"));
}

static int load_policy(const char *json, struct admission_policy *p)
{
	if (json)
		put(in("admission.json"), json);
	memset(&e, 0, sizeof(e));
	return admission_policy_load(p, &e);
}

static void test_policy(void)
{
	struct admission_policy p;
	char json[400];

	make_keys();
	setenv("VMHI_CONFIG_DIR", dir, 1);
	CU_ASSERT_EQUAL(load_policy(NULL, &p), 0);
	CU_ASSERT_EQUAL(p.min, ADMISSION_COMMUNITY);
	admission_policy_free(&p);
	CU_ASSERT_EQUAL(load_policy("{\"acceptance\": \"certified\"}", &p), 0);
	CU_ASSERT_EQUAL(p.min, ADMISSION_CERTIFIED);
	admission_policy_free(&p);
	snprintf(json, sizeof(json), "{\"trust\": \"%s/nowhere\"}", dir);
	CU_ASSERT(load_policy(json, &p) < 0);
	CU_ASSERT(load_policy("{\"acceptance\": \"any\"}", &p) < 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "community, supported"));
	CU_ASSERT(load_policy("{\"accept\": \"certified\"}", &p) < 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "unknown key \"accept\""));
	CU_ASSERT(load_policy("{", &p) < 0);
}

static const struct unit_test tests[] = {
	{"signatures", test_signatures}, {"tampering", test_tampering},
	{"roles", test_roles},		 {"revocation", test_revoked},
	{"levels", test_levels},	 {"trust store", test_store},
	{"key files", test_keyfiles},	 {"policy", test_policy},
};

int main(void)
{
	char cmd[64];
	int r_main;

	umask(022);
	if (!mkdtemp(dir) || sodium_init() < 0)
		return 2;
	r_main = unit_main("trust", tests, sizeof(tests) / sizeof(tests[0]));
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) ? 2 : r_main;
}
