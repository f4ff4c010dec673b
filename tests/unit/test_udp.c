/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP of the control lcore's own, with time in the test's hands: real mbufs, flow tables and
 * neighbours, a dataplane that only keeps what it is given.
 */
#include "check.h"
#include "test_pool.h"

#include <errno.h>

#include <rte_eal.h>

#include "arp.h"
#include "host.h"
#include "ip.h"
#include "link.h"
#include "udp.h"

#define POOL_SIZE 2047
#define SENT_MAX  256

static const char config_text[] =
	"{\"interfaces\":[{\"name\":\"lan\",\"device\":\"net_null0\"},"
	"{\"name\":\"wan\",\"device\":\"net_null0\",\"vlan\":7,\"mtu\":1280}],"
	"\"addresses\":["
	"{\"name\":\"lan4\",\"interface\":\"lan\",\"ip\":\"10.0.0.1/24\","
	"\"gateway\":\"10.0.0.254\",\"ports\":{\"min\":2000,\"max\":3001}},"
	"{\"name\":\"lan4b\",\"interface\":\"lan\",\"ip\":\"10.0.0.3/24\","
	"\"ports\":{\"min\":2000,\"max\":3001}},"
	"{\"name\":\"lan6\",\"interface\":\"lan\",\"ip\":\"2001:db8::1/64\","
	"\"ports\":{\"min\":2000,\"max\":3001}},"
	"{\"name\":\"wan4\",\"interface\":\"wan\",\"ip\":\"192.0.2.1/24\","
	"\"gateway\":\"192.0.2.254\",\"ports\":{\"min\":2000,\"max\":3001}},"
	"{\"name\":\"wan6\",\"interface\":\"wan\",\"ip\":\"2001:db8:7::1/64\","
	"\"ports\":{\"min\":2000,\"max\":3001}}],"
	"\"neighbours\":["
	"{\"interface\":\"lan\",\"ip\":\"10.0.0.99\",\"mac\":\"02:00:00:00:00:99\"},"
	"{\"interface\":\"lan\",\"ip\":\"10.0.0.254\",\"mac\":\"02:00:00:00:00:fe\"},"
	"{\"interface\":\"lan\",\"ip\":\"2001:db8::99\",\"mac\":\"02:00:00:00:00:99\"},"
	"{\"interface\":\"wan\",\"ip\":\"192.0.2.99\",\"mac\":\"02:00:00:00:00:99\"},"
	"{\"interface\":\"wan\",\"ip\":\"2001:db8:7::99\",\"mac\":\"02:00:00:00:00:99\"}],"
	"\"routes\":[{\"interface\":\"lan\",\"prefix\":\"10.9.0.0/"
	"16\",\"gateway\":\"10.0.0.99\"}]}";

enum { LAN, WAN };
enum { LAN4, LAN4B, LAN6, WAN4, WAN6 };

static const uint8_t our_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
static const uint8_t mac99[6] = {0x02, 0, 0, 0, 0, 0x99};
static const uint8_t gateway_mac[6] = {0x02, 0, 0, 0, 0, 0xfe};
static const uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0, 0xaa};

static struct rte_mempool *pool;
static struct host h;
static struct {
	uint8_t data[1600];
	size_t len;
	uint16_t iface;
	bool local;
} sent[SENT_MAX];
static unsigned int sent_count;
static bool ring_full;
static struct dp_punt punt;

/* ---- the dataplane's part ---- */

struct rte_mempool *dp_pool(void)
{
	return pool;
}

static bool keep(uint16_t iface, struct rte_mbuf *m, bool local)
{
	if (!ring_full) {
		assert_true(sent_count < SENT_MAX);
		assert_int_equal(m->pkt_len, m->data_len);
		memcpy(sent[sent_count].data, rte_pktmbuf_mtod(m, void *), m->data_len);
		sent[sent_count].len = m->data_len;
		sent[sent_count].local = local;
		sent[sent_count++].iface = iface;
	}
	rte_pktmbuf_free(m);
	return !ring_full;
}

