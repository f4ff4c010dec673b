/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys, hold, further offers, fax, RTCP: what becomes of them from one side to the other. */
#include "sdp_engine_bed.h"

/* ---- keys ------------------------------------------------------------------------------------ */

static void sdes_offered_to_us(void **unused)
{
	const char *text = must(offer(BARESIP_SDES_OFFER, &nothing, &avp)), *crypto;

	check_lacks(text, "crypto");
	check_lacks(text, KEY30);
	check_has(text, 1, "m=audio 30000 RTP/AVP 0 8");
	check_has(text, 1, "a=label:1");
	check_lacks(text, "rtcp-rsize");
	text = must(answer(PHONE_ANSWER));
	check_has(text, 1, "m=audio 20000 RTP/SAVP 0 8 101");
	crypto = strstr(text, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:");
	assert_non_null(crypto);
	assert_int_equal(strcspn(crypto, "\r"), strlen("a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
						       "inline:") +
							40);
	assert_int_equal(count_of(text, "a=crypto"), 1);
	check_lacks(text, KEY30);
}

/* The list of the profile goes before the offerer's order; what nobody can is passed over. */
static void sdes_by_preference(void **unused)
{
	struct sdp_profile gcm = {.sdes_count = 2,
				  .sdes = {SDES_AEAD_AES_256_GCM, SDES_AEAD_AES_128_GCM}};
	struct sdp_profile none = {.sdes_count = 1, .sdes = {SDES_AEAD_AES_256_GCM}};
	const char *text;

	must(offer(LINPHONE_SDES_OFFER, &gcm, &avp));
	text = must(answer(PHONE_ANSWER));
	assert_int_equal(count_of(text, "a=crypto:3 AEAD_AES_128_GCM inline:"), 1);
	assert_int_equal(count_of(text, "a=crypto"), 1);
	bed_end(NULL);
	must(offer(LINPHONE_SDES_OFFER, &nothing, &avp));
	assert_int_equal(offer_facts.section[0].rtcp_port, 7090);
	text = must(answer(PHONE_ANSWER));
	assert_int_equal(count_of(text, "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:"), 1);
	check_has(text, 1, "m=audio 20000 RTP/SAVPF 0 8 101");
	bed_end(NULL);
	check_fault("no suite", offer(LINPHONE_SDES_OFFER, &none, &avp), 7, "a=crypto");
}

static void sdes_offered_by_us(void **unused)
{
	const char *text = must(offer(PHONE_OFFER, &nothing, &savp));
	char first[256];

	check_has(text, 1, "m=audio 30000 RTP/SAVP 0 8 101");
	assert_int_equal(count_of(text, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), 1);
	assert_int_equal(count_of(text, "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:"), 1);
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(strstr(text, "a=crypto:2"), "\r"),
		 strstr(text, "a=crypto:2"));
	check_fault("unknown tag", answer(SDES_ANSWER("3", "AES_CM_128_HMAC_SHA1_80")), 7, "tag");
	check_fault("other suite", answer(SDES_ANSWER("1", "AES_CM_128_HMAC_SHA1_32")), 7, "tag");
	check_fault("no key", answer(PHONE_ANSWER), 6, "a=crypto");
	text = must(answer(SDES_ANSWER("2", "AES_CM_128_HMAC_SHA1_32")));
	check_has(text, 1, "m=audio 20000 RTP/AVP 0");
	check_lacks(text, "crypto");
	/* A further offer has what was agreed upon, and the same key. */
	text = must(offer(PHONE_OFFER, NULL, NULL));
	check_has(text, 1, first);
	assert_int_equal(count_of(text, "a=crypto"), 1);
}

/* ---- directions, hold ------------------------------------------------------------------------ */

static void hold(void **unused)
{
	static const struct {
		const char *c, *direction, *want;
	} cases[] = {
		{"10.0.0.2", "", "a=sendrecv"},
		{"10.0.0.2", "a=sendonly\r\n", "a=sendonly"},
		{"10.0.0.2", "a=inactive\r\n", "a=inactive"},
		{"10.0.0.2", "a=recvonly\r\n", "a=recvonly"},
		{"0.0.0.0", "", "a=sendonly"},
		{"0.0.0.0", "a=sendonly\r\n", "a=sendonly"},
		{"0.0.0.0", "a=recvonly\r\n", "a=inactive"},
	};
	char text[512];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text),
			 "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
			 "m=audio 4000 RTP/AVP 0\r\n%s",
			 cases[i].c, cases[i].direction);
		check_has(must(offer(text, &nothing, &avp)), 1, cases[i].want);
		assert_int_equal(sdp_is_held(&state->section[0], 0, &offer_facts.section[0]),
				 i > 3);
	}
	/* The session's direction is for sections that have none. */
	bed_end(NULL);
	check_has(must(offer("v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\n"
			     "t=0 0\r\na=inactive\r\nm=audio 4000 RTP/AVP 0\r\n",
			     &nothing, &avp)),
		  1, "a=inactive");
}

