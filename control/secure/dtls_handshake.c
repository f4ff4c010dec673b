/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything that is done with an SSL object. OpenSSL asks the system's clock when it is to
 * repeat a flight; our timer decides when it is asked. Should they disagree (the system's clock
 * was set back), it is asked again after the longest time that it would have waited.
 */
#include "dtls_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <openssl/err.h>

#include "frame.h"

#define CIPHERS                                                                                    \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"
#define SIGNATURES                                                                                 \
	"ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:"           \
	"ECDSA+SHA512:RSA-PSS+SHA512:RSA+SHA512"

#define OPTIONS                                                                                    \
	(SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |                        \
	 SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE)

/* In place of a chain to an authority: the signalled fingerprints, if all of them are there. */
static int verify(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct dtls_assoc *a = SSL_get_app_data(ssl);
	const struct dtls_endpoint *ep = a->ep;
	X509 *x509 = X509_STORE_CTX_get0_cert(store);

	if (x509 == NULL || dtls_digests(x509, &a->hs->cert) != 0) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
		return 0;
	}
	a->hs->cert_seen = true;
	if (!dtls_endpoint_waits(ep) &&
	    dtls_fingerprint_match(ep->remote, ep->remote_count, &a->hs->cert) == NULL) {
		a->hs->mismatch = true;
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
		return 0;
	}
	return 1;
}

/* It was looked at before there was an SSL object. */
static int cookie_ok(SSL *ssl, const unsigned char *cookie, unsigned int len)
{
	return 1;
}

SSL_CTX *dtls_ssl_context(void)
{
	SSL_CTX *c = SSL_CTX_new(DTLS_method());

	if (c == NULL)
		return NULL;
	SSL_CTX_set_security_level(c, 2);
	SSL_CTX_set_options(c, OPTIONS);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(c, verify, NULL);
	SSL_CTX_set_cookie_verify_cb(c, cookie_ok);
	if (SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(c, DTLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(c, CIPHERS) != 1 || SSL_CTX_set1_groups_list(c, GROUPS) != 1 ||
	    SSL_CTX_set1_sigalgs_list(c, SIGNATURES) != 1) {
		SSL_CTX_free(c);
		return NULL;
	}
	return c;
}

static unsigned int next_timeout(SSL *ssl, unsigned int us)
{
	if (us == 0)
		return DTLS_FIRST_US;
	return us > DTLS_LAST_US / 2 ? DTLS_LAST_US : 2 * us;
}

void dtls_handshake_free(struct dtls_handshake *hs)
{
	if (hs == NULL)
		return;
	SSL_free(hs->ssl);
	free(hs);
}

static struct dtls_handshake *make(struct dtls_assoc *a)
{
	const struct dtls_endpoint *ep = a->ep;
	char profiles[DTLS_PROFILES_STRLEN];
	struct dtls_handshake *hs = calloc(1, sizeof(*hs));
	BIO *bio;

	if (hs == NULL)
		return NULL;
	dtls_profiles_text(ep->profile_id, ep->profile_count, profiles);
	hs->ssl = SSL_new(ep->ctx->ssl);
	bio = BIO_new(ep->ctx->bio);
	if (hs->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		goto fail;
	}
	BIO_set_data(bio, a);
	BIO_set_init(bio, 1);
	SSL_set_bio(hs->ssl, bio, bio);
	if (SSL_set_tlsext_use_srtp(hs->ssl, profiles) != 0 ||
	    (ep->own_certificate &&
	     SSL_use_cert_and_key(hs->ssl, ep->cert->x509, ep->cert->key, NULL, 1) != 1))
		goto fail;
	SSL_set_app_data(hs->ssl, a);
	SSL_set_mtu(hs->ssl, ep->ctx->mtu);
	DTLS_set_timer_cb(hs->ssl, next_timeout);
	if (a->client)
		SSL_set_connect_state(hs->ssl);
	else
		SSL_set_accept_state(hs->ssl);
	return hs;
fail:
	dtls_handshake_free(hs);
	return NULL;
}

/* Why OpenSSL has given up, by the first error that it left. */
static enum dtls_reason reason_of(struct dtls_assoc *a)
{
	unsigned long err = ERR_peek_error();
	int reason = ERR_GET_REASON(err);

	if (a->hs->mismatch)
		return DTLS_FINGERPRINT;
	if (ERR_GET_LIB(err) != ERR_LIB_SSL)
		return reason == ERR_R_MALLOC_FAILURE ? DTLS_NO_MEMORY : DTLS_PROTOCOL;
	if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
		a->alert = (uint8_t)(reason - SSL_AD_REASON_OFFSET);
		return DTLS_ALERT;
	}
	switch (reason) {
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM: return DTLS_NO_CIPHER;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_UNKNOWN_PROTOCOL: return DTLS_VERSION;
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
	case SSL_R_EE_KEY_TOO_SMALL: return DTLS_CERTIFICATE;
	case SSL_R_READ_TIMEOUT_EXPIRED: return DTLS_TIMEOUT;
	case ERR_R_MALLOC_FAILURE: return DTLS_NO_MEMORY;
	default: return DTLS_PROTOCOL;
	}
}