bool dp_inject(struct dp *dp, uint16_t iface, struct rte_mbuf *m)
{
	return keep(iface, m, false);
}

bool dp_inject_local(struct dp *dp, uint16_t iface, struct rte_mbuf *m)
{
	return keep(iface, m, true);
}

const struct dp_punt *dp_punt_of(const struct rte_mbuf *m)
{
	return &punt;
}

/* ---- helpers ---- */

static union wire_ip ip(const char *text)
{
	union wire_ip a;

	assert_int_equal(wire_ip_parse(text, &a), 0);
	return a;
}

static void run_to(uint64_t ms)
{
	while (h.loop.now_ms < ms) {
		uint64_t next = RTE_MIN(ms, h.loop.now_ms + TND_TIMER_TICK_MS);

		loop_step(&h.loop, h.loop.start_tsc + next * h.loop.tsc_per_ms);
	}
}

static struct rte_mbuf *mbuf_of(const uint8_t *data, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), data, len);
	return m;
}

static int send_text(uint16_t addr, const char *to, const char *text)
{
	union wire_ip dst = ip(to);

	return udp_send(&h, addr, 2000, &dst, 5000, 0xb8, text, strlen(text));
}

/* The n-th frame sent: its headers, all checksums being right. */
static struct wire_frame frame(unsigned int n)
{
	struct wire_frame f;

	assert_true(n < sent_count);
	assert_int_equal(wire_frame_parse(sent[n].data, (uint32_t)sent[n].len, true, &f), WIRE_UDP);
	assert_int_equal(sent[n].len, f.payload_off + f.payload_len);
	assert_true(wire_load16(sent[n].data + f.l4_off + 6) != 0);
	assert_true(wire_frame_udp_csum_ok(sent[n].data, &f));
	assert_int_equal(f.ttl, 64);
	assert_int_equal(f.vlan, h.tables->iface[sent[n].iface].vlan);
	assert_memory_equal(sent[n].data + 6, our_mac, 6);
	return f;
}

static void expect_ip(const union wire_ip *got, const char *want)
{
	char text[WIRE_IP_STRLEN];

	assert_string_equal(wire_ip_format(got, text), want);
}

static void hear_arp(const char *sender)
{
	struct wire_arp arp = {
		.op = WIRE_ARP_REPLY, .sender = ip(sender), .target = ip("10.0.0.1")};
	struct wire_link link = {0};
	uint8_t buf[64];
	int len;

	memcpy(arp.sender_mac, peer_mac, 6);
	memcpy(link.src, peer_mac, 6);
	memcpy(link.dst, our_mac, 6);
	len = wire_arp_build(buf, sizeof(buf), &link, &arp);
	assert_true(len > 0);
	neigh_input_arp(&h, LAN, mbuf_of(buf, (size_t)len));
}

/* References that keep a neighbour, or -1 where it is not in the table. */
static int refs_of(const char *text)
{
	union wire_ip want = ip(text);
	struct neigh_info info;
	uint32_t cursor = 0;

	while (neigh_next(&h, &cursor, &info))
		if (wire_ip_equal(&info.ip, &want))
			return (int)info.refs;
	return -1;
}

/* ---- set up ---- */

static int set_up_with(uint32_t nexthops)
{
	struct flow_limits limits = {
		.sessions = 1, .nexthops = nexthops, .addresses = 5, .workers = 1};
	struct json_error err;
	struct config *c;

	memset(&h, 0, sizeof(h));
	sent_count = 0;
	ring_full = false;
	if (config_parse(config_text, sizeof(config_text) - 1, &c, &err) != 0) {
		print_error("%s: %s\n", err.path, err.reason);
		return -1;
	}
	h.config = c;
	h.tables = flow_tables_create(&limits);
	if (h.tables == NULL || loop_init(&h.loop, 1000) != 0)
		return -1;
	for (unsigned int i = 0; i < c->interface_count; i++) {
		struct flow_iface f = {.vlan = c->interfaces[i].vlan, .mtu = c->interfaces[i].mtu};

		memcpy(f.mac.addr_bytes, our_mac, 6);
		if (flow_iface_add(h.tables, &f) != (int)i)
			return -1;
	}
	for (unsigned int i = 0; i < c->address_count; i++) {
		struct flow_addr a = {.ip = c->addresses[i].ip, .iface = c->addresses[i].interface};

		if (flow_addr_add(h.tables, &a) != (int)i)
			return -1;
	}
	return neigh_init(&h) != 0 || udp_init(&h) != 0 ? -1 : 0;
}

