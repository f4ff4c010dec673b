/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes out of a tunnel larger than the inner interface takes, and may be cut: IPv4 without
 * DF (RFC 791 §3.2). It is ready to leave; its pieces do so in the same way, each in a buffer of
 * its own with the same link header, before what else is in the burst.
 */
#include "fragment.h"
#include "tunnel.h"

static void send_pieces(struct worker *w)
{
	stage_dispose(w, &w->made);
	w->made.n = 0;
}

/* One of them; false: no buffer. */
static bool add_piece(struct worker *w, const struct packet *p, const struct rte_mbuf *m,
		      const uint8_t *header, const struct wire_fragment *piece)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct rte_mbuf *to = rte_pktmbuf_alloc(dp_pool());
	struct burst *b = &w->made;
	uint8_t *out;

	if (unlikely(to == NULL)) {
		flow_count(w->drops[FLOW_DROP_no_buffer], 1);
		return false;
	}
	out = rte_pktmbuf_mtod(to, uint8_t *);
	memcpy(out, frame, p->l3_off);
	memcpy(out + p->l3_off, header, piece->hlen);
	memcpy(out + p->l3_off + piece->hlen, frame + p->l3_off + piece->off, piece->len);
	to->data_len = (uint16_t)(p->l3_off + piece->hlen + piece->len);
	to->pkt_len = to->data_len;
	to->port = m->port;
	if (b->n == BURST_MAX)
		send_pieces(w);
	b->p[b->n] = *p;
	b->m[b->n++] = to;
	return true;
}

void tunnel_cut(struct worker *w, struct flow_tunnel_rt *rt, struct packet *p,
		const struct rte_mbuf *m, const struct wire_inner *in, uint16_t mtu)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3_off);
	uint8_t header[WIRE_IP4_HLEN_MAX];
	struct wire_fragment piece;
	struct wire_fragments f;

	if (wire_fragment_start(&f, ip, in, mtu) < 0) {
		tunnel_drop(rt, p, FLOW_DROP_tunnel_header);
		return;
	}
	while (wire_fragment_next(&f, header, &piece) && add_piece(w, p, m, header, &piece)) {
		flow_count(rt->in_fragments, 1);
		worker_count(w, tunnel_fragments, 1);
	}
	send_pieces(w);
	p->verdict = VERDICT_DONE;
}
