/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fifth stage: the other side's headers. The UDP header stays where it is and gets new ports
 * and an incrementally updated checksum (RFC 1624), so that a payload is never summed twice.
 * Within a family the IP header stays too, and only what changes is written; between families
 * a new one is written before UDP. Ethernet is new in any case.
 *
 * As a relay that sends what it received (RFC 8656 §14 has the same rules): the hop limit
 * goes on counting down, so that two relays that point at each other don't go round for ever;
 * ECN is kept, DSCP kept or set; DF is kept.
 */
#include "udp_checksum.h"

#define IP4_DF       0x4000
#define IPV6_MIN_MTU 1280
struct out {
	const struct flow_plan *plan;
	const struct flow_iface *iface;
	const union wire_ip *src;
	uint64_t mac;         /* of the next hop, with flags: flow_nexthop.mac */
	uint16_t payload_len; /* of UDP; with SRTP's tag where there will be one */
	uint8_t ip_hlen;
	uint8_t tos;
};

/* Where RTCP goes is another plan's business if the other leg has a port for it. */
static inline const struct flow_plan *out_plan(const struct flow_tables *t, struct packet *p)
{
	const struct flow_plan *plan = p->plan;

	if (likely(p->media != WIRE_MEDIA_RTCP))
		return plan;
	if (plan->flags & FLOW_PLAN_RTCP_DROP) {
		packet_drop_leg(t, p, FLOW_DROP_rtcp_unwanted);
		return NULL;
	}
	return plan->rtcp_plan ? &t->plan[plan->rtcp_plan] : plan;
}

/*
 * The sender is told the largest IP packet that it may use, in its own family and with its own
 * SRTP's overhead.
 */
static void too_big(struct worker *w, struct packet *p, const struct out *o)
{
	uint16_t growth = o->payload_len - p->payload_len;
	uint16_t mtu = o->iface->mtu - o->ip_hlen - growth + p->ip_hlen + p->opened;

	packet_drop_leg(w->t, p, FLOW_DROP_too_big);
	flow_count(w->drops[FLOW_DROP_too_big], 1);
	p->verdict = VERDICT_PUNT;
	p->punt = DP_PUNT_TOO_BIG;
	p->mtu = packet_is4(p) ? mtu : RTE_MAX(mtu, IPV6_MIN_MTU);
}

/* Room before it for the headers, and behind it for a tag. */
static inline bool has_room(const struct packet *p, const struct rte_mbuf *m, const struct out *o)
{
	uint32_t before = m->data_off + p->l3_off + (uint32_t)p->ip_hlen;
	uint32_t end = before + WIRE_UDP_HLEN + o->payload_len;

	return before >= o->ip_hlen + (uint32_t)o->iface->l2_hlen && end <= m->buf_len;
}

/* Can it be SRTP, and how long will it be? */
static bool plan_seal(const struct flow_tables *t, struct packet *p, struct out *o)
{
	const struct srtp_keys *tx =
		__atomic_load_n(&t->secure[o->plan->leg ^ 1].tx, __ATOMIC_ACQUIRE);
	bool rtcp = p->media == WIRE_MEDIA_RTCP;

	if (!rtcp && p->media != WIRE_MEDIA_RTP) {
		packet_drop_leg(t, p, FLOW_DROP_not_media);
		return false;
	}
	if (tx == NULL) {
		packet_drop_leg(t, p, FLOW_DROP_srtp_key);
		return false;
	}
	o->payload_len += srtp_keys_growth(tx, rtcp);
	return true;
}

/* May it go out, and is there room for its headers? */
static inline bool can_send(struct worker *w, struct packet *p, struct rte_mbuf *m, struct out *o)
{
	const struct flow_tables *t = w->t;
	const struct flow_plan *plan = out_plan(t, p);

	if (unlikely(plan == NULL))
		return false;
	if (p->media == WIRE_MEDIA_RTCP && p->plan->flags & FLOW_PLAN_FB_DROP &&
	    !packet_drop_feedback(w, p))
		return false;
	if (unlikely((plan->flags & (FLOW_PLAN_OUT | FLOW_PLAN_HOLD)) != FLOW_PLAN_OUT)) {
		packet_drop_leg(
			t, p, plan->flags & FLOW_PLAN_HOLD ? FLOW_DROP_hold : FLOW_DROP_no_remote);
		return false;
	}
	if (unlikely(packet_hops(p) <= 1)) {
		packet_drop_leg(t, p, FLOW_DROP_ttl);
		return false;
	}
	o->plan = plan;
	o->src = &t->addr[plan->out_addr].ip;
	o->iface = &t->iface[t->addr[plan->out_addr].iface];
	o->ip_hlen = plan->flags & FLOW_PLAN_OUT6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN;
	o->payload_len = p->payload_len;
	if (plan->flags & FLOW_PLAN_SEAL && !plan_seal(t, p, o))
		return false;
	if (unlikely(o->ip_hlen + WIRE_UDP_HLEN + o->payload_len > o->iface->mtu)) {
		too_big(w, p, o);
		return false;
	}
	if (unlikely(!has_room(p, m, o))) {
		packet_drop_leg(t, p, FLOW_DROP_no_room);
		return false;
	}
	o->mac = __atomic_load_n(&t->nexthop[plan->nexthop].mac, __ATOMIC_RELAXED);
	o->tos = packet_tos(p);
	if (plan->tos != FLOW_TOS_KEEP)
		o->tos = plan->tos | (o->tos & 3);
	return true;
}

