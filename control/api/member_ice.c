/* SPDX-License-Identifier: BSD-3-Clause */
/* Member "ice" of a leg. */
#include "member.h"

static bool bad(struct rpc_call *c, unsigned int leg, const char *member, const char *reason)
{
	return member_fail(c, API_ERR_INVALID_PARAMS, leg, member, reason);
}

static bool read_remote(struct rpc_call *c, unsigned int leg, const struct api_ice_remote *in,
			struct leg_ice *out)
{
	if (in->has_ufrag && !in->has_pwd)
		return bad(c, leg, "ice/remote/pwd", "missing; it belongs to ufrag");
	if (in->has_pwd && !in->has_ufrag)
		return bad(c, leg, "ice/remote/ufrag", "missing; it belongs to pwd");
	if (in->has_ufrag) {
		out->ufrag = in->ufrag;
		out->pwd = in->pwd;
	}
	out->remote_lite = in->lite;
	out->candidate = in->candidates.items;
	out->candidate_count = (unsigned int)in->candidates.count;
	return true;
}

bool member_read_ice(struct rpc_call *c, unsigned int leg, const struct api_ice *in, bool create,
		     struct leg_ice *out)
{
	/* By the schema's order. */
	static const uint8_t modes[] = {LEG_ICE_LITE, LEG_ICE_FULL};

	if (create && !in->has_mode)
		return bad(c, leg, "ice/mode", "missing");
	if (create && in->restart)
		return bad(c, leg, "ice/restart", "only in session.update");
	*out = (struct leg_ice){
		.mode = in->has_mode ? modes[in->mode] : LEG_ICE_AS_IS,
		.has_role = in->has_role,
		.role = (uint8_t)in->role,
		.restart = in->restart,
		.end_of_candidates = in->end_of_candidates,
	};
	return !in->has_remote || read_remote(c, leg, &in->remote, out);
}

static void write_members(struct tnd_buf *b, const struct session_ice *a)
{
	json_w_string(b, "ufrag", a->ufrag);
	json_w_string(b, "pwd", a->pwd);
	json_w_open(b, "candidates", '[');
	for (unsigned int i = 0; i < a->candidate_count; i++)
		json_w_string(b, NULL, a->candidate[i]);
	json_w_close(b, ']');
}

void member_w_ice(struct tnd_buf *b, const struct session_ice *a)
{
	if (!a->on)
		return;
	json_w_open(b, "ice", '{');
	json_w_bool(b, "lite", a->lite);
	write_members(b, a);
	json_w_close(b, '}');
	write_members(b, a);
}
