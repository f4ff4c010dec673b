/* SPDX-License-Identifier: BSD-3-Clause */
#include "timer.h"

void tnd_timers_init(struct tnd_timers *w, uint64_t now_ms)
{
	for (unsigned int i = 0; i < TND_TIMER_SLOTS; i++)
		tnd_list_init(&w->slot[i]);
	w->tick = now_ms / TND_TIMER_TICK_MS;
	w->count = 0;
}

void tnd_timer_init(struct tnd_timer *t, tnd_timer_fn fn, void *arg)
{
	tnd_list_init(&t->link);
	t->at_ms = 0;
	t->fn = fn;
	t->arg = arg;
}

bool tnd_timer_running(const struct tnd_timer *t)
{
	return !tnd_list_empty(&t->link);
}

void tnd_timer_stop(struct tnd_timers *w, struct tnd_timer *t)
{
	if (!tnd_timer_running(t))
		return;
	tnd_list_del(&t->link);
	w->count--;
}

void tnd_timer_start(struct tnd_timers *w, struct tnd_timer *t, uint64_t at_ms)
{
	/* Rounded up: never early. What is already due goes to the slot that is run next. */
	uint64_t tick = (at_ms + TND_TIMER_TICK_MS - 1) / TND_TIMER_TICK_MS;

	tnd_timer_stop(w, t);
	if (tick < w->tick)
		tick = w->tick;
	t->at_ms = at_ms;
	tnd_list_add_tail(&w->slot[tick % TND_TIMER_SLOTS], &t->link);
	w->count++;
}

/*
 * A slot also holds timers of later rounds. Callbacks may add to it or free its members, so
 * what is in it now moves to a list of its own and is taken from the front of that.
 */
static void run_slot(struct tnd_timers *w, struct tnd_list *slot, uint64_t now_ms)
{
	struct tnd_list work;

	if (tnd_list_empty(slot))
		return;
	work = *slot;
	work.next->prev = &work;
	work.prev->next = &work;
	tnd_list_init(slot);

	while (!tnd_list_empty(&work)) {
		struct tnd_timer *t = tnd_container_of(work.next, struct tnd_timer, link);

		tnd_list_del(&t->link);
		if (t->at_ms > now_ms) {
			tnd_list_add_tail(slot, &t->link);
			continue;
		}
		w->count--;
		t->fn(t, t->arg);
	}
}

void tnd_timers_run(struct tnd_timers *w, uint64_t now_ms)
{
	uint64_t end = now_ms / TND_TIMER_TICK_MS;
	uint64_t n = end + 1 > w->tick ? end + 1 - w->tick : 0;

	/* After a long pause one turn of the wheel sees every timer. */
	if (n > TND_TIMER_SLOTS)
		w->tick = end + 1 - TND_TIMER_SLOTS;
	while (w->tick <= end) {
		uint64_t tick = w->tick++;

		run_slot(w, &w->slot[tick % TND_TIMER_SLOTS], now_ms);
	}
}
