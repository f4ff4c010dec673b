/* SPDX-License-Identifier: BSD-3-Clause */
/* user.*: the schema's names to those of tunnel/'s users, and back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "member.h"
#include "rpc_tunnel.h"

void rpc_fail_user(struct rpc_call *c, const struct user_error *err)
{
	static const int codes[] = {
		[USER_OK] = API_ERR_INTERNAL_ERROR,    [USER_NOT_FOUND] = API_ERR_NOT_FOUND,
		[USER_CONFLICT] = API_ERR_CONFLICT,    [USER_BAD] = API_ERR_INVALID_PARAMS,
		[USER_POOL_FULL] = API_ERR_TABLE_FULL, [USER_LIMIT] = API_ERR_TABLE_FULL,
		[USER_STORE] = API_ERR_INTERNAL_ERROR, [USER_NO_MEMORY] = API_ERR_NO_MEMORY,
	};
	char path[sizeof(err->path) + 8];

	snprintf(path, sizeof(path), "/params%s", err->path);
	rpc_fail(c, codes[err->fault], err->path[0] != '\0' ? path : NULL, "%s", err->reason);
}

static bool bad(struct rpc_call *c, const char *member, const char *reason)
{
	return member_fail(c, API_ERR_INVALID_PARAMS, MEMBER_ALONE, member, reason);
}

static struct users *users_of(struct rpc_call *c)
{
	struct tunnels *t = tunnels_of(c);

	return t != NULL ? tunnels_users(t) : NULL;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_prefixes(struct tnd_buf *b, const char *key, const struct net_prefix *p,
			   unsigned int count)
{
	char text[NET_PREFIX_STRLEN];

	json_w_open(b, key, '[');
	for (unsigned int i = 0; i < count; i++)
		json_w_string(b, NULL, net_prefix_format(&p[i], text));
	json_w_close(b, ']');
}

static void write_address(struct tnd_buf *b, const struct user *u, bool is4)
{
	const char *key = is4 ? "address" : "address6";
	char text[NET_PREFIX_STRLEN];

	for (unsigned int i = 0; i < u->address_count; i++)
		if (wire_ip_is4(&u->address[i].ip) == is4) {
			json_w_string(b, key, net_prefix_format(&u->address[i], text));
			return;
		}
	json_w_null(b, key);
}

/* Members that a row and a whole user have. */
static void write_row(struct rpc_call *c, const struct user *u)
{
	struct tnd_buf *b = rpc_result(c);
	const char *id = tunnels_of_user(rpc_api(c)->tunnels, u->name);

	json_w_string(b, "name", u->name);
	write_address(b, u, true);
	write_address(b, u, false);
	write_prefixes(b, "networks", u->network, u->network_count);
	if (id != NULL)
		json_w_string(b, "tunnel", id);
	else
		json_w_null(b, "tunnel");
}

static void answer(struct rpc_call *c, const struct user *u, const bool *created)
{
	struct tnd_buf *b = rpc_result(c);
	char text[NET_PREFIX_STRLEN];
	struct netinfo info;

	json_w_open(b, "result", '{');
	write_row(c, u);
	if (created != NULL)
		json_w_bool(b, "created", *created);
	json_w_open(b, "pooled", '[');
	for (unsigned int i = 0; i < u->address_count; i++)
		if (u->pooled[i])
			json_w_string(b, NULL, net_prefix_format(&u->address[i], text));
	json_w_close(b, ']');
	user_netinfo(tunnels_users(rpc_api(c)->tunnels), u, &info);
	netinfo_write(b, "network_info", &info);
	json_w_close(b, '}');
	rpc_done(c);
}

/* ---- one user ------------------------------------------------------------------------------ */

static bool read_address(struct rpc_call *c, const char *member, const char *text, bool is4,
			 struct user *out)
{
	struct net_prefix *p = &out->address[out->address_count];

	if (net_prefix_parse(text, p) != 0 || wire_ip_is4(&p->ip) != is4)
		return bad(c, member,
			   is4 ? "not an IPv4 address, such as 10.9.0.2 or 10.9.0.2/24"
			       : "not an IPv6 address, such as fd00:9::2 or fd00:9::2/64");
	out->address_count++;
	return true;
}

static bool read_dns(struct rpc_call *c, const struct json_items *in, struct netinfo *out)
{
	char *const *text = in->items;
	char at[16];

	out->dns_count = (uint8_t)in->count;
	for (unsigned int i = 0; i < in->count; i++) {
		snprintf(at, sizeof(at), "dns/%u", i);
		if (wire_ip_parse(text[i], &out->dns[i]) != 0 || !wire_ip_is_unicast(&out->dns[i]))
			return bad(c, at, "not the address of a single host");
	}
	return true;
}

