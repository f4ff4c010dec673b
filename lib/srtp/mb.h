/* SPDX-License-Identifier: BSD-3-Clause */
/* The ipsec-mb engine: keys as its jobs read them, and a worker's jobs. */
#ifndef SRTP_MB_H
#define SRTP_MB_H

/* Without the library's old names, which are too plain for a header. */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

#include "seal.h"

#define MB_TAG_OUT  12 /* HMAC bytes that a job writes: the fewest that hold 10 */
#define MB_WIDE_MIN 8  /* jobs from which 16 lanes are filled well enough */
#define MB_SLICE    8  /* packets of a burst at a time: with their jobs they stay in the L1 cache */
#define MB_AHEAD    3  /* packets of GCM whose keys are loaded meanwhile */

/*
 * AES-CM. What each packet of RTP reads comes first: four cache lines with AES-128. Behind the
 * round keys is what SRTCP needs: its raw key, which is expanded when used, and the rest. In all
 * they are whole cache lines.
 */
struct mb_cm {
	struct srtp_keys head;
	uint8_t salt[14];
	uint32_t ipad[5]; /* SHA-1 after the first block of HMAC's inner and outer hash */
	uint32_t opad[5];
	uint8_t schedule[] __attribute__((aligned(16)));
};

struct mb_cm_rtcp {
	uint8_t auth[20];
	uint8_t salt[14];
};

/*
 * GCM. The library's key data, as far as this machine's code reads it; the rest is in the gap
 * that AES-128 leaves between round keys and hash keys, or else behind. The salt fills what is
 * left of 16 bytes before the key data.
 */
struct mb_gcm {
	struct srtp_keys head;
	uint8_t salt[8];
	uint8_t data[];
};

struct mb_gcm_rest {
	uint8_t salt_end[4];
	uint8_t rtcp_salt[12];
	uint8_t rtcp_key[]; /* raw */
};

#define MB_GCM_GAP (11 * 16) /* where the round keys of AES-128 end, of 15 */

_Static_assert(offsetof(struct mb_cm, schedule) == 64, "one line");
_Static_assert(sizeof(struct mb_gcm) == 16, "key data is aligned to 16");
_Static_assert(MB_GCM_GAP + sizeof(struct mb_gcm_rest) + 16 <= 15 * 16, "the rest fits");

/* A packet between the stages of a burst that is opened. */
struct mb_opening {
	struct srtp_slot *slot; /* NULL: to be opened alone */
	uint64_t state;         /* union srtp_way_state, as it was */
	uint64_t index;
	uint16_t hlen;
	uint16_t auth_len;         /* of what is authenticated, without the rollover counter */
	uint8_t tag[SRTP_TAG_MAX]; /* as it arrived */
	uint8_t kept[4];           /* what stood where the rollover counter is hashed */
};

/*
 * Jobs are prepared once as far as they are always the same. Three rows of cipher jobs, for
 * each size of keys.
 */
struct mb_worker {
	struct srtp_worker w;
	IMB_MGR *mgr;  /* AES, GCM */
	IMB_MGR *hash; /* HMAC of a few; of many: */
	IMB_MGR *hash_wide;
	unsigned int ciphers[3], hashes, slice;
	struct mb_opening opening[SRTP_BURST_MAX];
	IMB_JOB hash_job[SRTP_BURST_MAX];
	IMB_JOB one; /* a hash outside of the burst's, with its tag: */
	uint8_t one_tag[16];
	IMB_JOB cipher_job[3][SRTP_BURST_MAX];
	uint8_t hash_tag[SRTP_BURST_MAX][16];
	uint8_t iv[3][SRTP_BURST_MAX][16];
	struct gcm_context_data gcm;
	/* Of SRTCP, while a packet of it is worked on; of AES-CM the second isn't used. */
	struct gcm_key_data rtcp_key __attribute__((aligned(64)));
	uint8_t rtcp_schedule[15 * 16] __attribute__((aligned(16)));
	uint8_t rtcp_unused[15 * 16] __attribute__((aligned(16)));
	uint8_t scratch[32] __attribute__((aligned(16)));
};

static inline struct mb_worker *mb_worker(struct srtp_worker *w)
{
	return (struct mb_worker *)w;
}

static inline const struct mb_cm *mb_cm(const struct srtp_keys *k)
{
	return (const struct mb_cm *)k;
}

