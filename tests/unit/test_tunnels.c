/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels: how they come up, live and end; networks and users. */
#include "tunnels_bed.h"

#include <arpa/inet.h>

/* ---- life ----------------------------------------------------------------------------------- */

static void up_and_down(void **state)
{
	struct tunnel_create c = plain("t", NULL, "10.9.0.0/24");

	must_create(&c);
	assert_false(is_up("t"));
	assert_string_equal(route_to("10.9.0.77"), "t");
	assert_string_equal(route_to("10.9.1.77"), "");
	test_turn(h, 5000);
	assert_false(is_up("t"));
	heard("t");
	test_turn(h, 60);
	assert_true(is_up("t"));
	expect("tunnel.up {\"id\":\"t\",\"mode\":\"server\",\"remote\":{\"ip\":\"192.0.2.50\","
	       "\"port\":6000},\"mtu\":1420}\nup t\n");
	/* Nine seconds of silence, a packet, and ten. */
	test_turn(h, 8900);
	heard("t");
	test_turn(h, 9900);
	assert_true(is_up("t"));
	assert_null(strstr(told, "down"));
	test_turn(h, 80);
	assert_true(is_there("t"));
	test_turn(h, 40);
	assert_false(is_there("t"));
	expect("tunnel.down {\"id\":\"t\",\"reason\":\"timeout\",\"was_up\":true}\ndown t "
	       "timeout\n");
	assert_string_equal(route_to("10.9.0.77"), "");
	all_is_free();
}

static void never_up(void **state)
{
	struct tunnel_create c = plain("t", NULL, "10.9.0.0/24");

	must_create(&c);
	test_turn(h, 29900);
	assert_true(is_there("t"));
	test_turn(h, 60);
	test_turn(h, 60);
	assert_false(is_there("t"));
	expect("\"reason\":\"setup\",\"was_up\":false}");
	all_is_free();
}

static void ended_by_others(void **state)
{
	struct tunnel_create c = plain("t", NULL, "10.9.0.0/24");
	struct session_error err;

	must_create(&c);
	heard("t");
	test_turn(h, 60);
	assert_int_equal(session_delete(s, "t", NULL, NULL, &err), SESSION_OK);
	assert_string_equal(route_to("10.9.0.77"), "");
	assert_false(is_there("t"));
	expect("down t ended\n");
	all_is_free();
}

static void roamed(void **state)
{
	struct tunnel_create c = plain("t", NULL, "10.9.0.0/24");
	struct flow_event ev = {.type = FLOW_EVENT_LATCHED, .port = htons(7000)};

	c.leg.has_remote = false;
	c.leg.latch = LEG_LATCH_FOLLOW;
	must_create(&c);
	ev.leg = 2 * index_of("t");
	ev.generation = s->table[index_of("t")].incarnation;
	ev.epoch = s->table[index_of("t")].leg[0].epoch;
	ev.ip = net("192.0.2.60").ip;
	test_event(&ev);
	heard("t");
	test_turn(h, 60);
	expect("tunnel.up");
	assert_null(strstr(told, "roamed"));
	ev.ip = net("192.0.2.61").ip;
	test_event(&ev);
	test_turn(h, 1);
	expect("tunnel.roamed {\"id\":\"t\",\"remote\":{\"ip\":\"192.0.2.61\",\"port\":7000}}");
	must_delete("t");
	expect("down t deleted\n");
	all_is_free();
}

/* ---- users and networks --------------------------------------------------------------------- */

static void second_call_replaces(void **state)
{
	struct tunnel_create one = plain("one", "ann", NULL), two = plain("two", "ann", NULL);
	struct tunnel_create other = plain("other", "bob", NULL);
	struct tunnel_result r;

	add_user("ann", "10.9.0.2/32");
	add_user("bob", "10.9.0.3/32");
	r = must_create(&one);
	assert_true(r.has_info);
	assert_int_equal(r.info.address_count, 1);
	assert_int_equal(r.info.mtu, 1420);
	must_create(&other);
	assert_string_equal(route_to("10.9.0.2"), "one");
	must_create(&two);
	expect("down one replaced\n");
	assert_false(is_there("one"));
	assert_string_equal(route_to("10.9.0.2"), "two");
	assert_string_equal(route_to("10.9.0.3"), "other");
	assert_string_equal(tunnels_of_user(t, "ann"), "two");
	must_delete("two");
	assert_null(tunnels_of_user(t, "ann"));
	must_delete("other");
	all_is_free();
}

