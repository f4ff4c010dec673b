/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp_work.h"

#include "session_offer.h"

#include <stdio.h>
#include <string.h>

/* Sessions of transports come before those that share them; there is one level only. */
enum { TRANSPORTS, SHARERS, PASSES };

static unsigned int pass_of(const struct sdp_state *s, unsigned int i, enum sdp_kind kind)
{
	for (unsigned int side = 0; side < SDP_SIDES; side++) {
		int bundle = s->section[i].side[side].bundle;

		if (kind == SDP_KIND_RTP && bundle >= 0 && bundle != (int)i)
			return SHARERS;
	}
	return TRANSPORTS;
}

static bool is_wanted(const struct sdp_state *s, unsigned int i, enum sdp_kind kind)
{
	return s->section[i].active && s->section[i].kind == kind;
}

static bool is_main(const struct sdp_state *s, unsigned int i, enum sdp_kind kind)
{
	return s->main == (int)i && s->main_kind == kind;
}

/* For its media, for the call's id, or for its transport, which others use. */
static bool is_needed(const struct sdp_state *s, unsigned int i, enum sdp_kind kind)
{
	if (is_wanted(s, i, kind) || is_main(s, i, kind))
		return true;
	for (unsigned int side = 0; kind == SDP_KIND_RTP && side < SDP_SIDES; side++)
		if (sdp_speaker(s, i, side) >= 0)
			return true;
	return false;
}

static void end_session(struct sdp_work *w, unsigned int i, enum sdp_kind kind)
{
	char id[SESSION_ID_MAX + 1];
	struct session_error err;

	w->next->section[i].life[kind] = SDP_NONE;
	for (unsigned int side = 0; kind == SDP_KIND_RTP && side < SDP_SIDES; side++)
		memset(w->next->section[i].side[side].types, 0,
		       sizeof(w->next->section[i].side[side].types));
	sdp_session_id(w->next, w->id, i, kind, id);
	session_delete(w->c->sessions, id, NULL, NULL, &err);
}

/* ---- offers -------------------------------------------------------------------------------- */

static enum session_fault create_one(struct sdp_work *w, unsigned int i, uint32_t idle_timeout_s)
{
	struct sdp_section_state *st = &w->next->section[i];
	char id[SESSION_ID_MAX + 1];
	struct session_params p = {
		.id = id, .idle_timeout_s = is_main(w->next, i, st->kind) ? idle_timeout_s : 0};
	enum session_fault f = SESSION_OK;
	struct leg_change noted;

	sdp_session_id(w->next, w->id, i, st->kind, id);
	w->c->arena_used = 0;
	for (unsigned int side = 0; side < SDP_SIDES && f == SESSION_OK; side++) {
		f = sdp_leg(w, i, st->kind, side, &p.leg[side]);
		sdp_leg_change(&p.leg[side], &noted);
		sdp_leg_note(w->next, i, st->kind, side, &noted);
		explicit_bzero(&noted, sizeof(noted));
	}
	if (f == SESSION_OK) {
		f = session_create(w->c->sessions, &p, &w->c->legs[i], w->err);
		if (f != SESSION_OK)
			f = sdp_leg_fault(w, i);
	}
	explicit_bzero(&p, sizeof(p));
	if (f == SESSION_OK && !w->c->legs[i].created) {
		w->err->fault = f = SESSION_CONFLICT;
		snprintf(w->err->path, sizeof(w->err->path), "/id");
		snprintf(w->err->reason, sizeof(w->err->reason),
			 "a session of this id exists, made otherwise");
	}
	if (f == SESSION_OK) {
		st->life[st->kind] = SDP_LIVE;
		w->created[i] = true;
	}
	return f;
}

/* What a session answers that is not to be changed. */
static enum session_fault ask_one(struct sdp_work *w, unsigned int i)
{
	char id[SESSION_ID_MAX + 1];
	const struct session_change nothing = {.id = id};

	sdp_session_id(w->next, w->id, i, w->next->section[i].kind, id);
	return session_update(w->c->sessions, &nothing, &w->c->legs[i], w->err);
}

enum session_fault sdp_work_create(struct sdp_work *w, uint32_t idle_timeout_s)
{
	enum session_fault f = SESSION_OK;

	for (unsigned int pass = 0; pass < PASSES; pass++)
		for (unsigned int i = 0; i < w->next->count && f == SESSION_OK; i++) {
			const struct sdp_section_state *st = &w->next->section[i];

			if (!st->active || pass_of(w->next, i, st->kind) != pass)
				continue;
			f = st->life[st->kind] == SDP_NONE ? create_one(w, i, idle_timeout_s)
							   : ask_one(w, i);
		}
	if (f != SESSION_OK)
		sdp_work_undo_create(w);
	return f;
}

