// SPDX-License-Identifier: Apache-2.0
#include "kernel/keeper/config.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/lib/json.h"
#include "kernel/lib/paths.h"

#define RATE_MAX (1ull << 40)

/* A string member into a room of n bytes. */
static int get_text(const json_t *obj, const char *where, const char *key, char *out, size_t n,
		    struct err *e)
{
	const char *s = NULL;
	int r = json_get_string(obj, where, key, false, &s, e);

	if (r || !s)
		return r;
	if (!*s || strlen(s) >= n)
		return err_set(e, -EINVAL, "%s: \"%s\": 1 to %zu bytes", where, key, n - 1);
	strcpy(out, s);
	return 0;
}

static int get_array(const json_t *obj, const char *where, const char *key, size_t max,
		     const json_t **out, struct err *e)
{
	*out = json_object_get(obj, key);
	if (!*out)
		return 0;
	if (!json_is_array(*out))
		return err_set(e, -EINVAL, "%s: \"%s\": not an array", where, key);
	if (json_array_size(*out) > max)
		return err_set(e, -EINVAL, "%s: \"%s\": an array of at most %zu", where, key, max);
	return 0;
}

static int vlan_id(const json_t *v, const char *where, uint16_t *out, struct err *e)
{
	json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;

	if (n < 1 || n > 4094)
		return err_set(e, -EINVAL, "%s: a VLAN is a number from 1 to 4094", where);
	*out = (uint16_t)n;
	return 0;
}

/* "vlan": 10, or "trunk": [10, 20] with "vlan" for untagged frames. */
static int port_vlans(const json_t *obj, const char *where, struct dp_port_conf *c, struct err *e)
{
	const json_t *vlan = json_object_get(obj, "vlan"), *trunk, *v;
	size_t i;
	int r = vlan ? vlan_id(vlan, where, &c->vlan, e) : 0;

	if (r == 0)
		r = get_array(obj, where, "trunk", DP_TRUNK_MAX, &trunk, e);
	if (r || !trunk)
		return r;
	json_array_foreach(trunk, i, v) {
		r = vlan_id(v, where, &c->trunk[c->ntrunk++], e);
		if (r)
			return r;
	}
	if (!c->ntrunk)
		return err_set(e, -EINVAL, "%s: \"trunk\" names no VLAN", where);
	return 0;
}

static int port_mac(const json_t *obj, const char *where, uint8_t mac[6], struct err *e)
{
	static const uint8_t zero[6];
	const char *text = NULL;
	int r = json_get_string(obj, where, "mac", false, &text, e);

	if (r || !text)
		return r;
	if (parse_mac(text, mac) || mac[0] & 1 || !memcmp(mac, zero, 6))
		return err_set(e, -EINVAL, "%s: \"mac\": \"%s\" is no address of one station, as "
			       "in \"52:54:00:12:34:56\"", where, text);
	return 0;
}

int config_port(const json_t *obj, const char *where, const char *extra, struct set_port *out,
		struct err *e)
{
	const char *const keys[] = {"name", "mac", "vlan", "trunk", "rate", "burst", "mtu",
				    "queues", "socket", extra, NULL};
	struct dp_port_conf *c = &out->conf;
	uint64_t mtu = 0, queues = 1;
	const char *name;
	int r;

	memset(out, 0, sizeof(*out));
	r = json_known_keys(obj, where, keys, e);
	if (r == 0)
		r = json_get_string(obj, where, "name", true, &name, e);
	if (r == 0)
		r = path_check_name("port", name, e);
	if (r)
		return r;
	strcpy(c->name, name);
	r = port_mac(obj, where, c->mac, e);
	if (r == 0)
		r = port_vlans(obj, where, c, e);
	if (r == 0)
		r = json_get_size(obj, where, "rate", false, &c->rate, e);
	if (r == 0)
		r = json_get_size(obj, where, "burst", false, &c->burst, e);
	if (r == 0 && (c->rate > RATE_MAX || c->burst > RATE_MAX))
		r = err_set(e, -EINVAL, "%s: \"rate\" and \"burst\": at most 1 TiB", where);
	if (r == 0)
		r = json_get_uint(obj, where, "mtu", false, 68, 16000, &mtu, e);
	if (r == 0)
		r = json_get_uint(obj, where, "queues", false, 1, 8, &queues, e);
	if (r == 0)
		r = get_text(obj, where, "socket", out->socket, sizeof(out->socket), e);
	c->mtu = (uint32_t)mtu;
	c->queue_pairs = (uint32_t)queues;
	return r;
}

