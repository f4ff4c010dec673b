/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that control sends to a session's far ends: by the plans that workers have. */
#include <errno.h>
#include <netinet/in.h>

#include "call.h"
#include "session_leg.h"
#include "udp.h"

#define NOT_PLAIN (LEG_SRTP | LEG_DTLS | LEG_ICE | LEG_BUNDLE | LEG_BUNDLED)

/* What comes to the other leg goes to this one. */
static const struct flow_plan *plan_to(const struct sessions *s, const struct session *se,
				       unsigned int leg, bool rtcp)
{
	const struct flow_tables *t = s->h->tables;
	const struct leg *from = &se->leg[1 - leg];
	const struct flow_plan *p = &t->plan[*flow_slot(t, from->address, from->port)];

	return rtcp && p->rtcp_plan != 0 ? &t->plan[p->rtcp_plan] : p;
}

int session_send(struct sessions *s, const char *id, unsigned int leg, bool rtcp, const void *data,
		 size_t len)
{
	const struct session *se = table_find(s, id);
	const struct flow_plan *p;

	if (se == NULL)
		return -ENOENT;
	if ((se->leg[0].flags | se->leg[1].flags) & NOT_PLAIN)
		return -EPROTO;
	p = plan_to(s, se, leg, rtcp);
	if (rtcp && p->flags & FLOW_PLAN_RTCP_DROP)
		return -EPROTO;
	if (!(p->flags & FLOW_PLAN_OUT) || p->flags & FLOW_PLAN_HOLD)
		return -ENOTCONN;
	return udp_send(s->h, p->out_addr, ntohs(p->out_sport), &p->out_ip, ntohs(p->out_port),
			p->tos == FLOW_TOS_KEEP ? 0 : p->tos, data, len);
}

enum session_fault session_sendable(struct sessions *s, const char *id, struct session_error *err)
{
	const struct session *se = table_find(s, id);

	if (se == NULL)
		return session_not_found(err);
	if ((se->leg[0].flags | se->leg[1].flags) & NOT_PLAIN)
		return session_fault_set(err, SESSION_UNSUPPORTED, "",
					 "its far ends get SRTP, or share a transport");
	return SESSION_OK;
}
