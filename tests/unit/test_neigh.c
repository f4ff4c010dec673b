/* SPDX-License-Identifier: BSD-3-Clause */
/* The neighbour table: next hops, whom it asks and believes, what waits for an answer. */
#include "neigh_bed.h"
#include "neigh_config.h"

#include <errno.h>

static int set_up(void **state)
{
	return host_set_up(neigh_config, 4096);
}

static int set_up_small(void **state)
{
	return host_set_up(neigh_config, 6); /* 0 is none, 1 is the static one: four are left */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_routes, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_one_entry_for_all, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_local_and_static, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_asks_then_fails_then_backs_off, set_up,
						host_tear_down),
		cmocka_unit_test_setup_teardown(test_answer_flushes_in_order, set_up,
						host_tear_down),
		cmocka_unit_test_setup_teardown(test_waiting_is_bounded, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_unasked_teaches_nothing, set_up,
						host_tear_down),
		cmocka_unit_test_setup_teardown(test_our_mac_as_theirs, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_claim_is_asked_about, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_takeover, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_probe_while_referenced, set_up,
						host_tear_down),
		cmocka_unit_test_setup_teardown(test_unreferenced_goes, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_churn_asks_slowly, set_up, host_tear_down),
		cmocka_unit_test_setup_teardown(test_table_full, set_up_small, host_tear_down),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
