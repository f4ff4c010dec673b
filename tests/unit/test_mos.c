/* SPDX-License-Identifier: BSD-3-Clause */
/* The E-model in its simplified form, against values worked out by hand. */
#include "check.h"

#include <math.h>

#include "mos.h"

static bool near(double a, double b, double by)
{
	return fabs(a - b) <= by;
}

static void r_values(void **state)
{
	static const struct {
		const char *name;
		uint8_t payload_type;
		double loss, jitter, r;
	} cases[] = {
		/* d = 40: Id = 0.96 */
		{"G.711, nothing wrong", 0, 0, 0, 93.24},
		{"PCMA is the same", 8, 0, 0, 93.24},
		{"dynamic counts as G.711", 96, 0, 0, 93.24},
		{"G.729A", 18, 0, 0, 82.24},
		{"G.723.1", 4, 0, 0, 78.24},
		/* Ie_eff = 95 * 1 / 26.1 = 3.640 */
		{"G.711, 1 % lost", 0, 1, 0, 89.600},
		/* 95 * 5 / 30.1 = 15.781 */
		{"G.711, 5 % lost", 0, 5, 0, 77.459},
		/* 11 + 84 * 2 / 21 = 19 */
		{"G.729A, 2 % lost", 18, 2, 0, 74.24},
		/* d = 140: Id = 3.36 */
		{"50 ms of jitter", 0, 0, 50, 90.84},
		/* d = 240: Id = 5.76 + 0.11 * 62.7 = 12.657 */
		{"beyond the knee", 0, 0, 100, 81.543},
		/* 95 * 100 / 125.1 = 75.939 */
		{"all lost", 0, 100, 0, 17.301},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		double r = mos_r(cases[i].payload_type, cases[i].loss, cases[i].jitter);

		check_case(cases[i].name, near(r, cases[i].r, 0.001));
	}
}

/* Including ITU-T G.107 table B.1: R 90, 80, 70, 60 and 50 are MOS 4.34, 4.03, 3.60, 3.10, 2.58. */
static void mos_values(void **state)
{
	static const struct {
		double r, mos;
	} cases[] = {{93.2, 4.41}, {90, 4.34}, {80, 4.03}, {70, 3.60}, {60, 3.10}, {50, 2.58},
		     {0, 1},       {-20, 1},   {100, 4.5}, {120, 4.5}, {3, 1}};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(near(mos_from_r(cases[i].r), cases[i].mos, 0.01));
}

static void never_outside(void **state)
{
	double last = 0;

	for (double r = -50; r < 150; r += 0.5) {
		double mos = mos_from_r(r);

		assert_true(mos >= 1 && mos <= 4.5);
		assert_true(mos >= last - 1e-9);
		last = mos;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r_values),
		cmocka_unit_test(mos_values),
		cmocka_unit_test(never_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
