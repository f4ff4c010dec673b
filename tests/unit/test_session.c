/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions, from create to final report, and the plans that come of them. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>

#include "call_host.h"
#include "session_media.h"
#include "session_must.h"

static struct host *h;
static struct sessions *s;
static char last_event[256], last_params[8192];
static unsigned int event_count;

static void note_event(void *arg, const char *type, const char *params)
{
	snprintf(last_event, sizeof(last_event), "%s", type);
	snprintf(last_params, sizeof(last_params), "%s", params);
	event_count++;
}

static int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	h->notify = note_event;
	event_count = 0;
	return sessions_create(&s, h);
}

static int tear_down(void **state)
{
	sessions_free(s);
	test_host_free(h);
	return 0;
}

static union wire_ip ip(const char *text)
{
	union wire_ip out;

	assert_int_equal(wire_ip_parse(text, &out), 0);
	return out;
}

/* lan4 toward 10.0.0.2:4000, wan6 toward [2001:db8::9]:5004. */
static void must_reach(const struct session_change *c, uint32_t generation)
{
	struct session_answer a;
	struct session_error err;

	if (session_update(s, c, &a, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	assert_int_equal(a.generation, generation);
}

static char report[8192];

static void note_report(void *arg, const char *text, size_t len)
{
	assert_true(len < sizeof(report));
	memcpy(report, text, len);
	report[len] = '\0';
	(*(int *)arg)++;
}

static void must_end(const char *id)
{
	struct session_error err;
	int done = 0;

	assert_int_equal(session_delete(s, id, note_report, &done, &err), SESSION_OK);
	assert_int_equal(done, 0); /* never from within */
	test_turn(h, 1);
	assert_int_equal(done, 1);
}

static void all_is_free(void)
{
	struct sessions_stats st;

	sessions_stats(s, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.plans_free, st.plans_total);
	for (uint16_t a = 0; a < TEST_ADDRS; a++)
		assert_int_equal(sessions_ports_free(s, a), 16);
	assert_int_equal(test_neigh_refs, 0);
}

/* ---- plans ---------------------------------------------------------------------------------- */

static void plain_call(void **state)
{
	struct session_params p = session_params_46("call-1");
	struct session_answer a = must_create(s, &p);
	uint16_t pa = a.leg[0].local.port, pb = a.leg[1].local.port;
	const struct flow_plan *plan;

	assert_true(a.created);
	assert_int_equal(a.generation, 1);
	assert_int_equal(pa % 2, 0);
	assert_int_equal(a.leg[0].rtcp.port, pa + 1);
	assert_int_equal(flow_owner(h->tables, pa), a.worker);
	assert_int_equal(flow_owner(h->tables, pb), a.worker);

	plan = test_plan(h, 0, pa);
	assert_non_null(plan);
	assert_int_equal(plan->flags, FLOW_PLAN_REMOTE | FLOW_PLAN_OUT | FLOW_PLAN_OUT6);
	assert_true(wire_ip_equal(&plan->remote, &p.leg[0].remote.ip));
	assert_int_equal(plan->remote_port, htons(4000));
	assert_true(wire_ip_equal(&plan->out_ip, &p.leg[1].remote.ip));
	assert_int_equal(plan->out_port, htons(5004));
	assert_int_equal(plan->out_sport, htons(pb));
	assert_int_equal(plan->out_addr, 1);
	assert_int_equal(plan->owner, a.worker);
	assert_int_equal(plan->leg % 2, 0);
	assert_int_equal(plan->tos, FLOW_TOS_KEEP);
	assert_ptr_equal(&h->tables->plan[plan->rtcp_plan], test_plan(h, 0, pa + 1));

	plan = test_plan(h, 1, pb + 1);
	assert_non_null(plan);
	assert_int_equal(plan->flags, FLOW_PLAN_RTCP | FLOW_PLAN_REMOTE | FLOW_PLAN_OUT);
	assert_int_equal(plan->remote_port, htons(5005));
	assert_int_equal(plan->out_port, htons(4001));
	assert_int_equal(plan->out_sport, htons(pa + 1));
	assert_int_equal(plan->leg % 2, 1);
	assert_int_equal(test_neigh_refs, 4);

	assert_string_equal(last_event, "session.created");
	must_end("call-1");
	assert_string_equal(last_event, "session.ended");
	assert_non_null(strstr(last_params, "\"reason\":\"deleted\""));
	assert_non_null(strstr(last_params, report));
	assert_null(test_plan(h, 0, pa));
	assert_null(test_plan(h, 0, pa + 1));
	all_is_free();
}

/* What RTCP at the given port of leg 0 finds: its way out, as a worker would look for it. */
static const struct flow_plan *rtcp_way(uint16_t port)
{
	const struct flow_plan *p = test_plan(h, 0, port);

	if (p == NULL || (p->flags & FLOW_PLAN_RTCP_DROP))
		return NULL;
	return p->rtcp_plan ? &h->tables->plan[p->rtcp_plan] : p;
}

/* Every mix of rtcp between the two legs: where RTCP from leg 0 goes. */
static void rtcp_mixes(void **state)
{
	static const struct {
		const char *name;
		enum leg_rtcp a, b;
		bool own_port;      /* leg 0 has an RTCP port */
		int at_rtp, at_own; /* out_port offset from B's RTP for RTCP at each; -1: dropped */
	} cases[] = {
		{"next to next", LEG_RTCP_NEXT, LEG_RTCP_NEXT, true, 1, 1},
		{"next to mux", LEG_RTCP_NEXT, LEG_RTCP_MUX, true, 0, 0},
		{"next to none", LEG_RTCP_NEXT, LEG_RTCP_NONE, true, -1, -1},
		{"mux to next", LEG_RTCP_MUX, LEG_RTCP_NEXT, false, 1, -1},
		{"mux to mux", LEG_RTCP_MUX, LEG_RTCP_MUX, false, 0, -1},
		{"mux to none", LEG_RTCP_MUX, LEG_RTCP_NONE, false, -1, -1},
		{"none to next", LEG_RTCP_NONE, LEG_RTCP_NEXT, false, -1, -1},
		{"none to mux", LEG_RTCP_NONE, LEG_RTCP_MUX, false, -1, -1},
		{"none to none", LEG_RTCP_NONE, LEG_RTCP_NONE, false, -1, -1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct session_params p = session_params_46("mix");
		const struct flow_plan *way;
		struct session_answer a;
		uint16_t pa, pb;

		p.leg[0].rtcp = cases[i].a;
		p.leg[1].rtcp = cases[i].b;
		a = must_create(s, &p);
		pa = a.leg[0].local.port;
		pb = a.leg[1].local.port;
		check_case(cases[i].name, (test_plan(h, 0, pa + 1) != NULL) == cases[i].own_port);
		for (int own = 0; own <= 1; own++) {
			int want = own ? cases[i].at_own : cases[i].at_rtp;

			way = rtcp_way((uint16_t)(pa + own));
			check_case(cases[i].name, (way != NULL) == (want >= 0));
			if (way == NULL)
				continue;
			check_case(cases[i].name, way->flags & FLOW_PLAN_OUT);
			check_case(cases[i].name, way->out_port == htons((uint16_t)(5004 + want)));
			check_case(cases[i].name, way->out_sport == htons((uint16_t)(pb + want)));
		}
		check_case(cases[i].name,
			   a.leg[0].rtcp.port == (p.leg[0].rtcp == LEG_RTCP_NONE  ? 0
						  : p.leg[0].rtcp == LEG_RTCP_MUX ? pa
										  : pa + 1));
		must_end("mix");
		all_is_free();
	}
}

static void leg_options(void **state)
{
	struct session_params p = session_params_46("options");
	const struct flow_plan *plan;
	struct session_answer a;

	p.leg[0].latch = LEG_LATCH_FOLLOW;
	p.leg[0].kind = p.leg[1].kind = LEG_KIND_UDP;
	p.leg[0].rtcp = p.leg[1].rtcp = LEG_RTCP_NONE;
	p.leg[1].dscp = 46;
	p.leg[1].hold = true;
	p.leg[0].has_remote = false;
	a = must_create(s, &p);

	plan = test_plan(h, 0, a.leg[0].local.port);
	assert_int_equal(plan->flags, FLOW_PLAN_ANY | FLOW_PLAN_LEARN | FLOW_PLAN_FOLLOW |
					      FLOW_PLAN_OUT | FLOW_PLAN_OUT6 | FLOW_PLAN_HOLD |
					      FLOW_PLAN_RTCP_DROP);
	assert_int_equal(plan->tos, 46 << 2);
	plan = test_plan(h, 1, a.leg[1].local.port);
	assert_int_equal(plan->flags, FLOW_PLAN_ANY | FLOW_PLAN_REMOTE | FLOW_PLAN_RTCP_DROP);
	assert_null(test_plan(h, 0, a.leg[0].local.port + 1));
	must_end("options");
	all_is_free();
}

static void rtcp_port_of_its_own(void **state)
{
	struct session_params p = session_params_46("rfc3605");
	struct session_answer a;

	p.leg[0].remote.rtcp_port = 9999;
	a = must_create(s, &p);
	assert_int_equal(test_plan(h, 0, a.leg[0].rtcp.port)->remote_port, htons(9999));
	assert_int_equal(test_plan(h, 1, a.leg[1].rtcp.port)->out_port, htons(9999));
	must_end("rfc3605");

	p.leg[0].remote = (struct leg_remote){.ip = ip("10.0.0.2"), .port = 65535};
	a = must_create(s, &p);
	assert_false(test_plan(h, 0, a.leg[0].rtcp.port)->flags & FLOW_PLAN_REMOTE);
	assert_false(test_plan(h, 1, a.leg[1].rtcp.port)->flags & FLOW_PLAN_OUT);
	must_end("rfc3605");
	all_is_free();
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void bad_parameters(void **state)
{
	struct session_params p = session_params_46("bad");

	p.leg[1].remote.ip = ip("10.0.0.9");
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/remote/ip");
	p = session_params_46("bad");
	p.leg[0].remote.ip = ip("224.0.0.1");
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/0/remote/ip");
	p = session_params_46("bad");
	p.leg[0].rtcp = LEG_RTCP_MUX;
	p.leg[0].remote.rtcp_port = 7000;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/0/remote/rtcp_port");
	p = session_params_46("bad");
	test_neigh_fault = -ENETUNREACH;
	must_refuse(s, &p, SESSION_BAD_PARAMS, "/legs/1/remote/ip");
	test_neigh_fault = -ENOSPC;
	must_refuse(s, &p, SESSION_TABLE_FULL, "/legs/1/remote/ip");
	assert_int_equal(event_count, 0);
	all_is_free();
}

static void idempotent(void **state)
{
	struct session_params p = session_params_46("again"), other = session_params_46("again");
	struct session_answer a = must_create(s, &p), b = must_create(s, &p);
	struct session_change c = {.id = "again"};

	assert_true(a.created);
	assert_false(b.created);
	for (int i = 0; i < SESSION_LEGS; i++) {
		assert_int_equal(a.leg[i].local.port, b.leg[i].local.port);
		assert_int_equal(a.leg[i].rtcp.port, b.leg[i].rtcp.port);
		assert_true(wire_ip_equal(&a.leg[i].local.ip, &b.leg[i].local.ip));
	}
	assert_int_equal(event_count, 1);

	/* The same thing said in another way. */
	p.leg[0].remote.rtcp_port = 4001;
	assert_false(must_create(s, &p).created);

	other.leg[1].hold = true;
	must_refuse(s, &other, SESSION_CONFLICT, "/id");
	other = session_params_46("again");
	other.idle_timeout_s = 61;
	must_refuse(s, &other, SESSION_CONFLICT, "/id");

	/* It is what the caller asked for then that counts, not what became of it. */
	c.leg[1].set_hold = c.leg[1].hold = true;
	must_reach(&c, 2);
	b = must_create(s, &p);
	assert_false(b.created);
	assert_int_equal(b.generation, 2);

	sessions_set_draining(s, true);
	assert_false(must_create(s, &p).created);
	other = session_params_46("new");
	must_refuse(s, &other, SESSION_WRONG_STATE, "");
	sessions_set_draining(s, false);
	must_end("again");
	all_is_free();
}

static void ports_run_out_and_come_back(void **state)
{
	char id[16];

	for (int round = 0; round < 3; round++) {
		struct session_params p;

		for (int i = 0; i < 16; i++) {
			snprintf(id, sizeof(id), "c%d", i);
			p = session_params_46(id);
			must_create(s, &p);
		}
		p = session_params_46("one too many");
		must_refuse(s, &p, SESSION_NO_PORTS, "/legs/0/address");
		/* Both workers have got their share. */
		assert_int_equal(sessions_of_worker(s, 0), 8);
		assert_int_equal(sessions_of_worker(s, 1), 8);
		for (int i = 0; i < 16; i++) {
			snprintf(id, sizeof(id), "c%d", i);
			must_end(id);
		}
		all_is_free();
	}
}

/* Both legs at one address take two pairs of one worker. */
static void same_address_twice(void **state)
{
	struct session_params p = session_params_46("hairpin");
	struct session_answer a;
	char id[16];

	p.leg[1] = p.leg[0];
	p.leg[1].remote.port = 6000;
	for (int i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "h%d", i);
		p.id = id;
		a = must_create(s, &p);
		assert_int_not_equal(a.leg[0].local.port, a.leg[1].local.port);
	}
	p.id = "hairpin";
	must_refuse(s, &p, SESSION_NO_PORTS, "/legs/0/address");
	for (int i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "h%d", i);
		must_end(id);
	}
	all_is_free();
}

/* i-th of TEST_SESSIONS sessions, over all addresses, so that ports are not what ends first. */
static struct session_params spread(char id[16], int i)
{
	struct session_params p;

	snprintf(id, 16, "t%d", i);
	p = session_params_46(id);
	if (i >= 8)
		p.leg[1] = (struct leg_params){.address = i < 16 ? 2 : 1};
	if (i >= 16)
		p.leg[0] = (struct leg_params){.address = 2};
	return p;
}

static void table_fills(void **state)
{
	struct session_params p;
	char id[16];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < TEST_SESSIONS; i++) {
			p = spread(id, i);
			must_create(s, &p);
		}
		p = spread(id, TEST_SESSIONS);
		must_refuse(s, &p, SESSION_TABLE_FULL, "");
		for (int i = 0; i < TEST_SESSIONS; i++) {
			spread(id, i);
			must_end(id);
		}
		all_is_free();
	}
}

