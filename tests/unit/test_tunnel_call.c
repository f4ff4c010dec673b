/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions whose second leg is the inner side of a tunnel: plans, settings, their end. */
#include "tunnel_call_bed.h"

#include <arpa/inet.h>
#include <errno.h>

#include <rte_rcu_qsbr.h>

#include "session_leg.h"
#include "session_media.h"

/* ---- helpers -------------------------------------------------------------------------------- */

static void set_remote(struct session_params *p, const char *ip, uint16_t port)
{
	p->leg[0].has_remote = true;
	p->leg[0].remote.port = port;
	assert_int_equal(wire_ip_parse(ip, &p->leg[0].remote.ip), 0);
}

/* ---- plans and settings --------------------------------------------------------------------- */

static void plain(void **state)
{
	struct session_params p = tunnel("plain");
	const struct flow_tunnel *t;
	const struct flow_plan *plan;
	struct session_answer a;
	struct session_inner in;

	set_remote(&p, "192.0.2.50", 6000);
	p.leg[0].dscp = 10;
	a = must_create(s, &p);
	in = get("plain");
	t = flow_of("plain");
	assert_int_equal(a.leg[1].local.port, 0);
	assert_int_equal(sessions_ports_free(s, WAN4), 15);

	plan = plan_in(&a, WAN4);
	assert_int_equal(plan->flags, FLOW_PLAN_REMOTE | FLOW_PLAN_RTCP_DROP);
	assert_int_equal(plan->leg, 2 * in.index);
	plan = plan_out("plain");
	assert_int_equal(plan->flags, FLOW_PLAN_OUT | FLOW_PLAN_RTCP_DROP);
	assert_int_equal(ntohs(plan->out_sport), a.leg[0].local.port);
	assert_int_equal(plan->out_addr, WAN4);
	assert_int_equal(plan->tos, 10 << 2);
	sent_to("plain", &(struct ice_addr){p.leg[0].remote.ip, 6000});

	assert_int_equal(t->generation, in.generation);
	assert_int_equal(t->iface, TEST_INNER);
	assert_int_equal(t->mtu, 1460);
	assert_int_equal(t->keepalive_ms, 1000);
	assert_int_equal(t->payload_type, PT);
	assert_int_equal(t->families, FLOW_TUNNEL_IP4 | FLOW_TUNNEL_IP6);
	assert_int_equal(t->flags, FLOW_TUNNEL_PT_STRICT | FLOW_TUNNEL_MSS);
	assert_int_equal(test_tunnels, 1);
	assert_int_equal(test_tunnel, in.index);
	assert_false(in.has_keys);
	assert_null(in.rt);
	assert_int_equal(in.rtt_ms, UINT32_MAX);
	assert_true(in.silent_ms == UINT64_MAX);
	expect_report("plain", "\"inner\":{\"interface\":\"tun0\",\"payload_type\":97,");
	expect_report("plain", "\"local\":null");
	must_end("plain");
	assert_int_equal(ended, 1);
}

