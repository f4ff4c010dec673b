/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Legs that share one transport (RFC 8843). The head is the leg that has it, with port, far end,
 * agent, endpoint and keys; it is place 0. Further legs, each of a session of its own, are at
 * places 1 and up, follow all of the head's that concerns the transport, and end with it. A
 * session with a bundled leg is nobody's head, so that there is one level only.
 *
 *	flow_tables.bundle[head]  payload type -> place -> plan. Written here and by publish.c.
 *	flow_tables.secure[]      of bundled legs: the head's pointers, for those who seal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "json.h"

/* What a bundled leg has from its head. */
#define FOLLOWED                                                                                   \
	(LEG_REMOTE | LEG_EARLY | LEG_LEARNED | LEG_LEARNED_RTCP | LEG_SRTP | LEG_DTLS | LEG_ICE)

static struct leg *leg_at(const struct sessions *s, uint32_t index)
{
	return &s->table[index / SESSION_LEGS].leg[index % SESSION_LEGS];
}

static bool overlap(const uint64_t a[2], const uint64_t b[2])
{
	return ((a[0] & b[0]) | (a[1] & b[1])) != 0;
}

static enum session_fault fault(struct session_error *err, enum session_fault f, unsigned int leg,
				const char *member, const char *reason)
{
	char path[64];

	snprintf(path, sizeof(path), "/legs/%u/%s", leg, member);
	return session_fault_set(err, f, path, "%s", reason);
}

/* ---- is it possible? ----------------------------------------------------------------------- */

/* Has anybody at this head but `self` one of these payload types? */
static bool types_taken(const struct sessions *s, const struct leg_transport *head,
			const uint64_t types[2], uint32_t self)
{
	for (unsigned int k = 0; k < FLOW_BUNDLE_SECTIONS; k++) {
		uint32_t leg = head->section[k];

		if (leg != NO_LEG && leg != self &&
		    overlap(s->transport[leg]->payload_types, types))
			return true;
	}
	return false;
}

static unsigned int free_place(const struct leg_transport *head)
{
	unsigned int k = 1;

	while (k < FLOW_BUNDLE_SECTIONS && head->section[k] != NO_LEG)
		k++;
	return k;
}

/* A bundled leg says nothing of what its head has. */
static enum session_fault check_own(const struct leg_params *p, unsigned int i,
				    struct session_error *err)
{
	if (p->has_remote)
		return fault(err, SESSION_BAD_PARAMS, i, "remote", "it is the transport's");
	if (p->security.type != LEG_SECURITY_NONE)
		return fault(err, SESSION_BAD_PARAMS, i, "security", "it is the transport's");
	if (p->ice.mode != LEG_ICE_NONE)
		return fault(err, SESSION_BAD_PARAMS, i, "ice", "it is the transport's");
	return SESSION_OK;
}

static const struct session *head_session(const struct sessions *s, const struct leg_params *p)
{
	return p->bundle.transport != NULL ? table_find((struct sessions *)s, p->bundle.transport)
					   : NULL;
}

static enum session_fault check_bundled(const struct sessions *s, const struct leg_params *p,
					unsigned int i, struct session_error *err)
{
	const struct session *se = head_session(s, p);
	const struct leg_transport *head;

	if (se == NULL)
		return fault(err, SESSION_NOT_FOUND, i, "bundle/id", "no session of this id");
	if ((se->leg[0].flags | se->leg[1].flags) & LEG_BUNDLED)
		return fault(err, SESSION_UNSUPPORTED, i, "bundle/id",
			     "that session is bundled itself");
	if (!(se->leg[i].flags & LEG_BUNDLE))
		return fault(err, SESSION_BAD_PARAMS, i, "bundle/id",
			     "that session's leg has told no payload types");
	head = transport_of(s, se, i);
	if (free_place(head) == FLOW_BUNDLE_SECTIONS)
		return fault(err, SESSION_TABLE_FULL, i, "bundle/id",
			     "that transport is shared by 16 sessions already");
	if (!bundle_types(&p->bundle))
		return fault(err, SESSION_BAD_PARAMS, i, "bundle/payload_types",
			     "a bundled leg has at least one");
	if (types_taken(s, head, p->bundle.payload_types, NO_LEG))
		return fault(err, SESSION_BAD_PARAMS, i, "bundle/payload_types",
			     "one of them is another session's on this transport");
	return check_own(p, i, err);
}

