// SPDX-License-Identifier: Apache-2.0
/* What a disk boots by its grub.cfg or its boot loader entries, and what is refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/cli/diskboot/boot-entry.h"
#include "tests/unit/cunit.h"

#define TEXT(s) ((struct text){ s, strlen(s) })

static struct boot_entry b;
static struct err e;

static int grub(const char *cfg, const char *env)
{
	memset(&e, 0, sizeof(e));
	return grub_default_entry(TEXT(cfg), TEXT(env), &b, &e);
}

/* in the manner of the generators: conditions, a function, an entry, a submenu */
static const char menu[] =
	"# a comment with { and ' in it\n"
	"if [ -s $prefix/grubenv ]; then\n  load_env\nfi\n"
	"if [ \"${next_entry}\" ] ; then\n   set default=\"${next_entry}\"\n   set next_entry=\n"
	"else\n   set default=\"${saved_entry}\"\nfi\n"
	"if [ x\"${feature_menuentry_id}\" = xy ]; then\n  menuentry_id_option=\"--id\"\n"
	"else\n  menuentry_id_option=\"\"\nfi\n"
	"function gfxmode {\n\tset gfxpayload=\"${1}\"\n\tlinux /not/this\n}\n"
	"search --no-floppy --fs-uuid --set=root 0000-fonts\n"
	"menuentry 'Some OS' --class os $menuentry_id_option 'simple-1' {\n"
	"\tif [ x$grub_platform = xxen ]; then insmod xzio; linux /wrong; fi\n"
	"\tset root='hd0,gpt2'\n"
	"\tif [ x$feature_platform_search_hint = xy ]; then\n"
	"\t  search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2  1111-2222\n"
	"\telse\n\t  search --no-floppy --fs-uuid --set=root wrong\n\tfi\n"
	"\techo 'Loading Linux ...'\n"
	"\tlinux\t/boot/vmlinuz-2 root=UUID=1111-2222 ro  quiet $vt_handoff \n"
	"\tinitrd\t/boot/initrd.img-2\n}\n"
	"submenu 'Advanced options' $menuentry_id_option 'advanced-1' {\n"
	"\tmenuentry 'Some OS, with Linux 2' $menuentry_id_option 'two' {\n"
	"\t\tlinux /boot/vmlinuz-2 ro\n\t}\n"
	"\tmenuentry \"Some OS, with Linux 1\" $menuentry_id_option 'one' {\n"
	"\t\tlinux /boot/vmlinuz-1 ro a='b c' \"quo\\\"te\"\n"
	"\t\tinitrd /boot/ucode.img /boot/initrd.img-1\n\t}\n}\n"
	"menuentry 'System setup' --id setup {\n\tfwsetup\n}\n";

static void test_first_entry(void)
{
	CU_ASSERT_EQUAL(grub(menu, ""), 0);
	CU_ASSERT_STRING_EQUAL(b.title, "Some OS");
	CU_ASSERT_STRING_EQUAL(b.linux_path, "/boot/vmlinuz-2");
	CU_ASSERT_STRING_EQUAL(b.args, "root=UUID=1111-2222 ro quiet");
	CU_ASSERT_EQUAL(b.ninitrds, 1);
	CU_ASSERT_STRING_EQUAL(b.initrd[0], "/boot/initrd.img-2");
	CU_ASSERT_STRING_EQUAL(b.root_uuid, "1111-2222");
	CU_ASSERT_STRING_EQUAL(b.root_device, "hd0,gpt2");
}

static void test_saved_entry_in_submenu(void)
{
	static const char *const names[] = {
		"saved_entry=advanced-1>one\n", "saved_entry=1>1\n",
		"saved_entry=Advanced options>Some OS, with Linux 1\n",
		"# GRUB Environment Block\nsaved_entry=0\nnext_entry=advanced-1>one\n####",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		CU_ASSERT_EQUAL(grub(menu, names[i]), 0);
		CU_ASSERT_STRING_EQUAL(b.linux_path, "/boot/vmlinuz-1");
		CU_ASSERT_STRING_EQUAL(b.args, "ro \"a=b c\" quo\"te");
		CU_ASSERT_EQUAL(b.ninitrds, 2);
		CU_ASSERT_STRING_EQUAL(b.initrd[1], "/boot/initrd.img-1");
	}
}

