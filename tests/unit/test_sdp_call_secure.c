/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys, ICE and DTLS of legs, as SDP asks for them. */
#include "sdp_call_bed.h"

/* ---- keys -------------------------------------------------------------------------------------
 */

static void sdes(void **state)
{
	const struct flow_secure *fs;
	const char *sdp;
	char local[SDES_STRLEN];
	struct sdes key;
	const char *why;

	offer(0, BARESIP_SDES_OFFER, &lan, &lan_savp);
	fs = &h->tables->secure[SESSION_LEGS * session_index(s, table_find(s, "c"))];
	assert_non_null(fs[0].rx);
	assert_non_null(fs[0].tx);
	assert_null(fs[1].rx);
	sdp = answer(SDES_ANSWER("2", "AES_CM_128_HMAC_SHA1_32"));
	assert_non_null(fs[1].rx);
	assert_int_equal(srtp_keys_profile(fs[1].rx), SRTP_AES_CM_128_HMAC_SHA1_32);
	assert_int_equal(srtp_keys_profile(fs[1].tx), SRTP_AES_CM_128_HMAC_SHA1_32);
	assert_int_equal(srtp_keys_profile(fs[0].tx), SRTP_AES_CM_128_HMAC_SHA1_80);
	/* What the far end is told is what is used. */
	snprintf(local, sizeof(local), "%.*s", (int)strcspn(strstr(sdp, "a=crypto:") + 9, "\r"),
		 strstr(sdp, "a=crypto:") + 9);
	assert_int_equal(sdes_parse(local, strlen(local), &key, &why), 0);
	assert_int_equal(key.tag, 1);
	/* The same offer again changes no key. */
	offer(0, BARESIP_SDES_OFFER, NULL, NULL);
	sdp = answer(SDES_ANSWER("2", "AES_CM_128_HMAC_SHA1_32"));
	assert_true(has(sdp, local));
	assert_int_equal(s->rekeyed, 1); /* the suite of leg 1, by the first answer */
	/* In clear, by a further offer: never without the far end saying so. */
	offer(0, PHONE_OFFER, NULL, NULL);
	answer(SDES_ANSWER("2", "AES_CM_128_HMAC_SHA1_32"));
	assert_false(leg("c", 0)->flags & LEG_SRTP);
	assert_true(leg("c", 1)->flags & LEG_SRTP);
}

/* ---- browsers ---------------------------------------------------------------------------------
 */

static void browser_to_phone(void **state)
{
	const char *sdp = offer(0, CHROMIUM_OFFER, &wan, &lan);

	assert_true(exists("c") && exists("c/1"));
	assert_true(leg("c", 0)->flags & LEG_ICE && leg("c", 0)->flags & LEG_DTLS);
	assert_true(leg("c/1", 0)->flags & LEG_BUNDLED);
	assert_true(leg("c", 0)->flags & LEG_BUNDLE);
	assert_true(leg("c", 1)->flags & LEG_NO_FEEDBACK);
	assert_int_equal(leg("c", 0)->rtcp, LEG_RTCP_MUX);
	assert_int_equal(leg("c", 1)->rtcp, LEG_RTCP_NEXT);
	assert_int_not_equal(port_of(sdp, "audio"), port_of(sdp, "video"));
	sdp = answer(PHONE_AV_ANSWER);
	assert_int_equal(port_of(sdp, "audio"), leg("c", 0)->port);
	assert_int_equal(port_of(sdp, "video"), leg("c", 0)->port);
	assert_true(has(sdp, "a=ice-lite\r\n"));
	assert_true(has(sdp, "c=IN IP4 203.0.113.1\r\n"));
	assert_true(has(sdp, "a=candidate:"));
	assert_true(has(sdp, " 203.0.113.1 "));
	assert_true(has(sdp, "a=fingerprint:sha-256 "));
	assert_true(has(sdp, "a=setup:passive\r\n"));
	check_remote("c/1", 1, "10.0.0.2", 4002);
	session_delete(s, "c", NULL, NULL, &err);
	assert_false(exists("c/1"));
	pass_time();
}

static void line_of(const char *sdp, const char *name, char out[256])
{
	const char *at = strstr(sdp, name);

	assert_non_null(at);
	snprintf(out, 256, "%.*s", (int)strcspn(at, "\r"), at);
}

static void restart(void **state)
{
	static const char again[] = CHROMIUM_HEAD(
		"a=group:BUNDLE 0\r\n") "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\n"
					"a=ice-ufrag:newU\r\na=ice-pwd:newPassword0123456789ab\r\n"
					"a=fingerprint:sha-256 " FP32
					"\r\na=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\n";
	char before[256], after[256], fp[256], fp2[256];
	const char *sdp;

	offer(0, CHROMIUM_AUDIO_OFFER, &wan, &lan);
	sdp = answer(PHONE_ANSWER);
	line_of(sdp, "a=ice-ufrag:", before);
	line_of(sdp, "a=fingerprint:", fp);
	/* The same credentials: the same of ours. */
	offer(0, CHROMIUM_AUDIO_OFFER, NULL, NULL);
	line_of(answer(PHONE_ANSWER), "a=ice-ufrag:", after);
	assert_string_equal(before, after);
	/* Others: a restart. */
	offer(0, again, NULL, NULL);
	sdp = answer(PHONE_ANSWER);
	line_of(sdp, "a=ice-ufrag:", after);
	line_of(sdp, "a=fingerprint:", fp2);
	assert_string_not_equal(before, after);
	assert_string_equal(fp, fp2);
}

