/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 3711's rules as truth tables, each on every engine of this machine. */
#include <errno.h>

#include "srtp_bed.h"

#define SSRC 0x01020304u

static const struct {
	uint64_t highest;
	uint16_t seq;
	uint64_t index;
} estimates[] = {
	{0, 0, 0},
	{0, 1, 1},
	{0, 32767, 32767},
	{0, 32768, 32768},
	{0, 32769, 32769}, /* nothing is before the first rollover */
	{0, 65535, 65535},
	{2, 65535, 65535},
	{65530, 65535, 65535},
	{65530, 3, 0x10003},
	{65535, 0, 0x10000},
	{65535, 32766, 0x10000 + 32766},
	{65535, 32767, 32767}, /* 32,768 behind */
	{32768, 0, 0},
	{32769, 0, 0x10000},
	{0x10000, 65535, 65535},
	{0x10000, 32768, 0x10000 + 32768}, /* 32,768 ahead */
	{0x10000, 32769, 32769},
	{0x1ffff, 0, 0x20000},
	{0x28000, 0, 0x20000},
	{0x28001, 0, 0x30000},
	{0xffffffffffffULL, 0, 0x1000000000000ULL},
};

static void index_estimate(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < COUNT(estimates); i++) {
		uint64_t got = srtp_estimate(estimates[i].highest, estimates[i].seq);

		if (got != estimates[i].index)
			fail_msg("line %u: %llx", i, (unsigned long long)got);
	}
}

/* A leg of each engine, with keys of one profile to seal (first engine) and to open. */
struct pair {
	struct bed_party at;
	struct srtp_keys *seal, *open;
};

static struct pair pair(enum srtp_engine e, unsigned int window, const struct bed_keys *k)
{
	enum srtp_engine engines[2];

	bed_engines(engines);
	return (struct pair){bed_party(e, window), bed_keys(engines[0], k), bed_keys(e, k)};
}

static void pair_free(struct pair *p)
{
	bed_party_free(&p->at);
	bed_keys_free(p->seal);
	bed_keys_free(p->open);
}

static const struct bed_keys cm = {.profile = SRTP_AES_CM_128_HMAC_SHA1_80, .seed = 1};

/* Opens a packet of this index; sealed anew each time, since it has to be far and wide. */
static int open_at(struct pair *p, uint32_t ssrc, uint64_t index)
{
	struct srtp_keys *k = p->seal;
	struct bed_packet packet;

	bed_rtp(&packet, ssrc, (uint16_t)index, 20);
	bed_seal_at(&packet, k, index);
	return bed_open(&p->at, p->open, NULL, &packet);
}

struct step {
	uint64_t index;
	int verdict;
};

static void run_steps(const char *name, unsigned int window, const struct step *s, unsigned int n)
{
	enum srtp_engine engines[2];
	unsigned int e = bed_engines(engines);

	while (e--) {
		struct pair p = pair(engines[e], window, &cm);

		for (unsigned int i = 0; i < n; i++) {
			int v = open_at(&p, SSRC, s[i].index);

			if (v != s[i].verdict)
				fail_msg("%s, %s, step %u: %d", name, srtp_engine_name(engines[e]),
					 i, v);
		}
		pair_free(&p);
	}
}

static void replay_window(void **state)
{
	static const struct step narrow[] = {
		{1000, SRTP_OK},     {1000, SRTP_REPLAY}, {999, SRTP_OK},      {999, SRTP_REPLAY},
		{873, SRTP_OK},      {873, SRTP_REPLAY},  {872, SRTP_TOO_OLD}, {1001, SRTP_OK},
		{873, SRTP_TOO_OLD}, {874, SRTP_OK},      {1065, SRTP_OK},     {1001, SRTP_REPLAY},
		{1002, SRTP_OK},     {1064, SRTP_OK},     {937, SRTP_TOO_OLD}, {938, SRTP_OK},
		{1000, SRTP_REPLAY}, {1193, SRTP_OK},     {1066, SRTP_OK},     {1065, SRTP_TOO_OLD},
		{1400, SRTP_OK},     {1273, SRTP_OK},     {1399, SRTP_OK},     {1193, SRTP_TOO_OLD},
		{1400, SRTP_REPLAY},
	};
	/* Within 32,736: libsrtp2's own window is no wider. */
	static const struct step wide[] = {
		{40000, SRTP_OK}, {7265, SRTP_OK},      {7232, SRTP_TOO_OLD}, {7265, SRTP_REPLAY},
		{20000, SRTP_OK}, {20000, SRTP_REPLAY}, {40001, SRTP_OK},     {7233, SRTP_TOO_OLD},
		{72700, SRTP_OK}, {40001, SRTP_REPLAY}, {40002, SRTP_OK},
	};
	/* The first packets stand right before a rollover, and come in any order. */
	static const struct step wrap[] = {
		{65534, SRTP_OK},   {0x10001, SRTP_OK},     {65535, SRTP_OK},
		{0x10000, SRTP_OK}, {65535, SRTP_REPLAY},   {65534, SRTP_REPLAY},
		{65533, SRTP_OK},   {0x10000, SRTP_REPLAY},
	};

	(void)state;
	run_steps("window of 128", 128, narrow, COUNT(narrow));
	run_steps("window of 32768", 32768, wide, COUNT(wide));
	run_steps("first packets", 128, wrap, COUNT(wrap));
}

