/* SPDX-License-Identifier: BSD-3-Clause */
/* Offers and answers of browsers, phones and other stacks: text and profiles in, text out. */
#include "sdp_engine_bed.h"

/* ---- browser and phone ---------------------------------------------------------------------- */

static void chromium_to_phone(void **unused)
{
	same_text("offer", offer(CHROMIUM_OFFER, &nothing, &avp),
		  "v=0\r\n"
		  "o=- 4611731400430051336 2 IN IP4 10.0.0.1\r\n"
		  "s=-\r\n"
		  "t=0 0\r\n"
		  "a=extmap-allow-mixed\r\n"
		  "a=msid-semantic: WMS 3d7a\r\n"
		  "m=audio 30000 RTP/AVP 111 0 8 13 110\r\n"
		  "c=IN IP4 10.0.0.1\r\n"
		  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
		  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
		  "a=msid:3d7a a0\r\n"
		  "a=rtpmap:111 opus/48000/2\r\n"
		  "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
		  "a=rtpmap:0 PCMU/8000\r\n"
		  "a=rtpmap:8 PCMA/8000\r\n"
		  "a=rtpmap:13 CN/8000\r\n"
		  "a=rtpmap:110 telephone-event/48000\r\n"
		  "a=ssrc:1001 cname:x1\r\n"
		  "a=sendrecv\r\n"
		  "m=video 30002 RTP/AVP 96 97 102\r\n"
		  "c=IN IP4 10.0.0.1\r\n"
		  "a=msid:3d7a v0\r\n"
		  "a=rtpmap:96 VP8/90000\r\n"
		  "a=rtpmap:97 rtx/90000\r\n"
		  "a=fmtp:97 apt=96\r\n"
		  "a=rtpmap:102 H264/90000\r\n"
		  "a=ssrc-group:FID 2001 2002\r\n"
		  "a=ssrc:2001 cname:x1\r\n"
		  "a=ssrc:2002 cname:x1\r\n"
		  "a=sendrecv\r\n");
	same_text("answer", answer(PHONE_AV_ANSWER),
		  "v=0\r\n"
		  "o=phone 2890844526 5 IN IP4 192.0.2.1\r\n"
		  "s=A call\r\n"
		  "t=0 0\r\n"
		  "a=group:BUNDLE 0 1\r\n"
		  "a=ice-lite\r\n"
		  "a=ice-options:trickle\r\n"
		  "m=audio 20000 UDP/TLS/RTP/SAVPF 0\r\n"
		  "c=IN IP4 192.0.2.1\r\n"
		  "a=mid:0\r\n"
		  "a=sendrecv\r\n"
		  "a=rtpmap:0 PCMU/8000\r\n"
		  "a=rtcp-mux\r\n"
		  "a=ice-ufrag:" UFRAG "\r\n"
		  "a=ice-pwd:" PWD "\r\n"
		  "a=candidate:1 1 UDP 2130706431 192.0.2.1 20000 typ host\r\n"
		  "a=end-of-candidates\r\n"
		  "a=fingerprint:sha-256 " OURFP "\r\n"
		  "a=setup:passive\r\n"
		  "m=video 20000 UDP/TLS/RTP/SAVPF 96\r\n"
		  "c=IN IP4 192.0.2.1\r\n"
		  "a=mid:1\r\n"
		  "a=rtpmap:96 VP8/90000\r\n"
		  "a=sendrecv\r\n"
		  "a=rtcp-mux\r\n"
		  "a=ice-ufrag:" UFRAG "\r\n"
		  "a=ice-pwd:" PWD "\r\n"
		  "a=candidate:1 1 UDP 2130706431 192.0.2.1 20000 typ host\r\n"
		  "a=end-of-candidates\r\n"
		  "a=fingerprint:sha-256 " OURFP "\r\n"
		  "a=setup:passive\r\n");
	assert_int_equal(state->section[1].side[0].bundle, 0);
	assert_int_equal(state->section[1].side[1].bundle, -1);
	assert_false(state->section[0].side[1].feedback);
	assert_true(state->section[0].side[0].feedback);
}

