/* SPDX-License-Identifier: BSD-3-Clause */
/* Legs with DTLS and no ICE: who may begin a handshake. */
#include "transport_bed.h"

#include "session_offer.h"

/* Without ICE: a handshake only from the signalled address, or whoever proves it with latch. */
static void without_ice(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct party *x = bed_party(&bed, 1, "192.0.2.66", 6666);
	struct session_params params = call("bare");
	struct session_answer a;
	struct made m;

	party_dtls(&bed, p, DTLS_ACTIVE, true);
	params.leg[1].security.type = LEG_SECURITY_DTLS;
	params.leg[1].security.dtls = party_tell_dtls(p, LEG_SETUP_PASSIVE);
	params.leg[1].has_remote = true;
	params.leg[1].remote = (struct leg_remote){.ip = p->addr.ip, .port = p->addr.port};
	a = must_create(s, &params);
	m = (struct made){.a = a, .p = x};
	party_dtls(&bed, x, DTLS_ACTIVE, true);
	party_hear_dtls(x, &a.leg[1].dtls, DTLS_ACTIVE);
	party_begins(&m);
	bed_run(&bed, 300);
	assert_int_equal(x->received, 0);
	party_hear_dtls(p, &a.leg[1].dtls, DTLS_ACTIVE);
	m.p = p;
	party_begins(&m);
	bed_run(&bed, 300);
	keys_agree(&a, p);
	far_end_is(&a, p);
	must_end("bare");
	all_is_free();
}

static void without_ice_latched(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct party *x = bed_party(&bed, 1, "192.0.2.66", 6666);
	struct session_params params = call("latch");
	struct made m;

	party_dtls(&bed, p, DTLS_ACTIVE, true);
	party_dtls(&bed, x, DTLS_ACTIVE, true);
	params.leg[1].latch = LEG_LATCH_ONCE;
	params.leg[1].security.type = LEG_SECURITY_DTLS;
	params.leg[1].security.dtls = party_tell_dtls(p, LEG_SETUP_PASSIVE);
	m = (struct made){.a = must_create(s, &params), .p = x};
	party_hear_dtls(x, &m.a.leg[1].dtls, DTLS_ACTIVE);
	party_begins(&m);
	bed_run(&bed, 300);
	no_keys(&m.a);
	assert_false(plan_of(&m.a, 0)->flags & FLOW_PLAN_OUT);
	m.p = p;
	party_hear_dtls(p, &m.a.leg[1].dtls, DTLS_ACTIVE);
	party_begins(&m);
	bed_run(&bed, 300);
	keys_agree(&m.a, p);
	/* Media can go there before any has come. */
	assert_true(plan_of(&m.a, 0)->flags & FLOW_PLAN_OUT);
	assert_true(wire_ip_equal(&plan_of(&m.a, 0)->out_ip, &p->addr.ip));
	must_end("latch");
	all_is_free();
}

/* Whoever answers may be faster than his answer: his ClientHello waits for it. */
static void hello_before_the_answer(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct party *x = bed_party(&bed, 1, "192.0.2.66", 6666);
	struct session_params params = call("fast");
	struct session_change c = {.id = "fast"};
	struct made m;

	params.leg[1].security.type = LEG_SECURITY_DTLS;
	params.leg[1].security.dtls =
		(struct leg_dtls){.has_setup = true, .setup = LEG_SETUP_ACTPASS};
	m.a = must_create(s, &params);
	for (unsigned int i = 0; i < 2; i++) {
		m.p = i == 0 ? p : x;
		party_dtls(&bed, m.p, DTLS_ACTIVE, true);
		party_hear_dtls(m.p, &m.a.leg[1].dtls, DTLS_ACTIVE);
		party_begins(&m);
	}
	bed_run(&bed, 50);
	assert_int_equal(p->received + x->received, 0);
	assert_int_equal(s->hellos_kept, 2);

	c.leg[1].set_security = c.leg[1].set_remote = c.leg[1].has_remote = true;
	c.leg[1].remote = (struct leg_remote){.ip = p->addr.ip, .port = p->addr.port};
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.dtls = party_tell_dtls(p, LEG_SETUP_PASSIVE);
	must_update(s, &c);
	assert_int_equal(s->hellos_kept, 0);
	bed_run(&bed, 30); /* too little for it to come again */
	keys_agree(&m.a, p);
	assert_int_equal(x->received, 0);
	must_end("fast");
	all_is_free();
}

