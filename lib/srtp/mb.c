/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "mb.h"

bool srtp_ipsec_mb_runs(void)
{
	uint64_t features = imb_get_feature_flags();

	return (features & IMB_CPUFLAGS_SSE) == IMB_CPUFLAGS_SSE;
}

static void prepare_hash(IMB_JOB *job, uint8_t *tag)
{
	job->hash_alg = IMB_AUTH_HMAC_SHA_1;
	job->cipher_mode = IMB_CIPHER_NULL;
	job->auth_tag_output = tag;
	job->auth_tag_output_len_in_bytes = MB_TAG_OUT;
}

static void prepare_jobs(struct mb_worker *w)
{
	prepare_hash(&w->one, w->one_tag);
	for (unsigned int i = 0; i < SRTP_BURST_MAX; i++) {
		prepare_hash(&w->hash_job[i], w->hash_tag[i]);
		for (unsigned int row = 0; row < 3; row++) {
			IMB_JOB *cipher = &w->cipher_job[row][i];

			cipher->cipher_mode = IMB_CIPHER_CNTR;
			cipher->cipher_direction = IMB_DIR_ENCRYPT;
			cipher->chain_order = IMB_ORDER_CIPHER_HASH;
			cipher->hash_alg = IMB_AUTH_NULL;
			cipher->key_len_in_bytes = 16 + 8 * row;
			cipher->iv = w->iv[row][i];
			cipher->iv_len_in_bytes = 16;
		}
	}
}

/*
 * Where there are SHA instructions, two lanes of them beat eight lanes of AVX2, and any number
 * of lanes when jobs are few. 16 lanes of AVX-512 win when they are many.
 */
static int make_managers(struct mb_worker *w)
{
	IMB_ARCH arch;

	w->slice = SRTP_BURST_MAX; /* lanes want many jobs */
	w->mgr = alloc_mb_mgr(0);
	if (w->mgr == NULL)
		return -ENOMEM;
	init_mb_mgr_auto(w->mgr, &arch);
	w->hash = w->mgr;
	w->hash_wide = w->mgr;
	if (!(w->mgr->features & IMB_FEATURE_SHANI) || arch == IMB_ARCH_SSE)
		return 0;
	w->hash = alloc_mb_mgr(0);
	if (w->hash == NULL) {
		free_mb_mgr(w->mgr);
		return -ENOMEM;
	}
	init_mb_mgr_sse(w->hash);
	if (arch != IMB_ARCH_AVX512) {
		w->hash_wide = w->hash;
		w->slice = MB_SLICE;
	}
	return 0;
}

static struct srtp_worker *mb_worker_create(void)
{
	struct mb_worker *w = aligned_alloc(64, (sizeof(*w) + 63) & ~(size_t)63);
	int rc;

	if (w == NULL)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->w.ops = &srtp_ipsec_mb;
	rc = make_managers(w);
	if (rc < 0) {
		free(w);
		errno = -rc;
		return NULL;
	}
	prepare_jobs(w);
	return &w->w;
}

static void mb_worker_free(struct srtp_worker *sw)
{
	struct mb_worker *w = mb_worker(sw);

	if (w->hash != w->mgr)
		free_mb_mgr(w->hash);
	free_mb_mgr(w->mgr);
	explicit_bzero(w, sizeof(*w));
	free(w);
}

static void mb_forget(const struct srtp_keys *k, uint32_t ssrc)
{
	(void)k;
	(void)ssrc;
}

const struct srtp_engine_ops srtp_ipsec_mb = {
	.keys_size = mb_keys_size,
	.keys_init = mb_keys_init,
	.keys_wipe = mb_keys_wipe,
	.keys_equal = mb_keys_equal,
	.open_rtp = mb_open_rtp,
	.undo_rtp = mb_undo_rtp,
	.open_rtcp = mb_open_rtcp,
	.seal_rtp = mb_seal_rtp,
	.seal_rtcp = mb_seal_rtcp,
	.forget = mb_forget,
	.worker_create = mb_worker_create,
	.worker_free = mb_worker_free,
	.open = mb_open,
	.seal = mb_seal,
};
