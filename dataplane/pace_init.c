/* SPDX-License-Identifier: BSD-3-Clause */
/* The pacer's memory: all that it will ever have. */
#include <errno.h>

#include <rte_malloc.h>

#include "worker.h"

#define START_RING 4096

_Static_assert(START_RING > DP_PLAYERS, "who may start finds room in the ring");
_Static_assert(sizeof(struct pace_entry) == 16, "an entry is small");

int pace_init(struct worker *w)
{
	struct pace *pc = &w->pace;
	ssize_t ring = rte_ring_get_memsize(START_RING);

	pc->due = UINT64_MAX;
	pc->heap = rte_malloc("tnd_pace", PACE_MAX * sizeof(*pc->heap), 0);
	pc->player = rte_calloc("tnd_pace", DP_PLAYERS, sizeof(struct dp_player *), 0);
	pc->place = rte_calloc("tnd_pace", DP_PLAYERS, sizeof(*pc->place), 0);
	pc->start = rte_zmalloc("tnd_pace", (size_t)ring, RTE_CACHE_LINE_SIZE);
	if (!pc->heap || !pc->player || !pc->place || !pc->start ||
	    rte_ring_init(pc->start, "tnd_pace", START_RING, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < DP_PLAYERS; i++)
		pc->place[i] = i;
	return 0;
}

void pace_free(struct worker *w)
{
	rte_free(w->pace.start);
	rte_free(w->pace.place);
	rte_free(w->pace.player);
	rte_free(w->pace.heap);
}
