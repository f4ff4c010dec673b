/* SPDX-License-Identifier: BSD-3-Clause */
/* Legs with ICE and DTLS: from the first check to keys in the flow table, and what changes then. */
#include "transport_bed.h"

/* ---- calls ---------------------------------------------------------------------------------- */

static void lite_passive(void **state)
{
	struct made m = webrtc_call("lp", LEG_ICE_LITE, LEG_SETUP_PASSIVE);

	assert_true(m.a.leg[1].ice.lite);
	assert_string_equal(m.a.leg[1].dtls.hash, "sha-256");
	assert_int_equal(m.a.leg[1].ice.candidate_count, 1);
	assert_non_null(strstr(m.a.leg[1].ice.candidate[0], "203.0.113.1"));
	bed_run(&bed, 600);
	far_end_is(&m.a, m.p);
	no_keys(&m.a);
	assert_int_equal(m.p->ice_state, ICE_COMPLETED);
	party_begins(&m);
	bed_run(&bed, 300);
	keys_agree(&m.a, m.p);
	expect_event(
		"ice.state {\"id\":\"lp\",\"leg\":1,\"state\":\"completed\",\"remote\":{\"ip\":"
		"\"192.0.2.50\",\"port\":6000}}");
	expect_event("dtls.state {\"id\":\"lp\",\"leg\":1,\"state\":\"connected\",\"profile\":\"");
	expect_report("lp", "\"state\":\"connected\"");
	expect_report("lp", "\"pair\":{\"local\":{\"ip\":\"192.0.2.1\"");
	/* Checks of its own a lite agent doesn't send; answers need no neighbour. */
	assert_true(bed.answered > 0);
	must_end("lp");
	assert_int_equal(m.p->dtls_state.state, DTLS_CLOSED);
	all_is_free();
}

static void full_active(void **state)
{
	struct made m = webrtc_call("fa", LEG_ICE_FULL, LEG_SETUP_ACTIVE);

	assert_false(m.a.leg[1].ice.lite);
	bed_run(&bed, 2000);
	far_end_is(&m.a, m.p);
	keys_agree(&m.a, m.p);
	expect_report("fa", "\"role\":\"control");
	must_end("fa");
	all_is_free();
}

/* tandem offers, the far end is lite and answers later: we control, it is passive. */
static void offered_to_a_lite_peer(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct session_params params = call("offer");
	struct session_change c = {.id = "offer"};
	struct session_answer a;

	party_ice(&bed, p, ICE_LITE, false);
	party_dtls(&bed, p, DTLS_PASSIVE, false);
	params.leg[1].ice.mode = LEG_ICE_FULL;
	params.leg[1].security.type = LEG_SECURITY_DTLS;
	params.leg[1].security.dtls =
		(struct leg_dtls){.has_setup = true, .setup = LEG_SETUP_ACTPASS};
	a = must_create(s, &params);
	assert_int_equal(a.leg[1].dtls.setup, LEG_SETUP_ACTPASS);
	expect_report("offer", "\"role\":\"controlling\"");
	bed_run(&bed, 200);
	assert_int_equal(p->received, 0);

	party_hear_ice(p, &a.leg[1].ice);
	party_hear_dtls(p, &a.leg[1].dtls, DTLS_PASSIVE);
	c.leg[1].set_ice = c.leg[1].set_security = true;
	c.leg[1].ice = party_tell_ice(p, LEG_ICE_AS_IS);
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.dtls = party_tell_dtls(p, LEG_SETUP_ACTIVE);
	a = must_update(s, &c);
	assert_int_equal(a.generation, 2);
	bed_run(&bed, 2000);
	far_end_is(&a, p);
	keys_agree(&a, p);
	must_end("offer");
	all_is_free();
}

