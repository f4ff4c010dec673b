/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of lib/srtp: new ones in a running call, lifetimes, MKI, and their end. */
#include "srtp_pair.h"

#include <errno.h>

/* `roc`: whether the sender keeps its rollover counter or begins at 0. */
static void rekey_with(enum srtp_engine e, bool keeps_roc)
{
	struct pair a = pair(e, 128, &cm), b = pair(e, 128, &second);
	uint64_t next = keeps_roc ? 0x10000 + 104 : 104;

	assert_int_equal(open_at(&a, SSRC, 65000), SRTP_OK);
	assert_int_equal(open_at(&a, SSRC, 0x10000 + 100), SRTP_OK);
	assert_int_equal(open_two(&a.at, a.open, NULL, a.seal, 7, true), SRTP_OK);
	/* New keys are known; the sender still uses the old ones. */
	assert_int_equal(open_two(&a.at, b.open, a.open, a.seal, 0x10000 + 101, false), SRTP_OK);
	assert_int_equal(open_two(&a.at, b.open, a.open, a.seal, 0x10000 + 101, false),
			 SRTP_REPLAY);
	assert_int_equal(open_two(&a.at, b.open, a.open, a.seal, 8, true), SRTP_OK);
	assert_int_equal(open_two(&a.at, b.open, a.open, a.seal, 8, true), SRTP_REPLAY);
	/* The first under the new ones: the old ones are done with. */
	assert_int_equal(open_two(&a.at, b.open, a.open, b.seal, next, false), SRTP_OK);
	assert_int_equal(open_two(&a.at, b.open, a.open, b.seal, next, false), SRTP_REPLAY);
	assert_int_equal(open_two(&a.at, b.open, a.open, a.seal, 0x10000 + 103, false),
			 SRTP_BAD_AUTH);
	assert_int_equal(open_two(&a.at, b.open, a.open, a.seal, 9, true), SRTP_BAD_AUTH);
	/* SRTCP may begin anew, and is then guarded again. */
	assert_int_equal(open_two(&a.at, b.open, a.open, b.seal, 1, true), SRTP_OK);
	assert_int_equal(open_two(&a.at, b.open, a.open, b.seal, 1, true), SRTP_REPLAY);
	assert_int_equal(open_two(&a.at, b.open, a.open, b.seal, next + 1, false), SRTP_OK);
	assert_int_equal(a.at.leg->rx.state.rtp_count, 2);
	pair_free(&a);
	pair_free(&b);
}

static void rekey(void **state)
{
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		if (engines[0] == SRTP_ENGINE_LIBSRTP2)
			skip(); /* counts SRTCP itself */
		rekey_with(engines[e], true);
		rekey_with(engines[e], false);
	}
}

/* Sealing goes on with the counter, and under new keys an index is new again. */
static void rekey_seal(void **state)
{
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		struct pair a = pair(engines[e], 128, &cm), b = pair(engines[e], 128, &second);
		struct bed_party far = bed_party(engines[0], 128);
		struct bed_packet p;

		bed_rtp(&p, SSRC, 65535, 20);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
		bed_rtp(&p, SSRC, 2, 20);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
		bed_rtp(&p, SSRC, 2, 20);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_REPLAY);
		assert_int_equal(bed_seal(&a.at, b.open, &p), SRTP_OK);
		assert_int_equal(srtp_slot_highest(srtp_slot_at(a.at.leg, true, 0)), 0x10002);
		/* The far end had been there too. */
		srtp_slot_take(far.leg, false, SSRC, b.seal, 0, &(enum srtp_verdict){0})->roc = 1;
		far.leg->rx.state.slots = 1;
		assert_int_equal(bed_open(&far, b.seal, NULL, &p), SRTP_OK);
		bed_party_free(&far);
		pair_free(&a);
		pair_free(&b);
	}
}

/* Keys of another association: a far end that has seen nothing before can open what follows. */
static void rekey_anew(void **state)
{
	struct bed_keys another = second;
	enum srtp_engine engines[2];

	(void)state;
	another.anew = true;
	for (unsigned int e = bed_engines(engines); e--;) {
		struct pair a = pair(engines[e], 128, &cm), b = pair(engines[e], 128, &another);
		struct bed_party far = bed_party(engines[0], 128);
		struct bed_packet p;

		bed_rtp(&p, SSRC, 65535, 20);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
		bed_rtp(&p, SSRC, 2, 20);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
		bed_rtp(&p, SSRC, 65000, 20);
		assert_int_equal(bed_seal(&a.at, b.open, &p), SRTP_OK);
		assert_int_equal(bed_open(&far, b.seal, NULL, &p), SRTP_OK);
		bed_rtp(&p, SSRC, 4, 20);
		assert_int_equal(bed_seal(&a.at, b.open, &p), SRTP_OK);
		assert_int_equal(srtp_slot_highest(srtp_slot_at(a.at.leg, true, 0)), 0x10004);
		assert_int_equal(bed_open(&far, b.seal, NULL, &p), SRTP_OK);
		bed_party_free(&far);
		pair_free(&a);
		pair_free(&b);
	}
}