static void plans_run_out(void **state)
{
	struct session_params p = session_params_46("no cells");
	uint32_t cell[3];

	for (int i = 0; i < 3; i++)
		cell[i] = flow_plan_alloc(h->tables);
	while (flow_plan_alloc(h->tables) != 0)
		;
	must_refuse(s, &p, SESSION_TABLE_FULL, "");
	/* Some, but too few. */
	for (int i = 0; i < 3; i++)
		flow_plan_free(h->tables, cell[i]);
	must_refuse(s, &p, SESSION_TABLE_FULL, "");
	assert_int_equal(h->tables->plan_free_count, 3);
	assert_int_equal(sessions_ports_free(s, 0), 16);
	assert_int_equal(test_neigh_refs, 0);
}

static void rate_limit(void **state)
{
	struct session_params p;
	struct session_error err;
	char id[16];

	sessions_free(s);
	((struct config *)h->config)->limit_per_second = 4;
	assert_int_equal(sessions_create(&s, h), 0);
	for (int i = 0; i < 4; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		p = session_params_46(id);
		must_create(s, &p);
	}
	p = session_params_46("r4");
	must_refuse(s, &p, SESSION_LIMIT, "");
	p = session_params_46("r0"); /* costs nothing */
	assert_false(must_create(s, &p).created);
	test_turn(h, 251);
	p = session_params_46("r4");
	must_create(s, &p);
	p = session_params_46("r5");
	must_refuse(s, &p, SESSION_LIMIT, "");
	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		must_end(id);
	}
	assert_int_equal(session_delete(s, "r0", NULL, NULL, &err), SESSION_NOT_FOUND);
	all_is_free();
}

