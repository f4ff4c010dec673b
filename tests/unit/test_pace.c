/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Players to the cycle: when each packet leaves, who gets back what is not the worker's any more,
 * and what remains of a thousand of them.
 *
 *	caller 10.0.0.2:4000 ── 10.0.0.1:20000 │ tandem │ 192.0.2.1:30000 ── callee 192.0.2.9:5004
 */
#include <errno.h>

#include <rte_cycles.h>

#include "dp_bed.h"

#include "frame.h"
#include "rtp.h"

#define LEG        0 /* the caller's; what is played goes to the other one */
#define CALLER     20000
#define CALLEE     30000
#define FRAME      160
#define FRAMES     3
#define PERIOD_US  20000
#define GENERATION (1000 + LEG)

static const struct bed_end caller = {"10.0.0.2", 4000}, callee = {"192.0.2.9", 5004};
static uint8_t frames[FRAMES * FRAME];

static const struct bed_flow flow = {.leg = LEG,
				     .port = CALLER,
				     .out_addr = 2,
				     .out_port = CALLEE,
				     .from = {"10.0.0.2", 4000},
				     .to = {"192.0.2.9", 5004}};

static void call(struct bed *b)
{
	b->t->media[LEG].plan = bed_publish(b, &flow);
}

static void hang_up(struct bed *b)
{
	b->t->media[LEG].plan = 0;
	flow_publish(b->t, 0, CALLER, 0);
}

static struct dp_player player(uint32_t id, int32_t repeats)
{
	memset(frames, 'x', sizeof(frames));
	return (struct dp_player){
		.frames = frames,
		.count = FRAMES,
		.frame_len = FRAME,
		.repeats = repeats,
		.ts_step = 160,
		.period_us = PERIOD_US,
		.id = id,
		.leg = LEG + 1,
		.generation = GENERATION,
		.ssrc = id,
	};
}

static uint64_t period(void)
{
	return rte_get_tsc_hz() / 1000000 * PERIOD_US +
	       rte_get_tsc_hz() % 1000000 * PERIOD_US / 1000000;
}

/* Packets that leave in the turns at `now`. */
static unsigned int sent_at(struct bed *b, uint64_t now)
{
	struct bed_datagram d;
	unsigned int n = 0;

	b->now = now;
	while (dp_poll_once(b->dp, 0, now) > 0)
		;
	for (; bed_take(b, &d); n++) {
		assert_int_equal(d.dport, callee.port);
		assert_int_equal(d.len, WIRE_RTP_HLEN + FRAME);
	}
	return n;
}

/* The only event there is. */
static void expect_end(struct bed *b, uint32_t id, uint32_t packets, enum flow_played why)
{
	struct flow_event ev[2];

	assert_int_equal(dp_event_receive(b->dp, ev, 2), 1);
	assert_int_equal(ev[0].type, FLOW_EVENT_PLAYED);
	assert_int_equal(ev[0].leg, LEG + 1);
	assert_int_equal(ev[0].generation, GENERATION);
	assert_int_equal(ev[0].played.id, id);
	assert_int_equal(ev[0].played.packets, packets);
	assert_int_equal(ev[0].played.why, why);
}

static void expect_no_event(struct bed *b)
{
	assert_int_equal(dp_event_receive(b->dp, &(struct flow_event){0}, 1), 0);
}

static void to_the_cycle(void **state)
{
	struct dp_player p = player(7, 2);
	struct bed *b = *state;
	uint64_t start = b->now;

	call(b);
	assert_int_equal(dp_pace_start(b->dp, 0, &p), 0);
	assert_int_equal(sent_at(b, start), 1);
	for (unsigned int i = 1; i < 2 * FRAMES; i++) {
		assert_int_equal(sent_at(b, start + i * period() - 1), 0);
		assert_int_equal(sent_at(b, start + i * period()), 1);
	}
	assert_int_equal(sent_at(b, start + 2 * FRAMES * period() - 1), 0);
	expect_no_event(b);
	assert_int_equal(sent_at(b, start + 2 * FRAMES * period()), 0);
	expect_end(b, 7, 2 * FRAMES, FLOW_PLAYED_END);
	bed_no_drops(b);
}