/* The same in a running call, which another device takes over. */
static void hello_of_another_device(void **state)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct party *x = bed_party(&bed, 1, "192.0.2.66", 6666);
	struct session_params params = call("other");
	struct session_change c = {.id = "other"};
	struct made m = {.p = p};

	party_dtls(&bed, p, DTLS_ACTIVE, true);
	party_dtls(&bed, x, DTLS_ACTIVE, true);
	params.leg[1].security.type = LEG_SECURITY_DTLS;
	params.leg[1].security.dtls = party_tell_dtls(p, LEG_SETUP_PASSIVE);
	params.leg[1].has_remote = true;
	params.leg[1].remote = (struct leg_remote){.ip = p->addr.ip, .port = p->addr.port};
	m.a = must_create(s, &params);
	party_hear_dtls(p, &m.a.leg[1].dtls, DTLS_ACTIVE);
	party_begins(&m);
	bed_run(&bed, 300);
	keys_agree(&m.a, p);

	session_offered(s, "other", 1, true);
	m.p = x;
	party_hear_dtls(x, &m.a.leg[1].dtls, DTLS_ACTIVE);
	party_begins(&m);
	bed_run(&bed, 30);
	assert_int_equal(x->received, 0);
	keys_agree(&m.a, p);
	c.leg[1].set_security = c.leg[1].set_remote = c.leg[1].has_remote = true;
	c.leg[1].remote = (struct leg_remote){.ip = x->addr.ip, .port = x->addr.port};
	c.leg[1].security.type = LEG_SECURITY_DTLS;
	c.leg[1].security.dtls = party_tell_dtls(x, LEG_SETUP_PASSIVE);
	must_update(s, &c);
	session_offered(s, "other", 1, false);
	bed_run(&bed, 50);
	keys_agree(&m.a, x);
	far_end_is(&m.a, x);
	must_end("other");
	all_is_free();
}

/* What is no ClientHello, or too many of them, doesn't wait. */
static void hellos_are_bounded(void **state)
{
	struct party *x = bed_party(&bed, 1, "192.0.2.66", 6666);
	struct session_params params = call("bound");
	uint8_t hello[200] = {22, 0xfe, 0xff, [12] = 187, [13] = 1};
	struct session_answer a;

	params.leg[1].security.type = LEG_SECURITY_DTLS;
	a = must_create(s, &params);
	for (unsigned int i = 0; i < 50; i++) {
		hello[20] = (uint8_t)i;
		party_send(&bed, x, a.leg[1].local.port, hello, i < 40 ? sizeof(hello) : 13);
		hello[13] = i >= 20 && i < 40 ? 11 : 1;
	}
	bed_run(&bed, 10);
	assert_int_equal(s->hellos_kept, 4);
	assert_int_equal(x->received, 0);
	must_end("bound");
	assert_int_equal(s->hellos_kept, 0);
	all_is_free();
}

/* With latch, anybody may say that he is the far end, from an address that is not his. */
static void forged_sender(void **state)
{
	struct party *x = bed_party(&bed, 1, "192.0.2.66", 6666);
	struct session_params params = call("forged");
	struct made m = {.p = x};

	party_dtls(&bed, x, DTLS_ACTIVE, true);
	params.leg[1].latch = LEG_LATCH_ONCE;
	params.leg[1].security.type = LEG_SECURITY_DTLS;
	params.leg[1].security.dtls = party_tell_dtls(x, LEG_SETUP_PASSIVE);
	m.a = must_create(s, &params);
	party_hear_dtls(x, &m.a.leg[1].dtls, DTLS_ACTIVE);
	x->silent = true; /* it hears, and knows nothing of it */
	party_begins(&m);
	bed_run(&bed, 30);
	assert_int_equal(x->received, 1);
	assert_true(x->bytes < 64);
	bed_run(&bed, 40000);
	assert_true(x->received < 20); /* one for each */
	assert_int_equal(dtls_context_counters(s->dtls)->associations, 0);
	assert_int_equal(dtls_context_counters(s->dtls)->started, 0);
	assert_null(strstr(events, "dtls.state"));
	must_end("forged");
	all_is_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_ice),
		TEST(without_ice_latched),
		TEST(hello_before_the_answer),
		TEST(hello_of_another_device),
		TEST(hellos_are_bounded),
		TEST(forged_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
