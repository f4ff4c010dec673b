/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/json: what is strict JSON, where a fault is, decoding by the API's tables, writing. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_tables.h"
#include "config_tables.h"
#include "json.h"

struct strict_case {
	const char *text;
	const char *path; /* NULL: it must pass */
	const char *reason;
};

static const struct strict_case strict_cases[] = {
	/* values */
	{"{}", NULL, NULL},
	{" [1, -2.5e3, true, false, null, \"x\"]\r\n\t", NULL, NULL},
	{"0", NULL, NULL},
	{"\"\"", NULL, NULL},
	{"", "", "the text ends where a value must stand (line 1, column 1)"},
	{"  ", "", "the text ends where a value must stand (line 1, column 3)"},
	{"\xef\xbb\xbf{}", "", "no JSON value begins like this (line 1, column 1)"},
	{"nul", "", "neither true, false, null nor another JSON value (line 1, column 1)"},
	{"[True]", "/0", "no JSON value begins like this (line 1, column 2)"},
	{"['a']", "/0", "no JSON value begins like this (line 1, column 2)"},
	{"[1] // x", "", "nothing may follow the value (line 1, column 5)"},
	/* trailing bytes */
	{"{}{}", "", "nothing may follow the value (line 1, column 3)"},
	{"{} x", "", "nothing may follow the value (line 1, column 4)"},
	{"1 2", "", "nothing may follow the value (line 1, column 3)"},
	{"nullx", "", "nothing may follow the value (line 1, column 5)"},
	/* structure */
	{"[1,]", "/1", "no JSON value begins like this (line 1, column 4)"},
	{"[1 2]", "/0", "',' or ']' must follow here (line 1, column 4)"},
	{"[1", "/0", "the text ends before ']' (line 1, column 3)"},
	{"[", "/0", "the text ends where a value must stand (line 1, column 2)"},
	{"{", "", "the text ends before '}' (line 1, column 2)"},
	{"{\"a\":1,}", "", "a key in double quotes must follow here (line 1, column 8)"},
	{"{a:1}", "", "a key in double quotes must follow here (line 1, column 2)"},
	{"{\"a\" 1}", "/a", "':' must follow here (line 1, column 6)"},
	{"{\"a\"", "/a", "':' must follow here (line 1, column 5)"},
	{"{\"a\":}", "/a", "no JSON value begins like this (line 1, column 6)"},
	{"{\"a\":1", "/a", "the text ends before '}' (line 1, column 7)"},
	{"{\"a\":1 \"b\":2}", "/a", "',' or '}' must follow here (line 1, column 8)"},
	{"{\"a\":[1}", "/a/0", "',' or ']' must follow here (line 1, column 8)"},
	{"{\n \"a\": {\n  \"b\": x}}", "/a/b", "no JSON value begins like this (line 3, column 8)"},
	{"[1,\v2]", "/1", "no JSON value begins like this (line 1, column 4)"},
	/* duplicate keys */
	{"{\"a\":1,\"b\":2,\"a\":3}", "/a",
	 "this key stands twice in the object that ends here (line 1, column 19)"},
	{"{\"a\":1,\"\\u0061\":3}", "/a",
	 "this key stands twice in the object that ends here (line 1, column 18)"},
	{"{\"\\u00e9\":1,\"\xc3\xa9\":3}", "/\xc3\xa9",
	 "this key stands twice in the object that ends here (line 1, column 19)"},
	{"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":3}", "/\xf0\x9f\x98\x80",
	 "this key stands twice in the object that ends here (line 1, column 27)"},
	{"{\"\\u20ac\":1,\"\xe2\x82\xac\":3}", "/\xe2\x82\xac",
	 "this key stands twice in the object that ends here (line 1, column 20)"},
	{"{\"\\n\":1,\"\\u000A\":3}", "/\n",
	 "this key stands twice in the object that ends here (line 1, column 19)"},
	{"{\"\":1,\"\":2}", "/",
	 "this key stands twice in the object that ends here (line 1, column 11)"},
	{"[{\"x\":{\"a\":1,\"a\":1}}]", "/0/x/a",
	 "this key stands twice in the object that ends here (line 1, column 19)"},
	{"{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}", NULL, NULL},
	{"{\"a\":1,\"A\":2,\"aa\":3,\"\":4}", NULL, NULL},
	{"{\"abcdefgh1\":1,\"abcdefgh2\":2,\"abcdefgh1\":3}", "/abcdefgh1",
	 "this key stands twice in the object that ends here (line 1, column 43)"},
	/* pointers */
	{"{\"a/b\":{\"m~n\":x}}", "/a~1b/m~0n",
	 "no JSON value begins like this (line 1, column 15)"},
	{"{\"a\\/b\":x}", "/a~1b", "no JSON value begins like this (line 1, column 9)"},
	{"[0,1,2,[0,x]]", "/3/1", "no JSON value begins like this (line 1, column 11)"},
	/* strings */
	{"[\"a", "/0", "the text ends inside a string (line 1, column 4)"},
	{"[\"a\\", "/0", "the text ends inside a string (line 1, column 5)"},
	{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"", NULL, NULL},
	{"\"\\x\"", "", "no such escape in strings (line 1, column 2)"},
	{"\"\\'\"", "", "no such escape in strings (line 1, column 2)"},
	{"\"\\u12g4\"", "", "\\u must be followed by four hexadecimal digits (line 1, column 2)"},
	{"\"\\u12\"", "", "\\u must be followed by four hexadecimal digits (line 1, column 2)"},
	{"\"\\u12", "", "\\u must be followed by four hexadecimal digits (line 1, column 2)"},
	{"{\"a\":\"\\u0000\"}", "/a", "\\u0000 is not allowed in strings (line 1, column 7)"},
	{"{\"\\u0000\":1}", "", "\\u0000 is not allowed in strings (line 1, column 3)"},
	{"\"\\ud83d\\ude00\"", NULL, NULL},
	{"\"\\ud83d\"", "", "half of a surrogate pair (line 1, column 2)"},
	{"\"\\ud83d\\u0041\"", "", "half of a surrogate pair (line 1, column 2)"},
	{"\"\\ud83dx\\ude00\"", "", "half of a surrogate pair (line 1, column 2)"},
	{"\"\\ude00\"", "", "half of a surrogate pair (line 1, column 2)"},
	{"\"a\nb\"", "", "a control character in a string must be escaped (line 1, column 3)"},
	{"\"\x1f\"", "", "a control character in a string must be escaped (line 1, column 2)"},
	{"\"\x7f\"", NULL, NULL},
	/* UTF-8 */
	{"\"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf0\x90\x80\x80 "
	 "\xf4\x8f\xbf\xbf\"",
	 NULL, NULL},
	{"\"\x80\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"a\xc3\"", "", "not UTF-8 (line 1, column 3)"},
	{"\"\xc0\xaf\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xc1\xbf\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xe0\x9f\xbf\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xed\xa0\x80\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xf0\x8f\xbf\xbf\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xf4\x90\x80\x80\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xf5\x80\x80\x80\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xff\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xe2\x82\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xf0\x9f\x98\"", "", "not UTF-8 (line 1, column 2)"},
	{"\"\xf0\x9f", "", "not UTF-8 (line 1, column 2)"},
	{"{\"\xff\":1}", "", "not UTF-8 (line 1, column 3)"},
	/* numbers */
	{"[0,-0,0.0,1e5,1E+5,1e-5,-1.25]", NULL, NULL},
	{"[01]", "/0", "a number must not begin with 0 (line 1, column 2)"},
	{"[-01]", "/0", "a number must not begin with 0 (line 1, column 3)"},
	{"[-]", "/0", "a number needs a digit here (line 1, column 3)"},
	{"[1.]", "/0", "a number needs a digit here (line 1, column 4)"},
	{"[.5]", "/0", "no JSON value begins like this (line 1, column 2)"},
	{"[1e]", "/0", "a number needs a digit here (line 1, column 4)"},
	{"[1e+]", "/0", "a number needs a digit here (line 1, column 5)"},
	{"[+1]", "/0", "no JSON value begins like this (line 1, column 2)"},
	{"[1.2.3]", "/0", "',' or ']' must follow here (line 1, column 5)"},
	{"[0x10]", "/0", "',' or ']' must follow here (line 1, column 3)"},
	{"[Infinity]", "/0", "no JSON value begins like this (line 1, column 2)"},
	{"[NaN]", "/0", "no JSON value begins like this (line 1, column 2)"},
	{"[9007199254740992,-9007199254740992]", NULL, NULL},
	{"[9007199254740993]", "/0", "an integer must lie within 2^53 (line 1, column 2)"},
	{"[-9007199254740993]", "/0", "an integer must lie within 2^53 (line 1, column 2)"},
	{"[123456789012345678901]", "/0", "an integer must lie within 2^53 (line 1, column 2)"},
	{"[1e308,1e-400]", NULL, NULL},
	{"[1e309]", "/0", "a number too large for a double (line 1, column 2)"},
	{"[-1e99999]", "/0", "a number too large for a double (line 1, column 2)"},
	/* 63 characters and one more */
	{"[0.1234567890123456789012345678901234567890123456789012345678901]", NULL, NULL},
	{"[0.12345678901234567890123456789012345678901234567890123456789012]", "/0",
	 "a number of more than 63 characters (line 1, column 2)"},
	/* depth */
	{"[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]", NULL, NULL},
	{"[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]", "/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0",
	 "deeper than 16 levels (line 1, column 17)"},
	{"[[[[[[[[[[[[[[[{\"a\":{}}]]]]]]]]]]]]]]]", "/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/a",
	 "deeper than 16 levels (line 1, column 21)"},
};

