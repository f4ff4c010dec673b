/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is due at a time, not when something comes: the next packets of players, and frames that
 * waited for more (resize.c). A binary heap, looked at once a turn.
 *
 * A turn sends no more than one burst of these, so that a thousand players that began together
 * don't hold up what comes in; the rest follow in the next turns, microseconds later.
 */
#include "worker.h"

#define HOPS     65 /* one less goes out */
#define LATE_MAX 8  /* periods: a player that is later goes on from now */

static void set_due(struct pace *pc)
{
	pc->due = pc->count ? pc->heap[0].due : UINT64_MAX;
}

static void heap_add(struct pace *pc, const struct pace_entry *e)
{
	uint32_t i = pc->count++;

	while (i > 0 && pc->heap[(i - 1) / 2].due > e->due) {
		pc->heap[i] = pc->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	pc->heap[i] = *e;
	set_due(pc);
}

/* The first one is `e` from now on. */
static void heap_replace(struct pace *pc, const struct pace_entry *e)
{
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < pc->count) {
		if (child + 1 < pc->count && pc->heap[child + 1].due < pc->heap[child].due)
			child++;
		if (pc->heap[child].due >= e->due)
			break;
		pc->heap[i] = pc->heap[child];
		i = child;
	}
	pc->heap[i] = *e;
	set_due(pc);
}

static void heap_remove(struct pace *pc)
{
	pc->count--;
	if (pc->count > 0)
		heap_replace(pc, &pc->heap[pc->count]);
	else
		set_due(pc);
}

bool pace_leg(struct worker *w, uint32_t leg, uint16_t generation, uint64_t due)
{
	struct pace_entry e = {.due = due, .what = leg, .generation = generation};

	if (w->pace.legs == PACE_LEGS)
		return false;
	w->pace.legs++;
	heap_add(&w->pace, &e);
	return true;
}

/* ---- players ---- */

/* The plan by which it is sent, NULL if its session is gone, or another worker's by now. */
static const struct flow_plan *plan_of(const struct worker *w, const struct dp_player *p)
{
	uint32_t i = __atomic_load_n(&w->t->media[p->leg ^ 1].plan, __ATOMIC_ACQUIRE);
	const struct flow_plan *plan = &w->t->plan[i];

	return i != 0 && plan->generation == p->generation && plan->owner == w->index ? plan : NULL;
}

static void send_frame(struct worker *w, struct dp_player *p, const struct flow_plan *plan)
{
	struct make make = {
		.plan = plan,
		.timestamp = p->timestamp,
		.ssrc = p->ssrc,
		.seq = p->seq,
		.type = (uint8_t)(p->payload_type | (p->talking ? 0 : 0x80)),
		.tos = 0,
		.hops = HOPS,
	};
	uint8_t *to;

	if (make_room(w, plan) < WIRE_RTP_HLEN + (uint32_t)p->frame_len)
		return;
	to = make_packet(w, &make, p->frame_len);
	if (to == NULL)
		return;
	memcpy(to, p->frames + (size_t)p->at * p->frame_len, p->frame_len);
	p->talking = true;
	p->seq++;
	p->packets++;
	worker_count(w, played, 1);
}

/* 0 while it goes on, else 1 + enum flow_played. */
static uint8_t play_one(struct worker *w, struct dp_player *p)
{
	const struct flow_plan *plan = plan_of(w, p);

	if (plan == NULL)
		return 1 + FLOW_PLAYED_GONE;
	if (__atomic_load_n(&p->stop, __ATOMIC_RELAXED))
		return 1 + FLOW_PLAYED_STOPPED;
	if (p->repeats == 0)
		return 1 + FLOW_PLAYED_END;
	send_frame(w, p, plan);
	p->timestamp += p->ts_step;
	if (++p->at == p->count) {
		p->at = 0;
		if (p->repeats > 0)
			p->repeats--;
	}
	return 0;
}

/* It is control's again; false if that could not be said. */
static bool tell_played(struct worker *w, const struct dp_player *p)
{
	struct flow_event ev = {
		.type = FLOW_EVENT_PLAYED,
		.leg = p->leg,
		.generation = p->generation,
		.played = {.id = p->id, .packets = p->packets, .why = p->ended - 1},
	};

	return event_post(w, &ev);
}

static void player_due(struct worker *w, struct pace_entry e)
{
	struct pace *pc = &w->pace;
	uint32_t place = e.what & ~PACE_PLAYER;
	struct dp_player *p = pc->player[place];

	if (p->ended == 0)
		p->ended = play_one(w, p);
	if (p->ended != 0 && tell_played(w, p)) {
		pc->player[place] = NULL;
		pc->place[--pc->players] = place;
		heap_remove(pc);
		return;
	}
	e.due += p->period;
	if (e.due + LATE_MAX * p->period < w->now)
		e.due = w->now + p->period;
	heap_replace(pc, &e);
}

static void take_players(struct worker *w)
{
	struct pace *pc = &w->pace;
	struct dp_player *p;

	while (pc->players < DP_PLAYERS && rte_ring_sc_dequeue(pc->start, (void **)&p) == 0) {
		struct pace_entry e = {.due = w->now};
		uint32_t place = pc->place[pc->players++];

		pc->player[place] = p;
		e.what = place | PACE_PLAYER;
		heap_add(pc, &e);
	}
}

/* ---- legs that hold frames ---- */

static void leg_due(struct worker *w, struct pace_entry e)
{
	e.due = resize_due(w, e.what, e.generation);
	if (e.due != 0) {
		heap_replace(&w->pace, &e);
		return;
	}
	w->pace.legs--;
	heap_remove(&w->pace);
}

unsigned int pace_run(struct worker *w)
{
	unsigned int n = 0;

	take_players(w);
	for (; n < BURST_MAX && w->pace.due <= w->now; n++) {
		struct pace_entry e = w->pace.heap[0];

		if (e.what & PACE_PLAYER)
			player_due(w, e);
		else
			leg_due(w, e);
	}
	make_send(w);
	return n;
}