static void test_unknown_default_is_the_first(void)
{
	CU_ASSERT_EQUAL(grub(menu, "saved_entry=no such entry\n"), 0);
	CU_ASSERT_STRING_EQUAL(b.title, "Some OS");
	CU_ASSERT_EQUAL(grub(menu, "saved_entry=advanced-1\n"), 0);
	CU_ASSERT_STRING_EQUAL(b.title, "Some OS, with Linux 2");
}

static void test_conditions(void)
{
	static const char *const yes[] = {
		"[ a = a ]", "[ a != b ]", "[ -n a ]", "[ -z \"\" ]", "test a == a", "! false",
		"[ 3 -gt 2 -a 2 -le 2 ]", "[ a = b -o a = a ]", "[ ! a = b ]", "true",
	};
	static const char *const no[] = {
		"[ a = b ]", "[ \"\" ]", "[ ]", "loadfont unicode", "! true", "[ a = a -a a = b ]",
		"[ -f /etc/passwd ]", "[",
	};
	char cfg[512];

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		snprintf(cfg, sizeof(cfg), "if %s; then\nmenuentry a {\nlinux /a\n}\nelse\n"
			 "menuentry b {\nlinux /b\n}\nfi", yes[i]);
		CU_ASSERT_EQUAL(grub(cfg, ""), 0);
		CU_ASSERT_STRING_EQUAL(b.linux_path, "/a");
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		snprintf(cfg, sizeof(cfg), "if %s; then\nif true; then\nmenuentry a {\nlinux /a\n}\n"
			 "fi\nelif true; then menuentry c {\nlinux /c\n}\nelse\nmenuentry b {\n"
			 "linux /b\n}\nfi", no[i]);
		CU_ASSERT_EQUAL(grub(cfg, ""), 0);
		CU_ASSERT_STRING_EQUAL(b.linux_path, "/c");
	}
}

static void test_refusals(void)
{
	static const struct {
		const char *cfg, *says;
		int rc;
	} bad[] = {
		{ "", "no menu entry", -ENOENT },
		{ "set timeout=5\n", "no menu entry", -ENOENT },
		{ "menuentry a {\nchainloader +1\n}\n", "'a' boots no Linux", -ENOENT },
		{ "menuentry a {\nlinux /a\n", "does not end", -EILSEQ },
		{ "menuentry 'a {\nlinux /a\n}", "does not end", -EILSEQ },
		{ "menuentry a {\nlinux\n}", "'linux' without a kernel", -EINVAL },
		{ "menuentry a {\nlinux /a\ninitrd 1 2 3 4 5 6 7 8 9\n}", "more than 8", -E2BIG },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CU_ASSERT_EQUAL(grub(bad[i].cfg, ""), bad[i].rc);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, bad[i].says));
	}
}

static void repeat(char *out, const char *what, int n)
{
	for (*out = 0; n; n--)
		out = stpcpy(out, what);
}