static void phone_to_chromium(void **unused)
{
	const char *text = must(offer(PHONE_OFFER, &nothing, &webrtc));

	same_text("offer", text,
		  "v=0\r\n"
		  "o=phone 2890844526 2890844526 IN IP4 10.0.0.1\r\n"
		  "s=A call\r\n"
		  "t=0 0\r\n"
		  "a=group:BUNDLE 0\r\n"
		  "a=ice-lite\r\n"
		  "a=ice-options:trickle\r\n"
		  "m=audio 30000 UDP/TLS/RTP/SAVPF 0 8 101\r\n"
		  "c=IN IP4 10.0.0.1\r\n"
		  "a=mid:0\r\n"
		  "a=rtpmap:101 telephone-event/8000\r\n"
		  "a=fmtp:101 0-15\r\n"
		  "a=ptime:20\r\n"
		  "a=sendrecv\r\n"
		  "a=rtpmap:0 PCMU/8000\r\n"
		  "a=rtpmap:8 PCMA/8000\r\n"
		  "a=rtcp-mux\r\n"
		  "a=ice-ufrag:" UFRAG "\r\n"
		  "a=ice-pwd:" PWD "\r\n"
		  "a=candidate:1 1 UDP 2130706431 10.0.0.1 30000 typ host\r\n"
		  "a=end-of-candidates\r\n"
		  "a=fingerprint:sha-256 " OURFP "\r\n"
		  "a=setup:actpass\r\n");
	text = must(
		answer("v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
		       "a=group:BUNDLE 0\r\n" CHROMIUM_ANSWER_SECTION(
			       "m=audio 9 UDP/TLS/RTP/SAVPF 0 101", "0",
			       "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n")));
	same_text("answer", text,
		  "v=0\r\n"
		  "o=- 7 2 IN IP4 192.0.2.1\r\n"
		  "s=-\r\n"
		  "t=0 0\r\n"
		  "m=audio 20000 RTP/AVP 0 101\r\n"
		  "c=IN IP4 192.0.2.1\r\n"
		  "a=rtpmap:0 PCMU/8000\r\n"
		  "a=rtpmap:101 telephone-event/8000\r\n"
		  "a=sendrecv\r\n");
	assert_int_equal(state->section[0].side[1].setup, SDP_SETUP_PASSIVE);
}

/* Both bundles, feedback both ways, mids and roles each on their own. */
static void chromium_to_chromium(void **unused)
{
	const char *text = must(offer(CHROMIUM_OFFER, &nothing, &nothing));

	check_has(text, 0, "a=group:BUNDLE 0 1");
	check_has(text, 1, "m=audio 30000 UDP/TLS/RTP/SAVPF 111 0 8 13 110");
	check_has(text, 2, "m=video 30000 UDP/TLS/RTP/SAVPF 96 97 102");
	check_has(text, 2, "a=rtcp-fb:96 nack pli");
	check_has(text, 1, "a=rtcp-rsize");
	check_has(text, 2, "a=mid:1");
	assert_int_equal(count_of(text, "a=setup:actpass"), 2);
	assert_int_equal(count_of(text, "a=fingerprint:"), 2);
	assert_int_equal(count_of(text, "a=ice-ufrag:"), 2);
	check_lacks(text, FP32);
	check_lacks(text, "9uB6");
	text = must(answer(CHROMIUM_ANSWER));
	check_has(text, 0, "a=group:BUNDLE 0 1");
	check_has(text, 2, "m=video 20000 UDP/TLS/RTP/SAVPF 96 97");
	check_has(text, 2, "a=rtcp-fb:96 nack pli");
	assert_int_equal(count_of(text, "a=setup:passive"), 2);
	check_lacks(text, FP32B);
	check_lacks(text, "Xk2p");
}

static void firefox_to_phone(void **unused)
{
	const char *text = must(offer(FIREFOX_OFFER, &nothing, &avp));

	check_has(text, 1, "m=audio 30000 RTP/AVP 109 9 0 8 101");
	check_has(text, 2, "m=video 30002 RTP/AVP 120 124");
	check_has(text, 2, "a=sendrecv");
	check_lacks(text, "bundle-only");
	check_lacks(text, "candidate");
	check_lacks(text, "fingerprint");
	check_lacks(text, "a=mid:");
	check_lacks(text, "rtcp-fb");
	check_has(text, 0,
		  "o=mozilla...THIS_IS_SDPARTA-99.0 5837464612345678901 0 IN IP4 "
		  "10.0.0.1");
	text = must(answer(PHONE_AV_ANSWER));
	/* What Firefox can't do without in the second section. */
	check_has(text, 2, "a=fingerprint:sha-256 " OURFP);
	check_has(text, 2, "c=IN IP4 192.0.2.1");
	check_has(text, 2, "m=video 20000 UDP/TLS/RTP/SAVPF 96");
}

