/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between measure and rewrite, for calls that want more than to be relayed: copies of what was
 * accepted, telephone events told, packets not sent on, or in other sizes. After seal, for those
 * whose packets leave twice.
 */
#include "worker.h"

/* Legs of kind udp don't tell. */
static bool is_rtp(const struct packet *p)
{
	return p->media == WIRE_MEDIA_RTP ||
	       (p->media == WIRE_MEDIA_UNKNOWN &&
		wire_media_classify(packet_payload(p), p->payload_len) == WIRE_MEDIA_RTP);
}

static void unsent(const struct packet *p)
{
	flow_count(p->rt->unsent_packets, 1);
	flow_count(p->rt->unsent_bytes, p->payload_len);
}

static bool is_muted(const struct worker *w, const struct packet *p)
{
	return p->plan->extra & FLOW_EXTRA_MUTE && p->media != WIRE_MEDIA_RTCP &&
	       flow_read(w->t->media[p->plan->leg].muted);
}

/* What the measuring stage has found out about this packet is there already. */
static void watch_packet(struct worker *w, const struct packet *p)
{
	struct flow_watch *q = &media_rt(w, p->plan)->watch;
	uint32_t jitter = ((const struct flow_leg_rt *)p->rt)->stats.jitter16;
	uint32_t gap = w->fine - q->last;

	if (q->packets != 0 && gap > q->longest)
		__atomic_store_n(&q->longest, gap, __ATOMIC_RELAXED);
	if (jitter > q->jitter_max16)
		__atomic_store_n(&q->jitter_max16, jitter, __ATOMIC_RELAXED);
	q->last = w->fine;
	flow_count(q->jitter_sum16, jitter);
	flow_count(q->packets, 1);
}

static void extra_one(struct worker *w, struct packet *p, const struct rte_mbuf *m)
{
	uint8_t extra = p->plan->extra;

	if (extra & FLOW_EXTRA_WATCH && p->media == WIRE_MEDIA_RTP)
		watch_packet(w, p);
	if (extra & FLOW_EXTRA_COPY)
		copy_packet(w, p, m);
	if (extra & FLOW_EXTRA_DTMF && is_rtp(p))
		dtmf_packet(w, p);
	if (is_muted(w, p)) {
		unsent(p);
		packet_drop(p, FLOW_DROP_muted);
	} else if (extra & FLOW_EXTRA_RESIZE && is_rtp(p)) {
		resize_packet(w, p);
		if (p->verdict != VERDICT_GO)
			unsent(p);
	}
}

void stage_extra(struct worker *w, struct burst *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		if (b->p[i].verdict == VERDICT_GO && b->p[i].plan->extra)
			extra_one(w, &b->p[i], b->m[i]);
	make_send(w);
}

/* A frame that is ready. A device may want its mbufs unshared, all of one pool. */
static struct rte_mbuf *duplicate(const struct rte_mbuf *m)
{
	struct rte_mbuf *d = rte_pktmbuf_alloc(dp_pool());

	if (unlikely(d == NULL))
		return NULL;
	if (unlikely(m->data_len > d->buf_len)) {
		rte_pktmbuf_free(d);
		return NULL;
	}
	d->data_off = RTE_MIN(d->data_off, (uint16_t)(d->buf_len - m->data_len));
	d->data_len = m->data_len;
	d->pkt_len = m->pkt_len;
	d->ol_flags = m->ol_flags;
	d->tx_offload = m->tx_offload;
	memcpy(rte_pktmbuf_mtod(d, void *), rte_pktmbuf_mtod(m, const void *), m->data_len);
	return d;
}

static bool is_doubled(const struct worker *w, const struct packet *p)
{
	uint16_t below;

	if (p->verdict != VERDICT_GO || !(p->plan->extra & FLOW_EXTRA_TWICE) ||
	    p->media == WIRE_MEDIA_RTCP)
		return false;
	below = flow_read(w->t->media[p->plan->leg].twice_below);
	return below == 0 || p->payload_len < below;
}

void stage_twice(struct worker *w, struct burst *b)
{
	for (unsigned int i = 0; i < b->n; i++) {
		const struct packet *p = &b->p[i];
		struct flow_media_rt *rt;
		struct rte_mbuf *d;

		if (!is_doubled(w, p))
			continue;
		d = duplicate(b->m[i]);
		if (d == NULL) {
			flow_count(w->drops[FLOW_DROP_no_buffer], 1);
			continue;
		}
		rt = media_rt(w, p->plan);
		flow_count(rt->sent_packets, 1);
		flow_count(rt->sent_bytes, p->payload_len);
		worker_count(w, twice, 1);
		worker_count(w, relayed, 1);
		tx_frames(w, p->tx_port, &d, 1);
	}
}
