/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random packets through both engines: the same bytes and the same verdicts. ipsec-mb takes
 * them in bursts, libsrtp2 one by one; AES-192, which libsrtp2 derives otherwise, goes through
 * ipsec-mb twice, in bursts and one by one. In every other run a plain libsrtp2 session judges
 * as well, whose indices, windows and SSRCs are its own: such a run has no more SSRCs than
 * places, no re-keying and no gap beyond 32,768 packets or over a first rollover, where libsrtp2
 * has no recovery. Where
 * the engines differ by nature is in one place: SRTCP's index, which libsrtp2 counts itself and
 * begins anew with new keys.
 *
 *	test_srtp_diff [PACKETS [SEED]]
 */
#include <srtp2/srtp.h>

#include "srtp_bed.h"

#define SSRC_MAX 6
#define PAST     64 /* sealed packets kept for replays and reordering */

static uint64_t rng_state;

static uint32_t rng(uint32_t below)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (uint32_t)((rng_state >> 20) % below);
}

/* Of one engine: both ends, since a leg seals and opens. */
struct side {
	enum srtp_engine engine;
	struct srtp_worker *w;
	struct srtp_leg *leg;
	struct srtp_keys *rx, *rx_old, *tx;
};

struct run {
	struct side a, b; /* a in bursts */
	enum srtp_profile profile;
	bool wild; /* gaps, re-keying, more SSRCs than places */
	uint8_t generation, mki_len;
	srtp_t judge;         /* not in wild runs */
	struct bed_party far; /* seals what a and b open */
	struct srtp_keys *far_keys, *far_old;
	uint64_t index[SSRC_MAX]; /* of the far end, next */
	uint32_t rtcp[SSRC_MAX];
	uint16_t seq[SSRC_MAX];     /* of plain packets, next */
	uint32_t counted[SSRC_MAX]; /* SRTCP sealed before the last keys */
	struct bed_packet past[PAST];
	unsigned int kept;
	uint32_t now;
	unsigned long verdicts[SRTP_VERDICTS];
};

static struct srtp_keys *keys_of(const struct run *r, enum srtp_engine e, uint8_t generation)
{
	return bed_keys(e, &(struct bed_keys){.profile = r->profile,
					      .seed = generation,
					      .mki_len = r->mki_len});
}

static void side_create(const struct run *r, struct side *s, enum srtp_engine e,
			unsigned int window)
{
	struct bed_party p = bed_party(e, window);

	*s = (struct side){.engine = e, .w = p.w, .leg = p.leg};
	s->rx = keys_of(r, e, r->generation);
	s->tx = keys_of(r, e, r->generation);
}

static void side_free(struct side *s)
{
	struct bed_party p = {.w = s->w, .leg = s->leg};

	bed_party_free(&p);
	bed_keys_free(s->rx);
	bed_keys_free(s->tx);
	if (s->rx_old)
		bed_keys_free(s->rx_old);
}

static void side_rekey(const struct run *r, struct side *s)
{
	if (s->rx_old)
		bed_keys_free(s->rx_old);
	bed_keys_free(s->tx);
	s->rx_old = s->rx;
	s->rx = keys_of(r, s->engine, r->generation);
	s->tx = keys_of(r, s->engine, r->generation);
}

static void judge_create(struct run *r, unsigned int window)
{
	uint8_t master[SRTP_MASTER_MAX];
	srtp_policy_t p = {.key = master, .ssrc.type = ssrc_any_inbound, .window_size = window};

	for (unsigned int i = 0; i < sizeof(master); i++)
		master[i] = (uint8_t)(r->generation * 31 + i * 7);
	srtp_crypto_policy_set_rtcp_default(&p.rtcp);
	switch (srtp_profile_key_len(r->profile) + srtp_profile_salt_len(r->profile)) {
	case 28: srtp_crypto_policy_set_aes_gcm_128_16_auth(&p.rtcp); break;
	case 44: srtp_crypto_policy_set_aes_gcm_256_16_auth(&p.rtcp); break;
	case 46: srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&p.rtcp); break;
	default: break;
	}
	p.rtp = p.rtcp;
	p.rtp.auth_tag_len = (int)srtp_profile_rtp_tag_len(r->profile);
	assert_int_equal(srtp_create(&r->judge, &p), srtp_err_status_ok);
}

