/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbour table and ICMP, with time in the test's hands: real mbufs and flow tables, a
 * dataplane that only keeps what it is given to send.
 */
#include "check.h"
#include "test_pool.h"

#include <errno.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "answer.h"
#include "arp.h"
#include "host.h"
#include "icmp.h"
#include "nd.h"

#define POOL_SIZE 2047
#define SENT_MAX  2048

static const char config_text[] =
	"{\"interfaces\":[{\"name\":\"lan\",\"device\":\"net_null0\"},"
	"{\"name\":\"wan\",\"device\":\"net_null0\",\"vlan\":7}],"
	"\"addresses\":["
	"{\"name\":\"lan4\",\"interface\":\"lan\",\"ip\":\"10.0.0.1/"
	"24\",\"gateway\":\"10.0.0.254\","
	"\"ports\":{\"min\":2000,\"max\":3001}},"
	"{\"name\":\"lan6\",\"interface\":\"lan\",\"ip\":\"2001:db8::1/"
	"64\",\"gateway\":\"fe80::fe\","
	"\"ports\":{\"min\":2000,\"max\":3001}},"
	"{\"name\":\"wan4\",\"interface\":\"wan\",\"ip\":\"192.0.2.1/24\","
	"\"ports\":{\"min\":2000,\"max\":3001}}],"
	"\"neighbours\":[{\"interface\":\"lan\",\"ip\":\"10.0.0.99\",\"mac\":\"02:00:00:00:00:99\"}"
	"],"
	"\"routes\":[{\"interface\":\"lan\",\"prefix\":\"10.9.0.0/16\",\"gateway\":\"10.0.0.253\"},"
	"{\"interface\":\"lan\",\"prefix\":\"10.9.9.0/24\",\"gateway\":\"10.0.0.252\"},"
	"{\"interface\":\"lan\",\"prefix\":\"10.0.0.128/25\",\"gateway\":\"10.0.0.251\"}]}";

enum { LAN, WAN };
enum { LAN4, LAN6, WAN4 };

static const uint8_t our_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
static const uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0, 0xaa};
static const uint8_t evil_mac[6] = {0x02, 0, 0, 0, 0, 0xee};
static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static struct rte_mempool *pool;
static struct host h;
static struct {
	uint8_t data[1600];
	size_t len;
	uint16_t iface;
} sent[SENT_MAX];
static unsigned int sent_count;
static char events[16][256];
static unsigned int event_count;

/* ---- the dataplane's part ---- */

struct rte_mempool *dp_pool(void)
{
	return pool;
}

bool dp_inject(struct dp *dp, uint16_t iface, struct rte_mbuf *m)
{
	assert_true(sent_count < SENT_MAX);
	assert_int_equal(m->pkt_len, m->data_len);
	assert_true(m->data_len <= sizeof(sent[0].data));
	memcpy(sent[sent_count].data, rte_pktmbuf_mtod(m, void *), m->data_len);
	sent[sent_count].len = m->data_len;
	sent[sent_count++].iface = iface;
	rte_pktmbuf_free(m);
	return true;
}

bool dp_inject_local(struct dp *dp, uint16_t iface, struct rte_mbuf *m)
{
	fail_msg("nothing here is for ourselves");
	return false;
}

static void on_event(void *arg, const char *type, const char *params)
{
	if (event_count < COUNT(events))
		snprintf(events[event_count], sizeof(events[0]), "%s %s", type, params);
	event_count++;
}

/* ---- helpers ---- */

static union wire_ip ip(const char *text)
{
	union wire_ip a;

	assert_int_equal(wire_ip_parse(text, &a), 0);
	return a;
}

static void at(uint64_t ms)
{
	loop_step(&h.loop, h.loop.start_tsc + ms * h.loop.tsc_per_ms);
	assert_int_equal(h.loop.now_ms, ms);
}

/* Timers are allowed one wheel tick: go on in ticks, so that what follows from them is due too. */
static void run_to(uint64_t ms)
{
	while (h.loop.now_ms < ms)
		at(RTE_MIN(ms, h.loop.now_ms + TND_TIMER_TICK_MS));
}

static struct rte_mbuf *frame_of(const uint8_t *data, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), data, len);
	return m;
}

static uint32_t ref(uint16_t addr, const char *to)
{
	union wire_ip a = ip(to);
	uint32_t n = 0;

	assert_int_equal(neigh_ref(&h, addr, &a, &n), 0);
	return n;
}

static struct neigh_info info_of(uint32_t nexthop)
{
	struct neigh_info info;
	uint32_t cursor = nexthop;

	assert_true(neigh_next(&h, &cursor, &info));
	assert_int_equal(info.nexthop, nexthop);
	return info;
}

static bool mac_is(uint32_t nexthop, const uint8_t mac[6])
{
	uint64_t word = h.tables->nexthop[nexthop].mac;

	return (word & FLOW_NEXTHOP_VALID) && memcmp(&word, mac, 6) == 0;
}

