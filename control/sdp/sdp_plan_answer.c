/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp_plan_private.h"

#include <errno.h>
#include <string.h>

/* ---- answers ------------------------------------------------------------------------------- */

/* Theirs in the answer; without one, RFC 4145 §4 has the answerer passive. */
static int answered_setup(struct sdp_side *s, const struct sdp_profile *p,
			  const struct sdp_section_facts *f, const struct sdp_section_facts *tagged,
			  struct sdp_error *err)
{
	enum sdp_setup offered = p->has_dtls ? p->dtls : SDP_SETUP_ACTPASS;

	if (tagged->setup == SDP_SETUP_ACTPASS || tagged->setup == SDP_SETUP_HOLDCONN)
		return sdp_fault(err, f->m->line, "a=setup:%s in an answer",
				 sdp_setup_name(tagged->setup));
	s->setup = tagged->setup == SDP_SETUP_ACTIVE ? SDP_SETUP_PASSIVE : SDP_SETUP_ACTIVE;
	if (offered != SDP_SETUP_ACTPASS && offered != s->setup)
		return sdp_fault(err, f->m->line,
				 "a=setup:%s was offered and can't be answered "
				 "with the same",
				 sdp_setup_name(offered));
	return 0;
}

static int answered_security(struct sdp_side *s, const struct sdp_profile *p,
			     const struct sdp_section_facts *f,
			     const struct sdp_section_facts *tagged, struct sdp_error *err)
{
	struct sdes chosen;
	int rc;

	switch ((enum sdp_security)s->security) {
	case SDP_CLEAR:
		return sdp_transport_is_secure(f->transport)
			       ? sdp_fault(err, f->m->line, "SRTP was not offered")
			       : 0;
	case SDP_DTLS:
		if (tagged->fingerprint_count == 0)
			return sdp_fault(err, f->m->line,
					 "DTLS was offered, and this section has no a=fingerprint");
		return answered_setup(s, p, f, tagged, err);
	case SDP_SDES: break;
	}
	rc = sdp_crypto_match(f, s->key, s->key_count, &chosen, err);
	explicit_bzero(&chosen, sizeof(chosen));
	if (rc < 0)
		return rc;
	s->key[0] = s->key[rc];
	explicit_bzero(&s->key[1], sizeof(s->key) - sizeof(s->key[0]));
	s->key_count = 1;
	return 0;
}

static int answered_mux(struct sdp_side *s, const struct sdp_profile *p,
			const struct sdp_section_facts *f, struct sdp_error *err)
{
	if (s->mux && !f->mux)
		return plan_unsupported(err, f->m->line,
					"a=rtcp-mux was required, and this section has none");
	if (f->mux && p->has_mux && p->mux == SDP_MUX_OFFER)
		s->mux = true;
	return 0;
}

static int answered_bundle(const struct sdp_side *s, const struct sdp_facts *answer, unsigned int i,
			   struct sdp_error *err)
{
	const struct sdp_section_facts *f = &answer->section[i];

	if (s->bundle < 0 || s->bundle == (int)i)
		return 0;
	if (f->group < 0)
		return plan_unsupported(
			err, f->m->line,
			"this section was offered in a BUNDLE group, and is answered "
			"outside of it");
	return 0;
}

static int answer_section(struct sdp_state *next, unsigned int side, const struct sdp_facts *answer,
			  unsigned int i, struct sdp_error *err)
{
	const struct sdp_section_facts *f = &answer->section[i], *tagged = f;
	const struct sdp_profile *p = &next->profile[side];
	struct sdp_section_state *st = &next->section[i];
	struct sdp_side *s = &st->side[side];
	int rc;

	if (!st->active || !f->active) {
		st->active = false;
		return 0;
	}
	if (f->transport == SDP_OTHER || plan_kind(f) != st->kind)
		return sdp_fault(err, f->m->line, "not the transport that was offered");
	if (s->bundle >= 0)
		tagged = sdp_tagged(answer, i);
	plan_said(s, f, tagged);
	if (st->kind == SDP_KIND_UDP)
		return plan_check_place(f, false, err);
	s->feedback = s->feedback && sdp_transport_has_feedback(f->transport);
	if (tagged->ufrag.len == 0)
		s->ice = SDP_ICE_REMOVE;
	rc = answered_security(s, p, f, tagged, err);
	if (rc == 0)
		rc = answered_mux(s, p, f, err);
	if (rc == 0)
		rc = answered_bundle(s, answer, i, err);
	if (rc == 0)
		rc = plan_check_place(f, s->ice != SDP_ICE_REMOVE, err);
	return rc;
}

/* Answers can't widen what a section has to be told by; they may empty it. */
static int check_types(const struct sdp_state *next, const struct sdp_facts *offer,
		       const struct sdp_facts *answer, struct sdp_error *err)
{
	uint64_t types[2];

	for (unsigned int i = 0; i < next->count; i++)
		for (unsigned int side = 0; side < SDP_SIDES; side++)
			if (next->section[i].active && sdp_bundle(&next->section[i], side) >= 0 &&
			    !sdp_plan_types(next, side, offer, answer, i, types))
				return sdp_fault(err, answer->section[i].m->line,
						 "no payload type that is not of another section "
						 "of the bundle as well");
	return 0;
}

int sdp_plan_answer(struct sdp_state *next, const struct sdp_facts *offer,
		    const struct sdp_facts *answer, struct sdp_error *err)
{
	unsigned int side = 1 - next->offerer;
	int rc = 0;

	if (answer->sdp.count != next->count)
		return sdp_fault(err, 0, "%u sections, but %u were offered", answer->sdp.count,
				 next->count);
	next->trickle[side] = answer->trickle;
	for (unsigned int i = 0; rc == 0 && i < next->count; i++)
		rc = answer_section(next, side, answer, i, err);
	return rc == 0 ? check_types(next, offer, answer, err) : rc;
}
