/* SPDX-License-Identifier: BSD-3-Clause */
/* Legs with ICE and DTLS: from the first check to keys in the flow table, and what may go wrong. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>

#include "call.h"
#include "session_must.h"
#include "webrtc_bed.h"

#define WAN4 2

static struct host *h;
static struct sessions *s;
static struct bed bed;
static char events[4096]; /* type and JSON of each, a line each */

static void note_event(void *arg, const char *type, const char *params)
{
	size_t len = strlen(events);

	snprintf(events + len, sizeof(events) - len, "%s %s\n", type, params);
}

static int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	h->notify = note_event;
	events[0] = '\0';
	bed_init(&bed, h);
	return sessions_create(&s, h);
}

static int tear_down(void **state)
{
	bed_free(&bed);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------- */

/* Leg 0 is a telephone at 10.0.0.2:4000, leg 1 is the party of the test. */
static struct session_params call(const char *id)
{
	struct session_params p = {
		.id = id,
		.idle_timeout_s = 60,
		.leg = {{.has_remote = true, .address = 0, .dscp = SESSION_DSCP_KEEP},
			{.address = WAN4, .rtcp = LEG_RTCP_MUX, .dscp = SESSION_DSCP_KEEP}},
	};

	p.leg[0].remote.port = 4000;
	assert_int_equal(wire_ip_parse("10.0.0.2", &p.leg[0].remote.ip), 0);
	return p;
}

static void must_end(const char *id)
{
	must_delete(s, id);
	bed_run(&bed, 10);
}

static void all_is_free(void)
{
	struct sessions_stats st;

	sessions_stats(s, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.secured, 0);
	assert_int_equal(st.secure_bytes, 0);
	assert_int_equal(st.plans_free, st.plans_total);
	assert_int_equal(test_neigh_refs, 0);
	assert_int_equal(dtls_context_counters(s->dtls)->endpoints, 0);
	for (uint32_t i = 0; i < SESSION_LEGS * h->tables->session_count; i++) {
		const struct flow_secure *fs = &h->tables->secure[i];

		assert_null(s->transport[i]);
		assert_true(fs->rx == NULL && fs->rx_old == NULL && fs->tx == NULL &&
			    fs->leg == NULL);
	}
}

static const struct flow_plan *plan_of(const struct session_answer *a, unsigned int leg)
{
	const struct flow_plan *p = test_plan(h, leg == 0 ? 0 : WAN4, a->leg[leg].local.port);

	assert_non_null(p);
	return p;
}

static const struct flow_secure *secure_of(const struct session_answer *a, unsigned int leg)
{
	return &h->tables->secure[plan_of(a, leg)->leg];
}

/* Media to the leg goes to this party, media from it is taken from nobody else; NULL: nobody. */
static void far_end_is(const struct session_answer *a, const struct party *p)
{
	const struct flow_plan *in = plan_of(a, 1), *out = plan_of(a, 0);

	assert_true(!!(in->flags & FLOW_PLAN_REMOTE) == (p != NULL));
	assert_true(!!(out->flags & FLOW_PLAN_OUT) == (p != NULL));
	assert_false(in->flags & FLOW_PLAN_LEARN);
	if (p == NULL)
		return;
	assert_true(wire_ip_equal(&in->remote, &p->addr.ip));
	assert_int_equal(ntohs(in->remote_port), p->addr.port);
	assert_true(wire_ip_equal(&out->out_ip, &p->addr.ip));
	assert_int_equal(ntohs(out->out_port), p->addr.port);
}

static bool same_key(const struct srtp_keys *have, enum srtp_profile p, const uint8_t *master)
{
	const struct srtp_keys_config c = {
		.profile = p, .engine = h->srtp_engine, .master = master};
	struct srtp_keys *k =
		aligned_alloc(64, RTE_ALIGN_CEIL(srtp_keys_size(c.engine, p), (size_t)64));
	bool same;

	assert_int_equal(srtp_keys_init(k, &c), 0);
	same = have != NULL && srtp_keys_equal(have, k);
	srtp_keys_wipe(k);
	free(k);
	return same;
}

/* What one side seals with, the other opens with. */
static void keys_agree(const struct session_answer *a, const struct party *p)
{
	const struct flow_secure *fs = secure_of(a, 1);

	assert_true(p->keyed > 0);
	assert_true(same_key(fs->rx, p->keys.profile, p->keys.local));
	assert_true(same_key(fs->tx, p->keys.profile, p->keys.remote));
	assert_non_null(fs->leg);
}

static void no_keys(const struct session_answer *a)
{
	const struct flow_secure *fs = secure_of(a, 1);

	assert_true(fs->rx == NULL && fs->rx_old == NULL && fs->tx == NULL);
	/* Opened and sealed all the same: without keys, that is dropped. */
	assert_true(plan_of(a, 1)->flags & FLOW_PLAN_OPEN);
	assert_true(plan_of(a, 0)->flags & FLOW_PLAN_SEAL);
}

static void expect_event(const char *text)
{
	if (strstr(events, text) == NULL)
		fail_msg("no event %s in:\n%s", text, events);
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

/* A call whose leg 1 has ICE and DTLS with this party, as it stands once media may flow. */
struct made {
	struct session_answer a;
	struct party *p;
};

static struct made webrtc_call(const char *id, uint8_t mode, uint8_t setup)
{
	struct made m = {.p = bed_party(&bed, 0, "192.0.2.50", 6000)};
	struct session_params p = call(id);

	party_ice(&bed, m.p, ICE_FULL, mode == LEG_ICE_LITE);
	party_dtls(&bed, m.p, setup == LEG_SETUP_ACTIVE ? DTLS_PASSIVE : DTLS_ACTIVE, true);
	p.leg[1].ice = party_tell_ice(m.p, mode);
	p.leg[1].security.type = LEG_SECURITY_DTLS;
	p.leg[1].security.dtls = party_tell_dtls(m.p, setup);
	m.a = must_create(s, &p);
	assert_int_equal(m.a.leg[1].dtls.setup, setup);
	far_end_is(&m.a, NULL);
	no_keys(&m.a);
	party_hear_ice(m.p, &m.a.leg[1].ice);
	party_hear_dtls(m.p, &m.a.leg[1].dtls,
			setup == LEG_SETUP_ACTIVE ? DTLS_PASSIVE : DTLS_ACTIVE);
	return m;
}

/* The party begins, as browsers do: as soon as a check has passed. */
static void party_begins(struct made *m)
{
	const struct dtls_addr to = {.ip = m->a.leg[1].local.ip, .port = m->a.leg[1].local.port};

	assert_int_equal(dtls_start(m->p->dtls, &to), 0);
}

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

static struct made running(const char *id)
{
	struct made m = webrtc_call(id, LEG_ICE_LITE, LEG_SETUP_PASSIVE);

	bed_run(&bed, 600);
	party_begins(&m);
	bed_run(&bed, 300);
	far_end_is(&m.a, m.p);
	keys_agree(&m.a, m.p);
	return m;
}

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

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lite_passive),
		TEST(full_active),
		TEST(offered_to_a_lite_peer),
		TEST(fingerprint_comes_late),
		TEST(wrong_fingerprint),
		TEST(strangers),
		TEST(restart_by_the_far_end),
		TEST(restart_by_us),
		TEST(another_association),
		TEST(renewed),
		TEST(consent_lost),
		TEST(without_ice),
		TEST(without_ice_latched),
		TEST(other_security),
		TEST(ice_taken_away),
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
