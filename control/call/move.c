/* SPDX-License-Identifier: BSD-3-Clause */
/* Another port pair for a leg of a running session. */
#include "call.h"

enum session_fault move_check(const struct session *se, unsigned int leg, uint16_t address,
			      const struct sessions *s, struct session_error *err)
{
	if (address >= s->h->config->address_count)
		return session_fault_set(err, SESSION_BAD_PARAMS, "", "leg %u: no such address",
					 leg);
	if ((se->leg[0].flags | se->leg[1].flags) & (LEG_ICE | LEG_DTLS | LEG_BUNDLE | LEG_PORTLESS))
		return session_fault_set(err, SESSION_UNSUPPORTED, "",
					 "with ICE, DTLS or a bundle ports stay");
	return SESSION_OK;
}

enum session_fault move_take(struct sessions *s, struct session *se, unsigned int leg,
			     uint16_t address, struct session_error *err)
{
	const struct config_address *a = &s->h->config->addresses[address];
	struct leg *l = &se->leg[leg];
	uint16_t port = ports_take(&s->ports, address, se->worker);

	if (port == 0)
		return session_fault_set(err, SESSION_NO_PORTS, "",
					 "no free port pair of worker %u left at address %s",
					 se->worker, a->name);
	l->port = port;
	l->address = (uint8_t)address;
	if ((l->flags & LEG_REMOTE) && wire_ip_is4(&l->remote) != wire_ip_is4(&a->ip))
		leg_clear_remote(l);
	leg_forget_learned(l);
	return SESSION_OK;
}

static bool has_moved(const struct leg *before, const struct leg *now)
{
	return now->port != before->port || now->address != before->address;
}

void move_undo(struct sessions *s, const struct session *se, const struct leg before[SESSION_LEGS])
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (has_moved(&before[i], &se->leg[i]))
			ports_give(&s->ports, se->leg[i].address, se->leg[i].port);
}

/* Nobody finds anything at the old port any more; its cells go when no worker looks. */
static void leave(struct sessions *s, const struct leg *before)
{
	struct flow_tables *t = s->h->tables;
	struct retired old = {.session = SESSION_NONE};

	old.cell[0] = *flow_slot(t, before->address, before->port);
	old.cell[1] = old.cell[0] ? t->plan[old.cell[0]].rtcp_plan : 0;
	flow_publish(t, before->address, before->port, 0);
	if (before->rtcp == LEG_RTCP_NEXT)
		flow_publish(t, before->address, before->port + 1, 0);
	retire_push(s, &old);
	ports_give(&s->ports, before->address, before->port);
}

void move_commit(struct sessions *s, const struct session *se,
		 const struct leg before[SESSION_LEGS])
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (has_moved(&before[i], &se->leg[i]))
			leave(s, &before[i]);
}
