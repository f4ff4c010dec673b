/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of the peer (RFC 8445 §7.3, RFC 7675). */
#include <errno.h>

#include "ice_private.h"

/*
 * The generation whose fragment the USERNAME begins with (RFC 8445 §7.2.2), if the message is
 * authentic by its password.
 */
static struct ice_generation *authenticate(struct ice_agent *a, const struct stun_msg *m)
{
	bool sha256 = m->has & STUN_HAS_SHA256;

	if (!(m->has & STUN_HAS_USERNAME) || m->username_len <= ICE_UFRAG_LEN ||
	    m->username[ICE_UFRAG_LEN] != ':')
		return NULL;
	for (unsigned int i = 0; i < 2; i++) {
		struct ice_generation *g = &a->generation[i];

		if (g->live && memcmp(m->username, g->ufrag, ICE_UFRAG_LEN) == 0)
			return ice_authentic(m, &g->local, sha256) ? g : NULL;
	}
	return NULL;
}

/*
 * RFC 8445 §7.3.1.1. False: the peer is to change its role. A lite agent never changes its own:
 * toward a full one it is the controlled.
 */
static bool settle_roles(struct ice_agent *a, const struct stun_msg *m)
{
	bool same = m->has & (a->controlling ? STUN_HAS_CONTROLLING : STUN_HAS_CONTROLLED);

	if (!same)
		return true;
	if (a->mode == ICE_LITE)
		return false;
	if ((a->tie_breaker >= m->tie_breaker) == a->controlling)
		return false;
	ice_set_role(a, !a->controlling);
	return true;
}

static struct ice_pair *pair_of(struct ice_agent *a, unsigned int generation,
				const struct ice_addr *from, const struct stun_msg *m)
{
	struct ice_pair *p = ice_pair_find(a, generation, from);
	uint32_t priority = candidate_priority(CANDIDATE_PRFLX, 0, 1);

	if (p != NULL)
		return p;
	if (m->has & STUN_HAS_PRIORITY)
		priority = m->priority;
	return ice_pair_learn(a, generation, from, priority);
}

static void heard(struct ice_agent *a, struct ice_pair *p, const struct stun_msg *m)
{
	bool nominated = m->has & STUN_HAS_USE_CANDIDATE && !a->controlling;

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

int ice_request(struct ice_agent *a, const struct ice_addr *from, const struct stun_msg *m)
{
	struct ice_generation *g = authenticate(a, m);
	struct ice_pair *p;

	if (g == NULL)
		return -EACCES;
	a->checks_in++;
	if (m->unknown_count > 0) {
		ice_send_error(a, g, m, from, 420);
		return 0;
	}
	if (m->method != STUN_BINDING) {
		ice_send_error(a, g, m, from, 400);
		return 0;
	}
	if (!settle_roles(a, m)) {
		ice_send_error(a, g, m, from, 487);
		return 0;
	}
	ice_send_success(a, g, m, from);
	p = pair_of(a, (unsigned int)(g - a->generation), from, m);
	if (p == NULL)
		return -ENOSPC;
	heard(a, p, m);
	return 0;
}
