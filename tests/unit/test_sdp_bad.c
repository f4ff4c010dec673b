/* SPDX-License-Identifier: BSD-3-Clause */
/* Offers and answers that are at fault, odd, or big. */
#include "sdp_engine_bed.h"

#include <time.h>

#define SECTION(rest) PHONE_HEAD("1") "m=audio 4000 " rest

static void bad_offers(void **unused)
{
	const struct sdp_profile demux = {.has_transport = true,
					  .transport = SDP_TLS_SAVPF,
					  .has_mux = true,
					  .mux = SDP_MUX_DEMUX};
	static const struct {
		const char *text;
		unsigned int line;
		const char *reason;
	} cases[] = {
		{"v=0\r\n", 2, "o="},
		{SECTION("RTP/AVP 0\r\na=mid:a\r\na=mid:b\r\n"), 8, "a second a=mid"},
		{SECTION("RTP/AVP 0\r\na=sendonly\r\na=recvonly\r\n"), 8, "a second a=recvonly"},
		{SECTION("RTP/AVP 0\r\na=mid:a b\r\n"), 7, "token"},
		{SECTION("RTP/AVP 0\r\na=mid:012345678901234567890123456789012\r\n"), 7, "longer"},
		{SECTION("RTP/AVP 0\r\na=rtcp:x\r\n"), 7, "a=rtcp: a port"},
		{SECTION("RTP/AVP 0\r\na=ice-ufrag:abc\r\n"), 7, "4 to 256"},
		{SECTION("RTP/AVP 0\r\na=ice-ufrag:abcd\r\n"), 6, "no a=ice-pwd"},
		{SECTION("RTP/AVP 0\r\na=ice-pwd:" PWD24 "\r\n"), 6, "no a=ice-ufrag"},
		{SECTION("RTP/AVP 0\r\na=setup:maybe\r\n"), 7, "a=setup"},
		{SECTION("RTP/AVP 0\r\na=fingerprint:sha-256 zz\r\n"), 7, "a=fingerprint"},
		{SECTION("RTP/AVP x\r\n"), 6, "payload type"},
		{SECTION("RTP/AVP 128\r\n"), 6, "payload type"},
		{SECTION("RTP/SAVP 0\r\n"), 6, "RTP/SAVP without a=crypto or a=fingerprint"},
		{SECTION("RTP/SAVP 0\r\na=crypto:x\r\n"), 7, "a=crypto"},
		{SECTION("UDP/TLS/RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30
			 "\r\n"),
		 6, "without a=fingerprint"},
		{SECTION("UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AA\r\n"), 6, "a=rtcp-mux"},
		{SECTION("UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AA\r\na=rtcp-mux\r\n"
			 "a=setup:holdconn\r\n"),
		 6, "holdconn"},
		{SECTION("RTP/AVP 0\r\nc=IN IP4 phone.example\r\n"), 7, "domain name"},
		{SECTION("RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n"), 7, "multicast"},
		{SECTION("RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n"), 7, "not an address"},
		{SECTION("RTP/AVP 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:" PWD24
			 "\r\na=rtcp-mux\r\na=candidate:1 1 UDP x\r\n"),
		 10, "a=candidate"},
		{PHONE_HEAD("1") "m=audio 4000/2 RTP/AVP 0\r\n", 6, "more than one port"},
		{PHONE_HEAD("1") "a=group:BUNDLE a\r\nm=audio 1 RTP/AVP 0\r\n", 6,
		 "no section has"},
		{PHONE_HEAD("1") "a=group:BUNDLE a a\r\nm=audio 1 RTP/AVP 0\r\na=mid:a\r\n", 6,
		 "already"},
		{SECTION("RTP/AVP 0\r\na=mid:a\r\nm=audio 1 RTP/AVP 0\r\na=mid:a\r\n"), 8,
		 "the a=mid of another"},
		{PHONE_HEAD("1") "m=audio 4000 TCP/MSRP *\r\n", 6, "no section that can be"},
		{PHONE_HEAD("1") "m=audio 0 RTP/AVP 0\r\n", 6, "no section that can be"},
		{PHONE_HEAD("1"), 0, "no section that can be"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check_fault(cases[i].text, offer(cases[i].text, &nothing, &avp), cases[i].line,
			    cases[i].reason);
	check_fault("demux", offer(PHONE_OFFER, &nothing, &demux), 6, "rtcp_mux");
}

static void bad_answers(void **unused)
{
	static const struct {
		const struct sdp_profile *to;
		const char *rest; /* behind "m=audio 9 " */
		unsigned int line;
		const char *reason;
	} cases[] = {
		{&webrtc, "UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\n", 6, "no a=fingerprint"},
		{&webrtc, "UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 AA\r\na=setup:active\r\n",
		 6, "a=rtcp-mux was required"},
		{&webrtc,
		 "UDP/TLS/RTP/SAVPF 0\r\na=rtcp-mux\r\na=fingerprint:sha-256 AA\r\n"
		 "a=setup:actpass\r\n",
		 6, "a=setup:actpass in an answer"},
		{&avp, "RTP/SAVP 0\r\n", 6, "SRTP was not offered"},
		{&savp, "RTP/AVP 0\r\n", 6, "a=crypto"},
		{&avp, "udptl t38\r\n", 6, "not the transport"},
		{&avp, "RTP/AVP 0\r\nc=IN IP4 a.example\r\n", 7, "domain name"},
	};
	char text[512];

	for (size_t i = 0; i < COUNT(cases); i++) {
		must(offer(PHONE_OFFER, &nothing, cases[i].to));
		snprintf(text, sizeof(text), PHONE_HEAD("1") "m=audio 9 %s", cases[i].rest);
		check_fault(cases[i].rest, answer(text), cases[i].line, cases[i].reason);
		bed_end(NULL);
	}
	/* A bundle that is taken apart by the answer. */
	must(offer(CHROMIUM_OFFER, &nothing, &webrtc));
	check_fault(
		"unbundled",
		answer("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
		       "a=group:BUNDLE 0\r\n" CHROMIUM_ANSWER_SECTION(
			       "m=audio 9 UDP/TLS/RTP/SAVPF 111", "0", "")
			       CHROMIUM_ANSWER_SECTION("m=video 9 UDP/TLS/RTP/SAVPF 96", "1", "")),
		17, "outside of it");
}

/* Sections of one bundle are told apart by payload type: one with none of its own is refused. */
static void payload_types_twice(void **unused)
{
	uint64_t types[2];
	const char *text;

	text = must(offer(
		CHROMIUM_HEAD("a=group:BUNDLE 1 5\r\n") CHROMIUM_VIDEO
		"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102\r\nc=IN IP4 0.0.0.0\r\n" CHROMIUM_TRANSPORT(
			"5") "a=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n",
		&nothing, &avp));
	check_has(text, 2, "m=video 0 RTP/AVP 96 97 102");
	assert_false(state->section[1].active);
	bed_end(NULL);
	must(offer(CHROMIUM_HEAD("a=group:BUNDLE 1 5\r\n") CHROMIUM_VIDEO
		   "m=video 9 UDP/TLS/RTP/SAVPF 96 39\r\nc=IN IP4 0.0.0.0\r\n" CHROMIUM_TRANSPORT(
			   "5") "a=rtcp-mux\r\na=rtpmap:39 AV1/90000\r\n",
		   &nothing, &avp));
	assert_true(state->section[1].active);
	assert_true(sdp_plan_types(state, 0, &offer_facts, NULL, 1, types));
	assert_true(types[0] == UINT64_C(1) << 39 && types[1] == 0);
}

/* What isn't the transport's comes out byte for byte, in order, however odd. */
static void kept_byte_for_byte(void **unused)
{
	static const char kept[] = "a=x-odd:  two  blanks \r\n"
				   "a=fmtp:0 \xe2\x82\xac;a=b\r\n"
				   "a=rtpmap:0 PCMU/8000\r\n"
				   "a=maxptime:40\r\n"
				   "a=rtcpx:1\r\n"
				   "a=candidates\r\n"
				   "a=ice-x:y\r\n"
				   "a=T38FaxUdpEC:t38UDPFEC\r\n";
	char text[1024];

	snprintf(text, sizeof(text),
		 "v=0\r\no=a 1 1 IN IP4 10.0.0.2\r\ns=\r\ni=info\r\nu=http://a\r\ne=a@b\r\n"
		 "p=+1\r\nc=IN IP4 10.0.0.2\r\nb=AS:64\r\nt=1 2\r\nr=7d 1h 0\r\nz=0 0\r\n"
		 "k=clear:secret\r\na=tool:t\r\nm=audio 4000 RTP/AVP 0\r\ni=title\r\n"
		 "b=TIAS:64000\r\nk=clear:secret\r\na=tcap:1 RTP/SAVP\r\na=pcfg:1 t=1\r\n%s",
		 kept);
	must(offer(text, &nothing, &avp));
	assert_non_null(strstr(out.data, kept));
	assert_non_null(strstr(out.data,
			       "s=\r\ni=info\r\nu=http://a\r\ne=a@b\r\np=+1\r\nb=AS:64\r\n"
			       "t=1 2\r\nr=7d 1h 0\r\nz=0 0\r\na=tool:t\r\nm=audio"));
	assert_non_null(strstr(out.data, "\r\ni=title\r\nc=IN IP4 10.0.0.1\r\nb=TIAS:64000\r\n"));
	check_lacks(out.data, "secret");
	check_lacks(out.data, "tcap");
	check_lacks(out.data, "pcfg");
}

/* Without the lines of static payload types that were added on the way. */
static char *without_rtpmaps(const char *text)
{
	char *copy = calloc(1, strlen(text) + 1);

	while (*text != '\0') {
		size_t line = strcspn(text, "\n") + 1;

		if (strncmp(text, "a=rtpmap:", 9) != 0)
			strncat(copy, text, line);
		text += line;
	}
	return copy;
}

/* Through tandem twice is the same as once: nothing is added that would not be taken out again. */
static void round_trips(void **unused)
{
	static const char *const offers[] = {CHROMIUM_OFFER,      FIREFOX_OFFER, AIORTC_OFFER,
					     GSTREAMER_OFFER,     PHONE_OFFER,   BARESIP_SDES_OFFER,
					     LINPHONE_SDES_OFFER, T38_OFFER,     DTLS_PHONE_OFFER};
	static const struct sdp_profile *const profiles[] = {&nothing, &avp,      &avpf,
							     &savp,    &tls_savp, &webrtc};
	char *direct, *once, *twice;

	for (size_t i = 0; i < COUNT(offers); i++)
		for (size_t k = 0; k < COUNT(profiles); k++) {
			direct = without_rtpmaps(must(offer(offers[i], &nothing, &avp)));
			bed_end(NULL);
			bed_begin(NULL);
			once = strdup(must(offer(offers[i], &nothing, profiles[k])));
			bed_end(NULL);
			bed_begin(NULL);
			twice = without_rtpmaps(must(offer(once, &nothing, &avp)));
			same_text(offers[i], twice, direct);
			free(direct);
			free(once);
			free(twice);
			bed_end(NULL);
			bed_begin(NULL);
		}
}

static double since_us(const struct timespec *from)
{
	struct timespec to;

	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(to.tv_sec - from->tv_sec) * 1e6 +
	       (double)(to.tv_nsec - from->tv_nsec) / 1e3;
}

/* Lines up to 64 KiB, of the session's level and of a section, before 32 sections in one group. */
static char *big_text(const char *line)
{
	char *text = calloc(1, SDP_TEXT_MAX + 1);
	size_t len =
		(size_t)sprintf(text, "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=group:BUNDLE"
				      " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21"
				      " 22 23 24 25 26 27 28 29 30 31\n");
	size_t room = SDP_TEXT_MAX - len - 32 * 200;

	for (size_t n = 0; n + strlen(line) < room; n += strlen(line))
		len += (size_t)sprintf(text + len, "%s", line);
	for (int i = 0; i < 32; i++)
		len += (size_t)sprintf(
			text + len,
			"m=audio 9 UDP/TLS/RTP/SAVPF %d\nc=IN IP4 0.0.0.0\na=mid:%d\n"
			"a=ice-ufrag:abcd\na=ice-pwd:" PWD24
			"\na=fingerprint:sha-256 AA:BB\na=rtcp-mux\n",
			i + 1, i);
	return text;
}

static void big_and_fast(void **unused)
{
	static const char *const lines[] = {"a=x\n", "a=rtcp-fb:96 nack pli\r\n", "a=group:LS\n",
					    "a=ice-options:x\n"};
	struct timespec from;
	double us;

	for (size_t i = 0; i < COUNT(lines); i++) {
		char *text = big_text(lines[i]);

		clock_gettime(CLOCK_MONOTONIC, &from);
		must(offer(text, &nothing, &webrtc));
		assert_true(strlen(text) > 59000 && state->count == 32);
		print_message("%zu bytes: %.0f us\n", strlen(text), since_us(&from));
		free(text);
		bed_end(NULL);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 100; i++) {
		must(offer(CHROMIUM_OFFER, &nothing, &avp));
		must(answer(PHONE_AV_ANSWER));
		bed_end(NULL);
	}
	us = since_us(&from) / 100;
	print_message("an offer and its answer: %.0f us\n", us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bad_offers, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(bad_answers, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(payload_types_twice, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(kept_byte_for_byte, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(round_trips, bed_begin, bed_end),
		cmocka_unit_test_setup_teardown(big_and_fast, bed_begin, bed_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
