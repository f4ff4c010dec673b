/* SPDX-License-Identifier: BSD-3-Clause */
/* Offers and answers carried out: everything that can fail, in order; then what can't. */
#include "sdp_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdp_work.h"

static enum session_fault fault(struct session_error *err, enum session_fault f, const char *path,
				const char *reason)
{
	err->fault = f;
	snprintf(err->path, sizeof(err->path), "%s", path);
	snprintf(err->reason, sizeof(err->reason), "%s", reason);
	return f;
}

/* What is wrong with a description. */
static enum session_fault text_fault(struct session_error *err, int rc, const struct sdp_error *e)
{
	char reason[sizeof(err->reason)];

	if (rc == -ENOMEM)
		return fault(err, SESSION_NO_MEMORY, "", "out of memory");
	if (e->line > 0)
		snprintf(reason, sizeof(reason), "line %u: %s", e->line, e->reason);
	else
		snprintf(reason, sizeof(reason), "%s", e->reason);
	return fault(err, rc == -ENOTSUP ? SESSION_UNSUPPORTED : SESSION_BAD_PARAMS, "/sdp",
		     reason);
}

/* ---- the text and what is told besides ----------------------------------------------------- */

static void fill_result(const struct sdp_work *w, struct sdp_result *out)
{
	out->count = w->next->count;
	for (unsigned int i = 0; i < w->next->count; i++) {
		const struct sdp_section_state *st = &w->next->section[i];

		out->section[i].active = st->active;
		out->section[i].session[0] = '\0';
		if (st->life[st->kind] != SDP_NONE)
			sdp_session_id(w->next, w->id, i, st->kind, out->section[i].session);
	}
}

static void fill_local(struct sdp_work *w, unsigned int i, unsigned int side)
{
	const struct config *config = w->c->h->config;
	const struct session_answer *a = &w->c->legs[i];
	struct sdp_local *l = &w->c->local[i];

	*l = (struct sdp_local){.ip = config->addresses[w->next->profile[side].address].advertise};
	if (!w->next->section[i].active)
		return;
	l->ip = a->leg[side].local.ip;
	l->port = a->leg[side].local.port;
	l->rtcp_port = a->leg[side].rtcp.port;
	if (a->leg[side].ice.on) {
		l->ufrag = a->leg[side].ice.ufrag;
		l->pwd = a->leg[side].ice.pwd;
		l->candidate_count = a->leg[side].ice.candidate_count;
		for (unsigned int k = 0; k < l->candidate_count && k < SDP_LOCAL_CANDIDATES; k++)
			l->candidate[k] = a->leg[side].ice.candidate[k];
	}
	if (a->leg[side].dtls.on) {
		l->hash = a->leg[side].dtls.hash;
		l->fingerprint = a->leg[side].dtls.fingerprint;
	}
}

/* `who` is changed only if the text is whole. */
static enum session_fault write_text(struct sdp_work *w, unsigned int to, struct tnd_buf *out,
				     struct sdp_identity *who)
{
	struct sdp_identity next = *who;

	for (unsigned int i = 0; i < w->next->count; i++)
		fill_local(w, i, to);
	out->secret = true;
	sdp_write(out, w->said[1 - to], w->next, to, !w->answering, w->c->local, &next);
	tnd_buf_addc(out, '\0');
	if (out->oom)
		return fault(w->err, SESSION_NO_MEMORY, "", "out of memory");
	out->len--;
	*who = next;
	return SESSION_OK;
}

/* ---- offers -------------------------------------------------------------------------------- */

/* Of the family that the offer is at home in, the first. */
static uint16_t usual_address(const struct sdp_calls *c, const struct sdp_facts *offer)
{
	const struct config *config = c->h->config;

	for (unsigned int i = 0; i < offer->sdp.count; i++) {
		const struct sdp_connection *at = &offer->section[i].c;

		if (!offer->section[i].active || at->is_name || wire_ip_is_any(&at->ip))
			continue;
		for (unsigned int k = 0; k < config->address_count; k++)
			if (wire_ip_is4(&config->addresses[k].ip) == wire_ip_is4(&at->ip))
				return (uint16_t)k;
	}
	return 0;
}

static void set_profile(struct sdp_profile *p, const struct sdp_profile *given)
{
	uint16_t address = p->address;
	bool has_address = p->has_address;

	if (given == NULL)
		return;
	*p = *given;
	if (!p->has_address) {
		p->address = address;
		p->has_address = has_address;
	}
}

