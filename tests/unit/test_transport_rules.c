/* SPDX-License-Identifier: BSD-3-Clause */
/* Legs with ICE and DTLS: what is refused, what faults leave behind, and what else there is to
 * them. */
#include "transport_bed.h"

/* ---- what is refused ------------------------------------------------------------------------- */

static void refused(void **state)
{
	static const char *const bad[] = {"candidate:nonsense"};
	struct session_params p = call("no");

	p.leg[1].ice.mode = LEG_ICE_LITE;
	p.leg[1].rtcp = LEG_RTCP_NEXT;
	must_refuse(s, &p, SESSION_UNSUPPORTED, "/legs/1/rtcp");
	p.leg[1].rtcp = LEG_RTCP_MUX;
	p.leg[1].latch = LEG_LATCH_ONCE;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/latch");
	p.leg[1].latch = LEG_LATCH_STRICT;
	p.leg[1].has_remote = true;
	p.leg[1].remote = (struct leg_remote){.ip = h->config->addresses[WAN4].ip, .port = 9};
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/remote");
	p.leg[1].has_remote = false;
	p.leg[1].ice.ufrag = "abcd";
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/ice/remote");
	p.leg[1].ice.pwd = "short";
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/ice/remote");
	p.leg[1].ice.pwd = "0123456789012345678901";
	p.leg[1].ice.candidate = bad;
	p.leg[1].ice.candidate_count = 1;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/ice/remote/candidates/0");
	p.leg[1].ice.candidate_count = 0;
	p.leg[1].ice.has_role = true;
	p.leg[1].ice.role = LEG_ICE_CONTROLLING;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/ice/role");
	p.leg[1].ice.has_role = false;
	p.leg[1].kind = LEG_KIND_UDP;
	must_refuse(s, &p, SESSION_UNSUPPORTED, "/legs/1/ice");
	p.leg[1].kind = LEG_KIND_RTP;
	p.leg[1].security.type = LEG_SECURITY_DTLS;
	p.leg[1].security.dtls.fingerprint_count = 1;
	p.leg[1].security.dtls.fingerprint[0] = (struct leg_fingerprint){"sha-256", "AA:BB"};
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/security/fingerprint");
	p.leg[1].security.dtls.fingerprint[0] = (struct leg_fingerprint){
		"sha-1", "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13"};
	must_refuse(s, &p, SESSION_UNSUPPORTED, "/legs/1/security/fingerprint");
	p.leg[1].security.dtls.fingerprint_count = 0;
	p.leg[1].security.dtls.profile_count = 1;
	p.leg[1].security.dtls.profile[0] = SRTP_AES_256_CM_HMAC_SHA1_80;
	must_refuse(s, &p, SESSION_UNSUPPORTED, "/legs/1/security/profiles");
	all_is_free();
}

static void repeated_create(void **state)
{
	static const char *const line[] = {"candidate:1 1 UDP 2130706431 192.0.2.50 6000 typ host"};
	struct session_params p = call("again");
	struct session_answer a, b;

	p.leg[1].ice = (struct leg_ice){.mode = LEG_ICE_FULL,
					.ufrag = "abcd",
					.pwd = "0123456789012345678901",
					.candidate_count = 1,
					.candidate = line};
	p.leg[1].security.type = LEG_SECURITY_DTLS;
	a = must_create(s, &p);
	b = must_create(s, &p);
	assert_true(a.created && !b.created);
	assert_string_equal(a.leg[1].ice.pwd, b.leg[1].ice.pwd);
	p.leg[1].ice.ufrag = "abce";
	must_refuse(s, &p, SESSION_CONFLICT, "/id");
	p.leg[1].ice.ufrag = "abcd";
	p.leg[1].security.dtls.has_setup = true;
	p.leg[1].security.dtls.setup = LEG_SETUP_ACTIVE;
	must_refuse(s, &p, SESSION_CONFLICT, "/id");
	must_end("again");
	all_is_free();
}

