// SPDX-License-Identifier: Apache-2.0
/* kernel/admission: the note, the sealed copy, the sandbox and what comes back from it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/admission/internal.h"
#include "tests/unit/cunit.h"

#define NOTE(records) "vmhi-note=1\0" records, sizeof("vmhi-note=1\0" records) - 1
#define BASE "abi=0.1-1.2\0class=nic/1\0vendor=A B\0name=n-1\0version=2\0license=MIT\0"

static void test_note(void)
{
	struct driver_note n;
	struct err e;

	CU_ASSERT_EQUAL(note_parse(NOTE(BASE "needs=pci\0pci=8086:10d3\0pci=8086:10d4\0"
					"class=hba/3\0opt-colour=any thing\0feature=f\0"
					"param=mode:choice:b:a|b|c:Which: of them\0"
					"param=n:u64:18446744073709551615:0:18446744073709551615:N\0"
					"param=fast:bool:1:Hurry\0"), &n, &e), 0);
	CU_ASSERT(n.abi_min.minor == 1 && n.abi_max.major == 1 && n.abi_max.minor == 2);
	CU_ASSERT_EQUAL(n.nclass, 2);
	CU_ASSERT(!strcmp(n.class[1].name, "hba") && n.class[1].version == 3);
	CU_ASSERT(n.needs == NOTE_NEEDS_PCI && n.npci == 2);
	CU_ASSERT(n.pci[1].vendor == 0x8086 && n.pci[1].device == 0x10d4);
	CU_ASSERT_STRING_EQUAL(n.vendor, "A B");
	CU_ASSERT_EQUAL(n.nparam, 3);
	CU_ASSERT(n.param[0].def == 1 && n.param[0].max == 2);
	CU_ASSERT_STRING_EQUAL(n.param[0].word[2], "c");
	CU_ASSERT_STRING_EQUAL(n.param[0].help, "Which: of them");
	CU_ASSERT_EQUAL(n.param[1].def, UINT64_MAX);
	CU_ASSERT(n.nfeature == 1 && !strcmp(n.feature[0], "f"));
}

/* One NUL more at the end, as a string literal has it, is no record. */
static void test_note_end(void)
{
	struct driver_note n;
	struct err e;

	CU_ASSERT_EQUAL(note_parse(NOTE(BASE "needs=nothing\0"), &n, &e), 0);
	CU_ASSERT_EQUAL(note_parse(NOTE(BASE "needs=nothing\0\0"), &n, &e), 0);
	CU_ASSERT_STRING_EQUAL(n.license, "MIT");
}

static void refused(const char *note, size_t len, const char *why)
{
	struct driver_note n;
	struct err e = {0};

	CU_ASSERT_EQUAL(note_parse(note, len, &n, &e), -EINVAL);
	if (!strstr(e.msg, why))
		fprintf(stderr, "\"%s\" has no \"%s\"\n", e.msg, why);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, why));
}

static void test_note_refusals(void)
{
	refused("", 0, "1 to 16384 bytes");
	refused("vmhi-note=1", 11, "the last one NUL");
	refused("vmhi-note=2", 12, "first record");
	refused(NOTE(BASE "needs=pci\0"), "without a pci=");
	refused(NOTE(BASE "needs=nothingclass=nic/2\0"),
		"not \"needs=nothingclass=nic/2\"; does a record lack its \\0?");
	refused(NOTE(BASE "opt-a=bneeds=nothing\0"),
		"needs= is missing, but is inside of \"opt-a=bneeds=nothing\"");
	refused(NOTE(BASE "needs=no=thing\0"), "not \"needs=no=thing\"");
	refused(NOTE(BASE "needs=nothing\0pci=1234:5678\0"), "with a pci=");
	refused(NOTE(BASE), "needs= is missing");
	refused(NOTE(BASE "needs=nothing\0needs=nothing\0"), "twice");
	refused(NOTE(BASE "needs=nothing\0needs\tx\0"), "printable");
	refused(NOTE(BASE "needs=nothing\0\0\0"), "key=value");
	refused(NOTE(BASE "\0needs=nothing\0"), "key=value");
	refused(NOTE(BASE "needs=nothing\0other=1\0"), "unknown key \"other\"");
	refused(NOTE(BASE "needs=nothing\0opt-=1\0"), "unknown key");
	refused(NOTE(BASE "needs=nothing\0param=a:u64:5:6:7:T\0"), "MIN <= DEFAULT");
	refused(NOTE(BASE "needs=nothing\0param=a:u64:18446744073709551616:0:1:T\0"), "DEFAULT");
}

