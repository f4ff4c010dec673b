/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnels_bed.h"

#include "route.h"

struct host *h;
struct sessions *s;
struct tunnels *t;
struct bed bed;
char told[8192];
static struct tunnel_observer watcher;

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

int set_up(void **state)
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

int tear_down(void **state)
{
	tunnels_free(t);
	bed_free(&bed);
	sessions_free(s);
	test_host_free(h);
	return 0;
}

struct net_prefix net(const char *text)
{
	struct net_prefix p;

	assert_int_equal(net_prefix_parse(text, &p), 0);
	return p;
}

void expect(const char *text)
{
	if (strstr(told, text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, told);
}

void add_user(const char *name, const char *address)
{
	struct user u = {.address_count = 1}, now;
	struct user_error err;
	bool created;

	snprintf(u.name, sizeof(u.name), "%s", name);
	u.address[0] = net(address);
	assert_int_equal(user_add(tunnels_users(t), &u, false, &created, &now, &err), USER_OK);
}

struct tunnel_create plain(const char *id, const char *user, const char *network)
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

struct tunnel_result must_create(const struct tunnel_create *c)
{
	struct tunnel_result r;
	struct session_error err;

	if (tunnel_create(t, c, &r, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	return r;
}

void must_refuse(const struct tunnel_create *c, enum session_fault f, const char *path)
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

void must_delete(const char *id)
{
	struct session_error err;

	assert_int_equal(tunnel_delete(t, id, TUNNEL_DELETED, NULL, NULL, &err), SESSION_OK);
	test_turn(h, 1);
}

uint32_t index_of(const char *id)
{
	struct session_error err;
	uint32_t index;

	assert_int_equal(session_index_of(s, id, &index, &err), SESSION_OK);
	return index;
}

bool is_there(const char *id)
{
	struct tunnel_info info;

	return tunnel_find(t, id, &info);
}

bool is_up(const char *id)
{
	struct tunnel_info info;

	assert_true(tunnel_find(t, id, &info));
	return info.up;
}

const char *route_to(const char *ip)
{
	union wire_ip addr = net(ip).ip;
	uint32_t value = flow_route_lookup(h->tables, &addr);

	return value != 0 ? session_id(&s->table[value - 1]) : "";
}

void heard(const char *id)
{
	struct flow_rt *rt = &h->tables->leg[2 * index_of(id)].rtp;

	rt->rx_packets++;
	rt->last_seen = flow_tick(h->loop.now_tsc);
}

void all_is_free(void)
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

struct tunnel_offer offer(const char *id, enum tunnel_mode mode, enum tunnel_form form,
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

struct tunnel_result must_offer(const struct tunnel_offer *o)
{
	struct tunnel_result r;
	struct session_error err;

	if (tunnel_offer(t, o, &r, &err) != SESSION_OK)
		fail_msg("%s: %s", err.path, err.reason);
	return r;
}

const struct flow_secure *secure_of(const char *id)
{
	return &h->tables->secure[2 * index_of(id)];
}
