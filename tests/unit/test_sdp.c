/* SPDX-License-Identifier: BSD-3-Clause */
/* Session descriptions: lines, order, values (RFC 8866). */
#include "check.h"

#include <errno.h>

#include "sdp.h"

#define HEAD "v=0\r\no=- 1 2 IN IP4 10.0.0.2\r\ns=-\r\n"
#define TAIL "c=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

static struct sdp_error err;

/* From memory that ends with the text. The views are not looked at afterwards. */
static int parse(const char *text, size_t len, struct sdp *out)
{
	uint8_t *copy = exact_copy((const uint8_t *)text, len);
	int rc;

	err = (struct sdp_error){.line = 9999};
	rc = sdp_parse((const char *)copy, len, out, &err);
	free(copy);
	return rc;
}

/* Line 0 for what is right. */
static void faults(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *reason;
	} cases[] = {
		{HEAD TAIL, 0, NULL},
		{"v=0\no=- 1 2 IN IP4 10.0.0.2\ns=-\nc=IN IP4 10.0.0.2\nt=0 0\n"
		 "m=audio 4000 RTP/AVP 0",
		 0, NULL},
		{HEAD TAIL "\r\n\r\n", 0, NULL},
		{HEAD "t=0 0\r\n", 0, NULL},
		{HEAD "i=x\r\nu=x\r\ne=a\r\ne=b\r\np=1\r\nc=IN IP4 10.0.0.2\r\nb=AS:1\r\nb=CT:2\r\n"
		      "t=0 0\r\nr=1\r\nt=0 0\r\nz=0 0\r\nk=clear:x\r\na=x\r\na=y:\r\n",
		 0, NULL},
		{HEAD TAIL "a=x\r\nb=AS:1\r\nc=IN IP4 10.0.0.3\r\ni=x\r\nk=prompt\r\n", 0, NULL},
		{"v=0\r\no=- 1 2 IN IP4 10.0.0.2\r\ns=\xe2\x82\xac \xf0\x9f\x98\x80\r\n" TAIL, 0,
		 NULL},
		/* Lines. */
		{"", 1, "v=0 must come first"},
		{"\r\n", 1, "v=0 must come first"},
		{"x", 1, "not of the form x=value"},
		{"v", 1, "not of the form x=value"},
		{"v:0\r\n", 1, "not of the form x=value"},
		{"v=0\r\n\r\n" TAIL, 2, "an empty line"},
		{HEAD "t=0 0\r\nfoo=bar\r\n", 5, "not of the form x=value"},
		{HEAD "t=0 0\r\nx=bar\r\n", 5, "no such type of line: x="},
		{HEAD "t=0 0\r\n\xc3\xa4=\r\n", 5, "not of the form x=value"},
		{HEAD TAIL "x=1\r\n", 7, "no such type of line: x="},
		{HEAD TAIL "s=1\r\n", 7, "s= can't be in a section"},
		{HEAD TAIL "a=\r\n", 7, "a=: no name of an attribute"},
		{HEAD TAIL "a=:x\r\n", 7, "a=: no name of an attribute"},
		{HEAD TAIL "a=a b:x\r\n", 7, "a=: no name of an attribute"},
		{HEAD "t=0 0\r\na=x\rb\r\n", 5, "a CR that is not followed by LF"},
		{HEAD "t=0 0\r\na=x\x01\r\n", 5, "a control character (0x01)"},
		{HEAD "t=0 0\r\na=x\x7f\r\n", 5, "a control character (0x7f)"},
		{HEAD "t=0 0\r\na=\xff\r\n", 5, "not UTF-8"},
		{HEAD "t=0 0\r\na=x:\xc0\xaf\r\n", 5, "not UTF-8"},
		{HEAD "t=0 0\r\na=x:\xed\xa0\x80\r\n", 5, "not UTF-8"},
		{HEAD "t=0 0\r\na=x:\xf4\x90\x80\x80\r\n", 5, "not UTF-8"},
		{HEAD "t=0 0\r\na=x:\xe2\x82", 5, "not UTF-8"},
		/* Order, and what must be there. */
		{"s=-\r\n", 1, "v=0 must come first"},
		{"m=audio 1 RTP/AVP 0\r\n", 1, "v=0 must come first"},
		{"v=0\r\n", 2, "o= is missing before this"},
		{"v=0\r\ns=-\r\n", 2, "o= is missing before this"},
		{"v=0\r\nm=audio 1 RTP/AVP 0\r\n", 2, "o= is missing before this"},
		{"v=0\r\no=- 1 2 IN IP4 10.0.0.2\r\nt=0 0\r\n", 3, "s= is missing before this"},
		{"v=0\r\no=- 1 2 IN IP4 10.0.0.2\r\n", 3, "s= is missing before this"},
		{HEAD, 4, "t= is missing before this"},
		{HEAD "a=x\r\n", 4, "t= is missing before this"},
		{HEAD "r=1\r\n", 4, "r= belongs behind t="},
		{HEAD "m=audio 1 RTP/AVP 0\r\n", 4, "t= is missing before this"},
		{HEAD "t=0 0\r\nc=IN IP4 10.0.0.2\r\n", 5, "c= must come before t="},
		{HEAD "t=0 0\r\na=x\r\nb=AS:1\r\n", 6, "b= must come before a="},
		{HEAD "s=-\r\n", 4, "a second s="},
		{"v=0\r\nv=0\r\n", 2, "a second v="},
		{HEAD "c=IN IP4 10.0.0.2\r\nc=IN IP4 10.0.0.2\r\n", 5, "a second c="},
		{HEAD TAIL "c=IN IP4 10.0.0.3\r\nc=IN IP4 10.0.0.3\r\n", 8,
		 "a second c= (the first is in line 7)"},
		{HEAD "t=0 0\r\nm=audio 1 RTP/AVP 0\r\n", 5,
		 "no c= in this section, nor before the first"},
		/* Fields. */
		{"v=1\r\n", 1, "v= must be 0"},
		{"v=0\r\no=- 1 2 IN IP4\r\n", 2, NULL},
		{"v=0\r\no=- 1 2 IN IP4 10.0.0.2 x\r\n", 2, NULL},
		{"v=0\r\no=- a 2 IN IP4 10.0.0.2\r\n", 2, NULL},
		{"v=0\r\no=- 1 18446744073709551616 IN IP4 x\r\n", 2, NULL},
		{HEAD "c=IN IP4\r\n", 4, NULL},
		{HEAD "c=IN IP5 10.0.0.2\r\n", 4, NULL},
		{HEAD "c=IN IP4 2001:db8::1\r\n", 4, NULL},
		{HEAD "c=IN IP6 10.0.0.2\r\n", 4, NULL},
		{HEAD "c=IN IP4 a_b\r\n", 4, NULL},
		{HEAD "t=0 0\r\nm=\r\n", 5, "m=: no kind of media"},
		{HEAD "t=0 0\r\nm=audio\r\n", 5, "m=: a port is 0 to 65535"},
		{HEAD "t=0 0\r\nm=audio x RTP/AVP 0\r\n", 5, "m=: a port is 0 to 65535"},
		{HEAD "t=0 0\r\nm=audio 65536 RTP/AVP 0\r\n", 5, "m=: a port is 0 to 65535"},
		{HEAD "t=0 0\r\nm=audio 1/0 RTP/AVP 0\r\n", 5, "m=: a port is 0 to 65535"},
		{HEAD "t=0 0\r\nm=audio 1/ RTP/AVP 0\r\n", 5, "m=: a port is 0 to 65535"},
		{HEAD "t=0 0\r\nm=audio 1\r\n", 5, "m=: no transport such as RTP/AVP"},
		{HEAD "t=0 0\r\nm=audio 1 RTP//AVP 0\r\n", 5, "m=: no transport such as RTP/AVP"},
		{HEAD "t=0 0\r\nm=audio 1 RTP/ 0\r\n", 5, "m=: no transport such as RTP/AVP"},
		{HEAD "t=0 0\r\nm=audio 1 RTP/AVP\r\n", 5, "m=: no format"},
		{HEAD "c=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP\r\n", 0, NULL},
	};
	struct sdp s;

	for (size_t i = 0; i < COUNT(cases); i++) {
		int rc = parse(cases[i].text, strlen(cases[i].text), &s);

		if (rc != (cases[i].line == 0 ? 0 : -EINVAL))
			print_error("line %u: %s\n", err.line, err.reason);
		check_case(cases[i].text, rc == (cases[i].line == 0 ? 0 : -EINVAL));
		if (rc == 0)
			continue;
		check_case(cases[i].text, err.line == cases[i].line && err.reason[0] != '\0');
		if (cases[i].reason != NULL)
			assert_string_equal(err.reason, cases[i].reason);
	}
}