static enum session_fault check_leg(const struct sessions *s, const struct session_params *params,
				    unsigned int i, struct session_error *err)
{
	const struct leg_params *p = &params->leg[i];
	const struct session *mine = head_session(s, p);
	const struct session *other = head_session(s, &params->leg[1 - i]);
	enum session_fault f;

	if (p->bundle.transport == NULL && !bundle_types(&p->bundle))
		return SESSION_OK;
	if (p->kind == LEG_KIND_UDP)
		return fault(err, SESSION_BAD_PARAMS, i, "bundle", "only with kind rtp");
	if (p->rtcp == LEG_RTCP_NEXT && p->bundle.transport == NULL)
		return fault(err, SESSION_UNSUPPORTED, i, "rtcp",
			     "a shared transport has one port: mux or none");
	if (p->bundle.transport == NULL)
		return SESSION_OK;
	f = check_bundled(s, p, i, err);
	if (f == SESSION_OK && other != NULL && other->worker != mine->worker)
		return fault(err, SESSION_UNSUPPORTED, i, "bundle/id",
			     "the transports of both legs belong to different workers");
	return f;
}

enum session_fault bundle_check(const struct sessions *s, const struct session_params *params,
				struct session_error *err)
{
	enum session_fault f = SESSION_OK;

	for (unsigned int i = 0; i < SESSION_LEGS && f == SESSION_OK; i++)
		f = check_leg(s, params, i, err);
	return f;
}

static enum session_fault check_bundled_types(const struct sessions *s,
					      const struct leg_transport *t,
					      const struct leg_bundle *want, unsigned int i,
					      struct session_error *err)
{
	const struct leg_transport *head = s->transport[t->head];

	if (want->transport != NULL &&
	    strcmp(want->transport, session_id(transport_session(head))) != 0)
		return fault(err, SESSION_CONFLICT, i, "bundle/id",
			     "the transport can't change while the session runs");
	if (!bundle_types(want))
		return fault(err, SESSION_BAD_PARAMS, i, "bundle/payload_types",
			     "a bundled leg has at least one");
	if (types_taken(s, head, want->payload_types, t->leg))
		return fault(err, SESSION_BAD_PARAMS, i, "bundle/payload_types",
			     "one of them is another session's on this transport");
	return SESSION_OK;
}

enum session_fault bundle_check_types(const struct sessions *s, const struct session *se,
				      unsigned int i, const struct leg_bundle *want,
				      struct session_error *err)
{
	const struct leg_transport *t = transport_of(s, se, i);
	const struct leg *l = &se->leg[i];

	if (l->flags & LEG_BUNDLED)
		return check_bundled_types(s, t, want, i, err);
	if (want->transport != NULL)
		return fault(err, SESSION_CONFLICT, i, "bundle/id",
			     "the transport can't change while the session runs");
	if (bundle_types(want) && l->rtcp == LEG_RTCP_NEXT)
		return fault(err, SESSION_UNSUPPORTED, i, "rtcp",
			     "a shared transport has one port: mux or none");
	if (bundle_types(want) && (l->flags & LEG_UDP))
		return fault(err, SESSION_BAD_PARAMS, i, "bundle", "only with kind rtp");
	if (t == NULL || t->section == NULL)
		return SESSION_OK;
	if (!bundle_types(want) && bundle_next(t, 1) < FLOW_BUNDLE_SECTIONS)
		return fault(err, SESSION_CONFLICT, i, "bundle/payload_types",
			     "other sessions use this transport");
	if (types_taken(s, t, want->payload_types, t->leg))
		return fault(err, SESSION_BAD_PARAMS, i, "bundle/payload_types",
			     "one of them is another session's on this transport");
	return SESSION_OK;
}

int bundle_worker(const struct sessions *s, const struct session_params *params)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct session *se = head_session(s, &params->leg[i]);

		if (se != NULL)
			return se->worker;
	}
	return -1;
}

/* ---- members ------------------------------------------------------------------------------- */

unsigned int bundle_next(const struct leg_transport *head, unsigned int from)
{
	while (from < FLOW_BUNDLE_SECTIONS && head->section[from] == NO_LEG)
		from++;
	return from;
}

static bool listed(struct session *const *list, unsigned int n, const struct session *se)
{
	while (n-- > 0)
		if (list[n] == se)
			return true;
	return false;
}

unsigned int bundle_sessions(const struct sessions *s, const struct session *se,
			     struct session *out[BUNDLE_MAX])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg_transport *t = transport_of(s, se, i);

		if (t == NULL || t->section == NULL)
			continue;
		for (unsigned int k = bundle_next(t, 1); k < FLOW_BUNDLE_SECTIONS;
		     k = bundle_next(t, k + 1)) {
			struct session *other = &s->table[t->section[k] / SESSION_LEGS];

			if (!listed(out, n, other))
				out[n++] = other;
		}
	}
	return n;
}

static void follow(struct leg *l, const struct leg *head)
{
	l->remote = head->remote;
	l->remote_port = head->remote_port;
	l->remote_rtcp_port = head->remote_rtcp_port;
	l->learned = head->learned;
	l->learned_port = head->learned_port;
	l->learned_rtcp_port = head->learned_rtcp_port;
	l->port = head->port;
	l->address = head->address;
	l->epoch = head->epoch;
	l->latch = head->latch;
	l->rtcp = head->rtcp;
	l->window_log2 = head->window_log2;
	l->flags = (uint16_t)((l->flags & ~FOLLOWED) | (head->flags & FOLLOWED));
}