static int get_device(const json_t *v, const char *where, struct set_device *out, struct err *e)
{
	static const char *const keys[] = {"vfio-user", NULL};
	unsigned int domain, bus, dev, fn;
	const char *text = json_string_value(v);
	int end = 0, r;

	if (json_is_object(v)) {
		out->vfio_user = true;
		r = json_known_keys(v, where, keys, e);
		if (r == 0)
			r = get_text(v, where, "vfio-user", out->at, sizeof(out->at), e);
		if (r == 0 && !out->at[0])
			r = err_set(e, -EINVAL, "%s: \"vfio-user\" is missing", where);
		return r;
	}
	if (!text || sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &end) != 4 ||
	    text[end] || dev > 31 || fn > 7)
		return err_set(e, -EINVAL, "%s: a device is a PCI address such as "
			       "\"0000:00:04.0\", or {\"vfio-user\": \"/path/of/socket\"}", where);
	snprintf(out->at, sizeof(out->at), "%04x:%02x:%02x.%x", domain, bus, dev, fn);
	return 0;
}

static int get_devices(const json_t *obj, const char *where, struct set_config *c, struct err *e)
{
	const json_t *list, *v;
	char at[128];
	size_t i;
	int r = get_array(obj, where, "devices", BUS_DEVICES_MAX, &list, e);

	json_array_foreach(list, i, v) {
		snprintf(at, sizeof(at), "%.80s: devices[%zu]", where, i);
		r = get_device(v, at, &c->dev[c->ndev], e);
		for (uint32_t j = 0; r == 0 && j < c->ndev; j++)
			if (!strcmp(c->dev[j].at, c->dev[c->ndev].at))
				r = err_set(e, -EINVAL, "%s: %s is there twice", at, c->dev[j].at);
		if (r)
			return r;
		c->ndev++;
	}
	return r;
}

static int get_ports(const json_t *obj, const char *where, struct set_config *c, struct err *e)
{
	const json_t *list, *v;
	char at[128];
	size_t i;
	int r = get_array(obj, where, "ports", SET_PORTS_MAX, &list, e);

	json_array_foreach(list, i, v) {
		snprintf(at, sizeof(at), "%.80s: ports[%zu]", where, i);
		if (!json_is_object(v))
			return err_set(e, -EINVAL, "%s: not an object", at);
		r = config_port(v, at, NULL, &c->port[c->nports], e);
		for (uint32_t j = 0; r == 0 && j < c->nports; j++)
			if (!strcmp(c->port[j].conf.name, c->port[c->nports].conf.name))
				r = err_set(e, -EINVAL, "%s: a second port \"%s\"", at,
					    c->port[j].conf.name);
		if (r)
			return r;
		c->nports++;
	}
	return r;
}

/* What must hold between members. */
static int check_whole(const struct set_config *c, const char *where, struct err *e)
{
	if (c->ndev && !c->driver[0])
		return err_set(e, -EINVAL, "%s: \"devices\" without a \"driver\" for them", where);
	if (c->params && !c->driver[0])
		return err_set(e, -EINVAL, "%s: \"params\" without a \"driver\"", where);
	if (c->tap[0] && c->passt)
		return err_set(e, -EINVAL, "%s: \"tap\" or \"passt\", not both", where);
	for (uint32_t i = 0; i < c->nports; i++)
		if (c->port[i].conf.mtu > c->mtu)
			return err_set(e, -EINVAL, "%s: port \"%s\": \"mtu\" %u is above the "
				       "set's %u", where, c->port[i].conf.name,
				       c->port[i].conf.mtu, c->mtu);
	return 0;
}

static int get_words(const json_t *obj, const char *where, struct set_config *c, struct err *e)
{
	const char *teaming = "active-standby", *level = "community", *name = NULL;
	int r = json_get_string(obj, where, "name", true, &name, e);

	if (r == 0)
		r = path_check_name("set", name, e);
	if (r == 0)
		strcpy(c->name, name);
	if (r == 0)
		r = json_get_string(obj, where, "teaming", false, &teaming, e);
	if (r == 0 && strcmp(teaming, "active-standby"))
		r = err_set(e, -EINVAL, "%s: \"teaming\": \"%s\" is not known; it may be "
			    "\"active-standby\"", where, teaming);
	if (r == 0)
		r = json_get_string(obj, where, "acceptance", false, &level, e);
	if (r == 0 && admission_level_parse(level, &c->acceptance))
		r = err_set(e, -EINVAL, "%s: \"acceptance\": \"%s\" is none of certified, "
			    "accepted, supported, community", where, level);
	return r;
}

