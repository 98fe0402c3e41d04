// SPDX-License-Identifier: Apache-2.0
/* vmhi driver inspect | list | new | sign | keygen | replace: a vendor's and an integrator's tools. */
#include "kernel/cli/driver.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernel/admission/signature.h"
#include "kernel/cli/cli.h"
#include "kernel/cli/client.h"

static const struct {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *what;
} subs[] = {
	{"inspect", driver_inspect, "say what a driver is and whether it would be admitted"},
	{"list", driver_list, "the drivers in a folder"},
	{"new", driver_new, "begin a driver from the template"},
	{"sign", driver_sign, "add a signature to a driver"},
	{"keygen", driver_keygen, "make a pair of keys to sign with"},
	{"replace", driver_replace, "have a set that runs take another driver"},
};

int driver_policy(const char *level, const char *trust, struct admission_policy *p,
		  struct err *e)
{
	int r;

	if (!trust) {
		r = admission_policy_load(p, e);
		if (r)
			return r;
	} else {
		p->min = ADMISSION_COMMUNITY;
		p->trust = trust_load(trust, true, e);
		if (!p->trust)
			return -EINVAL;
	}
	if (level && admission_level_parse(level, &p->min)) {
		admission_policy_free(p);
		return err_set(e, -EINVAL, "no level \"%s\": use community, supported, accepted "
			       "or certified", level);
	}
	return 0;
}

int driver_check(const char *path, const struct admission_policy *p, struct admission_report **r,
		 struct err *e)
{
	int fd = admission_seal(path, e), error;

	if (fd < 0)
		return fd;
	error = admission_check(fd, p, r, e);
	close(fd);
	if (error == -EACCES)
		return 0;
	if (error)
		err_prefix(e, "%s", path);
	return error;
}

void driver_date(uint64_t seconds, char out[16])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	/* A signer may write any number: what is no year of four digits is none. */
	if (seconds >= 253402300800ull || !gmtime_r(&t, &tm) || !strftime(out, 16, "%F", &tm))
		strcpy(out, "no date");
}

/* A driver that would be refused everywhere is not worth a signature. */
static int sign_one(const char *file, const char *key_path, const char *role, const char *out,
		    struct err *e)
{
	const struct admission_policy any = {.min = ADMISSION_COMMUNITY};
	struct admission_report *r;
	enum signature_role wanted;
	struct keyfile key;
	char vendor[NOTE_TEXT_MAX + 1], hex[2 * KEY_ID_LEN + 1];
	uint8_t id[KEY_ID_LEN];
	bool signed_before = false;
	int fd, error;

	error = keyfile_read(key_path, &key, e);
	if (error)
		return error;
	if (!key.secret)
		return err_set(e, -EINVAL, "%s: a public key: sign with the .secret file",
			       key_path);
	if (role && (signature_role_parse(role, &wanted) || wanted != key.role))
		return err_set(e, -EINVAL, "%s: its role is %s, not %s", key_path,
			       signature_role_name(key.role), role);
	fd = admission_seal(file, e);
	if (fd < 0)
		return fd;
	error = admission_check(fd, &any, &r, e);
	close(fd);
	if (error)
		return err_prefix(e, "%s", file);
	strcpy(vendor, r->note.vendor);
	key_id(key.public, id);
	for (unsigned int i = 0; i < r->nsig; i++)
		signed_before |= !memcmp(r->sig[i].key_id, id, sizeof(id));
	admission_report_free(r);
	sodium_bin2hex(hex, sizeof(hex), id, sizeof(id));
	if (signed_before)
		return err_set(e, -EEXIST, "%s: already signed by this key (%s)", file, hex);
	if (key.role == ROLE_VENDOR && strcmp(vendor, key.name))
		return err_set(e, -EINVAL, "%s: its vendor is \"%s\", the key is of \"%s\"", file,
			       vendor, key.name);
	error = signature_add(file, out ? out : file, &key, (uint64_t)time(NULL), e);
	if (!error)
		printf("%s: signed by %s as %s, key %s\n", out ? out : file, key.name,
		       signature_role_name(key.role), hex);
	return error;
}

int driver_sign(int argc, char **argv)
{
	const char *key = NULL, *role = NULL, *out = NULL;
	const struct driver_option opt[] = {
		{.name = "--key", .value = &key, .needed = true},
		{.name = "--role", .value = &role},
		{.name = "--out", .value = &out},
		{0},
	};
	char *file = NULL;
	struct err e;
	int r = driver_args(argc, argv, opt, "FILE", &file, "sign FILE --key FILE.secret "
			    "[--role vendor|project|certifier] [--out FILE]");

	if (r >= 0)
		return r;
	return sign_one(file, key, role, out, &e) ? client_fail(&e) : 0;
}

int driver_keygen(int argc, char **argv)
{
	static const char form[] = "keygen --name NAME [--role vendor|project|certifier] BASE";
	const char *role = NULL, *name = NULL;
	const struct driver_option opt[] = {
		{.name = "--name", .value = &name, .needed = true},
		{.name = "--role", .value = &role},
		{0},
	};
	enum signature_role as = ROLE_VENDOR;
	char *base = NULL;
	struct err e;
	int r = driver_args(argc, argv, opt, "BASE", &base, form);

	if (r >= 0)
		return r;
	if (role && signature_role_parse(role, &as)) {
		err_set(&e, -EINVAL, "no role \"%s\": use vendor, project or certifier", role);
		return client_fail(&e);
	}
	if (keyfile_make(base, as, name, &e))
		return client_fail(&e);
	printf("%s.secret  keep it: who has it signs as %s\n%s.key     goes into trust stores\n",
	       base, name, base);
	return 0;
}

static void usage(FILE *f)
{
	fputs("usage: vmhi driver SUBCOMMAND [ARGUMENT...]\n\n", f);
	for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++)
		fprintf(f, "  %-8s %s\n", subs[i].name, subs[i].what);
}

int cmd_driver(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(subs) / sizeof(subs[0]); i++)
		if (!strcmp(argv[1], subs[i].name))
			return subs[i].fn(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return 0;
	}
	if (argc > 1)
		fprintf(stderr, "vmhi driver: no subcommand \"%s\"\n", argv[1]);
	usage(stderr);
	return 2;
}
