/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Out of tunnels to inner interfaces: RTP that was accepted, and opened where it was SRTP, carries
 * an IP packet, whose source must be one that the tunnel leads to (as WireGuard's cryptokey
 * routing has it); it leaves as it is, without what was around it.
 *
 * Keep-alives end here. They, and whatever else was accepted, have been a sign of life already.
 */
#include <rte_prefetch.h>

#include "route.h"
#include "tunnel.h"

struct note {
	struct flow_tunnel *tunnel;
	uint8_t *ip; /* the packet inside */
	struct wire_inner in;
};

/* Of a burst. */
struct sum {
	uint32_t packets, bytes;
};

static const uint8_t drop_of_inner[] = {
	[WIRE_INNER_BAD_TRUNCATED] = FLOW_DROP_tunnel_truncated,
	[WIRE_INNER_BAD_VERSION] = FLOW_DROP_tunnel_framing,
	[WIRE_INNER_BAD_HEADER] = FLOW_DROP_tunnel_header,
	[WIRE_INNER_BAD_CSUM] = FLOW_DROP_tunnel_header,
};

static void take_keepalive(struct worker *w, struct flow_tunnel_rt *rt, struct packet *p)
{
	flow_count(rt->keepalives_in, 1);
	worker_count(w, keepalive_in, 1);
	p->verdict = VERDICT_DONE;
}

static bool type_ok(const struct flow_tunnel *tunnel, uint8_t payload_type)
{
	return payload_type == flow_read(tunnel->payload_type) ||
	       !(flow_read(tunnel->flags) & FLOW_TUNNEL_PT_STRICT);
}

/* Is there an IP packet in it? */
static void read_one(struct worker *w, struct packet *p, struct note *n)
{
	struct flow_tunnel_rt *rt = tunnel_rt(n->tunnel);
	enum wire_inner_kind kind;
	struct wire_rtp rtp;

	/* stage_accept and stage_open have seen that it fits. */
	if (unlikely(!wire_rtp_parse(packet_payload(p), p->payload_len, &rtp))) {
		tunnel_drop(rt, p, FLOW_DROP_tunnel_framing);
		return;
	}
	if (unlikely(!type_ok(n->tunnel, rtp.payload_type))) {
		tunnel_drop(rt, p, FLOW_DROP_tunnel_payload_type);
		return;
	}
	n->ip = packet_payload(p) + rtp.payload_off;
	if (unlikely(wire_rtptp_is_keepalive(n->ip, rtp.payload_len))) {
		take_keepalive(w, rt, p);
		return;
	}
	kind = wire_inner_parse(n->ip, rtp.payload_len, true, &n->in);
	if (unlikely(kind >= WIRE_INNER_BAD_TRUNCATED)) {
		tunnel_drop(rt, p,
			    rtp.payload_len == 0 ? FLOW_DROP_tunnel_framing : drop_of_inner[kind]);
		return;
	}
	flow_lpm_prefetch(w->t->routes, n->in.family == 6, n->ip + (n->in.family == 4 ? 12 : 8));
}

/* May this come from there? */
static bool check_one(struct worker *w, struct packet *p, const struct note *n)
{
	struct flow_tunnel_rt *rt = &n->tunnel->rt;
	bool is6 = n->in.family == 6;
	enum wire_inner_scope scope;

	if (unlikely(!(flow_read(n->tunnel->families) &
		       (is6 ? FLOW_TUNNEL_IP6 : FLOW_TUNNEL_IP4)))) {
		tunnel_drop(rt, p, FLOW_DROP_tunnel_family);
		return false;
	}
	scope = wire_inner_scope(n->ip, &n->in);
	if (unlikely(scope != WIRE_SCOPE_UNICAST)) {
		tunnel_drop(rt, p,
			    scope == WIRE_SCOPE_GROUP ? FLOW_DROP_tunnel_group
						      : FLOW_DROP_tunnel_header);
		return false;
	}
	if (unlikely(flow_lpm_lookup(w->t->routes, is6, n->ip + (is6 ? 8 : 12)) !=
		     p->plan->leg / 2 + 1)) {
		tunnel_drop(rt, p, FLOW_DROP_tunnel_source);
		return false;
	}
	return true;
}

/* From tunnel to tunnel, behind a LAN; of a TUN device the kernel sends it back. */
static bool turns_back(const struct worker *w, const struct note *n, const struct flow_iface *iface)
{
	bool is6 = n->in.family == 6;

	return iface->role == FLOW_ROLE_LAN &&
	       flow_lpm_lookup(w->t->routes, is6, n->ip + (is6 ? 24 : 16)) != 0;
}

static bool has_df(const struct note *n)
{
	return n->in.family == 6 || n->ip[6] & 0x40;
}

/*
 * What a tunnel's end and a router do to a packet; one that turns back has its hop, and is
 * measured, on its way in.
 */
static bool edit_one(struct worker *w, struct packet *p, const struct note *n,
		     const struct flow_iface *iface, bool back)
{
	struct flow_tunnel_rt *rt = &n->tunnel->rt;

	if (unlikely(n->in.len > iface->mtu) && !back && has_df(n)) {
		p->mtu = iface->mtu;
		tunnel_punt(w, rt, p, FLOW_DROP_tunnel_too_big, DP_PUNT_INNER_TOO_BIG);
		return false;
	}
	if (iface->role == FLOW_ROLE_LAN && !back && unlikely(!wire_inner_hop(n->ip, &n->in))) {
		tunnel_punt(w, rt, p, FLOW_DROP_tunnel_hops, DP_PUNT_INNER_HOPS);
		return false;
	}
	if (unlikely(!wire_inner_ecn_out(n->ip, &n->in, packet_tos(p)))) {
		tunnel_drop(rt, p, FLOW_DROP_tunnel_ecn);
		return false;
	}
	if (flow_read(n->tunnel->flags) & FLOW_TUNNEL_MSS)
		wire_inner_clamp_mss(n->ip, &n->in, flow_read(n->tunnel->mtu));
	return true;
}

