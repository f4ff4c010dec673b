/* SPDX-License-Identifier: BSD-3-Clause */
/* How sessions end: asked to, or because nobody sends any more. */
#include <errno.h>
#include <string.h>

#include "call.h"
#include "json.h"
#include "log.h"

#define RETRY_MS 1000 /* ending failed for want of memory */

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

/* Since the latest packet of either leg, or since creation or the last update if that is later. */
static uint64_t idle_ms(const struct sessions *s, const struct session *se)
{
	const struct flow_leg_rt *rt = &s->h->tables->leg[SESSION_LEGS * session_index(s, se)];
	uint64_t idle = ticks_to_ms(s, flow_tick(s->h->loop.now_tsc) - se->touched_tick);

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		idle = RTE_MIN(idle, flow_silent_ms(s, &rt[i].rtp));
		idle = RTE_MIN(idle, flow_silent_ms(s, &rt[i].rtcp));
	}
	return idle;
}

static void idle_check(struct tnd_timer *t, void *arg)
{
	struct session *se = tnd_container_of(t, struct session, idle);
	struct sessions *s = arg;
	uint64_t timeout = se->idle_timeout_s * UINT64_C(1000), idle = idle_ms(s, se);

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
	if (se->idle_timeout_s != 0)
		loop_timer_after(&s->h->loop, &se->idle, se->idle_timeout_s * UINT64_C(1000));
	else
		tnd_timer_stop(&s->h->loop.timers, &se->idle);
}

enum session_fault session_end(struct sessions *s, struct session *se, enum end_reason reason,
			       session_done_fn done, void *arg)
{
	struct retired r = {.session = session_index(s, se), .done = done, .arg = arg};

	if (retire_reserve(s) != 0)
		return SESSION_NO_MEMORY;
	publish_clear(s, se, r.cell);
	tnd_timer_stop(&s->h->loop.timers, &se->idle);
	table_unlink(s, se);
	se->life = LIFE_ENDING;
	se->reason = reason;
	retire_push(s, &r);
	if (s->ended_fn != NULL)
		s->ended_fn(s->ended_arg, session_id(se));
	return SESSION_OK;
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

	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		ports_give(&s->ports, se->leg[i].address, se->leg[i].port);
	memset(rt, 0, SESSION_LEGS * sizeof(*rt));
	secure_end(s, se);
	s->worker_load[se->worker]--;
	s->ended++;
	if (se->reason == END_TIMEOUT)
		s->timed_out++;
	table_release(s, se);
}
