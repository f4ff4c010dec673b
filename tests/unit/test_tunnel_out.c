/* SPDX-License-Identifier: BSD-3-Clause */
/* Out of tunnels, on the packet path; their keep-alives. */
#include "tunnel_three.h"

#include <errno.h>

#include <rte_cycles.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unwrap),         TEST(unwrap_drops),   TEST(ecn),
		TEST(rtcp),           TEST(unwrap_too_big), TEST(keepalive),
		TEST(keepalive_many), TEST(unwrap_cut),     TEST(keepalive_in),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