/* The ClientHello is there before the answer that has the fingerprint. */
static void fingerprint_comes_late(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct session_params params = call("late");
	struct session_change c = {.id = "late"};
	const struct dtls_addr to = {.ip = {{0}}};
	struct dtls_addr begin = to;
	struct session_answer a;

	party_ice(&bed, p, ICE_FULL, true);
	party_dtls(&bed, p, DTLS_ACTIVE, true);
	params.leg[1].ice = party_tell_ice(p, LEG_ICE_LITE);
	params.leg[1].security.type = LEG_SECURITY_DTLS;
	a = must_create(s, &params);
	party_hear_ice(p, &a.leg[1].ice);
	party_hear_dtls(p, &a.leg[1].dtls, DTLS_ACTIVE);
	bed_run(&bed, 600);
	begin = (struct dtls_addr){.ip = a.leg[1].local.ip, .port = a.leg[1].local.port};
	assert_int_equal(dtls_start(p->dtls, &begin), 0);
	bed_run(&bed, 300);
	assert_int_equal(p->keyed, 1); /* for its part it is through */
	no_keys(&a);

	c.leg[1].set_security = true;
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.dtls = party_tell_dtls(p, LEG_SETUP_PASSIVE);
	a = must_update(s, &c);
	bed_run(&bed, 50);
	keys_agree(&a, p);
	must_end("late");
	all_is_free();
}

static void wrong_fingerprint(void **state)
{
	struct made m = webrtc_call("wrong", LEG_ICE_LITE, LEG_SETUP_PASSIVE);
	struct session_change c = {.id = "wrong"};
	static const char other[] = "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:"
				    "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA";

	c.leg[1].set_security = true;
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.dtls =
		(struct leg_dtls){.fingerprint_count = 1, .fingerprint = {{"sha-256", other}}};
	must_update(s, &c);
	bed_run(&bed, 600);
	party_begins(&m);
	bed_run(&bed, 300);
	no_keys(&m.a);
	expect_event("dtls.state {\"id\":\"wrong\",\"leg\":1,\"state\":\"failed\",\"reason\":"
		     "\"fingerprint\"}");
	expect_report("wrong", "\"reason\":\"fingerprint\"");
	bed_run(&bed, 1500); /* until the party believes an alert that may be forged */

	/* The session lives on: told the right one, the next handshake gets through. */
	c.leg[1].security.dtls = party_tell_dtls(m.p, LEG_SETUP_PASSIVE);
	must_update(s, &c);
	party_begins(&m);
	bed_run(&bed, 500);
	keys_agree(&m.a, m.p);
	must_end("wrong");
	all_is_free();
}

/* Nobody else can begin a handshake, nor get an answer to a check. */
static void strangers(void **state)
{
	struct made m = webrtc_call("stranger", LEG_ICE_LITE, LEG_SETUP_PASSIVE);
	struct party *x = bed_party(&bed, 1, "192.0.2.66", 6666);
	const struct dtls_addr to = {.ip = m.a.leg[1].local.ip, .port = m.a.leg[1].local.port};
	static const uint8_t check[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3};

	party_dtls(&bed, x, DTLS_ACTIVE, true);
	party_hear_dtls(x, &m.a.leg[1].dtls, DTLS_ACTIVE);
	assert_int_equal(dtls_start(x->dtls, &to), 0);
	party_send(&bed, x, m.a.leg[1].local.port, check, sizeof(check));
	bed_run(&bed, 1000);
	assert_int_equal(x->received, 0);
	assert_int_equal(dtls_context_counters(s->dtls)->datagrams, 0);
	far_end_is(&m.a, m.p);
	must_end("stranger");
	all_is_free();
}

/* ---- changes of a running call --------------------------------------------------------------- */

