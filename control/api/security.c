/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors name the member and what is wrong with it, and never repeat it: it may be most of a
 * key.
 */
#include "security.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "member.h"
#include "sdes.h"

/* One of both keys of a leg, with the names of its members. */
struct key_texts {
	const char *key, *mki, *lifetime; /* NULL: absent */
	const char *key_name, *mki_name, *lifetime_name;
};

static bool fail(struct rpc_call *c, int code, unsigned int leg, const char *member,
		 const char *reason)
{
	char path[64];

	snprintf(path, sizeof(path), "security%s%s", member[0] ? "/" : "", member);
	return member_fail(c, code, leg, path, reason);
}

static bool bad(struct rpc_call *c, unsigned int leg, const char *member, const char *reason)
{
	return fail(c, API_ERR_INVALID_PARAMS, leg, member, reason);
}

/* `alone`: MKI and lifetime may be there without a key, for one that tandem makes. */
static bool read_key(struct rpc_call *c, unsigned int leg, const struct key_texts *t, bool alone,
		     struct sdes_key *out)
{
	int n;

	if (t->key == NULL && !alone && t->mki != NULL)
		return bad(c, leg, t->mki_name, "only together with its key");
	if (t->key == NULL && !alone && t->lifetime != NULL)
		return bad(c, leg, t->lifetime_name, "only together with its key");
	if (t->mki != NULL && sdes_mki_parse(t->mki, strlen(t->mki), out) != 0)
		return bad(c, leg, t->mki_name,
			   "must be VALUE:LENGTH, such as 1:4, of 1 to 128 bytes into which the "
			   "value fits");
	if (t->lifetime != NULL &&
	    sdes_lifetime_parse(t->lifetime, strlen(t->lifetime), &out->lifetime) != 0)
		return bad(c, leg, t->lifetime_name,
			   "must be a number of packets, such as 2^31 or 2147483648, at most 2^48");
	if (t->key == NULL)
		return true;
	n = wire_base64_decode(t->key, strlen(t->key), out->master, sizeof(out->master));
	if (n == -E2BIG)
		return bad(c, leg, t->key_name,
			   "longer than key and salt of any profile (46 bytes)");
	if (n <= 0)
		return bad(c, leg, t->key_name, "not base64 of key and salt (RFC 4648 §4)");
	out->master_len = (uint8_t)n;
	return true;
}

static bool no_profile(struct rpc_call *c, unsigned int leg, const char *member)
{
	return fail(c, API_ERR_UNSUPPORTED, leg, member, "no such profile in lib/srtp");
}

static bool read_crypto(struct rpc_call *c, unsigned int leg, const struct api_security *in,
			struct leg_security *out)
{
	enum srtp_profile profile;
	const char *why;
	struct sdes s;
	bool ok = false;
	int rc = sdes_parse(in->remote_crypto, strlen(in->remote_crypto), &s, &why);

	if (rc != 0)
		return fail(c, rc == -ENOTSUP ? API_ERR_UNSUPPORTED : API_ERR_INVALID_PARAMS, leg,
			    "remote_crypto", why);
	if (s.key_count > 1)
		fail(c, API_ERR_UNSUPPORTED, leg, "remote_crypto", "more than one key");
	else if (srtp_profile_find(sdes_suite_name(s.suite), &profile) != 0)
		no_profile(c, leg, "remote_crypto");
	else
		ok = true;
	out->has_profile = ok;
	out->profile = ok ? (uint8_t)profile : 0;
	out->tag = s.tag;
	out->remote = s.key[0];
	explicit_bzero(&s, sizeof(s));
	return ok;
}

static bool only_with(struct rpc_call *c, unsigned int leg, const struct api_security *in)
{
	const struct {
		bool there;
		const char *name;
	} with_crypto[] = {
		{in->has_profile, "profile"},
		{in->has_remote_key, "remote_key"},
		{in->has_remote_mki, "remote_mki"},
		{in->has_remote_lifetime, "remote_lifetime"},
	};

	const struct {
		bool there;
		const char *name;
	} of_dtls[] = {
		{in->has_setup, "setup"},
		{in->has_fingerprint, "fingerprint"},
		{in->has_fingerprints, "fingerprints"},
		{in->has_profiles, "profiles"},
		{in->has_renew, "renew"},
	};

	for (size_t i = 0; i < RTE_DIM(of_dtls); i++)
		if (of_dtls[i].there)
			return bad(c, leg, of_dtls[i].name, "only with type dtls");
	for (size_t i = 0; in->has_remote_crypto && i < RTE_DIM(with_crypto); i++)
		if (with_crypto[i].there)
			return bad(c, leg, with_crypto[i].name, "remote_crypto says it already");
	return true;
}

static bool read_sdes(struct rpc_call *c, unsigned int leg, const struct api_security *in,
		      struct leg_security *out)
{
	const struct key_texts local = {in->local_key, in->local_mki, in->local_lifetime,
					"local_key",   "local_mki",   "local_lifetime"};
	const struct key_texts remote = {in->remote_key, in->remote_mki, in->remote_lifetime,
					 "remote_key",   "remote_mki",   "remote_lifetime"};

	out->type = LEG_SECURITY_SDES;
	if (in->has_window)
		out->window = (uint16_t)rte_align32pow2((uint32_t)in->window);
	if (!only_with(c, leg, in))
		return false;
	if (in->has_remote_crypto) {
		if (!read_crypto(c, leg, in, out))
			return false;
	} else if (!read_key(c, leg, &remote, false, &out->remote)) {
		return false;
	}
	if (in->has_profile) {
		if (member_profile(in->profile, &out->profile) != 0)
			return no_profile(c, leg, "profile");
		out->has_profile = true;
	}
	return read_key(c, leg, &local, true, &out->local);
}

static bool has_other_members(const struct api_security *s)
{
	return s->has_profile || s->has_local_key || s->has_local_mki || s->has_local_lifetime ||
	       s->has_remote_key || s->has_remote_mki || s->has_remote_lifetime ||
	       s->has_remote_crypto || s->has_window || s->has_setup || s->has_fingerprint ||
	       s->has_fingerprints || s->has_profiles || s->has_renew;
}

bool security_read(struct rpc_call *c, unsigned int leg, const struct api_security *in, bool create,
		   struct leg_security *out)
{
	memset(out, 0, sizeof(*out));
	switch (in->type) {
	case API_SECURITY_TYPE_NONE:
		return !has_other_members(in) || bad(c, leg, "", "type none has no other member");
	case API_SECURITY_TYPE_SDES:
		if (read_sdes(c, leg, in, out))
			return true;
		explicit_bzero(out, sizeof(*out));
		return false;
	case API_SECURITY_TYPE_DTLS: return member_read_dtls(c, leg, in, create, out);
	}
	return false;
}

void security_answer(struct tnd_buf *b, const struct session_answer *a, unsigned int leg)
{
	const char *crypto = a->leg[leg].crypto, *key;
	char text[WIRE_BASE64_LEN(SDES_MASTER_MAX) + 1];

	if (a->leg[leg].dtls.on) {
		member_w_dtls(b, &a->leg[leg].dtls);
		return;
	}
	if (a->leg[leg].profile == NULL)
		return;
	json_w_open(b, "security", '{');
	json_w_string(b, "type", "sdes");
	json_w_string(b, "profile", a->leg[leg].profile);
	if (crypto != NULL) {
		key = strchr(crypto, ':') + 1;
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(key, "|"), key);
		json_w_string(b, "local_key", text);
		json_w_string(b, "local_crypto", crypto);
		explicit_bzero(text, sizeof(text));
	}
	json_w_close(b, '}');
}
