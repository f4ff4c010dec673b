/* SPDX-License-Identifier: BSD-3-Clause */
/* What a party offers, and what the other one is offered for it. */
#include "sdp_plan_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- offers: the side that makes it -------------------------------------------------------- */

static int offered_security(struct sdp_side *s, const struct sdp_profile *p,
			    const struct sdp_section_facts *f,
			    const struct sdp_section_facts *tagged, struct sdp_error *err)
{
	/* What the front end knows better: keys beside RTP/AVP. Never less than was offered. */
	enum sdp_transport t = sdp_transport_is_secure(f->transport) || !p->has_transport
				       ? f->transport
				       : p->transport;

	s->feedback = sdp_transport_has_feedback(t);
	if (!sdp_transport_is_secure(t)) {
		s->security = SDP_CLEAR;
	} else if (!sdp_transport_is_tls(t) && f->crypto_count > 0 &&
		   !(p->has_dtls && tagged->fingerprint_count > 0)) {
		s->security = SDP_SDES;
	} else if (tagged->fingerprint_count > 0) {
		s->security = SDP_DTLS;
	} else {
		return sdp_fault(err, f->m->line, "%s without a=%s", sdp_transport_name(t),
				 sdp_transport_is_tls(t) ? "fingerprint"
							 : "crypto or a=fingerprint");
	}
	return 0;
}

/* RFC 5763 §5: theirs in the offer, ours in the answer. What was agreed upon stays, if it can. */
static int offered_setup(struct sdp_side *s, const struct sdp_profile *p,
			 const struct sdp_section_facts *f, const struct sdp_section_facts *tagged,
			 struct sdp_error *err)
{
	bool active = p->has_dtls && p->dtls == SDP_SETUP_ACTIVE;

	switch (tagged->setup) {
	case SDP_SETUP_HOLDCONN:
		return plan_unsupported(err, f->m->line, "a=setup:holdconn in this section");
	case SDP_SETUP_PASSIVE: s->setup = SDP_SETUP_ACTIVE; break;
	case SDP_SETUP_ACTPASS:
		if (s->setup != SDP_SETUP_ACTIVE && s->setup != SDP_SETUP_PASSIVE)
			s->setup = active ? SDP_SETUP_ACTIVE : SDP_SETUP_PASSIVE;
		break;
	default: s->setup = SDP_SETUP_PASSIVE; break;
	}
	return 0;
}

/* A key of ours of the suite that was chosen, under the tag of the party's line. */
static int offered_key(struct sdp_side *s, const struct sdp_profile *p,
		       const struct sdp_section_facts *f, struct sdp_error *err)
{
	struct sdes chosen;
	int rc = sdp_crypto_choose(f, p, &chosen, err);

	if (rc == 0 && (s->key_count != 1 || s->key[0].suite != chosen.suite)) {
		rc = sdp_key_make(&s->key[0], chosen.tag, chosen.suite) == 0 ? 0 : -ENOMEM;
		s->key_count = 1;
	}
	s->key[0].tag = chosen.tag;
	explicit_bzero(&chosen, sizeof(chosen));
	return rc;
}

static void offered_ice(struct sdp_side *s, const struct sdp_profile *p,
			const struct sdp_facts *offer, const struct sdp_section_facts *tagged)
{
	if (tagged->ufrag.len == 0 || (p->has_ice && p->ice == SDP_ICE_REMOVE))
		s->ice = SDP_ICE_REMOVE;
	else if (p->has_ice)
		s->ice = p->ice;
	else
		s->ice = offer->ice_lite ? SDP_ICE_FULL : SDP_ICE_LITE;
}

/* `running`: there is a session already, whose RTCP stays where it is. */
static int offered_mux(struct sdp_side *s, const struct sdp_profile *p,
		       const struct sdp_section_facts *f, bool running, struct sdp_error *err)
{
	bool needed = s->ice != SDP_ICE_REMOVE || s->security == SDP_DTLS;

	if (running)
		return 0;
	s->mux = f->mux && (needed || !p->has_mux || p->mux != SDP_MUX_DEMUX);
	s->apart = !s->mux;
	if (s->mux)
		return 0;
	if (needed)
		return plan_unsupported(err, f->m->line,
					"ICE and DTLS need a=rtcp-mux in this section");
	if (p->has_mux && p->mux == SDP_MUX_REQUIRE)
		return plan_unsupported(
			err, f->m->line,
			"rtcp_mux is \"require\", but this section has no a=rtcp-mux");
	return 0;
}

/* Does the party's BUNDLE group count? If not, each section has its own transport. */
static bool takes_bundle(const struct sdp_profile *p)
{
	return !p->has_bundle || p->bundle;
}

