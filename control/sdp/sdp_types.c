/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payload types by which sessions that share a transport are told apart. No two of them have the
 * same at any time, while an offer may stop one section and have another one with its types: the
 * stopped one's session has them until the answer, since until then its media goes on. So a new
 * session begins with what is left, an answer first takes away what somebody is to lose, and only
 * then gives.
 *
 * A session in a bundle has one type at least. One that is to have none has a stand-in: of 64 to
 * 95, which no packet has where RTCP is on RTP's port (RFC 5761 §4).
 */
#include <string.h>

#include "sdp_work.h"

#define STAND_IN 64

static bool is_empty(const uint64_t types[2])
{
	return (types[0] | types[1]) == 0;
}

static void stand_in(unsigned int i, uint64_t out[2])
{
	out[0] = 0;
	out[1] = UINT64_C(1) << (STAND_IN - 64 + i);
}

/* Its session's, with a transport that can be shared; NULL: there is none. */
static struct sdp_side *holder(struct sdp_state *s, unsigned int i, unsigned int side)
{
	struct sdp_side *h = &s->section[i].side[side];

	return s->section[i].life[SDP_KIND_RTP] != SDP_NONE && h->bundle >= 0 ? h : NULL;
}

/* What it is to have by what the parties have said. */
static void wanted(const struct sdp_work *w, unsigned int i, unsigned int side, uint64_t out[2])
{
	const struct sdp_section_state *st = &w->next->section[i];

	out[0] = out[1] = 0;
	if (st->active && st->kind == SDP_KIND_RTP)
		sdp_plan_types(w->next, side, w->said[w->next->offerer],
			       w->answering ? w->said[1 - w->next->offerer] : NULL, i, out);
}

void sdp_types(const struct sdp_work *w, unsigned int i, unsigned int side, uint64_t out[2])
{
	int bundle = w->next->section[i].side[side].bundle;

	wanted(w, i, side, out);
	for (unsigned int k = 0; !w->answering && k < w->next->count; k++) {
		const struct sdp_side *other = holder(w->next, k, side);

		if (k == i || other == NULL || other->bundle != bundle)
			continue;
		out[0] &= ~other->types[0];
		out[1] &= ~other->types[1];
	}
	if (is_empty(out))
		stand_in(i, out);
}

/* Takes away what isn't in `keep`, of both sides. True: anything. */
static bool cut_one(struct sdp_work *w, unsigned int i, const uint64_t keep[SDP_SIDES][2],
		    enum session_fault *f)
{
	char id[SESSION_ID_MAX + 1];
	struct session_change change = {.id = id};
	struct session_answer answer;
	bool any = false;

	for (unsigned int side = 0; side < SDP_SIDES; side++) {
		struct sdp_side *h = holder(w->next, i, side);
		struct leg_change *c = &change.leg[side];
		uint64_t *left = c->bundle.payload_types;

		if (h == NULL)
			continue;
		left[0] = h->types[0] & keep[side][0];
		left[1] = h->types[1] & keep[side][1];
		if (is_empty(left))
			stand_in(i, left);
		c->set_bundle = memcmp(left, h->types, sizeof(h->types)) != 0;
		any |= c->set_bundle;
	}
	*f = SESSION_OK;
	if (!any)
		return false;
	sdp_session_id(w->next, w->id, i, SDP_KIND_RTP, id);
	*f = session_update(w->c->sessions, &change, &answer, w->err);
	for (unsigned int side = 0; *f == SESSION_OK && side < SDP_SIDES; side++)
		sdp_leg_note(w->next, i, SDP_KIND_RTP, side, &change.leg[side]);
	return true;
}

enum session_fault sdp_types_cut(struct sdp_work *w)
{
	enum session_fault f = SESSION_OK;

	for (unsigned int i = 0; i < w->next->count && f == SESSION_OK; i++) {
		uint64_t keep[SDP_SIDES][2];

		for (unsigned int side = 0; side < SDP_SIDES; side++)
			wanted(w, i, side, keep[side]);
		if (cut_one(w, i, keep, &f))
			w->updated[i][SDP_KIND_RTP] = true;
	}
	return f;
}

void sdp_types_cut_back(struct sdp_work *w, const struct sdp_state *before)
{
	struct session_error unused, *err = w->err;
	enum session_fault f;

	w->err = &unused;
	for (unsigned int i = 0; i < w->next->count; i++) {
		uint64_t keep[SDP_SIDES][2];

		for (unsigned int side = 0; side < SDP_SIDES; side++)
			memcpy(keep[side], before->section[i].side[side].types, sizeof(keep[side]));
		cut_one(w, i, keep, &f);
	}
	w->err = err;
}
