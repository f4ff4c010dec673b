/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions that change: by updates, and by what workers have learned. */
#include "session_bed.h"

#include <arpa/inet.h>
#include <errno.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_port),      TEST(update_moves_a_party), TEST(update_refused),
		TEST(learned_addresses), TEST(stale_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