static int offered_bundle(struct sdp_state *next, unsigned int by, const struct sdp_facts *offer,
			  unsigned int i, bool running, struct sdp_error *err)
{
	struct sdp_side *s = &next->section[i].side[by];
	const struct sdp_profile *p = &next->profile[by];
	int group = offer->section[i].group;

	if (running && s->bundle >= 0 && s->bundle != (int)i && group < 0)
		return plan_unsupported(err, offer->section[i].m->line,
					"this section can't leave its BUNDLE group while it runs");
	if (running)
		return 0;
	s->bundle = -1;
	if (group < 0 || !s->mux || s->security == SDP_SDES || !takes_bundle(p))
		return 0;
	s->bundle = (int8_t)plan_find_bundle(next, by, i, offer, group);
	if (s->bundle < 0)
		s->bundle = (int8_t)i;
	return 0;
}

static int offer_from(struct sdp_state *next, unsigned int by, const struct sdp_facts *offer,
		      unsigned int i, bool running, struct sdp_error *err)
{
	const struct sdp_section_facts *f = &offer->section[i], *tagged = f;
	const struct sdp_profile *p = &next->profile[by];
	struct sdp_side *s = &next->section[i].side[by];
	int rc = 0;

	if (running ? s->bundle >= 0 : takes_bundle(p))
		tagged = sdp_tagged(offer, i);
	if (plan_kind(f) == SDP_KIND_UDP)
		return plan_check_place(f, false, err);
	s->transport = f->transport;
	plan_said(s, f, tagged);
	rc = offered_security(s, p, f, tagged, err);
	if (rc == 0 && s->security == SDP_DTLS)
		rc = offered_setup(s, p, f, tagged, err);
	if (rc == 0 && s->security == SDP_SDES)
		rc = offered_key(s, p, f, err);
	if (rc == 0)
		offered_ice(s, p, offer, tagged);
	if (rc == 0)
		rc = offered_mux(s, p, f, running, err);
	if (rc == 0)
		rc = offered_bundle(next, by, offer, i, running, err);
	if (rc == 0)
		rc = plan_check_place(f, s->ice != SDP_ICE_REMOVE, err);
	return rc;
}

/* ---- offers: the side that is to answer ---------------------------------------------------- */

static void wanted_security(struct sdp_side *s, const struct sdp_profile *p,
			    enum sdp_transport from)
{
	enum sdp_transport t = p->has_transport ? p->transport : from;

	s->transport = (uint8_t)t;
	s->feedback = sdp_transport_has_feedback(t);
	s->security = SDP_CLEAR;
	if (sdp_transport_is_secure(t))
		s->security = sdp_transport_is_tls(t) || p->has_dtls ? SDP_DTLS : SDP_SDES;
	s->ice = p->has_ice ? p->ice : t == SDP_TLS_SAVPF ? SDP_ICE_LITE : SDP_ICE_REMOVE;
	s->setup = SDP_SETUP_NONE;
	if (s->security == SDP_DTLS)
		s->setup = p->has_dtls ? p->dtls : SDP_SETUP_ACTPASS;
}

/* Is this side spoken to as WebRTC wants it? */
static bool is_webrtc(const struct sdp_side *s)
{
	return s->security == SDP_DTLS && s->ice != SDP_ICE_REMOVE;
}

static bool mid_taken(const struct sdp_state *s, unsigned int side, const char *mid)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (strcmp(s->section[i].side[side].mid, mid) == 0)
			return true;
	return false;
}

/* The offerer's, if it has one; otherwise the section's number, with an x in front until free. */
static void give_mid(struct sdp_state *next, unsigned int side, unsigned int i)
{
	const char *theirs = next->section[i].side[1 - side].mid;
	char mid[SDP_MID_MAX + 1];

	if (theirs[0] != '\0' && !mid_taken(next, side, theirs)) {
		strcpy(next->section[i].side[side].mid, theirs);
		return;
	}
	snprintf(mid, sizeof(mid), "%u", i);
	while (mid_taken(next, side, mid) && strlen(mid) < SDP_MID_MAX) {
		memmove(mid + 1, mid, strlen(mid) + 1);
		mid[0] = 'x';
	}
	strcpy(next->section[i].side[side].mid, mid);
}

/* If one section needs it, all have it: mids are what BUNDLE groups and WebRTC go by. */
static void give_mids(struct sdp_state *next, unsigned int side)
{
	bool needed = false;

	for (unsigned int i = 0; i < next->count; i++)
		needed |= next->section[i].active && next->section[i].kind == SDP_KIND_RTP &&
			  (next->section[i].side[side].bundle >= 0 ||
			   is_webrtc(&next->section[i].side[side]));
	for (unsigned int i = 0; needed && i < next->count; i++)
		if (next->section[i].side[side].mid[0] == '\0')
			give_mid(next, side, i);
}