static void run_create(struct run *r, unsigned int number)
{
	enum srtp_engine engines[2];
	unsigned int window = 128u << rng(5);

	bed_engines(engines);
	memset(r, 0, sizeof(*r));
	r->profile = number % SRTP_PROFILE_COUNT;
	r->wild = number / SRTP_PROFILE_COUNT & 1;
	r->generation = (uint8_t)(1 + rng(100));
	r->mki_len = r->wild ? (uint8_t)(rng(3) * 5) : 0;
	r->now = rng(UINT32_MAX);
	side_create(r, &r->a, engines[0], window);
	side_create(r, &r->b, engines[bed_can(engines[1], r->profile)], window);
	r->far = bed_party(engines[0], 128);
	r->far_keys = keys_of(r, engines[0], r->generation);
	for (unsigned int i = 0; i < SSRC_MAX; i++)
		r->index[i] = !r->wild ? rng(60000) : rng(2) ? rng(65536) : 65500 + rng(36);
	if (!r->wild && bed_can(SRTP_ENGINE_LIBSRTP2, r->profile))
		judge_create(r, window);
}

static void run_free(struct run *r)
{
	side_free(&r->a);
	side_free(&r->b);
	bed_party_free(&r->far);
	bed_keys_free(r->far_keys);
	if (r->far_old)
		bed_keys_free(r->far_old);
	if (r->judge)
		srtp_dealloc(r->judge);
}

static unsigned int ssrcs(const struct run *r)
{
	return r->wild ? SSRC_MAX : 3;
}

/* CSRCs, an extension, a payload, or none of them. */
static void random_rtp(struct bed_packet *p, unsigned int who, uint16_t seq)
{
	unsigned int cc = rng(3) ? 0 : rng(16), words = rng(3) ? 0 : rng(9), payload = rng(5);
	unsigned int head = 12 + 4 * cc + (words ? 4 * words : 0);

	payload = payload == 0 ? 0 : payload == 1 ? rng(1200) : 1 + rng(200);
	bed_rtp(p, 77 + who, seq, 0);
	p->len = (uint16_t)(head + payload);
	for (unsigned int i = 12; i < p->len; i++)
		p->bytes[i] = (uint8_t)rng(256);
	p->bytes[0] = (uint8_t)(0x80 | cc | (words ? 0x10 : 0));
	if (words) {
		p->bytes[12 + 4 * cc + 2] = 0;
		p->bytes[12 + 4 * cc + 3] = (uint8_t)(words - 1);
	}
}

static void random_rtcp(struct bed_packet *p, unsigned int who)
{
	bed_rtcp(p, 77 + who, (uint16_t)(4 * rng(60)));
	for (unsigned int i = 8; i < p->len; i++)
		p->bytes[i] = (uint8_t)rng(256);
}

static struct srtp_keys *far_keys(const struct run *r)
{
	return r->far_old && rng(3) == 0 ? r->far_old : r->far_keys;
}

/* A packet as the far end seals it, with gaps and small disorder. */
static void next_sealed(struct run *r, struct bed_packet *p)
{
	unsigned int who = rng(ssrcs(r)), jump = rng(100);
	uint64_t index;

	if (rng(12) == 0) {
		random_rtcp(p, who);
		bed_seal_by(r->far.w, p, far_keys(r), ++r->rtcp[who] + (rng(4) == 0 ? rng(20) : 0));
		return;
	}
	index = r->index[who]++;
	if (jump < 3)
		r->index[who] += rng(3000);
	else if (jump == 3 && rng(20) == 0)
		r->index[who] += r->wild ? rng(40000) : rng(20000);
	else if (jump == 4 && r->wild && rng(40) == 0)
		r->index[who] += rng(400000);
	else if (jump == 5 && index > 300)
		index -= rng(300);
	random_rtp(p, who, (uint16_t)index);
	bed_seal_by(r->far.w, p, far_keys(r), index);
}

/* What arrives: that, or an old one, or one that was tampered with, or nonsense. */
static void next_arriving(struct run *r, struct bed_packet *p)
{
	unsigned int what = rng(20);

	if (what < 3 && r->kept) {
		*p = r->past[rng(r->kept < PAST ? r->kept : PAST)];
		return;
	}
	next_sealed(r, p);
	r->past[r->kept++ % PAST] = *p;
	if (what == 3)
		p->bytes[rng(p->len)] ^= (uint8_t)(1 << rng(8));
	else if (what == 4 && rng(3) == 0)
		p->len = (uint16_t)rng(p->len);
}

