/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RTP made here: played, or cut from what came. It is written as if it had come in, over the
 * other side's own family, and goes out by the same stages as what did.
 */
#include "worker.h"

#define IP4_DF UINT32_C(0x4000)

struct flow_media_rt *media_rt(const struct worker *w, const struct flow_plan *plan)
{
	struct flow_media_rt *rt = &w->t->media[plan->leg].rt;

	if (unlikely(rt->generation != plan->generation)) {
		/* Control asks whose it is at any time, and reads the rest only of its own. */
		memset(&rt->sent_packets, 0,
		       offsetof(struct flow_media_rt, held) -
			       offsetof(struct flow_media_rt, sent_packets));
		__atomic_store_n(&rt->generation, plan->generation, __ATOMIC_RELEASE);
	}
	return rt;
}

/* Only what the next stage reads of one that came: they write the rest. */
static void write_ip(struct worker *w, uint8_t *ip, const struct make *make)
{
	memset(ip, 0, make_ip_hlen(make->plan));
	if (make->plan->flags & FLOW_PLAN_OUT6) {
		wire_put32(ip, 6u << 28 | (uint32_t)make->tos << 20);
		ip[6] = WIRE_PROTO_UDP;
		ip[7] = make->hops;
		return;
	}
	ip[0] = 0x45;
	ip[1] = make->tos;
	wire_put32(ip + 4, make->df ? IP4_DF : (uint32_t)w->ip_id++ << 16);
	ip[8] = make->hops;
}

static void write_rtp(uint8_t *rtp, const struct make *make)
{
	rtp[0] = 0x80;
	rtp[1] = make->type;
	wire_put16(rtp + 2, make->seq);
	wire_put32(rtp + 4, make->timestamp);
	wire_put32(rtp + 8, make->ssrc);
}

void make_around(struct worker *w, struct packet *p, const struct make *make, uint8_t *payload,
		 uint32_t len)
{
	uint8_t hlen = make_ip_hlen(make->plan);
	uint8_t *udp = payload - WIRE_RTP_HLEN - WIRE_UDP_HLEN;

	*p = (struct packet){
		.ip = udp - hlen,
		.udp = udp,
		.plan = make->plan,
		.rt = &w->made_rt,
		.payload_len = (uint16_t)(WIRE_RTP_HLEN + len),
		.ip_hlen = hlen,
		.l3_off = MAKE_L3_OFF,
		.verdict = VERDICT_GO,
		.media = WIRE_MEDIA_RTP,
		.edited = true,
	};
	write_ip(w, p->ip, make);
	memset(udp, 0, WIRE_UDP_HLEN);
	write_rtp(packet_payload(p), make);
}

uint8_t *make_packet(struct worker *w, const struct make *make, uint32_t len)
{
	struct burst *b = &w->made;
	uint8_t *payload;
	struct rte_mbuf *m;

	if (b->n == BURST_MAX)
		make_send(w);
	m = rte_pktmbuf_alloc(dp_pool());
	if (unlikely(m == NULL)) {
		flow_count(w->drops[FLOW_DROP_no_buffer], 1);
		return NULL;
	}
	payload = rte_pktmbuf_mtod_offset(m, uint8_t *, make_hlen(make->plan));
	make_around(w, &b->p[b->n], make, payload, len);
	b->m[b->n++] = m;
	return payload;
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
