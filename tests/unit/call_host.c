/* SPDX-License-Identifier: BSD-3-Clause */
#include "call_host.h"

#include <errno.h>

#include <rte_eal.h>
#include <rte_rcu_qsbr.h>

#define PORT_MIN 20000
#define PORT_MAX 20031 /* 16 pairs */

int test_neigh_refs;
int test_neigh_fault;
unsigned int test_tunnels;
uint32_t test_tunnel;
int test_tunnel_fault;
unsigned int test_injected;

static struct flow_event events[16];
static unsigned int event_count;
static char dp_double; /* never looked into */

/* ---- doubles -------------------------------------------------------------------------------- */

int neigh_ref(struct host *h, uint16_t addr, const union wire_ip *ip, uint32_t *nexthop)
{
	int rc = test_neigh_fault;

	test_neigh_fault = 0;
	if (rc != 0)
		return rc;
	assert_true(wire_ip_is4(ip) == wire_ip_is4(&h->tables->addr[addr].ip));
	test_neigh_refs++;
	*nexthop = 1;
	return 0;
}

void neigh_unref(struct host *h, uint32_t nexthop)
{
	assert_int_equal(nexthop, 1);
	test_neigh_refs--;
}

bool neigh_next(const struct host *h, uint32_t *cursor, struct neigh_info *out)
{
	if (*cursor > 1)
		return false;
	*out = (struct neigh_info){.state = *cursor == 0 ? NEIGH_REACHABLE : NEIGH_INCOMPLETE,
				   .refs = 2,
				   .nexthop = 1};
	wire_ip_parse(*cursor == 0 ? "10.0.0.2" : "2001:db8::9", &out->ip);
	(*cursor)++;
	return true;
}

const char *neigh_state_name(enum neigh_state s)
{
	return s == NEIGH_REACHABLE ? "reachable" : "incomplete";
}

/* By the linker's --wrap, since the rest of the dataplane is the real one. */
unsigned int __wrap_dp_event_receive(struct dp *dp, struct flow_event *ev, unsigned int n);

unsigned int __wrap_dp_event_receive(struct dp *dp, struct flow_event *ev, unsigned int n)
{
	unsigned int got = event_count;

	assert_ptr_equal(dp, &dp_double);
	assert_true(n >= got);
	memcpy(ev, events, got * sizeof(*ev));
	event_count = 0;
	return got;
}

int __wrap_dp_tunnel_start(struct dp *dp, uint16_t worker, uint32_t session, uint16_t generation);

int __wrap_dp_tunnel_start(struct dp *dp, uint16_t worker, uint32_t session, uint16_t generation)
{
	assert_ptr_equal(dp, &dp_double);
	assert_true(worker < TEST_WORKERS);
	if (test_tunnel_fault != 0)
		return test_tunnel_fault;
	test_tunnels++;
	test_tunnel = session;
	return 0;
}

unsigned int __wrap_dp_inject_pending(const struct dp *dp);

/* Workers take some each time that somebody looks. */
unsigned int __wrap_dp_inject_pending(const struct dp *dp)
{
	assert_ptr_equal(dp, &dp_double);
	test_injected -= test_injected > 100 ? 100 : test_injected;
	return test_injected;
}

void test_event(const struct flow_event *ev)
{
	events[event_count++] = *ev;
}

/* ---- the host ------------------------------------------------------------------------------- */

int test_eal(void)
{
	static char *args[] = {"test",     "--no-huge", "--no-shconf", "-m",          "256",
			       "--no-pci", "-l",        "0",           "--log-level", "error"};
	static bool up;

	if (up)
		return 0;
	up = rte_eal_init(COUNT(args), args) >= 0;
	return up ? 0 : -1;
}

static void add_address(struct config *c, unsigned int i, const char *name, const char *ip,
			const char *advertise)
{
	struct config_address *a = &c->addresses[i];

	snprintf(a->name, sizeof(a->name), "%s", name);
	assert_int_equal(wire_ip_parse_prefix(ip, &a->ip, &a->prefix_bits), 0);
	a->advertise = a->ip;
	if (advertise != NULL)
		assert_int_equal(wire_ip_parse(advertise, &a->advertise), 0);
	a->port_min = PORT_MIN;
	a->port_max = PORT_MAX;
}