/* ---- updates --------------------------------------------------------------------------------- */

static void update_moves_a_party(void **state)
{
	struct session_params p = session_params_46("move");
	struct session_answer a = must_create(s, &p);
	uint16_t pa = a.leg[0].local.port, pb = a.leg[1].local.port;
	struct session_change c = {.id = "move"};
	const struct flow_plan *before = test_plan(h, 0, pa), *after;

	test_reader_enter(h);
	c.leg[0].set_remote = c.leg[0].has_remote = true;
	c.leg[0].remote = (struct leg_remote){.ip = ip("10.0.0.77"), .port = 7000};
	must_reach(&c, 2);

	after = test_plan(h, 0, pa);
	assert_ptr_not_equal(after, before);
	assert_true(wire_ip_equal(&after->remote, &c.leg[0].remote.ip));
	assert_int_not_equal(after->epoch, before->epoch);
	assert_int_equal(test_plan(h, 1, pb)->out_port, htons(7000));
	assert_int_equal(test_plan(h, 1, pb + 1)->out_port, htons(7001));
	/* Only the leg whose far end has changed forgets what it learned. */
	assert_int_equal(test_plan(h, 1, pb)->epoch, 0);

	/* A worker may still look at the old plan: it is as it was, with its next hop. */
	test_turn(h, 1);
	assert_int_equal(before->remote_port, htons(4000));
	assert_int_equal(test_neigh_refs, 8);
	test_reader_leave(h);
	test_turn(h, 1);
	assert_int_equal(test_neigh_refs, 4);

	/* Nothing new: nothing happens. */
	must_reach(&c, 2);
	assert_ptr_equal(test_plan(h, 0, pa), after);

	c.leg[0] =
		(struct leg_change){.set_hold = true, .hold = true, .set_dscp = true, .dscp = 34};
	must_reach(&c, 3);
	assert_true(test_plan(h, 1, pb)->flags & FLOW_PLAN_HOLD);
	assert_int_equal(test_plan(h, 1, pb)->tos, 34 << 2);
	assert_int_equal(test_plan(h, 0, pa)->epoch, 1);

	c.leg[0] = (struct leg_change){.set_remote = true};
	must_reach(&c, 4);
	assert_false(test_plan(h, 0, pa)->flags & FLOW_PLAN_REMOTE);
	assert_false(test_plan(h, 1, pb)->flags & FLOW_PLAN_OUT);
	must_end("move");
	all_is_free();
}