/* A note may hold only so many of each, whatever its length allows. */
static void test_note_limits(void)
{
	static char big[20000];
	size_t len;

	len = (size_t)snprintf(big, sizeof(big), "vmhi-note=1") + 1;
	for (int i = 0; i < NOTE_PARAM_MAX + 1; i++)
		len += (size_t)snprintf(big + len, sizeof(big) - len, "param=p%d:bool:0:T", i) + 1;
	refused(big, len, "more than 32 param=");
	len = sizeof("vmhi-note=1");
	for (int i = 0; i < NOTE_PCI_MAX + 1; i++)
		len += (size_t)snprintf(big + len, sizeof(big) - len, "pci=0000:%04x", i) + 1;
	refused(big, len, "more than 1024 pci=");
	memset(big + 12, 'x', sizeof(big) - 12);
	big[16384] = 0;
	refused(big, 16385, "1 to 16384 bytes");
}

static void test_seal(void)
{
	char path[] = "/tmp/test-admission.XXXXXX";
	const struct admission_policy any = {.min = ADMISSION_COMMUNITY};
	struct admission_report *r = NULL;
	struct err e;
	int file = mkstemp(path), fd;
	char buf[4];

	CU_ASSERT_EQUAL(write(file, "abcd", 4), 4);
	fd = admission_seal(path, &e);
	CU_ASSERT(fd >= 0);
	CU_ASSERT_EQUAL(write(file, "efgh", 4), 4);
	CU_ASSERT_EQUAL(pread(fd, buf, 4, 0), 4);
	CU_ASSERT(!memcmp(buf, "abcd", 4));
	CU_ASSERT(pwrite(fd, "x", 1, 0) < 0 && errno == EPERM);
	CU_ASSERT(ftruncate(fd, 0) < 0 && errno == EPERM);
	CU_ASSERT_PTR_EQUAL(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	CU_ASSERT_EQUAL(admission_check(fd, &any, &r, &e), -EACCES);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "refused: elf-header: found"));
	CU_ASSERT_EQUAL(admission_check(file, &any, &r, &e), -EINVAL);
	admission_report_free(r);
	close(fd);
	CU_ASSERT_EQUAL(ftruncate(file, (off_t)ADMISSION_FILE_MAX + 1), 0);
	CU_ASSERT_EQUAL(admission_seal(path, &e), -EFBIG);
	close(file);
	unlink(path);
	CU_ASSERT_EQUAL(admission_seal(path, &e), -ENOENT);
	CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
	CU_ASSERT_EQUAL(admission_seal(path, &e), -EINVAL);
	unlink(path);
	CU_ASSERT_EQUAL(admission_seal("/tmp", &e), -EINVAL);
}

static void fill(struct elf_result *out)
{
	memset(out, 0, sizeof(*out));
}

static void does_nothing(const void *bytes, size_t len, struct elf_result *out)
{
	fill(out);
	out->note_len = 3;
	memcpy(out->note, bytes, len);
}

