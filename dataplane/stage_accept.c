/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Third stage: may this packet come in? The sender first, then checksum and content, and only
 * then, from a packet that passed all of it, is an address learned and the flow marked alive.
 * A packet that fails changes nothing but a counter.
 */
#include "worker.h"

static inline bool from(const struct packet *p, const union wire_ip *ip, uint16_t port)
{
	return p->f.sport_be == port && wire_ip_equal(&p->f.src, ip);
}

/* Is the sender the one that this flow takes, or one that it may learn (p->learn)? */
static inline bool sender_ok(struct packet *p)
{
	const struct flow_plan *plan = p->plan;
	const struct flow_rt *rt = p->rt;

	if (likely(!(plan->flags & FLOW_PLAN_LEARN)))
		return (plan->flags & FLOW_PLAN_REMOTE) &&
		       from(p, &plan->remote, plan->remote_port);
	if (likely(rt->latched && rt->epoch == plan->epoch)) {
		if (likely(from(p, &rt->learned, rt->learned_port)))
			return true;
		if (!(plan->flags & FLOW_PLAN_FOLLOW))
			return false;
	}
	p->learn = true;
	return true;
}

static inline bool checksum_ok(const struct rte_mbuf *m, const struct packet *p)
{
	uint16_t field;

	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return wire_frame_udp_csum_ok(p->data, &p->f);
	/* Some devices call a missing checksum good, whatever the family. */
	memcpy(&field, p->data + p->f.l4_off + 6, 2);
	return field != 0 || p->f.family == 4;
}

/* FLOW_DROP_COUNT: it may pass. Fills p->media. */
static inline enum flow_drop check_content(struct packet *p)
{
	if (unlikely(p->plan->flags & FLOW_PLAN_ANY)) {
		/* By its port, since nothing else tells. */
		p->media = p->plan->flags & FLOW_PLAN_RTCP ? WIRE_MEDIA_RTCP : WIRE_MEDIA_UNKNOWN;
		return FLOW_DROP_COUNT;
	}
	p->media =
		(uint8_t)wire_media_classify(p->data + p->f.payload_off, p->f.payload_len, &p->rtp);
	switch (p->media) {
	case WIRE_MEDIA_RTP:
		return unlikely(p->plan->flags & FLOW_PLAN_RTCP) ? FLOW_DROP_rtp_on_rtcp
								 : FLOW_DROP_COUNT;
	case WIRE_MEDIA_RTCP:
	case WIRE_MEDIA_STUN:
	case WIRE_MEDIA_DTLS: return FLOW_DROP_COUNT;
	case WIRE_MEDIA_BAD_RTP:
	case WIRE_MEDIA_BAD_RTCP: return FLOW_DROP_rtp_malformed;
	default: return FLOW_DROP_not_media;
	}
}

static bool tell_learned(struct worker *w, const struct flow_plan *plan, const struct flow_rt *rt)
{
	struct flow_event ev = {
		.type = FLOW_EVENT_LATCHED,
		.ip = rt->learned,
		.port = rt->learned_port,
		.leg = plan->leg,
		.generation = plan->generation,
		.rtcp = (plan->flags & FLOW_PLAN_RTCP) != 0,
		.epoch = plan->epoch,
	};

	return event_post(w, &ev);
}

/*
 * RTCP is taken only from the host that RTP was learned from, so that nobody can divert the
 * reports of a call whose media is already bound; and RTP learned later overrules RTCP.
 */
static bool learn(struct worker *w, struct packet *p)
{
	struct flow_leg_rt *leg = &w->t->leg[p->plan->leg];
	struct flow_rt *rt = p->rt;
	bool rtp_known = leg->rtp.latched && leg->rtp.epoch == p->plan->epoch;

	if (!wire_ip_is_unicast(&p->f.src) || p->f.sport_be == 0) {
		packet_drop_leg(w->t, p, FLOW_DROP_bad_source);
		return false;
	}
	if (p->plan->flags & FLOW_PLAN_RTCP) {
		if (rtp_known && !wire_ip_equal(&leg->rtp.learned, &p->f.src)) {
			packet_drop_leg(w->t, p, FLOW_DROP_source);
			return false;
		}
	} else if (leg->rtcp.latched && !wire_ip_equal(&leg->rtcp.learned, &p->f.src)) {
		leg->rtcp.latched = false;
	}
	rt->learned = p->f.src;
	rt->learned_port = p->f.sport_be;
	rt->latched = true;
	rt->epoch = p->plan->epoch;
	rt->event_due = !tell_learned(w, p->plan, rt);
	worker_count(w, learned, 1);
	return true;
}

static inline void accept_one(struct worker *w, struct packet *p, const struct rte_mbuf *m)
{
	struct flow_rt *rt = p->rt;
	enum flow_drop why;

	if (unlikely(!sender_ok(p))) {
		packet_drop_leg(w->t, p, FLOW_DROP_source);
		return;
	}
	if (unlikely(!checksum_ok(m, p))) {
		packet_drop(p, FLOW_DROP_udp_checksum);
		return;
	}
	why = check_content(p);
	if (unlikely(why != FLOW_DROP_COUNT)) {
		packet_drop_leg(w->t, p, why);
		return;
	}
	if (unlikely(p->learn) && !learn(w, p))
		return;
	if (unlikely(rt->event_due)) /* the event ring was full when it was learned */
		rt->event_due = rt->epoch == p->plan->epoch && !tell_learned(w, p->plan, rt);
	__atomic_store_n(&rt->last_seen, w->tick, __ATOMIC_RELAXED);
	flow_count(rt->rx_packets, 1);
	flow_count(rt->rx_bytes, p->f.payload_len);
}

void stage_accept(struct worker *w, struct burst *b)
{
	for (uint16_t i = 0; i < b->n; i++)
		if (likely(b->p[i].verdict == VERDICT_GO))
			accept_one(w, &b->p[i], b->m[i]);
}
