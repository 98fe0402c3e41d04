// SPDX-License-Identifier: Apache-2.0
/*
 * Runs a grub.cfg: the conditions, the variables and the menu that GRUB's and the distributions'
 * generators write. Functions and loops are passed over, and commands that drive the screen.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/cli/diskboot/grub-words.h"

#define MAX_ENTRIES 512
#define MAX_DEPTH 32
#define MAX_SUBMENUS 8

struct entry {
	char *title, *id;
	struct text body;
	int parent;	/* index of its submenu, -1 at the top */
	bool submenu;
};

enum branch { TAKEN, WANTED, OVER };	/* of an if: this one, a later one, none any more */

struct grub {
	struct grub_vars vars;
	struct entry entries[MAX_ENTRIES];
	int nentries, menu;
	unsigned int depth;
	bool bls, have_env;
	struct boot_entry *boot;	/* the entry that is being run, or NULL */
	struct err *e;
};

static int copy(char *out, size_t size, const char *in, const char *what, struct err *e)
{
	if (strlen(in) >= size)
		return err_set(e, -E2BIG, "grub.cfg: %s is longer than %zu bytes", what, size - 1);
	strcpy(out, in);
	return 0;
}

/* --- conditions --- */

static bool test_unary(const struct grub *g, const char *op, const char *arg)
{
	if (!strcmp(op, "-n"))
		return *arg;
	if (!strcmp(op, "-z"))
		return !*arg;
	/* the one file that generators ask for is the environment block */
	if (!strcmp(op, "-s") || !strcmp(op, "-f") || !strcmp(op, "-e"))
		return g->have_env && strstr(arg, "grubenv");
	return false;
}

static bool test_binary(const char *a, const char *op, const char *b)
{
	long x = strtol(a, NULL, 10), y = strtol(b, NULL, 10);

	if (!strcmp(op, "=") || !strcmp(op, "=="))
		return !strcmp(a, b);
	if (!strcmp(op, "!="))
		return strcmp(a, b) != 0;
	return (!strcmp(op, "-eq") && x == y) || (!strcmp(op, "-ne") && x != y) ||
	       (!strcmp(op, "-lt") && x < y) || (!strcmp(op, "-le") && x <= y) ||
	       (!strcmp(op, "-gt") && x > y) || (!strcmp(op, "-ge") && x >= y);
}

static bool test_words(const struct grub *g, char **w, unsigned int n)
{
	bool negate = false, result;

	/* -o binds weaker than -a: the first one splits */
	for (const char *op = "-o";; op = "-a") {
		for (unsigned int i = 1; i + 1 < n; i++) {
			if (strcmp(w[i], op))
				continue;
			result = test_words(g, w, i);
			return op[1] == 'o' ? result || test_words(g, w + i + 1, n - i - 1) :
					      result && test_words(g, w + i + 1, n - i - 1);
		}
		if (op[1] == 'a')
			break;
	}
	for (; n > 1 && !strcmp(w[0], "!"); w++, n--)
		negate = !negate;
	if (n == 3)
		result = test_binary(w[0], w[1], w[2]);
	else if (n == 2)
		result = test_unary(g, w[0], w[1]);
	else
		result = n == 1 && *w[0];
	return result != negate;
}

static bool condition(const struct grub *g, char **w, unsigned int n)
{
	if (n && !strcmp(w[0], "!"))
		return !condition(g, w + 1, n - 1);
	if (n > 1 && !strcmp(w[0], "[") && !strcmp(w[n - 1], "]"))
		return test_words(g, w + 1, n - 2);
	if (n && !strcmp(w[0], "test"))
		return test_words(g, w + 1, n - 1);
	return n && !strcmp(w[0], "true");
}

/* --- commands --- */

static int run(struct grub *g, struct text in);

static int set_variable(struct grub *g, const char *word)
{
	const char *eq = strchr(word, '=');
	char name[64];

	if (!eq || eq == word)
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(eq - word), word);
	if (g->boot && !strcmp(name, "root"))
		snprintf(g->boot->root_device, sizeof(g->boot->root_device), "%s", eq + 1);
	if (grub_set(&g->vars, name, eq + 1))
		return err_set(g->e, -E2BIG, "grub.cfg: too many variables, or '%s' is too long", name);
	return 0;
}