/* A copy without a zero behind it, so that a sanitizer sees every byte read too many. */
static int parse(const char *text, size_t len, struct json_value **v, struct json_error *err)
{
	char *copy = malloc(len > 0 ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(err, 0, sizeof(*err));
	rc = json_parse(copy, len, v, err);
	free(copy);
	return rc;
}

static struct json_value *must_parse(const char *text)
{
	struct json_value *v;
	struct json_error err;

	if (parse(text, strlen(text), &v, &err) != 0)
		fail_msg("%s: %s: %s", text, err.path, err.reason);
	return v;
}

static void test_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strict_cases) / sizeof(strict_cases[0]); i++) {
		const struct strict_case *c = &strict_cases[i];
		struct json_value *v;
		struct json_error err;
		int rc = parse(c->text, strlen(c->text), &v, &err);

		if (c->path == NULL) {
			if (rc != 0)
				fail_msg("%s: %s: %s", c->text, err.path, err.reason);
			assert_non_null(v);
			json_free(v);
			continue;
		}
		if (rc != -EINVAL || strcmp(err.path, c->path) != 0 ||
		    strcmp(err.reason, c->reason) != 0)
			fail_msg("%s: rc %d, path \"%s\", reason \"%s\"", c->text, rc, err.path,
				 err.reason);
		assert_null(v);
	}
}

