/* SPDX-License-Identifier: BSD-3-Clause */
/* Into tunnels and out of them, on the packet path. */
#include "tunnel_bed.h"

#include <errno.h>

#include <rte_cycles.h>

#include "ip.h"

static const struct tb_tunnel far4 = {
	.session = 1, .far = "198.51.100.7", .far_port = 40000, .port = 20000, .iface = TB_TUN};
static const struct tb_tunnel far6 = {
	.session = 2, .far = "2001:db8::99", .far_port = 40002, .port = 20002, .iface = TB_TUN};
static const struct tb_tunnel lan = {
	.session = 3, .far = "198.51.100.8", .far_port = 40004, .port = 20004, .iface = TB_LAN};

static void setup_tunnels(struct tb *b)
{
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 0x33}};

	tb_tunnel(b, &far4);
	tb_tunnel(b, &far6);
	tb_tunnel(b, &lan);
	tb_route(b, "10.8.1.0/24", 1);
	tb_route(b, "2001:db8:1::/48", 1);
	tb_route(b, "10.8.2.0/24", 2);
	tb_route(b, "10.8.3.0/24", 3);
	flow_nexthop_set(b->t, 3, &mac);
}

static uint32_t tunnel_drops(const struct tb *b, uint32_t session, enum flow_drop why)
{
	return b->t->tunnel[session].rt.drops[why - FLOW_LEG_DROPS];
}

/* ---- into ---- */

static void expect_wrapped(enum tb_port at, const char *to, uint16_t seq, const uint8_t *inner,
			   uint16_t inner_len, uint8_t tos)
{
	struct tb_frame f;
	struct wire_frame w;
	const uint8_t *rtp;
	union wire_ip ip;
	uint16_t len;

	assert_true(tb_take(at, &f));
	rtp = tb_rtp(&f, &len);
	assert_int_equal(wire_frame_parse(f.p, f.len, true, &w), WIRE_UDP);
	assert_int_equal(wire_ip_parse(to, &ip), 0);
	assert_true(wire_ip_equal(&w.dst, &ip));
	assert_int_equal(w.tos, tos);
	assert_int_equal(len, WIRE_RTP_HLEN + inner_len);
	assert_int_equal(rtp[0], 0x80);
	assert_int_equal(rtp[1], TB_PT);
	assert_int_equal(wire_get16(rtp + 2), seq);
	assert_int_equal(wire_get32(rtp + 8), TB_SSRC);
	assert_memory_equal(rtp + WIRE_RTP_HLEN, inner, inner_len);
}

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

/* ---- out of ---- */

static void test_unwrap(void **state)
{
	struct tb *b = *state;
	struct tb_frame f;
	uint8_t p[2000];
	uint16_t len;

	setup_tunnels(b);
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.1.5", .dst = "203.0.113.1", .len = 20});
	tb_from_far(b, &far4, TB_PT, 0, p, len);
	tb_from_far(b, &far4, TB_PT, 0, p, len + 11); /* padding is cut off */
	tb_run(b, 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(tb_take(TB_TUN, &f));
		assert_int_equal(f.len, len);
		assert_memory_equal(f.p, p, len);
	}
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.2.5", .dst = "10.8.1.5", .len = 1400});
	tb_from_far(b, &far6, TB_PT, 0, p, len);
	tb_run(b, 0);
	assert_true(tb_take(TB_TUN, &f));
	assert_int_equal(f.len, len);
	assert_memory_equal(f.p, p, len);
	tb_no_drops(b);
	assert_int_equal(b->t->tunnel[1].rt.in_packets, 2);
	assert_int_equal(b->t->tunnel[1].rt.in_bytes, 40);
	assert_int_equal(b->t->tunnel[2].rt.in_packets, 1);
	assert_int_equal(b->t->leg[2].rtp.rx_packets, 2);
	assert_int_equal(tb_counter(b, DP_tunnel_in), 3);
	assert_int_equal(tb_counter(b, DP_tunnel_in_bytes), 1440);
	assert_int_equal(tb_counter(b, DP_relayed), 0);
}