/* A turn that comes late puts off one packet, not all that follow. */
static void late_turns(void **state)
{
	struct dp_player p = player(1, -1);
	struct bed *b = *state;
	uint64_t start = b->now;

	call(b);
	assert_int_equal(dp_pace_start(b->dp, 0, &p), 0);
	assert_int_equal(sent_at(b, start), 1);
	assert_int_equal(sent_at(b, start + period() + period() / 2), 1);
	assert_int_equal(sent_at(b, start + 2 * period() - 1), 0);
	assert_int_equal(sent_at(b, start + 2 * period()), 1);
	/* Some are made up for, in one go. */
	assert_int_equal(sent_at(b, start + 5 * period()), 3);
	/* After a standstill it goes on from there. */
	assert_int_equal(sent_at(b, start + 1000 * period()), 1);
	assert_int_equal(sent_at(b, start + 1001 * period() - 1), 0);
	assert_int_equal(sent_at(b, start + 1001 * period()), 1);
	dp_pace_stop(&p);
	assert_int_equal(sent_at(b, start + 1002 * period()), 0);
	expect_end(b, 1, 8, FLOW_PLAYED_STOPPED);
}

static void another_session_in_its_place(void **state)
{
	struct dp_player p = player(1, -1);
	struct bed *b = *state;
	uint64_t start = b->now;

	call(b);
	assert_int_equal(dp_pace_start(b->dp, 0, &p), 0);
	assert_int_equal(sent_at(b, start), 1);
	hang_up(b);
	call(b);
	b->t->plan[b->t->media[LEG].plan].generation++;
	assert_int_equal(sent_at(b, start + period()), 0);
	expect_end(b, 1, 1, FLOW_PLAYED_GONE);
}

static void another_worker_has_it(void **state)
{
	struct dp_player p = player(1, -1);
	struct bed *b = *state;

	call(b);
	b->t->plan[b->t->media[LEG].plan].owner = 1;
	assert_int_equal(dp_pace_start(b->dp, 0, &p), 0);
	assert_int_equal(sent_at(b, b->now), 0);
	expect_end(b, 1, 0, FLOW_PLAYED_GONE);
}

/* As many as there may be; none of them lost, none twice. */
static void full_house(void **state)
{
	struct dp_player *p = calloc(DP_PLAYERS + 1, sizeof(*p));
	struct flow_event ev[DP_PLAYERS + 1];
	struct bed *b = *state;
	uint64_t start = b->now;
	unsigned int got;

	assert_non_null(p);
	call(b);
	for (unsigned int i = 0; i < DP_PLAYERS; i++) {
		p[i] = player(i, 1 + (int32_t)(i % 3));
		p[i].period_us = PERIOD_US + 10 * (DP_PLAYERS - i);
		assert_int_equal(dp_pace_start(b->dp, 0, &p[i]), 0);
	}
	p[DP_PLAYERS] = player(DP_PLAYERS, 1);
	assert_int_equal(dp_pace_start(b->dp, 0, &p[DP_PLAYERS]), -ENOSPC);
	assert_int_equal(sent_at(b, start), DP_PLAYERS);
	got = 0;
	for (unsigned int i = 1; i < 400; i++) {
		sent_at(b, start + i * period() / 10);
		for (unsigned int k = 0; k < 3; k++)
			got += dp_event_receive(b->dp, &ev[got], RTE_DIM(ev) - got);
	}
	assert_int_equal(got, DP_PLAYERS);
	for (unsigned int i = 0; i < got; i++) {
		uint32_t id = ev[i].played.id;

		assert_int_equal(ev[i].played.packets, FRAMES * (1 + id % 3));
		assert_int_not_equal(p[id].repeats, -2);
		p[id].repeats = -2;
	}
	assert_int_equal(dp_pace_start(b->dp, 0, &p[DP_PLAYERS]), 0);
	assert_int_equal(sent_at(b, b->now), 1);
	dp_pace_stop(&p[DP_PLAYERS]);
	sent_at(b, b->now + period());
	expect_end(b, DP_PLAYERS, 1, FLOW_PLAYED_STOPPED);
	bed_no_drops(b);
	free(p);
}

