/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdatomic.h>

#include "internal.h"

const struct srtp_engine_ops *srtp_engine_ops(enum srtp_engine e)
{
#ifdef SRTP_WITH_IPSEC_MB
	if (e == SRTP_ENGINE_IPSEC_MB)
		return &srtp_ipsec_mb;
#endif
	return e == SRTP_ENGINE_LIBSRTP2 ? &srtp_libsrtp2 : NULL;
}

int srtp_engine_pick(enum srtp_engine wanted, enum srtp_engine *out)
{
#ifdef SRTP_WITH_IPSEC_MB
	if (wanted != SRTP_ENGINE_LIBSRTP2 && srtp_ipsec_mb_runs()) {
		*out = SRTP_ENGINE_IPSEC_MB;
		return 0;
	}
#endif
	if (wanted == SRTP_ENGINE_IPSEC_MB)
		return -ENOTSUP;
	*out = SRTP_ENGINE_LIBSRTP2;
	return 0;
}

const char *srtp_engine_name(enum srtp_engine e)
{
	static const char *const names[] = {"auto", "ipsec-mb", "libsrtp2"};

	return (unsigned int)e < 3 ? names[e] : NULL;
}

static size_t up(size_t size)
{
	return (size + SRTP_ALIGN - 1) & ~(size_t)(SRTP_ALIGN - 1);
}

static bool is_limited(uint64_t lifetime)
{
	return lifetime != 0 && lifetime < SRTP_RTP_LIMIT - 1;
}

static size_t size_of(enum srtp_engine e, enum srtp_profile p, unsigned int mki_len, bool limited)
{
	return up(srtp_engine_ops(e)->keys_size(p) + (limited ? sizeof(uint64_t) : 0) + mki_len);
}

size_t srtp_keys_size(enum srtp_engine e, enum srtp_profile p)
{
	return size_of(e, p, 0, false);
}

size_t srtp_keys_size_for(const struct srtp_keys_config *c)
{
	return size_of(c->engine, c->profile, c->mki_len, is_limited(c->lifetime));
}

size_t srtp_keys_bytes(const struct srtp_keys *k)
{
	return size_of(k->engine, k->profile, k->mki_len, k->limited);
}

static uint32_t next_serial(void)
{
	static _Atomic uint32_t last;
	uint32_t serial;

	do
		serial = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
	while (serial == 0);
	return serial;
}

int srtp_keys_init(struct srtp_keys *k, const struct srtp_keys_config *c)
{
	const struct srtp_engine_ops *e = srtp_engine_ops(c->engine);
	int rc;

	if (e == NULL)
		return -ENOTSUP;
	if ((unsigned int)c->profile >= SRTP_PROFILE_COUNT || c->master == NULL ||
	    c->mki_len > SRTP_MKI_MAX || (c->mki_len && c->mki == NULL))
		return -EINVAL;
	memset(k, 0, srtp_keys_size_for(c));
	k->profile = (uint8_t)c->profile;
	k->engine = (uint8_t)c->engine & 3;
	k->serial = next_serial();
	k->mki_len = c->mki_len;
	k->tag_len = srtp_profiles[c->profile].rtp_tag_len;
	k->anew = c->anew;
	k->limited = is_limited(c->lifetime);
	if (k->limited)
		memcpy((uint8_t *)(uintptr_t)srtp_keys_tail(k), &c->lifetime, sizeof(uint64_t));
	if (c->mki_len)
		memcpy((uint8_t *)(uintptr_t)srtp_keys_mki(k), c->mki, c->mki_len);
	rc = e->keys_init(k, c->master);
	if (rc < 0)
		srtp_keys_wipe(k);
	return rc;
}

void srtp_keys_wipe(struct srtp_keys *k)
{
	const struct srtp_engine_ops *e = srtp_engine_ops(k->engine);

	if (e == NULL)
		return;
	e->keys_wipe(k);
	explicit_bzero(k, srtp_keys_bytes(k));
}

bool srtp_keys_equal(const struct srtp_keys *a, const struct srtp_keys *b)
{
	return a->profile == b->profile && srtp_keys_limit(a) == srtp_keys_limit(b) &&
	       a->mki_len == b->mki_len &&
	       memcmp(srtp_keys_mki(a), srtp_keys_mki(b), a->mki_len) == 0 &&
	       srtp_engine_ops(a->engine)->keys_equal(a, b);
}

enum srtp_profile srtp_keys_profile(const struct srtp_keys *k)
{
	return k->profile;
}

unsigned int srtp_keys_growth(const struct srtp_keys *k, bool rtcp)
{
	return srtp_growth(k, rtcp);
}

struct srtp_worker *srtp_worker_create(enum srtp_engine e)
{
	const struct srtp_engine_ops *ops = srtp_engine_ops(e);

	if (ops == NULL) {
		errno = ENOTSUP;
		return NULL;
	}
	return ops->worker_create();
}

void srtp_worker_free(struct srtp_worker *w)
{
	if (w)
		w->ops->worker_free(w);
}

void srtp_open(struct srtp_worker *w, struct srtp_op *op, unsigned int n, uint32_t now)
{
	w->ops->open(w, op, n, now);
}

void srtp_seal(struct srtp_worker *w, struct srtp_op *op, unsigned int n, uint32_t now)
{
	w->ops->seal(w, op, n, now);
}
