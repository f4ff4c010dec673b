/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "sample.h"

#include <arpa/inet.h>

#include "frame.h"

/* The short way takes untagged UDP that fills its IP packet, and takes nothing else. */
static void check_plain(const uint8_t *p, size_t len, bool check_csum, enum wire_frame_kind kind,
			const struct wire_frame *f)
{
	bool untagged = kind == WIRE_UDP && f->l3_off == WIRE_ETH_HLEN, plain = false;
	uint16_t type = len >= WIRE_ETH_HLEN ? wire_load16(p + 12) : 0;
	const uint8_t *ip = p + WIRE_ETH_HLEN;
	uint32_t left = (uint32_t)len - WIRE_ETH_HLEN, udp_len = 0, ip_len = 0;

	if (type == htons(WIRE_ETHERTYPE_IP4)) {
		plain = wire_ip4_plain(ip, left, check_csum, &udp_len);
		ip_len = untagged ? wire_get16(ip + 2) - (uint32_t)WIRE_IP4_HLEN : 0;
	} else if (type == htons(WIRE_ETHERTYPE_IP6)) {
		plain = wire_ip6_plain(ip, left, &udp_len);
		ip_len = untagged ? wire_get16(ip + 4) : 0;
	}
	assert_int_equal(plain, untagged && ip_len == f->payload_len + (uint32_t)WIRE_UDP_HLEN);
	if (plain)
		assert_int_equal(udp_len, f->payload_len + WIRE_UDP_HLEN);
}

static enum wire_frame_kind parse(const struct sample *s, bool check_csum, struct wire_frame *f)
{
	uint8_t *copy = exact_copy(s->b, s->len);
	enum wire_frame_kind kind = wire_frame_parse(copy, (uint32_t)s->len, check_csum, f);

	check_plain(copy, s->len, check_csum, kind, f);
	if (kind == WIRE_UDP)
		(void)wire_frame_udp_csum_ok(copy, f);
	free(copy);
	return kind;
}

/* Where a byte of a table is counted from. */
enum base { NOWHERE, ETH, L3, L4 };

/* The sum of the IPv4 header is put right after the change, unless... */
enum csum { FIX, LEAVE, TRUST };

#define DATA 20

