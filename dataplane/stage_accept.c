/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Third stage: may this packet come in? The sender first, then checksum and content, and only
 * then, from a packet that passed all of it, is an address learned and the flow marked alive;
 * of SRTP by the next stage, which knows what is authentic. A packet that fails changes nothing
 * but a counter.
 *
 * STUN and DTLS of legs whose plan says so leave here for control, whoever sent them (RFC 7983
 * tells them apart). They are not media: neither counted as received nor a sign of life, so that
 * a call in which nobody speaks ends, however long both sides go on with their consent checks.
 */
#include "worker.h"

/* Without a branch on what hardly ever differs. */
static inline bool from(const struct packet *p, const union wire_ip *ip, uint16_t port)
{
	uint64_t other = packet_sport(p) ^ port;

	if (likely(packet_is4(p)))
		return ((wire_load32(p->ip + 12) ^ ip->w[3]) | other) == 0;
	return ((wire_load64(p->ip + 8) ^ ip->q[0]) | (wire_load64(p->ip + 16) ^ ip->q[1]) |
		other) == 0;
}

/* Latch host: whoever sends from the signalled address. */
static __rte_noinline enum sender sender_by_host(const struct packet *p)
{
	union wire_ip src = packet_src(p);

	return p->plan->flags & FLOW_PLAN_REMOTE && wire_ip_equal(&src, &p->plan->remote)
		       ? SENDER_KNOWN
		       : SENDER_STRANGER;
}

static inline enum sender sender_of(const struct packet *p)
{
	const struct flow_plan *plan = p->plan;
	const struct flow_rt *rt = p->rt;

	if (likely((plan->flags & (FLOW_PLAN_LEARN | FLOW_PLAN_REMOTE)) == FLOW_PLAN_REMOTE))
		return likely(from(p, &plan->remote, plan->remote_port)) ? SENDER_KNOWN
									 : SENDER_STRANGER;
	if (!(plan->flags & FLOW_PLAN_LEARN))
		return SENDER_STRANGER;
	if (likely(rt->latched && rt->epoch == plan->epoch)) {
		if (likely(from(p, &rt->learned, rt->learned_port)))
			return SENDER_KNOWN;
		if (!(plan->flags & FLOW_PLAN_FOLLOW))
			return SENDER_STRANGER;
	}
	return unlikely(plan->extra & FLOW_EXTRA_HOST) ? sender_by_host(p) : SENDER_NEW;
}

static inline bool checksum_ok(const struct rte_mbuf *m, const struct packet *p)
{
	/* Some devices call a missing checksum good, whatever the family. */
	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return packet_is4(p) || wire_load16(packet_udp(p) + 6) != 0;
	return wire_udp_csum_ok(p->ip, p->ip_hlen, p->payload_len + WIRE_UDP_HLEN);
}

/* As wire_media_classify(), but that the padding of SRTP can't be judged. */
static enum wire_media classify(const struct packet *p)
{
	const uint8_t *payload = packet_payload(p);
	enum wire_media media = wire_media_classify(payload, p->payload_len);

	if (media == WIRE_MEDIA_BAD_RTP && p->plan->flags & FLOW_PLAN_SRTP &&
	    wire_srtp_ok(payload, p->payload_len))
		return WIRE_MEDIA_RTP;
	return media;
}

#define PASSES     FLOW_DROP_COUNT
#define TO_CONTROL (FLOW_DROP_COUNT + 1)

/* STUN and DTLS: control's; or the other party's, but not beside SRTP. */
static unsigned int check_other(const struct flow_plan *plan, uint16_t flag)
{
	if (plan->flags & flag)
		return TO_CONTROL;
	return plan->flags & FLOW_PLAN_SRTP ? FLOW_DROP_not_media : PASSES;
}