static void test_unwrap_drops(void **state)
{
	static const struct {
		const char *name;
		struct tb_ip ip;
		enum flow_drop why;
		uint8_t type; /* 0: the right one */
		uint8_t tos;  /* outside */
		uint16_t cut; /* bytes that come */
		uint16_t at;  /* a byte that is changed */
		uint8_t to;
	} cases[] = {
		{"payload type",
		 {.src = "10.8.1.5", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_payload_type,
		 .type = 0x60},
		{"one byte, no keep-alive",
		 {.src = "10.8.1.5", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_framing,
		 .cut = 1,
		 .at = 0,
		 .to = 1},
		{"no version",
		 {.src = "10.8.1.5", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_framing,
		 .at = 0,
		 .to = 0x15},
		{"cut",
		 {.src = "10.8.1.5", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_truncated,
		 .cut = 99},
		{"cut in the header",
		 {.src = "10.8.1.5", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_truncated,
		 .cut = 12},
		{"cut, IPv6",
		 {.src = "2001:db8:1::5", .dst = "2001:db8:9::1"},
		 FLOW_DROP_tunnel_truncated,
		 .cut = 39},
		{"header length",
		 {.src = "10.8.1.5", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_header,
		 .at = 0,
		 .to = 0x44},
		{"checksum",
		 {.src = "10.8.1.5", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_header,
		 .at = 9,
		 .to = 7},
		{"to loopback",
		 {.src = "10.8.1.5", .dst = "127.0.0.1"},
		 FLOW_DROP_tunnel_header,
		 .tos = 0},
		{"from a group",
		 {.src = "224.0.0.1", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_header,
		 .tos = 0},
		{"to a group",
		 {.src = "10.8.1.5", .dst = "239.1.1.1"},
		 FLOW_DROP_tunnel_group,
		 .tos = 0},
		{"to a group, IPv6",
		 {.src = "2001:db8:1::5", .dst = "ff0e::1"},
		 FLOW_DROP_tunnel_group,
		 .tos = 0},
		{"from another tunnel's",
		 {.src = "10.8.2.5", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_source,
		 .tos = 0},
		{"from nobody's",
		 {.src = "10.7.0.1", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_source,
		 .tos = 0},
		{"from nobody's, IPv6",
		 {.src = "2001:db8:2::5", .dst = "2001:db8:9::1"},
		 FLOW_DROP_tunnel_source,
		 .tos = 0},
		{"congestion that it can't tell",
		 {.src = "10.8.1.5", .dst = "10.9.0.1"},
		 FLOW_DROP_tunnel_ecn,
		 .tos = 3},
	};
	struct tb *b = *state;

	setup_tunnels(b);
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		uint8_t p[200];
		uint16_t len = tb_ip(p, &cases[i].ip);

		if (cases[i].to)
			p[cases[i].at] = cases[i].to;
		print_message("%s\n", cases[i].name);
		tb_from_far(b, &far4, cases[i].type ? cases[i].type : TB_PT, cases[i].tos, p,
			    cases[i].cut ? cases[i].cut : len);
		tb_run(b, 0);
		tb_drops(b, cases[i].why, 1);
		assert_true(tunnel_drops(b, 1, cases[i].why) > 0);
	}
	assert_int_equal(b->t->tunnel[1].rt.in_packets, 0);
	/* Nothing at all. */
	tb_from_far(b, &far4, TB_PT, 0, NULL, 0);
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_tunnel_framing, 1);
	/* Families, and payload types where they are not looked at. */
	b->t->tunnel[1].families = FLOW_TUNNEL_IP6;
	b->t->tunnel[1].flags = 0;
	uint8_t p[200];
	struct tb_frame f;

	tb_from_far(b, &far4, TB_PT, 0, p,
		    tb_ip(p, &(struct tb_ip){.src = "10.8.1.5", .dst = "10.9.0.1"}));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_tunnel_family, 1);
	tb_from_far(b, &far4, 0x60, 0, p,
		    tb_ip(p, &(struct tb_ip){.src = "2001:db8:1::5", .dst = "2001:db8:9::1"}));
	tb_run(b, 0);
	assert_true(tb_take(TB_TUN, &f));
	tb_no_drops(b);
}

/* RFC 6040: congestion outside is told inside. */
static void test_ecn(void **state)
{
	struct tb *b = *state;
	struct tb_frame f;
	uint8_t p[200];
	uint16_t len;

	setup_tunnels(b);
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.1.5", .dst = "10.9.0.1", .tos = 0xb8 | 2});
	tb_from_far(b, &far4, TB_PT, 3, p, len);
	tb_run(b, 0);
	tb_ip(p, &(struct tb_ip){.src = "10.8.1.5", .dst = "10.9.0.1", .tos = 0xb8 | 3});
	assert_true(tb_take(TB_TUN, &f));
	assert_memory_equal(f.p, p, len);
	tb_no_drops(b);
}

/* Larger than the inner interface's MTU. */
static void test_unwrap_too_big(void **state)
{
	struct tb *b = *state;
	struct dp_punt what;
	struct tb_frame f;
	uint8_t p[2000];
	uint16_t len;

	setup_tunnels(b);
	b->t->iface[TB_TUN].mtu = 1280;
	len = tb_ip(p,
		    &(struct tb_ip){.src = "10.8.1.5", .dst = "10.9.0.1", .len = 1281, .df = true});
	tb_from_far(b, &far4, TB_PT, 0, p, len);
	tb_run(b, 0);
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.kind, DP_PUNT_INNER_TOO_BIG);
	assert_int_equal(what.mtu, 1280);
	assert_int_equal(what.iface, TB_TUN);
	assert_int_equal(what.leg, 2);
	assert_false(what.outward);
	assert_int_equal(f.len, len);
	assert_memory_equal(f.p + what.l3_off, p, len);
	tb_drops(b, FLOW_DROP_tunnel_too_big, 1);
}

/* A piece of `whole`, which began at `off` behind the header; returns where the next one begins. */
static uint16_t expect_piece(enum tb_port port, const uint8_t *whole, uint16_t off, uint16_t mtu,
			     uint16_t hlen)
{
	uint16_t total = wire_get16(whole + 2), len, left = total - WIRE_IP4_HLEN - off;
	struct wire_inner in = {0};
	struct tb_frame f;

	assert_true(tb_take(port, &f));
	assert_true(f.len - hlen <= mtu);
	assert_int_equal(wire_inner_parse(f.p + hlen, f.len - hlen, true, &in), WIRE_INNER_IP4);
	assert_int_equal(in.len, f.len - hlen);
	len = in.len - WIRE_IP4_HLEN;
	assert_int_equal(wire_get16(f.p + hlen + 6), (len < left ? 0x2000 : 0) | off / 8);
	assert_int_equal(wire_get16(f.p + hlen + 4), wire_get16(whole + 4));
	assert_memory_equal(f.p + hlen + WIRE_IP4_HLEN, whole + WIRE_IP4_HLEN + off, len);
	return off + len;
}

/* … and that may be cut: so it is, behind a TUN device, on a LAN, while its host is asked for. */
static void test_unwrap_cut(void **state)
{
	struct tb *b = *state;
	struct dp_punt what;
	struct tb_frame f;
	uint8_t p[2000];
	union wire_ip net;
	uint16_t len, at = 0;

	setup_tunnels(b);
	b->t->iface[TB_TUN].mtu = b->t->iface[TB_LAN].mtu = 576;
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.1.5", .dst = "10.9.0.1", .len = 1400});
	tb_from_far(b, &far4, TB_PT, 0, p, len);
	tb_run(b, 0);
	for (unsigned int i = 0; i < 3; i++)
		at = expect_piece(TB_TUN, p, at, 576, 0);
	assert_int_equal(at, len - WIRE_IP4_HLEN);
	tb_no_drops(b);
	assert_int_equal(b->t->tunnel[1].rt.in_packets, 1);
	assert_int_equal(b->t->tunnel[1].rt.in_fragments, 3);
	assert_int_equal(tb_counter(b, DP_tunnel_fragments), 3);
	assert_int_equal(wire_ip_parse("192.168.0.0", &net), 0);
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "192.168.7.9", .len = 600});
	for (unsigned int i = 0; i < 2; i++) {
		tb_from_far(b, &lan, TB_PT, 0, p, len);
		tb_run(b, 0);
		for (at = 0; i == 0 && tb_punt(b, &what, &f); at++) {
			assert_int_equal(what.kind, DP_PUNT_INNER_UNRESOLVED);
			assert_int_equal(what.l3_off, 14);
			assert_int_equal(f.len, at == 0 ? 14 + 572 : 14 + 20 + 28);
		}
		assert_int_equal(i == 0 ? at : 2, 2);
		at = 0;
		for (unsigned int k = 0; i == 1 && k < 2; k++)
			at = expect_piece(TB_LAN, p, at, 576, 14);
		tb_no_drops(b);
		assert_int_equal(flow_lan_set(b->t, TB_LAN, &net, 16, 3), 0);
	}
	/* It can't be: options that nobody can read. */
	p[0] = 0x46;
	memset(p + 20, 0x07, 4);
	wire_put16(p + 10, 0);
	wire_put16(p + 10, ntohs(wire_checksum(wire_sum(p, 24))));
	tb_from_far(b, &lan, TB_PT, 0, p, len);
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_tunnel_header, 1);
}

static void test_rtcp(void **state)
{
	static const uint8_t rr[8] = {0x80, 201, 0, 1};
	struct tb *b = *state;
	struct tb_frame f;

	setup_tunnels(b);
	/* By hand: tb_from_far() makes RTP. */
	tb_from_far(b, &far4, 73, 0, rr, sizeof(rr));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_tunnel_payload_type, 1);
	assert_false(tb_take(TB_TUN, &f));
}

/* ---- keep-alives ---- */

static unsigned int count_keepalives(struct tb *b, uint64_t ms)
{
	unsigned int n = 0;
	struct tb_frame f;

	tb_run(b, ms);
	for (; tb_take(TB_OUTER, &f); n++) {
		uint16_t len;
		const uint8_t *rtp = tb_rtp(&f, &len);

		assert_int_equal(len, WIRE_RTP_HLEN + 1);
		assert_int_equal(rtp[1], TB_PT);
		assert_int_equal(rtp[12], 0);
	}
	return n;
}

static void test_keepalive(void **state)
{
	struct tb *b = *state;
	unsigned int n;
	struct tb_frame f;
	uint8_t p[200];

	setup_tunnels(b);
	assert_int_equal(count_keepalives(b, 3000), 0);
	assert_int_equal(dp_tunnel_start(b->dp, 0, 1, 101), 0);
	assert_int_equal(count_keepalives(b, 100), 1); /* at once */
	assert_int_equal(count_keepalives(b, 850), 0);
	assert_int_equal(count_keepalives(b, 100), 1);
	n = count_keepalives(b, 10050); /* each late by a slot of the wheel at most */
	assert_in_range(n, 9, 10);
	assert_int_equal(b->t->tunnel[1].rt.seq, (uint16_t)(TB_SEQ + n + 2));
	assert_int_equal(b->t->tunnel[1].rt.keepalives_out, n + 2);
	assert_int_equal(tb_counter(b, DP_keepalive_out), n + 2);
	/* Not while there are packets. */
	for (unsigned int i = 0; i < 30; i++) {
		tb_input(b, TB_TUN, p,
			 tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.1.5"}));
		tb_run(b, 100);
		assert_true(tb_take(TB_OUTER, &f));
		assert_false(tb_take(TB_OUTER, &f));
	}
	assert_int_equal(count_keepalives(b, 850), 0);
	assert_int_equal(count_keepalives(b, 100), 1);
	/* Not by a tunnel that has no far end, but as soon as it has. */
	uint32_t plan = b->t->tunnel[1].plan;

	b->t->tunnel[1].plan = 0;
	assert_int_equal(count_keepalives(b, 3000), 0);
	b->t->tunnel[1].plan = plan;
	assert_int_equal(count_keepalives(b, 100), 1);
	/* The next session in its place, and none any more. */
	b->t->tunnel[1].generation = 102;
	b->t->plan[plan].generation = 102;
	assert_int_equal(count_keepalives(b, 3000), 0);
	assert_int_equal(dp_tunnel_start(b->dp, 0, 1, 102), 0);
	assert_int_equal(count_keepalives(b, 3000), 3);
	assert_int_equal(b->t->tunnel[1].rt.keepalives_out, 3);
	b->t->tunnel[1].keepalive_ms = 0;
	assert_int_equal(count_keepalives(b, 3000), 0);
	tb_no_drops(b);
	assert_int_equal(dp_tunnel_start(b->dp, 0, TB_SESSIONS, 1), -EINVAL);
}

/* Many, of different periods, each in its own time; one that waits longer than the wheel is round.
 */
static void test_keepalive_many(void **state)
{
	static const uint16_t ms[] = {100, 333, 1000, 2500, 5000};
	struct tb *b = *state;

	setup_tunnels(b);
	for (unsigned int i = 0; i < COUNT(ms); i++) {
		struct tb_tunnel s = far4;

		s.session = 8 + i;
		s.far_port = 41000 + i;
		s.port = (uint16_t)(21000 + 2 * i);
		tb_tunnel(b, &s);
		b->t->tunnel[8 + i].keepalive_ms = ms[i];
		assert_int_equal(dp_tunnel_start(b->dp, 0, 8 + i, (uint16_t)(108 + i)), 0);
	}
	count_keepalives(b, 60000);
	for (unsigned int i = 0; i < COUNT(ms); i++) {
		uint32_t n = b->t->tunnel[8 + i].rt.keepalives_out, most = 60000 / ms[i] + 1;

		/* Never early; and late by a slot of the wheel at most. */
		assert_in_range(n, 60000 / (ms[i] + 17u), most);
	}
	/* After a standstill each sends one. */
	uint32_t before = b->t->tunnel[10].rt.keepalives_out;

	b->now += 3600 * rte_get_tsc_hz();
	count_keepalives(b, 1);
	assert_int_equal(b->t->tunnel[10].rt.keepalives_out, before + 1);
}

static void test_keepalive_in(void **state)
{
	struct tb *b = *state;

	setup_tunnels(b);
	tb_from_far(b, &far4, TB_PT, 0, "", 1);
	tb_run(b, 0);
	tb_no_drops(b);
	assert_int_equal(b->t->tunnel[1].rt.keepalives_in, 1);
	assert_int_equal(b->t->leg[2].rtp.rx_packets, 1);
	assert_int_equal(tb_counter(b, DP_keepalive_in), 1);
	assert_int_equal(b->t->tunnel[1].rt.in_packets, 0);
}

/* ---- LAN ---- */

static uint16_t eth(uint8_t *p, const uint8_t to[6], uint16_t type, const void *data, uint16_t len)
{
	static const uint8_t from[6] = {2, 0, 0, 0, 0, 0x33};

	memcpy(p, to, 6);
	memcpy(p + 6, from, 6);
	wire_put16(p + 12, type);
	memcpy(p + 14, data, len);
	return 14 + len;
}

static const uint8_t lan_mac[6] = {2, 0, 0, 0, 0, 3};

static void test_lan_in(void **state)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
	static const uint8_t other[6] = {2, 0, 0, 0, 0, 4};
	struct tb *b = *state;
	struct dp_punt what;
	struct tb_frame f;
	uint8_t p[200], frame[300];
	uint16_t len;

	setup_tunnels(b);
	len = tb_ip(p, &(struct tb_ip){.src = "192.168.7.9", .dst = "10.8.3.5"});
	tb_input(b, TB_LAN, frame, eth(frame, lan_mac, WIRE_ETHERTYPE_IP4, p, len));
	tb_run(b, 0);
	/* A hop less. */
	tb_ip(p, &(struct tb_ip){.src = "192.168.7.9", .dst = "10.8.3.5", .hops = 63});
	expect_wrapped(TB_OUTER, "198.51.100.8", TB_SEQ, p, len, 0);
	tb_input(b, TB_LAN, frame, eth(frame, all, WIRE_ETHERTYPE_IP4, p, len));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_inner_group, 1);
	tb_input(b, TB_LAN, frame, eth(frame, other, WIRE_ETHERTYPE_IP4, p, len));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_not_ours, 1);
	tb_input(b, TB_LAN, frame, eth(frame, lan_mac, WIRE_ETHERTYPE_IP6, p, len));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_ip_version, 1);
	tb_input(b, TB_LAN, frame, eth(frame, lan_mac, 0x88cc, p, len));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_ethertype, 1);
	tb_input(b, TB_LAN, frame, 13);
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_truncated, 1);
	tb_input(b, TB_LAN, frame, eth(frame, lan_mac, WIRE_ETHERTYPE_IP4, p, 0));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_truncated, 1);
	eth(frame, lan_mac, WIRE_ETHERTYPE_VLAN, p, len);
	memcpy(frame + 14, "\0\7\x8\0", 4);
	tb_input(b, TB_LAN, frame, 100);
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_vlan, 1);
	/* The hop limit is used up: told. */
	len = tb_ip(p, &(struct tb_ip){.src = "192.168.7.9", .dst = "10.8.3.5", .hops = 1});
	len = eth(frame, lan_mac, WIRE_ETHERTYPE_IP4, p, len);
	tb_input(b, TB_LAN, frame, len);
	tb_run(b, 0);
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.kind, DP_PUNT_INNER_HOPS);
	assert_int_equal(what.l3_off, 14);
	assert_int_equal(what.iface, TB_LAN);
	assert_true(what.outward);
	assert_int_equal(f.len, len);
	assert_memory_equal(f.p, frame, len);
	tb_drops(b, FLOW_DROP_tunnel_hops, 1);
}