static void lifetime_of(const struct bed_keys *few)
{
	struct bed_keys more = second;
	enum srtp_engine engines[2];

	for (unsigned int e = bed_engines(engines); e--;) {
		if (engines[0] == SRTP_ENGINE_LIBSRTP2)
			skip();
		struct pair a = pair(engines[e], 128, few), b = pair(engines[e], 128, &more);
		struct bed_packet p;

		for (unsigned int i = 0; i < 3; i++) {
			assert_int_equal(open_at(&a, SSRC + i % 2, 10 + i), SRTP_OK);
			assert_int_equal(open_two(&a.at, a.open, NULL, a.seal, 5 + i, true),
					 SRTP_OK);
			bed_rtp(&p, SSRC, (uint16_t)i, 20);
			assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
			bed_rtcp(&p, SSRC, 20);
			assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
		}
		assert_int_equal(open_at(&a, SSRC, 20), SRTP_KEY_SPENT);
		assert_int_equal(open_two(&a.at, a.open, NULL, a.seal, 9, true), SRTP_KEY_SPENT);
		bed_rtp(&p, SSRC, 9, 20);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_KEY_SPENT);
		assert_int_equal(p.len, 32);
		bed_rtcp(&p, SSRC, 20);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_KEY_SPENT);
		/* Other keys begin to count anew. */
		assert_int_equal(open_two(&a.at, b.open, a.open, b.seal, 21, false), SRTP_OK);
		bed_rtp(&p, SSRC, 9, 20);
		assert_int_equal(bed_seal(&a.at, b.open, &p), SRTP_OK);
		pair_free(&a);
		pair_free(&b);
	}
}

/* Alone, and with an MKI behind it in the keys' memory. */
static void lifetime(void **state)
{
	struct bed_keys few = cm;

	(void)state;
	few.lifetime = 3;
	for (few.mki_len = 0; few.mki_len <= 5; few.mki_len += 5)
		lifetime_of(&few);
	few.profile = SRTP_AEAD_AES_256_GCM;
	lifetime_of(&few);
}

/* The last index there is. */
static void index_end(void **state)
{
	struct pair a = pair(SRTP_ENGINE_LIBSRTP2, 128, &cm);
	struct bed_packet p;

	(void)state;
	bed_rtp(&p, SSRC, 65535, 20);
	assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
	srtp_slot_at(a.at.leg, true, 0)->roc = UINT32_MAX;
	bed_rtp(&p, SSRC, 0, 20);
	assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_KEY_SPENT);
	pair_free(&a);
}

static void mki(void **state)
{
	static const uint8_t lens[] = {1, 4, 8, 9, 128};
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		for (unsigned int i = 0; i < COUNT(lens) * 2; i++) {
			struct bed_keys ka = cm, kb = second;
			bool rtcp = i & 1;
			struct bed_packet p;
			struct pair a, b;

			if (i & 2)
				ka.profile = SRTP_AEAD_AES_128_GCM;
			ka.mki_len = lens[i / 2];
			kb.mki_len = lens[i / 2];
			a = pair(engines[e], 128, &ka);
			b = pair(engines[e], 128, &kb);
			assert_int_equal(open_two(&a.at, a.open, NULL, a.seal, 5, rtcp), SRTP_OK);
			assert_int_equal(open_two(&a.at, a.open, NULL, a.seal, 6, rtcp), SRTP_OK);
			assert_int_equal(open_two(&a.at, a.open, NULL, b.seal, 7, rtcp),
					 SRTP_BAD_MKI);
			/* It says which keys: both are known until the new ones are used. */
			assert_int_equal(open_two(&a.at, b.open, a.open, a.seal, 8, rtcp), SRTP_OK);
			assert_int_equal(open_two(&a.at, b.open, a.open, b.seal, 9, rtcp), SRTP_OK);
			assert_int_equal(open_two(&a.at, b.open, a.open, a.seal, 10, rtcp),
					 SRTP_BAD_MKI);
			if (rtcp)
				bed_rtcp(&p, SSRC, 20);
			else
				bed_rtp(&p, SSRC, 3, 20);
			assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_OK);
			pair_free(&a);
			pair_free(&b);
		}
	}
}

/* What is behind the keys counts, and "as many as there may be" is as good as nothing said. */
static void equal(void **state)
{
	static const struct bed_keys cases[] = {
		{.seed = 1},
		{.seed = 2},
		{.seed = 1, .mki_len = 4},
		{.seed = 1, .mki_len = 8},
		{.seed = 1, .lifetime = 1000},
		{.seed = 1, .lifetime = 1001},
		{.seed = 1, .mki_len = 8, .lifetime = 1000},
	};
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;)
		for (unsigned int p = 0; p < SRTP_PROFILE_COUNT; p++)
			for (unsigned int i = 0; i < COUNT(cases) * COUNT(cases); i++) {
				struct bed_keys a = cases[i / COUNT(cases)],
						b = cases[i % COUNT(cases)];
				struct srtp_keys *ka, *kb;

				if (!bed_can(engines[e], p))
					continue;
				a.profile = b.profile = p;
				ka = bed_keys(engines[e], &a);
				b.lifetime = b.lifetime ? b.lifetime : SRTP_RTP_LIMIT - 1 + i % 2;
				kb = bed_keys(engines[e], &b);
				assert_int_equal(srtp_keys_equal(ka, kb),
						 i / COUNT(cases) == i % COUNT(cases));
				bed_keys_free(ka);
				bed_keys_free(kb);
			}
}

static void wiped(void **state)
{
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		for (unsigned int p = 0; p < SRTP_PROFILE_COUNT; p++) {
			struct bed_keys c = {
				.profile = p, .seed = 3, .mki_len = 20, .lifetime = 1 << 20};
			struct srtp_keys *k;
			size_t size;

			if (!bed_can(engines[e], p))
				continue;
			k = bed_keys(engines[e], &c);
			size = srtp_keys_bytes(k);
			srtp_keys_wipe(k);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(((uint8_t *)k)[i], 0);
			srtp_keys_wipe(k); /* again does no harm */
			free(k);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rekey),      cmocka_unit_test(rekey_seal),
		cmocka_unit_test(rekey_anew), cmocka_unit_test(lifetime),
		cmocka_unit_test(index_end),  cmocka_unit_test(mki),
		cmocka_unit_test(equal),      cmocka_unit_test(wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
