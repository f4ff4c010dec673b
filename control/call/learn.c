/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers learn where a far end really is; here the other direction of the call is told to
 * send there.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "call.h"
#include "json.h"
#include "log.h"

#define EVENTS_TURN 128

void leg_forget_learned(struct leg *l)
{
	l->flags &= (uint16_t) ~(LEG_LEARNED | LEG_LEARNED_RTCP);
	l->epoch++;
}

/* The session that an event is about, or NULL if that has ended or its leg has changed since. */
static struct session *session_of(struct sessions *s, const struct flow_event *ev)
{
	uint32_t i = ev->leg / SESSION_LEGS;
	struct session *se;

	if (i >= s->limit)
		return NULL;
	se = &s->table[i];
	if (se->life != LIFE_RUNNING || se->incarnation != ev->generation)
		return NULL;
	return se->leg[ev->leg % SESSION_LEGS].epoch == ev->epoch ? se : NULL;
}

/* The worker's rule over again: RTCP counts only from the host that RTP came from. */
static bool take_learned(struct leg *l, const struct flow_event *ev)
{
	bool same_host = wire_ip_equal(&l->learned, &ev->ip);

	if (ev->rtcp) {
		if ((l->flags & LEG_LEARNED) && !same_host)
			return false;
		l->learned_rtcp_port = ntohs(ev->port);
		l->flags |= LEG_LEARNED_RTCP;
	} else {
		if (!same_host)
			l->flags &= (uint16_t)~LEG_LEARNED_RTCP;
		l->learned_port = ntohs(ev->port);
		l->flags |= LEG_LEARNED;
	}
	l->learned = ev->ip;
	return true;
}

/* A leg that roams has its far end there as if that had been nominated: ICE will say so, too. */
static void lead(struct leg *l)
{
	const struct leg_remote r = {.ip = l->learned, .port = l->learned_port};

	if (leg_roams(l))
		leg_set_remote(l, &r);
}

static void tell(struct sessions *s, const struct session *se, const struct flow_event *ev)
{
	const struct session_endpoint e = {.ip = ev->ip, .port = ntohs(ev->port)};
	struct tnd_buf *b = &s->text;

	tnd_buf_reset(b);
	json_w_open(b, NULL, '{');
	json_w_string(b, "id", session_id(se));
	json_w_uint(b, "generation", se->generation);
	json_w_uint(b, "leg", ev->leg % SESSION_LEGS);
	session_w_endpoint(b, "remote", &e);
	json_w_bool(b, "rtcp", ev->rtcp);
	session_notify(s, "session.latched", b);
}

void learn_moved(struct sessions *s, const struct flow_event *ev)
{
	struct session *se = session_of(s, ev);
	struct republish r;
	unsigned int i = ev->leg % SESSION_LEGS, leg;
	struct leg *l, before;
	int rc;

	if (se == NULL)
		return;
	l = &se->leg[i];
	before = *l;
	if (!take_learned(l, ev))
		return;
	if (memcmp(l, &before, sizeof(before)) == 0) {
		if (is_tunnel(se))
			roam_end(s, se);
		return;
	}
	if (is_tunnel(se) && !roam_allows(s, se, ev)) {
		*l = before;
		return;
	}
	lead(l);
	rc = republish_make(s, se, &r, &leg);
	if (rc != 0) {
		/* The call goes on as it was: media to this leg goes where it went before. */
		*l = before;
		republish_undo(s, se);
		tnd_warn("call", "%s: leg %u: can't send to the sender that was learned: %s",
			 session_id(se), i, strerrorname_np(-rc));
		return;
	}
	republish_swap(s, &r, NULL);
	if (leg_roams(l))
		transport_follow(s, se, i);
	s->latched++;
	tell(s, se, ev);
	if (!ev->rtcp)
		observe_moved(s, se, i, !(before.flags & LEG_LEARNED));
}

bool learn_poll(struct sessions *s)
{
	struct flow_event ev[EVENTS_TURN];
	unsigned int n;

	if (s->h->dp == NULL)
		return false;
	/* Cells for all of them, or they wait in their rings until the old ones come back. */
	if (s->h->tables->plan_free_count < EVENTS_TURN * FLOW_PLANS_PER_SESSION)
		return s->retired.count > 0;
	n = dp_event_receive(s->h->dp, ev, EVENTS_TURN);
	for (unsigned int i = 0; i < n; i++) {
		if (ev[i].type == FLOW_EVENT_LATCHED) {
			learn_moved(s, &ev[i]);
			continue;
		}
		if (ev[i].type == FLOW_EVENT_PLAYED)
			media_played(s, &ev[i]);
		observe_event(s, &ev[i]);
	}
	return n == EVENTS_TURN;
}