/* What is for us there. */
static void test_lan_ours(void **state)
{
	static const uint8_t arp[28] = {0,   1,   8, 0, 6, 4, 0, 1, 2, 0, 0,   0,   0, 0x33,
					192, 168, 7, 9, 0, 0, 0, 0, 0, 0, 192, 168, 7, 1};
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
	struct tb *b = *state;
	struct dp_punt what;
	struct tb_frame f;
	uint8_t p[200], frame[300];
	uint16_t len;

	setup_tunnels(b);
	tb_input(b, TB_LAN, frame, eth(frame, all, WIRE_ETHERTYPE_ARP, arp, sizeof(arp)));
	tb_run(b, 0);
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.kind, DP_PUNT_ARP);
	assert_int_equal(what.iface, TB_LAN);
	len = tb_ip(p, &(struct tb_ip){.src = "192.168.7.9", .dst = "192.168.7.1", .proto = 1});
	tb_input(b, TB_LAN, frame, eth(frame, lan_mac, WIRE_ETHERTYPE_IP4, p, len));
	tb_run(b, 0);
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.kind, DP_PUNT_ICMP);
	tb_no_drops(b);
	len = tb_ip(p, &(struct tb_ip){.src = "192.168.7.9", .dst = "192.168.7.1", .proto = 6});
	tb_input(b, TB_LAN, frame, eth(frame, lan_mac, WIRE_ETHERTYPE_IP4, p, len));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_protocol, 1);
}