static void update_refused(void **state)
{
	struct session_params p = session_params_46("stay");
	struct session_answer a = must_create(s, &p);
	struct session_change c = {.id = "stay", .if_generation_set = true, .if_generation = 7};
	const struct flow_plan *before = test_plan(h, 0, a.leg[0].local.port);
	struct session_error err;

	c.leg[0].set_hold = c.leg[0].hold = true;
	assert_int_equal(session_update(s, &c, &a, &err), SESSION_CONFLICT);
	assert_string_equal(err.path, "/if_generation");
	c.if_generation = 1;
	c.leg[1].set_rtcp = true;
	c.leg[1].rtcp = LEG_RTCP_MUX;
	assert_int_equal(session_update(s, &c, &a, &err), SESSION_CONFLICT);
	assert_string_equal(err.path, "/legs/1/rtcp");
	c.leg[1] = (struct leg_change){.set_remote = true, .has_remote = true};
	c.leg[1].remote = (struct leg_remote){.ip = ip("10.0.0.3"), .port = 1};
	assert_int_equal(session_update(s, &c, &a, &err), SESSION_BAD_PARAMS);
	assert_string_equal(err.path, "/legs/1/remote/ip");
	c.leg[1].remote.ip = ip("2001:db8:1::3");
	test_neigh_fault = -ENETUNREACH;
	assert_int_equal(session_update(s, &c, &a, &err), SESSION_BAD_PARAMS);
	assert_string_equal(err.path, "/legs/1/remote/ip");
	c.id = "nobody";
	assert_int_equal(session_update(s, &c, &a, &err), SESSION_NOT_FOUND);

	/* Not a bit of it has happened. */
	assert_ptr_equal(test_plan(h, 0, a.leg[0].local.port), before);
	assert_int_equal(before->flags & FLOW_PLAN_HOLD, 0);
	assert_false(must_create(s, &p).created);
	c = (struct session_change){.id = "stay"};
	must_reach(&c, 1);
	must_end("stay");
	all_is_free();
}