/* The party moves to another network: new credentials both ways, the same association. */
static void restart_by_the_far_end(void **state)
{
	struct made m = running("restart");
	const struct srtp_keys *rx = secure_of(&m.a, 1)->rx;
	struct session_change c = {.id = "restart"};
	struct session_answer a;

	assert_int_equal(ice_restart(m.p->ice), 0);
	c.leg[1].set_ice = true;
	c.leg[1].ice = party_tell_ice(m.p, LEG_ICE_AS_IS);
	a = must_update(s, &c);
	assert_string_not_equal(a.leg[1].ice.ufrag, m.a.leg[1].ice.ufrag);
	far_end_is(&m.a, m.p);
	assert_int_equal(wire_ip_parse("192.0.2.51", &m.p->addr.ip), 0);
	party_hear_ice(m.p, &a.leg[1].ice);
	bed_run(&bed, 4000);
	far_end_is(&m.a, m.p);
	assert_ptr_equal(secure_of(&m.a, 1)->rx, rx);
	expect_event("\"state\":\"completed\",\"remote\":{\"ip\":\"192.0.2.51\"");
	must_end("restart");
	all_is_free();
}

static void restart_by_us(void **state)
{
	struct made m = running("ours");
	struct session_change c = {.id = "ours"};
	struct session_answer a, again;

	c.leg[1].set_ice = true;
	c.leg[1].ice = (struct leg_ice){.mode = LEG_ICE_AS_IS, .restart = true};
	a = must_update(s, &c);
	assert_int_equal(a.generation, 2);
	assert_string_not_equal(a.leg[1].ice.ufrag, m.a.leg[1].ice.ufrag);
	far_end_is(&m.a, m.p);
	/* The far end's answer has its new ones; ours stay. */
	party_hear_ice(m.p, &a.leg[1].ice);
	c.leg[1].ice = party_tell_ice(m.p, LEG_ICE_AS_IS);
	again = must_update(s, &c);
	assert_string_equal(again.leg[1].ice.ufrag, a.leg[1].ice.ufrag);
	bed_run(&bed, 1000);
	far_end_is(&m.a, m.p);
	expect_report("ours", "\"restarting\":false");
	must_end("ours");
	all_is_free();
}

/* Another certificate: old keys are in force until the new handshake is through. */
static void another_association(void **state)
{
	struct made m = running("rekey");
	struct session_change c = {.id = "rekey"};
	const struct srtp_keys *rx;
	struct sessions_stats st;

	dtls_endpoint_free(m.p->dtls);
	m.p->dtls = NULL;
	bed_run(&bed, 50);
	/* It said goodbye, and nothing passes since. */
	expect_event("\"state\":\"closed\"");
	no_keys(&m.a);
	party_dtls(&bed, m.p, DTLS_ACTIVE, true);
	party_hear_dtls(m.p, &m.a.leg[1].dtls, DTLS_ACTIVE);
	c.leg[1].set_security = true;
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.dtls = party_tell_dtls(m.p, LEG_SETUP_PASSIVE);
	must_update(s, &c);
	party_begins(&m);
	bed_run(&bed, 300);
	keys_agree(&m.a, m.p);

	/* Again, beside keys in use: they stay as the old ones. */
	rx = secure_of(&m.a, 1)->rx;
	party_begins(&m);
	bed_run(&bed, 300);
	keys_agree(&m.a, m.p);
	assert_ptr_equal(secure_of(&m.a, 1)->rx_old, rx);
	sessions_stats(s, &st);
	assert_int_equal(st.rekeyed, 1);
	must_end("rekey");
	all_is_free();
}

/* `renew` where the handshake is ours to begin. */
static void renewed(void **state)
{
	struct made m = webrtc_call("renew", LEG_ICE_FULL, LEG_SETUP_ACTIVE);
	struct session_change c = {.id = "renew"};

	bed_run(&bed, 2000);
	keys_agree(&m.a, m.p);
	assert_int_equal(m.p->keyed, 1);
	c.leg[1].set_security = true;
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	must_update(s, &c);
	bed_run(&bed, 300);
	assert_int_equal(m.p->keyed, 1);
	c.leg[1].security.dtls.renew = true;
	must_update(s, &c);
	bed_run(&bed, 300);
	assert_int_equal(m.p->keyed, 2);
	keys_agree(&m.a, m.p);
	must_end("renew");
	all_is_free();
}

