/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "inner_sample.h"

#define BYTES(...) {__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define MSS(n)     2, 4, (n) >> 8, (n)&255
#define SYN        0x02
#define ACK        0x10

static struct packet packet;

/* In each: with IPv4 the MTU makes 1400 of it. */
static const struct wanted {
	const char *name;
	uint8_t options[40];
	size_t len;
	uint8_t want[40];
	size_t want_len;
} options_wanted[] = {
	{"alone", BYTES(MSS(1460)), BYTES(MSS(1400))},
	{"as large as may be", BYTES(MSS(1400)), BYTES(MSS(1400))},
	{"one too much", BYTES(MSS(1401)), BYTES(MSS(1400))},
	{"small", BYTES(MSS(536)), BYTES(MSS(536))},
	{"zero", BYTES(MSS(0)), BYTES(MSS(0))},
	{"65535", BYTES(MSS(65535)), BYTES(MSS(1400))},
	{"as Linux has it", BYTES(MSS(1460), 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7),
	 BYTES(MSS(1400), 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7)},
	{"at an odd byte", BYTES(1, MSS(1460), 1, 1, 0), BYTES(1, MSS(1400), 1, 1, 0)},
	{"behind others", BYTES(1, 1, 4, 2, 3, 3, 7, MSS(9000), 0),
	 BYTES(1, 1, 4, 2, 3, 3, 7, MSS(1400), 0)},
	{"twice", BYTES(MSS(1460), MSS(1450)), BYTES(MSS(1400), MSS(1400))},
	{"behind the end", BYTES(0, MSS(1460), 0, 0, 0), BYTES(0, MSS(1460), 0, 0, 0)},
	{"none", BYTES(1, 1, 4, 2), BYTES(1, 1, 4, 2)},
	{"no options", BYTES(), BYTES()},
	{"of three bytes", BYTES(2, 3, 255, 0), BYTES(2, 3, 255, 0)},
	{"of six bytes", BYTES(2, 6, 255, 255, 0, 0, 1, 1), BYTES(2, 6, 255, 255, 0, 0, 1, 1)},
	{"behind one of length 0", BYTES(8, 0, 1, 1, MSS(1460)), BYTES(8, 0, 1, 1, MSS(1460))},
	{"behind one of length 1", BYTES(8, 1, 1, 1, MSS(1460)), BYTES(8, 1, 1, 1, MSS(1460))},
	{"behind one beyond the header", BYTES(8, 9, 1, 1, MSS(1460)),
	 BYTES(8, 9, 1, 1, MSS(1460))},
	{"before such a one", BYTES(MSS(1460), 8, 5, 1, 1), BYTES(MSS(1400), 8, 5, 1, 1)},
	{"only its kind left", BYTES(1, 1, 1, 2), BYTES(1, 1, 1, 2)},
	{"its value cut", BYTES(1, 2, 4, 255), BYTES(1, 2, 4, 255)},
};

static void parse(struct wire_inner *i)
{
	if (wire_inner_parse(packet.b, packet.len, true, i) > WIRE_INNER_IP6)
		fail();
}

static void by_options(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(options_wanted); n++) {
		const struct wanted *c = &options_wanted[n];

		for (int v6 = 0; v6 <= 1; v6++) {
			uint32_t l4 = v6 ? 40 : 20, tcp_len = (uint32_t)(20 + c->len);
			bool lowered, want;
			struct parsed r;

			want = memcmp(c->options, c->want, c->len) != 0;
			if (v6)
				packet_ip6(&packet, 6, NULL, 0, tcp_len);
			else
				packet_ip4(&packet, 6, NULL, 0, tcp_len);
			packet_tcp(&packet, l4, SYN, c->options, (uint32_t)c->len);
			r = packet_parse(&packet);
			lowered = wire_inner_clamp_mss(r.p, &r.i, v6 ? 1460 : 1440);
			check_case(c->name, lowered == want);
			check_case(c->name, memcmp(r.p + l4 + 20, c->want, c->len) == 0);
			check_case(c->name, memcmp(r.p, packet.b, l4 + 16) == 0);
			memcpy(packet.b, r.p, packet.len);
			check_case(c->name, packet_l4_sum(&packet, l4, 6) == 0xffff);
			free(r.p);
		}
	}
}

