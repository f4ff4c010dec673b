/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "sample.h"

#include <errno.h>

#include "icmp.h"

/* The frame in memory of its exact size, parsed. Free `p`. */
struct exact {
	uint8_t *p;
	struct wire_frame f;
	enum wire_frame_kind kind;
};

static struct exact exact_of(const uint8_t *data, size_t len)
{
	struct exact e = {.p = exact_copy(data, len)};

	e.kind = wire_frame_parse(e.p, (uint32_t)len, true, &e.f);
	return e;
}

static union wire_ip our_ip(bool v6)
{
	uint32_t be;

	memcpy(&be, sample_our_ip4, 4);
	return v6 ? wire_ip_from6(sample_our_ip6) : wire_ip_from4(be);
}

static union wire_ip peer_ip(bool v6)
{
	uint32_t be;

	memcpy(&be, sample_peer_ip4, 4);
	return v6 ? wire_ip_from6(sample_peer_ip6) : wire_ip_from4(be);
}

/* By the book: the sum over the whole message, and over the pseudo header for version 6. */
static bool icmp_sum_ok(const uint8_t *p, const struct wire_frame *f)
{
	uint32_t sum = 0;

	if (f->family == 6)
		sum = sample_sum(p + f->l3_off + 8, 32, f->payload_len + 58u);
	return sample_sum(p + f->l4_off, f->payload_len, sum) == 0xffff;
}

static void echo_fields(void **state)
{
	for (int kind = SAMPLE_ECHO4; kind <= SAMPLE_ECHO6; kind++) {
		for (size_t data = 0; data < 70; data++) {
			struct wire_icmp_echo echo;
			struct sample s;
			struct exact e;

			sample_make(&s, (enum sample_kind)kind, data % 2, data);
			e = exact_of(s.b, s.len);
			assert_true(wire_icmp_csum_ok(e.p, &e.f));
			assert_int_equal(wire_icmp_echo_parse(e.p, &e.f, &echo), 0);
			assert_true(echo.request);
			assert_int_equal(echo.id, 0x1234);
			assert_int_equal(echo.seq, 7);
			assert_int_equal(echo.data_off, s.l4 + 8);
			assert_int_equal(echo.data_len, data);
			free(e.p);
		}
	}
}

enum csum { FIX, LEAVE };

