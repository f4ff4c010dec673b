/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes early: media before the nomination, and a far end before its answer. */
#include "transport_bed.h"

#include <arpa/inet.h>

#include "session_offer.h"

/* ---- media before the nomination ------------------------------------------------------------ */

/* Chromium sends from its first check on, and nominates when it likes to. */
static void heard_before_nominated(void **state)
{
	struct made m = webrtc_call("early", LEG_ICE_LITE, LEG_SETUP_PASSIVE);

	bed_run(&bed, 20);
	party_begins(&m);
	bed_run(&bed, 150);
	keys_agree(&m.a, m.p);
	assert_int_not_equal(m.p->ice_state, ICE_COMPLETED);
	heard_only(&m.a, m.p);
	expect_report("early", "\"state\":\"connected\"");
	expect_report("early", "\"pair\":null");
	bed_run(&bed, 600);
	assert_int_equal(m.p->ice_state, ICE_COMPLETED);
	far_end_is(&m.a, m.p);
	keys_agree(&m.a, m.p);
	must_end("early");
	all_is_free();
}

static struct session_answer sdes_call(struct party *p, uint8_t mode)
{
	struct session_params params = call("sdes");
	struct session_answer a;

	party_ice(&bed, p, ICE_FULL, true);
	params.leg[1].ice = party_tell_ice(p, mode);
	params.leg[1].security =
		(struct leg_security){.type = LEG_SECURITY_SDES, .has_profile = true};
	a = must_create(s, &params);
	party_hear_ice(p, &a.leg[1].ice);
	return a;
}

/* A full agent, before its own check is answered. */
static void heard_by_a_full_agent(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct session_answer a = sdes_call(p, LEG_ICE_FULL);

	p->silent = true;
	bed_run(&bed, 100);
	heard_only(&a, p);
	p->silent = false;
	bed_run(&bed, 3000);
	far_end_is(&a, p);
	/* Whose consent is lost, is not heard any more either. */
	p->deaf = true;
	bed_run(&bed, 40000);
	far_end_is(&a, NULL);
	must_end("sdes");
	all_is_free();
}

static void keys_by_sdes(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct session_answer a = sdes_call(p, LEG_ICE_LITE);

	bed_run(&bed, 100);
	heard_only(&a, p);
	bed_run(&bed, 600);
	far_end_is(&a, p);
	must_end("sdes");
	all_is_free();
}

/* What is not authentic by itself waits for the nomination. */
static void plain_is_not_heard(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct session_params params = call("plain");
	struct session_answer a;

	party_ice(&bed, p, ICE_FULL, true);
	params.leg[1].ice = party_tell_ice(p, LEG_ICE_LITE);
	a = must_create(s, &params);
	party_hear_ice(p, &a.leg[1].ice);
	bed_run(&bed, 100);
	far_end_is(&a, NULL);
	bed_run(&bed, 600);
	far_end_is(&a, p);
	must_end("plain");
	all_is_free();
}

/* … be it our own: a lite far end may send before its answer is here. */
static void plain_of_our_choice(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct session_params params = call("choice");
	struct session_answer a;

	party_ice(&bed, p, ICE_LITE, false);
	params.leg[1].ice = party_tell_ice(p, LEG_ICE_FULL);
	a = must_create(s, &params);
	party_hear_ice(p, &a.leg[1].ice);
	bed_run(&bed, 100);
	far_end_is(&a, NULL);
	p->mute = true; /* what it answers is lost */
	bed_run(&bed, 600);
	assert_int_equal(p->ice_state, ICE_COMPLETED);
	assert_true(plan_of(&a, 1)->flags & FLOW_PLAN_REMOTE);
	assert_false(plan_of(&a, 0)->flags & FLOW_PLAN_OUT);
	p->mute = false;
	bed_run(&bed, 1000);
	far_end_is(&a, p);
	must_end("choice");
	all_is_free();
}

/* The leg has ICE no more: nothing of it stays. */
static void heard_and_taken_away(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct session_answer a = sdes_call(p, LEG_ICE_LITE);
	struct session_change c = {.id = "sdes"};

	bed_run(&bed, 100);
	heard_only(&a, p);
	c.leg[1].set_ice = true;
	must_update(s, &c);
	far_end_is(&a, NULL);
	must_end("sdes");
	all_is_free();
}

static struct session_answer watched;
static bool sent_there, heard_there;

static void look(void)
{
	sent_there = plan_of(&watched, 0)->flags & FLOW_PLAN_OUT;
	heard_there = plan_of(&watched, 1)->flags & FLOW_PLAN_REMOTE;
}

/* Whoever has the answer to the check that nominates may send at once. */
static void plans_before_answers(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct session_params params = call("order");

	party_ice(&bed, p, ICE_FULL, true);
	params.leg[1].ice = party_tell_ice(p, LEG_ICE_LITE);
	watched = must_create(s, &params);
	party_hear_ice(p, &watched.leg[1].ice);
	bed.on_answer = look;
	sent_there = heard_there = false;
	for (unsigned int i = 0; i < 100 && p->ice_state != ICE_COMPLETED; i++)
		bed_run(&bed, 10);
	assert_int_equal(p->ice_state, ICE_COMPLETED);
	assert_true(sent_there && heard_there);
	far_end_is(&watched, p);
	must_end("order");
	all_is_free();
}

/* ---- far ends before their answer ------------------------------------------------------------ */

/* Another device, which has our offer; the leg's own party goes on. */
static struct made joins(const struct made *m)
{
	struct made x = {.a = m->a, .p = bed_party(&bed, 1, "192.0.2.66", 6666)};

