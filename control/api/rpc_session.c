/* SPDX-License-Identifier: BSD-3-Clause */
/* session.*: the schema's names to those of call/, and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "member.h"
#include "rpc.h"
#include "security.h"

#define LIST_SCAN_MAX 65536 /* places of the table that one answer looks at */

/* ---- faults -------------------------------------------------------------------------------- */

void rpc_fail_session(struct rpc_call *c, const struct session_error *err)
{
	static const int codes[] = {
		[SESSION_OK] = API_ERR_INTERNAL_ERROR,
		[SESSION_NOT_FOUND] = API_ERR_NOT_FOUND,
		[SESSION_CONFLICT] = API_ERR_CONFLICT,
		[SESSION_WRONG_STATE] = API_ERR_WRONG_STATE,
		[SESSION_NO_PORTS] = API_ERR_NO_PORTS,
		[SESSION_TABLE_FULL] = API_ERR_TABLE_FULL,
		[SESSION_NO_MEMORY] = API_ERR_NO_MEMORY,
		[SESSION_LIMIT] = API_ERR_LIMIT,
		[SESSION_BAD_PARAMS] = API_ERR_INVALID_PARAMS,
		[SESSION_UNSUPPORTED] = API_ERR_UNSUPPORTED,
	};
	char path[sizeof(err->path) + 8];

	snprintf(path, sizeof(path), "/params%s", err->path);
	rpc_fail(c, codes[err->fault], err->path[0] ? path : NULL, "%s", err->reason);
}

/* ---- parameters ---------------------------------------------------------------------------- */

static bool read_remote(struct rpc_call *c, unsigned int leg, const struct api_remote *in,
			struct leg_remote *out)
{
	if (wire_ip_parse(in->ip, &out->ip) != 0)
		return member_fail(c, API_ERR_INVALID_PARAMS, leg, "remote/ip",
				   "not an IPv4 or IPv6 address");
	out->port = (uint16_t)in->port;
	out->rtcp_port = in->has_rtcp_port ? (uint16_t)in->rtcp_port : 0;
	return true;
}

