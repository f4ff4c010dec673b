/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiles sessions into plans and puts them into the flow table: the only writer of it.
 *
 * What arrives at leg A goes out by leg B's local address and port to leg B's far end, so that
 * A's plans depend on A for whom to listen to, and on B for where to send:
 *
 *	cell[A][0]  at A's port: RTP, and RTCP if that comes there
 *	cell[A][1]  A rtcp next: at A's port + 1
 *	            A mux, B next: at no port; where RTCP from A's only port goes
 *
 * A bundled leg has no port: its cell[0] is named by the bundle of the leg whose transport it
 * uses. That leg's own is named at its port and in its bundle.
 *
 * Leg 1 of a tunnel has none either: its cell[0], by which wrapped packets leave, is named by the
 * session's flow_tunnel.
 *
 * Each cell that has a destination holds one reference to its next hop, given back with it.
 */
#include <errno.h>
#include <netinet/in.h>

#include "call.h"

/* Where RTP to this leg goes: who was heard there, else what was signalled. */
static bool rtp_destination(const struct leg *l, union wire_ip *ip, uint16_t *port)
{
	if (l->flags & LEG_LEARNED) {
		*ip = l->learned;
		*port = l->learned_port;
		return true;
	}
	if (l->flags & LEG_REMOTE) {
		*ip = l->remote;
		*port = l->remote_port;
		return true;
	}
	return false;
}

/*
 * Where RTCP goes before any came. The host is the one that RTP proved. Its port is what was
 * signalled while it looks as if no address translator were between (the same host or the
 * same port as signalled), else RTP's next one, as RFC 3550 §11 has it; RTCP that comes from
 * there corrects it.
 */
static uint16_t guess_rtcp_port(const struct leg *l)
{
	if (!(l->flags & LEG_REMOTE))
		return l->learned_port + 1;
	if (l->learned_port == l->remote_port || wire_ip_equal(&l->learned, &l->remote))
		return l->remote_rtcp_port;
	return l->learned_port + 1;
}

static bool rtcp_destination(const struct leg *l, union wire_ip *ip, uint16_t *port)
{
	if (l->rtcp == LEG_RTCP_MUX)
		return rtp_destination(l, ip, port);
	if (!rtp_destination(l, ip, port) && !(l->flags & LEG_LEARNED_RTCP))
		return false;
	if (l->flags & LEG_LEARNED_RTCP) {
		*ip = l->learned;
		*port = l->learned_rtcp_port;
	} else {
		*port = l->flags & LEG_LEARNED ? guess_rtcp_port(l) : l->remote_rtcp_port;
	}
	return *port != 0;
}

/* Whom to listen to. */
static void fill_in(const struct sessions *s, const struct session *se, unsigned int i, bool rtcp,
		    struct flow_plan *p)
{
	const struct leg *l = &se->leg[i];
	uint16_t port = rtcp ? l->remote_rtcp_port : l->remote_port;

	p->leg = SESSION_LEGS * session_index(s, se) + i;
	p->generation = se->incarnation;
	p->epoch = l->epoch;
	p->owner = (uint8_t)se->worker;
	if (rtcp)
		p->flags |= FLOW_PLAN_RTCP;
	if (l->flags & LEG_UDP)
		p->flags |= FLOW_PLAN_ANY;
	/* With ICE nobody is heard before there is a pair. */
	if (l->latch != LEG_LATCH_STRICT && (!(l->flags & LEG_ICE) || l->flags & LEG_REMOTE))
		p->flags |= FLOW_PLAN_LEARN;
	if (l->latch == LEG_LATCH_FOLLOW && p->flags & FLOW_PLAN_LEARN)
		p->flags |= FLOW_PLAN_FOLLOW;
	if (l->latch == LEG_LATCH_HOST)
		p->extra |= FLOW_EXTRA_HOST;
	if (l->flags & LEG_MEDIA)
		p->extra |= s->h->tables->media[p->leg].extra;
	if ((l->flags & (LEG_REMOTE | LEG_EARLY)) && port != 0) {
		p->remote = l->remote;
		p->remote_port = htons(port);
		p->flags |= FLOW_PLAN_REMOTE;
	}
}

