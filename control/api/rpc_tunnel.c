/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnel.*, but offers and answers: the schema's names to those of tunnel/, and back. */
#include "rpc_tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member.h"
#include "security.h"

#define LIST_SCAN_MAX 65536 /* places of the table that one answer looks at */

_Static_assert((int)API_TUNNEL_MODE_CLIENT == TUNNEL_CLIENT, "one order");
_Static_assert((int)API_TUNNEL_FAMILIES_IPV4 == FLOW_TUNNEL_IP4 &&
		       (int)API_TUNNEL_FAMILIES_IPV6 == FLOW_TUNNEL_IP6,
	       "one order");

struct tunnels *tunnels_of(struct rpc_call *c)
{
	struct tunnels *t = rpc_api(c)->tunnels;

	if (t == NULL)
		rpc_fail(c, API_ERR_UNSUPPORTED, NULL,
			 "no interface of the configuration has the role inner");
	return t;
}

/* ---- parameters ---------------------------------------------------------------------------- */

static bool bad(struct rpc_call *c, const char *member, const char *reason)
{
	return member_fail(c, API_ERR_INVALID_PARAMS, MEMBER_ALONE, member, reason);
}

bool tunnel_read_networks(struct rpc_call *c, const char *member, const struct json_items *in,
			  struct net_prefix *out, unsigned int *count)
{
	char *const *text = in->items;
	struct net_prefix trimmed;
	char at[48];

	*count = (unsigned int)in->count;
	for (unsigned int i = 0; i < in->count; i++) {
		snprintf(at, sizeof(at), "%s/%u", member, i);
		if (net_prefix_parse(text[i], &out[i]) != 0)
			return bad(c, at, "not a network, such as 10.20.0.0/16 or fd00:20::/48");
		trimmed = out[i];
		net_prefix_trim(&trimmed);
		if (!net_prefix_equal(&trimmed, &out[i]))
			return bad(c, at, "bits are set beyond the prefix length");
	}
	return true;
}

bool tunnel_read_mtu(struct rpc_call *c, int64_t mtu)
{
	return mtu <= 0 || mtu >= NETINFO_MTU_MIN ||
	       bad(c, "mtu", "less than 576, IPv4's smallest");
}

bool tunnel_read_info(struct rpc_call *c, const struct json_value *v, struct netinfo *out)
{
	struct json_error err;

	if (netinfo_read(v, "/params/network_info", out, &err) == 0)
		return true;
	rpc_fail(c, API_ERR_INVALID_PARAMS, err.path, "%s", err.reason);
	return false;
}

static bool read_places(struct rpc_call *c, const struct tunnel_settings *in,
			struct tunnel_params *out)
{
	const struct config *config = rpc_api(c)->h->config;
	unsigned int i;

	for (i = 0; in->interface != NULL && i < config->interface_count; i++)
		if (strcmp(config->interfaces[i].name, in->interface) == 0)
			out->interface = (int)i;
	if (in->interface != NULL && out->interface < 0)
		return bad(c, "interface", "no interface of this name in the configuration");
	for (i = 0; in->address != NULL && i < config->address_count; i++)
		if (strcmp(config->addresses[i].name, in->address) == 0)
			out->address = (int)i;
	if (in->address != NULL && out->address < 0)
		return bad(c, "address", "no address of this name in the configuration");
	return true;
}

