/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel_three.h"

const struct tb_tunnel far4 = {
	.session = 1, .far = "198.51.100.7", .far_port = 40000, .port = 20000, .iface = TB_TUN};
const struct tb_tunnel far6 = {
	.session = 2, .far = "2001:db8::99", .far_port = 40002, .port = 20002, .iface = TB_TUN};
const struct tb_tunnel lan = {
	.session = 3, .far = "198.51.100.8", .far_port = 40004, .port = 20004, .iface = TB_LAN};

void setup_tunnels(struct tb *b)
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

uint32_t tunnel_drops(const struct tb *b, uint32_t session, enum flow_drop why)
{
	return b->t->tunnel[session].rt.drops[why - FLOW_LEG_DROPS];
}

void expect_wrapped(enum tb_port at, const char *to, uint16_t seq, const uint8_t *inner,
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

int group_setup(void **state)
{
	(void)state;
	return tb_eal();
}
