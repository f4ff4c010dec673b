/* SPDX-License-Identifier: BSD-3-Clause */
/* Offers and answers: from what was said to a session's leg, and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "session_inner.h"
#include "tunnel_private.h"

static const uint8_t usual_profiles[] = {SRTP_AEAD_AES_128_GCM, SRTP_AES_CM_128_HMAC_SHA1_80};

struct profiles {
	unsigned int count;
	const uint8_t *profile;
};

static struct profiles profiles_of(const struct tunnel_offer *o)
{
	if (o->profile_count > 0)
		return (struct profiles){o->profile_count, o->profile};
	return (struct profiles){sizeof(usual_profiles), usual_profiles};
}

static const char *path_of(enum tunnel_form form)
{
	return form == TUNNEL_SDP ? "/sdp" : "/json";
}

static bool suite_of(enum srtp_profile p, enum sdes_suite *out)
{
	const char *name = srtp_profile_name(p);

	return name != NULL && sdes_suite_find(name, strlen(name), out) == 0;
}

static enum session_fault no_randomness(struct session_error *err)
{
	return tunnel_fault(err, SESSION_NO_MEMORY, "", "no randomness for keys");
}

/* Ours, for what is sent. */
static void set_local(struct leg_security *s, const struct sdp_key *k)
{
	s->type = LEG_SECURITY_SDES;
	s->has_profile = true;
	s->tag = k->tag;
	s->local.master_len = k->master_len;
	memcpy(s->local.master, k->master, k->master_len);
}

static enum session_fault set_profile(struct leg_security *s, enum sdes_suite suite,
				      struct session_error *err)
{
	enum srtp_profile p;

	if (srtp_profile_find(sdes_suite_name(suite), &p) != 0)
		return tunnel_fault(err, SESSION_UNSUPPORTED, "/profiles", "no such SRTP profile");
	s->profile = (uint8_t)p;
	return SESSION_OK;
}

static void set_dtls_profiles(const struct tunnel_offer *o, struct leg_dtls *out)
{
	struct profiles p = profiles_of(o);

	out->profile_count = (uint8_t)p.count;
	memcpy(out->profile, p.profile, p.count);
}

static void set_fingerprints(const struct tunnel_desc *d, struct leg_dtls *out)
{
	out->fingerprint_count = (uint8_t)d->fingerprint_count;
	memcpy(out->fingerprint, d->fingerprint, sizeof(out->fingerprint));
}

static void set_remote_ice(const struct tunnel_desc *d, struct leg_ice *out)
{
	out->ufrag = d->ufrag;
	out->pwd = d->pwd;
	out->remote_lite = d->ice_lite;
	out->end_of_candidates = d->end_of_candidates;
	out->candidate_count = d->candidate_count;
	out->candidate = d->candidate;
}

/* ---- text ---------------------------------------------------------------------------------- */

static enum sdp_setup setup_name(enum leg_setup s)
{
	return s == LEG_SETUP_ACTIVE    ? SDP_SETUP_ACTIVE
	       : s == LEG_SETUP_PASSIVE ? SDP_SETUP_PASSIVE
					: SDP_SETUP_ACTPASS;
}

static enum session_fault write_text(const struct tunnel_offer *o, const struct leg_params *leg,
				     const struct sdp_key *key, unsigned int key_count,
				     const struct tunnel_desc *to, struct tunnel_result *out,
				     struct session_error *err)
{
	struct tunnel_say say = {.session = &out->session,
				 .payload_type = to != NULL ? to->payload_type : o->p.payload_type,
				 .security = (enum leg_security_type)leg->security.type,
				 .setup = setup_name((enum leg_setup)leg->security.dtls.setup),
				 .key = key,
				 .key_count = key_count,
				 .to = to};

