/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls by SDP over sessions: far ends, hold, glare, refusal, limits. */
#include "sdp_call_bed.h"

/* ---- phones ---------------------------------------------------------------------------------- */

static void phone_to_phone(void **state)
{
	const char *sdp = offer(0, PHONE_OFFER, &wan, &lan);

	/* 192.0.2.1 is advertised as another address. */
	assert_true(has(sdp, "c=IN IP4 10.0.0.1\r\n"));
	assert_int_equal(port_of(sdp, "audio"), leg("c", 1)->port);
	check_remote("c", 0, "10.0.0.2", 4000);
	assert_false(leg("c", 1)->flags & LEG_REMOTE);
	assert_int_equal(result.count, 1);
	assert_string_equal(result.section[0].session, "c");
	sdp = answer("v=0\r\no=- 1 1 IN IP4 10.0.0.3\r\ns=-\r\nc=IN IP4 10.0.0.3\r\nt=0 0\r\n"
		     "m=audio 5000 RTP/AVP 0\r\na=rtcp:5077\r\n");
	assert_true(has(sdp, "c=IN IP4 203.0.113.1\r\n"));
	assert_int_equal(port_of(sdp, "audio"), leg("c", 0)->port);
	check_remote("c", 1, "10.0.0.3", 5000);
	assert_int_equal(leg("c", 1)->remote_rtcp_port, 5077);
	assert_int_equal(session_delete(s, "c", NULL, NULL, &err), SESSION_OK);
	check_fault(try_answer(PHONE_ANSWER), SESSION_NOT_FOUND, "/id", "no call");
	pass_time();
}

static void hold_by_address(void **state)
{
	const char *held = "v=0\r\no=phone 2890844526 2 IN IP4 10.0.0.2\r\ns=-\r\n"
			   "c=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

	offer(0, PHONE_OFFER, &lan, &lan);
	answer(PHONE_ANSWER);
	assert_true(has(offer(0, held, NULL, NULL), "a=sendonly"));
	/* Until it is answered, nothing changes. */
	assert_false(leg("c", 0)->flags & LEG_HOLD);
	answer(PHONE_ANSWER "a=recvonly\r\n");
	assert_true(leg("c", 0)->flags & LEG_HOLD);
	assert_false(leg("c", 1)->flags & LEG_HOLD);
	check_remote("c", 0, "10.0.0.2", 4000);
	/* By direction alone: not on hold. */
	offer(0, PHONE_OFFER "a=inactive\r\n", NULL, NULL);
	answer(PHONE_ANSWER "a=inactive\r\n");
	assert_false(leg("c", 0)->flags & LEG_HOLD);
}

static void far_ends_move(void **state)
{
	offer(0, PHONE_OFFER, &lan, &lan);
	answer(PHONE_ANSWER);
	/* By the second party. */
	offer(1,
	      "v=0\r\no=- 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
	      "m=audio 6000 RTP/AVP 0\r\n",
	      NULL, NULL);
	check_remote("c", 1, "10.0.0.2", 4000);
	answer(PHONE_ANSWER);
	check_remote("c", 1, "10.0.0.9", 6000);
	check_remote("c", 0, "10.0.0.2", 4000);
}

static void glare_and_refusal(void **state)
{
	check_fault(try_offer(1, PHONE_OFFER, &lan, &lan), SESSION_BAD_PARAMS, "/by", "first");
	offer(0, PHONE_OFFER, &lan, &lan);
	check_fault(try_offer(1, PHONE_OFFER, NULL, NULL), SESSION_WRONG_STATE, "/by",
		    "not been answered");
	/* The same again is a repetition: the same ports. */
	assert_int_equal(port_of(offer(0, PHONE_OFFER, NULL, NULL), "audio"), leg("c", 1)->port);
	answer(PHONE_ANSWER);
	check_fault((enum session_fault)sdp_call_refuse(calls, "c", &err), SESSION_WRONG_STATE,
		    "/id", "no offer");
	offer(1, PHONE_HEAD("7") "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n", NULL,
	      NULL);
	assert_true(exists("c/1"));
	check_fault(try_offer(0, PHONE_OFFER, NULL, NULL), SESSION_WRONG_STATE, "/by",
		    "not been answered");
	assert_int_equal(sdp_call_refuse(calls, "c", &err), SESSION_OK);
	assert_false(exists("c/1"));
	assert_true(exists("c"));
	check_fault(try_answer(PHONE_ANSWER), SESSION_WRONG_STATE, "/id", "no offer");
	offer(0, PHONE_OFFER, NULL, NULL);
	answer(PHONE_ANSWER);
	/* A first offer that is refused ends the call. */
	session_delete(s, "c", NULL, NULL, &err);
	pass_time();
	offer(0, PHONE_OFFER, &lan, &lan);
	assert_int_equal(sdp_call_refuse(calls, "c", &err), SESSION_OK);
	assert_false(exists("c"));
	check_fault((enum session_fault)sdp_call_refuse(calls, "c", &err), SESSION_NOT_FOUND, "/id",
		    "no call");
	pass_time();
}

