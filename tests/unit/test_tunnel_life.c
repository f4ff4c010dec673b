/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels that were created at once: how they live and end, and what observers are told. */
#include "tunnel_offer_bed.h"

/* ---- life ---------------------------------------------------------------------------------- */

static void must_create(const char *id, const char *user, const char *network)
{
	struct tunnel_create c = {.leg = {.rtcp = LEG_RTCP_MUX, .has_remote = true}};

	tunnel_params_init(t, &c.p);
	c.p.id = id;
	c.p.mode = TUNNEL_SERVER;
	c.p.user = user;
	c.p.address = LAN4;
	c.p.allow_plain = true;
	if (network != NULL)
		assert_int_equal(net_prefix_parse(network, &c.p.network[c.p.network_count++]), 0);
	wire_ip_parse("10.0.0.2", &c.leg.remote.ip);
	c.leg.remote.port = 4000;
	tunnel_result_free(&answered);
	if (tunnel_create(t, &c, &answered, &err) != SESSION_OK)
		fail_msg("%s: %s: %s", id, err.path, err.reason);
}

static void test_liveness(void **state)
{
	must_create("a", NULL, "10.20.0.0/16");
	pass(1000);
	must_tell("");
	hear("a");
	pass(100);
	must_tell("up");
	pass(9800); /* 9.9 s since the packet */
	assert_true(there("a"));
	hear("a");
	pass(9900);
	assert_true(there("a"));
	must_tell("");
	pass(150);
	must_tell("down:timeout");
	assert_false(there("a"));
	assert_string_equal(routed("10.20.0.1"), "none");
	pass(10);
	must_fault(session_report(s, "a", &answered.text, NULL, &err), SESSION_NOT_FOUND, "/id");
}

static void test_never_up(void **state)
{
	must_create("a", NULL, "10.20.0.0/16");
	pass(29900);
	assert_true(there("a"));
	pass(200);
	must_tell("down:setup");
	assert_false(there("a"));
}

/* A user's second call replaces the first, and has its networks. */
static void test_replaced(void **state)
{
	struct user u = must_add("alice", NULL);

	assert_int_equal(u.address_count, 1);
	assert_true(u.pooled[0]);
	must_create("a", "alice", NULL);
	hear("a");
	pass(100);
	must_tell("up");
	assert_string_equal(routed("10.9.0.1"), "a");
	must_create("b", "alice", NULL);
	must_tell("down:replaced");
	assert_false(there("a"));
	assert_string_equal(routed("10.9.0.1"), "b");
	assert_string_equal(tunnels_of_user(t, "alice"), "b");
}

static void test_user_deleted(void **state)
{
	struct user_error e;

	must_add("alice", "10.9.0.2/32");
	must_create("a", "alice", NULL);
	assert_int_equal(tunnels_user_delete(t, "alice", &e), USER_OK);
	must_tell("down:user_deleted");
	assert_null(tunnels_of_user(t, "alice"));
	assert_int_equal(tunnels_user_delete(t, "alice", &e), USER_NOT_FOUND);
}

/* Who ends the session ends the tunnel. */
static void test_session_ended(void **state)
{
	must_create("a", NULL, "10.20.0.0/16");
	assert_int_equal(session_delete(s, "a", NULL, NULL, &err), SESSION_OK);
	must_tell("down:ended");
	assert_string_equal(routed("10.20.0.1"), "none");
}

static void test_idempotent(void **state)
{
	must_create("a", NULL, "10.20.0.0/16");
	assert_true(answered.created);
	must_create("a", NULL, "10.20.0.0/16");
	assert_false(answered.created);
}

static void test_faults(void **state)
{
	struct tunnel_create c = {.leg = {.rtcp = LEG_RTCP_MUX}};

	must_create("a", NULL, "10.20.0.0/16");
	tunnel_params_init(t, &c.p);
	c.p.mode = TUNNEL_SERVER;
	c.p.allow_plain = true;
	c.p.id = "b";
	must_fault(tunnel_create(t, &c, &accepted, &err), SESSION_BAD_PARAMS, "/networks");
	c.p.user = "nobody";
	must_fault(tunnel_create(t, &c, &accepted, &err), SESSION_NOT_FOUND, "/user");
	c.p.user = "a name that has 25 bytes!!";
	must_fault(tunnel_create(t, &c, &accepted, &err), SESSION_BAD_PARAMS, "/user");
	c.p.user = NULL;
	c.p.network_count = 1;
	net_prefix_parse("10.20.0.0/16", &c.p.network[0]);
	must_fault(tunnel_create(t, &c, &accepted, &err), SESSION_CONFLICT, "/networks");
	net_prefix_parse("10.21.0.0/16", &c.p.network[0]);
	c.p.id = "a";
	must_fault(tunnel_create(t, &c, &accepted, &err), SESSION_CONFLICT, "/id");
	c.p.id = "b";
	c.p.interface = 0;
	must_fault(tunnel_create(t, &c, &accepted, &err), SESSION_BAD_PARAMS, "/interface");
	c.p.interface = -1;
	c.p.mtu = 100;
	must_fault(tunnel_create(t, &c, &accepted, &err), SESSION_BAD_PARAMS, "/mtu");
	must_fault(tunnel_delete(t, "b", TUNNEL_DELETED, NULL, NULL, &err), SESSION_NOT_FOUND,
		   "/id");
	assert_string_equal(routed("10.21.0.1"), "none");
	assert_string_equal(routed("10.20.0.1"), "a");
}

