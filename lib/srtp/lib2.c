/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The libsrtp2 engine: the reference, and what there is off x86. Indices, windows, keys and
 * places are judged by the same code as with any engine; libsrtp2 makes and checks the bytes,
 * and is told the rollover counter where its own would differ. It keeps its own index and
 * window beside, wider than ours, and an SRTCP index that begins anew with new keys.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <srtp2/srtp.h>

#include "state.h"

/* The widest that libsrtp2 knows. */
#define LIB2_WINDOW 0x7fe0

/* Sessions are made when first needed: what is only received needs none for sending. */
enum lib2_use { USE_OPEN, USE_OPEN_PLAIN_RTCP, USE_SEAL, USES };

struct lib2_state {
	srtp_t session[USES];
	uint8_t master[SRTP_MASTER_MAX];
};

/* libsrtp2 works on a copy, so that a packet which fails stays as it was. */
struct lib2_worker {
	struct srtp_worker w;
	uint8_t copy[UINT16_MAX + SRTP_MAX_TRAILER_LEN + 1];
};

struct lib2_keys {
	struct srtp_keys head;
	struct lib2_state *state;
};

static void lib2_start(void)
{
	srtp_init();
}

static void policy_of(srtp_policy_t *p, const struct srtp_keys *k, enum lib2_use use)
{
	memset(p, 0, sizeof(*p));
	srtp_crypto_policy_set_rtcp_default(&p->rtcp);
	switch (k->profile) {
	case SRTP_AES_CM_128_HMAC_SHA1_80: srtp_crypto_policy_set_rtp_default(&p->rtp); break;
	case SRTP_AES_CM_128_HMAC_SHA1_32:
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&p->rtp);
		break;
	case SRTP_AES_192_CM_HMAC_SHA1_80:
	case SRTP_AES_192_CM_HMAC_SHA1_32:
		srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80(&p->rtcp);
		srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80(&p->rtp);
		break;
	case SRTP_AES_256_CM_HMAC_SHA1_80:
	case SRTP_AES_256_CM_HMAC_SHA1_32:
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&p->rtcp);
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&p->rtp);
		break;
	case SRTP_AEAD_AES_128_GCM:
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&p->rtcp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&p->rtp);
		break;
	default:
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&p->rtcp);
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&p->rtp);
		break;
	}
	if (!srtp_is_aead(k))
		p->rtp.auth_tag_len = k->tag_len;
	if (use == USE_OPEN_PLAIN_RTCP)
		p->rtcp.sec_serv = sec_serv_auth;
	p->ssrc.type = use == USE_SEAL ? ssrc_any_outbound : ssrc_any_inbound;
	p->window_size = LIB2_WINDOW;
	p->allow_repeat_tx = 1; /* what was sent already, srtp_seal_claim() has refused */
}

static struct lib2_state *state_of(const struct srtp_keys *k)
{
	return ((const struct lib2_keys *)k)->state;
}

static srtp_t session_of(const struct srtp_keys *k, enum lib2_use use)
{
	struct lib2_state *s = state_of(k);
	srtp_policy_t policy;

	if (s->session[use])
		return s->session[use];
	policy_of(&policy, k, use);
	policy.key = s->master;
	if (srtp_create(&s->session[use], &policy) != srtp_err_status_ok)
		s->session[use] = NULL;
	return s->session[use];
}

static size_t lib2_keys_size(enum srtp_profile p)
{
	(void)p;
	return sizeof(struct lib2_keys);
}

static int lib2_keys_init(struct srtp_keys *k, const uint8_t *master)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct lib2_state *s = calloc(1, sizeof(*s));
	const struct srtp_profile_info *p = &srtp_profiles[k->profile];

	/* Its derivation for AES-192 isn't that of RFC 6188: no other make would understand it. */
	if (p->key_len == 24) {
		free(s);
		return -ENOTSUP;
	}
	if (s == NULL)
		return -ENOMEM;
	pthread_once(&once, lib2_start);
	memcpy(s->master, master, (size_t)p->key_len + p->salt_len);
	((struct lib2_keys *)k)->state = s;
	return 0;
}

