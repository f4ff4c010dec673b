/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "inner_sample.h"

#include <errno.h>

#include "icmp_error.h"

static struct packet packet;
static uint8_t out[WIRE_ICMP_ERROR_MAX];

static union wire_ip our_ip(bool v6)
{
	return v6 ? wire_ip_from6(sample_our_ip6) : wire_ip_from4(wire_load32(sample_our_ip4));
}

static void sound(bool v6, uint8_t proto, uint32_t payload)
{
	if (v6)
		packet_ip6(&packet, proto, NULL, 0, payload);
	else
		packet_ip4(&packet, proto, NULL, 0, payload);
}

/* About what `packet` is now, of its exact size. */
static int answer(enum wire_icmp_error what, uint16_t mtu)
{
	struct parsed r = packet_parse(&packet);
	union wire_ip src = our_ip(r.i.family == 6);
	int rc;

	assert_true(r.kind <= WIRE_INNER_IP6);
	rc = wire_icmp_error(out, sizeof(out), what, &src, r.p, &r.i, mtu);
	free(r.p);
	return rc;
}

/* A sound message from us to its source, by the book. */
static void check_answer(bool v6, uint32_t len, uint8_t type, uint8_t code, uint32_t value)
{
	uint32_t l4 = v6 ? 40 : 20, room = (v6 ? 1280 : 576) - l4 - 8, quote = packet.len, sum;

	if (quote > room)
		quote = room;
	assert_int_equal(len, l4 + 8 + quote);
	assert_int_equal(out[0] >> 4, v6 ? 6 : 4);
	assert_int_equal(wire_get16(out + (v6 ? 4 : 2)), v6 ? len - 40 : len);
	assert_int_equal(out[v6 ? 6 : 9], v6 ? 58 : 1);
	assert_int_equal(out[v6 ? 7 : 8], 64);
	assert_memory_equal(out + (v6 ? 8 : 12), v6 ? sample_our_ip6 : sample_our_ip4, v6 ? 16 : 4);
	assert_memory_equal(out + (v6 ? 24 : 16), packet.b + (v6 ? 8 : 12), v6 ? 16 : 4);
	assert_true(v6 || sample_sum(out, 20, 0) == 0xffff);
	sum = v6 ? sample_sum(out + 8, 32, len - 40 + 58) : 0;
	assert_int_equal(sample_sum(out + l4, len - l4, sum), 0xffff);
	assert_int_equal(out[l4], type);
	assert_int_equal(out[l4 + 1], code);
	assert_int_equal(wire_get32(out + l4 + 4), value);
	assert_memory_equal(out + l4 + 8, packet.b, quote);
}

static void every_error(void **state)
{
	static const struct {
		enum wire_icmp_error what;
		uint8_t code[2][2]; /* type and code, of IPv4 and IPv6 */
	} cases[] = {
		{WIRE_ERROR_TOO_BIG, {{3, 4}, {2, 0}}},
		{WIRE_ERROR_TIME_EXCEEDED, {{11, 0}, {3, 0}}},
		{WIRE_ERROR_NO_ROUTE, {{3, 0}, {1, 0}}},
		{WIRE_ERROR_NO_HOST, {{3, 1}, {1, 3}}},
		{WIRE_ERROR_PROHIBITED, {{3, 13}, {1, 1}}},
	};
	static const uint32_t sizes[] = {0, 1, 8, 527, 528, 529, 1191, 1192, 1193, 1460, 65000};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		uint32_t mtu = cases[n].what == WIRE_ERROR_TOO_BIG ? 1420 : 0;

		for (size_t s = 0; s < COUNT(sizes); s++) {
			for (int v6 = 0; v6 <= 1; v6++) {
				int rc;

				sound(v6, 6, sizes[s]);
				rc = answer(cases[n].what, 1420);
				assert_true(rc > 0);
				check_answer(v6, (uint32_t)rc, cases[n].code[v6][0],
					     cases[n].code[v6][1], mtu);
			}
		}
	}
}

static void smallest_mtu(void **state)
{
	(void)state;
	for (int v6 = 0; v6 <= 1; v6++) {
		uint16_t min = v6 ? 1280 : 68;

		sound(v6, 17, 100);
		assert_true(answer(WIRE_ERROR_TOO_BIG, min) > 0);
		assert_int_equal(answer(WIRE_ERROR_TOO_BIG, min - 1), -EINVAL);
		assert_int_equal(answer(WIRE_ERROR_TOO_BIG, 0), -EINVAL);
		assert_true(answer(WIRE_ERROR_NO_ROUTE, 0) > 0);
	}
}

static void room_and_family(void **state)
{
	(void)state;
	for (int v6 = 0; v6 <= 1; v6++) {
		union wire_ip src = our_ip(v6), other = our_ip(!v6);
		struct parsed r;
		size_t need;

		sound(v6, 17, 40);
		r = packet_parse(&packet);
		need = (v6 ? 48 : 28) + packet.len;
		for (size_t cap = 0; cap < need + 3; cap++) {
			uint8_t *buf = malloc(cap ? cap : 1);

			assert_non_null(buf);
			assert_int_equal(
				wire_icmp_error(buf, cap, WIRE_ERROR_NO_ROUTE, &src, r.p, &r.i, 0),
				cap < need ? -ENOSPC : (int)need);
			free(buf);
		}
		assert_int_equal(wire_icmp_error(out, sizeof(out), WIRE_ERROR_NO_ROUTE, &other, r.p,
						 &r.i, 0),
				 -EINVAL);
		free(r.p);
	}
}

