/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

#include "rtptp.h"

static void keepalive(void **state)
{
	static const uint8_t zero[2] = {0, 0}, one[1] = {1};
	struct wire_inner i;

	(void)state;
	assert_true(wire_rtptp_is_keepalive(zero, 1));
	assert_false(wire_rtptp_is_keepalive(zero, 0));
	assert_false(wire_rtptp_is_keepalive(zero, 2));
	assert_false(wire_rtptp_is_keepalive(one, 1));
	assert_int_equal(wire_inner_parse(zero, 2, true, &i), WIRE_INNER_BAD_VERSION);
	assert_int_equal(wire_inner_parse(one, 1, true, &i), WIRE_INNER_BAD_VERSION);
	assert_int_equal(wire_inner_parse(zero, 0, true, &i), WIRE_INNER_BAD_TRUNCATED);
}

static void header(void **state)
{
	static const uint8_t want[12] = {0x80, 0x61, 0xff, 0xfe, 1,    2,
					 3,    4,    0xde, 0xad, 0xbe, 0xef};
	struct wire_rtp rtp;
	uint8_t p[12];

	(void)state;
	wire_rtptp_write(p, 97, 0xfffe, 0x01020304, 0xdeadbeef);
	assert_memory_equal(p, want, sizeof(want));
	wire_rtptp_write(p, 0xff, 0, 0, 0); /* never a marker */
	assert_true(wire_rtp_parse(p, sizeof(p), &rtp));
	assert_false(rtp.marker);
	assert_int_equal(rtp.payload_type, 127);
}

static void overhead(void **state)
{
	(void)state;
	assert_int_equal(wire_rtptp_overhead(false, 10), 50);
	assert_int_equal(wire_rtptp_overhead(false, 16), 56);
	assert_int_equal(wire_rtptp_overhead(true, 10), 70);
	assert_int_equal(wire_rtptp_overhead(true, 16), 76);
	assert_int_equal(wire_rtptp_overhead(false, 0), 40);
}

#define MAPPED(a, b, c, d) 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d
#define WIDE(a, b, c, d)   255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, a, b, c, d
#define DOC(n)             0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n
#define ONES(n)            WIDE(255, 255, 255, n)
#define ZEROS              0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