static void wanted_bundle(struct sdp_state *next, unsigned int side, unsigned int i,
			  const struct sdp_facts *offer)
{
	struct sdp_side *s = &next->section[i].side[side];
	const struct sdp_profile *p = &next->profile[side];

	s->bundle = -1;
	if (!s->mux || s->security == SDP_SDES || !(p->has_bundle ? p->bundle : is_webrtc(s)))
		return;
	/* A session that others share the transport of has both of its transports itself. */
	if (next->section[i].side[1 - side].bundle != (int)i)
		s->bundle = (int8_t)plan_find_bundle(next, side, i, offer, -1);
	if (s->bundle < 0)
		s->bundle = (int8_t)i;
}

static int wanted_keys(struct sdp_side *s, const struct sdp_profile *p)
{
	int keys = 0;

	explicit_bzero(s->key, sizeof(s->key));
	if (s->security == SDP_SDES)
		keys = sdp_keys_offer(p, s->key);
	s->key_count = keys > 0 ? (uint8_t)keys : 0;
	return keys < 0 ? -ENOMEM : 0;
}

static int offer_to(struct sdp_state *next, unsigned int side, const struct sdp_facts *offer,
		    unsigned int i, struct sdp_error *err)
{
	const struct sdp_section_facts *f = &offer->section[i];
	const struct sdp_profile *p = &next->profile[side];
	struct sdp_side *s = &next->section[i].side[side];
	bool needed;

	wanted_security(s, p, f->transport);
	needed = s->ice != SDP_ICE_REMOVE || s->security == SDP_DTLS;
	if (needed && p->has_mux && p->mux == SDP_MUX_DEMUX)
		return plan_unsupported(err, f->m->line,
					"ICE and DTLS need rtcp_mux \"require\" or \"offer\"");
	s->mux = needed || (p->has_mux && p->mux == SDP_MUX_REQUIRE);
	s->apart = !s->mux;
	wanted_bundle(next, side, i, offer);
	return wanted_keys(s, p);
}

/* ---- offers -------------------------------------------------------------------------------- */

/* In a bundle, a section without a payload type of its own can't be told from the others. */
static bool distinct(const struct sdp_state *next, const struct sdp_facts *offer, unsigned int i)
{
	uint64_t types[2];

	for (unsigned int side = 0; side < SDP_SIDES; side++)
		if (sdp_bundle(&next->section[i], side) >= 0 &&
		    !sdp_plan_types(next, side, offer, NULL, i, types))
			return false;
	return true;
}

/* Nothing is decided about it, but its m= lines say RTP in each party's way. */
static void refuse(struct sdp_state *next, unsigned int by, const struct sdp_section_facts *f,
		   unsigned int i)
{
	struct sdp_section_state *st = &next->section[i];
	const struct sdp_profile *p = &next->profile[1 - by];

	if (!sdp_transport_is_rtp(f->transport) || st->life[SDP_KIND_RTP] != SDP_NONE)
		return;
	st->side[by].transport = f->transport;
	st->side[1 - by].transport = p->has_transport ? p->transport : f->transport;
}

static int offer_section(struct sdp_state *next, unsigned int by, const struct sdp_facts *offer,
			 unsigned int i, struct sdp_error *err)
{
	const struct sdp_section_facts *f = &offer->section[i];
	struct sdp_section_state *st = &next->section[i];
	bool running;
	int rc;

	snprintf(st->side[by].mid, sizeof(st->side[by].mid), "%.*s", (int)f->mid.len, f->mid.at);
	st->active = f->active && f->transport != SDP_OTHER &&
		     (f->m->port != 0 || takes_bundle(&next->profile[by]));
	if (!st->active) {
		refuse(next, by, f, i);
		return 0;
	}
	st->kind = (uint8_t)plan_kind(f);
	running = st->life[st->kind] != SDP_NONE;
	if (!running && st->life[1 - st->kind] == SDP_NONE)
		st->first_kind = st->kind;
	if (next->main < 0) {
		next->main = (int8_t)i;
		next->main_kind = st->kind;
	}
	rc = offer_from(next, by, offer, i, running, err);
	if (rc == 0 && !running && st->kind == SDP_KIND_RTP)
		rc = offer_to(next, 1 - by, offer, i, err);
	if (rc == 0 && !distinct(next, offer, i))
		st->active = false;
	return rc;
}

int sdp_plan_offer(struct sdp_state *next, unsigned int by, const struct sdp_facts *offer,
		   struct sdp_error *err)
{
	int rc = 0;

	if (offer->sdp.count < next->count)
		return sdp_fault(err, 0,
				 "%u sections, but there have been %u: sections are "
				 "switched off by port 0, never left out",
				 offer->sdp.count, next->count);
	next->offerer = (uint8_t)by;
	next->trickle[by] = offer->trickle;
	for (unsigned int i = 0; rc == 0 && i < offer->sdp.count; i++)
		rc = offer_section(next, by, offer, i, err);
	give_mids(next, 1 - by);
	if (rc == 0 && next->main < 0)
		return plan_unsupported(err, offer->sdp.count > 0 ? offer->section[0].m->line : 0,
					"no section that can be relayed");
	return rc;
}
