/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of the peer (RFC 8445 §7.3, RFC 7675). */
#include <errno.h>
#include <string.h>

#include "ice_private.h"

/* The peer's fragment in the USERNAME of its check. */
static const char *peer_of(const struct stun_msg *m, size_t *len)
{
	*len = m->username_len - ICE_UFRAG_LEN - 1u;
	return m->username + ICE_UFRAG_LEN + 1;
}

static bool is_peer(const struct ice_generation *g, const struct stun_msg *m)
{
	size_t len;
	const char *peer = peer_of(m, &len);

	return g->remote_ufrag != NULL && strlen(g->remote_ufrag) == len &&
	       memcmp(g->remote_ufrag, peer, len) == 0;
}

/*
 * The generation whose fragment the USERNAME begins with (RFC 8445 §7.2.2), if the message is
 * authentic by its password. Where both have the same it is told by the peer's: the newest, but for
 * checks of the peer of the one before.
 */
static struct ice_generation *authenticate(struct ice_agent *a, const struct stun_msg *m)
{
	struct ice_generation *found = NULL;

	if (!(m->has & STUN_HAS_USERNAME) || m->username_len <= ICE_UFRAG_LEN ||
	    m->username[ICE_UFRAG_LEN] != ':')
		return NULL;
	for (unsigned int i = 0; i < 2; i++) {
		struct ice_generation *g = &a->generation[i == 0 ? a->newest : !a->newest];

		if (g->live && memcmp(m->username, g->ufrag, ICE_UFRAG_LEN) == 0 &&
		    (found == NULL || (!is_peer(found, m) && is_peer(g, m))))
			found = g;
	}
	if (found == NULL || !ice_authentic(m, &found->local, m->has & STUN_HAS_SHA256))
		return NULL;
	/* The one before still thinks that it is asked for. */
	return found->again && !a->offered && !is_peer(found, m) ? NULL : found;
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

/* Is it known already whose this address is? */
static bool is_foreign(const struct ice_agent *a, const struct ice_generation *g,
		       const struct ice_addr *from, const struct stun_msg *m)
{
	const struct ice_pair *p = ice_pair_find(a, (unsigned int)(g - a->generation), from);

	if (p != NULL)
		return p->foreign;
	return a->offered && g->remote_ufrag != NULL && !is_peer(g, m);
}

/* Of a peer whose answer is on its way: kept in mind for then. */
static void heard_foreign(struct ice_agent *a, struct ice_pair *p, const struct stun_msg *m)
{
	size_t len;
	const char *peer = peer_of(m, &len);

	p->foreign = true;
	p->peer = ice_hash(peer, len);
	p->heard_ms = ice_now(a);
	if (m->has & STUN_HAS_USE_CANDIDATE)
		p->use_candidate = true;
}

int ice_request(struct ice_agent *a, const struct ice_addr *from, const struct stun_msg *m)
{
	struct ice_generation *g = authenticate(a, m);
	struct ice_pair *p;
	bool foreign;

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
	foreign = is_foreign(a, g, from, m);
	p = pair_of(a, (unsigned int)(g - a->generation), from, m);
	if (p != NULL && foreign)
		heard_foreign(a, p, m);
	else if (p != NULL)
		ice_pair_heard(a, p, m->has & STUN_HAS_USE_CANDIDATE);
	ice_tell_early(a);
	/* Last of all: whoever has the answer may send media at once. A generation with a pair that
	 * was selected just now is there still. */
	ice_send_success(a, g, m, from);
	return p != NULL ? 0 : -ENOSPC;
}
