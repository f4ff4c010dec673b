/* SPDX-License-Identifier: BSD-3-Clause */
/* How sessions end: asked to, or because nobody sends any more. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "call.h"
#include "json.h"
#include "log.h"

#define RETRY_MS       1000 /* ending failed for want of memory */
#define GOODBYE_MS     500  /* for all far ends, at the end of the daemon */
#define GOODBYE_NAP_US 200

static uint64_t ticks_to_ms(const struct sessions *s, uint32_t ticks)
{
	return ((uint64_t)ticks << FLOW_TICK_SHIFT) / s->h->loop.tsc_per_ms;
}

uint64_t flow_silent_ms(const struct sessions *s, const struct flow_rt *rt)
{
	/* The worker's clock may be ahead of the turn that control is in. */
	int32_t ticks = (int32_t)(flow_tick(s->h->loop.now_tsc) - flow_read(rt->last_seen));

	if (flow_read(rt->rx_packets) == 0)
		return UINT64_MAX;
	return ticks > 0 ? ticks_to_ms(s, (uint32_t)ticks) : 0;
}

/* Since the latest packet of a far end, or since creation or the last update if that is later. */
static uint64_t idle_alone_ms(const struct sessions *s, const struct session *se)
{
	const struct flow_leg_rt *rt = &s->h->tables->leg[SESSION_LEGS * session_index(s, se)];
	uint64_t idle = ticks_to_ms(s, flow_tick(s->h->loop.now_tsc) - se->touched_tick);

	for (unsigned int i = 0; i < SESSION_LEGS && !(se->leg[i].flags & LEG_INNER); i++) {
		idle = RTE_MIN(idle, flow_silent_ms(s, &rt[i].rtp));
		idle = RTE_MIN(idle, flow_silent_ms(s, &rt[i].rtcp));
	}
	return idle;
}

/* Of the session and of those bundled on it. */
static uint64_t idle_ms(const struct sessions *s, const struct session *se)
{
	struct session *bundled[BUNDLE_MAX];
	unsigned int n = bundle_sessions(s, se, bundled);
	uint64_t idle = idle_alone_ms(s, se);

	while (n-- > 0)
		idle = RTE_MIN(idle, idle_alone_ms(s, bundled[n]));
	return idle;
}

uint64_t session_idle_ms(struct sessions *s, const char *id)
{
	const struct session *se = table_find(s, id);

	return se != NULL ? idle_ms(s, se) : UINT64_MAX;
}

void sessions_watch_idle(struct sessions *s, uint64_t (*idle)(void *arg, const char *id), void *arg)
{
	s->idle_fn = idle;
	s->idle_arg = arg;
}

static bool is_bundled(const struct session *se)
{
	return (se->leg[0].flags | se->leg[1].flags) & LEG_BUNDLED;
}

static void idle_check(struct tnd_timer *t, void *arg)
{
	struct session *se = tnd_container_of(t, struct session, idle);
	struct sessions *s = arg;
	uint64_t timeout = se->idle_timeout_s * UINT64_C(1000), idle = idle_ms(s, se);

	if (idle >= timeout && s->idle_fn != NULL)
		idle = RTE_MIN(idle, s->idle_fn(s->idle_arg, session_id(se)));
	if (idle < timeout)
		loop_timer_after(&s->h->loop, t, timeout - idle);
	else if (session_end(s, se, END_TIMEOUT, NULL, NULL) != SESSION_OK)
		loop_timer_after(&s->h->loop, t, RETRY_MS);
}

void idle_start(struct sessions *s, struct session *se)
{
	se->touched_tick = flow_tick(s->h->loop.now_tsc);
	if (se->idle.fn == NULL)
		tnd_timer_init(&se->idle, idle_check, s);
	/* A bundled session lives as long as its transport. */
	if (se->idle_timeout_s != 0 && !is_bundled(se))
		loop_timer_after(&s->h->loop, &se->idle, se->idle_timeout_s * UINT64_C(1000));
	else
		tnd_timer_stop(&s->h->loop.timers, &se->idle);
}