void bundle_sync(struct sessions *s, struct session *se)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (se->leg[i].flags & LEG_BUNDLED)
			follow(&se->leg[i], leg_at(s, transport_of(s, se, i)->head));
}

void bundle_init(struct sessions *s, struct session *se, const struct session_params *params)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct session *head = head_session(s, &params->leg[i]);

		if (head != NULL)
			follow(&se->leg[i], &head->leg[i]);
	}
}

/* ---- places -------------------------------------------------------------------------------- */

enum session_fault bundle_prepare(struct leg_transport *t, const struct leg_bundle *want,
				  struct transport_leg_step *step, struct session_error *err)
{
	const struct sessions *s = t->s;

	step->sets_bundle =
		memcmp(t->payload_types, want->payload_types, sizeof(t->payload_types)) != 0;
	step->changes |= step->sets_bundle;
	memcpy(step->payload_types, want->payload_types, sizeof(step->payload_types));
	step->head = t->head;
	if (want->transport != NULL) {
		const struct session *head = table_find((struct sessions *)s, want->transport);

		step->head = SESSION_LEGS * session_index(s, head) + t->leg % SESSION_LEGS;
	}
	if (!step->sets_bundle || step->head != t->leg || t->section != NULL)
		return SESSION_OK;
	step->section = malloc(FLOW_BUNDLE_SECTIONS * sizeof(*step->section));
	return step->section != NULL ? SESSION_OK : session_no_memory(err);
}

static void set_types(struct leg_transport *t, const uint64_t types[2])
{
	struct flow_bundle *fb = &t->s->h->tables->bundle[t->head];

	for (unsigned int pt = 0; pt < RTE_DIM(fb->section); pt++) {
		bool had = t->payload_types[pt / 64] >> pt % 64 & 1;
		bool has = types[pt / 64] >> pt % 64 & 1;

		if (had != has)
			__atomic_store_n(&fb->section[pt], has ? t->place : FLOW_BUNDLE_NONE,
					 __ATOMIC_RELEASE);
	}
	memcpy(t->payload_types, types, sizeof(t->payload_types));
}

void bundle_commit(struct leg_transport *t, struct transport_leg_step *step)
{
	struct sessions *s = t->s;

	if (step->section != NULL) {
		t->section = step->section;
		t->section[0] = t->leg;
		for (unsigned int k = 1; k < FLOW_BUNDLE_SECTIONS; k++)
			t->section[k] = NO_LEG;
		memset(s->h->tables->bundle[t->leg].section, FLOW_BUNDLE_NONE,
		       sizeof(s->h->tables->bundle[t->leg].section));
	}
	if (t->head != step->head) {
		t->head = step->head;
		t->place = (uint8_t)free_place(s->transport[t->head]);
		s->transport[t->head]->section[t->place] = t->leg;
		bundle_keys(s, t->head);
	}
	set_types(t, step->payload_types);
}

void bundle_leave(struct leg_transport *t)
{
	static const uint64_t none[2];

	set_types(t, none);
	if (t->head != t->leg)
		t->s->transport[t->head]->section[t->place] = NO_LEG;
}

uint32_t *bundle_plan(const struct sessions *s, const struct session *se, unsigned int i)
{
	const struct leg_transport *t = transport_of(s, se, i);

	if (t == NULL || (t->head == t->leg && t->section == NULL))
		return NULL;
	return &s->h->tables->bundle[t->head].plan[t->place];
}

void bundle_keys(struct sessions *s, uint32_t leg)
{
	const struct leg_transport *t = s->transport[leg];
	const struct flow_secure *from = &s->h->tables->secure[leg];

	if (t == NULL || t->section == NULL)
		return;
	for (unsigned int k = bundle_next(t, 1); k < FLOW_BUNDLE_SECTIONS;
	     k = bundle_next(t, k + 1)) {
		struct flow_secure *to = &s->h->tables->secure[t->section[k]];

		to->leg = from->leg;
		__atomic_store_n(&to->rx_old, from->rx_old, __ATOMIC_RELEASE);
		__atomic_store_n(&to->rx, from->rx, __ATOMIC_RELEASE);
		__atomic_store_n(&to->tx, from->tx, __ATOMIC_RELEASE);
	}
}

void bundle_write(const struct leg_transport *t, struct tnd_buf *b)
{
	json_w_open(b, "bundle", '{');
	if (t->head != t->leg)
		json_w_string(b, "id", session_id(transport_session(t->s->transport[t->head])));
	json_w_open(b, "payload_types", '[');
	for (unsigned int pt = 0; pt < 128; pt++)
		if (t->payload_types[pt / 64] >> pt % 64 & 1)
			json_w_uint(b, NULL, pt);
	json_w_close(b, ']');
	json_w_close(b, '}');
}