static inline void write_ports(uint8_t *udp, const struct flow_plan *plan)
{
	memcpy(udp, &plan->out_sport, 4);
}

/* The sender's part of what changes, where control could not know who it would be. */
static inline uint16_t less_source(const struct packet *p, uint16_t change, uint16_t port)
{
	const uint8_t *ip = p->ip;
	uint64_t sum = port;

	if (packet_is4(p))
		sum += wire_load32(ip + 12);
	else
		for (unsigned int i = 8; i < 24; i += 4)
			sum += wire_load32(ip + i);
	return wire_sum_change(sum, change);
}

/*
 * What the UDP checksum's words change by on their way out. Control has reckoned it for packets
 * that go out by the plan of the port where they came: not so RTCP by another plan, nor what a
 * bundle's section sends.
 */
static inline uint16_t udp_change(const struct packet *p, const struct flow_plan *plan,
				  const union wire_ip *src, bool by_port)
{
	uint64_t old;

	if (unlikely(!by_port)) {
		old = packet_is4(p) ? wire_sum_tuple4(p->ip) : wire_sum_tuple6(p->ip);
		return wire_sum_change(old, wire_sum_ip(src) + wire_sum_ip(&plan->out_ip) +
						    plan->out_sport + plan->out_port);
	}
	if (plan->flags & FLOW_PLAN_LEARN)
		return less_source(p, plan->udp_change, packet_sport(p));
	return plan->udp_change;
}

/* UDP over the new addresses; a field of zero ("none") stays what it is. */
static inline void write_udp(const struct packet *p, const struct flow_plan *plan,
			     const union wire_ip *src, bool by_port)
{
	uint8_t *udp = packet_udp(p);
	uint16_t field = wire_load16(udp + 6);

	if (likely(field != 0)) {
		field = wire_checksum_update_udp(field, udp_change(p, plan, src, by_port));
		memcpy(udp + 6, &field, 2);
	}
	write_ports(udp, plan);
}

/* A header of whole words, so that its sum needs none of them back from memory. */
static inline void write_ip4(uint8_t *ip, const struct out *o, uint32_t w1, uint8_t ttl)
{
	uint16_t len = WIRE_IP4_HLEN + WIRE_UDP_HLEN + o->payload_len;
	uint32_t w0 = rte_cpu_to_be_32(0x45u << 24 | (uint32_t)o->tos << 16 | len);
	uint32_t w2 = rte_cpu_to_be_32((uint32_t)ttl << 24 | WIRE_PROTO_UDP << 16);
	uint32_t src = o->src->w[3], dst = o->plan->out_ip.w[3];
	uint16_t sum = wire_checksum((uint64_t)w0 + w1 + w2 + src + dst);

	memcpy(ip, &w0, 4);
	memcpy(ip + 4, &w1, 4);
	memcpy(ip + 8, &w2, 2);
	memcpy(ip + 10, &sum, 2);
	memcpy(ip + 12, &src, 4);
	memcpy(ip + 16, &dst, 4);
}

static inline void relay_udp(const struct packet *p, const struct out *o)
{
	write_udp(p, o->plan, o->src, o->plan == p->plan && !(o->plan->flags & FLOW_PLAN_BUNDLE));
}

/* The length is written too: the packet may have had bytes behind UDP that are not sent on. */
static inline void relay4(struct packet *p, const struct out *o)
{
	uint8_t *ip = p->ip;

	relay_udp(p, o);
	write_ip4(ip, o, wire_load32(ip + 4), ip[8] - 1);
}

static inline void relay6(struct packet *p, const struct out *o)
{
	uint8_t *ip = p->ip;

	relay_udp(p, o);
	ip[0] = 0x60 | o->tos >> 4;
	ip[1] = (uint8_t)(o->tos << 4) | (ip[1] & 0x0f);
	wire_put16(ip + 4, WIRE_UDP_HLEN + o->payload_len);
	ip[7]--;
	memcpy(ip + 8, o->src->b, 16);
	memcpy(ip + 24, o->plan->out_ip.b, 16);
}

