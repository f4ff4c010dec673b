/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

#include "rtp.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* Sequence 0x1234, timestamp 0x01020304, SSRC 0xdeadbeef. */
#define REST 0x12, 0x34, 1, 2, 3, 4, 0xde, 0xad, 0xbe, 0xef

static bool parse(const uint8_t *p, size_t len, struct wire_rtp *rtp)
{
	uint8_t *copy = exact_copy(p, len);
	bool ok = wire_rtp_parse(copy, (uint32_t)len, rtp);

	free(copy);
	return ok;
}

static enum wire_media classify(const uint8_t *p, size_t len)
{
	uint8_t *copy = exact_copy(p, len);
	enum wire_media media = wire_media_classify(copy, (uint32_t)len);

	free(copy);
	return media;
}

static void rtp_lengths(void **state)
{
	const struct {
		const char *name;
		const uint8_t *p;
		size_t len;
		int off, payload; /* off -1: refused */
	} cases[] = {
		{"empty payload", BYTES(0x80, 0, REST), 12, 0},
		{"payload", BYTES(0x80, 0, REST, 9, 9, 9), 12, 3},
		{"one byte short", BYTES(0x80, 0, 0x12, 0x34, 1, 2, 3, 4, 0xde, 0xad, 0xbe), -1, 0},
		{"one csrc", BYTES(0x81, 0, REST, 1, 1, 1, 1, 9), 16, 1},
		{"one csrc, no payload", BYTES(0x81, 0, REST, 1, 1, 1, 1), 16, 0},
		{"one csrc, cut", BYTES(0x81, 0, REST, 1, 1, 1), -1, 0},
		{"fifteen csrcs of none", BYTES(0x8f, 0, REST), -1, 0},
		{"fifteen csrcs of one", BYTES(0x8f, 0, REST, 1, 1, 1, 1), -1, 0},
		{"extension of zero words", BYTES(0x90, 0, REST, 0xbe, 0xde, 0, 0), 16, 0},
		{"extension", BYTES(0x90, 0, REST, 0xbe, 0xde, 0, 1, 0, 0, 0, 0, 9), 20, 1},
		{"extension, data cut", BYTES(0x90, 0, REST, 0xbe, 0xde, 0, 1, 0, 0, 0), -1, 0},
		{"extension, header cut", BYTES(0x90, 0, REST, 0xbe, 0xde, 0), -1, 0},
		{"extension absent", BYTES(0x90, 0, REST), -1, 0},
		{"extension of 65535 words", BYTES(0x90, 0, REST, 0, 0, 255, 255, 9, 9), -1, 0},
		{"csrc and extension", BYTES(0x91, 0, REST, 1, 1, 1, 1, 0, 0, 0, 0, 9), 20, 1},
		{"csrc takes extension's place", BYTES(0x91, 0, REST, 0, 0, 0, 0), -1, 0},
		{"padding of one", BYTES(0xa0, 0, REST, 9, 1), 12, 1},
		{"padding of all", BYTES(0xa0, 0, REST, 0, 2), 12, 0},
		{"padding beyond payload", BYTES(0xa0, 0, REST, 0, 3), -1, 0},
		{"padding of 255", BYTES(0xa0, 0, REST, 9, 255), -1, 0},
		{"padding of zero", BYTES(0xa0, 0, REST, 9, 0), -1, 0},
		{"padding without payload", BYTES(0xa0, 0, REST), -1, 0},
		{"padding in extension", BYTES(0xb0, 0, REST, 0, 0, 0, 1, 0, 0, 0, 4), -1, 0},
		{"csrc, extension, padding",
		 BYTES(0xb1, 0, REST, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 9, 9, 0, 2), 24, 2},
		{"version 0", BYTES(0x00, 0, REST), -1, 0},
		{"version 1", BYTES(0x40, 0, REST), -1, 0},
		{"version 3", BYTES(0xc0, 0, REST), -1, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wire_rtp rtp;
		bool ok = parse(cases[i].p, cases[i].len, &rtp);

		check_case(cases[i].name, ok == (cases[i].off >= 0));
		if (!ok)
			continue;
		check_case(cases[i].name, rtp.payload_off == cases[i].off);
		check_case(cases[i].name, rtp.payload_len == cases[i].payload);
	}
}

static void rtp_fields(void **state)
{
	static const uint8_t p[] = {0x80, 0x80 | 111, REST, 9};
	struct wire_rtp rtp;

	assert_true(parse(p, sizeof(p), &rtp));
	assert_true(rtp.marker);
	assert_int_equal(rtp.payload_type, 111);
	assert_int_equal(rtp.seq, 0x1234);
	assert_int_equal(rtp.timestamp, 0x01020304);
	assert_int_equal(rtp.ssrc, 0xdeadbeef);
}

/* Every combination of the first byte, each prefix of a packet that has all the parts. */
static void rtp_prefixes(void **state)
{
	uint8_t p[12 + 15 * 4 + 4 + 8 + 10];

	for (unsigned int first = 0x80; first <= 0xbf; first++) {
		size_t off = 12 + 4 * (first & 15), head;
		struct wire_rtp rtp;

		memset(p, 4, sizeof(p)); /* any last byte is a padding of 4 */
		p[0] = (uint8_t)first;
		if (first & 0x10) {
			p[off] = p[off + 1] = p[off + 2] = 0;
			p[off + 3] = 2;
			off += 12;
		}
		head = off + (first & 0x20 ? 4 : 0);
		for (size_t len = 0; len <= sizeof(p); len++) {
			bool ok = parse(p, len, &rtp);

			assert_int_equal(ok, len >= head);
			if (ok) {
				assert_int_equal(rtp.payload_off, off);
				assert_int_equal(rtp.payload_len, len - head);
			}
		}
	}
}

/*
 * RFC 7983 §7: which protocol's rules a packet is held to, by its first byte. A body that is
 * sound for each protocol in turn is recognised by exactly that protocol's range.
 */
static void demux_by_first_byte(void **state)
{
	/* STUN binding request, empty. */
	uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	/* DTLS 1.2 record of three bytes. */
	uint8_t dtls[16] = {22, 0xfe, 0xfd, [12] = 3};
	/* Sound as RTP with any CSRC count, extension and padding. */
	uint8_t rtp[12 + 60 + 4 + 4] = {[79] = 1};
	/* Receiver report, empty. */
	uint8_t rtcp[8] = {0x80, 201, 0, 1};

	for (unsigned int first = 0; first <= 255; first++) {
		bool is_stun = first <= 3, is_dtls = first >= 20 && first <= 63;
		bool is_rtp = first >= 128 && first <= 191;

		stun[0] = dtls[0] = rtp[0] = rtcp[0] = (uint8_t)first;
		if (is_stun)
			assert_int_equal(classify(stun, sizeof(stun)), WIRE_MEDIA_STUN);
		else
			assert_int_not_equal(classify(stun, sizeof(stun)), WIRE_MEDIA_STUN);
		if (is_dtls)
			assert_int_equal(classify(dtls, sizeof(dtls)), WIRE_MEDIA_DTLS);
		else
			assert_int_not_equal(classify(dtls, sizeof(dtls)), WIRE_MEDIA_DTLS);
		assert_int_equal(classify(rtp, sizeof(rtp)) == WIRE_MEDIA_RTP, is_rtp);
		assert_int_equal(classify(rtcp, sizeof(rtcp)) == WIRE_MEDIA_RTCP, is_rtp);
		if (!is_stun && !is_dtls && !is_rtp) {
			assert_int_equal(classify(stun, sizeof(stun)), WIRE_MEDIA_UNKNOWN);
			assert_int_equal(classify(dtls, sizeof(dtls)), WIRE_MEDIA_UNKNOWN);
			assert_int_equal(classify(rtp, sizeof(rtp)), WIRE_MEDIA_UNKNOWN);
			assert_int_equal(classify(rtcp, sizeof(rtcp)), WIRE_MEDIA_UNKNOWN);
		}
	}
}

/* RFC 5761 §4: RTP and RTCP by the second byte. */
static void demux_by_second_byte(void **state)
{
	uint8_t p[12] = {0x80, [3] = 2}; /* sound as both */

	for (unsigned int second = 0; second <= 255; second++) {
		p[1] = (uint8_t)second;
		assert_int_equal(classify(p, sizeof(p)),
				 second >= 192 && second <= 223 ? WIRE_MEDIA_RTCP : WIRE_MEDIA_RTP);
	}
}

#define SR_HEAD 0x80, 200, 0, 6, 0, 0, 0, 1
#define RR      0x80, 201, 0, 1, 0, 0, 0, 1
#define BYE     0x81, 203, 0, 1, 0, 0, 0, 1

static void rtcp_lengths(void **state)
{
	const struct {
		const char *name;
		const uint8_t *p;
		size_t len;
		bool first, all;
	} cases[] = {
		{"receiver report", BYTES(RR), true, true},
		{"compound", BYTES(RR, BYE), true, true},
		{"empty", BYTES(0), false, false},
		{"four bytes", BYTES(0x80, 203, 0, 0), false, false},
		{"seven bytes", BYTES(0x80, 201, 0, 1, 0, 0, 0), false, false},
		{"first beyond the end", BYTES(0x80, 201, 0, 2, 0, 0, 0, 1), false, false},
		{"first of 65536 words", BYTES(0x80, 201, 255, 255, 0, 0, 0, 1), false, false},
		{"first cut", BYTES(SR_HEAD, 0, 0), false, false},
		{"second cut", BYTES(RR, 0x81, 203, 0, 1, 0), true, false},
		{"second of version 1", BYTES(RR, 0x41, 203, 0, 1, 0, 0, 0, 1), true, false},
		{"three bytes behind", BYTES(RR, 0x81, 203, 0), true, false},
		{"header only behind", BYTES(RR, 0x80, 203, 0, 0), true, true},
		{"version 1", BYTES(0x40, 201, 0, 1, 0, 0, 0, 1), false, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t *p = exact_copy(cases[i].p, cases[i].len);
		uint32_t len = (uint32_t)cases[i].len;

		check_case(cases[i].name, wire_rtcp_ok(p, len, true) == cases[i].first);
		check_case(cases[i].name, wire_rtcp_ok(p, len, false) == cases[i].all);
		free(p);
	}
}

#define COOKIE 0x21, 0x12, 0xa4, 0x42
#define TID    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

static void classified(void **state)
{
	const struct {
		const char *name;
		const uint8_t *p;
		size_t len;
		enum wire_media expect;
	} cases[] = {
		{"one byte", BYTES(0x80), WIRE_MEDIA_UNKNOWN},
		{"rtp cut", BYTES(0x80, 0, 1, 2), WIRE_MEDIA_BAD_RTP},
		{"rtp, csrcs absent", BYTES(0x8f, 0, REST), WIRE_MEDIA_BAD_RTP},
		{"rtcp cut", BYTES(0x80, 200, 0, 6), WIRE_MEDIA_BAD_RTCP},
		{"rtcp length beyond", BYTES(SR_HEAD), WIRE_MEDIA_BAD_RTCP},
		{"stun", BYTES(0, 1, 0, 0, COOKIE, TID), WIRE_MEDIA_STUN},
		{"stun, one attribute", BYTES(0, 1, 0, 4, COOKIE, TID, 0x80, 0x2a, 0, 0),
		 WIRE_MEDIA_STUN},
		{"stun cut", BYTES(0, 1, 0, 4, COOKIE, TID), WIRE_MEDIA_UNKNOWN},
		{"stun, bytes behind", BYTES(0, 1, 0, 0, COOKIE, TID, 0), WIRE_MEDIA_UNKNOWN},
		{"stun, length not of words", BYTES(0, 1, 0, 1, COOKIE, TID, 0),
		 WIRE_MEDIA_UNKNOWN},
		{"stun, other cookie", BYTES(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43, TID),
		 WIRE_MEDIA_UNKNOWN},
		{"stun, 19 bytes", BYTES(0, 1, 0, 0, COOKIE, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
		 WIRE_MEDIA_UNKNOWN},
		{"dtls, empty record", BYTES(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		 WIRE_MEDIA_DTLS},
		{"dtls 1.0", BYTES(22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9),
		 WIRE_MEDIA_DTLS},
		{"dtls, two records",
		 BYTES(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 22, 0xfe), WIRE_MEDIA_DTLS},
		{"dtls cut", BYTES(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 9),
		 WIRE_MEDIA_UNKNOWN},
		{"dtls, 12 bytes", BYTES(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		 WIRE_MEDIA_UNKNOWN},
		{"tls over tcp", BYTES(22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), WIRE_MEDIA_UNKNOWN},
		{"dtls 1.3, unified header", BYTES(0x2f, 1, 2), WIRE_MEDIA_DTLS},
		{"dtls 1.3 cut", BYTES(0x2f, 1), WIRE_MEDIA_UNKNOWN},
		{"turn channel data", BYTES(0x40, 0, 0, 4, 1, 2, 3, 4), WIRE_MEDIA_UNKNOWN},
		{"zrtp", BYTES(0x10, 0, 0, 0, 0x5a, 0x52, 0x54, 0x50), WIRE_MEDIA_UNKNOWN},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		check_case(cases[i].name, classify(cases[i].p, cases[i].len) == cases[i].expect);
	assert_int_equal(classify(NULL, 0), WIRE_MEDIA_UNKNOWN);
}

/* Each prefix of one sound packet of every kind: never that kind, unless lengths allow it. */
static void prefixes(void **state)
{
	static const uint8_t stun[] = {0, 1, 0, 4, COOKIE, TID, 0x80, 0x2a, 0, 0};
	static const uint8_t dtls[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3};
	static const uint8_t rtcp[] = {RR};

	for (size_t len = 0; len < sizeof(stun); len++)
		assert_int_equal(classify(stun, len), WIRE_MEDIA_UNKNOWN);
	for (size_t len = 0; len < sizeof(dtls); len++)
		assert_int_equal(classify(dtls, len), WIRE_MEDIA_UNKNOWN);
	for (size_t len = 2; len < sizeof(rtcp); len++)
		assert_int_equal(classify(rtcp, len), WIRE_MEDIA_BAD_RTCP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rtp_lengths),          cmocka_unit_test(rtp_fields),
		cmocka_unit_test(rtp_prefixes),         cmocka_unit_test(demux_by_first_byte),
		cmocka_unit_test(demux_by_second_byte), cmocka_unit_test(rtcp_lengths),
		cmocka_unit_test(classified),           cmocka_unit_test(prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