/* Where no tunnel leads: control tells the source, as often as its budget allows. */
static void test_no_route(void **state)
{
	static const struct tb_ip cases[] = {{.src = "10.9.0.1", .dst = "10.8.4.1"},
					     {.src = "2001:db8:9::1", .dst = "2001:db8:2::1"}};
	struct tb *b = *state;
	struct dp_punt what;
	struct tb_frame f;
	uint8_t p[200], frame[300];
	uint16_t len;

	setup_tunnels(b);
	for (unsigned int i = 0; i < 4; i++) {
		bool on_lan = i >= 2;

		len = tb_ip(p, &cases[i % 2]);
		if (on_lan)
			tb_input(b, TB_LAN, frame,
				 eth(frame, lan_mac,
				     i == 2 ? WIRE_ETHERTYPE_IP4 : WIRE_ETHERTYPE_IP6, p, len));
		else
			tb_input(b, TB_TUN, p, len);
		tb_run(b, 0);
		assert_true(tb_punt(b, &what, &f));
		assert_int_equal(what.kind, DP_PUNT_INNER_NO_ROUTE);
		assert_int_equal(what.iface, on_lan ? TB_LAN : TB_TUN);
		assert_int_equal(what.l3_off, on_lan ? 14 : 0);
		assert_true(what.outward);
		assert_memory_equal(f.p + what.l3_off, p, len);
		tb_drops(b, FLOW_DROP_inner_no_route, 1);
	}
	len = tb_ip(p, &cases[0]);
	for (unsigned int i = 0; i < 100; i++)
		tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	for (unsigned int i = 0; i < 20 - 4; i++)
		assert_true(tb_punt(b, &what, &f));
	assert_false(tb_punt(b, &what, &f));
	b->counted[FLOW_DROP_punt_limited] += 100 - (20 - 4);
	tb_drops(b, FLOW_DROP_inner_no_route, 100);
}

