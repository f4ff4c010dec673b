/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cookies (RFC 6347 §4.2.1): who brings one back gets what is sent to its address. Nothing is kept
 * of those that are given away: a cookie is a hash over the sender, the endpoint, the client's
 * random and the time, under a secret of the context.
 */
#include "dtls_private.h"

#include <string.h>

#include <openssl/hmac.h>

#include "frame.h"

#define PERIOD_SHIFT 15 /* ms, 33 s: a cookie is good for one to two of them */
#define REQUEST_LEN  (DTLS_RECORD_HLEN + DTLS_FRAGMENT_HLEN + 3 + DTLS_COOKIE_LEN)

static bool make(const struct dtls_endpoint *ep, const struct dtls_addr *from,
		 const uint8_t *random, uint64_t period, uint8_t out[DTLS_COOKIE_LEN])
{
	const struct dtls_context *ctx = ep->ctx;
	uint8_t md[EVP_MAX_MD_SIZE];
	struct {
		const struct dtls_endpoint *ep;
		uint64_t period;
		union wire_ip ip;
		uint8_t random[DTLS_RANDOM_LEN];
		uint64_t port;
	} over = {.ep = ep, .period = period, .ip = from->ip, .port = from->port};

	memcpy(over.random, random, sizeof(over.random));
	if (HMAC(EVP_sha256(), ctx->secret, sizeof(ctx->secret), (const uint8_t *)&over,
		 sizeof(over), md, NULL) == NULL)
		return false;
	memcpy(out, md, DTLS_COOKIE_LEN);
	return true;
}

bool dtls_cookie_ok(const struct dtls_endpoint *ep, const struct dtls_addr *from,
		    const uint8_t *random, const uint8_t *cookie, size_t len)
{
	uint64_t period = dtls_now_ms(ep->ctx) >> PERIOD_SHIFT;
	uint8_t want[DTLS_COOKIE_LEN];

	if (len != DTLS_COOKIE_LEN)
		return false;
	for (unsigned int i = 0; i < 2; i++)
		if (make(ep, from, random, period - i, want) &&
		    CRYPTO_memcmp(want, cookie, DTLS_COOKIE_LEN) == 0)
			return true;
	return false;
}

/* HelloVerifyRequest: never longer than what it answers, and of DTLS 1.0 whatever comes then. */
void dtls_cookie_ask(struct dtls_endpoint *ep, const struct dtls_addr *from, const uint8_t *random,
		     uint64_t record_seq)
{
	uint8_t out[REQUEST_LEN] = {0}, *p = out + DTLS_RECORD_HLEN;
	const uint8_t len = REQUEST_LEN - DTLS_RECORD_HLEN - DTLS_FRAGMENT_HLEN;

	dtls_record_head(out, DTLS_HANDSHAKE, DTLS_VERSION_1_0, 0, record_seq,
			 REQUEST_LEN - DTLS_RECORD_HLEN);
	p[0] = DTLS_HELLO_VERIFY_REQUEST;
	p[3] = p[11] = len;
	p += DTLS_FRAGMENT_HLEN;
	wire_put16(p, DTLS_VERSION_1_0);
	p[2] = DTLS_COOKIE_LEN;
	if (!make(ep, from, random, dtls_now_ms(ep->ctx) >> PERIOD_SHIFT, p + 3))
		return;
	ep->ctx->n.verify_requests++;
	ep->ops->send(ep->arg, from, out, sizeof(out));
}
