/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "sample.h"

#include <errno.h>

#include "nd.h"

static int parse(const struct sample *s, struct wire_nd *nd)
{
	uint8_t *p = exact_copy(s->b, s->len);
	struct wire_frame f = {0};
	int rc = -EPROTO;

	if (wire_frame_parse(p, (uint32_t)s->len, true, &f) == WIRE_ICMP6)
		rc = wire_nd_parse(p, &f, nd);
	free(p);
	return rc;
}

/* An advertisement of the peer's, solicited, with its MAC. */
static void make_na(struct sample *s)
{
	sample_make(s, SAMPLE_NS, false, 0);
	memcpy(s->b + s->l3 + 24, sample_our_ip6, 16);
	s->b[s->l4] = 136;
	s->b[s->l4 + 4] = 0x60;
	memcpy(s->b + s->l4 + 8, sample_peer_ip6, 16);
	s->b[s->l4 + 24] = 2;
	sample_fix_l4(s);
}

static void fields(void **state)
{
	char text[WIRE_IP_STRLEN];
	struct wire_nd nd;
	struct sample s;

	sample_make(&s, SAMPLE_NS, true, 0);
	assert_int_equal(parse(&s, &nd), 0);
	assert_int_equal(nd.type, WIRE_ICMP6_NS);
	assert_string_equal(wire_ip_format(&nd.target, text), "2001:db8::1");
	assert_true(nd.has_mac);
	assert_memory_equal(nd.mac, sample_peer_mac, 6);
	assert_false(nd.router || nd.solicited || nd.override);

	make_na(&s);
	for (unsigned int flags = 0; flags < 8; flags++) {
		s.b[s.l4 + 4] = (uint8_t)(flags << 5);
		sample_fix_l4(&s);
		assert_int_equal(parse(&s, &nd), 0);
		assert_int_equal(nd.type, WIRE_ICMP6_NA);
		assert_string_equal(wire_ip_format(&nd.target, text), "2001:db8::2");
		assert_int_equal(nd.router, flags >> 2 & 1);
		assert_int_equal(nd.solicited, flags >> 1 & 1);
		assert_int_equal(nd.override, flags & 1);
		assert_memory_equal(nd.mac, sample_peer_mac, 6);
	}
}

#define GROUP      0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 1
#define OTHERGROUP 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2
#define ALL_NODES  0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define LOOPBACK6  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define NO_FIX     1

/* Offsets from the IPv6 header; the ICMPv6 message is 40 bytes on, its options 64. */
struct verdict {
	const char *name;
	int off, n;
	uint8_t bytes[16];
	int off2, n2;
	uint8_t bytes2[16];
	int flags;
	int expect;
};

static void check_verdict(const struct verdict *v, struct sample *s)
{
	struct wire_nd nd;

	memcpy(s->b + s->l3 + v->off, v->bytes, (size_t)v->n);
	memcpy(s->b + s->l3 + v->off2, v->bytes2, (size_t)v->n2);
	if (v->flags != NO_FIX)
		sample_fix_l4(s);
	check_case(v->name, parse(s, &nd) == v->expect);
}