static void test_every_cut_of_a_text_fails(void **state)
{
	static const char text[] = "{\"a\":[1.5e3,\"\\ud83d\\ude00\xf0\x9f\x98\x80\",true,null],"
				   "\"b\":{\"c\":-0.1}}";
	struct json_value *v;
	struct json_error err;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		assert_int_equal(parse(text, len, &v, &err), -EINVAL);
		assert_true(err.reason[0] != 0);
	}
	assert_int_equal(parse(text, sizeof(text) - 1, &v, &err), 0);
	json_free(v);
	/* A zero byte is a byte like others. */
	assert_int_equal(parse(text, sizeof(text), &v, &err), -EINVAL);
	assert_string_equal(err.path, "");
}

static void test_size_limit(void **state)
{
	char *text = malloc(JSON_TEXT_MAX + 1);
	struct json_value *v;
	struct json_error err;

	(void)state;
	memset(text, ' ', JSON_TEXT_MAX + 1);
	text[0] = '1';
	assert_int_equal(json_parse(text, JSON_TEXT_MAX, &v, &err), 0);
	json_free(v);
	assert_int_equal(json_parse(text, JSON_TEXT_MAX + 1, &v, &err), -EINVAL);
	assert_string_equal(err.reason, "longer than 262144 bytes");
	free(text);
}

