/* SPDX-License-Identifier: BSD-3-Clause */
/* Far ends of tunnels with ICE and DTLS: where they are, where they go, when they are lost. */
#include "tunnel_call_bed.h"

#include <arpa/inet.h>
#include <errno.h>

static struct session_answer roaming(const char *id, struct party **party)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	const struct dtls_addr to = {.ip = h->config->addresses[WAN4].advertise};
	struct session_params params = tunnel(id);
	struct dtls_addr begin = to;
	struct session_answer a;

	party_ice(&bed, p, ICE_FULL, true);
	party_dtls(&bed, p, DTLS_ACTIVE, true);
	params.leg[0].latch = LEG_LATCH_FOLLOW;
	params.leg[0].ice = party_tell_ice(p, LEG_ICE_LITE);
	params.leg[0].security.type = LEG_SECURITY_DTLS;
	params.leg[0].security.dtls = party_tell_dtls(p, LEG_SETUP_PASSIVE);
	a = must_create(s, &params);
	/* Nobody is heard yet. */
	assert_false(plan_in(&a, WAN4)->flags &
		     (FLOW_PLAN_LEARN | FLOW_PLAN_FOLLOW | FLOW_PLAN_REMOTE));
	sent_to(id, NULL);
	party_hear_ice(p, &a.leg[0].ice);
	party_hear_dtls(p, &a.leg[0].dtls, DTLS_ACTIVE);
	bed_run(&bed, 600);
	sent_to(id, &p->addr);
	assert_false(get(id).has_keys);
	begin.port = a.leg[0].local.port;
	assert_int_equal(dtls_start(p->dtls, &begin), 0);
	bed_run(&bed, 300);
	assert_int_equal(p->keyed, 1);
	assert_true(get(id).has_keys);
	expect_report(id, "\"window\":8192");
	*party = p;
	return a;
}

/* A worker has opened a packet from there. */
static void heard_from(const char *id, const struct ice_addr *from, uint8_t epoch)
{
	const struct flow_event ev = {.type = FLOW_EVENT_LATCHED,
				      .ip = from->ip,
				      .port = htons(from->port),
				      .leg = 2 * get(id).index,
				      .generation = get(id).generation,
				      .epoch = epoch};

	test_event(&ev);
	test_turn(h, 1);
}

static const struct ice_agent *agent_of(const char *id)
{
	return transport_of(s, table_find(s, id), 0)->ice;
}

static void pair_is(const char *id, const struct ice_addr *want)
{
	struct ice_info info;

	ice_get_info(agent_of(id), &info);
	assert_true(info.has_selected);
	assert_true(wire_ip_equal(&info.selected.ip, &want->ip));
	assert_int_equal(info.selected.port, want->port);
}

static void follows_media(void **state)
{
	const uint16_t all = FLOW_PLAN_LEARN | FLOW_PLAN_FOLLOW | FLOW_PLAN_REMOTE | FLOW_PLAN_OPEN;
	struct party *p;
	struct session_answer a = roaming("roam", &p);
	struct ice_addr first = p->addr;
	const struct flow_plan *in = plan_in(&a, WAN4);
	uint8_t epoch = in->epoch;

	assert_int_equal(in->flags & all, all);
	heard_from("roam", &p->addr, epoch);
	assert_int_equal(moved, 1);
	assert_int_equal(firsts, 1);
	sent_to("roam", &first);

	/* Its translator gives it another address. Its checks from there move nothing … */
	assert_int_equal(wire_ip_parse("192.0.2.99", &p->addr.ip), 0);
	p->addr.port = 9000;
	bed_run(&bed, 7000);
	sent_to("roam", &first);
	pair_is("roam", &first);
	/* … and one authentic packet does. */
	heard_from("roam", &p->addr, epoch);
	sent_to("roam", &p->addr);
	pair_is("roam", &p->addr);
	assert_int_equal(moved, 2);
	assert_int_equal(firsts, 1);
	assert_int_equal(moved_to.port, 9000);
	/* What the worker has learned stands: no other epoch. */
	assert_int_equal(plan_in(&a, WAN4)->epoch, epoch);
	bed_run(&bed, 60000);
	sent_to("roam", &p->addr);
	assert_int_equal(p->ice_state, ICE_COMPLETED);
	expect_report("roam", "\"state\":\"completed\"");
	expect_report("roam", "\"remote\":{\"ip\":\"192.0.2.99\",\"port\":9000}");

	/* An event that is too late, and a place that can't be reached, move nothing. */
	heard_from("roam", &first, (uint8_t)(epoch - 1));
	test_neigh_fault = -ENETUNREACH;
	heard_from("roam", &first, epoch);
	sent_to("roam", &p->addr);
	pair_is("roam", &p->addr);
	assert_int_equal(moved, 2);
	must_end("roam");
	/* The goodbye went to where the far end is. */
	assert_int_equal(p->dtls_state.state, DTLS_CLOSED);
}

