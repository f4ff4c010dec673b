/* SPDX-License-Identifier: BSD-3-Clause */
/* From sections to legs: what a party has said, in the terms of call/. */
#include <stdio.h>
#include <string.h>

#include "sdp_work.h"

static enum session_fault set_fault(struct session_error *err, enum session_fault f,
				    const char *path, const char *reason)
{
	err->fault = f;
	snprintf(err->path, sizeof(err->path), "%s", path);
	snprintf(err->reason, sizeof(err->reason), "%s", reason);
	return f;
}

/* A zero-ended copy, until the next section. There is room for all of both texts. */
static const char *text_of(struct sdp_calls *c, struct sdp_view v)
{
	char *to = c->arena + c->arena_used;

	memcpy(to, v.at, v.len);
	to[v.len] = '\0';
	c->arena_used += v.len + 1;
	return to;
}

/* ---- faults -------------------------------------------------------------------------------- */

enum session_fault sdp_leg_fault(struct sdp_work *w, unsigned int i)
{
	struct session_error *err = w->err;
	unsigned int side = strncmp(err->path, "/legs/1", 7) == 0, line;
	char reason[sizeof(err->reason)];
	const char *member = err->path + 7;
	const struct sdp_facts *said;

	if (strncmp(err->path, "/legs/", 6) != 0)
		return err->fault;
	said = w->said[side];
	if (strcmp(member, "/address") == 0) {
		snprintf(err->path, sizeof(err->path), "/%s/address",
			 side == w->next->offerer ? "from" : "to");
		return err->fault;
	}
	if (said == NULL)
		said = w->said[1 - side];
	line = strncmp(member, "/remote", 7) == 0 && w->said[side] != NULL
		       ? said->section[i].c_line
		       : said->section[i].m->line;
	snprintf(reason, sizeof(reason), "line %u: %.170s", line, err->reason);
	return set_fault(err, err->fault, "/sdp", reason);
}

/* ---- members of a leg ---------------------------------------------------------------------- */

static void set_place(const struct sdp_section_state *st, unsigned int side,
		      const struct sdp_section_facts *f, struct leg_params *out)
{
	const struct sdp_side *s = &st->side[side];

	if (sdp_is_held(st, side, f)) {
		out->hold = true;
		return;
	}
	out->has_remote = true;
	out->remote = (struct leg_remote){.ip = f->c.ip, .port = f->m->port};
	if (out->rtcp == LEG_RTCP_NEXT)
		out->remote.rtcp_port = s->mux ? f->m->port : f->rtcp_port;
}

static void set_ice(struct sdp_work *w, unsigned int side, const struct sdp_side *s,
		    const struct sdp_section_facts *f, struct leg_ice *out)
{
	const struct sdp_facts *said = w->said[side];
	const char **candidate = w->c->candidate[side];
	struct sdp_part rest;
	struct sdp_line l;

	out->mode = s->ice == SDP_ICE_LITE ? LEG_ICE_LITE : LEG_ICE_FULL;
	/* Whoever offers controls, unless the other one can only be controlled (RFC 8445 §6.1.1).
	 */
	if (!w->answering && s->ice == SDP_ICE_FULL) {
		out->has_role = true;
		out->role = side == w->next->offerer && !(said != NULL && said->ice_lite)
				    ? LEG_ICE_CONTROLLED
				    : LEG_ICE_CONTROLLING;
	}
	if (f == NULL)
		return;
	out->ufrag = text_of(w->c, f->ufrag);
	out->pwd = text_of(w->c, f->pwd);
	out->remote_lite = said->ice_lite;
	out->end_of_candidates = f->end_of_candidates || !said->trickle;
	out->candidate = candidate;
	rest = f->m->part;
	while (out->candidate_count < SDP_CANDIDATES_MAX &&
	       sdp_next_attribute(&rest, "candidate", &l))
		candidate[out->candidate_count++] = text_of(w->c, l.value);
}

static enum srtp_profile profile_of(enum sdes_suite suite)
{
	enum srtp_profile p = SRTP_PROFILE_COUNT;

	srtp_profile_find(sdes_suite_name(suite), &p);
	return p;
}