/* An object of `n` keys k0 … , and then key number `again` once more (-1: none). */
static void many_keys(struct tnd_buf *b, int n, int again)
{
	tnd_buf_reset(b);
	tnd_buf_addc(b, '{');
	for (int i = 0; i < n; i++)
		tnd_buf_addf(b, "%s\"k%d\":0", i == 0 ? "" : ",", i);
	if (again >= 0)
		tnd_buf_addf(b, ",\"\\u006b%d\":0", again);
	tnd_buf_addc(b, '}');
	assert_false(b->oom);
}

static void test_duplicates_among_many(void **state)
{
	static const int counts[] = {1, 15, 16, 17, 63, 64, 65, 1000, 20000};
	struct tnd_buf b = {0};
	struct json_value *v;
	struct json_error err;
	char path[32];

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const int again[] = {0, counts[i] / 2, counts[i] - 1};

		many_keys(&b, counts[i], -1);
		assert_int_equal(parse(b.data, b.len, &v, &err), 0);
		assert_int_equal(json_count(v), counts[i]);
		json_free(v);
		for (int j = 0; j < 3; j++) {
			many_keys(&b, counts[i], again[j]);
			assert_int_equal(parse(b.data, b.len, &v, &err), -EINVAL);
			snprintf(path, sizeof(path), "/k%d", again[j]);
			assert_string_equal(err.path, path);
		}
	}
	tnd_buf_free(&b);
}

static void test_long_path_is_cut(void **state)
{
	struct tnd_buf b = {0};
	struct json_value *v;
	struct json_error err;

	(void)state;
	/* 126 times é is 252 bytes, one more than fits besides the slash. */
	tnd_buf_adds(&b, "[{\"");
	for (int i = 0; i < 200; i++)
		tnd_buf_adds(&b, "\xc3\xa9");
	tnd_buf_adds(&b, "\":x}]");
	assert_int_equal(parse(b.data, b.len, &v, &err), -EINVAL);
	assert_true(strlen(err.path) < sizeof(err.path));
	assert_true(strlen(err.path) > sizeof(err.path) - 8);
	assert_memory_equal(err.path, "/0/\xc3\xa9", 5);
	assert_memory_equal(err.path + strlen(err.path) - 5, "\xc3\xa9...", 6);
	tnd_buf_free(&b);
}

static void test_looking(void **state)
{
	struct json_value *v =
		must_parse("{\"i\":-7,\"f\":1.5,\"z\":3.0,\"s\":\"x\\u20acy\",\"b\":true,"
			   "\"n\":null,\"a\":[1,2],\"o\":{},\"big\":9007199254740992}");
	const struct json_value *m;
	int64_t i;
	bool flag;

	(void)state;
	assert_true(json_is_object(v));
	assert_int_equal(json_count(v), 9);
	assert_true(json_to_int(json_member(v, "i"), &i));
	assert_int_equal(i, -7);
	assert_true(json_to_int(json_member(v, "z"), &i));
	assert_int_equal(i, 3);
	assert_false(json_to_int(json_member(v, "f"), &i));
	assert_false(json_to_int(json_member(v, "big"), &i));
	assert_false(json_to_int(json_member(v, "s"), &i));
	assert_true(json_is_number(json_member(v, "f")));
	assert_string_equal(json_string(json_member(v, "s")), "x\xe2\x82\xacy");
	assert_null(json_string(json_member(v, "i")));
	assert_true(json_to_bool(json_member(v, "b"), &flag) && flag);
	assert_false(json_to_bool(json_member(v, "i"), &flag));
	assert_true(json_is_null(json_member(v, "n")));
	assert_true(json_is_array(json_member(v, "a")));
	assert_null(json_first(json_member(v, "o")));
	assert_null(json_member(v, "I"));
	assert_null(json_member(json_member(v, "a"), "i"));
	assert_null(json_member(NULL, "i"));
	m = json_first(v);
	assert_string_equal(json_key(m), "i");
	assert_string_equal(json_key(json_next(m)), "f");
	json_free(v);
}