static void test_lan_out(void **state)
{
	union wire_ip host, net;
	struct tb *b = *state;
	struct dp_punt what;
	struct tb_frame f;
	uint8_t p[200], frame[300];
	uint16_t len;

	setup_tunnels(b);
	assert_int_equal(wire_ip_parse("192.168.7.9", &host), 0);
	assert_int_equal(wire_ip_parse("192.168.0.0", &net), 0);
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "192.168.7.9"});
	tb_from_far(b, &lan, TB_PT, 0, p, len);
	tb_run(b, 0);
	/* Nobody knows the MAC: control gets it, ready to be sent. */
	tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "192.168.7.9", .hops = 63});
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.kind, DP_PUNT_INNER_UNRESOLVED);
	assert_int_equal(what.iface, TB_LAN);
	assert_int_equal(what.l3_off, 14);
	assert_int_equal(f.len, 14 + len);
	assert_memory_equal(f.p + 6, lan_mac, 6);
	assert_memory_equal(f.p + 14, p, len);
	tb_no_drops(b);
	/* Through a gateway, then straight. */
	assert_int_equal(flow_lan_set(b->t, TB_LAN, &net, 16, 3), 0);
	for (unsigned int i = 0; i < 2; i++) {
		tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "192.168.7.9"});
		tb_from_far(b, &lan, TB_PT, 0, p, len);
		tb_run(b, 0);
		tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "192.168.7.9", .hops = 63});
		assert_true(tb_take(TB_LAN, &f));
		memset(frame, 0, 14);
		frame[0] = frame[6] = 2;
		frame[5] = i ? 9 : 0x33;
		frame[11] = 3;
		frame[12] = 8;
		memcpy(frame + 14, p, len);
		assert_int_equal(f.len, 14 + len);
		assert_memory_equal(f.p, frame, f.len);
		assert_int_equal(flow_lan_set(b->t, TB_LAN, &host, 32, 1), 0);
	}
	/* Without a hop left it is not sent on. */
	tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "192.168.7.9", .hops = 1});
	tb_from_far(b, &lan, TB_PT, 0, p, len);
	tb_run(b, 0);
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.kind, DP_PUNT_INNER_HOPS);
	assert_false(what.outward);
	tb_drops(b, FLOW_DROP_tunnel_hops, 1);
	assert_int_equal(flow_lan_set(b->t, TB_TUN, &host, 32, 1), -EINVAL);
	assert_int_equal(flow_lan_set(b->t, TB_LAN, &host, 32, 4), -EINVAL);
}