/* The Ethernet header; false: control is to find out about the next hop. */
static bool write_eth(const struct worker *w, const struct note *n, uint16_t iface)
{
	const struct flow_iface *f = &w->t->iface[iface];
	bool is6 = n->in.family == 6;
	uint32_t nexthop = flow_lpm_lookup(w->t->lan[iface], is6, n->ip + (is6 ? 24 : 16));
	uint64_t mac = __atomic_load_n(&w->t->nexthop[nexthop].mac, __ATOMIC_RELAXED);
	uint8_t *eth = n->ip - f->l2_hlen;

	memcpy(eth, &mac, RTE_ETHER_ADDR_LEN);
	memcpy(eth + RTE_ETHER_ADDR_LEN, f->l2_tail[is6], f->l2_hlen - (size_t)RTE_ETHER_ADDR_LEN);
	return (mac & (FLOW_NEXTHOP_VALID | FLOW_NEXTHOP_LOCAL)) == FLOW_NEXTHOP_VALID;
}

/* As if it had come from the LAN, to our MAC address. */
static void turn_back(struct worker *w, struct packet *p, struct rte_mbuf *m, const struct note *n,
		      const struct flow_iface *iface)
{
	uint8_t *eth = n->ip - iface->l2_hlen;

	memcpy(eth, &iface->mac, RTE_ETHER_ADDR_LEN);
	memcpy(eth + RTE_ETHER_ADDR_LEN, iface->l2_tail[n->in.family == 6],
	       iface->l2_hlen - (size_t)RTE_ETHER_ADDR_LEN);
	m->port = iface->port;
	p->verdict = VERDICT_HANDOFF;
	p->owner = (uint8_t)w->index;
}

/* By the LAN: to an address of our own there it comes in, else control asks who has it. */
static void not_sent(struct worker *w, struct packet *p, struct rte_mbuf *m, const struct note *n,
		     uint16_t iface)
{
	bool is6 = n->in.family == 6;
	uint32_t nexthop = flow_lpm_lookup(w->t->lan[iface], is6, n->ip + (is6 ? 24 : 16));

	if (__atomic_load_n(&w->t->nexthop[nexthop].mac, __ATOMIC_RELAXED) & FLOW_NEXTHOP_LOCAL) {
		turn_back(w, p, m, n, &w->t->iface[iface]);
		return;
	}
	p->verdict = VERDICT_PUNT;
	p->punt = DP_PUNT_INNER_UNRESOLVED;
}

/* From here on the buffer holds the packet inside, `hlen` bytes before it. */
static void uncover(struct rte_mbuf *m, const struct note *n, uint8_t hlen)
{
	m->data_off = (uint16_t)(n->ip - hlen - (uint8_t *)m->buf_addr);
	m->data_len = hlen + n->in.len;
	m->pkt_len = m->data_len;
	m->ol_flags = 0;
}

static void send_one(struct worker *w, struct packet *p, struct rte_mbuf *m, const struct note *n,
		     struct sum *sum)
{
	struct flow_tunnel_rt *rt = &n->tunnel->rt;
	uint16_t to = n->tunnel->iface;
	const struct flow_iface *iface = &w->t->iface[to];
	bool back = turns_back(w, n, iface), goes = edit_one(w, p, n, iface, back);

	p->iface = to;
	p->l3_off = goes ? iface->l2_hlen : 0;
	uncover(m, n, p->l3_off);
	if (unlikely(!goes))
		return;
	flow_count(rt->in_packets, 1);
	flow_count(rt->in_bytes, n->in.len);
	sum->packets++;
	sum->bytes += n->in.len;
	p->tx_port = (uint8_t)iface->port;
	p->verdict = VERDICT_READY;
	if (unlikely(back))
		turn_back(w, p, m, n, iface);
	else if (iface->role == FLOW_ROLE_LAN && unlikely(!write_eth(w, n, to)))
		not_sent(w, p, m, n, to);
	if (unlikely(n->in.len > iface->mtu) && p->verdict != VERDICT_HANDOFF)
		tunnel_cut(w, rt, p, m, &n->in, iface->mtu);
}

/* RTCP goes on, to be dropped by its name. */
static inline bool is_wrapped(const struct packet *p)
{
	return p->verdict == VERDICT_GO && p->plan->extra & FLOW_EXTRA_TUNNEL &&
	       p->media == WIRE_MEDIA_RTP;
}

void stage_decap(struct worker *w, struct burst *b)
{
	struct note note[BURST_MAX];
	uint8_t of[BURST_MAX];
	unsigned int n = 0;
	struct sum sum = {0};

	for (unsigned int i = 0; i < b->n; i++) {
		if (!is_wrapped(&b->p[i]))
			continue;
		note[n].tunnel = &w->t->tunnel[b->p[i].plan->leg / 2];
		rte_prefetch0(note[n].tunnel);
		rte_prefetch0(&note[n].tunnel->rt);
		of[n++] = (uint8_t)i;
	}
	for (unsigned int i = 0; i < n; i++)
		read_one(w, &b->p[of[i]], &note[i]);
	for (unsigned int i = 0; i < n; i++)
		if (b->p[of[i]].verdict == VERDICT_GO && check_one(w, &b->p[of[i]], &note[i]))
			send_one(w, &b->p[of[i]], b->m[of[i]], &note[i], &sum);
	worker_count(w, tunnel_in, sum.packets);
	worker_count(w, tunnel_in_bytes, sum.bytes);
}
