/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether the peer still wants what it is sent (RFC 7675). A full agent asks on the selected
 * pair, each time anew; a lite one only listens, and keeps the path open.
 */
#include <errno.h>

#include "ice_private.h"

static uint64_t interval(struct ice_agent *a)
{
	return ICE_CONSENT_MS * 4 / 5 + ice_random(a, ICE_CONSENT_MS * 2 / 5 + 1);
}

void ice_consent_start(struct ice_agent *a)
{
	uint64_t now = ice_now(a);

	memset(&a->consent, 0, sizeof(a->consent));
	a->consent.fresh_ms = now;
	a->consent.next_ms = now + (a->mode == ICE_FULL ? interval(a) : ICE_KEEPALIVE_MS);
}

static void fresh(struct ice_agent *a)
{
	a->consent.fresh_ms = ice_now(a);
	a->consent.probe_ms = 0;
	if (a->state == ICE_DISCONNECTED)
		ice_set_state(a, ICE_COMPLETED, NULL);
}

/* To ask is to consent, where nobody can be asked. */
void ice_consent_heard(struct ice_agent *a)
{
	if (a->mode == ICE_LITE)
		fresh(a);
}

void ice_consent_move(struct ice_agent *a)
{
	uint64_t now = ice_now(a), soonest = a->consent.asked_ms + ICE_PROBE_EVERY_MS;

	a->consent.ids = a->consent.next_id = 0;
	a->consent.next_ms = soonest > now ? soonest : now;
}

void ice_consent_probe(struct ice_agent *a)
{
	if (a->consent.probe_ms != 0)
		return;
	a->consent.probe_ms = ice_now(a);
	a->consent.next_ms = ice_now(a);
}

static void ask(struct ice_agent *a, uint64_t now)
{
	const struct ice_pair *p = ice_selected(a);
	/*
	 * Nominating again costs nothing and tells a peer that sees us at another address than
	 * before, as after a NAT's change of mind, that this is the one now.
	 */
	struct ice_transaction t = {.controlling = a->controlling, .nominates = a->controlling};

	a->consent.controlling = t.controlling;
	ice_new_id(a, t.id);
	memcpy(a->consent.id[a->consent.next_id], t.id, STUN_ID_LEN);
	a->consent.sent_ms[a->consent.next_id] = now;
	a->consent.next_id = (uint8_t)((a->consent.next_id + 1) % ICE_CONSENT_IDS);
	if (a->consent.ids < ICE_CONSENT_IDS)
		a->consent.ids++;
	ice_send_request(a, &a->generation[p->generation], &t, &p->remote);
	a->consent.asked_ms = now;
	a->consent.next_ms = now + (a->consent.probe_ms != 0 ? ICE_PROBE_EVERY_MS : interval(a));
}

bool ice_consent_response(struct ice_agent *a, const struct ice_addr *from,
			  const struct stun_msg *m, int *rc)
{
	const struct ice_pair *p = ice_selected(a);
	unsigned int i = 0;

	while (i < a->consent.ids && memcmp(a->consent.id[i], m->id, STUN_ID_LEN) != 0)
		i++;
	if (p == NULL || i == a->consent.ids)
		return false;
	*rc = -EACCES;
	if (!ice_addr_equal(from, &p->remote) ||
	    !ice_authentic(m, &a->generation[p->generation].remote, a->sha256))
		return true;
	*rc = 0;
	if (m->class == STUN_SUCCESS) {
		a->rtt_ms = (uint32_t)(ice_now(a) - a->consent.sent_ms[i]);
		fresh(a);
	} else if (m->error == 487) {
		ice_set_role(a, !a->consent.controlling);
	}
	return true;
}

static bool media_alive(const struct ice_agent *a)
{
	return a->ops->media_alive != NULL && a->ops->media_alive(a->arg);
}

/* Nothing more may be sent there; a new check that succeeds may bring the pair back. */
static void expire(struct ice_agent *a)
{
	const struct ice_generation *g = &a->generation[a->newest];
	struct ice_pair *p = ice_selected(a);

	p->valid = false;
	p->use_candidate = false;
	p->state = ICE_DEAD;
	p->current.live = p->before.live = false;
	a->selected = -1;
	a->following = false;
	a->consent.ids = 0;
	/* A restart that is under way goes on. */
	ice_set_state(a,
		      g->remote_ufrag != NULL && g->nominated_ms == 0 ? ICE_CHECKING : ICE_FAILED,
		      "consent expired");
}

static uint64_t full_step(struct ice_agent *a, uint64_t now)
{
	uint64_t silent = now - a->consent.fresh_ms;

	if (silent >= ICE_SILENCE_MS) {
		bool alive = media_alive(a);

		if (silent >= ICE_EXPIRY_MS && !alive) {
			expire(a);
			return ICE_NEVER;
		}
		if (!alive)
			ice_set_state(a, ICE_DISCONNECTED, "consent is not answered");
		else if (a->state == ICE_DISCONNECTED)
			ice_set_state(a, ICE_COMPLETED, NULL);
	}
	if (a->consent.next_ms <= now)
		ask(a, now);
	if (silent < ICE_SILENCE_MS)
		return ice_min(a->consent.next_ms, a->consent.fresh_ms + ICE_SILENCE_MS);
	if (silent < ICE_EXPIRY_MS)
		return ice_min(a->consent.next_ms, a->consent.fresh_ms + ICE_EXPIRY_MS);
	return a->consent.next_ms;
}

static uint64_t lite_step(struct ice_agent *a, uint64_t now)
{
	uint64_t quiet_ms = a->consent.fresh_ms + ICE_EXPIRY_MS;

	if (a->consent.next_ms <= now) {
		ice_send_indication(a, &ice_selected(a)->remote);
		a->consent.asked_ms = now;
		a->consent.next_ms = now + ICE_KEEPALIVE_MS;
	}
	/* Two lite agents have no checks that could be missed. */
	if (a->remote_lite)
		return a->consent.next_ms;
	if (now < quiet_ms)
		return ice_min(a->consent.next_ms, quiet_ms);
	if (!media_alive(a))
		ice_set_state(a, ICE_DISCONNECTED, "no check from the peer");
	else if (a->state == ICE_DISCONNECTED)
		ice_set_state(a, ICE_COMPLETED, NULL);
	return a->consent.next_ms;
}

uint64_t ice_consent_step(struct ice_agent *a, uint64_t now)
{
	if (a->selected < 0)
		return ICE_NEVER;
	return a->mode == ICE_FULL ? full_step(a, now) : lite_step(a, now);
}
