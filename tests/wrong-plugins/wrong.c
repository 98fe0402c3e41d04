// SPDX-License-Identifier: Apache-2.0
/* The three lists of wrong plugins, as functions and as tables. */
#include <string.h>

#include "tests/wrong-plugins/patch.h"

#define RECORDS(id, rule, ...) WRONG(id, rule, records(m, __VA_ARGS__, sizeof(__VA_ARGS__) - 1))

#define WRONG(id, rule, ...)                                                                       \
	static void id(struct image *m)                                                            \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}
#include "tests/wrong-plugins/headers.def"
#include "tests/wrong-plugins/dynamic.def"
#include "tests/wrong-plugins/notes.def"
#undef WRONG

#define WRONG(id, rule, ...) {#id, rule, id},
const struct wrong wrong_headers[] = {
#include "tests/wrong-plugins/headers.def"
};
const struct wrong wrong_dynamic[] = {
#include "tests/wrong-plugins/dynamic.def"
};
const struct wrong wrong_notes[] = {
#include "tests/wrong-plugins/notes.def"
};

const size_t wrong_headers_n = sizeof(wrong_headers) / sizeof(wrong_headers[0]);
const size_t wrong_dynamic_n = sizeof(wrong_dynamic) / sizeof(wrong_dynamic[0]);
const size_t wrong_notes_n = sizeof(wrong_notes) / sizeof(wrong_notes[0]);
