// SPDX-License-Identifier: Apache-2.0
/* The strict parser of a driver's note: sdk/include/vmhi/note.h says what each record must be. */
#include "kernel/admission/note.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <vmhi/note.h>

#define LOWER	"abcdefghijklmnopqrstuvwxyz"
#define DIGITS	"0123456789"
#define SPDX	LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS ".+-:() "

enum seen { SEEN_ABI = 1, SEEN_NEEDS = 2, SEEN_VENDOR = 4, SEEN_NAME = 8, SEEN_VERSION = 16,
	    SEEN_LICENSE = 32, SEEN_ALL = 63 };

struct parser {
	struct driver_note *n;
	unsigned int seen;
	struct err *e;
	const char *first, *end;	/* of all records */
};

/* A word of 1 to max bytes, each of the set, into out (max + 1 bytes). */
static int word(const char *s, size_t len, const char *set, size_t max, char *out)
{
	if (len == 0 || len > max)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!strchr(set, s[i]))
			return -EINVAL;
	memcpy(out, s, len);
	out[len] = 0;
	return 0;
}

/* A decimal number without sign or needless leading zero. */
static int number(const char *s, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (len == 0 || len > 20 || (len > 1 && s[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned int d = (unsigned int)s[i] - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return -EINVAL;
		v = v * 10 + d;
	}
	if (v > max)
		return -EINVAL;
	*out = v;
	return 0;
}

static int hex4(const char *s, uint16_t *out)
{
	unsigned int v = 0;

	for (int i = 0; i < 4; i++) {
		const char *at = strchr("0123456789abcdef", s[i]);

		if (!s[i] || !at)
			return -EINVAL;
		v = v << 4 | (unsigned int)(at - "0123456789abcdef");
	}
	*out = (uint16_t)v;
	return 0;
}

/* Cuts the text before the next c off *s; *s becomes what follows it. NULL: there is no c. */
static const char *field(const char **s, char c, size_t *len)
{
	const char *start = *s, *end = strchr(start, c);

	if (!end)
		return NULL;
	*len = (size_t)(end - start);
	*s = end + 1;
	return start;
}

static int version(const char *s, size_t len, struct note_abi *out)
{
	const char *dot = memchr(s, '.', len);
	uint64_t major, minor;

	if (!dot || number(s, (size_t)(dot - s), UINT16_MAX, &major) ||
	    number(dot + 1, len - (size_t)(dot - s) - 1, UINT16_MAX, &minor))
		return -EINVAL;
	out->major = (uint16_t)major;
	out->minor = (uint16_t)minor;
	return 0;
}

static int parse_abi(struct parser *p, const char *v)
{
	struct note_abi *lo = &p->n->abi_min, *hi = &p->n->abi_max;
	const char *min;
	size_t len;

	min = field(&v, '-', &len);
	if (!min || version(min, len, lo) || version(v, strlen(v), hi))
		return err_set(p->e, -EINVAL, "abi= must be MAJOR.MINOR-MAJOR.MINOR");
	if (lo->major > hi->major || (lo->major == hi->major && lo->minor > hi->minor))
		return err_set(p->e, -EINVAL, "abi= has its lower end above its upper end");
	return 0;
}

static int parse_class(struct parser *p, const char *v)
{
	struct driver_note *n = p->n;
	struct note_class *c = &n->class[n->nclass];
	const char *name;
	uint64_t ver;
	size_t len;

	if (n->nclass == NOTE_CLASS_MAX)
		return err_set(p->e, -EINVAL, "more than %d class= records", NOTE_CLASS_MAX);
	name = field(&v, '/', &len);
	if (!name || word(name, len, LOWER DIGITS "_-", NOTE_NAME_MAX, c->name) ||
	    number(v, strlen(v), UINT16_MAX, &ver) || ver == 0)
		return err_set(p->e, -EINVAL, "class= must be NAME/VERSION, as nic/1");
	c->version = (uint16_t)ver;
	for (unsigned int i = 0; i < n->nclass; i++)
		if (n->class[i].version == ver && !strcmp(n->class[i].name, c->name))
			return err_set(p->e, -EINVAL, "class=%s/%u is there twice", c->name,
				       c->version);
	n->nclass++;
	return 0;
}

static int parse_needs(struct parser *p, const char *v)
{
	if (!strcmp(v, "pci"))
		p->n->needs = NOTE_NEEDS_PCI;
	else if (!strcmp(v, "nothing"))
		p->n->needs = NOTE_NEEDS_NOTHING;
	else
		return err_set(p->e, -EINVAL, "needs= must be pci or nothing");
	return 0;
}

static int parse_vendor(struct parser *p, const char *v)
{
	size_t len = strlen(v);

	if (len == 0 || len > NOTE_TEXT_MAX)
		return err_set(p->e, -EINVAL, "vendor= must have 1 to %d bytes", NOTE_TEXT_MAX);
	memcpy(p->n->vendor, v, len + 1);
	return 0;
}

static int parse_name(struct parser *p, const char *v)
{
	if (word(v, strlen(v), LOWER DIGITS "._-", NOTE_TEXT_MAX, p->n->name))
		return err_set(p->e, -EINVAL, "name= must be 1 to %d bytes of [a-z0-9._-]",
			       NOTE_TEXT_MAX);
	return 0;
}

static int parse_version(struct parser *p, const char *v)
{
	size_t len = strlen(v);

	if (len == 0 || len > NOTE_TEXT_MAX)
		return err_set(p->e, -EINVAL, "version= must have 1 to %d bytes", NOTE_TEXT_MAX);
	memcpy(p->n->version, v, len + 1);
	return 0;
}

static int parse_license(struct parser *p, const char *v)
{
	if (word(v, strlen(v), SPDX, NOTE_LICENSE_MAX, p->n->license))
		return err_set(p->e, -EINVAL,
			       "license= must be an SPDX expression of 1 to %d bytes, or "
			       "Proprietary", NOTE_LICENSE_MAX);
	return 0;
}

static int parse_pci(struct parser *p, const char *v)
{
	struct driver_note *n = p->n;
	struct note_pci *id = &n->pci[n->npci];

	if (n->npci == NOTE_PCI_MAX)
		return err_set(p->e, -EINVAL, "more than %d pci= records", NOTE_PCI_MAX);
	if (strlen(v) != 9 || v[4] != ':' || hex4(v, &id->vendor) || hex4(v + 5, &id->device))
		return err_set(p->e, -EINVAL,
			       "pci= must be VVVV:DDDD in lower-case hexadecimal digits");
	for (unsigned int i = 0; i < n->npci; i++)
		if (n->pci[i].vendor == id->vendor && n->pci[i].device == id->device)
			return err_set(p->e, -EINVAL, "pci=%s is there twice", v);
	n->npci++;
	return 0;
}

/* DEFAULT:MIN:MAX:TEXT */
static int param_u64(struct note_param *m, const char **v)
{
	uint64_t *const out[] = {&m->def, &m->min, &m->max};

	for (int i = 0; i < 3; i++) {
		size_t len;
		const char *s = field(v, ':', &len);

		if (!s || number(s, len, UINT64_MAX, out[i]))
			return -EINVAL;
	}
	return m->min <= m->def && m->def <= m->max ? 0 : -EINVAL;
}

/* DEFAULT:TEXT */
static int param_bool(struct note_param *m, const char **v)
{
	size_t len;
	const char *s = field(v, ':', &len);

	m->max = 1;
	return s ? number(s, len, 1, &m->def) : -EINVAL;
}

/* DEFAULT:WORD|WORD|...:TEXT */
static int param_choice(struct note_param *m, const char **v)
{
	static const char set[] = LOWER DIGITS "_-";
	char def[NOTE_NAME_MAX + 1];
	bool found = false;
	unsigned int n = 0;
	size_t len;
	const char *s = field(v, ':', &len), *end;

	if (!s || word(s, len, set, NOTE_NAME_MAX, def))
		return -EINVAL;
	s = field(v, ':', &len);
	if (!s)
		return -EINVAL;
	for (end = s + len; s <= end; n++) {
		const char *bar = memchr(s, '|', (size_t)(end - s));
		const char *stop = bar ? bar : end;

		if (n == NOTE_WORD_MAX ||
		    word(s, (size_t)(stop - s), set, NOTE_NAME_MAX, m->word[n]))
			return -EINVAL;
		for (unsigned int i = 0; i < n; i++)
			if (!strcmp(m->word[i], m->word[n]))
				return -EINVAL;
		if (!strcmp(m->word[n], def)) {
			m->def = n;
			found = true;
		}
		s = stop + 1;
	}
	m->max = n - 1;
	return found ? 0 : -EINVAL;
}

static int parse_param(struct parser *p, const char *v)
{
	static const struct {
		const char *type;
		enum note_param_type t;
		int (*parse)(struct note_param *m, const char **v);
		const char *form;
	} kinds[] = {
		{"u64", NOTE_U64, param_u64, "DEFAULT:MIN:MAX:TEXT with MIN <= DEFAULT <= MAX"},
		{"bool", NOTE_BOOL, param_bool, "DEFAULT:TEXT with DEFAULT 0 or 1"},
		{"choice", NOTE_CHOICE, param_choice,
		 "DEFAULT:WORD|WORD:TEXT with DEFAULT one of at most 16 different words"},
	};
	struct driver_note *n = p->n;
	struct note_param *m = &n->param[n->nparam];
	const char *s;
	size_t len, k = 0;

	if (n->nparam == NOTE_PARAM_MAX)
		return err_set(p->e, -EINVAL, "more than %d param= records", NOTE_PARAM_MAX);
	s = field(&v, ':', &len);
	if (!s || word(s, len, LOWER DIGITS "_", NOTE_NAME_MAX, m->name))
		return err_set(p->e, -EINVAL, "param= must begin with a name of 1 to %d bytes of "
			       "[a-z0-9_] and a colon", NOTE_NAME_MAX);
	for (unsigned int i = 0; i < n->nparam; i++)
		if (!strcmp(n->param[i].name, m->name))
			return err_set(p->e, -EINVAL, "param=%s is there twice", m->name);
	s = field(&v, ':', &len);
	while (s && k < 3 && (strlen(kinds[k].type) != len || memcmp(kinds[k].type, s, len)))
		k++;
	if (!s || k == 3)
		return err_set(p->e, -EINVAL, "param=%s: the type must be u64, bool or choice",
			       m->name);
	m->type = kinds[k].t;
	if (kinds[k].parse(m, &v))
		return err_set(p->e, -EINVAL, "param=%s: after %s comes %s", m->name,
			       kinds[k].type, kinds[k].form);
	len = strlen(v);
	if (len == 0 || len > NOTE_HELP_MAX)
		return err_set(p->e, -EINVAL, "param=%s: its text must have 1 to %d bytes",
			       m->name, NOTE_HELP_MAX);
	memcpy(m->help, v, len + 1);
	n->nparam++;
	return 0;
}

static int parse_feature(struct parser *p, const char *v)
{
	struct driver_note *n = p->n;

	if (n->nfeature == NOTE_FEATURE_MAX)
		return err_set(p->e, -EINVAL, "more than %d feature= records", NOTE_FEATURE_MAX);
	if (word(v, strlen(v), LOWER DIGITS "_-", NOTE_NAME_MAX, n->feature[n->nfeature]))
		return err_set(p->e, -EINVAL, "feature= must be 1 to %d bytes of [a-z0-9_-]",
			       NOTE_NAME_MAX);
	n->nfeature++;
	return 0;
}

static const struct {
	const char *key;
	unsigned int once;	/* SEEN_*, or 0: may come again */
	int (*parse)(struct parser *p, const char *value);
} keys[] = {
	{"abi", SEEN_ABI, parse_abi},
	{"class", 0, parse_class},
	{"needs", SEEN_NEEDS, parse_needs},
	{"vendor", SEEN_VENDOR, parse_vendor},
	{"name", SEEN_NAME, parse_name},
	{"version", SEEN_VERSION, parse_version},
	{"license", SEEN_LICENSE, parse_license},
	{"pci", 0, parse_pci},
	{"param", 0, parse_param},
	{"feature", 0, parse_feature},
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

/* One record: a NUL-ended string of printable ASCII. */
static int parse_record(struct parser *p, const char *rec)
{
	const char *eq = strchr(rec, '=');
	size_t len = eq ? (size_t)(eq - rec) : 0, i = 0;

	if (len == 0)
		return err_set(p->e, -EINVAL, "\"%.40s\" is not key=value", rec);
	if (!strncmp(rec, "opt-", 4) && len > 4)
		return 0;
	while (i < NKEYS && (strlen(keys[i].key) != len || memcmp(keys[i].key, rec, len)))
		i++;
	if (i == NKEYS)
		return err_set(p->e, -EINVAL, "unknown key \"%.*s\"", len > 40 ? 40 : (int)len,
			       rec);
	if (p->seen & keys[i].once)
		return err_set(p->e, -EINVAL, "%s= is there twice", keys[i].key);
	p->seen |= keys[i].once;
	return keys[i].parse(p, eq + 1);
}

/* key, if it is inside of rec, as when the \0 before that record was forgotten; else NULL. */
static const char *swallowed(const char *rec, const char *key)
{
	const char *eq = strchr(rec, '=');
	const size_t len = strlen(key);

	while (eq && (eq = strchr(eq + 1, '=')))
		if ((size_t)(eq - rec) > len && !memcmp(eq - len, key, len))
			return key;
	return NULL;
}

/* Shows the record that *e is about, and what may be wrong with it. */
static void show_record(const char *rec, struct err *e)
{
	const char *in = NULL;
	struct err old;

	if (!e)
		return;
	for (size_t i = 0; i < NKEYS && !in; i++)
		in = swallowed(rec, keys[i].key);
	old = *e;
	err_set(e, old.code, "%s, not \"%.64s\"%s", old.msg, rec,
		in ? "; does a record lack its \\0?" : "");
}

static int missing(const struct parser *p, const char *key)
{
	for (const char *s = p->first; s < p->end; s += strlen(s) + 1)
		if (swallowed(s, key))
			return err_set(p->e, -EINVAL, "%s= is missing, but is inside of \"%.64s\": "
				       "does a record lack its \\0?", key, s);
	return err_set(p->e, -EINVAL, "%s= is missing", key);
}

/* What only the whole note shows. */
static int check_whole(const struct parser *p)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (keys[i].once && !(p->seen & keys[i].once))
			return missing(p, keys[i].key);
	if (!p->n->nclass)
		return missing(p, "class");
	if (p->n->needs == NOTE_NEEDS_PCI && !p->n->npci)
		return err_set(p->e, -EINVAL, "needs=pci without a pci= record");
	if (p->n->needs == NOTE_NEEDS_NOTHING && p->n->npci)
		return err_set(p->e, -EINVAL, "needs=nothing with a pci= record");
	return 0;
}

int note_parse(const void *desc, size_t len, struct driver_note *out, struct err *e)
{
	static const char first[] = "vmhi-note=1";
	struct parser p = {.n = out, .e = e};
	const char *s = desc, *end = s + len;

	memset(out, 0, sizeof(*out));
	if (len == 0 || len > VMHI_NOTE_MAX || end[-1])
		return err_set(e, -EINVAL, "must be 1 to %d bytes, the last one NUL",
			       VMHI_NOTE_MAX);
	for (size_t i = 0; i < len; i++)
		if (s[i] && (s[i] < 0x20 || s[i] > 0x7e))
			return err_set(e, -EINVAL, "byte %zu is not printable ASCII", i);
	if (strcmp(s, first))
		return err_set(e, -EINVAL, "the first record must be %s", first);
	/* The compiler's own NUL at the end of a string literal, if it was counted in. */
	if (len > sizeof(first) && !end[-2])
		end--;
	p.first = s;
	p.end = end;
	for (s += sizeof(first); s < end; s += strlen(s) + 1) {
		int r = parse_record(&p, s);

		if (r) {
			show_record(s, e);
			return r;
		}
	}
	return check_whole(&p);
}

bool note_names(const struct driver_note *n, uint16_t vendor, uint16_t device)
{
	for (unsigned int i = 0; i < n->npci; i++)
		if (n->pci[i].vendor == vendor && n->pci[i].device == device)
			return true;
	return false;
}