static void hear_arp(uint16_t iface, uint16_t op, const char *sender, const uint8_t mac[6],
		     const char *target)
{
	struct wire_arp arp = {.op = op, .sender = ip(sender), .target = ip(target)};
	struct wire_link link = {.vlan = h.tables->iface[iface].vlan};
	uint8_t buf[64];
	int len;

	memcpy(arp.sender_mac, mac, 6);
	memcpy(link.src, mac, 6);
	memcpy(link.dst, our_mac, 6);
	len = wire_arp_build(buf, sizeof(buf), &link, &arp);
	assert_true(len > 0);
	neigh_input_arp(&h, iface, frame_of(buf, (size_t)len));
}

static void hear_nd(uint8_t type, const char *src, const char *dst, const char *target,
		    const uint8_t *mac, bool solicited)
{
	struct wire_nd nd = {.type = type, .target = ip(target), .solicited = solicited};
	union wire_ip s = ip(src), d = ip(dst);
	struct wire_link link = {0};
	uint8_t buf[128];
	int len;

	memcpy(link.src, peer_mac, 6);
	memcpy(link.dst, our_mac, 6);
	if (mac != NULL) {
		nd.has_mac = true;
		memcpy(nd.mac, mac, 6);
	}
	len = wire_nd_build(buf, sizeof(buf), &link, &s, &d, &nd);
	assert_true(len > 0);
	neigh_input_nd(&h, LAN, frame_of(buf, (size_t)len));
}

/* The frame sent last is an ARP packet to `dst`. */
static struct wire_arp last_arp(const uint8_t dst[6])
{
	struct wire_frame f = {0};
	struct wire_arp arp;

	assert_true(sent_count > 0);
	assert_int_equal(
		wire_frame_parse(sent[sent_count - 1].data, sent[sent_count - 1].len, true, &f),
		WIRE_ARP);
	assert_int_equal(f.vlan, h.tables->iface[sent[sent_count - 1].iface].vlan);
	assert_int_equal(wire_arp_parse(sent[sent_count - 1].data + f.l3_off,
					sent[sent_count - 1].len - f.l3_off, &arp),
			 0);
	assert_memory_equal(sent[sent_count - 1].data, dst, 6);
	return arp;
}

static struct wire_nd last_nd(struct wire_frame *f)
{
	struct wire_nd nd;

	assert_true(sent_count > 0);
	assert_int_equal(
		wire_frame_parse(sent[sent_count - 1].data, sent[sent_count - 1].len, true, f),
		WIRE_ICMP6);
	assert_int_equal(wire_nd_parse(sent[sent_count - 1].data, f, &nd), 0);
	return nd;
}

static void expect_ip(const union wire_ip *got, const char *want)
{
	char text[WIRE_IP_STRLEN];

	assert_string_equal(wire_ip_format(got, text), want);
}

/* A packet that is ready but for its MAC; `tag` tells it from others. */
static void wait_packet(uint16_t iface, uint32_t nexthop, uint8_t tag)
{
	uint8_t data[60] = {0};

	data[59] = tag;
	neigh_input_unresolved(&h, iface, nexthop, frame_of(data, sizeof(data)));
}

/* ---- set up ---- */

static int set_up_with(uint32_t nexthops)
{
	struct flow_limits limits = {
		.sessions = 1, .nexthops = nexthops, .addresses = 3, .workers = 1};
	struct json_error err;
	struct config *c;

	memset(&h, 0, sizeof(h));
	sent_count = event_count = 0;
	if (config_parse(config_text, sizeof(config_text) - 1, &c, &err) != 0) {
		print_error("%s: %s\n", err.path, err.reason);
		return -1;
	}
	h.config = c;
	h.notify = on_event;
	h.tables = flow_tables_create(&limits);
	if (h.tables == NULL || loop_init(&h.loop, 1000) != 0)
		return -1;
	for (unsigned int i = 0; i < c->interface_count; i++) {
		struct flow_iface f = {.vlan = c->interfaces[i].vlan, .mtu = 1500};

		memcpy(f.mac.addr_bytes, our_mac, 6);
		if (flow_iface_add(h.tables, &f) != (int)i)
			return -1;
	}
	for (unsigned int i = 0; i < c->address_count; i++) {
		struct flow_addr a = {.ip = c->addresses[i].ip, .iface = c->addresses[i].interface};

		if (flow_addr_add(h.tables, &a) != (int)i)
			return -1;
	}
	return neigh_init(&h);
}

static int set_up(void **state)
{
	return set_up_with(4096);
}

static int set_up_small(void **state)
{
	return set_up_with(6); /* 0 is none, 1 is the static one: four are left */
}

/* Whatever a test did, no packet buffer is lost. */
static int tear_down(void **state)
{
	neigh_free(&h);
	flow_tables_free(h.tables);
	config_free((struct config *)(uintptr_t)h.config);
	loop_free(&h.loop);
	return rte_mempool_avail_count(pool) == POOL_SIZE ? 0 : -1;
}

/* ---- next hops ---- */