/* From one tunnel into another: one hop, and not by the LAN. */
static void test_lan_back(void **state)
{
	struct tb_tunnel other = lan;
	struct tb *b = *state;
	struct dp_punt what;
	struct tb_frame f;
	uint8_t p[200];
	uint16_t len;

	setup_tunnels(b);
	other.session = 4;
	other.far = "198.51.100.9";
	other.port = 20006;
	tb_tunnel(b, &other);
	tb_route(b, "10.8.4.0/24", 4);
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "10.8.4.5"});
	tb_from_far(b, &lan, TB_PT, 0, p, len);
	tb_run(b, 0);
	tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "10.8.4.5", .hops = 63});
	expect_wrapped(TB_OUTER, "198.51.100.9", TB_SEQ, p, len, 0);
	tb_no_drops(b);
	assert_int_equal(b->t->tunnel[3].rt.in_packets, 1);
	assert_int_equal(b->t->tunnel[4].rt.out_packets, 1);
	/* To where it comes from: until it has no hop left. */
	tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "10.8.3.6", .hops = 1});
	tb_from_far(b, &lan, TB_PT, 0, p, len);
	tb_run(b, 0);
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.kind, DP_PUNT_INNER_HOPS);
	tb_drops(b, FLOW_DROP_tunnel_hops, 1);
	/* The LAN's MTU is not on its way: the other tunnel's is. */
	b->t->iface[TB_LAN].mtu = 80;
	tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "10.8.4.5", .df = true});
	tb_from_far(b, &lan, TB_PT, 0, p, len);
	tb_run(b, 0);
	tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "10.8.4.5", .df = true, .hops = 63});
	expect_wrapped(TB_OUTER, "198.51.100.9", TB_SEQ + 1, p, len, 0);
	tb_no_drops(b);
}

/* To an address of ours on the LAN: in from there, and nobody is asked who has it. */
static void test_lan_own(void **state)
{
	struct tb *b = *state;
	struct dp_punt what;
	struct tb_frame f;
	union wire_ip own;
	uint8_t p[200];
	uint16_t len;

	setup_tunnels(b);
	assert_int_equal(wire_ip_parse("192.168.7.1", &own), 0);
	assert_int_equal(flow_lan_set(b->t, TB_LAN, &own, 32, 2), 0);
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "192.168.7.1", .proto = 1});
	tb_from_far(b, &lan, TB_PT, 0, p, len);
	tb_run(b, 0);
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.kind, DP_PUNT_ICMP);
	assert_int_equal(what.iface, TB_LAN);
	assert_memory_equal(f.p, lan_mac, 6);
	assert_memory_equal(f.p + 6, lan_mac, 6);
	tb_no_drops(b);
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "192.168.7.1", .proto = 6});
	tb_from_far(b, &lan, TB_PT, 0, p, len);
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_protocol, 1);
	len = tb_ip(p, &(struct tb_ip){.src = "10.8.3.5", .dst = "192.168.7.1", .proto = 17});
	wire_put16(p + 24, len - 20);
	wire_put16(p + 26, 0);
	tb_from_far(b, &lan, TB_PT, 0, p, len);
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_no_flow, 1);
}

/* ---- all the way ---- */

/* Tunnels to each other: from 10.8.1.5 on the TUN device to 10.8.2.5 on the LAN. */
static void both_ends(struct tb *b, const char *here, uint16_t flags, uint16_t owner)
{
	struct tb_tunnel x = {.session = 1,
			      .far = here,
			      .far_port = 30002,
			      .port = 30000,
			      .iface = TB_TUN,
			      .flags = flags,
			      .here = true};
	struct tb_tunnel y = {.session = 2,
			      .far = here,
			      .far_port = 30000,
			      .port = 30002,
			      .iface = TB_TUN,
			      .owner = owner,
			      .flags = flags,
			      .here = true};

	tb_tunnel(b, &x);
	tb_tunnel(b, &y);
	tb_route(b, "10.8.2.0/24", 1);
	tb_route(b, "10.8.1.0/24", 2);
}

static void there(struct tb *b, unsigned int n)
{
	uint8_t p[32][1400];
	struct tb_frame f;

	for (unsigned int i = 0; i < n; i++) {
		static const uint16_t lens[] = {20, 21, 64, 512, 1399, 1400};

		tb_ip(p[i], &(struct tb_ip){.src = "10.8.1.5",
					    .dst = "10.8.2.5",
					    .len = lens[i % COUNT(lens)]});
		tb_input(b, TB_TUN, p[i], lens[i % COUNT(lens)]);
	}
	tb_run(b, 0);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(tb_take(TB_TUN, &f));
		assert_memory_equal(f.p, p[i], f.len);
		assert_int_equal(wire_get16(f.p + 2), f.len);
	}
	tb_no_drops(b);
}

