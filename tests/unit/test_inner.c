/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "inner_sample.h"

#include <errno.h>

#include "rtptp.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static struct packet packet;

enum fix { FIX, LEAVE };

/* One change to a packet of 20 bytes of UDP, and how much of it there is. */
static void parse_verdicts(void **state)
{
	static const struct {
		const char *name;
		int family;
		int off, value;
		enum fix fix;
		int more; /* bytes behind the packet, or missing */
		enum wire_inner_kind want;
	} cases[] = {
		{"plain 4", 4, 8, 64, FIX, 0, WIRE_INNER_IP4},
		{"plain 6", 6, 7, 64, FIX, 0, WIRE_INNER_IP6},
		{"padded 4", 4, 8, 64, FIX, 7, WIRE_INNER_IP4},
		{"padded 6", 6, 7, 64, FIX, 7, WIRE_INNER_IP6},
		{"a byte short 4", 4, 8, 64, FIX, -1, WIRE_INNER_BAD_TRUNCATED},
		{"a byte short 6", 6, 7, 64, FIX, -1, WIRE_INNER_BAD_TRUNCATED},
		{"ends in its header 4", 4, 8, 64, FIX, -21, WIRE_INNER_BAD_TRUNCATED},
		{"ends in its header 6", 6, 7, 64, FIX, -21, WIRE_INNER_BAD_TRUNCATED},
		{"one byte 4", 4, 8, 64, FIX, -39, WIRE_INNER_BAD_TRUNCATED},
		{"one byte 6", 6, 8, 64, FIX, -59, WIRE_INNER_BAD_TRUNCATED},
		{"nothing", 4, 8, 64, FIX, -40, WIRE_INNER_BAD_TRUNCATED},
		{"version 0", 4, 0, 0x05, FIX, 0, WIRE_INNER_BAD_VERSION},
		{"version 5", 4, 0, 0x55, FIX, 0, WIRE_INNER_BAD_VERSION},
		{"version 15", 6, 0, 0xf0, FIX, 0, WIRE_INNER_BAD_VERSION},
		{"header of 16 bytes", 4, 0, 0x44, FIX, 0, WIRE_INNER_BAD_HEADER},
		{"header of 0 bytes", 4, 0, 0x40, FIX, 0, WIRE_INNER_BAD_HEADER},
		{"header beyond the packet", 4, 0, 0x4f, FIX, 0, WIRE_INNER_BAD_HEADER},
		{"total length under the header", 4, 3, 19, FIX, 0, WIRE_INNER_BAD_HEADER},
		{"no payload", 4, 3, 20, FIX, 0, WIRE_INNER_IP4},
		{"no payload 6", 6, 5, 0, FIX, 0, WIRE_INNER_IP6},
		{"total length of 65,000", 4, 2, 0xfd, FIX, 0, WIRE_INNER_BAD_TRUNCATED},
		{"payload length of 65,000", 6, 4, 0xfd, FIX, 0, WIRE_INNER_BAD_TRUNCATED},
		{"checksum", 4, 10, 0, LEAVE, 0, WIRE_INNER_BAD_CSUM},
		{"any protocol", 4, 9, 200, FIX, 0, WIRE_INNER_IP4},
		{"a fragment", 4, 6, 0x20, FIX, 0, WIRE_INNER_IP4},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		struct parsed r;

		if (cases[n].family == 4)
			packet_ip4(&packet, 17, NULL, 0, 20);
		else
			packet_ip6(&packet, 17, NULL, 0, 20);
		packet.b[cases[n].off] = (uint8_t)cases[n].value;
		if (cases[n].family == 4 && cases[n].fix == FIX)
			packet_fix_ip4(&packet);
		packet.len = (uint32_t)((int)packet.len + cases[n].more);
		r = packet_parse(&packet);
		check_case(cases[n].name, r.kind == cases[n].want);
		if (r.kind <= WIRE_INNER_IP6 && cases[n].more > 0) {
			check_case(cases[n].name, r.i.len == packet.len - 7);
			check_case(cases[n].name, r.i.tos == 0xb8);
			check_case(cases[n].name, r.i.family == cases[n].family);
			check_case(cases[n].name, r.i.hlen == packet.hlen);
			check_case(cases[n].name, r.i.proto == 17);
		}
		free(r.p);
	}
}