static void test_routes(void **state)
{
	static const struct {
		uint16_t addr;
		const char *to;
		int rc;
		const char *hop;
	} cases[] = {
		{LAN4, "10.0.0.2", 0, "10.0.0.2"},        {LAN4, "8.8.8.8", 0, "10.0.0.254"},
		{LAN4, "10.9.1.1", 0, "10.0.0.253"},      {LAN4, "10.9.9.1", 0, "10.0.0.252"},
		{LAN4, "10.0.0.200", 0, "10.0.0.251"},    {LAN4, "10.0.0.255", -EINVAL, NULL},
		{LAN4, "10.0.0.0", -EINVAL, NULL},        {LAN4, "224.0.0.1", -EINVAL, NULL},
		{LAN4, "255.255.255.255", -EINVAL, NULL}, {LAN4, "127.0.0.1", -EINVAL, NULL},
		{LAN4, "0.0.0.0", -EINVAL, NULL},         {LAN4, "2001:db8::2", -EINVAL, NULL},
		{LAN4, "169.254.1.1", 0, "169.254.1.1"},  {LAN6, "2001:db8::2", 0, "2001:db8::2"},
		{LAN6, "2001:db8:1::2", 0, "fe80::fe"},   {LAN6, "fe80::2", 0, "fe80::2"},
		{LAN6, "ff02::1", -EINVAL, NULL},         {LAN6, "::1", -EINVAL, NULL},
		{LAN6, "10.0.0.2", -EINVAL, NULL},        {WAN4, "192.0.2.2", 0, "192.0.2.2"},
		{WAN4, "10.0.0.2", -ENETUNREACH, NULL}, /* no gateway there */
		{3, "10.0.0.2", -EINVAL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		union wire_ip to = ip(cases[i].to);
		uint32_t n;

		check_case(cases[i].to, neigh_ref(&h, cases[i].addr, &to, &n) == cases[i].rc);
		if (cases[i].rc == 0) {
			struct neigh_info info = info_of(n);

			expect_ip(&info.ip, cases[i].hop);
			assert_int_equal(info.iface, cases[i].addr == WAN4 ? WAN : LAN);
		}
	}
}

static void test_one_entry_for_all(void **state)
{
	uint32_t a = ref(LAN4, "8.8.8.8"), b = ref(LAN4, "9.9.9.9"), c = ref(LAN4, "7.7.7.7");

	assert_int_equal(a, b);
	assert_int_equal(a, c);
	assert_int_equal(info_of(a).refs, 3);
	assert_int_equal(sent_count, 1); /* one question */
}

static void test_local_and_static(void **state)
{
	uint32_t local = ref(LAN4, "10.0.0.1"), fixed = ref(LAN4, "10.0.0.99");
	static const uint8_t mac99[6] = {0x02, 0, 0, 0, 0, 0x99};

	assert_true(h.tables->nexthop[local].mac & FLOW_NEXTHOP_LOCAL);
	assert_true(neigh_ready(&h, local));
	assert_true(mac_is(fixed, mac99));
	assert_int_equal(info_of(fixed).state, NEIGH_STATIC);
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.99", evil_mac, "10.0.0.1");
	run_to(120000);
	assert_true(mac_is(fixed, mac99));
	assert_int_equal(sent_count, 0);
	neigh_unref(&h, fixed);
	neigh_unref(&h, local);
	run_to(240000);
	assert_true(neigh_ready(&h, fixed));
	assert_false(neigh_ready(&h, local));
}

/* ---- the state machine ---- */

static void test_asks_then_fails_then_backs_off(void **state)
{
	static const uint64_t asked[] = {0, 250, 1250};
	uint32_t n = ref(LAN4, "10.0.0.2");
	struct wire_arp arp = last_arp(everybody);
	unsigned int before;

	assert_int_equal(arp.op, WIRE_ARP_REQUEST);
	expect_ip(&arp.sender, "10.0.0.1");
	expect_ip(&arp.target, "10.0.0.2");
	assert_memory_equal(arp.sender_mac, our_mac, 6);
	for (unsigned int i = 1; i < COUNT(asked); i++) {
		run_to(asked[i] - TND_TIMER_TICK_MS);
		assert_int_equal(sent_count, i);
		run_to(asked[i] + 3 * TND_TIMER_TICK_MS);
		assert_int_equal(sent_count, i + 1);
	}
	wait_packet(LAN, n, 1);
	assert_int_equal(event_count, 0);
	run_to(2300);
	assert_int_equal(info_of(n).state, NEIGH_FAILED);
	assert_int_equal(event_count, 1);
	assert_string_equal(events[0],
			    "neighbour.failed {\"interface\":\"lan\",\"ip\":\"10.0.0.2\"}");
	assert_int_equal(h.counter[HOST_wait_failed], 1);
	wait_packet(LAN, n, 2);
	assert_int_equal(h.counter[HOST_wait_failed], 2);

	/* 2, 4, 8, 16, 30, 30 … seconds apart; told once. */
	before = sent_count;
	run_to(2300 + 2000 + 4000 + 8000 + 16000 + 1000);
	assert_int_equal(sent_count - before, 4);
	before = sent_count;
	run_to(h.loop.now_ms + 300000);
	assert_in_range(sent_count - before, 9, 10);
	assert_int_equal(event_count, 1);

	/* It comes back in answer to such a question; a second failure is told again. */
	before = sent_count;
	while (sent_count == before)
		at(h.loop.now_ms + TND_TIMER_TICK_MS);
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	assert_true(mac_is(n, peer_mac));
	run_to(h.loop.now_ms + 60000);
	assert_int_equal(event_count, 2);
	assert_int_equal(h.tables->nexthop[n].mac, 0);
}

static void test_answer_flushes_in_order(void **state)
{
	uint32_t n = ref(LAN4, "10.0.0.2");

	for (uint8_t i = 0; i < 16; i++)
		wait_packet(LAN, n, i);
	wait_packet(LAN, n, 99);
	assert_int_equal(h.counter[HOST_wait_full], 1);
	assert_false(neigh_ready(&h, n));
	sent_count = 0;
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	assert_int_equal(sent_count, 16);
	for (uint8_t i = 0; i < 16; i++) {
		assert_int_equal(sent[i].data[59], i);
		assert_memory_equal(sent[i].data, peer_mac, 6);
	}
	assert_true(neigh_ready(&h, n));
	assert_true(mac_is(n, peer_mac));
	/* Those that were on their way meanwhile go straight on. */
	wait_packet(LAN, n, 7);
	assert_int_equal(sent_count, 17);
	assert_memory_equal(sent[16].data, peer_mac, 6);
}

static void test_waiting_is_bounded(void **state)
{
	char text[32];

	for (unsigned int i = 0; i < 70; i++) {
		uint32_t n;

		snprintf(text, sizeof(text), "192.0.2.%u", i + 2);
		n = ref(WAN4, text);
		for (unsigned int k = 0; k < 16; k++)
			wait_packet(WAN, n, 0);
	}
	assert_int_equal(h.counter[HOST_wait_full], 70 * 16 - 1024);
	/* Stale or made-up indexes. */
	wait_packet(LAN, 5, 0);
	wait_packet(WAN, 0, 0);
	wait_packet(WAN, 4095, 0);
	wait_packet(WAN, UINT32_MAX, 0);
	assert_int_equal(h.counter[HOST_wait_failed], 4);
	run_to(3000);
	assert_int_equal(h.counter[HOST_wait_failed], 4 + 1024);
}

static void test_unasked_teaches_nothing(void **state)
{
	struct neigh_info info;
	uint32_t cursor = 2; /* behind the static one */
	uint32_t n;

	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", evil_mac, "10.0.0.1");
	hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.3", evil_mac, "10.0.0.1");
	hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.4", evil_mac, "10.0.0.4");
	assert_false(neigh_next(&h, &cursor, &info));
	assert_int_equal(h.counter[HOST_arp_unasked], 1);

	/* Asked on the other interface, of somebody else, or too late. */
	n = ref(LAN4, "10.0.0.2");
	hear_arp(WAN, WIRE_ARP_REPLY, "10.0.0.2", evil_mac, "192.0.2.1");
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", evil_mac, "10.0.0.77");
	hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.2", evil_mac, "10.0.0.2");
	assert_false(neigh_ready(&h, n));
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	assert_true(mac_is(n, peer_mac));
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", evil_mac, "10.0.0.1");
	assert_true(mac_is(n, peer_mac));
	assert_int_equal(h.counter[HOST_neighbour_contradicted], 1);
}

/* The kernel's side of a TAP device has the MAC of ours. */
static void test_our_mac_as_theirs(void **state)
{
	uint32_t n = ref(LAN4, "10.0.0.2");

	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", our_mac, "10.0.0.1");
	assert_true(mac_is(n, our_mac));
}

/* A claim makes a question to the MAC in use; while that answers, nothing changes. */
static void test_claim_is_asked_about(void **state)
{
	uint32_t n = ref(LAN4, "10.0.0.2");

	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	run_to(5000);
	sent_count = 0;
	for (unsigned int i = 0; i < 100; i++)
		hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.2", evil_mac, "10.0.0.2");
	assert_int_equal(sent_count, 0);
	run_to(5000 + 2 * TND_TIMER_TICK_MS);
	assert_int_equal(sent_count, 1);
	last_arp(peer_mac);
	/* The liar answers the question that was not put to him. */
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", evil_mac, "10.0.0.1");
	assert_true(mac_is(n, peer_mac));
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	assert_true(mac_is(n, peer_mac));
	assert_int_equal(info_of(n).state, NEIGH_REACHABLE);
	run_to(6500);
	assert_int_equal(sent_count, 1);
	/* A flood of claims: one round a second. */
	for (uint64_t t = 6500; t < 16500; t += 10) {
		unsigned int before = sent_count;

		run_to(t);
		hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.2", evil_mac, "10.0.0.2");
		if (sent_count != before)
			hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	}
	assert_in_range(sent_count, 9, 12);
	assert_true(mac_is(n, peer_mac));
	assert_int_equal(event_count, 0);
}

/* The other half: the MAC in use is silent, so all are asked, and the new one is taken. */
static void test_takeover(void **state)
{
	uint32_t n = ref(LAN4, "10.0.0.2");

	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	run_to(5000);
	hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.2", evil_mac, "10.0.0.2");
	run_to(5000 + 200);
	last_arp(peer_mac);
	run_to(5000 + 600);
	last_arp(everybody);
	assert_true(mac_is(n, peer_mac)); /* in use until somebody answers */
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", evil_mac, "10.0.0.1");
	assert_true(mac_is(n, evil_mac));
	assert_int_equal(event_count, 0);
}

static void test_probe_while_referenced(void **state)
{
	uint32_t n = ref(LAN4, "10.0.0.2");

	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	sent_count = 0;
	run_to(29900);
	assert_int_equal(sent_count, 0);
	while (sent_count == 0)
		at(h.loop.now_ms + TND_TIMER_TICK_MS);
	assert_true(h.loop.now_ms < 35000);
	last_arp(peer_mac);
	assert_int_equal(info_of(n).state, NEIGH_PROBE);
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	assert_int_equal(info_of(n).state, NEIGH_REACHABLE);

	/* Silent: three to it alone, three to all, the MAC kept meanwhile. */
	sent_count = 0;
	while (sent_count < 3)
		at(h.loop.now_ms + TND_TIMER_TICK_MS);
	last_arp(peer_mac);
	while (sent_count < 6)
		at(h.loop.now_ms + TND_TIMER_TICK_MS);
	last_arp(everybody);
	assert_true(mac_is(n, peer_mac));
	run_to(h.loop.now_ms + 1100);
	assert_int_equal(info_of(n).state, NEIGH_FAILED);
	assert_int_equal(h.tables->nexthop[n].mac, 0);
	assert_int_equal(event_count, 1);
}

static void test_unreferenced_goes(void **state)
{
	uint32_t n = ref(LAN4, "10.0.0.2"), again;

	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	neigh_unref(&h, n);
	run_to(20000);
	again = ref(LAN4, "10.0.0.2"); /* still known */
	assert_int_equal(again, n);
	assert_true(neigh_ready(&h, n));
	neigh_unref(&h, n);
	sent_count = 0;
	run_to(60000);
	assert_int_equal(sent_count, 0);
	assert_false(neigh_ready(&h, n));
	assert_int_equal(h.tables->nexthop[n].mac, 0);
	neigh_unref(&h, n); /* given back twice: logged, without effect */
	neigh_unref(&h, UINT32_MAX);
}

/* Sessions that come and go toward a silent neighbour don't make a stream of questions. */
static void test_churn_asks_slowly(void **state)
{
	for (uint64_t t = 0; t < 10000; t += 10) {
		run_to(t);
		neigh_unref(&h, ref(LAN4, "10.0.0.2"));
	}
	assert_true(sent_count <= 11);
}

static void test_table_full(void **state)
{
	uint32_t n[4], other;
	union wire_ip to = ip("10.0.0.20");
	char text[32];

	for (unsigned int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i + 2);
		n[i] = ref(LAN4, text);
	}
	assert_int_equal(neigh_ref(&h, LAN4, &to, &other), -ENOSPC);
	neigh_unref(&h, n[2]);
	neigh_unref(&h, n[1]);
	assert_int_equal(neigh_ref(&h, LAN4, &to, &other), 0);
	assert_int_equal(other, n[2]); /* the one that was idle longest */
	assert_int_equal(ref(LAN4, "10.0.0.3"), n[1]);
	assert_int_equal(neigh_ref(&h, LAN4, &to, &other), 0);
	assert_int_equal(info_of(other).refs, 2);
}