bool tunnel_read_settings(struct rpc_call *c, const struct tunnel_settings *in,
			  enum tunnel_mode mode, struct tunnel_params *out)
{
	tunnel_params_init(rpc_api(c)->tunnels, out);
	out->id = in->id;
	out->mode = mode;
	out->user = in->user;
	out->families = in->families;
	out->allow_plain = in->allow_plain;
	if (in->payload_type >= 0)
		out->payload_type = (uint8_t)in->payload_type;
	if (in->dscp >= 0)
		out->dscp = (uint8_t)in->dscp;
	if (in->mtu >= 0)
		out->mtu = (uint16_t)in->mtu;
	if (in->liveness_s >= 0)
		out->liveness_s = (uint32_t)in->liveness_s;
	if (in->setup_s >= 0)
		out->setup_s = (uint32_t)in->setup_s;
	if (in->pt_strict >= 0)
		out->pt_strict = in->pt_strict;
	if (in->mss_clamp >= 0)
		out->mss_clamp = in->mss_clamp;
	return tunnel_read_mtu(c, in->mtu) && read_places(c, in, out) &&
	       tunnel_read_networks(c, "networks", in->networks, out->network, &out->network_count);
}

static bool read_remote(struct rpc_call *c, const struct api_remote *in, struct leg_remote *out)
{
	if (wire_ip_parse(in->ip, &out->ip) != 0)
		return bad(c, "remote/ip", "not an IPv4 or IPv6 address");
	if (in->has_rtcp_port)
		return bad(c, "remote/rtcp_port", "a tunnel has one port");
	out->port = (uint16_t)in->port;
	return true;
}

/* ---- create and update --------------------------------------------------------------------- */

static void answer(struct rpc_call *c, const char *id, bool create, const struct tunnel_result *r)
{
	const struct session_answer *a = &r->session;
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, "result", '{');
	json_w_string(b, "id", id);
	if (create)
		json_w_bool(b, "created", r->created);
	json_w_uint(b, "generation", a->generation);
	json_w_uint(b, "worker", a->worker);
	session_w_endpoint(b, "local", &a->leg[0].local);
	security_answer(b, a, 0);
	member_w_ice(b, &a->leg[0].ice);
	if (r->has_info)
		netinfo_write(b, "network_info", &r->info);
	json_w_close(b, '}');
	rpc_done(c);
}

static bool read_leg(struct rpc_call *c, const struct api_tunnel_create *p, struct leg_params *out)
{
	*out = (struct leg_params){.rtcp = LEG_RTCP_MUX, .has_remote = p->has_remote};
	if (p->has_remote && !read_remote(c, &p->remote, &out->remote))
		return false;
	if (p->has_ice && !member_read_ice(c, MEMBER_ALONE, &p->ice, true, &out->ice))
		return false;
	if (p->has_security && !security_read(c, MEMBER_ALONE, &p->security, true, &out->security))
		return false;
	out->latch = (uint8_t)(p->has_latch ? (enum leg_latch)p->latch : tunnel_usual_latch(out));
	return true;
}

void rpc_tunnel_create(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_create *p = params;
	const struct tunnel_settings in = TUNNEL_SETTINGS(p);
	struct tunnels *t = tunnels_of(c);
	struct tunnel_create tc = {.p = {.id = p->id}};
	struct session_error err;
	struct tunnel_result r;

	if (t == NULL)
		return;
	if (tunnel_read_settings(c, &in, (enum tunnel_mode)p->mode, &tc.p) &&
	    read_leg(c, p, &tc.leg)) {
		if (tunnel_create(t, &tc, &r, &err) != SESSION_OK)
			rpc_fail_session(c, &err);
		else
			answer(c, p->id, true, &r);
		tunnel_result_free(&r);
	}
	explicit_bzero(&tc, sizeof(tc));
}

static bool read_leg_change(struct rpc_call *c, const struct api_tunnel_update *p,
			    struct tunnel_change *out)
{
	out->leg = (struct leg_change){
		.set_remote = p->has_remote || p->null_remote,
		.has_remote = p->has_remote,
		.set_latch = p->has_latch,
		.latch = (uint8_t)p->latch,
		.set_security = p->has_security,
		.set_ice = p->has_ice || p->null_ice, /* null: LEG_ICE_NONE */
	};
	out->set_leg = out->leg.set_remote || out->leg.set_latch || out->leg.set_security ||
		       out->leg.set_ice;
	if (p->has_remote && !read_remote(c, &p->remote, &out->leg.remote))
		return false;
	if (p->has_ice && !member_read_ice(c, MEMBER_ALONE, &p->ice, false, &out->leg.ice))
		return false;
	return !p->has_security ||
	       security_read(c, MEMBER_ALONE, &p->security, false, &out->leg.security);
}

