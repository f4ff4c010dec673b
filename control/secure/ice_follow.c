/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Media leads. Where each packet of media is authentic, it says better than checks do where the
 * far end is: it can't be played back from elsewhere, since a replay window stands before it.
 */
#include <errno.h>

#include "ice_private.h"

/* The pair's address is this one. Another pair that has it is that pair now. */
static void move(struct ice_agent *a, struct ice_pair *p, const struct ice_addr *remote)
{
	struct ice_pair *other = ice_pair_find(a, p->generation, remote);

	if (other != NULL) {
		ice_pair_remove(a, (unsigned int)(other - a->pair));
		p = ice_selected(a);
	}
	p->remote = *remote;
	p->foundation = ice_foundation_new(a);
	p->learned = true;
	p->state = ICE_SUCCEEDED;
	p->trigger = 0;
	p->current.live = p->before.live = false;
}

int ice_follow(struct ice_agent *a, const struct ice_addr *remote)
{
	struct ice_pair *p = ice_selected(a);

	if (p == NULL)
		return -EAGAIN;
	a->following = true;
	a->consent.probe_ms = 0;
	if (ice_addr_equal(&p->remote, remote))
		return 0;
	move(a, p, remote);
	ice_consent_move(a);
	ice_step(a);
	return 0;
}