/* ---- answering for ourselves ---- */

static void test_arp_answers(void **state)
{
	static const struct {
		const char *name;
		uint16_t iface;
		const char *sender, *target;
		bool answered;
	} cases[] = {
		{"ours", LAN, "10.0.0.2", "10.0.0.1", true},
		{"ours, by VLAN", WAN, "192.0.2.2", "192.0.2.1", true},
		{"sender from elsewhere", LAN, "172.16.0.9", "10.0.0.1", true},
		{"another's", LAN, "10.0.0.2", "10.0.0.3", false},
		{"ours, on the other interface", WAN, "192.0.2.2", "10.0.0.1", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		sent_count = 0;
		hear_arp(cases[i].iface, WIRE_ARP_REQUEST, cases[i].sender, peer_mac,
			 cases[i].target);
		check_case(cases[i].name, sent_count == cases[i].answered);
		if (cases[i].answered) {
			struct wire_arp arp = last_arp(peer_mac);

			assert_int_equal(sent[0].iface, cases[i].iface);
			assert_int_equal(arp.op, WIRE_ARP_REPLY);
			expect_ip(&arp.sender, cases[i].target);
			expect_ip(&arp.target, cases[i].sender);
			assert_memory_equal(arp.sender_mac, our_mac, 6);
			assert_memory_equal(arp.target_mac, peer_mac, 6);
		}
	}
	assert_int_equal(h.counter[HOST_arp_answered], 3);

	/* Somebody tests whether he may take our address: told that he may not (RFC 5227). */
	sent_count = 0;
	hear_arp(LAN, WIRE_ARP_REQUEST, "0.0.0.0", peer_mac, "10.0.0.1");
	assert_int_equal(sent_count, 1);
	assert_memory_equal(sent[0].data, peer_mac, 6);
	assert_memory_equal(sent[0].data + 20, "\x00\x02\x02\x00\x00\x00\x00\x01\x0a\x00\x00\x01",
			    12);
}

static void test_arp_bad(void **state)
{
	struct wire_arp arp = {
		.op = WIRE_ARP_REQUEST, .sender = ip("10.0.0.2"), .target = ip("10.0.0.1")};
	struct wire_link link = {0};
	uint8_t good[42], buf[42];

	memcpy(arp.sender_mac, peer_mac, 6);
	assert_int_equal(wire_arp_build(good, sizeof(good), &link, &arp), sizeof(good));
	for (size_t len = 0; len < sizeof(good); len++)
		neigh_input_arp(&h, LAN, frame_of(good, len));
	assert_int_equal(h.counter[HOST_arp_bad], sizeof(good));
	/* Hardware type, protocol type, lengths, operation, a group as sender. */
	for (unsigned int i = 14; i < 22; i++) {
		memcpy(buf, good, sizeof(buf));
		buf[i] ^= 0x40;
		neigh_input_arp(&h, LAN, frame_of(buf, sizeof(buf)));
	}
	memcpy(buf, good, sizeof(buf));
	buf[22] = 0xff;
	neigh_input_arp(&h, LAN, frame_of(buf, sizeof(buf)));
	assert_int_equal(h.counter[HOST_arp_bad], sizeof(good) + 9);
	assert_int_equal(sent_count, 0);
}

static void test_answers_are_limited(void **state)
{
	at(1000);
	for (unsigned int i = 0; i < 500; i++)
		hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.2", peer_mac, "10.0.0.1");
	assert_int_equal(sent_count, 100);
	assert_int_equal(h.counter[HOST_answer_limited], 400);
	at(1050);
	for (unsigned int i = 0; i < 500; i++)
		hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.2", peer_mac, "10.0.0.1");
	assert_int_equal(sent_count, 150);
}

static void test_conflict(void **state)
{
	struct wire_arp arp;

	at(100);
	for (unsigned int i = 0; i < 50; i++)
		hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.1", evil_mac, "10.0.0.1");
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.1", evil_mac, "10.0.0.9");
	assert_int_equal(h.counter[HOST_address_conflict], 51);
	assert_int_equal(sent_count, 1); /* defended once */
	arp = last_arp(everybody);
	expect_ip(&arp.target, "10.0.0.1");
	/* Our own announcement, come back by a loop in the link. */
	hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.1", our_mac, "10.0.0.1");
	assert_int_equal(h.counter[HOST_address_conflict], 51);
	run_to(10200);
	hear_arp(LAN, WIRE_ARP_REQUEST, "10.0.0.1", evil_mac, "10.0.0.1");
	assert_int_equal(sent_count, 2);
}

static void test_announce(void **state)
{
	struct wire_frame f;
	struct wire_arp arp;
	struct wire_nd nd;

	neigh_announce(&h);
	assert_int_equal(sent_count, 3);
	run_to(10000);
	assert_int_equal(sent_count, 9);
	sent_count = 1;
	arp = last_arp(everybody);
	expect_ip(&arp.sender, "10.0.0.1");
	expect_ip(&arp.target, "10.0.0.1");
	sent_count = 2;
	nd = last_nd(&f);
	assert_int_equal(nd.type, WIRE_ICMP6_NA);
	assert_true(nd.override && !nd.solicited && nd.has_mac);
	expect_ip(&f.dst, "ff02::1");
	expect_ip(&nd.target, "2001:db8::1");
	assert_int_equal(sent[2].iface, WAN);
}

/* ---- IPv6 ---- */

static void test_nd_resolves(void **state)
{
	uint32_t n = ref(LAN6, "2001:db8::2");
	struct wire_frame f;
	struct wire_nd nd = last_nd(&f);

	assert_int_equal(nd.type, WIRE_ICMP6_NS);
	expect_ip(&nd.target, "2001:db8::2");
	expect_ip(&f.src, "2001:db8::1");
	expect_ip(&f.dst, "ff02::1:ff00:2");
	assert_memory_equal(sent[0].data, "\x33\x33\xff\x00\x00\x02", 6);
	assert_memory_equal(nd.mac, our_mac, 6);

	wait_packet(LAN, n, 1);
	/* Not solicited, of somebody else, without a MAC, to another than us. */
	hear_nd(WIRE_ICMP6_NA, "2001:db8::2", "2001:db8::1", "2001:db8::2", evil_mac, false);
	hear_nd(WIRE_ICMP6_NA, "2001:db8::3", "2001:db8::1", "2001:db8::3", evil_mac, true);
	hear_nd(WIRE_ICMP6_NA, "2001:db8::2", "2001:db8::1", "2001:db8::2", NULL, true);
	hear_nd(WIRE_ICMP6_NA, "2001:db8::2", "2001:db8::7", "2001:db8::2", evil_mac, true);
	assert_false(neigh_ready(&h, n));
	assert_int_equal(h.counter[HOST_nd_unasked], 4);
	hear_nd(WIRE_ICMP6_NA, "2001:db8::2", "2001:db8::1", "2001:db8::2", peer_mac, true);
	assert_true(mac_is(n, peer_mac));
	assert_int_equal(sent_count, 2);
	assert_int_equal(sent[1].data[59], 1);

	/* A unicast probe may be answered without the option (RFC 4861 §7.2.4). */
	while (info_of(n).state != NEIGH_PROBE)
		at(h.loop.now_ms + TND_TIMER_TICK_MS);
	nd = last_nd(&f);
	expect_ip(&f.dst, "2001:db8::2");
	assert_memory_equal(sent[sent_count - 1].data, peer_mac, 6);
	hear_nd(WIRE_ICMP6_NA, "2001:db8::2", "2001:db8::1", "2001:db8::2", NULL, true);
	assert_int_equal(info_of(n).state, NEIGH_REACHABLE);

	/* An unsolicited claim of another MAC is asked about, not believed. */
	run_to(h.loop.now_ms + 5000);
	sent_count = 0;
	hear_nd(WIRE_ICMP6_NA, "2001:db8::2", "ff02::1", "2001:db8::2", evil_mac, false);
	run_to(h.loop.now_ms + 20);
	assert_int_equal(sent_count, 1);
	assert_memory_equal(sent[0].data, peer_mac, 6);
	assert_true(mac_is(n, peer_mac));
}

static void test_nd_answers(void **state)
{
	struct wire_frame f;
	struct wire_nd nd;

	hear_nd(WIRE_ICMP6_NS, "2001:db8::2", "ff02::1:ff00:1", "2001:db8::1", peer_mac, false);
	nd = last_nd(&f);
	assert_int_equal(nd.type, WIRE_ICMP6_NA);
	assert_true(nd.solicited && nd.override && !nd.router);
	assert_memory_equal(nd.mac, our_mac, 6);
	expect_ip(&f.dst, "2001:db8::2");
	expect_ip(&f.src, "2001:db8::1");
	assert_memory_equal(sent[0].data, peer_mac, 6);

	/* Somebody is about to take our address. */
	hear_nd(WIRE_ICMP6_NS, "::", "ff02::1:ff00:1", "2001:db8::1", NULL, false);
	nd = last_nd(&f);
	assert_false(nd.solicited);
	expect_ip(&f.dst, "ff02::1");
	assert_memory_equal(sent[1].data, "\x33\x33\x00\x00\x00\x01", 6);

	hear_nd(WIRE_ICMP6_NS, "2001:db8::2", "ff02::1:ff00:9", "2001:db8::9", peer_mac, false);
	assert_int_equal(sent_count, 2);
}

static void test_nd_bad(void **state)
{
	struct wire_nd ns = {.type = WIRE_ICMP6_NS, .target = ip("2001:db8::1"), .has_mac = true};
	union wire_ip src = ip("2001:db8::2"), dst = ip("2001:db8::1");
	struct wire_link link = {0};
	uint8_t good[86], buf[86];

	memcpy(ns.mac, peer_mac, 6);
	memcpy(link.src, peer_mac, 6);
	memcpy(link.dst, our_mac, 6);
	assert_int_equal(wire_nd_build(good, sizeof(good), &link, &src, &dst, &ns), sizeof(good));
	for (size_t len = 0; len < sizeof(good); len++)
		neigh_input_nd(&h, LAN, frame_of(good, len));
	assert_int_equal(h.counter[HOST_nd_bad], sizeof(good));
	/* Forwarded by a router: hop limit 254. Then a wrong checksum, an option of length 0. */
	memcpy(buf, good, sizeof(buf));
	buf[21] = 254;
	neigh_input_nd(&h, LAN, frame_of(buf, sizeof(buf)));
	memcpy(buf, good, sizeof(buf));
	buf[56] ^= 1;
	neigh_input_nd(&h, LAN, frame_of(buf, sizeof(buf)));
	memcpy(buf, good, sizeof(buf));
	buf[79] = 0;
	neigh_input_nd(&h, LAN, frame_of(buf, sizeof(buf)));
	assert_int_equal(h.counter[HOST_nd_bad], sizeof(good) + 3);
	assert_int_equal(sent_count, 0);
}

/* ---- ICMP ---- */

static size_t make_echo(uint8_t *p, uint8_t type, const char *dst)
{
	union wire_ip s = ip("10.0.0.2"), d = ip(dst);
	uint16_t sum;

	memset(p, 0, 50);
	memcpy(p, our_mac, 6);
	memcpy(p + 6, peer_mac, 6);
	wire_put16(p + 12, WIRE_ETHERTYPE_IP4);
	p[14] = 0x45;
	wire_put16(p + 16, 36);
	p[22] = 64;
	p[23] = WIRE_PROTO_ICMP4;
	memcpy(p + 26, &s.w[3], 4);
	memcpy(p + 30, &d.w[3], 4);
	sum = wire_checksum(wire_sum(p + 14, 20));
	memcpy(p + 24, &sum, 2);
	p[34] = type;
	p[49] = 0x5a;
	sum = wire_checksum(wire_sum(p + 34, 16));
	memcpy(p + 36, &sum, 2);
	return 50;
}

static void test_echo(void **state)
{
	struct wire_icmp_echo echo;
	struct wire_frame f;
	uint8_t p[50];
	size_t len = make_echo(p, WIRE_ICMP4_ECHO_REQUEST, "10.0.0.1");

	icmp_input(&h, LAN, frame_of(p, len));
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent[0].len, len);
	assert_memory_equal(sent[0].data, peer_mac, 6);
	assert_memory_equal(sent[0].data + 6, our_mac, 6);
	assert_int_equal(wire_frame_parse(sent[0].data, len, true, &f), WIRE_ICMP4);
	expect_ip(&f.src, "10.0.0.1");
	expect_ip(&f.dst, "10.0.0.2");
	assert_int_equal(wire_icmp_echo_parse(sent[0].data, &f, &echo), 0);
	assert_false(echo.request);

	icmp_input(&h, LAN, frame_of(p, make_echo(p, WIRE_ICMP4_ECHO_REPLY, "10.0.0.1")));
	icmp_input(&h, LAN, frame_of(p, make_echo(p, 13, "10.0.0.1")));
	icmp_input(&h, WAN, frame_of(p, make_echo(p, WIRE_ICMP4_ECHO_REQUEST, "10.0.0.1")));
	assert_int_equal(h.counter[HOST_icmp_ignored], 3);
	len = make_echo(p, WIRE_ICMP4_ECHO_REQUEST, "10.0.0.1");
	for (size_t i = 0; i < len; i++)
		icmp_input(&h, LAN, frame_of(p, i));
	p[49] ^= 1;
	icmp_input(&h, LAN, frame_of(p, len));
	assert_int_equal(h.counter[HOST_icmp_bad], len + 1);
	assert_int_equal(sent_count, 1);

	at(1000);
	sent_count = 0;
	for (unsigned int i = 0; i < 1000; i++)
		icmp_input(&h, LAN, frame_of(p, make_echo(p, WIRE_ICMP4_ECHO_REQUEST, "10.0.0.1")));
	assert_int_equal(sent_count, 100);
}

