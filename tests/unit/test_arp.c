/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "sample.h"

#include "arp.h"

static int parse(const uint8_t *p, size_t len, struct wire_arp *arp)
{
	uint8_t *copy = exact_copy(p, len);
	int rc = wire_arp_parse(copy, len, arp);

	free(copy);
	return rc;
}

static void fields(void **state)
{
	struct wire_arp arp;
	struct sample s;
	char text[WIRE_IP_STRLEN];

	sample_make(&s, SAMPLE_ARP, false, 0);
	memcpy(s.b + s.l3 + 18, sample_our_mac, 6);
	assert_int_equal(parse(s.b + s.l3, 28, &arp), 0);
	assert_int_equal(arp.op, WIRE_ARP_REQUEST);
	assert_memory_equal(arp.sender_mac, sample_peer_mac, 6);
	assert_memory_equal(arp.target_mac, sample_our_mac, 6);
	assert_string_equal(wire_ip_format(&arp.sender, text), "10.0.0.2");
	assert_string_equal(wire_ip_format(&arp.target, text), "10.0.0.1");
}

/* A sound message, with some bytes at one place changed. */
static void verdicts(void **state)
{
	static const struct {
		const char *name;
		int op, off, n;
		uint8_t bytes[6];
		int expect;
	} cases[] = {
		{"request", 1, 0, 0, {0}, 0},
		{"reply", 2, 0, 0, {0}, 0},
		{"hardware: experimental", 1, 0, 2, {0, 2}, -EINVAL},
		{"hardware: 802", 1, 0, 2, {0, 6}, -EINVAL},
		{"hardware: byte order", 1, 0, 2, {1, 0}, -EINVAL},
		{"protocol: ipv6", 1, 2, 2, {0x86, 0xdd}, -EINVAL},
		{"protocol: arp", 1, 2, 2, {0x08, 0x06}, -EINVAL},
		{"hardware length 0", 1, 4, 1, {0}, -EINVAL},
		{"hardware length 8", 1, 4, 1, {8}, -EINVAL},
		{"protocol length 16", 1, 5, 1, {16}, -EINVAL},
		{"operation 0", 0, 0, 0, {0}, -EINVAL},
		{"operation 3 (rarp)", 3, 0, 0, {0}, -EINVAL},
		{"operation 258", 258, 0, 0, {0}, -EINVAL},
		{"sender mac zero", 1, 8, 6, {0}, -EINVAL},
		{"sender mac broadcast", 2, 8, 6, {255, 255, 255, 255, 255, 255}, -EINVAL},
		{"sender mac multicast", 2, 8, 6, {1, 0, 0x5e, 0, 0, 1}, -EINVAL},
		{"probe", 1, 14, 4, {0, 0, 0, 0}, 0},
		{"reply from 0.0.0.0", 2, 14, 4, {0, 0, 0, 0}, -EINVAL},
		{"sender 0.0.0.1", 1, 14, 4, {0, 0, 0, 1}, -EINVAL},
		{"sender multicast", 1, 14, 4, {224, 0, 0, 1}, -EINVAL},
		{"sender broadcast", 2, 14, 4, {255, 255, 255, 255}, -EINVAL},
		{"sender loopback", 2, 14, 4, {127, 0, 0, 1}, -EINVAL},
		{"announcement", 1, 14, 4, {10, 0, 0, 1}, 0},
		{"target 0.0.0.0", 1, 24, 4, {0, 0, 0, 0}, -EINVAL},
		{"target multicast", 1, 24, 4, {239, 1, 1, 1}, -EINVAL},
		{"target broadcast", 1, 24, 4, {255, 255, 255, 255}, -EINVAL},
		{"target loopback", 1, 24, 4, {127, 0, 0, 1}, -EINVAL},
		{"target mac anything", 1, 18, 6, {255, 255, 255, 255, 255, 255}, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wire_arp arp;
		struct sample s;

		sample_make(&s, SAMPLE_ARP, false, 0);
		sample_put16(s.b + s.l3 + 6, (unsigned int)cases[i].op);
		memcpy(s.b + s.l3 + cases[i].off, cases[i].bytes, (size_t)cases[i].n);
		check_case(cases[i].name, parse(s.b + s.l3, 28, &arp) == cases[i].expect);
	}
}

static void lengths(void **state)
{
	struct wire_arp arp;
	struct sample s;

	sample_make(&s, SAMPLE_ARP, false, 0);
	for (size_t len = 0; len < 28; len++)
		assert_int_equal(parse(s.b + s.l3, len, &arp), -EINVAL);
	for (size_t len = 28; len < 60; len++)
		assert_int_equal(parse(s.b + s.l3, len, &arp), 0);
}

static void build(void **state)
{
	for (int vlan = 0; vlan <= 1; vlan++) {
		struct wire_link link = {.vlan = vlan ? SAMPLE_VLAN : 0};
		struct wire_arp arp;
		struct sample s;

		sample_make(&s, SAMPLE_ARP, vlan, 0);
		if (vlan)
			sample_put16(s.b + 14, SAMPLE_VLAN); /* no priority of our own */
		memcpy(link.dst, sample_our_mac, 6);
		memcpy(link.src, sample_peer_mac, 6);
		assert_int_equal(parse(s.b + s.l3, 28, &arp), 0);
		for (size_t cap = 0; cap <= s.len; cap++) {
			uint8_t *buf = malloc(cap ? cap : 1);
			int rc;

			assert_non_null(buf);
			rc = wire_arp_build(buf, cap, &link, &arp);
			assert_int_equal(rc, cap < s.len ? -ENOSPC : (int)s.len);
			if (rc > 0)
				assert_memory_equal(buf, s.b, s.len);
			free(buf);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(lengths),
		cmocka_unit_test(build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