static bool read_user(struct rpc_call *c, const struct api_user_add *p, struct user *out)
{
	unsigned int networks, routes;

	*out = (struct user){.has_dns = p->has_dns, .has_routes = p->has_routes};
	snprintf(out->name, sizeof(out->name), "%s", p->name);
	if ((p->has_address && !read_address(c, "address", p->address, true, out)) ||
	    (p->has_address6 && !read_address(c, "address6", p->address6, false, out)) ||
	    !tunnel_read_networks(c, "networks", &p->networks, out->network, &networks) ||
	    !tunnel_read_networks(c, "routes", &p->routes, out->info.route, &routes) ||
	    !read_dns(c, &p->dns, &out->info) || !tunnel_read_mtu(c, p->mtu))
		return false;
	out->network_count = (uint8_t)networks;
	out->info.route_count = (uint8_t)routes;
	out->info.mtu = (uint16_t)p->mtu;
	return true;
}

void rpc_user_add(struct rpc_call *c, const void *params)
{
	const struct api_user_add *p = params;
	struct users *u = users_of(c);
	struct user user, now;
	struct user_error err;
	bool created;

	if (u == NULL || !read_user(c, p, &user))
		return;
	if (user_add(u, &user, p->pool, &created, &now, &err) != USER_OK)
		rpc_fail_user(c, &err);
	else
		answer(c, &now, &created);
}

void rpc_user_get(struct rpc_call *c, const void *params)
{
	const struct api_user_get *p = params;
	struct users *u = users_of(c);
	struct user_error err;
	struct user user;

	if (u == NULL)
		return;
	if (user_get(u, p->name, &user, &err) != USER_OK)
		rpc_fail_user(c, &err);
	else
		answer(c, &user, NULL);
}

void rpc_user_delete(struct rpc_call *c, const void *params)
{
	const struct api_user_delete *p = params;
	struct tunnels *t = tunnels_of(c);
	struct tnd_buf *b = rpc_result(c);
	struct user_error err;

	if (t == NULL)
		return;
	if (tunnels_user_delete(t, p->name, &err) != USER_OK) {
		rpc_fail_user(c, &err);
		return;
	}
	json_w_open(b, "result", '{');
	json_w_string(b, "name", p->name);
	json_w_close(b, '}');
	rpc_done(c);
}

/* ---- many ---------------------------------------------------------------------------------- */

struct page {
	struct rpc_call *c;
	char last[WIRE_RTPTP_NAME_MAX + 1];
};

static bool list_one(void *arg, const struct user *user)
{
	struct page *p = arg;
	struct tnd_buf *b = rpc_result(p->c);

	json_w_open(b, NULL, '{');
	write_row(p->c, user);
	json_w_close(b, '}');
	memcpy(p->last, user->name, sizeof(p->last));
	return true;
}

static bool export_one(void *arg, const struct user *user)
{
	char text[WIRE_BASE64_LEN(WIRE_RTPTP_USER_LEN) + 1];
	uint8_t data[WIRE_RTPTP_USER_LEN];
	struct page *p = arg;
	struct tnd_buf *b = rpc_result(p->c);

	user_export(user, data);
	wire_base64_encode(data, sizeof(data), text);
	json_w_open(b, NULL, '{');
	json_w_string(b, "name", user->name);
	json_w_string(b, "data", text);
	json_w_close(b, '}');
	memcpy(p->last, user->name, sizeof(p->last));
	return true;
}

static void list(struct rpc_call *c, const char *cursor, const char *prefix, int64_t limit,
		 bool (*fn)(void *arg, const struct user *user), bool total)
{
	struct users *u = users_of(c);
	struct tnd_buf *b = rpc_result(c);
	struct page page = {.c = c};
	struct users_stats st;
	struct user_error err;
	bool more;

	if (u == NULL)
		return;
	json_w_open(b, "result", '{');
	json_w_open(b, "users", '[');
	if (user_list(u, cursor, prefix, (unsigned int)limit, fn, &page, &more, &err) != USER_OK) {
		rpc_fail_user(c, &err);
		return;
	}
	json_w_close(b, ']');
	users_stats(u, &st);
	if (total)
		json_w_uint(b, "total", st.count);
	if (more)
		json_w_string(b, "cursor", page.last);
	json_w_close(b, '}');
	rpc_done(c);
}

void rpc_user_list(struct rpc_call *c, const void *params)
{
	const struct api_user_list *p = params;

	list(c, p->has_cursor ? p->cursor : "", p->has_prefix ? p->prefix : "", p->limit, list_one,
	     true);
}

void rpc_user_export(struct rpc_call *c, const void *params)
{
	const struct api_user_export *p = params;

	list(c, p->has_cursor ? p->cursor : "", "", p->limit, export_one, false);
}