static inline void bridge64(struct worker *w, struct packet *p, const struct out *o)
{
	uint8_t ttl = p->ip[7] - 1, *ip = packet_udp(p) - WIRE_IP4_HLEN;
	uint16_t len = WIRE_IP4_HLEN + WIRE_UDP_HLEN + o->payload_len;
	/* An IPv6 sender never counted on fragments behind us, but for tiny MTUs (RFC 7915 §5.1).
	 */
	bool df = len > IPV6_MIN_MTU - 20;
	uint32_t w1 = rte_cpu_to_be_32(df ? IP4_DF : (uint32_t)w->ip_id++ << 16); /* RFC 6864 */

	relay_udp(p, o);
	write_ip4(ip, o, w1, ttl);
}

static inline void bridge46(struct packet *p, const struct out *o)
{
	uint8_t ttl = p->ip[8] - 1, *udp = packet_udp(p), *ip = udp - WIRE_IP6_HLEN;
	uint32_t w0 = rte_cpu_to_be_32(6u << 28 | (uint32_t)o->tos << 20);
	uint32_t w1 = rte_cpu_to_be_32((uint32_t)(WIRE_UDP_HLEN + o->payload_len) << 16 |
				       WIRE_PROTO_UDP << 8 | ttl);

	relay_udp(p, o);
	memcpy(ip, &w0, 4);
	memcpy(ip + 4, &w1, 4);
	memcpy(ip + 8, o->src->b, 16);
	memcpy(ip + 24, o->plan->out_ip.b, 16);
}

/* Eight bytes at a time: the MAC's flags are overwritten by what follows it. */
static inline void write_eth(uint8_t *eth, const struct out *o)
{
	const uint8_t *tail = o->iface->l2_tail[o->ip_hlen == WIRE_IP6_HLEN];

	memcpy(eth, &o->mac, 8);
	memcpy(eth + 6, tail, 8);
	if (unlikely(o->iface->vlan))
		memcpy(eth + 14, tail + 8, 4);
}

/* Back in by our own door, or to control, which asks for the MAC. */
static void next_hop_special(struct worker *w, struct packet *p, struct rte_mbuf *m,
			     const struct out *o)
{
	worker_count(w, relayed, 1);
	if (o->mac & FLOW_NEXTHOP_LOCAL) {
		m->port = o->iface->port;
		p->verdict = VERDICT_HANDOFF;
		p->owner = (uint8_t)flow_owner(w->t, rte_be_to_cpu_16(o->plan->out_port));
	} else {
		p->verdict = VERDICT_PUNT;
		p->punt = DP_PUNT_UNRESOLVED;
		p->nexthop = o->plan->nexthop;
		p->iface = w->t->addr[o->plan->out_addr].iface;
	}
}

/*
 * Length and checksum where the update that write_udp() made does not tell the whole: of what was
 * SRTP, of what will be, of what has lost some of its content, and over IPv6 where no checksum
 * came.
 */
static inline void settle_udp(struct burst *b, struct packet *p, struct rte_mbuf *m,
			      const struct out *o)
{
	uint8_t *udp = packet_udp(p);

	if (o->plan->flags & FLOW_PLAN_SEAL) {
		p->to_seal = true;
		b->srtp_out++;
	} else if (!p->opened && !p->edited &&
		   (wire_load16(udp + 6) != 0 || o->ip_hlen == WIRE_IP4_HLEN)) {
		return;
	}
	wire_put16(udp + 4, WIRE_UDP_HLEN + o->payload_len);
	if (!p->to_seal)
		packet_udp_checksum(p, m);
}

/* The whole of it, whatever meets: checks, RTCP's ways, both families, VLANs, special next hops. */
__rte_noinline void packet_rewrite(struct worker *w, struct burst *b, struct packet *p,
				   struct rte_mbuf *m)
{
	uint16_t old_hlen = p->l3_off + p->ip_hlen, new_hlen;
	struct out o;

	if (!can_send(w, p, m, &o)) {
		flow_count(p->rt->unsent_packets, 1);
		flow_count(p->rt->unsent_bytes, p->payload_len);
		return;
	}
	m->ol_flags = 0;
	if (packet_is4(p))
		o.ip_hlen == WIRE_IP4_HLEN ? relay4(p, &o) : bridge46(p, &o);
	else
		o.ip_hlen == WIRE_IP6_HLEN ? relay6(p, &o) : bridge64(w, p, &o);
	new_hlen = o.iface->l2_hlen + o.ip_hlen;
	write_eth(packet_udp(p) - new_hlen, &o);
	m->data_off += old_hlen - new_hlen;
	m->data_len = new_hlen + WIRE_UDP_HLEN + o.payload_len;
	m->pkt_len = m->data_len;
	p->tx_port = (uint8_t)o.iface->port;
	p->ip_hlen_out = o.ip_hlen;
	if ((o.mac & (FLOW_NEXTHOP_VALID | FLOW_NEXTHOP_LOCAL)) != FLOW_NEXTHOP_VALID)
		next_hop_special(w, p, m, &o);
	settle_udp(b, p, m, &o);
}