static void a_zero_inside(void **state)
{
	static const char text[] = HEAD "t=0 0\r\na=x:\0y\r\n";
	struct sdp s;

	assert_int_equal(parse(text, sizeof(text) - 1, &s), -EINVAL);
	assert_int_equal(err.line, 5);
	assert_string_equal(err.reason, "a control character (0x00)");
}

static bool view_is(struct sdp_view v, const char *text)
{
	if (!sdp_is(v, text))
		print_error("'%.*s' is not '%s'\n", (int)v.len, v.at, text);
	return sdp_is(v, text);
}

static void what_is_there(void **state)
{
	static const char text[] = "v=0\no=alice 18446744073709551615 7 IN IP4 h.example\r\ns= \n"
				   "c=IN IP4 h.example\nt=0 0\na=group:BUNDLE a b\n"
				   "m=audio 4000 RTP/AVP 0 8  101 \n"
				   "c=IN IP6 2001:DB8::2\n"
				   "a=rtpmap:0 PCMU/8000\n"
				   "m=video 4002/2 UDP/TLS/RTP/SAVPF 96\n"
				   "a=sendonly\n"
				   "c=IN IP4 224.2.1.1/127";
	struct sdp_part rest;
	struct sdp_line l;
	union wire_ip ip;
	struct sdp s;

	assert_int_equal(sdp_parse(text, strlen(text), &s, &err), 0);
	assert_true(view_is(s.origin.username, "alice"));
	assert_true(view_is(s.origin.id, "18446744073709551615"));
	assert_int_equal(s.origin.version, 7);
	assert_int_equal(s.c_line, 4);
	assert_true(s.c.is_name && wire_ip_is_any(&s.c.ip));
	assert_int_equal(s.count, 2);

	assert_int_equal(s.section[0].line, 7);
	assert_true(view_is(s.section[0].kind, "audio"));
	assert_int_equal(s.section[0].port, 4000);
	assert_true(view_is(s.section[0].proto, "RTP/AVP"));
	assert_true(view_is(s.section[0].formats, "0 8  101"));
	assert_int_equal(s.section[0].c_line, 8);
	wire_ip_parse("2001:db8::2", &ip);
	assert_true(wire_ip_equal(&s.section[0].c.ip, &ip));
	assert_true(s.section[1].has_count && !s.section[0].has_count);
	assert_true(s.section[1].c.has_ttl && !s.section[1].c.is_name);

	rest = s.section[0].part;
	assert_true(sdp_next(&rest, &l) && l.type == 'm' && l.number == 7);
	assert_true(sdp_next(&rest, &l) && l.type == 'c' && l.number == 8);
	assert_true(sdp_next(&rest, &l) && l.type == 'a' && l.number == 9);
	assert_true(view_is(l.name, "rtpmap") && view_is(l.rest, "0 PCMU/8000"));
	assert_true(view_is(l.whole, "a=rtpmap:0 PCMU/8000"));
	assert_false(sdp_next(&rest, &l));
	rest = s.section[1].part;
	assert_true(sdp_next(&rest, &l) && sdp_next(&rest, &l));
	assert_true(view_is(l.name, "sendonly") && !l.has_rest);
	assert_true(sdp_next(&rest, &l) && l.number == 12 && !sdp_next(&rest, &l));
	rest = s.session;
	for (int i = 1; i <= 6; i++)
		assert_true(sdp_next(&rest, &l) && l.number == (unsigned int)i);
	assert_false(sdp_next(&rest, &l));
}

