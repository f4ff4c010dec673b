/* SPDX-License-Identifier: BSD-3-Clause */
/* Tandem as a router on the inner side of tunnels: whom it tells what, and who is told nothing. */
#include "inner_config.h"
#include "neigh_bed.h"

#include <errno.h>

#include "icmp_error.h"
#include "ip.h"
#include "router.h"

#define L2 WIRE_ETH_HLEN

typedef void handler(struct host *host, const struct dp_punt *what, struct rte_mbuf *m);

static int set_up(void **state)
{
	return host_set_up(inner_config, 8192) == 0 ? lan_start(&h) : -1;
}

static int tear_down(void **state)
{
	lan_stop(&h);
	return host_tear_down(state);
}

/* ---- helpers ---- */

struct packet {
	const char *src, *dst;
	uint8_t proto;     /* 0: UDP */
	uint8_t first;     /* of the payload: an ICMP type */
	uint16_t fragment; /* flags and offset */
};

/* 200 bytes of IP; behind an Ethernet header from `peer_mac` on a LAN. Its length. */
static size_t make(uint8_t *p, uint16_t iface, const struct packet *k)
{
	union wire_ip src = ip(k->src), dst = ip(k->dst);
	size_t off = iface == LAN ? L2 : 0;
	uint8_t proto = k->proto != 0 ? k->proto : WIRE_PROTO_UDP, *at = p + off;
	bool four = wire_ip_is4(&src);
	uint16_t payload = 200 - (four ? WIRE_IP4_HLEN : WIRE_IP6_HLEN);

	memset(p, 0, L2 + 200);
	if (off > 0) {
		memcpy(p, our_mac, 6);
		memcpy(p + 6, peer_mac, 6);
		wire_put16(p + 12, four ? WIRE_ETHERTYPE_IP4 : WIRE_ETHERTYPE_IP6);
	}
	if (four)
		wire_ip4_write(at, &src, &dst, proto, 64, 0, payload);
	else
		wire_ip6_write(at, &src, &dst, proto, 64, 0, payload);
	if (four && k->fragment != 0)
		wire_put16(at + 6, k->fragment);
	at[200 - payload] = k->first;
	return off + 200;
}

static struct dp_punt what_of(uint16_t iface, bool outward)
{
	return (struct dp_punt){
		.iface = iface, .outward = outward, .mtu = 1300, .l3_off = iface == LAN ? L2 : 0};
}

static void punt(handler *fn, uint16_t iface, bool outward, const struct packet *k)
{
	const struct dp_punt what = what_of(iface, outward);
	uint8_t p[L2 + 200];
	size_t len = make(p, iface, k);

	fn(&h, &what, frame_of(p, len));
}

/* What was sent last is an error of this type and code, from there; where its ICMP header is. */
static const uint8_t *last_error(uint16_t iface, const char *from, const char *to, uint8_t type,
				 uint8_t code)
{
	const struct sent *s = &sent[sent_count - 1];
	size_t off = iface == LAN ? L2 : 0;
	union wire_ip src, dst;
	struct wire_inner i = {.family = 0};
	const uint8_t *at = s->data + off;

	assert_true(sent_count > 0);
	assert_int_equal(s->iface, iface);
	assert_true(wire_inner_parse(at, (uint32_t)(s->len - off), true, &i) <= WIRE_INNER_IP6);
	assert_int_equal(off + i.len, s->len);
	src = i.family == 4 ? wire_ip_from4(wire_load32(at + 12)) : wire_ip_from6(at + 8);
	dst = i.family == 4 ? wire_ip_from4(wire_load32(at + 16)) : wire_ip_from6(at + 24);
	expect_ip(&src, from);
	expect_ip(&dst, to);
	assert_int_equal(i.proto, i.family == 4 ? WIRE_PROTO_ICMP4 : WIRE_PROTO_ICMP6);
	assert_int_equal(at[i.hlen], type);
	assert_int_equal(at[i.hlen + 1], code);
	return at + i.hlen;
}

static const uint8_t *last_mac(void)
{
	return sent[sent_count - 1].data;
}

/* ---- who is told, from where ---- */