static int set_up(void **state)
{
	return set_up_with(8192);
}

static int set_up_small(void **state)
{
	return set_up_with(8); /* 0 is none, five are static: two are left */
}

/* Whatever a test did, no packet buffer is lost. */
static int tear_down(void **state)
{
	udp_free(&h);
	neigh_free(&h);
	flow_tables_free(h.tables);
	config_free((struct config *)(uintptr_t)h.config);
	loop_free(&h.loop);
	return rte_mempool_avail_count(pool) == POOL_SIZE ? 0 : -1;
}

/* ---- sending ---- */

static void test_frames(void **state)
{
	static const struct {
		uint16_t addr, iface;
		const char *from, *to;
		const uint8_t *mac;
	} cases[] = {
		{LAN4, LAN, "10.0.0.1", "10.0.0.99", mac99},
		{LAN4B, LAN, "10.0.0.3", "10.0.0.99", mac99},
		{LAN6, LAN, "2001:db8::1", "2001:db8::99", mac99},
		{WAN4, WAN, "192.0.2.1", "192.0.2.99", mac99},
		{WAN6, WAN, "2001:db8:7::1", "2001:db8:7::99", mac99},
		{LAN4, LAN, "10.0.0.1", "203.0.113.5", gateway_mac},
		{LAN4, LAN, "10.0.0.1", "10.9.1.2", mac99}, /* a route */
	};

	for (unsigned int i = 0; i < COUNT(cases); i++) {
		struct wire_frame f;

		check_case(cases[i].to, send_text(cases[i].addr, cases[i].to, "hello") == 0);
		assert_int_equal(sent_count, i + 1);
		f = frame(i);
		expect_ip(&f.src, cases[i].from);
		expect_ip(&f.dst, cases[i].to);
		assert_int_equal(ntohs(f.sport_be), 2000);
		assert_int_equal(ntohs(f.dport_be), 5000);
		assert_int_equal(f.tos, 0xb8);
		assert_int_equal(f.payload_len, 5);
		assert_memory_equal(sent[i].data + f.payload_off, "hello", 5);
		assert_memory_equal(sent[i].data, cases[i].mac, 6);
		assert_int_equal(sent[i].iface, cases[i].iface);
		assert_false(sent[i].local);
	}
}

/* Every length up to what fits, and one more; sums that come to zero go out as 0xffff. */
static void test_lengths(void **state)
{
	static const struct {
		uint16_t addr;
		const char *to;
		size_t max;
	} cases[] = {
		{LAN4, "10.0.0.99", 1500 - 28},
		{LAN6, "2001:db8::99", 1500 - 48},
		{WAN4, "192.0.2.99", 1280 - 28},
		{WAN6, "2001:db8:7::99", 1280 - 48},
	};
	uint8_t data[1600];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + 3);
	for (size_t i = 0; i < COUNT(cases); i++) {
		union wire_ip to = ip(cases[i].to);

		for (size_t len = 0; len <= cases[i].max; len += len < 64 ? 1 : 61) {
			struct wire_frame f;

			sent_count = 0;
			assert_int_equal(udp_send(&h, cases[i].addr, 1, &to, 2, 0, data, len), 0);
			f = frame(0);
			assert_int_equal(f.payload_len, len);
			assert_memory_equal(sent[0].data + f.payload_off, data, len);
		}
		assert_int_equal(udp_send(&h, cases[i].addr, 1, &to, 2, 0, data, cases[i].max), 0);
		sent_count = 0;
		assert_int_equal(udp_send(&h, cases[i].addr, 1, &to, 2, 0, data, cases[i].max + 1),
				 -EMSGSIZE);
		assert_int_equal(udp_send(&h, cases[i].addr, 1, &to, 2, 0, data, 65536), -EMSGSIZE);
		assert_int_equal(udp_send(&h, cases[i].addr, 1, &to, 2, 0, data, SIZE_MAX),
				 -EMSGSIZE);
		assert_int_equal(sent_count, 0);
	}
	for (unsigned int v = 0; v < 65536; v++) {
		union wire_ip to = ip("10.0.0.99");
		uint16_t word = (uint16_t)v;

		sent_count = 0;
		assert_int_equal(udp_send(&h, LAN4, 1, &to, 2, 0, &word, 2), 0);
		frame(0);
	}
}

