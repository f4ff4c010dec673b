/* SPDX-License-Identifier: BSD-3-Clause */
/* What leaves by a tunnel, once it is clear that it may: RTP, the far end's headers, keys. */
#include "fragment.h"
#include "tunnel.h"

void tunnel_send(struct worker *w, struct burst *b)
{
	for (unsigned int i = 0; b->srtp_out < b->n && i < b->n; i++) {
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
