/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes to a running session. Its ports stay; the new plans take the place of the old ones
 * slot by slot, so that there is no moment at which a packet finds nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "call.h"

static void clear_remote(struct leg *l)
{
	memset(&l->remote, 0, sizeof(l->remote));
	l->remote_port = l->remote_rtcp_port = 0;
	l->flags &= (uint8_t)~LEG_REMOTE;
}

static enum session_fault check_change(const struct sessions *s, const struct session *se,
				       const struct session_change *c, struct session_error *err)
{
	char path[64];

	if (c->if_generation_set && c->if_generation != se->generation)
		return session_fault_set(err, SESSION_CONFLICT, "/if_generation",
					 "the session is at generation %u", se->generation);
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg_change *lc = &c->leg[i];
		const struct leg *l = &se->leg[i];
		enum session_fault f;

		snprintf(path, sizeof(path), "/legs/%u/rtcp", i);
		if (lc->set_rtcp && lc->rtcp != l->rtcp)
			return session_fault_set(err, SESSION_CONFLICT, path,
						 "rtcp can't change while the session runs");
		if (!lc->set_remote || !lc->has_remote)
			continue;
		f = params_check_remote(s, i, l->address, l->rtcp, &lc->remote, err);
		if (f != SESSION_OK)
			return f;
	}
	return SESSION_OK;
}

static void change_leg(struct leg *l, const struct leg_change *c)
{
	const struct leg before = *l;

	if (c->set_remote && c->has_remote)
		leg_set_remote(l, &c->remote);
	else if (c->set_remote)
		clear_remote(l);
	if (c->set_latch)
		l->latch = c->latch;
	if (c->set_dscp)
		l->dscp = c->dscp;
	if (c->set_hold)
		l->flags = (uint8_t)(c->hold ? l->flags | LEG_HOLD : l->flags & ~LEG_HOLD);
	if (l->latch != before.latch || ((l->flags ^ before.flags) & LEG_REMOTE) ||
	    !wire_ip_equal(&l->remote, &before.remote) || l->remote_port != before.remote_port ||
	    l->remote_rtcp_port != before.remote_rtcp_port)
		leg_forget_learned(l);
}

/* Let the new legs take effect. They are put back if that can't be. */
static enum session_fault apply_legs(struct sessions *s, struct session *se,
				     const struct leg before[SESSION_LEGS],
				     struct session_error *err)
{
	struct retired r = {.session = SESSION_NONE};
	struct plans plans;
	unsigned int leg;
	int rc = 0;

	if (retire_reserve(s) != 0) {
		memcpy(se->leg, before, sizeof(se->leg));
		return session_no_memory(err);
	}
	rc = publish_make(s, se, &plans, &leg);
	if (rc != 0) {
		enum session_fault f = session_publish_fault(s, se, rc, leg, err);

		memcpy(se->leg, before, sizeof(se->leg));
		return f;
	}
	publish_swap(s, se, &plans, r.cell);
	retire_push(s, &r);
	return SESSION_OK;
}

enum session_fault session_update(struct sessions *s, const struct session_change *c,
				  struct session_answer *answer, struct session_error *err)
{
	struct session *se = table_find(s, c->id);
	struct leg before[SESSION_LEGS];
	bool legs_changed, timeout_changed;
	enum session_fault f;

	if (se == NULL)
		return session_not_found(err);
	f = check_change(s, se, c, err);
	if (f != SESSION_OK)
		return f;
	memcpy(before, se->leg, sizeof(before));
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		change_leg(&se->leg[i], &c->leg[i]);
	legs_changed = memcmp(before, se->leg, sizeof(before)) != 0;
	timeout_changed = c->set_idle_timeout && c->idle_timeout_s != se->idle_timeout_s;
	if (legs_changed)
		f = apply_legs(s, se, before, err);
	if (f != SESSION_OK)
		return f;
	if (timeout_changed)
		se->idle_timeout_s = c->idle_timeout_s;
	if (legs_changed || timeout_changed) {
		se->generation++;
		s->updated++;
	}
	idle_start(s, se);
	answer->created = false;
	session_fill_answer(s, se, answer);
	return SESSION_OK;
}
