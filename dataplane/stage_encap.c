/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From inner interfaces into tunnels: the destination says which tunnel, the tunnel's owner puts
 * RTP and the far end's headers before the packet, in its own buffer. A burst goes through this
 * instead of the stages of calls, but for the last ones.
 *
 * A packet that goes to another worker goes as it came. On a LAN tandem is a router, and takes a
 * hop; behind a TUN device the kernel is one, and has.
 */
#include <rte_prefetch.h>

#include "route.h"
#include "tunnel.h"

#define IP4_DF UINT32_C(0x4000)

/* What is known of a packet until there are headers before it. */
struct note {
	struct flow_tunnel *tunnel;
	const uint8_t *dst;
	struct wire_inner in;
	struct make_way way; /* by its plan, once it is admitted */
};

/* Of a burst. */
struct sum {
	uint32_t packets, bytes;
};

static const uint8_t drop_of_inner[] = {
	[WIRE_INNER_BAD_TRUNCATED] = FLOW_DROP_truncated,
	[WIRE_INNER_BAD_VERSION] = FLOW_DROP_ip_version,
	[WIRE_INNER_BAD_HEADER] = FLOW_DROP_ip_header,
	[WIRE_INNER_BAD_CSUM] = FLOW_DROP_ip_checksum,
};

/* From a TUN device: no header but IP's. */
static void tun_parse(const struct worker *w, struct packet *p, const struct rte_mbuf *m)
{
	p->iface = w->t->port_iface[m->port] - 1;
	p->l3_off = 0;
	p->ip = rte_pktmbuf_mtod(m, uint8_t *);
	if (m->nb_segs != 1)
		packet_drop(p, FLOW_DROP_segmented);
}

static void parse_one(struct worker *w, struct packet *p, const struct rte_mbuf *m, struct note *n)
{
	enum wire_inner_kind kind;
	enum wire_inner_scope scope;

	p->verdict = VERDICT_GO;
	p->to_seal = false;
	if (w->t->port_role[m->port] == FLOW_ROLE_LAN)
		link_parse(w, p, m);
	else
		tun_parse(w, p, m);
	if (p->verdict != VERDICT_GO)
		return;
	kind = wire_inner_parse(p->ip, m->data_len - (uint32_t)p->l3_off, true, &n->in);
	if (unlikely(kind >= WIRE_INNER_BAD_TRUNCATED)) {
		packet_drop(p, drop_of_inner[kind]);
		return;
	}
	scope = wire_inner_scope(p->ip, &n->in);
	if (unlikely(scope != WIRE_SCOPE_UNICAST)) {
		packet_drop(p, scope == WIRE_SCOPE_GROUP ? FLOW_DROP_inner_group
							 : FLOW_DROP_inner_address);
		return;
	}
	n->dst = p->ip + (n->in.family == 4 ? 16 : 24);
	flow_lpm_prefetch(w->t->routes, n->in.family == 6, n->dst);
}

/* None: of no tunnel, so that it has no plan; control tells its source. */
static void no_route(struct worker *w, struct packet *p)
{
	flow_count(w->drops[FLOW_DROP_inner_no_route], 1);
	p->verdict = VERDICT_PUNT;
	p->punt = DP_PUNT_INNER_NO_ROUTE;
}

/* Which tunnel? */
static void route_one(struct worker *w, struct packet *p, struct note *n)
{
	uint32_t found = flow_lpm_lookup(w->t->routes, n->in.family == 6, n->dst);

	if (unlikely(found == 0)) {
		no_route(w, p);
		return;
	}
	n->tunnel = &w->t->tunnel[found - 1];
	rte_prefetch0(n->tunnel);
	rte_prefetch0(&n->tunnel->rt);
}

static void plan_one(struct worker *w, struct packet *p, const struct note *n)
{
	uint32_t plan = __atomic_load_n(&n->tunnel->plan, __ATOMIC_ACQUIRE);

	if (unlikely(plan == 0)) {
		packet_drop(p, FLOW_DROP_tunnel_down);
		return;
	}
	p->plan = &w->t->plan[plan];
	rte_prefetch0(p->plan);
}

