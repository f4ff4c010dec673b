/* SPDX-License-Identifier: BSD-3-Clause */
/* Last stage: every packet leaves the burst, one way or the other. */
#include "worker.h"

/* The plan of the far end's leg, or that of the inner side. */
static void note_inner(const struct packet *p, struct dp_punt *what)
{
	what->l3_off = p->l3_off;
	if (p->punt == DP_PUNT_INNER_NO_ROUTE) {
		what->outward = true;
		return;
	}
	what->mtu = p->mtu;
	what->leg = p->plan->leg & ~1u;
	what->generation = p->plan->generation;
	what->outward = p->plan->leg & 1;
}

static void punt_one(struct worker *w, const struct packet *p, struct rte_mbuf *m)
{
	struct dp_punt what = {.kind = p->punt, .iface = p->iface};

	if (p->punt == DP_PUNT_TOO_BIG) {
		what.mtu = p->mtu;
		/* What is plain text by now must not go back: only what is so in SRTP and SRTCP. */
		what.quote = p->opened ? WIRE_RTCP_HLEN : p->payload_len;
	} else if (p->punt == DP_PUNT_UNRESOLVED) {
		what.nexthop = p->nexthop;
	} else if (p->punt == DP_PUNT_STUN || p->punt == DP_PUNT_DTLS) {
		what.known = p->sender == SENDER_KNOWN;
		what.leg = p->plan->leg;
		what.generation = p->plan->generation;
	} else if (p->punt >= DP_PUNT_INNER_TOO_BIG) {
		note_inner(p, &what);
	}
	punt_packet(w, m, &what);
}

/* How many packets from the i-th on leave alike by the same port, one after the other. */
static inline uint16_t run_length(const struct burst *b, uint16_t i)
{
	uint16_t end = i + 1;

	while (end < b->n && b->p[end].verdict == b->p[i].verdict &&
	       b->p[end].tx_port == b->p[i].tx_port)
		end++;
	return end - i;
}

void stage_dispose(struct worker *w, struct burst *b)
{
	struct rte_mbuf *dead[BURST_MAX];
	uint16_t dead_count = 0, run;
	uint32_t relayed = 0;

	for (uint16_t i = 0; i < b->n; i += run) {
		struct packet *p = &b->p[i];

		run = 1;
		switch (p->verdict) {
		case VERDICT_GO:
			run = run_length(b, i);
			relayed += run;
			tx_frames(w, p->tx_port, &b->m[i], run);
			break;
		case VERDICT_HANDOFF: handoff_add(w, p->owner, b->m[i]); break;
		case VERDICT_PUNT: punt_one(w, p, b->m[i]); break;
		case VERDICT_DROP:
			flow_count(w->drops[p->drop], 1);
			dead[dead_count++] = b->m[i];
			break;
		case VERDICT_READY:
			run = run_length(b, i);
			tx_frames(w, p->tx_port, &b->m[i], run);
			break;
		case VERDICT_DONE: dead[dead_count++] = b->m[i]; break;
		}
	}
	if (relayed)
		worker_count(w, relayed, relayed);
	if (unlikely(dead_count))
		rte_pktmbuf_free_bulk(dead, dead_count);
}
