/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes to a running session. Its ports stay unless others are asked for; the new plans take the
 * place of the old ones slot by slot, so that there is no moment at which a packet finds nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

static enum session_fault leg_fault(struct session_error *err, enum session_fault f,
				    unsigned int leg, const char *member, const char *reason)
{
	char path[64];

	snprintf(path, sizeof(path), "/legs/%u/%s", leg, member);
	return session_fault_set(err, f, path, "%s", reason);
}

/* What is the transport's changes with the transport's session. */
static enum session_fault check_bundled(const struct leg *l, unsigned int i,
					const struct leg_change *c, struct session_error *err)
{
	static const char reason[] = "it is the transport's: update the session that has it";

	if (c->set_remote)
		return leg_fault(err, SESSION_BAD_PARAMS, i, "remote", reason);
	if (c->set_latch && c->latch != l->latch)
		return leg_fault(err, SESSION_BAD_PARAMS, i, "latch", reason);
	if (c->set_security)
		return leg_fault(err, SESSION_BAD_PARAMS, i, "security", reason);
	if (c->set_ice)
		return leg_fault(err, SESSION_BAD_PARAMS, i, "ice", reason);
	return SESSION_OK;
}

/* The leg as it will be. */
static enum session_fault check_transport(const struct sessions *s, const struct session *se,
					  unsigned int i, const struct leg_change *c,
					  struct session_error *err)
{
	const struct leg *l = &se->leg[i];
	const struct leg_transport *t = transport_of(s, se, i);
	bool on = l->flags & LEG_ICE;
	bool ice = c->set_ice && c->ice.mode != LEG_ICE_AS_IS ? c->ice.mode != LEG_ICE_NONE : on;
	bool dtls = c->set_security ? c->security.type == LEG_SECURITY_DTLS : l->flags & LEG_DTLS;
	bool keys = c->set_security ? c->security.type != LEG_SECURITY_NONE : l->flags & LEG_SRTP;
	bool known = t != NULL && t->ice != NULL && ice_remote_ufrag(t->ice) != NULL;
	enum session_fault f = SESSION_OK;

	if (ice && c->set_remote && c->has_remote)
		return leg_fault(err, SESSION_BAD_PARAMS, i, "remote",
				 "with ICE the far end is the nominated one");
	if (c->set_ice)
		f = ice_want_check(&c->ice, on, known, i, err);
	if (f == SESSION_OK && c->set_bundle)
		f = bundle_check_types(s, se, i, &c->bundle, err);
	if (f != SESSION_OK)
		return f;
	f = params_check_transport(i, ice, dtls, l->flags & LEG_UDP, l->rtcp, err);
	return f == SESSION_OK ? params_check_latch(i, ice, keys && is_tunnel(se),
						    c->set_latch ? c->latch : l->latch, err)
			       : f;
}

static enum session_fault check_change(const struct sessions *s, const struct session *se,
				       const struct session_change *c, struct session_error *err)
{
	if (c->if_generation_set && c->if_generation != se->generation)
		return session_fault_set(err, SESSION_CONFLICT, "/if_generation",
					 "the session is at generation %u", se->generation);
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg_change *lc = &c->leg[i];
		const struct leg *l = &se->leg[i];
		enum session_fault f = inner_check_change(s, se, i, lc, err);

		if (f != SESSION_OK)
			return f;
		if (lc->set_rtcp && lc->rtcp != l->rtcp)
			return leg_fault(err, SESSION_CONFLICT, i, "rtcp",
					 "rtcp can't change while the session runs");
		if (lc->set_security && lc->security.type != LEG_SECURITY_NONE &&
		    ((l->flags | se->leg[1 - i].flags) & LEG_UDP))
			return leg_fault(err, SESSION_BAD_PARAMS, i, "security",
					 "kind udp is not encrypted: both legs must be of kind "
					 "rtp");
		f = l->flags & LEG_BUNDLED ? check_bundled(l, i, lc, err) : SESSION_OK;
		if (f == SESSION_OK)
			f = check_transport(s, se, i, lc, err);
		if (f == SESSION_OK && lc->set_port)
			f = move_check(se, i, lc->address, s, err);
		if (f != SESSION_OK)
			return f;
		if (!lc->set_remote || !lc->has_remote)
			continue;
		f = params_check_remote(s, i, lc->set_port ? lc->address : l->address, l->rtcp,
					&lc->remote, err);
		if (f != SESSION_OK)
			return f;
	}
	return SESSION_OK;
}

static void set_flag(struct leg *l, uint16_t flag, bool on)
{
	l->flags = (uint16_t)(on ? l->flags | flag : l->flags & ~flag);
}

