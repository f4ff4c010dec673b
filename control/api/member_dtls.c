/* SPDX-License-Identifier: BSD-3-Clause */
/* Member "security" of a leg with type dtls. */
#include "member.h"

#include <stdio.h>

static bool bad(struct rpc_call *c, unsigned int leg, const char *member, const char *reason)
{
	return member_fail(c, API_ERR_INVALID_PARAMS, leg, member, reason);
}

static bool only_own_members(struct rpc_call *c, unsigned int leg, const struct api_security *in)
{
	const struct {
		bool there;
		const char *name;
	} of_sdes[] = {
		{in->has_profile, "security/profile"},
		{in->has_local_key, "security/local_key"},
		{in->has_local_mki, "security/local_mki"},
		{in->has_local_lifetime, "security/local_lifetime"},
		{in->has_remote_key, "security/remote_key"},
		{in->has_remote_mki, "security/remote_mki"},
		{in->has_remote_lifetime, "security/remote_lifetime"},
		{in->has_remote_crypto, "security/remote_crypto"},
	};

	for (size_t i = 0; i < RTE_DIM(of_sdes); i++)
		if (of_sdes[i].there)
			return bad(c, leg, of_sdes[i].name, "only with type sdes");
	return true;
}

static bool read_fingerprints(struct rpc_call *c, unsigned int leg, const struct api_security *in,
			      struct leg_dtls *out)
{
	const struct api_fingerprint *f = in->fingerprints.items;
	size_t count = in->fingerprints.count;

	if (in->has_fingerprint && in->has_fingerprints)
		return bad(c, leg, "security/fingerprint", "fingerprints says it already");
	if (in->has_fingerprint) {
		f = &in->fingerprint;
		count = 1;
	}
	for (size_t i = 0; i < count; i++)
		out->fingerprint[i] = (struct leg_fingerprint){f[i].hash, f[i].value};
	out->fingerprint_count = (uint8_t)count;
	return true;
}

static bool read_profiles(struct rpc_call *c, unsigned int leg, const struct json_items *in,
			  struct leg_dtls *out)
{
	const enum api_srtp_profile *p = in->items;
	char member[48];

	for (size_t i = 0; i < in->count; i++) {
		snprintf(member, sizeof(member), "security/profiles/%zu", i);
		if (member_profile(p[i], &out->profile[i]) != 0)
			return member_fail(c, API_ERR_UNSUPPORTED, leg, member,
					   "no such profile in lib/srtp");
		for (size_t k = 0; k < i; k++)
			if (p[k] == p[i])
				return bad(c, leg, member, "named twice");
	}
	out->profile_count = (uint8_t)in->count;
	return true;
}

bool member_read_dtls(struct rpc_call *c, unsigned int leg, const struct api_security *in,
		      bool create, struct leg_security *out)
{
	out->type = LEG_SECURITY_DTLS;
	if (in->has_window)
		out->window = (uint16_t)rte_align32pow2((uint32_t)in->window);
	/* The schema lists the parts in the order of the enum. */
	out->dtls.has_setup = in->has_setup;
	out->dtls.setup = (uint8_t)in->setup;
	out->dtls.renew = in->renew;
	if (create && in->renew)
		return bad(c, leg, "security/renew", "only in session.update");
	return only_own_members(c, leg, in) && read_fingerprints(c, leg, in, &out->dtls) &&
	       read_profiles(c, leg, &in->profiles, &out->dtls);
}

static void write_members(struct tnd_buf *b, const struct session_dtls *a)
{
	json_w_string(b, "setup", api_dtls_setup_names[a->setup]);
	json_w_open(b, "fingerprint", '{');
	json_w_string(b, "hash", a->hash);
	json_w_string(b, "value", a->fingerprint);
	json_w_close(b, '}');
}

void member_w_dtls(struct tnd_buf *b, const struct session_dtls *a)
{
	json_w_open(b, "security", '{');
	json_w_string(b, "type", "dtls");
	write_members(b, a);
	json_w_close(b, '}');
	write_members(b, a);
}
