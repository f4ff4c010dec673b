/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels: offers and answers in both forms, good and bad, and what comes of them. */
#include "check.h"

#include <stdlib.h>

#include "call_host.h"
#include "route.h"
#include "session_inner.h"
#include "session_leg.h"
#include "tunnel.h"

#define LAN4 0
#define WAN6 1
#define WAN4 2

static struct host *h;
static struct sessions *s;
static struct tunnels *t;
static struct session_error err;
static struct tunnel_result offered, answered, accepted;

/* ICE and DTLS speak to nobody here. */
int __wrap_udp_send(struct host *host, uint16_t addr, uint16_t sport, const union wire_ip *dst,
		    uint16_t dport, uint8_t tos, const void *data, size_t len);

int __wrap_udp_send(struct host *host, uint16_t addr, uint16_t sport, const union wire_ip *dst,
		    uint16_t dport, uint8_t tos, const void *data, size_t len)
{
	return 0;
}

/* What was told, one word after the other: "tunnel.up tunnel.down:timeout". */
static char told[1024];

static void note_event(void *arg, const char *type, const char *params)
{
	const char *reason = strstr(params, "\"reason\":\"");
	size_t at = strlen(told);

	if (strncmp(type, "tunnel.", 7) != 0)
		return;
	snprintf(told + at, sizeof(told) - at, "%s%s", at > 0 ? " " : "", type + 7);
	at = strlen(told);
	if (reason != NULL)
		snprintf(told + at, sizeof(told) - at, ":%.*s", (int)strcspn(reason + 10, "\""),
			 reason + 10);
}

static void must_tell(const char *what)
{
	assert_string_equal(told, what);
	told[0] = '\0';
}

static struct config *config(void)
{
	return (struct config *)h->config;
}

static void set_prefix(struct config_prefix *p, const char *text)
{
	assert_int_equal(wire_ip_parse_prefix(text, &p->ip, &p->bits), 0);
}

static int set_up(void **state)
{
	struct config_tunnel *c;

	if (test_eal() != 0)
		return -1;
	h = test_host_new();
	h->notify = note_event;
	told[0] = '\0';
	config()->interface_count = 2;
	c = &config()->tunnel;
	c->users = 10;
	c->payload_type = 97;
	c->pt_strict = c->mss_clamp = true;
	c->liveness_s = 10;
	c->setup_s = 30;
	c->has_pool[0] = true;
	set_prefix(&c->pool[0], "10.9.0.0/24");
	set_prefix(&c->route[0], "10.0.0.0/8");
	c->route_count = 1;
	memset(&offered, 0, sizeof(offered));
	memset(&answered, 0, sizeof(answered));
	memset(&accepted, 0, sizeof(accepted));
	if (sessions_create(&s, h) != 0)
		return -1;
	return tunnels_create(&t, h, s);
}

static void pass(uint64_t ms)
{
	for (; ms > 10; ms -= 10)
		test_turn(h, 10);
	test_turn(h, ms);
}