static void test_too_big(void **state)
{
	struct wire_frame f;
	uint8_t p[1514] = {0};
	uint16_t sum;

	make_echo(p, 0, "10.0.0.1");
	p[23] = WIRE_PROTO_UDP;
	wire_put16(p + 16, 1500);
	wire_put16(p + 20, 0x4000);
	memset(p + 24, 0, 2);
	sum = wire_checksum(wire_sum(p + 14, 20));
	memcpy(p + 24, &sum, 2);
	wire_put16(p + 38, 1480);
	icmp_too_big(&h, LAN, 1480, UINT16_MAX, frame_of(p, sizeof(p)));
	assert_int_equal(sent_count, 1);
	assert_memory_equal(sent[0].data, peer_mac, 6);
	assert_int_equal(wire_frame_parse(sent[0].data, (uint32_t)sent[0].len, true, &f),
			 WIRE_ICMP4);
	assert_true(wire_icmp_csum_ok(sent[0].data, &f));
	expect_ip(&f.src, "10.0.0.1");
	expect_ip(&f.dst, "10.0.0.2");
	assert_int_equal(sent[0].data[34], WIRE_ICMP4_UNREACHABLE);
	assert_int_equal(sent[0].data[35], WIRE_ICMP4_CODE_FRAG_NEEDED);
	assert_int_equal(wire_get16(sent[0].data + 40), 1480);
	assert_int_equal(h.counter[HOST_too_big_sent], 1);

	icmp_too_big(&h, LAN, 1480, UINT16_MAX, frame_of(p, 100));       /* cut off */
	icmp_too_big(&h, WAN, 1480, UINT16_MAX, frame_of(p, sizeof(p))); /* not ours there */
	assert_int_equal(h.counter[HOST_icmp_bad], 2);
	for (unsigned int i = 0; i < 100; i++)
		icmp_too_big(&h, LAN, 1480, UINT16_MAX, frame_of(p, sizeof(p)));
	assert_int_equal(sent_count, 16);
}

