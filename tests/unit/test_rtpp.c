/* SPDX-License-Identifier: BSD-3-Clause */
/* The codec of rtpproxy's control protocol: what is taken, what is refused and as what. */
#include "check.h"

#include <errno.h>

#include "rtpp.h"

static struct rtpp_command c;

static int parse(const char *text, bool bridging)
{
	const struct rtpp_context ctx = {.bridging = bridging};

	return rtpp_parse(text, strlen(text), &ctx, &c);
}

static bool is(const struct rtpp_str *s, const char *text)
{
	return text == NULL ? s->s == NULL : s->s != NULL && rtpp_str_is(s, text);
}

/* ---- results by text ------------------------------------------------------------------------- */

#define UL " call 10.0.0.2 4000 from"

static const struct {
	const char *text;
	int rc;
} cases[] = {
	{"", 5},
	{" \r\n\t ", 5},
	{"&&", 5},
	{"&& D", 5},
	{"U" UL " &&", 5},
	{"U" UL " && && D", 5},
	{"Y", 0},
	{"5", 0},
	{"y" UL, 0},
	{"V", RTPP_OK},
	{"v", RTPP_OK},
	{" V \n", RTPP_OK},
	{"V 1", 1},
	{"Vx", 2},
	{"V && D", 3},
	{"VF 20040107", RTPP_OK},
	{"vf 20040107", RTPP_OK},
	{"VF", 1},
	{"VF 1 2", 1},
	{"VFx 1", 2},
	{"X", RTPP_OK},
	{"X 1", 1},
	{"Xa", 2},
	{"U" UL, RTPP_OK},
	{"u" UL " to", RTPP_OK},
	{"U" UL " unix:/s tag", RTPP_OK},
	{"U" UL " to unix:/s tag", RTPP_OK},
	{"U call 10.0.0.2 4000", 1},
	{"U" UL " to unix:/s tag more", 1},
	{"U" UL " unix:/s ta%20g", RTPP_OK},
	{"U" UL " unix:/s ta%2g", 10},
	{"U" UL " unix:/s ta%", 10},
	{"U? call 10.0.0.2 4000 from unix:/s ta%", 10},
	{"UA" UL, RTPP_OK},
	{"Uasw6n call ::1 4000 from", RTPP_OK},
	{"U?" UL, 35},
	{"UZ20" UL, RTPP_OK},
	{"UZ1" UL, RTPP_OK},
	{"UZ999" UL, RTPP_OK},
	{"UZ" UL, 13},
	{"UZ0" UL, 13},
	{"UZ1000" UL, 13},
	{"UZ99999999999999999999" UL, 13},
	{"UZ-1" UL, 13},
	{"Uc0,8,101" UL, RTPP_OK},
	{"Uc" UL, 14},
	{"Uc0c8" UL, 14},
	{"UcX" UL, 14},
	{"UL10.0.0.1" UL, RTPP_OK},
	{"ULw" UL, 15},
	{"UL" UL, 15},
	{"UL[::1" UL, 15},
	{"UL[]" UL, 15},
	{"UL{}" UL, 15},
	{"UL{x" UL, 15},
	{"UL{wan}w" UL, RTPP_OK},
	{"UR10.0.0.1" UL, RTPP_OK},
	{"UR[2001:db8::1]" UL, RTPP_OK},
	{"UR{wan}" UL, 16},
	{"UR" UL, 16},
	{"UE" UL, 11},
	{"UI" UL, 12},
	{"U call 10.0.0.256 4000 from", 37},
	{"U call 10.0.0.2 65536 from", 37},
	{"U call 10.0.0.2 x from", 37},
	{"U call fd77:2::2 4000 from", 37},
	{"U6 call 10.0.0.2 4000 from", 37},
	{"U call 0 0 from", RTPP_OK},
	{"U call 10.0.0.2 0 from", RTPP_OK},
	{"U6 call 2001:db8::2 4000 from", RTPP_OK},
	{"U6 call ::ffff:10.0.0.2 4000 from", 37},
	{"L" UL, RTPP_OK},
	{"L" UL " to", RTPP_OK},
	{"L" UL " to more", 1},
	{"L?" UL, 35},
	{"LE" UL, 11},
	{"D call from", RTPP_OK},
	{"D call from to", RTPP_OK},
	{"Dw call from", RTPP_OK},
	{"Dx call from", 8},
	{"D call", 1},
	{"D call from to more", 1},
	{"D call from && D", 3},
	{"P call file 0 from", RTPP_OK},
	{"P-1 call file session from to", RTPP_OK},
	{"P+3 call file 0 from", RTPP_OK},
	{"Px call file 0 from", 17},
	{"P1x call file 0 from", 17},
	{"P- call file 0 from", 17},
	{"P9999999999 call file 0 from", 17},
	{"P call file 0", 1},
	{"S call from to", RTPP_OK},
	{"Sx call from", 2},
	{"S call", 1},
	{"R call from", RTPP_OK},
	{"Rs call from", RTPP_OK},
	{"Rp call from", 7},
	{"Rx call from", 7},
	{"C call name from", RTPP_OK},
	{"Csp call udp:10.0.0.3:9 from to", RTPP_OK},
	{"Cx call name from", 7},
	{"C call from", 1},
	{"N call from", RTPP_OK},
	{"NA call from", RTPP_OK},
	{"Naa call from", 7},
	{"Nx call from", 7},
	{"Q call from", RTPP_OK},
	{"Qv call from to ttl", RTPP_OK},
	{"Q call", 1},
	{"Q c f t 1 2 3 4 5 6 7 8 9 10 11 12 13 14", RTPP_OK},
	{"Q c f t 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", 1},
	{"I", RTPP_OK},
	{"Ibl", RTPP_OK},
	{"Ix", 18},
	{"I b", 1},
	{"G", RTPP_OK},
	{"Gv nsess_created", RTPP_OK},
	{"Gx", 9},
	{"G 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23", RTPP_OK},
	{"G 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24", 5},
	{"U" UL " && D", RTPP_OK},
	{"U" UL " && Dw && d", RTPP_OK},
	{"U" UL " && Dx", 3},
	{"U" UL " && D 1", 3},
	{"U" UL " && Y", 3},
	{"U" UL " && S ttl=5", RTPP_OK},
	{"U" UL " && Sr tos=184", RTPP_OK},
	{"U" UL " && Sx ttl=5", 3},
	{"U" UL " && Srr ttl=5", 3},
	{"U" UL " && S ttl=0", 3},
	{"U" UL " && S ttl=", 3},
	{"U" UL " && S ttl=5s", 3},
	{"U" UL " && S foo=5", 3},
	{"U" UL " && S", 3},
	{"Q call from && S ttl=7", RTPP_OK},
	{"L" UL " to && L 10.0.0.3 5000", 3},
	{"U" UL " && L 10.0.0.3 5000", 3},
	{"U" UL " to && L 10.0.0.3 5000", RTPP_OK},
	{"U" UL " to && L6 fd77::2 5000 unix:/s t", RTPP_OK},
	{"U" UL " to && L? 10.0.0.3 5000", 3},
	{"U" UL " to && L 10.0.0.3", 3},
	{"U" UL " to && L 10.0.0.999 5000", 3},
	{"U" UL " to && L 10.0.0.3 5000 unix:/s t%", 3},
	{"U" UL " to && C call from to", RTPP_OK},
	{"U" UL " to && Cx call from to", 3},
	{"U" UL " && C call from to", 3},
	{"U" UL " && M3:1 Dtag", RTPP_OK},
	{"U" UL " && M3:1 D", RTPP_OK},
	{"U" UL " && M3:1 Xtag", 3},
	{"U" UL " && M3:1", 3},
	{"U" UL " && M3:1 D%x", 3},
	{"U" UL " && M1:1 Dtag", 3},
};