/* search --fs-uuid --set=root ... WHAT: outside an entry too, since entries build on it */
static void search(struct grub *g, const struct grub_command *c)
{
	const char *kind = NULL, *what = NULL;
	bool for_root = false;

	for (unsigned int i = 1; i < c->n; i++) {
		const char *w = c->w[i];

		if (!strcmp(w, "--fs-uuid") || !strcmp(w, "-u"))
			kind = "fs_uuid";
		else if (!strcmp(w, "--label") || !strcmp(w, "-l"))
			kind = "fs_label";
		else if (!strcmp(w, "--set=root") || !strcmp(w, "--set"))
			for_root = true;
		else if (*w != '-' && strcmp(w, "root"))
			what = w;
	}
	if (!for_root || !kind || !what)
		return;
	grub_set(&g->vars, ".fs_uuid", kind[3] == 'u' ? what : "");
	grub_set(&g->vars, ".fs_label", kind[3] == 'l' ? what : "");
}

static int linux_command(struct grub *g, const struct grub_command *c)
{
	struct boot_entry *b = g->boot;
	size_t at = 0;

	if (c->n < 2)
		return err_set(g->e, -EINVAL, "grub.cfg: 'linux' without a kernel in entry '%s'", b->title);
	for (unsigned int i = 2; i < c->n; i++) {
		const char *quote = strchr(c->w[i], ' ') ? "\"" : "";
		int n = snprintf(b->args + at, sizeof(b->args) - at, "%s%s%s%s", at ? " " : "",
				 quote, c->w[i], quote);

		at += (size_t)n;
		if (at >= sizeof(b->args))
			return err_set(g->e, -E2BIG, "grub.cfg: the command line of entry '%s' is "
				       "longer than %zu bytes", b->title, sizeof(b->args) - 1);
	}
	return copy(b->linux_path, sizeof(b->linux_path), c->w[1], "a kernel's path", g->e);
}

static int initrd_command(struct grub *g, const struct grub_command *c)
{
	struct boot_entry *b = g->boot;

	for (b->ninitrds = 0; b->ninitrds + 1 < c->n; b->ninitrds++) {
		if (b->ninitrds == BOOT_INITRDS)
			return err_set(g->e, -E2BIG, "grub.cfg: entry '%s' has more than %d "
				       "initrds", b->title, BOOT_INITRDS);
		if (copy(b->initrd[b->ninitrds], BOOT_PATH, c->w[b->ninitrds + 1],
			 "an initrd's path", g->e))
			return -E2BIG;
	}
	return 0;
}

/* menuentry TITLE [--class X] [--id ID | $menuentry_id_option ID] { ... } */
static int add_entry(struct grub *g, const struct grub_command *c)
{
	static const char *const with_value[] = { "--class", "--users", "--hotkey", "--source" };
	struct entry *n = &g->entries[g->nentries];
	const char *title = NULL, *id = "";
	int self = g->nentries, outer = g->menu, rc;

	if (g->nentries == MAX_ENTRIES)
		return err_set(g->e, -E2BIG, "grub.cfg: more than %d entries", MAX_ENTRIES);
	for (unsigned int i = 1; i < c->n; i++) {
		bool skip = false;

		for (unsigned int k = 0; k < sizeof(with_value) / sizeof(*with_value); k++)
			skip |= !strcmp(c->w[i], with_value[k]);
		if (!strcmp(c->w[i], "--id") && i + 1 < c->n)
			id = c->w[++i];
		else if (!strncmp(c->w[i], "--id=", 5))
			id = c->w[i] + 5;
		else if (skip)
			i++;
		else if (c->w[i][0] != '-' && !title)
			title = c->w[i];
	}
	*n = (struct entry){ .title = strdup(title ? title : ""), .id = strdup(id),
			     .body = c->block, .parent = g->menu,
			     .submenu = !strcmp(c->w[0], "submenu") };
	g->nentries++;
	if (!n->title || !n->id)
		return err_set(g->e, -ENOMEM, "out of memory");
	if (!n->submenu)
		return 0;
	g->menu = self;
	rc = run(g, c->block);
	g->menu = outer;
	return rc;
}