	party_ice(&bed, x.p, ICE_FULL, true);
	party_dtls(&bed, x.p, DTLS_ACTIVE, true);
	party_hear_ice(x.p, &m->a.leg[1].ice);
	party_hear_dtls(x.p, &m->a.leg[1].dtls, DTLS_ACTIVE);
	bed_run(&bed, 100);
	party_begins(&x);
	bed_run(&bed, 600);
	return x;
}

static struct session_answer answers(const char *id, struct party *p)
{
	struct session_change c = {.id = id};

	c.leg[1].set_ice = c.leg[1].set_security = true;
	c.leg[1].ice = party_tell_ice(p, LEG_ICE_AS_IS);
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.dtls = party_tell_dtls(p, LEG_SETUP_PASSIVE);
	return must_update(s, &c);
}

static void another_device_answers(void **state)
{
	struct made m = running("taken"), x;
	struct session_answer a;

	session_offered(s, "taken", 1, true);
	x = joins(&m);
	/* For its part it is through. Nothing has changed yet. */
	assert_int_equal(x.p->ice_state, ICE_COMPLETED);
	assert_int_equal(x.p->keyed, 1);
	far_end_is(&m.a, m.p);
	keys_agree(&m.a, m.p);
	assert_int_equal(m.p->dtls_state.state, DTLS_CONNECTED);

	a = answers("taken", x.p);
	session_offered(s, "taken", 1, false);
	assert_string_equal(a.leg[1].ice.ufrag, m.a.leg[1].ice.ufrag);
	bed_run(&bed, 100);
	far_end_is(&m.a, x.p);
	keys_agree(&m.a, x.p);
	assert_int_equal(x.p->keyed, 1);
	expect_report("taken", "\"restarting\":false");
	/* The one before goes on with its checks, and gets nothing by them. */
	bed_run(&bed, 20000);
	far_end_is(&m.a, x.p);
	assert_int_equal(m.p->ice_state, ICE_DISCONNECTED);
	must_end("taken");
	all_is_free();
}

/* The offer is withdrawn, or answered by the one who was there. */
static void nobody_else_answers(void **state)
{
	struct made m = running("kept"), x;
	struct session_answer a;

	session_offered(s, "kept", 1, true);
	x = joins(&m);
	a = answers("kept", m.p);
	session_offered(s, "kept", 1, false);
	assert_string_equal(a.leg[1].ice.ufrag, m.a.leg[1].ice.ufrag);
	bed_run(&bed, 2000);
	far_end_is(&m.a, m.p);
	keys_agree(&m.a, m.p);
	assert_int_equal(m.p->keyed, 1);
	assert_int_equal(x.p->dtls_state.state, DTLS_CLOSED);
	assert_null(strstr(events, "fingerprint"));
	expect_report("kept", "\"restarting\":false");
	must_end("kept");
	all_is_free();
}

/* The device that has taken over, and then the first one again: answers of forks. */
static void one_answer_after_the_other(void **state)
{
	struct made m = running("forks"), x;

	session_offered(s, "forks", 1, true);
	x = joins(&m);
	answers("forks", x.p);
	session_offered(s, "forks", 1, false);
	bed_run(&bed, 100);
	far_end_is(&m.a, x.p);
	session_offered(s, "forks", 1, true);
	answers("forks", m.p);
	session_offered(s, "forks", 1, false);
	bed_run(&bed, 8000); /* until its next check */
	far_end_is(&m.a, m.p);
	party_begins(&m);
	bed_run(&bed, 300);
	keys_agree(&m.a, m.p);
	assert_int_equal(m.p->keyed, 2);
	expect_report("forks", "\"restarting\":false");
	must_end("forks");
	all_is_free();
}

/* Full, and not able to check the other device before its answer. */
static void answered_to_a_full_agent(void **state)
{
	struct made m = webrtc_call("full", LEG_ICE_FULL, LEG_SETUP_PASSIVE), x;

	bed_run(&bed, 3000);
	party_begins(&m);
	bed_run(&bed, 300);
	keys_agree(&m.a, m.p);
	session_offered(s, "full", 1, true);
	x = joins(&m);
	far_end_is(&m.a, m.p);
	answers("full", x.p);
	session_offered(s, "full", 1, false);
	bed_run(&bed, 3000);
	far_end_is(&m.a, x.p);
	keys_agree(&m.a, x.p);
	expect_report("full", "\"restarting\":false");
	must_end("full");
	all_is_free();
}

/* Role actpass, for those who don't say that they have offered. */
static void actpass_is_an_offer(void **state)
{
	struct made m = running("role"), x;
	struct session_change c = {.id = "role"};

	c.leg[1].set_security = true;
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.dtls = (struct leg_dtls){.has_setup = true, .setup = LEG_SETUP_ACTPASS};
	must_update(s, &c);
	x = joins(&m);
	assert_int_equal(x.p->keyed, 1);
	keys_agree(&m.a, m.p);
	answers("role", x.p);
	bed_run(&bed, 100);
	far_end_is(&m.a, x.p);
	keys_agree(&m.a, x.p);
	expect_report("role", "\"restarting\":false");
	must_end("role");
	all_is_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(heard_before_nominated),
		TEST(heard_by_a_full_agent),
		TEST(keys_by_sdes),
		TEST(plain_is_not_heard),
		TEST(plain_of_our_choice),
		TEST(heard_and_taken_away),
		TEST(plans_before_answers),
		TEST(another_device_answers),
		TEST(nobody_else_answers),
		TEST(one_answer_after_the_other),
		TEST(answered_to_a_full_agent),
		TEST(actpass_is_an_offer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