/* PASSES, TO_CONTROL, or why not. Fills p->media. */
static inline unsigned int check_content(struct packet *p)
{
	const struct flow_plan *plan = p->plan;

	if (unlikely(plan->flags & FLOW_PLAN_ANY)) {
		/* By its port, since nothing else tells. */
		p->media = plan->flags & FLOW_PLAN_RTCP ? WIRE_MEDIA_RTCP : WIRE_MEDIA_UNKNOWN;
		return PASSES;
	}
	if (likely(wire_is_plain_rtp(packet_payload(p), p->payload_len)))
		p->media = WIRE_MEDIA_RTP;
	else
		p->media = (uint8_t)classify(p);
	if (likely(p->media == WIRE_MEDIA_RTP))
		return unlikely(plan->flags & FLOW_PLAN_RTCP) ? FLOW_DROP_rtp_on_rtcp : PASSES;
	switch (p->media) {
	case WIRE_MEDIA_RTCP: return PASSES;
	case WIRE_MEDIA_STUN: return check_other(plan, FLOW_PLAN_STUN);
	case WIRE_MEDIA_DTLS: return check_other(plan, FLOW_PLAN_DTLS);
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
	union wire_ip src = packet_src(p);

	if (!wire_ip_is_unicast(&src) || packet_sport(p) == 0) {
		packet_drop_leg(w->t, p, FLOW_DROP_bad_source);
		return false;
	}
	if (p->plan->flags & FLOW_PLAN_RTCP) {
		if (rtp_known && !wire_ip_equal(&leg->rtp.learned, &src)) {
			packet_drop_leg(w->t, p, FLOW_DROP_source);
			return false;
		}
	} else if (leg->rtcp.latched && !wire_ip_equal(&leg->rtcp.learned, &src)) {
		leg->rtcp.latched = false;
	}
	rt->learned = src;
	rt->learned_port = packet_sport(p);
	rt->latched = true;
	rt->epoch = p->plan->epoch;
	rt->event_due = !tell_learned(w, p->plan, rt);
	worker_count(w, learned, 1);
	return true;
}

static inline bool admit_sender(struct worker *w, struct packet *p, enum sender sender)
{
	struct flow_rt *rt = p->rt;

	if (unlikely(sender == SENDER_NEW) && !learn(w, p))
		return false;
	if (unlikely(rt->event_due)) /* the event ring was full when it was learned */
		rt->event_due = rt->epoch == p->plan->epoch && !tell_learned(w, p->plan, rt);
	return true;
}

/* Whom a packet before it in the burst was learned from is known only now. */
void packet_admit(struct worker *w, struct burst *b, struct packet *p)
{
	if (unlikely(p->sender == SENDER_NEW)) {
		p->sender = (uint8_t)sender_of(p);
		if (p->sender == SENDER_STRANGER) {
			packet_drop_leg(w->t, p, FLOW_DROP_source);
			return;
		}
	}
	if (!admit_sender(w, p, p->sender))
		return;
	if (p->plan->flags & FLOW_PLAN_BUNDLE)
		b->bundled++;
	else
		packet_count(w, p);
}

/* Within the leg's budget, of which strangers have one of their own. */
static void to_control(struct worker *w, struct packet *p, enum sender sender)
{
	struct flow_leg_rt *leg = &w->t->leg[p->plan->leg];
	enum dp_punt_kind kind = p->media == WIRE_MEDIA_STUN ? DP_PUNT_STUN : DP_PUNT_DTLS;

	if (!punt_leg_take(w, sender == SENDER_KNOWN ? &leg->punts : &leg->punts_strange, kind)) {
		packet_drop_leg(w->t, p, FLOW_DROP_leg_punt_limited);
		return;
	}
	p->verdict = VERDICT_PUNT;
	p->punt = (uint8_t)kind;
	p->sender = (uint8_t)sender;
}

static __rte_noinline void refuse(struct worker *w, struct packet *p, enum sender sender,
				  unsigned int why)
{
	if (why == TO_CONTROL)
		to_control(w, p, sender);
	else
		packet_drop_leg(w->t, p, why);
}

/* Nothing of a stranger's passes but what is for control. */
static __rte_noinline void accept_stranger(struct worker *w, struct packet *p,
					   const struct rte_mbuf *m)
{
	if (!(p->plan->flags & (FLOW_PLAN_STUN | FLOW_PLAN_DTLS)) || check_content(p) != TO_CONTROL)
		packet_drop_leg(w->t, p, FLOW_DROP_source);
	else if (!checksum_ok(m, p))
		packet_drop(p, FLOW_DROP_udp_checksum);
	else
		to_control(w, p, SENDER_STRANGER);
}

static inline void accept_one(struct worker *w, struct burst *b, struct packet *p,
			      const struct rte_mbuf *m)
{
	enum sender sender = sender_of(p);
	unsigned int why;

	if (unlikely(sender == SENDER_STRANGER)) {
		accept_stranger(w, p, m);
		return;
	}
	if (unlikely(!checksum_ok(m, p))) {
		packet_drop(p, FLOW_DROP_udp_checksum);
		return;
	}
	why = check_content(p);
	if (unlikely(why != PASSES)) {
		refuse(w, p, sender, why);
		return;
	}
	if (likely(!(p->plan->what & FLOW_WHAT(FLOW_PLAN_OPEN | FLOW_PLAN_BUNDLE, UINT8_MAX)))) {
		if (likely(admit_sender(w, p, sender)))
			packet_count(w, p);
		return;
	}
	b->extra |= p->plan->extra;
	p->sender = (uint8_t)sender;
	if (p->plan->flags & FLOW_PLAN_OPEN)
		b->srtp_in++;
	else
		packet_admit(w, b, p);
}

void stage_accept(struct worker *w, struct burst *b)
{
	const unsigned int n = b->n;

	for (unsigned int i = 0; i < n; i++)
		if (likely(b->p[i].verdict == VERDICT_GO))
			accept_one(w, b, &b->p[i], b->m[i]);
}