static int command(struct grub *g, const struct grub_command *c)
{
	const char *name = c->w[0];

	if (!strcmp(name, "menuentry") || !strcmp(name, "submenu"))
		return c->block.p && !g->boot ? add_entry(g, c) : 0;
	if (!strcmp(name, "set") && c->n > 1)
		return set_variable(g, c->w[1]);
	if (!strcmp(name, "search") || !strcmp(name, "search.fs_uuid"))
		search(g, c);
	if (!strcmp(name, "blscfg"))
		g->bls = true;
	if (g->boot && (!strcmp(name, "linux") || !strcmp(name, "linuxefi") ||
			!strcmp(name, "linux16")))
		return linux_command(g, c);
	if (g->boot && (!strcmp(name, "initrd") || !strcmp(name, "initrdefi") ||
			!strcmp(name, "initrd16")))
		return initrd_command(g, c);
	if (c->n == 1 && strchr(name, '='))
		return set_variable(g, name);
	return 0;
}

/* --- scripts --- */

/* What if, then, elif, else, fi and the loops do. Takes its keyword off c; 1: nothing is left. */
static int control(struct grub *g, struct grub_command *c, enum branch *b, unsigned int *level)
{
	const char *k = c->w[0];
	bool is_if = !strcmp(k, "if");

	if (is_if || !strcmp(k, "while") || !strcmp(k, "until") || !strcmp(k, "for")) {
		if (*level + 1 == MAX_DEPTH)
			return err_set(g->e, -E2BIG, "grub.cfg: conditions nest deeper than %d",
				       MAX_DEPTH);
		/* a loop is passed over, and so is what stands in a branch not taken */
		b[*level + 1] = !is_if || b[*level] != TAKEN ? OVER :
				condition(g, c->w + 1, c->n - 1) ? TAKEN : WANTED;
		(*level)++;
		return 1;
	}
	if (!strcmp(k, "elif")) {
		if (*level)
			b[*level] = b[*level] == WANTED && condition(g, c->w + 1, c->n - 1) ? TAKEN :
				    b[*level] == TAKEN ? OVER : b[*level];
		return 1;
	}
	if (!strcmp(k, "else") && *level)
		b[*level] = b[*level] == WANTED ? TAKEN : OVER;
	if ((!strcmp(k, "fi") || !strcmp(k, "done")) && *level)
		(*level)--;
	if (strcmp(k, "then") && strcmp(k, "else") && strcmp(k, "do"))
		return !strcmp(k, "fi") || !strcmp(k, "done");
	memmove(c->w, c->w + 1, --c->n * sizeof(*c->w));
	return !c->n;
}

static int run_commands(struct grub *g, struct text in, struct grub_command *c)
{
	enum branch b[MAX_DEPTH] = { TAKEN };
	unsigned int level = 0;
	int rc;

	while ((rc = grub_next(&in, &g->vars, c)) > 0) {
		int done = 0;

		/* "then if ..." and the like: a keyword, and a command behind it */
		while (!done && c->n) {
			unsigned int n = c->n;

			done = control(g, c, b, &level);
			if (done < 0)
				return done;
			if (c->n == n)
				break;
		}
		if (done || !c->n || b[level] != TAKEN || !strcmp(c->w[0], "function"))
			continue;
		rc = command(g, c);
		if (rc)
			return rc;
	}
	if (rc == -E2BIG)
		return err_set(g->e, rc, "grub.cfg: a command of more than %d words or 16 KiB",
			       GRUB_WORDS);
	return rc ? err_set(g->e, rc, "grub.cfg: a quote or a { block that does not end") : 0;
}

static int run(struct grub *g, struct text in)
{
	struct grub_command *c;
	int rc;

	if (g->depth == MAX_SUBMENUS)
		return err_set(g->e, -E2BIG, "grub.cfg: submenus nest deeper than %d", MAX_SUBMENUS);
	c = malloc(sizeof(*c));
	if (!c)
		return err_set(g->e, -ENOMEM, "out of memory");
	g->depth++;
	rc = run_commands(g, in, c);
	g->depth--;
	free(c);
	return rc;
}

/* --- the default entry --- */