/* The worker keeps what it can't yet tell of, and sends nothing more for it. */
static void nobody_takes_events(void **state)
{
	struct dp_player p = player(5, 1);
	struct flow_event ev[64];
	struct bed *b = *state;
	uint64_t start;
	struct dp_worker_stats st;
	uint8_t event[16] = {5, 0x80, 0, 160};
	uint8_t rtp[64];
	unsigned int n, played = 0;

	call(b);
	b->t->plan[b->t->media[LEG].plan].extra = FLOW_EXTRA_DTMF;
	b->t->media[LEG].codec[101] = FLOW_CODEC_EVENT_8;
	for (uint16_t i = 0; i < DP_RING_SIZE + 10; i++) {
		struct bed_datagram d;

		bed_rtp(rtp, 101, i, 1, 0);
		memcpy(rtp + WIRE_RTP_HLEN, event, 4);
		bed_send(b, caller, 0, CALLER, rtp, WIRE_RTP_HLEN + 4);
		b->now += rte_get_tsc_hz() / 10; /* within the leg's budget */
		dp_poll_once(b->dp, 0, b->now);
		assert_true(bed_take(b, &d));
	}
	start = b->now;
	dp_worker_stats(b->dp, 0, &st);
	assert_int_equal(st.event_used, DP_RING_SIZE - 1);
	assert_int_equal(dp_pace_start(b->dp, 0, &p), 0);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(sent_at(b, start + i * period()), i < FRAMES);
	while ((n = dp_event_receive(b->dp, ev, RTE_DIM(ev))) > 0)
		for (unsigned int i = 0; i < n; i++)
			assert_int_equal(ev[i].type, FLOW_EVENT_DTMF);
	assert_int_equal(sent_at(b, start + 11 * period()), 0);
	while ((n = dp_event_receive(b->dp, ev, RTE_DIM(ev))) > 0)
		for (unsigned int i = 0; i < n; i++)
			played += ev[i].type == FLOW_EVENT_PLAYED && ev[i].played.id == 5;
	assert_int_equal(played, 1);
	/* So is the event that found no room. */
	bed_rtp(rtp, 0, 9999, 1, 20);
	bed_send(b, caller, 0, CALLER, rtp, WIRE_RTP_HLEN + 20);
	dp_poll_once(b->dp, 0, b->now);
	assert_int_equal(dp_event_receive(b->dp, ev, RTE_DIM(ev)), 1);
	assert_int_equal(ev[0].type, FLOW_EVENT_DTMF);
}

static void no_buffers(void **state)
{
	struct rte_mbuf **hold;
	struct dp_player p = player(1, 1);
	struct bed *b = *state;
	uint64_t start = b->now;
	unsigned int n = 0;

	call(b);
	hold = calloc(b->mbufs, sizeof(*hold));
	assert_non_null(hold);
	while (n < b->mbufs && (hold[n] = rte_pktmbuf_alloc(dp_pool())) != NULL)
		n++;
	assert_int_equal(dp_pace_start(b->dp, 0, &p), 0);
	assert_int_equal(sent_at(b, start), 0);
	bed_drops(b, FLOW_DROP_no_buffer, 1);
	rte_pktmbuf_free_bulk(hold, n);
	free(hold);
	for (unsigned int i = 1; i < FRAMES; i++)
		assert_int_equal(sent_at(b, start + i * period()), 1);
	sent_at(b, start + FRAMES * period());
	expect_end(b, 1, FRAMES - 1, FLOW_PLAYED_END);
}

static void refused(void **state)
{
	struct bed *b = *state;
	struct dp_player p[5];

	for (unsigned int i = 0; i < COUNT(p); i++)
		p[i] = player(i, 1);
	p[0].count = 0;
	p[1].frame_len = FLOW_RESIZE_MAX_BYTES + 1;
	p[2].repeats = 0;
	p[3].period_us = 999;
	p[4].payload_type = 128;
	for (unsigned int i = 0; i < COUNT(p); i++)
		assert_int_equal(dp_pace_start(b->dp, 0, &p[i]), -EINVAL);
	expect_no_event(b);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		TEST(to_the_cycle),
		TEST(late_turns),
		TEST(another_session_in_its_place),
		TEST(another_worker_has_it),
		TEST(full_house),
		TEST(nobody_takes_events),
		TEST(no_buffers),
		TEST(refused),
	};

	if (bed_eal() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