/* With no packet buffer left: no crash, counted, and it goes on when there are some again. */
static void test_pool_empty(void **state)
{
	static struct rte_mbuf *all[POOL_SIZE];
	uint32_t n;

	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, POOL_SIZE), 0);
	n = ref(LAN4, "10.0.0.2");
	neigh_announce(&h);
	assert_int_equal(sent_count, 0);
	assert_int_equal(h.counter[HOST_no_mbuf], 4);
	rte_pktmbuf_free_bulk(all, POOL_SIZE);
	run_to(300);
	assert_int_equal(sent_count, 1);
	hear_arp(LAN, WIRE_ARP_REPLY, "10.0.0.2", peer_mac, "10.0.0.1");
	assert_true(mac_is(n, peer_mac));
}

static int group_set_up(void **state)
{
	pool = test_pool_up("test_neigh", POOL_SIZE);
	return pool != NULL ? 0 : -1;
}

static int group_tear_down(void **state)
{
	return test_pool_down(pool);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_routes),
		TEST(test_one_entry_for_all),
		TEST(test_local_and_static),
		TEST(test_asks_then_fails_then_backs_off),
		TEST(test_answer_flushes_in_order),
		TEST(test_waiting_is_bounded),
		TEST(test_unasked_teaches_nothing),
		TEST(test_our_mac_as_theirs),
		TEST(test_claim_is_asked_about),
		TEST(test_takeover),
		TEST(test_probe_while_referenced),
		TEST(test_unreferenced_goes),
		TEST(test_churn_asks_slowly),
		cmocka_unit_test_setup_teardown(test_table_full, set_up_small, tear_down),
		TEST(test_arp_answers),
		TEST(test_arp_bad),
		TEST(test_answers_are_limited),
		TEST(test_conflict),
		TEST(test_announce),
		TEST(test_nd_resolves),
		TEST(test_nd_answers),
		TEST(test_nd_bad),
		TEST(test_echo),
		TEST(test_too_big),
		TEST(test_pool_empty),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
