/* SPDX-License-Identifier: BSD-3-Clause */
/* The block `rtpproxy`: sockets, addresses of sessions, whom to tell of timeouts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_private.h"

_Static_assert((int)CFG_RTPPROXY_LATCH_ONCE == CONFIG_RTPPROXY_ONCE &&
		       (int)CFG_RTPPROXY_LATCH_STRICT == CONFIG_RTPPROXY_STRICT &&
		       (int)CFG_RTPPROXY_LATCH_HOST == CONFIG_RTPPROXY_HOST,
	       "one order");

static int copy_strings(const struct json_items *items, char ***out, unsigned int *count)
{
	char *const *in = items->items;

	*out = calloc(items->count ? items->count : 1, sizeof(**out));
	if (*out == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < items->count; i++) {
		(*out)[i] = strdup(in[i]);
		if ((*out)[i] == NULL)
			return -ENOMEM;
		(*count)++;
	}
	return 0;
}

static void free_strings(char **text, unsigned int count)
{
	for (unsigned int i = 0; text != NULL && i < count; i++)
		free(text[i]);
	free(text);
}

static int find_address(const struct config *c, const char *name, const char *member, bool ip6,
			int *out, struct json_error *err)
{
	config_at(err, "/rtpproxy/bind/%s", member);
	for (unsigned int i = 0; i < c->address_count; i++) {
		if (strcmp(c->addresses[i].name, name) != 0)
			continue;
		if (ip6 && wire_ip_is4(&c->addresses[i].ip))
			return config_fault(err, "address \"%s\" is IPv4", name);
		if (c->addresses[i].port_max == 0)
			return config_fault(err, "address \"%s\" has no ports", name);
		*out = (int)i;
		return 0;
	}
	return config_fault(err, "there is no address \"%s\" in /addresses", name);
}

/* One that is named without the 6 goes to its own family: "external" may be IPv6. */
static int fill_side(struct config *c, int side, bool has, const char *name, const char *member,
		     bool has6, const char *name6, const char *member6, struct json_error *err)
{
	int *bind = c->rtpproxy.bind[side], found = -1;

	if (has6 && find_address(c, name6, member6, true, &bind[1], err) != 0)
		return -EINVAL;
	if (!has)
		return 0;
	if (find_address(c, name, member, false, &found, err) != 0)
		return -EINVAL;
	if (wire_ip_is4(&c->addresses[found].ip)) {
		bind[0] = found;
		return 0;
	}
	if (has6)
		return config_fault(err, "both this and %s are IPv6", member6);
	bind[1] = found;
	return 0;
}

/* The first of each family. */
static void default_bind(struct config *c)
{
	int *bind = c->rtpproxy.bind[CONFIG_RTPPROXY_INTERNAL];

	for (unsigned int i = c->address_count; i-- > 0;)
		if (c->addresses[i].port_max != 0)
			bind[!wire_ip_is4(&c->addresses[i].ip)] = (int)i;
}

static int fill_bind(struct config *c, const struct cfg_rtpproxy *in, struct json_error *err)
{
	const struct cfg_rtpproxy_bind *b = &in->bind;
	int rc;

	memset(c->rtpproxy.bind, -1, sizeof(c->rtpproxy.bind));
	if (!in->has_bind) {
		default_bind(c);
		return 0;
	}
	rc = fill_side(c, CONFIG_RTPPROXY_INTERNAL, b->has_internal, b->internal, "internal",
		       b->has_internal6, b->internal6, "internal6", err);
	if (rc == 0)
		rc = fill_side(c, CONFIG_RTPPROXY_EXTERNAL, b->has_external, b->external,
			       "external", b->has_external6, b->external6, "external6", err);
	if (rc == 0 && !b->has_internal && !b->has_internal6) {
		config_at(err, "/rtpproxy/bind");
		return config_fault(err, "an internal address is needed");
	}
	return rc;
}

