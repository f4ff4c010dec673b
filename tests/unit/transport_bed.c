/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport_bed.h"

#include <arpa/inet.h>

struct host *h;
struct sessions *s;
struct bed bed;
char events[4096];

static void note_event(void *arg, const char *type, const char *params)
{
	size_t len = strlen(events);

	snprintf(events + len, sizeof(events) - len, "%s %s\n", type, params);
}

int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	h->notify = note_event;
	events[0] = '\0';
	bed_init(&bed, h);
	return sessions_create(&s, h);
}

int tear_down(void **state)
{
	bed_free(&bed);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

struct session_params call(const char *id)
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

void must_end(const char *id)
{
	must_delete(s, id);
	bed_run(&bed, 10);
}

void all_is_free(void)
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

const struct flow_plan *plan_of(const struct session_answer *a, unsigned int leg)
{
	const struct flow_plan *p = test_plan(h, leg == 0 ? 0 : WAN4, a->leg[leg].local.port);

	assert_non_null(p);
	return p;
}

const struct flow_secure *secure_of(const struct session_answer *a, unsigned int leg)
{
	return &h->tables->secure[plan_of(a, leg)->leg];
}

void far_end_is(const struct session_answer *a, const struct party *p)
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

void heard_only(const struct session_answer *a, const struct party *p)
{
	const struct flow_plan *in = plan_of(a, 1);

	assert_true(in->flags & FLOW_PLAN_REMOTE);
	assert_true(in->flags & FLOW_PLAN_OPEN);
	assert_false(in->flags & FLOW_PLAN_LEARN);
	assert_true(wire_ip_equal(&in->remote, &p->addr.ip));
	assert_int_equal(ntohs(in->remote_port), p->addr.port);
	assert_false(plan_of(a, 0)->flags & FLOW_PLAN_OUT);
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

void keys_agree(const struct session_answer *a, const struct party *p)
{
	const struct flow_secure *fs = secure_of(a, 1);

	assert_true(p->keyed > 0);
	assert_true(same_key(fs->rx, p->keys.profile, p->keys.local));
	assert_true(same_key(fs->tx, p->keys.profile, p->keys.remote));
	assert_non_null(fs->leg);
}

void no_keys(const struct session_answer *a)
{
	const struct flow_secure *fs = secure_of(a, 1);

	assert_true(fs->rx == NULL && fs->rx_old == NULL && fs->tx == NULL);
	/* Opened and sealed all the same: without keys, that is dropped. */
	assert_true(plan_of(a, 1)->flags & FLOW_PLAN_OPEN);
	assert_true(plan_of(a, 0)->flags & FLOW_PLAN_SEAL);
}

void expect_event(const char *text)
{
	if (strstr(events, text) == NULL)
		fail_msg("no event %s in:\n%s", text, events);
}

void expect_report(const char *id, const char *text)
{
	struct session_error err;
	struct tnd_buf b = {0};

	assert_int_equal(session_report(s, id, &b, NULL, &err), SESSION_OK);
	tnd_buf_addc(&b, '\0');
	if (strstr(b.data, text) == NULL)
		fail_msg("no %s in:\n%s", text, b.data);
	tnd_buf_free(&b);
}

struct made webrtc_call(const char *id, uint8_t mode, uint8_t setup)
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

void party_begins(struct made *m)
{
	const struct dtls_addr to = {.ip = m->a.leg[1].local.ip, .port = m->a.leg[1].local.port};

	assert_int_equal(dtls_start(m->p->dtls, &to), 0);
}

struct made running(const char *id)
{
	struct made m = webrtc_call(id, LEG_ICE_LITE, LEG_SETUP_PASSIVE);

	bed_run(&bed, 600);
	party_begins(&m);
	bed_run(&bed, 300);
	far_end_is(&m.a, m.p);
	keys_agree(&m.a, m.p);
	return m;
}
