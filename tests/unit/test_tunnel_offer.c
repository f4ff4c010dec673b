/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels: offers and answers in both forms, good and bad, and what comes of them. */
#include "tunnel_offer_bed.h"

/* ---- offer and answer ---------------------------------------------------------------------- */

static void test_sdp(void **state)
{
	both_ways(TUNNEL_SDP);
	must_have(offered.text.data, "UDP/TLS/RTP/SAVP 97\r\n");
	must_have(offered.text.data, "a=rtpmap:97 CLEARMODE/8000\r\n");
	must_have(offered.text.data, "a=setup:actpass\r\n");
	assert_null(strstr(offered.text.data, "a=ice-lite"));
	must_have(answered.text.data, "a=ice-lite\r\n");
	must_have(answered.text.data, "a=setup:passive\r\n");
	must_have(answered.text.data, "a=candidate:");
}

static void test_json(void **state)
{
	both_ways(TUNNEL_JSON);
	must_have(offered.text.data, "{\"coder\":\"XPARENT\",\"pt\":97}");
	must_have(offered.text.data, "\"audio_setup_role\":\"actpass\"");
	must_have(answered.text.data, "\"audio_ice\":{\"lite\":true,\"fingerprint\":\"sha-256 ");
	must_have(answered.text.data, "\"audio_rtcp_mux\":true");
}

/* Keys are there at once, and each side's are the other's. */
static void with_sdes(enum tunnel_form form)
{
	struct tunnel_offer o = client_offer("c", form);

	must_add("bob", NULL);
	o.has_security = o.has_ice = true;
	o.security = LEG_SECURITY_SDES;
	o.ice = LEG_ICE_NONE;
	must_offer(&o, &offered);
	must_have(offered.text.data, "1 AEAD_AES_128_GCM inline:");
	must_have(offered.text.data, "2 AES_CM_128_HMAC_SHA1_80 inline:");
	o = server_offer("s", "bob", form);
	o.profile_count = 1;
	o.profile[0] = SRTP_AES_CM_128_HMAC_SHA1_80;
	must_offer(&o, &answered);
	must_have(answered.text.data, "2 AES_CM_128_HMAC_SHA1_80 inline:");
	assert_false(inner_of("c").has_keys);
	assert_true(inner_of("s").has_keys);
	must_accept("c", form);
	assert_true(inner_of("c").has_keys);
	assert_int_equal(inner_of("c").remote.port, answered.session.leg[0].local.port);
	assert_int_equal(inner_of("s").remote.port, offered.session.leg[0].local.port);
}

static void test_sdes_sdp(void **state)
{
	with_sdes(TUNNEL_SDP);
	must_have(answered.text.data, " RTP/SAVP 97\r\n");
}

static void test_sdes_json(void **state)
{
	with_sdes(TUNNEL_JSON);
}

static void test_plain_needs_a_word(void **state)
{
	struct tunnel_offer o = client_offer("c", TUNNEL_SDP);

	must_add("carol", NULL);
	o.has_security = o.has_ice = true;
	o.security = LEG_SECURITY_NONE;
	o.ice = LEG_ICE_NONE;
	must_fault(tunnel_offer(t, &o, &offered, &err), SESSION_BAD_PARAMS, "/allow_plain");
	o.p.allow_plain = true;
	must_offer(&o, &offered);
	must_have(offered.text.data, " RTP/AVP 97\r\n");
	o = server_offer("s", "carol", TUNNEL_SDP);
	must_fault(tunnel_offer(t, &o, &answered, &err), SESSION_BAD_PARAMS, "/allow_plain");
	assert_false(there("s"));
	o.p.allow_plain = true;
	must_offer(&o, &answered);
	must_accept("c", TUNNEL_SDP);
}

/* The server offers, and whose it is comes with the answer. */
static void test_server_offers(void **state)
{
	struct tunnel_offer o = client_offer("s", TUNNEL_SDP);
	struct tunnel_answer a = {.id = "s", .user = "nobody", .remote_form = TUNNEL_SDP};

	must_add("alice", "10.9.0.2/32");
	o.p.mode = TUNNEL_SERVER;
	o.p.address = WAN4;
	must_offer(&o, &offered);
	o = client_offer("c", TUNNEL_SDP);
	o.remote = offered.text.data;
	must_offer(&o, &answered);
	assert_false(answered.has_info);
	a.remote = answered.text.data;
	must_fault(tunnel_answer(t, &a, &accepted, &err), SESSION_NOT_FOUND, "/user");
	assert_string_equal(routed("10.9.0.2"), "none");
	a.user = "alice";
	assert_int_equal(tunnel_answer(t, &a, &accepted, &err), SESSION_OK);
	assert_true(accepted.has_info);
	assert_string_equal(routed("10.9.0.2"), "s");
	must_fault(tunnel_answer(t, &a, &accepted, &err), SESSION_WRONG_STATE, "/id");
}

