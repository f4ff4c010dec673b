/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fifth stage: the other side's headers. The UDP header stays where it is and gets new ports
 * and an incrementally updated checksum (RFC 1624), so that a payload is never summed twice;
 * IP and Ethernet are written anew before it, whichever families and VLANs meet.
 *
 * As a relay that sends what it received (RFC 8656 §14 has the same rules): the hop limit
 * goes on counting down, so that two relays that point at each other don't go round for ever;
 * ECN is kept, DSCP kept or set; the DF bit is kept.
 */
#include "worker.h"

#define IP4_DF       0x4000
#define IPV6_MIN_MTU 1280

struct out {
	const struct flow_plan *plan;
	const struct flow_iface *iface;
	const union wire_ip *src;
	uint16_t ip_hlen, l2_hlen;
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

/* The largest IP packet that the sender may use, in its own family, and never under the minimum. */
static uint16_t mtu_for_sender(const struct packet *p, const struct out *o)
{
	uint16_t in_hlen = p->f.l4_off - p->f.l3_off;
	uint16_t mtu = o->iface->mtu - o->ip_hlen + in_hlen;

	return p->f.family == 6 ? RTE_MAX(mtu, IPV6_MIN_MTU) : mtu;
}

/* May it go out, and is there room for its headers? */
static inline bool can_send(struct worker *w, struct packet *p, const struct rte_mbuf *m,
			    struct out *o)
{
	const struct flow_tables *t = w->t;
	const struct flow_plan *plan = out_plan(t, p);