void sdp_work_undo_create(struct sdp_work *w)
{
	for (unsigned int pass = PASSES; pass-- > 0;)
		for (unsigned int i = w->next->count; i-- > 0;)
			if (w->created[i] && pass_of(w->next, i, w->next->section[i].kind) == pass)
				end_session(w, i, w->next->section[i].kind);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* A session that is kept without media of its own says nothing but what its transport is to be. */
static enum session_fault change_leg(struct sdp_work *w, unsigned int i, enum sdp_kind kind,
				     unsigned int side, struct leg_change *out)
{
	struct leg_params p;
	enum session_fault f;

	*out = (struct leg_change){.set_hold = true, .hold = true};
	if (!is_wanted(w->next, i, kind) &&
	    (kind == SDP_KIND_UDP || sdp_speaker(w->next, i, side) < 0))
		return SESSION_OK;
	f = sdp_leg(w, i, kind, side, &p);
	if (f == SESSION_OK)
		sdp_leg_change(&p, out);
	explicit_bzero(&p, sizeof(p));
	return f;
}

static enum session_fault update_one(struct sdp_work *w, unsigned int i, enum sdp_kind kind)
{
	char id[SESSION_ID_MAX + 1];
	struct session_change change = {.id = id};
	struct session_answer parked, *to = is_wanted(w->next, i, kind) ? &w->c->legs[i] : &parked;
	enum session_fault f = SESSION_OK;

	sdp_session_id(w->next, w->id, i, kind, id);
	w->c->arena_used = 0;
	for (unsigned int side = 0; side < SDP_SIDES && f == SESSION_OK; side++)
		f = change_leg(w, i, kind, side, &change.leg[side]);
	if (f == SESSION_OK) {
		f = session_update(w->c->sessions, &change, to, w->err);
		if (f != SESSION_OK)
			f = sdp_leg_fault(w, i);
	}
	for (unsigned int side = 0; side < SDP_SIDES && f == SESSION_OK; side++)
		sdp_leg_note(w->next, i, kind, side, &change.leg[side]);
	explicit_bzero(&change, sizeof(change));
	if (f == SESSION_OK) {
		w->next->section[i].life[kind] =
			is_wanted(w->next, i, kind) ? SDP_LIVE : SDP_PARKED;
		w->updated[i][kind] = true;
	}
	return f;
}

enum session_fault sdp_work_update(struct sdp_work *w, const struct sdp_state *before)
{
	enum session_fault f = sdp_types_cut(w);

	for (unsigned int pass = 0; pass < PASSES; pass++)
		for (unsigned int i = 0; i < w->next->count; i++)
			for (unsigned int k = 0; k < SDP_KINDS && f == SESSION_OK; k++)
				if (w->next->section[i].life[k] != SDP_NONE &&
				    is_needed(w->next, i, k) && pass_of(w->next, i, k) == pass)
					f = update_one(w, i, k);
	if (f != SESSION_OK)
		sdp_work_undo_update(w, before);
	return f;
}

void sdp_work_undo_update(struct sdp_work *w, const struct sdp_state *before)
{
	char id[SESSION_ID_MAX + 1];
	struct session_change change = {.id = id};
	struct session_answer answer;
	struct session_error err;

	sdp_types_cut_back(w, before);
	for (unsigned int i = 0; i < w->next->count; i++)
		for (unsigned int k = 0; k < SDP_KINDS; k++) {
			if (!w->updated[i][k])
				continue;
			sdp_session_id(w->next, w->id, i, k, id);
			for (unsigned int side = 0; side < SDP_SIDES; side++)
				sdp_leg_undo(before, i, k, side, &change.leg[side]);
			session_update(w->c->sessions, &change, &answer, &err);
		}
}

void sdp_work_offered(struct sdp_work *w, bool on)
{
	char id[SESSION_ID_MAX + 1];

	for (unsigned int i = 0; i < w->next->count; i++) {
		if (w->next->section[i].life[SDP_KIND_RTP] == SDP_NONE)
			continue;
		sdp_session_id(w->next, w->id, i, SDP_KIND_RTP, id);
		session_offered(w->c->sessions, id, 1 - w->next->offerer, on);
	}
}

void sdp_work_end_unneeded(struct sdp_work *w, const struct sdp_state *keep)
{
	for (unsigned int pass = PASSES; pass-- > 0;)
		for (unsigned int i = 0; i < w->next->count; i++)
			for (unsigned int k = 0; k < SDP_KINDS; k++) {
				bool kept = keep != NULL && i < keep->count &&
					    keep->section[i].life[k] != SDP_NONE;

				if (w->next->section[i].life[k] != SDP_NONE && !kept &&
				    pass_of(w->next, i, k) == pass && !is_needed(w->next, i, k))
					end_session(w, i, k);
			}
}
