/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions that run and end: reports, lists, timeouts; recording that begins late. */
#include "session_bed.h"

#include "session_media.h"

static void waits_for_workers(void **state)
{
	struct session_params p = session_params_46("busy");
	struct session_answer a;
	struct session_error err;
	int done = 0;

	must_create(s, &p);
	test_reader_enter(h);
	assert_int_equal(session_delete(s, "busy", note_report, &done, &err), SESSION_OK);
	for (int i = 0; i < 5; i++)
		test_turn(h, 1);
	assert_int_equal(done, 0);
	assert_int_equal(sessions_ports_free(s, 0), 15);
	/* It is gone for everybody else; its name can be used again. */
	assert_int_equal(session_delete(s, "busy", NULL, NULL, &err), SESSION_NOT_FOUND);
	a = must_create(s, &p);
	assert_true(a.created);
	test_reader_leave(h);
	test_turn(h, 1);
	assert_int_equal(done, 1);
	must_end("busy");
	all_is_free();
}

static void idle_timeout(void **state)
{
	struct session_params p = session_params_46("idle");
	struct session_answer a;
	struct flow_leg_rt *rt;
	struct session_change c = {.id = "idle"};

	p.idle_timeout_s = 2;
	a = must_create(s, &p);
	rt = &h->tables->leg[test_plan(h, 1, a.leg[1].local.port)->leg];
	test_turn(h, 1500);
	must_reach(&c, 1); /* somebody cares */
	test_turn(h, 1500);
	assert_string_equal(last_event, "session.created");
	rt->rtcp.rx_packets = 1; /* RTCP is a sign of life */
	rt->rtcp.last_seen = flow_tick(h->loop.now_tsc);
	test_turn(h, 1900);
	assert_string_equal(last_event, "session.created");
	test_turn(h, 200);
	assert_string_equal(last_event, "session.ended");
	assert_non_null(strstr(last_params, "\"reason\":\"timeout\""));
	all_is_free();

	/* The next call in that place starts from nothing; and 0 is never. */
	p.idle_timeout_s = 0;
	a = must_create(s, &p);
	rt = &h->tables->leg[test_plan(h, 1, a.leg[1].local.port)->leg];
	assert_int_equal(rt->rtcp.rx_packets, 0);
	test_turn(h, 86400 * 1000);
	assert_string_equal(last_event, "session.created");
	must_end("idle");
	all_is_free();
}

static void reports(void **state)
{
	struct session_params p = session_params_46("report");
	struct session_answer a = must_create(s, &p);
	uint32_t leg = test_plan(h, 0, a.leg[0].local.port)->leg;
	struct flow_leg_rt *rt = &h->tables->leg[leg];

	rt[0].rtp.rx_packets = 95;
	rt[0].rtp.rx_bytes = 95 * 172;
	rt[0].rtp.unsent_packets = 1;
	rt[0].rtp.unsent_bytes = 172;
	rt[0].rtcp.rx_packets = 2;
	rt[0].rtp.last_seen = flow_tick(h->loop.now_tsc);
	rt[0].stats = (struct flow_rtp_stats){.started = 1,
					      .ssrc = 4000000000u,
					      .base_seq = 65536 + 1,
					      .max_seq = 65536 + 100,
					      .received = 95,
					      .prior_lost = 3,
					      .payload_type = 8};
	/* 16 times 2 ms. */
	rt[0].stats.jitter16 = (uint32_t)(2 * 16 * h->loop.tsc_per_ms >> FLOW_FINE_SHIFT);
	rt[0].drops[FLOW_DROP_source] = 7;
	test_turn(h, 100);
	must_end("report");
	assert_non_null(strstr(report, "\"id\":\"report\",\"generation\":1,\"state\":\"one_way\""));
	assert_non_null(strstr(report, "\"rx\":{\"packets\":97,\"bytes\":16340,\"lost\":8,"
				       "\"duplicate\":0,\"reordered\":0,\"jitter_ms\":2.000,"
				       "\"ssrc\":4000000000,\"payload_type\":8,"));
	/* A tick is about 0.4 ms. */
	assert_in_range(strtoul(strstr(report, "\"last_ms\":") + 10, NULL, 10), 100, 102);
	assert_non_null(strstr(report, "\"drops\":{\"source\":7}"));
	assert_non_null(strstr(report, "\"tx\":{\"packets\":96,\"bytes\":16168}"));
	/* 8 of 103 lost, d = 44: R = 94.2 - 1.056 - 95 * 7.767 / 32.867 = 70.69 */
	assert_non_null(strstr(report, "\"mos\":3.63"));

	must_create(s, &p);
	must_end("report");
	assert_non_null(strstr(report, "\"mos\":null"));
	assert_non_null(strstr(report, "\"ssrc\":null,\"payload_type\":null,\"last_ms\":null"));
	assert_non_null(strstr(report, "\"learned\":null,\"latch\":\"strict\",\"latched\":false"));
	all_is_free();
}