/* By two paths in turn: a few moves at once, then some, and in the end the latest. */
static void moves_in_turn(void **state)
{
	struct party *p;
	struct session_answer a = roaming("turn", &p);
	struct ice_addr place[2] = {p->addr, p->addr};
	uint8_t epoch = plan_in(&a, WAN4)->epoch;
	unsigned int at;

	place[1].port = 9000;
	heard_from("turn", &place[0], epoch);
	moved = 0;
	for (unsigned int i = 0; i < 1000; i++)
		heard_from("turn", &place[i % 2 == 0], epoch);
	assert_in_range(moved, 15, 20);
	heard_from("turn", &place[1], epoch);
	heard_from("turn", &place[0], epoch);
	test_turn(h, 200);
	test_turn(h, 200);
	sent_to("turn", &place[0]);
	pair_is("turn", &place[0]);
	/* What was held has been overtaken: it stays where it is. */
	test_turn(h, 5000);
	for (unsigned int i = 0; i < 30; i++)
		heard_from("turn", &place[i % 2 == 0], epoch);
	at = get("turn").remote.port == place[0].port ? 0 : 1;
	heard_from("turn", &place[1 - at], epoch);
	sent_to("turn", &place[at]);
	heard_from("turn", &place[at], epoch);
	moved = 0;
	test_turn(h, 200);
	test_turn(h, 200);
	assert_int_equal(moved, 0);
	sent_to("turn", &place[at]);
	/* One is held when it ends. */
	for (unsigned int i = 0; i < 31; i++)
		heard_from("turn", &place[i % 2 == 0], epoch);
	must_end("turn");
	test_turn(h, 1000);
}

/* The far end begins anew elsewhere: that it says itself, and media leads from there. */
static void restarts(void **state)
{
	struct session_change c = {.id = "anew"};
	struct party *p;
	struct session_answer a = roaming("anew", &p);
	struct ice_addr first = p->addr;
	uint8_t epoch = plan_in(&a, WAN4)->epoch;

	heard_from("anew", &first, epoch);
	assert_int_equal(ice_restart(p->ice), 0);
	c.leg[0].set_ice = true;
	c.leg[0].ice = party_tell_ice(p, LEG_ICE_AS_IS);
	a = must_update(s, &c);
	assert_int_equal(wire_ip_parse("192.0.2.51", &p->addr.ip), 0);
	party_hear_ice(p, &a.leg[0].ice);
	bed_run(&bed, 4000);
	sent_to("anew", &p->addr);
	assert_true(plan_in(&a, WAN4)->epoch != epoch);
	/* Of the time before. */
	heard_from("anew", &first, epoch);
	sent_to("anew", &p->addr);
	epoch = plan_in(&a, WAN4)->epoch;
	heard_from("anew", &p->addr, epoch);
	assert_int_equal(firsts, 2);
	heard_from("anew", &first, epoch);
	sent_to("anew", &first);
	must_end("anew");
}

/* Without consent and without media there is no far end, and nobody is heard. */
static void far_end_lost(void **state)
{
	struct party *p;
	struct session_answer a = roaming("lost", &p);
	struct session_change c = {.id = "lost"};
	struct leg_ice full = party_tell_ice(p, LEG_ICE_FULL);

	c.leg[0].set_ice = true;
	c.leg[0].ice = full;
	a = must_update(s, &c);
	party_hear_ice(p, &a.leg[0].ice);
	bed_run(&bed, 4000);
	sent_to("lost", &p->addr);
	heard_from("lost", &p->addr, plan_in(&a, WAN4)->epoch);
	p->deaf = true;
	bed_run(&bed, 45000);
	assert_false(plan_in(&a, WAN4)->flags & (FLOW_PLAN_LEARN | FLOW_PLAN_REMOTE));
	sent_to("lost", NULL);
	must_end("lost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(follows_media),
		TEST(moves_in_turn),
		TEST(restarts),
		TEST(far_end_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
