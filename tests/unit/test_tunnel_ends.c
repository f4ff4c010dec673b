/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels from end to end, with keys and between workers; their interfaces and routes. */
#include "tunnel_three.h"

#include <errno.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(routes), TEST(ifaces), TEST(srtp),   TEST(srtp),    TEST(handoff),
		TEST(sealed), TEST(sealed), TEST(inject), TEST(buffers),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
