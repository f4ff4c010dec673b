/* SPDX-License-Identifier: BSD-3-Clause */
/* Into tunnels, on the packet path. */
#include "tunnel_three.h"

static void test_wrap(void **state)
{
	struct tb *b = *state;
	uint8_t p[2000];
	uint16_t len;

	setup_tunnels(b);
	len = tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.1.5", .tos = 0xb9});
	memset(p + len, 0xff, 7); /* behind the packet: not carried */
	tb_input(b, TB_TUN, p, len + 7);
	tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	expect_wrapped(TB_OUTER, "198.51.100.7", 0xfffe, p, len, 0xb9);
	expect_wrapped(TB_OUTER, "198.51.100.7", 0xffff, p, len, 0xb9);
	len = tb_ip(p, &(struct tb_ip){.src = "2001:db8:9::1", .dst = "2001:db8:1::5", .tos = 3});
	tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	expect_wrapped(TB_OUTER, "198.51.100.7", 0, p, len, 3);
	len = tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.2.5", .len = 1400});
	tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	expect_wrapped(TB_OUTER, "2001:db8::99", 0xfffe, p, len, 0);
	tb_no_drops(b);
	assert_int_equal(b->t->tunnel[1].rt.out_packets, 3);
	assert_int_equal(b->t->tunnel[1].rt.out_bytes, 300);
	assert_int_equal(b->t->leg[3].rtp.rx_packets, 3);
	assert_int_equal(b->t->leg[3].rtp.rx_bytes, 300 + 3 * WIRE_RTP_HLEN);
	assert_int_equal(tb_counter(b, DP_tunnel_out), 4);
	assert_int_equal(tb_counter(b, DP_relayed), 4);
	assert_int_equal(tb_counter(b, DP_tunnel_out_bytes), 1700);
}

/* The timestamp is an 8 kHz clock. */
static void test_clock(void **state)
{
	struct tb *b = *state;
	uint32_t ts[2] = {0};
	struct tb_frame f;
	uint8_t p[200];
	uint16_t len;

	setup_tunnels(b);
	for (unsigned int i = 0; i < 2; i++) {
		tb_input(b, TB_TUN, p,
			 tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.1.5"}));
		tb_run(b, 500);
		assert_true(tb_take(TB_OUTER, &f));
		ts[i] = wire_get32(tb_rtp(&f, &len) + 4);
	}
	assert_in_range(ts[1] - ts[0], 3990, 4010);
}

/* Its own DSCP outside, and ECN still that of the packet. */
static void test_dscp(void **state)
{
	struct tb *b = *state;
	uint8_t p[200];
	uint16_t len;

	setup_tunnels(b);
	b->t->plan[b->t->tunnel[1].plan].tos = 46 << 2;
	len = tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.1.5", .tos = 0x22});
	tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	expect_wrapped(TB_OUTER, "198.51.100.7", 0xfffe, p, len, 46 << 2 | 2);
}

static void test_wrap_drops(void **state)
{
	static const struct {
		const char *name;
		struct tb_ip ip;
		enum flow_drop why;
		uint32_t session; /* that is charged; 0: none */
		uint16_t cut;     /* bytes that come */
		uint16_t at;      /* a byte that is changed */
		uint8_t to;
	} cases[] = {
		{"multicast",
		 {.src = "10.9.0.1", .dst = "224.0.0.251"},
		 FLOW_DROP_inner_group,
		 .session = 0},
		{"broadcast",
		 {.src = "10.9.0.1", .dst = "255.255.255.255"},
		 FLOW_DROP_inner_group,
		 .session = 0},
		{"IPv6 multicast",
		 {.src = "2001:db8:9::1", .dst = "ff02::16"},
		 FLOW_DROP_inner_group,
		 .session = 0},
		{"from link local",
		 {.src = "fe80::1", .dst = "2001:db8:1::5"},
		 FLOW_DROP_inner_address,
		 .session = 0},
		{"from loopback",
		 {.src = "127.0.0.1", .dst = "10.8.1.5"},
		 FLOW_DROP_inner_address,
		 .session = 0},
		{"cut", {.src = "10.9.0.1", .dst = "10.8.1.5"}, FLOW_DROP_truncated, .cut = 99},
		{"cut in the header",
		 {.src = "10.9.0.1", .dst = "10.8.1.5"},
		 FLOW_DROP_truncated,
		 .cut = 19},
		{"version",
		 {.src = "10.9.0.1", .dst = "10.8.1.5"},
		 FLOW_DROP_ip_version,
		 .at = 0,
		 .to = 0x55},
		{"header length",
		 {.src = "10.9.0.1", .dst = "10.8.1.5"},
		 FLOW_DROP_ip_header,
		 .at = 0,
		 .to = 0x44},
		{"checksum",
		 {.src = "10.9.0.1", .dst = "10.8.1.5"},
		 FLOW_DROP_ip_checksum,
		 .at = 9,
		 .to = 7},
		{"down",
		 {.src = "10.9.0.1", .dst = "10.8.5.5"},
		 FLOW_DROP_tunnel_down,
		 .session = 0},
		{"to the far end",
		 {.src = "10.9.0.1", .dst = "198.51.100.7"},
		 FLOW_DROP_tunnel_recursion,
		 .session = 1},
		{"to the far end, IPv6",
		 {.src = "2001:db8:9::1", .dst = "2001:db8::99"},
		 FLOW_DROP_tunnel_recursion,
		 .session = 2},
		{"family",
		 {.src = "2001:db8:9::1", .dst = "2001:db8:2:8::1"},
		 FLOW_DROP_tunnel_family,
		 .session = 3},
	};
	struct tb *b = *state;

	setup_tunnels(b);
	tb_route(b, "10.8.5.0/24", 5);
	tb_route(b, "198.51.100.7/32", 1);
	tb_route(b, "2001:db8::99/128", 2);
	tb_route(b, "2001:db8:2:8::/64", 3);
	b->t->tunnel[3].families = FLOW_TUNNEL_IP4;
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		uint32_t charged = cases[i].session;
		uint8_t p[200];
		uint16_t len = tb_ip(p, &cases[i].ip);

		if (cases[i].to)
			p[cases[i].at] = cases[i].to;
		print_message("%s\n", cases[i].name);
		tb_input(b, TB_TUN, p, cases[i].cut ? cases[i].cut : len);
		tb_run(b, 0);
		tb_drops(b, cases[i].why, 1);
		if (charged)
			assert_int_equal(tunnel_drops(b, charged, cases[i].why), 1);
	}
	/* A far end that is not known yet. */
	b->t->plan[b->t->tunnel[1].plan].flags &= (uint16_t)~FLOW_PLAN_OUT;
	for (unsigned int i = 0; i < 3; i++) {
		uint8_t p[200];

		tb_input(b, TB_TUN, p,
			 tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.1.5"}));
	}
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_tunnel_down, 3);
	assert_int_equal(tunnel_drops(b, 1, FLOW_DROP_tunnel_down), 3);
}