static int judged(srtp_t judge, const struct bed_packet *p)
{
	uint8_t copy[sizeof(p->bytes)];
	int len = p->len;

	memcpy(copy, p->bytes, sizeof(copy));
	switch (p->rtcp ? srtp_unprotect_rtcp(judge, copy, &len)
			: srtp_unprotect(judge, copy, &len)) {
	case srtp_err_status_ok: return SRTP_OK;
	case srtp_err_status_replay_fail: return SRTP_REPLAY;
	case srtp_err_status_replay_old: return SRTP_TOO_OLD;
	default: return SRTP_BAD_AUTH;
	}
}

/*
 * Does libsrtp2's own session say the same? It looks for replays before it finds a
 * packet too short, tells no SRTCP packet without E bit from a forged one, and its SRTCP window
 * is 128 wide.
 */
static bool agrees(const struct bed_packet *p, int ours, int judge)
{
	if (ours == judge)
		return true;
	if (ours == SRTP_MALFORMED)
		return judge != SRTP_OK;
	return p->rtcp && ours == SRTP_TOO_OLD;
}

static unsigned int open_burst(struct run *r)
{
	static struct bed_packet in[SRTP_BURST_MAX], one[SRTP_BURST_MAX];
	struct srtp_op a[SRTP_BURST_MAX], b;
	unsigned int n = 1 + rng(SRTP_BURST_MAX);

	for (unsigned int i = 0; i < n; i++) {
		next_arriving(r, &in[i]);
		one[i] = in[i];
		a[i] = (struct srtp_op){.data = in[i].bytes,
					.len = in[i].len,
					.rtcp = in[i].rtcp,
					.keys = r->a.rx,
					.keys_old = r->a.rx_old,
					.leg = r->a.leg};
	}
	r->now += rng(30);
	srtp_open(r->a.w, a, n, r->now);
	for (unsigned int i = 0; i < n; i++) {
		int j = r->judge ? judged(r->judge, &one[i]) : -1;

		b = (struct srtp_op){.data = one[i].bytes,
				     .len = one[i].len,
				     .rtcp = one[i].rtcp,
				     .keys = r->b.rx,
				     .keys_old = r->b.rx_old,
				     .leg = r->b.leg};
		srtp_open(r->b.w, &b, 1, r->now);
		r->verdicts[b.verdict]++;
		if (a[i].verdict != b.verdict || a[i].len != b.len ||
		    (b.verdict == SRTP_OK && memcmp(in[i].bytes, one[i].bytes, b.len) != 0))
			fail_msg("open: %d and %d, %u of %u, rtcp %d, %s", a[i].verdict, b.verdict,
				 i, n, b.rtcp, srtp_profile_name(r->profile));
		if (r->judge && !agrees(&one[i], b.verdict, j))
			fail_msg("open: %d, libsrtp2 says %d, rtcp %d, %s", b.verdict, j, b.rtcp,
				 srtp_profile_name(r->profile));
	}
	return n;
}

/* A plain packet, in a sender's order with some repeats and leaps. */
static unsigned int next_plain(struct run *r, struct bed_packet *p)
{
	unsigned int who = rng(ssrcs(r));

	if (rng(12) == 0)
		random_rtcp(p, who);
	else
		random_rtp(p, who, rng(15) ? r->seq[who]++ : (uint16_t)(r->seq[who] - rng(200)));
	if (rng(300) == 0)
		r->seq[who] = (uint16_t)(r->seq[who] + rng(r->wild ? 65536 : 20000));
	return who;
}

/* SRTCP with other indices, as libsrtp2 counts: that, and otherwise the same packet. */
static void check_counted(struct run *r, const struct bed_packet *plain, struct bed_packet *a,
			  struct bed_packet *b, unsigned int who)
{
	unsigned int word = plain->len + (srtp_profiles[r->profile].aead ? 16u : 0u);
	uint32_t at_a = srtp_get32(a->bytes + word), at_b = srtp_get32(b->bytes + word);

	assert_true(r->b.engine == SRTP_ENGINE_LIBSRTP2 && r->counted[who] > 0);
	assert_int_equal(at_a - r->counted[who], at_b);
	assert_true(r->a.w->ops->open_rtcp(r->a.w, r->a.tx, b->bytes, b->len));
	assert_memory_equal(b->bytes, plain->bytes, plain->len);
}