static void user_goes(void **state)
{
	struct tunnel_create c = plain("t", "ann", NULL);
	struct user_error err;

	add_user("ann", "10.9.0.2/32");
	must_create(&c);
	assert_int_equal(tunnels_user_delete(t, "ann", &err), USER_OK);
	assert_false(is_there("t"));
	expect("down t user_deleted\n");
	must_refuse(&c, SESSION_NOT_FOUND, "/user");
	all_is_free();
}

static void same_again(void **state)
{
	struct tunnel_create c = plain("t", NULL, "10.9.0.0/24");

	assert_true(must_create(&c).created);
	assert_false(must_create(&c).created);
	c.p.liveness_s = 20;
	must_refuse(&c, SESSION_CONFLICT, "/id");
	c.p.liveness_s = 10;
	c.p.network[c.p.network_count++] = net("10.9.1.0/24");
	must_refuse(&c, SESSION_CONFLICT, "/id");
	must_delete("t");
	all_is_free();
}

static void refused(void **state)
{
	struct tunnel_create there = plain("there", NULL, "10.9.0.0/24");
	struct tunnel_create c = plain("t", NULL, "10.9.0.0/24");
	struct session_params call = {
		.id = "call",
		.leg = {{.dscp = SESSION_DSCP_KEEP}, {.address = 1, .dscp = SESSION_DSCP_KEEP}}};
	struct session_answer a;
	struct session_error err;

	must_create(&there);
	must_refuse(&c, SESSION_CONFLICT, "/networks");
	c = plain("t", NULL, NULL);
	must_refuse(&c, SESSION_BAD_PARAMS, "/networks");
	c = plain("t", "nobody", NULL);
	must_refuse(&c, SESSION_NOT_FOUND, "/user");
	c = plain("t", "1234567890123456789012345", NULL);
	must_refuse(&c, SESSION_BAD_PARAMS, "/user");
	c.p.mode = TUNNEL_CLIENT;
	must_refuse(&c, SESSION_BAD_PARAMS, "/user");
	c = plain("t", NULL, "10.8.0.0/24");
	c.p.allow_plain = false;
	must_refuse(&c, SESSION_BAD_PARAMS, "/allow_plain");
	c = plain("t", NULL, "10.8.0.0/24");
	c.p.interface = 0;
	must_refuse(&c, SESSION_BAD_PARAMS, "/interface");
	c = plain("t", NULL, "10.8.0.0/24");
	c.p.address = 77;
	must_refuse(&c, SESSION_BAD_PARAMS, "/address");
	c = plain("t", NULL, "10.8.0.0/24");
	c.p.mtu = 500;
	must_refuse(&c, SESSION_BAD_PARAMS, "/mtu");
	c = plain("t", NULL, "10.8.0.0/24");
	c.leg.remote.ip = net("2001:db8::9").ip;
	must_refuse(&c, SESSION_BAD_PARAMS, "/remote/ip");
	/* A call has that id. */
	assert_int_equal(session_create(s, &call, &a, &err), SESSION_OK);
	c = plain("call", NULL, "10.8.0.0/24");
	must_refuse(&c, SESSION_CONFLICT, "/id");
	assert_int_equal(session_delete(s, "call", NULL, NULL, &err), SESSION_OK);
	assert_string_equal(route_to("10.8.0.1"), "");
	assert_string_equal(route_to("10.9.0.1"), "there");
	must_delete("there");
	all_is_free();
}

