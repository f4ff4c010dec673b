/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes to a running session. Its ports stay; the new plans take the place of the old ones
 * slot by slot, so that there is no moment at which a packet finds nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
		snprintf(path, sizeof(path), "/legs/%u/security", i);
		if (lc->set_security && lc->security.type != LEG_SECURITY_NONE &&
		    (l->kind == LEG_KIND_UDP || se->leg[1 - i].kind == LEG_KIND_UDP))
			return session_fault_set(err, SESSION_BAD_PARAMS, path,
						 "kind udp is not encrypted: both legs must be of "
						 "kind rtp");
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

/*
 * What the change means for the legs' secrets: *step, or NULL if nothing. It is malloc'd, since
 * it waits for the end of a grace period with the keys that it has replaced.
 */
static enum session_fault prepare_security(struct sessions *s, struct session *se,
					   const struct session_change *c,
					   struct secure_step **step, struct session_error *err)
{
	const struct leg_security *want[SESSION_LEGS];
	enum session_fault f;

	*step = NULL;
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		want[i] = c->leg[i].set_security ? &c->leg[i].security : NULL;
	if (want[0] == NULL && want[1] == NULL)
		return SESSION_OK;
	*step = malloc(sizeof(**step));
	if (*step == NULL)
		return session_no_memory(err);
	f = secure_prepare(s, se, want, *step, err);
	if (f == SESSION_OK && (*step)->changes) {
		secure_flags(s, se, *step);
		return SESSION_OK;
	}
	if (f == SESSION_OK)
		secure_abort(s, *step);
	free(*step);
	*step = NULL;
	return f;
}

/* Let it take effect; with plans unless the keys alone are new. On a fault, nothing has. */
static enum session_fault apply(struct sessions *s, struct session *se, bool plans_changed,
				struct secure_step *step, struct session_error *err)
{
	struct retired r = {.session = SESSION_NONE, .secure = step};
	struct plans plans;
	unsigned int leg;
	int rc = 0;

	if (retire_reserve(s) != 0)
		return session_no_memory(err);
	if (plans_changed)
		rc = publish_make(s, se, &plans, &leg);
	if (rc != 0)
		return session_publish_fault(s, se, rc, leg, err);
	if (step != NULL)
		secure_commit(s, se, step);
	if (plans_changed)
		publish_swap(s, se, &plans, r.cell);
	retire_push(s, &r);
	return SESSION_OK;
}

/* An answer tells of keys to those who asked about them. */
static void fill_answer(const struct sessions *s, const struct session *se,
			const struct session_change *c, struct session_answer *answer)
{
	answer->created = false;
	session_fill_answer(s, se, answer);
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (!c->leg[i].set_security)
			answer->leg[i].profile = answer->leg[i].crypto = NULL;
}

enum session_fault session_update(struct sessions *s, const struct session_change *c,
				  struct session_answer *answer, struct session_error *err)
{
	struct session *se = table_find(s, c->id);
	struct leg before[SESSION_LEGS];
	bool legs_changed, timeout_changed;
	struct secure_step *step;
	enum session_fault f;

	if (se == NULL)
		return session_not_found(err);
	f = check_change(s, se, c, err);
	if (f != SESSION_OK)
		return f;
	memcpy(before, se->leg, sizeof(before));
	f = prepare_security(s, se, c, &step, err);
	if (f != SESSION_OK)
		return f;
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		change_leg(&se->leg[i], &c->leg[i]);
	legs_changed = memcmp(before, se->leg, sizeof(before)) != 0;
	timeout_changed = c->set_idle_timeout && c->idle_timeout_s != se->idle_timeout_s;
	if (legs_changed || step != NULL)
		f = apply(s, se, legs_changed, step, err);
	if (f != SESSION_OK) {
		memcpy(se->leg, before, sizeof(se->leg));
		if (step != NULL)
			secure_abort(s, step);
		free(step);
		return f;
	}
	if (timeout_changed)
		se->idle_timeout_s = c->idle_timeout_s;
	if (legs_changed || timeout_changed || step != NULL) {
		se->generation++;
		s->updated++;
	}
	idle_start(s, se);
	fill_answer(s, se, c, answer);
	return SESSION_OK;
}
