/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions whose second leg is the inner side of a tunnel: plans, settings, roaming, their end. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>

#include <rte_rcu_qsbr.h>

#include "call.h"
#include "session_inner.h"
#include "session_leg.h"
#include "session_media.h"
#include "session_must.h"
#include "webrtc_bed.h"

#define WAN6 1
#define WAN4 2
#define PT   97

static struct host *h;
static struct sessions *s;
static struct bed bed;
static struct session_observer watcher;
static struct session_endpoint moved_to;
static unsigned int moved, firsts, ended;
static bool report_inside; /* a worker passes through its loop while observers are told of an end */

static void note_moved(struct session_observer *o, uint32_t index, const char *id, unsigned int leg,
		       const struct session_endpoint *to, bool first)
{
	assert_int_equal(leg, 0);
	assert_string_equal(session_id(&s->table[index]), id);
	moved_to = *to;
	moved++;
	firsts += first;
}

static void note_ended(struct session_observer *o, uint32_t index, const char *id, bool timed_out)
{
	ended++;
	if (report_inside)
		rte_rcu_qsbr_quiescent(h->tables->rcu, 0);
}

static int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	bed_init(&bed, h);
	moved = firsts = ended = 0;
	report_inside = false;
	watcher = (struct session_observer){.ended = note_ended, .moved = note_moved};
	if (sessions_create(&s, h) != 0)
		return -1;
	sessions_observe(s, &watcher);
	return 0;
}