static void results(void **state)
{
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		int rc = parse(cases[i].text, false);

		if (rc != cases[i].rc)
			fail_msg("\"%s\": %d, not %d", cases[i].text, rc, cases[i].rc);
	}
}

/* ---- what is in them ------------------------------------------------------------------------- */

static void update(void **state)
{
	assert_int_equal(parse("USIEZ20c0,8,101 CALL-1@x 10.0.0.2 41000 FTAG;1\n", true), RTPP_OK);
	assert_int_equal(c.op, RTPP_UPDATE);
	assert_true(is(&c.call_id, "CALL-1@x") && is(&c.from, "FTAG;1") && is(&c.to, NULL));
	assert_true(c.ul.symmetric && !c.ul.asymmetric && !c.ul.weak && !c.ul.ip6);
	assert_int_equal(c.ul.letters, 2);
	assert_true(!c.ul.external[0] && c.ul.external[1]);
	assert_int_equal(c.ul.ptime_ms, 20);
	assert_true(is(&c.ul.codecs, "0,8,101"));
	assert_int_equal(c.ul.remote, RTPP_REMOTE_KNOWN);
	assert_int_equal(c.ul.remote_port, 41000);
	assert_int_equal(c.ul.local_kind, RTPP_LOCAL_NONE);

	assert_int_equal(parse("UEII call 10.0.0.2 4 f", true), 12);
	assert_int_equal(parse("UEIE call 10.0.0.2 4 f", true), 11);
	assert_int_equal(parse("ULEI6c8L[2001:db8::1] call fd77:2::2 8000 f t", true), 15);
	assert_int_equal(parse("UEI6L[2001:db8::1]w call :: 8000 f t", true), RTPP_OK);
	assert_true(c.ul.ip6 && c.ul.local_ip6 && c.ul.weak);
	assert_int_equal(c.ul.local_kind, RTPP_LOCAL_ADDRESS);
	assert_true(is(&c.ul.local, "2001:db8::1") && is(&c.to, "t"));
	assert_int_equal(c.ul.remote, RTPP_REMOTE_HOLD);
	assert_int_equal(parse("UL{wan 4}" UL, true), 15); /* white space ends a token */
	assert_int_equal(parse("UL{wan}R10.0.0.1ASN" UL, true), RTPP_OK);
	assert_int_equal(c.ul.local_kind, RTPP_LOCAL_ROUTE);
	assert_true(is(&c.ul.local, "10.0.0.1") && c.ul.new_port);
	assert_int_equal(parse("L call 0.0.0.0 1 f t", false), RTPP_OK);
	assert_int_equal(c.ul.remote, RTPP_REMOTE_HOLD);
	assert_int_equal(parse("L call 10.0.0.2 0 f t", false), RTPP_OK);
	assert_int_equal(c.ul.remote, RTPP_REMOTE_NONE);
}

