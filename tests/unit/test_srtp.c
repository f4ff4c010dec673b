/* SPDX-License-Identifier: BSD-3-Clause */
/* What lib/srtp makes of packets: indices, windows, forgeries, SRTCP, what does not fit. */
#include "srtp_pair.h"

#include <errno.h>

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
		cmocka_unit_test(rtcp_plain),
		cmocka_unit_test(rtcp_window),
		cmocka_unit_test(malformed),
		cmocka_unit_test(no_room),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
