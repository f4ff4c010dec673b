/* SPDX-License-Identifier: BSD-3-Clause */
/* New sessions, the plans that come of them, and what is refused. */
#include "session_bed.h"

#include <arpa/inet.h>
#include <errno.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_call),
		TEST(rtcp_mixes),
		TEST(leg_options),
		TEST(rtcp_port_of_its_own),
		TEST(bad_parameters),
		TEST(idempotent),
		TEST(ports_run_out_and_come_back),
		TEST(same_address_twice),
		TEST(table_fills),
		TEST(plans_run_out),
		TEST(rate_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
