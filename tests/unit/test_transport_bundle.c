/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions that share a transport: plans, payload types and keys of all of them, and their end. */
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
static char events[8192];

static void note_event(void *arg, const char *type, const char *params)
{
	size_t len = strlen(events);

	snprintf(events + len, sizeof(events) - len, "%s %.80s\n", type, params);
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

static void add_types(struct leg_bundle *b, const int *types)
{
	for (; *types >= 0; types++)
		b->payload_types[*types / 64] |= UINT64_C(1) << *types % 64;
}

#define TYPES(...) ((const int[]){__VA_ARGS__, -1})

static struct leg_params phone(uint16_t port)
{
	struct leg_params l = {.has_remote = true, .address = 0, .dscp = SESSION_DSCP_KEEP};

	l.remote.port = port;
	assert_int_equal(wire_ip_parse("10.0.0.2", &l.remote.ip), 0);
	return l;
}

/* A leg with a transport of its own, shared if there are types. */
static struct leg_params transport(const int *types)
{
	struct leg_params l = {.address = WAN4, .rtcp = LEG_RTCP_MUX, .dscp = SESSION_DSCP_KEEP};

	add_types(&l.bundle, types);
	return l;
}

static struct leg_params bundled(const char *id, const int *types)
{
	struct leg_params l = {.dscp = SESSION_DSCP_KEEP};

	l.bundle.transport = id;
	add_types(&l.bundle, types);
	return l;
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
	assert_int_equal(sessions_ports_free(s, 0), 16);
	assert_int_equal(sessions_ports_free(s, WAN4), 16);
	for (uint32_t i = 0; i < SESSION_LEGS * h->tables->session_count; i++) {
		const struct flow_secure *fs = &h->tables->secure[i];

		assert_null(s->transport[i]);
		assert_true(fs->rx == NULL && fs->rx_old == NULL && fs->tx == NULL &&
			    fs->leg == NULL);
		for (unsigned int k = 0; k < FLOW_BUNDLE_SECTIONS; k++)
			assert_int_equal(h->tables->bundle[i].plan[k], 0);
	}
}

static uint32_t leg_of(const char *id, unsigned int leg)
{
	return SESSION_LEGS * session_index(s, table_find(s, id)) + leg;
}

/* The plan at a leg's own port. */
static const struct flow_plan *plan_at(const struct session_answer *a, unsigned int leg)
{
	const struct flow_plan *p = test_plan(h, leg == 0 ? 0 : WAN4, a->leg[leg].local.port);

	assert_non_null(p);
	return p;
}

/* What a packet of this payload type finds, that came to that transport; NULL: nothing. */
static const struct flow_plan *section(const char *id, unsigned int leg, unsigned int type)
{
	const struct flow_bundle *b = &h->tables->bundle[leg_of(id, leg)];
	uint8_t k = b->section[type];

	assert_true(k < FLOW_BUNDLE_SECTIONS || k == FLOW_BUNDLE_NONE);
	return k != FLOW_BUNDLE_NONE && b->plan[k] != 0 ? &h->tables->plan[b->plan[k]] : NULL;
}

static void goes_to(const struct flow_plan *p, const struct party *to, uint16_t sport)
{
	assert_true(p->flags & FLOW_PLAN_OUT);
	assert_true(wire_ip_equal(&p->out_ip, &to->addr.ip));
	assert_int_equal(ntohs(p->out_port), to->addr.port);
	assert_int_equal(ntohs(p->out_sport), sport);
}

static void same_secrets(uint32_t a, uint32_t b)
{
	assert_memory_equal(&h->tables->secure[a], &h->tables->secure[b],
			    sizeof(struct flow_secure));
	assert_non_null(h->tables->secure[a].tx);
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

/* A browser at leg 1 of "x", audio; its video is "x/1". */
struct made {
	struct session_answer audio, video;
	struct party *p;
};

static struct made browser_call(void)
{
	struct made m = {.p = bed_party(&bed, 0, "192.0.2.50", 6000)};
	struct session_params p = {.id = "x", .idle_timeout_s = 60};

	party_ice(&bed, m.p, ICE_FULL, true);
	party_dtls(&bed, m.p, DTLS_ACTIVE, true);
	p.leg[0] = phone(4000);
	p.leg[1] = transport(TYPES(0, 111));
	p.leg[1].ice = party_tell_ice(m.p, LEG_ICE_LITE);
	p.leg[1].security.type = LEG_SECURITY_DTLS;
	p.leg[1].security.dtls = party_tell_dtls(m.p, LEG_SETUP_PASSIVE);
	m.audio = must_create(s, &p);
	p = (struct session_params){.id = "x/1", .idle_timeout_s = 60};
	p.leg[0] = phone(5000);
	p.leg[1] = bundled("x", TYPES(96, 97));
	m.video = must_create(s, &p);
	assert_false(m.video.generation != 1);
	party_hear_ice(m.p, &m.video.leg[1].ice);
	party_hear_dtls(m.p, &m.video.leg[1].dtls, DTLS_ACTIVE);
	return m;
}

static void connect_party(struct made *m)
{
	const struct dtls_addr to = {.ip = m->audio.leg[1].local.ip,
				     .port = m->audio.leg[1].local.port};

	bed_run(&bed, 600);
	assert_int_equal(dtls_start(m->p->dtls, &to), 0);
	bed_run(&bed, 300);
	assert_int_equal(m->p->dtls_state.state, DTLS_CONNECTED);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void audio_and_video(void **state)
{
	struct made m = browser_call();
	const struct flow_plan *entry = plan_at(&m.audio, 1), *video;
	uint16_t port = m.audio.leg[1].local.port;

	assert_int_equal(m.video.leg[1].local.port, port);
	assert_int_equal(m.video.worker, m.audio.worker);
	assert_string_equal(m.video.leg[1].ice.ufrag, m.audio.leg[1].ice.ufrag);
	assert_string_equal(m.video.leg[1].dtls.fingerprint, m.audio.leg[1].dtls.fingerprint);
	assert_int_equal(sessions_ports_free(s, WAN4), 15);
	assert_int_equal(sessions_ports_free(s, 0), 14);

	assert_true(entry->flags & FLOW_PLAN_BUNDLE);
	assert_ptr_equal(section("x", 1, 111), entry);
	assert_ptr_equal(section("x", 1, 0), entry);
	assert_null(section("x", 1, 8));
	video = section("x", 1, 96);
	assert_ptr_equal(section("x", 1, 97), video);
	assert_int_equal(video->leg, leg_of("x/1", 1));
	assert_true(video->flags & FLOW_PLAN_BUNDLE);
	assert_int_equal(video->owner, entry->owner);
	assert_int_equal(ntohs(video->out_sport), m.video.leg[0].local.port);
	assert_int_equal(ntohs(video->out_port), 5000);
	/* Nobody has been nominated. */
	assert_false(plan_at(&m.video, 0)->flags & FLOW_PLAN_OUT);

	connect_party(&m);
	goes_to(plan_at(&m.audio, 0), m.p, port);
	goes_to(plan_at(&m.video, 0), m.p, port);
	assert_true(plan_at(&m.video, 0)->flags & FLOW_PLAN_SEAL);
	same_secrets(leg_of("x", 1), leg_of("x/1", 1));
	expect_report("x/1", "\"bundle\":{\"id\":\"x\",\"payload_types\":[96,97]}");
	expect_report("x/1", "\"state\":\"connected\"");
	expect_report("x", "\"bundle\":{\"payload_types\":[0,111]}");

	must_end("x");
	assert_null(table_find(s, "x/1"));
	assert_non_null(strstr(events, "session.ended {\"id\":\"x/1\""));
	all_is_free();
}

/* A further section ends, and another one takes its place, under the feet of the rest. */
static void sections_come_and_go(void **state)
{
	struct made m = browser_call();
	struct session_params p = {.id = "x/2", .idle_timeout_s = 60};
	const struct flow_plan *entry;

	connect_party(&m);
	must_end("x/1");
	assert_null(section("x", 1, 96));
	entry = plan_at(&m.audio, 1);
	assert_ptr_equal(section("x", 1, 111), entry);
	p.leg[0] = phone(5002);
	p.leg[1] = bundled("x", TYPES(97, 127));
	must_create(s, &p);
	assert_int_equal(section("x", 1, 127)->leg, leg_of("x/2", 1));
	assert_null(section("x", 1, 96));
	same_secrets(leg_of("x", 1), leg_of("x/2", 1));
	must_end("x/2");
	must_end("x");
	all_is_free();
}

/* Far end and keys of the transport are those of all. */
static void changes_of_the_transport(void **state)
{
	struct made m = browser_call();
	const struct dtls_addr to = {.ip = m.audio.leg[1].local.ip,
				     .port = m.audio.leg[1].local.port};
	struct session_change c = {.id = "x"};
	struct session_answer a;

	connect_party(&m);
	assert_int_equal(dtls_start(m.p->dtls, &to), 0);
	bed_run(&bed, 300);
	assert_int_equal(m.p->keyed, 2);
	same_secrets(leg_of("x", 1), leg_of("x/1", 1));
	assert_non_null(h->tables->secure[leg_of("x/1", 1)].rx_old);

	assert_int_equal(ice_restart(m.p->ice), 0);
	c.leg[1].set_ice = true;
	c.leg[1].ice = party_tell_ice(m.p, LEG_ICE_AS_IS);
	a = must_update(s, &c);
	assert_int_equal(wire_ip_parse("192.0.2.51", &m.p->addr.ip), 0);
	party_hear_ice(m.p, &a.leg[1].ice);
	bed_run(&bed, 4000);
	goes_to(plan_at(&m.audio, 0), m.p, to.port);
	goes_to(plan_at(&m.video, 0), m.p, to.port);

	dtls_endpoint_close(m.p->dtls);
	bed_run(&bed, 100);
	assert_null(h->tables->secure[leg_of("x", 1)].tx);
	assert_null(h->tables->secure[leg_of("x/1", 1)].tx);
	assert_null(h->tables->secure[leg_of("x/1", 1)].rx);

	c.leg[1].set_ice = false;
	c.leg[1].set_security = true;
	c.leg[1].security.type = LEG_SECURITY_NONE;
	must_update(s, &c);
	assert_false(plan_at(&m.video, 0)->flags & FLOW_PLAN_SEAL);
	bed_run(&bed, 10);
	assert_null(h->tables->secure[leg_of("x/1", 1)].tx);
	must_end("x");
	all_is_free();
}

/* Two browsers, two sections: both legs of the second are bundled. */
static void browser_to_browser(void **state)
{
	struct party *p[2] = {bed_party(&bed, 0, "192.0.2.50", 6000),
			      bed_party(&bed, 1, "192.0.2.60", 6100)};
	struct session_params params = {.id = "b", .idle_timeout_s = 60};
	struct session_answer a, video;

	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		party_ice(&bed, p[i], ICE_FULL, true);
		params.leg[i] = transport(TYPES(111));
		params.leg[i].ice.mode = LEG_ICE_LITE;
	}
	a = must_create(s, &params);
	params.id = "b/1";
	params.leg[0] = bundled("b", TYPES(96));
	params.leg[1] = bundled("b", TYPES(100));
	video = must_create(s, &params);
	assert_int_equal(sessions_ports_free(s, WAN4), 14);
	assert_int_equal(video.leg[0].local.port, a.leg[0].local.port);
	assert_int_equal(video.leg[1].local.port, a.leg[1].local.port);
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		struct session_change c = {.id = "b"};

		c.leg[i].set_ice = true;
		c.leg[i].ice = party_tell_ice(p[i], LEG_ICE_AS_IS);
		must_update(s, &c);
		party_hear_ice(p[i], &a.leg[i].ice);
	}
	bed_run(&bed, 800);
	goes_to(section("b", 0, 96), p[1], a.leg[1].local.port);
	goes_to(section("b", 1, 100), p[0], a.leg[0].local.port);
	goes_to(section("b", 0, 111), p[1], a.leg[1].local.port);
	assert_int_equal(section("b", 1, 100)->leg, leg_of("b/1", 1));
	must_end("b/1");
	assert_null(section("b", 0, 96));
	must_end("b");
	all_is_free();
}

/* The transport may be plain: whom media teaches, that is taught to all. */
static void learned(void **state)
{
	struct session_params p = {.id = "x", .idle_timeout_s = 60};
	struct flow_event ev = {.type = FLOW_EVENT_LATCHED, .port = htons(7000)};
	struct session_answer a, v;

	p.leg[0] = phone(4000);
	p.leg[1] = transport(TYPES(0));
	p.leg[1].latch = LEG_LATCH_ONCE;
	a = must_create(s, &p);
	p.id = "x/1";
	p.leg[0] = phone(5000);
	p.leg[1] = bundled("x", TYPES(96));
	v = must_create(s, &p);
	assert_int_equal(wire_ip_parse("192.0.2.77", &ev.ip), 0);
	ev.leg = plan_at(&a, 1)->leg;
	ev.generation = plan_at(&a, 1)->generation;
	ev.epoch = plan_at(&a, 1)->epoch;
	test_event(&ev);
	test_turn(h, 1);
	assert_int_equal(ntohs(plan_at(&v, 0)->out_port), 7000);
	assert_true(wire_ip_equal(&plan_at(&v, 0)->out_ip, &ev.ip));

	/* All or none. */
	ev.port = htons(7001);
	ev.epoch = plan_at(&a, 1)->epoch;
	test_neigh_fault = -ENETUNREACH;
	test_event(&ev);
	test_turn(h, 1);
	assert_int_equal(ntohs(plan_at(&a, 0)->out_port), 7000);
	assert_int_equal(ntohs(plan_at(&v, 0)->out_port), 7000);
	test_turn(h, 1);
	must_end("x");
	all_is_free();
}

static void hold_of_one_section(void **state)
{
	struct made m = browser_call();
	struct session_change c = {.id = "x/1"};

	connect_party(&m);
	c.leg[1].set_hold = c.leg[1].hold = true;
	must_update(s, &c);
	assert_true(plan_at(&m.video, 0)->flags & FLOW_PLAN_HOLD);
	assert_false(plan_at(&m.audio, 0)->flags & FLOW_PLAN_HOLD);
	c.leg[1].hold = false;
	must_update(s, &c);
	goes_to(plan_at(&m.video, 0), m.p, m.audio.leg[1].local.port);
	bed_run(&bed, 10);
	must_end("x");
	all_is_free();
}

/* ---- payload types, idleness, faults ----------------------------------------------------------
 */

static void other_types(void **state)
{
	struct made m = browser_call();
	struct session_change c = {.id = "x/1"};

	c.leg[1].set_bundle = true;
	add_types(&c.leg[1].bundle, TYPES(97, 98));
	c.leg[1].bundle.transport = "x";
	assert_int_equal(must_update(s, &c).generation, 2);
	assert_int_equal(must_update(s, &c).generation, 2);
	assert_null(section("x", 1, 96));
	assert_int_equal(section("x", 1, 98)->leg, leg_of("x/1", 1));
	add_types(&c.leg[1].bundle, TYPES(111));
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/1/bundle/payload_types");
	c.leg[1].bundle = (struct leg_bundle){.transport = "y"};
	must_not_update(s, &c, SESSION_CONFLICT, "/legs/1/bundle/id");
	c.leg[1].bundle = (struct leg_bundle){0};
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/1/bundle/payload_types");
	c.id = "x";
	must_not_update(s, &c, SESSION_CONFLICT, "/legs/1/bundle/payload_types");
	must_end("x/1");
	must_update(s, &c);
	assert_false(plan_at(&m.audio, 1)->flags & FLOW_PLAN_BUNDLE);
	add_types(&c.leg[1].bundle, TYPES(5));
	must_update(s, &c);
	assert_true(plan_at(&m.audio, 1)->flags & FLOW_PLAN_BUNDLE);
	assert_ptr_equal(section("x", 1, 5), plan_at(&m.audio, 1));
	assert_null(section("x", 1, 111));
	bed_run(&bed, 10);
	must_end("x");
	all_is_free();
}

static void one_section_keeps_all_alive(void **state)
{
	struct made m = browser_call();
	struct flow_rt *rt = &h->tables->leg[leg_of("x/1", 0)].rtp;

	m.p->deaf = true;
	for (unsigned int i = 0; i < 12; i++) {
		rt->rx_packets++;
		rt->last_seen = flow_tick(h->loop.now_tsc);
		bed_run(&bed, 10000);
	}
	assert_non_null(table_find(s, "x"));
	assert_non_null(table_find(s, "x/1"));
	bed_run(&bed, 61000);
	assert_null(table_find(s, "x"));
	assert_null(table_find(s, "x/1"));
	bed_run(&bed, 10);
	all_is_free();
}

static void refused(void **state)
{
	struct made m = browser_call();
	struct session_params p = {.id = "r"};

	p.leg[0] = phone(5000);
	p.leg[1] = bundled("nobody", TYPES(98));
	must_refuse(s, &p, SESSION_NOT_FOUND, "/legs/1/bundle/id");
	p.leg[1] = bundled("x/1", TYPES(98));
	must_refuse(s, &p, SESSION_UNSUPPORTED, "/legs/1/bundle/id");
	p.leg[1] = bundled("x", TYPES(97));
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/bundle/payload_types");
	p.leg[1] = bundled("x", TYPES(-1));
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/bundle/payload_types");
	p.leg[1] = bundled("x", TYPES(98));
	p.leg[1].ice.mode = LEG_ICE_LITE;
	p.leg[1].rtcp = LEG_RTCP_MUX;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/ice");
	p.leg[1] = bundled("x", TYPES(98));
	p.leg[1].rtcp = LEG_RTCP_MUX;
	p.leg[1].security.type = LEG_SECURITY_DTLS;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/security");
	p.leg[0] = bundled("x", TYPES(98));
	p.leg[1] = transport(TYPES(-1));
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/0/bundle/id");
	p.leg[0] = phone(5000);
	p.leg[1] = transport(TYPES(3));
	p.leg[1].rtcp = LEG_RTCP_NEXT;
	must_refuse(s, &p, SESSION_UNSUPPORTED, "/legs/1/rtcp");

	/* Of what is the transport's, a bundled leg can change nothing. */
	struct session_change c = {.id = "x/1"};

	c.leg[1].set_ice = true;
	c.leg[1].ice.mode = LEG_ICE_AS_IS;
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/1/ice");
	c = (struct session_change){.id = "x/1"};
	c.leg[1].set_remote = true;
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/1/remote");
	assert_int_equal(m.video.generation, 1);
	must_end("x");
	all_is_free();
}

static void repeated_create(void **state)
{
	struct session_params p = {.id = "x/1", .idle_timeout_s = 60};

	browser_call();
	p.leg[0] = phone(5000);
	p.leg[1] = bundled("x", TYPES(96, 97));
	assert_false(must_create(s, &p).created);
	p.leg[1] = bundled("x", TYPES(96));
	must_refuse(s, &p, SESSION_CONFLICT, "/id");
	must_end("x");
	all_is_free();
}

static void sixteen_sections(void **state)
{
	struct session_params p = {.id = "x"};
	char id[8];

	p.leg[0] = transport(TYPES(120));
	p.leg[1] = transport(TYPES(120));
	must_create(s, &p);
	for (int i = 1; i < FLOW_BUNDLE_SECTIONS; i++) {
		snprintf(id, sizeof(id), "x/%d", i);
		p.id = id;
		p.leg[0] = bundled("x", TYPES(i));
		p.leg[1] = bundled("x", TYPES(i));
		must_create(s, &p);
	}
	p.id = "more";
	p.leg[0] = bundled("x", TYPES(121));
	p.leg[1] = bundled("x", TYPES(121));
	must_refuse(s, &p, SESSION_TABLE_FULL, "/legs/0/bundle/id");
	must_end("x");
	all_is_free();
}

/* A plan of a further section that can't be made: nothing of the whole change is. */
static void faults_change_nothing(void **state)
{
	struct made m = browser_call();
	const struct flow_plan *audio, *video;
	struct session_change c = {.id = "x"};
	uint32_t free_cells;

	connect_party(&m);
	audio = plan_at(&m.audio, 0);
	video = plan_at(&m.video, 0);
	free_cells = h->tables->plan_free_count;
	c.leg[1].set_dscp = true;
	c.leg[1].dscp = 46;
	h->tables->plan_free_count = 3; /* enough for one session, not for two */
	must_not_update(s, &c, SESSION_TABLE_FULL, "");
	h->tables->plan_free_count = free_cells;
	assert_ptr_equal(plan_at(&m.audio, 0), audio);
	assert_ptr_equal(plan_at(&m.video, 0), video);
	must_update(s, &c);
	bed_run(&bed, 10);
	assert_int_equal(plan_at(&m.audio, 0)->tos, 46 << 2);
	must_end("x");
	all_is_free();
}

static void left_behind(void **state)
{
	struct made m = browser_call();

	connect_party(&m);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(audio_and_video),
		TEST(sections_come_and_go),
		TEST(changes_of_the_transport),
		TEST(browser_to_browser),
		TEST(learned),
		TEST(hold_of_one_section),
		TEST(other_types),
		TEST(one_section_keeps_all_alive),
		TEST(refused),
		TEST(repeated_create),
		TEST(sixteen_sections),
		TEST(faults_change_nothing),
		TEST(left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