static void owner_one(struct worker *w, struct packet *p)
{
	if (unlikely(p->plan->owner != w->index)) {
		p->verdict = VERDICT_HANDOFF;
		p->owner = p->plan->owner;
		return;
	}
	rte_prefetch0(&w->t->leg[p->plan->leg].rtp);
	if (p->plan->flags & FLOW_PLAN_SEAL)
		rte_prefetch0(&w->t->secure[p->plan->leg & ~1u]);
}

/* Keys come from far away, and are looked at for what they add before they are used. */
static void keys_one(struct worker *w, const struct packet *p)
{
	const struct flow_secure *s = &w->t->secure[p->plan->leg & ~1u];
	const struct srtp_keys *tx;

	if (!(p->plan->flags & FLOW_PLAN_SEAL))
		return;
	tx = __atomic_load_n(&s->tx, __ATOMIC_ACQUIRE);
	if (likely(tx != NULL))
		srtp_prefetch(tx, s->leg);
}

/* To the tunnel's own far end: it would carry itself. */
static bool is_recursion(const struct packet *p, const struct note *n)
{
	const union wire_ip *far = &p->plan->out_ip;

	if (n->in.family == 4)
		return !(p->plan->flags & FLOW_PLAN_OUT6) && wire_load32(n->dst) == far->w[3];
	return p->plan->flags & FLOW_PLAN_OUT6 &&
	       ((wire_load64(n->dst) ^ far->q[0]) | (wire_load64(n->dst + 8) ^ far->q[1])) == 0;
}

static bool has_df(const struct packet *p, const struct note *n)
{
	return n->in.family == 6 || p->ip[6] & 0x40;
}

static uint8_t family_bit(const struct note *n)
{
	return n->in.family == 4 ? FLOW_TUNNEL_IP4 : FLOW_TUNNEL_IP6;
}

/* May it go in, and how large may it be? 0: it may not. */
static uint16_t admit(struct worker *w, struct packet *p, struct note *n)
{
	struct flow_tunnel_rt *rt = tunnel_rt(n->tunnel);
	uint32_t mtu;

	n->way = make_way(w, p->plan);
	if (unlikely(n->way.room <= WIRE_RTP_HLEN)) {
		tunnel_drop(rt, p, FLOW_DROP_tunnel_down);
		return 0;
	}
	if (unlikely(!(flow_read(n->tunnel->families) & family_bit(n)))) {
		tunnel_drop(rt, p, FLOW_DROP_tunnel_family);
		return 0;
	}
	if (unlikely(is_recursion(p, n))) {
		tunnel_drop(rt, p, FLOW_DROP_tunnel_recursion);
		return 0;
	}
	mtu = RTE_MIN(n->way.room - WIRE_RTP_HLEN, (uint32_t)flow_read(n->tunnel->mtu));
	if (unlikely(n->in.len > mtu && has_df(p, n))) {
		p->mtu = (uint16_t)mtu;
		tunnel_punt(w, rt, p, FLOW_DROP_tunnel_too_big, DP_PUNT_INNER_TOO_BIG);
		return 0;
	}
	if (w->t->iface[p->iface].role == FLOW_ROLE_LAN && !wire_inner_hop(p->ip, &n->in)) {
		tunnel_punt(w, rt, p, FLOW_DROP_tunnel_hops, DP_PUNT_INNER_HOPS);
		return 0;
	}
	return (uint16_t)mtu;
}

static void admit_one(struct worker *w, struct packet *p, struct note *n, struct sum *sum)
{
	uint16_t mtu = admit(w, p, n);

	if (unlikely(mtu == 0))
		return;
	if (flow_read(n->tunnel->flags) & FLOW_TUNNEL_MSS)
		wire_inner_clamp_mss(p->ip, &n->in, mtu);
	flow_count(n->tunnel->rt.out_packets, 1);
	flow_count(n->tunnel->rt.out_bytes, n->in.len);
	sum->packets++;
	sum->bytes += n->in.len;
	if (unlikely(n->in.len > mtu))
		tunnel_fragment(w, n->tunnel, p, &n->in, mtu);
}