/* Two sections refused in different ways by the phone. */
static void refused_sections(void **unused)
{
	const char *text = must(offer(CHROMIUM_OFFER CHROMIUM_DATA, &nothing, &avp));

	check_has(text, 3, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
	check_has(text, 3, "c=IN IP4 10.0.0.1");
	check_has(text, 3, "a=sctp-port:5000");
	text = must(answer(PHONE_HEAD("5") "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n"
					   "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
	check_has(text, 0, "a=group:BUNDLE 0");
	check_has(text, 2, "m=video 0 UDP/TLS/RTP/SAVPF 96");
	check_has(text, 2, "a=mid:1");
	check_has(text, 3, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
	/* aiortc wants all of these of each section. */
	check_has(text, 2, "a=rtcp-mux");
	check_has(text, 2, "a=ice-ufrag:" UFRAG);
	check_has(text, 2, "a=setup:passive");
	check_has(text, 3, "a=ice-pwd:" PWD);
	check_has(text, 3, "a=fingerprint:sha-256 " OURFP);
	assert_int_equal(count_of(text, "a=candidate"), 1);
	assert_false(state->section[1].active || state->section[2].active);
}

/* ---- other stacks --------------------------------------------------------------------------- */

static void aiortc_and_dtls_phone(void **unused)
{
	const char *text = must(offer(AIORTC_OFFER, &nothing, &tls_savp));

	check_has(text, 1, "m=audio 30000 UDP/TLS/RTP/SAVP 96 0 8");
	check_has(text, 1, "a=fingerprint:sha-256 " OURFP);
	check_has(text, 1, "a=setup:actpass");
	check_has(text, 1, "a=rtcp-mux");
	check_lacks(text, "ice-");
	check_lacks(text, "group");
	assert_int_equal(offer_facts.section[0].fingerprint_count, 2);
	text = must(answer("v=0\r\no=- 1 1 IN IP4 10.0.0.8\r\ns=-\r\nc=IN IP4 10.0.0.8\r\nt=0 0\r\n"
			   "m=audio 18000 UDP/TLS/RTP/SAVP 0\r\na=rtcp-mux\r\n"
			   "a=fingerprint:sha-256 " FP32B "\r\na=setup:passive\r\n"));
	check_has(text, 1, "a=setup:passive");
	check_has(text, 1, "a=sendrecv");
	assert_int_equal(state->section[0].side[1].setup, SDP_SETUP_ACTIVE);
	assert_false(state->section[0].side[1].feedback);
}

static void pion_answers(void **unused)
{
	const char *text;

	must(offer(CHROMIUM_OFFER, &nothing, &webrtc));
	text = must(answer(PION_ANSWER));
	check_has(text, 1, "a=recvonly");
	check_has(text, 2, "a=sendonly");
	check_lacks(text, "10.0.0.31");
	assert_int_equal(state->section[0].side[1].setup, SDP_SETUP_PASSIVE);
	assert_int_equal(answer_facts.section[1].fingerprint_count, 1);
}

/* No group: each section has its transport; the other side may still have one. */
static void gstreamer_without_bundle(void **unused)
{
	const char *text = must(offer(GSTREAMER_OFFER, &nothing, &webrtc));

	check_has(text, 0, "a=group:BUNDLE audio0 video1");
	check_has(text, 2, "m=video 30000 UDP/TLS/RTP/SAVPF 96");
	assert_int_equal(state->section[1].side[0].bundle, -1);
	text = must(answer(
		"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
		"a=group:BUNDLE audio0 video1\r\n" CHROMIUM_ANSWER_SECTION(
			"m=audio 9 UDP/TLS/RTP/SAVPF 97", "audio0", "")
			CHROMIUM_ANSWER_SECTION("m=video 9 UDP/TLS/RTP/SAVPF 96", "video1", "")));
	check_lacks(text, "group");
	check_has(text, 2, "m=video 20002 UDP/TLS/RTP/SAVPF 96");
	check_has(text, 2, "a=mid:video1");
}

static void profile_without_bundle(void **unused)
{
	const struct sdp_profile apart = {.has_bundle = true};
	const char *text;

	must(offer(CHROMIUM_OFFER, &apart, &avp));
	text = must(answer(PHONE_AV_ANSWER));
	check_lacks(text, "group");
	check_has(text, 2, "m=video 20002 UDP/TLS/RTP/SAVPF 96");
	/* What is only on the group's port can't be had then. */
	bed_end(NULL);
	text = must(offer(FIREFOX_OFFER, &apart, &avp));
	check_has(text, 2, "m=video 0 RTP/AVP 120 124");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chromium_to_phone, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(phone_to_chromium, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(chromium_to_chromium, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(firefox_to_phone, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(refused_sections, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(aiortc_and_dtls_phone, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(pion_answers, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(gstreamer_without_bundle, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(profile_without_bundle, bed_begin, bed_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