static void options_are_taken(void **state)
{
	uint8_t options[40];
	struct parsed r;

	(void)state;
	memset(options, 1, sizeof(options));
	for (uint32_t len = 0; len <= 40; len += 4) {
		packet_ip4(&packet, 6, options, len, 8);
		r = packet_parse(&packet);
		assert_int_equal(r.kind, WIRE_INNER_IP4);
		assert_int_equal(r.i.hlen, 20 + len);
		free(r.p);
		packet.b[19 + len] ^=
			1; /* the last byte of what is summed, or of the destination */
		r = packet_parse(&packet);
		assert_int_equal(r.kind, WIRE_INNER_BAD_CSUM);
		assert_int_equal(wire_inner_parse(r.p, packet.len, false, &r.i), WIRE_INNER_IP4);
		free(r.p);
	}
}

static void odd_ip6(void **state)
{
	static const uint8_t jumbo[8] = {59, 0, 0xc2, 4, 0, 1, 0, 0};
	struct parsed r;

	(void)state;
	packet_ip6(&packet, 0, jumbo, 8, 100);
	sample_put16(packet.b + 4, 0);
	r = packet_parse(&packet);
	assert_int_equal(r.kind, WIRE_INNER_BAD_HEADER);
	free(r.p);

	for (int at = 8; at <= 24; at += 16) {
		packet_ip6(&packet, 17, NULL, 0, 20);
		memset(packet.b + at, 0, 10);
		memset(packet.b + at + 10, 0xff, 2);
		r = packet_parse(&packet);
		assert_int_equal(r.kind, WIRE_INNER_BAD_HEADER);
		free(r.p);
	}

	packet_ip6(&packet, 17, NULL, 0, 65535 - 40);
	r = packet_parse(&packet);
	assert_int_equal(r.kind, WIRE_INNER_IP6);
	assert_int_equal(r.i.len, 65535);
	sample_put16(packet.b + 4, 65535 - 39);
	packet.len++;
	assert_int_equal(wire_inner_parse(packet.b, packet.len, true, &r.i), WIRE_INNER_BAD_HEADER);
	free(r.p);
}

static void scopes(void **state)
{
	static const struct {
		const char *name;
		uint8_t addr[16];
		int family;
		enum wire_inner_scope as_dst; /* as a source it is bad, or unicast */
	} cases[] = {
		{"host", {10, 9, 0, 3}, 4, WIRE_SCOPE_UNICAST},
		{"0.0.0.0", {0}, 4, WIRE_SCOPE_BAD},
		{"0.1.2.3", {0, 1, 2, 3}, 4, WIRE_SCOPE_BAD},
		{"127.0.0.1", {127, 0, 0, 1}, 4, WIRE_SCOPE_BAD},
		{"169.253.255.255", {169, 253, 255, 255}, 4, WIRE_SCOPE_UNICAST},
		{"169.254.0.1", {169, 254, 0, 1}, 4, WIRE_SCOPE_BAD},
		{"223.255.255.255", {223, 255, 255, 255}, 4, WIRE_SCOPE_UNICAST},
		{"224.0.0.251", {224, 0, 0, 251}, 4, WIRE_SCOPE_GROUP},
		{"239.255.255.250", {239, 255, 255, 250}, 4, WIRE_SCOPE_GROUP},
		{"240.0.0.1", {240, 0, 0, 1}, 4, WIRE_SCOPE_BAD},
		{"255.255.255.254", {255, 255, 255, 254}, 4, WIRE_SCOPE_BAD},
		{"255.255.255.255", {255, 255, 255, 255}, 4, WIRE_SCOPE_GROUP},
		{"global", {0x20, 1, 0xd, 0xb8, [15] = 7}, 6, WIRE_SCOPE_UNICAST},
		{"unique local", {0xfd, 1, [15] = 7}, 6, WIRE_SCOPE_UNICAST},
		{"::", {0}, 6, WIRE_SCOPE_BAD},
		{"::1", {[15] = 1}, 6, WIRE_SCOPE_BAD},
		{"::10.0.0.1", {[12] = 10, [15] = 1}, 6, WIRE_SCOPE_BAD},
		{"64:ff9b::10.0.0.1", {0, 0x64, 0xff, 0x9b, [12] = 10}, 6, WIRE_SCOPE_UNICAST},
		{"fe7f::1", {0xfe, 0x7f, [15] = 1}, 6, WIRE_SCOPE_UNICAST},
		{"fe80::1", {0xfe, 0x80, [15] = 1}, 6, WIRE_SCOPE_BAD},
		{"febf::1", {0xfe, 0xbf, [15] = 1}, 6, WIRE_SCOPE_BAD},
		{"fec0::1", {0xfe, 0xc0, [15] = 1}, 6, WIRE_SCOPE_UNICAST},
		{"ff02::1", {0xff, 2, [15] = 1}, 6, WIRE_SCOPE_GROUP},
		{"ff0e::1", {0xff, 0xe, [15] = 1}, 6, WIRE_SCOPE_GROUP},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		bool v6 = cases[n].family == 6;
		size_t len = v6 ? 16 : 4;
		enum wire_inner_scope source;
		struct wire_inner i = {0};

		source =
			cases[n].as_dst == WIRE_SCOPE_UNICAST ? WIRE_SCOPE_UNICAST : WIRE_SCOPE_BAD;
		for (int dst = 0; dst <= 1; dst++) {
			if (v6)
				packet_ip6(&packet, 17, NULL, 0, 8);
			else
				packet_ip4(&packet, 17, NULL, 0, 8);
			assert_true(wire_inner_parse(packet.b, packet.len, true, &i) <=
				    WIRE_INNER_IP6);
			memcpy(packet.b + (v6 ? 8 : 12) + (dst ? len : 0), cases[n].addr, len);
			check_case(cases[n].name, wire_inner_scope(packet.b, &i) ==
							  (dst ? cases[n].as_dst : source));
		}
	}
	/* A group as destination is told before a source that is bad: routers of a link. */
	packet_ip6(&packet, 58, NULL, 0, 8);
	packet.b[8] = 0xfe;
	packet.b[9] = 0x80;
	packet.b[24] = 0xff;
	packet.b[25] = 2;
	assert_int_equal(wire_inner_scope(packet.b, &(struct wire_inner){.family = 6}),
			 WIRE_SCOPE_GROUP);
}