/* What is no SYN, or no header, stays as it is. */
static void left_alone(void **state)
{
	static const uint8_t options[] = {MSS(1460)};
	static const struct {
		const char *name;
		int off, value; /* in the packet */
		uint32_t cut;   /* bytes less */
	} cases[] = {
		{"ack", 20 + 13, ACK, 0},
		{"fin, rst, push", 20 + 13, 0x0d, 0},
		{"udp", 9, 17, 0},
		{"later fragment", 7, 1, 0},
		{"last fragment far behind", 6, 0x1f, 0},
		{"data offset of 16 bytes", 20 + 12, 0x40, 0},
		{"data offset of none", 20 + 12, 0, 0},
		{"data offset beyond the packet", 20 + 12, 0x70, 0},
		{"header cut", 20 + 13, SYN, 5},
		{"options cut", 20 + 13, SYN, 1},
		{"two bytes", 20 + 13, SYN, 22},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		struct parsed r;

		packet_ip4(&packet, 6, NULL, 0, 24);
		packet_tcp(&packet, 20, SYN, options, 4);
		packet.b[cases[n].off] = (uint8_t)cases[n].value;
		packet.len -= cases[n].cut;
		sample_put16(packet.b + 2, packet.len);
		packet_fix_ip4(&packet);
		r = packet_parse(&packet);
		check_case(cases[n].name, r.kind == WIRE_INNER_IP4);
		check_case(cases[n].name, !wire_inner_clamp_mss(r.p, &r.i, 1000));
		check_case(cases[n].name, memcmp(r.p, packet.b, packet.len) == 0);
		free(r.p);
	}
}

static void flags_with_syn(void **state)
{
	static const uint8_t options[] = {MSS(1460)};

	(void)state;
	for (unsigned int flags = 0; flags <= 255; flags++) {
		struct parsed r;

		packet_ip4(&packet, 6, NULL, 0, 24);
		packet.b[6] = 0x20; /* a first fragment may have it too */
		packet_fix_ip4(&packet);
		packet_tcp(&packet, 20, (uint8_t)flags, options, 4);
		r = packet_parse(&packet);
		assert_int_equal(wire_inner_clamp_mss(r.p, &r.i, 1000), (flags & SYN) != 0);
		assert_int_equal(wire_get16(r.p + 42), flags & SYN ? 960 : 1460);
		free(r.p);
	}
}

static void by_mtu(void **state)
{
	static const uint8_t options[] = {MSS(1460)};

	(void)state;
	for (unsigned int mtu = 0; mtu < 1600; mtu++) {
		for (int v6 = 0; v6 <= 1; v6++) {
			unsigned int fixed = v6 ? 60 : 40, l4 = v6 ? 40 : 20;
			unsigned int want = mtu > fixed ? mtu - fixed : 1;
			struct wire_inner i = {0};

			if (v6)
				packet_ip6(&packet, 6, NULL, 0, 24);
			else
				packet_ip4(&packet, 6, NULL, 0, 24);
			packet_tcp(&packet, l4, SYN | ACK, options, 4);
			parse(&i);
			if (want > 1460)
				want = 1460;
			assert_int_equal(wire_inner_clamp_mss(packet.b, &i, (uint16_t)mtu),
					 want != 1460);
			assert_int_equal(wire_get16(packet.b + l4 + 22), want);
			assert_int_equal(packet_l4_sum(&packet, l4, 6), 0xffff);
		}
	}
}

/* Wrong before, wrong after: nobody further on is to take for good what was not. */
static void wrong_stays_wrong(void **state)
{
	static const uint8_t options[] = {MSS(1460)};
	struct wire_inner i = {0};

	(void)state;
	packet_ip4(&packet, 6, NULL, 0, 24);
	packet_tcp(&packet, 20, SYN, options, 4);
	packet.b[36] ^= 0x40;
	parse(&i);
	assert_true(wire_inner_clamp_mss(packet.b, &i, 1000));
	assert_int_not_equal(packet_l4_sum(&packet, 20, 6), 0xffff);
	packet.b[36] ^= 0x40;
	assert_int_equal(packet_l4_sum(&packet, 20, 6), 0xffff);
}

static void behind_extensions(void **state)
{
	static const uint8_t options[] = {MSS(1460)};
	static const uint8_t hop[8] = {6, 0, 1, 4}, first[8] = {6, 0, 0, 1},
			     later[8] = {6, 0, 1, 0};
	static const struct {
		const char *name;
		uint8_t next;
		const uint8_t *ext;
		bool want;
	} cases[] = {
		{"hop by hop", 0, hop, true},
		{"first fragment", 44, first, true},
		{"later fragment", 44, later, false},
		{"esp", 50, hop, false},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		for (uint32_t cut = 0; cut <= 24; cut++) {
			struct parsed r;
			bool want = cases[n].want && cut == 0;

			packet_ip6(&packet, cases[n].next, cases[n].ext, 8, 24);
			packet_tcp(&packet, 48, SYN, options, 4);
			packet.len -= cut;
			sample_put16(packet.b + 4, packet.len - 40);
			r = packet_parse(&packet);
			check_case(cases[n].name, wire_inner_clamp_mss(r.p, &r.i, 1280) == want);
			check_case(cases[n].name, (memcmp(r.p, packet.b, packet.len) != 0) == want);
			free(r.p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_options),        cmocka_unit_test(left_alone),
		cmocka_unit_test(flags_with_syn),    cmocka_unit_test(by_mtu),
		cmocka_unit_test(wrong_stays_wrong), cmocka_unit_test(behind_extensions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
