/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels: how they come up, live and end; networks and users; offers and answers. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>

#include "call.h"
#include "route.h"
#include "session_inner.h"
#include "session_leg.h"
#include "tunnel.h"
#include "webrtc_bed.h"

#define WAN4 2

static struct host *h;
static struct sessions *s;
static struct tunnels *t;
static struct bed bed;
static struct tunnel_observer watcher;
static char told[8192]; /* what observers and clients of the API are told, in order */

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *fmt, ...)
{
	size_t len = strlen(told);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(told + len, sizeof(told) - len, fmt, ap);
	va_end(ap);
}

static void note_event(void *arg, const char *type, const char *params)
{
	if (strncmp(type, "tunnel.", 7) == 0)
		note("%s %s\n", type, params);
}

static void note_up(struct tunnel_observer *o, const char *id)
{
	note("up %s\n", id);
}

static void note_down(struct tunnel_observer *o, const char *id, enum tunnel_reason reason)
{
	note("down %s %s\n", id, tunnel_reason_name(reason));
}

static void note_network(struct tunnel_observer *o, const char *id, uint16_t interface,
			 const struct netinfo *info)
{
	assert_int_equal(interface, TEST_INNER);
	note("network %s %u\n", id, info != NULL ? info->address_count : 99);
}

static void configure(struct config *c)
{
	c->interface_count = 2;
	c->tunnel.users = 100;
	c->tunnel.mask = CONFIG_MASK_NETWORK;
	c->tunnel.payload_type = TUNNEL_PAYLOAD_TYPE;
	c->tunnel.pt_strict = c->tunnel.mss_clamp = true;
	c->tunnel.mtu = 1420;
	c->tunnel.liveness_s = 10;
	c->tunnel.setup_s = 30;
}

static int set_up(void **state)
{
	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	h->notify = note_event;
	told[0] = '\0';
	configure((struct config *)h->config);
	bed_init(&bed, h);
	if (sessions_create(&s, h) != 0 || tunnels_create(&t, h, s) != 0)
		return -1;
	watcher =
		(struct tunnel_observer){.up = note_up, .down = note_down, .network = note_network};
	tunnels_observe(t, &watcher);
	return 0;
}