/* ---- further offers -------------------------------------------------------------------------- */

static void versions(void **unused)
{
	const char *text;

	check_has(must(offer(PHONE_OFFER, &nothing, &avp)), 0,
		  "o=phone 2890844526 2890844526 IN IP4 10.0.0.1");
	check_fault("sections", answer(PHONE_AV_ANSWER), 0, "2 sections, but 1");
	must(answer(PHONE_ANSWER));
	/* The same text: the same version; another one: the next. */
	text = must(offer(PHONE_OFFER, NULL, NULL));
	check_has(text, 0, "o=phone 2890844526 2890844526 IN IP4 10.0.0.1");
	must(answer(PHONE_ANSWER));
	text = must(offer(PHONE_OFFER "a=sendonly\r\n", NULL, NULL));
	check_has(text, 0, "o=phone 2890844526 2890844527 IN IP4 10.0.0.1");
	text = must(answer(PHONE_HEAD("9") "m=audio 4000 RTP/AVP 8\r\n"));
	check_has(text, 0, "o=phone 2890844526 2890844527 IN IP4 192.0.2.1");
	/* By the other party, who has been somebody else to the first one: still the same. */
	text = must(offer_by(1,
			     "v=0\r\no=x 1 1 IN IP4 10.0.0.3\r\ns=-\r\nc=IN IP4 10.0.0.3\r\n"
			     "t=0 0\r\nm=audio 4100 RTP/AVP 8\r\n",
			     NULL, NULL));
	check_has(text, 0, "o=phone 2890844526 2890844528 IN IP4 192.0.2.1");
}

static void roles_stay(void **unused)
{
	const char *text;

	must(offer(CHROMIUM_AUDIO_OFFER, &nothing, &avp));
	must(answer(PHONE_ANSWER));
	/* The phone begins: the browser is offered actpass and may answer either. */
	text = must(offer_by(1, PHONE_OFFER, NULL, NULL));
	check_has(text, 1, "a=setup:actpass");
	check_has(text, 1, "a=mid:0");
	check_has(text, 0, "a=group:BUNDLE 0");
	must(answer("v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE "
		    "0\r\n" CHROMIUM_ANSWER_SECTION("m=audio 9 UDP/TLS/RTP/SAVPF 0", "0", "")));
	assert_int_equal(state->section[0].side[0].setup, SDP_SETUP_PASSIVE);
	/* The browser begins: the role stays. */
	text = must(offer(CHROMIUM_AUDIO_OFFER, NULL, NULL));
	text = must(answer(PHONE_ANSWER));
	check_has(text, 1, "a=setup:passive");
}

static void active_by_profile(void **unused)
{
	const struct sdp_profile active = {.has_dtls = true, .dtls = SDP_SETUP_ACTIVE};
	struct sdp_profile offered = webrtc;
	const char *text;

	must(offer(CHROMIUM_AUDIO_OFFER, &active, &avp));
	text = must(answer(PHONE_ANSWER));
	check_has(text, 1, "a=setup:active");
	bed_end(NULL);
	offered.has_dtls = true;
	offered.dtls = SDP_SETUP_PASSIVE;
	text = must(offer(PHONE_OFFER, &nothing, &offered));
	check_has(text, 1, "a=setup:passive");
}

static void a_section_more_and_one_less(void **unused)
{
	const char *text;

	must(offer(CHROMIUM_AUDIO_OFFER, &nothing, &avp));
	must(answer(PHONE_ANSWER));
	text = must(offer(CHROMIUM_OFFER, NULL, NULL));
	check_has(text, 2, "m=video 30002 RTP/AVP 96 97 102");
	assert_int_equal(state->section[1].side[0].bundle, 0);
	text = must(answer(PHONE_AV_ANSWER));
	check_has(text, 0, "a=group:BUNDLE 0 1");
	check_fault("fewer", offer(CHROMIUM_AUDIO_OFFER, NULL, NULL), 0,
		    "1 sections, but there have been 2");
	text = must(offer_by(1,
			     PHONE_HEAD("6") "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n",
			     NULL, NULL));
	check_has(text, 0, "a=group:BUNDLE 0");
	check_has(text, 2, "m=video 0 UDP/TLS/RTP/SAVPF 96");
	check_has(text, 2, "a=mid:1");
}