static int tear_down(void **state)
{
	bed_free(&bed);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------- */

static struct session_params tunnel(const char *id)
{
	return (struct session_params){
		.id = id,
		.leg = {{.address = WAN4, .rtcp = LEG_RTCP_MUX, .dscp = SESSION_DSCP_KEEP},
			{.inner = {.on = true,
				   .pt_strict = true,
				   .mss_clamp = true,
				   .payload_type = PT,
				   .iface = TEST_INNER}}},
	};
}

static void set_remote(struct session_params *p, const char *ip, uint16_t port)
{
	p->leg[0].has_remote = true;
	p->leg[0].remote.port = port;
	assert_int_equal(wire_ip_parse(ip, &p->leg[0].remote.ip), 0);
}

/* Keys that are nobody's secret. */
static struct leg_security sdes(enum srtp_profile profile)
{
	struct leg_security sec = {
		.type = LEG_SECURITY_SDES, .has_profile = true, .profile = profile};
	uint8_t len = (uint8_t)(srtp_profile_key_len(profile) + srtp_profile_salt_len(profile));

	sec.local.master_len = sec.remote.master_len = len;
	memset(sec.local.master, 1, len);
	memset(sec.remote.master, 2, len);
	return sec;
}

static struct session_inner get(const char *id)
{
	struct session_inner out;
	struct session_error err;

	assert_int_equal(session_inner_get(s, id, &out, &err), SESSION_OK);
	return out;
}

static struct flow_tunnel *flow_of(const char *id)
{
	return &h->tables->tunnel[get(id).index];
}

/* What arrives, and by what wrapped packets leave. */
static const struct flow_plan *plan_in(const struct session_answer *a, uint16_t address)
{
	const struct flow_plan *p = test_plan(h, address, a->leg[0].local.port);

	assert_non_null(p);
	assert_int_equal(p->leg % 2, 0);
	assert_int_equal(p->extra, FLOW_EXTRA_TUNNEL);
	assert_true(p->flags & FLOW_PLAN_RTCP_DROP);
	assert_false(p->flags & FLOW_PLAN_OUT);
	return p;
}

static const struct flow_plan *plan_out(const char *id)
{
	const struct flow_plan *p = &h->tables->plan[flow_of(id)->plan];

	assert_true(p != &h->tables->plan[0]);
	assert_int_equal(p->leg, 2 * get(id).index + 1);
	assert_int_equal(p->extra, 0);
	return p;
}

static void sent_to(const char *id, const struct ice_addr *to)
{
	const struct flow_plan *p = plan_out(id);
	struct session_endpoint e = get(id).remote;

	assert_int_equal(!!(p->flags & FLOW_PLAN_OUT), to != NULL);
	if (to == NULL) {
		assert_int_equal(e.port, 0);
		return;
	}
	assert_true(wire_ip_equal(&p->out_ip, &to->ip));
	assert_int_equal(ntohs(p->out_port), to->port);
	assert_true(wire_ip_equal(&e.ip, &to->ip));
	assert_int_equal(e.port, to->port);
}

static void all_is_free(void)
{
	struct sessions_stats st;

	sessions_stats(s, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.secure_bytes, 0);
	assert_int_equal(st.plans_free, st.plans_total);
	for (uint16_t a = 0; a < TEST_ADDRS; a++)
		assert_int_equal(sessions_ports_free(s, a), 16);
	assert_int_equal(test_neigh_refs, 0);
}

static void must_end(const char *id)
{
	struct flow_tunnel *t = flow_of(id);

	must_delete(s, id);
	assert_int_equal(t->plan, 0);
	bed_run(&bed, 10);
	assert_int_equal(t->keepalive_ms, 0);
	all_is_free();
}

static void expect_report(const char *id, const char *text)
{
	struct session_error err;
	struct tnd_buf b = {0};

	assert_int_equal(session_report(s, id, &b, NULL, &err), SESSION_OK);
	tnd_buf_addc(&b, '\0');
	if (strstr(b.data, text) == NULL)
		fail_msg("no %s in:\n%s", text, b.data);
	tnd_buf_free(&b);
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

/* ---- ICE, keys, roaming --------------------------------------------------------------------- */

static struct session_answer roaming(const char *id, struct party **party)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	const struct dtls_addr to = {.ip = h->config->addresses[WAN4].advertise};
	struct session_params params = tunnel(id);
	struct dtls_addr begin = to;
	struct session_answer a;

	party_ice(&bed, p, ICE_FULL, true);
	party_dtls(&bed, p, DTLS_ACTIVE, true);
	params.leg[0].latch = LEG_LATCH_FOLLOW;
	params.leg[0].ice = party_tell_ice(p, LEG_ICE_LITE);
	params.leg[0].security.type = LEG_SECURITY_DTLS;
	params.leg[0].security.dtls = party_tell_dtls(p, LEG_SETUP_PASSIVE);
	a = must_create(s, &params);
	/* Nobody is heard yet. */
	assert_false(plan_in(&a, WAN4)->flags &
		     (FLOW_PLAN_LEARN | FLOW_PLAN_FOLLOW | FLOW_PLAN_REMOTE));
	sent_to(id, NULL);
	party_hear_ice(p, &a.leg[0].ice);
	party_hear_dtls(p, &a.leg[0].dtls, DTLS_ACTIVE);
	bed_run(&bed, 600);
	sent_to(id, &p->addr);
	assert_false(get(id).has_keys);
	begin.port = a.leg[0].local.port;
	assert_int_equal(dtls_start(p->dtls, &begin), 0);
	bed_run(&bed, 300);
	assert_int_equal(p->keyed, 1);
	assert_true(get(id).has_keys);
	expect_report(id, "\"window\":8192");
	*party = p;
	return a;
}

/* A worker has opened a packet from there. */
static void heard_from(const char *id, const struct ice_addr *from, uint8_t epoch)
{
	const struct flow_event ev = {.type = FLOW_EVENT_LATCHED,
				      .ip = from->ip,
				      .port = htons(from->port),
				      .leg = 2 * get(id).index,
				      .generation = get(id).generation,
				      .epoch = epoch};

	test_event(&ev);
	test_turn(h, 1);
}

static const struct ice_agent *agent_of(const char *id)
{
	return transport_of(s, table_find(s, id), 0)->ice;
}

static void pair_is(const char *id, const struct ice_addr *want)
{
	struct ice_info info;

	ice_get_info(agent_of(id), &info);
	assert_true(info.has_selected);
	assert_true(wire_ip_equal(&info.selected.ip, &want->ip));
	assert_int_equal(info.selected.port, want->port);
}

static void follows_media(void **state)
{
	const uint16_t all = FLOW_PLAN_LEARN | FLOW_PLAN_FOLLOW | FLOW_PLAN_REMOTE | FLOW_PLAN_OPEN;
	struct party *p;
	struct session_answer a = roaming("roam", &p);
	struct ice_addr first = p->addr;
	const struct flow_plan *in = plan_in(&a, WAN4);
	uint8_t epoch = in->epoch;

	assert_int_equal(in->flags & all, all);
	heard_from("roam", &p->addr, epoch);
	assert_int_equal(moved, 1);
	assert_int_equal(firsts, 1);
	sent_to("roam", &first);

	/* Its translator gives it another address. Its checks from there move nothing … */
	assert_int_equal(wire_ip_parse("192.0.2.99", &p->addr.ip), 0);
	p->addr.port = 9000;
	bed_run(&bed, 7000);
	sent_to("roam", &first);
	pair_is("roam", &first);
	/* … and one authentic packet does. */
	heard_from("roam", &p->addr, epoch);
	sent_to("roam", &p->addr);
	pair_is("roam", &p->addr);
	assert_int_equal(moved, 2);
	assert_int_equal(firsts, 1);
	assert_int_equal(moved_to.port, 9000);
	/* What the worker has learned stands: no other epoch. */
	assert_int_equal(plan_in(&a, WAN4)->epoch, epoch);
	bed_run(&bed, 60000);
	sent_to("roam", &p->addr);
	assert_int_equal(p->ice_state, ICE_COMPLETED);
	expect_report("roam", "\"state\":\"completed\"");
	expect_report("roam", "\"remote\":{\"ip\":\"192.0.2.99\",\"port\":9000}");

	/* An event that is too late, and a place that can't be reached, move nothing. */
	heard_from("roam", &first, (uint8_t)(epoch - 1));
	test_neigh_fault = -ENETUNREACH;
	heard_from("roam", &first, epoch);
	sent_to("roam", &p->addr);
	pair_is("roam", &p->addr);
	assert_int_equal(moved, 2);
	must_end("roam");
	/* The goodbye went to where the far end is. */
	assert_int_equal(p->dtls_state.state, DTLS_CLOSED);
}

/* By two paths in turn: a few moves at once, then some, and in the end the latest. */
static void moves_in_turn(void **state)
{
	struct party *p;
	struct session_answer a = roaming("turn", &p);
	struct ice_addr place[2] = {p->addr, p->addr};
	uint8_t epoch = plan_in(&a, WAN4)->epoch;
	unsigned int at;

	place[1].port = 9000;
	heard_from("turn", &place[0], epoch);
	moved = 0;
	for (unsigned int i = 0; i < 1000; i++)
		heard_from("turn", &place[i % 2 == 0], epoch);
	assert_in_range(moved, 15, 20);
	heard_from("turn", &place[1], epoch);
	heard_from("turn", &place[0], epoch);
	test_turn(h, 200);
	test_turn(h, 200);
	sent_to("turn", &place[0]);
	pair_is("turn", &place[0]);
	/* What was held has been overtaken: it stays where it is. */
	test_turn(h, 5000);
	for (unsigned int i = 0; i < 30; i++)
		heard_from("turn", &place[i % 2 == 0], epoch);
	at = get("turn").remote.port == place[0].port ? 0 : 1;
	heard_from("turn", &place[1 - at], epoch);
	sent_to("turn", &place[at]);
	heard_from("turn", &place[at], epoch);
	moved = 0;
	test_turn(h, 200);
	test_turn(h, 200);
	assert_int_equal(moved, 0);
	sent_to("turn", &place[at]);
	/* One is held when it ends. */
	for (unsigned int i = 0; i < 31; i++)
		heard_from("turn", &place[i % 2 == 0], epoch);
	must_end("turn");
	test_turn(h, 1000);
}

/* The far end begins anew elsewhere: that it says itself, and media leads from there. */
static void restarts(void **state)
{
	struct session_change c = {.id = "anew"};
	struct party *p;
	struct session_answer a = roaming("anew", &p);
	struct ice_addr first = p->addr;
	uint8_t epoch = plan_in(&a, WAN4)->epoch;

	heard_from("anew", &first, epoch);
	assert_int_equal(ice_restart(p->ice), 0);
	c.leg[0].set_ice = true;
	c.leg[0].ice = party_tell_ice(p, LEG_ICE_AS_IS);
	a = must_update(s, &c);
	assert_int_equal(wire_ip_parse("192.0.2.51", &p->addr.ip), 0);
	party_hear_ice(p, &a.leg[0].ice);
	bed_run(&bed, 4000);
	sent_to("anew", &p->addr);
	assert_true(plan_in(&a, WAN4)->epoch != epoch);
	/* Of the time before. */
	heard_from("anew", &first, epoch);
	sent_to("anew", &p->addr);
	epoch = plan_in(&a, WAN4)->epoch;
	heard_from("anew", &p->addr, epoch);
	assert_int_equal(firsts, 2);
	heard_from("anew", &first, epoch);
	sent_to("anew", &first);
	must_end("anew");
}

/* Without consent and without media there is no far end, and nobody is heard. */
static void far_end_lost(void **state)
{
	struct party *p;
	struct session_answer a = roaming("lost", &p);
	struct session_change c = {.id = "lost"};
	struct leg_ice full = party_tell_ice(p, LEG_ICE_FULL);

	c.leg[0].set_ice = true;
	c.leg[0].ice = full;
	a = must_update(s, &c);
	party_hear_ice(p, &a.leg[0].ice);
	bed_run(&bed, 4000);
	sent_to("lost", &p->addr);
	heard_from("lost", &p->addr, plan_in(&a, WAN4)->epoch);
	p->deaf = true;
	bed_run(&bed, 45000);
	assert_false(plan_in(&a, WAN4)->flags & (FLOW_PLAN_LEARN | FLOW_PLAN_REMOTE));
	sent_to("lost", NULL);
	must_end("lost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(room_inside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_settings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(created_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_call, set_up, tear_down),
		cmocka_unit_test_setup_teardown(told_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(silence, set_up, tear_down),
		cmocka_unit_test_setup_teardown(number_waits_for_routes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(follows_media, set_up, tear_down),
		cmocka_unit_test_setup_teardown(moves_in_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(restarts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_end_lost, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