static void verdicts(void **state)
{
	static const struct {
		const char *name;
		enum sample_kind kind;
		int vlan;
		struct {
			enum base base;
			int off, value;
		} change[2];
		int grow; /* bytes at the end of the frame */
		enum csum csum;
		enum wire_frame_kind expect;
	} cases[] = {
		{"udp4", SAMPLE_UDP4, 0, {{0}}, 0, FIX, WIRE_UDP},
		{"udp6", SAMPLE_UDP6, 0, {{0}}, 0, FIX, WIRE_UDP},
		{"udp4 tagged", SAMPLE_UDP4, 1, {{0}}, 0, FIX, WIRE_UDP},
		{"udp6 tagged", SAMPLE_UDP6, 1, {{0}}, 0, FIX, WIRE_UDP},
		{"echo4", SAMPLE_ECHO4, 0, {{0}}, 0, FIX, WIRE_ICMP4},
		{"echo6", SAMPLE_ECHO6, 0, {{0}}, 0, FIX, WIRE_ICMP6},
		{"arp", SAMPLE_ARP, 0, {{0}}, 0, FIX, WIRE_ARP},
		{"arp tagged", SAMPLE_ARP, 1, {{0}}, 0, FIX, WIRE_ARP},
		{"ns", SAMPLE_NS, 0, {{0}}, 0, FIX, WIRE_ICMP6},
		{"udp4 padded", SAMPLE_UDP4, 0, {{0}}, 46, FIX, WIRE_UDP},
		{"udp6 padded", SAMPLE_UDP6, 1, {{0}}, 46, FIX, WIRE_UDP},

		{"ends in payload 4", SAMPLE_UDP4, 0, {{0}}, -1, FIX, WIRE_BAD_TRUNCATED},
		{"ends in payload 6", SAMPLE_UDP6, 0, {{0}}, -1, FIX, WIRE_BAD_TRUNCATED},
		{"total beyond frame", SAMPLE_UDP4, 0, {{L3, 3, 49}}, 0, FIX, WIRE_BAD_TRUNCATED},
		{"total 65535",
		 SAMPLE_UDP4,
		 0,
		 {{L3, 2, 255}, {L3, 3, 255}},
		 0,
		 FIX,
		 WIRE_BAD_TRUNCATED},
		{"payload length beyond frame",
		 SAMPLE_UDP6,
		 0,
		 {{L3, 5, 29}},
		 0,
		 FIX,
		 WIRE_BAD_TRUNCATED},
		{"payload length 65535",
		 SAMPLE_UDP6,
		 0,
		 {{L3, 4, 255}, {L3, 5, 255}},
		 0,
		 FIX,
		 WIRE_BAD_TRUNCATED},

		{"length field 802.3",
		 SAMPLE_UDP4,
		 0,
		 {{ETH, 12, 0}, {ETH, 13, 46}},
		 0,
		 FIX,
		 WIRE_BAD_ETHERTYPE},
		{"lldp",
		 SAMPLE_UDP4,
		 0,
		 {{ETH, 12, 0x88}, {ETH, 13, 0xcc}},
		 0,
		 FIX,
		 WIRE_BAD_ETHERTYPE},
		{"two tags",
		 SAMPLE_UDP4,
		 1,
		 {{ETH, 16, 0x81}, {ETH, 17, 0}},
		 0,
		 FIX,
		 WIRE_BAD_ETHERTYPE},
		{"service tag",
		 SAMPLE_UDP4,
		 1,
		 {{ETH, 12, 0x88}, {ETH, 13, 0xa8}},
		 0,
		 FIX,
		 WIRE_BAD_ETHERTYPE},

		{"version 6 as ip4", SAMPLE_UDP4, 0, {{L3, 0, 0x65}}, 0, FIX, WIRE_BAD_IP_VERSION},
		{"version 0 as ip4", SAMPLE_UDP4, 0, {{L3, 0, 0x05}}, 0, FIX, WIRE_BAD_IP_VERSION},
		{"version 4 as ip6", SAMPLE_UDP6, 0, {{L3, 0, 0x45}}, 0, FIX, WIRE_BAD_IP_VERSION},
		{"version 15 as ip6", SAMPLE_UDP6, 0, {{L3, 0, 0xf0}}, 0, FIX, WIRE_BAD_IP_VERSION},

		{"header length 4", SAMPLE_UDP4, 0, {{L3, 0, 0x44}}, 0, FIX, WIRE_BAD_IP_HEADER},
		{"header length 0", SAMPLE_UDP4, 0, {{L3, 0, 0x40}}, 0, FIX, WIRE_BAD_IP_HEADER},
		{"total 19", SAMPLE_UDP4, 0, {{L3, 3, 19}}, 0, FIX, WIRE_BAD_IP_HEADER},
		{"total 0", SAMPLE_UDP4, 0, {{L3, 3, 0}}, 0, FIX, WIRE_BAD_IP_HEADER},

		{"options", SAMPLE_UDP4, 0, {{L3, 0, 0x46}}, 0, FIX, WIRE_BAD_IP_OPTIONS},
		{"options, beyond frame",
		 SAMPLE_UDP4,
		 0,
		 {{L3, 0, 0x4f}},
		 -20,
		 FIX,
		 WIRE_BAD_IP_OPTIONS},

		{"sum wrong", SAMPLE_UDP4, 0, {{L3, 8, 1}}, 0, LEAVE, WIRE_BAD_IP_CSUM},
		{"sum wrong in its field",
		 SAMPLE_UDP4,
		 0,
		 {{L3, 10, 1}},
		 0,
		 LEAVE,
		 WIRE_BAD_IP_CSUM},
		{"sum zero",
		 SAMPLE_UDP4,
		 0,
		 {{L3, 10, 0}, {L3, 11, 0}},
		 0,
		 LEAVE,
		 WIRE_BAD_IP_CSUM},
		{"sum wrong, device says good", SAMPLE_UDP4, 0, {{L3, 8, 1}}, 0, TRUST, WIRE_UDP},

		{"first fragment", SAMPLE_UDP4, 0, {{L3, 6, 0x20}}, 0, FIX, WIRE_BAD_FRAGMENT},
		{"last fragment",
		 SAMPLE_UDP4,
		 0,
		 {{L3, 6, 0}, {L3, 7, 1}},
		 0,
		 FIX,
		 WIRE_BAD_FRAGMENT},
		{"far fragment",
		 SAMPLE_UDP4,
		 0,
		 {{L3, 6, 0x1f}, {L3, 7, 0xff}},
		 0,
		 FIX,
		 WIRE_BAD_FRAGMENT},
		{"fragment of icmp", SAMPLE_ECHO4, 0, {{L3, 6, 0x20}}, 0, FIX, WIRE_BAD_FRAGMENT},
		{"df only", SAMPLE_UDP4, 0, {{L3, 6, 0x40}}, 0, FIX, WIRE_UDP},
		{"no df", SAMPLE_UDP4, 0, {{L3, 6, 0}}, 0, FIX, WIRE_UDP},
		{"fragment header", SAMPLE_UDP6, 0, {{L3, 6, 44}}, 0, FIX, WIRE_BAD_FRAGMENT},

		{"hop-by-hop", SAMPLE_UDP6, 0, {{L3, 6, 0}}, 0, FIX, WIRE_BAD_EXT_HEADER},
		{"routing", SAMPLE_UDP6, 0, {{L3, 6, 43}}, 0, FIX, WIRE_BAD_EXT_HEADER},
		{"authentication", SAMPLE_UDP6, 0, {{L3, 6, 51}}, 0, FIX, WIRE_BAD_EXT_HEADER},
		{"destination options", SAMPLE_UDP6, 0, {{L3, 6, 60}}, 0, FIX, WIRE_BAD_EXT_HEADER},
		{"mobility", SAMPLE_UDP6, 0, {{L3, 6, 135}}, 0, FIX, WIRE_BAD_EXT_HEADER},
		{"hip", SAMPLE_UDP6, 0, {{L3, 6, 139}}, 0, FIX, WIRE_BAD_EXT_HEADER},
		{"shim6", SAMPLE_UDP6, 0, {{L3, 6, 140}}, 0, FIX, WIRE_BAD_EXT_HEADER},

		{"tcp4", SAMPLE_UDP4, 0, {{L3, 9, 6}}, 0, FIX, WIRE_BAD_PROTOCOL},
		{"tcp6", SAMPLE_UDP6, 0, {{L3, 6, 6}}, 0, FIX, WIRE_BAD_PROTOCOL},
		{"icmp6 in ip4", SAMPLE_UDP4, 0, {{L3, 9, 58}}, 0, FIX, WIRE_BAD_PROTOCOL},
		{"icmp4 in ip6", SAMPLE_UDP6, 0, {{L3, 6, 1}}, 0, FIX, WIRE_BAD_PROTOCOL},
		{"esp", SAMPLE_UDP6, 0, {{L3, 6, 50}}, 0, FIX, WIRE_BAD_PROTOCOL},
		{"no next header", SAMPLE_UDP6, 0, {{L3, 6, 59}}, 0, FIX, WIRE_BAD_PROTOCOL},

		{"udp length 7", SAMPLE_UDP4, 0, {{L4, 5, 7}}, 0, FIX, WIRE_BAD_UDP_LENGTH},
		{"udp length 0", SAMPLE_UDP4, 0, {{L4, 5, 0}}, 0, FIX, WIRE_BAD_UDP_LENGTH},
		{"udp length beyond ip4",
		 SAMPLE_UDP4,
		 0,
		 {{L4, 5, 29}},
		 10,
		 FIX,
		 WIRE_BAD_UDP_LENGTH},
		{"udp length beyond ip6",
		 SAMPLE_UDP6,
		 0,
		 {{L4, 5, 29}},
		 10,
		 FIX,
		 WIRE_BAD_UDP_LENGTH},
		{"udp length 65535",
		 SAMPLE_UDP6,
		 0,
		 {{L4, 4, 255}, {L4, 5, 255}},
		 0,
		 FIX,
		 WIRE_BAD_UDP_LENGTH},
		{"udp length 0 in ip6", SAMPLE_UDP6, 0, {{L4, 5, 0}}, 0, FIX, WIRE_BAD_UDP_LENGTH},
		{"udp header cut by ip4",
		 SAMPLE_UDP4,
		 0,
		 {{L3, 3, 27}},
		 0,
		 FIX,
		 WIRE_BAD_UDP_LENGTH},
		{"udp header cut by ip6",
		 SAMPLE_UDP6,
		 0,
		 {{L3, 5, 7}},
		 0,
		 FIX,
		 WIRE_BAD_UDP_LENGTH},
		{"jumbogram", SAMPLE_UDP6, 0, {{L3, 5, 0}}, 0, FIX, WIRE_BAD_UDP_LENGTH},
		{"udp length below ip4", SAMPLE_UDP4, 0, {{L4, 5, 8}}, 0, FIX, WIRE_UDP},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sample s;
		struct wire_frame f = {0};

		sample_make(&s, cases[i].kind, cases[i].vlan, DATA);
		for (int j = 0; j < 2; j++) {
			size_t from[] = {[ETH] = 0, [L3] = s.l3, [L4] = s.l4};

			if (cases[i].change[j].base != NOWHERE)
				s.b[from[cases[i].change[j].base] + cases[i].change[j].off] =
					(uint8_t)cases[i].change[j].value;
		}
		if (cases[i].csum == FIX && !s.v6 && cases[i].kind != SAMPLE_ARP)
			sample_fix_ip4(&s);
		s.len += (size_t)cases[i].grow;
		check_case(cases[i].name, parse(&s, cases[i].csum != TRUST, &f) == cases[i].expect);
	}
}

