/* SPDX-License-Identifier: BSD-3-Clause */
/* What leaves by a tunnel, once it is clear that it may: RTP, the far end's headers, keys. */
#include "fragment.h"
#include "tunnel.h"

#define IP4_DF UINT32_C(0x4000)

void tunnel_send(struct worker *w, struct burst *b)
{
	for (unsigned int i = 0; i < b->n; i++) {
		struct packet *p = &b->p[i];

		if (p->verdict != VERDICT_GO || p->to_seal)
			continue;
		packet_rewrite(w, b, p, b->m[i]);
		/* New keys with a longer tag, this moment: nobody inside has sent that. */
		if (unlikely(p->verdict == VERDICT_PUNT && p->punt == DP_PUNT_TOO_BIG))
			p->verdict = VERDICT_DONE;
	}
	if (b->srtp_out)
		stage_seal(w, b);
	stage_dispose(w, b);
	b->n = b->srtp_out = 0;
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

bool tunnel_wrap(struct worker *w, struct burst *b, struct packet *p, struct rte_mbuf *m,
		 struct flow_tunnel *tunnel, const struct wire_inner *in,
		 const struct make_way *way)
{
	const struct flow_plan *plan = p->plan;
	uint64_t mac = __atomic_load_n(&w->t->nexthop[plan->nexthop].mac, __ATOMIC_RELAXED);
	uint8_t tos = plan->tos == FLOW_TOS_KEEP ? in->tos : plan->tos | (in->tos & 3);
	uint8_t hlen = way->ip_hlen, *udp = p->ip - WIRE_RTP_HLEN - WIRE_UDP_HLEN;
	uint32_t before = (uint32_t)(p->ip - (uint8_t *)m->buf_addr);
	uint32_t head = hlen + WIRE_UDP_HLEN + (uint32_t)WIRE_RTP_HLEN + WIRE_ETH_HLEN;
	uint16_t udp_len = WIRE_UDP_HLEN + WIRE_RTP_HLEN + in->len + way->growth;
	struct make make;

	if (unlikely(way->tx == NULL || way->iface->vlan != 0 ||
		     mac >> 48 != FLOW_NEXTHOP_VALID >> 48 || before < head ||
		     before + in->len + way->growth > m->buf_len))
		return false;
	make = tunnel_make(w, tunnel, plan, tos);
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
	p->payload_len = WIRE_RTP_HLEN + in->len;
	p->ip_hlen_out = hlen;
	p->media = WIRE_MEDIA_RTP;
	p->tx_port = (uint8_t)way->iface->port;
	p->to_seal = true;
	b->srtp_out++;
	tunnel_count(w, tunnel, p);
	return true;
}

/* One of them; false: no buffer. */
static bool send_piece(struct worker *w, struct flow_tunnel *tunnel, const struct packet *p,
		       const struct wire_inner *in, const uint8_t *header,
		       const struct wire_fragment *piece)
{
	struct make make;
	uint8_t *payload;

	if (w->made.n == BURST_MAX)
		tunnel_send(w, &w->made);
	make = tunnel_make(w, tunnel, p->plan, in->tos);
	payload = make_packet(w, &make, (uint32_t)piece->hlen + piece->len);
	if (payload == NULL)
		return false;
	memcpy(payload, header, piece->hlen);
	memcpy(payload + piece->hlen, p->ip + piece->off, piece->len);
	tunnel_count(w, tunnel, &w->made.p[w->made.n - 1]);
	flow_count(tunnel->rt.out_fragments, 1);
	worker_count(w, tunnel_fragments, 1);
	return true;
}

void tunnel_fragment(struct worker *w, struct flow_tunnel *tunnel, struct packet *p,
		     const struct wire_inner *in, uint16_t mtu)
{
	uint8_t header[WIRE_IP4_HLEN_MAX];
	struct wire_fragment piece;
	struct wire_fragments f;

	if (wire_fragment_start(&f, p->ip, in, mtu) < 0) {
		tunnel_drop(&tunnel->rt, p, FLOW_DROP_tunnel_header);
		return;
	}
	while (wire_fragment_next(&f, header, &piece))
		if (!send_piece(w, tunnel, p, in, header, &piece))
			break;
	tunnel_send(w, &w->made);
	p->verdict = VERDICT_DONE;
}