static void test_nowhere_to_go(void **state)
{
	static const struct {
		uint16_t addr;
		const char *to;
		int rc;
	} cases[] = {
		{LAN4, "2001:db8::99", -EINVAL},  {LAN6, "10.0.0.99", -EINVAL},
		{LAN4, "0.0.0.0", -EINVAL},       {LAN4, "10.0.0.255", -EINVAL},
		{LAN4, "224.0.0.1", -EINVAL},     {LAN4, "127.0.0.1", -EINVAL},
		{LAN4B, "8.8.8.8", -ENETUNREACH}, {LAN6, "2001:db8:9::1", -ENETUNREACH},
		{5, "10.0.0.99", -EINVAL},        {UINT16_MAX, "10.0.0.99", -EINVAL},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check_case(cases[i].to, send_text(cases[i].addr, cases[i].to, "x") == cases[i].rc);
	assert_int_equal(sent_count, 0);
}

/* ---- neighbours ---- */

static void test_waits_for_the_mac(void **state)
{
	struct wire_frame f;

	assert_int_equal(send_text(LAN4, "10.0.0.2", "one"), 0);
	assert_int_equal(send_text(LAN4, "10.0.0.2", "two"), 0);
	assert_int_equal(sent_count, 1); /* the question */
	run_to(200);
	hear_arp("10.0.0.2");
	assert_int_equal(sent_count, 3);
	for (unsigned int i = 1; i < 3; i++) {
		f = frame(i);
		assert_memory_equal(sent[i].data, peer_mac, 6);
		assert_memory_equal(sent[i].data + f.payload_off, i == 1 ? "one" : "two", 3);
	}
	assert_int_equal(send_text(LAN4, "10.0.0.2", "three"), 0);
	assert_int_equal(sent_count, 4);
}

static void test_waiting_is_bounded(void **state)
{
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(send_text(LAN4, "10.0.0.2", "x"), 0);
	assert_int_equal(send_text(LAN4, "10.0.0.2", "x"), -ENOBUFS);
	assert_int_equal(h.counter[HOST_wait_full], 1);
	run_to(3000);
	assert_int_equal(h.counter[HOST_wait_failed], 16);
	assert_int_equal(send_text(LAN4, "10.0.0.2", "x"), -EHOSTUNREACH);
	assert_int_equal(h.counter[HOST_wait_failed], 17);
}

/* It is asked for as long as somebody sends to it, and answers in the end. */
static void test_failed_comes_back(void **state)
{
	unsigned int before;

	assert_int_equal(send_text(LAN4, "10.0.0.2", "x"), 0);
	run_to(3000);
	assert_int_equal(send_text(LAN4, "10.0.0.2", "x"), -EHOSTUNREACH);
	before = sent_count;
	while (sent_count == before)
		run_to(h.loop.now_ms + TND_TIMER_TICK_MS);
	hear_arp("10.0.0.2");
	assert_int_equal(send_text(LAN4, "10.0.0.2", "again"), 0);
	assert_memory_equal(sent[sent_count - 1].data, peer_mac, 6);
}

static void test_hop_is_kept_a_while(void **state)
{
	assert_int_equal(send_text(LAN4, "10.0.0.2", "x"), 0);
	hear_arp("10.0.0.2");
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(send_text(LAN4, "10.0.0.2", "x"), 0);
		assert_int_equal(refs_of("10.0.0.2"), 1);
	}
	/* Used now and then: kept. */
	for (unsigned int i = 1; i <= 4; i++) {
		run_to(i * 20000);
		hear_arp("10.0.0.2");
		assert_int_equal(send_text(LAN4, "10.0.0.2", "x"), 0);
		assert_int_equal(refs_of("10.0.0.2"), 1);
	}
	run_to(80000 + 29000);
	assert_int_equal(refs_of("10.0.0.2"), 1);
	run_to(80000 + 36000);
	assert_int_equal(refs_of("10.0.0.2"), 0);
	/* From another address of ours, it is a reference of its own. */
	assert_int_equal(send_text(LAN4, "10.0.0.99", "x"), 0);
	assert_int_equal(send_text(LAN4B, "10.0.0.99", "x"), 0);
	assert_int_equal(refs_of("10.0.0.99"), 2);
}