/* 1: the window moves up to the next power of two. */
static void window_sizes(void **state)
{
	struct srtp_leg *l = malloc(srtp_leg_size(SRTP_ENGINE_LIBSRTP2, 8192));

	(void)state;
	assert_int_equal(srtp_leg_init(l, SRTP_ENGINE_LIBSRTP2, 64), -EINVAL);
	assert_int_equal(srtp_leg_init(l, SRTP_ENGINE_LIBSRTP2, 130), -EINVAL);
	assert_int_equal(srtp_leg_init(l, SRTP_ENGINE_LIBSRTP2, 65536), -EINVAL);
	assert_int_equal(srtp_leg_init(l, SRTP_ENGINE_LIBSRTP2, 4160), 0);
	assert_int_equal(l->rx.window_mask, 8191);
	free(l);
}

static void recovery(void **state)
{
	/* A gap, and how often a packet must come (20 ms apart) until one is opened. */
	static const struct {
		uint64_t from, gap;
		unsigned int tries;
	} gaps[] = {
		{1000, 32768, 1},           {1000, 32769, 1},
		{1000, 40000, 1},           {0x10000 + 1000, 40000, 1},
		{0x10000 + 1000, 65536, 1}, {0x50000, 65535, 1},
		{1000, 3 * 65536, 1},       {1000, 8 * 65536, 1},
		{1000, 9 * 65536, 2},       {70000, 20 * 65536 + 77, 3},
		{70000, 64 * 65536, 8},
	};
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		for (unsigned int i = 0; i < COUNT(gaps); i++) {
			struct pair p = pair(engines[e], 128, &cm);
			uint64_t index = gaps[i].from + gaps[i].gap;
			unsigned int tries = 1;

			assert_int_equal(open_at(&p, SSRC, gaps[i].from), SRTP_OK);
			p.at.now += 20;
			while (open_at(&p, SSRC, index) != SRTP_OK && tries < 20) {
				p.at.now += 20;
				index++;
				tries++;
			}
			if (tries != gaps[i].tries)
				fail_msg("%s, gap %u: %u tries", srtp_engine_name(engines[e]), i,
					 tries);
			/* It goes on from there. */
			assert_int_equal(open_at(&p, SSRC, index + 1), SRTP_OK);
			assert_int_equal(open_at(&p, SSRC, index), SRTP_REPLAY);
			assert_int_equal(open_at(&p, SSRC, index + 65536), SRTP_REPLAY);
			pair_free(&p);
		}
	}
}

/* Counts what an engine is asked to authenticate. */
static unsigned int asked;
static const struct srtp_engine_ops *counted;

static bool counting_open_rtp(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			      unsigned int len, unsigned int hlen, uint64_t index, bool *dirty)
{
	asked++;
	return counted->open_rtp(w, k, p, len, hlen, index, dirty);
}

