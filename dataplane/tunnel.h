/* SPDX-License-Identifier: BSD-3-Clause */
/* What the stages of tunnels have in common. */
#ifndef TUNNEL_PATH_H
#define TUNNEL_PATH_H

#include "inner.h"
#include "rtptp.h"
#include "worker.h"

#define TUNNEL_HOPS 64 /* of what is around a packet (RFC 2003 §3.1: it has its own) */

/* Of a link with tunnels behind it: packets for them, and what is for us there (link.c). */
void link_parse(struct worker *w, struct packet *p, const struct rte_mbuf *m);

/* Headers, keys, and off they go: packets of w->made, or of a burst that is wrapped. */
void tunnel_send(struct worker *w, struct burst *b);
/* In place of a packet that is larger than `mtu`. The caller's stays. */
void tunnel_fragment(struct worker *w, struct flow_tunnel *tunnel, struct packet *p,
		     const struct wire_inner *in, uint16_t mtu);

/* Out of a tunnel: in place of a frame that is ready, but larger than `mtu` from its IP header on.
 */
void tunnel_cut(struct worker *w, struct flow_tunnel_rt *rt, struct packet *p,
		const struct rte_mbuf *m, const struct wire_inner *in, uint16_t mtu);

/* The running half of a tunnel, for its owner. */
static inline struct flow_tunnel_rt *tunnel_rt(struct flow_tunnel *tunnel)
{
	struct flow_tunnel_rt *rt = &tunnel->rt;

	if (unlikely(!rt->started || rt->generation != tunnel->generation)) {
		/* Control asks whose it is at any time, and reads the rest only of its own. */
		memset(&rt->seq, 0, sizeof(*rt) - offsetof(struct flow_tunnel_rt, seq));
		rt->seq = tunnel->seq;
		rt->started = true;
		__atomic_store_n(&rt->generation, tunnel->generation, __ATOMIC_RELEASE);
	}
	return rt;
}

/* Dropped, of which the tunnel is charged. */
static inline void tunnel_drop(struct flow_tunnel_rt *rt, struct packet *p, enum flow_drop why)
{
	packet_drop(p, why);
	flow_count(rt->drops[why - FLOW_LEG_DROPS], 1);
}

/* The same, but that control hears of it. */
static inline void tunnel_punt(struct worker *w, struct flow_tunnel_rt *rt, struct packet *p,
			       enum flow_drop why, enum dp_punt_kind kind)
{
	tunnel_drop(rt, p, why);
	flow_count(w->drops[why], 1);
	p->verdict = VERDICT_PUNT;
	p->punt = (uint8_t)kind;
}

/* Before packets are made for tunnels in this turn. */
static inline void tunnel_tick(struct worker *w)
{
	w->tunnel_clock = (uint32_t)(w->now / (w->tsc_per_ms / (WIRE_RTPTP_CLOCK_HZ / 1000)));
}

/* The next packet of a tunnel, as far as it is known before there is one. */
static inline struct make tunnel_make(const struct worker *w, struct flow_tunnel *tunnel,
				      const struct flow_plan *plan, uint8_t tos)
{
	return (struct make){
		.plan = plan,
		.timestamp = tunnel->timestamp + w->tunnel_clock,
		.ssrc = tunnel->ssrc,
		.seq = tunnel_rt(tunnel)->seq++,
		.type = flow_read(tunnel->payload_type) & 0x7f,
		.tos = tos,
		.hops = TUNNEL_HOPS + 1,
		.df = true,
	};
}

/* `p` is on its way into a tunnel, headers written. */
static inline void tunnel_count(const struct worker *w, struct flow_tunnel *tunnel,
				struct packet *p)
{
	p->rt = &w->t->leg[p->plan->leg].rtp;
	packet_count(w, p);
	tunnel->rt.last_sent = w->tick;
	tunnel->rt.sent = true;
}

#endif