/* DSCP of what goes out, in a header that is right: only one word changes. */
static void remark4(uint8_t *ip, uint8_t dscp)
{
	uint16_t old = wire_load16(ip), sum;

	ip[1] = dscp | (ip[1] & 3);
	sum = wire_checksum_update(wire_load16(ip + 10), wire_sum_change(old, wire_load16(ip)));
	memcpy(ip + 10, &sum, 2);
}

static void remark6(uint8_t *ip, uint8_t dscp)
{
	uint8_t tos = dscp | (ip[1] >> 4 & 3);

	ip[0] = 0x60 | tos >> 4;
	ip[1] = (uint8_t)(tos << 4) | (ip[1] & 0x0f);
}

/* New addresses and ports, one hop less. */
static inline void replace4(const struct packet *p, const union wire_ip *from)
{
	const struct flow_plan *plan = p->plan;
	uint16_t change = plan->ip4_change, sum;
	uint8_t *ip = p->ip;

	write_udp(p, plan, from, true);
	if (plan->flags & FLOW_PLAN_LEARN)
		change = less_source(p, change, 0);
	sum = wire_checksum_update(wire_load16(ip + 10), change);
	ip[8]--;
	memcpy(ip + 10, &sum, 2);
	memcpy(ip + 12, &from->w[3], 4);
	memcpy(ip + 16, &plan->out_ip.w[3], 4);
}

static inline void replace6(const struct packet *p, const union wire_ip *from)
{
	uint8_t *ip = p->ip;

	write_udp(p, p->plan, from, true);
	ip[7]--;
	memcpy(ip + 8, from->b, 16);
	memcpy(ip + 24, p->plan->out_ip.b, 16);
}

/*
 * What nearly every packet is: media within one family, untagged on both sides, nothing behind
 * it in the frame and nothing in its way. Lengths and places stay as they are. False, and
 * nothing touched, for anything else.
 */
static inline bool rewrite_in_place(const struct flow_tables *t, struct packet *p,
				    struct rte_mbuf *m)
{
	const struct flow_plan *plan = p->plan;
	const struct flow_addr *addr = &t->addr[plan->out_addr];
	const struct flow_iface *iface = &t->iface[addr->iface];
	uint64_t mac = __atomic_load_n(&t->nexthop[plan->nexthop].mac, __ATOMIC_RELAXED);
	uint16_t how = plan->flags & (FLOW_PLAN_OUT | FLOW_PLAN_HOLD | FLOW_PLAN_OUT6 |
				      FLOW_PLAN_OPEN | FLOW_PLAN_SEAL | FLOW_PLAN_BUNDLE);
	uint32_t frame_len = m->data_len;
	uint8_t *ip = p->ip;

	/* The frame's length tells a tagged or padded one as well. */
	if (unlikely(p->media == WIRE_MEDIA_RTCP || mac >> 48 != FLOW_NEXTHOP_VALID >> 48 ||
		     frame_len > iface->frame_plain ||
		     frame_len - (uint32_t)(p->ip_hlen + p->payload_len) !=
			     WIRE_ETH_HLEN + WIRE_UDP_HLEN))
		return false;
	if (likely(packet_is4(p))) {
		if (unlikely(how != FLOW_PLAN_OUT || ip[8] <= 1))
			return false;
		replace4(p, &addr->ip);
		if (plan->tos != FLOW_TOS_KEEP)
			remark4(ip, plan->tos);
		memcpy(ip - WIRE_ETH_HLEN, &mac, 8);
		memcpy(ip - WIRE_ETH_HLEN + 6, iface->l2_tail[0], 8);
	} else {
		if (unlikely(how != (FLOW_PLAN_OUT | FLOW_PLAN_OUT6) || ip[7] <= 1))
			return false;
		replace6(p, &addr->ip);
		if (plan->tos != FLOW_TOS_KEEP)
			remark6(ip, plan->tos);
		memcpy(ip - WIRE_ETH_HLEN, &mac, 8);
		memcpy(ip - WIRE_ETH_HLEN + 6, iface->l2_tail[1], 8);
	}
	m->ol_flags = 0;
	p->tx_port = (uint8_t)iface->port;
	return true;
}

void stage_rewrite(struct worker *w, struct burst *b)
{
	const unsigned int n = b->n;

	for (unsigned int i = 0; i < n; i++) {
		struct packet *p = &b->p[i];

		if (likely(p->verdict == VERDICT_GO) &&
		    unlikely(!rewrite_in_place(w->t, p, b->m[i])))
			packet_rewrite(w, b, p, b->m[i]);
	}
}