static void users(void **state)
{
	static const struct {
		const char *name;
		uint8_t p[32];
		enum wire_rtptp_fault want;
		const char *addr;
		uint8_t bits;
		bool wide;
	} cases[] = {
		{"a host",
		 {MAPPED(10, 9, 0, 2), MAPPED(255, 255, 255, 255)},
		 WIRE_USER_OK,
		 "10.9.0.2",
		 32,
		 false},
		{"a net",
		 {MAPPED(10, 9, 0, 2), MAPPED(255, 255, 255, 0)},
		 WIRE_USER_OK,
		 "10.9.0.2",
		 24,
		 false},
		{"25 bits",
		 {MAPPED(10, 9, 0, 2), MAPPED(255, 255, 255, 128)},
		 WIRE_USER_OK,
		 "10.9.0.2",
		 25,
		 false},
		{"one bit",
		 {MAPPED(10, 9, 0, 2), MAPPED(128, 0, 0, 0)},
		 WIRE_USER_OK,
		 "10.9.0.2",
		 1,
		 false},
		{"no bit",
		 {MAPPED(10, 9, 0, 2), MAPPED(0, 0, 0, 0)},
		 WIRE_USER_OK,
		 "10.9.0.2",
		 0,
		 false},
		{"wide",
		 {MAPPED(10, 9, 0, 2), WIDE(255, 255, 0, 0)},
		 WIRE_USER_OK,
		 "10.9.0.2",
		 16,
		 true},
		{"wide, no bit",
		 {MAPPED(10, 9, 0, 2), WIDE(0, 0, 0, 0)},
		 WIRE_USER_OK,
		 "10.9.0.2",
		 0,
		 true},
		{"wide, all", {MAPPED(10, 9, 0, 2), ONES(255)}, WIRE_USER_OK, "10.9.0.2", 32, true},
		{"IPv6 host", {DOC(2), ONES(255)}, WIRE_USER_OK, "2001:db8::2", 128, false},
		{"IPv6, 127 bits", {DOC(2), ONES(254)}, WIRE_USER_OK, "2001:db8::2", 127, false},
		{"IPv6, 64 bits",
		 {DOC(2), 255, 255, 255, 255, 255, 255, 255, 255},
		 WIRE_USER_OK,
		 "2001:db8::2",
		 64,
		 false},
		{"IPv6, 61 bits",
		 {DOC(2), 255, 255, 255, 255, 255, 255, 255, 0xf8},
		 WIRE_USER_OK,
		 "2001:db8::2",
		 61,
		 false},
		{"IPv6, no bit", {DOC(2), ZEROS}, WIRE_USER_OK, "2001:db8::2", 0, false},
		{"nothing", {ZEROS, ZEROS}, WIRE_USER_OK, "::", 0, false},

		{"a mask of nothing", {ZEROS, ONES(255)}, WIRE_USER_MASK, NULL, 0, false},
		{"a mapped mask of nothing",
		 {ZEROS, MAPPED(0, 0, 0, 0)},
		 WIRE_USER_MASK,
		 NULL,
		 0,
		 false},
		{"holes",
		 {MAPPED(10, 9, 0, 2), MAPPED(255, 0, 255, 0)},
		 WIRE_USER_MASK,
		 NULL,
		 0,
		 false},
		{"a hole in a byte",
		 {MAPPED(10, 9, 0, 2), MAPPED(255, 0xfd, 0, 0)},
		 WIRE_USER_MASK,
		 NULL,
		 0,
		 false},
		{"turned",
		 {MAPPED(10, 9, 0, 2), MAPPED(0, 255, 255, 255)},
		 WIRE_USER_MASK,
		 NULL,
		 0,
		 false},
		{"IPv6 mask of IPv4",
		 {MAPPED(10, 9, 0, 2), 255, 255, 255, 255},
		 WIRE_USER_MASK,
		 NULL,
		 0,
		 false},
		{"no mask of IPv4", {MAPPED(10, 9, 0, 2), ZEROS}, WIRE_USER_MASK, NULL, 0, false},
		{"IPv4 mask of IPv6",
		 {DOC(2), MAPPED(255, 255, 255, 0)},
		 WIRE_USER_MASK,
		 NULL,
		 0,
		 false},
		{"IPv6, holes", {DOC(2), 255, 254, 255}, WIRE_USER_MASK, NULL, 0, false},
		{"IPv6, low bits only", {DOC(2), [31] = 1}, WIRE_USER_MASK, NULL, 0, false},

		{"0.0.0.0",
		 {MAPPED(0, 0, 0, 0), MAPPED(255, 255, 255, 255)},
		 WIRE_USER_ADDRESS,
		 NULL,
		 0,
		 false},
		{"127.0.0.1",
		 {MAPPED(127, 0, 0, 1), MAPPED(255, 0, 0, 0)},
		 WIRE_USER_ADDRESS,
		 NULL,
		 0,
		 false},
		{"169.254.1.1",
		 {MAPPED(169, 254, 1, 1), MAPPED(255, 255, 0, 0)},
		 WIRE_USER_ADDRESS,
		 NULL,
		 0,
		 false},
		{"224.0.0.1",
		 {MAPPED(224, 0, 0, 1), MAPPED(255, 0, 0, 0)},
		 WIRE_USER_ADDRESS,
		 NULL,
		 0,
		 false},
		{"255.255.255.255",
		 {MAPPED(255, 255, 255, 255), MAPPED(255, 0, 0, 0)},
		 WIRE_USER_ADDRESS,
		 NULL,
		 0,
		 false},
		{"::1", {[15] = 1, 255}, WIRE_USER_ADDRESS, NULL, 0, false},
		{"fe80::1", {0xfe, 0x80, [15] = 1, 255}, WIRE_USER_ADDRESS, NULL, 0, false},
		{"ff02::1", {0xff, 2, [15] = 1, 255}, WIRE_USER_ADDRESS, NULL, 0, false},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		uint8_t *copy = exact_copy(cases[n].p, 32), back[32];
		struct wire_rtptp_user user;
		union wire_ip addr;

		check_case(cases[n].name, wire_rtptp_user_read(copy, 32, &user) == cases[n].want);
		free(copy);
		if (cases[n].want != WIRE_USER_OK)
			continue;
		assert_int_equal(wire_ip_parse(cases[n].addr, &addr), 0);
		check_case(cases[n].name, wire_ip_equal(&addr, &user.addr));
		check_case(cases[n].name, user.bits == cases[n].bits);
		check_case(cases[n].name, user.wide_mask == cases[n].wide);
		wire_rtptp_user_write(back, &user);
		check_case(cases[n].name, memcmp(back, cases[n].p, 32) == 0);
	}
}

