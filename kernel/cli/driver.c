// SPDX-License-Identifier: Apache-2.0
/* vmhi driver inspect | list | new | sign | keygen: a vendor's and an integrator's tools. */
#include "kernel/cli/driver.h"

#include <errno.h>
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
};

int driver_usage(const char *form)
{
	fprintf(stderr, "usage: vmhi driver %s\n", form);
	return 2;
}

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
	char vendor[NOTE_TEXT_MAX + 1];
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
	admission_report_free(r);
	if (key.role == ROLE_VENDOR && strcmp(vendor, key.name))
		return err_set(e, -EINVAL, "%s: its vendor is \"%s\", the key is of \"%s\"", file,
			       vendor, key.name);
	return signature_add(file, out ? out : file, &key, (uint64_t)time(NULL), e);
}

int driver_sign(int argc, char **argv)
{
	const char *file = NULL, *key = NULL, *role = NULL, *out = NULL;
	struct err e;

	for (int i = 1; i < argc; i++) {
		const char **value = !strcmp(argv[i], "--key") ? &key :
				     !strcmp(argv[i], "--role") ? &role :
				     !strcmp(argv[i], "--out") ? &out : NULL;

		if (value && i + 1 < argc)
			*value = argv[++i];
		else if (!value && argv[i][0] != '-' && !file)
			file = argv[i];
		else
			file = key = NULL, i = argc;
	}
	if (!file || !key)
		return driver_usage("sign FILE --key FILE.secret [--role vendor|project|certifier]"
				    " [--out FILE]");
	return sign_one(file, key, role, out, &e) ? client_fail(&e) : 0;
}

int driver_keygen(int argc, char **argv)
{
	const char *base = NULL, *role = "vendor", *name = NULL;
	enum signature_role r;
	struct err e;

	for (int i = 1; i < argc; i++) {
		const char **value = !strcmp(argv[i], "--name") ? &name :
				     !strcmp(argv[i], "--role") ? &role : NULL;

		if (value && i + 1 < argc)
			*value = argv[++i];
		else if (!value && argv[i][0] != '-' && !base)
			base = argv[i];
		else
			base = name = NULL, i = argc;
	}
	if (!base || !name || signature_role_parse(role, &r))
		return driver_usage("keygen --name NAME [--role vendor|project|certifier] BASE");
	if (keyfile_make(base, r, name, &e))
		return client_fail(&e);
	printf("%s.secret  keep it: who has it signs as %s\n%s.key     goes into trust stores\n",
	       base, name, base);
	return 0;
}

int cmd_driver(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(subs) / sizeof(subs[0]); i++)
		if (!strcmp(argv[1], subs[i].name))
			return subs[i].fn(argc - 1, argv + 1);
	fputs("usage: vmhi driver SUBCOMMAND [ARGUMENT...]\n\n", stderr);
	for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++)
		fprintf(stderr, "  %-8s %s\n", subs[i].name, subs[i].what);
	return 2;
}
