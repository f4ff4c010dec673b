/* SPDX-License-Identifier: BSD-3-Clause */
/* How sessions end: by D and X, by their time, by other front ends. */
#include <stdlib.h>

#include "compat_private.h"
#include "log.h"

#define RETRY_MS  1000 /* ending failed for want of memory */
#define ENDS_TURN 256  /* of X, in one turn of the loop */

/* ---- time ---------------------------------------------------------------------------------- */

static uint64_t last_ms(const struct compat *c, const struct entry *e, unsigned int leg)
{
	struct session_leg_stats st;
	uint64_t now = c->h->loop.now_ms, heard;

	session_leg_stats(c->s, e->index, leg, &st);
	heard = st.rtp_silent_ms > now ? 0 : now - st.rtp_silent_ms;
	return RTE_MAX(heard, e->touched_ms[leg]);
}

/* When its time is over. Only RTP counts, and the commands about it. */
static uint64_t ends_ms(const struct compat *c, const struct entry *e)
{
	uint64_t last[SESSION_LEGS] = {last_ms(c, e, 0), last_ms(c, e, 1)};

	if (!c->config->independent_ttl)
		return RTE_MAX(last[0], last[1]) + e->ttl_s[0] * UINT64_C(1000);
	return RTE_MIN(last[0] + e->ttl_s[0] * UINT64_C(1000),
		       last[1] + e->ttl_s[1] * UINT64_C(1000));
}

uint32_t ttl_left_s(const struct compat *c, const struct entry *e)
{
	uint64_t ends = ends_ms(c, e), now = c->h->loop.now_ms;

	return ends > now ? (uint32_t)((ends - now + 999) / 1000) : 0;
}

static void on_ttl(struct tnd_timer *t, void *arg)
{
	struct entry *e = tnd_container_of(t, struct entry, ttl);
	struct compat *c = arg;
	uint64_t ends = ends_ms(c, e), now = c->h->loop.now_ms;
	struct session_error err;

	if (ends > now)
		loop_timer_after(&c->h->loop, t, ends - now);
	else if (session_expire(c->s, e->id, &err) != SESSION_OK)
		loop_timer_after(&c->h->loop, t, RETRY_MS);
}

static void start(struct compat *c, struct entry *e)
{
	uint64_t ends = ends_ms(c, e), now = c->h->loop.now_ms;

	loop_timer_after(&c->h->loop, &e->ttl, ends > now ? ends - now : 0);
}

void ttl_init(struct compat *c, struct entry *e)
{
	tnd_timer_init(&e->ttl, on_ttl, c);
	e->ttl_s[0] = e->ttl_s[1] = c->config->setup_ttl_s;
	ttl_touch(c, e);
}

void ttl_touch(struct compat *c, struct entry *e)
{
	e->touched_ms[0] = e->touched_ms[1] = c->h->loop.now_ms;
	start(c, e);
}

void ttl_set(struct compat *c, struct entry *e, unsigned int leg, uint32_t ttl_s)
{
	ttl_s = RTE_MIN(ttl_s, (uint32_t)SESSION_IDLE_MAX_S);
	if (!c->config->independent_ttl)
		e->ttl_s[0] = e->ttl_s[1] = ttl_s;
	else
		e->ttl_s[leg] = ttl_s;
	e->touched_ms[leg] = c->h->loop.now_ms;
	if (!c->config->independent_ttl)
		e->touched_ms[1 - leg] = c->h->loop.now_ms;
	start(c, e);
}

/* ---- ends ---------------------------------------------------------------------------------- */

static void count_end(struct compat *c, const struct entry *e)
{
	struct session_leg_stats st[SESSION_LEGS];
	struct compat_counters *n = &c->n;
	unsigned int rtp, rtcp;

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		session_leg_stats(c->s, e->index, i, &st[i]);
		n->rtpa_nsent += st[i].received + st[i].lost;
		n->rtpa_nrcvd += st[i].received;
		n->rtpa_ndups += st[i].duplicate;
		n->rtpa_nlost += st[i].lost;
		n->rtpa_perrs += st[i].malformed;
	}
	n->nsess_destroyed++;
	n->total_duration_s += (double)(c->h->loop.now_ms - e->created_ms) / 1000.0;
	if (!e->complete)
		return;
	rtp = (st[0].rtp_packets != 0) + (st[1].rtp_packets != 0);
	rtcp = (st[0].rtcp_packets != 0) + (st[1].rtcp_packets != 0);
	n->nsess_nortp += rtp == 0;
	n->nsess_owrtp += rtp == 1;
	n->nsess_nortcp += rtcp == 0;
	n->nsess_owrtcp += rtcp == 1;
}

void end_observed(struct session_observer *o, uint32_t index, const char *id, bool timed_out)
{
	struct compat *c = tnd_container_of(o, struct compat, observer);
	struct entry *e = index < c->book.limit ? c->book.by_index[index] : NULL;

	if (e == NULL)
		return;
	count_end(c, e);
	if (timed_out) {
		c->n.nsess_timeout++;
		if (e->target != NULL)
			target_tell(e->target, e->notify_tag, e->notify_len, false);
	}
	tnd_timer_stop(&c->h->loop.timers, &e->ttl);
	book_hide(&c->book, e, false);
	book_release(&c->book, e);
}

/* False: no memory; it stays. */
static bool end_session(struct compat *c, struct entry *e)
{
	struct session_error err;

	return session_delete(c->s, e->id, NULL, NULL, &err) == SESSION_OK;
}

/* Nothing keeps it any more: the session ends, now or in one of the next turns. */
static void let_go(struct compat *c, struct entry *e)
{
	if (end_session(c, e))
		return;
	tnd_timer_stop(&c->h->loop.timers, &e->ttl);
	book_hide(&c->book, e, true);
}

bool end_delete(struct compat *c, const struct rtpp_str *call_id, const struct rtpp_str *from,
		const struct rtpp_str *to, bool weak)
{
	struct entry *e = book_next(&c->book, call_id, NULL), *next;
	bool found = false;

	for (; e != NULL; e = next) {
		unsigned int side = 1;
		enum tag_match m = tag_match(&e->tag, from);

		next = book_next(&c->book, call_id, e);
		if (m == TAG_NONE) {
			side = 0;
			m = tag_match(&e->tag, to);
		}
		if (m == TAG_NONE)
			continue;
		found = true;
		if (weak)
			e->weak[side] = false;
		else
			e->strong = false;
		if (e->strong || e->weak[0] || e->weak[1])
			continue;
		/* Where the tag is the session's own (`&& D`), it is gone now. */
		let_go(c, e);
		if (m == TAG_SAME)
			break;
	}
	return found;
}

void end_all(struct compat *c)
{
	for (uint32_t i = 0; i <= c->book.mask; i++) {
		struct tnd_list *pos, *tmp;

		tnd_list_for_each_safe (pos, tmp, &c->book.bucket[i]) {
			struct entry *e = tnd_container_of(pos, struct entry, link);

			tnd_timer_stop(&c->h->loop.timers, &e->ttl);
			book_hide(&c->book, e, true);
		}
	}
	end_some(c);
}

bool end_some(struct compat *c)
{
	for (unsigned int n = 0; n < ENDS_TURN && !tnd_list_empty(&c->book.dying); n++)
		if (!end_session(c, tnd_container_of(c->book.dying.next, struct entry, link)))
			return false;
	return !tnd_list_empty(&c->book.dying);
}