/* The port at which RTP or RTCP of this leg arrives, or leaves. */
static uint16_t local_port(const struct leg *l, bool rtcp)
{
	return rtcp && l->rtcp == LEG_RTCP_NEXT ? l->port + 1 : l->port;
}

/* Where to send what has come from `from`; takes the reference to the next hop. */
static int fill_out(struct sessions *s, const struct leg *from, const struct leg *to, bool rtcp,
		    struct flow_plan *p)
{
	struct flow_tables *t = s->h->tables;
	uint16_t port = 0;
	int rc;

	p->out_addr = to->address;
	p->out_sport = htons(local_port(to, rtcp));
	p->tos = to->dscp == SESSION_DSCP_KEEP ? FLOW_TOS_KEEP : (uint8_t)(to->dscp << 2);
	if (!wire_ip_is4(&t->addr[to->address].ip))
		p->flags |= FLOW_PLAN_OUT6;
	if (to->flags & LEG_HOLD)
		p->flags |= FLOW_PLAN_HOLD;
	if (!(rtcp ? rtcp_destination : rtp_destination)(to, &p->out_ip, &port))
		return 0;
	rc = neigh_ref(s->h, to->address, &p->out_ip, &p->nexthop);
	if (rc != 0)
		return rc == -ENOSPC ? -ENOBUFS : rc;
	p->out_port = htons(port);
	p->flags |= FLOW_PLAN_OUT;
	flow_plan_finish(t, p, from->address, local_port(from, rtcp));
	return 0;
}

/* What is to be done to packets from one leg to the other, beside their headers. */
static uint16_t media_plan_flags(const struct leg *from, const struct leg *to)
{
	uint16_t flags = from->flags & LEG_SRTP ? FLOW_PLAN_SRTP : 0,
		 both = from->flags | to->flags;
	bool through = legs_untouched(from, to);

	if ((from->flags & LEG_SRTP) && !through)
		flags |= FLOW_PLAN_OPEN;
	if ((to->flags & LEG_SRTP) && !through)
		flags |= FLOW_PLAN_SEAL;
	/* With an agent or endpoint on either side, neither STUN nor DTLS goes from one party to
	 * the other: tandem is who they talk to. */
	if (both & (LEG_ICE | LEG_DTLS))
		flags |= FLOW_PLAN_STUN | FLOW_PLAN_DTLS;
	if (to->flags & LEG_NO_FEEDBACK)
		flags |= FLOW_PLAN_FB_DROP;
	return flags;
}

static bool second_cell_needed(const struct leg *from, const struct leg *to)
{
	return from->rtcp == LEG_RTCP_NEXT ||
	       (from->rtcp == LEG_RTCP_MUX && to->rtcp == LEG_RTCP_NEXT);
}

/* Both cells of what arrives at leg i. */
static int make_leg(struct sessions *s, const struct session *se, unsigned int i, uint32_t cell[2])
{
	const struct leg *from = &se->leg[i], *to = &se->leg[1 - i];
	bool drop_rtcp = from->rtcp == LEG_RTCP_NONE || to->rtcp == LEG_RTCP_NONE;
	struct flow_plan *p = &s->h->tables->plan[cell[0]];
	int rc;

	fill_in(s, se, i, false, p);
	p->flags |= media_plan_flags(from, to);
	if (from->flags & (LEG_BUNDLE | LEG_BUNDLED))
		p->flags |= FLOW_PLAN_BUNDLE;
	if (drop_rtcp)
		p->flags |= FLOW_PLAN_RTCP_DROP;
	p->rtcp_plan = cell[1];
	if (to->flags & LEG_INNER) {
		p->extra |= FLOW_EXTRA_TUNNEL;
		return 0;
	}
	rc = fill_out(s, from, to, false, p);
	if (rc != 0 || cell[1] == 0)
		return rc;

	p = &s->h->tables->plan[cell[1]];
	fill_in(s, se, i, from->rtcp == LEG_RTCP_NEXT, p);
	p->flags |= media_plan_flags(from, to);
	if (drop_rtcp) {
		p->flags |= FLOW_PLAN_RTCP_DROP;
		return 0;
	}
	return fill_out(s, from, to, true, p);
}