/* More destinations than are remembered: all is sent, and no reference is lost. */
static void test_many_destinations(void **state)
{
	char text[32];

	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < 10000; i++) {
			snprintf(text, sizeof(text), "203.0.%u.%u", i / 250, i % 250 + 1);
			sent_count = 0;
			assert_int_equal(send_text(LAN4, text, "x"), 0);
			assert_int_equal(sent_count, 1);
			assert_memory_equal(sent[0].data, gateway_mac, 6);
		}
	}
	assert_in_range(refs_of("10.0.0.254"), 1000, 2048);
	run_to(40000);
	assert_int_equal(refs_of("10.0.0.254"), 0);
}

static void test_table_full(void **state)
{
	assert_int_equal(send_text(LAN4, "10.0.0.2", "x"), 0);
	assert_int_equal(send_text(LAN4, "10.0.0.4", "x"), 0);
	assert_int_equal(send_text(LAN4, "10.0.0.5", "x"), -ENOSPC);
	run_to(40000);
	assert_int_equal(send_text(LAN4, "10.0.0.5", "x"), 0);
}

static void test_ring_and_pool(void **state)
{
	static struct rte_mbuf *all[POOL_SIZE];

	ring_full = true;
	assert_int_equal(send_text(LAN4, "10.0.0.99", "x"), -ENOBUFS);
	assert_int_equal(h.counter[HOST_inject_full], 1);
	ring_full = false;
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, POOL_SIZE), 0);
	assert_int_equal(send_text(LAN4, "10.0.0.99", "x"), -ENOBUFS);
	assert_int_equal(h.counter[HOST_no_mbuf], 1);
	rte_pktmbuf_free_bulk(all, POOL_SIZE);
	assert_int_equal(send_text(LAN4, "10.0.0.99", "x"), 0);
	assert_int_equal(sent_count, 1);
}

/* ---- to ourselves ---- */

static void test_to_ourselves(void **state)
{
	static const struct {
		uint16_t addr;
		const char *to;
	} cases[] = {
		{LAN4, "10.0.0.3"}, {LAN4, "10.0.0.1"}, {LAN6, "2001:db8::1"}, {WAN4, "192.0.2.1"}};

	for (unsigned int i = 0; i < COUNT(cases); i++) {
		struct udp_datagram d;
		struct rte_mbuf *m;

		assert_int_equal(send_text(cases[i].addr, cases[i].to, "me"), 0);
		assert_int_equal(sent_count, i + 1);
		frame(i);
		assert_true(sent[i].local);
		assert_memory_equal(sent[i].data, our_mac, 6);
		m = mbuf_of(sent[i].data, sent[i].len);
		punt.iface = sent[i].iface;
		assert_int_equal(udp_parse(m, &d), 0);
		expect_ip(&d.dst, cases[i].to);
		rte_pktmbuf_free(m);
	}
	ring_full = true;
	assert_int_equal(send_text(LAN4, "10.0.0.3", "me"), -ENOBUFS);
}

/* ---- what comes, and its answer ---- */

