/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keep-alives of tunnels: a byte 0x00 when no IP packet was sent for a while, and at once when a
 * tunnel comes up, so that its far end hears of it.
 *
 * A wheel, so that packets cost nothing but a note of when the last one was sent: a tunnel is
 * looked at when its keep-alive would be due had nothing been sent since, and put into the slot
 * in which that will next be so. A turn looks at no more than one burst of them.
 */
#include "tunnel.h"

#define RETRY_S 16 /* tunnels that nothing can be sent by yet: so often a second */

static uint64_t slot_span(const struct keepalive *k)
{
	return (KEEPALIVE_SLOTS - 1) * k->step;
}

/* To be looked at then, or as far ahead as the wheel goes. */
static void insert(struct keepalive *k, uint32_t session, uint64_t when)
{
	uint64_t ahead = 0;
	uint32_t slot;

	if (when > k->due)
		ahead = RTE_MIN((when - k->due + k->step - 1) / k->step,
				(uint64_t)KEEPALIVE_SLOTS - 1);
	slot = (uint32_t)((k->slot + ahead) % KEEPALIVE_SLOTS);
	k->entry[session].next = k->head[slot];
	k->head[slot] = session;
}

static void leave(struct keepalive *k, uint32_t session)
{
	k->entry[session].in = false;
	k->count--;
}

static void take_starts(struct worker *w)
{
	struct keepalive *k = &w->keepalive;
	struct keepalive_start s;

	while (rte_ring_sc_dequeue_elem(k->start, &s, sizeof(s)) == 0) {
		struct keepalive_entry *e = &k->entry[s.session];

		e->generation = (uint16_t)s.generation;
		if (e->in) /* of the session before, in the same place */
			continue;
		e->in = true;
		if (k->count++ == 0) {
			k->due = w->now + k->step;
			k->slot = 0;
		}
		insert(k, s.session, w->now);
	}
}

static bool send_one(struct worker *w, struct flow_tunnel *tunnel, const struct flow_plan *plan)
{
	struct make make;
	uint8_t *payload;

	if (make_room(w, plan) < WIRE_RTP_HLEN + WIRE_RTPTP_KEEPALIVE_LEN)
		return false;
	make = tunnel_make(w, tunnel, plan, 0);
	payload = make_packet(w, &make, WIRE_RTPTP_KEEPALIVE_LEN);
	if (payload == NULL)
		return false;
	payload[0] = WIRE_RTPTP_KEEPALIVE;
	tunnel_count(w, tunnel, &w->made.p[w->made.n - 1]);
	flow_count(tunnel->rt.keepalives_out, 1);
	worker_count(w, keepalive_out, 1);
	return true;
}

/* When to look again; 0: never. */
static uint64_t look(struct worker *w, uint32_t session)
{
	const struct keepalive_entry *e = &w->keepalive.entry[session];
	struct flow_tunnel *tunnel = &w->t->tunnel[session];
	uint64_t period = flow_read(tunnel->keepalive_ms) * w->tsc_per_ms;
	uint32_t i = __atomic_load_n(&tunnel->plan, __ATOMIC_ACQUIRE);
	const struct flow_plan *plan = &w->t->plan[i];
	uint64_t since;

	if (flow_read(tunnel->generation) != e->generation || period == 0 ||
	    (i != 0 && plan->owner != w->index))
		return 0;
	if (i == 0 || plan->generation != e->generation)
		return w->now + w->tsc_per_ms * 1000 / RETRY_S;
	since = (uint64_t)(uint32_t)(w->tick - tunnel_rt(tunnel)->last_sent) << FLOW_TICK_SHIFT;
	if (tunnel->rt.sent && since < period)
		return w->now + period - since;
	return w->now + (send_one(w, tunnel, plan) ? period : w->tsc_per_ms * 1000 / RETRY_S);
}

/* The slots whose time has come, one after the other, until there is something in one. */
static void advance(struct worker *w)
{
	struct keepalive *k = &w->keepalive;

	/* After a standstill each is looked at once, not as often as it would have been. */
	if (w->now > k->due + slot_span(k))
		k->due = w->now - slot_span(k);
	while (k->todo == KEEPALIVE_NONE && k->due <= w->now) {
		k->todo = k->head[k->slot];
		k->head[k->slot] = KEEPALIVE_NONE;
		k->slot = (k->slot + 1) % KEEPALIVE_SLOTS;
		k->due += k->step;
	}
}

unsigned int keepalive_run(struct worker *w)
{
	struct keepalive *k = &w->keepalive;
	unsigned int n = 0;

	tunnel_tick(w);
	take_starts(w);
	advance(w);
	for (; k->todo != KEEPALIVE_NONE && n < BURST_MAX; n++) {
		uint32_t session = k->todo;
		uint64_t when;

		k->todo = k->entry[session].next;
		when = look(w, session);
		if (when != 0)
			insert(k, session, when);
		else
			leave(k, session);
		if (k->todo == KEEPALIVE_NONE)
			advance(w);
	}
	if (k->count == 0)
		k->due = UINT64_MAX;
	tunnel_send(w, &w->made);
	return n;
}