static void test_srtp(void **state)
{
	static const struct {
		const char *here;
		enum srtp_profile profile;
	} cases[] = {
		{"10.0.0.1", SRTP_AEAD_AES_128_GCM},
		{"2001:db8::1", SRTP_AES_CM_128_HMAC_SHA1_80},
	};
	static unsigned int at;
	struct tb *b = *state;
	uint8_t p[1500];
	struct dp_punt what;
	struct tb_frame f;

	both_ends(b, cases[at].here, FLOW_PLAN_OPEN | FLOW_PLAN_SRTP, 0);
	/* Packets wait for keys. */
	tb_input(b, TB_TUN, p, tb_ip(p, &(struct tb_ip){.src = "10.8.1.5", .dst = "10.8.2.5"}));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_tunnel_down, 1);
	tb_keys(b, 1, 2, cases[at].profile);
	tb_keys(b, 2, 1, cases[at].profile);
	for (unsigned int i = 0; i < 200; i++)
		there(b, 32);
	assert_int_equal(b->t->tunnel[1].rt.out_packets, 6400);
	assert_int_equal(b->t->tunnel[2].rt.in_packets, 6400);
	/* The tag is reckoned with. */
	b->t->tunnel[1].mtu = 1500;
	tb_input(b, TB_TUN, p,
		 tb_ip(p, &(struct tb_ip){
				  .src = "10.8.1.5", .dst = "10.8.2.5", .len = 1500, .df = true}));
	tb_run(b, 0);
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.mtu, at == 0 ? 1500 - 56 : 1500 - 70);
	tb_drops(b, FLOW_DROP_tunnel_too_big, 1);
	at++;
}

/* What leaves straight by a device, opened as its far end would. */
static void expect_sealed(struct tb *b, struct srtp_worker *far, const uint8_t *inner, uint16_t len,
			  uint8_t tos)
{
	const struct flow_secure *s = &b->t->secure[4];
	struct srtp_op op = {.keys = s->rx, .leg = s->leg};
	struct wire_frame w;
	struct tb_frame f;
	uint16_t n;

	assert_true(tb_take(TB_OUTER, &f));
	op.data = (uint8_t *)(uintptr_t)tb_rtp(&f, &n);
	op.len = n;
	assert_int_equal(wire_frame_parse(f.p, f.len, true, &w), WIRE_UDP);
	assert_int_equal(w.tos, tos);
	assert_int_equal(rte_be_to_cpu_16(w.sport_be), 31000);
	assert_int_equal(rte_be_to_cpu_16(w.dport_be), 31002);
	assert_memory_equal(f.p, "\2\0\0\0\0\x9\2\0\0\0\0\1", 12);
	assert_true(n > WIRE_RTP_HLEN + len);
	srtp_open(far, &op, 1, 0);
	assert_int_equal(op.verdict, SRTP_OK);
	assert_int_equal(op.len, WIRE_RTP_HLEN + len);
	assert_int_equal(op.data[1], TB_PT);
	assert_memory_equal(op.data + WIRE_RTP_HLEN, inner, len);
}

static void test_sealed(void **state)
{
	static const struct {
		const char *far;
		enum srtp_profile profile;
	} cases[] = {
		{"198.51.100.7", SRTP_AEAD_AES_128_GCM},
		{"2001:db8::99", SRTP_AES_CM_128_HMAC_SHA1_80},
	};
	static unsigned int at;
	struct tb *b = *state;
	struct tb_tunnel s = {.session = 1,
			      .far = cases[at].far,
			      .far_port = 31002,
			      .port = 31000,
			      .iface = TB_TUN,
			      .flags = FLOW_PLAN_OPEN | FLOW_PLAN_SRTP};
	struct srtp_worker *far;
	enum srtp_engine e;
	uint8_t p[1500];
	uint16_t len;

	assert_int_equal(srtp_engine_pick(SRTP_ENGINE_AUTO, &e), 0);
	far = srtp_worker_create(e);
	assert_non_null(far);
	tb_tunnel(b, &s);
	tb_keys(b, 1, 2, cases[at].profile);
	tb_keys(b, 2, 1, cases[at].profile);
	tb_route(b, "10.8.1.0/24", 1);
	for (unsigned int i = 0; i < 100; i++) {
		len = tb_ip(p, &(struct tb_ip){.src = "10.9.0.1",
					       .dst = "10.8.1.5",
					       .len = (uint16_t)(20 + 13 * i),
					       .tos = (uint8_t)i});
		b->t->plan[b->t->tunnel[1].plan].tos = i < 50 ? FLOW_TOS_KEEP : 46 << 2;
		tb_input(b, TB_TUN, p, len);
		tb_run(b, 0);
		expect_sealed(b, far, p, len, (uint8_t)(i < 50 ? i : 46 << 2 | (i & 3)));
	}
	tb_no_drops(b);
	assert_int_equal(b->t->leg[3].rtp.rx_packets, 100);
	/* While the MAC address is not known, control has it, sealed. */
	struct dp_punt what;
	struct tb_frame f;

	flow_nexthop_clear(b->t, 1);
	tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	assert_true(tb_punt(b, &what, &f));
	assert_int_equal(what.kind, DP_PUNT_UNRESOLVED);
	assert_int_equal(what.nexthop, 1);
	assert_int_equal(what.iface, TB_OUTER);
	tb_no_drops(b);
	srtp_worker_free(far);
	at++;
}

/* Each end is another worker's. */
static void test_handoff(void **state)
{
	struct tb *b = *state;

	both_ends(b, "10.0.0.1", FLOW_PLAN_OPEN | FLOW_PLAN_SRTP, 1);
	tb_keys(b, 1, 2, SRTP_AEAD_AES_128_GCM);
	tb_keys(b, 2, 1, SRTP_AEAD_AES_128_GCM);
	there(b, 32);
	assert_true(tb_counter(b, DP_handoff_in) >= 32);
	/* The other way: what comes in at worker 0's queue is worker 1's to wrap. */
	uint8_t p[200];
	struct tb_frame f;
	uint16_t len = tb_ip(p, &(struct tb_ip){.src = "10.8.2.5", .dst = "10.8.1.5"});

	tb_input(b, TB_TUN, p, len);
	tb_run(b, 0);
	assert_true(tb_take(TB_TUN, &f));
	assert_int_equal(f.len, len);
	assert_memory_equal(f.p, p, len);
	tb_no_drops(b);
	assert_int_equal(b->t->tunnel[2].rt.out_packets, 1);
}

