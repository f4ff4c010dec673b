/* SPDX-License-Identifier: BSD-3-Clause */
/* The allocator of port pairs. */
#include "check.h"

#include "ports.h"

static struct flow_tables tables;

static void use_workers(uint16_t n)
{
	memset(&tables, 0, sizeof(tables));
	tables.worker_count = n;
}

static void every_pair_once(void **state)
{
	static const struct ports_range range[] = {{16384, 16399}, {20001, 20006}};
	bool seen[65536] = {false};
	struct ports p;
	unsigned int n = 0;

	use_workers(3);
	assert_int_equal(ports_init(&p, &tables, range, COUNT(range)), 0);
	assert_int_equal(ports_left_all(&p, 0), 8);
	assert_int_equal(ports_left_all(&p, 1), 2); /* 20002, 20004; 20006 has no odd partner */
	for (uint16_t w = 0; w < 3; w++) {
		uint16_t port;

		while ((port = ports_take(&p, 0, w)) != 0) {
			assert_int_equal(port % 2, 0);
			assert_in_range(port, 16384, 16398);
			assert_int_equal(flow_owner(&tables, port), w);
			assert_int_equal(flow_owner(&tables, port + 1), w);
			assert_false(seen[port]);
			seen[port] = true;
			n++;
		}
	}
	assert_int_equal(n, 8);
	ports_free(&p);
}

static void oldest_first(void **state)
{
	static const struct ports_range range = {1000, 1007};
	struct ports p;
	uint16_t a, b;

	use_workers(1);
	assert_int_equal(ports_init(&p, &tables, &range, 1), 0);
	a = ports_take(&p, 0, 0);
	b = ports_take(&p, 0, 0);
	assert_int_equal(a, 1000);
	assert_int_equal(b, 1002);
	ports_give(&p, 0, b);
	ports_give(&p, 0, a);
	assert_int_equal(ports_take(&p, 0, 0), 1004);
	assert_int_equal(ports_take(&p, 0, 0), 1006);
	assert_int_equal(ports_take(&p, 0, 0), b);
	assert_int_equal(ports_take(&p, 0, 0), a);
	assert_int_equal(ports_take(&p, 0, 0), 0);
	assert_int_equal(ports_left(&p, 0, 0), 0);
	ports_give(&p, 0, 1004);
	assert_int_equal(ports_take(&p, 0, 0), 1004);
	ports_free(&p);
}

static void odd_ranges(void **state)
{
	static const struct {
		const char *name;
		struct ports_range range;
		uint32_t pairs;
	} cases[] = {
		{"one pair", {4000, 4001}, 1},     {"no room for a pair", {4001, 4002}, 0},
		{"one port", {4000, 4000}, 0},     {"odd ends", {4001, 4004}, 1},
		{"port 0 is none", {0, 3}, 1},     {"to the last port", {65534, 65535}, 1},
		{"everything", {0, 65535}, 32767},
	};

	use_workers(2);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ports p;

		assert_int_equal(ports_init(&p, &tables, &cases[i].range, 1), 0);
		check_case(cases[i].name, ports_left_all(&p, 0) == cases[i].pairs);
		ports_free(&p);
	}
}

/* The rings wrap many times. */
static void long_use(void **state)
{
	static const struct ports_range range = {30000, 30013};
	struct ports p;

	use_workers(2);
	assert_int_equal(ports_init(&p, &tables, &range, 1), 0);
	for (int round = 0; round < 1000; round++) {
		uint16_t w = (uint16_t)(round % 2), a = ports_take(&p, 0, w),
			 b = ports_take(&p, 0, w);

		assert_int_not_equal(a, 0);
		assert_int_not_equal(b, 0);
		assert_int_not_equal(a, b);
		ports_give(&p, 0, a);
		ports_give(&p, 0, b);
		assert_int_equal(ports_left_all(&p, 0), 7);
	}
	ports_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_once),
		cmocka_unit_test(oldest_first),
		cmocka_unit_test(odd_ranges),
		cmocka_unit_test(long_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