static void solicitations(void **state)
{
	static const struct verdict cases[] = {
		{"sound", 0, 0, {0}, 0, 0, {0}, 0, 0},
		{"unicast probe", 24, 16, {0x20, 1, 0xd, 0xb8, [15] = 1}, 0, 0, {0}, 0, 0},
		{"hop limit 254", 7, 1, {254}, 0, 0, {0}, 0, -EINVAL},
		{"hop limit 0", 7, 1, {0}, 0, 0, {0}, 0, -EINVAL},
		{"code 1", 41, 1, {1}, 0, 0, {0}, 0, -EINVAL},
		{"checksum", 42, 1, {0}, 43, 1, {0}, NO_FIX, -EINVAL},
		{"echo", 40, 1, {128}, 0, 0, {0}, 0, -ENOMSG},
		{"router solicitation", 40, 1, {133}, 0, 0, {0}, 0, -ENOMSG},
		{"router advertisement", 40, 1, {134}, 0, 0, {0}, 0, -ENOMSG},
		{"redirect", 40, 1, {137}, 0, 0, {0}, 0, -ENOMSG},
		{"reserved bits are ignored", 44, 4, {255, 255, 255, 255}, 0, 0, {0}, 0, 0},
		{"target multicast", 48, 16, {GROUP}, 0, 0, {0}, 0, -EINVAL},
		{"target unspecified", 48, 16, {0}, 0, 0, {0}, 0, -EINVAL},
		{"target loopback", 48, 16, {LOOPBACK6}, 0, 0, {0}, 0, -EINVAL},
		{"target mapped", 48, 16, {[10] = 255, 255, 10, 0, 0, 1}, 0, 0, {0}, 0, -EINVAL},
		{"source multicast", 8, 16, {ALL_NODES}, 0, 0, {0}, 0, -EINVAL},
		{"source loopback", 8, 16, {LOOPBACK6}, 0, 0, {0}, 0, -EINVAL},
		{"unspecified source with a mac", 8, 16, {0}, 0, 0, {0}, 0, -EINVAL},
		{"detection of duplicates", 8, 16, {0}, 64, 1, {14}, 0, 0},
		{"the same, to other group", 8, 16, {0}, 24, 16, {OTHERGROUP}, 0, -EINVAL},
		{"option length 0", 65, 1, {0}, 0, 0, {0}, 0, -EINVAL},
		{"option length 2", 65, 1, {2}, 0, 0, {0}, 0, -EINVAL},
		{"option length 255", 65, 1, {255}, 0, 0, {0}, 0, -EINVAL},
		{"unknown option", 64, 1, {200}, 0, 0, {0}, 0, 0},
		{"unknown option, length 0", 64, 2, {200, 0}, 0, 0, {0}, 0, -EINVAL},
		{"unknown option, length 2", 64, 2, {200, 2}, 0, 0, {0}, 0, -EINVAL},
		{"mac zero", 66, 6, {0}, 0, 0, {0}, 0, -EINVAL},
		{"mac multicast", 66, 6, {0x33, 0x33, 0, 0, 0, 1}, 0, 0, {0}, 0, -EINVAL},
		{"mac broadcast", 66, 6, {255, 255, 255, 255, 255, 255}, 0, 0, {0}, 0, -EINVAL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sample s;

		sample_make(&s, SAMPLE_NS, false, 0);
		check_verdict(&cases[i], &s);
	}
}

static void unspecified_to_unicast(void **state)
{
	struct wire_nd nd;
	struct sample s;

	sample_make(&s, SAMPLE_NS, false, 0);
	memset(s.b + s.l3 + 8, 0, 16);
	memcpy(s.b + s.l3 + 24, sample_our_ip6, 16);
	s.b[s.l4 + 24] = 14; /* no source address, some other option */
	sample_fix_l4(&s);
	assert_int_equal(parse(&s, &nd), -EINVAL);
}

static void advertisements(void **state)
{
	static const struct verdict cases[] = {
		{"sound", 0, 0, {0}, 0, 0, {0}, 0, 0},
		{"hop limit 64", 7, 1, {64}, 0, 0, {0}, 0, -EINVAL},
		{"code 1", 41, 1, {1}, 0, 0, {0}, 0, -EINVAL},
		{"checksum", 42, 1, {0}, 43, 1, {0}, NO_FIX, -EINVAL},
		{"target multicast", 48, 16, {GROUP}, 0, 0, {0}, 0, -EINVAL},
		{"target unspecified", 48, 16, {0}, 0, 0, {0}, 0, -EINVAL},
		{"target is not the source", 48, 16, {0xfe, 0x80, [15] = 9}, 0, 0, {0}, 0, 0},
		{"source unspecified", 8, 16, {0}, 0, 0, {0}, 0, -EINVAL},
		{"source multicast", 8, 16, {ALL_NODES}, 0, 0, {0}, 0, -EINVAL},
		{"solicited to a group", 24, 16, {ALL_NODES}, 0, 0, {0}, 0, -EINVAL},
		{"unsolicited to a group", 24, 16, {ALL_NODES}, 44, 1, {0x20}, 0, 0},
		{"source's option instead", 64, 1, {1}, 0, 0, {0}, 0, 0},
		{"option length 0", 65, 1, {0}, 0, 0, {0}, 0, -EINVAL},
		{"option length 2", 65, 1, {2}, 0, 0, {0}, 0, -EINVAL},
		{"mac zero", 66, 6, {0}, 0, 0, {0}, 0, -EINVAL},
		{"mac multicast", 66, 6, {1, 0, 0x5e, 0, 0, 1}, 0, 0, {0}, 0, -EINVAL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sample s;

		make_na(&s);
		check_verdict(&cases[i], &s);
	}
}

/* Cut to n bytes, with all lengths and the checksum made to fit. */
static void cut(struct sample *s, size_t n)
{
	s->len = s->l4 + n;
	sample_put16(s->b + s->l3 + 4, (unsigned int)n);
	if (n >= 4)
		sample_fix_l4(s);
}

static void lengths(void **state)
{
	for (int na = 0; na <= 1; na++) {
		for (size_t n = 0; n <= 32; n++) {
			struct wire_nd nd = {.has_mac = true};
			struct sample s;
			int rc;

			if (na)
				make_na(&s);
			else
				sample_make(&s, SAMPLE_NS, false, 0);
			cut(&s, n);
			rc = parse(&s, &nd);
			assert_int_equal(rc, n == 24 || n == 32 ? 0 : -EINVAL);
			if (rc == 0)
				assert_int_equal(nd.has_mac, n == 32);
		}
	}
}

/* Unknown options are stepped over; of two addresses the first counts; the last must fit. */
static void several_options(void **state)
{
	static const uint8_t nonce[16] = {14, 2};
	struct wire_nd nd;
	struct sample s;
	uint8_t *opt;

	sample_make(&s, SAMPLE_NS, false, 0);
	opt = s.b + s.l4 + 24;
	memmove(opt + 16, opt, 8);
	memcpy(opt, nonce, 16);
	cut(&s, 24 + 24);
	assert_int_equal(parse(&s, &nd), 0);
	assert_memory_equal(nd.mac, sample_peer_mac, 6);

	memcpy(opt + 24, opt + 16, 8);
	opt[24 + 7] ^= 0xff;
	cut(&s, 24 + 32);
	assert_int_equal(parse(&s, &nd), 0);
	assert_memory_equal(nd.mac, sample_peer_mac, 6);

	opt[25] = 2;
	cut(&s, 24 + 32);
	assert_int_equal(parse(&s, &nd), -EINVAL);
	opt[25] = 0;
	cut(&s, 24 + 32);
	assert_int_equal(parse(&s, &nd), -EINVAL);
	cut(&s, 24 + 25);
	assert_int_equal(parse(&s, &nd), -EINVAL);
}

static void build(void **state)
{
	for (int na = 0; na <= 1; na++) {
		for (int mac = 0; mac <= 1; mac++) {
			struct wire_link link = {.vlan = mac ? SAMPLE_VLAN : 0};
			struct wire_frame f = {0};
			struct wire_nd nd;
			struct sample s;

			if (na)
				make_na(&s);
			else
				sample_make(&s, SAMPLE_NS, false, 0);
			s.b[s.l3] = 0x60; /* traffic class 0 */
			s.b[s.l3 + 1] = 0;
			cut(&s, mac ? 32 : 24);
			memcpy(link.dst, s.b, 6);
			memcpy(link.src, s.b + 6, 6);
			assert_int_equal(parse(&s, &nd), 0);
			wire_frame_parse(s.b, (uint32_t)s.len, true, &f);
			for (size_t cap = 0; cap < 100; cap++) {
				size_t hlen = link.vlan ? 18 : 14, len = hlen + s.len - s.l3;
				uint8_t *buf = malloc(cap ? cap : 1);
				int rc;

				assert_non_null(buf);
				rc = wire_nd_build(buf, cap, &link, &f.src, &f.dst, &nd);
				assert_int_equal(rc, cap < len ? -ENOSPC : (int)len);
				if (rc > 0)
					assert_memory_equal(buf + hlen, s.b + s.l3, len - hlen);
				free(buf);
			}
		}
	}
}

/* What the parser refuses is not built either. */
static void build_refused(void **state)
{
	union wire_ip ours = wire_ip_from6(sample_our_ip6), any = {{0}}, four = wire_ip_from4(1);
	union wire_ip group = wire_ip_solicited_node(&ours);
	struct wire_nd nd = {.target = ours, .type = WIRE_ICMP6_NS, .has_mac = true};
	struct wire_link link = {.vlan = 0};
	uint8_t buf[128];

	memcpy(nd.mac, sample_our_mac, 6);
	assert_true(wire_nd_build(buf, sizeof(buf), &link, &ours, &group, &nd) > 0);
	assert_int_equal(wire_nd_build(buf, sizeof(buf), &link, &any, &group, &nd), -EINVAL);
	assert_int_equal(wire_nd_build(buf, sizeof(buf), &link, &four, &group, &nd), -EINVAL);
	assert_int_equal(wire_nd_build(buf, sizeof(buf), &link, &ours, &four, &nd), -EINVAL);
	nd.has_mac = false;
	assert_true(wire_nd_build(buf, sizeof(buf), &link, &any, &group, &nd) > 0);
	nd.type = WIRE_ICMP6_NA;
	nd.solicited = true;
	assert_int_equal(wire_nd_build(buf, sizeof(buf), &link, &ours, &group, &nd), -EINVAL);
	nd.solicited = false;
	assert_true(wire_nd_build(buf, sizeof(buf), &link, &ours, &group, &nd) > 0);
	nd.target = group;
	assert_int_equal(wire_nd_build(buf, sizeof(buf), &link, &ours, &group, &nd), -EINVAL);
	nd.target = ours;
	nd.type = WIRE_ICMP6_ECHO_REQUEST;
	assert_int_equal(wire_nd_build(buf, sizeof(buf), &link, &ours, &group, &nd), -EINVAL);
}

static void groups(void **state)
{
	static const uint8_t expect[6] = {0x33, 0x33, 0xff, 0x28, 0x9c, 0x5a};
	union wire_ip ip, group;
	char text[WIRE_IP_STRLEN];
	uint8_t mac[6];

	assert_int_equal(wire_ip_parse("fe80::2aa:ff:fe28:9c5a", &ip), 0);
	group = wire_ip_solicited_node(&ip);
	assert_string_equal(wire_ip_format(&group, text), "ff02::1:ff28:9c5a");
	wire_ip6_group_mac(&group, mac);
	assert_memory_equal(mac, expect, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),         cmocka_unit_test(solicitations),
		cmocka_unit_test(advertisements), cmocka_unit_test(unspecified_to_unicast),
		cmocka_unit_test(lengths),        cmocka_unit_test(several_options),
		cmocka_unit_test(build),          cmocka_unit_test(build_refused),
		cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