	if (unlikely(plan == NULL))
		return false;
	if (unlikely((plan->flags & (FLOW_PLAN_OUT | FLOW_PLAN_HOLD)) != FLOW_PLAN_OUT)) {
		packet_drop_leg(
			t, p, plan->flags & FLOW_PLAN_HOLD ? FLOW_DROP_hold : FLOW_DROP_no_remote);
		return false;
	}
	if (unlikely(p->f.ttl <= 1)) {
		packet_drop_leg(t, p, FLOW_DROP_ttl);
		return false;
	}
	o->plan = plan;
	o->src = &t->addr[plan->out_addr].ip;
	o->iface = &t->iface[t->addr[plan->out_addr].iface];
	o->ip_hlen = plan->flags & FLOW_PLAN_OUT6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN;
	o->l2_hlen = o->iface->vlan ? WIRE_ETH_HLEN + WIRE_VLAN_HLEN : WIRE_ETH_HLEN;
	if (unlikely(o->ip_hlen + WIRE_UDP_HLEN + p->f.payload_len > o->iface->mtu)) {
		packet_drop_leg(t, p, FLOW_DROP_too_big);
		flow_count(w->drops[FLOW_DROP_too_big], 1);
		p->verdict = VERDICT_PUNT;
		p->punt = DP_PUNT_TOO_BIG;
		p->mtu = mtu_for_sender(p, o);
		return false;
	}
	if (unlikely(m->data_off + p->f.l4_off < o->ip_hlen + o->l2_hlen)) {
		packet_drop_leg(t, p, FLOW_DROP_no_room);
		return false;
	}
	return true;
}

static inline void write_udp(struct packet *p, struct rte_mbuf *m, const struct out *o,
			     bool offload)
{
	uint8_t *udp = p->data + p->f.l4_off;
	uint16_t len = p->f.payload_len + WIRE_UDP_HLEN, field;
	uint64_t new_sum = o->plan->out_sum;

	memcpy(&field, udp + 6, 2);
	if (likely(field != 0)) {
		uint64_t old_sum = wire_sum_ip(&p->f.src) + wire_sum_ip(&p->f.dst) + p->f.sport_be +
				   p->f.dport_be;

		field = wire_checksum_update(field, old_sum, new_sum);
		field = field ? field : 0xffff;
	}
	memcpy(udp, &o->plan->out_sport, 2);
	memcpy(udp + 2, &o->plan->out_port, 2);
	if (unlikely(field == 0 && (o->plan->flags & FLOW_PLAN_OUT6))) {
		/* None came, IPv6 needs one: here the payload has to be summed. */
		uint64_t pseudo = wire_sum_ip(o->src) + wire_sum_ip(&o->plan->out_ip) +
				  rte_cpu_to_be_16(len) + rte_cpu_to_be_16(WIRE_PROTO_UDP);

		memset(udp + 6, 0, 2);
		if (offload) {
			field = wire_sum_fold(pseudo);
			m->l2_len = o->l2_hlen;
			m->l3_len = o->ip_hlen;
			m->ol_flags = RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
		} else {
			field = wire_checksum_udp(pseudo + wire_sum(udp, len));
		}
	}
	memcpy(udp + 6, &field, 2);
}

static inline void write_ip4(struct worker *w, const struct packet *p, const struct out *o,
			     uint8_t *ip, uint8_t tos)
{
	uint16_t len = WIRE_IP4_HLEN + WIRE_UDP_HLEN + p->f.payload_len;
	/* An IPv6 sender never counted on fragments behind us, but for tiny MTUs (RFC 7915 §5.1).
	 */
	bool df = p->f.family == 4 ? p->f.dont_fragment : len > IPV6_MIN_MTU - 20;
	uint32_t src = o->src->w[3], dst = o->plan->out_ip.w[3];
	/* Whole words, so that the sum needs none of them back from memory. */
	uint32_t w0 = rte_cpu_to_be_32(0x45u << 24 | (uint32_t)tos << 16 | len);
	uint32_t w1 = rte_cpu_to_be_32(df ? IP4_DF : (uint32_t)w->ip_id++ << 16); /* RFC 6864 */
	uint32_t w2 = rte_cpu_to_be_32((uint32_t)(p->f.ttl - 1) << 24 | WIRE_PROTO_UDP << 16);
	uint16_t sum = wire_checksum((uint64_t)w0 + w1 + w2 + src + dst);

	memcpy(ip, &w0, 4);
	memcpy(ip + 4, &w1, 4);
	memcpy(ip + 8, &w2, 2);
	memcpy(ip + 10, &sum, 2);
	memcpy(ip + 12, &src, 4);
	memcpy(ip + 16, &dst, 4);
}

static inline void write_ip6(const struct packet *p, const struct out *o, uint8_t *ip, uint8_t tos)
{
	wire_put32(ip, 6u << 28 | (uint32_t)tos << 20);
	wire_put16(ip + 4, WIRE_UDP_HLEN + p->f.payload_len);
	ip[6] = WIRE_PROTO_UDP;
	ip[7] = p->f.ttl - 1;
	memcpy(ip + 8, o->src->b, 16);
	memcpy(ip + 24, o->plan->out_ip.b, 16);
}

static inline void write_eth(const struct out *o, uint64_t mac, uint8_t *eth)
{
	uint16_t type = o->plan->flags & FLOW_PLAN_OUT6 ? WIRE_ETHERTYPE_IP6 : WIRE_ETHERTYPE_IP4;

	memcpy(eth, &mac, 6);
	memcpy(eth + 6, o->iface->mac.addr_bytes, 6);
	if (o->iface->vlan) {
		wire_put16(eth + 12, WIRE_ETHERTYPE_VLAN);
		wire_put16(eth + 14, o->iface->vlan);
		eth += WIRE_VLAN_HLEN;
	}
	wire_put16(eth + 12, type);
}

/* Back in by our own door, or to control, which asks for the MAC. True: neither. */
static bool next_hop_usable(struct worker *w, struct packet *p, const struct out *o, uint64_t mac)
{
	if (likely((mac & (FLOW_NEXTHOP_VALID | FLOW_NEXTHOP_LOCAL)) == FLOW_NEXTHOP_VALID))
		return true;
	if (mac & FLOW_NEXTHOP_LOCAL) {
		p->verdict = VERDICT_HANDOFF;
		p->owner = (uint8_t)flow_owner(w->t, rte_be_to_cpu_16(o->plan->out_port));
	} else {
		p->verdict = VERDICT_PUNT;
		p->punt = DP_PUNT_UNRESOLVED;
		p->nexthop = o->plan->nexthop;
		p->iface = w->t->addr[o->plan->out_addr].iface;
	}
	return false;
}

static inline void rewrite_one(struct worker *w, struct packet *p, struct rte_mbuf *m)
{
	struct out o;
	uint16_t hlen;
	uint64_t mac;
	uint8_t tos;

	if (unlikely(!can_send(w, p, m, &o)))
		return;
	m->ol_flags = 0;
	mac = __atomic_load_n(&w->t->nexthop[o.plan->nexthop].mac, __ATOMIC_RELAXED);
	tos = o.plan->tos == FLOW_TOS_KEEP ? p->f.tos : o.plan->tos | (p->f.tos & 3);
	write_udp(p, m, &o, dp_ports[o.iface->port].tx_checksum && !(mac & FLOW_NEXTHOP_LOCAL));
	hlen = o.ip_hlen + o.l2_hlen;
	if (o.plan->flags & FLOW_PLAN_OUT6)
		write_ip6(p, &o, p->data + p->f.l4_off - o.ip_hlen, tos);
	else
		write_ip4(w, p, &o, p->data + p->f.l4_off - o.ip_hlen, tos);
	write_eth(&o, mac, p->data + p->f.l4_off - hlen);

	m->data_off += p->f.l4_off - hlen;
	m->data_len = hlen + WIRE_UDP_HLEN + p->f.payload_len;
	m->pkt_len = m->data_len;
	m->port = o.iface->port;
	flow_count(p->rt->fwd_packets, 1);
	flow_count(p->rt->fwd_bytes, p->f.payload_len);
	if (unlikely(!next_hop_usable(w, p, &o, mac)))
		worker_count(w, relayed, 1);
}

void stage_rewrite(struct worker *w, struct burst *b)
{
	for (uint16_t i = 0; i < b->n; i++)
		if (likely(b->p[i].verdict == VERDICT_GO))
			rewrite_one(w, &b->p[i], b->m[i]);
}