static void test_errors(void **state)
{
	static const struct {
		const char *name;
		handler *fn;
		uint16_t iface;
		bool outward; /* it was on its way into a tunnel */
		const char *src, *dst, *from;
		uint8_t type, code;
		const uint8_t *mac; /* that the error goes to; NULL: it has no such header */
	} cases[] = {
		{"LAN, too big", router_too_big, LAN, true, "10.1.0.5", "10.9.0.2", "10.1.0.1", 3,
		 4, peer_mac},
		{"LAN, too big, IPv6", router_too_big, LAN, true, "fd00:1::5", "fd00:9::2",
		 "fd00:1::1", 2, 0, peer_mac},
		{"LAN, from behind a router there", router_hops, LAN, true, "10.50.0.5", "10.9.0.2",
		 "10.1.0.1", 11, 0, peer_mac},
		{"LAN, no hops left", router_hops, LAN, true, "fd00:1::5", "fd00:9::2", "fd00:1::1",
		 3, 0, peer_mac},
		{"out of a tunnel, no hops left", router_hops, LAN, false, "10.9.0.2", "10.1.0.5",
		 "10.1.0.1", 11, 0, our_mac},
		{"out of a tunnel, IPv6", router_hops, LAN, false, "fd00:9::2", "fd00:1::5",
		 "fd00:1::1", 3, 0, our_mac},
		/* The kernel takes none from its own address: it seems to come from the goal. */
		{"TUN, too big", router_too_big, TUN, true, "10.20.0.1", "10.9.0.2", "10.9.0.2", 3,
		 4, NULL},
		{"TUN, too big, IPv6", router_too_big, TUN, true, "fd00:1::5", "fd00:9::2",
		 "fd00:9::2", 2, 0, NULL},
		{"out of a tunnel to the kernel", router_hops, TUN, false, "10.9.0.2", "10.8.0.1",
		 "10.20.0.1", 11, 0, NULL},
		/* It has no address of that family. */
		{"out of a tunnel to the kernel, IPv6", router_hops, TUN, false, "fd00:9::2",
		 "fd00:8::1", "fd00:8::1", 3, 0, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct packet k = {.src = cases[i].src, .dst = cases[i].dst};
		const uint8_t *icmp;

		print_message("%s\n", cases[i].name);
		sent_count = 0;
		punt(cases[i].fn, cases[i].iface, cases[i].outward, &k);
		assert_int_equal(sent_count, 1);
		icmp = last_error(cases[i].iface, cases[i].from, cases[i].src, cases[i].type,
				  cases[i].code);
		check_case(cases[i].name, sent[0].inside == !cases[i].outward);
		if (cases[i].fn == router_too_big)
			assert_int_equal(wire_get16(icmp + 6), 1300);
		if (cases[i].mac == NULL)
			continue;
		assert_memory_equal(last_mac(), cases[i].mac, 6);
		assert_memory_equal(last_mac() + 6, our_mac, 6);
	}
	assert_int_equal(h.counter[HOST_inner_told], COUNT(cases));
}

/* ---- out of tunnels to hosts of a LAN ---- */

static void test_host_answers(void **state)
{
	const struct packet k = {.src = "10.9.0.2", .dst = "10.1.0.5"};
	struct wire_arp arp;

	sent_count = 0;
	punt(router_unresolved, LAN, false, &k);
	assert_int_equal(sent_count, 1);
	arp = last_arp(everybody);
	expect_ip(&arp.target, "10.1.0.5");
	hear_arp(LAN, WIRE_ARP_REPLY, "10.1.0.5", peer_mac, "10.1.0.1");
	assert_int_equal(sent_count, 2);
	assert_memory_equal(last_mac(), peer_mac, 6);
	assert_int_equal(sent[1].len, L2 + 200);
	assert_false(sent[1].inside);
	/* The next one meanwhile on its way here. */
	punt(router_unresolved, LAN, false, &k);
	assert_int_equal(sent_count, 3);
	assert_memory_equal(last_mac(), peer_mac, 6);
}

static void test_host_is_silent(void **state)
{
	const struct packet k = {.src = "10.9.0.2", .dst = "10.1.0.5"};

	punt(router_unresolved, LAN, false, &k);
	run_to(3000);
	assert_int_equal(h.counter[HOST_wait_failed], 1);
	sent_count = 0;
	punt(router_unresolved, LAN, false, &k);
	assert_int_equal(sent_count, 1);
	last_error(LAN, "10.1.0.1", "10.9.0.2", 3, 1);
	assert_true(sent[0].inside);
	assert_int_equal(h.counter[HOST_wait_failed], 2);
}

static void test_no_way(void **state)
{
	static const struct packet cases[] = {
		{.src = "fd00:9::2", .dst = "fd00:7::1"},   /* no gateway of its family */
		{.src = "10.9.0.2", .dst = "10.1.255.255"}, /* nobody has this address */
	};

	sent_count = 0;
	punt(router_unresolved, LAN, false, &cases[0]);
	assert_int_equal(sent_count, 1);
	last_error(LAN, "fd00:1::1", "fd00:9::2", 1, 0);
	assert_true(sent[0].inside);
	punt(router_unresolved, LAN, false, &cases[1]);
	last_error(LAN, "10.1.0.1", "10.9.0.2", 3, 0);
	assert_int_equal(h.counter[HOST_wait_failed], 2);
}

/* ---- hostile ---- */

/* No error answers these (RFC 1812 §4.3.2.7, RFC 4443 §2.4). */
static void test_not_told(void **state)
{
	static const struct packet cases[] = {
		{.src = "10.9.0.2", .dst = "10.1.0.5", .proto = WIRE_PROTO_ICMP4, .first = 3},
		{.src = "10.9.0.2", .dst = "10.1.0.5", .proto = WIRE_PROTO_ICMP4, .first = 5},
		{.src = "10.9.0.2", .dst = "10.1.0.5", .proto = WIRE_PROTO_ICMP4, .first = 11},
		{.src = "10.9.0.2", .dst = "10.1.0.5", .proto = WIRE_PROTO_ICMP4, .first = 77},
		{.src = "fd00:9::2", .dst = "fd00:1::5", .proto = WIRE_PROTO_ICMP6, .first = 1},
		{.src = "fd00:9::2", .dst = "fd00:1::5", .proto = WIRE_PROTO_ICMP6, .first = 137},
		{.src = "10.9.0.2", .dst = "10.1.0.5", .fragment = 0x2001},
		{.src = "10.9.0.2", .dst = "224.0.0.5"},
		{.src = "10.9.0.2", .dst = "255.255.255.255"},
		{.src = "0.0.0.0", .dst = "10.1.0.5"},
		{.src = "127.0.0.1", .dst = "10.1.0.5"},
		{.src = "224.0.0.5", .dst = "10.1.0.5"},
		{.src = "ff02::1", .dst = "fd00:1::5"},
		{.src = "::", .dst = "fd00:1::5"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		sent_count = 0;
		run_to(h.loop.now_ms + 1000); /* a full budget */
		sent_count = 0;
		h.counter[HOST_icmp_ignored] = 0;
		punt(router_hops, LAN, false, &cases[i]);
		punt(router_hops, LAN, true, &cases[i]);
		punt(router_hops, TUN, false, &cases[i]);
		punt(router_too_big, TUN, true, &cases[i]);
		if (sent_count != 0 || h.counter[HOST_icmp_ignored] != 4)
			fail_msg("case %zu: %u sent, %u ignored", i, sent_count,
				 (unsigned int)h.counter[HOST_icmp_ignored]);
	}
	/* What asks is no error. */
	punt(router_hops, LAN, false,
	     &(struct packet){.src = "10.9.0.2", .dst = "10.1.0.5", .proto = 1, .first = 8});
	assert_int_equal(sent_count, 1);
}

/* Cut anywhere, and bytes that are none of an IP packet: nothing is sent, nothing is lost. */
static void test_damaged(void **state)
{
	static handler *const fns[] = {router_too_big, router_hops, router_unresolved};
	static const char *const src[] = {"10.9.0.2", "fd00:9::2"}, *const dst[] = {"10.1.0.5",
										    "fd00:1::5"};
	uint8_t p[L2 + 200];
	uint64_t bad = 0;

	sent_count = 0;
	for (size_t i = 0; i < COUNT(fns) * 4; i++) {
		const struct packet k = {.src = src[i & 1], .dst = dst[i & 1]};
		uint16_t iface = i & 2 ? LAN : TUN;
		const struct dp_punt what = what_of(iface, false);
		size_t len = make(p, iface, &k), off = what.l3_off;

		for (size_t n = 0; n < len; n++, bad++)
			fns[i / 4](&h, &what, frame_of(p, n));
		for (unsigned int v = 0; v < 256; v += 16, bad++) {
			if (v >> 4 == 4 || v >> 4 == 6)
				v += 16;
			p[off] = (uint8_t)(v | (p[off] & 15));
			fns[i / 4](&h, &what, frame_of(p, len));
		}
	}
	assert_int_equal(sent_count, 0);
	assert_int_equal(h.counter[HOST_icmp_bad], bad);
}

/* What workers never say of a packet. */
static void test_false_words(void **state)
{
	static handler *const fns[] = {router_too_big, router_hops, router_unresolved};
	const struct packet k = {.src = "10.9.0.2", .dst = "10.1.0.5"};
	uint8_t p[L2 + 200];
	size_t len = make(p, LAN, &k);

	sent_count = 0;
	for (size_t i = 0; i < COUNT(fns); i++) {
		struct dp_punt what = what_of(3, false);
		struct rte_mbuf *m, *more;

		fns[i](&h, &what, frame_of(p, len)); /* an interface that there isn't */
		what = what_of(LAN, false);
		what.l3_off = 255;
		fns[i](&h, &what, frame_of(p, len));
		what = what_of(LAN, false);
		m = frame_of(p, len);
		more = frame_of(p, 1);
		assert_int_equal(rte_pktmbuf_chain(m, more), 0);
		fns[i](&h, &what, m);
	}
	/* Without an Ethernet header there is nothing to be sent on. */
	router_unresolved(&h, &(struct dp_punt){.iface = LAN}, frame_of(p + L2, len - L2));
	assert_int_equal(sent_count, 0);
	assert_int_equal(h.counter[HOST_icmp_bad], 9);
}

/* A stranger behind a tunnel scans: bounded errors, bounded questions. */
static void test_floods(void **state)
{
	const struct packet k = {.src = "10.9.0.2", .dst = "10.1.0.5"};

	run_to(10000);
	sent_count = 0;
	for (unsigned int i = 0; i < 1000; i++)
		punt(router_hops, LAN, false, &k);
	assert_int_equal(sent_count, 16);
	assert_int_equal(h.counter[HOST_answer_limited], 984);
	run_to(10200);
	sent_count = 0;
	for (unsigned int i = 0; i < 1000; i++)
		punt(router_hops, LAN, false, &k);
	assert_int_equal(sent_count, 16);
	/* One question for a host, and no more packets wait for it than there may. */
	sent_count = 0;
	for (unsigned int i = 0; i < 1000; i++)
		punt(router_unresolved, LAN, false, &k);
	assert_int_equal(sent_count, 1);
	assert_int_equal(h.counter[HOST_wait_full], 1000 - 16);
}

static void test_no_room(void **state)
{
	static struct rte_mbuf *all[POOL_SIZE];
	const struct packet k = {.src = "10.9.0.2", .dst = "10.1.0.5"};
	const struct dp_punt what = what_of(LAN, false);
	uint8_t p[L2 + 200];
	struct rte_mbuf *m;

	run_to(1000);
	sent_count = 0;
	ring_full = true;
	punt(router_hops, LAN, false, &k);
	punt(router_hops, LAN, true, &k);
	assert_int_equal(h.counter[HOST_inject_full], 2);
	assert_int_equal(h.counter[HOST_inner_told], 0);
	ring_full = false;
	m = frame_of(p, make(p, LAN, &k));
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, POOL_SIZE - 1), 0);
	router_hops(&h, &what, m);
	assert_int_equal(h.counter[HOST_no_mbuf], 1);
	assert_int_equal(sent_count, 0);
	rte_pktmbuf_free_bulk(all, POOL_SIZE - 1);
	punt(router_hops, LAN, false, &k);
	assert_int_equal(sent_count, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_errors),      TEST(test_host_answers), TEST(test_host_is_silent),
		TEST(test_no_way),      TEST(test_not_told),     TEST(test_damaged),
		TEST(test_false_words), TEST(test_floods),       TEST(test_no_room),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
