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

/* Headers before it; where tunnel_wrap() can't, tunnel_send() makes them the far end's. */
static void wrap_one(struct worker *w, struct burst *b, struct packet *p, struct rte_mbuf *m,
		     const struct note *n)
{
	uint32_t at, hlen;
	struct make make;

	if (likely(tunnel_wrap(w, b, p, m, n->tunnel, &n->in, &n->way)))
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