/* A header of whole words, so that its sum needs none of them back from memory. */
static inline void write_ip4(uint8_t *ip, const struct flow_plan *plan, const union wire_ip *from,
			     uint8_t tos, uint16_t udp_len)
{
	uint32_t w0 = rte_cpu_to_be_32(0x45u << 24 | (uint32_t)tos << 16 |
				       (WIRE_IP4_HLEN + (uint32_t)udp_len));
	uint32_t w1 = rte_cpu_to_be_32(IP4_DF);
	uint32_t w2 = rte_cpu_to_be_32(TUNNEL_HOPS << 24 | WIRE_PROTO_UDP << 16);
	uint32_t src = from->w[3], dst = plan->out_ip.w[3];
	uint16_t sum = wire_checksum((uint64_t)w0 + w1 + w2 + src + dst);

	memcpy(ip, &w0, 4);
	memcpy(ip + 4, &w1, 4);
	memcpy(ip + 8, &w2, 2);
	memcpy(ip + 10, &sum, 2);
	memcpy(ip + 12, &src, 4);
	memcpy(ip + 16, &dst, 4);
}

static inline void write_ip6(uint8_t *ip, const struct flow_plan *plan, const union wire_ip *from,
			     uint8_t tos, uint16_t udp_len)
{
	uint32_t w0 = rte_cpu_to_be_32(6u << 28 | (uint32_t)tos << 20);
	uint32_t w1 = rte_cpu_to_be_32((uint32_t)udp_len << 16 | WIRE_PROTO_UDP << 8 | TUNNEL_HOPS);

	memcpy(ip, &w0, 4);
	memcpy(ip + 4, &w1, 4);
	memcpy(ip + 8, from->b, 16);
	memcpy(ip + 24, plan->out_ip.b, 16);
}

/* Ports, length, and no checksum yet; RTP. */
static inline void write_udp_rtp(uint8_t *udp, const struct flow_plan *plan, uint16_t udp_len,
				 const struct make *make)
{
	uint32_t len = rte_cpu_to_be_32((uint32_t)udp_len << 16);
	uint32_t r0 = rte_cpu_to_be_32(0x80u << 24 | (uint32_t)make->type << 16 | make->seq);
	uint32_t r1 = rte_cpu_to_be_32(make->timestamp), r2 = rte_cpu_to_be_32(make->ssrc);

	memcpy(udp, &plan->out_sport, 4);
	memcpy(udp + 4, &len, 4);
	memcpy(udp + 8, &r0, 4);
	memcpy(udp + 12, &r1, 4);
	memcpy(udp + 16, &r2, 4);
}

/*
 * Headers before an admitted packet, straight the far end's, so that only stage_seal is to come:
 * for tunnels with keys, untagged, to a MAC address that is known. False, and nothing touched,
 * for others, which take the long way.
 */