/* A call whose party says goodbye goes on without it: who signals it ends it. */
static void party_says_goodbye(void **state)
{
	struct made m = running("bye");

	dtls_endpoint_close(m.p->dtls);
	bed_run(&bed, 10);
	expect_event("dtls.state {\"id\":\"bye\",\"leg\":1,\"state\":\"closed\"}");
	no_keys(&m.a);
	expect_report("bye", "\"state\":\"closed\"");
	must_end("bye");
	all_is_free();
}

/* Consent that is lost ends media, and media that flows keeps it. */
static void consent_lost(void **state)
{
	struct made m = webrtc_call("consent", LEG_ICE_FULL, LEG_SETUP_PASSIVE);
	struct flow_rt *rt;

	bed_run(&bed, 2000);
	far_end_is(&m.a, m.p);
	rt = &h->tables->leg[plan_of(&m.a, 1)->leg].rtp;
	m.p->deaf = true;
	for (unsigned int i = 0; i < 50; i++) {
		rt->rx_packets++;
		rt->last_seen = flow_tick(h->loop.now_tsc);
		bed_run(&bed, 1000);
	}
	far_end_is(&m.a, m.p);
	bed_run(&bed, 50000);
	far_end_is(&m.a, NULL);
	expect_event("ice.state {\"id\":\"consent\",\"leg\":1,\"state\":\"failed\",\"reason\":");
	expect_report("consent", "\"state\":\"failed\"");
	must_end("consent");
	all_is_free();
}

/* From encrypted by DTLS to keys by SDES, to plain, and back. */
static void other_security(void **state)
{
	struct made m = running("other");
	struct session_change c = {.id = "other"};
	struct session_answer a;

	c.leg[1].set_security = true;
	c.leg[1].security = (struct leg_security){.type = LEG_SECURITY_SDES, .has_profile = true};
	a = must_update(s, &c);
	assert_non_null(a.leg[1].crypto);
	assert_false(a.leg[1].dtls.on);
	assert_null(secure_of(&a, 1)->rx);
	assert_non_null(secure_of(&a, 1)->tx);
	bed_run(&bed, 10);
	c.leg[1].security = (struct leg_security){.type = LEG_SECURITY_DTLS};
	c.leg[1].security.dtls = party_tell_dtls(m.p, LEG_SETUP_PASSIVE);
	a = must_update(s, &c);
	assert_null(a.leg[1].crypto);
	no_keys(&a);
	bed_run(&bed, 10);
	party_begins(&m);
	bed_run(&bed, 300);
	keys_agree(&a, m.p);
	c.leg[1].security = (struct leg_security){.type = LEG_SECURITY_NONE};
	a = must_update(s, &c);
	assert_false(plan_of(&a, 1)->flags & FLOW_PLAN_OPEN);
	assert_false(plan_of(&a, 0)->flags & FLOW_PLAN_SEAL);
	bed_run(&bed, 10);
	must_end("other");
	all_is_free();
}

static void ice_taken_away(void **state)
{
	struct made m = running("away");
	struct session_change c = {.id = "away"};

	c.leg[1].set_ice = c.leg[1].set_remote = c.leg[1].has_remote = true;
	c.leg[1].remote = (struct leg_remote){.ip = m.p->addr.ip, .port = 7000};
	must_update(s, &c);
	m.p->addr.port = 7000;
	bed_run(&bed, 100);
	far_end_is(&m.a, m.p);
	must_end("away");
	all_is_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lite_passive),           TEST(full_active),
		TEST(offered_to_a_lite_peer), TEST(fingerprint_comes_late),
		TEST(wrong_fingerprint),      TEST(strangers),
		TEST(restart_by_the_far_end), TEST(restart_by_us),
		TEST(another_association),    TEST(renewed),
		TEST(party_says_goodbye),     TEST(consent_lost),
		TEST(other_security),         TEST(ice_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