	out->text.secret = true;
	if (getrandom(&say.origin, sizeof(say.origin), 0) != (ssize_t)sizeof(say.origin))
		return no_randomness(err);
	say.origin >>= 2;
	if (o->form == TUNNEL_SDP)
		tunnel_say_sdp(&out->text, &say);
	else
		tunnel_say_json(&out->text, &say);
	tnd_buf_addc(&out->text, '\0');
	if (out->text.oom)
		return tunnel_fault(err, SESSION_NO_MEMORY, "", "out of memory");
	out->text.len--;
	return SESSION_OK;
}

/* ---- our offer ----------------------------------------------------------------------------- */

static enum session_fault offer_keys(const struct tunnel_offer *o, struct leg_security *s,
				     struct tunnel_pending *pending, struct session_error *err)
{
	struct profiles p = profiles_of(o);
	enum session_fault f = SESSION_OK;
	enum sdes_suite suite;

	for (unsigned int i = 0; i < p.count && i < SDP_KEYS_MAX && f == SESSION_OK; i++) {
		if (!suite_of((enum srtp_profile)p.profile[i], &suite))
			return tunnel_fault(err, SESSION_UNSUPPORTED, "/profiles",
					    "no such SRTP profile");
		if (sdp_key_make(&pending->key[i], i + 1, suite) != 0)
			return no_randomness(err);
		pending->key_count = i + 1;
	}
	set_local(s, &pending->key[0]);
	return set_profile(s, (enum sdes_suite)pending->key[0].suite, err);
}

static enum session_fault offer_leg(const struct tunnel_offer *o, struct leg_params *leg,
				    struct tunnel_pending *pending, struct session_error *err)
{
	enum leg_ice_mode usual = o->p.mode == TUNNEL_CLIENT ? LEG_ICE_FULL : LEG_ICE_LITE;

	*leg = (struct leg_params){.rtcp = LEG_RTCP_MUX};
	leg->ice.mode = (uint8_t)(o->has_ice ? o->ice : usual);
	leg->security.type = (uint8_t)(o->has_security ? o->security : LEG_SECURITY_DTLS);
	leg->latch = (uint8_t)(o->has_latch ? o->latch : tunnel_usual_latch(leg));
	pending->security = (enum leg_security_type)leg->security.type;
	pending->ice = leg->ice.mode != LEG_ICE_NONE;
	if (leg->security.type == LEG_SECURITY_SDES)
		return offer_keys(o, &leg->security, pending, err);
	if (leg->security.type == LEG_SECURITY_DTLS) {
		leg->security.dtls.has_setup = true;
		leg->security.dtls.setup = (uint8_t)(o->has_setup ? o->setup : LEG_SETUP_ACTPASS);
		set_dtls_profiles(o, &leg->security.dtls);
	}
	return SESSION_OK;
}

static enum session_fault give_up(struct tunnel *tn, enum session_fault f)
{
	struct session_error undo;

	tunnel_end(tn, TUNNEL_DELETED, NULL, NULL, &undo);
	return f;
}

static enum session_fault make_offer(struct tunnels *t, const struct tunnel_offer *o,
				     struct tunnel_pending *pending, struct tunnel_result *out,
				     struct session_error *err)
{
	struct leg_params leg;
	struct tunnel *tn;
	enum session_fault f = offer_leg(o, &leg, pending, err);

	if (f == SESSION_OK)
		f = tunnel_new(t, &o->p, &leg, &tn, &out->session, err);
	if (f == SESSION_OK) {
		f = write_text(o, &leg, pending->key, pending->key_count, NULL, out, err);
		if (f == SESSION_OK)
			tn->pending = pending;
		else
			give_up(tn, f);
	}
	explicit_bzero(&leg, sizeof(leg));
	return f;
}

/* ---- our answer ---------------------------------------------------------------------------- */

/* What of their offer is to be taken; true: with DTLS. */
static enum session_fault choose_security(const struct tunnel_offer *o, const struct tunnel_desc *d,
					  enum leg_security_type *out, struct session_error *err)
{
	const char *path = path_of(o->remote_form);