static struct config *make_config(void)
{
	static const char text[] = "{\"interfaces\": [], \"addresses\": []}";
	struct config *c = calloc(1, sizeof(*c));

	c->addresses = calloc(TEST_ADDRS, sizeof(*c->addresses));
	c->address_count = TEST_ADDRS;
	c->interfaces = calloc(2, sizeof(*c->interfaces));
	snprintf(c->interfaces[0].name, sizeof(c->interfaces[0].name), "lan");
	snprintf(c->interfaces[TEST_INNER].name, sizeof(c->interfaces[0].name), "tun0");
	c->interfaces[TEST_INNER].role = CONFIG_INNER_TUN;
	add_address(c, 0, "lan4", "10.0.0.1/24", NULL);
	add_address(c, 1, "wan6", "2001:db8::1/64", NULL);
	add_address(c, 2, "wan4", "192.0.2.1/24", "203.0.113.1");
	c->limit_sessions = TEST_SESSIONS;
	c->srtp_window = 128;
	c->dtls_profile[0] = SRTP_AEAD_AES_128_GCM;
	c->dtls_profile[1] = SRTP_AES_CM_128_HMAC_SHA1_80;
	c->dtls_profile_count = 2;
	c->text = strdup(text);
	c->text_len = sizeof(text) - 1;
	return c;
}

struct host *test_host_new(void)
{
	const struct flow_limits limits = {.sessions = TEST_SESSIONS,
					   .nexthops = 4,
					   .addresses = TEST_ADDRS,
					   .workers = TEST_WORKERS};
	const struct flow_iface iface = {.mtu = 1500};
	const struct flow_iface inner = {.port = 1, .mtu = 1420, .role = FLOW_ROLE_TUN};
	struct config *c = make_config();
	struct host *h = calloc(1, sizeof(*h));

	h->config = c;
	assert_int_equal(loop_init(&h->loop, 1000), 0);
	assert_int_equal(srtp_engine_pick(SRTP_ENGINE_AUTO, &h->srtp_engine), 0);
	h->tables = flow_tables_create(&limits);
	assert_non_null(h->tables);
	assert_int_equal(flow_iface_add(h->tables, &iface), 0);
	assert_int_equal(flow_iface_add(h->tables, &inner), TEST_INNER);
	for (unsigned int i = 0; i < TEST_ADDRS; i++) {
		const struct flow_addr addr = {.ip = c->addresses[i].ip};

		assert_int_equal(flow_addr_add(h->tables, &addr), i);
	}
	h->dp = (struct dp *)&dp_double;
	event_count = 0;
	test_neigh_refs = test_neigh_fault = test_tunnel_fault = 0;
	test_tunnels = 0;
	return h;
}

void test_host_free(struct host *h)
{
	struct config *c = (struct config *)h->config;

	flow_tables_free(h->tables);
	loop_free(&h->loop);
	free(c->addresses);
	free(c->interfaces);
	free(c->text);
	free(c);
	free(h);
}

void test_turn(struct host *h, uint64_t ms)
{
	loop_step(&h->loop, h->loop.now_tsc + ms * h->loop.tsc_per_ms);
}

const struct flow_plan *test_plan(const struct host *h, uint16_t addr, uint16_t port)
{
	uint32_t i = flow_lookup(flow_slot(h->tables, addr, port));

	return i != 0 ? &h->tables->plan[i] : NULL;
}

void test_reader_enter(struct host *h)
{
	assert_int_equal(rte_rcu_qsbr_thread_register(h->tables->rcu, 0), 0);
	rte_rcu_qsbr_thread_online(h->tables->rcu, 0);
}

void test_reader_leave(struct host *h)
{
	rte_rcu_qsbr_thread_offline(h->tables->rcu, 0);
	rte_rcu_qsbr_thread_unregister(h->tables->rcu, 0);
}