static void hops_go_down(void **state)
{
	struct wire_inner i = {0};

	(void)state;
	for (int v6 = 0; v6 <= 1; v6++) {
		for (int hops = 0; hops <= 255; hops++) {
			struct packet *p = &packet;
			uint8_t before[64];
			bool ok;

			if (v6)
				packet_ip6(p, 17, NULL, 0, 8);
			else
				packet_ip4(p, 17, NULL, 0, 8);
			p->b[v6 ? 7 : 8] = (uint8_t)hops;
			if (!v6) {
				sample_put16(p->b + 4, (unsigned int)(hops * 771));
				packet_fix_ip4(p);
			}
			memcpy(before, p->b, p->len);
			assert_true(wire_inner_parse(p->b, p->len, true, &i) <= WIRE_INNER_IP6);
			ok = wire_inner_hop(p->b, &i);
			assert_int_equal(ok, hops > 1);
			if (!ok) {
				assert_memory_equal(p->b, before, p->len);
				continue;
			}
			assert_int_equal(p->b[v6 ? 7 : 8], hops - 1);
			assert_true(v6 || sample_sum(p->b, 20, 0) == 0xffff);
		}
	}
}

/* RFC 6040 figure 4. */
static void ecn_table(void **state)
{
	enum { NOT = 0, ECT1 = 1, ECT0 = 2, CE = 3, DROP = 4 };
	static const struct {
		uint8_t inner, outer, want;
	} cases[] = {
		{NOT, NOT, NOT},   {NOT, ECT0, NOT},   {NOT, ECT1, NOT},   {NOT, CE, DROP},
		{ECT0, NOT, ECT0}, {ECT0, ECT0, ECT0}, {ECT0, ECT1, ECT1}, {ECT0, CE, CE},
		{ECT1, NOT, ECT1}, {ECT1, ECT0, ECT1}, {ECT1, ECT1, ECT1}, {ECT1, CE, CE},
		{CE, NOT, CE},     {CE, ECT0, CE},     {CE, ECT1, CE},     {CE, CE, CE},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		for (int v6 = 0; v6 <= 1; v6++) {
			uint8_t tos = (uint8_t)(46 << 2 | cases[n].inner), was[64];
			struct packet *p = &packet;
			struct wire_inner i = {0};
			bool ok;

			if (v6) {
				packet_ip6(p, 17, NULL, 0, 8);
				p->b[0] = (uint8_t)(0x60 | tos >> 4);
				p->b[1] = (uint8_t)(tos << 4 | 0x5);
			} else {
				packet_ip4(p, 17, NULL, 0, 8);
				p->b[1] = tos;
				packet_fix_ip4(p);
			}
			memcpy(was, p->b, p->len);
			wire_inner_parse(p->b, p->len, true, &i);
			assert_int_equal(i.tos, tos);
			assert_int_equal(wire_ecn_out(tos, (uint8_t)(0xfc | cases[n].outer)),
					 cases[n].want);
			ok = wire_inner_ecn_out(p->b, &i, (uint8_t)(0x30 | cases[n].outer));
			assert_int_equal(ok, cases[n].want != DROP);
			if (cases[n].want == DROP || cases[n].want == cases[n].inner) {
				assert_memory_equal(p->b, was, p->len);
				continue;
			}
			wire_inner_parse(p->b, p->len, true, &i);
			assert_int_equal(i.tos, 46 << 2 | cases[n].want);
			if (v6)
				assert_int_equal(p->b[1] & 15, 5); /* of the flow label */
			else
				assert_int_equal(sample_sum(p->b, 20, 0), 0xffff);
		}
	}
}