/* Control hears of what is too big, with the packet as it came. */
static void test_too_big(void **state)
{
	static const struct {
		struct tb_ip ip;
		uint16_t mtu; /* of the tunnel */
		uint16_t tells;
	} cases[] = {
		{{.src = "10.9.0.1", .dst = "10.8.1.5", .len = 1401, .df = true}, 1400, 1400},
		{{.src = "2001:db8:9::1", .dst = "2001:db8:1::5", .len = 1401}, 1400, 1400},
		{{.src = "2001:db8:9::1", .dst = "2001:db8:1::5", .len = 1281}, 1280, 1280},
		/* More than fits outside: 1,500 less 20, 8 and 12. */
		{{.src = "10.9.0.1", .dst = "10.8.1.5", .len = 1461, .df = true}, 1500, 1460},
	};
	struct tb *b = *state;
	struct dp_punt what;
	struct tb_frame f;

	setup_tunnels(b);
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		uint8_t p[2000];
		uint16_t len = tb_ip(p, &cases[i].ip);

		b->t->tunnel[1].mtu = cases[i].mtu;
		tb_input(b, TB_TUN, p, len);
		tb_run(b, 0);
		assert_true(tb_punt(b, &what, &f));
		assert_int_equal(what.kind, DP_PUNT_INNER_TOO_BIG);
		assert_int_equal(what.mtu, cases[i].tells);
		assert_int_equal(what.iface, TB_TUN);
		assert_int_equal(what.l3_off, 0);
		assert_int_equal(what.leg, 2);
		assert_int_equal(what.generation, 101);
		assert_true(what.outward);
		assert_int_equal(f.len, len);
		assert_memory_equal(f.p, p, len);
		tb_drops(b, FLOW_DROP_tunnel_too_big, 1);
		/* One byte less goes. */
		p[0] = 0;
		struct tb_ip less = cases[i].ip;

		less.len = cases[i].tells;
		len = tb_ip(p, &less);
		tb_input(b, TB_TUN, p, len);
		tb_run(b, 0);
		expect_wrapped(TB_OUTER, "198.51.100.7", (uint16_t)(TB_SEQ + i), p, len, 0);
		tb_no_drops(b);
	}
	assert_int_equal(tunnel_drops(b, 1, FLOW_DROP_tunnel_too_big), COUNT(cases));
}