static void notification(void **state)
{
	char tag[8];

	assert_int_equal(parse("U c 10.0.0.2 4 f unix:/s a%20B%2f", false), RTPP_OK);
	assert_true(is(&c.to, NULL) && is(&c.ul.notify_socket, "unix:/s"));
	assert_int_equal(rtpp_unescape(&c.ul.notify_tag, tag, sizeof(tag)), 4);
	assert_memory_equal(tag, "a B/", 4);
	assert_int_equal(rtpp_unescape(&c.ul.notify_tag, tag, 3), -ENOSPC);
	assert_int_equal(parse("U c 10.0.0.2 4 f t unix:/s tag", false), RTPP_OK);
	assert_true(is(&c.to, "t") && is(&c.ul.notify_tag, "tag"));
}

static void others(void **state)
{
	assert_int_equal(parse("P-1 call /moh session f t", false), RTPP_OK);
	assert_int_equal(c.count, -1);
	assert_true(is(&c.name, "/moh") && is(&c.codecs, "session") && is(&c.to, "t"));
	assert_int_equal(parse("Cp call udp:10.0.0.3:9 f", false), RTPP_OK);
	assert_true(c.reply_port && !c.single && is(&c.name, "udp:10.0.0.3:9") && is(&c.from, "f"));
	assert_int_equal(parse("Qv call f t ttl nrelayed", false), RTPP_OK);
	assert_true(c.verbose && c.stat_count == 2 && is(&c.arg[c.stat_first + 1], "nrelayed"));
	assert_int_equal(c.late_error, RTPP_OK);
	assert_int_equal(parse("Qx call f", false), RTPP_OK);
	assert_int_equal(c.late_error, RTPP_E_QUERY);
	assert_int_equal(c.stat_count, 0);
	assert_int_equal(parse("G ncmds_rcvd", false), RTPP_OK);
	assert_true(c.stat_count == 1 && is(&c.arg[c.stat_first], "ncmds_rcvd"));
	assert_int_equal(parse("VF 20040107", false), RTPP_OK);
	assert_true(c.op == RTPP_FEATURE && is(&c.name, "20040107"));
}

static void subs(void **state)
{
	char text[512] = "U" UL;

	assert_int_equal(parse("U" UL " t && Sr tos=184 && L6 fd77::2 8 && Dw && M3:1 Dx", false),
			 RTPP_OK);
	assert_int_equal(c.sub_count, 4);
	assert_true(c.sub[0].kind == RTPP_SUB_SET && c.sub[0].tos && c.sub[0].reverse);
	assert_int_equal(c.sub[0].value, 184);
	assert_true(c.sub[1].kind == RTPP_SUB_LOOKUP && c.sub[1].ul.remote_port == 8);
	assert_true(c.sub[2].kind == RTPP_SUB_DELETE && c.sub[2].weak);
	assert_true(c.sub[3].kind == RTPP_SUB_DTMF && is(&c.sub[3].tag, "x"));
	for (unsigned int i = 0; i < RTPP_SUBS_MAX; i++)
		strcat(text, " && D");
	assert_int_equal(parse(text, false), RTPP_OK);
	assert_int_equal(c.sub_count, RTPP_SUBS_MAX);
	strcat(text, " && D");
	assert_int_equal(parse(text, false), 5);
}

