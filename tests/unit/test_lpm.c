/* SPDX-License-Identifier: BSD-3-Clause */
/* Longest prefix match: against a list that is looked through, and what becomes of its nodes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <rte_rcu_qsbr.h>

#include "lpm.h"

#define NODES    600
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct bed {
	struct rte_rcu_qsbr *rcu;
	struct flow_lpm *l;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->rcu = aligned_alloc(RTE_CACHE_LINE_SIZE, rte_rcu_qsbr_get_memsize(1));
	assert_non_null(b->rcu);
	assert_int_equal(rte_rcu_qsbr_init(b->rcu, 1), 0);
	assert_int_equal(rte_rcu_qsbr_thread_register(b->rcu, 0), 0);
	rte_rcu_qsbr_thread_online(b->rcu, 0);
	b->l = flow_lpm_create(b->rcu, NODES);
	assert_non_null(b->l);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	flow_lpm_free(b->l);
	free(b->rcu);
	free(b);
	return 0;
}

static union wire_ip ip_of(const char *text)
{
	union wire_ip ip;

	assert_int_equal(wire_ip_parse(text, &ip), 0);
	return ip;
}

static uint32_t lookup(const struct flow_lpm *l, const union wire_ip *ip)
{
	bool is6 = !wire_ip_is4(ip);

	return flow_lpm_lookup(l, is6, is6 ? ip->b : ip->b + 12);
}

static int set(struct bed *b, const char *text, uint32_t value)
{
	union wire_ip ip;
	unsigned int bits;

	assert_int_equal(wire_ip_parse_prefix(text, &ip, &bits), 0);
	return flow_lpm_set(b->l, &ip, bits, value);
}

static int clear(struct bed *b, const char *text)
{
	union wire_ip ip;
	unsigned int bits;

	assert_int_equal(wire_ip_parse_prefix(text, &ip, &bits), 0);
	return flow_lpm_clear(b->l, &ip, bits);
}

static uint32_t at(const struct bed *b, const char *text)
{
	union wire_ip ip = ip_of(text);

	return lookup(b->l, &ip);
}

/* Every boundary between the root and the nodes, from both sides. */
static void test_lengths(void **state)
{
	static const struct {
		const char *prefix, *in, *out;
	} cases[] = {
		{"128.0.0.0/1", "255.0.0.0", "127.255.255.255"},
		{"10.128.0.0/9", "10.255.255.255", "10.127.255.255"},
		{"10.2.0.0/15", "10.3.255.255", "10.4.0.0"},
		{"10.1.0.0/16", "10.1.255.255", "10.2.0.0"},
		{"10.1.0.0/17", "10.1.127.255", "10.1.128.0"},
		{"10.1.2.0/23", "10.1.3.255", "10.1.4.0"},
		{"10.1.2.0/24", "10.1.2.255", "10.1.3.0"},
		{"10.1.2.128/25", "10.1.2.128", "10.1.2.127"},
		{"10.1.2.254/31", "10.1.2.255", "10.1.2.253"},
		{"10.1.2.3/32", "10.1.2.3", "10.1.2.2"},
		{"8000::/1", "ffff::1", "7fff::1"},
		{"2001::/16", "2001:db8::1", "2002::1"},
		{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"},
		{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
		{"2001:db8:1:2::/64", "2001:db8:1:2:ffff::1", "2001:db8:1:3::1"},
		{"2001:db8::2/127", "2001:db8::3", "2001:db8::4"},
		{"2001:db8::2/128", "2001:db8::2", "2001:db8::3"},
	};
	struct bed *b = *state;

	for (unsigned int i = 0; i < COUNT(cases); i++) {
		assert_int_equal(at(b, cases[i].in), 0);
		assert_int_equal(set(b, cases[i].prefix, i + 1), 0);
		assert_int_equal(at(b, cases[i].in), i + 1);
		assert_int_equal(at(b, cases[i].out), 0);
		assert_int_equal(clear(b, cases[i].prefix), 0);
		assert_int_equal(at(b, cases[i].in), 0);
		assert_int_equal(b->l->routes, 0);
	}
}

/* Each of them takes over from a shorter one, and gives back to it, whatever the order. */
static void test_nested(void **state)
{
	static const char *const nest[] = {"0.0.0.0/0",   "10.0.0.0/8",  "10.1.0.0/16",
					   "10.1.0.0/18", "10.1.2.0/24", "10.1.2.0/25",
					   "10.1.2.0/30", "10.1.2.3/32"};
	struct bed *b = *state;

	for (unsigned int first = 0; first < COUNT(nest); first++) {
		for (unsigned int i = 0; i < COUNT(nest); i++)
			assert_int_equal(set(b, nest[(first + i) % COUNT(nest)],
					     1 + (first + i) % COUNT(nest)),
					 0);
		for (unsigned int i = COUNT(nest); i > 0; i--) {
			assert_int_equal(at(b, "10.1.2.3"), i);
			assert_int_equal(clear(b, nest[i - 1]), 0);
		}
		assert_int_equal(at(b, "10.1.2.3"), 0);
	}
	assert_int_equal(set(b, "::/0", 9), 0);
	assert_int_equal(at(b, "10.1.2.3"), 0);
	assert_int_equal(at(b, "2001:db8::1"), 9);
	assert_int_equal(set(b, "::/0", 10), 0); /* takes its place */
	assert_int_equal(b->l->routes, 1);
	assert_int_equal(at(b, "2001:db8::1"), 10);
}

static void test_refused(void **state)
{
	struct bed *b = *state;
	union wire_ip ip4 = ip_of("10.0.0.0"), ip6 = ip_of("2001:db8::");

	assert_int_equal(set(b, "10.0.0.1/24", 1), -EINVAL);
	assert_int_equal(set(b, "2001:db8::1/64", 1), -EINVAL);
	assert_int_equal(set(b, "10.0.0.0/24", 0), -EINVAL);
	assert_int_equal(set(b, "10.0.0.0/24", FLOW_LPM_VALUE_MAX + 1), -EINVAL);
	assert_int_equal(flow_lpm_set(b->l, &ip4, 33, 1), -EINVAL);
	assert_int_equal(flow_lpm_set(b->l, &ip6, 129, 1), -EINVAL);
	assert_int_equal(flow_lpm_clear(b->l, &ip4, 33), -EINVAL);
	assert_int_equal(clear(b, "10.0.0.0/24"), -ENOENT);
	assert_int_equal(set(b, "10.0.0.0/24", FLOW_LPM_VALUE_MAX), 0);
	assert_int_equal(clear(b, "10.0.0.0/25"), -ENOENT);
	assert_int_equal(clear(b, "10.0.0.0/16"), -ENOENT);
	assert_int_equal(at(b, "10.0.0.9"), FLOW_LPM_VALUE_MAX);
	assert_int_equal(flow_lpm_get(b->l, &ip4, 24), FLOW_LPM_VALUE_MAX);
	assert_int_equal(flow_lpm_get(b->l, &ip4, 25), 0);
	assert_int_equal(flow_lpm_get(b->l, &ip4, 33), 0);
}

/* All nodes are in use: nothing has changed by a refusal, and what is taken out gives room. */
static void test_full(void **state)
{
	struct bed *b = *state;
	unsigned int n;
	char text[64];

	/* Two nodes each. */
	for (n = 0; n <= NODES; n++) {
		snprintf(text, sizeof(text), "%u.%u.1.0/25", 1 + n / 256, n % 256);
		if (set(b, text, 1 + n) != 0)
			break;
	}
	assert_int_equal(n, NODES / 2);
	assert_int_equal(b->l->routes, n);
	assert_int_equal(set(b, text, 1), -ENOSPC);
	assert_int_equal(at(b, "2.44.1.1"), 0);
	assert_int_equal(set(b, "99.0.0.0/16", 7), 0); /* needs none */
	assert_int_equal(clear(b, "1.0.1.0/25"), 0);
	assert_int_equal(set(b, text, 1), -ENOSPC); /* a worker may be in these two */
	flow_lpm_turn(b->l);
	assert_int_equal(set(b, text, 1), -ENOSPC);
	rte_rcu_qsbr_quiescent(b->rcu, 0);
	assert_int_equal(set(b, text, 1), 0);
	assert_int_equal(at(b, "2.44.1.1"), 1);
	assert_int_equal(at(b, "1.0.1.1"), 0);
	assert_int_equal(at(b, "1.1.1.1"), 2);
}

struct route {
	union wire_ip ip;
	unsigned int bits;
	uint32_t value;
};

static uint32_t by_list(const struct route *r, unsigned int n, const union wire_ip *ip)
{
	uint32_t value = 0;
	int best = -1;

	for (unsigned int i = 0; i < n; i++)
		if (r[i].value != 0 && (int)r[i].bits > best &&
		    wire_ip_is4(&r[i].ip) == wire_ip_is4(ip) &&
		    wire_ip_in_prefix(ip, &r[i].ip, r[i].bits)) {
			best = (int)r[i].bits;
			value = r[i].value;
		}
	return value;
}

/* Few distinct bits, so that prefixes meet and nest. */
static union wire_ip random_ip(bool is6)
{
	static const uint8_t bytes[] = {0, 1, 127, 128, 255};
	union wire_ip ip = is6 ? ip_of("2001:db8::") : ip_of("10.0.0.0");

	for (unsigned int i = is6 ? 4 : 13; i < 16; i++)
		ip.b[i] = bytes[(unsigned int)rand() % (is6 && i < 13 ? 2 : COUNT(bytes))];
	return ip;
}

static void mask(union wire_ip *ip, unsigned int bits)
{
	for (unsigned int i = (wire_ip_is4(ip) ? 96 : 0) + bits; i < 128; i++)
		ip->b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

static void test_random(void **state)
{
	struct bed *b = *state;
	struct route r[40] = {0};

	srand(6);
	for (unsigned int turn = 0; turn < 20000; turn++) {
		struct route *one = &r[(unsigned int)rand() % COUNT(r)];
		union wire_ip ip = random_ip(rand() % 2);

		if (one->value != 0) {
			assert_int_equal(flow_lpm_clear(b->l, &one->ip, one->bits), 0);
			one->value = 0;
		} else {
			unsigned int bits = wire_ip_is4(&ip) ? (unsigned int)rand() % 33
							     : (unsigned int)rand() % 129;
			union wire_ip prefix = ip;

			mask(&prefix, bits);
			if (flow_lpm_get(b->l, &prefix, bits) == 0) {
				*one = (struct route){prefix, bits, turn + 1};
				assert_int_equal(flow_lpm_set(b->l, &prefix, bits, turn + 1), 0);
			}
		}
		assert_int_equal(lookup(b->l, &ip), by_list(r, COUNT(r), &ip));
		ip = random_ip(rand() % 2);
		assert_int_equal(lookup(b->l, &ip), by_list(r, COUNT(r), &ip));
		rte_rcu_qsbr_quiescent(b->rcu, 0);
		flow_lpm_turn(b->l);
	}
	for (unsigned int i = 0; i < COUNT(r); i++)
		if (r[i].value != 0)
			assert_int_equal(flow_lpm_clear(b->l, &r[i].ip, r[i].bits), 0);
	/* Nothing is left anywhere. */
	assert_int_equal(b->l->routes, 0);
	for (unsigned int i = 0; i < 65536; i++)
		assert_true(b->l->root[0].entry[i] == 0 && b->l->root[1].entry[i] == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lengths), TEST(nested), TEST(refused), TEST(full), TEST(random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
