/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of what was accepted, for whoever writes it down: from a pool of their own, through a
 * ring of their own, so that however slow that is, nothing else is. Real copies, since the packet
 * itself is changed in place on its way out.
 */
#include "worker.h"

/* What was SRTP is shorter now; its checksum was of what it was. */
static void fix_lengths(const struct packet *p, uint8_t *ip)
{
	uint16_t udp_len = WIRE_UDP_HLEN + p->payload_len, sum;
	uint8_t *udp = ip + p->ip_hlen;

	wire_put16(udp + 4, udp_len);
	wire_put16(udp + 6, 0);
	if (!packet_is4(p)) {
		wire_put16(ip + 4, udp_len);
		return;
	}
	wire_put16(ip + 2, WIRE_IP4_HLEN + udp_len);
	wire_put16(ip + 10, 0);
	sum = wire_checksum(wire_sum(ip, WIRE_IP4_HLEN));
	memcpy(ip + 10, &sum, 2);
}

static struct rte_mbuf *copy_frame(const struct worker *w, const struct packet *p,
				   const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = (uint32_t)(packet_payload(p) + p->payload_len - data);
	struct rte_mbuf *c;

	/* The ring first, for nothing may be given back to this pool here: its only producer is
	 * the one who empties the ring, and a thread that may be preempted in the midst of it. */
	if (w->copy_pool == NULL || rte_ring_full(w->copy) ||
	    len + RTE_PKTMBUF_HEADROOM > rte_pktmbuf_data_room_size(w->copy_pool))
		return NULL;
	c = rte_pktmbuf_alloc(w->copy_pool);
	if (c == NULL)
		return NULL;
	memcpy(rte_pktmbuf_mtod(c, void *), data, len);
	c->data_len = (uint16_t)len;
	c->pkt_len = len;
	if (p->opened)
		fix_lengths(p, rte_pktmbuf_mtod_offset(c, uint8_t *, p->ip - data));
	return c;
}

void copy_packet(struct worker *w, const struct packet *p, const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	struct rte_mbuf *c = copy_frame(w, p, m);

	if (unlikely(c == NULL)) {
		flow_count(media_rt(w, p->plan)->copy_lost, 1);
		worker_count(w, copy_lost, 1);
		return;
	}
	*RTE_MBUF_DYNFIELD(c, dp_note_offset, struct dp_copy *) = (struct dp_copy){
		.tsc = w->now,
		.leg = p->plan->leg,
		.generation = p->plan->generation,
		.iface = p->iface,
		.l3_off = (uint16_t)(p->ip - data),
		.payload_off = (uint16_t)(packet_payload(p) - data),
		.payload_len = p->payload_len,
		.media = p->media,
	};
	rte_ring_sp_enqueue(w->copy, c);
	worker_count(w, copied, 1);
}