static void big_ones(void **state)
{
	size_t len = strlen(HEAD TAIL), lines = 0;
	char *text = malloc(SDP_TEXT_MAX + 1);
	struct sdp_part rest;
	struct sdp_line l;
	struct sdp s;

	memcpy(text, HEAD TAIL, len);
	for (; len + 4 <= SDP_TEXT_MAX; len += 4, lines++)
		memcpy(text + len, "a=x\n", 4);
	assert_int_equal(parse(text, len, &s), 0);
	assert_int_equal(sdp_parse(text, len, &s, &err), 0);
	for (rest = s.section[0].part; sdp_next(&rest, &l);)
		;
	assert_int_equal(l.number, 6 + lines);
	assert_int_equal(parse(text, SDP_TEXT_MAX + 1, &s), -EINVAL);
	assert_int_equal(err.line, 0);

	len = strlen(HEAD TAIL);
	for (unsigned int i = 1; i <= SDP_SECTIONS_MAX; i++) {
		assert_int_equal(parse(text, len, &s), 0);
		assert_int_equal(s.count, i);
		memcpy(text + len, "m=audio 1 RTP/AVP 0\r\n", 21);
		len += 21;
	}
	assert_int_equal(parse(text, len, &s), -EINVAL);
	assert_int_equal(err.line, 6 + SDP_SECTIONS_MAX);
	free(text);
}