static void test_fragments(void **state)
{
	struct tb *b = *state;
	uint8_t p[2000], whole[2000];
	uint16_t len, at = 0, seq = TB_SEQ;
	struct tb_frame f;

	setup_tunnels(b);
	b->t->tunnel[1].mtu = 576;
	len = tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.1.5", .len = 1500});
	tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	for (bool more = true; more;) {
		uint16_t n, off;
		const uint8_t *rtp, *ip;

		assert_true(tb_take(TB_OUTER, &f));
		rtp = tb_rtp(&f, &n);
		assert_int_equal(wire_get16(rtp + 2), seq++);
		ip = rtp + WIRE_RTP_HLEN;
		n -= WIRE_RTP_HLEN;
		assert_true(n <= 576);
		assert_int_equal(wire_get16(ip + 2), n);
		assert_true(wire_ip4_csum_ok(ip));
		off = wire_get16(ip + 6);
		more = off & 0x2000;
		assert_int_equal(8 * (off & 0x1fff), at);
		memcpy(whole + at, ip + 20, n - 20u);
		at += n - 20;
	}
	assert_int_equal(at, 1480);
	assert_memory_equal(whole, p + 20, 1480);
	tb_no_drops(b);
	assert_int_equal(b->t->tunnel[1].rt.out_packets, 1);
	assert_int_equal(b->t->tunnel[1].rt.out_fragments, 3);
	assert_int_equal(b->t->tunnel[1].rt.out_bytes, 1500);
	assert_int_equal(tb_counter(b, DP_tunnel_fragments), 3);
	assert_int_equal(b->t->leg[3].rtp.rx_packets, 3);
}

/* A full burst of them, so that what is made here does not fit into one. */
static void test_fragment_bursts(void **state)
{
	struct tb *b = *state;
	uint8_t p[2000];
	uint16_t len, n = 0, seq = TB_SEQ;
	struct tb_frame f;

	setup_tunnels(b);
	b->t->tunnel[1].mtu = 80;
	len = tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.1.5", .len = 1500});
	for (unsigned int i = 0; i < 32; i++)
		tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	for (; tb_take(TB_OUTER, &f); n++) {
		uint16_t l;

		assert_int_equal(wire_get16(tb_rtp(&f, &l) + 2), seq++);
	}
	assert_int_equal(n, 32 * 27); /* 1,480 by 56 */
	tb_no_drops(b);
}

/* TCP's SYN, either way. */
static uint16_t tcp_syn(uint8_t *p, const char *src, const char *dst, uint16_t mss)
{
	static const uint8_t tcp[24] = {0,    80,           0,   81,  0, 0, 0, 1, 0, 0, 0, 0,
					0x60, WIRE_TCP_SYN, 255, 255, 0, 0, 0, 0, 2, 4};
	uint16_t len = tb_ip(p, &(struct tb_ip){.src = src, .dst = dst, .len = 44, .proto = 6}),
		 sum;

	memcpy(p + 20, tcp, sizeof(tcp));
	wire_put16(p + 42, mss);
	sum = wire_checksum(wire_sum(p + 12, 32) + rte_cpu_to_be_16(24) + rte_cpu_to_be_16(6));
	memcpy(p + 36, &sum, 2);
	return len;
}

static void test_mss(void **state)
{
	struct tb *b = *state;
	struct tb_frame f;
	uint8_t p[100], want[100];
	uint16_t len;

	setup_tunnels(b);
	len = tcp_syn(p, "10.9.0.1", "10.8.1.5", 1460);
	tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	tcp_syn(want, "10.9.0.1", "10.8.1.5", 1360);
	expect_wrapped(TB_OUTER, "198.51.100.7", 0xfffe, want, len, 0);
	len = tcp_syn(p, "10.8.1.5", "10.9.0.1", 1460);
	tb_from_far(b, &far4, TB_PT, 0, p, len);
	tb_run(b, 0);
	tcp_syn(want, "10.8.1.5", "10.9.0.1", 1360);
	assert_true(tb_take(TB_TUN, &f));
	assert_int_equal(f.len, len);
	assert_memory_equal(f.p, want, len);
	b->t->tunnel[1].flags = 0;
	tb_from_far(b, &far4, TB_PT, 0, p, len);
	tb_run(b, 0);
	assert_true(tb_take(TB_TUN, &f));
	assert_memory_equal(f.p, p, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrap),      TEST(clock),           TEST(dscp), TEST(wrap_drops), TEST(too_big),
		TEST(fragments), TEST(fragment_bursts), TEST(mss),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