static void tos_of_the_tunnel(void **state)
{
	(void)state;
	for (unsigned int tos = 0; tos <= 255; tos++) {
		assert_int_equal(wire_tunnel_tos((uint8_t)tos, WIRE_DSCP_COPY), tos);
		assert_int_equal(wire_tunnel_tos((uint8_t)tos, 0), tos & 3);
		assert_int_equal(wire_tunnel_tos((uint8_t)tos, 46), 46 << 2 | (tos & 3));
	}
}

static void extension_headers(void **state)
{
	static const uint8_t nine[72] = {
		60, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0,
		60, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0,
		60, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 6,  0, 0, 0, 0, 0, 0, 0,
	};
	const struct {
		const char *name;
		uint8_t next;
		const uint8_t *ext;
		size_t len;
		int want;
		uint32_t off;
	} cases[] = {
		{"none", 6, NULL, 0, 6, 40},
		{"no next header", 59, NULL, 0, 59, 40},
		{"esp", 50, NULL, 0, 50, 40},
		{"hop by hop", 0, BYTES(6, 0, 1, 4, 0, 0, 0, 0), 6, 48},
		{"options of 16", 60, BYTES(17, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 17,
		 56},
		{"routing", 43, BYTES(58, 0, 4, 0, 0, 0, 0, 0), 58, 48},
		{"ah of 12", 51, BYTES(6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1), 6, 52},
		{"mobility", 135, BYTES(59, 0, 0, 0, 0, 0, 0, 0), 59, 48},
		{"hip", 139, BYTES(59, 0, 0, 0, 0, 0, 0, 0), 59, 48},
		{"shim6", 140, BYTES(6, 0, 0, 0, 0, 0, 0, 0), 6, 48},
		{"first fragment", 44, BYTES(6, 0, 0, 1, 0, 0, 0, 9), 6, 48},
		{"reserved bits of a fragment", 44, BYTES(6, 0, 0, 6, 0, 0, 0, 9), 6, 48},
		{"later fragment", 44, BYTES(6, 0, 0, 8, 0, 0, 0, 9), -ENOENT, 0},
		{"last fragment", 44, BYTES(58, 0, 0xff, 0xf8, 0, 0, 0, 9), -ENOENT, 0},
		{"two", 0, BYTES(60, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0), 6, 56},
		{"eight", 60, nine + 8, 64, 6, 104},
		{"nine", 60, nine, 72, -EINVAL, 0},
		{"longer than the packet", 60, BYTES(6, 1, 0, 0, 0, 0, 0, 0), -EINVAL, 0},
		{"of 2,048 bytes", 43, BYTES(6, 255, 0, 0, 0, 0, 0, 0), -EINVAL, 0},
		{"cut", 0, BYTES(6, 0, 0, 0, 0, 0, 0), -EINVAL, 0},
		{"absent", 0, BYTES(0), -EINVAL, 0},
		{"second absent", 0, BYTES(60, 0, 0, 0, 0, 0, 0, 0), -EINVAL, 0},
		{"ah cut", 51, BYTES(6, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1), -EINVAL, 0},
		{"fills the packet", 0, BYTES(6, 0, 0, 0, 0, 0, 0, 0), 6, 48},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		uint16_t off = 0;
		struct parsed r;
		int rc;

		packet_ip6(&packet, cases[n].next, cases[n].ext, (uint32_t)cases[n].len, 0);
		r = packet_parse(&packet);
		check_case(cases[n].name, r.kind == WIRE_INNER_IP6);
		rc = wire_inner_upper6(r.p, &r.i, &off);
		if (rc != cases[n].want || off != cases[n].off)
			fail_msg("%s: %d at %u", cases[n].name, rc, off);
		free(r.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_verdicts),    cmocka_unit_test(options_are_taken),
		cmocka_unit_test(odd_ip6),           cmocka_unit_test(scopes),
		cmocka_unit_test(hops_go_down),      cmocka_unit_test(ecn_table),
		cmocka_unit_test(tos_of_the_tunnel), cmocka_unit_test(extension_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
