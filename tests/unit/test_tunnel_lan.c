/* SPDX-License-Identifier: BSD-3-Clause */
/* Between tunnels and a LAN, on the packet path: Ethernet, neighbours, what is for us there. */
#include "tunnel_three.h"

#include <errno.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lan_in),   TEST(lan_ours), TEST(lan_out),
		TEST(lan_back), TEST(lan_own),  TEST(no_route),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