static void limits(void **state)
{
	static char text[RTPP_COMMAND_MAX + 2];
	const struct rtpp_context ctx = {.bridging = false};

	/* A NUL is part of no token. */
	assert_int_equal(rtpp_parse("V\0", 2, &ctx, &c), 5);
	assert_int_equal(rtpp_parse("V \0", 3, &ctx, &c), 5);
	assert_int_equal(rtpp_parse("D call from t\0o", 15, &ctx, &c), 5);
	assert_int_equal(rtpp_parse("U" UL " && D\0", 31, &ctx, &c), 5);

	memset(text, ' ', sizeof(text));
	text[0] = 'V';
	assert_int_equal(rtpp_parse(text, RTPP_COMMAND_MAX, &ctx, &c), RTPP_OK);
	assert_int_equal(rtpp_parse(text, RTPP_COMMAND_MAX + 1, &ctx, &c), 5);
	memset(text + 2, 'x', RTPP_COMMAND_MAX - 2);
	assert_int_equal(rtpp_parse(text, RTPP_COMMAND_MAX, &ctx, &c), 1);
}

static void cookies(void **state)
{
	struct rtpp_str cookie, rest;
	char text[RTPP_COOKIE_MAX + 3];

	assert_true(rtpp_split_cookie(" 12_3  V\n", 9, &cookie, &rest));
	assert_true(is(&cookie, "12_3") && is(&rest, "  V\n"));
	assert_true(rtpp_split_cookie("12", 2, &cookie, &rest));
	assert_int_equal(rest.len, 0);
	assert_false(rtpp_split_cookie(" ", 1, &cookie, &rest));
	assert_false(rtpp_split_cookie("", 0, &cookie, &rest));
	assert_false(rtpp_split_cookie("1\0 V", 4, &cookie, &rest));
	memset(text, 'x', sizeof(text));
	text[RTPP_COOKIE_MAX] = ' ';
	assert_true(rtpp_split_cookie(text, sizeof(text), &cookie, &rest));
	text[RTPP_COOKIE_MAX] = 'x';
	assert_false(rtpp_split_cookie(text, sizeof(text), &cookie, &rest));
}

/* ---- replies --------------------------------------------------------------------------------- */

static void replies(void **state)
{
	const struct rtpp_str cookie = {"12_3", 4};
	struct rtpp_reply r;

	rtpp_reply_begin(&r, &cookie);
	rtpp_reply_add(&r, "%u %s", 35000, "10.0.0.1");
	rtpp_reply_end(&r);
	assert_int_equal(r.len, 20);
	assert_memory_equal(r.data, "12_3 35000 10.0.0.1\n", 20);
	assert_false(r.full || r.error);

	rtpp_reply_begin(&r, NULL);
	rtpp_reply_add(&r, "%*s", RTPP_REPLY_MAX - 1, "x");
	assert_false(r.full);
	assert_int_equal(r.len, RTPP_REPLY_MAX - 1);
	rtpp_reply_add(&r, "y");
	assert_true(r.full);
	assert_int_equal(r.len, RTPP_REPLY_MAX - 1);
	rtpp_reply_end(&r);
	assert_int_equal(r.len, RTPP_REPLY_MAX);
	assert_int_equal(r.data[RTPP_REPLY_MAX - 2], 'x');

	rtpp_reply_begin(&r, &cookie);
	rtpp_reply_add(&r, "%*s", RTPP_REPLY_MAX, "x");
	assert_true(r.full);
	rtpp_reply_error(&r, RTPP_E_QUERY_BIG);
	rtpp_reply_end(&r);
	assert_true(r.error && !r.full);
	assert_memory_equal(r.data, "12_3 E26\n", 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results),      cmocka_unit_test(update),
		cmocka_unit_test(notification), cmocka_unit_test(others),
		cmocka_unit_test(subs),         cmocka_unit_test(limits),
		cmocka_unit_test(cookies),      cmocka_unit_test(replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
