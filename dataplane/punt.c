/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From workers to control: packets that need thought, each kind within its own rate, so that a
 * flood of one does not keep out the others; and events.
 */
#include "worker.h"

/* Packets a second and worker; the bucket holds a tenth of a second's worth, 16 at least. */
static const uint32_t punt_rate[DP_PUNT_KINDS] = {
	[DP_PUNT_ARP] = 1000,    [DP_PUNT_ND] = 1000,          [DP_PUNT_ICMP] = 1000,
	[DP_PUNT_TOO_BIG] = 200, [DP_PUNT_UNRESOLVED] = 20000,
};

static bool take_token(struct worker *w, uint8_t kind)
{
	struct token_bucket *b = &w->bucket[kind];
	uint64_t refill = (uint64_t)(w->tick - b->tick) * punt_rate[kind] / w->ticks_per_s;

	if (refill > 0) {
		b->tokens =
			(uint32_t)RTE_MIN(b->tokens + refill, RTE_MAX(punt_rate[kind] / 10, 16u));
		b->tick = w->tick;
	}
	if (b->tokens == 0)
		return false;
	b->tokens--;
	return true;
}

void punt_packet(struct worker *w, struct rte_mbuf *m, const struct dp_punt *what)
{
	enum flow_drop why;

	if (!take_token(w, what->kind)) {
		why = what->kind == DP_PUNT_UNRESOLVED ? FLOW_DROP_no_neighbour
						       : FLOW_DROP_punt_limited;
		worker_drop(w, m, why);
		return;
	}
	*RTE_MBUF_DYNFIELD(m, dp_punt_offset, struct dp_punt *) = *what;
	if (unlikely(rte_ring_enqueue(w->punt, m) != 0)) {
		worker_drop(w, m, FLOW_DROP_punt_full);
		return;
	}
	worker_count(w, punted, 1);
}

bool event_post(struct worker *w, const struct flow_event *ev)
{
	return rte_ring_enqueue_elem(w->event, (void *)(uintptr_t)ev, sizeof(*ev)) == 0;
}