/* A fault in one part of a change leaves the others undone. */
static void faults_change_nothing(void **state)
{
	struct made m = running("fault");
	struct session_change c = {.id = "fault"};
	struct session_answer a;
	struct leg before[SESSION_LEGS];
	const struct srtp_keys *rx = secure_of(&m.a, 1)->rx;
	struct session *se = table_find(s, "fault");
	struct ice_info info;

	memcpy(before, se->leg, sizeof(before));
	c.leg[1].set_ice = c.leg[1].set_security = true;
	c.leg[1].ice = (struct leg_ice){
		.mode = LEG_ICE_FULL, .ufrag = "wxyz", .pwd = "0123456789012345678901"};
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.dtls = (struct leg_dtls){.has_setup = true, .setup = LEG_SETUP_ACTIVE};
	c.leg[0].set_remote = c.leg[0].has_remote = true;
	c.leg[0].remote = (struct leg_remote){.ip = before[0].remote, .port = 4444};
	test_neigh_fault = -ENETUNREACH;
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/1/remote/ip");
	assert_memory_equal(before, se->leg, sizeof(before));
	ice_get_info(transport_of(s, se, 1)->ice, &info);
	assert_int_equal(info.mode, ICE_LITE);
	assert_int_equal(transport_of(s, se, 1)->kept.setup, DTLS_PASSIVE);
	assert_ptr_equal(secure_of(&m.a, 1)->rx, rx);
	bed_run(&bed, 20);
	far_end_is(&m.a, m.p);

	c = (struct session_change){.id = "fault"};
	c.leg[1].set_security = true;
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.window = 1024;
	must_not_update(s, &c, SESSION_CONFLICT, "/legs/1/security/window");
	c = (struct session_change){.id = "fault"};
	c.leg[1].set_ice = true;
	c.leg[1].ice.mode = LEG_ICE_AS_IS;
	a = must_update(s, &c);
	assert_int_equal(a.generation, 1); /* nothing at all was new */
	must_end("fault");
	all_is_free();
}

/* The pair is there, the plans can't be made: again a little later. */
static void far_end_published_later(void **state)
{
	struct made m = webrtc_call("retry", LEG_ICE_LITE, LEG_SETUP_PASSIVE);

	for (unsigned int i = 0; i < 60 && m.p->ice_state != ICE_COMPLETED; i++) {
		test_neigh_fault = -ENOSPC;
		bed_run(&bed, 10);
	}
	assert_int_equal(m.p->ice_state, ICE_COMPLETED);
	test_neigh_fault = 0;
	bed_run(&bed, 300);
	far_end_is(&m.a, m.p);
	must_end("retry");
	all_is_free();
}

/* Neither STUN nor DTLS of the telephone reaches the other party. */
static void other_side_is_kept_out(void **state)
{
	struct made m = webrtc_call("kept", LEG_ICE_LITE, LEG_SETUP_PASSIVE);

	assert_true(plan_of(&m.a, 0)->flags & FLOW_PLAN_STUN);
	assert_true(plan_of(&m.a, 0)->flags & FLOW_PLAN_DTLS);
	assert_true(plan_of(&m.a, 1)->flags & FLOW_PLAN_DTLS);
	must_end("kept");
	all_is_free();
}

static void feedback(void **state)
{
	struct session_params p = call("fb");
	struct session_change c = {.id = "fb"};
	struct session_answer a;

	p.leg[0].no_feedback = true;
	a = must_create(s, &p);
	assert_true(plan_of(&a, 1)->flags & FLOW_PLAN_FB_DROP);
	assert_false(plan_of(&a, 0)->flags & FLOW_PLAN_FB_DROP);
	c.leg[0].set_feedback = true;
	must_update(s, &c);
	assert_false(plan_of(&a, 1)->flags & FLOW_PLAN_FB_DROP);
	bed_run(&bed, 10);
	must_end("fb");
	all_is_free();
}

static void idle(void **state)
{
	struct made m = webrtc_call("idle", LEG_ICE_LITE, LEG_SETUP_PASSIVE);

	/* Checks go on, media never comes. */
	bed_run(&bed, 61000);
	assert_null(table_find(s, "idle"));
	expect_event("\"reason\":\"timeout\"");
	party_free(m.p);
	all_is_free();
}

/* Ended with all in the middle of its work, and left behind at the end. */
static void left_behind(void **state)
{
	struct made m = webrtc_call("behind", LEG_ICE_FULL, LEG_SETUP_ACTIVE);

	bed_run(&bed, 100);
	assert_true(m.p->received > 0);
}

static void memory(void **state)
{
	const struct leg_transport *t;

	running("bytes");
	t = transport_of(s, table_find(s, "bytes"), 1);
	print_message("a leg with ICE and DTLS: %zu bytes, its agent of them %zu; keys %zu\n",
		      sizeof(*t) + ice_bytes(t->ice), ice_bytes(t->ice), s->slabs.used);
	must_end("bytes");
	all_is_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refused),
		TEST(repeated_create),
		TEST(faults_change_nothing),
		TEST(far_end_published_later),
		TEST(other_side_is_kept_out),
		TEST(feedback),
		TEST(idle),
		TEST(left_behind),
		TEST(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