/* The far end's key comes from the line that the plan has chosen. */
static enum session_fault set_sdes(struct sdp_work *w, unsigned int side, const struct sdp_side *s,
				   const struct sdp_section_facts *f, struct leg_security *out)
{
	const struct sdp_key *own = &s->key[0];
	struct sdp_error err;
	struct sdes chosen;
	int rc;

	out->type = LEG_SECURITY_SDES;
	out->has_profile = true;
	out->profile = (uint8_t)profile_of(own->suite);
	out->tag = own->tag;
	out->local.master_len = own->master_len;
	memcpy(out->local.master, own->master, own->master_len);
	if (out->profile == SRTP_PROFILE_COUNT)
		return set_fault(w->err, SESSION_UNSUPPORTED, "", "no such SRTP profile");
	if (f == NULL)
		return SESSION_OK;
	rc = side == w->next->offerer ? sdp_crypto_choose(f, &w->next->profile[side], &chosen, &err)
				      : sdp_crypto_match(f, own, 1, &chosen, &err);
	if (rc >= 0)
		out->remote = chosen.key[0];
	explicit_bzero(&chosen, sizeof(chosen));
	return rc >= 0 ? SESSION_OK : set_fault(w->err, SESSION_BAD_PARAMS, "/sdp", err.reason);
}

static enum leg_setup setup_of(const struct sdp_side *s)
{
	return s->setup == SDP_SETUP_ACTIVE    ? LEG_SETUP_ACTIVE
	       : s->setup == SDP_SETUP_PASSIVE ? LEG_SETUP_PASSIVE
					       : LEG_SETUP_ACTPASS;
}

/* Those that DTLS can agree upon (RFC 5764 §4.1.2, RFC 7714 §14.2). */
static bool is_for_dtls(enum sdes_suite suite)
{
	return suite == SDES_AES_CM_128_HMAC_SHA1_80 || suite == SDES_AES_CM_128_HMAC_SHA1_32 ||
	       suite == SDES_AEAD_AES_128_GCM || suite == SDES_AEAD_AES_256_GCM;
}

static void set_dtls(struct sdp_work *w, unsigned int side, const struct sdp_side *s,
		     const struct sdp_section_facts *f, struct leg_security *out)
{
	const struct sdp_profile *p = &w->next->profile[side];
	struct leg_dtls *d = &out->dtls;

	out->type = LEG_SECURITY_DTLS;
	d->has_setup = true;
	d->setup = (uint8_t)setup_of(s);
	d->renew = w->answering && s->renew;
	for (unsigned int k = 0; k < p->sdes_count; k++)
		if (is_for_dtls(p->sdes[k]))
			d->profile[d->profile_count++] = (uint8_t)profile_of(p->sdes[k]);
	for (unsigned int k = 0;
	     f != NULL && k < f->fingerprint_count && d->fingerprint_count < LEG_FINGERPRINTS; k++)
		d->fingerprint[d->fingerprint_count++] =
			(struct leg_fingerprint){.hash = text_of(w->c, f->fingerprint[k].hash),
						 .value = text_of(w->c, f->fingerprint[k].value)};
}

/* True: the leg shares another session's transport, and has nothing more of its own. */
static bool set_bundle(struct sdp_work *w, unsigned int i, unsigned int side,
		       struct leg_params *out)
{
	int bundle = w->next->section[i].side[side].bundle;
	char id[SESSION_ID_MAX + 1];

	if (bundle < 0)
		return false;
	if (w->next->section[i].active)
		sdp_types(w, i, side, out->bundle.payload_types);
	if (bundle == (int)i)
		return false;
	sdp_session_id(w->next, w->id, (unsigned int)bundle, SDP_KIND_RTP, id);
	out->bundle.transport = text_of(w->c, (struct sdp_view){id, strlen(id)});
	return true;
}

/* ---- legs ---------------------------------------------------------------------------------- */

static void set_base(const struct sdp_work *w, const struct sdp_section_state *st,
		     enum sdp_kind kind, unsigned int side, struct leg_params *out)
{
	const struct sdp_profile *p = &w->next->profile[side];

