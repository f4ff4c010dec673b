/* SPDX-License-Identifier: BSD-3-Clause */
/* session.* by the API: names of params, replies, faults and where they are. */
#include "rpc_bed.h"

static void session_replies(void **state)
{
	assert_string_equal(
		ask(REQUEST("session.create", "\"id\":\"x\",\"legs\":[" LEG4 "," LEG6 "]")),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"id\":\"x\",\"created\":true,"
		"\"generation\":1,\"worker\":0,\"legs\":["
		"{\"local\":{\"ip\":\"10.0.0.1\",\"port\":20000},"
		"\"rtcp\":{\"ip\":\"10.0.0.1\",\"port\":20001}},"
		"{\"local\":{\"ip\":\"2001:db8::1\",\"port\":20000},"
		"\"rtcp\":{\"ip\":\"2001:db8::1\",\"port\":20001}}]}}");
	assert_true(has(ask(REQUEST("session.create", "\"id\":\"x\",\"legs\":[" LEG4 "," LEG6 "]")),
			"\"created\":false"));
	assert_true(has(ask(REQUEST("session.create", "\"id\":\"x\",\"legs\":[" LEG6 "," LEG4 "]")),
			"\"name\":\"conflict\""));
	/* The advertised address is what others are told. */
	assert_true(
		has(ask(REQUEST("session.create",
				"\"id\":\"y\",\"legs\":[{\"address\":\"wan4\",\"rtcp\":\"mux\"},"
				"{\"address\":\"lan4\",\"rtcp\":\"none\"}]")),
		    "{\"local\":{\"ip\":\"203.0.113.1\",\"port\":20002},"
		    "\"rtcp\":{\"ip\":\"203.0.113.1\",\"port\":20002}},"
		    "{\"local\":{\"ip\":\"10.0.0.1\",\"port\":20002},\"rtcp\":null}"));
	/* udp has no RTCP unless asked. */
	assert_true(
		has(ask(REQUEST("session.create",
				"\"id\":\"z\",\"kind\":\"udp\",\"legs\":[{\"address\":\"lan4\"},"
				"{\"address\":\"wan6\",\"rtcp\":\"next\"}]")),
		    "\"rtcp\":null},{\"local\":{\"ip\":\"2001:db8::1\",\"port\":20004},"
		    "\"rtcp\":{\"ip\":\"2001:db8::1\",\"port\":20005}}"));
	assert_true(
		has(ask(REQUEST("session.update", "\"id\":\"x\",\"legs\":[null,{\"hold\":true}]")),
		    "{\"id\":\"x\",\"generation\":2,"));
	assert_true(has(ask(REQUEST("session.get", "\"id\":\"x\"")), "\"state\":\"hold\""));
	assert_true(has(ask(REQUEST("session.list", "\"limit\":2")), "\"cursor\":\"2\""));
	assert_true(has(ask(REQUEST("session.list", "\"cursor\":\"2\"")),
			"{\"sessions\":[{\"id\":\"z\",\"state\":\"waiting\",\"generation\":1,"));
	assert_true(has(ask(REQUEST("session.list", "\"prefix\":\"q\"")), "{\"sessions\":[]}"));
	assert_true(has(ask(REQUEST("session.delete", "\"id\":\"x\"")),
			"\"result\":{\"id\":\"x\",\"generation\":2,"));
	assert_true(has(ask(REQUEST("session.get", "\"id\":\"x\"")), "\"code\":1001"));
}