static void change_leg(struct leg *l, const struct leg_change *c)
{
	const struct leg before = *l;

	/* With ICE the far end is the agent's matter; beginning or ending, nobody's. */
	if (c->set_ice && c->ice.mode != LEG_ICE_AS_IS)
		set_flag(l, LEG_ICE, c->ice.mode != LEG_ICE_NONE);
	if ((l->flags ^ before.flags) & LEG_ICE)
		leg_clear_remote(l);
	if (c->set_remote && c->has_remote)
		leg_set_remote(l, &c->remote);
	else if (c->set_remote && !(l->flags & LEG_ICE))
		leg_clear_remote(l);
	if (c->set_latch)
		l->latch = c->latch;
	if (c->set_dscp)
		l->dscp = c->dscp;
	if (c->set_hold)
		set_flag(l, LEG_HOLD, c->hold);
	if (c->set_feedback)
		set_flag(l, LEG_NO_FEEDBACK, c->no_feedback);
	if (c->set_bundle && !(l->flags & LEG_BUNDLED))
		set_flag(l, LEG_BUNDLE, bundle_types(&c->bundle));
	if (l->latch != before.latch || ((l->flags ^ before.flags) & LEG_REMOTE) ||
	    !wire_ip_equal(&l->remote, &before.remote) || l->remote_port != before.remote_port ||
	    l->remote_rtcp_port != before.remote_rtcp_port)
		leg_forget_learned(l);
}

static enum session_fault change_legs(struct sessions *s, struct session *se,
				      const struct session_change *c, struct session_error *err)
{
	enum session_fault f = SESSION_OK;

	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		change_leg(&se->leg[i], &c->leg[i]);
	for (unsigned int i = 0; i < SESSION_LEGS && f == SESSION_OK; i++)
		if (c->leg[i].set_port)
			f = move_take(s, se, i, c->leg[i].address, err);
	return f;
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

static enum session_fault prepare_transport(struct sessions *s, struct session *se,
					    const struct session_change *c,
					    struct transport_step *step, struct session_error *err)
{
	struct transport_want want[SESSION_LEGS];

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg_change *lc = &c->leg[i];

		want[i] = (struct transport_want){
			.security = lc->set_security ? &lc->security : NULL,
			.ice = lc->set_ice ? &lc->ice : NULL,
			.bundle = lc->set_bundle ? &lc->bundle : NULL,
		};
	}
	return transport_prepare(s, se, want, step, err);
}

/* Let it take effect; with plans unless keys or transports alone are new. On a fault, nothing has.
 */
static enum session_fault apply(struct sessions *s, struct session *se, bool plans_changed,
				struct secure_step *step, struct transport_step *tstep,
				struct session_error *err)
{
	struct retired keys = {.session = SESSION_NONE, .secure = step};
	struct republish r = {.count = 0};
	enum session_fault f;
	unsigned int leg;
	int rc;

	/* Keys, or plans with them, and those of each leg that moves: it is in no bundle. */
	if (retire_reserve(s, 1 + SESSION_LEGS) != 0)
		return session_no_memory(err);
	rc = plans_changed ? republish_make(s, se, &r, &leg) : 0;
	if (rc == -ENOMEM)
		return session_no_memory(err);
	if (rc != 0)
		return session_publish_fault(s, se, rc, leg, err);
	f = transport_tell(s, se, tstep, err);
	if (f != SESSION_OK) {
		republish_drop(s, &r);
		return f;
	}
	if (step != NULL)
		secure_commit(s, se, step);
	transport_commit(s, se, tstep);
	if (plans_changed)
		republish_swap(s, &r, step);
	else if (step != NULL)
		retire_push(s, &keys);
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
	bool legs_changed, timeout_changed, inner_changed;
	struct transport_step tstep;
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
	f = prepare_transport(s, se, c, &tstep, err);
	if (f != SESSION_OK)
		goto fail;
	f = change_legs(s, se, c, err);
	legs_changed = memcmp(before, se->leg, sizeof(before)) != 0;
	timeout_changed = c->set_idle_timeout && c->idle_timeout_s != se->idle_timeout_s;
	if (f == SESSION_OK)
		f = apply(s, se, legs_changed, step, &tstep, err);
	if (f != SESSION_OK) {
		move_undo(s, se, before);
		transport_abort(s, &tstep);
		goto fail;
	}
	move_commit(s, se, before);
	if (timeout_changed)
		se->idle_timeout_s = c->idle_timeout_s;
	inner_changed = c->leg[1].set_inner && inner_set(s, se, &c->leg[1].inner);
	inner_store(s, se);
	if (legs_changed || timeout_changed || inner_changed || step != NULL ||
	    transport_changes(&tstep)) {
		se->generation++;
		s->updated++;
	}
	idle_start(s, se);
	transport_begin(s, se, &tstep);
	fill_answer(s, se, c, answer);
	return SESSION_OK;
fail:
	memcpy(se->leg, before, sizeof(se->leg));
	republish_undo(s, se);
	if (step != NULL)
		secure_abort(s, step);
	free(step);
	return f;
}