/* ---- what workers tell ----------------------------------------------------------------------- */

static struct flow_event latched(const struct flow_plan *plan, bool rtcp, const char *from,
				 uint16_t port)
{
	return (struct flow_event){.ip = ip(from),
				   .leg = plan->leg,
				   .port = htons(port),
				   .generation = plan->generation,
				   .type = FLOW_EVENT_LATCHED,
				   .rtcp = rtcp,
				   .epoch = plan->epoch};
}

static void tell(struct flow_event ev)
{
	test_event(&ev);
	test_turn(h, 1);
}

/* The other leg's plans: RTP and RTCP destination. */
static void goes_to(const struct session_answer *a, const char *to, uint16_t rtp, uint16_t rtcp)
{
	const struct flow_plan *p = test_plan(h, 1, a->leg[1].local.port),
			       *q = test_plan(h, 1, a->leg[1].local.port + 1);
	union wire_ip want = ip(to);

	assert_true(wire_ip_equal(&p->out_ip, &want));
	assert_true(wire_ip_equal(&q->out_ip, &want));
	assert_int_equal(ntohs(p->out_port), rtp);
	assert_int_equal(ntohs(q->out_port), rtcp);
}

static void learned_addresses(void **state)
{
	struct session_params p = session_params_46("nat");
	struct session_answer a;
	struct flow_plan plan; /* a copy: the cell is used again */
	unsigned int before;

	p.leg[0].latch = LEG_LATCH_FOLLOW;
	a = must_create(s, &p);
	plan = *test_plan(h, 0, a.leg[0].local.port);
	goes_to(&a, "10.0.0.2", 4000, 4001);

	/* Another port of the same host: RTCP stays where it was signalled. */
	tell(latched(&plan, false, "10.0.0.2", 4444));
	goes_to(&a, "10.0.0.2", 4444, 4001);
	assert_string_equal(last_event, "session.latched");
	assert_non_null(
		strstr(last_params, "\"leg\":0,\"remote\":{\"ip\":\"10.0.0.2\",\"port\":4444}"));

	/* Behind a translator: the next port, until RTCP itself is heard. */
	tell(latched(&plan, false, "198.51.100.1", 61000));
	goes_to(&a, "198.51.100.1", 61000, 61001);
	tell(latched(&plan, true, "198.51.100.1", 33333));
	goes_to(&a, "198.51.100.1", 61000, 33333);

	/* RTCP from another host teaches nothing, and the same again is no news. */
	before = event_count;
	tell(latched(&plan, true, "203.0.113.66", 1));
	tell(latched(&plan, true, "198.51.100.1", 33333));
	goes_to(&a, "198.51.100.1", 61000, 33333);
	assert_int_equal(event_count, before);

	/* RTP moves on to another host: what RTCP taught is no longer true. */
	tell(latched(&plan, false, "198.51.100.2", 4000));
	goes_to(&a, "198.51.100.2", 4000, 4001);
	/* Whom leg 0 listens to is the worker's business: its plans were not forgotten. */
	assert_int_equal(test_plan(h, 0, a.leg[0].local.port)->epoch, plan.epoch);
	must_end("nat");
	all_is_free();
}