static void test_limits(void)
{
	static char cfg[1 << 20];

	repeat(cfg, "if true; then\n", 40);
	CU_ASSERT_EQUAL(grub(cfg, ""), -E2BIG);
	repeat(cfg, "submenu a {\n", 20);
	repeat(cfg + strlen(cfg), "}\n", 20);
	CU_ASSERT_EQUAL(grub(cfg, ""), -E2BIG);
	repeat(cfg, "menuentry a {\n}\n", 600);
	CU_ASSERT_EQUAL(grub(cfg, ""), -E2BIG);
	repeat(cfg, "word ", 200);
	CU_ASSERT_EQUAL(grub(cfg, ""), -E2BIG);
	/* a variable that doubles itself stays within its bound */
	strcpy(cfg, "set a=xxxxxxxxxxxxxxxx\n");
	repeat(cfg + strlen(cfg), "set a=$a$a\n", 40);
	CU_ASSERT_EQUAL(grub(cfg, ""), -E2BIG);
	/* a title that does not fit is cut */
	strcpy(cfg, "menuentry '");
	repeat(cfg + strlen(cfg), "t", 1000);
	strcat(cfg, "' {\nlinux /a\n}\n");
	CU_ASSERT_EQUAL(grub(cfg, ""), 0);
	CU_ASSERT_EQUAL(strlen(b.title), sizeof(b.title) - 1);
	strcpy(cfg, "menuentry a {\nlinux /");
	repeat(cfg + strlen(cfg), "p", 1000);
	strcat(cfg, "\n}\n");
	CU_ASSERT_EQUAL(grub(cfg, ""), -E2BIG);
}

static void test_blscfg(void)
{
	CU_ASSERT_EQUAL(grub("set default=\"${saved_entry}\"\nblscfg\n", "saved_entry=abc-1\n"), -EAGAIN);
	CU_ASSERT_STRING_EQUAL(b.title, "abc-1");
	CU_ASSERT_EQUAL(grub("if false; then\nblscfg\nfi\n", ""), -ENOENT);
}

static void test_bls_entry(void)
{
	static const char conf[] =
		"# a comment\ntitle  Some OS 41\nversion 6.5\nlinux /vmlinuz-6.5\n"
		"initrd /initramfs-6.5.img $tuned_initrd\noptions root=UUID=1 $kernelopts\r\n"
		"options quiet\ngrub_class x";

	CU_ASSERT_EQUAL(bls_parse(TEXT(conf), TEXT("kernelopts=ro a=b\n"), &b, &e), 0);
	CU_ASSERT_STRING_EQUAL(b.title, "Some OS 41");
	CU_ASSERT_STRING_EQUAL(b.linux_path, "/vmlinuz-6.5");
	CU_ASSERT_EQUAL(b.ninitrds, 1);
	CU_ASSERT_STRING_EQUAL(b.initrd[0], "/initramfs-6.5.img");
	CU_ASSERT_STRING_EQUAL(b.args, "root=UUID=1 ro a=b quiet");
	CU_ASSERT_EQUAL(bls_parse(TEXT("efi /EFI/linux.efi\n"), TEXT(""), &b, &e), -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "no 'linux' line"));
}

static void test_bls_order(void)
{
	CU_ASSERT_TRUE(bls_newer("id-6.10.0", "id-6.9.12"));
	CU_ASSERT_FALSE(bls_newer("id-5.4", "id-5.4"));
}

static void test_bls_too_long(void)
{
	static char conf[8192] = "linux /";

	repeat(conf + strlen(conf), "p", 600);
	CU_ASSERT_EQUAL(bls_parse(TEXT(conf), TEXT(""), &b, &e), -E2BIG);
	strcpy(conf, "linux /a\noptions ");
	repeat(conf + strlen(conf), "o", 5000);
	CU_ASSERT_EQUAL(bls_parse(TEXT(conf), TEXT(""), &b, &e), -E2BIG);
}

static const struct unit_test tests[] = {
	{ "the first entry", test_first_entry },
	{ "a saved entry in a submenu", test_saved_entry_in_submenu },
	{ "an unknown default", test_unknown_default_is_the_first },
	{ "conditions", test_conditions },
	{ "what is refused", test_refusals },
	{ "limits", test_limits },
	{ "blscfg", test_blscfg },
	{ "a boot loader entry", test_bls_entry },
	{ "order of boot loader entries", test_bls_order },
	{ "a boot loader entry that is too long", test_bls_too_long },
};
UNIT_MAIN("diskboot", tests)