/* Octal digits: the permissions only. */
static int parse_mode(const char *text, unsigned int *mode)
{
	char *end;

	*mode = (unsigned int)strtoul(text, &end, 8);
	return *end != '\0' || text[0] == '-' || text[0] == '+' || *mode > 0777 ? -EINVAL : 0;
}

int config_fill_rtpproxy(struct config *c, const struct cfg_rtpproxy *in, struct json_error *err)
{
	struct config_rtpproxy *r = &c->rtpproxy;

	if (copy_strings(&in->control, &r->control, &r->control_count) != 0 ||
	    copy_strings(&in->timeout_targets, &r->timeout_targets, &r->timeout_target_count) != 0)
		return -ENOMEM;
	if (in->has_group)
		snprintf(r->group, sizeof(r->group), "%s", in->group);
	config_at(err, "/rtpproxy/mode");
	if (parse_mode(in->mode, &r->mode) != 0)
		return config_fault(err, "\"%s\" is no octal mode, such as 0660", in->mode);
	r->reply_address = in->reply_address;
	r->latch = (uint8_t)in->latch;
	r->ttl_s = (uint32_t)in->ttl_s;
	r->setup_ttl_s = in->has_setup_ttl_s ? (uint32_t)in->setup_ttl_s : r->ttl_s;
	r->independent_ttl = in->ttl_mode == CFG_RTPPROXY_TTL_MODE_INDEPENDENT;
	r->tos = (uint8_t)in->tos;
	r->overload_percent = (uint8_t)in->overload_percent;
	r->record_all = in->record_all;
	r->record_pcap = in->record_format == CFG_RTPPROXY_RECORD_FORMAT_PCAP;
	r->record_rtcp = in->record_rtcp;
	r->duplicate = in->duplicate;
	r->watch = in->watch;
	return fill_bind(c, in, err);
}

static int check_control(const char *text, struct json_error *err)
{
	static const char *const kinds[] = {"udp:", "udp6:", "tcp:", "tcp6:", "unix:", "cunix:"};
	size_t i, len = 0;

	for (i = 0; i < RTE_DIM(kinds); i++) {
		len = strlen(kinds[i]);
		if (strncmp(text, kinds[i], len) == 0)
			break;
	}
	if (i == RTE_DIM(kinds))
		return config_fault(err,
				    "\"%s\" does not begin with udp:, udp6:, tcp:, tcp6:, unix: "
				    "or cunix:",
				    text);
	if (text[len] == '\0')
		return config_fault(err, "nothing behind %s", kinds[i]);
	if (strstr(kinds[i], "unix") != NULL && text[len] != '/')
		return config_fault(err, "must be an absolute path");
	if (strstr(kinds[i], "unix") != NULL && strlen(text + len) > 107)
		return config_fault(err, "a path of a socket has 107 bytes at most");
	return 0;
}

int config_check_rtpproxy(const struct config *c, struct json_error *err)
{
	const struct config_rtpproxy *r = &c->rtpproxy;

	for (unsigned int i = 0; i < r->control_count; i++) {
		config_at(err, "/rtpproxy/control/%u", i);
		if (check_control(r->control[i], err) != 0)
			return -EINVAL;
		for (unsigned int k = 0; k < i; k++)
			if (strcmp(r->control[i], r->control[k]) == 0)
				return config_fault(err, "/rtpproxy/control/%u is the same", k);
	}
	for (unsigned int i = 0; i < r->timeout_target_count; i++) {
		const char *t = r->timeout_targets[i];

		config_at(err, "/rtpproxy/timeout_targets/%u", i);
		if (strncmp(t, "tcp:", 4) != 0 && strncmp(t, "unix:/", 6) != 0 && t[0] != '/')
			return config_fault(err, "\"%s\" is neither unix:/PATH nor tcp:HOST:PORT",
					    t);
	}
	return 0;
}

void config_free_rtpproxy(struct config_rtpproxy *r)
{
	free_strings(r->control, r->control_count);
	free_strings(r->timeout_targets, r->timeout_target_count);
}
