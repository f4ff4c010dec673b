/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Second stage: slot to plan to running half, each step for the whole burst so that the cache
 * misses of many calls overlap. Packets of calls that another worker owns leave here.
 */
#include <rte_prefetch.h>

#include "worker.h"

static inline struct flow_rt *rt_of(const struct flow_tables *t, const struct flow_plan *plan)
{
	struct flow_leg_rt *leg = &t->leg[plan->leg];

	return plan->flags & FLOW_PLAN_RTCP ? &leg->rtcp : &leg->rtp;
}

/* Both legs of a session lie side by side. */
static void prefetch_more(const struct flow_tables *t, const struct flow_plan *plan)
{
	if (plan->flags & (FLOW_PLAN_OPEN | FLOW_PLAN_SEAL))
		rte_prefetch0(&t->secure[plan->leg & ~1u]);
	if (plan->flags & FLOW_PLAN_BUNDLE) {
		const struct flow_bundle *b = &t->bundle[plan->leg];

		rte_prefetch0(&b->section[0]);
		rte_prefetch0(&b->section[64]);
		rte_prefetch0(b->plan);
	}
}

void stage_lookup(struct worker *w, struct burst *b)
{
	for (uint16_t i = 0; i < b->n; i++) {
		struct packet *p = &b->p[i];
		uint32_t plan;

		if (unlikely(p->verdict != VERDICT_GO))
			continue;
		plan = flow_lookup(p->slot);
		if (unlikely(plan == 0)) {
			packet_drop(p, FLOW_DROP_no_flow);
			continue;
		}
		p->plan = &w->t->plan[plan];
		rte_prefetch0(p->plan);
	}
	for (uint16_t i = 0; i < b->n; i++) {
		struct packet *p = &b->p[i];

		if (unlikely(p->verdict != VERDICT_GO))
			continue;
		if (unlikely(p->plan->owner != w->index)) {
			p->verdict = VERDICT_HANDOFF;
			p->owner = p->plan->owner;
			continue;
		}
		p->rt = rt_of(w->t, p->plan);
		rte_prefetch0(p->rt);
		if (unlikely(p->plan->flags & (FLOW_PLAN_OPEN | FLOW_PLAN_SEAL | FLOW_PLAN_BUNDLE)))
			prefetch_more(w->t, p->plan);
		if (likely(!(p->plan->flags & FLOW_PLAN_RTCP)))
			rte_prefetch0(&((struct flow_leg_rt *)p->rt)->stats);
	}
}