/* Packets are sent with the type that the far end said, and taken with ours. */
static void test_other_payload_type(void **state)
{
	struct tunnel_offer o = client_offer("c", TUNNEL_JSON);
	static const char answer[] =
		"{\"coder\":[{\"coder\":\"G711A\",\"pt\":8},{\"coder\":\"XPARENT\",\"pt\":101}],"
		"\"audio_addr\":\"10.0.0.2\",\"audio_port\":4000}";
	const struct tunnel_answer a = {.id = "c", .remote = answer, .remote_form = TUNNEL_JSON};
	const struct flow_tunnel *ft;

	o.p.allow_plain = o.has_security = o.has_ice = true;
	o.security = LEG_SECURITY_NONE;
	o.ice = LEG_ICE_NONE;
	must_offer(&o, &offered);
	assert_int_equal(tunnel_answer(t, &a, &accepted, &err), SESSION_OK);
	ft = &h->tables->tunnel[index_of("c")];
	assert_int_equal(ft->payload_type, 101);
	assert_false(ft->flags & FLOW_TUNNEL_PT_STRICT);
	/* Told nothing, everything goes there. */
	assert_string_equal(routed("198.51.100.1"), "c");
	assert_string_equal(routed("2001:db8:1::1"), "c");
}

#define SDP_HEAD "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n"

/* Sections that are none of ours are refused, in their places. */
static void test_other_sections(void **state)
{
	static const char offer[] = SDP_HEAD "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
					     "m=audio 4002 RTP/AVP 0 96\r\na=mid:x\r\n"
					     "a=rtpmap:96 clearmode/8000\r\n";
	struct tunnel_offer o = server_offer("s", "alice", TUNNEL_SDP);

	must_add("alice", "10.9.0.2/32");
	o.remote = offer;
	o.p.allow_plain = true;
	o.p.address = LAN4;
	must_offer(&o, &answered);
	/* Each has c= in its section or before the first (RFC 8866 §5.7). */
	must_have(answered.text.data, "\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 0 ");
	must_have(answered.text.data, "m=audio 0 RTP/AVP 0\r\nm=audio ");
	must_have(answered.text.data, " RTP/AVP 96\r\n");
	must_have(answered.text.data, "a=mid:x\r\n");
	assert_int_equal(inner_of("s").remote.port, 4002);
	assert_int_equal(h->tables->tunnel[index_of("s")].payload_type, 96);
}

static void test_bad_texts(void **state)
{
	static const struct {
		const char *name, *text;
		enum tunnel_form form;
		enum session_fault fault;
		const char *path;
	} cases[] = {
		{"nothing", "", TUNNEL_SDP, SESSION_BAD_PARAMS, "/sdp"},
		{"no clearmode", SDP_HEAD "m=audio 4000 RTP/AVP 0\r\n", TUNNEL_SDP,
		 SESSION_BAD_PARAMS, "/sdp"},
		{"clearmode of another rate",
		 SDP_HEAD "m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/16000\r\n", TUNNEL_SDP,
		 SESSION_BAD_PARAMS, "/sdp"},
		{"a type that m= does not name",
		 SDP_HEAD "m=audio 4000 RTP/AVP 0\r\na=rtpmap:97 CLEARMODE/8000\r\n", TUNNEL_SDP,
		 SESSION_BAD_PARAMS, "/sdp"},
		{"switched off", SDP_HEAD "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n",
		 TUNNEL_SDP, SESSION_BAD_PARAMS, "/sdp"},
		{"SRTP without keys",
		 SDP_HEAD "m=audio 4000 RTP/SAVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n", TUNNEL_SDP,
		 SESSION_BAD_PARAMS, "/sdp"},
		{"a group's address",
		 SDP_HEAD "m=audio 4000 RTP/AVP 97\r\nc=IN IP4 224.0.0.1/1\r\n"
			  "a=rtpmap:97 CLEARMODE/8000\r\n",
		 TUNNEL_SDP, SESSION_BAD_PARAMS, "/sdp"},
		{"no JSON", "{", TUNNEL_JSON, SESSION_BAD_PARAMS, "/json"},
		{"an array", "[]", TUNNEL_JSON, SESSION_BAD_PARAMS, "/json"},
		{"no coder", "{}", TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/coder"},
		{"coders of something else", "{\"coder\":[1,{},{\"coder\":2}]}", TUNNEL_JSON,
		 SESSION_BAD_PARAMS, "/json/coder"},
		{"a type of 128", "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":128}]}", TUNNEL_JSON,
		 SESSION_BAD_PARAMS, "/json/coder"},
		{"nowhere", "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}]}", TUNNEL_JSON,
		 SESSION_BAD_PARAMS, "/json"},
		{"an address without a port",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],\"audio_addr\":\"10.0.0.2\"}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_port"},
		{"a user name without a password",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],\"audio_ice\":{\"usr\":\"abcd\"}}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_ice"},
		{"a short password",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],"
		 "\"audio_ice\":{\"usr\":\"abcd\",\"pwd\":\"x\"}}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_ice/pwd"},
		{"a fingerprint of nothing",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],"
		 "\"audio_ice\":{\"fingerprint\":\"sha-256\"}}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_ice/fingerprint"},
		{"a key of nothing",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],\"audio_crypto\":[\"1\"]}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_crypto"},
	};

	must_add("alice", "10.9.0.2/32");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tunnel_offer o = server_offer("s", "alice", cases[i].form);
		enum session_fault f;

		o.remote = cases[i].text;
		o.p.allow_plain = true;
		f = tunnel_offer(t, &o, &answered, &err);
		if (f != cases[i].fault || strcmp(err.path, cases[i].path) != 0)
			fail_msg("%s: %d at %s: %s", cases[i].name, f, err.path, err.reason);
		assert_false(there("s"));
		tunnel_result_free(&answered);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sdp),
		TEST(test_json),
		TEST(test_sdes_sdp),
		TEST(test_sdes_json),
		TEST(test_plain_needs_a_word),
		TEST(test_server_offers),
		TEST(test_other_payload_type),
		TEST(test_other_sections),
		TEST(test_bad_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