static void room_inside(void **state)
{
	static const struct {
		uint16_t address, wanted, mtu;
		enum leg_security_type type;
		enum srtp_profile profile;
	} row[] = {
		{WAN4, 0, 1460, LEG_SECURITY_NONE, 0},
		{WAN6, 0, 1440, LEG_SECURITY_NONE, 0},
		{WAN4, 0, 1450, LEG_SECURITY_SDES, SRTP_AES_CM_128_HMAC_SHA1_80},
		{WAN4, 0, 1456, LEG_SECURITY_SDES, SRTP_AES_CM_128_HMAC_SHA1_32},
		{WAN4, 0, 1444, LEG_SECURITY_SDES, SRTP_AEAD_AES_128_GCM},
		{WAN6, 0, 1430, LEG_SECURITY_SDES, SRTP_AES_CM_128_HMAC_SHA1_80},
		{WAN6, 0, 1424, LEG_SECURITY_SDES, SRTP_AEAD_AES_128_GCM},
		/* The longest of those that may be agreed upon. */
		{WAN4, 0, 1444, LEG_SECURITY_DTLS, SRTP_PROFILE_COUNT},
		{WAN4, 0, 1450, LEG_SECURITY_DTLS, SRTP_AES_CM_128_HMAC_SHA1_80},
		{WAN4, 1420, 1420, LEG_SECURITY_DTLS, SRTP_PROFILE_COUNT},
		{WAN6, 1280, 1280, LEG_SECURITY_NONE, 0},
		{WAN6, 1441, 1440, LEG_SECURITY_NONE, 0},
		{WAN4, UINT16_MAX, 1460, LEG_SECURITY_NONE, 0},
	};

	for (unsigned int i = 0; i < COUNT(row); i++) {
		struct session_params p = tunnel("room");
		struct leg_security *sec = &p.leg[0].security;

		p.leg[0].address = row[i].address;
		p.leg[1].inner.mtu = row[i].wanted;
		if (row[i].type == LEG_SECURITY_SDES)
			*sec = sdes(row[i].profile);
		sec->type = row[i].type;
		if (row[i].type == LEG_SECURITY_DTLS && row[i].profile != SRTP_PROFILE_COUNT) {
			sec->dtls.profile_count = 1;
			sec->dtls.profile[0] = row[i].profile;
		}
		must_create(s, &p);
		assert_int_equal(flow_of("room")->mtu, row[i].mtu);
		assert_int_equal(get("room").mtu, row[i].mtu);
		assert_int_equal(get("room").overhead,
				 session_inner_overhead(s, row[i].address, sec));
		must_end("room");
	}
}

/* Settings change in place: the plans stay. */
static void other_settings(void **state)
{
	struct session_params p = tunnel("set");
	struct session_change c = {.id = "set"};
	const struct flow_tunnel *t;
	struct session_answer a;
	uint32_t plan, ssrc;

	p.leg[0].security = sdes(SRTP_AES_CM_128_HMAC_SHA1_80);
	set_remote(&p, "192.0.2.50", 6000);
	must_create(s, &p);
	t = flow_of("set");
	plan = t->plan;
	ssrc = t->ssrc;
	c.leg[1].set_inner = true;
	c.leg[1].inner = (struct leg_inner){.on = true,
					    .payload_type = 111,
					    .families = FLOW_TUNNEL_IP6,
					    .iface = TEST_INNER,
					    .mtu = 1300,
					    .keepalive_ms = 500};
	a = must_update(s, &c);
	assert_int_equal(a.generation, 2);
	assert_int_equal(t->plan, plan);
	assert_int_equal(t->ssrc, ssrc);
	assert_int_equal(t->mtu, 1300);
	assert_int_equal(t->payload_type, 111);
	assert_int_equal(t->families, FLOW_TUNNEL_IP6);
	assert_int_equal(t->flags, 0);
	assert_int_equal(t->keepalive_ms, 500);
	a = must_update(s, &c);
	assert_int_equal(a.generation, 2);

	/* Another profile leaves less room. */
	c = (struct session_change){.id = "set"};
	c.leg[1].set_inner = c.leg[0].set_security = true;
	c.leg[1].inner = (struct leg_inner){.on = true, .iface = TEST_INNER};
	c.leg[0].security = sdes(SRTP_AEAD_AES_128_GCM);
	must_update(s, &c);
	assert_int_equal(t->mtu, 1444);
	expect_report("set", "\"families\":[\"ipv4\",\"ipv6\"],\"mtu\":1444,\"overhead\":56}");

	/* A fault elsewhere: nothing has changed. */
	c.leg[1].inner.payload_type = 100;
	c.leg[0].set_remote = c.leg[0].has_remote = true;
	c.leg[0].remote = (struct leg_remote){.ip = p.leg[0].remote.ip, .port = 7000};
	test_neigh_fault = -ENETUNREACH;
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/0/remote/ip");
	assert_int_equal(t->payload_type, 0);
	test_turn(h, 1);
	must_end("set");
}

