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
	VERDICT_HANDOFF, /* to the worker that owns it */
};

struct packet {
	struct wire_frame f;
	const uint32_t *slot;
	const struct flow_plan *plan;
	struct flow_rt *rt;
	uint8_t *data; /* start of the frame as received */
	uint16_t iface;
	uint16_t mtu;        /* with DP_PUNT_TOO_BIG */
	uint32_t nexthop;    /* with DP_PUNT_UNRESOLVED */
	uint8_t verdict;     /* enum verdict */
	uint8_t drop;        /* enum flow_drop */
	uint8_t punt;        /* enum dp_punt_kind */
	uint8_t media;       /* enum wire_media */
	uint8_t owner;       /* with VERDICT_HANDOFF */
	bool learn;          /* from an address that is to be learned */
	struct wire_rtp rtp; /* for WIRE_MEDIA_RTP */
} __rte_cache_aligned;

struct burst {
	uint16_t n;
	struct rte_mbuf *m[BURST_MAX];
	struct packet p[BURST_MAX];
};

static inline void packet_drop(struct packet *p, enum flow_drop why)
{
	p->verdict = VERDICT_DROP;
	p->drop = (uint8_t)why;
}

/* With a drop that the leg is charged for. Legs come in pairs of lines, see flow.h. */
static inline void packet_drop_leg(const struct flow_tables *t, struct packet *p,
				   enum flow_drop why)
{
	packet_drop(p, why);
	flow_count(t->leg[p->plan->leg].drops[why], 1);
}

struct worker;

/* In this order. */
void stage_parse(struct worker *w, struct burst *b);
void stage_lookup(struct worker *w, struct burst *b);
void stage_accept(struct worker *w, struct burst *b);
void stage_measure(struct worker *w, struct burst *b);
void stage_rewrite(struct worker *w, struct burst *b);
void stage_dispose(struct worker *w, struct burst *b);

#endif
