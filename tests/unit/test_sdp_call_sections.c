/* SPDX-License-Identifier: BSD-3-Clause */
/* Several sections: what becomes of their sessions, and of what fails half way. */
#include "sdp_call_bed.h"

#define AV_OFFER                                                                                   \
	PHONE_HEAD("1")                                                                            \
	"m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"

static void undone_whole(void **state)
{
	/* The last section can't be routed. */
	const char *bad = AV_OFFER "m=video 4004 RTP/AVP 96\r\nc=IN IP6 2001:db8::9\r\n";
	struct sessions_stats before, after;

	sessions_stats(s, &before);
	check_fault(try_offer(0, bad, &lan, &lan), SESSION_BAD_PARAMS, "/sdp", "line 10");
	assert_false(exists("c") || exists("c/1"));
	pass_time();
	sessions_stats(s, &after);
	assert_int_equal(before.plans_free, after.plans_free);
	assert_int_equal(sessions_ports_free(s, LAN4), 16);
	/* The same of a further offer: what was there stays. */
	offer(0, AV_OFFER, &lan, &lan);
	answer(PHONE_AV_ANSWER);
	check_fault(try_offer(0, bad, NULL, NULL), SESSION_BAD_PARAMS, "/sdp", "line 10");
	assert_true(exists("c") && exists("c/1") && !exists("c/2"));
	check_fault(try_answer("v=0\r\n"), SESSION_BAD_PARAMS, "/sdp", "line 2: o=");
	offer(0, AV_OFFER, NULL, NULL);
	answer(PHONE_AV_ANSWER);
	check_remote("c/1", 1, "10.0.0.2", 4002);
	assert_int_equal(leg("c/1", 1)->remote_rtcp_port, 4010);
}

/* The second section's far end has no route: the first one's is as before. */
static void answer_undone(void **state)
{
	offer(0, AV_OFFER, &lan, &lan);
	answer(PHONE_AV_ANSWER);
	offer(0, AV_OFFER, NULL, NULL);
	check_fault(
		try_answer("v=0\r\no=- 1 1 IN IP4 10.0.0.3\r\ns=-\r\nc=IN IP4 10.0.0.3\r\nt=0 0\r\n"
			   "m=audio 5000 RTP/AVP 0\r\nm=video 5002 RTP/AVP 96\r\n"
			   "c=IN IP6 2001:db8::9\r\n"),
		SESSION_BAD_PARAMS, "/sdp", "line 8");
	check_remote("c", 1, "10.0.0.2", 4000);
	check_remote("c/1", 1, "10.0.0.2", 4002);
	/* It can still be answered. */
	answer(PHONE_AV_ANSWER);
}

static void sections_off_and_on(void **state)
{
	const char *off = PHONE_HEAD("2") "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n";

	offer(0, AV_OFFER, &lan, &lan);
	answer(off);
	assert_false(exists("c/1"));
	assert_false(result.section[1].active);
	assert_string_equal(result.section[1].session, "");
	offer(0, AV_OFFER, NULL, NULL);
	assert_string_equal(result.section[1].session, "c/1");
	answer(PHONE_AV_ANSWER);
	assert_true(exists("c/1"));
	/* Without the first one the call's own session is kept, on hold. */
	offer(0, PHONE_HEAD("3") "m=audio 0 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n", NULL, NULL);
	answer(PHONE_HEAD("3") "m=audio 0 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n");
	assert_true(exists("c") && exists("c/1"));
	assert_true(leg("c", 0)->flags & LEG_HOLD && leg("c", 1)->flags & LEG_HOLD);
	offer(0, AV_OFFER, NULL, NULL);
	answer(PHONE_AV_ANSWER);
	assert_false(leg("c", 0)->flags & LEG_HOLD || leg("c", 1)->flags & LEG_HOLD);
	/* One that somebody has deleted comes again with the next offer. */
	assert_int_equal(session_delete(s, "c/1", NULL, NULL, &err), SESSION_OK);
	assert_true(exists("c"));
	pass_time();
	offer(0, AV_OFFER, NULL, NULL);
	assert_true(exists("c/1"));
	session_delete(s, "c", NULL, NULL, &err);
	assert_false(exists("c") || exists("c/1"));
	pass_time();
	assert_int_equal(sessions_ports_free(s, LAN4), 16);
}

static void fax(void **state)
{
	const char *sdp;

	offer(0, PHONE_OFFER, &lan, &lan);
	answer(PHONE_ANSWER);
	sdp = offer(1, T38_OFFER, NULL, NULL);
	assert_string_equal(result.section[0].session, "c/0-udp");
	assert_int_equal(port_of(sdp, "image"), leg("c/0-udp", 0)->port);
	assert_false(leg("c", 0)->flags & LEG_HOLD);
	answer(PHONE_HEAD("4") T38_LINES);
	check_remote("c/0-udp", 0, "10.0.0.2", 4500);
	assert_true(leg("c/0-udp", 0)->flags & LEG_UDP);
	assert_true(leg("c", 0)->flags & LEG_HOLD);
	/* And back: the session of audio goes on, that of fax ends. */
	sdp = offer(0, PHONE_OFFER, NULL, NULL);
	assert_int_equal(port_of(sdp, "audio"), leg("c", 1)->port);
	answer(PHONE_ANSWER);
	assert_false(exists("c/0-udp"));
	assert_false(leg("c", 0)->flags & LEG_HOLD);
	/* Refused: audio as if nothing had been. */
	offer(1, T38_OFFER, NULL, NULL);
	assert_true(exists("c/0-udp"));
	assert_int_equal(sdp_call_refuse(calls, "c", &err), SESSION_OK);
	assert_false(exists("c/0-udp"));
	offer(1, PHONE_OFFER, NULL, NULL);
	assert_string_equal(result.section[0].session, "c");
}

/* One section silent, another one not: the call lives; all silent: it ends whole. */
static void idle_as_a_whole(void **state)
{
	struct flow_leg_rt *rt;

	offer(0, AV_OFFER, &lan, &lan);
	answer(PHONE_AV_ANSWER);
	rt = &h->tables->leg[SESSION_LEGS * session_index(s, table_find(s, "c/1"))];
	for (int i = 0; i < 100; i++) {
		test_turn(h, 1000);
		rt[0].rtp.rx_packets++;
		rt[0].rtp.last_seen = flow_tick(h->loop.now_tsc);
	}
	assert_true(exists("c") && exists("c/1"));
	for (int i = 0; i < 62; i++)
		test_turn(h, 1000);
	assert_false(exists("c") || exists("c/1"));
	pass_time();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(undone_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answer_undone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sections_off_and_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fax, set_up, tear_down),
		cmocka_unit_test_setup_teardown(idle_as_a_whole, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
