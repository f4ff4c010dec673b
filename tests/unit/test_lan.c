/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts and gateways on a LAN behind tunnels: what workers find, and for how long. */
#include "inner_config.h"
#include "neigh_bed.h"

#include <errno.h>

#include "route.h"
#include "router.h"

#define NEXTHOPS 8192

static int set_up(void **state)
{
	return host_set_up(inner_config, NEXTHOPS) == 0 ? lan_start(&h) : -1;
}

/* Nobody refers to a neighbour any more. */
static int tear_down(void **state)
{
	struct neigh_info info;
	uint32_t cursor = 1;

	lan_stop(&h);
	while (neigh_next(&h, &cursor, &info))
		if (info.refs != 0)
			return -1;
	return host_tear_down(state);
}

/* ---- helpers ---- */

/* What is found for just this prefix; 0: nothing. */
static uint32_t entry(const char *prefix)
{
	union wire_ip a;
	unsigned int bits;

	assert_int_equal(wire_ip_parse_prefix(prefix, &a, &bits), 0);
	return flow_lpm_get(h.tables->lan[LAN], &a, bits);
}

static uint32_t ask(void)
{
	return h.tables->nexthop_count - 1;
}

static int find(uint16_t iface, const char *text, uint32_t *nexthop)
{
	union wire_ip a = ip(text);

	*nexthop = 0;
	return lan_find(&h, iface, &a, nexthop);
}

static uint32_t must_find(const char *text)
{
	uint32_t nexthop;

	assert_int_equal(find(LAN, text, &nexthop), 0);
	assert_true(nexthop != 0 && nexthop != ask());
	return nexthop;
}

static void hop_is(uint32_t nexthop, const char *want)
{
	struct neigh_info info = info_of(nexthop);

	expect_ip(&info.ip, want);
	assert_int_equal(info.iface, LAN);
}

/* The n-th host of the LAN. */
static const char *host(unsigned int n)
{
	static char text[20];

	snprintf(text, sizeof(text), "10.1.%u.%u", 16 + n / 200, n % 200 + 1);
	return text;
}

static uint32_t entry_of_host(unsigned int n)
{
	char prefix[24];

	snprintf(prefix, sizeof(prefix), "%s/32", host(n));
	return entry(prefix);
}

/* ---- what is there from the beginning ---- */

static void test_prefixes(void **state)
{
	assert_int_equal(entry("10.1.0.0/16"), ask());
	assert_int_equal(entry("fd00:1::/64"), ask());
	hop_is(entry("0.0.0.0/0"), "10.1.0.254");
	hop_is(entry("10.50.0.0/16"), "10.1.0.253");
	hop_is(entry("10.1.7.0/24"), "10.1.0.252");
	assert_int_equal(entry("::/0"), 0); /* no gateway of that family */
	assert_int_equal(entry("192.0.2.0/24"), 0);
	/* Each gateway is asked for, once. */
	assert_int_equal(sent_count, 3);
	for (unsigned int i = 0; i < sent_count; i++)
		assert_int_equal(sent[i].iface, LAN);
	/* A next hop that can't be anybody's, nor be sent to. */
	assert_int_equal(h.tables->nexthop[ask()].mac, 0);
	assert_false(neigh_failed(&h, ask()));
}