static void stale_events(void **state)
{
	struct session_params p = session_params_46("stale");
	struct session_change c = {.id = "stale"};
	struct session_answer a;
	struct flow_event old;
	unsigned int before;

	p.leg[0].latch = LEG_LATCH_ONCE;
	a = must_create(s, &p);
	old = latched(test_plan(h, 0, a.leg[0].local.port), false, "10.6.6.6", 666);

	/* Learned before the update, told after it. */
	c.leg[0].set_remote = c.leg[0].has_remote = true;
	c.leg[0].remote = (struct leg_remote){.ip = ip("10.0.0.5"), .port = 5000};
	must_reach(&c, 2);
	before = event_count;
	tell(old);
	goes_to(&a, "10.0.0.5", 5000, 5001);

	/* Of a call that has ended, in whose place there is another. */
	old = latched(test_plan(h, 0, a.leg[0].local.port), false, "10.6.6.6", 666);
	must_end("stale");
	a = must_create(s, &p);
	assert_int_equal(test_plan(h, 0, a.leg[0].local.port)->leg, old.leg);
	before = event_count;
	tell(old);
	goes_to(&a, "10.0.0.2", 4000, 4001);

	/* Of no call at all. */
	old.leg = 1000000;
	tell(old);
	old.leg = 2 * TEST_SESSIONS - 1;
	tell(old);
	assert_int_equal(event_count, before);

	/* What can't be sent to changes nothing. */
	test_neigh_fault = -ENOSPC;
	tell(latched(test_plan(h, 0, a.leg[0].local.port), false, "10.9.9.9", 9));
	goes_to(&a, "10.0.0.2", 4000, 4001);
	must_end("stale");
	all_is_free();
}

/* ---- the end --------------------------------------------------------------------------------- */

static void waits_for_workers(void **state)
{
	struct session_params p = session_params_46("busy");
	struct session_answer a;
	struct session_error err;
	int done = 0;

	must_create(s, &p);
	test_reader_enter(h);
	assert_int_equal(session_delete(s, "busy", note_report, &done, &err), SESSION_OK);
	for (int i = 0; i < 5; i++)
		test_turn(h, 1);
	assert_int_equal(done, 0);
	assert_int_equal(sessions_ports_free(s, 0), 15);
	/* It is gone for everybody else; its name can be used again. */
	assert_int_equal(session_delete(s, "busy", NULL, NULL, &err), SESSION_NOT_FOUND);
	a = must_create(s, &p);
	assert_true(a.created);
	test_reader_leave(h);
	test_turn(h, 1);
	assert_int_equal(done, 1);
	must_end("busy");
	all_is_free();
}

static void idle_timeout(void **state)
{
	struct session_params p = session_params_46("idle");
	struct session_answer a;
	struct flow_leg_rt *rt;
	struct session_change c = {.id = "idle"};

	p.idle_timeout_s = 2;
	a = must_create(s, &p);
	rt = &h->tables->leg[test_plan(h, 1, a.leg[1].local.port)->leg];
	test_turn(h, 1500);
	must_reach(&c, 1); /* somebody cares */
	test_turn(h, 1500);
	assert_string_equal(last_event, "session.created");
	rt->rtcp.rx_packets = 1; /* RTCP is a sign of life */
	rt->rtcp.last_seen = flow_tick(h->loop.now_tsc);
	test_turn(h, 1900);
	assert_string_equal(last_event, "session.created");
	test_turn(h, 200);
	assert_string_equal(last_event, "session.ended");
	assert_non_null(strstr(last_params, "\"reason\":\"timeout\""));
	all_is_free();

	/* The next call in that place starts from nothing; and 0 is never. */
	p.idle_timeout_s = 0;
	a = must_create(s, &p);
	rt = &h->tables->leg[test_plan(h, 1, a.leg[1].local.port)->leg];
	assert_int_equal(rt->rtcp.rx_packets, 0);
	test_turn(h, 86400 * 1000);
	assert_string_equal(last_event, "session.created");
	must_end("idle");
	all_is_free();
}

