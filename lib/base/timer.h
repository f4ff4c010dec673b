/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hashed timing wheel: start, stop and expiry of one timer are O(1), so that a timer a
 * session costs nothing while it does not fire.
 *
 * Time is the caller's, in milliseconds from any origin that never goes back. A timer fires
 * in the first tnd_timers_run() at or after its time, at most one wheel tick late. For one
 * thread (the control lcore).
 */
#ifndef TND_TIMER_H
#define TND_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"

struct tnd_timer;
typedef void (*tnd_timer_fn)(struct tnd_timer *t, void *arg);

struct tnd_timer {
	struct tnd_list link;
	uint64_t at_ms;
	tnd_timer_fn fn;
	void *arg;
};

#define TND_TIMER_TICK_MS 8
#define TND_TIMER_SLOTS   4096

struct tnd_timers {
	struct tnd_list slot[TND_TIMER_SLOTS];
	uint64_t tick; /* every slot before this one has been run */
	unsigned int count;
};

void tnd_timers_init(struct tnd_timers *w, uint64_t now_ms);

/* Once for each timer, before anything else. The memory stays the caller's. */
void tnd_timer_init(struct tnd_timer *t, tnd_timer_fn fn, void *arg);

/* Start, or move a running one. */
void tnd_timer_start(struct tnd_timers *w, struct tnd_timer *t, uint64_t at_ms);
void tnd_timer_stop(struct tnd_timers *w, struct tnd_timer *t);
bool tnd_timer_running(const struct tnd_timer *t);

/* Call what is due. A callback may start, stop or free any timer, its own too. */
void tnd_timers_run(struct tnd_timers *w, uint64_t now_ms);

#endif