static void session_errors(void **state)
{
	static const struct {
		const char *line, *code, *path;
	} cases[] = {
		{REQUEST("session.create", "\"id\":\"x\""), "-32602", "/params/legs"},
		{REQUEST("session.create", "\"id\":\"\",\"legs\":[" LEG4 "," LEG6 "]"), "-32602",
		 "/params/id"},
		{REQUEST("session.create", "\"id\":\"a\\nb\",\"legs\":[" LEG4 "," LEG6 "]"),
		 "-32602", "/params/id"},
		{REQUEST("session.create", "\"id\":\"x\",\"legs\":[" LEG4 "]"), "-32602",
		 "/params/legs"},
		{REQUEST("session.create", "\"id\":\"x\",\"legs\":[" LEG4 ",{\"address\":\"no\"}]"),
		 "-32602", "/params/legs/1/address"},
		{REQUEST("session.create",
			 "\"id\":\"x\",\"legs\":[" LEG4
			 ",{\"address\":\"lan4\",\"remote\":{\"ip\":\"10.0.0\",\"port\":1}}]"),
		 "-32602", "/params/legs/1/remote/ip"},
		{REQUEST("session.create",
			 "\"id\":\"x\",\"legs\":[" LEG4
			 ",{\"address\":\"lan4\",\"remote\":{\"ip\":\"2001:db8::1\",\"port\":1}}]"),
		 "-32602", "/params/legs/1/remote/ip"},
		{REQUEST("session.create",
			 "\"id\":\"x\",\"legs\":[" LEG4
			 ",{\"address\":\"lan4\",\"remote\":{\"ip\":\"10.0.0.3\",\"port\":0}}]"),
		 "-32602", "/params/legs/1/remote/port"},
		{REQUEST("session.create",
			 "\"id\":\"x\",\"legs\":[" LEG4 ",{\"address\":\"wan6\",\"dscp\":64}]"),
		 "-32602", "/params/legs/1/dscp"},
		{REQUEST("session.create",
			 "\"id\":\"x\",\"legs\":[" LEG4 ",{\"address\":\"wan6\",\"latch\":\"x\"}]"),
		 "-32602", "/params/legs/1/latch"},
		{REQUEST("session.update", "\"id\":\"nobody\""), "1001", "/params/id"},
		{REQUEST("session.delete", "\"id\":\"nobody\""), "1001", "/params/id"},
		{REQUEST("session.list", "\"cursor\":\"7x\""), "-32602", "/params/cursor"},
		{REQUEST("session.list", "\"limit\":0"), "-32602", "/params/limit"},
		{REQUEST("events.subscribe", "\"types\":[\"session.\",\"nothing\"]"), "-32602",
		 "/params/types/1"},
		{REQUEST("events.subscribe", "\"from_seq\":2"), "-32602", "/params/from_seq"},
		{REQUEST("config.test", "\"config\":{\"nonsense\":1}"), "-32602",
		 "/params/config/nonsense"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *r = ask(cases[i].line);
		char part[128];

		snprintf(part, sizeof(part), "\"error\":{\"code\":%s,", cases[i].code);
		check_case(cases[i].line, has(r, part));
		snprintf(part, sizeof(part), "\"path\":\"%s\"", cases[i].path);
		check_case(cases[i].line, has(r, part));
	}
	assert_true(has(ask(REQUEST("session.list", "")), "{\"sessions\":[]}"));
	assert_true(has(ask(REQUEST("system.drain", "\"on\":true")), "\"state\":\"draining\""));
	assert_true(has(ask(REQUEST("session.create", "\"id\":\"x\",\"legs\":[" LEG4 "," LEG6 "]")),
			"\"name\":\"wrong_state\""));
	assert_true(has(ask(REQUEST("system.hello", "")), "\"state\":\"draining\""));
}

#define LEG_MUX(more) "{\"address\":\"wan6\",\"rtcp\":\"mux\"" more "}"
#define MAKE(leg)     REQUEST("session.create", "\"id\":\"x\",\"legs\":[" LEG4 "," leg "]")
#define CHANGE(leg)   REQUEST("session.update", "\"id\":\"x\",\"legs\":[null," leg "]")
#define ICE(more)     ",\"ice\":{" more "}"
#define DTLS(more)    ",\"security\":{\"type\":\"dtls\"" more "}"
#define BUNDLE(more)  ",\"bundle\":{" more "}"
#define UFRAG         "\"ufrag\":\"abcd\""
#define PWD           "\"pwd\":\"0123456789012345678901\""
#define FP            "{\"hash\":\"sha-256\",\"value\":\"AB\"}"

/* What is wrong with ICE, DTLS and bundles before anybody looks at the leg. */
static void transport_errors(void **state)
{
	static const struct {
		const char *line, *code, *path;
	} cases[] = {
		{MAKE(LEG_MUX(ICE(""))), "-32602", "ice/mode"},
		{MAKE(LEG_MUX(ICE("\"mode\":\"half\""))), "-32602", "ice/mode"},
		{MAKE(LEG_MUX(ICE("\"mode\":\"full\",\"role\":\"boss\""))), "-32602", "ice/role"},
		{MAKE(LEG_MUX(ICE("\"mode\":\"full\",\"restart\":true"))), "-32602", "ice/restart"},
		{MAKE(LEG_MUX(ICE("\"mode\":\"full\",\"remote\":{" UFRAG "}"))), "-32602",
		 "ice/remote/pwd"},
		{MAKE(LEG_MUX(ICE("\"mode\":\"full\",\"remote\":{" PWD "}"))), "-32602",
		 "ice/remote/ufrag"},
		{MAKE(LEG_MUX(ICE("\"mode\":\"full\",\"remote\":{\"ufrag\":\"abc\"," PWD "}"))),
		 "-32602", "ice/remote/ufrag"},
		{MAKE(LEG_MUX(ICE("\"mode\":\"full\",\"remote\":{" UFRAG ",\"pwd\":\"x\"}"))),
		 "-32602", "ice/remote/pwd"},
		{MAKE(LEG_MUX(ICE("\"mode\":\"full\",\"remote\":{" UFRAG "," PWD
				  ",\"candidates\":[\"\"]}"))),
		 "-32602", "ice/remote/candidates/0"},
		{CHANGE("{\"ice\":{\"remote\":{" PWD "}}}"), "-32602", "ice/remote/ufrag"},
		{CHANGE("{\"ice\":{\"modes\":\"full\"}}"), "-32602", "ice/modes"},
		{MAKE(LEG_MUX(DTLS(",\"setup\":\"holdconn\""))), "-32602", "security/setup"},
		{MAKE(LEG_MUX(DTLS(",\"renew\":true"))), "-32602", "security/renew"},
		{MAKE(LEG_MUX(DTLS(",\"profile\":\"AEAD_AES_128_GCM\""))), "-32602",
		 "security/profile"},
		{MAKE(LEG_MUX(DTLS(",\"local_key\":\"AAAA\""))), "-32602", "security/local_key"},
		{MAKE(LEG_MUX(DTLS(",\"fingerprint\":" FP ",\"fingerprints\":[" FP "]"))), "-32602",
		 "security/fingerprint"},
		{MAKE(LEG_MUX(DTLS(",\"fingerprints\":[]"))), "-32602", "security/fingerprints"},
		{MAKE(LEG_MUX(DTLS(",\"fingerprint\":{\"hash\":\"sha-256\"}"))), "-32602",
		 "security/fingerprint/value"},
		{MAKE(LEG_MUX(DTLS(",\"profiles\":[\"AEAD_AES_128_GCM\",\"AEAD_AES_128_GCM\"]"))),
		 "-32602", "security/profiles/1"},
		{MAKE(LEG_MUX(",\"security\":{\"type\":\"sdes\",\"fingerprints\":[" FP "]}")),
		 "-32602", "security/fingerprints"},
		{MAKE(LEG_MUX(",\"security\":{\"type\":\"sdes\",\"setup\":\"active\"}")), "-32602",
		 "security/setup"},
		{MAKE(LEG_MUX(",\"security\":{\"type\":\"none\",\"setup\":\"active\"}")), "-32602",
		 "security"},
		{MAKE("{\"rtcp\":\"mux\"}"), "-32602", "address"},
		{MAKE(LEG_MUX(BUNDLE("\"id\":\"t\",\"payload_types\":[0]"))), "-32602", "address"},
		{MAKE("{\"bundle\":{\"id\":\"t\"}}"), "-32602", "bundle/payload_types"},
		{MAKE(LEG_MUX(BUNDLE("\"payload_types\":[96,0,96]"))), "-32602",
		 "bundle/payload_types/2"},
		{MAKE(LEG_MUX(BUNDLE("\"payload_types\":[128]"))), "-32602",
		 "bundle/payload_types/0"},
		{MAKE(LEG_MUX(BUNDLE("\"payload_types\":[]"))), "-32602", "bundle/payload_types"},
		{MAKE(LEG_MUX(",\"feedback\":1")), "-32602", "feedback"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *r = ask(cases[i].line);
		char part[128];

		snprintf(part, sizeof(part), "\"error\":{\"code\":%s,", cases[i].code);
		check_case(cases[i].line, has(r, part));
		snprintf(part, sizeof(part), "\"path\":\"/params/legs/1/%s\"", cases[i].path);
		check_case(cases[i].line, has(r, part));
	}
	assert_true(has(ask(REQUEST("session.list", "")), "{\"sessions\":[]}"));
}

#define FP32                                                                                       \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                                         \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define BROWSER                                                                                    \
	"{\"address\":\"wan4\",\"rtcp\":\"mux\"" ICE(                                              \
		"\"mode\":\"lite\",\"remote\":{" UFRAG "," PWD ",\"candidates\":["                 \
		"\"candidate:1 1 udp 2113937151 192.0.2.7 54321 typ host\"]}")                     \
		DTLS(",\"setup\":\"passive\",\"fingerprint\":{\"hash\":\"sha-256\",\"value\":"     \
		     "\"" FP32 "\"}") BUNDLE("\"payload_types\":[111,0]") "}"

/* A browser's leg by JSON: what is answered, what is told, and that no password ever is. */
static void transport_replies(void **state)
{
	const char *r, *pwd;
	char secret[32] = "";

	r = ask(REQUEST("session.create", "\"id\":\"w\",\"legs\":[" BROWSER "," LEG4 "]"));
	assert_true(has(r, "{\"local\":{\"ip\":\"203.0.113.1\",\"port\":20000},"
			   "\"rtcp\":{\"ip\":\"203.0.113.1\",\"port\":20000},"
			   "\"security\":{\"type\":\"dtls\",\"setup\":\"passive\","
			   "\"fingerprint\":{\"hash\":\"sha-256\",\"value\":\""));
	assert_true(has(r, "\"ice\":{\"lite\":true,\"ufrag\":\""));
	assert_true(has(r, " 203.0.113.1 20000 typ "));
	/* Beside them, as the contract has it. */
	assert_true(has(r, "\"}},\"setup\":\"passive\",\"fingerprint\":{"));
	assert_true(has(r, "]},\"ufrag\":\""));
	pwd = strstr(r, "\"pwd\":\"");
	assert_non_null(pwd);
	snprintf(secret, sizeof(secret), "%.22s", pwd + strlen("\"pwd\":\""));
	assert_true(
		has(ask(REQUEST("session.create", "\"id\":\"w\",\"legs\":[" BROWSER "," LEG4 "]")),
		    "\"created\":false"));

	r = ask(REQUEST("session.get", "\"id\":\"w\""));
	assert_true(has(r, "\"security\":{\"type\":\"dtls\",\"state\":\"new\","));
	assert_true(has(r, "\"remote_fingerprint\":{\"hash\":\"sha-256\",\"value\":\"" FP32 "\"}"));
	assert_true(has(r, "\"ice\":{\"mode\":\"lite\",\"state\":\"checking\","));
	assert_true(has(r, "\"remote_ufrag\":\"abcd\",\"remote_lite\":false,\"remotes\":1,"));
	assert_true(has(r, "\"candidates\":[\"candidate:"));
	assert_true(has(r, "\"pair\":null"));
	assert_true(has(r, "\"bundle\":{\"payload_types\":[0,111]}"));
	assert_false(has(r, secret));
	assert_false(has(r, "0123456789012345678901"));

	/* A second section, on the same transport; it says nothing of what that has. */
	r = ask(REQUEST(
		"session.create",
		"\"id\":\"w/1\",\"legs\":[{\"bundle\":{\"id\":\"w\",\"payload_types\":[96]}},"
		"{\"address\":\"lan4\"}]"));
	assert_true(has(r, "{\"local\":{\"ip\":\"203.0.113.1\",\"port\":20000},"));
	assert_true(has(r, secret));
	assert_true(has(
		ask(REQUEST("session.create", "\"id\":\"w/2\",\"legs\":[{\"bundle\":{\"id\":\"w\","
					      "\"payload_types\":[111]}},{\"address\":\"lan4\"}]")),
		"\"path\":\"/params/legs/0/bundle/payload_types\""));

	/* Candidates that trickle in leave the mode; a restart has other credentials. */
	assert_true(has(ask(REQUEST("session.update",
				    "\"id\":\"w\",\"legs\":[{\"ice\":{\"remote\":{\"candidates\":"
				    "[\"candidate:2 1 udp 100 192.0.2.8 5 typ host\"]}}}]")),
			secret));
	r = ask(REQUEST("session.update", "\"id\":\"w\",\"legs\":[{\"ice\":{\"restart\":true}}]"));
	assert_true(has(r, "\"ice\":{\"lite\":true,\"ufrag\":\""));
	assert_false(has(r, secret));
	assert_true(has(ask(REQUEST("session.get", "\"id\":\"w\"")), "\"remotes\":2,"));
	assert_true(has(ask(REQUEST("stats.get", "\"names\":[\"dtls.endpoints\"]")),
			"{\"dtls.endpoints\":1}"));
}

/* Keys go in, and only those made here come out, to whoever asked for the leg. */
#define KEY30       "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define SDES6(more) "{\"address\":\"wan6\",\"security\":{\"type\":\"sdes\"" more "}}"
#define CREATE_SDES(more)                                                                          \
	REQUEST("session.create", "\"id\":\"x\",\"legs\":[" LEG4 "," SDES6(more) "]")
#define UPDATE_SDES(more)                                                                          \
	REQUEST("session.update",                                                                  \
		"\"id\":\"x\",\"legs\":[null,{\"security\":{\"type\":\"sdes\"" more "}}]")
#define CM80       ",\"profile\":\"AES_CM_128_HMAC_SHA1_80\""
#define LOCAL(key) ",\"local_key\":\"" key "\""

static void security_replies(void **state)
{
	char local[64] = "";
	const char *r = ask(CREATE_SDES(CM80 LOCAL(KEY30)));

	assert_true(has(r, "\"security\":{\"type\":\"sdes\","
			   "\"profile\":\"AES_CM_128_HMAC_SHA1_80\"}}]}}"));
	r = ask(REQUEST("session.get", "\"id\":\"x\""));
	assert_true(has(r, "\"security\":{\"type\":\"sdes\","
			   "\"profile\":\"AES_CM_128_HMAC_SHA1_80\","));
	assert_true(has(r, "\"window\":128,\"ready\":false,\"untouched\":false}"));
	assert_false(has(r, KEY30));
	assert_true(has(ask(UPDATE_SDES(LOCAL(KEY30))), "\"generation\":1"));

	/* By crypto attribute; our own key is told under its tag, and again. */
	ask(REQUEST("session.delete", "\"id\":\"x\""));
	for (int i = 0; i < 2; i++) {
		r = ask(CREATE_SDES(",\"remote_crypto\":\"7 AES_CM_128_HMAC_SHA1_80 "
				    "inline:" KEY30 "\""));
		r = strstr(r, "\"local_key\":\"");
		assert_non_null(r);
		if (i == 0)
			snprintf(local, sizeof(local), "%.40s", r + 13);
		assert_int_equal(strncmp(r + 13, local, 40), 0);
		assert_true(has(r, "\"local_crypto\":\"7 AES_CM_128_HMAC_SHA1_80 inline:"));
		assert_true(has(strstr(r, "inline:"), local));
	}
	r = ask(REQUEST("session.delete", "\"id\":\"x\""));
	assert_true(has(r, "\"ready\":true"));
	assert_false(has(r, local));
}

static void security_errors(void **state)
{
	static const struct {
		const char *line, *code, *member;
	} cases[] = {
		{CREATE_SDES(""), "-32602", "/profile"},
		{CREATE_SDES(",\"profile\":\"AES\""), "-32602", "/profile"},
		{CREATE_SDES(CM80 LOCAL("AAAA")), "-32602", "/local_key"},
		{CREATE_SDES(CM80 LOCAL("A")), "-32602", "/local_key"},
		{CREATE_SDES(CM80 LOCAL("*" KEY30)), "-32602", "/local_key"},
		{CREATE_SDES(CM80 LOCAL(KEY30 KEY30)), "-32602", "/local_key"},
		{CREATE_SDES(CM80 ",\"remote_key\":\"" KEY30 "=\""), "-32602", "/remote_key"},
		{CREATE_SDES(CM80 ",\"remote_mki\":\"1:4\""), "-32602", "/remote_mki"},
		{CREATE_SDES(CM80 ",\"remote_lifetime\":\"1\""), "-32602", "/remote_lifetime"},
		{CREATE_SDES(CM80 ",\"local_mki\":\"256:1\""), "-32602", "/local_mki"},
		{CREATE_SDES(CM80 ",\"local_lifetime\":\"2^49\""), "-32602", "/local_lifetime"},
		{CREATE_SDES(CM80 ",\"window\":64"), "-32602", "/window"},
		{CREATE_SDES(CM80 ",\"setup\":\"active\""), "-32602", "/setup"},
		{CREATE_SDES(",\"remote_crypto\":\"x\""), "-32602", "/remote_crypto"},
		{CREATE_SDES(",\"remote_crypto\":\"1 F8_128_HMAC_SHA1_80 inline:" KEY30 "\""),
		 "1203", "/remote_crypto"},
		{CREATE_SDES(CM80 ",\"remote_crypto\":\"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30
				  "\""),
		 "-32602", "/profile"},
		{CREATE_SDES(",\"remote_crypto\":\"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30
			     "|1:1;inline:" KEY30 "|2:1\""),
		 "1203", "/remote_crypto"},
		{REQUEST("session.create",
			 "\"id\":\"x\",\"kind\":\"udp\",\"legs\":[" LEG4 "," SDES6(CM80) "]"),
		 "-32602", ""},
		{REQUEST("session.create", "\"id\":\"x\",\"legs\":[" LEG4 ",{\"address\":\"wan6\","
					   "\"security\":{\"type\":\"none\",\"window\":128}}]"),
		 "-32602", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *r = ask(cases[i].line);
		char part[128];

		snprintf(part, sizeof(part), "\"error\":{\"code\":%s,", cases[i].code);
		check_case(cases[i].line, has(r, part));
		snprintf(part, sizeof(part), "\"path\":\"/params/legs/1/security%s\"",
			 cases[i].member);
		check_case(cases[i].line, has(r, part));
		check_case(cases[i].line, !has(r, KEY30));
	}
	assert_true(has(ask(REQUEST("session.list", "")), "{\"sessions\":[]}"));
}

#define SDP_PHONE(rest)                                                                            \
	"v=0\\r\\no=- 1 1 IN IP4 10.0.0.2\\r\\ns=-\\r\\nc=IN IP4 10.0.0.2\\r\\nt=0 0\\r\\n"        \
	"m=audio 4000 RTP/AVP 0\\r\\n" rest
#define SDP_OFFER(rest) REQUEST("session.offer", "\"id\":\"s\",\"sdp\":\"" SDP_PHONE("") "\"" rest)

static void offers_and_answers(void **state)
{
	static const struct {
		const char *line, *code, *path, *reason;
	} cases[] = {
		{REQUEST("session.offer", "\"id\":\"s\""), "-32602", "/params/sdp", ""},
		{REQUEST("session.offer", "\"id\":\"s\",\"sdp\":\"\""), "-32602", "/params/sdp",
		 ""},
		{REQUEST("session.offer", "\"id\":\"s\",\"sdp\":\"v=0\\r\\no=-\""), "-32602",
		 "/params/sdp", "line 2: o="},
		{REQUEST("session.offer", "\"id\":\"s\",\"sdp\":\"" SDP_PHONE("m=x") "\""),
		 "-32602", "/params/sdp", "line 7: m="},
		{SDP_OFFER(",\"by\":2"), "-32602", "/params/by", ""},
		{SDP_OFFER(",\"by\":1"), "-32602", "/params/by", "first offer"},
		{SDP_OFFER(",\"from\":{\"address\":\"x\"}"), "-32602", "/params/from/address", ""},
		{SDP_OFFER(",\"to\":{\"x\":1}"), "-32602", "/params/to/x", ""},
		{SDP_OFFER(",\"to\":{\"transport\":\"RTP/XXX\"}"), "-32602", "/params/to/transport",
		 ""},
		{SDP_OFFER(",\"to\":{\"sdes\":[]}"), "-32602", "/params/to/sdes", ""},
		{SDP_OFFER(",\"to\":{\"sdes\":[\"AEAD_AES_128_GCM\",\"AEAD_AES_128_GCM\"]}"),
		 "-32602", "/params/to/sdes/1", "a second time"},
		{SDP_OFFER(",\"to\":{\"ice\":\"full\",\"rtcp_mux\":\"demux\"}"), "1203",
		 "/params/sdp", "line 6: ICE and DTLS"},
		{SDP_OFFER(",\"to\":{\"address\":\"wan6\"}"), NULL, NULL, "IN IP6 2001:db8::1"},
		{SDP_OFFER(",\"by\":1"), "1003", "/params/by", ""},
		{REQUEST("session.answer", "\"id\":\"x\",\"sdp\":\"" SDP_PHONE("") "\""), "1001",
		 "/params/id", ""},
		{REQUEST("session.answer", "\"id\":\"s\""), "-32602", "/params/sdp", "required"},
		{REQUEST("session.answer", "\"id\":\"s\",\"refused\":true,\"sdp\":\"x\""), "-32602",
		 "/params/sdp", "not together"},
		{REQUEST("session.answer", "\"id\":\"s\",\"sdp\":\"" SDP_PHONE("") "\""), "-32602",
		 "/params/sdp", "line 4: address wan6 is IPv6"},
		{REQUEST("session.answer",
			 "\"id\":\"s\",\"sdp\":\"v=0\\no=- 1 1 IN IP6 2001:db8::9\\ns=-\\nc=IN IP6 "
			 "2001:db8::9\\nt=0 0\\nm=audio 5000 RTP/AVP 0\\n\""),
		 NULL, NULL,
		 "a=sendrecv\\r\\n\",\"sections\":[{\"session\":\"s\",\"active\":true}]"},
		{REQUEST("session.answer", "\"id\":\"s\",\"refused\":true"), "1003", "/params/id",
		 ""},
		{SDP_OFFER(""), NULL, NULL, "\"sections\":"},
		{REQUEST("session.answer", "\"id\":\"s\",\"refused\":true"), NULL, NULL,
		 "\"result\":{\"id\":\"s\"}"},
	};
	char part[128];

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *r = ask(cases[i].line);

		if (!has(r, cases[i].reason) || (cases[i].code == NULL) != has(r, "\"result\":"))
			print_error("%s\n", r);
		check_case(cases[i].line, (cases[i].code == NULL) == has(r, "\"result\":"));
		check_case(cases[i].line, has(r, cases[i].reason));
		if (cases[i].code == NULL)
			continue;
		snprintf(part, sizeof(part), "\"error\":{\"code\":%s,", cases[i].code);
		check_case(cases[i].line, has(r, part));
		snprintf(part, sizeof(part), "\"path\":\"%s\"", cases[i].path);
		check_case(cases[i].line, has(r, part));
	}
	assert_true(has(ask(REQUEST("session.delete", "\"id\":\"s\"")), "\"result\":"));
	assert_true(has(ask(REQUEST("session.answer", "\"id\":\"s\",\"refused\":true")), "1001"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(session_replies),    TEST(session_errors),   TEST(transport_errors),
		TEST(transport_replies),  TEST(security_replies), TEST(security_errors),
		TEST(offers_and_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