static bool read_change(struct rpc_call *c, const struct api_tunnel_update *p,
			struct tunnel_change *out)
{
	*out = (struct tunnel_change){
		.id = p->id,
		.set_networks = p->has_networks,
		.set_mtu = p->has_mtu,
		.mtu = (uint16_t)p->mtu,
		.set_dscp = p->has_dscp || p->null_dscp,
		.dscp = p->has_dscp ? (uint8_t)p->dscp : SESSION_DSCP_KEEP,
		.set_families = p->has_families,
		.families = (uint8_t)p->families,
		.set_pt_strict = p->has_pt_strict,
		.pt_strict = p->pt_strict,
		.set_mss_clamp = p->has_mss_clamp,
		.mss_clamp = p->mss_clamp,
		.set_liveness = p->has_liveness_s,
		.liveness_s = (uint32_t)p->liveness_s,
		.set_info = p->has_network_info,
	};
	if (p->has_network_info && !tunnel_read_info(c, p->network_info, &out->info))
		return false;
	return tunnel_read_mtu(c, p->has_mtu ? p->mtu : 0) &&
	       tunnel_read_networks(c, "networks", &p->networks, out->network,
				    &out->network_count) &&
	       read_leg_change(c, p, out);
}

void rpc_tunnel_update(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_update *p = params;
	struct tunnels *t = tunnels_of(c);
	struct tunnel_change change;
	struct session_error err;
	struct tunnel_result r;

	if (t == NULL)
		return;
	if (read_change(c, p, &change)) {
		if (tunnel_update(t, &change, &r, &err) != SESSION_OK)
			rpc_fail_session(c, &err);
		else
			answer(c, p->id, false, &r);
		tunnel_result_free(&r);
	}
	explicit_bzero(&change, sizeof(change));
}

/* ---- get, list, stats, delete -------------------------------------------------------------- */

void rpc_tunnel_get(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_get *p = params;
	struct tunnels *t = tunnels_of(c);
	struct session_error err;

	if (t == NULL)
		return;
	if (tunnel_report(t, p->id, rpc_result(c), "result", &err) != SESSION_OK)
		rpc_fail_session(c, &err);
	else
		rpc_done(c);
}

void rpc_tunnel_delete(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_delete *p = params;
	struct tunnels *t = tunnels_of(c);
	struct session_error err;
	enum session_fault f;

	if (t == NULL)
		return;
	f = tunnel_report(t, p->id, rpc_result(c), "result", &err);
	if (f == SESSION_OK)
		f = tunnel_delete(t, p->id, TUNNEL_DELETED, NULL, NULL, &err);
	if (f != SESSION_OK)
		rpc_fail_session(c, &err);
	else
		rpc_done(c);
}

/* A cursor is the place in the table to go on from. */
static bool read_cursor(struct rpc_call *c, const char *text, uint32_t *cursor)
{
	unsigned long long n;
	char *end;

	*cursor = 0;
	if (text == NULL)
		return true;
	n = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n > UINT32_MAX)
		return bad(c, "cursor", "not a cursor that tunnel.list gave");
	*cursor = (uint32_t)n;
	return true;
}

static void write_row(struct rpc_call *c, const struct tunnel_info *i)
{
	const struct config *config = rpc_api(c)->h->config;
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, NULL, '{');
	json_w_string(b, "id", i->id);
	json_w_string(b, "state", i->up ? "up" : i->offered ? "offered" : "waiting");
	json_w_string(b, "mode", api_tunnel_mode_names[i->mode]);
	if (i->user != NULL)
		json_w_string(b, "user", i->user);
	else
		json_w_null(b, "user");
	json_w_string(b, "interface", config->interfaces[i->interface].name);
	json_w_uint(b, "mtu", i->mtu);
	json_w_double(b, "age_s", i->age_s, 1);
	if (i->heard_ms == UINT64_MAX)
		json_w_null(b, "heard_ms");
	else
		json_w_uint(b, "heard_ms", i->heard_ms);
	json_w_close(b, '}');
}