	*out = (struct leg_params){.address = p->address,
				   .latch = p->latch,
				   .dscp = p->dscp,
				   .kind = kind == SDP_KIND_UDP ? LEG_KIND_UDP : LEG_KIND_RTP,
				   .rtcp = LEG_RTCP_NONE,
				   .hold = !st->active || st->kind != kind};
	if (kind == SDP_KIND_UDP)
		return;
	out->rtcp = st->side[side].apart ? LEG_RTCP_NEXT : LEG_RTCP_MUX;
	out->no_feedback = !st->side[side].feedback;
	/* Whom an authentic check has chosen is known already. */
	if (st->side[side].ice != SDP_ICE_REMOVE)
		out->latch = LEG_LATCH_STRICT;
}

enum session_fault sdp_leg(struct sdp_work *w, unsigned int i, enum sdp_kind kind,
			   unsigned int side, struct leg_params *out)
{
	const struct sdp_section_state *st = &w->next->section[i];
	const struct sdp_section_facts *f = NULL;
	enum session_fault fault = SESSION_OK;
	const struct sdp_side *s;
	int speaker = (int)i;

	set_base(w, st, kind, side, out);
	if (kind == SDP_KIND_UDP) {
		if (!out->hold && w->said[side] != NULL)
			set_place(st, side, &w->said[side]->section[i], out);
		return SESSION_OK;
	}
	if (set_bundle(w, i, side, out))
		return SESSION_OK;
	speaker = sdp_speaker(w->next, i, side);
	s = &w->next->section[speaker >= 0 ? speaker : (int)i].side[side];
	if (w->said[side] != NULL && speaker >= 0)
		f = s->bundle >= 0 ? sdp_tagged(w->said[side], (unsigned int)speaker)
				   : &w->said[side]->section[speaker];
	if (s->security == SDP_SDES)
		fault = set_sdes(w, side, s, f, &out->security);
	else if (s->security == SDP_DTLS)
		set_dtls(w, side, s, f, &out->security);
	if (s->ice != SDP_ICE_REMOVE)
		set_ice(w, side, s, f, &out->ice);
	else if (f != NULL)
		set_place(st, side, f, out);
	return fault;
}

void sdp_leg_change(const struct leg_params *p, struct leg_change *out)
{
	bool shares = p->bundle.transport != NULL;

	*out = (struct leg_change){
		.set_remote = p->has_remote,
		.has_remote = p->has_remote,
		.remote = p->remote,
		.set_hold = true,
		.hold = p->hold,
		.set_feedback = true,
		.no_feedback = p->no_feedback,
		.set_security = !shares,
		.security = p->security,
		.set_ice = !shares,
		.ice = p->ice,
		.set_bundle = (p->bundle.payload_types[0] | p->bundle.payload_types[1]) != 0,
		.bundle = p->bundle};
}

void sdp_leg_note(struct sdp_state *s, unsigned int i, enum sdp_kind kind, unsigned int side,
		  const struct leg_change *c)
{
	struct sdp_place *place = &s->section[i].side[side].place[kind];

	if (c->set_bundle)
		memcpy(s->section[i].side[side].types, c->bundle.payload_types,
		       sizeof(s->section[i].side[side].types));
	if (c->set_hold)
		place->held = c->hold;
	if (!c->set_remote)
		return;
	place->known = c->has_remote;
	place->ip = c->remote.ip;
	place->port = c->remote.port;
	place->rtcp_port = c->remote.rtcp_port;
}

void sdp_leg_undo(const struct sdp_state *before, unsigned int i, enum sdp_kind kind,
		  unsigned int side, struct leg_change *out)
{
	const struct sdp_side *s = &before->section[i].side[side];
	const struct sdp_place *place = &s->place[kind];
	bool shares = kind == SDP_KIND_RTP && s->bundle >= 0 && s->bundle != (int)i;
	bool ice = kind == SDP_KIND_RTP && s->ice != SDP_ICE_REMOVE;

	*out = (struct leg_change){.set_hold = true, .hold = place->held};
	if (kind == SDP_KIND_RTP && s->bundle >= 0) {
		out->set_bundle = true;
		memcpy(out->bundle.payload_types, s->types, sizeof(s->types));
	}
	if (ice || shares)
		return;
	out->set_remote = true;
	out->has_remote = place->known;
	out->remote = (struct leg_remote){place->ip, place->port, place->rtcp_port};
}