/* When OpenSSL wants to repeat its flight, the deadline at the latest. */
static void arm(struct dtls_assoc *a)
{
	uint64_t now_ms = dtls_now_ms(a->ep->ctx), at_ms = now_ms + DTLS_LAST_US / 1000;
	struct timeval left;

	if (DTLSv1_get_timeout(a->hs->ssl, &left) == 1 &&
	    (uint64_t)left.tv_sec < DTLS_LAST_US / 1000000)
		at_ms = now_ms + (uint64_t)left.tv_sec * 1000 +
			((uint64_t)left.tv_usec + 999) / 1000;
	if (at_ms > a->deadline_ms)
		at_ms = a->deadline_ms;
	tnd_timer_start(a->ep->ctx->timers, &a->timer, at_ms);
}

/* Has the far end answered our first flight? It is the ServerHello's that costs the stranger. */
static bool answered(const struct dtls_assoc *a)
{
	OSSL_HANDSHAKE_STATE s = SSL_get_state(a->hs->ssl);

	return !a->client && s != TLS_ST_BEFORE && s != TLS_ST_SR_CLNT_HELLO &&
	       s != TLS_ST_SW_SRVR_DONE;
}

static enum dtls_outcome drive(struct dtls_assoc *a, enum dtls_reason *reason)
{
	struct dtls_handshake *hs = a->hs;
	OSSL_HANDSHAKE_STATE before = SSL_get_state(hs->ssl);
	enum dtls_outcome outcome = DTLS_GOES_ON;
	int ret;

	ERR_clear_error();
	hs->flight_len = 0;
	ret = SSL_do_handshake(hs->ssl);
	if (a->alerted && SSL_get_state(hs->ssl) != before) {
		/* It was not the far end's. */
		a->alerted = false;
		a->deadline_ms = dtls_now_ms(a->ep->ctx) + DTLS_HANDSHAKE_MS;
	}
	if (ret == 1) {
		outcome = DTLS_COMPLETE;
	} else if (SSL_get_error(hs->ssl, ret) != SSL_ERROR_WANT_READ) {
		*reason = reason_of(a);
		outcome = DTLS_BROKEN;
	} else {
		a->answered |= answered(a);
		arm(a);
	}
	ERR_clear_error();
	return outcome;
}

/* The ClientHello as if it had come in one record: OpenSSL's transcript is the same. */
static bool queue_hello(struct dtls_assoc *a)
{
	const struct dtls_hello *h = a->hello;
	uint8_t out[DTLS_RECORD_HLEN + DTLS_FRAGMENT_HLEN + DTLS_HELLO_MAX];
	uint8_t *p = out + DTLS_RECORD_HLEN;

	dtls_record_head(out, DTLS_HANDSHAKE, DTLS_VERSION_1_0, 0, a->hello_record,
			 DTLS_FRAGMENT_HLEN + h->length);
	wire_put32(p, (uint32_t)DTLS_CLIENT_HELLO << 24 | h->length);
	wire_put16(p + 4, a->hello_seq);
	memset(p + 6, 0, 3);
	p[9] = 0;
	wire_put16(p + 10, (uint16_t)h->length);
	memcpy(p + DTLS_FRAGMENT_HLEN, h->body, h->length);
	return dtls_assoc_queue(a, out, DTLS_RECORD_HLEN + DTLS_FRAGMENT_HLEN + h->length);
}

/* OpenSSL goes on behind a HelloVerifyRequest that was none of its own. */
static bool hello_verified(struct dtls_assoc *a)
{
	BIO_ADDR *nobody = BIO_ADDR_new();
	bool ok = nobody != NULL && DTLSv1_listen(a->hs->ssl, nobody) == 1;

	BIO_ADDR_free(nobody);
	return ok;
}

enum dtls_outcome dtls_handshake_start(struct dtls_assoc *a, enum dtls_reason *reason)
{
	*reason = DTLS_NO_MEMORY;
	a->hs = make(a);
	ERR_clear_error();
	if (a->hs == NULL || (!a->client && !queue_hello(a)) ||
	    (a->hello_seq != 0 && !hello_verified(a)))
		return DTLS_BROKEN;
	dtls_hello_free(a->hello);
	a->hello = NULL;
	a->stage = DTLS_STAGE_HANDSHAKE;
	a->ep->ctx->n.started++;
	dtls_assoc_until(a, DTLS_HANDSHAKE_MS);
	return drive(a, reason);
}

enum dtls_outcome dtls_handshake_input(struct dtls_assoc *a, enum dtls_reason *reason)
{
	return drive(a, reason);
}

enum dtls_outcome dtls_handshake_timer(struct dtls_assoc *a, enum dtls_reason *reason)
{
	enum dtls_outcome outcome = DTLS_GOES_ON;
	int ret;

	if (dtls_now_ms(a->ep->ctx) >= a->deadline_ms) {
		*reason = a->alerted ? DTLS_ALERT : DTLS_TIMEOUT;
		return DTLS_BROKEN;
	}
	ERR_clear_error();
	ret = DTLSv1_handle_timeout(a->hs->ssl);
	if (ret < 0) {
		*reason = reason_of(a);
		outcome = DTLS_BROKEN;
	} else {
		a->ep->ctx->n.retransmits += ret > 0;
		arm(a);
	}
	ERR_clear_error();
	return outcome;
}