void rpc_tunnel_list(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_list *p = params;
	size_t prefix_len = p->has_prefix ? strlen(p->prefix) : 0;
	uint32_t cursor, budget = LIST_SCAN_MAX;
	struct tunnels *t = tunnels_of(c);
	struct tnd_buf *b = rpc_result(c);
	struct tunnel_info info;
	bool more = true;
	char text[16];

	if (t == NULL || !read_cursor(c, p->has_cursor ? p->cursor : NULL, &cursor))
		return;
	json_w_open(b, "result", '{');
	json_w_open(b, "tunnels", '[');
	for (int64_t n = 0; n < p->limit;) {
		more = tunnel_next(t, &cursor, &budget, &info);
		if (!more || info.id == NULL)
			break;
		if (prefix_len != 0 && strncmp(info.id, p->prefix, prefix_len) != 0)
			continue;
		write_row(c, &info);
		n++;
	}
	json_w_close(b, ']');
	if (more) {
		snprintf(text, sizeof(text), "%u", cursor);
		json_w_string(b, "cursor", text);
	}
	json_w_close(b, '}');
	rpc_done(c);
}

static void write_users(struct rpc_call *c, struct tnd_buf *b)
{
	const struct config_tunnel *config = &rpc_api(c)->h->config->tunnel;
	char text[NET_PREFIX_STRLEN];
	struct users_stats st;

	users_stats(tunnels_users(rpc_api(c)->tunnels), &st);
	json_w_open(b, "users", '{');
	json_w_uint(b, "total", st.count);
	json_w_uint(b, "limit", config->users);
	json_w_string(b, "store", st.emptied ? "emptied" : st.restored ? "restored" : "ok");
	json_w_open(b, "pools", '[');
	for (unsigned int i = 0; i < NETINFO_ADDRESSES; i++) {
		const struct net_prefix p = {config->pool[i].ip, (uint8_t)config->pool[i].bits};

		if (!config->has_pool[i])
			continue;
		json_w_open(b, NULL, '{');
		json_w_string(b, "network", net_prefix_format(&p, text));
		json_w_uint(b, "addresses", st.pool_size[i]);
		json_w_uint(b, "free", st.pool_free[i]);
		json_w_close(b, '}');
	}
	json_w_close(b, ']');
	json_w_close(b, '}');
}

static void write_all(struct rpc_call *c, struct tnd_buf *b)
{
	struct tunnels_stats st;

	tunnels_stats(rpc_api(c)->tunnels, &st);
	json_w_open(b, "tunnels", '{');
	json_w_uint(b, "active", st.active);
	json_w_uint(b, "up", st.up);
	json_w_uint(b, "created", st.created);
	json_w_uint(b, "ended", st.ended);
	json_w_uint(b, "timed_out", st.timed_out);
	json_w_uint(b, "replaced", st.replaced);
	json_w_uint(b, "roamed", st.roamed);
	json_w_close(b, '}');
	write_users(c, b);
}

void rpc_tunnel_stats(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_stats *p = params;
	enum session_fault f = SESSION_OK;
	struct tunnels *t = tunnels_of(c);
	struct tnd_buf *b = rpc_result(c);
	struct session_error err;

	if (t == NULL)
		return;
	json_w_open(b, "result", '{');
	if (p->has_id) {
		json_w_string(b, "id", p->id);
		f = tunnel_counters(t, p->id, b, &err);
	} else {
		write_all(c, b);
	}
	json_w_close(b, '}');
	if (f != SESSION_OK)
		rpc_fail_session(c, &err);
	else
		rpc_done(c);
}
