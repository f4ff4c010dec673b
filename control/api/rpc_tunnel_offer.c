/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnel.offer and tunnel.answer. */
#include <string.h>

#include "member.h"
#include "rpc_tunnel.h"

/* A description, as text or as JSON. */
struct description {
	const char *text; /* NULL: there is none */
	enum tunnel_form form;
	struct tnd_buf json; /* of its text, if it is that; secret */
};

static bool read_description(struct rpc_call *c, const char *sdp, const struct json_value *json,
			     struct description *out)
{
	*out = (struct description){.text = sdp, .form = TUNNEL_SDP, .json = {.secret = true}};
	if (sdp != NULL && json != NULL)
		return member_fail(c, API_ERR_INVALID_PARAMS, MEMBER_ALONE, "json",
				   "not together with sdp");
	if (json == NULL)
		return true;
	out->form = TUNNEL_JSON;
	json_w_value(&out->json, NULL, json);
	tnd_buf_addc(&out->json, '\0');
	out->text = out->json.data;
	if (!out->json.oom)
		return true;
	tnd_buf_free(&out->json);
	rpc_fail(c, API_ERR_NO_MEMORY, NULL, "out of memory");
	return false;
}

static void answer(struct rpc_call *c, const char *id, enum tunnel_form form,
		   const struct tunnel_result *r)
{
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, "result", '{');
	json_w_string(b, "id", id);
	if (r->text.len > 0 && form == TUNNEL_SDP)
		json_w_string(b, "sdp", r->text.data);
	else if (r->text.len > 0)
		json_w_raw(b, "json", r->text.data, r->text.len);
	if (r->has_info)
		netinfo_write(b, "network_info", &r->info);
	json_w_close(b, '}');
	rpc_done(c);
}

static bool read_profiles(struct rpc_call *c, const struct json_items *in, struct tunnel_offer *out)
{
	const enum api_srtp_profile *p = in->items;

	for (size_t i = 0; i < in->count; i++) {
		if (member_profile(p[i], &out->profile[i]) != 0)
			return member_fail(c, API_ERR_UNSUPPORTED, MEMBER_ALONE, "profiles",
					   "no such profile in lib/srtp");
		for (size_t k = 0; k < i; k++)
			if (p[k] == p[i])
				return member_fail(c, API_ERR_INVALID_PARAMS, MEMBER_ALONE,
						   "profiles", "one is named twice");
	}
	out->profile_count = (uint8_t)in->count;
	return true;
}

void rpc_tunnel_offer(struct rpc_call *c, const void *params)
{
	/* By the schema's order: remove, lite, full. */
	static const uint8_t modes[] = {LEG_ICE_NONE, LEG_ICE_LITE, LEG_ICE_FULL};
	const struct api_tunnel_offer *p = params;
	const struct tunnel_settings in = TUNNEL_SETTINGS(p);
	struct tunnels *t = tunnels_of(c);
	struct tunnel_offer o = {.has_security = p->has_security,
				 .security = (enum leg_security_type)p->security,
				 .has_ice = p->has_ice,
				 .ice = (enum leg_ice_mode)modes[p->ice],
				 .has_latch = p->has_latch,
				 .latch = (enum leg_latch)p->latch,
				 .has_setup = p->has_setup,
				 .setup = (enum leg_setup)p->setup};
	struct description d;
	struct session_error err;
	struct tunnel_result r;
	enum tunnel_mode mode;

	if (t == NULL ||
	    !read_description(c, p->has_sdp ? p->sdp : NULL, p->has_json ? p->json : NULL, &d))
		return;
	mode = p->has_mode      ? (enum tunnel_mode)p->mode
	       : d.text != NULL ? TUNNEL_SERVER
				: TUNNEL_CLIENT;
	o.remote = d.text;
	o.remote_form = d.form;
	o.form = p->has_form ? (enum tunnel_form)p->form : d.form;
	if (tunnel_read_settings(c, &in, mode, &o.p) && read_profiles(c, &p->profiles, &o)) {
		if (tunnel_offer(t, &o, &r, &err) != SESSION_OK)
			rpc_fail_session(c, &err);
		else
			answer(c, p->id, o.form, &r);
		tunnel_result_free(&r);
	}
	tnd_buf_free(&d.json);
}

void rpc_tunnel_answer(struct rpc_call *c, const void *params)
{
	const struct api_tunnel_answer *p = params;
	struct tunnels *t = tunnels_of(c);
	struct tunnel_answer a = {.id = p->id, .user = p->has_user ? p->user : NULL};
	struct session_error err;
	struct tunnel_result r;
	struct netinfo info;
	struct description d;

	if (t == NULL ||
	    !read_description(c, p->has_sdp ? p->sdp : NULL, p->has_json ? p->json : NULL, &d))
		return;
	a.remote = d.text;
	a.remote_form = d.form;
	if (d.text == NULL) {
		member_fail(c, API_ERR_INVALID_PARAMS, MEMBER_ALONE, "sdp",
			    "required, unless json is there");
	} else if (!p->has_network_info || tunnel_read_info(c, p->network_info, &info)) {
		a.info = p->has_network_info ? &info : NULL;
		if (tunnel_answer(t, &a, &r, &err) != SESSION_OK)
			rpc_fail_session(c, &err);
		else
			answer(c, p->id, d.form, &r);
		tunnel_result_free(&r);
	}
	tnd_buf_free(&d.json);
}