static void test_decode_create(void **state)
{
	struct json_value *v = must_parse(
		"{\"id\":\"call-1\",\"legs\":["
		"{\"address\":\"lan4\",\"remote\":{\"ip\":\"10.0.0.2\",\"port\":4000},\"dscp\":46},"
		"{\"latch\":\"once\",\"address\":\"wan6\",\"rtcp\":\"mux\",\"hold\":true,"
		"\"security\":{\"type\":\"sdes\",\"profile\":\"AEAD_AES_128_GCM\","
		"\"local_key\":\"a\",\"remote_key\":\"b\"}}]}");
	struct api_session_create p;
	const struct api_leg_create *legs;
	struct json_error err;

	(void)state;
	assert_int_equal(json_decode(v, &api_session_create_object, "/params", &p, &err), 0);
	assert_string_equal(p.id, "call-1");
	assert_int_equal(p.kind, API_KIND_RTP);
	assert_false(p.has_kind);
	assert_int_equal(p.idle_timeout_s, 60);
	assert_false(p.has_idle_timeout_s);
	assert_int_equal(p.legs.count, 2);
	legs = p.legs.items;
	assert_true(legs[0].has_remote);
	assert_string_equal(legs[0].remote.ip, "10.0.0.2");
	assert_int_equal(legs[0].remote.port, 4000);
	assert_false(legs[0].remote.has_rtcp_port);
	assert_true(legs[0].has_dscp);
	assert_int_equal(legs[0].dscp, 46);
	assert_int_equal(legs[0].latch, API_LATCH_STRICT);
	assert_int_equal(legs[0].rtcp, API_RTCP_MODE_NEXT);
	assert_false(legs[0].has_security);
	assert_int_equal(legs[0].security.type, API_SECURITY_TYPE_NONE);
	assert_string_equal(legs[1].address, "wan6");
	assert_false(legs[1].has_remote);
	assert_int_equal(legs[1].latch, API_LATCH_ONCE);
	assert_int_equal(legs[1].rtcp, API_RTCP_MODE_MUX);
	assert_true(legs[1].hold);
	assert_int_equal(legs[1].security.type, API_SECURITY_TYPE_SDES);
	assert_true(legs[1].security.has_profile);
	assert_int_equal(legs[1].security.profile, API_SRTP_PROFILE_AEAD_AES_128_GCM);
	json_decode_free(&api_session_create_object, &p);
	assert_null(p.legs.items);
	json_free(v);
}

static void test_decode_null(void **state)
{
	struct json_value *v =
		must_parse("{\"id\":\"x\",\"legs\":[null,{\"remote\":null,\"dscp\":7}]}");
	struct api_session_update p;
	const struct api_leg_update *legs;
	struct json_error err;

	(void)state;
	assert_int_equal(json_decode(v, &api_session_update_object, "", &p, &err), 0);
	assert_true(p.has_legs);
	assert_int_equal(p.legs.count, 2);
	legs = p.legs.items;
	assert_false(legs[0].has_remote);
	assert_false(legs[0].null_remote);
	assert_false(legs[1].has_remote);
	assert_true(legs[1].null_remote);
	assert_true(legs[1].has_dscp);
	assert_false(legs[1].null_dscp);
	assert_int_equal(legs[1].dscp, 7);
	json_decode_free(&api_session_update_object, &p);
	json_free(v);
}

static void test_decode_config_defaults(void **state)
{
	struct json_value *v = must_parse(
		"{\"interfaces\":[{\"name\":\"a\",\"device\":\"net_null0\"}],\"addresses\":["
		"{\"name\":\"x\",\"interface\":\"a\",\"ip\":\"10.0.0.1/"
		"24\",\"ports\":{\"min\":1,\"max\":9}}],"
		"\"workers\":{\"lcores\":[1,3]}}");
	struct cfg_file c;
	struct json_error err;

	(void)state;
	assert_int_equal(json_decode(v, &cfg_file_object, "", &c, &err), 0);
	assert_false(c.has_limits);
	assert_int_equal(c.limits.sessions, 10000);
	assert_string_equal(c.api.socket, "/run/tandem/api.sock");
	assert_false(c.api.has_socket);
	assert_null(c.api.group);
	assert_int_equal(c.log.level, CFG_LOG_LEVEL_INFO);
	assert_int_equal(((struct cfg_interface *)c.interfaces.items)[0].mtu, 1500);
	assert_int_equal(c.workers.lcores.count, 2);
	assert_int_equal(((int64_t *)c.workers.lcores.items)[1], 3);
	assert_int_equal(c.neighbours.count, 0);
	json_decode_free(&cfg_file_object, &c);
	json_free(v);
}