static int get_restart(const json_t *obj, const char *where, struct set_config *c, struct err *e)
{
	static const char *const keys[] = {"limit", "seconds", NULL};
	const json_t *v = json_object_get(obj, "restart");
	uint64_t limit = 8, seconds = 60;
	char at[128];
	int r = 0;

	snprintf(at, sizeof(at), "%.100s: \"restart\"", where);
	if (v && !json_is_object(v))
		return err_set(e, -EINVAL, "%s: not an object", at);
	if (v)
		r = json_known_keys(v, at, keys, e);
	if (v && r == 0)
		r = json_get_uint(v, at, "limit", false, 0, RESTART_LIMIT_MAX, &limit, e);
	if (v && r == 0)
		r = json_get_uint(v, at, "seconds", false, 1, 3600, &seconds, e);
	c->restart_limit = (uint32_t)limit;
	c->restart_seconds = (uint32_t)seconds;
	return r;
}

int config_parse(const json_t *obj, const char *where, struct set_config *out, struct err *e)
{
	static const char *const keys[] = {"name", "driver", "params", "devices", "teaming", "tap",
					   "passt", "mtu", "acceptance", "ports", "restart", NULL};
	const json_t *params = json_object_get(obj, "params");
	uint64_t mtu = 1500;
	int r;

	memset(out, 0, sizeof(*out));
	r = json_known_keys(obj, where, keys, e);
	if (r == 0)
		r = get_words(obj, where, out, e);
	if (r == 0)
		r = get_text(obj, where, "driver", out->driver, sizeof(out->driver), e);
	if (r == 0 && params && !json_is_object(params))
		r = err_set(e, -EINVAL, "%s: \"params\": not an object", where);
	if (r == 0)
		r = get_devices(obj, where, out, e);
	if (r == 0)
		r = get_text(obj, where, "tap", out->tap, IFNAMSIZ, e);
	if (r == 0)
		r = json_get_bool(obj, where, "passt", &out->passt, e);
	if (r == 0)
		r = json_get_uint(obj, where, "mtu", false, 68, 16000, &mtu, e);
	out->mtu = (uint32_t)mtu;
	if (r == 0)
		r = get_restart(obj, where, out, e);
	if (r == 0)
		r = get_ports(obj, where, out, e);
	out->params = r ? NULL : json_incref((json_t *)params);
	if (r == 0)
		r = check_whole(out, where, e);
	if (r)
		config_free(out);
	return r;
}

int config_read(const char *spec, struct set_config *out, struct err *e)
{
	char path[64];
	json_t *obj;
	int fd, end = 0, r;

	if (sscanf(spec, "fd:%d%n", &fd, &end) == 1 && !spec[end])
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	else
		end = 0;
	obj = json_read_file(end ? path : spec, e);
	if (!obj)
		return e->code;
	r = config_parse(obj, spec, out, e);
	json_decref(obj);
	return r;
}

void config_free(struct set_config *c)
{
	json_decref(c->params);
	c->params = NULL;
}

static int param_value(const json_t *v, const struct note_param *p, uint64_t *out, struct err *e)
{
	const char *word = json_string_value(v);

	if (p->type == NOTE_BOOL && json_is_boolean(v)) {
		*out = json_is_true(v);
		return 0;
	}
	if (p->type == NOTE_U64 && json_is_integer(v)) {
		json_int_t n = json_integer_value(v);

		*out = (uint64_t)n;
		if (n >= 0 && *out >= p->min && *out <= p->max)
			return 0;
		return err_set(e, -EINVAL, "parameter \"%s\": %lld is not from %llu to %llu",
			       p->name, (long long)n, (unsigned long long)p->min,
			       (unsigned long long)p->max);
	}
	for (uint64_t i = 0; p->type == NOTE_CHOICE && word && i <= p->max; i++) {
		if (!strcmp(word, p->word[i])) {
			*out = i;
			return 0;
		}
	}
	return err_set(e, -EINVAL, "parameter \"%s\": wants %s (%s)", p->name,
		       p->type == NOTE_BOOL ? "true or false" :
		       p->type == NOTE_U64 ? "a number" : "one of the driver's words", p->help);
}

int config_params(const struct set_config *c, const struct driver_note *note,
		  struct vmhi_param *out, struct err *e)
{
	const char *key;
	json_t *v;

	for (unsigned int i = 0; i < note->nparam; i++)
		out[i].value = note->param[i].def;
	json_object_foreach(c->params, key, v) {
		unsigned int i = 0;
		int r;

		while (i < note->nparam && strcmp(key, note->param[i].name))
			i++;
		if (i == note->nparam)
			return err_set(e, -EINVAL, "%s: \"params\": driver %s has no parameter "
				       "\"%s\"", c->name, note->name, key);
		r = param_value(v, &note->param[i], &out[i].value, e);
		if (r)
			return err_prefix(e, "%s: \"params\"", c->name);
	}
	return 0;
}
