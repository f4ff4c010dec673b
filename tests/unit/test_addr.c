/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

#include <errno.h>

#include "addr.h"

static union wire_ip ip_of(const char *text)
{
	union wire_ip ip;

	if (wire_ip_parse(text, &ip) < 0) {
		print_error("\"%s\" does not parse\n", text);
		fail();
	}
	return ip;
}

static void parse_and_format(void **state)
{
	static const struct {
		const char *text, *expect; /* NULL: refused */
	} cases[] = {
		{"10.0.0.1", "10.0.0.1"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"2001:db8::1", "2001:db8::1"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"::", "::"},
		{"::1", "::1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* RFC 5952 §4.2.2 */
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"::ffff:1.2.3.4", NULL}, /* means IPv4 inside, IPv6 on paper */
		{"::ffff:102:304", NULL},
		{"0:0:0:0:0:ffff:1.2.3.4", NULL},
		{"", NULL},
		{"10.0.0", NULL},
		{"10.0.0.256", NULL},
		{"10.0.0.1.2", NULL},
		{"010.0.0.1", NULL},
		{"10.0.0.1 ", NULL},
		{" 10.0.0.1", NULL},
		{"10.0.0.1:5004", NULL},
		{"10.0.0.1/24", NULL},
		{"0x0a000001", NULL},
		{"167772161", NULL},
		{"2001:db8::1%eth0", NULL},
		{"[2001:db8::1]", NULL},
		{"2001:db8::1::2", NULL},
		{"2001:db8", NULL},
		{"1:2:3:4:5:6:7:8:9", NULL},
		{"12345::", NULL},
		{"localhost", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		union wire_ip ip = ip_of("192.0.2.77"), before = ip;
		char text[WIRE_IP_STRLEN];
		int rc = wire_ip_parse(cases[i].text, &ip);

		if (cases[i].expect == NULL) {
			check_case(cases[i].text, rc == -EINVAL);
			check_case(cases[i].text, wire_ip_equal(&ip, &before));
			continue;
		}
		check_case(cases[i].text, rc == 0);
		assert_ptr_equal(wire_ip_format(&ip, text), text);
		assert_string_equal(text, cases[i].expect);
	}
}

static void prefix_text(void **state)
{
	static const struct {
		const char *text;
		int bits; /* -1: refused */
	} cases[] = {
		{"10.0.0.1/24", 24},
		{"10.0.0.1/0", 0},
		{"10.0.0.1/32", 32},
		{"10.0.0.1/33", -1},
		{"2001:db8::1/64", 64},
		{"2001:db8::1/128", 128},
		{"2001:db8::1/129", -1},
		{"1111:2222:3333:4444:5555:6666:7777:8888/127", 127},
		{"10.0.0.1", -1},
		{"10.0.0.1/", -1},
		{"/24", -1},
		{"/", -1},
		{"", -1},
		{"10.0.0.1/-1", -1},
		{"10.0.0.1/+8", -1},
		{"10.0.0.1/ 8", -1},
		{"10.0.0.1/08", -1},
		{"10.0.0.1/00", -1},
		{"10.0.0.1/8x", -1},
		{"10.0.0.1/8/8", -1},
		{"10.0.0.1/4294967304", -1},
		{"::ffff:10.0.0.1/96", -1},
		{"000000000000000000000000000000000000000000000000000/8", -1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned int bits = 1000;
		union wire_ip ip;
		int rc = wire_ip_parse_prefix(cases[i].text, &ip, &bits);

		check_case(cases[i].text, rc == (cases[i].bits < 0 ? -EINVAL : 0));
		check_case(cases[i].text, rc < 0 || bits == (unsigned int)cases[i].bits);
	}
}

static void prefix_keeps_host_bits(void **state)
{
	union wire_ip ip, expect = ip_of("10.0.0.77");
	unsigned int bits;

	assert_int_equal(wire_ip_parse_prefix("10.0.0.77/24", &ip, &bits), 0);
	assert_true(wire_ip_equal(&ip, &expect));
}

static void in_prefix(void **state)
{
	static const struct {
		const char *ip, *prefix;
		unsigned int bits;
		bool in;
	} cases[] = {
		{"10.0.0.1", "10.0.0.99", 24, true},
		{"10.0.1.1", "10.0.0.99", 24, false},
		{"10.0.1.1", "10.0.0.99", 23, true},
		{"10.0.2.1", "10.0.0.99", 23, false},
		{"127.0.0.1", "128.0.0.1", 1, false},
		{"127.0.0.1", "128.0.0.1", 0, true},
		{"10.0.0.1", "10.0.0.1", 32, true},
		{"10.0.0.1", "10.0.0.0", 32, false},
		{"10.0.0.1", "10.0.0.0", 31, true},
		{"10.0.0.1", "10.0.0.1", 33, false},
		{"2001:db8::1", "2001:db8::ffff", 64, true},
		{"2001:db8::1", "2001:db8::", 128, false},
		{"2001:db8::1", "2001:db8::", 127, true},
		{"2001:db8::1", "2001:db8::1", 128, true},
		{"2001:db8::1", "2001:db8::1", 129, false},
		{"2001:db8::1", "::", 0, true},
		{"10.0.0.1", "::", 0, false}, /* families never mix */
		{"2001:db8::1", "0.0.0.0", 0, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		union wire_ip ip = ip_of(cases[i].ip), prefix = ip_of(cases[i].prefix);

		check_case(cases[i].ip,
			   wire_ip_in_prefix(&ip, &prefix, cases[i].bits) == cases[i].in);
	}
}

enum { ANY = 1, MULTICAST = 2, LINK_LOCAL = 4, LOOPBACK = 8, UNICAST = 16, FOUR = 32 };

static void kinds(void **state)
{
	static const struct {
		const char *ip;
		int is;
	} cases[] = {
		{"0.0.0.0", FOUR | ANY},
		{"0.0.0.1", FOUR},
		{"1.0.0.0", FOUR | UNICAST},
		{"10.0.0.1", FOUR | UNICAST},
		{"127.0.0.1", FOUR | LOOPBACK},
		{"127.255.255.255", FOUR | LOOPBACK},
		{"128.0.0.1", FOUR | UNICAST},
		{"169.253.255.255", FOUR | UNICAST},
		{"169.254.0.1", FOUR | UNICAST | LINK_LOCAL},
		{"223.255.255.255", FOUR | UNICAST},
		{"224.0.0.0", FOUR | MULTICAST},
		{"239.255.255.255", FOUR | MULTICAST},
		{"240.0.0.0", FOUR},
		{"255.255.255.255", FOUR},
		{"::", ANY},
		{"::1", LOOPBACK},
		{"::2", UNICAST},
		{"2001:db8::1", UNICAST},
		{"fe7f::1", UNICAST},
		{"fe80::1", UNICAST | LINK_LOCAL},
		{"febf::1", UNICAST | LINK_LOCAL},
		{"fec0::1", UNICAST},
		{"ff02::1", MULTICAST},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		union wire_ip ip = ip_of(cases[i].ip);
		int is = wire_ip_is4(&ip) * FOUR | wire_ip_is_any(&ip) * ANY |
			 wire_ip_is_multicast(&ip) * MULTICAST |
			 wire_ip_is_link_local(&ip) * LINK_LOCAL |
			 wire_ip_is_loopback(&ip) * LOOPBACK | wire_ip_is_unicast(&ip) * UNICAST;

		check_case(cases[i].ip, is == cases[i].is);
	}
}

static void layout(void **state)
{
	static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
	union wire_ip four = ip_of("192.0.2.1"), same = wire_ip_from6(mapped);

	assert_memory_equal(four.b, mapped, 16);
	assert_true(wire_ip_equal(&four, &same));
	for (int bit = 0; bit < 128; bit++) {
		same.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(wire_ip_equal(&four, &same));
		same.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_and_format),
		cmocka_unit_test(prefix_text),
		cmocka_unit_test(prefix_keeps_host_bits),
		cmocka_unit_test(in_prefix),
		cmocka_unit_test(kinds),
		cmocka_unit_test(layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
