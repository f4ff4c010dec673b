/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_cycles.h>

#define EVENTS_PER_TURN 64
#define SLEEP_MAX_MS    1

int loop_init(struct loop *l, uint64_t now_tsc)
{
	uint64_t hz = rte_get_tsc_hz();

	/* EAL has not measured the TSC in a test that starts none: its cycles are nanoseconds. */
	l->tsc_per_ms = hz ? hz / 1000 : 1000000;
	l->start_tsc = now_tsc;
	l->now_tsc = now_tsc;
	l->now_ms = 0;
	l->stopping = false;
	l->busy = false;
	l->pending = NULL;
	l->pending_count = 0;
	tnd_list_init(&l->pollers);
	tnd_timers_init(&l->timers, 0);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return l->epoll_fd < 0 ? -errno : 0;
}

void loop_free(struct loop *l)
{
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	l->epoll_fd = -1;
}

static int control(struct loop *l, int op, struct loop_fd *f, uint32_t epoll_events)
{
	struct epoll_event ev = {.events = epoll_events, .data.ptr = f};

	return epoll_ctl(l->epoll_fd, op, f->fd, &ev) == 0 ? 0 : -errno;
}

int loop_add(struct loop *l, struct loop_fd *f, uint32_t epoll_events)
{
	return control(l, EPOLL_CTL_ADD, f, epoll_events);
}

int loop_mod(struct loop *l, struct loop_fd *f, uint32_t epoll_events)
{
	return control(l, EPOLL_CTL_MOD, f, epoll_events);
}

void loop_del(struct loop *l, struct loop_fd *f)
{
	control(l, EPOLL_CTL_DEL, f, 0);
	/* The kernel may have reported it in this turn already. */
	for (int i = 0; i < l->pending_count; i++)
		if (l->pending[i].data.ptr == f)
			l->pending[i].data.ptr = NULL;
}

void loop_add_poller(struct loop *l, struct loop_poller *p)
{
	tnd_list_add_tail(&l->pollers, &p->link);
}

void loop_del_poller(struct loop_poller *p)
{
	tnd_list_del(&p->link);
}

static void run_fds(struct loop *l)
{
	struct epoll_event ev[EVENTS_PER_TURN];
	int n = epoll_wait(l->epoll_fd, ev, EVENTS_PER_TURN, 0);

	l->pending = ev;
	l->pending_count = n > 0 ? n : 0;
	for (int i = 0; i < l->pending_count; i++) {
		struct loop_fd *f = ev[i].data.ptr;

		if (f != NULL)
			f->fn(f, ev[i].events);
	}
	l->pending = NULL;
	l->pending_count = 0;
}

static void run_pollers(struct loop *l)
{
	struct tnd_list *pos, *tmp;

	l->busy = false;
	tnd_list_for_each_safe (pos, tmp, &l->pollers) {
		struct loop_poller *p = tnd_container_of(pos, struct loop_poller, link);

		if (p->fn(p))
			l->busy = true;
	}
}

void loop_step(struct loop *l, uint64_t now_tsc)
{
	/* The TSC may be read on another CPU than before: time never goes back here. */
	if (now_tsc > l->now_tsc)
		l->now_tsc = now_tsc;
	l->now_ms = (l->now_tsc - l->start_tsc) / l->tsc_per_ms;
	tnd_timers_run(&l->timers, l->now_ms);
	run_fds(l);
	run_pollers(l);
}

void loop_run(struct loop *l)
{
	struct pollfd p = {.fd = l->epoll_fd, .events = POLLIN};

	while (!l->stopping) {
		loop_step(l, rte_rdtsc());
		/* poll(2) on the epoll descriptor takes no event away from the next turn. */
		if (!l->busy && !l->stopping)
			poll(&p, 1, SLEEP_MAX_MS);
	}
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
}
