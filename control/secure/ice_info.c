/* SPDX-License-Identifier: BSD-3-Clause */
/* What the agent can be asked. */
#include "ice_private.h"

const char *ice_state_name(enum ice_state s)
{
	static const char *const names[] = {
		[ICE_NEW] = "new",
		[ICE_CHECKING] = "checking",
		[ICE_CONNECTED] = "connected",
		[ICE_COMPLETED] = "completed",
		[ICE_DISCONNECTED] = "disconnected",
		[ICE_FAILED] = "failed",
	};

	return names[s];
}

const char *ice_mode_name(enum ice_mode m)
{
	return m == ICE_LITE ? "lite" : "full";
}

bool ice_source_valid(const struct ice_agent *a, const struct ice_addr *from)
{
	for (unsigned int i = 0; i < a->pairs; i++)
		if ((a->pair[i].valid || a->pair[i].heard_ms != 0) &&
		    ice_addr_equal(&a->pair[i].remote, from))
			return true;
	return false;
}

/* The nominated; of the same generation by priority. */
static bool is_earlier(const struct ice_agent *a, const struct ice_pair *p,
		       const struct ice_pair *best)
{
	if (best != NULL && p->nominate != best->nominate)
		return p->nominate;
	if (best == NULL || p->generation != best->generation)
		return best == NULL || p->generation == a->newest;
	return ice_pair_priority(a, p) > ice_pair_priority(a, best);
}

bool ice_early(const struct ice_agent *a, struct ice_addr *from, bool *nominating)
{
	const struct ice_pair *best = NULL;

	if (a->selected >= 0 || a->state == ICE_FAILED)
		return false;
	for (unsigned int i = 0; i < a->pairs; i++) {
		const struct ice_pair *p = &a->pair[i];

		if ((p->valid || (p->heard_ms != 0 && p->state != ICE_DEAD)) && !p->foreign &&
		    is_earlier(a, p, best))
			best = p;
	}
	if (best == NULL)
		return false;
	*from = best->remote;
	*nominating = best->nominate;
	return true;
}

const char *ice_ufrag(const struct ice_agent *a)
{
	return a->generation[a->newest].ufrag;
}

const char *ice_pwd(const struct ice_agent *a)
{
	return a->generation[a->newest].pwd;
}

/* The newest that is known: of the generation before, while a restart is not answered. */
const char *ice_remote_ufrag(const struct ice_agent *a)
{
	const char *newest = a->generation[a->newest].remote_ufrag;

	return newest != NULL ? newest : a->generation[!a->newest].remote_ufrag;
}

void ice_get_info(const struct ice_agent *a, struct ice_info *out)
{
	const struct ice_pair *p = ice_selected(a);

	*out = (struct ice_info){
		.mode = a->mode,
		.state = a->state,
		.reason = a->reason,
		.controlling = a->controlling,
		.remote_lite = a->remote_lite,
		.has_remote = ice_remote_ufrag(a) != NULL,
		.has_selected = p != NULL,
		.restarting = a->generation[!a->newest].live,
		.remotes = a->pairs,
		.consent_ms = a->consent.fresh_ms,
		.rtt_ms = a->rtt_ms,
		.checks_in = a->checks_in,
		.checks_out = a->checks_out,
		.rejected = a->rejected,
	};
	if (p != NULL)
		out->selected = p->remote;
	for (unsigned int i = 0; i < 2; i++)
		out->learned += ice_pairs_count(a, i, true);
}

size_t ice_bytes(const struct ice_agent *a)
{
	size_t n = sizeof(*a) + a->pairs_room * sizeof(*a->pair) + a->gathers * sizeof(*a->gather);

	for (unsigned int i = 0; i < 2; i++)
		if (a->generation[i].remote_ufrag != NULL)
			n += strlen(a->generation[i].remote_ufrag) + 1;
	return n;
}