/* Every text cut short, and every byte of one changed: no crash, and an error names a line. */
static void cut_and_changed(void **state)
{
	static const char text[] = HEAD TAIL "c=IN IP6 2001:db8::1\r\na=rtcp:5 IN IP4 10.0.0.1\r\n";
	char copy[sizeof(text)];
	struct sdp s;

	for (size_t len = 0; len < sizeof(text); len++)
		if (parse(text, len, &s) != 0)
			assert_true(err.line >= 1 && err.line <= 9 && err.reason[0] != '\0');
	memcpy(copy, text, sizeof(text));
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		for (int c = 0; c < 256; c++) {
			copy[i] = (char)c;
			if (parse(copy, sizeof(text) - 1, &s) != 0)
				assert_true(err.line >= 1 && err.line <= 10);
		}
		copy[i] = text[i];
	}
}

static struct sdp_view view(const char *text)
{
	return (struct sdp_view){text, strlen(text)};
}

static void values(void **state)
{
	const char *ok64 = "AAAAAAAAAAAAAAAAAAAAAA";
	struct sdp_fingerprint fp;
	struct sdp_rtcp rtcp;
	enum sdp_setup setup;
	unsigned int direction;
	const char *why = NULL;
	uint8_t type;

	assert_int_equal(sdp_read_rtcp(view("9 IN IP4 0.0.0.0"), &rtcp, &why), 0);
	assert_true(rtcp.port == 9 && rtcp.has_connection && wire_ip_is_any(&rtcp.c.ip));
	assert_int_equal(sdp_read_rtcp(view("5005"), &rtcp, &why), 0);
	assert_true(rtcp.port == 5005 && !rtcp.has_connection);
	assert_int_equal(sdp_read_rtcp(view("x"), &rtcp, &why), -EINVAL);
	assert_int_equal(sdp_read_rtcp(view("5005 IN"), &rtcp, &why), -EINVAL);

	assert_int_equal(sdp_read_fingerprint(view("sha-256 AB:cd:01"), &fp, &why), 0);
	assert_true(view_is(fp.hash, "sha-256") && view_is(fp.value, "AB:cd:01"));
	assert_int_equal(sdp_read_fingerprint(view("sha-256"), &fp, &why), -EINVAL);
	assert_int_equal(sdp_read_fingerprint(view("sha-256 AB:"), &fp, &why), -EINVAL);
	assert_int_equal(sdp_read_fingerprint(view("sha-256 ABC"), &fp, &why), -EINVAL);
	assert_int_equal(sdp_read_fingerprint(view("sha-256 AB:CG"), &fp, &why), -EINVAL);
	assert_int_equal(sdp_read_fingerprint(view("sha-256 AB CD"), &fp, &why), -EINVAL);

	assert_int_equal(sdp_read_setup(view("actpass"), &setup, &why), 0);
	assert_int_equal(setup, SDP_SETUP_ACTPASS);
	assert_int_equal(sdp_read_setup(view("actpas"), &setup, &why), -EINVAL);
	assert_int_equal(sdp_read_setup(view(""), &setup, &why), -EINVAL);

	assert_true(sdp_read_direction(view("sendonly"), &direction) && direction == SDP_SEND);
	assert_true(sdp_read_direction(view("inactive"), &direction) && direction == 0);
	assert_false(sdp_read_direction(view("send"), &direction));

	assert_int_equal(sdp_read_ufrag(view("a+/9"), &why), 0);
	assert_int_equal(sdp_read_ufrag(view("abc"), &why), -EINVAL);
	assert_int_equal(sdp_read_ufrag(view("ab d"), &why), -EINVAL);
	assert_int_equal(sdp_read_pwd(view(ok64), &why), 0);
	assert_int_equal(sdp_read_pwd(view(ok64 + 1), &why), -EINVAL);

	assert_true(sdp_read_payload_type(view("127"), &type) && type == 127);
	assert_false(sdp_read_payload_type(view("128"), &type));
	assert_false(sdp_read_payload_type(view("t38"), &type));
	assert_string_equal(sdp_static_rtpmap(9), "G722/8000");
	assert_null(sdp_static_rtpmap(1));
	assert_null(sdp_static_rtpmap(96));
	assert_true(sdp_has_word(view("ice2 trickle"), "trickle"));
	assert_false(sdp_has_word(view("trickled"), "trickle"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),          cmocka_unit_test(a_zero_inside),
		cmocka_unit_test(what_is_there),   cmocka_unit_test(big_ones),
		cmocka_unit_test(cut_and_changed), cmocka_unit_test(values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