int publish_make(struct sessions *s, const struct session *se, struct plans *out, unsigned int *leg)
{
	struct flow_tables *t = s->h->tables;
	int rc = -ENOSPC;

	*out = (struct plans){0};
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		out->cell[i][0] = flow_plan_alloc(t);
		if (out->cell[i][0] == 0)
			goto fail;
		if (!second_cell_needed(&se->leg[i], &se->leg[1 - i]))
			continue;
		out->cell[i][1] = flow_plan_alloc(t);
		if (out->cell[i][1] == 0)
			goto fail;
	}
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		*leg = 1 - i;
		rc = make_leg(s, se, i, out->cell[i]);
		if (rc != 0)
			goto fail;
	}
	return 0;
fail:
	publish_free(s, &out->cell[0][0], FLOW_PLANS_PER_SESSION);
	return rc;
}

/* Where the first cell of leg i is named beside its port, or instead; NULL: nowhere. */
static uint32_t *cell_place(const struct sessions *s, const struct session *se, unsigned int i)
{
	if (se->leg[i].flags & LEG_INNER)
		return &s->h->tables->tunnel[session_index(s, se)].plan;
	return bundle_plan(s, se, i);
}

/* The cells in use, found by where they are named. */
static void current_cells(const struct sessions *s, const struct session *se,
			  uint32_t old[FLOW_PLANS_PER_SESSION])
{
	const struct flow_tables *t = s->h->tables;

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg *l = &se->leg[i];
		uint32_t first = l->flags & LEG_PORTLESS ? *cell_place(s, se, i)
							 : *flow_slot(t, l->address, l->port);

		old[2 * i] = first;
		old[2 * i + 1] = first ? t->plan[first].rtcp_plan : 0;
	}
}

void publish_swap(struct sessions *s, const struct session *se, const struct plans *plans,
		  uint32_t old[FLOW_PLANS_PER_SESSION])
{
	struct flow_tables *t = s->h->tables;

	current_cells(s, se, old);
	media_publish(s, se, plans);
	inner_store(s, se);
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg *l = &se->leg[i];
		uint32_t *place = cell_place(s, se, i);

		if (place != NULL)
			__atomic_store_n(place,
					 l->flags & (LEG_BUNDLE | LEG_PORTLESS) ? plans->cell[i][0]
										: 0,
					 __ATOMIC_RELEASE);
		if (l->flags & LEG_PORTLESS)
			continue;
		if (l->rtcp == LEG_RTCP_NEXT)
			flow_publish(t, l->address, l->port + 1, plans->cell[i][1]);
		flow_publish(t, l->address, l->port, plans->cell[i][0]);
	}
}

void publish_clear(struct sessions *s, const struct session *se,
		   uint32_t old[FLOW_PLANS_PER_SESSION])
{
	static const struct plans none;

	publish_swap(s, se, &none, old);
}

void publish_free(struct sessions *s, const uint32_t *cell, unsigned int count)
{
	struct flow_tables *t = s->h->tables;

	for (unsigned int i = 0; i < count; i++) {
		if (cell[i] == 0)
			continue;
		if (t->plan[cell[i]].flags & FLOW_PLAN_OUT)
			neigh_unref(s->h, t->plan[cell[i]].nexthop);
		flow_plan_free(t, cell[i]);
	}
}