static void end_one(struct sessions *s, struct session *se, enum end_reason reason,
		    session_done_fn done, void *arg)
{
	struct retired r = {.session = session_index(s, se), .done = done, .arg = arg};

	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (se->leg[i].flags & LEG_BUNDLED)
			bundle_leave(transport_of(s, se, i));
	publish_clear(s, se, r.cell);
	tnd_timer_stop(&s->h->loop.timers, &se->idle);
	table_unlink(s, se);
	se->life = LIFE_ENDING;
	se->reason = reason;
	retire_push(s, &r);
}

enum session_fault session_end(struct sessions *s, struct session *se, enum end_reason reason,
			       session_done_fn done, void *arg)
{
	struct session *all[BUNDLE_MAX + 1];
	unsigned int n = bundle_sessions(s, se, all);

	if (retire_reserve(s, n + 1) != 0)
		return SESSION_NO_MEMORY;
	/* Those that use the transport are gone before it is. */
	for (unsigned int i = 0; i < n; i++)
		end_one(s, all[i], reason, NULL, NULL);
	end_one(s, se, reason, done, arg);
	all[n++] = se;
	/* Whoever is told may end further sessions. */
	for (unsigned int i = 0; i < n; i++) {
		if (s->ended_fn != NULL)
			s->ended_fn(s->ended_arg, session_id(all[i]));
		observe_ended(s, all[i]);
		/* Routes led here until now: its number is not another's before workers know. */
		if (is_tunnel(all[i]))
			retire_renew(s, session_index(s, all[i]));
	}
	return SESSION_OK;
}

/* Until workers have taken all but `most` of what control sends. False: no more time. */
static bool wait_for_room(const struct sessions *s, unsigned int most, uint64_t until_tsc)
{
	while (s->h->dp != NULL && dp_inject_pending(s->h->dp) > most) {
		if (rte_rdtsc() >= until_tsc)
			return false;
		usleep(GOODBYE_NAP_US);
	}
	return true;
}

static void say_goodbye(const struct sessions *s, const struct session *se)
{
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		const struct leg_transport *t = transport_of(s, se, i);

		if (t != NULL && t->dtls != NULL)
			dtls_endpoint_close(t->dtls);
	}
}

void sessions_goodbye(struct sessions *s)
{
	uint64_t until_tsc = rte_rdtsc() + GOODBYE_MS * s->h->loop.tsc_per_ms;

	for (uint32_t i = 0; i < s->limit; i++) {
		if (s->table[i].life == LIFE_FREE)
			continue;
		if (!wait_for_room(s, DP_RING_SIZE / 2, until_tsc))
			return;
		say_goodbye(s, &s->table[i]);
	}
	wait_for_room(s, 0, until_tsc);
}

static void tell_ended(struct sessions *s, const struct session *se)
{
	struct tnd_buf *b = &s->text;

	tnd_buf_reset(b);
	json_w_open(b, NULL, '{');
	json_w_string(b, "id", session_id(se));
	json_w_uint(b, "generation", se->generation);
	json_w_string(b, "reason", se->reason == END_TIMEOUT ? "timeout" : "deleted");
	json_w_raw(b, "report", s->report.data, s->report.len);
	session_notify(s, "session.ended", b);
}

void session_finish(struct sessions *s, struct session *se, session_done_fn done, void *arg)
{
	struct flow_leg_rt *rt = &s->h->tables->leg[SESSION_LEGS * session_index(s, se)];

	tnd_buf_reset(&s->report);
	session_write(s, se, &s->report, NULL);
	if (s->report.oom)
		tnd_err("call", "%s: no memory for its final report", session_id(se));
	if (done != NULL)
		done(arg, s->report.oom ? NULL : s->report.data, s->report.len);
	if (!s->report.oom)
		tell_ended(s, se);

	memset(rt, 0, SESSION_LEGS * sizeof(*rt));
	media_end(s, se);
	inner_end(s, se);
	secure_end(s, se);
	transport_end(s, se); /* endpoints say goodbye from their port */
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (!(se->leg[i].flags & LEG_PORTLESS))
			ports_give(&s->ports, se->leg[i].address, se->leg[i].port);
	s->worker_load[se->worker]--;
	s->ended++;
	if (se->reason == END_TIMEOUT)
		s->timed_out++;
	table_release(s, se);
}