/* The child of menu that spec names: by number, title or id. */
static int find_child(const struct grub *g, int menu, const char *spec, size_t len)
{
	int at = 0, wanted = -1;

	if (len && strspn(spec, "0123456789") >= len && len < 6)
		wanted = atoi(spec);
	for (int i = 0; i < g->nentries; i++) {
		const struct entry *n = &g->entries[i];

		if (n->parent != menu)
			continue;
		if (at++ == wanted || (strlen(n->title) == len && !memcmp(n->title, spec, len)) ||
		    (len && strlen(n->id) == len && !memcmp(n->id, spec, len)))
			return i;
	}
	return -1;
}

/* "0", "1>2", "title", "submenu's id>entry's id"; what names nothing means the first entry */
static int find_default(const struct grub *g, const char *spec)
{
	int menu = -1, found;

	for (;;) {
		/* a title may hold a > itself: the longest name that fits wins */
		size_t len = strlen(spec);

		found = find_child(g, menu, spec, len);
		while (found < 0 && len) {
			do
				len--;
			while (len && spec[len] != '>');
			found = find_child(g, menu, spec, len);
		}
		if (found < 0)
			found = find_child(g, menu, "0", 1);
		if (found < 0 || !g->entries[found].submenu)
			return found;
		menu = found;
		spec = spec[len] == '>' ? spec + len + 1 : "0";
	}
}

static int run_default(struct grub *g, struct boot_entry *out)
{
	int i = find_default(g, grub_get(&g->vars, "default", 7));
	int rc;

	if (i < 0)
		return err_set(g->e, -ENOENT, "grub.cfg has no menu entry");
	snprintf(out->title, sizeof(out->title), "%s", g->entries[i].title);
	g->boot = out;
	rc = run(g, g->entries[i].body);
	if (rc)
		return rc;
	if (!*out->linux_path)
		return err_set(g->e, -ENOENT, "grub.cfg: its default entry '%s' boots no Linux kernel",
			       out->title);
	snprintf(out->root_uuid, sizeof(out->root_uuid), "%s", grub_get(&g->vars, ".fs_uuid", 8));
	snprintf(out->root_label, sizeof(out->root_label), "%s", grub_get(&g->vars, ".fs_label", 9));
	return 0;
}

/* What GRUB itself sets before it runs the file, and what load_env would. */
static int initial_variables(struct grub *g, struct text env)
{
	static const char *const ours[][2] = {
		{ "grub_platform", "pc" }, { "grub_cpu", "i386" },
		{ "feature_menuentry_id", "y" }, { "feature_platform_search_hint", "y" },
		{ "feature_timeout_style", "y" }, { "feature_default_font_path", "y" },
		{ "feature_200_final", "y" }, { "feature_ntldr", "y" },
		{ "feature_chainloader_bpb", "y" }, { "feature_nativedisk_cmd", "y" },
		{ "feature_all_video_module", "y" }, { "prefix", "/boot/grub" },
	};
	static const char *const theirs[] = {
		"saved_entry", "next_entry", "prev_saved_entry", "kernelopts", "tuned_params",
		"tuned_initrd", "boot_success", "menu_auto_hide", "default_kernelopts",
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		rc |= grub_set(&g->vars, ours[i][0], ours[i][1]);
	for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++) {
		char value[4096];

		if (grubenv_get(env, theirs[i], value, sizeof(value)))
			rc |= grub_set(&g->vars, theirs[i], value);
	}
	return rc ? err_set(g->e, -ENOMEM, "out of memory") : 0;
}

int grub_default_entry(struct text cfg, struct text env, struct boot_entry *out, struct err *e)
{
	struct grub *g = calloc(1, sizeof(*g));
	int rc;

	memset(out, 0, sizeof(*out));
	if (!g)
		return err_set(e, -ENOMEM, "out of memory");
	g->menu = -1;
	g->have_env = env.len > 0;
	g->e = e;
	rc = initial_variables(g, env);
	if (!rc)
		rc = run(g, cfg);
	if (!rc && g->bls) {
		snprintf(out->title, sizeof(out->title), "%s", grub_get(&g->vars, "default", 7));
		rc = -EAGAIN;
	} else if (!rc) {
		rc = run_default(g, out);
	}
	for (int i = 0; i < g->nentries; i++) {
		free(g->entries[i].title);
		free(g->entries[i].id);
	}
	grub_vars_free(&g->vars);
	free(g);
	return rc;
}