#define LEG    "{\"address\":\"a\"}"
#define CREATE "{\"id\":\"x\",\"legs\":[" LEG ","

struct decode_case {
	const struct json_object *object;
	const char *text;
	const char *path;
	const char *reason;
};

static const struct decode_case decode_cases[] = {
	{&api_session_create_object, "[]", "/p", "must be an object"},
	{&api_session_create_object, "{}", "/p/id", "required, but missing"},
	{&api_session_create_object, "{\"id\":\"x\"}", "/p/legs", "required, but missing"},
	{&api_session_create_object, "{\"id\":1}", "/p/id", "must be a string"},
	{&api_session_create_object, "{\"id\":null}", "/p/id", "must be a string"},
	{&api_session_create_object, "{\"id\":\"\"}", "/p/id",
	 "must be a string of 1 to 128 bytes"},
	{&api_session_create_object, "{\"id\":\"a\\nb\"}", "/p/id",
	 "must be without control characters"},
	{&api_session_create_object, "{\"id\":\"\x7f\"}", "/p/id",
	 "must be without control characters"},
	{&api_session_create_object, "{\"id\":\"\\u0085\"}", "/p/id",
	 "must be without control characters"},
	{&api_session_create_object, "{\"Id\":\"x\"}", "/p/Id",
	 "unknown key; known are: id, kind, idle_timeout_s, legs"},
	{&api_session_create_object, "{\"\":0}", "/p/",
	 "unknown key; known are: id, kind, idle_timeout_s, legs"},
	{&api_session_create_object, "{\"a/~b\":0}", "/p/a~1~0b",
	 "unknown key; known are: id, kind, idle_timeout_s, legs"},
	{&api_session_create_object, "{\"kind\":\"tcp\"}", "/p/kind", "must be one of: rtp, udp"},
	{&api_session_create_object, "{\"kind\":0}", "/p/kind", "must be one of: rtp, udp"},
	{&api_session_create_object, "{\"idle_timeout_s\":-1}", "/p/idle_timeout_s",
	 "must be an integer from 0 to 86400"},
	{&api_session_create_object, "{\"idle_timeout_s\":86401}", "/p/idle_timeout_s",
	 "must be an integer from 0 to 86400"},
	{&api_session_create_object, "{\"idle_timeout_s\":1.5}", "/p/idle_timeout_s",
	 "must be an integer from 0 to 86400"},
	{&api_session_create_object, "{\"idle_timeout_s\":\"60\"}", "/p/idle_timeout_s",
	 "must be an integer from 0 to 86400"},
	{&api_session_create_object, "{\"idle_timeout_s\":true}", "/p/idle_timeout_s",
	 "must be an integer from 0 to 86400"},
	{&api_session_create_object, "{\"legs\":{}}", "/p/legs", "must be an array"},
	{&api_session_create_object, "{\"legs\":[" LEG "]}", "/p/legs",
	 "must be an array of 2 items"},
	{&api_session_create_object, CREATE LEG "," LEG "]}", "/p/legs",
	 "must be an array of 2 items"},
	{&api_session_create_object, CREATE "{\"bundle\":{}}]}", "/p/legs/1/bundle/payload_types",
	 "required, but missing"},
	{&api_session_create_object, CREATE "null]}", "/p/legs/1", "must be an object"},
	{&api_session_create_object, CREATE "{\"address\":\"a\",\"hold\":0}]}", "/p/legs/1/hold",
	 "must be true or false"},
	{&api_session_create_object, CREATE "{\"address\":\"a\",\"dscp\":64}]}", "/p/legs/1/dscp",
	 "must be an integer from 0 to 63"},
	{&api_session_create_object, CREATE "{\"remote\":{\"ip\":\"::1\",\"port\":0}}]}",
	 "/p/legs/1/remote/port", "must be an integer from 1 to 65535"},
	{&api_session_create_object, CREATE "{\"remote\":null}]}", "/p/legs/1/remote",
	 "must be an object"},
	{&api_session_create_object, CREATE "{\"security\":{}}]}", "/p/legs/1/security/type",
	 "required, but missing"},
	{&api_session_create_object, CREATE "{\"security\":{\"type\":\"zrtp\"}}]}",
	 "/p/legs/1/security/type", "must be one of: none, sdes, dtls"},
	{&api_session_update_object, "{\"id\":\"x\",\"legs\":[{},{},{}]}", "/p/legs",
	 "must be an array of 0 to 2 items"},
	{&api_session_update_object, "{\"id\":\"x\",\"legs\":[{\"address\":\"b\"}]}",
	 "/p/legs/0/address",
	 "unknown key; known are: remote, latch, rtcp, dscp, hold, security, feedback, ice, "
	 "bundle"},
	{&api_stats_get_object, "{\"names\":[\"a\",1]}", "/p/names/1", "must be a string"},
	{&api_stats_get_object, "{\"names\":[]}", "/p/names", "must be an array of 1 to 256 items"},
	{&api_system_methods_object, "{\"x\":1}", "/p/x", "unknown key; there are none here"},
	{&api_config_test_object, "{\"config\":[]}", "/p/config", "must be an object"},
	{&cfg_file_object, "{\"workers\":{\"lcores\":[1,-1]}}", "/p/workers/lcores/1",
	 "must be an integer from 0 to 1023"},
};

