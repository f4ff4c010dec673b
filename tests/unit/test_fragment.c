/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "inner_sample.h"

#include <errno.h>

#include "fragment.h"

/* Record route (not copied), NOP, security, timestamp (not copied), stream id, end. */
static const uint8_t mixed[] = {7, 3, 4, 1, 0x82, 5, 1, 2, 3, 68, 4, 5, 0, 0x88, 4, 0, 9, 0, 0, 0};
static const uint8_t copied[] = {0x82, 5, 1, 2, 3, 0x88, 4, 0, 9, 0, 0, 0};

static struct packet packet;
static uint8_t whole[65536];

/* What must hold of each piece by itself; its data goes where its header says. */
static void take(const uint8_t *header, const struct wire_fragment *piece, uint16_t mtu, bool last)
{
	unsigned int flags = wire_get16(header + 6), off = 8 * (flags & 0x1fff);

	assert_int_equal(header[0] >> 4, 4);
	assert_int_equal(4 * (header[0] & 15), piece->hlen);
	assert_int_equal(wire_get16(header + 2), piece->hlen + piece->len);
	assert_true(piece->hlen + piece->len <= mtu);
	assert_int_equal(sample_sum(header, piece->hlen, 0), 0xffff);
	assert_memory_equal(header + 4, packet.b + 4, 2);
	assert_memory_equal(header + 8, packet.b + 8, 2);
	assert_memory_equal(header + 12, packet.b + 12, 8);
	assert_int_equal(header[1], packet.b[1]);
	assert_int_equal(flags & 0xc000, 0);
	assert_int_equal((flags & 0x2000) != 0, !last || (packet.b[6] & 0x20));
	if (!last) {
		/* No room is left for eight more bytes. */
		assert_int_equal(piece->len % 8, 0);
		assert_true(piece->hlen + piece->len + 8 > mtu);
	}
	memcpy(whole + off, packet.b + piece->off, piece->len);
}

static void cut(uint32_t options_len, uint32_t payload, uint16_t mtu, uint16_t frag)
{
	uint8_t header[WIRE_IP4_HLEN_MAX];
	struct wire_fragment piece;
	struct wire_fragments f;
	struct parsed r;
	uint32_t sum = 0;
	int n, seen = 0;

	packet_ip4(&packet, 17, mixed, options_len, payload);
	sample_put16(packet.b + 6, frag);
	packet_fix_ip4(&packet);
	r = packet_parse(&packet);
	assert_int_equal(r.kind, WIRE_INNER_IP4);
	n = wire_fragment_start(&f, r.p, &r.i, mtu);
	assert_true(n >= 1);
	while (wire_fragment_next(&f, header, &piece)) {
		take(header, &piece, mtu, ++seen == n);
		assert_int_equal(piece.off, packet.hlen + sum);
		if (seen == 1) {
			assert_int_equal(piece.hlen, packet.hlen);
			assert_memory_equal(header + 20, packet.b + 20, options_len);
		} else if (options_len > 0) {
			assert_int_equal(piece.hlen, 20 + sizeof(copied));
			assert_memory_equal(header + 20, copied, sizeof(copied));
		} else {
			assert_int_equal(piece.hlen, 20);
		}
		sum += piece.len;
	}
	assert_int_equal(seen, n);
	assert_int_equal(sum, payload);
	assert_memory_equal(whole + 8 * (frag & 0x1fff), packet.b + packet.hlen, payload);
	assert_int_equal(n == 1, packet.len <= mtu);
	free(r.p);
}

static void all_sizes(void **state)
{
	(void)state;
	for (uint32_t options = 0; options <= sizeof(mixed); options += sizeof(mixed))
		for (uint32_t payload = 0; payload < 400; payload++)
			for (uint16_t mtu = 68; mtu < 140; mtu++)
				cut(options, payload, mtu, 0);
}

static void large(void **state)
{
	(void)state;
	for (uint16_t mtu = 1270; mtu < 1430; mtu += 3) {
		cut(0, 1480, mtu, 0);
		cut(0, 65515, mtu, 0);
		cut(sizeof(mixed), 65495, mtu, 0);
	}
	cut(0, 65515, 28, 0);
}

