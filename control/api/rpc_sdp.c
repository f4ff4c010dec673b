/* SPDX-License-Identifier: BSD-3-Clause */
/* session.offer and session.answer: the schema's names to those of sdp/, and back. */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "rpc.h"
#include "sdp_call.h"

_Static_assert((int)API_SDP_TRANSPORT_UDP_TLS_RTP_SAVPF == SDP_TLS_SAVPF, "one order");
_Static_assert((int)API_SDP_ICE_FULL == SDP_ICE_FULL, "one order");
_Static_assert((int)API_SDP_MUX_REQUIRE == SDP_MUX_REQUIRE, "one order");

static bool fail(struct rpc_call *c, int code, const char *profile, const char *member,
		 const char *reason)
{
	char path[64];

	snprintf(path, sizeof(path), "/params/%s/%s", profile, member);
	rpc_fail(c, code, path, "%s", reason);
	return false;
}

static bool read_address(struct rpc_call *c, const char *name, const struct api_sdp_profile *in,
			 struct sdp_profile *out)
{
	const struct config *config = rpc_api(c)->h->config;

	for (unsigned int i = 0; i < config->address_count; i++)
		if (strcmp(config->addresses[i].name, in->address) == 0) {
			out->has_address = true;
			out->address = (uint16_t)i;
			return true;
		}
	return fail(c, API_ERR_INVALID_PARAMS, name, "address",
		    "no address of this name in the configuration");
}

static bool read_sdes(struct rpc_call *c, const char *name, const struct api_sdp_profile *in,
		      struct sdp_profile *out)
{
	const int *items = in->sdes.items;
	char member[16];

	for (unsigned int i = 0; i < in->sdes.count; i++) {
		const char *suite = api_srtp_profile_names[items[i]];
		enum srtp_profile profile;
		enum sdes_suite s;

		snprintf(member, sizeof(member), "sdes/%u", i);
		if (sdes_suite_find(suite, strlen(suite), &s) != 0 ||
		    srtp_profile_find(suite, &profile) != 0)
			return fail(c, API_ERR_UNSUPPORTED, name, member,
				    "no such profile in lib/srtp");
		if (memchr(out->sdes, (int)s, out->sdes_count) != NULL)
			return fail(c, API_ERR_INVALID_PARAMS, name, member, "a second time");
		out->sdes[out->sdes_count++] = (uint8_t)s;
	}
	return true;
}

static enum sdp_setup setup_of(enum api_dtls_setup s)
{
	return s == API_DTLS_SETUP_ACTIVE    ? SDP_SETUP_ACTIVE
	       : s == API_DTLS_SETUP_PASSIVE ? SDP_SETUP_PASSIVE
					     : SDP_SETUP_ACTPASS;
}

static bool read_profile(struct rpc_call *c, const char *name, const struct api_sdp_profile *in,
			 struct sdp_profile *out)
{
	*out = (struct sdp_profile){
		.has_transport = in->has_transport,
		.transport = (uint8_t)in->transport,
		.has_ice = in->has_ice,
		.ice = (uint8_t)in->ice,
		.has_dtls = in->has_dtls,
		.dtls = (uint8_t)setup_of(in->dtls),
		.has_mux = in->has_rtcp_mux,
		.mux = (uint8_t)in->rtcp_mux,
		.has_bundle = in->has_bundle,
		.bundle = in->bundle,
		.latch = (uint8_t)in->latch,
		.dscp = in->has_dscp ? (uint8_t)in->dscp : SESSION_DSCP_KEEP,
	};
	return (!in->has_address || read_address(c, name, in, out)) && read_sdes(c, name, in, out);
}

static void answer(struct rpc_call *c, const char *id, const struct tnd_buf *sdp,
		   const struct sdp_result *r)
{
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, "result", '{');
	json_w_string(b, "id", id);
	json_w_string(b, "sdp", sdp->data);
	json_w_open(b, "sections", '[');
	for (unsigned int i = 0; i < r->count; i++) {
		json_w_open(b, NULL, '{');
		if (r->section[i].session[0] != '\0')
			json_w_string(b, "session", r->section[i].session);
		else
			json_w_null(b, "session");
		json_w_bool(b, "active", r->section[i].active);
		json_w_close(b, '}');
	}
	json_w_close(b, ']');
	json_w_close(b, '}');
	rpc_done(c);
}

void rpc_session_offer(struct rpc_call *c, const void *params)
{
	const struct api_session_offer *p = params;
	struct sdp_profile from, to;
	struct sdp_offer o = {.id = p->id,
			      .sdp = p->sdp,
			      .len = strlen(p->sdp),
			      .by = (unsigned int)p->by,
			      .from = p->has_from ? &from : NULL,
			      .to = p->has_to ? &to : NULL,
			      .idle_timeout_s = (uint32_t)p->idle_timeout_s};
	struct tnd_buf sdp = {.secret = true};
	struct session_error err;
	struct sdp_result r;

	if ((p->has_from && !read_profile(c, "from", &p->from, &from)) ||
	    (p->has_to && !read_profile(c, "to", &p->to, &to)))
		return;
	if (sdp_call_offer(rpc_api(c)->sdp, &o, &sdp, &r, &err) != SESSION_OK)
		rpc_fail_session(c, &err);
	else
		answer(c, p->id, &sdp, &r);
	tnd_buf_free(&sdp);
}

static void refuse(struct rpc_call *c, const char *id)
{
	struct tnd_buf *b = rpc_result(c);
	struct session_error err;

	if (sdp_call_refuse(rpc_api(c)->sdp, id, &err) != SESSION_OK) {
		rpc_fail_session(c, &err);
		return;
	}
	json_w_open(b, "result", '{');
	json_w_string(b, "id", id);
	json_w_close(b, '}');
	rpc_done(c);
}

void rpc_session_answer(struct rpc_call *c, const void *params)
{
	const struct api_session_answer *p = params;
	struct tnd_buf sdp = {.secret = true};
	struct session_error err;
	struct sdp_result r;

	if (p->refused == p->has_sdp) {
		rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/sdp",
			 p->refused ? "not together with refused" : "required, unless refused");
		return;
	}
	if (p->refused) {
		refuse(c, p->id);
		return;
	}
	if (sdp_call_answer(rpc_api(c)->sdp, p->id, p->sdp, strlen(p->sdp), &sdp, &r, &err) !=
	    SESSION_OK)
		rpc_fail_session(c, &err);
	else
		answer(c, p->id, &sdp, &r);
	tnd_buf_free(&sdp);
}