static void echo_verdicts(void **state)
{
	static const struct {
		const char *name;
		enum sample_kind kind;
		int off, value; /* in the ICMP message; off -1: none */
		enum csum csum;
		int parse, reply; /* reply 1: a frame */
	} cases[] = {
		{"request 4", SAMPLE_ECHO4, -1, 0, FIX, 0, 1},
		{"request 6", SAMPLE_ECHO6, -1, 0, FIX, 0, 1},
		{"reply 4", SAMPLE_ECHO4, 0, 0, FIX, 0, -ENOMSG},
		{"reply 6", SAMPLE_ECHO6, 0, 129, FIX, 0, -ENOMSG},
		{"type of the other family 4", SAMPLE_ECHO4, 0, 128, FIX, -ENOMSG, -ENOMSG},
		{"type of the other family 6", SAMPLE_ECHO6, 0, 8, FIX, -ENOMSG, -ENOMSG},
		{"unreachable", SAMPLE_ECHO4, 0, 3, FIX, -ENOMSG, -ENOMSG},
		{"timestamp", SAMPLE_ECHO4, 0, 13, FIX, -ENOMSG, -ENOMSG},
		{"too big", SAMPLE_ECHO6, 0, 2, FIX, -ENOMSG, -ENOMSG},
		{"solicitation", SAMPLE_ECHO6, 0, 135, FIX, -ENOMSG, -ENOMSG},
		{"code 1, 4", SAMPLE_ECHO4, 1, 1, FIX, -EINVAL, -EINVAL},
		{"code 1, 6", SAMPLE_ECHO6, 1, 1, FIX, -EINVAL, -EINVAL},
		{"checksum wrong 4", SAMPLE_ECHO4, 8, 1, LEAVE, -EINVAL, -EINVAL},
		{"checksum wrong 6", SAMPLE_ECHO6, 8, 1, LEAVE, -EINVAL, -EINVAL},
		{"checksum field 4", SAMPLE_ECHO4, 2, 1, LEAVE, -EINVAL, -EINVAL},
		{"checksum field 6", SAMPLE_ECHO6, 2, 1, LEAVE, -EINVAL, -EINVAL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wire_icmp_echo echo;
		struct sample s;
		struct exact e;
		int rc;

		sample_make(&s, cases[i].kind, false, 20);
		if (cases[i].off >= 0)
			s.b[s.l4 + (size_t)cases[i].off] = (uint8_t)cases[i].value;
		if (cases[i].csum == FIX)
			sample_fix_l4(&s);
		e = exact_of(s.b, s.len);
		check_case(cases[i].name, wire_icmp_echo_parse(e.p, &e.f, &echo) == cases[i].parse);
		rc = wire_icmp_echo_reply(e.p, &e.f, sample_our_mac);
		check_case(cases[i].name, cases[i].reply == 1 ? rc > 0 : rc == cases[i].reply);
		if (rc < 0) /* untouched */
			assert_memory_equal(e.p, s.b, s.len);
		free(e.p);
	}
}

/* Shorter than its header, though the IP length says that this is all. */
static void short_messages(void **state)
{
	for (int kind = SAMPLE_ECHO4; kind <= SAMPLE_ECHO6; kind++) {
		for (size_t n = 0; n < 8; n++) {
			struct wire_link link = {{0}};
			struct wire_icmp_echo echo;
			uint8_t out[1500];
			union wire_ip src;
			struct sample s;
			struct exact e;

			sample_make(&s, (enum sample_kind)kind, false, 0);
			s.len = s.l4 + n;
			sample_put16(s.b + s.l3 + (s.v6 ? 4 : 2),
				     (unsigned int)(s.v6 ? n : 20 + n));
			if (!s.v6)
				sample_fix_ip4(&s);
			e = exact_of(s.b, s.len);
			src = our_ip(s.v6);
			assert_int_equal(e.kind, s.v6 ? WIRE_ICMP6 : WIRE_ICMP4);
			assert_false(wire_icmp_csum_ok(e.p, &e.f));
			assert_int_equal(wire_icmp_echo_parse(e.p, &e.f, &echo), -EINVAL);
			assert_int_equal(wire_icmp_echo_reply(e.p, &e.f, sample_our_mac), -EINVAL);
			assert_int_equal(
				wire_icmp_too_big(out, sizeof(out), &link, &src, e.p, &e.f, 1280),
				-EPERM);
			free(e.p);
		}
	}
}

/* The reply is the request with what must change changed, and nothing else. */
static void echo_reply(void **state)
{
	for (int kind = SAMPLE_ECHO4; kind <= SAMPLE_ECHO6; kind++) {
		for (size_t data = 0; data < 70; data++) {
			union wire_ip src, dst;
			struct sample s;
			struct exact e, r;
			int rc;

			sample_make(&s, (enum sample_kind)kind, data % 2, data);
			e = exact_of(s.b, s.len + 5); /* padding of the link */
			src = our_ip(s.v6);
			dst = peer_ip(s.v6);
			rc = wire_icmp_echo_reply(e.p, &e.f, sample_our_mac);
			assert_int_equal(rc, s.len);
			r = exact_of(e.p, (size_t)rc);
			assert_int_equal(r.kind, e.kind);
			assert_memory_equal(r.p, sample_peer_mac, 6);
			assert_memory_equal(r.p + 6, sample_our_mac, 6);
			assert_true(wire_ip_equal(&r.f.src, &src));
			assert_true(wire_ip_equal(&r.f.dst, &dst));
			assert_int_equal(r.f.vlan, data % 2 ? SAMPLE_VLAN : 0);
			assert_int_equal(r.f.ttl, 64);
			assert_int_equal(r.f.tos, 0xb8);
			assert_int_equal(r.p[s.l4], s.v6 ? 129 : 0);
			assert_true(icmp_sum_ok(r.p, &r.f));
			assert_memory_equal(r.p + s.l4 + 4, s.b + s.l4 + 4, 4 + data);
			free(e.p);
			free(r.p);
		}
	}
}

/* Nothing but zeros in the reply: the checksum must be 0xffff, an update would give 0. */
static void echo_reply_of_zeros(void **state)
{
	struct sample s;
	struct exact e;

	sample_make(&s, SAMPLE_ECHO4, false, 0);
	memset(s.b + s.l4 + 4, 0, 4);
	sample_fix_l4(&s);
	e = exact_of(s.b, s.len);
	assert_int_equal(wire_icmp_echo_reply(e.p, &e.f, sample_our_mac), s.len);
	assert_int_equal(wire_get16(e.p + s.l4 + 2), 0xffff);
	free(e.p);
}

/* Not to groups, not to who can't be one host: neither a reply nor an error. */
static void no_answer(void **state)
{
	static const struct {
		const char *name;
		bool v6;
		bool dst;       /* change the destination, not the source */
		uint8_t mac[6]; /* all zero with `link` false: as it was */
		bool link;
		uint8_t ip[16];
	} cases[] = {
		{"to broadcast mac", false, true, {255, 255, 255, 255, 255, 255}, true, {0}},
		{"to multicast mac", true, true, {0x33, 0x33, 0, 0, 0, 1}, true, {0}},
		{"from broadcast mac", false, false, {255, 255, 255, 255, 255, 255}, true, {0}},
		{"from zero mac", false, false, {0}, true, {0}},
		{"from 0.0.0.0", false, false, {0}, false, {0, 0, 0, 0}},
		{"from 127.0.0.1", false, false, {0}, false, {127, 0, 0, 1}},
		{"from multicast 4", false, false, {0}, false, {224, 0, 0, 1}},
		{"from 255.255.255.255", false, false, {0}, false, {255, 255, 255, 255}},
		{"from 240/4", false, false, {0}, false, {240, 0, 0, 1}},
		{"to multicast 4", false, true, {0}, false, {224, 0, 0, 1}},
		{"to 255.255.255.255", false, true, {0}, false, {255, 255, 255, 255}},
		{"from ::", true, false, {0}, false, {0}},
		{"from ::1", true, false, {0}, false, {[15] = 1}},
		{"from multicast 6", true, false, {0}, false, {0xff, 2, [15] = 1}},
		{"to multicast 6", true, true, {0}, false, {0xff, 2, [15] = 1}},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wire_link link = {.vlan = 0};
		union wire_ip src = our_ip(cases[i].v6);
		uint8_t out[1500];
		struct sample s;
		struct exact e;

		for (int udp = 0; udp <= 1; udp++) {
			size_t at =
				cases[i].v6 ? (cases[i].dst ? 24 : 8) : (cases[i].dst ? 16 : 12);
			enum sample_kind kinds[2][2] = {{SAMPLE_ECHO4, SAMPLE_ECHO6},
							{SAMPLE_UDP4, SAMPLE_UDP6}};

			sample_make(&s, kinds[udp][cases[i].v6], false, 20);
			if (cases[i].link)
				memcpy(s.b + (cases[i].dst ? 0 : 6), cases[i].mac, 6);
			else
				memcpy(s.b + s.l3 + at, cases[i].ip, cases[i].v6 ? 16 : 4);
			if (!s.v6)
				sample_fix_ip4(&s);
			sample_fix_l4(&s);
			e = exact_of(s.b, s.len);
			check_case(cases[i].name, e.kind < WIRE_BAD_TRUNCATED);
			check_case(cases[i].name,
				   udp || wire_icmp_echo_reply(e.p, &e.f, sample_our_mac) ==
						   -EPERM);
			check_case(cases[i].name, wire_icmp_too_big(out, sizeof(out), &link, &src,
								    e.p, &e.f, 1280) == -EPERM);
			free(e.p);
		}
	}
}

static void too_big(void **state)
{
	static const size_t sizes[] = {0, 1, 100, 519, 520, 521, 1183, 1184, 1185, 1472};

	for (int kind = SAMPLE_UDP4; kind <= SAMPLE_ECHO6; kind++) {
		for (size_t i = 0; i < COUNT(sizes); i++) {
			bool v6 = kind == SAMPLE_UDP6 || kind == SAMPLE_ECHO6;
			size_t room = v6 ? 1280 - 48 : 576 - 28, quote;
			union wire_ip src = our_ip(v6), dst = peer_ip(v6);
			struct wire_link link;
			uint8_t out[1500];
			struct sample s;
			struct exact e, r;
			int rc;

			sample_make(&s, (enum sample_kind)kind, i % 2, sizes[i]);
			e = exact_of(s.b, s.len + 9); /* padding is not quoted */
			quote = s.len - s.l3 < room ? s.len - s.l3 : room;
			wire_link_back(e.p, &e.f, sample_our_mac, &link);
			rc = wire_icmp_too_big(out, sizeof(out), &link, &src, e.p, &e.f, 1400);
			assert_int_equal(rc, s.l4 + 8 + quote);
			r = exact_of(out, (size_t)rc);
			assert_int_equal(r.kind, v6 ? WIRE_ICMP6 : WIRE_ICMP4);
			assert_memory_equal(r.p, sample_peer_mac, 6);
			assert_memory_equal(r.p + 6, sample_our_mac, 6);
			assert_int_equal(r.f.vlan, i % 2 ? SAMPLE_VLAN : 0);
			assert_true(wire_ip_equal(&r.f.src, &src));
			assert_true(wire_ip_equal(&r.f.dst, &dst));
			assert_int_equal(r.f.ttl, 64);
			assert_true(icmp_sum_ok(r.p, &r.f));
			assert_true(wire_icmp_csum_ok(r.p, &r.f));
			assert_int_equal(r.p[r.f.l4_off], v6 ? 2 : 3);
			assert_int_equal(r.p[r.f.l4_off + 1], v6 ? 0 : 4);
			assert_int_equal(wire_get32(r.p + r.f.l4_off + 4), 1400);
			assert_memory_equal(r.p + r.f.l4_off + 8, s.b + s.l3, quote);

			/* An error never answers an error. */
			assert_int_equal(
				wire_icmp_too_big(out, sizeof(out), &link, &dst, r.p, &r.f, 1400),
				-EPERM);
			free(e.p);
			free(r.p);
		}
	}
}

static void too_big_bounds(void **state)
{
	for (int kind = SAMPLE_UDP4; kind <= SAMPLE_UDP6; kind++) {
		bool v6 = kind == SAMPLE_UDP6;
		unsigned int min = v6 ? 1280 : 68;
		union wire_ip src = our_ip(v6), other = our_ip(!v6);
		struct wire_link link;
		struct sample s;
		struct exact e;

		sample_make(&s, (enum sample_kind)kind, false, 30);
		e = exact_of(s.b, s.len);
		wire_link_back(e.p, &e.f, sample_our_mac, &link);
		for (size_t cap = 0; cap < 200; cap++) {
			size_t need = s.l4 + 8 + s.len - s.l3;
			uint8_t *out = malloc(cap ? cap : 1);

			assert_non_null(out);
			assert_int_equal(wire_icmp_too_big(out, cap, &link, &src, e.p, &e.f, 1400),
					 cap < need ? -ENOSPC : (int)need);
			assert_int_equal(wire_icmp_too_big(out, cap, &link, &src, e.p, &e.f,
							   (uint16_t)(min - 1)),
					 -EINVAL);
			assert_int_equal(
				wire_icmp_too_big(out, cap, &link, &other, e.p, &e.f, 1400),
				-EINVAL);
			free(out);
		}
		free(e.p);
	}
}

/* Which ICMP messages an error may answer: queries and their replies only. */
static void errors_by_type(void **state)
{
	for (int kind = SAMPLE_ECHO4; kind <= SAMPLE_ECHO6; kind++) {
		for (unsigned int type = 0; type <= 255; type++) {
			union wire_ip src = our_ip(kind == SAMPLE_ECHO6);
			bool may = kind == SAMPLE_ECHO6
					   ? type >= 128 && type != 137
					   : type == 0 || type == 8 || (type >= 13 && type <= 18);
			struct wire_link link = {.vlan = 0};
			uint8_t out[1500];
			struct sample s;
			struct exact e;
			int rc;

			sample_make(&s, (enum sample_kind)kind, false, 30);
			s.b[s.l4] = (uint8_t)type;
			sample_fix_l4(&s);
			e = exact_of(s.b, s.len);
			rc = wire_icmp_too_big(out, sizeof(out), &link, &src, e.p, &e.f, 1400);
			assert_true(may ? rc > 0 : rc == -EPERM);
			free(e.p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_fields),    cmocka_unit_test(echo_verdicts),
		cmocka_unit_test(short_messages), cmocka_unit_test(echo_reply),
		cmocka_unit_test(no_answer),      cmocka_unit_test(echo_reply_of_zeros),
		cmocka_unit_test(too_big),        cmocka_unit_test(too_big_bounds),
		cmocka_unit_test(errors_by_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