static void changed(void **state)
{
	struct tunnel_create c = plain("t", NULL, "10.9.0.0/24"),
			     other = plain("o", NULL, "10.7.0.0/16");
	struct tunnel_change ch = {.id = "t", .set_networks = true, .network_count = 2};
	struct session_inner inner;
	struct tunnel_result r;
	struct session_error err;

	must_create(&c);
	must_create(&other);
	ch.network[0] = net("10.8.0.0/16");
	ch.network[1] = net("10.9.0.0/25");
	ch.set_mtu = true;
	ch.mtu = 1300;
	assert_int_equal(tunnel_update(t, &ch, &r, &err), SESSION_OK);
	assert_string_equal(route_to("10.8.5.1"), "t");
	assert_string_equal(route_to("10.9.0.1"), "t");
	assert_string_equal(route_to("10.9.0.200"), "");
	assert_int_equal(session_inner_get(s, "t", &inner, &err), SESSION_OK);
	assert_int_equal(inner.mtu, 1300);
	/* One of them is another's: nothing has changed. */
	ch.network[1] = net("10.7.0.0/16");
	ch.mtu = 1200;
	assert_int_equal(tunnel_update(t, &ch, &r, &err), SESSION_CONFLICT);
	assert_string_equal(route_to("10.9.0.1"), "t");
	assert_string_equal(route_to("10.7.0.1"), "o");
	assert_int_equal(session_inner_get(s, "t", &inner, &err), SESSION_OK);
	assert_int_equal(inner.mtu, 1300);
	/* Less patience, at once. */
	heard("t");
	test_turn(h, 60);
	test_turn(h, 4000);
	ch = (struct tunnel_change){.id = "t", .set_liveness = true, .liveness_s = 3};
	assert_int_equal(tunnel_update(t, &ch, &r, &err), SESSION_OK);
	test_turn(h, 20);
	assert_false(is_there("t"));
	assert_int_equal(tunnel_update(t, &ch, &r, &err), SESSION_NOT_FOUND);
	must_delete("o");
	all_is_free();
}

/* ---- hanging up ----------------------------------------------------------------------------- */

/* A server's tunnel with DTLS, keyed by and up with the bed's first party. */
static struct party *with_party(const char *id)
{
	struct party *p = bed_party(&bed, 0, "192.0.2.50", 6000);
	struct tunnel_create c = plain(id, NULL, "10.9.0.0/24");
	struct tunnel_result r;
	struct dtls_addr to;

	party_dtls(&bed, p, DTLS_ACTIVE, true);
	c.p.allow_plain = false;
	c.leg.security.type = LEG_SECURITY_DTLS;
	c.leg.security.dtls = party_tell_dtls(p, LEG_SETUP_PASSIVE);
	r = must_create(&c);
	party_hear_dtls(p, &r.session.leg[0].dtls, DTLS_ACTIVE);
	to = (struct dtls_addr){.ip = r.session.leg[0].local.ip,
				.port = r.session.leg[0].local.port};
	assert_int_equal(dtls_start(p->dtls, &to), 0);
	bed_run(&bed, 300);
	assert_non_null(secure_of(id)->rx);
	heard(id);
	bed_run(&bed, 60);
	assert_true(is_up(id));
	tunnel_result_free(&r);
	return p;
}

/* By its alert, at once; not by one that anybody could have sent. */
static void far_end_hangs_up(void **state)
{
	static const uint8_t forged[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0};
	struct party *p = with_party("t");

	party_send(&bed, p, s->table[index_of("t")].leg[0].port, forged, sizeof(forged));
	bed_run(&bed, 20);
	assert_true(is_up("t"));
	dtls_endpoint_close(p->dtls);
	bed_run(&bed, 10);
	assert_false(is_there("t"));
	expect("tunnel.down {\"id\":\"t\",\"reason\":\"hangup\",\"was_up\":true}\ndown t "
	       "hangup\n");
	assert_string_equal(route_to("10.9.0.77"), "");
	all_is_free();
}

static void far_end_is_told(void **state)
{
	struct party *p = with_party("t");

	must_delete("t");
	bed_run(&bed, 10);
	assert_int_equal(p->dtls_state.state, DTLS_CLOSED);
	all_is_free();
}

/* Its far ends are told, and nobody else. */
static void daemon_ends(void **state)
{
	struct party *p = with_party("t");

	test_injected = DP_RING_SIZE;
	sessions_goodbye(s);
	assert_int_equal(test_injected, 0);
	bed_run(&bed, 10);
	assert_int_equal(p->dtls_state.state, DTLS_CLOSED);
	assert_true(p->dtls_state.by_peer);
	assert_true(is_there("t"));
	must_delete("t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(up_and_down),
		TEST(never_up),
		TEST(ended_by_others),
		TEST(roamed),
		TEST(second_call_replaces),
		TEST(user_goes),
		TEST(same_again),
		TEST(refused),
		TEST(changed),
		TEST(far_end_hangs_up),
		TEST(far_end_is_told),
		TEST(daemon_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
