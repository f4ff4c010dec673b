/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often a tunnel's far end may move. Workers tell of each packet that comes from elsewhere than
 * the one before; a far end that sends by two paths in turn, or floods on purpose, must not keep
 * control busy. So a few moves are carried out at once, and then one at a time: the latest.
 */
#include "call.h"

#define MOVE_MS  100  /* for each … */
#define BURST_MS 1000 /* … of which so many may be owed */

static struct roam *roam_of(struct sessions *s, const struct session *se)
{
	return &s->inner[session_index(s, se)].roam;
}

static void again(struct tnd_timer *timer, void *arg)
{
	struct roam *r = tnd_container_of(timer, struct roam, timer);

	learn_moved(arg, &r->held);
}

void roam_begin(struct sessions *s, const struct session *se)
{
	struct roam *r = roam_of(s, se);

	r->paid_ms = 0;
	tnd_timer_init(&r->timer, again, s);
}

void roam_end(struct sessions *s, const struct session *se)
{
	tnd_timer_stop(&s->h->loop.timers, &roam_of(s, se)->timer);
}

bool roam_allows(struct sessions *s, const struct session *se, const struct flow_event *ev)
{
	struct roam *r = roam_of(s, se);
	uint64_t now = s->h->loop.now_ms;

	if (r->paid_ms >= now + BURST_MS) {
		r->held = *ev;
		if (!tnd_timer_running(&r->timer))
			loop_timer_after(&s->h->loop, &r->timer, r->paid_ms - now - BURST_MS + 1);
		return false;
	}
	roam_end(s, se);
	r->paid_ms = RTE_MAX(r->paid_ms, now) + MOVE_MS;
	return true;
}
