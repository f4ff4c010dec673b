/* SPDX-License-Identifier: BSD-3-Clause */
/* ICE candidates of SDP (RFC 8839 §5.1). */
#include "check.h"

#include <errno.h>

#include "candidate.h"

#define HEAD  "candidate:1 1 UDP 2130706431 "
#define FIFTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static int parse(const char *text, struct candidate *c, const char **why)
{
	size_t len = strlen(text);
	uint8_t *copy = exact_copy((const uint8_t *)text, len);
	int rc = candidate_parse((const char *)copy, len, c, why);

	if (c->ufrag != NULL) /* into the copy */
		c->ufrag = text + (c->ufrag - (const char *)copy);
	free(copy);
	return rc;
}

static void lines(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		/* RFC 8839 §5.1, §5.1's IPv6 forms, and what peers really send. */
		{HEAD "203.0.113.141 8998 typ host", 0},
		{"a=" HEAD "203.0.113.141 8998 typ host", 0},
		{"1 1 UDP 2130706431 203.0.113.141 8998 typ host", 0},
		{"candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport "
		 "8998",
		 0},
		{HEAD "2001:db8::9005:d0ff 8998 typ host", 0},
		{HEAD "fe80::1 8998 typ host", 0},
		{HEAD "127.0.0.1 8998 typ host", 0},
		{"candidate:842163049 1 udp 1677729535 203.0.113.7 51472 typ srflx raddr 0.0.0.0 "
		 "rport 0 generation 0 ufrag 3MRo network-cost 999",
		 0},
		{"candidate:0 1 UDP 2122252543 192.168.1.5 60126 typ host", 0},
		{"candidate:Hc0a80105 1 UDP 2130706431 192.168.1.5 5000 typ host", 0},
		{"candidate:a+/9 256 udp 1 192.0.2.1 1 typ relay raddr 192.0.2.9 rport 9", 0},
		{HEAD "192.0.2.1 9 typ prflx", 0},
		{HEAD "192.0.2.1 9 typ host raddr hidden.local rport 9", 0},
		{HEAD "192.0.2.1 9 typ host x y", 0},
		{HEAD "192.0.2.1 9 TYP HOST", 0},
		{HEAD "192.0.2.1  9  typ host ", 0},
		/* Nothing that a check can be sent to. */
		{"candidate:1 1 TCP 2105458943 192.0.2.1 9 typ host tcptype active", -ENOTSUP},
		{"candidate:1 1 tcp 2105458943 2001:db8::1 9 typ host tcptype passive", -ENOTSUP},
		{"candidate:1 1 dccp 2105458943 192.0.2.1 9 typ host", -ENOTSUP},
		{HEAD "1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host", -ENOTSUP},
		{HEAD "host.example.org 9 typ host", -ENOTSUP},
		{HEAD "192.0.2.1 9 typ token", -ENOTSUP},
		{HEAD "192.0.2.1 0 typ host", -ENOTSUP},
		{HEAD "0.0.0.0 9 typ host", -ENOTSUP},
		{HEAD "224.0.0.1 9 typ host", -ENOTSUP},
		{HEAD "255.255.255.255 9 typ host", -ENOTSUP},
		{HEAD ":: 9 typ host", -ENOTSUP},
		{HEAD "ff02::1 9 typ host", -ENOTSUP},
		/* Malformed, though of no use either. */
		{"candidate:1 1 TCP 2105458943 192.0.2.1 9 typ host tcptype", -EINVAL},
		{HEAD "x.local 99999 typ host", -EINVAL},
		/* Malformed. */
		{"", -EINVAL},
		{"candidate:", -EINVAL},
		{"candidate:1", -EINVAL},
		{"candidate:1 1 UDP 2130706431", -EINVAL},
		{HEAD "192.0.2.1 9", -EINVAL},
		{HEAD "192.0.2.1 9 typ", -EINVAL},
		{HEAD "192.0.2.1 9 host", -EINVAL},
		{HEAD "192.0.2.1 9 typ host raddr", -EINVAL},
		{HEAD "192.0.2.1 9 typ host rport 65536", -EINVAL},
		{HEAD "192.0.2.1 9 typ host raddr !", -EINVAL},
		{HEAD "192.0.2.1 9 typ host ufrag a-b", -EINVAL},
		{HEAD "192.0.2.1 9 typ host\r", -EINVAL},
		{HEAD "192.0.2.1 9 typ host x \x01", -EINVAL},
		{HEAD "192.0.2.1 65536 typ host", -EINVAL},
		{HEAD "192.0.2.1 -1 typ host", -EINVAL},
		{HEAD "192.0.2.1 9x typ host", -EINVAL},
		{HEAD "300.0.2.1 9 typ host", -EINVAL},
		{HEAD "192.0.2 9 typ host", -EINVAL},
		{HEAD "2001:db8:::1 9 typ host", -EINVAL},
		{HEAD "[2001:db8::1] 9 typ host", -EINVAL},
		{HEAD "fe80::1%eth0 9 typ host", -EINVAL},
		{HEAD FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY " 9 typ host", -EINVAL},
		{"candidate:1 0 UDP 1 192.0.2.1 9 typ host", -EINVAL},
		{"candidate:1 257 UDP 1 192.0.2.1 9 typ host", -EINVAL},
		{"candidate:1 1 UDP 0 192.0.2.1 9 typ host", -EINVAL},
		{"candidate:1 1 UDP 2147483648 192.0.2.1 9 typ host", -EINVAL},
		{"candidate:1 1 UDP 99999999999 192.0.2.1 9 typ host", -EINVAL},
		{"candidate:1-2 1 UDP 1 192.0.2.1 9 typ host", -EINVAL},
		{"candidate:" FIFTY " 1 UDP 1 192.0.2.1 9 typ host", -EINVAL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		static const struct candidate none;
		struct candidate c;
		const char *why;

		check_case(cases[i].text, parse(cases[i].text, &c, &why) == cases[i].rc);
		check_case(cases[i].text, (why == NULL) == (cases[i].rc == 0));
		if (cases[i].rc != 0)
			check_case(cases[i].text, memcmp(&c, &none, sizeof(c)) == 0);
	}
}

