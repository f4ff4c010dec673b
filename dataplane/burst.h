/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst on its way through the stages.
 *
 * Each stage is one function over the whole burst. It looks only at packets whose verdict is
 * still VERDICT_GO, and may set another; what happens to those is the last stage's work.
 */
#ifndef BURST_H
#define BURST_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "flow.h"
#include "frame.h"
#include "rtp.h"

#define BURST_MAX 32

enum verdict {
	VERDICT_GO,      /* on to the next stage; relayed in the end */
	VERDICT_DROP,    /* `drop` says why */
	VERDICT_PUNT,    /* to the control lcore; `punt` says as what */
	VERDICT_HANDOFF, /* to the worker `owner` */
	VERDICT_DONE,    /* what was in it goes on in packets made here, or nowhere */
	VERDICT_READY,   /* out of a tunnel: is sent as it is by `tx_port` */
};

/* One cache line a packet: a burst's notes stay in the first-level cache. */
struct packet {
	uint8_t *ip;  /* its header, as received */
	uint8_t *udp; /* behind it */
	union {
		const uint32_t *slot;         /* from parse to lookup */
		const struct flow_plan *plan; /* from there on */
	};
	struct flow_rt *rt;
	uint32_t nexthop;     /* with DP_PUNT_UNRESOLVED */
	uint16_t mtu;         /* with DP_PUNT_TOO_BIG and _INNER_TOO_BIG */
	uint16_t iface;       /* where it came in; with DP_PUNT_UNRESOLVED where it goes out */
	uint16_t payload_len; /* of UDP */
	uint8_t ip_hlen;      /* 20 or 40 */
	uint8_t l3_off;
	uint8_t verdict; /* enum verdict */
	uint8_t drop;    /* enum flow_drop */
	uint8_t punt;    /* enum dp_punt_kind */
	uint8_t media;   /* enum wire_media */
	uint8_t owner;   /* with VERDICT_HANDOFF */
	uint8_t tx_port; /* with VERDICT_GO, from rewrite on */
	uint8_t sender;  /* enum sender, until it is admitted; with DP_PUNT_STUN and _DTLS */
	uint8_t ip_hlen_out;
	uint8_t opened; /* bytes that opening SRTP has taken off; 0: it was none */
	bool to_seal;   /* headers are written, the payload is still to become SRTP */
	bool edited;    /* the payload is not what came */
} __rte_cache_aligned;

struct burst {
	uint16_t n;
	uint16_t srtp_in;  /* packets for stage_open */
	uint16_t srtp_out; /* packets for stage_seal */
	uint16_t bundled;  /* packets for stage_bundle */
	uint8_t extra;     /* enum flow_plan_extra of all plans met */
	struct rte_mbuf *m[BURST_MAX];
	struct packet p[BURST_MAX];
};

static inline uint8_t *packet_udp(const struct packet *p)
{
	return p->udp;
}

static inline uint8_t *packet_payload(const struct packet *p)
{
	return p->udp + WIRE_UDP_HLEN;
}

static inline bool packet_is4(const struct packet *p)
{
	return p->ip_hlen == WIRE_IP4_HLEN;
}

static inline union wire_ip packet_src(const struct packet *p)
{
	return packet_is4(p) ? wire_ip_from4(wire_load32(p->ip + 12)) : wire_ip_from6(p->ip + 8);
}

static inline uint16_t packet_sport(const struct packet *p) /* big endian */
{
	return wire_load16(packet_udp(p));
}

static inline uint8_t packet_hops(const struct packet *p)
{
	return packet_is4(p) ? p->ip[8] : p->ip[7];
}

static inline uint8_t packet_tos(const struct packet *p)
{
	return packet_is4(p) ? p->ip[1] : (uint8_t)(p->ip[0] << 4 | p->ip[1] >> 4);
}

static inline void packet_drop(struct packet *p, enum flow_drop why)
{
	p->verdict = VERDICT_DROP;
	p->drop = (uint8_t)why;
}

/* The leg is charged too, where the reason is one of a leg's. */
static inline void packet_drop_leg(const struct flow_tables *t, struct packet *p,
				   enum flow_drop why)
{
	packet_drop(p, why);
	if (why < FLOW_LEG_DROPS)
		flow_count(t->leg[p->plan->leg].drops[why], 1);
}

/* Is the sender the one that the flow takes, or one that it may learn? */
enum sender { SENDER_KNOWN, SENDER_NEW, SENDER_STRANGER };

struct worker;

/*
 * It may pass: its sender is learned if it is new, the flow is alive, the packet counted; that of
 * a bundle for its section, by stage_bundle. For SRTP only once it was found to be authentic.
 */
void packet_admit(struct worker *w, struct burst *b, struct packet *p);

/*
 * Takes feedback out of RTCP. False: nothing is left, or it was malformed; dropped. What is taken
 * out is counted as unsent.
 */
bool packet_drop_feedback(struct worker *w, struct packet *p);

/* What is for us on a link where no call arrives: to control, or dropped. */
void packet_parse_ours(struct worker *w, struct packet *p, const struct rte_mbuf *m);

/* The long way of stage_rewrite, which packets made here take: `edited`, with headers to be read.
 */
void packet_rewrite(struct worker *w, struct burst *b, struct packet *p, struct rte_mbuf *m);

/* In this order; open, bundle, extra, decap, seal and twice only if the burst has packets for them.
 */
void stage_parse(struct worker *w, struct burst *b);
void stage_lookup(struct worker *w, struct burst *b);
void stage_accept(struct worker *w, struct burst *b);
void stage_open(struct worker *w, struct burst *b);
void stage_bundle(struct worker *w, struct burst *b);
void stage_measure(struct worker *w, struct burst *b);
void stage_extra(struct worker *w, struct burst *b);
void stage_decap(struct worker *w, struct burst *b);
void stage_rewrite(struct worker *w, struct burst *b);
void stage_seal(struct worker *w, struct burst *b);
void stage_twice(struct worker *w, struct burst *b);
void stage_dispose(struct worker *w, struct burst *b);

#endif