static void reports(void **state)
{
	struct session_params p = session_params_46("report");
	struct session_answer a = must_create(s, &p);
	uint32_t leg = test_plan(h, 0, a.leg[0].local.port)->leg;
	struct flow_leg_rt *rt = &h->tables->leg[leg];

	rt[0].rtp.rx_packets = 95;
	rt[0].rtp.rx_bytes = 95 * 172;
	rt[0].rtp.unsent_packets = 1;
	rt[0].rtp.unsent_bytes = 172;
	rt[0].rtcp.rx_packets = 2;
	rt[0].rtp.last_seen = flow_tick(h->loop.now_tsc);
	rt[0].stats = (struct flow_rtp_stats){.started = 1,
					      .ssrc = 4000000000u,
					      .base_seq = 65536 + 1,
					      .max_seq = 65536 + 100,
					      .received = 95,
					      .prior_lost = 3,
					      .payload_type = 8};
	/* 16 times 2 ms. */
	rt[0].stats.jitter16 = (uint32_t)(2 * 16 * h->loop.tsc_per_ms >> FLOW_FINE_SHIFT);
	rt[0].drops[FLOW_DROP_source] = 7;
	test_turn(h, 100);
	must_end("report");
	assert_non_null(strstr(report, "\"id\":\"report\",\"generation\":1,\"state\":\"one_way\""));
	assert_non_null(strstr(report, "\"rx\":{\"packets\":97,\"bytes\":16340,\"lost\":8,"
				       "\"duplicate\":0,\"reordered\":0,\"jitter_ms\":2.000,"
				       "\"ssrc\":4000000000,\"payload_type\":8,"));
	/* A tick is about 0.4 ms. */
	assert_in_range(strtoul(strstr(report, "\"last_ms\":") + 10, NULL, 10), 100, 102);
	assert_non_null(strstr(report, "\"drops\":{\"source\":7}"));
	assert_non_null(strstr(report, "\"tx\":{\"packets\":96,\"bytes\":16168}"));
	/* 8 of 103 lost, d = 44: R = 94.2 - 1.056 - 95 * 7.767 / 32.867 = 70.69 */
	assert_non_null(strstr(report, "\"mos\":3.63"));

	must_create(s, &p);
	must_end("report");
	assert_non_null(strstr(report, "\"mos\":null"));
	assert_non_null(strstr(report, "\"ssrc\":null,\"payload_type\":null,\"last_ms\":null"));
	assert_non_null(strstr(report, "\"learned\":null,\"latch\":\"strict\",\"latched\":false"));
	all_is_free();
}

static void lists_and_long_ids(void **state)
{
	char ids[10][SESSION_ID_MAX + 1];
	struct session_info info;
	uint32_t cursor = 0, budget = 100, seen = 0;

	for (int i = 0; i < 10; i++) {
		struct session_params p = session_params_46(ids[i]);

		/* From short to the longest: about the border where an id needs its own memory. */
		memset(ids[i], 'x', sizeof(ids[i]));
		ids[i][i < 9 ? 27 + i : SESSION_ID_MAX] = '\0';
		assert_true(must_create(s, &p).created);
		assert_false(must_create(s, &p).created);
	}
	while (session_next(s, &cursor, &budget, &info)) {
		assert_non_null(info.id);
		assert_int_equal(info.state, SESSION_WAITING);
		seen++;
	}
	assert_int_equal(seen, 10);
	cursor = 0;
	budget = 1;
	assert_true(session_next(s, &cursor, &budget, &info));
	assert_true(session_next(s, &cursor, &budget, &info));
	assert_null(info.id);
	for (int i = 0; i < 10; i++)
		must_end(ids[i]);
	all_is_free();
}

/* The end of the daemon, with everything under way. */
static void left_behind(void **state)
{
	struct session_params p = session_params_46("left");
	struct session_error err;
	int done = 0;

	must_create(s, &p);
	test_reader_enter(h);
	assert_int_equal(session_delete(s, "left", note_report, &done, &err), SESSION_OK);
	must_create(s, &p);
	sessions_forget_callers(s);
	test_reader_leave(h);
	test_turn(h, 1);
	assert_int_equal(done, 0);
	assert_int_equal(sessions_ports_free(s, 0), 15);
}