/* 183 and 200, or two branches of a fork. */
static void a_further_answer(void **state)
{
	offer(0, PHONE_OFFER, &lan, &lan);
	answer("v=0\r\no=- 1 1 IN IP4 10.0.0.3\r\ns=-\r\nc=IN IP4 10.0.0.3\r\nt=0 0\r\n"
	       "m=audio 5000 RTP/AVP 0\r\n");
	check_remote("c", 1, "10.0.0.3", 5000);
	answer("v=0\r\no=- 9 1 IN IP4 10.0.0.4\r\ns=-\r\nc=IN IP4 10.0.0.4\r\nt=0 0\r\n"
	       "m=audio 5002 RTP/AVP 0\r\n");
	check_remote("c", 1, "10.0.0.4", 5002);
}

static void ids(void **state)
{
	char long_id[SESSION_ID_MAX + 1];
	struct sdp_offer o = {.id = long_id, .sdp = PHONE_OFFER, .len = strlen(PHONE_OFFER)};
	const struct session_params other = {.id = "c", .leg = {{.address = 0}, {.address = 0}}};
	struct session_answer a;

	memset(long_id, 'x', sizeof(long_id));
	long_id[122] = '\0';
	o.from = o.to = &lan;
	check_fault(sdp_call_offer(calls, &o, &text, &result, &err), SESSION_BAD_PARAMS, "/id",
		    "at most");
	long_id[121] = '\0';
	tnd_buf_reset(&text);
	assert_int_equal(sdp_call_offer(calls, &o, &text, &result, &err), SESSION_OK);
	/* An id that is taken by other means. */
	assert_int_equal(session_create(s, &other, &a, &err), SESSION_OK);
	check_fault(try_offer(0, PHONE_OFFER, &lan, &lan), SESSION_CONFLICT, "/id", "");
	assert_true(exists("c"));
}

static void families(void **state)
{
	const struct sdp_profile wan6 = {
		.has_address = true, .address = WAN6, .dscp = SESSION_DSCP_KEEP};

	/* By the offer's own family, where no address is named. */
	offer(0,
	      "v=0\r\no=- 1 1 IN IP6 2001:db8::7\r\ns=-\r\nc=IN IP6 2001:db8::7\r\nt=0 0\r\n"
	      "m=audio 4000 RTP/AVP 0\r\n",
	      NULL, &lan);
	assert_int_equal(leg("c", 0)->address, WAN6);
	assert_true(has(answer(PHONE_ANSWER), "c=IN IP6 2001:db8::1\r\n"));
	session_delete(s, "c", NULL, NULL, &err);
	pass_time();
	check_fault(try_offer(0, PHONE_OFFER, &wan6, &lan), SESSION_BAD_PARAMS, "/sdp",
		    "line 4: address wan6 is IPv6");
}

static void limits(void **state)
{
	char id[8];
	struct sdp_offer o = {.id = id, .sdp = PHONE_OFFER, .len = strlen(PHONE_OFFER)};
	enum session_fault f = SESSION_OK;
	unsigned int n;

	o.from = o.to = &lan;
	for (n = 0; f == SESSION_OK; n++) {
		snprintf(id, sizeof(id), "n%u", n);
		tnd_buf_reset(&text);
		f = sdp_call_offer(calls, &o, &text, &result, &err);
	}
	assert_int_equal(n, 9);
	check_fault(f, SESSION_NO_PORTS, "/from/address", "no free port pair");
	sessions_set_draining(s, true);
	assert_int_equal(session_delete(s, "n0", NULL, NULL, &err), SESSION_OK);
	pass_time();
	check_fault(try_offer(0, PHONE_OFFER, &lan, &lan), SESSION_WRONG_STATE, "", "draining");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(phone_to_phone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hold_by_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_ends_move, set_up, tear_down),
		cmocka_unit_test_setup_teardown(glare_and_refusal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_further_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ids, set_up, tear_down),
		cmocka_unit_test_setup_teardown(families, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
