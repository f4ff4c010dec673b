/* SPDX-License-Identifier: BSD-3-Clause */
/* RTCP for a party that has not asked for feedback (RFC 4585 §4.2): what else there is in it. */
#include "rtcp.h"
#include "worker.h"

/* SRTCP that passes as it came can't be looked into. */
static bool is_readable(const struct packet *p)
{
	return (p->plan->flags & (FLOW_PLAN_SRTP | FLOW_PLAN_OPEN)) != FLOW_PLAN_SRTP;
}

bool packet_drop_feedback(struct worker *w, struct packet *p)
{
	int left;

	if (!is_readable(p))
		return true;
	left = wire_rtcp_drop_feedback(packet_payload(p), p->payload_len);
	if (left <= 0) {
		packet_drop_leg(w->t, p, left < 0 ? FLOW_DROP_rtp_malformed : FLOW_DROP_feedback);
		return false;
	}
	if (left < p->payload_len) {
		flow_count(p->rt->unsent_bytes, (unsigned int)(p->payload_len - left));
		p->payload_len = (uint16_t)left;
		p->edited = true;
	}
	return true;
}