/* Forgeries, as fast as they come, cost one attempt each and some more every 16 ticks. */
static void forgeries_cost_little(void **state)
{
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		struct pair p = pair(engines[e], 128, &cm);
		struct srtp_engine_ops ops;
		struct bed_packet forged;
		size_t size = srtp_leg_size(engines[e], 128);
		uint8_t *before = malloc(size);

		assert_int_equal(open_at(&p, SSRC, 500), SRTP_OK);
		memcpy(before, p.at.leg, size);
		counted = p.at.w->ops;
		ops = *counted;
		ops.open_rtp = counting_open_rtp;
		p.at.w->ops = &ops;
		asked = 0;
		for (unsigned int i = 0; i < 1000; i++) {
			bed_rtp(&forged, SSRC + i % 3, (uint16_t)(500 + i), 40);
			assert_int_equal(bed_open(&p.at, p.open, NULL, &forged),
					 i == 0 ? SRTP_REPLAY : SRTP_BAD_AUTH);
			p.at.now += i % 10 == 0; /* a tenth of a tick each */
		}
		/* Ours count themselves out of the burst: at most one each, and 7 searches. */
		assert_true(asked <= 1000 + 7 * 8);
		/* Nothing but the search's own clock has moved. */
		p.at.leg->rx.search = ((struct srtp_leg *)before)->rx.search;
		assert_memory_equal(before, p.at.leg, size);
		p.at.w->ops = counted;
		assert_int_equal(open_at(&p, SSRC, 501), SRTP_OK);
		free(before);
		pair_free(&p);
	}
}

static const struct bed_keys second = {.profile = SRTP_AEAD_AES_256_GCM, .seed = 2};

static int open_two(struct bed_party *at, const struct srtp_keys *k, const struct srtp_keys *old,
		    struct srtp_keys *sealer, uint64_t index, bool rtcp)
{
	struct bed_packet packet;

	if (rtcp)
		bed_rtcp(&packet, SSRC, 20);
	else
		bed_rtp(&packet, SSRC, (uint16_t)index, 20);
	bed_seal_at(&packet, sealer, index);
	return bed_open(at, k, old, &packet);
}

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

static void lifetime(void **state)
{
	struct bed_keys few = cm, more = second;
	enum srtp_engine engines[2];

	(void)state;
	few.lifetime = 3;
	for (unsigned int e = bed_engines(engines); e--;) {
		if (engines[0] == SRTP_ENGINE_LIBSRTP2)
			skip();
		struct pair a = pair(engines[e], 128, &few), b = pair(engines[e], 128, &more);
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

/* SRTCP that is only authenticated is taken as well (RFC 3711 §3.4). */
static void rtcp_plain(void **state)
{
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		struct pair p = pair(engines[e], 128, &cm);
		uint8_t tag[64];
		struct bed_packet a;

		/* Made of an encrypted one without payload, whose E bit is part of the tag. */
		bed_rtcp(&a, SSRC, 0);
		bed_seal_at(&a, p.seal, 1);
		assert_int_equal(a.bytes[8] & 0x80, 0x80);
		memcpy(tag, a.bytes, sizeof(tag));
		a.bytes[8] &= 0x7f;
		assert_int_equal(bed_open(&p.at, p.open, NULL, &a), SRTP_BAD_AUTH);
		memcpy(a.bytes, tag, sizeof(tag));
		assert_int_equal(bed_open(&p.at, p.open, NULL, &a), SRTP_OK);
		pair_free(&p);
	}
}

static void rtcp_window(void **state)
{
	static const struct step steps[] = {
		{100, SRTP_OK},        {100, SRTP_REPLAY},
		{37, SRTP_OK},         {36, SRTP_TOO_OLD},
		{101, SRTP_OK},        {37, SRTP_TOO_OLD},
		{38, SRTP_OK},         {100, SRTP_REPLAY},
		{200, SRTP_OK},        {137, SRTP_OK},
		{199, SRTP_OK},        {199, SRTP_REPLAY},
		{0x7fffffff, SRTP_OK}, {0x7fffffff, SRTP_REPLAY},
		{200, SRTP_TOO_OLD},
	};
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		enum srtp_engine first = engines[0];
		struct pair p = pair(engines[e], 128, &cm);

		if (first == SRTP_ENGINE_LIBSRTP2) { /* counts SRTCP itself */
			pair_free(&p);
			continue;
		}
		for (unsigned int i = 0; i < COUNT(steps); i++)
			if (open_two(&p.at, p.open, NULL, p.seal, steps[i].index, true) !=
			    steps[i].verdict)
				fail_msg("step %u", i);
		pair_free(&p);
	}
}