static void opens_file(const void *bytes, size_t len, struct elf_result *out)
{
	fill(out);
	syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static void makes_code(const void *bytes, size_t len, struct elf_result *out)
{
	fill(out);
	syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void forks(const void *bytes, size_t len, struct elf_result *out)
{
	fill(out);
	syscall(SYS_clone, 17, 0, 0, 0, 0);
}

static void writes_elsewhere(const void *bytes, size_t len, struct elf_result *out)
{
	fill(out);
	syscall(SYS_write, 2, "x", 1);
}

static volatile char *shared;

static void touches_shared(const void *bytes, size_t len, struct elf_result *out)
{
	fill(out);
	shared[0] = 1;
}

static void crashes(const void *bytes, size_t len, struct elf_result *out)
{
	__builtin_trap();
}

static void lies(const void *bytes, size_t len, struct elf_result *out)
{
	fill(out);
	out->note_len = 1 << 20;
}

static void test_sandbox(void)
{
	static const struct {
		sandbox_fn fn;
		const char *why;
	} bad[] = {
		{opens_file, "signal 31"},	 {makes_code, "signal 31"},
		{forks, "signal 31"},		 {writes_elsewhere, "signal 31"},
		{touches_shared, "checker"},	 {crashes, "checker"},
		{lies, "malformed"},
	};
	struct elf_result *out = malloc(sizeof(*out));
	struct err e;

	CU_ASSERT_EQUAL(sandbox_run(does_nothing, "abc", 3, out, &e), 0);
	CU_ASSERT(out->note_len == 3 && !memcmp(out->note, "abc", 3));
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&e, 0, sizeof(e));
		CU_ASSERT(sandbox_run(bad[i].fn, "abc", 3, out, &e) < 0);
		if (!strstr(e.msg, bad[i].why))
			fprintf(stderr, "%zu: \"%s\" has no \"%s\"\n", i, e.msg, bad[i].why);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, bad[i].why));
	}
	CU_ASSERT_EQUAL(shared[0], 0);
	munmap((void *)shared, 4096);
	free(out);
}

/* What the child sends is not believed. */
static void test_result(void)
{
	struct elf_result *r = calloc(1, sizeof(*r));
	unsigned int outcome = 3;

	CU_ASSERT_TRUE(elf_result_valid(r));
	r->note_len = VMHI_NOTE_MAX + 1;
	CU_ASSERT_FALSE(elf_result_valid(r));
	r->note_len = 0;
	memcpy(&r->rule[7].outcome, &outcome, sizeof(outcome));
	CU_ASSERT_FALSE(elf_result_valid(r));
	r->rule[7].outcome = ADMISSION_PASSED;
	memset(r->rule[3].found, 'a', ADMISSION_TEXT_MAX);
	CU_ASSERT_FALSE(elf_result_valid(r));
	strcpy(r->rule[3].found, "line\nbreak");
	CU_ASSERT_FALSE(elf_result_valid(r));
	strcpy(r->rule[3].found, "text");
	CU_ASSERT_TRUE(elf_result_valid(r));
	free(r);
}

static void test_names(void)
{
	enum admission_level level;
	enum signature_role role;

	for (int i = 0; i < RULE_COUNT; i++) {
		CU_ASSERT_STRING_NOT_EQUAL(admission_rule_name(i), "unknown");
		for (int k = 0; k < i; k++)
			CU_ASSERT_STRING_NOT_EQUAL(admission_rule_name(i), admission_rule_name(k));
	}
	CU_ASSERT_EQUAL(admission_level_parse("accepted", &level), 0);
	CU_ASSERT_EQUAL(level, ADMISSION_ACCEPTED);
	CU_ASSERT_EQUAL(admission_level_parse("trusted", &level), -EINVAL);
	CU_ASSERT_EQUAL(signature_role_parse("project", &role), 0);
	CU_ASSERT_EQUAL(role, ROLE_PROJECT);
	CU_ASSERT(ADMISSION_CERTIFIED > ADMISSION_ACCEPTED &&
		  ADMISSION_ACCEPTED > ADMISSION_SUPPORTED &&
		  ADMISSION_SUPPORTED > ADMISSION_COMMUNITY);
}

static const struct unit_test tests[] = {
	{"note's end", test_note_end},
	{"note", test_note},	     {"note refusals", test_note_refusals},
	{"note limits", test_note_limits}, {"sealed copy", test_seal},
	{"sandbox", test_sandbox},   {"result of the sandbox", test_result},
	{"names", test_names},
};

UNIT_MAIN("admission", tests)
