/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_private.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/rand.h>

#define HALF_OPEN_DEFAULT 1000

static const char *const state_names[DTLS_STATES] = {
	[DTLS_NEW] = "new",       [DTLS_CONNECTING] = "connecting", [DTLS_CONNECTED] = "connected",
	[DTLS_CLOSED] = "closed", [DTLS_FAILED] = "failed",
};

static const char *const reason_names[DTLS_REASONS] = {
	[DTLS_FINGERPRINT] = "fingerprint", [DTLS_NO_PROFILE] = "no_profile",
	[DTLS_NO_CIPHER] = "no_cipher",     [DTLS_VERSION] = "version",
	[DTLS_CERTIFICATE] = "certificate", [DTLS_ALERT] = "alert",
	[DTLS_PROTOCOL] = "protocol",       [DTLS_TIMEOUT] = "timeout",
	[DTLS_CROWDED] = "crowded",         [DTLS_NO_MEMORY] = "no_memory",
};

const char *dtls_state_name(enum dtls_state s)
{
	return state_names[s];
}

const char *dtls_reason_name(enum dtls_reason r)
{
	return reason_names[r];
}

bool dtls_bucket_take(struct dtls_bucket *b, uint64_t now_ms, uint32_t burst, uint32_t per_s)
{
	uint64_t milli = b->milli + (now_ms - b->at_ms) * per_s;

	b->at_ms = now_ms;
	b->milli = milli > burst * 1000ull ? burst * 1000 : (uint32_t)milli;
	if (b->milli < 1000)
		return false;
	b->milli -= 1000;
	return true;
}

struct dtls_context *dtls_context_create(const struct dtls_config *c)
{
	struct dtls_context *ctx;
	int err = EINVAL;

	if (c->timers == NULL || c->now_us == NULL ||
	    (c->mtu != 0 && (c->mtu < DTLS_MTU_MIN || c->mtu > DTLS_MTU_MAX))) {
		errno = err;
		return NULL;
	}
	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL)
		return NULL;
	if (RAND_bytes(ctx->secret, sizeof(ctx->secret)) != 1) {
		free(ctx);
		errno = ENOMEM;
		return NULL;
	}
	ctx->mtu = c->mtu != 0 ? c->mtu : DTLS_MTU_DEFAULT;
	ctx->half_open = c->half_open != 0 ? c->half_open : HALF_OPEN_DEFAULT;
	ctx->timers = c->timers;
	ctx->now_us = c->now_us;
	ctx->now_arg = c->now_arg;
	tnd_list_init(&ctx->warm);
	tnd_list_init(&ctx->cold);
	tnd_list_init(&ctx->unproven);
	ctx->cert = dtls_cert_new(c->cert_file, c->key_file);
	if (ctx->cert == NULL) {
		err = errno;
		goto fail;
	}
	err = ENOMEM;
	ctx->ssl = dtls_ssl_context();
	ctx->bio = dtls_bio_method();
	if (ctx->ssl == NULL || ctx->bio == NULL)
		goto fail;
	err = EINVAL;
	if (SSL_CTX_use_cert_and_key(ctx->ssl, ctx->cert->x509, ctx->cert->key, NULL, 1) != 1)
		goto fail;
	return ctx;
fail:
	dtls_context_free(ctx);
	errno = err;
	return NULL;
}

void dtls_context_free(struct dtls_context *ctx)
{
	if (ctx == NULL)
		return;
	SSL_CTX_free(ctx->ssl);
	BIO_meth_free(ctx->bio);
	dtls_cert_free(ctx->cert);
	OPENSSL_cleanse(ctx, sizeof(*ctx));
	free(ctx);
}

void dtls_context_fingerprint(const struct dtls_context *ctx, enum dtls_hash hash,
			      struct dtls_fingerprint *out)
{
	dtls_cert_fingerprint(ctx->cert, hash, out);
}

const struct dtls_counters *dtls_context_counters(const struct dtls_context *ctx)
{
	return &ctx->n;
}

/* Whose turn it is, taken out of its list. */
static struct dtls_endpoint *next(struct dtls_context *ctx, bool *cold)
{
	bool warm = !tnd_list_empty(&ctx->warm);
	struct tnd_list *link;

	*cold = !tnd_list_empty(&ctx->cold) && (!warm || ++ctx->turn % DTLS_COLD_EVERY == 0);
	if (!*cold && !warm)
		return NULL;
	link = *cold ? ctx->cold.next : ctx->warm.next;
	tnd_list_del(link);
	return *cold ? tnd_container_of(link, struct dtls_endpoint, cold)
		     : tnd_container_of(link, struct dtls_endpoint, warm);
}

bool dtls_context_poll(struct dtls_context *ctx, uint64_t budget_us)
{
	uint64_t begin_us = ctx->now_us(ctx->now_arg);
	struct dtls_endpoint *ep;
	bool cold;

	do {
		ep = next(ctx, &cold);
		if (ep == NULL)
			return false;
		dtls_step(ep, cold);
	} while (ctx->now_us(ctx->now_arg) - begin_us < budget_us);
	return !tnd_list_empty(&ctx->warm) || !tnd_list_empty(&ctx->cold);
}
