/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel_offer_bed.h"

struct host *h;
struct sessions *s;
struct tunnels *t;
struct session_error err;
struct tunnel_result offered, answered, accepted;

static char told[1024];

/* ICE and DTLS speak to nobody here. */
int __wrap_udp_send(struct host *host, uint16_t addr, uint16_t sport, const union wire_ip *dst,
		    uint16_t dport, uint8_t tos, const void *data, size_t len);

int __wrap_udp_send(struct host *host, uint16_t addr, uint16_t sport, const union wire_ip *dst,
		    uint16_t dport, uint8_t tos, const void *data, size_t len)
{
	return 0;
}

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

void must_tell(const char *what)
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

int set_up(void **state)
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

void pass(uint64_t ms)
{
	for (; ms > 10; ms -= 10)
		test_turn(h, 10);
	test_turn(h, ms);
}

int tear_down(void **state)
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

struct user must_add(const char *name, const char *address)
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

struct tunnel_offer client_offer(const char *id, enum tunnel_form form)
{
	struct tunnel_offer o = {.form = form, .remote_form = form};

	tunnel_params_init(t, &o.p);
	o.p.id = id;
	o.p.mode = TUNNEL_CLIENT;
	o.p.address = LAN4;
	return o;
}

struct tunnel_offer server_offer(const char *id, const char *user, enum tunnel_form form)
{
	struct tunnel_offer o = client_offer(id, form);

	o.p.mode = TUNNEL_SERVER;
	o.p.address = WAN4;
	o.p.user = user;
	o.remote = offered.text.data;
	return o;
}

void must_offer(const struct tunnel_offer *o, struct tunnel_result *r)
{
	tunnel_result_free(r);
	if (tunnel_offer(t, o, r, &err) != SESSION_OK)
		fail_msg("%s: %s: %s", o->p.id, err.path, err.reason);
	assert_int_equal(strlen(r->text.data), r->text.len);
}

void must_accept(const char *id, enum tunnel_form form)
{
	const struct tunnel_answer a = {.id = id,
					.remote = answered.text.data,
					.remote_form = form,
					.info = answered.has_info ? &answered.info : NULL};

	tunnel_result_free(&accepted);
	if (tunnel_answer(t, &a, &accepted, &err) != SESSION_OK)
		fail_msg("%s: %s: %s", id, err.path, err.reason);
}

void must_fault(enum session_fault f, enum session_fault want, const char *path)
{
	if (f != want || strcmp(err.path, path) != 0)
		fail_msg("fault %d at \"%s\" (%s), not %d at \"%s\"", f, err.path, err.reason, want,
			 path);
}

uint32_t index_of(const char *id)
{
	uint32_t i;

	assert_int_equal(session_index_of(s, id, &i, &err), SESSION_OK);
	return i;
}

const char *routed(const char *text)
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

struct session_inner inner_of(const char *id)
{
	struct session_inner i;

	if (session_inner_get(s, id, &i, &err) != SESSION_OK)
		fail_msg("%s: %s", id, err.reason);
	return i;
}

void hear(const char *id)
{
	struct flow_rt *rt = &h->tables->leg[2 * index_of(id)].rtp;

	rt->rx_packets++;
	rt->last_seen = flow_tick(h->loop.now_tsc);
}

bool there(const char *id)
{
	struct tunnel_info info;

	return tunnel_find(t, id, &info);
}

void must_have(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in\n%s", part, text);
}

void both_ways(enum tunnel_form form)
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
