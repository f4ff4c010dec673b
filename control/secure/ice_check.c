/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of ours: which is next, sending again, and what the answer means (RFC 8445 §6.1.4, §7.2).
 */
#include <errno.h>

#include "ice_private.h"

void ice_trigger(struct ice_agent *a, struct ice_pair *p)
{
	if (a->mode == ICE_LITE)
		return;
	/* RFC 8445 §7.3.1.4: not sent again, but its answer is still welcome. */
	if (p->state == ICE_IN_PROGRESS) {
		p->before = p->current;
		p->current.live = false;
	}
	p->state = ICE_WAITING;
	if (p->trigger == 0)
		p->trigger = ++a->triggers;
}

/* Own nominations end with the role; what is on its way will be answered with 487 or counts less.
 */
void ice_set_role(struct ice_agent *a, bool controlling)
{
	if (a->controlling == controlling)
		return;
	a->controlling = controlling;
	for (unsigned int i = 0; i < a->pairs; i++)
		a->pair[i].nominate = false;
	a->generation[0].nominating = a->generation[1].nominating = false;
}

/* ---- which is next ------------------------------------------------------------------------- */

/* Is another pair of the same foundation on its way, or is a better one to go first? */
static bool foundation_held(const struct ice_agent *a, const struct ice_pair *p)
{
	for (unsigned int i = 0; i < a->pairs; i++) {
		const struct ice_pair *o = &a->pair[i];

		if (o == p || o->generation != p->generation || o->foundation != p->foundation)
			continue;
		if (o->state == ICE_WAITING || o->state == ICE_IN_PROGRESS)
			return true;
		if (o->state == ICE_FROZEN && ice_pair_priority(a, o) > ice_pair_priority(a, p))
			return true;
	}
	return false;
}

/* The triggered in their order, then by priority; frozen pairs once their foundation is free. */
static struct ice_pair *next_pair(struct ice_agent *a)
{
	struct ice_pair *triggered = NULL, *ordinary = NULL;

	for (unsigned int i = 0; i < a->pairs; i++) {
		struct ice_pair *p = &a->pair[i];
		const struct ice_generation *g = ice_generation_of(a, p);

		if (g->remote_ufrag == NULL || p->foreign)
			continue;
		if (p->trigger != 0) {
			if (triggered == NULL || p->trigger < triggered->trigger)
				triggered = p;
			continue;
		}
		/* Once there is a pair, others are checked only where the peer asks for it. */
		if (g->nominated_ms != 0 || !(p->state == ICE_WAITING ||
					      (p->state == ICE_FROZEN && !foundation_held(a, p))))
			continue;
		if (ordinary == NULL || ice_pair_priority(a, p) > ice_pair_priority(a, ordinary))
			ordinary = p;
	}
	return triggered != NULL ? triggered : ordinary;
}

/* RFC 8445 §14.3 */
static uint32_t first_rto(const struct ice_agent *a)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < a->pairs; i++)
		n += a->pair[i].state == ICE_WAITING || a->pair[i].state == ICE_IN_PROGRESS;
	return n * ICE_TA_MS > ICE_RTO_MS ? n * ICE_TA_MS : ICE_RTO_MS;
}

static void start(struct ice_agent *a, struct ice_pair *p, uint64_t now)
{
	if (p->current.live)
		p->before = p->current;
	p->state = ICE_IN_PROGRESS;
	p->trigger = 0;
	p->sends = 1;
	p->rto_ms = first_rto(a);
	p->next_ms = now + p->rto_ms;
	p->current.live = true;
	p->current.controlling = a->controlling;
	p->current.nominates = a->controlling && p->nominate;
	ice_new_id(a, p->current.id);
	ice_send_request(a, ice_generation_of(a, p), &p->current, &p->remote);
}

static void dead(struct ice_agent *a, struct ice_pair *p)
{
	p->state = ICE_DEAD;
	p->valid = false;
	p->current.live = p->before.live = false;
	if (p->nominate) {
		p->nominate = false;
		ice_generation_of(a, p)->nominating = false;
	}
}