static inline const struct mb_gcm *mb_gcm(const struct srtp_keys *k)
{
	return (const struct mb_gcm *)k;
}

static inline bool mb_is_big(const struct srtp_keys *k)
{
	return k->profile == SRTP_AEAD_AES_256_GCM;
}

/* mb_keys.c: bytes of gcm_key_data that are written and hence read. */
extern size_t mb_gcm_size;

static inline const struct mb_gcm_rest *mb_gcm_rest(const struct srtp_keys *k)
{
	return (const struct mb_gcm_rest *)(mb_gcm(k)->data +
					    (mb_is_big(k) ? mb_gcm_size : MB_GCM_GAP));
}

/* RFC 3711 §4.1.1; ssrc as it stands in the packet. Pieces never go through memory. */
static inline void mb_cm_iv(uint8_t *iv, const uint8_t *salt, const uint8_t *ssrc, uint64_t index)
{
	uint64_t lo, hi;
	uint32_t middle, id;
	uint16_t end;

	memcpy(&lo, salt, 8);
	memcpy(&middle, salt + 8, 4);
	memcpy(&end, salt + 12, 2);
	memcpy(&id, ssrc, 4);
	lo ^= (uint64_t)id << 32;
	hi = (middle | (uint64_t)end << 32) ^ __builtin_bswap64(index << 16);
	memcpy(iv, &lo, 8);
	memcpy(iv + 8, &hi, 8);
}

/* RFC 7714 §8.1, and with the SRTCP index for the last 48 bits §9.1. The salt: 8 bytes, and 4. */
static inline void mb_gcm_iv(uint8_t *iv, const uint8_t *salt, const uint8_t *salt_end,
			     const uint8_t *ssrc, uint64_t index)
{
	uint64_t lo, at = __builtin_bswap64(index << 16);
	uint32_t hi, id;

	memcpy(&lo, salt, 8);
	memcpy(&hi, salt_end, 4);
	memcpy(&id, ssrc, 4);
	/* Two zeros, the SSRC, 48 bits of index. */
	lo ^= (uint64_t)id << 16 ^ at << 48;
	hi ^= (uint32_t)(at >> 16);
	memcpy(iv, &lo, 8);
	memcpy(iv + 8, &hi, 4);
}

static inline unsigned int mb_row(const struct srtp_keys *k)
{
	return k->profile / 2u; /* two tag lengths for each size of keys */
}

/* `len` may be 0: then there is nothing to do. */
static inline void mb_add_cipher(struct mb_worker *w, const struct srtp_keys *k, uint8_t *p,
				 unsigned int hlen, unsigned int len, uint64_t index)
{
	const struct mb_cm *cm = mb_cm(k);
	unsigned int row = mb_row(k), i = w->ciphers[row];
	IMB_JOB *job = &w->cipher_job[row][i];

	w->ciphers[row] = i + (len != 0);
	job->enc_keys = cm->schedule;
	job->dec_keys = cm->schedule;
	job->src = p + hlen;
	job->dst = p + hlen;
	job->msg_len_to_cipher_in_bytes = len;
	mb_cm_iv(w->iv[row][i], cm->salt, p + 8, index);
}

static inline void mb_fill_hash(IMB_JOB *job, const struct srtp_keys *k, const uint8_t *p,
				unsigned int len)
{
	job->src = p;
	job->msg_len_to_hash_in_bytes = len;
	job->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)mb_cm(k)->ipad;
	job->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)mb_cm(k)->opad;
}

static inline void mb_run_hashes(struct mb_worker *w)
{
	IMB_MGR *m = w->hashes < MB_WIDE_MIN ? w->hash : w->hash_wide;

	if (w->hashes)
		IMB_SUBMIT_HASH_BURST_NOCHECK(m, w->hash_job, w->hashes, IMB_AUTH_HMAC_SHA_1);
	w->hashes = 0;
}

/* w->one_tag */
static inline void mb_run_one_hash(struct mb_worker *w)
{
	IMB_SUBMIT_HASH_BURST_NOCHECK(w->hash, &w->one, 1, IMB_AUTH_HMAC_SHA_1);
}

static inline void mb_run_ciphers(struct mb_worker *w)
{
	for (unsigned int row = 0; row < 3; row++) {
		if (w->ciphers[row] == 0)
			continue;
		IMB_SUBMIT_CIPHER_BURST_NOCHECK(w->mgr, w->cipher_job[row], w->ciphers[row],
						IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
						(IMB_KEY_SIZE_BYTES)(16 + 8 * row));
		w->ciphers[row] = 0;
	}
}

