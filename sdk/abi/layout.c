// SPDX-License-Identifier: Apache-2.0
/*
 * Holds the headers to layout-0.1.def: every size, offset and type at compile time; and, when run,
 * that the list leaves out no member and no structure, and that no structure has a hole.
 *	layout HEADER...
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <vmhi/core.h>
#include <vmhi/nic.h>
#include <vmhi/note.h>

#define STRUCT(s, bytes) _Static_assert(sizeof(struct s) == (bytes), "size of struct " #s);
#define MEMBER(s, m, at, ...)                                                                      \
	_Static_assert(offsetof(struct s, m) == (at), "offset of " #m " in struct " #s);           \
	_Static_assert(__builtin_types_compatible_p(__typeof__(((struct s *)0)->m), __VA_ARGS__),  \
		       "type of " #m " in struct " #s);
#include "sdk/abi/layout-0.1.def"
#undef STRUCT
#undef MEMBER

static const struct row {
	const char *name, *member;	/* member NULL: the structure itself */
	size_t at, size;
} rows[] = {
#define STRUCT(s, bytes)      {#s, NULL, 0, bytes},
#define MEMBER(s, m, at, ...) {#s, #m, at, sizeof(((struct s *)0)->m)},
#include "sdk/abi/layout-0.1.def"
};

#define COUNT (sizeof(rows) / sizeof(rows[0]))

/* Members one right after the other, up to the structure's end: a hole is a member left out, or
 * padding that nobody checks. */
static int check_holes(void)
{
	const struct row *s = NULL;
	size_t end = 0;
	int bad = 0;

	for (size_t i = 0; i <= COUNT; i++) {
		if (i < COUNT && rows[i].member) {
			if (rows[i].at != end)
				bad += printf("struct %s: a hole before %s\n", s->name,
					      rows[i].member);
			end = rows[i].at + rows[i].size;
			continue;
		}
		if (s && end != s->size)
			bad += printf("struct %s: a hole at its end\n", s->name);
		s = i < COUNT ? &rows[i] : NULL;
		end = 0;
	}
	return bad;
}

static int listed(const char *name, size_t n)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!rows[i].member && strlen(rows[i].name) == n && !memcmp(rows[i].name, name, n))
			return 1;
	return 0;
}

/* Each definition of a structure begins a line: "struct NAME {". */
static int check_header(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512];
	int bad = 0;

	if (!f)
		return printf("%s: cannot be read\n", path);
	while (fgets(line, sizeof(line), f)) {
		size_t n = strncmp(line, "struct ", 7) ? 0 : strcspn(line + 7, " ");

		if (n && !strcmp(line + 7 + n, " {\n") && !listed(line + 7, n))
			bad += printf("%s: struct %.*s is not in layout-0.1.def\n", path, (int)n,
				      line + 7);
	}
	fclose(f);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = check_holes();

	for (int i = 1; i < argc; i++)
		bad += check_header(argv[i]);
	if (!bad)
		printf("%zu structures and members as they were\n", COUNT);
	return bad || argc < 2;
}
