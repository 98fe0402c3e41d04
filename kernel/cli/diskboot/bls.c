// SPDX-License-Identifier: Apache-2.0
/* Boot loader specification entries (loader/entries/NAME.conf), and GRUB's environment block. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel/cli/diskboot/grub-words.h"

/* The next line of *in, without its end; false at the end. */
static bool next_line(struct text *in, struct text *line)
{
	const char *end;

	if (!in->len)
		return false;
	end = memchr(in->p, '\n', in->len);
	line->p = in->p;
	line->len = end ? (size_t)(end - in->p) : in->len;
	in->p += line->len + (end != NULL);
	in->len -= line->len + (end != NULL);
	while (line->len && strchr(" \t\r", line->p[line->len - 1]))
		line->len--;
	return true;
}

int grubenv_get(struct text env, const char *name, char *value, size_t size)
{
	size_t n = strlen(name);
	struct text line;

	while (next_line(&env, &line)) {
		if (line.len <= n || memcmp(line.p, name, n) || line.p[n] != '=')
			continue;
		if (line.len - n - 1 >= size)
			return 0;
		memcpy(value, line.p + n + 1, line.len - n - 1);
		value[line.len - n - 1] = 0;
		return 1;
	}
	return 0;
}

/* Appends text to out, its $names replaced from the environment block. */
static int append_expanded(char *out, size_t size, struct text text, struct text env)
{
	size_t at = strlen(out);

	if (at && at + 1 < size)
		out[at++] = ' ';
	while (text.len) {
		char name[64], value[4096];
		size_t n = 1;

		if (*text.p == '$') {
			while (n < text.len && n < sizeof(name) &&
			       strchr("abcdefghijklmnopqrstuvwxyz_", text.p[n]) && text.p[n])
				n++;
			snprintf(name, sizeof(name), "%.*s", (int)n - 1, text.p + 1);
			if (!grubenv_get(env, name, value, sizeof(value)))
				value[0] = 0;
		} else {
			snprintf(value, sizeof(value), "%c", *text.p);
		}
		if (at + strlen(value) >= size)
			return -E2BIG;
		strcpy(out + at, value);
		at += strlen(value);
		text.p += n;
		text.len -= n;
	}
	out[at] = 0;
	return 0;
}

static int add_initrds(struct boot_entry *out, struct text text, struct text env)
{
	char all[BOOT_PATH * 2] = "", *save = NULL;

	if (append_expanded(all, sizeof(all), text, env))
		return -E2BIG;
	for (char *w = strtok_r(all, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (out->ninitrds == BOOT_INITRDS || strlen(w) >= BOOT_PATH)
			return -E2BIG;
		strcpy(out->initrd[out->ninitrds++], w);
	}
	return 0;
}

static bool key_is(struct text key, const char *name)
{
	return strlen(name) == key.len && !memcmp(key.p, name, key.len);
}

static int take_line(struct boot_entry *out, struct text line, struct text env)
{
	struct text key = line, value = line;

	for (key.len = 0; key.len < line.len && !strchr(" \t", line.p[key.len]);)
		key.len++;
	value.p += key.len;
	value.len -= key.len;
	while (value.len && strchr(" \t", *value.p)) {
		value.p++;
		value.len--;
	}
	if (key_is(key, "title")) {
		*out->title = 0;
		return append_expanded(out->title, sizeof(out->title), value, env);
	}
	if (key_is(key, "linux")) {
		*out->linux_path = 0;
		return append_expanded(out->linux_path, sizeof(out->linux_path), value, env);
	}
	if (key_is(key, "initrd"))
		return add_initrds(out, value, env);
	if (key_is(key, "options"))
		return append_expanded(out->args, sizeof(out->args), value, env);
	return 0;
}

int bls_parse(struct text conf, struct text env, struct boot_entry *out, struct err *e)
{
	struct text line;

	memset(out, 0, sizeof(*out));
	while (next_line(&conf, &line)) {
		if (!line.len || *line.p == '#')
			continue;
		if (take_line(out, line, env))
			return err_set(e, -E2BIG, "boot entry: a line of %zu bytes is too long", line.len);
	}
	if (!*out->linux_path)
		return err_set(e, -ENOENT, "boot entry: no 'linux' line (unified kernel images are not "
			       "supported)");
	return 0;
}

int bls_newer(const char *a, const char *b)
{
	return strverscmp(a, b) > 0;
}