static void created_twice(void **state)
{
	struct session_params p = tunnel("twice");
	uint32_t ssrc;

	assert_true(must_create(s, &p).created);
	ssrc = flow_of("twice")->ssrc;
	p.leg[1].inner.families = FLOW_TUNNEL_IP4 | FLOW_TUNNEL_IP6; /* as without */
	p.leg[1].inner.keepalive_ms = 1000;
	p.leg[1].latch = LEG_LATCH_FOLLOW; /* of an inner leg: not looked at */
	p.leg[1].address = 77;
	assert_false(must_create(s, &p).created);
	assert_int_equal(flow_of("twice")->ssrc, ssrc);
	p.leg[1].inner.mtu = 1300;
	must_refuse(s, &p, SESSION_CONFLICT, "/id");
	p = session_params_46("twice");
	must_refuse(s, &p, SESSION_CONFLICT, "/id");
	assert_int_equal(test_tunnels, 1);
	/* Another one begins elsewhere. */
	p = tunnel("other");
	must_create(s, &p);
	assert_true(flow_of("other")->ssrc != ssrc);
	must_delete(s, "other");
	must_end("twice");
}

static void refused(void **state)
{
	struct session_params p = tunnel("no");

	p.leg[1].inner.iface = 0;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/inner/interface");
	p.leg[1].inner.iface = 2;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/inner/interface");
	p = tunnel("no");
	p.leg[1].inner.payload_type = 128;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/inner/payload_type");
	p = tunnel("no");
	p.leg[1].inner.families = 4;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/inner/families");
	p = tunnel("no");
	p.leg[1].inner.mtu = 575;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/inner/mtu");
	p = tunnel("no");
	p.leg[0].rtcp = LEG_RTCP_NEXT;
	must_refuse(s, &p, SESSION_UNSUPPORTED, "/legs/0/rtcp");
	p = tunnel("no");
	p.leg[0].kind = LEG_KIND_UDP;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/0/kind");
	p = tunnel("no");
	p.leg[0].bundle.payload_types[0] = 1;
	must_refuse(s, &p, SESSION_UNSUPPORTED, "/legs/0/bundle");
	p = tunnel("no");
	p.leg[0].inner = p.leg[1].inner;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/0");
	/* Where nothing is authentic, whoever sends RTP would be the far end. */
	p = tunnel("no");
	p.leg[0].ice.mode = LEG_ICE_LITE;
	p.leg[0].latch = LEG_LATCH_FOLLOW;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/0/latch");
	p.leg[0].latch = LEG_LATCH_ONCE;
	p.leg[0].security.type = LEG_SECURITY_DTLS;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/0/latch");
	/* An interface that has no room for a tunnel. */
	p = tunnel("no");
	p.leg[0].security = sdes(SRTP_AEAD_AES_128_GCM);
	h->tables->iface[0].mtu = 576 + 56 - 1;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/0/address");
	h->tables->iface[0].mtu++;
	must_create(s, &p);
	assert_int_equal(get("no").mtu, 576);
	must_end("no");
}

/* What calls have and tunnels do not. */
static void no_call(void **state)
{
	const struct flow_iface other = {.port = 2, .mtu = 1420, .role = FLOW_ROLE_TUN};
	const struct session_media m = {.set_mute = true, .mute = true};
	struct session_params p = tunnel("t"), call = session_params_46("call");
	struct session_change c = {.id = "t"};
	struct session_error err;
	struct session_inner in;
	uint32_t leg;
	uint16_t generation;

	p.leg[0].security = sdes(SRTP_AES_CM_128_HMAC_SHA1_80);
	p.leg[0].ice.mode = LEG_ICE_LITE;
	p.leg[0].latch = LEG_LATCH_FOLLOW;
	must_create(s, &p);
	must_create(s, &call);
	assert_int_equal(session_media_set(s, "t", 0, &m, &err), SESSION_UNSUPPORTED);
	assert_false(session_media_key(s, "t", 0, &leg, &generation));
	c.leg[0].set_port = true;
	c.leg[0].address = WAN4;
	must_not_update(s, &c, SESSION_UNSUPPORTED, "");
	c = (struct session_change){.id = "t"};
	c.leg[1].set_hold = true;
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/1");
	c = (struct session_change){.id = "t"};
	c.leg[1].set_inner = true;
	must_not_update(s, &c, SESSION_CONFLICT, "/legs/1");
	c.leg[1].inner = (struct leg_inner){.on = true, .iface = 0};
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/1/inner/interface");
	c.leg[1].inner.iface = (uint16_t)flow_iface_add(h->tables, &other);
	must_not_update(s, &c, SESSION_CONFLICT, "/legs/1/inner/interface");
	c = (struct session_change){.id = "t"};
	c.leg[0].set_bundle = true;
	must_not_update(s, &c, SESSION_UNSUPPORTED, "/legs/0/bundle");
	c = (struct session_change){.id = "t"};
	c.leg[0].set_security = true; /* to none, with ICE and roaming */
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/0/latch");
	c = (struct session_change){.id = "call"};
	c.leg[1].set_inner = true;
	c.leg[1].inner = p.leg[1].inner;
	must_not_update(s, &c, SESSION_CONFLICT, "/legs/1");
	assert_int_equal(session_inner_get(s, "call", &in, &err), SESSION_WRONG_STATE);
	assert_int_equal(session_inner_get(s, "nobody", &in, &err), SESSION_NOT_FOUND);
	must_delete(s, "call");
	must_end("t");
}

