/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * After rewrite: RTP becomes SRTP, for all packets of a burst at once, those too that wait for a
 * MAC address or come back in by our own door. Headers and lengths stand already; what is left
 * is the UDP checksum.
 */
#include "srtp_verdict.h"
#include "udp_checksum.h"

/* Headers are written already: what can't be sealed after all has not been sent. */
static void drop_unsent(struct worker *w, struct packet *p, enum flow_drop why)
{
	packet_drop_leg(w->t, p, why);
	flow_count(p->rt->unsent_packets, 1);
	flow_count(p->rt->unsent_bytes, p->payload_len);
}

/* False: control has taken the keys away since the headers were written. */
static bool prepare(const struct worker *w, const struct packet *p, const struct rte_mbuf *m,
		    struct srtp_op *op)
{
	const struct flow_secure *s = &w->t->secure[p->plan->leg ^ 1];

	op->data = packet_payload(p);
	op->len = p->payload_len;
	op->room = (uint16_t)(rte_pktmbuf_mtod(m, uint8_t *) + m->data_len - op->data - op->len);
	op->rtcp = p->media == WIRE_MEDIA_RTCP;
	op->keys = __atomic_load_n(&s->tx, __ATOMIC_ACQUIRE);
	op->keys_old = NULL;
	op->leg = s->leg;
	if (unlikely(op->keys == NULL))
		return false;
	srtp_prefetch(op->keys, op->leg);
	return true;
}

static void finish(struct worker *w, struct packet *p, struct rte_mbuf *m, const struct srtp_op *op)
{
	if (likely(op->verdict == SRTP_OK && op->len == p->payload_len + op->room)) {
		packet_udp_checksum(p, m);
		return;
	}
	/* New keys of another size since the headers were written: as if the key were unknown. */
	drop_unsent(w, p, op->verdict == SRTP_OK ? FLOW_DROP_srtp_key : srtp_drop[op->verdict]);
}

void stage_seal(struct worker *w, struct burst *b)
{
	struct srtp_op op[BURST_MAX];
	uint8_t of[BURST_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		if (!b->p[i].to_seal)
			continue;
		of[n] = (uint8_t)i;
		if (likely(prepare(w, &b->p[i], b->m[i], &op[n])))
			n++;
		else
			drop_unsent(w, &b->p[i], FLOW_DROP_srtp_key);
	}
	srtp_seal(w->srtp, op, n, w->tick);
	for (unsigned int i = 0; i < n; i++)
		finish(w, &b->p[of[i]], b->m[of[i]], &op[i]);
}