/* On paper IPv6, but inside it would pass for IPv4. */
static void mapped_addresses(void **state)
{
	static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 10, 0, 0, 2};
	struct wire_frame f = {0};
	struct sample s;

	for (size_t off = 8; off <= 24; off += 16) {
		sample_make(&s, SAMPLE_UDP6, false, DATA);
		memcpy(s.b + s.l3 + off, mapped, 16);
		sample_fix_l4(&s);
		assert_int_equal(parse(&s, true, &f), WIRE_BAD_IP_HEADER);
	}
}

/* Whatever is cut off: a verdict, never the frame's own kind, and no byte beyond read. */
static void every_prefix(void **state)
{
	for (int kind = SAMPLE_UDP4; kind <= SAMPLE_NS; kind++) {
		for (int vlan = 0; vlan <= 1; vlan++) {
			struct wire_frame f = {0};
			struct sample s;
			size_t whole;

			sample_make(&s, (enum sample_kind)kind, vlan, DATA);
			whole = s.len;
			for (s.len = 0; s.len < whole; s.len++) {
				enum wire_frame_kind got = parse(&s, true, &f);

				/* What is behind the Ethernet header of ARP is ARP's business. */
				if (kind == SAMPLE_ARP && s.len >= s.l3)
					assert_int_equal(got, WIRE_ARP);
				else
					assert_int_equal(got, WIRE_BAD_TRUNCATED);
			}
		}
	}
}