static void fields(void **state)
{
	static const char text[] =
		"candidate:842163049 2 udp 1677729535 203.0.113.7 51472 typ srflx "
		"raddr 10.0.1.1 rport 9000 generation 0 ufrag 3MRo ufrag xxxx";
	union wire_ip ip, related;
	struct candidate c;
	const char *why;

	wire_ip_parse("203.0.113.7", &ip);
	wire_ip_parse("10.0.1.1", &related);
	assert_int_equal(parse(text, &c, &why), 0);
	assert_string_equal(c.foundation, "842163049");
	assert_int_equal(c.component, 2);
	assert_int_equal(c.type, CANDIDATE_SRFLX);
	assert_int_equal(c.priority, 1677729535);
	assert_true(wire_ip_equal(&c.ip, &ip));
	assert_int_equal(c.port, 51472);
	assert_true(wire_ip_equal(&c.related, &related));
	assert_int_equal(c.related_port, 9000);
	assert_int_equal(c.ufrag_len, 4);
	assert_memory_equal(c.ufrag, "3MRo", 4);
}

static void reasons(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"1 1 TCP 1 192.0.2.1 9 typ host tcptype active", "TCP"},
		{"1 1 UDP 1 x.local 9 typ host", "mDNS name"},
		{"1 1 UDP 1 X.LOCAL 9 typ host", "mDNS name"},
		{"1 1 UDP 1 x.example 9 typ host", "domain name"},
		{"1 1 UDP 1 192.0.2.1 0 typ host", "port 0"},
		{"1 1 UDP 0 192.0.2.1 9 typ host", "priority"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct candidate c;
		const char *why = NULL;

		parse(cases[i].text, &c, &why);
		assert_string_equal(why, cases[i].why);
	}
}

static void every_length(void **state)
{
	static const char text[] = "a=candidate:1 1 UDP 1677729535 2001:db8::7 51472 typ srflx "
				   "raddr 2001:db8::1 rport 9000 ufrag 3MRo";

	for (size_t n = 0; n < strlen(text); n++) {
		uint8_t *copy = exact_copy((const uint8_t *)text, n);
		struct candidate c;
		const char *why;

		candidate_parse((const char *)copy, n, &c, &why);
		free(copy);
	}
}

static void format(void **state)
{
	static const char *const texts[] = {
		HEAD "203.0.113.141 8998 typ host",
		HEAD "2001:db8::9005:d0ff 8998 typ host",
		"candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport "
		"8998",
		"candidate:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 256 UDP 2147483647 "
		"2001:db80:1111:2222:3333:4444:5555:6666 65535 typ relay raddr "
		"2001:db80:1111:2222:3333:4444:5555:6666 rport 65535",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		char out[CANDIDATE_STRLEN];
		struct candidate c;
		const char *why;
		int len = (int)strlen(texts[i]);

		assert_int_equal(parse(texts[i], &c, &why), 0);
		assert_int_equal(candidate_format(&c, out, sizeof(out)), len);
		assert_string_equal(out, texts[i]);
		for (size_t room = 0; room <= (size_t)len; room++) {
			char *small = malloc(room ? room : 1);

			assert_int_equal(candidate_format(&c, small, room), -ENOSPC);
			free(small);
		}
	}
}

static void priorities(void **state)
{
	assert_int_equal(candidate_priority(CANDIDATE_HOST, 65535, 1), 2130706431);
	assert_int_equal(candidate_priority(CANDIDATE_SRFLX, 65535, 1), 1694498815);
	assert_int_equal(candidate_priority(CANDIDATE_PRFLX, 65535, 1), 1862270975);
	assert_int_equal(candidate_priority(CANDIDATE_RELAY, 65535, 2), 16777214);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),   cmocka_unit_test(fields),
		cmocka_unit_test(reasons), cmocka_unit_test(every_length),
		cmocka_unit_test(format),  cmocka_unit_test(priorities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