static void malformed(void **state)
{
	enum srtp_engine engines[2];
	struct bed_packet p;

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		struct pair a = pair(engines[e], 128, &cm);

		for (unsigned int len = 0; len < 22; len++) {
			bed_rtp(&p, SSRC, 1, 0);
			p.len = (uint16_t)len;
			assert_int_equal(bed_open(&a.at, a.open, NULL, &p), SRTP_MALFORMED);
			bed_rtcp(&p, SSRC, 0);
			p.len = (uint16_t)len;
			assert_int_equal(bed_open(&a.at, a.open, NULL, &p), SRTP_MALFORMED);
		}
		bed_rtp(&p, SSRC, 1, 20);
		p.bytes[0] |= 0x0f; /* 15 CSRCs */
		assert_int_equal(bed_open(&a.at, a.open, NULL, &p), SRTP_MALFORMED);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_MALFORMED);
		bed_rtp(&p, SSRC, 1, 20);
		p.bytes[0] |= 0x10;
		p.bytes[14] = 0xff; /* an extension of 260 kB */
		assert_int_equal(bed_open(&a.at, a.open, NULL, &p), SRTP_MALFORMED);
		assert_int_equal(bed_seal(&a.at, a.open, &p), SRTP_MALFORMED);
		pair_free(&a);
	}
}

static void no_room(void **state)
{
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		struct pair a = pair(engines[e], 128, &cm);
		struct bed_packet p;
		struct srtp_op op = {.data = p.bytes, .keys = a.open, .leg = a.at.leg};

		for (unsigned int rtcp = 0; rtcp < 2; rtcp++) {
			op.rtcp = rtcp;
			if (rtcp)
				bed_rtcp(&p, SSRC, 20);
			else
				bed_rtp(&p, SSRC, 5, 20);
			op.len = p.len;
			op.room = (uint16_t)(srtp_keys_growth(a.open, rtcp) - 1);
			srtp_seal(a.at.w, &op, 1, 0);
			assert_int_equal(op.verdict, SRTP_NO_ROOM);
			op.room++;
			srtp_seal(a.at.w, &op, 1, 0);
			assert_int_equal(op.verdict, SRTP_OK);
			assert_int_equal(op.len, p.len + op.room);
			assert_int_equal(p.bytes[op.len], 0);
		}
		pair_free(&a);
	}
}

static void wiped(void **state)
{
	enum srtp_engine engines[2];

	(void)state;
	for (unsigned int e = bed_engines(engines); e--;) {
		for (unsigned int p = 0; p < SRTP_PROFILE_COUNT; p++) {
			struct bed_keys c = {.profile = p, .seed = 3, .mki_len = 20};
			size_t size = srtp_keys_size(engines[e], p, 20);
			struct srtp_keys *k;

			if (!bed_can(engines[e], p))
				continue;
			k = bed_keys(engines[e], &c);
			srtp_keys_wipe(k);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(((uint8_t *)k)[i], 0);
			srtp_keys_wipe(k); /* again does no harm */
			free(k);
		}
	}
}

static void names(void **state)
{
	enum srtp_profile p;

	(void)state;
	for (unsigned int i = 0; i < SRTP_PROFILE_COUNT; i++) {
		assert_int_equal(srtp_profile_find(srtp_profile_name(i), &p), 0);
		assert_int_equal(p, i);
		assert_true(srtp_profile_key_len(p) + srtp_profile_salt_len(p) <= SRTP_MASTER_MAX);
		assert_true(srtp_profile_rtp_tag_len(p) <= SRTP_RTP_GROWTH);
	}
	assert_null(srtp_profile_name(SRTP_PROFILE_COUNT));
	assert_int_equal(srtp_profile_find("F8_128_HMAC_SHA1_80", &p), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(index_estimate),
		cmocka_unit_test(replay_window),
		cmocka_unit_test(window_sizes),
		cmocka_unit_test(recovery),
		cmocka_unit_test(forgeries_cost_little),
		cmocka_unit_test(rekey),
		cmocka_unit_test(rekey_seal),
		cmocka_unit_test(rekey_anew),
		cmocka_unit_test(lifetime),
		cmocka_unit_test(index_end),
		cmocka_unit_test(mki),
		cmocka_unit_test(places),
		cmocka_unit_test(places_of_bundle),
		cmocka_unit_test(places_out_of_stock),
		cmocka_unit_test(places_seal),
		cmocka_unit_test(rtcp_plain),
		cmocka_unit_test(rtcp_window),
		cmocka_unit_test(malformed),
		cmocka_unit_test(no_room),
		cmocka_unit_test(wiped),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