	*out = !d->secure                 ? LEG_SECURITY_NONE
	       : d->fingerprint_count > 0 ? LEG_SECURITY_DTLS
					  : LEG_SECURITY_SDES;
	if (!o->has_security || o->security == *out)
		return SESSION_OK;
	if (o->security == LEG_SECURITY_SDES && d->crypto_count > 0) {
		*out = LEG_SECURITY_SDES;
		return SESSION_OK;
	}
	return tunnel_fault(err, SESSION_BAD_PARAMS, path, "the security asked for is not offered");
}

/* The line of theirs that comes first in our list. */
static const struct sdes *choose_crypto(const struct tunnel_offer *o, const struct tunnel_desc *d)
{
	struct profiles p = profiles_of(o);
	enum sdes_suite suite;

	for (unsigned int i = 0; i < p.count; i++)
		for (unsigned int k = 0; k < d->crypto_count; k++)
			if (suite_of((enum srtp_profile)p.profile[i], &suite) &&
			    d->crypto[k].suite == suite)
				return &d->crypto[k];
	return NULL;
}

static enum session_fault answer_sdes(const struct tunnel_offer *o, const struct tunnel_desc *d,
				      struct leg_security *s, struct sdp_key *key,
				      struct session_error *err)
{
	const struct sdes *theirs = choose_crypto(o, d);

	if (theirs == NULL)
		return tunnel_fault(err, SESSION_BAD_PARAMS, path_of(o->remote_form),
				    "none of its crypto lines is of a profile that is allowed");
	if (sdp_key_make(key, theirs->tag, theirs->suite) != 0)
		return no_randomness(err);
	set_local(s, key);
	s->remote = theirs->key[0];
	return set_profile(s, theirs->suite, err);
}

/* Our part, by theirs (RFC 5763 §5): passive where there is a choice, unless it is asked for. */
static enum session_fault answer_dtls(const struct tunnel_offer *o, const struct tunnel_desc *d,
				      struct leg_security *s, struct session_error *err)
{
	enum leg_setup setup =
		o->has_setup && o->setup == LEG_SETUP_ACTIVE ? LEG_SETUP_ACTIVE : LEG_SETUP_PASSIVE;

	if (d->setup == SDP_SETUP_PASSIVE)
		setup = LEG_SETUP_ACTIVE;
	if (d->setup == SDP_SETUP_ACTIVE)
		setup = LEG_SETUP_PASSIVE;
	if (o->has_setup && o->setup != LEG_SETUP_ACTPASS && o->setup != setup)
		return tunnel_fault(err, SESSION_BAD_PARAMS, "/setup",
				    "both sides would have the same part in DTLS");
	s->type = LEG_SECURITY_DTLS;
	s->dtls.has_setup = true;
	s->dtls.setup = (uint8_t)setup;
	set_fingerprints(d, &s->dtls);
	set_dtls_profiles(o, &s->dtls);
	return SESSION_OK;
}

static void answer_place(const struct tunnel_offer *o, const struct tunnel_desc *d,
			 struct leg_params *leg)
{
	enum leg_ice_mode usual = o->p.mode == TUNNEL_CLIENT ? LEG_ICE_FULL : LEG_ICE_LITE;

	if (d->ufrag == NULL || (o->has_ice && o->ice == LEG_ICE_NONE && d->has_place)) {
		leg->has_remote = true;
		leg->remote = (struct leg_remote){.ip = d->ip, .port = d->port};
		return;
	}
	leg->ice.mode = (uint8_t)(o->has_ice && o->ice != LEG_ICE_NONE ? o->ice : usual);
	/* Two that only answer would wait for each other. */
	if (d->ice_lite)
		leg->ice.mode = LEG_ICE_FULL;
	if (leg->ice.mode == LEG_ICE_FULL) {
		leg->ice.has_role = true;
		leg->ice.role = d->ice_lite ? LEG_ICE_CONTROLLING : LEG_ICE_CONTROLLED;
	}
	set_remote_ice(d, &leg->ice);
}