static unsigned int seal_burst(struct run *r)
{
	static struct bed_packet plain[SRTP_BURST_MAX], in[SRTP_BURST_MAX], one[SRTP_BURST_MAX];
	unsigned int n = 1 + rng(SRTP_BURST_MAX), who[SRTP_BURST_MAX];
	struct srtp_op a[SRTP_BURST_MAX], b[SRTP_BURST_MAX];

	for (unsigned int i = 0; i < n; i++) {
		who[i] = next_plain(r, &plain[i]);
		in[i] = one[i] = plain[i];
		a[i] = (struct srtp_op){.data = in[i].bytes,
					.len = in[i].len,
					.room = (uint16_t)(rng(50) ? BED_ROOM : rng(30)),
					.rtcp = in[i].rtcp,
					.keys = r->a.tx,
					.leg = r->a.leg};
		b[i] = a[i];
		b[i].data = one[i].bytes;
		b[i].keys = r->b.tx;
		b[i].leg = r->b.leg;
	}
	srtp_seal(r->a.w, a, n, r->now);
	for (unsigned int i = 0; i < n; i++) {
		srtp_seal(r->b.w, &b[i], 1, r->now);
		if (a[i].verdict != b[i].verdict || a[i].len != b[i].len)
			fail_msg("seal: %d and %d, %s", a[i].verdict, b[i].verdict,
				 srtp_profile_name(r->profile));
		if (a[i].verdict != SRTP_OK)
			continue;
		in[i].len = one[i].len = a[i].len;
		if (a[i].rtcp && r->counted[who[i]] && r->b.engine == SRTP_ENGINE_LIBSRTP2)
			check_counted(r, &plain[i], &in[i], &one[i], who[i]);
		else if (memcmp(in[i].bytes, one[i].bytes, a[i].len) != 0)
			fail_msg("seal: other bytes, rtcp %d, %s", a[i].rtcp,
				 srtp_profile_name(r->profile));
		/* Not a byte behind it. */
		assert_memory_equal(in[i].bytes + a[i].len, plain[i].bytes + a[i].len, 64);
	}
	return n;
}

static void rekey(struct run *r)
{
	r->generation++;
	for (unsigned int i = 0; i < SSRC_MAX; i++) {
		struct srtp_slot *s = srtp_slot_find(r->a.leg, true, 77 + i);

		r->counted[i] = s ? s->rtcp_index : 0;
	}
	side_rekey(r, &r->a);
	side_rekey(r, &r->b);
	if (r->far_old)
		bed_keys_free(r->far_old);
	r->far_old = r->far_keys;
	r->far_keys = keys_of(r, r->far_old->engine, r->generation);
	/* Some begin anew. */
	for (unsigned int i = 0; i < SSRC_MAX && rng(2); i++)
		r->index[i] = rng(65536);
}

static unsigned long packets_wanted = 100000;
static uint64_t seed = 0x9e3779b97f4a7c15ULL;

static void differential(void **state)
{
	unsigned long verdicts[SRTP_VERDICTS] = {0};
	unsigned long packets = 0;
	static struct run r;

	enum srtp_engine engines[2];

	(void)state;
	if (bed_engines(engines) < 2)
		skip();
	rng_state = seed;
	for (unsigned int number = 0; packets < packets_wanted || number < 16; number++) {
		unsigned long end = packets + packets_wanted / 64 + 1000;

		run_create(&r, number);
		while (packets < end) {
			packets += rng(3) ? open_burst(&r) : seal_burst(&r);
			if (r.wild && rng(60) == 0)
				rekey(&r);
			else if (r.wild && r.far_old && rng(4) == 0) {
				bed_keys_free(r.far_old);
				r.far_old = NULL;
			}
			if (r.wild && rng(100) == 0)
				r.now += 10000;
		}
		for (unsigned int v = 0; v < SRTP_VERDICTS; v++)
			verdicts[v] += r.verdicts[v];
		run_free(&r);
	}
	/* Everything has been met; most of what arrives is sound. */
	for (unsigned int v = 0; v < SRTP_VERDICTS; v++) {
		print_message("verdict %u: %lu\n", v, verdicts[v]);
		assert_true(verdicts[v] > 0 || v == SRTP_NO_ROOM || v == SRTP_KEY_SPENT);
	}
	assert_true(verdicts[SRTP_OK] > packets / 4);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(differential)};

	if (argc > 1)
		packets_wanted = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0) | 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