static int find_address(const struct config *config, const char *name)
{
	for (unsigned int i = 0; i < config->address_count; i++)
		if (strcmp(config->addresses[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Of a bundled leg: any, it is not looked at. */
static bool read_address(struct rpc_call *c, unsigned int i, const struct api_leg_create *in,
			 uint16_t *address)
{
	bool bundled = in->has_bundle && in->bundle.has_id;
	int found;

	*address = 0;
	if (bundled && in->has_address)
		return member_fail(c, API_ERR_INVALID_PARAMS, i, "address",
				   "a bundled leg has the address and port of its transport");
	if (bundled)
		return true;
	if (!in->has_address)
		return member_fail(c, API_ERR_INVALID_PARAMS, i, "address", "missing");
	found = find_address(rpc_api(c)->h->config, in->address);
	if (found < 0)
		return member_fail(c, API_ERR_INVALID_PARAMS, i, "address",
				   "no address of this name in the configuration");
	*address = (uint16_t)found;
	return true;
}

static bool read_leg(struct rpc_call *c, unsigned int i, const struct api_session_create *p,
		     struct leg_params *out)
{
	const struct api_leg_create *in = (const struct api_leg_create *)p->legs.items + i;

	*out = (struct leg_params){
		.has_remote = in->has_remote,
		.hold = in->hold,
		.latch = (uint8_t)in->latch,
		.rtcp = (uint8_t)in->rtcp,
		.kind = (uint8_t)(in->has_kind ? in->kind : p->kind),
		.dscp = in->has_dscp ? (uint8_t)in->dscp : SESSION_DSCP_KEEP,
		.no_feedback = !in->feedback,
	};
	/* Other things than RTP have no RTCP, unless it is asked for. */
	if (out->kind == LEG_KIND_UDP && !in->has_rtcp)
		out->rtcp = LEG_RTCP_NONE;
	if (!read_address(c, i, in, &out->address))
		return false;
	if (in->has_remote && !read_remote(c, i, &in->remote, &out->remote))
		return false;
	if (in->has_ice && !member_read_ice(c, i, &in->ice, true, &out->ice))
		return false;
	if (in->has_bundle && !member_read_bundle(c, i, &in->bundle, &out->bundle))
		return false;
	return !in->has_security || security_read(c, i, &in->security, true, &out->security);
}

static bool read_change(struct rpc_call *c, unsigned int i, const struct api_leg_update *in,
			struct leg_change *out)
{
	*out = (struct leg_change){
		.set_remote = in->has_remote || in->null_remote,
		.has_remote = in->has_remote,
		.set_latch = in->has_latch,
		.latch = (uint8_t)in->latch,
		.set_rtcp = in->has_rtcp,
		.rtcp = (uint8_t)in->rtcp,
		.set_hold = in->has_hold,
		.hold = in->hold,
		.set_dscp = in->has_dscp || in->null_dscp,
		.dscp = in->has_dscp ? (uint8_t)in->dscp : SESSION_DSCP_KEEP,
		.set_feedback = in->has_feedback,
		.no_feedback = !in->feedback,
		.set_security = in->has_security,
		.set_ice = in->has_ice || in->null_ice, /* null: LEG_ICE_NONE */
		.set_bundle = in->has_bundle,
	};
	if (in->has_remote && !read_remote(c, i, &in->remote, &out->remote))
		return false;
	if (in->has_ice && !member_read_ice(c, i, &in->ice, false, &out->ice))
		return false;
	if (in->has_bundle && !member_read_bundle(c, i, &in->bundle, &out->bundle))
		return false;
	return !in->has_security || security_read(c, i, &in->security, false, &out->security);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void answer(struct rpc_call *c, const char *id, bool create, const struct session_answer *a)
{
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, "result", '{');
	json_w_string(b, "id", id);
	if (create)
		json_w_bool(b, "created", a->created);
	json_w_uint(b, "generation", a->generation);
	json_w_uint(b, "worker", a->worker);
	json_w_open(b, "legs", '[');
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		json_w_open(b, NULL, '{');
		session_w_endpoint(b, "local", &a->leg[i].local);
		session_w_endpoint(b, "rtcp", &a->leg[i].rtcp);
		security_answer(b, a, i);
		member_w_ice(b, &a->leg[i].ice);
		json_w_close(b, '}');
	}
	json_w_close(b, ']');
	json_w_close(b, '}');
	rpc_done(c);
}

/* ---- methods ------------------------------------------------------------------------------- */

void rpc_session_create(struct rpc_call *c, const void *params)
{
	const struct api_session_create *p = params;
	struct session_params sp = {.id = p->id, .idle_timeout_s = (uint32_t)p->idle_timeout_s};
	struct session_answer a;
	struct session_error err;
	bool ok = true;

	for (unsigned int i = 0; i < SESSION_LEGS && ok; i++)
		ok = read_leg(c, i, p, &sp.leg[i]);
	if (ok) {
		if (session_create(rpc_api(c)->sessions, &sp, &a, &err) != SESSION_OK)
			rpc_fail_session(c, &err);
		else
			answer(c, p->id, true, &a);
	}
	explicit_bzero(&sp, sizeof(sp));
}

void rpc_session_update(struct rpc_call *c, const void *params)
{
	const struct api_session_update *p = params;
	const struct api_leg_update *legs = p->legs.items;
	struct session_change sc = {.id = p->id,
				    .if_generation_set = p->has_if_generation,
				    .if_generation = (uint64_t)p->if_generation,
				    .set_idle_timeout = p->has_idle_timeout_s,
				    .idle_timeout_s = (uint32_t)p->idle_timeout_s};
	struct session_answer a;
	struct session_error err;
	bool ok = true;

	for (unsigned int i = 0; i < p->legs.count && i < SESSION_LEGS && ok; i++)
		ok = read_change(c, i, &legs[i], &sc.leg[i]);
	if (ok) {
		if (session_update(rpc_api(c)->sessions, &sc, &a, &err) != SESSION_OK)
			rpc_fail_session(c, &err);
		else
			answer(c, p->id, false, &a);
	}
	explicit_bzero(&sc, sizeof(sc));
}

void rpc_session_get(struct rpc_call *c, const void *params)
{
	const struct api_session_get *p = params;
	struct session_error err;

	if (session_report(rpc_api(c)->sessions, p->id, rpc_result(c), "result", &err) !=
	    SESSION_OK)
		rpc_fail_session(c, &err);
	else
		rpc_done(c);
}

static void deleted(void *arg, const char *report, size_t len)
{
	struct rpc_call *c = arg;

	if (report != NULL)
		json_w_raw(rpc_result(c), "result", report, len);
	rpc_done(c); /* without a result: no memory */
}

void rpc_session_delete(struct rpc_call *c, const void *params)
{
	const struct api_session_delete *p = params;
	struct session_error err;

	if (session_delete(rpc_api(c)->sessions, p->id, deleted, c, &err) != SESSION_OK)
		rpc_fail_session(c, &err);
}

/* A cursor is the place in the table to go on from. */
static bool read_cursor(struct rpc_call *c, const struct api_session_list *p, uint32_t *cursor)
{
	unsigned long long n;
	char *end;

	*cursor = 0;
	if (!p->has_cursor)
		return true;
	n = strtoull(p->cursor, &end, 10);
	if (p->cursor[0] < '0' || p->cursor[0] > '9' || *end != '\0' || n > UINT32_MAX) {
		rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/cursor",
			 "not a cursor that session.list gave");
		return false;
	}
	*cursor = (uint32_t)n;
	return true;
}

void rpc_session_list(struct rpc_call *c, const void *params)
{
	static const char *const states[] = {"waiting", "one_way", "active"};
	const struct api_session_list *p = params;
	size_t prefix_len = p->has_prefix ? strlen(p->prefix) : 0;
	uint32_t cursor, budget = LIST_SCAN_MAX;
	struct sessions *s = rpc_api(c)->sessions;
	struct tnd_buf *b = rpc_result(c);
	struct session_info info;
	bool more = true;
	char text[16];

	if (!read_cursor(c, p, &cursor))
		return;
	json_w_open(b, "result", '{');
	json_w_open(b, "sessions", '[');
	for (int64_t n = 0; n < p->limit;) {
		more = session_next(s, &cursor, &budget, &info);
		if (!more || info.id == NULL)
			break;
		if (prefix_len != 0 && strncmp(info.id, p->prefix, prefix_len) != 0)
			continue;
		json_w_open(b, NULL, '{');
		json_w_string(b, "id", info.id);
		json_w_string(b, "state", states[info.state]);
		json_w_uint(b, "generation", info.generation);
		json_w_double(b, "age_s", info.age_s, 1);
		json_w_close(b, '}');
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
