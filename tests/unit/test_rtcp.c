/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

#include "rtcp.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

#define WORD(x) (x) >> 24, (x) >> 16 & 255, (x) >> 8 & 255, (x)&255
#define RR      0x80, 201, 0, 1, WORD(0xa1)
#define SR      0x80, 200, 0, 6, WORD(0xa1), WORD(1), WORD(2), WORD(3), WORD(4), WORD(5)
#define SDES    0x81, 202, 0, 2, WORD(0xa1), 1, 1, 'x', 0
#define NACK    0x81, 205, 0, 3, WORD(0xa1), WORD(0xb1), WORD(7)
#define PLI     0x81, 206, 0, 2, WORD(0xa1), WORD(0xb1)
#define FIR     0x84, 206, 0, 4, WORD(0xa1), WORD(0), WORD(0xb2), WORD(1)
#define REMB    0x8f, 206, 0, 5, WORD(0xa1), WORD(0), 'R', 'E', 'M', 'B', WORD(1), WORD(0xb3)
#define PADDED  0xa1, 206, 0, 3, WORD(0xa1), WORD(0xb1), 0, 0, 0, 4

static void feedback_goes(void **state)
{
	const struct {
		const char *name;
		const uint8_t *p;
		size_t len;
		const uint8_t *want;
		size_t want_len;
	} cases[] = {
		{"none", BYTES(RR, SDES), BYTES(RR, SDES)},
		{"only", BYTES(PLI), BYTES()},
		{"only, of both kinds", BYTES(PLI, NACK, FIR), BYTES()},
		{"first", BYTES(PLI, RR, SDES), BYTES(RR, SDES)},
		{"in the middle", BYTES(RR, NACK, SDES), BYTES(RR, SDES)},
		{"last", BYTES(SR, SDES, PLI), BYTES(SR, SDES)},
		{"last, padded", BYTES(RR, PADDED), BYTES(RR)},
		{"everywhere", BYTES(NACK, RR, PLI, FIR, SDES, REMB), BYTES(RR, SDES)},
		{"neighbours of its types",
		 BYTES(0x80, 204, 0, 2, WORD(1), WORD(2), 0x80, 207, 0, 1, WORD(1)),
		 BYTES(0x80, 204, 0, 2, WORD(1), WORD(2), 0x80, 207, 0, 1, WORD(1))},
		{"but for a packet without a sender", BYTES(PLI, 0x80, 202, 0, 0), BYTES()},
		{"of a word", BYTES(RR, 0x80, 205, 0, 0, SDES), BYTES(RR, SDES)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t *copy = exact_copy(cases[i].p, cases[i].len);
		int n = wire_rtcp_drop_feedback(copy, (uint32_t)cases[i].len);

		if (n != (int)cases[i].want_len || memcmp(copy, cases[i].want, (size_t)n) != 0)
			fail_msg("%s: %d", cases[i].name, n);
		free(copy);
	}
}

static void faults_change_nothing(void **state)
{
	const struct {
		const char *name;
		const uint8_t *p;
		size_t len;
	} cases[] = {
		{"nothing", BYTES()},
		{"a word", BYTES(0x80, 205, 0, 0)},
		{"cut", BYTES(PLI, 0x80, 201, 0, 1, 0, 0, 0)},
		{"a byte more", BYTES(PLI, RR, 0)},
		{"three bytes more", BYTES(PLI, RR, 0x80, 201, 0)},
		{"longer than all", BYTES(PLI, 0x80, 201, 255, 255, WORD(1))},
		{"version 1 behind", BYTES(PLI, 0x40, 201, 0, 1, WORD(1))},
		{"version 1", BYTES(0x41, 206, 0, 2, WORD(0xa1), WORD(0xb1))},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t *copy = exact_copy(cases[i].p, cases[i].len);

		if (wire_rtcp_drop_feedback(copy, (uint32_t)cases[i].len) != -1 ||
		    memcmp(copy, cases[i].p, cases[i].len) != 0)
			fail_msg("%s", cases[i].name);
		free(copy);
	}
}

static void whom_it_is_about(void **state)
{
	const struct {
		const char *name;
		const uint8_t *p;
		size_t len;
		uint32_t ssrc; /* 0: nobody */
	} cases[] = {
		{"receiver report without blocks", BYTES(RR), 0},
		{"receiver report", BYTES(0x81, 201, 0, 2, WORD(0xa1), WORD(0xb1)), 0xb1},
		{"that promises a block", BYTES(0x81, 201, 0, 1, WORD(0xa1)), 0},
		{"first of two blocks", BYTES(0x82, 201, 0, 3, WORD(0xa1), WORD(0xb1), WORD(0xb2)),
		 0xb1},
		{"sender report without blocks", BYTES(SR), 0},
		{"sender report",
		 BYTES(0x81, 200, 0, 7, WORD(0xa1), WORD(1), WORD(2), WORD(3), WORD(4), WORD(5),
		       WORD(0xb1)),
		 0xb1},
		{"sender report that promises a block",
		 BYTES(0x81, 200, 0, 6, WORD(0xa1), WORD(1), WORD(2), WORD(3), WORD(4), WORD(5)),
		 0},
		{"nack", BYTES(NACK), 0xb1},
		{"picture loss", BYTES(PLI), 0xb1},
		{"full intra request", BYTES(FIR), 0xb2},
		{"without its entry", BYTES(0x84, 206, 0, 2, WORD(0xa1), WORD(0)), 0},
		{"temporary maximum",
		 BYTES(0x83, 205, 0, 4, WORD(0xa1), WORD(0), WORD(0xb4), WORD(9)), 0xb4},
		{"bandwidth estimate", BYTES(REMB), 0xb3},
		{"without its SSRC",
		 BYTES(0x8f, 206, 0, 4, WORD(0xa1), WORD(0), 'R', 'E', 'M', 'B', WORD(1)), 0},
		{"feedback without a header", BYTES(0x81, 206, 0, 1, WORD(0xa1)), 0},
		{"descriptions", BYTES(SDES), 0},
		{"goodbye", BYTES(0x82, 203, 0, 2, WORD(0xa1), WORD(0xb1)), 0},
		{"extended report", BYTES(0x80, 207, 0, 2, WORD(0xa1), WORD(0xb1)), 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t *copy = exact_copy(cases[i].p, cases[i].len);
		uint32_t ssrc = 0;

		assert_int_equal(wire_rtcp_first(copy, (uint32_t)cases[i].len), cases[i].len);
		if (wire_rtcp_about(copy, (uint32_t)cases[i].len, &ssrc) != (cases[i].ssrc != 0) ||
		    ssrc != cases[i].ssrc)
			fail_msg("%s: %#x", cases[i].name, ssrc);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feedback_goes),
		cmocka_unit_test(faults_change_nothing),
		cmocka_unit_test(whom_it_is_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