static void set_profiles(struct sdp_work *w, const struct sdp_offer *o, bool first)
{
	struct sdp_profile *from = &w->next->profile[o->by], *to = &w->next->profile[1 - o->by];

	if (first)
		*from = *to =
			(struct sdp_profile){.latch = LEG_LATCH_STRICT, .dscp = SESSION_DSCP_KEEP};
	set_profile(from, o->from);
	set_profile(to, o->to);
	if (!from->has_address)
		from->address = usual_address(w->c, w->said[o->by]);
	if (!to->has_address)
		to->address = from->address;
	from->has_address = to->has_address = true;
}

static enum session_fault check_offer(const struct sdp_call *call, const struct sdp_offer *o,
				      struct session_error *err)
{
	if (strlen(o->id) > SESSION_ID_MAX - sizeof("/31-udp") + 1)
		return fault(err, SESSION_BAD_PARAMS, "/id",
			     "at most 121 bytes: further sections add to it");
	if (call == NULL && o->by != 0)
		return fault(err, SESSION_BAD_PARAMS, "/by",
			     "no call of this id: its first offer is made by 0");
	if (call != NULL && call->pending && call->offered->offerer != o->by)
		return fault(err, SESSION_WRONG_STATE, "/by",
			     "the other party's offer has not been answered yet");
	return SESSION_OK;
}

/* Make the offer the call's latest one. What fails here fails before anything is changed. */
static enum session_fault keep_offer(struct sdp_work *w, struct sdp_call *call,
				     const struct sdp_offer *o)
{
	char *text = malloc(o->len + 1);

	if (text == NULL)
		return fault(w->err, SESSION_NO_MEMORY, "", "out of memory");
	memcpy(text, o->sdp, o->len);
	sdp_call_forget_offer(call);
	call->offer = text;
	call->offer_len = o->len;
	sdp_state_free(call->offered);
	call->offered = w->next;
	call->pending = true;
	return SESSION_OK;
}

static enum session_fault offer(struct sdp_work *w, struct sdp_call *call,
				const struct sdp_offer *o, bool first, struct tnd_buf *out,
				struct sdp_result *result)
{
	struct sdp_identity who = call->who[1 - o->by];
	enum session_fault f;
	struct sdp_error e;
	int rc;

	set_profiles(w, o, first);
	rc = sdp_plan_offer(w->next, o->by, w->said[o->by], &e);
	if (rc != 0)
		return text_fault(w->err, rc, &e);
	f = sdp_work_create(w, o->idle_timeout_s);
	if (f != SESSION_OK)
		return f;
	f = write_text(w, 1 - o->by, out, &who);
	if (f == SESSION_OK)
		f = keep_offer(w, call, o);
	if (f != SESSION_OK) {
		sdp_work_undo_create(w);
		return f;
	}
	call->who[1 - o->by] = who;
	sdp_work_end_unneeded(w, call->now);
	sdp_work_offered(w, true);
	fill_result(w, result);
	return SESSION_OK;
}

enum session_fault sdp_call_offer(struct sdp_calls *c, const struct sdp_offer *o,
				  struct tnd_buf *sdp, struct sdp_result *result,
				  struct session_error *err)
{
	struct sdp_call *call = sdp_table_find(c, o->id), *fresh = NULL;
	struct sdp_work w = {.c = c, .id = o->id, .err = err};
	const struct sdp_state *base = NULL;
	enum session_fault f = check_offer(call, o, err);
	struct sdp_error e;
	int rc;

	if (f != SESSION_OK)
		return f;
	rc = sdp_read(o->sdp, o->len, &c->offer, &e);
	if (rc != 0)
		return text_fault(err, rc, &e);
	w.said[o->by] = &c->offer;
	if (call == NULL)
		call = fresh = sdp_table_new(o->id);
	else
		base = call->pending ? call->offered : call->now;
	w.next = call != NULL ? sdp_state_new(base, c->offer.sdp.count) : NULL;
	if (w.next == NULL)
		f = fault(err, SESSION_NO_MEMORY, "", "out of memory");
	else
		f = offer(&w, call, o, fresh != NULL, sdp, result);
	if (f == SESSION_OK && fresh != NULL)
		sdp_table_add(c, fresh);
	if (f != SESSION_OK) {
		sdp_state_free(w.next);
		if (fresh != NULL)
			sdp_table_free_call(fresh);
	}
	return f;
}

/* ---- answers ------------------------------------------------------------------------------- */

