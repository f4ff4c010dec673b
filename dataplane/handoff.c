/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From worker to worker: packets that the device brought to the wrong one, and frames for a
 * device on which this worker has no queue. The mbuf is all that travels: the owner looks
 * the packet up again, so that no index outlives this worker's turn.
 */
#include "worker.h"

static void send_to(struct worker *w, uint16_t owner)
{
	struct handoff_buffer *to = &w->to[owner];
	unsigned int sent = rte_ring_sp_enqueue_burst(w->dp->w[owner]->handoff[w->index],
						      (void **)to->m, to->n, NULL);

	if (unlikely(sent < to->n)) {
		flow_count(w->drops[FLOW_DROP_handoff_full], to->n - sent);
		rte_pktmbuf_free_bulk(&to->m[sent], to->n - sent);
	}
	worker_count(w, handoff_out, sent);
	to->n = 0;
}

void handoff_add(struct worker *w, uint16_t owner, struct rte_mbuf *m)
{
	struct handoff_buffer *to = &w->to[owner];

	to->m[to->n++] = m;
	w->to_dirty |= UINT64_C(1) << owner;
	if (to->n == BURST_MAX)
		send_to(w, owner);
}

void handoff_flush(struct worker *w)
{
	while (w->to_dirty) {
		uint16_t owner = (uint16_t)rte_bsf64(w->to_dirty);

		w->to_dirty &= w->to_dirty - 1;
		if (w->to[owner].n)
			send_to(w, owner);
	}
}