static int tear_down(void **state)
{
	tunnels_free(t);
	bed_free(&bed);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------- */

static struct net_prefix net(const char *text)
{
	struct net_prefix p;

	assert_int_equal(net_prefix_parse(text, &p), 0);
	return p;
}

static void expect(const char *text)
{
	if (strstr(told, text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, told);
}

static void add_user(const char *name, const char *address)
{
	struct user u = {.address_count = 1}, now;
	struct user_error err;
	bool created;

	snprintf(u.name, sizeof(u.name), "%s", name);
	u.address[0] = net(address);
	assert_int_equal(user_add(tunnels_users(t), &u, false, &created, &now, &err), USER_OK);
}

/* A server's tunnel without security, to 192.0.2.50:6000. */
static struct tunnel_create plain(const char *id, const char *user, const char *network)
{
	struct tunnel_create c = {.leg = {.rtcp = LEG_RTCP_MUX, .has_remote = true}};

	tunnel_params_init(t, &c.p);
	c.p.id = id;
	c.p.mode = TUNNEL_SERVER;
	c.p.user = user;
	c.p.address = WAN4;
	c.p.allow_plain = true;
	if (network != NULL)
		c.p.network[c.p.network_count++] = net(network);
	c.leg.remote = (struct leg_remote){.ip = net("192.0.2.50").ip, .port = 6000};
	return c;
}

static struct tunnel_result must_create(const struct tunnel_create *c)
{
	struct tunnel_result r;
	struct session_error err;

	if (tunnel_create(t, c, &r, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	return r;
}

static void must_refuse(const struct tunnel_create *c, enum session_fault f, const char *path)
{
	struct tunnel_result r;
	struct session_error err;
	struct tunnels_stats before, after;

	tunnels_stats(t, &before);
	assert_int_equal(tunnel_create(t, c, &r, &err), f);
	assert_string_equal(err.path, path);
	assert_true(err.reason[0] != '\0');
	tunnels_stats(t, &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void must_delete(const char *id)
{
	struct session_error err;

	assert_int_equal(tunnel_delete(t, id, TUNNEL_DELETED, NULL, NULL, &err), SESSION_OK);
	test_turn(h, 1);
}

static uint32_t index_of(const char *id)
{
	struct session_error err;
	uint32_t index;

	assert_int_equal(session_index_of(s, id, &index, &err), SESSION_OK);
	return index;
}

static bool is_there(const char *id)
{
	struct tunnel_info info;

	return tunnel_find(t, id, &info);
}

static bool is_up(const char *id)
{
	struct tunnel_info info;

	assert_true(tunnel_find(t, id, &info));
	return info.up;
}

/* Id of the tunnel that packets to this address go to; "" for none. */
static const char *route_to(const char *ip)
{
	union wire_ip addr = net(ip).ip;
	uint32_t value = flow_route_lookup(h->tables, &addr);

	return value != 0 ? session_id(&s->table[value - 1]) : "";
}

static void heard(const char *id)
{
	struct flow_rt *rt = &h->tables->leg[2 * index_of(id)].rtp;

	rt->rx_packets++;
	rt->last_seen = flow_tick(h->loop.now_tsc);
}

static void all_is_free(void)
{
	struct sessions_stats st;
	struct tunnels_stats ts;

	test_turn(h, 1);
	sessions_stats(s, &st);
	tunnels_stats(t, &ts);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.plans_free, st.plans_total);
	assert_int_equal(ts.active, 0);
	assert_int_equal(ts.up, 0);
	assert_int_equal(test_neigh_refs, 0);
	assert_string_equal(route_to("10.9.0.2"), "");
}

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

/* ---- offers and answers --------------------------------------------------------------------- */

static struct tunnel_offer offer(const char *id, enum tunnel_mode mode, enum tunnel_form form,
				 enum leg_security_type security)
{
	struct tunnel_offer o = {.form = form, .remote_form = form};

	tunnel_params_init(t, &o.p);
	o.p.id = id;
	o.p.mode = mode;
	o.p.address = WAN4;
	o.p.allow_plain = security == LEG_SECURITY_NONE;
	o.has_security = true;
	o.security = security;
	return o;
}

static struct tunnel_result must_offer(const struct tunnel_offer *o)
{
	struct tunnel_result r;
	struct session_error err;

	if (tunnel_offer(t, o, &r, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	return r;
}

static const struct flow_secure *secure_of(const char *id)
{
	return &h->tables->secure[2 * index_of(id)];
}

static const struct leg_transport *transport(const char *id)
{
	return transport_of(s, &s->table[index_of(id)], 0);
}

static void keys_cross(void)
{
	const struct flow_secure *c = secure_of("c"), *v = secure_of("v");

	assert_non_null(c->rx);
	assert_non_null(v->rx);
	assert_true(srtp_keys_equal(c->tx, v->rx));
	assert_true(srtp_keys_equal(c->rx, v->tx));
	assert_false(srtp_keys_equal(c->tx, c->rx));
}

/* Client "c" calls server "v": offer, answer with network information. */
static void dial(enum tunnel_form form, enum leg_security_type security)
{
	struct tunnel_offer o = offer("c", TUNNEL_CLIENT, form, security);
	struct tunnel_result mine = must_offer(&o), theirs;
	struct tunnel_answer a = {.id = "c", .remote_form = form};
	struct session_error err;
	struct ice_info info;

	o = offer("v", TUNNEL_SERVER, form, security);
	o.has_security = false;
	o.p.user = "ann";
	o.remote = mine.text.data;
	theirs = must_offer(&o);
	assert_true(theirs.has_info);
	assert_int_equal(theirs.info.route_count, 0);
	a.remote = theirs.text.data;
	a.info = &theirs.info;
	tunnel_result_free(&mine);
	assert_string_equal(route_to("8.8.8.8"), "");
	if (tunnel_answer(t, &a, &mine, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	assert_int_equal(tunnel_answer(t, &a, &mine, &err), SESSION_WRONG_STATE);
	tunnel_result_free(&theirs);
	expect("network c 1\n");
	assert_string_equal(route_to("8.8.8.8"), "c");
	assert_string_equal(route_to("10.9.0.2"), "v");
	ice_get_info(transport("c")->ice, &info);
	assert_int_equal(info.mode, ICE_FULL);
	assert_true(info.has_remote && info.remote_lite && info.remotes > 0);
	ice_get_info(transport("v")->ice, &info);
	assert_int_equal(info.mode, ICE_LITE);
	assert_true(info.has_remote && info.remotes > 0);
	if (security == LEG_SECURITY_SDES) {
		keys_cross();
		return;
	}
	assert_int_equal(transport("c")->kept.fingerprint_count, 1);
	assert_int_equal(transport("v")->kept.fingerprint_count, 1);
	assert_int_equal(transport("c")->kept.setup, DTLS_ACTIVE);
	assert_int_equal(transport("v")->kept.setup, DTLS_PASSIVE);
	assert_int_equal(s->table[index_of("v")].leg[0].latch, LEG_LATCH_FOLLOW);
}

static void dialled(void **state)
{
	add_user("ann", "10.9.0.2/32");
	for (unsigned int form = TUNNEL_SDP; form <= TUNNEL_JSON; form++) {
		for (unsigned int i = 0; i < 2; i++) {
			dial((enum tunnel_form)form,
			     i == 0 ? LEG_SECURITY_DTLS : LEG_SECURITY_SDES);
			must_delete("c");
			expect("down c deleted\nnetwork c 99\n");
			must_delete("v");
			all_is_free();
		}
	}
}

/* Answers that are none leave an offer as it was; the right one still comes through. */
static void bad_answers(void **state)
{
	static const char *const bad[] = {
		"",
		"v=0\r\n",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 RTP/SAVP 0\r\n",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n",
		/* No fingerprint; then one that is none; then both sides passive. */
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 UDP/TLS/RTP/SAVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n"
		"a=setup:active\r\n",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 UDP/TLS/RTP/SAVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n"
		"a=setup:active\r\na=fingerprint:sha-256 AA:BB\r\n",
	};
	struct tunnel_offer o = offer("c", TUNNEL_CLIENT, TUNNEL_SDP, LEG_SECURITY_DTLS);
	struct tunnel_result r = must_offer(&o);
	struct tunnel_answer a = {.id = "c", .remote_form = TUNNEL_SDP};
	uint32_t generation = s->table[index_of("c")].generation;
	struct session_error err;

	tunnel_result_free(&r);
	for (unsigned int i = 0; i < COUNT(bad); i++) {
		a.remote = bad[i];
		err.path[0] = '\0';
		if (tunnel_answer(t, &a, &r, &err) == SESSION_OK)
			fail_msg("taken:\n%s", bad[i]);
		assert_string_equal(err.path, "/sdp");
		tunnel_result_free(&r);
	}
	a.id = "nobody";
	assert_int_equal(tunnel_answer(t, &a, &r, &err), SESSION_NOT_FOUND);
	assert_int_equal(s->table[index_of("c")].generation, generation);
	assert_string_equal(route_to("8.8.8.8"), "");
	must_delete("c");
	all_is_free();
}

/* What fails at the end has not ended the user's tunnel that was there before. */
static void answer_that_fails_replaces_nothing(void **state)
{
	static const char text[] =
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n";
	struct tunnel_create before = plain("before", "ann", NULL);
	struct tunnel_offer o = offer("v", TUNNEL_SERVER, TUNNEL_SDP, LEG_SECURITY_NONE);
	struct tunnel_answer a = {
		.id = "v", .remote_form = TUNNEL_SDP, .remote = text, .user = "ann"};
	struct tunnel_result r;
	struct session_error err;

	add_user("ann", "10.9.0.2/32");
	must_create(&before);
	o.has_ice = true;
	o.ice = LEG_ICE_NONE;
	o.p.network[o.p.network_count++] = net("10.8.0.0/16");
	r = must_offer(&o);
	tunnel_result_free(&r);
	test_neigh_fault = -ENETUNREACH;
	assert_int_equal(tunnel_answer(t, &a, &r, &err), SESSION_BAD_PARAMS);
	assert_true(is_there("before"));
	assert_string_equal(route_to("10.9.0.2"), "before");
	test_neigh_fault = 0;
	assert_int_equal(tunnel_answer(t, &a, &r, &err), SESSION_OK);
	assert_false(is_there("before"));
	assert_string_equal(route_to("10.9.0.2"), "v");
	assert_string_equal(route_to("10.8.0.2"), "v");
	must_delete("v");
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

/* Cut anywhere, or with a byte of it another: taken or refused, but nothing is left behind. */
static void damaged_offers(void **state)
{
	add_user("ann", "10.9.0.2/32");
	for (unsigned int form = TUNNEL_SDP; form <= TUNNEL_JSON; form++) {
		struct tunnel_offer o =
			offer("c", TUNNEL_CLIENT, (enum tunnel_form)form, LEG_SECURITY_DTLS);
		struct tunnel_result mine = must_offer(&o), r;
		struct session_error err;
		size_t len = strlen(mine.text.data);
		unsigned int refused_count = 0;

		must_delete("c");
		o = offer("v", TUNNEL_SERVER, (enum tunnel_form)form, LEG_SECURITY_DTLS);
		o.p.user = "ann";
		for (size_t i = 0; i < 2 * len; i++) {
			char *text = strdup(mine.text.data);

			if (i < len)
				text[i] = '\0';
			else
				text[i - len] = (char)(text[i - len] == 'x' ? 'y' : 'x');
			o.remote = text;
			if (tunnel_offer(t, &o, &r, &err) == SESSION_OK) {
				must_delete("v");
			} else {
				refused_count++;
				assert_true(err.reason[0] != '\0' && err.path[0] == '/');
			}
			tunnel_result_free(&r);
			free(text);
		}
		assert_true(refused_count > len / 2);
		tunnel_result_free(&mine);
	}
	all_is_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(up_and_down, set_up, tear_down),
		cmocka_unit_test_setup_teardown(never_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ended_by_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(roamed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(second_call_replaces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(user_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(same_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(dialled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answer_that_fails_replaces_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(far_end_hangs_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_end_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(daemon_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damaged_offers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
