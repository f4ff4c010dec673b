/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of pairs. */
#include <stdlib.h>

#include "ice_private.h"

struct ice_pair *ice_pair_find(const struct ice_agent *a, unsigned int generation,
			       const struct ice_addr *remote)
{
	for (unsigned int i = 0; i < a->pairs; i++)
		if (a->pair[i].generation == generation &&
		    ice_addr_equal(&a->pair[i].remote, remote))
			return &a->pair[i];
	return NULL;
}

struct ice_pair *ice_selected(const struct ice_agent *a)
{
	return a->selected >= 0 ? &a->pair[a->selected] : NULL;
}

unsigned int ice_pairs_count(const struct ice_agent *a, unsigned int generation, bool learned)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < a->pairs; i++)
		n += a->pair[i].generation == generation && a->pair[i].learned == learned;
	return n;
}

struct ice_pair *ice_pair_add(struct ice_agent *a, unsigned int generation,
			      const struct ice_addr *remote)
{
	struct ice_pair *p;

	if (a->pairs == a->pairs_room) {
		unsigned int room = a->pairs_room == 0 ? 2 : 2 * a->pairs_room;

		if (room > ICE_REMOTES_MAX)
			return NULL;
		p = realloc(a->pair, room * sizeof(*p));
		if (p == NULL)
			return NULL;
		a->pair = p;
		a->pairs_room = room;
	}
	p = &a->pair[a->pairs++];
	*p = (struct ice_pair){.remote = *remote, .generation = (uint8_t)generation};
	return p;
}

void ice_pair_remove(struct ice_agent *a, unsigned int index)
{
	unsigned int last = --a->pairs;

	if (a->selected == (int)index)
		a->selected = -1;
	else if (a->selected == (int)last)
		a->selected = (int)index;
	if (index != last)
		a->pair[index] = a->pair[last];
}

void ice_pairs_drop(struct ice_agent *a, unsigned int generation, bool keep_selected)
{
	for (unsigned int i = a->pairs; i-- > 0;)
		if (a->pair[i].generation == generation &&
		    !(keep_selected && a->selected == (int)i))
			ice_pair_remove(a, i);
}

void ice_pairs_adopt(struct ice_agent *a, uint32_t peer)
{
	for (unsigned int i = a->pairs; i-- > 0;) {
		struct ice_pair *p = &a->pair[i];

		if (!p->foreign)
			continue;
		p->foreign = false;
		p->generation = a->newest;
		if (p->peer != peer)
			ice_pair_remove(a, i);
	}
}

/* Room for a learned one: of too many the one that was silent longest goes. */
static bool make_room(struct ice_agent *a)
{
	int oldest = -1;
	unsigned int learned = 0;

	for (unsigned int i = 0; i < a->pairs; i++) {
		if (!a->pair[i].learned)
			continue;
		learned++;
		if (a->selected != (int)i &&
		    (oldest < 0 || a->pair[i].heard_ms < a->pair[oldest].heard_ms))
			oldest = (int)i;
	}
	if (learned < ICE_PEER_REFLEXIVE_MAX)
		return true;
	if (oldest < 0)
		return false;
	ice_pair_remove(a, (unsigned int)oldest);
	return true;
}

/* Its own: signalled ones are hashes with this bit clear. */
uint32_t ice_foundation_new(struct ice_agent *a)
{
	return UINT32_C(1) << 31 | ++a->foundations;
}

struct ice_pair *ice_pair_learn(struct ice_agent *a, unsigned int generation,
				const struct ice_addr *remote, uint32_t priority)
{
	struct ice_pair *p;

	if (!make_room(a))
		return NULL;
	p = ice_pair_add(a, generation, remote);
	if (p == NULL)
		return NULL;
	p->learned = true;
	p->priority = priority;
	p->foundation = ice_foundation_new(a);
	return p;
}

/* RFC 8445 §6.1.2.3 */
uint64_t ice_pair_priority(const struct ice_agent *a, const struct ice_pair *p)
{
	uint64_t local = candidate_priority(CANDIDATE_HOST, UINT16_MAX, 1), remote = p->priority;
	uint64_t g = a->controlling ? local : remote, d = a->controlling ? remote : local;

	return (g < d ? g : d) << 32 | (2 * (g > d ? g : d) + (g > d));
}
