// SPDX-License-Identifier: Apache-2.0
#include "kernel/lib/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *json_read_file(const char *path, struct err *e)
{
	json_error_t je;
	FILE *f = fopen(path, "re");
	json_t *j;

	if (!f) {
		err_set(e, -errno, "%s: cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	j = json_loadf(f, JSON_REJECT_DUPLICATES, &je);
	fclose(f);
	if (!j) {
		err_set(e, -EINVAL, "%s: line %d: not JSON: %s", path, je.line, je.text);
		return NULL;
	}
	if (!json_is_object(j)) {
		err_set(e, -EINVAL, "%s: must hold one JSON object", path);
		json_decref(j);
		return NULL;
	}
	return j;
}

int json_known_keys(const json_t *obj, const char *where, const char *const keys[], struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)obj, key, value) {
		size_t i = 0;

		while (keys[i] && strcmp(keys[i], key))
			i++;
		if (!keys[i])
			return err_set(e, -EINVAL, "%s: unknown key \"%s\"", where, key);
	}
	return 0;
}

/* The member, or NULL; *r is the answer to give when it is NULL. */
static const json_t *member(const json_t *obj, const char *where, const char *key, bool required,
			    int *r, struct err *e)
{
	const json_t *v = json_object_get(obj, key);

	*r = 0;
	if (!v && required)
		*r = err_set(e, -EINVAL, "%s: key \"%s\" is missing", where, key);
	return v;
}

int json_get_string(const json_t *obj, const char *where, const char *key, bool required,
		    const char **out, struct err *e)
{
	int r;
	const json_t *v = member(obj, where, key, required, &r, e);

	if (!v)
		return r;
	if (!json_is_string(v) || !*json_string_value(v))
		return err_set(e, -EINVAL, "%s: \"%s\" must be a non-empty string", where, key);
	*out = json_string_value(v);
	return 0;
}

int json_get_uint(const json_t *obj, const char *where, const char *key, bool required,
		  uint64_t min, uint64_t max, uint64_t *out, struct err *e)
{
	int r;
	const json_t *v = member(obj, where, key, required, &r, e);

	if (!v)
		return r;
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    (uint64_t)json_integer_value(v) < min || (uint64_t)json_integer_value(v) > max)
		return err_set(e, -EINVAL, "%s: \"%s\" must be a whole number from %llu to %llu",
			       where, key, (unsigned long long)min, (unsigned long long)max);
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

int json_get_bool(const json_t *obj, const char *where, const char *key, bool *out, struct err *e)
{
	const json_t *v = json_object_get(obj, key);

	if (!v)
		return 0;
	if (!json_is_boolean(v))
		return err_set(e, -EINVAL, "%s: \"%s\" must be true or false", where, key);
	*out = json_is_true(v);
	return 0;
}

int parse_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	unsigned long long n;
	const char *u;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return -EINVAL;
	if (*end) {
		unsigned int shift;

		u = strchr(units, *end);
		if (!u || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(u - units + 1);
		if (n > UINT64_MAX >> shift)
			return -EINVAL;
		n <<= shift;
	}
	*out = n;
	return 0;
}

int json_get_size(const json_t *obj, const char *where, const char *key, bool required,
		  uint64_t *out, struct err *e)
{
	int r;
	const json_t *v = member(obj, where, key, required, &r, e);

	if (!v)
		return r;
	if (json_is_integer(v) && json_integer_value(v) >= 0) {
		*out = (uint64_t)json_integer_value(v);
		return 0;
	}
	if (!json_is_string(v) || parse_size(json_string_value(v), out))
		return err_set(e, -EINVAL,
			       "%s: \"%s\" must be a size: bytes, or \"512M\", \"2G\"", where, key);
	return 0;
}

int parse_mac(const char *text, uint8_t mac[6])
{
	unsigned int b[6];
	int n = 0;

	if (strlen(text) != 17 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &n) != 6 || n != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return 0;
}