/* What is a fragment already goes on where it began, and its last piece says what it said. */
static void of_fragments(void **state)
{
	(void)state;
	cut(0, 1480, 1000, 0x2000);
	cut(0, 1480, 1000, 0x2000 | 185);
	cut(0, 1477, 1000, 370);
	cut(sizeof(mixed), 1440, 1000, 0x2000 | 1000);
	cut(0, 1480, 1400, (65515 - 1480) / 8);
	cut(0, 1480, 1500, 0x2000 | 185);
}

/* An option ends the room that there is; all that may stand there is copied. */
static void options_of_forty(void **state)
{
	uint8_t options[40], header[WIRE_IP4_HLEN_MAX];
	struct wire_fragment piece;
	struct wire_fragments f;
	struct parsed r;

	(void)state;
	memset(options, 0xaa, sizeof(options));
	options[0] = 0x89;
	options[1] = 40;
	packet_ip4(&packet, 17, options, 40, 100);
	r = packet_parse(&packet);
	assert_int_equal(wire_fragment_start(&f, r.p, &r.i, 68), 13);
	for (int n = 0; n < 13; n++) {
		assert_true(wire_fragment_next(&f, header, &piece));
		assert_int_equal(piece.hlen, 60);
		assert_memory_equal(header + 20, options, 40);
		assert_int_equal(piece.len, n < 12 ? 8 : 4);
	}
	assert_false(wire_fragment_next(&f, header, &piece));
	free(r.p);
}

static void refused(void **state)
{
	static const struct {
		const char *name;
		uint16_t frag, mtu;
		uint8_t options[4];
		int want;
	} cases[] = {
		{"fits, with DF", 0x4000, 124, {1, 1, 1, 1}, 1},
		{"DF", 0x4000, 123, {1, 1, 1, 1}, -EMSGSIZE},
		{"no DF", 0, 123, {1, 1, 1, 1}, 2},
		{"DF of a fragment", 0x4000 | 9, 100, {1, 1, 1, 1}, -EMSGSIZE},
		{"room for eight bytes", 0, 32, {0, 0, 0, 0}, 12},
		{"room for seven bytes", 0, 31, {0, 0, 0, 0}, -EINVAL},
		{"no mtu", 0, 0, {0, 0, 0, 0}, -EINVAL},
		{"option of no length", 0, 100, {0x82, 0, 0, 0}, -EINVAL},
		{"option of one byte", 0, 100, {0x82, 1, 0, 0}, -EINVAL},
		{"option beyond the header", 0, 100, {7, 5, 0, 0}, -EINVAL},
		{"option cut", 0, 100, {1, 1, 1, 7}, -EINVAL},
		{"such a one behind the end", 0, 100, {0, 7, 0, 0}, 2},
		{"such a one that fits", 0, 200, {7, 5, 0, 0}, 1},
		{"beyond 65,535", (65515 - 96) / 8, 100, {0, 0, 0, 0}, -EINVAL},
		{"up to there", (65515 - 103) / 8, 100, {0, 0, 0, 0}, 2},
	};

	(void)state;
	for (size_t n = 0; n < COUNT(cases); n++) {
		struct wire_fragments f;
		struct parsed r;
		int rc;

		packet_ip4(&packet, 17, cases[n].options, 4, 100);
		sample_put16(packet.b + 6, cases[n].frag);
		packet_fix_ip4(&packet);
		r = packet_parse(&packet);
		check_case(cases[n].name, r.kind == WIRE_INNER_IP4);
		rc = wire_fragment_start(&f, r.p, &r.i, cases[n].mtu);
		if (rc != cases[n].want)
			fail_msg("%s: %d", cases[n].name, rc);
		free(r.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sizes),        cmocka_unit_test(large),
		cmocka_unit_test(of_fragments),     cmocka_unit_test(refused),
		cmocka_unit_test(options_of_forty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