/* Control's own packets. */
static void test_inject(void **state)
{
	struct tb *b = *state;
	struct rte_mbuf *m;
	struct tb_frame f;
	uint8_t p[200];
	uint16_t len;

	setup_tunnels(b);
	len = tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.1.5"});
	for (unsigned int i = 0; i < 2; i++) {
		m = rte_pktmbuf_alloc(dp_pool());
		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, len), p, len);
		assert_true(i ? dp_inject(b->dp, TB_TUN, m) : dp_inject_local(b->dp, TB_TUN, m));
		tb_run(b, 0);
	}
	expect_wrapped(TB_OUTER, "198.51.100.7", TB_SEQ, p, len, 0);
	assert_true(tb_take(TB_TUN, &f));
	assert_int_equal(f.len, len);
	assert_memory_equal(f.p, p, len);
	tb_no_drops(b);
}

/* In several buffers, or with no room before it. */
static void test_buffers(void **state)
{
	struct tb *b = *state;
	struct rte_mbuf *m, *n;
	uint8_t p[200];
	uint16_t len;

	setup_tunnels(b);
	len = tb_ip(p, &(struct tb_ip){.src = "10.9.0.1", .dst = "10.8.1.5"});
	m = rte_pktmbuf_alloc(dp_pool());
	assert_non_null(m);
	m->data_off = 14 + 20 + 8 + 12 - 1;
	memcpy(rte_pktmbuf_append(m, len), p, len);
	assert_true(dp_inject_local(b->dp, TB_TUN, m));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_no_room, 1);
	m = rte_pktmbuf_alloc(dp_pool());
	n = rte_pktmbuf_alloc(dp_pool());
	assert_true(m != NULL && n != NULL);
	memcpy(rte_pktmbuf_append(m, 60), p, 60);
	memcpy(rte_pktmbuf_append(n, len - 60), p + 60, len - 60u);
	assert_int_equal(rte_pktmbuf_chain(m, n), 0);
	assert_true(dp_inject_local(b->dp, TB_TUN, m));
	tb_run(b, 0);
	tb_drops(b, FLOW_DROP_segmented, 1);
}

static void test_ifaces(void **state)
{
	struct tb *b = *state;
	struct flow_iface f = {
		.port = b->t->iface[TB_LAN].port, .vlan = 7, .role = FLOW_ROLE_OUTER};

	assert_int_equal(flow_iface_add(b->t, &f), -EINVAL);
	f.role = FLOW_ROLE_LAN;
	assert_int_equal(flow_iface_add(b->t, &f), 3);
	assert_int_equal(flow_iface_add(b->t, &f), -EEXIST);
	f = (struct flow_iface){.port = b->t->iface[TB_TUN].port, .vlan = 7, .role = FLOW_ROLE_TUN};
	assert_int_equal(flow_iface_add(b->t, &f), -EINVAL);
}

static void test_routes(void **state)
{
	struct tb *b = *state;
	union wire_ip net, host;

	assert_int_equal(wire_ip_parse("10.8.0.0", &net), 0);
	assert_int_equal(wire_ip_parse("10.8.0.9", &host), 0);
	assert_int_equal(flow_route_lookup(b->t, &host), 0);
	assert_int_equal(flow_route_set(b->t, &net, 24, 0), 0);
	assert_int_equal(flow_route_set(b->t, &net, 24, 0), 0);
	assert_int_equal(flow_route_set(b->t, &net, 24, 1), -EEXIST);
	assert_int_equal(flow_route_set(b->t, &net, 24, TB_SESSIONS), -EINVAL);
	assert_int_equal(flow_route_set(b->t, &host, 24, 0), -EINVAL);
	assert_int_equal(flow_route_set(b->t, &host, 32, 1), 0);
	assert_int_equal(flow_route_lookup(b->t, &host), 2);
	assert_int_equal(flow_route_lookup(b->t, &net), 1);
	assert_int_equal(flow_route_get(b->t, &net, 24), 1);
	assert_int_equal(flow_route_clear(b->t, &host, 32, 0), -ENOENT);
	assert_int_equal(flow_route_clear(b->t, &host, 32, 1), 0);
	assert_int_equal(flow_route_lookup(b->t, &host), 1);
	flow_route_turn(b->t);
}

static int group_setup(void **state)
{
	(void)state;
	return tb_eal();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, tb_setup, tb_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(routes),       TEST(ifaces),     TEST(wrap),
		TEST(clock),        TEST(dscp),       TEST(wrap_drops),
		TEST(too_big),      TEST(fragments),  TEST(fragment_bursts),
		TEST(mss),          TEST(unwrap),     TEST(unwrap_drops),
		TEST(ecn),          TEST(rtcp),       TEST(unwrap_too_big),
		TEST(keepalive),    TEST(lan_in),     TEST(keepalive_many),
		TEST(lan_ours),     TEST(lan_out),    TEST(lan_back),
		TEST(lan_own),      TEST(unwrap_cut), TEST(no_route),
		TEST(keepalive_in), TEST(srtp),       TEST(srtp),
		TEST(handoff),      TEST(sealed),     TEST(sealed),
		TEST(inject),       TEST(buffers),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