static void every_mask(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) { /* IPv4, IPv4 wide, IPv6 */
		for (unsigned int bits = 0; bits <= (kind == 2 ? 128 : 32); bits++) {
			struct wire_rtptp_user user = {.bits = (uint8_t)bits,
						       .wide_mask = kind == 1},
					       back;
			uint8_t p[32];

			assert_int_equal(
				wire_ip_parse(kind == 2 ? "fd00::7" : "192.0.2.7", &user.addr), 0);
			wire_rtptp_user_write(p, &user);
			assert_int_equal(wire_rtptp_user_read(p, 32, &back), WIRE_USER_OK);
			assert_int_equal(back.bits, bits);
			assert_int_equal(back.wide_mask, kind == 1);
			assert_true(wire_ip_equal(&back.addr, &user.addr));
		}
	}
}

static void user_lengths(void **state)
{
	(void)state;
	for (size_t len = 0; len < 70; len++) {
		uint8_t *p = exact_copy((const uint8_t[70]){0}, len);
		struct wire_rtptp_user user;

		assert_int_equal(wire_rtptp_user_read(p, len, &user),
				 len == 32 ? WIRE_USER_OK : WIRE_USER_LENGTH);
		free(p);
	}
}

static void names(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		bool want;
	} cases[] = {
		{"a", 1, true},
		{"", 0, false},
		{"alice@example.com", 17, true},
		{"Alice B.", 8, true},
		{"123456789012345678901234", 24, true},
		{"1234567890123456789012345", 25, false},
		{"J\xc3\xbcrgen", 7, true},
		{"\xe2\x82\xac", 3, true},
		{"\xf0\x9f\x98\x80", 4, true},
		{"12345678901234567890123\xc3\xa4", 25, false},
		{"1234567890123456789012\xc3\xa4", 24, true},
		{"a\0b", 3, false},
		{"a\nb", 3, false},
		{"a\x7f", 2, false},
		{"\xc2\x80", 2, false},
		{"\xc2\x9f", 2, false},
		{"\xc2\xa0", 2, true},
		{"\xc3", 1, false},
		{"\xc3(", 2, false},
		{"\xa4", 1, false},
		{"\xc0\xaf", 2, false},
		{"\xc1\xbf", 2, false},
		{"\xe0\x9f\xbf", 3, false},
		{"\xe0\xa0\x80", 3, true},
		{"\xed\x9f\xbf", 3, true},
		{"\xed\xa0\x80", 3, false},
		{"\xef\xbf\xbf", 3, true},
		{"\xe2\x82", 2, false},
		{"\xf0\x8f\xbf\xbf", 4, false},
		{"\xf4\x8f\xbf\xbf", 4, true},
		{"\xf4\x90\x80\x80", 4, false},
		{"\xf5\x80\x80\x80", 4, false},
		{"\xff", 1, false},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		uint8_t *copy = exact_copy((const uint8_t *)cases[n].name, cases[n].len);

		check_case(cases[n].name,
			   wire_rtptp_name_ok((const char *)copy, cases[n].len) == cases[n].want);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keepalive),  cmocka_unit_test(header),
		cmocka_unit_test(overhead),   cmocka_unit_test(users),
		cmocka_unit_test(every_mask), cmocka_unit_test(user_lengths),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
