/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "sample.h"

#include <arpa/inet.h>

#include "checksum.h"

static uint32_t seed = 12345;

static uint8_t any_byte(void)
{
	seed = seed * 1103515245 + 12345;
	return (uint8_t)(seed >> 16);
}

static void fill(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = any_byte();
}

/* Zero has two forms in ones' complement. */
static bool same_sum(uint16_t a, uint16_t b)
{
	return a == b || (a % 0xffff == 0 && b % 0xffff == 0);
}

static uint16_t book_sum(const uint8_t *p, size_t len)
{
	return htons((uint16_t)sample_sum(p, len, 0));
}

/* RFC 1071 §3: the example. */
static void known_sum(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	assert_int_equal(ntohs(wire_sum_fold(wire_sum(bytes, sizeof(bytes)))), 0xddf2);
	assert_int_equal(ntohs(wire_checksum(wire_sum(bytes, sizeof(bytes)))), 0x220d);
}

static void every_length_and_alignment(void **state)
{
	for (size_t len = 0; len <= 400; len++) {
		for (size_t shift = 0; shift < 8; shift++) {
			uint8_t *raw = malloc(len + shift + 1);

			assert_non_null(raw);
			fill(raw, len + shift);
			raw = realloc(raw, len + shift ? len + shift : 1);
			assert_non_null(raw);
			assert_true(same_sum(wire_sum_fold(wire_sum(raw + shift, len)),
					     book_sum(raw + shift, len)));
			free(raw);
		}
	}
}

/* As many carries as there can be. */
static void all_ones(void **state)
{
	static uint8_t p[65536];

	memset(p, 0xff, sizeof(p));
	for (size_t len = 1; len <= sizeof(p); len = len * 2 + 1)
		assert_true(same_sum(wire_sum_fold(wire_sum(p, len)), book_sum(p, len)));
	assert_int_equal(wire_sum_fold(wire_sum(p, sizeof(p))), 0xffff);
	assert_int_equal(wire_sum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(wire_sum_fold(0), 0);
	assert_int_equal(wire_sum_fold(UINT64_C(0xfffffffffffffffe)), 0xfffe);
}

/* Only zero bytes sum to zero: anything else must not turn into it on the way. */
static void zero_is_only_zero(void **state)
{
	uint8_t p[64] = {0};

	for (size_t len = 0; len <= sizeof(p); len++)
		assert_int_equal(wire_sum_fold(wire_sum(p, len)), 0);
	for (size_t i = 0; i < sizeof(p); i++) {
		p[i] = 0x80;
		assert_int_not_equal(wire_sum_fold(wire_sum(p, sizeof(p))), 0);
		p[i] = 0;
	}
}

/* Sums of parts of even length add up to the sum of the whole. */
static void sums_add_up(void **state)
{
	uint8_t p[200];

	for (int round = 0; round < 100; round++) {
		size_t cut = any_byte() % 100 * 2;

		fill(p, sizeof(p));
		assert_true(same_sum(
			wire_sum_fold(wire_sum(p, cut) + wire_sum(p + cut, sizeof(p) - cut)),
			book_sum(p, sizeof(p))));
	}
}

static void address_sum(void **state)
{
	for (int round = 0; round < 100; round++) {
		union wire_ip six, four;

		fill(six.b, 16);
		four = wire_ip_from4(six.w[0]);
		assert_true(same_sum(wire_sum_fold(wire_sum_ip(&six)), book_sum(six.b, 16)));
		assert_true(same_sum(wire_sum_fold(wire_sum_ip(&four)), book_sum(six.b, 4)));
	}
}

/* RFC 1624 §4: the case that its eqn. 4 gets wrong. */
static void known_update(void **state)
{
	uint16_t field =
		wire_checksum_update(htons(0xdd2f), wire_sum_change(htons(0x5555), htons(0x3285)));

	assert_int_equal(ntohs(field), 0x0000);
}

/* An update must give what a sum over everything gives, and keep a wrong checksum wrong. */
static void update_as_recomputed(void **state)
{
	uint8_t p[128];

	for (int round = 0; round < 20000; round++) {
		size_t off = 2 + any_byte() % 31 * 2, len = (1 + any_byte() % 16) * 2;
		uint16_t field, wrong, change;
		uint64_t old_sum;

		fill(p, sizeof(p));
		if (round % 3 == 0)
			memset(p + off, round % 2 ? 0xff : 0, len);
		memset(p, 0, 2);
		field = wire_checksum(wire_sum(p, sizeof(p)));
		wrong = field ^ htons((uint16_t)(1 << round % 16));
		old_sum = wire_sum(p + off, len);
		fill(p + off, len);
		if (round % 5 == 0)
			memset(p + off, round % 2 ? 0 : 0xff, len);
		change = wire_sum_change(old_sum, wire_sum(p + off, len));

		field = wire_checksum_update(field, change);
		assert_true(same_sum(field, wire_checksum(wire_sum(p, sizeof(p)))));
		wrong = wire_checksum_update(wrong, change);
		memcpy(p, &wrong, 2);
		assert_int_not_equal(wire_sum_fold(wire_sum(p, sizeof(p))), 0xffff);
	}
}

static void udp_never_zero(void **state)
{
	assert_int_equal(wire_checksum(0xffff), 0);
	assert_int_equal(wire_checksum_udp(0xffff), 0xffff);
	assert_int_equal(wire_checksum_udp(0x1234), (uint16_t)~0x1234);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_sum),      cmocka_unit_test(every_length_and_alignment),
		cmocka_unit_test(all_ones),       cmocka_unit_test(zero_is_only_zero),
		cmocka_unit_test(sums_add_up),    cmocka_unit_test(address_sum),
		cmocka_unit_test(known_update),   cmocka_unit_test(update_as_recomputed),
		cmocka_unit_test(udp_never_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