static enum session_fault answer_leg(const struct tunnel_offer *o, const struct tunnel_desc *d,
				     struct leg_params *leg, struct sdp_key *key,
				     struct session_error *err)
{
	enum leg_security_type type;
	enum session_fault f = choose_security(o, d, &type, err);

	*leg = (struct leg_params){.rtcp = LEG_RTCP_MUX};
	if (f == SESSION_OK && type == LEG_SECURITY_SDES)
		f = answer_sdes(o, d, &leg->security, key, err);
	else if (f == SESSION_OK && type == LEG_SECURITY_DTLS)
		f = answer_dtls(o, d, &leg->security, err);
	if (f != SESSION_OK)
		return f;
	answer_place(o, d, leg);
	leg->latch = (uint8_t)(o->has_latch ? o->latch : tunnel_usual_latch(leg));
	return SESSION_OK;
}

static enum session_fault answer_offer(struct tunnels *t, const struct tunnel_offer *o,
				       const struct tunnel_desc *d, struct tunnel_result *out,
				       struct session_error *err)
{
	struct tunnel_params p = o->p;
	struct sdp_key key = {.tag = 0};
	struct leg_params leg;
	struct tunnel *tn;
	enum session_fault f = answer_leg(o, d, &leg, &key, err);

	p.payload_type = d->payload_type;
	if (p.address < 0)
		p.address = tunnel_address(t, -1, d->has_place ? &d->ip : NULL);
	if (f == SESSION_OK && p.mode == TUNNEL_SERVER && p.user == NULL && p.network_count == 0)
		f = tunnel_fault(err, SESSION_BAD_PARAMS, "/user",
				 "neither a user nor networks: nothing would be routed to it");
	if (f == SESSION_OK)
		f = tunnel_new(t, &p, &leg, &tn, &out->session, err);
	if (f == SESSION_OK) {
		f = write_text(o, &leg, &key, 1, d, out, err);
		if (f != SESSION_OK)
			give_up(tn, f);
		else
			out->has_info = tunnel_server_info(tn, &out->info);
	}
	explicit_bzero(&key, sizeof(key));
	explicit_bzero(&leg, sizeof(leg));
	return f;
}

/* ---- offers -------------------------------------------------------------------------------- */

enum session_fault tunnel_offer(struct tunnels *t, const struct tunnel_offer *o,
				struct tunnel_result *out, struct session_error *err)
{
	struct tunnel_pending *pending = NULL;
	enum session_fault f;

	memset(out, 0, sizeof(*out));
	if (tunnel_by_id(t, o->p.id) != NULL)
		return tunnel_fault(err, SESSION_CONFLICT, "/id",
				    "there is a tunnel of this id: a call that begins anew has "
				    "another one");
	if (o->remote == NULL) {
		pending = calloc(1, sizeof(*pending));
		if (pending == NULL)
			return tunnel_fault(err, SESSION_NO_MEMORY, "", "out of memory");
		f = make_offer(t, o, pending, out, err);
	} else if (o->form != o->remote_form) {
		return tunnel_fault(err, SESSION_BAD_PARAMS, "/form",
				    "an answer has the form of its offer");
	} else {
		f = tunnel_desc_read(o->remote, o->remote_form, &t->desc, err);
		if (f == SESSION_OK)
			f = answer_offer(t, o, &t->desc, out, err);
		tunnel_desc_wipe(&t->desc);
	}
	if (f == SESSION_OK) {
		out->created = true;
		return SESSION_OK;
	}
	tunnel_leg_path(err, o->remote != NULL ? path_of(o->remote_form) : NULL);
	if (pending != NULL)
		explicit_bzero(pending, sizeof(*pending));
	free(pending);
	return f;
}

/* ---- their answer -------------------------------------------------------------------------- */