static void lib2_keys_wipe(struct srtp_keys *k)
{
	struct lib2_state *s = state_of(k);

	if (s == NULL)
		return;
	for (unsigned int use = 0; use < USES; use++)
		if (s->session[use])
			srtp_dealloc(s->session[use]);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static bool lib2_keys_equal(const struct srtp_keys *a, const struct srtp_keys *b)
{
	return memcmp(state_of(a)->master, state_of(b)->master, SRTP_MASTER_MAX) == 0;
}

/*
 * Makes libsrtp2 take this packet for one of rollover counter `roc`. A stream of its template
 * begins at 0; for another one, the stream is made first. *made: and has to go if that fails.
 */
static bool tell_roc(srtp_t session, const struct srtp_keys *k, enum lib2_use use, uint32_t ssrc,
		     uint32_t roc, bool *made)
{
	srtp_policy_t policy;
	uint32_t unused;

	*made = false;
	if (srtp_get_stream_roc(session, ssrc, &unused) == srtp_err_status_ok)
		return srtp_set_stream_roc(session, ssrc, roc) == srtp_err_status_ok;
	if (roc == 0)
		return true;
	policy_of(&policy, k, use);
	policy.key = state_of(k)->master;
	policy.ssrc.type = ssrc_specific;
	policy.ssrc.value = ssrc;
	if (srtp_add_stream(session, &policy) != srtp_err_status_ok)
		return false;
	*made = true;
	return srtp_set_stream_roc(session, ssrc, roc) == srtp_err_status_ok;
}

/* The next packet's counter is estimated again. */
static void untell_roc(srtp_t session, uint32_t ssrc, bool remove)
{
	uint32_t unused;

	if (remove)
		srtp_remove_stream(session, __builtin_bswap32(ssrc));
	else if (srtp_get_stream_roc(session, ssrc, &unused) == srtp_err_status_ok)
		srtp_set_stream_roc(session, ssrc, 0);
}

/* A copy without the MKI, which libsrtp2 is not told of. Its length. */
static int without_mki(struct lib2_worker *s, const struct srtp_keys *k, const uint8_t *p,
		       unsigned int len, unsigned int behind)
{
	unsigned int before = len - k->mki_len - behind;

	memcpy(s->copy, p, before);
	memcpy(s->copy + before, p + len - behind, behind);
	return (int)(before + behind);
}

static bool lib2_open_rtp(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			  unsigned int len, unsigned int hlen, uint64_t index, bool *dirty)
{
	struct lib2_worker *s = (struct lib2_worker *)w;
	srtp_t session = session_of(k, USE_OPEN);
	uint32_t ssrc = srtp_get32(p + 8);
	bool aead = srtp_is_aead(k), made, ok;
	int n = without_mki(s, k, p, len, aead ? 0 : k->tag_len);

	*dirty = false;
	if (session == NULL ||
	    !tell_roc(session, k, USE_OPEN, ssrc, (uint32_t)(index >> 16), &made))
		return false;
	ok = srtp_unprotect(session, s->copy, &n) == srtp_err_status_ok;
	untell_roc(session, ssrc, made && !ok);
	if (ok)
		memcpy(p + hlen, s->copy + hlen, (unsigned int)n - hlen);
	return ok;
}

/* Packets are opened in a copy: there is nothing to undo. */
static void lib2_undo_rtp(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			  unsigned int len, unsigned int hlen, uint64_t index)
{
}

static bool lib2_open_rtcp(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			   unsigned int len)
{
	const struct srtp_profile_info *info = &srtp_profiles[k->profile];
	struct lib2_worker *s = (struct lib2_worker *)w;
	unsigned int behind = info->aead ? 0 : info->rtcp_tag_len;
	int n = without_mki(s, k, p, len, behind);
	bool e = s->copy[(unsigned int)n - behind - 4] & 0x80;
	srtp_t session = session_of(k, e ? USE_OPEN : USE_OPEN_PLAIN_RTCP);

	if (session == NULL || srtp_unprotect_rtcp(session, s->copy, &n) != srtp_err_status_ok)
		return false;
	memcpy(p, s->copy, (unsigned int)n);
	return true;
}

/* Back into the packet, with the MKI in its place. */
static void with_mki(const struct lib2_worker *s, const struct srtp_keys *k, uint8_t *p,
		     unsigned int len, unsigned int behind)
{
	memcpy(p, s->copy, len - behind);
	memcpy(p + len - behind, srtp_keys_mki(k), k->mki_len);
	memcpy(p + len - behind + k->mki_len, s->copy + len - behind, behind);
}

static bool lib2_seal_rtp(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			  unsigned int len, unsigned int hlen, uint64_t index)
{
	struct lib2_worker *s = (struct lib2_worker *)w;
	srtp_t session = session_of(k, USE_SEAL);
	uint32_t ssrc = srtp_get32(p + 8);
	int n = (int)len;
	bool made, ok;

	(void)hlen;
	if (session == NULL ||
	    !tell_roc(session, k, USE_SEAL, ssrc, (uint32_t)(index >> 16), &made))
		return false;
	memcpy(s->copy, p, len);
	ok = srtp_protect(session, s->copy, &n) == srtp_err_status_ok;
	untell_roc(session, ssrc, made && !ok);
	if (ok)
		with_mki(s, k, p, (unsigned int)n, srtp_is_aead(k) ? 0 : k->tag_len);
	return ok;
}

/* The index is libsrtp2's own. */
static bool lib2_seal_rtcp(struct srtp_worker *w, const struct srtp_keys *k, uint8_t *p,
			   unsigned int len, uint32_t index)
{
	const struct srtp_profile_info *info = &srtp_profiles[k->profile];
	struct lib2_worker *s = (struct lib2_worker *)w;
	srtp_t session = session_of(k, USE_SEAL);
	int n = (int)len;

	(void)index;
	memcpy(s->copy, p, len);
	if (session == NULL || srtp_protect_rtcp(session, s->copy, &n) != srtp_err_status_ok)
		return false;
	with_mki(s, k, p, (unsigned int)n, info->aead ? 0 : info->rtcp_tag_len);
	return true;
}

static void lib2_forget(const struct srtp_keys *k, uint32_t ssrc)
{
	struct lib2_state *s = state_of(k);

	for (unsigned int use = 0; use < USES; use++)
		if (s->session[use])
			srtp_remove_stream(s->session[use], __builtin_bswap32(ssrc));
}

static struct srtp_worker *lib2_worker_create(void)
{
	struct lib2_worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->w.ops = &srtp_libsrtp2;
	return &w->w;
}

static void lib2_worker_free(struct srtp_worker *w)
{
	explicit_bzero(w, sizeof(struct lib2_worker));
	free(w);
}

static void lib2_open(struct srtp_worker *w, struct srtp_op *op, unsigned int n, uint32_t now)
{
	for (unsigned int i = 0; i < n; i++)
		srtp_open_one(w, &op[i], now, SRTP_NOT_TRIED);
}

static void lib2_seal(struct srtp_worker *w, struct srtp_op *op, unsigned int n, uint32_t now)
{
	for (unsigned int i = 0; i < n; i++)
		srtp_seal_one(w, &op[i], now);
}

const struct srtp_engine_ops srtp_libsrtp2 = {
	.keys_size = lib2_keys_size,
	.keys_init = lib2_keys_init,
	.keys_wipe = lib2_keys_wipe,
	.keys_equal = lib2_keys_equal,
	.open_rtp = lib2_open_rtp,
	.undo_rtp = lib2_undo_rtp,
	.open_rtcp = lib2_open_rtcp,
	.seal_rtp = lib2_seal_rtp,
	.seal_rtcp = lib2_seal_rtcp,
	.forget = lib2_forget,
	.worker_create = lib2_worker_create,
	.worker_free = lib2_worker_free,
	.open = lib2_open,
	.seal = lib2_seal,
};
