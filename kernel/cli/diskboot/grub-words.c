// SPDX-License-Identifier: Apache-2.0
/* Splits a grub.cfg into commands, expanding variables as it goes. */
#include "kernel/cli/diskboot/grub-words.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 4096

const char *grub_get(const struct grub_vars *vars, const char *name, size_t len)
{
	for (unsigned int i = 0; i < vars->n; i++)
		if (strlen(vars->v[i].name) == len && !memcmp(vars->v[i].name, name, len))
			return vars->v[i].value;
	return "";
}

int grub_set(struct grub_vars *vars, const char *name, const char *value)
{
	struct grub_var *v = NULL;
	char *copy;

	if (strlen(name) >= sizeof(v->name) || strlen(value) > VALUE_MAX)
		return -E2BIG;
	for (unsigned int i = 0; i < vars->n && !v; i++)
		if (!strcmp(vars->v[i].name, name))
			v = &vars->v[i];
	if (!v && vars->n == GRUB_VARS)
		return -E2BIG;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	if (!v) {
		v = &vars->v[vars->n++];
		strcpy(v->name, name);
		v->value = NULL;
	}
	free(v->value);
	v->value = copy;
	return 0;
}

void grub_vars_free(struct grub_vars *vars)
{
	while (vars->n)
		free(vars->v[--vars->n].value);
}

/* Where the words of a command are put together. */
struct builder {
	char *p, *end;
};

static int put(struct builder *b, const char *s, size_t n)
{
	if ((size_t)(b->end - b->p) < n)
		return -E2BIG;
	memcpy(b->p, s, n);
	b->p += n;
	return 0;
}

static void skip(struct text *in, size_t n)
{
	in->p += n;
	in->len -= n;
}

/* in stands on a $: puts the variable's value, or the $ itself if no name follows. */
static int put_variable(struct text *in, const struct grub_vars *vars, struct builder *b)
{
	bool brace = in->len > 1 && in->p[1] == '{';
	size_t at = brace ? 2 : 1, n = 0;
	const char *value;

	while (at + n < in->len && (isalnum((unsigned char)in->p[at + n]) || in->p[at + n] == '_'))
		n++;
	if (!n || (brace && (at + n == in->len || in->p[at + n] != '}'))) {
		skip(in, 1);
		return put(b, "$", 1);
	}
	value = grub_get(vars, in->p + at, n);
	skip(in, at + n + brace);
	return put(b, value, strlen(value));
}

static int put_single_quoted(struct text *in, struct builder *b)
{
	const char *end = memchr(in->p + 1, '\'', in->len - 1);
	size_t n;

	if (!end)
		return -EILSEQ;
	n = (size_t)(end - in->p) - 1;
	if (put(b, in->p + 1, n))
		return -E2BIG;
	skip(in, n + 2);
	return 0;
}

static int put_double_quoted(struct text *in, const struct grub_vars *vars, struct builder *b)
{
	int rc = 0;

	skip(in, 1);
	while (!rc) {
		if (!in->len)
			return -EILSEQ;
		if (*in->p == '"')
			break;
		if (*in->p == '$') {
			rc = put_variable(in, vars, b);
			continue;
		}
		if (*in->p == '\\' && in->len > 1 && strchr("\"\\$\n", in->p[1]))
			skip(in, 1);
		rc = put(b, in->p, 1);
		skip(in, 1);
	}
	if (!rc)
		skip(in, 1);
	return rc;
}

/* One word. *kept says whether it counts: one of nothing but empty variables does not. */
static int put_word(struct text *in, const struct grub_vars *vars, struct builder *b, bool *kept)
{
	const char *start = b->p;
	bool quoted = false;
	int rc = 0;

	while (!rc && in->len && !strchr(" \t\r\n;", *in->p)) {
		if (*in->p == '\'' || *in->p == '"') {
			quoted = true;
			rc = *in->p == '"' ? put_double_quoted(in, vars, b) :
					     put_single_quoted(in, b);
		} else if (*in->p == '$') {
			rc = put_variable(in, vars, b);
		} else {
			if (*in->p == '\\' && in->len > 1)
				skip(in, 1);
			rc = put(b, in->p, 1);
			skip(in, 1);
		}
	}
	*kept = quoted || b->p > start;
	return rc ? rc : put(b, "", 1);
}

static void skip_comment(struct text *in)
{
	while (in->len && *in->p != '\n')
		skip(in, 1);
}

/* Whether a lone brace stands here: one that is a word of its own. */
static bool lone(const struct text *in, char brace)
{
	return in->len && *in->p == brace && (in->len == 1 || strchr(" \t\r\n;", in->p[1]));
}

/* in stands on {: moves behind the matching }, and says what lies between. */
static int take_block(struct text *in, struct text *block)
{
	unsigned int depth = 0;
	bool start = true;	/* of a word */

	block->p = in->p + 1;
	while (in->len) {
		char c = *in->p;

		if (start && lone(in, '{')) {
			depth++;
		} else if (start && lone(in, '}') && --depth == 0) {
			block->len = (size_t)(in->p - block->p);
			skip(in, 1);
			return 0;
		} else if (start && c == '#') {
			skip_comment(in);
			continue;
		} else if (c == '\\' && in->len > 1) {
			skip(in, 1);
		} else if (c == '\'' || c == '"') {
			do
				skip(in, *in->p == '\\' && c == '"' && in->len > 1 ? 2 : 1);
			while (in->len && *in->p != c);
			if (!in->len)
				return -EILSEQ;
		}
		start = strchr(" \t\r\n;", c) != NULL;
		skip(in, 1);
	}
	return -EILSEQ;
}

int grub_next(struct text *in, const struct grub_vars *vars, struct grub_command *cmd)
{
	struct builder b = { cmd->text, cmd->text + sizeof(cmd->text) };

	cmd->n = 0;
	cmd->block.p = NULL;
	while (in->len) {
		char *word = b.p;
		bool kept;
		int rc;

		if (strchr(" \t\r", *in->p)) {
			skip(in, 1);
		} else if (*in->p == '\\' && in->len > 1 && in->p[1] == '\n') {
			skip(in, 2);
		} else if (*in->p == '\n' || *in->p == ';' || lone(in, '}')) {
			skip(in, 1);
			if (cmd->n)
				return 1;
		} else if (*in->p == '#') {
			skip_comment(in);
		} else if (lone(in, '{')) {
			rc = take_block(in, &cmd->block);
			return rc ? rc : 1;
		} else {
			rc = put_word(in, vars, &b, &kept);
			if (rc || (kept && cmd->n == GRUB_WORDS))
				return rc ? rc : -E2BIG;
			if (kept)
				cmd->w[cmd->n++] = word;
		}
	}
	return cmd->n > 0;
}