static enum session_fault answered_dtls(const struct tunnel_desc *d, const char *path,
					struct leg_security *s, struct session_error *err)
{
	if (d->fingerprint_count == 0)
		return tunnel_fault(err, SESSION_BAD_PARAMS, path,
				    "DTLS was offered, and there is no fingerprint");
	if (d->setup == SDP_SETUP_ACTPASS || d->setup == SDP_SETUP_HOLDCONN)
		return tunnel_fault(err, SESSION_BAD_PARAMS, path, "setup %s in an answer",
				    sdp_setup_name(d->setup));
	s->type = LEG_SECURITY_DTLS;
	s->dtls.has_setup = true;
	s->dtls.setup = d->setup == SDP_SETUP_ACTIVE ? LEG_SETUP_PASSIVE : LEG_SETUP_ACTIVE;
	set_fingerprints(d, &s->dtls);
	return SESSION_OK;
}

static enum session_fault answered_sdes(const struct tunnel_pending *p, const struct tunnel_desc *d,
					const char *path, struct leg_security *s,
					struct session_error *err)
{
	for (unsigned int i = 0; d->crypto_count > 0 && i < p->key_count; i++) {
		const struct sdp_key *k = &p->key[i];

		if (k->tag != d->crypto[0].tag || k->suite != d->crypto[0].suite)
			continue;
		set_local(s, k);
		s->remote = d->crypto[0].key[0];
		return set_profile(s, (enum sdes_suite)k->suite, err);
	}
	return tunnel_fault(err, SESSION_BAD_PARAMS, path,
			    "no crypto line of a tag and suite that were offered");
}

static enum session_fault answered_leg(const struct tunnel *tn, const struct tunnel_desc *d,
				       const char *path, struct leg_change *c,
				       struct session_error *err)
{
	const struct tunnel_pending *p = tn->pending;
	enum session_fault f = SESSION_OK;

	c->set_security = p->security != LEG_SECURITY_NONE;
	if (p->security == LEG_SECURITY_DTLS)
		f = answered_dtls(d, path, &c->security, err);
	else if (p->security == LEG_SECURITY_SDES)
		f = answered_sdes(p, d, path, &c->security, err);
	else if (d->secure)
		f = tunnel_fault(err, SESSION_BAD_PARAMS, path, "SRTP was not offered");
	c->set_ice = p->ice;
	if (p->ice && d->ufrag != NULL) {
		c->ice.mode = LEG_ICE_AS_IS;
		set_remote_ice(d, &c->ice);
		return f;
	}
	c->ice.mode = LEG_ICE_NONE;
	c->set_remote = c->has_remote = true;
	c->remote = (struct leg_remote){.ip = d->ip, .port = d->port};
	return d->has_place || f != SESSION_OK
		       ? f
		       : tunnel_fault(err, SESSION_BAD_PARAMS, path, "no address and port");
}

/* Packets are sent with the type that they say, and come with ours. */
static void answered_inner(struct tunnel *tn, const struct tunnel_answer *a,
			   const struct tunnel_desc *d, struct leg_change *c)
{
	c->inner = tn->inner;
	if (d->payload_type != tn->inner.payload_type) {
		c->inner.payload_type = d->payload_type;
		c->inner.pt_strict = false;
	}
	if (a->info != NULL && a->info->mtu != 0 &&
	    (c->inner.mtu == 0 || a->info->mtu < c->inner.mtu))
		c->inner.mtu = a->info->mtu;
	c->set_inner = true;
}

struct answering {
	struct tunnel *tn;
	const struct tunnel_answer *a;
	struct tunnel *replaced; /* or NULL */
	bool sets_user, sets_networks;
	unsigned int count;
	struct net_prefix prefix[TUNNEL_PREFIXES];
};

/* Its networks will be those of the user it turned out to be as well. */
static enum session_fault find_user(struct answering *w, struct session_error *err)
{
	struct tunnel *tn = w->tn;
	const char *name = w->a->user;
	struct user user;
	enum session_fault f = tunnel_get_user(tn->t, name, &user, err);