/* The same with all length fields shortened along, which must be caught further in. */
static void every_shorter_packet(void **state)
{
	for (int kind = SAMPLE_UDP4; kind <= SAMPLE_UDP6; kind++) {
		struct wire_frame f = {0};
		struct sample s;

		sample_make(&s, (enum sample_kind)kind, false, DATA);
		while (--s.len >= s.l4) {
			size_t l4_len = s.len - s.l4;

			sample_put16(s.b + s.l3 + (s.v6 ? 4 : 2),
				     (unsigned int)(s.v6 ? l4_len : l4_len + 20));
			if (!s.v6)
				sample_fix_ip4(&s);
			assert_int_equal(parse(&s, true, &f), WIRE_BAD_UDP_LENGTH);
		}
	}
}

static void udp_fields(void **state)
{
	for (int vlan = 0; vlan <= 1; vlan++) {
		for (int kind = SAMPLE_UDP4; kind <= SAMPLE_UDP6; kind++) {
			union wire_ip src = kind == SAMPLE_UDP6 ? wire_ip_from6(sample_peer_ip6)
								: (union wire_ip){0};
			union wire_ip dst = wire_ip_from6(sample_our_ip6);
			struct wire_frame f = {0};
			struct sample s;

			if (kind == SAMPLE_UDP4) {
				uint32_t be;

				memcpy(&be, sample_peer_ip4, 4);
				src = wire_ip_from4(be);
				memcpy(&be, sample_our_ip4, 4);
				dst = wire_ip_from4(be);
			}
			sample_make(&s, (enum sample_kind)kind, vlan, DATA);
			s.len += 7; /* padding of the link */
			assert_int_equal(parse(&s, true, &f), WIRE_UDP);
			assert_true(wire_ip_equal(&f.src, &src));
			assert_true(wire_ip_equal(&f.dst, &dst));
			assert_int_equal(f.family, kind == SAMPLE_UDP4 ? 4 : 6);
			assert_int_equal(f.sport_be, htons(4000));
			assert_int_equal(f.dport_be, htons(5004));
			assert_int_equal(f.vlan, vlan ? SAMPLE_VLAN : 0);
			assert_int_equal(f.l3_off, s.l3);
			assert_int_equal(f.l4_off, s.l4);
			assert_int_equal(f.payload_off, s.l4 + 8);
			assert_int_equal(f.payload_len, DATA);
			assert_int_equal(f.ttl, 63);
			assert_int_equal(f.tos, 0xb9);
			assert_true(f.dont_fragment);
		}
	}
}