/* Another port and another far end in one: both, or neither. */
static void another_port(void **state)
{
	struct session_params p = session_params_46("a");
	struct session_change c = {.id = "a"};
	uint32_t free_before, generation;
	struct session_answer a, b;
	uint16_t port;

	a = must_create(s, &p);
	port = a.leg[0].local.port;
	free_before = sessions_ports_free(s, 0);
	c.leg[0].set_port = true;
	c.leg[1].set_remote = c.leg[1].has_remote = true;
	c.leg[1].remote = (struct leg_remote){.ip = p.leg[0].remote.ip, .port = 6000};
	generation = a.generation;
	must_not_update(s, &c, SESSION_BAD_PARAMS, "/legs/1/remote/ip"); /* IPv4 at an IPv6 one */
	assert_int_equal(sessions_ports_free(s, 0), free_before);
	assert_non_null(test_plan(h, 0, port));

	/* The neighbour table is full: a port was taken, and is given back. */
	c.leg[1].remote = p.leg[1].remote;
	c.leg[1].remote.port = 6000;
	test_neigh_fault = -ENOSPC;
	must_not_update(s, &c, SESSION_TABLE_FULL, "/legs/1/remote/ip");
	assert_int_equal(sessions_ports_free(s, 0), free_before);
	assert_non_null(test_plan(h, 0, port));

	b = must_update(s, &c);
	assert_int_equal(b.generation, generation + 1);
	assert_int_not_equal(b.leg[0].local.port, port);
	assert_int_equal(sessions_ports_free(s, 0), free_before);
	assert_null(test_plan(h, 0, port));
	assert_null(test_plan(h, 0, port + 1));
	assert_non_null(test_plan(h, 0, b.leg[0].local.port));
	assert_int_equal(ntohs(test_plan(h, 0, b.leg[0].local.port)->out_port), 6000);

	/* At an address that there isn't; where a party of the other family can't stay. */
	c.leg[0].address = TEST_ADDRS;
	must_not_update(s, &c, SESSION_BAD_PARAMS, "");
	c.leg[0].address = 1;
	port = b.leg[0].local.port;
	b = must_update(s, &c);
	assert_null(test_plan(h, 0, port));
	assert_int_equal(test_plan(h, 1, b.leg[0].local.port)->flags & FLOW_PLAN_REMOTE, 0);
	must_delete(s, "a");
}

static struct sdes_key key_of(uint8_t fill)
{
	struct sdes_key k = {.master_len = 30};

	memset(k.master, fill, k.master_len);
	return k;
}

/* What passes untouched can be opened and sealed as long as its rollover counters are 0. */
static void recorded_late(void **state)
{
	struct session_params p = session_params_46("a");
	const struct session_media m = {.set_copy = true, .copy = true};
	struct session_error err;
	struct flow_rtp_stats *st;

	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		p.leg[i].security = (struct leg_security){.type = LEG_SECURITY_SDES,
							  .has_profile = true,
							  .profile = SRTP_AES_CM_128_HMAC_SHA1_80,
							  .local = key_of((uint8_t)(1 + i)),
							  .remote = key_of((uint8_t)(2 - i))};
	must_create(s, &p);
	p.id = "b";
	must_create(s, &p);
	st = &h->tables->leg[1].stats;
	st->started = 1;
	st->base_seq = 0x1fff0;
	st->max_seq = 0x20005;
	assert_int_equal(session_media_set(s, "a", 0, &m, &err), SESSION_UNSUPPORTED);
	assert_true(strlen(err.reason) > 0);
	st->max_seq = 0x1ffff;
	assert_int_equal(session_media_set(s, "a", 0, &m, &err), SESSION_OK);
	/* Once it is opened it may wrap. */
	st->max_seq = 0x20005;
	assert_int_equal(session_media_set(s, "a", 1, &m, &err), SESSION_OK);
	assert_int_equal(session_media_set(s, "b", 1, &m, &err), SESSION_OK);
	must_delete(s, "a");
	must_delete(s, "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(another_port, set_up, tear_down),
		cmocka_unit_test_setup_teardown(recorded_late, set_up, tear_down),
		cmocka_unit_test_setup_teardown(plain_call, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rtcp_mixes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leg_options, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rtcp_port_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_parameters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(idempotent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ports_run_out_and_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(same_address_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(table_fills, set_up, tear_down),
		cmocka_unit_test_setup_teardown(plans_run_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rate_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(update_moves_a_party, set_up, tear_down),
		cmocka_unit_test_setup_teardown(update_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(learned_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stale_events, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waits_for_workers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(idle_timeout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reports, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_and_long_ids, set_up, tear_down),
		cmocka_unit_test_setup_teardown(left_behind, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
