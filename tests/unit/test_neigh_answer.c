/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control says on a link for its own addresses: ARP, neighbour discovery, echo, "too big"; and
 * what it makes of such packets that are bad.
 */
#include "neigh_bed.h"
#include "neigh_config.h"

#include "answer.h"
#include "icmp.h"

static int set_up(void **state)
{
	return host_set_up(neigh_config, 4096);
}

/* ---- helpers ---- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_arp_answers, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_arp_bad, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_answers_are_limited, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_conflict, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_announce, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_nd_resolves, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_nd_answers, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_nd_bad, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_echo, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_too_big, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_pool_empty, set_up, host_tear_down),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