static void lists_and_long_ids(void **state)
{
	char ids[10][SESSION_ID_MAX + 1];
	struct session_info info;
	uint32_t cursor = 0, budget = 100, seen = 0;

	for (int i = 0; i < 10; i++) {
		struct session_params p = session_params_46(ids[i]);

		/* From short to the longest: about the border where an id needs its own memory. */
		memset(ids[i], 'x', sizeof(ids[i]));
		ids[i][i < 9 ? 27 + i : SESSION_ID_MAX] = '\0';
		assert_true(must_create(s, &p).created);
		assert_false(must_create(s, &p).created);
	}
	while (session_next(s, &cursor, &budget, &info)) {
		assert_non_null(info.id);
		assert_int_equal(info.state, SESSION_WAITING);
		seen++;
	}
	assert_int_equal(seen, 10);
	cursor = 0;
	budget = 1;
	assert_true(session_next(s, &cursor, &budget, &info));
	assert_true(session_next(s, &cursor, &budget, &info));
	assert_null(info.id);
	for (int i = 0; i < 10; i++)
		must_end(ids[i]);
	all_is_free();
}

/* The end of the daemon, with everything under way. */
static void left_behind(void **state)
{
	struct session_params p = session_params_46("left");
	struct session_error err;
	int done = 0;

	must_create(s, &p);
	test_reader_enter(h);
	assert_int_equal(session_delete(s, "left", note_report, &done, &err), SESSION_OK);
	must_create(s, &p);
	sessions_forget_callers(s);
	test_reader_leave(h);
	test_turn(h, 1);
	assert_int_equal(done, 0);
	assert_int_equal(sessions_ports_free(s, 0), 15);
}

static struct sdes_key key_of(uint8_t fill)
{
	struct sdes_key k = {.master_len = 30};

	memset(k.master, fill, k.master_len);
	return k;
}

/* What passes untouched can be opened and sealed as long as its rollover counters are 0. */
static void recorded_late(void **state)
{
	struct session_params p = session_params_46("a");
	const struct session_media m = {.set_copy = true, .copy = true};
	struct session_error err;
	struct flow_rtp_stats *st;

	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		p.leg[i].security = (struct leg_security){.type = LEG_SECURITY_SDES,
							  .has_profile = true,
							  .profile = SRTP_AES_CM_128_HMAC_SHA1_80,
							  .local = key_of((uint8_t)(1 + i)),
							  .remote = key_of((uint8_t)(2 - i))};
	must_create(s, &p);
	p.id = "b";
	must_create(s, &p);
	st = &h->tables->leg[1].stats;
	st->started = 1;
	st->base_seq = 0x1fff0;
	st->max_seq = 0x20005;
	assert_int_equal(session_media_set(s, "a", 0, &m, &err), SESSION_UNSUPPORTED);
	assert_true(strlen(err.reason) > 0);
	st->max_seq = 0x1ffff;
	assert_int_equal(session_media_set(s, "a", 0, &m, &err), SESSION_OK);
	/* Once it is opened it may wrap. */
	st->max_seq = 0x20005;
	assert_int_equal(session_media_set(s, "a", 1, &m, &err), SESSION_OK);
	assert_int_equal(session_media_set(s, "b", 1, &m, &err), SESSION_OK);
	must_delete(s, "a");
	must_delete(s, "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(recorded_late), TEST(waits_for_workers),  TEST(idle_timeout),
		TEST(reports),       TEST(lists_and_long_ids), TEST(left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