/* The tag of `len` bytes at `in` with `aad` before them, written to `tag`. */
static inline void mb_gcm_run(struct mb_worker *w, const struct gcm_key_data *key, bool seal,
			      bool big, uint8_t *p, unsigned int len, const uint8_t *iv,
			      const uint8_t *aad, unsigned int aad_len, uint8_t *tag)
{
	aes_gcm_enc_dec_t run = seal ? (big ? w->mgr->gcm256_enc : w->mgr->gcm128_enc)
				     : (big ? w->mgr->gcm256_dec : w->mgr->gcm128_dec);

	run(key, &w->gcm, p, p, len, iv, aad, aad_len, tag, SRTP_TAG_MAX);
}

static inline void mb_put_mki(const struct srtp_keys *k, uint8_t *p)
{
	if (k->mki_len)
		memcpy(p, srtp_keys_mki(k), k->mki_len);
}

/* `len` is all that arrived. Decrypts, authentic or not: being its own inverse, it undoes that. */
static inline bool mb_gcm_open(struct mb_worker *w, const struct srtp_keys *k, uint8_t *p,
			       unsigned int len, unsigned int hlen, uint64_t index)
{
	unsigned int end = len - SRTP_TAG_MAX - k->mki_len;
	uint8_t iv[16], tag[SRTP_TAG_MAX];

	mb_gcm_iv(iv, mb_gcm(k)->salt, mb_gcm_rest(k)->salt_end, p + 8, index);
	mb_gcm_run(w, (const struct gcm_key_data *)mb_gcm(k)->data, false, mb_is_big(k), p + hlen,
		   end - hlen, iv, p, hlen, tag);
	return srtp_tag_equal(tag, p + end, SRTP_TAG_MAX);
}

static inline void mb_gcm_seal(struct mb_worker *w, const struct srtp_keys *k, uint8_t *p,
			       unsigned int len, unsigned int hlen, uint64_t index)
{
	uint8_t iv[16];

	mb_gcm_iv(iv, mb_gcm(k)->salt, mb_gcm_rest(k)->salt_end, p + 8, index);
	mb_gcm_run(w, (const struct gcm_key_data *)mb_gcm(k)->data, true, mb_is_big(k), p + hlen,
		   len - hlen, iv, p, hlen, p + len);
	mb_put_mki(k, p + len + SRTP_TAG_MAX);
}

/* mb_keys.c */
size_t mb_keys_size(enum srtp_profile p);
int mb_keys_init(struct srtp_keys *k, const uint8_t *master);
void mb_keys_wipe(struct srtp_keys *k);
bool mb_keys_equal(const struct srtp_keys *a, const struct srtp_keys *b);
/* Of AES-CM: SRTCP's key, aligned to 16, and what comes behind it. */
const uint8_t *mb_cm_rtcp_key(const struct srtp_keys *k);
const struct mb_cm_rtcp *mb_cm_rtcp(const struct srtp_keys *k);
/* HMAC-SHA1's two halves after their first block, of a key of 20 bytes. */
void mb_hmac_pads(IMB_MGR *m, const uint8_t *auth, uint32_t ipad[5], uint32_t opad[5]);
/* Below the derivation: session keys as RFC 7714's vectors give them. */
struct mb_session_keys {
	const uint8_t *key, *auth, *salt;
	const uint8_t *rtcp_key, *rtcp_auth, *rtcp_salt;
};
void mb_keys_set(struct srtp_keys *k, const struct mb_session_keys *s);

/* mb_one.c */
bool mb_open_rtp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len,
		 unsigned int hlen, uint64_t index, bool *dirty);
void mb_undo_rtp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len,
		 unsigned int hlen, uint64_t index);
bool mb_seal_rtp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len,
		 unsigned int hlen, uint64_t index);

/* mb_rtcp.c */
bool mb_open_rtcp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len);
bool mb_seal_rtcp(struct srtp_worker *sw, const struct srtp_keys *k, uint8_t *p, unsigned int len,
		  uint32_t index);

/* mb_burst.c */
void mb_open(struct srtp_worker *sw, struct srtp_op *op, unsigned int n, uint32_t now);
void mb_seal(struct srtp_worker *sw, struct srtp_op *op, unsigned int n, uint32_t now);

#endif
