/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * After accept: SRTP becomes RTP, for all packets of a burst at once. What is not
 * authentic has changed nothing when it is dropped here.
 */
#include "srtp_verdict.h"
#include "worker.h"

static bool prepare(struct worker *w, struct packet *p, struct srtp_op *op)
{
	const struct flow_secure *s = &w->t->secure[p->plan->leg];

	op->data = packet_payload(p);
	op->len = p->payload_len;
	op->room = 0;
	op->rtcp = p->media == WIRE_MEDIA_RTCP;
	op->keys = __atomic_load_n(&s->rx, __ATOMIC_ACQUIRE);
	op->keys_old = __atomic_load_n(&s->rx_old, __ATOMIC_ACQUIRE);
	op->leg = s->leg;
	if (likely(op->keys != NULL)) {
		srtp_prefetch(op->keys, op->leg);
		return true;
	}
	packet_drop_leg(w->t, p, FLOW_DROP_srtp_key);
	return false;
}

/* Its padding could not be judged before. */
static bool content_ok(const struct packet *p)
{
	return p->media != WIRE_MEDIA_RTP || wire_rtp_ok(packet_payload(p), p->payload_len);
}

static void finish(struct worker *w, struct burst *b, struct packet *p, const struct srtp_op *op)
{
	if (unlikely(op->verdict != SRTP_OK)) {
		packet_drop_leg(w->t, p, srtp_drop[op->verdict]);
		return;
	}
	p->opened = (uint8_t)(p->payload_len - op->len);
	p->payload_len = op->len;
	if (unlikely(!content_ok(p)))
		packet_drop_leg(w->t, p, FLOW_DROP_rtp_malformed);
	else
		packet_admit(w, b, p);
}

void stage_open(struct worker *w, struct burst *b)
{
	struct srtp_op op[BURST_MAX];
	struct packet *of[BURST_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		struct packet *p = &b->p[i];

		if (p->verdict != VERDICT_GO || !(p->plan->flags & FLOW_PLAN_OPEN))
			continue;
		of[n] = p;
		n += prepare(w, p, &op[n]);
	}
	srtp_open(w->srtp, op, n, w->tick);
	for (unsigned int i = 0; i < n; i++)
		finish(w, b, of[i], &op[i]);
}
