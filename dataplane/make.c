/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RTP made here: played, or cut from what came. It is written as if it had come in, over the
 * other side's own family, and goes out by the same stages as what did.
 */
#include "worker.h"

#define L3_OFF WIRE_ETH_HLEN
#define IP4_DF 0x4000

struct flow_media_rt *media_rt(const struct worker *w, const struct flow_plan *plan)
{
	struct flow_media_rt *rt = &w->t->media[plan->leg].rt;

	if (unlikely(rt->generation != plan->generation)) {
		memset(rt, 0, offsetof(struct flow_media_rt, held));
		__atomic_store_n(&rt->generation, plan->generation, __ATOMIC_RELAXED);
	}
	return rt;
}

uint32_t make_room(const struct worker *w, const struct flow_plan *plan)
{
	const struct flow_tables *t = w->t;
	const struct srtp_keys *tx;
	uint32_t headers = WIRE_UDP_HLEN, mtu;

	if ((plan->flags & (FLOW_PLAN_OUT | FLOW_PLAN_HOLD)) != FLOW_PLAN_OUT)
		return 0;
	headers += plan->flags & FLOW_PLAN_OUT6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN;
	if (plan->flags & FLOW_PLAN_SEAL) {
		tx = __atomic_load_n(&t->secure[plan->leg ^ 1].tx, __ATOMIC_ACQUIRE);
		if (tx == NULL)
			return 0;
		headers += srtp_keys_growth(tx, false);
	}
	mtu = t->iface[t->addr[plan->out_addr].iface].mtu;
	return mtu > headers ? mtu - headers : 0;
}

/* Only what the next stage reads of one that came: they write the rest. Length of the header. */
static uint8_t write_ip(struct worker *w, uint8_t *ip, const struct make *make)
{
	memset(ip, 0, WIRE_IP6_HLEN);
	if (make->plan->flags & FLOW_PLAN_OUT6) {
		wire_put32(ip, 6u << 28 | (uint32_t)make->tos << 20);
		ip[6] = WIRE_PROTO_UDP;
		ip[7] = make->hops;
		return WIRE_IP6_HLEN;
	}
	ip[0] = 0x45;
	ip[1] = make->tos;
	wire_put16(ip + 4, w->ip_id++);
	ip[8] = make->hops;
	return WIRE_IP4_HLEN;
}

static uint8_t *write_rtp(uint8_t *rtp, const struct make *make)
{
	rtp[0] = 0x80;
	rtp[1] = make->type;
	wire_put16(rtp + 2, make->seq);
	wire_put32(rtp + 4, make->timestamp);
	wire_put32(rtp + 8, make->ssrc);
	return rtp + WIRE_RTP_HLEN;
}

uint8_t *make_packet(struct worker *w, const struct make *make, uint32_t len)
{
	struct burst *b = &w->made;
	struct rte_mbuf *m;
	struct packet *p;
	uint8_t *ip;

	if (b->n == BURST_MAX)
		make_send(w);
	m = rte_pktmbuf_alloc(dp_pool());
	if (unlikely(m == NULL)) {
		flow_count(w->drops[FLOW_DROP_no_buffer], 1);
		return NULL;
	}
	p = &b->p[b->n];
	b->m[b->n++] = m;
	ip = rte_pktmbuf_mtod_offset(m, uint8_t *, L3_OFF);
	*p = (struct packet){
		.ip = ip,
		.plan = make->plan,
		.rt = &w->made_rt,
		.payload_len = (uint16_t)(WIRE_RTP_HLEN + len),
		.l3_off = L3_OFF,
		.verdict = VERDICT_GO,
		.media = WIRE_MEDIA_RTP,
		.edited = true,
	};
	p->ip_hlen = write_ip(w, ip, make);
	p->udp = ip + p->ip_hlen;
	memset(p->udp, 0, WIRE_UDP_HLEN);
	return write_rtp(packet_payload(p), make);
}

void make_send(struct worker *w)
{
	struct burst *b = &w->made;

	if (b->n == 0)
		return;
	b->srtp_out = 0;
	b->extra = 0;
	for (unsigned int i = 0; i < b->n; i++) {
		struct packet *p = &b->p[i];
		struct flow_media_rt *rt = media_rt(w, p->plan);

		packet_rewrite(w, b, p, b->m[i]);
		b->extra |= p->plan->extra;
		if (p->verdict == VERDICT_DROP)
			continue;
		flow_count(rt->sent_packets, 1);
		flow_count(rt->sent_bytes, p->payload_len);
	}
	if (b->srtp_out)
		stage_seal(w, b);
	if (b->extra & FLOW_EXTRA_TWICE)
		stage_twice(w, b);
	stage_dispose(w, b);
	b->n = 0;
}
