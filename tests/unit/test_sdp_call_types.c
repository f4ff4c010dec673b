/* SPDX-License-Identifier: BSD-3-Clause */
/* Payload types that go from one section of a bundle to another: never two with the same. */
#include "sdp_call_bed.h"

#define VIDEO(mid, types)                                                                          \
	"m=video 9 UDP/TLS/RTP/SAVPF " types                                                       \
	"\r\nc=IN IP4 0.0.0.0\r\n" CHROMIUM_TRANSPORT(mid) "a=rtcp-mux\r\n"
#define OFF(kind, mid, types)                                                                      \
	"m=" kind " 0 UDP/TLS/RTP/SAVPF " types "\r\nc=IN IP4 0.0.0.0\r\na=mid:" mid "\r\n"

/* Video stops, and another one has its types. */
#define OTHER_VIDEO                                                                                \
	CHROMIUM_HEAD("a=group:BUNDLE 0 2\r\n")                                                    \
	CHROMIUM_AUDIO OFF("video", "1", "96 97 102") VIDEO("2", "96 97 102")
#define OTHER_VIDEO_ANSWER                                                                         \
	PHONE_HEAD("6")                                                                            \
	"m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\nm=video 4006 RTP/AVP 96\r\n"

/* Which session is one of this type, that came to the call's own transport; "": none. */
static const char *owner(unsigned int leg, unsigned int type)
{
	const struct session *se = table_find(s, "c");
	const struct leg_transport *t = transport_of(s, se, leg);
	uint8_t place = h->tables->bundle[t->leg].section[type];

	if (place == FLOW_BUNDLE_NONE)
		return "";
	assert_int_not_equal(h->tables->bundle[t->leg].plan[place], 0);
	return session_id(&s->table[t->section[place] / SESSION_LEGS]);
}

static void check_owners(unsigned int leg, const char *of_0, const char *of_96, const char *of_102)
{
	assert_string_equal(owner(leg, 0), of_0);
	assert_string_equal(owner(leg, 96), of_96);
	assert_string_equal(owner(leg, 102), of_102);
}

static void begin_call(void)
{
	offer(0, CHROMIUM_OFFER, &wan, &lan);
	answer(PHONE_AV_ANSWER);
	check_owners(0, "c", "c/1", "c/1");
}

/* Until the answer media goes on as it did. */
static void taken_over(void **state)
{
	const char *sdp;

	begin_call();
	sdp = offer(0, OTHER_VIDEO, NULL, NULL);
	assert_true(result.section[2].active && !result.section[1].active);
	assert_string_equal(result.section[2].session, "c/2");
	assert_true(has(sdp, "m=video 0 RTP/AVP 96 97 102\r\n"));
	check_owners(0, "c", "c/1", "c/1");
	sdp = answer(OTHER_VIDEO_ANSWER);
	check_owners(0, "c", "c/2", "c/2");
	assert_int_equal(port_of(strstr(sdp, "a=mid:1"), "video"), leg("c", 0)->port);
	check_remote("c/2", 1, "10.0.0.2", 4006);
	assert_false(exists("c/1"));
	assert_string_equal(owner(0, 64 + 2), "");
	/* And back again. */
	offer(0, CHROMIUM_OFFER OFF("video", "2", "96 97 102"), NULL, NULL);
	check_owners(0, "c", "c/2", "c/2");
	answer(PHONE_AV_ANSWER "m=video 0 RTP/AVP 96\r\n");
	check_owners(0, "c", "c/1", "c/1");
}

static void taken_over_and_refused(void **state)
{
	begin_call();
	offer(0, OTHER_VIDEO, NULL, NULL);
	assert_int_equal(sdp_call_refuse(calls, "c", &err), SESSION_OK);
	check_owners(0, "c", "c/1", "c/1");
	assert_false(exists("c/2"));
	/* By the answer only. */
	offer(0, OTHER_VIDEO, NULL, NULL);
	answer(PHONE_HEAD("6") "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n"
			       "m=video 0 RTP/AVP 96\r\n");
	check_owners(0, "c", "", "");
}

/* The last section can't be routed. */
static void taken_over_and_failed(void **state)
{
	begin_call();
	offer(0, OTHER_VIDEO, NULL, NULL);
	check_fault(try_answer(OTHER_VIDEO_ANSWER "c=IN IP6 2001:db8::9\r\n"), SESSION_BAD_PARAMS,
		    "/sdp", "line 9");
	check_owners(0, "c", "c/1", "c/1");
	check_remote("c/1", 1, "10.0.0.2", 4002);
	answer(OTHER_VIDEO_ANSWER);
	check_owners(0, "c", "c/2", "c/2");
}

/* The transport stays with the call's own session, which has no media any more. */
static void from_the_first(void **state)
{
	begin_call();
	offer(0,
	      CHROMIUM_HEAD("a=group:BUNDLE 1 2\r\n") OFF("audio", "0", "111 0 8 13 110")
		      CHROMIUM_VIDEO
	      "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r\n"
	      "c=IN IP4 0.0.0.0\r\n" CHROMIUM_TRANSPORT("2") "a=rtcp-mux\r\n",
	      NULL, NULL);
	assert_true(result.section[2].active);
	check_owners(0, "c", "c/1", "c/1");
	answer(PHONE_HEAD("6") "m=audio 0 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n"
			       "m=audio 4008 RTP/AVP 0\r\n");
	check_owners(0, "c/2", "c/1", "c/1");
	assert_string_equal(owner(0, 111), "c/2");
	assert_true(leg("c", 0)->flags & LEG_HOLD);
}

/* Two sections that exchange theirs. */
static void exchanged(void **state)
{
	const char *both = PHONE_AV_ANSWER "m=video 4006 RTP/AVP 102\r\n";

	offer(0,
	      CHROMIUM_HEAD("a=group:BUNDLE 0 1 2\r\n") CHROMIUM_AUDIO VIDEO("1", "96")
		      VIDEO("2", "102"),
	      &wan, &lan);
	answer(both);
	check_owners(0, "c", "c/1", "c/2");
	offer(0,
	      CHROMIUM_HEAD("a=group:BUNDLE 0 1 2\r\n") CHROMIUM_AUDIO VIDEO("1", "102")
		      VIDEO("2", "96"),
	      NULL, NULL);
	check_owners(0, "c", "c/1", "c/2");
	answer(PHONE_HEAD("6") "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 102\r\n"
			       "m=video 4006 RTP/AVP 96\r\n");
	check_owners(0, "c", "c/2", "c/1");
}

/* On both sides. */
static void between_browsers(void **state)
{
	offer(0, CHROMIUM_OFFER, &wan, &wan_webrtc);
	answer(CHROMIUM_ANSWER);
	offer(0, OTHER_VIDEO, NULL, NULL);
	answer("v=0\r\no=- 1 3 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	       "a=group:BUNDLE 0 2\r\n" CHROMIUM_ANSWER_SECTION(
		       "m=audio 9 UDP/TLS/RTP/SAVPF 111 110", "0", "") OFF("video", "1", "96")
		       CHROMIUM_ANSWER_SECTION("m=video 9 UDP/TLS/RTP/SAVPF 96 97", "2", ""));
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		check_owners(i, "c", "c/2", "c/2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(taken_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(taken_over_and_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(taken_over_and_failed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(from_the_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(exchanged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(between_browsers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