/* From a stranger to local address `addr`, as a worker punts it. */
static struct rte_mbuf *punted(uint16_t addr, const char *from, const uint8_t mac[6])
{
	uint16_t iface = h.tables->addr[addr].iface;
	union wire_ip src = ip(from), dst = h.tables->addr[addr].ip;
	bool is4 = wire_ip_is4(&src);
	struct wire_link link = {.vlan = h.tables->iface[iface].vlan};
	size_t l2 = wire_link_hlen(&link), l3 = is4 ? WIRE_IP4_HLEN : WIRE_IP6_HLEN;
	uint8_t p[128] = {0}, *udp = p + l2 + l3;
	uint16_t sum;

	memcpy(link.src, mac, 6);
	memcpy(link.dst, our_mac, 6);
	wire_link_write(p, &link, is4 ? WIRE_ETHERTYPE_IP4 : WIRE_ETHERTYPE_IP6);
	if (is4)
		wire_ip4_write(p + l2, &src, &dst, WIRE_PROTO_UDP, 9, 0x28, 8 + 4);
	else
		wire_ip6_write(p + l2, &src, &dst, WIRE_PROTO_UDP, 9, 0x28, 8 + 4);
	wire_put16(udp, 6000);
	wire_put16(udp + 2, 2004);
	wire_put16(udp + 4, 8 + 4);
	memcpy(udp + 8, "ping", 4);
	sum = wire_checksum_udp(wire_sum_ip(&src) + wire_sum_ip(&dst) + htons(12) +
				htons(WIRE_PROTO_UDP) + wire_sum(udp, 12));
	memcpy(udp + 6, &sum, 2);
	punt.iface = iface;
	return mbuf_of(p, l2 + l3 + 12);
}

static void test_parse_and_answer(void **state)
{
	static const struct {
		uint16_t addr;
		const char *from;
		bool local;
	} cases[] = {
		{LAN4, "10.0.0.77", false},    {LAN6, "2001:db8:9::77", false},
		{WAN4, "198.51.100.7", false}, {WAN6, "2001:db8:7::77", false},
		{LAN4, "10.0.0.3", true},      {LAN6, "2001:db8::1", true},
	};

	for (unsigned int i = 0; i < COUNT(cases); i++) {
		struct rte_mbuf *m =
			punted(cases[i].addr, cases[i].from, cases[i].local ? our_mac : peer_mac);
		struct udp_datagram d;
		struct wire_frame f;

		assert_int_equal(udp_parse(m, &d), 0);
		expect_ip(&d.src, cases[i].from);
		assert_true(wire_ip_equal(&d.dst, &h.tables->addr[cases[i].addr].ip));
		assert_int_equal(d.sport, 6000);
		assert_int_equal(d.dport, 2004);
		assert_int_equal(d.iface, h.tables->addr[cases[i].addr].iface);
		assert_int_equal(d.tos, 0x28);
		assert_int_equal(d.len, 4);
		assert_memory_equal(d.data, "ping", 4);
		assert_memory_equal(d.mac.addr_bytes, cases[i].local ? our_mac : peer_mac, 6);

		assert_int_equal(udp_answer(&h, &d, 0, "pong!", 5), 0);
		assert_int_equal(sent_count, i + 1); /* and no question */
		f = frame(i);
		assert_true(wire_ip_equal(&f.src, &d.dst));
		expect_ip(&f.dst, cases[i].from);
		assert_int_equal(ntohs(f.sport_be), 2004);
		assert_int_equal(ntohs(f.dport_be), 6000);
		assert_memory_equal(sent[i].data, cases[i].local ? our_mac : peer_mac, 6);
		assert_memory_equal(sent[i].data + f.payload_off, "pong!", 5);
		assert_int_equal(sent[i].iface, d.iface);
		assert_int_equal(sent[i].local, cases[i].local);
		assert_int_equal(refs_of(cases[i].from), -1);
		rte_pktmbuf_free(m);
	}
}

