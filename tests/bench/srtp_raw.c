/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ceiling: ipsec-mb's burst of ciphers and burst of hashes over the sessions' keys, all jobs
 * prepared, no header looked at, no index, no tag placed or compared. With GCM its direct calls.
 */
#include <stdlib.h>
#include <string.h>

#include "bench_srtp.h"

#ifdef SRTP_WITH_IPSEC_MB
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

struct raw_keys {
	uint8_t schedule[15 * 16] __attribute__((aligned(64)));
	uint32_t pads[16];
};

struct raw {
	IMB_MGR *mgr, *hash;
	unsigned int key_len;
	bool gcm;
	struct raw_keys *keys;
	struct gcm_key_data *gcm_keys;
	struct gcm_context_data ctx;
	IMB_JOB cipher[BURST], hashes[BURST];
	uint8_t iv[16], tag[BURST][16];
};

/* As lib/srtp does: SHA instructions where there are any. */
static void managers(struct raw *r)
{
	IMB_ARCH arch;

	r->mgr = alloc_mb_mgr(0);
	if (r->mgr == NULL)
		die("no memory");
	init_mb_mgr_auto(r->mgr, &arch);
	r->hash = r->mgr;
	if (!(r->mgr->features & IMB_FEATURE_SHANI) || arch == IMB_ARCH_AVX512)
		return;
	r->hash = alloc_mb_mgr(0);
	if (r->hash == NULL)
		die("no memory");
	init_mb_mgr_sse(r->hash);
}

static void expand(struct raw *r, unsigned int i)
{
	uint8_t master[SRTP_MASTER_MAX], unused[15 * 16] __attribute__((aligned(16)));

	bench_master(master, i);
	switch (r->key_len + (r->gcm ? 100 : 0)) {
	case 16: IMB_AES_KEYEXP_128(r->mgr, master, r->keys[i].schedule, unused); break;
	case 24: IMB_AES_KEYEXP_192(r->mgr, master, r->keys[i].schedule, unused); break;
	case 32: IMB_AES_KEYEXP_256(r->mgr, master, r->keys[i].schedule, unused); break;
	case 116: IMB_AES128_GCM_PRE(r->mgr, master, &r->gcm_keys[i]); break;
	default: IMB_AES256_GCM_PRE(r->mgr, master, &r->gcm_keys[i]); break;
	}
}

static void *raw_create(const struct bench *b)
{
	struct raw *r = aligned_alloc(64, (sizeof(*r) + 63) & ~(size_t)63);
	enum srtp_engine unused;

	if (r == NULL)
		die("no memory");
	if (srtp_engine_pick(SRTP_ENGINE_IPSEC_MB, &unused) < 0) {
		free(r);
		return NULL;
	}
	memset(r, 0, sizeof(*r));
	managers(r);
	r->key_len = srtp_profile_key_len(b->profile);
	r->gcm = srtp_profile_salt_len(b->profile) == 12;
	r->keys = aligned_alloc(64, b->sessions * sizeof(*r->keys));
	r->gcm_keys = aligned_alloc(64, b->sessions * sizeof(*r->gcm_keys));
	if (r->keys == NULL || r->gcm_keys == NULL)
		die("no memory");
	memset(r->keys, 0, b->sessions * sizeof(*r->keys));
	for (unsigned int i = 0; i < b->sessions; i++)
		expand(r, i);
	return r;
}

static void raw_destroy(const struct bench *b, void *ctx)
{
	struct raw *r = ctx;

	if (r->hash != r->mgr)
		free_mb_mgr(r->hash);
	free_mb_mgr(r->mgr);
	free(r->keys);
	free(r->gcm_keys);
	free(r);
}

static void raw_prepare(const struct bench *b, void *ctx, bool seal)
{
	struct raw *r = ctx;

	for (unsigned int i = 0; i < b->burst && !r->gcm; i++) {
		struct raw_keys *k = &r->keys[b->which[i]];

		r->cipher[i] = (IMB_JOB){.enc_keys = k->schedule,
					 .dec_keys = k->schedule,
					 .key_len_in_bytes = r->key_len,
					 .src = b->packet[i] + 12,
					 .dst = b->packet[i] + 12,
					 .msg_len_to_cipher_in_bytes = b->size - 12u,
					 .iv = r->iv,
					 .iv_len_in_bytes = 16,
					 .cipher_mode = IMB_CIPHER_CNTR,
					 .cipher_direction = IMB_DIR_ENCRYPT};
		r->hashes[i] =
			(IMB_JOB){.src = b->packet[i],
				  .msg_len_to_hash_in_bytes = b->size + 4u,
				  .auth_tag_output = r->tag[i],
				  .auth_tag_output_len_in_bytes = 12,
				  .u.HMAC._hashed_auth_key_xor_ipad = (uint8_t *)k->pads,
				  .u.HMAC._hashed_auth_key_xor_opad = (uint8_t *)(k->pads + 5),
				  .hash_alg = IMB_AUTH_HMAC_SHA_1};
	}
}

static void raw_run(const struct bench *b, void *ctx, bool seal)
{
	struct raw *r = ctx;
	aes_gcm_enc_dec_t gcm;

	if (!r->gcm) {
		IMB_SUBMIT_CIPHER_BURST_NOCHECK(r->mgr, r->cipher, b->burst, IMB_CIPHER_CNTR,
						IMB_DIR_ENCRYPT, (IMB_KEY_SIZE_BYTES)r->key_len);
		IMB_SUBMIT_HASH_BURST_NOCHECK(r->hash, r->hashes, b->burst, IMB_AUTH_HMAC_SHA_1);
		return;
	}
	if (r->key_len == 16)
		gcm = seal ? r->mgr->gcm128_enc : r->mgr->gcm128_dec;
	else
		gcm = seal ? r->mgr->gcm256_enc : r->mgr->gcm256_dec;
	for (unsigned int i = 0; i < b->burst; i++)
		gcm(&r->gcm_keys[b->which[i]], &r->ctx, b->packet[i] + 12, b->packet[i] + 12,
		    b->size - 12u, r->iv, b->packet[i], 12, r->tag[i], 16);
}
#else
static void *raw_create(const struct bench *b)
{
	return NULL;
}

static void raw_destroy(const struct bench *b, void *ctx)
{
}

static void raw_prepare(const struct bench *b, void *ctx, bool seal)
{
}

static void raw_run(const struct bench *b, void *ctx, bool seal)
{
}
#endif

const struct make make_raw = {"raw", raw_create, raw_destroy, raw_prepare, raw_run};
