/* SPDX-License-Identifier: BSD-3-Clause */
/* Places for SSRCs in a leg. */
#include "srtp_pair.h"

#include <errno.h>

/* Four SSRCs have places. A fifth gets that of one that has been silent, never of a live one. */
static void places(void **state)
{
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		struct pair p = pair(engines[e], 128, &cm);
		struct bed_packet forged;

		for (unsigned int i = 0; i < SRTP_SSRCS; i++)
			assert_int_equal(open_at(&p, i, 100), SRTP_OK);
		p.at.now += 20000;
		bed_rtp(&forged, 9, 100, 40);
		assert_int_equal(bed_open(&p.at, p.open, NULL, &forged), SRTP_BAD_AUTH);
		for (unsigned int i = 1; i < SRTP_SSRCS; i++)
			assert_int_equal(open_at(&p, i, 101), SRTP_OK);
		/* 0 has been silent. */
		assert_int_equal(open_at(&p, 10, 100), SRTP_OK);
		for (unsigned int i = 1; i < SRTP_SSRCS; i++)
			assert_int_equal(open_at(&p, i, 101), SRTP_REPLAY);
		/* All are young: a flood of authentic SSRCs gets no place. */
		for (unsigned int i = 20; i < 40; i++)
			assert_int_equal(open_at(&p, i, 100), SRTP_NO_PLACE);
		assert_int_equal(open_at(&p, 10, 101), SRTP_OK);
		assert_int_equal(open_at(&p, 2, 102), SRTP_OK);
		/* What 0 had sent does not get through twice. */
		assert_int_equal(open_at(&p, 0, 100), SRTP_REPLAY);
		pair_free(&p);
	}
}

/* A bundle's leg has more of them, each of its own memory. */
static void places_of_bundle(void **state)
{
	static const unsigned int windows[] = {128, 1024};
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int i = 2 * bed_engines(engines); i--;) {
		enum srtp_engine e = engines[i / 2];
		unsigned int window = windows[i % 2];
		struct pair p = pair(e, window, &cm);
		struct bed_packet out;

		srtp_leg_wipe(p.at.leg);
		free(p.at.leg);
		p.at.leg = aligned_alloc(SRTP_ALIGN, srtp_leg_size_for(e, window, SRTP_SSRCS_MAX));
		assert_int_equal(srtp_leg_init_for(p.at.leg, e, window, SRTP_SSRCS_MAX + 1),
				 -EINVAL);
		assert_int_equal(srtp_leg_init_for(p.at.leg, e, window, SRTP_SSRCS_MAX), 0);
		assert_int_equal(srtp_leg_bytes(p.at.leg),
				 srtp_leg_size_for(e, window, SRTP_SSRCS_MAX));
		for (unsigned int seq = 100; seq < 102; seq++) {
			for (unsigned int k = 0; k < SRTP_SSRCS_MAX; k++) {
				assert_int_equal(open_at(&p, k, (uint16_t)(seq + k)), SRTP_OK);
				bed_rtp(&out, k, (uint16_t)(seq + k), 20);
				assert_int_equal(bed_seal(&p.at, p.open, &out), SRTP_OK);
			}
			for (unsigned int k = 0; k < SRTP_SSRCS_MAX; k++) {
				assert_int_equal(open_at(&p, k, (uint16_t)(seq + k)), SRTP_REPLAY);
				bed_rtp(&out, k, (uint16_t)(seq + k), 20);
				assert_int_equal(bed_seal(&p.at, p.open, &out), SRTP_REPLAY);
			}
		}
		assert_int_equal(open_at(&p, 99, 100), SRTP_NO_PLACE);
		pair_free(&p);
	}
}

/* Without a block in stock a second SSRC has no place, and the first goes on. */
static void places_out_of_stock(void **state)
{
	struct pair p = pair(SRTP_ENGINE_LIBSRTP2, 128, &cm);
	uint32_t last = 0, number, taken[4096], n = 0;
	struct bed_packet out;

	(void)state;
	while ((number = srtp_places_take()) != 0) {
		assert_true(n < COUNT(taken) && number != last);
		taken[n++] = last = number;
	}
	assert_int_equal(open_at(&p, 1, 100), SRTP_OK);
	assert_int_equal(open_at(&p, 2, 100), SRTP_NO_PLACE);
	bed_rtp(&out, 1, 100, 20);
	assert_int_equal(bed_seal(&p.at, p.open, &out), SRTP_OK);
	bed_rtp(&out, 2, 100, 20);
	assert_int_equal(bed_seal(&p.at, p.open, &out), SRTP_NO_PLACE);
	assert_int_equal(open_at(&p, 1, 101), SRTP_OK);
	assert_int_equal(srtp_places_stock(), 0);
	assert_int_equal(bed_seal(&p.at, p.open, &out), SRTP_OK);
	assert_int_equal(open_at(&p, 2, 100), SRTP_OK);
	assert_int_equal(open_at(&p, 2, 100), SRTP_REPLAY);
	/* With the leg its block goes back, wiped. */
	number = p.at.leg->tx.more;
	assert_int_not_equal(number, 0);
	pair_free(&p);
	assert_int_equal(srtp_places_take(), number);
	for (size_t i = 0; i < SRTP_PLACES_BYTES; i++)
		assert_int_equal(((uint8_t *)srtp_places_at(number))[i], 0);
	srtp_places_give(number);
	while (n > 0)
		srtp_places_give(taken[--n]);
}

/* On sending too: an SSRC whose index was forgotten is not sealed again under these keys. */
static void places_seal(void **state)
{
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		struct pair a = pair(engines[e], 128, &cm), b = pair(engines[e], 128, &second);
		unsigned int spent = 0;
		struct bed_packet p;

		for (unsigned int i = 0; i < SRTP_SSRCS; i++) {
			bed_rtp(&p, i, 7, 20);
			assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
		}
		bed_rtp(&p, 10, 7, 20);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_NO_PLACE);
		a.at.now += 20000;
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
		bed_rtp(&p, 3, 7, 20); /* of equals the last goes first */
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_REPLAY);
		bed_rtp(&p, 3, 8, 20);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_REPLAY);
		/* Too many have come and gone: new ones want new keys. */
		for (unsigned int i = 0; i < 200; i++) {
			a.at.now += 20000;
			bed_rtp(&p, 1000 + i * 7919, 1, 20);
			spent += bed_seal(&a.at, a.open, &p) == SRTP_KEY_SPENT;
		}
		assert_true(spent > 100);
		assert_int_equal(bed_seal(&a.at, b.open, &p), SRTP_OK);
		pair_free(&a);
		pair_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(places_of_bundle),
		cmocka_unit_test(places_out_of_stock),
		cmocka_unit_test(places_seal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