static void icmp_fields(void **state)
{
	struct wire_frame f = {0};
	struct sample s;

	for (int kind = SAMPLE_ECHO4; kind <= SAMPLE_ECHO6; kind++) {
		sample_make(&s, (enum sample_kind)kind, true, DATA);
		parse(&s, true, &f);
		assert_int_equal(f.payload_off, s.l4);
		assert_int_equal(f.payload_len, 8 + DATA);
	}
	sample_make(&s, SAMPLE_UDP4, false, DATA);
	s.b[s.l3 + 6] = 0;
	sample_fix_ip4(&s);
	parse(&s, true, &f);
	assert_false(f.dont_fragment);
}

/* VLAN 0 only carries a priority (IEEE 802.1Q §9.6). */
static void priority_tag(void **state)
{
	struct wire_frame f = {0};
	struct sample s;

	sample_make(&s, SAMPLE_UDP4, true, DATA);
	sample_put16(s.b + 14, 0xe000);
	assert_int_equal(parse(&s, true, &f), WIRE_UDP);
	assert_int_equal(f.vlan, 0);
	assert_int_equal(f.l3_off, 18);
}

static void udp_checksum(void **state)
{
	for (int kind = SAMPLE_UDP4; kind <= SAMPLE_UDP6; kind++) {
		for (size_t data = 0; data < 70; data++) {
			struct wire_frame f = {0};
			struct sample s;

			sample_make(&s, (enum sample_kind)kind, false, data);
			assert_int_equal(parse(&s, true, &f), WIRE_UDP);
			assert_true(wire_frame_udp_csum_ok(s.b, &f));

			/* Each bit counts, in the pseudo header as well. */
			for (size_t bit = 8 * s.l4; bit < 8 * s.len; bit++) {
				if (bit / 8 - s.l4 == 4 || bit / 8 - s.l4 == 5)
					continue; /* the length: not this packet any more */
				s.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_false(wire_frame_udp_csum_ok(s.b, &f));
				s.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
			/* The last byte of the destination address. */
			s.b[s.l4 - 1] ^= 1;
			assert_false(wire_frame_udp_csum_ok(s.b, &f));
			s.b[s.l4 - 1] ^= 1;

			sample_put16(s.b + s.l4 + 6, 0);
			assert_int_equal(wire_frame_udp_csum_ok(s.b, &f), kind == SAMPLE_UDP4);
		}
	}
}

/* A sum that comes out as zero is sent as 0xffff (RFC 768), which must be accepted. */
static void udp_checksum_of_ones(void **state)
{
	for (int kind = SAMPLE_UDP4; kind <= SAMPLE_UDP6; kind++) {
		struct wire_frame f = {0};
		struct sample s;
		uint16_t field;

		sample_make(&s, (enum sample_kind)kind, false, DATA);
		memset(s.b + s.l4 + 8, 0, DATA);
		sample_fix_l4(&s);
		/* The checksum itself as data: the sum of everything else is now 0xffff. */
		memcpy(&field, s.b + s.l4 + 6, 2);
		memcpy(s.b + s.l4 + 8, &field, 2);
		sample_fix_l4(&s);
		memcpy(&field, s.b + s.l4 + 6, 2);
		assert_int_equal(field, 0xffff);
		parse(&s, true, &f);
		assert_true(wire_frame_udp_csum_ok(s.b, &f));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(mapped_addresses),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(every_shorter_packet),
		cmocka_unit_test(udp_fields),
		cmocka_unit_test(icmp_fields),
		cmocka_unit_test(priority_tag),
		cmocka_unit_test(udp_checksum),
		cmocka_unit_test(udp_checksum_of_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
