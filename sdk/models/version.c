// SPDX-License-Identifier: Apache-2.0
/* VFU_VERSION: the client's capabilities, and the subset of them that we answer with. */
#include "internal.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define VERSION_TEXT_MAX 4096

/* A number capability in range, or its default when it is not there. */
static int number(json_t *caps, const char *key, uint32_t least, uint32_t def, uint32_t *out)
{
	json_t *v = json_object_get(caps, key);
	json_int_t n = json_integer_value(v);

	*out = def;
	if (!v)
		return 0;
	if (!json_is_integer(v) || n < (json_int_t)least)
		return -EINVAL;
	*out = n > (json_int_t)UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return 0;
}

static int read_caps(struct client *c, json_t *caps, json_t *ours)
{
	static const struct {
		const char *name;
		json_int_t value;
	} numbers[] = {
		{"max_msg_fds", MSG_FDS},
		{"max_data_xfer_size", MSG_XFER},
		{"max_dma_maps", 65535},
		{"pgsizes", 4096},
	};
	json_t *multi = json_object_get(caps, "write_multiple");
	int r = number(caps, "max_msg_fds", 1, VFU_DEFAULT_FDS, &c->max_fds);

	if (!r)
		r = number(caps, "max_data_xfer_size", 8, VFU_DEFAULT_XFER, &c->max_xfer);
	if (r)
		return r;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		json_t *theirs = json_object_get(caps, numbers[i].name);

		if (theirs && !json_is_integer(theirs))
			return -EINVAL;
		if (theirs && json_object_set_new(ours, numbers[i].name,
						  json_integer(numbers[i].value)))
			return -ENOMEM;
	}
	if (multi && !json_is_boolean(multi))
		return -EINVAL;
	c->write_multi = json_is_true(multi);
	if (c->write_multi && json_object_set_new(ours, "write_multiple", json_true()))
		return -ENOMEM;
	return 0;
}

/* The version data is one JSON object, ended by the only NUL in it; n includes the NUL. */
static int read_text(struct client *c, const char *text, size_t n, json_t *answer)
{
	json_t *data, *caps, *ours = json_object();
	int r = -EINVAL;

	if (json_object_set_new(answer, "capabilities", ours))
		return -ENOMEM;
	if (memchr(text, 0, n) != text + n - 1)
		return -EINVAL;
	data = json_loadb(text, n - 1, 0, NULL);
	caps = json_object_get(data, "capabilities");
	if (json_is_object(data) && (!caps || json_is_object(caps)))
		r = read_caps(c, caps, ours);
	json_decref(data);
	return r;
}

int version_negotiate(struct client *c, const uint8_t *body, size_t n, uint16_t *minor, char *text,
		      size_t text_size)
{
	uint16_t v[2];
	json_t *answer;
	size_t len;
	int r = 0;

	c->max_xfer = VFU_DEFAULT_XFER;
	c->max_fds = VFU_DEFAULT_FDS;
	text[0] = 0;
	if (n < sizeof(v) || n > sizeof(v) + VERSION_TEXT_MAX)
		return -EINVAL;
	memcpy(v, body, sizeof(v));
	if (v[0] != 0)
		return -ENOTSUP;
	*minor = v[1] < 1 ? v[1] : 1;
	if (n == sizeof(v))
		return 0;
	answer = json_object();
	r = answer ? read_text(c, (const char *)body + sizeof(v), n - sizeof(v), answer) : -ENOMEM;
	if (!r) {
		len = json_dumpb(answer, text, text_size - 1, JSON_COMPACT);
		text[len < text_size ? len : 0] = 0;
	}
	json_decref(answer);
	return r;
}