static void test_decode_faults(void **state)
{
	char room[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(decode_cases) / sizeof(decode_cases[0]); i++) {
		const struct decode_case *c = &decode_cases[i];
		struct json_value *v = must_parse(c->text);
		struct json_error err = {0};
		int rc;

		assert_true(c->object->size <= sizeof(room));
		rc = json_decode(v, c->object, "/p", room, &err);
		if (rc != -EINVAL || strcmp(err.path, c->path) != 0 ||
		    strcmp(err.reason, c->reason) != 0)
			fail_msg("%s: rc %d, path \"%s\", reason \"%s\"", c->text, rc, err.path,
				 err.reason);
		json_decode_free(c->object, room);
		json_free(v);
	}
}

static void test_decode_bounds_pass(void **state)
{
	char text[512], id[129];
	struct api_session_list list;
	struct api_session_get get;
	struct json_error err;
	struct json_value *v;

	(void)state;
	memset(id, 'i', 128);
	id[128] = 0;
	snprintf(text, sizeof(text), "{\"id\":\"%s\"}", id);
	v = must_parse(text);
	assert_int_equal(json_decode(v, &api_session_get_object, "", &get, &err), 0);
	assert_string_equal(get.id, id);
	json_free(v);
	snprintf(text, sizeof(text), "{\"id\":\"%sj\"}", id);
	v = must_parse(text);
	assert_int_equal(json_decode(v, &api_session_get_object, "", &get, &err), -EINVAL);
	json_free(v);

	v = must_parse("{\"limit\":1000}");
	assert_int_equal(json_decode(v, &api_session_list_object, "", &list, &err), 0);
	assert_int_equal(list.limit, 1000);
	json_free(v);
	v = must_parse("{}");
	assert_int_equal(json_decode(v, &api_session_list_object, "", &list, &err), 0);
	assert_int_equal(list.limit, 100);
	assert_null(list.prefix);
	json_free(v);
}

static void assert_text(struct tnd_buf *b, const char *text)
{
	tnd_buf_addc(b, 0);
	assert_false(b->oom);
	assert_string_equal(b->data, text);
	tnd_buf_reset(b);
}