/* Sections that have lost their session since: refused by an earlier answer, or ended. */
static void leave_out_ended(struct sdp_state *s)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (s->section[i].life[s->section[i].kind] == SDP_NONE)
			s->section[i].active = false;
}

static void keep_told(struct sdp_side *to, const struct sdp_side *from)
{
	memcpy(to->place, from->place, sizeof(to->place));
	memcpy(to->types, from->types, sizeof(to->types));
}

/* The offered state lives on for a further answer; of sessions it knows what there is now. */
static void keep_answer(struct sdp_work *w, struct sdp_call *call)
{
	for (unsigned int i = 0; i < w->next->count; i++) {
		struct sdp_section_state *offered = &call->offered->section[i];

		memcpy(offered->life, w->next->section[i].life, sizeof(offered->life));
		for (unsigned int side = 0; side < SDP_SIDES; side++)
			keep_told(&offered->side[side], &w->next->section[i].side[side]);
	}
	sdp_state_free(call->now);
	call->now = w->next;
	call->pending = false;
}

static enum session_fault answer(struct sdp_work *w, struct sdp_call *call, struct tnd_buf *out,
				 struct sdp_result *result)
{
	unsigned int offerer = w->next->offerer;
	struct sdp_identity who = call->who[offerer];
	enum session_fault f;
	struct sdp_error e;
	int rc;

	leave_out_ended(w->next);
	rc = sdp_plan_answer(w->next, w->said[offerer], w->said[1 - offerer], &e);
	if (rc != 0)
		return text_fault(w->err, rc, &e);
	/* A further answer to it may be another device's. */
	sdp_work_offered(w, true);
	f = sdp_work_update(w, call->offered);
	if (f != SESSION_OK)
		return f;
	f = write_text(w, offerer, out, &who);
	if (f != SESSION_OK) {
		sdp_work_undo_update(w, call->offered);
		return f;
	}
	call->who[offerer] = who;
	sdp_work_end_unneeded(w, NULL);
	sdp_work_offered(w, false);
	fill_result(w, result);
	keep_answer(w, call);
	return SESSION_OK;
}

enum session_fault sdp_call_answer(struct sdp_calls *c, const char *id, const char *sdp, size_t len,
				   struct tnd_buf *out, struct sdp_result *result,
				   struct session_error *err)
{
	struct sdp_call *call = sdp_table_find(c, id);
	struct sdp_work w = {.c = c, .id = id, .answering = true, .err = err};
	enum session_fault f;
	struct sdp_error e;
	int rc;

	if (call == NULL)
		return fault(err, SESSION_NOT_FOUND, "/id", "no call by SDP of this id");
	if (call->offer == NULL)
		return fault(err, SESSION_WRONG_STATE, "/id", "there is no offer to answer");
	rc = sdp_read(sdp, len, &c->answer, &e);
	if (rc != 0)
		return text_fault(err, rc, &e);
	rc = sdp_read(call->offer, call->offer_len, &c->offer, &e);
	if (rc != 0)
		return text_fault(err, rc, &e);
	w.said[call->offered->offerer] = &c->offer;
	w.said[1 - call->offered->offerer] = &c->answer;
	w.next = sdp_state_new(call->offered, 0);
	if (w.next == NULL)
		return fault(err, SESSION_NO_MEMORY, "", "out of memory");
	f = answer(&w, call, out, result);
	if (f != SESSION_OK) {
		sdp_work_offered(&w, call->pending);
		sdp_state_free(w.next);
	}
	return f;
}

enum session_fault sdp_call_refuse(struct sdp_calls *c, const char *id, struct session_error *err)
{
	struct sdp_call *call = sdp_table_find(c, id);
	struct sdp_work w = {.c = c, .id = id, .err = err};
	struct sdp_state *before;

	if (call == NULL)
		return fault(err, SESSION_NOT_FOUND, "/id", "no call by SDP of this id");
	if (!call->pending)
		return fault(err, SESSION_WRONG_STATE, "/id", "there is no offer to refuse");
	if (call->now == NULL)
		return session_delete(c->sessions, id, NULL, NULL, err);
	before = sdp_state_new(call->now, 0);
	if (before == NULL)
		return fault(err, SESSION_NO_MEMORY, "", "out of memory");
	w.next = call->offered;
	for (unsigned int i = 0; i < w.next->count; i++)
		w.next->section[i].active = false;
	sdp_work_end_unneeded(&w, call->now);
	sdp_work_offered(&w, false);
	sdp_state_free(call->offered);
	call->offered = before;
	call->pending = false;
	sdp_call_forget_offer(call);
	return SESSION_OK;
}