static void test_update(void **state)
{
	struct tunnel_change c = {.id = "a", .set_networks = true, .network_count = 2};

	must_create("a", NULL, "10.20.0.0/16");
	must_create("b", NULL, "10.30.0.0/16");
	net_prefix_parse("10.21.0.0/16", &c.network[0]);
	net_prefix_parse("10.30.0.0/16", &c.network[1]);
	must_fault(tunnel_update(t, &c, &accepted, &err), SESSION_CONFLICT, "/networks");
	assert_string_equal(routed("10.20.0.1"), "a");
	assert_string_equal(routed("10.21.0.1"), "none");
	net_prefix_parse("fd00:21::/32", &c.network[1]);
	c.set_mtu = true;
	c.mtu = 1280;
	assert_int_equal(tunnel_update(t, &c, &accepted, &err), SESSION_OK);
	assert_string_equal(routed("10.20.0.1"), "none");
	assert_string_equal(routed("10.21.0.1"), "a");
	assert_string_equal(routed("fd00:21::1"), "a");
	assert_int_equal(inner_of("a").mtu, 1280);
	c = (struct tunnel_change){.id = "a", .set_liveness = true, .liveness_s = 2};
	assert_int_equal(tunnel_update(t, &c, &accepted, &err), SESSION_OK);
	hear("a");
	pass(1900);
	must_tell("up");
	pass(200);
	must_tell("down:timeout");
}

/* ---- observers ----------------------------------------------------------------------------- */

static struct netinfo put;
static unsigned int puts_seen, taken_away;

static void note_network(struct tunnel_observer *o, const char *id, uint16_t interface,
			 const struct netinfo *info)
{
	assert_string_equal(id, "c");
	assert_int_equal(interface, TEST_INNER);
	if (info == NULL) {
		taken_away++;
		return;
	}
	put = *info;
	puts_seen++;
}

static void test_network_information(void **state)
{
	struct tunnel_observer o = {.network = note_network};

	puts_seen = taken_away = 0;
	tunnels_observe(t, &o);
	both_ways(TUNNEL_SDP);
	assert_int_equal(puts_seen, 1);
	assert_int_equal(put.address_count, 1);
	assert_int_equal(put.mtu, answered.info.mtu);
	assert_int_equal(tunnel_delete(t, "c", TUNNEL_DELETED, NULL, NULL, &err), SESSION_OK);
	assert_int_equal(taken_away, 1);
	tunnels_unobserve(&o);
}

static void test_report(void **state)
{
	struct flow_tunnel *ft;

	must_add("alice", "10.9.0.2/32");
	must_create("a", "alice", "10.20.0.0/16");
	ft = &h->tables->tunnel[index_of("a")];
	ft->rt.generation = ft->generation;
	ft->rt.in_packets = 3;
	ft->rt.in_bytes = 300;
	ft->rt.keepalives_in = 2;
	ft->rt.drops[FLOW_DROP_tunnel_source - FLOW_LEG_DROPS] = 5;
	hear("a");
	pass(100);
	tunnel_result_free(&answered);
	assert_int_equal(tunnel_report(t, "a", &answered.text, NULL, &err), SESSION_OK);
	tnd_buf_addc(&answered.text, '\0');
	must_have(answered.text.data, "\"state\":\"up\",\"mode\":\"server\",\"user\":\"alice\"");
	must_have(answered.text.data, "\"networks\":[\"10.9.0.2/32\",\"10.20.0.0/16\"]");
	must_have(answered.text.data, "\"rx\":{\"packets\":3,\"bytes\":300}");
	must_have(answered.text.data, "\"keepalives\":{\"rx\":2,\"tx\":0}");
	must_have(answered.text.data, "\"drops\":{\"tunnel_source\":5}");
	must_have(answered.text.data, "\"encrypted\":false");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_liveness),     TEST(test_never_up),      TEST(test_replaced),
		TEST(test_user_deleted), TEST(test_session_ended), TEST(test_idempotent),
		TEST(test_faults),       TEST(test_update),        TEST(test_network_information),
		TEST(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
