/* SPDX-License-Identifier: BSD-3-Clause */
/* Those who are told of sessions besides the front end that made them, and what they may ask. */
#include "call.h"

void sessions_observe(struct sessions *s, struct session_observer *o)
{
	tnd_list_add_tail(&s->observers, &o->link);
}

void sessions_unobserve(struct session_observer *o)
{
	tnd_list_del(&o->link);
}

void observe_ended(struct sessions *s, const struct session *se)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &s->observers) {
		struct session_observer *o = tnd_container_of(pos, struct session_observer, link);

		if (o->ended != NULL)
			o->ended(o, session_index(s, se), session_id(se),
				 se->reason == END_TIMEOUT);
	}
}

/* NULL: it has ended since, and its place may be another's. */
static const char *id_of(const struct sessions *s, const struct flow_event *ev)
{
	uint32_t i = ev->leg / SESSION_LEGS;
	const struct session *se = i < s->limit ? &s->table[i] : NULL;

	if (se == NULL || se->life != LIFE_RUNNING || se->incarnation != ev->generation)
		return NULL;
	return session_id(se);
}

void observe_event(struct sessions *s, const struct flow_event *ev)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &s->observers) {
		struct session_observer *o = tnd_container_of(pos, struct session_observer, link);

		if (o->event != NULL)
			o->event(o, ev, id_of(s, ev));
	}
}

void observe_moved(struct sessions *s, const struct session *se, unsigned int i, bool first)
{
	const struct leg *l = &se->leg[i];
	const struct session_endpoint to = {.ip = l->learned, .port = l->learned_port};
	struct tnd_list *pos;

	tnd_list_for_each (pos, &s->observers) {
		struct session_observer *o = tnd_container_of(pos, struct session_observer, link);

		if (o->moved != NULL)
			o->moved(o, session_index(s, se), session_id(se), i, &to, first);
	}
}

void observe_closed(struct sessions *s, const struct session *se, unsigned int i)
{
	struct tnd_list *pos;

	tnd_list_for_each (pos, &s->observers) {
		struct session_observer *o = tnd_container_of(pos, struct session_observer, link);

		if (o->closed != NULL)
			o->closed(o, session_index(s, se), session_id(se), i);
	}
}

void session_leg_local(struct sessions *s, const char *id, unsigned int leg,
		       struct session_endpoint *local)
{
	const struct session *se = table_find(s, id);
	struct session_endpoint rtcp;

	*local = (struct session_endpoint){0};
	if (se != NULL && leg < SESSION_LEGS)
		session_locals(s, se, leg, local, &rtcp);
}
