/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp_bed.h"

unsigned int bed_engines(enum srtp_engine out[2])
{
	unsigned int n = 0;

	if (srtp_engine_pick(SRTP_ENGINE_IPSEC_MB, &out[n]) == 0)
		n++;
	assert_int_equal(srtp_engine_pick(SRTP_ENGINE_LIBSRTP2, &out[n]), 0);
	return n + 1;
}

bool bed_can(enum srtp_engine e, enum srtp_profile p)
{
	return e == SRTP_ENGINE_IPSEC_MB || srtp_profile_key_len(p) != 24;
}

struct bed_party bed_party(enum srtp_engine e, unsigned int window)
{
	struct bed_party p = {.engine = e, .w = srtp_worker_create(e), .now = 1000};

	assert_non_null(p.w);
	p.leg = aligned_alloc(SRTP_ALIGN, srtp_leg_size(e, window));
	assert_non_null(p.leg);
	assert_int_equal(srtp_leg_init(p.leg, e, window), 0);
	return p;
}

void bed_party_free(struct bed_party *p)
{
	srtp_leg_wipe(p->leg);
	free(p->leg);
	srtp_worker_free(p->w);
}

struct srtp_keys *bed_keys(enum srtp_engine e, const struct bed_keys *k)
{
	struct srtp_keys *keys;
	uint8_t master[SRTP_MASTER_MAX], mki[SRTP_MKI_MAX];
	struct srtp_keys_config c = {.profile = k->profile,
				     .engine = e,
				     .master = master,
				     .mki = mki,
				     .mki_len = k->mki_len,
				     .lifetime = k->lifetime,
				     .anew = k->anew};

	keys = aligned_alloc(SRTP_ALIGN, srtp_keys_size_for(&c));
	assert_non_null(keys);
	for (unsigned int i = 0; i < sizeof(master); i++)
		master[i] = (uint8_t)(k->seed * 31 + i * 7);
	memset(mki, k->seed, sizeof(mki));
	assert_int_equal(srtp_keys_init(keys, &c), 0);
	assert_int_equal(srtp_keys_bytes(keys), srtp_keys_size_for(&c));
	return keys;
}

void bed_keys_free(struct srtp_keys *k)
{
	srtp_keys_wipe(k);
	free(k);
}

void bed_rtp(struct bed_packet *p, uint32_t ssrc, uint16_t seq, uint16_t payload)
{
	memset(p, 0, sizeof(*p));
	p->bytes[0] = 0x80;
	p->bytes[2] = (uint8_t)(seq >> 8);
	p->bytes[3] = (uint8_t)seq;
	srtp_put32(p->bytes + 8, ssrc);
	for (unsigned int i = 0; i < payload; i++)
		p->bytes[12 + i] = (uint8_t)(i * 5 + seq);
	p->len = (uint16_t)(12 + payload);
}

void bed_rtcp(struct bed_packet *p, uint32_t ssrc, uint16_t payload)
{
	memset(p, 0, sizeof(*p));
	p->rtcp = true;
	p->bytes[0] = 0x80;
	p->bytes[1] = 200;
	srtp_put32(p->bytes + 4, ssrc);
	for (unsigned int i = 0; i < payload; i++)
		p->bytes[8 + i] = (uint8_t)(i * 3);
	p->len = (uint16_t)(8 + payload);
}

void bed_seal_by(struct srtp_worker *w, struct bed_packet *p, const struct srtp_keys *k,
		 uint64_t index)
{
	unsigned int hlen = srtp_rtp_hlen(p->bytes, p->len);

	/* Where libsrtp2 has to seal, it must not know what it sealed before. */
	if (!p->rtcp)
		w->ops->forget(k, srtp_get32(p->bytes + 8));
	if (p->rtcp)
		assert_true(w->ops->seal_rtcp(w, k, p->bytes, p->len, (uint32_t)index));
	else
		assert_true(w->ops->seal_rtp(w, k, p->bytes, p->len, hlen, index));
	p->len = (uint16_t)(p->len + srtp_keys_growth(k, p->rtcp));
}

void bed_seal_at(struct bed_packet *p, const struct srtp_keys *k, uint64_t index)
{
	struct srtp_worker *w = srtp_worker_create(k->engine);

	assert_non_null(w);
	bed_seal_by(w, p, k, index);
	srtp_worker_free(w);
}

int bed_seal(struct bed_party *to, const struct srtp_keys *k, struct bed_packet *p)
{
	struct srtp_op op = {.data = p->bytes,
			     .len = p->len,
			     .room = BED_ROOM,
			     .rtcp = p->rtcp,
			     .keys = k,
			     .leg = to->leg};

	srtp_seal(to->w, &op, 1, to->now);
	p->len = op.len;
	return op.verdict;
}

int bed_open(struct bed_party *at, const struct srtp_keys *k, const struct srtp_keys *old,
	     const struct bed_packet *p)
{
	/* Ends where its memory ends. */
	uint8_t *copy = exact_copy(p->bytes, p->len);
	struct srtp_op op = {.data = copy,
			     .len = p->len,
			     .rtcp = p->rtcp,
			     .keys = k,
			     .keys_old = old,
			     .leg = at->leg};

	srtp_open(at->w, &op, 1, at->now);
	free(copy);
	return op.verdict;
}