static void test_write(void **state)
{
	struct tnd_buf b = {0};
	struct json_value *v;

	(void)state;
	json_w_open(&b, NULL, '{');
	json_w_uint(&b, "max", UINT64_MAX);
	json_w_uint(&b, "zero", 0);
	json_w_int(&b, "min", INT64_MIN);
	json_w_double(&b, "d", 4.0 / 3, 3);
	json_w_double(&b, "nan", NAN, 3);
	json_w_double(&b, "inf", -INFINITY, 3);
	json_w_bool(&b, "t", true);
	json_w_bool(&b, "f", false);
	json_w_null(&b, "n");
	json_w_open(&b, "a", '[');
	json_w_open(&b, NULL, '{');
	json_w_close(&b, '}');
	json_w_string(&b, NULL, "{");
	json_w_string(&b, NULL, "");
	json_w_open(&b, NULL, '[');
	json_w_close(&b, ']');
	json_w_close(&b, ']');
	json_w_raw(&b, "raw", "[1,2]", 5);
	json_w_string(&b, "k\"\n", "v");
	json_w_close(&b, '}');
	assert_text(&b, "{\"max\":18446744073709551615,\"zero\":0,\"min\":-9223372036854775808,"
			"\"d\":1.333,\"nan\":null,\"inf\":null,\"t\":true,\"f\":false,\"n\":null,"
			"\"a\":[{},\"{\",\"\",[]],\"raw\":[1,2],\"k\\\"\\n\":\"v\"}");

	json_w_string(&b, NULL, "\"\\/\b\f\n\r\t\x01\x1f\x7f \xc3\xa9 \xf0\x9f\x98\x80");
	assert_text(&b, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f \xc3\xa9 \xf0\x9f\x98\x80\"");
	json_w_string(&b, NULL, "a\xff\xc3(\xed\xa0\x80\xe2\x82");
	assert_text(&b, "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			"\xef\xbf\xbd\xef\xbf\xbd\"");

	/* One message a line: no comma behind a newline. */
	json_w_uint(&b, NULL, 1);
	tnd_buf_addc(&b, '\n');
	json_w_uint(&b, NULL, 2);
	assert_text(&b, "1\n2");

	v = must_parse("{ \"a\" : [ 1, -0, 1.50, 1e21, 0.1, 1e-7, 9007199254740992, "
		       "9020019925004541.5, true, null ],"
		       "\"\\u00e9\":\"\\u20ac\\n\" , \"o\":{} }");
	json_w_value(&b, NULL, v);
	assert_text(
		&b,
		"{\"a\":[1,0,1.5,1e+21,0.1,1e-07,9007199254740992,9020019925004542.0,true,null],"
		"\"\xc3\xa9\":\"\xe2\x82\xac\\n\",\"o\":{}}");
	json_free(v);
	tnd_buf_free(&b);
}

/* The tables and the schema embedded beside them belong together. */
static void test_tables(void **state)
{
	struct json_value *v;
	struct json_error err;

	(void)state;
	assert_int_equal(json_parse(api_schema_json, api_schema_json_len, &v, &err), 0);
	assert_int_equal(json_count(json_member(v, "methods")), API_METHOD_COUNT);
	assert_int_equal(json_count(json_member(v, "events")), API_EVENT_COUNT);
	assert_int_equal(json_count(json_member(v, "errors")), api_error_count);
	for (int i = 0; i < API_METHOD_COUNT; i++) {
		const struct api_method *m = &api_methods[i];

		assert_non_null(json_member(json_member(v, "methods"), m->name));
		assert_true(m->unsupported ? m->params == NULL : m->params != NULL);
		assert_true(m->summary[0] != 0);
	}
	json_free(v);
	assert_true(api_methods[API_METHOD_SESSION_CREATE].write);
	assert_false(api_methods[API_METHOD_SESSION_GET].write);
	assert_string_equal(api_methods[API_METHOD_SESSION_CREATE].param_list[0].name, "id");
	assert_int_equal(json_parse(cfg_schema_json, cfg_schema_json_len, &v, &err), 0);
	json_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_every_cut_of_a_text_fails),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_duplicates_among_many),
		cmocka_unit_test(test_long_path_is_cut),
		cmocka_unit_test(test_looking),
		cmocka_unit_test(test_decode_create),
		cmocka_unit_test(test_decode_null),
		cmocka_unit_test(test_decode_config_defaults),
		cmocka_unit_test(test_decode_faults),
		cmocka_unit_test(test_decode_bounds_pass),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