/* Whatever is left ends, and nothing is held any more. */
static int tear_down(void **state)
{
	uint32_t cursor = 0, budget = TEST_SESSIONS;
	struct tunnel_info info;
	struct sessions_stats st;

	tunnel_result_free(&offered);
	tunnel_result_free(&answered);
	tunnel_result_free(&accepted);
	while (tunnel_next(t, &cursor, &budget, &info))
		if (info.id != NULL)
			tunnel_delete(t, info.id, TUNNEL_DELETED, NULL, NULL, &err);
	pass(5);
	sessions_stats(s, &st);
	if (st.active != 0 || test_neigh_refs != 0 || st.plans_free != st.plans_total)
		return -1;
	tunnels_free(t);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

/* ---- what is asked ------------------------------------------------------------------------- */

static struct user must_add(const char *name, const char *address)
{
	struct user u = {.address_count = 0}, now;
	struct user_error e;
	bool created;

	snprintf(u.name, sizeof(u.name), "%s", name);
	if (address != NULL)
		assert_int_equal(net_prefix_parse(address, &u.address[u.address_count++]), 0);
	if (user_add(tunnels_users(t), &u, true, &created, &now, &e) != USER_OK)
		fail_msg("%s: %s: %s", name, e.path, e.reason);
	assert_true(created);
	return now;
}

static struct tunnel_offer client_offer(const char *id, enum tunnel_form form)
{
	struct tunnel_offer o = {.form = form, .remote_form = form};

	tunnel_params_init(t, &o.p);
	o.p.id = id;
	o.p.mode = TUNNEL_CLIENT;
	o.p.address = LAN4;
	return o;
}

static struct tunnel_offer server_offer(const char *id, const char *user, enum tunnel_form form)
{
	struct tunnel_offer o = client_offer(id, form);

	o.p.mode = TUNNEL_SERVER;
	o.p.address = WAN4;
	o.p.user = user;
	o.remote = offered.text.data;
	return o;
}

static void must_offer(const struct tunnel_offer *o, struct tunnel_result *r)
{
	tunnel_result_free(r);
	if (tunnel_offer(t, o, r, &err) != SESSION_OK)
		fail_msg("%s: %s: %s", o->p.id, err.path, err.reason);
	assert_int_equal(strlen(r->text.data), r->text.len);
}

static void must_accept(const char *id, enum tunnel_form form)
{
	const struct tunnel_answer a = {.id = id,
					.remote = answered.text.data,
					.remote_form = form,
					.info = answered.has_info ? &answered.info : NULL};

	tunnel_result_free(&accepted);
	if (tunnel_answer(t, &a, &accepted, &err) != SESSION_OK)
		fail_msg("%s: %s: %s", id, err.path, err.reason);
}

static void must_fault(enum session_fault f, enum session_fault want, const char *path)
{
	if (f != want || strcmp(err.path, path) != 0)
		fail_msg("fault %d at \"%s\" (%s), not %d at \"%s\"", f, err.path, err.reason, want,
			 path);
}

static uint32_t index_of(const char *id)
{
	uint32_t i;

	assert_int_equal(session_index_of(s, id, &i, &err), SESSION_OK);
	return i;
}

static const char *routed(const char *text)
{
	static char id[SESSION_ID_MAX + 1];
	uint32_t cursor = 0, budget = TEST_SESSIONS, to;
	struct tunnel_info info;
	union wire_ip ip;

	assert_int_equal(wire_ip_parse(text, &ip), 0);
	to = flow_route_lookup(h->tables, &ip);
	while (to != 0 && tunnel_next(t, &cursor, &budget, &info))
		if (info.id != NULL && index_of(info.id) + 1 == to) {
			snprintf(id, sizeof(id), "%s", info.id);
			return id;
		}
	return to == 0 ? "none" : "?";
}

static struct session_inner inner_of(const char *id)
{
	struct session_inner i;

	if (session_inner_get(s, id, &i, &err) != SESSION_OK)
		fail_msg("%s: %s", id, err.reason);
	return i;
}

/* An authentic packet came, as the worker notes it. */
static void hear(const char *id)
{
	struct flow_rt *rt = &h->tables->leg[2 * index_of(id)].rtp;

	rt->rx_packets++;
	rt->last_seen = flow_tick(h->loop.now_tsc);
}

static bool there(const char *id)
{
	struct tunnel_info info;

	return tunnel_find(t, id, &info);
}

static void must_have(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in\n%s", part, text);
}

/* ---- offer and answer ---------------------------------------------------------------------- */

static void both_ways(enum tunnel_form form)
{
	struct tunnel_offer o = client_offer("c", form);

	must_add("alice", "10.9.0.2/32");
	must_offer(&o, &offered);
	o = server_offer("s", "alice", form);
	must_offer(&o, &answered);
	assert_true(answered.has_info);
	assert_int_equal(answered.info.address_count, 1);
	assert_int_equal(answered.info.route_count, 1);
	assert_int_equal(answered.info.mtu, inner_of("s").mtu);
	must_accept("c", form);
	assert_string_equal(routed("10.9.0.2"), "s");
	assert_string_equal(routed("10.9.0.3"), "c"); /* what it was told: 10.0.0.0/8 */
	assert_string_equal(routed("192.0.2.7"), "none");
}

static void test_sdp(void **state)
{
	both_ways(TUNNEL_SDP);
	must_have(offered.text.data, "UDP/TLS/RTP/SAVP 97\r\n");
	must_have(offered.text.data, "a=rtpmap:97 CLEARMODE/8000\r\n");
	must_have(offered.text.data, "a=setup:actpass\r\n");
	assert_null(strstr(offered.text.data, "a=ice-lite"));
	must_have(answered.text.data, "a=ice-lite\r\n");
	must_have(answered.text.data, "a=setup:passive\r\n");
	must_have(answered.text.data, "a=candidate:");
}

static void test_json(void **state)
{
	both_ways(TUNNEL_JSON);
	must_have(offered.text.data, "{\"coder\":\"XPARENT\",\"pt\":97}");
	must_have(offered.text.data, "\"audio_setup_role\":\"actpass\"");
	must_have(answered.text.data, "\"audio_ice\":{\"lite\":true,\"fingerprint\":\"sha-256 ");
	must_have(answered.text.data, "\"audio_rtcp_mux\":true");
}

/* Keys are there at once, and each side's are the other's. */
static void with_sdes(enum tunnel_form form)
{
	struct tunnel_offer o = client_offer("c", form);

	must_add("bob", NULL);
	o.has_security = o.has_ice = true;
	o.security = LEG_SECURITY_SDES;
	o.ice = LEG_ICE_NONE;
	must_offer(&o, &offered);
	must_have(offered.text.data, "1 AEAD_AES_128_GCM inline:");
	must_have(offered.text.data, "2 AES_CM_128_HMAC_SHA1_80 inline:");
	o = server_offer("s", "bob", form);
	o.profile_count = 1;
	o.profile[0] = SRTP_AES_CM_128_HMAC_SHA1_80;
	must_offer(&o, &answered);
	must_have(answered.text.data, "2 AES_CM_128_HMAC_SHA1_80 inline:");
	assert_false(inner_of("c").has_keys);
	assert_true(inner_of("s").has_keys);
	must_accept("c", form);
	assert_true(inner_of("c").has_keys);
	assert_int_equal(inner_of("c").remote.port, answered.session.leg[0].local.port);
	assert_int_equal(inner_of("s").remote.port, offered.session.leg[0].local.port);
}

static void test_sdes_sdp(void **state)
{
	with_sdes(TUNNEL_SDP);
	must_have(answered.text.data, " RTP/SAVP 97\r\n");
}

static void test_sdes_json(void **state)
{
	with_sdes(TUNNEL_JSON);
}

static void test_plain_needs_a_word(void **state)
{
	struct tunnel_offer o = client_offer("c", TUNNEL_SDP);

	must_add("carol", NULL);
	o.has_security = o.has_ice = true;
	o.security = LEG_SECURITY_NONE;
	o.ice = LEG_ICE_NONE;
	must_fault(tunnel_offer(t, &o, &offered, &err), SESSION_BAD_PARAMS, "/allow_plain");
	o.p.allow_plain = true;
	must_offer(&o, &offered);
	must_have(offered.text.data, " RTP/AVP 97\r\n");
	o = server_offer("s", "carol", TUNNEL_SDP);
	must_fault(tunnel_offer(t, &o, &answered, &err), SESSION_BAD_PARAMS, "/allow_plain");
	assert_false(there("s"));
	o.p.allow_plain = true;
	must_offer(&o, &answered);
	must_accept("c", TUNNEL_SDP);
}

/* The server offers, and whose it is comes with the answer. */
static void test_server_offers(void **state)
{
	struct tunnel_offer o = client_offer("s", TUNNEL_SDP);
	struct tunnel_answer a = {.id = "s", .user = "nobody", .remote_form = TUNNEL_SDP};

	must_add("alice", "10.9.0.2/32");
	o.p.mode = TUNNEL_SERVER;
	o.p.address = WAN4;
	must_offer(&o, &offered);
	o = client_offer("c", TUNNEL_SDP);
	o.remote = offered.text.data;
	must_offer(&o, &answered);
	assert_false(answered.has_info);
	a.remote = answered.text.data;
	must_fault(tunnel_answer(t, &a, &accepted, &err), SESSION_NOT_FOUND, "/user");
	assert_string_equal(routed("10.9.0.2"), "none");
	a.user = "alice";
	assert_int_equal(tunnel_answer(t, &a, &accepted, &err), SESSION_OK);
	assert_true(accepted.has_info);
	assert_string_equal(routed("10.9.0.2"), "s");
	must_fault(tunnel_answer(t, &a, &accepted, &err), SESSION_WRONG_STATE, "/id");
}

/* Packets are sent with the type that the far end said, and taken with ours. */
static void test_other_payload_type(void **state)
{
	struct tunnel_offer o = client_offer("c", TUNNEL_JSON);
	static const char answer[] =
		"{\"coder\":[{\"coder\":\"G711A\",\"pt\":8},{\"coder\":\"XPARENT\",\"pt\":101}],"
		"\"audio_addr\":\"10.0.0.2\",\"audio_port\":4000}";
	const struct tunnel_answer a = {.id = "c", .remote = answer, .remote_form = TUNNEL_JSON};
	const struct flow_tunnel *ft;

	o.p.allow_plain = o.has_security = o.has_ice = true;
	o.security = LEG_SECURITY_NONE;
	o.ice = LEG_ICE_NONE;
	must_offer(&o, &offered);
	assert_int_equal(tunnel_answer(t, &a, &accepted, &err), SESSION_OK);
	ft = &h->tables->tunnel[index_of("c")];
	assert_int_equal(ft->payload_type, 101);
	assert_false(ft->flags & FLOW_TUNNEL_PT_STRICT);
	/* Told nothing, everything goes there. */
	assert_string_equal(routed("198.51.100.1"), "c");
	assert_string_equal(routed("2001:db8:1::1"), "c");
}

#define SDP_HEAD "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n"

/* Sections that are none of ours are refused, in their places. */
static void test_other_sections(void **state)
{
	static const char offer[] = SDP_HEAD "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
					     "m=audio 4002 RTP/AVP 0 96\r\na=mid:x\r\n"
					     "a=rtpmap:96 clearmode/8000\r\n";
	struct tunnel_offer o = server_offer("s", "alice", TUNNEL_SDP);

	must_add("alice", "10.9.0.2/32");
	o.remote = offer;
	o.p.allow_plain = true;
	o.p.address = LAN4;
	must_offer(&o, &answered);
	/* Each has c= in its section or before the first (RFC 8866 §5.7). */
	must_have(answered.text.data, "\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 0 ");
	must_have(answered.text.data, "m=audio 0 RTP/AVP 0\r\nm=audio ");
	must_have(answered.text.data, " RTP/AVP 96\r\n");
	must_have(answered.text.data, "a=mid:x\r\n");
	assert_int_equal(inner_of("s").remote.port, 4002);
	assert_int_equal(h->tables->tunnel[index_of("s")].payload_type, 96);
}

static void test_bad_texts(void **state)
{
	static const struct {
		const char *name, *text;
		enum tunnel_form form;
		enum session_fault fault;
		const char *path;
	} cases[] = {
		{"nothing", "", TUNNEL_SDP, SESSION_BAD_PARAMS, "/sdp"},
		{"no clearmode", SDP_HEAD "m=audio 4000 RTP/AVP 0\r\n", TUNNEL_SDP,
		 SESSION_BAD_PARAMS, "/sdp"},
		{"clearmode of another rate",
		 SDP_HEAD "m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/16000\r\n", TUNNEL_SDP,
		 SESSION_BAD_PARAMS, "/sdp"},
		{"a type that m= does not name",
		 SDP_HEAD "m=audio 4000 RTP/AVP 0\r\na=rtpmap:97 CLEARMODE/8000\r\n", TUNNEL_SDP,
		 SESSION_BAD_PARAMS, "/sdp"},
		{"switched off", SDP_HEAD "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n",
		 TUNNEL_SDP, SESSION_BAD_PARAMS, "/sdp"},
		{"SRTP without keys",
		 SDP_HEAD "m=audio 4000 RTP/SAVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n", TUNNEL_SDP,
		 SESSION_BAD_PARAMS, "/sdp"},
		{"a group's address",
		 SDP_HEAD "m=audio 4000 RTP/AVP 97\r\nc=IN IP4 224.0.0.1/1\r\n"
			  "a=rtpmap:97 CLEARMODE/8000\r\n",
		 TUNNEL_SDP, SESSION_BAD_PARAMS, "/sdp"},
		{"no JSON", "{", TUNNEL_JSON, SESSION_BAD_PARAMS, "/json"},
		{"an array", "[]", TUNNEL_JSON, SESSION_BAD_PARAMS, "/json"},
		{"no coder", "{}", TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/coder"},
		{"coders of something else", "{\"coder\":[1,{},{\"coder\":2}]}", TUNNEL_JSON,
		 SESSION_BAD_PARAMS, "/json/coder"},
		{"a type of 128", "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":128}]}", TUNNEL_JSON,
		 SESSION_BAD_PARAMS, "/json/coder"},
		{"nowhere", "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}]}", TUNNEL_JSON,
		 SESSION_BAD_PARAMS, "/json"},
		{"an address without a port",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],\"audio_addr\":\"10.0.0.2\"}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_port"},
		{"a user name without a password",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],\"audio_ice\":{\"usr\":\"abcd\"}}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_ice"},
		{"a short password",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],"
		 "\"audio_ice\":{\"usr\":\"abcd\",\"pwd\":\"x\"}}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_ice/pwd"},
		{"a fingerprint of nothing",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],"
		 "\"audio_ice\":{\"fingerprint\":\"sha-256\"}}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_ice/fingerprint"},
		{"a key of nothing",
		 "{\"coder\":[{\"coder\":\"XPARENT\",\"pt\":97}],\"audio_crypto\":[\"1\"]}",
		 TUNNEL_JSON, SESSION_BAD_PARAMS, "/json/audio_crypto"},
	};

	must_add("alice", "10.9.0.2/32");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tunnel_offer o = server_offer("s", "alice", cases[i].form);
		enum session_fault f;

		o.remote = cases[i].text;
		o.p.allow_plain = true;
		f = tunnel_offer(t, &o, &answered, &err);
		if (f != cases[i].fault || strcmp(err.path, cases[i].path) != 0)
			fail_msg("%s: %d at %s: %s", cases[i].name, f, err.path, err.reason);
		assert_false(there("s"));
		tunnel_result_free(&answered);
	}
}

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
		cmocka_unit_test_setup_teardown(test_sdp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sdes_sdp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sdes_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_plain_needs_a_word, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_server_offers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_payload_type, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_sections, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_texts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_liveness, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_never_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_user_deleted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_session_ended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_idempotent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_update, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_network_information, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_report, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
