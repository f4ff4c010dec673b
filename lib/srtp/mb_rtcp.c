/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SRTCP by ipsec-mb, a packet at a time. Its keys are few bytes at rest and are expanded for
 * each packet: they are one in dozens.
 */
#include "mb.h"

/* The first MB_TAG_OUT bytes of the HMAC in w->one_tag. */
static void cm_hash(struct mb_worker *w, const struct srtp_keys *k, const uint8_t *p,
		    unsigned int len)
{
	IMB_JOB *job = &w->one;
	uint32_t ipad[5], opad[5];

	mb_hmac_pads(w->mgr, mb_cm_rtcp(k)->auth, ipad, opad);
	job->src = p;
	job->msg_len_to_hash_in_bytes = len;
	job->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)ipad;
	job->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)opad;
	mb_run_one_hash(w);
	job->u.HMAC._hashed_auth_key_xor_ipad = NULL;
	job->u.HMAC._hashed_auth_key_xor_opad = NULL;
	explicit_bzero(ipad, sizeof(ipad));
	explicit_bzero(opad, sizeof(opad));
}

static void cm_cipher(struct mb_worker *w, const struct srtp_keys *k, uint8_t *p, unsigned int len,
		      uint32_t index)
{
	uint8_t *schedule = w->rtcp_schedule, *unused = w->rtcp_unused;
	const uint8_t *key = mb_cm_rtcp_key(k);
	unsigned int row = mb_row(k);
	IMB_JOB *job = &w->cipher_job[row][0];

	if (len == SRTP_RTCP_HLEN)
		return;
	mb_run_ciphers(w); /* what the burst has put there */
	switch (row) {
	case 0: IMB_AES_KEYEXP_128(w->mgr, key, schedule, unused); break;
	case 1: IMB_AES_KEYEXP_192(w->mgr, key, schedule, unused); break;
	default: IMB_AES_KEYEXP_256(w->mgr, key, schedule, unused); break;
	}
	job->enc_keys = schedule;
	job->dec_keys = schedule;
	job->src = p + SRTP_RTCP_HLEN;
	job->dst = p + SRTP_RTCP_HLEN;
	job->msg_len_to_cipher_in_bytes = len - SRTP_RTCP_HLEN;
	mb_cm_iv(w->iv[row][0], mb_cm_rtcp(k)->salt, p + 4, index);
	w->ciphers[row] = 1;
	mb_run_ciphers(w);
	explicit_bzero(w->rtcp_schedule, sizeof(w->rtcp_schedule));
	explicit_bzero(w->rtcp_unused, sizeof(w->rtcp_unused));
}

static bool cm_open(struct mb_worker *w, const struct srtp_keys *k, uint8_t *p, unsigned int len)
{
	unsigned int tag_len = srtp_profiles[k->profile].rtcp_tag_len;
	unsigned int end = len - tag_len - k->mki_len - 4;
	uint32_t word = srtp_get32(p + end);

	cm_hash(w, k, p, end + 4);
	if (!srtp_tag_equal(w->one_tag, p + len - tag_len, tag_len))
		return false;
	if (word & SRTP_E_BIT)
		cm_cipher(w, k, p, end, word & ~SRTP_E_BIT);
	return true;
}

static void gcm_run(struct mb_worker *w, const struct srtp_keys *k, bool seal, uint8_t *p,
		    unsigned int len, uint32_t index, const uint8_t *aad, unsigned int aad_len,
		    uint8_t *tag)
{
	const struct mb_gcm_rest *rest = mb_gcm_rest(k);
	uint8_t iv[16];

	if (mb_is_big(k))
		IMB_AES256_GCM_PRE(w->mgr, rest->rtcp_key, &w->rtcp_key);
	else
		IMB_AES128_GCM_PRE(w->mgr, rest->rtcp_key, &w->rtcp_key);
	mb_gcm_iv(iv, rest->rtcp_salt, rest->rtcp_salt + 8, p + 4, index);
	mb_gcm_run(w, &w->rtcp_key, seal, mb_is_big(k), p + SRTP_RTCP_HLEN, len, iv, aad, aad_len,
		   tag);
	explicit_bzero(&w->rtcp_key, sizeof(w->rtcp_key));
}

/* All of the packet is associated data, the word with the index right behind it. */
static bool gcm_open_plain(struct mb_worker *w, const struct srtp_keys *k, uint8_t *p,
			   unsigned int end, uint32_t word)
{
	uint8_t tag[SRTP_TAG_MAX], kept[4];

	memcpy(kept, p + end, 4);
	srtp_put32(p + end, word);
	gcm_run(w, k, false, p, 0, word & ~SRTP_E_BIT, p, end + 4, tag);
	memcpy(p + end, kept, 4);
	return srtp_tag_equal(tag, p + end, SRTP_TAG_MAX);
}

static bool gcm_open(struct mb_worker *w, const struct srtp_keys *k, uint8_t *p, unsigned int len)
{
	unsigned int end = len - SRTP_TAG_MAX - k->mki_len - 4;
	uint32_t word = srtp_get32(p + end + SRTP_TAG_MAX), index = word & ~SRTP_E_BIT;
	uint8_t aad[SRTP_RTCP_HLEN + 4], tag[SRTP_TAG_MAX];

	if (!(word & SRTP_E_BIT))
		return gcm_open_plain(w, k, p, end, word);
	memcpy(aad, p, SRTP_RTCP_HLEN);
	srtp_put32(aad + SRTP_RTCP_HLEN, word);
	gcm_run(w, k, false, p, end - SRTP_RTCP_HLEN, index, aad, sizeof(aad), tag);
	if (srtp_tag_equal(tag, p + end, SRTP_TAG_MAX))
		return true;
	/* Decrypting is its own inverse: other keys may be tried. */
	gcm_run(w, k, false, p, end - SRTP_RTCP_HLEN, index, aad, sizeof(aad), tag);
	return false;
}

bool mb_open_rtcp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len)
{
	if (srtp_is_aead(k))
		return gcm_open(mb_worker(sw), k, p, len);
	return cm_open(mb_worker(sw), k, p, len);
}

bool mb_seal_rtcp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len,
		  uint32_t index)
{
	struct mb_worker *w = mb_worker(sw);
	uint8_t aad[SRTP_RTCP_HLEN + 4];

	if (srtp_is_aead(k)) {
		memcpy(aad, p, SRTP_RTCP_HLEN);
		srtp_put32(aad + SRTP_RTCP_HLEN, SRTP_E_BIT | index);
		gcm_run(w, k, true, p, len - SRTP_RTCP_HLEN, index, aad, sizeof(aad), p + len);
		memcpy(p + len + SRTP_TAG_MAX, aad + SRTP_RTCP_HLEN, 4);
		memcpy(p + len + SRTP_TAG_MAX + 4, srtp_keys_mki(k), k->mki_len);
		return true;
	}
	cm_cipher(w, k, p, len, index);
	srtp_put32(p + len, SRTP_E_BIT | index);
	cm_hash(w, k, p, len + 4);
	memcpy(p + len + 4, srtp_keys_mki(k), k->mki_len);
	memcpy(p + len + 4 + k->mki_len, w->one_tag, srtp_profiles[k->profile].rtcp_tag_len);
	return true;
}
