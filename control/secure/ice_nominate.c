/* SPDX-License-Identifier: BSD-3-Clause */
/* Which pair is selected, and the agent's state (RFC 8445 §8). */
#include "ice_private.h"

void ice_set_state(struct ice_agent *a, enum ice_state state, const char *reason)
{
	if (a->state == state)
		return;
	a->state = state;
	a->reason = reason;
	if (a->ops->state != NULL)
		a->ops->state(a->arg, state, reason);
}

void ice_pair_works(struct ice_agent *a, struct ice_pair *p)
{
	struct ice_generation *g = ice_generation_of(a, p);

	p->valid = true;
	if (g->valid_ms == 0)
		g->valid_ms = ice_now(a);
	if (a->state == ICE_FAILED)
		g->since_ms = ice_now(a); /* one more time to nominate */
	if (a->selected < 0)
		ice_set_state(a, ICE_CONNECTED, NULL);
	else if (a->controlling && !a->following && p != ice_selected(a) && g->nominated_ms != 0)
		ice_consent_probe(a);
}

/* The generation before has done its service. Moves pairs; the selected one is of the newest. */
static void drop_older(struct ice_agent *a)
{
	unsigned int older = !a->newest;

	if (a->generation[older].live)
		ice_generation_retire(a, older);
}

void ice_select(struct ice_agent *a, struct ice_pair *p)
{
	struct ice_generation *g = ice_generation_of(a, p);
	struct ice_pair *was = ice_selected(a);
	struct ice_addr remote = p->remote;
	bool same = was != NULL && ice_addr_equal(&was->remote, &remote);

	p->nominate = false;
	g->nominating = false;
	if (was == p)
		return;
	/* Media leads, until a restart: to nominate does not prove where one is. */
	if (a->following && was != NULL && was->generation == p->generation)
		return;
	a->following = false;
	a->selected = (int)(p - a->pair);
	if (g->nominated_ms == 0)
		g->nominated_ms = ice_now(a);
	/* Other checks under way are not sent again (RFC 8445 §8.1.2). */
	for (unsigned int i = 0; i < a->pairs; i++) {
		struct ice_pair *o = &a->pair[i];

		if (o != p && o->state == ICE_IN_PROGRESS) {
			o->state = ICE_FROZEN;
			o->before = o->current;
			o->current.live = false;
		}
	}
	if (p->generation == a->newest)
		drop_older(a);
	ice_consent_start(a);
	if (!same)
		a->ops->selected(a->arg, &remote);
	ice_set_state(a, ICE_COMPLETED, NULL);
}

void ice_nominated(struct ice_agent *a, struct ice_pair *p)
{
	const struct ice_generation *g = ice_generation_of(a, p);
	const struct ice_pair *was = ice_selected(a);

	if (was != NULL && was != p) {
		/* What the newer generation has selected, the older one does not undo. */
		if (was->generation != p->generation && p->generation != a->newest)
			return;
		if (was->generation == p->generation &&
		    ice_now(a) - g->nominated_ms < ICE_AGGRESSIVE_MS &&
		    ice_pair_priority(a, p) < ice_pair_priority(a, was))
			return;
	}
	ice_select(a, p);
}

void ice_pair_heard(struct ice_agent *a, struct ice_pair *p, bool use_candidate)
{
	bool nominated = use_candidate && !a->controlling;

	p->heard_ms = ice_now(a);
	if (p == ice_selected(a))
		ice_consent_heard(a);
	if (a->mode == ICE_LITE && !p->valid)
		ice_pair_works(a, p);
	if (nominated)
		p->use_candidate = true;
	if (!p->valid)
		ice_trigger(a, p);
	else if (nominated)
		ice_nominated(a, p);
}

static struct ice_pair *best_valid(struct ice_agent *a, unsigned int generation,
				   const struct ice_pair *except)
{
	struct ice_pair *best = NULL;

	for (unsigned int i = 0; i < a->pairs; i++) {
		struct ice_pair *p = &a->pair[i];

		if (p != except && p->generation == generation && p->valid &&
		    (best == NULL || ice_pair_priority(a, p) > ice_pair_priority(a, best)))
			best = p;
	}
	return best;
}

/* May a pair that is better than `p` still turn out to work? */
static bool better_pending(const struct ice_agent *a, const struct ice_pair *p)
{
	if (!a->generation[p->generation].complete)
		return true;
	for (unsigned int i = 0; i < a->pairs; i++) {
		const struct ice_pair *o = &a->pair[i];

		if (o->generation == p->generation && !o->valid && !o->foreign &&
		    o->state != ICE_DEAD && ice_pair_priority(a, o) > ice_pair_priority(a, p))
			return true;
	}
	return false;
}

/* Regular nomination (RFC 8445 §8.1.1): the pair is checked again, with USE-CANDIDATE. */
static void nominate(struct ice_agent *a, struct ice_pair *p)
{
	if (a->mode == ICE_LITE) {
		ice_select(a, p);
		return;
	}
	ice_generation_of(a, p)->nominating = true;
	p->nominate = true;
	ice_trigger(a, p);
}

/* The selected pair does not answer, and there is one that does. */
static uint64_t move_step(struct ice_agent *a, uint64_t now)
{
	struct ice_pair *p = ice_selected(a), *other;

	if (p == NULL || a->consent.probe_ms == 0)
		return ICE_NEVER;
	if (now < a->consent.probe_ms + ICE_PROBE_MS)
		return a->consent.probe_ms + ICE_PROBE_MS;
	a->consent.probe_ms = 0;
	other = best_valid(a, p->generation, p);
	if (other != NULL)
		nominate(a, other);
	return ICE_NEVER;
}

uint64_t ice_nominate_step(struct ice_agent *a, uint64_t now)
{
	const struct ice_generation *g = &a->generation[a->newest];
	struct ice_pair *best;

	/* Two lite agents make no checks: each takes the best there is (RFC 8445 §8.2). */
	if (!(a->mode == ICE_FULL ? a->controlling : a->remote_lite) || g->remote_ufrag == NULL ||
	    g->nominating)
		return ICE_NEVER;
	if (g->nominated_ms != 0 && a->selected >= 0)
		return move_step(a, now);
	best = best_valid(a, a->newest, NULL);
	if (best == NULL)
		return ICE_NEVER;
	if (now < g->valid_ms + ICE_SETTLE_MS && better_pending(a, best))
		return g->valid_ms + ICE_SETTLE_MS;
	nominate(a, best);
	return ICE_NEVER;
}

/* RFC 8863: checks of the peer may open a path long after ours have found none. */
uint64_t ice_patience_step(struct ice_agent *a, uint64_t now)
{
	const struct ice_generation *g = &a->generation[a->newest];

	if (a->state != ICE_CHECKING && a->state != ICE_CONNECTED)
		return ICE_NEVER;
	if (g->remote_ufrag == NULL)
		return ICE_NEVER;
	if (now < g->since_ms + ICE_PATIENCE_MS)
		return g->since_ms + ICE_PATIENCE_MS;
	if (a->state == ICE_CONNECTED)
		ice_set_state(a, ICE_FAILED, "nothing nominated");
	else if (a->mode == ICE_LITE)
		ice_set_state(a, ICE_FAILED, "no authentic check came");
	else
		ice_set_state(a, ICE_FAILED, "no pair works");
	return ICE_NEVER;
}