static void send_again(struct ice_agent *a, struct ice_pair *p)
{
	if (p->sends == ICE_RC) {
		dead(a, p);
		return;
	}
	p->sends++;
	/*
	 * RFC 8489 §6.2.1 doubles without end, which on a lossy path is a wait of many seconds
	 * for the one packet that matters; where the path is known to work there is no need to
	 * double at all.
	 */
	if (!p->valid && p->rto_ms < ICE_RTO_MAX_MS)
		p->rto_ms = 2 * p->rto_ms < ICE_RTO_MAX_MS ? 2 * p->rto_ms : ICE_RTO_MAX_MS;
	p->next_ms += p->rto_ms;
	ice_send_request(a, ice_generation_of(a, p), &p->current, &p->remote);
}

uint64_t ice_check_step(struct ice_agent *a, uint64_t now)
{
	uint64_t next = ICE_NEVER;
	struct ice_pair *p;

	if (a->mode == ICE_LITE)
		return ICE_NEVER;
	for (unsigned int i = 0; i < a->pairs; i++) {
		p = &a->pair[i];
		if (p->state == ICE_IN_PROGRESS && p->next_ms <= now)
			send_again(a, p);
	}
	p = next_pair(a);
	if (p != NULL && a->pace_ms <= now) {
		start(a, p, now);
		a->pace_ms = now + ICE_TA_MS;
		p = next_pair(a);
	}
	for (unsigned int i = 0; i < a->pairs; i++)
		if (a->pair[i].state == ICE_IN_PROGRESS)
			next = ice_min(next, a->pair[i].next_ms);
	return p != NULL ? ice_min(next, a->pace_ms) : next;
}

/* ---- answers ------------------------------------------------------------------------------- */

static struct ice_transaction *find(struct ice_agent *a, const uint8_t *id, struct ice_pair **pair)
{
	for (unsigned int i = 0; i < a->pairs; i++) {
		struct ice_pair *p = &a->pair[i];

		*pair = p;
		if (p->current.live && memcmp(p->current.id, id, STUN_ID_LEN) == 0)
			return &p->current;
		if (p->before.live && memcmp(p->before.id, id, STUN_ID_LEN) == 0)
			return &p->before;
	}
	return NULL;
}

/* RFC 8445 §7.2.5.1: whoever was told changes roles, unless it has done so meanwhile. */
static void role_conflict(struct ice_agent *a, struct ice_pair *p, bool was_controlling)
{
	ice_set_role(a, !was_controlling);
	ice_trigger(a, p);
}

static void succeeded(struct ice_agent *a, struct ice_pair *p, bool nominates)
{
	for (unsigned int i = 0; i < a->pairs; i++)
		if (a->pair[i].generation == p->generation && a->pair[i].state == ICE_FROZEN &&
		    a->pair[i].foundation == p->foundation)
			a->pair[i].state = ICE_WAITING;
	p->state = ICE_SUCCEEDED;
	p->current.live = p->before.live = false;
	ice_pair_works(a, p);
	if (a->controlling && nominates) {
		ice_select(a, p);
	} else if (!a->controlling && p->use_candidate) {
		ice_nominated(a, p);
	} else if (p->nominate) {
		/* The answer was to an earlier check: the one that nominates is to follow. */
		ice_trigger(a, p);
	}
}

int ice_response(struct ice_agent *a, const struct ice_addr *from, const struct stun_msg *m)
{
	struct ice_transaction *t;
	struct ice_pair *p;
	int rc;

	if (ice_gather_response(a, from, m))
		return 0;
	if (ice_consent_response(a, from, m, &rc))
		return rc;
	t = find(a, m->id, &p);
	if (t == NULL)
		return -ESRCH;
	if (!ice_authentic(m, &ice_generation_of(a, p)->remote, a->sha256))
		return -EACCES;
	if (m->class == STUN_ERROR && m->error == 487) {
		bool was_controlling = t->controlling;

		t->live = false;
		role_conflict(a, p, was_controlling);
	} else if (m->class == STUN_ERROR || m->unknown_count > 0 || !(m->has & STUN_HAS_MAPPED) ||
		   !ice_addr_equal(from, &p->remote)) {
		/* Also one that came from elsewhere than the request went: not symmetric
		 * (§7.2.5.2.1). */
		dead(a, p);
	} else {
		succeeded(a, p, t->nominates);
	}
	return 0;
}