static inline bool wrap(struct worker *w, struct burst *b, struct packet *p, struct rte_mbuf *m,
			const struct note *n)
{
	const struct flow_plan *plan = p->plan;
	const struct make_way *way = &n->way;
	uint64_t mac = __atomic_load_n(&w->t->nexthop[plan->nexthop].mac, __ATOMIC_RELAXED);
	uint8_t tos = plan->tos == FLOW_TOS_KEEP ? n->in.tos : plan->tos | (n->in.tos & 3);
	uint8_t hlen = way->ip_hlen, *udp = p->ip - WIRE_RTP_HLEN - WIRE_UDP_HLEN;
	uint32_t before = (uint32_t)(p->ip - (uint8_t *)m->buf_addr);
	uint32_t head = hlen + WIRE_UDP_HLEN + (uint32_t)WIRE_RTP_HLEN + WIRE_ETH_HLEN;
	uint16_t udp_len = WIRE_UDP_HLEN + WIRE_RTP_HLEN + n->in.len + way->growth;
	struct make make;

	if (unlikely(way->tx == NULL || way->iface->vlan != 0 ||
		     mac >> 48 != FLOW_NEXTHOP_VALID >> 48 || before < head ||
		     before + n->in.len + way->growth > m->buf_len))
		return false;
	make = tunnel_make(w, n->tunnel, plan, tos);
	write_udp_rtp(udp, plan, udp_len, &make);
	if (hlen == WIRE_IP4_HLEN)
		write_ip4(udp - hlen, plan, &way->addr->ip, tos, udp_len);
	else
		write_ip6(udp - hlen, plan, &way->addr->ip, tos, udp_len);
	memcpy(udp - hlen - WIRE_ETH_HLEN, &mac, 8);
	memcpy(udp - hlen - WIRE_ETH_HLEN + 6, way->iface->l2_tail[hlen == WIRE_IP6_HLEN], 8);
	m->ol_flags = 0;
	m->data_off = (uint16_t)(before - head);
	m->data_len = WIRE_ETH_HLEN + hlen + udp_len;
	m->pkt_len = m->data_len;
	p->udp = udp;
	p->payload_len = WIRE_RTP_HLEN + n->in.len;
	p->ip_hlen_out = hlen;
	p->media = WIRE_MEDIA_RTP;
	p->tx_port = (uint8_t)way->iface->port;
	p->to_seal = true;
	b->srtp_out++;
	tunnel_count(w, n->tunnel, p);
	return true;
}

/* Headers before it; where wrap() can't, tunnel_send() makes them the far end's. */
static void wrap_one(struct worker *w, struct burst *b, struct packet *p, struct rte_mbuf *m,
		     const struct note *n)
{
	uint32_t at, hlen;
	struct make make;

	if (likely(wrap(w, b, p, m, n)))
		return;
	at = (uint32_t)(p->ip - (uint8_t *)m->buf_addr);
	hlen = make_hlen(p->plan);
	if (unlikely(at < hlen)) {
		packet_drop(p, FLOW_DROP_no_room);
		return;
	}
	make = tunnel_make(w, n->tunnel, p->plan, n->in.tos);
	make_around(w, p, &make, p->ip, n->in.len);
	m->data_off = (uint16_t)(at - hlen);
	tunnel_count(w, n->tunnel, p);
}

static inline bool goes(const struct packet *p)
{
	return likely(p->verdict == VERDICT_GO);
}

void stage_encap(struct worker *w, struct burst *b)
{
	struct note note[BURST_MAX];
	struct packet *p = b->p;
	struct sum sum = {0};
	unsigned int n = b->n;

	b->extra = b->srtp_out = 0;
	tunnel_tick(w);
	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(b->m[i], void *));
	for (unsigned int i = 0; i < n; i++)
		parse_one(w, &p[i], b->m[i], &note[i]);
	for (unsigned int i = 0; i < n; i++)
		if (goes(&p[i]))
			route_one(w, &p[i], &note[i]);
	for (unsigned int i = 0; i < n; i++)
		if (goes(&p[i]))
			plan_one(w, &p[i], &note[i]);
	for (unsigned int i = 0; i < n; i++)
		if (goes(&p[i]))
			owner_one(w, &p[i]);
	for (unsigned int i = 0; i < n; i++)
		if (goes(&p[i]))
			keys_one(w, &p[i]);
	/* Fragments leave here, before what is sent whole: sequence numbers are given as packets
	 * are sealed. */
	for (unsigned int i = 0; i < n; i++)
		if (goes(&p[i]))
			admit_one(w, &p[i], &note[i], &sum);
	for (unsigned int i = 0; i < n; i++)
		if (goes(&p[i]))
			wrap_one(w, b, &p[i], b->m[i], &note[i]);
	worker_count(w, tunnel_out, sum.packets);
	worker_count(w, tunnel_out_bytes, sum.bytes);
	tunnel_send(w, b);
}
