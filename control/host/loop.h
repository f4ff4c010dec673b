/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control lcore's loop: sockets by epoll, timers, and pollers (functions called once a
 * turn, which drain rings and look at grace periods). It sleeps at most 1 ms, and not at all
 * while a poller says that it expects something soon.
 *
 * loop_step() is one turn with a given time and never sleeps, so that a test owns time;
 * loop_run() is loop_step() with the TSC, and the sleep, until loop_stop().
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "timer.h"

struct epoll_event;

struct loop_fd {
	int fd;
	void (*fn)(struct loop_fd *f, uint32_t epoll_events);
	void *arg;
};

struct loop_poller {
	struct tnd_list link;
	/* True: something is due within microseconds, don't sleep this turn. */
	bool (*fn)(struct loop_poller *p);
	void *arg;
};

struct loop {
	struct tnd_timers timers;
	uint64_t now_ms; /* since loop_init(), from the TSC; read it, don't ask the clock */
	uint64_t now_tsc;
	uint64_t start_tsc, tsc_per_ms;
	int epoll_fd;
	bool stopping;
	bool busy; /* a poller of this turn expects something soon */
	struct tnd_list pollers;
	/* What the kernel reported in this turn: loop_del() takes its descriptor out. */
	struct epoll_event *pending;
	int pending_count;
};

int loop_init(struct loop *l, uint64_t now_tsc);
void loop_free(struct loop *l);

/* epoll_ctl(2) with `f` as the data: the memory stays the caller's until loop_del(). 0 or -errno.
 */
int loop_add(struct loop *l, struct loop_fd *f, uint32_t epoll_events);
int loop_mod(struct loop *l, struct loop_fd *f, uint32_t epoll_events);
/* Safe inside a callback, for `f` itself and for others with events pending in the same turn. */
void loop_del(struct loop *l, struct loop_fd *f);

void loop_add_poller(struct loop *l, struct loop_poller *p);
/* A poller may take itself away, but no other one, while it is called. */
void loop_del_poller(struct loop_poller *p);

void loop_step(struct loop *l, uint64_t now_tsc);
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

static inline void loop_timer_after(struct loop *l, struct tnd_timer *t, uint64_t ms)
{
	tnd_timer_start(&l->timers, t, l->now_ms + ms);
}

#endif