	if (f == SESSION_OK && tn->mode != TUNNEL_SERVER)
		f = tunnel_fault(err, SESSION_BAD_PARAMS, "/user", "only of a server");
	if (f == SESSION_OK && tn->user[0] != '\0' && strcmp(tn->user, name) != 0)
		f = tunnel_fault(err, SESSION_CONFLICT, "/user", "it is another user's");
	if (f != SESSION_OK || tn->user[0] != '\0')
		return f;
	w->replaced = tunnel_by_user(tn->t, name);
	w->sets_user = w->sets_networks = true;
	w->count = tunnel_user_networks(tn->t, &user, tn->prefix, tn->prefix_count, w->prefix);
	return SESSION_OK;
}

/* Everything but the session itself, looked at before anything changes. */
static enum session_fault look(struct answering *w, struct session_error *err)
{
	struct tunnel *tn = w->tn;
	enum session_fault f = SESSION_OK;

	if (w->a->user != NULL)
		f = find_user(w, err);
	if (f == SESSION_OK && tn->auto_networks) {
		w->sets_networks = true;
		w->count = tunnel_client_networks(w->a->info, tn->inner.families, w->prefix);
	}
	if (f == SESSION_OK && w->sets_networks)
		f = tunnel_route_check(tn->t, tn, w->replaced, w->prefix, w->count, err);
	return f;
}

/* The session is as the answer says: now what is around it. */
static enum session_fault carry_out(struct answering *w, struct session_error *err)
{
	struct tunnel *tn = w->tn;
	enum session_fault f = SESSION_OK;

	if (w->replaced != NULL)
		f = tunnel_end(w->replaced, TUNNEL_REPLACED, NULL, NULL, err);
	if (f == SESSION_OK && w->a->info != NULL)
		f = tunnel_take_info(tn, w->a->info, err);
	else if (f == SESSION_OK && w->sets_networks)
		f = tunnel_route(tn, w->prefix, w->count, err);
	if (f == SESSION_OK && w->sets_user)
		tunnel_set_user(tn->t, tn, w->a->user);
	return f;
}

static enum session_fault answer(struct tunnel *tn, const struct tunnel_answer *a,
				 const struct tunnel_desc *d, struct tunnel_result *out,
				 struct session_error *err)
{
	struct session_change c = {.id = tn->id};
	struct answering w = {.tn = tn, .a = a};
	const char *path = path_of(a->remote_form);
	enum session_fault f = answered_leg(tn, d, path, &c.leg[0], err);

	answered_inner(tn, a, d, &c.leg[1]);
	if (f == SESSION_OK)
		f = look(&w, err);
	if (f == SESSION_OK) {
		f = session_update(tn->t->sessions, &c, &out->session, err);
		if (f != SESSION_OK)
			tunnel_leg_path(err, path);
	}
	if (f == SESSION_OK) {
		tn->inner = c.leg[1].inner;
		f = carry_out(&w, err);
	}
	explicit_bzero(&c, sizeof(c));
	return f;
}

enum session_fault tunnel_answer(struct tunnels *t, const struct tunnel_answer *a,
				 struct tunnel_result *out, struct session_error *err)
{
	struct tunnel *tn = tunnel_by_id(t, a->id);
	enum session_fault f;

	memset(out, 0, sizeof(*out));
	if (tn == NULL)
		return tunnel_not_found(err);
	if (tn->pending == NULL)
		return tunnel_fault(err, SESSION_WRONG_STATE, "/id",
				    "no offer of tandem's waits for an answer");
	if (a->info != NULL && tn->mode != TUNNEL_CLIENT)
		return tunnel_fault(err, SESSION_BAD_PARAMS, "/network_info",
				    "only a client is told");
	f = tunnel_desc_read(a->remote, a->remote_form, &t->desc, err);
	if (f == SESSION_OK)
		f = answer(tn, a, &t->desc, out, err);
	tunnel_desc_wipe(&t->desc);
	if (f != SESSION_OK)
		return f;
	tunnel_forget_pending(tn);
	tunnel_touch(tn);
	out->has_info = tunnel_server_info(tn, &out->info);
	if (a->info != NULL)
		tunnel_tell_network(tn, tn->info);
	return SESSION_OK;
}