static void test_hosts(void **state)
{
	static const struct {
		uint16_t iface;
		const char *to;
		int rc;
		const char *hop;
		bool kept; /* as an entry of its own */
	} cases[] = {
		{LAN, "10.1.0.5", 0, "10.1.0.5", true},
		{LAN, "fd00:1::5", 0, "fd00:1::5", true},
		{LAN, "8.8.8.8", 0, "10.1.0.254", false},
		{LAN, "10.50.1.1", 0, "10.1.0.253", false},
		{LAN, "10.1.7.1", 0, "10.1.0.252", false},
		{LAN, "10.1.255.255", -ENETUNREACH, NULL, false},
		{LAN, "10.1.0.0", -ENETUNREACH, NULL, false},
		{LAN, "fd00:2::1", -ENETUNREACH, NULL, false},
		{LAN, "224.0.0.5", -EINVAL, NULL, false},
		{LAN, "255.255.255.255", -EINVAL, NULL, false},
		{LAN, "ff02::1", -EINVAL, NULL, false},
		{LAN, "127.0.0.1", -EINVAL, NULL, false},
		{LAN, "0.0.0.0", -EINVAL, NULL, false},
		{LAN, "::", -EINVAL, NULL, false},
		{WAN, "10.1.0.5", -EINVAL, NULL, false},
		{TUN, "10.1.0.5", -EINVAL, NULL, false},
		{3, "10.1.0.5", -EINVAL, NULL, false},
		{UINT16_MAX, "10.1.0.5", -EINVAL, NULL, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t nexthop, again;
		char prefix[64];

		check_case(cases[i].to, find(cases[i].iface, cases[i].to, &nexthop) == cases[i].rc);
		if (cases[i].rc != 0)
			continue;
		hop_is(nexthop, cases[i].hop);
		assert_int_equal(info_of(nexthop).refs, 1);
		snprintf(prefix, sizeof(prefix), "%s/%u", cases[i].to,
			 strchr(cases[i].to, ':') != NULL ? 128 : 32);
		check_case(cases[i].to, entry(prefix) == (cases[i].kept ? nexthop : 0));
		/* Asked for again it is the same, and no other reference. */
		assert_int_equal(find(LAN, cases[i].to, &again), 0);
		assert_int_equal(again, nexthop);
		assert_int_equal(info_of(nexthop).refs, 1);
	}
}

/* ---- how long ---- */

static void test_kept(void **state)
{
	uint32_t nexthop;

	run_to(1000);
	nexthop = must_find("10.1.0.99");
	assert_true(neigh_ready(&h, nexthop));
	sent_count = 0;
	for (uint64_t t = 10000; t <= 300000; t += 10000) {
		run_to(t);
		sent_count = 0; /* gateways that don't answer are asked for again and again */
	}
	assert_int_equal(entry("10.1.0.99/32"), nexthop);
	run_to(303000);
	assert_int_equal(entry("10.1.0.99/32"), 0);
	/* It comes again with the next packet, and nothing is lost meanwhile. */
	assert_int_equal(must_find("10.1.0.99"), nexthop);
	assert_true(neigh_ready(&h, nexthop));
}

/* Who does not answer goes sooner, also behind many that do. */
static void test_silent(void **state)
{
	enum { LIVING = 200 };

	for (unsigned int i = 0; i < LIVING; i++) {
		must_find(host(i));
		hear_arp(LAN, WIRE_ARP_REPLY, host(i), peer_mac, "10.1.0.1");
	}
	must_find(host(LIVING));
	run_to(9000);
	assert_true(entry_of_host(LIVING) != 0);
	sent_count = 0;
	run_to(16000);
	assert_int_equal(entry_of_host(LIVING), 0);
	for (unsigned int i = 0; i < LIVING; i++)
		assert_true(entry_of_host(i) != 0);
}

/* Somebody scans the LAN through a tunnel: those of long ago go. */
static void test_many(void **state)
{
	for (unsigned int i = 0; i < LAN_HOSTS_MAX + 100; i++) {
		must_find(host(i));
		sent_count = 0;
	}
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(entry_of_host(i), 0);
	for (unsigned int i = 100; i < LAN_HOSTS_MAX + 100; i++)
		assert_true(entry_of_host(i) != 0);
}

/* ---- what there is no room for ---- */

static void test_no_neighbours(void **state)
{
	uint32_t nexthop, first;

	/* 0 is none, one is static, three are gateways, and the last is nobody's: two are left. */
	assert_int_equal(host_set_up(inner_config, 8), 0);
	assert_int_equal(lan_start(&h), 0);
	first = must_find("10.1.0.5");
	must_find("10.1.0.6");
	assert_int_equal(find(LAN, "10.1.0.7", &nexthop), -ENOSPC);
	assert_int_equal(entry("10.1.0.7/32"), 0);
	assert_int_equal(must_find("10.1.0.5"), first);
	/* Those that were there are silent, and make room in time. */
	for (uint64_t t = 1000; t <= 50000; t += 1000) {
		run_to(t);
		sent_count = 0;
	}
	must_find("10.1.0.7");
	assert_int_equal(tear_down(state), 0);
}

static void test_no_gateways(void **state)
{
	assert_int_equal(host_set_up(inner_config, 5), 0);
	assert_int_equal(lan_start(&h), -ENOSPC);
	assert_int_equal(tear_down(state), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prefixes),
		TEST(test_hosts),
		TEST(test_kept),
		TEST(test_silent),
		TEST(test_many),
		cmocka_unit_test(test_no_neighbours),
		cmocka_unit_test(test_no_gateways),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
