/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between open and measure: where several media sections share a port (RFC 8843 §9.2), from the
 * plan of the port, which has said who may send here, to that of the packet's section.
 */
#include <rte_prefetch.h>

#include "rtcp.h"
#include "worker.h"

#define ABOUT_MAX 8 /* packets of one compound whose subject is looked for */

static inline uint32_t plan_at(const struct flow_bundle *b, unsigned int i)
{
	return __atomic_load_n(&b->plan[i], __ATOMIC_ACQUIRE);
}

/* The plan of a section: index, 0 if there is none. */
static uint32_t by_payload_type(const struct flow_bundle *b, uint8_t type)
{
	uint8_t i = __atomic_load_n(&b->section[type], __ATOMIC_ACQUIRE);

	return i < FLOW_BUNDLE_SECTIONS ? plan_at(b, i) : 0;
}

static uint32_t first_of(const struct flow_bundle *b)
{
	uint32_t plan = 0;

	for (unsigned int i = 0; i < FLOW_BUNDLE_SECTIONS && plan == 0; i++)
		plan = plan_at(b, i);
	return plan;
}

/* The section whose leg here (`other` 0), or whose other leg (1), sends with this SSRC. */
static uint32_t by_ssrc(const struct flow_tables *t, const struct flow_bundle *b, uint32_t ssrc,
			unsigned int other)
{
	for (unsigned int i = 0; i < FLOW_BUNDLE_SECTIONS; i++) {
		uint32_t plan = plan_at(b, i);
		const struct flow_rtp_stats *s;

		if (plan == 0)
			continue;
		s = &t->leg[t->plan[plan].leg ^ other].stats;
		if (s->started && s->ssrc == ssrc)
			return plan;
	}
	return 0;
}

/* The section of the first packet of a compound that is about some party's stream. */
static uint32_t by_subject(const struct flow_tables *t, const struct flow_bundle *b,
			   const uint8_t *at, uint32_t len)
{
	unsigned int tried = 0;
	uint32_t n, ssrc, plan;

	while (tried < ABOUT_MAX && (n = wire_rtcp_first(at, len)) != 0) {
		if (wire_rtcp_about(at, n, &ssrc)) {
			plan = by_ssrc(t, b, ssrc, 1);
			if (plan != 0)
				return plan;
			tried++;
		}
		at += n;
		len -= n;
	}
	return 0;
}

/*
 * A sender report is its sender's. What else there is belongs to what it is about, for browsers
 * report on all that they receive by the SSRC of one section. Of SRTCP that passes as it came,
 * no more than its sender can be read.
 */
static uint32_t by_rtcp(const struct flow_tables *t, const struct flow_bundle *b,
			const struct packet *p)
{
	bool readable = (p->plan->flags & (FLOW_PLAN_SRTP | FLOW_PLAN_OPEN)) != FLOW_PLAN_SRTP;
	const uint8_t *at = packet_payload(p);
	uint32_t plan = 0;

	if (readable && at[1] != WIRE_RTCP_SR)
		plan = by_subject(t, b, at, p->payload_len);
	if (plan == 0)
		plan = by_ssrc(t, b, wire_rtcp_sender(at), 0);
	if (plan == 0 && readable && at[1] == WIRE_RTCP_SR)
		plan = by_subject(t, b, at, p->payload_len);
	return plan ? plan : first_of(b);
}

static uint32_t section_of(const struct flow_tables *t, const struct packet *p)
{
	const struct flow_bundle *b = &t->bundle[p->plan->leg];

	if (likely(p->media == WIRE_MEDIA_RTP))
		return by_payload_type(b, packet_payload(p)[1] & 0x7f);
	return p->media == WIRE_MEDIA_RTCP ? by_rtcp(t, b, p) : first_of(b);
}

/* From here on all is on the section's account. */
static void enter(const struct flow_tables *t, struct packet *p)
{
	struct flow_leg_rt *leg = &t->leg[p->plan->leg];

	p->rt = &leg->rtp;
	rte_prefetch0(&leg->rtp);
	rte_prefetch0(&leg->stats);
	if (p->plan->flags & FLOW_PLAN_SEAL)
		rte_prefetch0(&t->secure[p->plan->leg & ~1u]);
}

void stage_bundle(struct worker *w, struct burst *b)
{
	struct packet *of[BURST_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		struct packet *p = &b->p[i];
		uint32_t plan;

		if (p->verdict != VERDICT_GO || !(p->plan->flags & FLOW_PLAN_BUNDLE))
			continue;
		plan = section_of(w->t, p);
		if (unlikely(plan == 0)) {
			packet_drop_leg(w->t, p, FLOW_DROP_bundle_section);
			continue;
		}
		p->plan = &w->t->plan[plan];
		rte_prefetch0(p->plan);
		of[n++] = p;
	}
	for (unsigned int i = 0; i < n; i++) {
		b->extra |= of[i]->plan->extra;
		enter(w->t, of[i]);
	}
	for (unsigned int i = 0; i < n; i++)
		packet_count(w, of[i]);
}