static void test_answers_to_nobody(void **state)
{
	static const char *const from[] = {"0.0.0.0", "255.255.255.255", "224.0.0.5", "127.0.0.1"};
	static const uint8_t group[6] = {0x01, 0, 0x5e, 0, 0, 1};
	static uint8_t big[2000];
	struct udp_datagram d;
	struct rte_mbuf *m;

	for (size_t i = 0; i < COUNT(from); i++) {
		m = punted(LAN4, from[i], peer_mac);
		assert_int_equal(udp_parse(m, &d), 0);
		check_case(from[i], udp_answer(&h, &d, 0, "x", 1) == -EINVAL);
		rte_pktmbuf_free(m);
	}
	m = punted(LAN4, "10.0.0.77", group);
	assert_int_equal(udp_parse(m, &d), 0);
	assert_int_equal(udp_answer(&h, &d, 0, "x", 1), -EINVAL);
	rte_pktmbuf_free(m);
	m = punted(LAN4, "10.0.0.77", peer_mac);
	assert_int_equal(udp_parse(m, &d), 0);
	assert_int_equal(udp_answer(&h, &d, 0, big, sizeof(big)), -EMSGSIZE);
	ring_full = true;
	assert_int_equal(udp_answer(&h, &d, 0, "x", 1), -ENOBUFS);
	assert_int_equal(h.counter[HOST_inject_full], 1);
	rte_pktmbuf_free(m);
	assert_int_equal(sent_count, 0);
}

/* Cut off anywhere, and with any one bit wrong: refused, or an address that is not covered. */
static void test_parse_bad(void **state)
{
	static const uint16_t addrs[] = {LAN4, LAN6, WAN4, WAN6};

	for (unsigned int i = 0; i < COUNT(addrs); i++) {
		const char *from = i % 2 ? "2001:db8::77" : "10.0.0.77";
		struct rte_mbuf *m = punted(addrs[i], from, peer_mac);
		uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
		uint16_t whole = m->data_len;
		size_t l2 = addrs[i] >= WAN4 ? 18 : 14;
		struct udp_datagram d;

		for (uint16_t len = 0; len < whole; len++) {
			m->data_len = len;
			m->pkt_len = len;
			assert_int_equal(udp_parse(m, &d), -EINVAL);
		}
		m->data_len = whole;
		m->pkt_len = whole;
		/* From the addresses on: IPv6 has no sum over its traffic class and hop limit. */
		for (size_t bit = (l2 + (i % 2 ? 8 : 12)) * 8; bit < whole * 8u; bit++) {
			p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(udp_parse(m, &d), -EINVAL);
			p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(udp_parse(m, &d), 0);
		m->nb_segs = 2;
		assert_int_equal(udp_parse(m, &d), -EINVAL);
		m->nb_segs = 1;
		rte_pktmbuf_free(m);
	}
}

/* IPv4 may come without a UDP checksum, IPv6 may not. */
static void test_parse_without_checksum(void **state)
{
	struct udp_datagram d;
	struct rte_mbuf *m = punted(LAN4, "10.0.0.77", peer_mac);

	memset(rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 20 + 6), 0, 2);
	assert_int_equal(udp_parse(m, &d), 0);
	rte_pktmbuf_free(m);
	m = punted(LAN6, "2001:db8::77", peer_mac);
	memset(rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 40 + 6), 0, 2);
	assert_int_equal(udp_parse(m, &d), -EINVAL);
	rte_pktmbuf_free(m);
}

static int group_set_up(void **state)
{
	pool = test_pool_up("test_udp", POOL_SIZE);
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
		TEST(test_frames),
		TEST(test_lengths),
		TEST(test_nowhere_to_go),
		TEST(test_waits_for_the_mac),
		TEST(test_waiting_is_bounded),
		TEST(test_failed_comes_back),
		TEST(test_hop_is_kept_a_while),
		TEST(test_many_destinations),
		cmocka_unit_test_setup_teardown(test_table_full, set_up_small, tear_down),
		TEST(test_ring_and_pool),
		TEST(test_to_ourselves),
		TEST(test_parse_and_answer),
		TEST(test_answers_to_nobody),
		TEST(test_parse_bad),
		TEST(test_parse_without_checksum),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