/* ---- keep-alives ---------------------------------------------------------------------------- */

/* The worker's ring is full: it is asked again, but not for those that have gone meanwhile. */
static void told_later(void **state)
{
	struct session_params a = tunnel("a"), b = tunnel("b");

	test_tunnel_fault = -ENOSPC;
	must_create(s, &a);
	must_create(s, &b);
	test_turn(h, 1);
	assert_int_equal(test_tunnels, 0);
	must_delete(s, "a");
	test_turn(h, 1);
	must_create(s, &a); /* in the same place */
	test_turn(h, 1);
	must_delete(s, "b");
	test_tunnel_fault = 0;
	test_turn(h, 1);
	assert_int_equal(test_tunnels, 1);
	assert_int_equal(test_tunnel, get("a").index);
	test_turn(h, 1);
	assert_int_equal(test_tunnels, 1);
	must_end("a");
}

/* ---- life ----------------------------------------------------------------------------------- */

/* What is sent does not keep a tunnel alive; what comes does, to the millisecond. */
static void silence(void **state)
{
	struct session_params p = tunnel("quiet");
	struct flow_leg_rt *rt;
	uint32_t index;

	p.idle_timeout_s = 10;
	must_create(s, &p);
	index = get("quiet").index;
	rt = &h->tables->leg[2 * index];
	test_turn(h, 3000);
	rt[0].rtp.rx_packets = 1;
	rt[0].rtp.last_seen = flow_tick(h->loop.now_tsc);
	for (unsigned int i = 0; i < 9; i++) {
		test_turn(h, 1000);
		rt[1].rtp.rx_packets++;
		rt[1].rtp.last_seen = flow_tick(h->loop.now_tsc);
	}
	assert_in_range(get("quiet").silent_ms, 8998, 9001);
	assert_in_range(session_silent_ms(s, index), 8998, 9001);
	expect_report("quiet", "\"state\":\"active\"");
	test_turn(h, 990);
	assert_int_equal(ended, 0);
	test_turn(h, 20);
	assert_int_equal(ended, 1);
	test_turn(h, 1);
	all_is_free();
}

/* A worker that was between route and plan when routes were taken away has let go before the
 * session's number is another's. */
static void number_waits_for_routes(void **state)
{
	struct session_params p = tunnel("gone");
	struct sessions_stats st;

	must_create(s, &p);
	test_reader_enter(h);
	report_inside = true;
	must_delete(s, "gone");
	report_inside = false;
	test_turn(h, 1);
	sessions_stats(s, &st);
	assert_int_equal(st.ended, 0);
	rte_rcu_qsbr_quiescent(h->tables->rcu, 0);
	test_turn(h, 1);
	sessions_stats(s, &st);
	assert_int_equal(st.ended, 1);
	test_reader_leave(h);
	all_is_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain),         TEST(room_inside), TEST(other_settings),
		TEST(created_twice), TEST(refused),     TEST(no_call),
		TEST(told_later),    TEST(silence),     TEST(number_waits_for_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