/* Both legs bundled on both sides; each role of ICE and DTLS. */
static void browser_to_browser(void **state)
{
	struct sdp_profile full = wan_webrtc;
	const char *sdp;

	full.has_ice = true;
	full.ice = SDP_ICE_FULL;
	sdp = offer(0, CHROMIUM_OFFER, &wan, &full);
	assert_false(has(sdp, "a=ice-lite"));
	assert_true(has(sdp, "a=setup:actpass"));
	assert_int_equal(port_of(sdp, "video"), leg("c", 1)->port);
	assert_true(leg("c/1", 0)->flags & LEG_BUNDLED && leg("c/1", 1)->flags & LEG_BUNDLED);
	sdp = answer(CHROMIUM_ANSWER);
	assert_true(has(sdp, "a=ice-lite"));
	assert_int_equal(port_of(sdp, "video"), leg("c", 0)->port);
	assert_false((leg("c", 0)->flags | leg("c", 1)->flags) & LEG_NO_FEEDBACK);
	/* Video first off, then audio: the transport stays with the call's own session. */
	offer(0,
	      CHROMIUM_HEAD(
		      "a=group:BUNDLE 1\r\n") "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n"
					      "c=IN IP4 0.0.0.0\r\na=mid:0\r\n" CHROMIUM_VIDEO,
	      NULL, NULL);
	sdp = answer("v=0\r\no=- 1 3 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 1\r\n"
		     "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 "
		     "0.0.0.0\r\na=mid:0\r\n" CHROMIUM_ANSWER_SECTION(
			     "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "1", ""));
	assert_true(has(sdp, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n"));
	assert_int_equal(port_of(sdp, "video"), leg("c", 0)->port);
	assert_true(has(sdp, "a=group:BUNDLE 1\r\n"));
	assert_true(exists("c") && exists("c/1"));
	session_delete(s, "c", NULL, NULL, &err);
	pass_time();
}

static void phone_to_browser_without_ice(void **state)
{
	offer(0, PHONE_OFFER, &lan, &wan_webrtc);
	assert_true(leg("c", 1)->flags & LEG_ICE);
	answer("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
	       "m=audio 7000 UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\na=setup:active\r\n"
	       "a=fingerprint:sha-256 " FP32 "\r\na=mid:0\r\n");
	assert_false(leg("c", 1)->flags & LEG_ICE);
	check_remote("c", 1, "192.0.2.9", 7000);
}

#define BROWSER(ufrag, fp)                                                                         \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n"                                      \
	"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=mid:0\r\n"           \
	"a=setup:active\r\na=fingerprint:sha-256 " fp "\r\na=ice-ufrag:" ufrag                     \
	"\r\na=ice-pwd:" PWD24 "\r\n"

static const struct leg_transport *browser(void)
{
	return transport_of(s, table_find(s, "c"), 1);
}

/* By an answer to an offer that restarts nothing: what we have told the first one stays. */
static void another_device_answers(void **state)
{
	char ufrag[64];

	offer(0, PHONE_OFFER, &lan, &wan_webrtc);
	assert_true(browser()->offered);
	answer(BROWSER("devA", FP32));
	assert_false(browser()->offered);
	snprintf(ufrag, sizeof(ufrag), "%s", ice_ufrag(browser()->ice));

	offer(0, PHONE_OFFER, NULL, NULL);
	assert_true(browser()->offered);
	check_fault(try_answer("v=0\r\n"), SESSION_BAD_PARAMS, "/sdp", "");
	assert_true(browser()->offered);
	answer(BROWSER("devB", FP32B));
	assert_false(browser()->offered);
	assert_string_equal(ice_ufrag(browser()->ice), ufrag);
	assert_string_equal(ice_remote_ufrag(browser()->ice), "devB");
	/* A further answer to the same offer. */
	answer(BROWSER("devC", FP32));
	assert_false(browser()->offered);
	assert_string_equal(ice_ufrag(browser()->ice), ufrag);
	assert_string_equal(ice_remote_ufrag(browser()->ice), "devC");

	offer(0, PHONE_OFFER, NULL, NULL);
	assert_true(browser()->offered);
	assert_int_equal(sdp_call_refuse(calls, "c", &err), SESSION_OK);
	assert_false(browser()->offered);
	assert_string_equal(ice_remote_ufrag(browser()->ice), "devC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sdes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(browser_to_phone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(browser_to_browser, set_up, tear_down),
		cmocka_unit_test_setup_teardown(phone_to_browser_without_ice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_device_answers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