/* Which packets are never answered. */
static void by_address(void **state)
{
	static const struct {
		const char *name;
		bool v6;
		int at; /* 12, 16; 8, 24 */
		uint8_t addr[16];
	} cases[] = {
		{"from 0.0.0.0", false, 12, {0}},
		{"from 127.0.0.1", false, 12, {127, 0, 0, 1}},
		{"from 224.0.0.1", false, 12, {224, 0, 0, 1}},
		{"from 240.0.0.1", false, 12, {240, 0, 0, 1}},
		{"from 255.255.255.255", false, 12, {255, 255, 255, 255}},
		{"to 224.0.0.251", false, 16, {224, 0, 0, 251}},
		{"to 255.255.255.255", false, 16, {255, 255, 255, 255}},
		{"from ::", true, 8, {0}},
		{"from ::1", true, 8, {[15] = 1}},
		{"from ff02::1", true, 8, {0xff, 2, [15] = 1}},
		{"to ff02::fb", true, 24, {0xff, 2, [15] = 0xfb}},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		sound(cases[n].v6, 17, 100);
		memcpy(packet.b + cases[n].at, cases[n].addr, cases[n].v6 ? 16 : 4);
		if (!cases[n].v6)
			packet_fix_ip4(&packet);
		check_case(cases[n].name, answer(WIRE_ERROR_TOO_BIG, 1400) == -EPERM);
		check_case(cases[n].name, answer(WIRE_ERROR_TIME_EXCEEDED, 0) == -EPERM);
	}
}

static void by_icmp_type(void **state)
{
	(void)state;
	for (int v6 = 0; v6 <= 1; v6++) {
		for (int type = 0; type <= 255; type++) {
			bool may = v6 ? type >= 128 && type != 137
				      : type == 0 || type == 8 || (type >= 13 && type <= 18);

			sound(v6, v6 ? 58 : 1, 60);
			packet.b[packet.hlen] = (uint8_t)type;
			assert_true(may ? answer(WIRE_ERROR_TOO_BIG, 1400) > 0
					: answer(WIRE_ERROR_TOO_BIG, 1400) == -EPERM);
		}
		for (uint32_t len = 0; len < 8; len++) {
			sound(v6, v6 ? 58 : 1, len);
			packet.b[packet.hlen] = v6 ? 128 : 8;
			assert_int_equal(answer(WIRE_ERROR_NO_ROUTE, 0), -EPERM);
		}
		/* The other family's number is no ICMP. */
		sound(v6, v6 ? 1 : 58, 60);
		packet.b[packet.hlen] = v6 ? 2 : 3;
		assert_true(answer(WIRE_ERROR_NO_ROUTE, 0) > 0);
	}
}

/* An error of ours, and one that comes with options, is not answered either. */
static void no_chain(void **state)
{
	static const uint8_t nop[4] = {1, 1, 1, 1};

	(void)state;
	for (int v6 = 0; v6 <= 1; v6++) {
		int rc;

		sound(v6, 17, 100);
		rc = answer(WIRE_ERROR_TIME_EXCEEDED, 0);
		assert_true(rc > 0);
		memcpy(packet.b, out, (size_t)rc);
		packet.len = (uint32_t)rc;
		assert_int_equal(answer(WIRE_ERROR_NO_ROUTE, 0), -EPERM);
	}
	packet_ip4(&packet, 1, nop, 4, 60);
	packet.b[24] = 3;
	assert_int_equal(answer(WIRE_ERROR_NO_ROUTE, 0), -EPERM);
	packet.b[24] = 8;
	assert_true(answer(WIRE_ERROR_NO_ROUTE, 0) > 0);
}

static void fragments(void **state)
{
	static const uint8_t first[8] = {58, 0, 0, 1}, later[8] = {58, 0, 0, 9}, hop[8] = {58};
	static const uint8_t cut[8] = {58, 9};

	(void)state;
	sound(false, 17, 100);
	sample_put16(packet.b + 6, 0x2000);
	packet_fix_ip4(&packet);
	assert_true(answer(WIRE_ERROR_NO_ROUTE, 0) > 0);
	sample_put16(packet.b + 6, 0x2001);
	packet_fix_ip4(&packet);
	assert_int_equal(answer(WIRE_ERROR_NO_ROUTE, 0), -EPERM);
	sample_put16(packet.b + 6, 0x0001);
	packet_fix_ip4(&packet);
	assert_int_equal(answer(WIRE_ERROR_NO_ROUTE, 0), -EPERM);

	packet_ip6(&packet, 44, first, 8, 60);
	packet.b[48] = 128;
	assert_true(answer(WIRE_ERROR_TOO_BIG, 1280) > 0);
	packet.b[48] = 2;
	assert_int_equal(answer(WIRE_ERROR_TOO_BIG, 1280), -EPERM);
	packet_ip6(&packet, 44, later, 8, 60); /* whatever its bytes look like */
	packet.b[48] = 2;
	assert_true(answer(WIRE_ERROR_TOO_BIG, 1280) > 0);
	packet_ip6(&packet, 0, hop, 8, 60);
	packet.b[48] = 1;
	assert_int_equal(answer(WIRE_ERROR_TOO_BIG, 1280), -EPERM);
	packet_ip6(&packet, 0, cut, 8, 60);
	assert_int_equal(answer(WIRE_ERROR_TOO_BIG, 1280), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error),     cmocka_unit_test(smallest_mtu),
		cmocka_unit_test(room_and_family), cmocka_unit_test(by_address),
		cmocka_unit_test(by_icmp_type),    cmocka_unit_test(no_chain),
		cmocka_unit_test(fragments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