/* ---- fax --------------------------------------------------------------------------------------
 */

static void fax_in_place_of_audio(void **unused)
{
	const char *text;

	must(offer(BARESIP_SDES_OFFER, &nothing, &avp));
	must(answer(PHONE_ANSWER));
	text = must(offer_by(1, T38_OFFER, NULL, NULL));
	check_has(text, 1, "m=image 20000 udptl t38");
	check_has(text, 1, "a=T38FaxUdpEC:t38UDPRedundancy");
	check_has(text, 0, "a=cdsc: 2 image udptl t38");
	check_lacks(text, "crypto");
	check_lacks(text, "a=rtpmap");
	assert_int_equal(state->section[0].kind, SDP_KIND_UDP);
	text = must(answer("v=0\r\no=- 1 2 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\n"
			   "t=0 0\r\n" T38_LINES));
	check_has(text, 1, "m=image 30000 udptl t38");
	check_fault("audio again", answer(PHONE_ANSWER), 6, "not the transport");
	/* And back, with the key there was. */
	text = must(offer(BARESIP_SDES_OFFER, NULL, NULL));
	check_has(text, 1, "m=audio 30000 RTP/AVP 0 8");
	text = must(answer(PHONE_ANSWER));
	assert_int_equal(count_of(text, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), 1);
}

/* ---- RTCP --------------------------------------------------------------------------------------
 */

static void rtcp_mux(void **unused)
{
	struct sdp_profile p = avp;
	const char *text;

	p.has_mux = true;
	p.mux = SDP_MUX_OFFER;
	text = must(offer(PHONE_OFFER, &nothing, &p));
	check_has(text, 1, "a=rtcp-mux");
	must(answer(PHONE_ANSWER));
	assert_false(state->section[0].side[1].mux);
	must(offer(PHONE_OFFER, NULL, NULL));
	must(answer(PHONE_ANSWER "a=rtcp-mux\r\n"));
	assert_true(state->section[0].side[1].mux && state->section[0].side[1].apart);
	bed_end(NULL);
	p.mux = SDP_MUX_REQUIRE;
	must(offer(PHONE_OFFER, &nothing, &p));
	check_fault("required", answer(PHONE_ANSWER), 6, "a=rtcp-mux");
	bed_end(NULL);
	check_fault("required", offer(PHONE_OFFER, &p, &avp), 6, "a=rtcp-mux");
	/* Offered to us: taken, unless the profile says otherwise. */
	must(offer(PHONE_OFFER "a=rtcp-mux\r\n", &nothing, &avp));
	check_has(must(answer(PHONE_ANSWER)), 1, "a=rtcp-mux");
	bed_end(NULL);
	p.mux = SDP_MUX_DEMUX;
	must(offer(PHONE_OFFER "a=rtcp-mux\r\n", &p, &avp));
	check_lacks(must(answer(PHONE_ANSWER)), "rtcp-mux");
}

static void feedback(void **unused)
{
	const char *text = must(offer(LINPHONE_SDES_OFFER, &nothing, &avpf));

	check_has(text, 1, "m=audio 30000 RTP/AVPF 96 97 0");
	check_has(text, 1, "a=rtcp-fb:* ccm tmmbr");
	text = must(answer(PHONE_HEAD("1") "m=audio 4000 RTP/AVPF 0\r\na=rtcp-fb:* nack\r\n"));
	check_has(text, 1, "a=rtcp-fb:* nack");
	/* The answer may have less than was offered. */
	must(offer(LINPHONE_SDES_OFFER, NULL, NULL));
	text = must(answer(PHONE_ANSWER "a=rtcp-fb:* nack\r\n"));
	check_lacks(text, "rtcp-fb");
	assert_false(state->section[0].side[1].feedback);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sdes_offered_to_us, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(sdes_by_preference, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(sdes_offered_by_us, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(hold, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(versions, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(roles_stay, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(active_by_profile, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(a_section_more_and_one_less, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(fax_in_place_of_audio, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(rtcp_mux, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(feedback, bed_begin, bed_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
