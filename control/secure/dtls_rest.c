/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What remains of an association when its handshake is over and the SSL object, of about 40 KiB
 * at best, is gone: the keys of its records (RFC 5246 §6.3), to read and to send alerts, and a
 * server's last flight. Whoever repeats its Finished has not seen that flight: it goes out once
 * more byte for byte, which no replay window minds, for nothing of it has arrived.
 */
#include "dtls_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "frame.h"

#define TAG_LEN      16
#define NONCE_LEN    12
#define KEY_MAX      32
#define MASTER_LEN   48
#define FLIGHTS_MAX  12 /* times that the last flight is repeated */
#define PLAIN_MAX    256
#define EXPLICIT_LEN 8 /* of GCM's nonce in each record (RFC 5288 §3) */

struct side {
	uint8_t key[KEY_MAX];
	uint8_t iv[NONCE_LEN]; /* GCM: its first 4 bytes */
};

struct dtls_rest {
	const EVP_CIPHER *cipher;
	bool gcm;
	bool refused; /* a renegotiation */
	uint8_t flights;
	struct side rx, tx;
	uint64_t tx_seq;      /* of the record sent last */
	uint64_t tx_explicit; /* GCM: and its nonce */
	size_t flight_len;
	uint8_t flight[];
};

static const EVP_CIPHER *cipher_of(const SSL_CIPHER *c)
{
	switch (SSL_CIPHER_get_cipher_nid(c)) {
	case NID_aes_128_gcm: return EVP_aes_128_gcm();
	case NID_aes_256_gcm: return EVP_aes_256_gcm();
	case NID_chacha20_poly1305: return EVP_chacha20_poly1305();
	default: return NULL;
	}
}

/* key_block = PRF(master secret, "key expansion", server's random + client's random) */
static int key_block(SSL *ssl, uint8_t *out, size_t len)
{
	uint8_t master[MASTER_LEN], server[DTLS_RANDOM_LEN], client[DTLS_RANDOM_LEN];
	const EVP_MD *md = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *k = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[6], *p = params;
	int err = -ENOMEM;

	if (k == NULL || md == NULL ||
	    SSL_SESSION_get_master_key(SSL_get_session(ssl), master, MASTER_LEN) != MASTER_LEN)
		goto out;
	SSL_get_server_random(ssl, server, sizeof(server));
	SSL_get_client_random(ssl, client, sizeof(client));
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)EVP_MD_get0_name(md),
						0);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, MASTER_LEN);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (char *)"key expansion", 13);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, server, sizeof(server));
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, client, sizeof(client));
	*p = OSSL_PARAM_construct_end();
	if (EVP_KDF_derive(k, out, len, params) == 1)
		err = 0;
out:
	OPENSSL_cleanse(master, sizeof(master));
	EVP_KDF_CTX_free(k);
	EVP_KDF_free(kdf);
	return err;
}

int dtls_rest_new(const struct dtls_assoc *a, struct dtls_rest **out)
{
	const struct dtls_handshake *hs = a->hs;
	const EVP_CIPHER *cipher = cipher_of(SSL_get_current_cipher(hs->ssl));
	size_t flight = a->client || hs->flight_len > sizeof(hs->flight) ? 0 : hs->flight_len;
	uint8_t block[2 * (KEY_MAX + NONCE_LEN)];
	struct side *client, *server;
	size_t key, iv;
	struct dtls_rest *r;

	if (cipher == NULL)
		return -EPROTO;
	r = calloc(1, sizeof(*r) + flight);
	if (r == NULL)
		return -ENOMEM;
	r->cipher = cipher;
	r->gcm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;
	key = (size_t)EVP_CIPHER_get_key_length(cipher);
	iv = r->gcm ? NONCE_LEN - EXPLICIT_LEN : NONCE_LEN;
	if (key_block(hs->ssl, block, 2 * (key + iv)) != 0) {
		free(r);
		return -ENOMEM;
	}
	client = a->client ? &r->tx : &r->rx;
	server = a->client ? &r->rx : &r->tx;
	memcpy(client->key, block, key);
	memcpy(server->key, block + key, key);
	memcpy(client->iv, block + 2 * key, iv);
	memcpy(server->iv, block + 2 * key + iv, iv);
	OPENSSL_cleanse(block, sizeof(block));
	r->tx_seq = hs->tx_seq;
	r->tx_explicit = (uint64_t)wire_get32(hs->tx_nonce) << 32 | wire_get32(hs->tx_nonce + 4);
	r->flight_len = flight;
	memcpy(r->flight, hs->flight, flight);
	*out = r;
	return 0;
}

void dtls_rest_free(struct dtls_rest *r)
{
	if (r == NULL)
		return;
	OPENSSL_cleanse(r, sizeof(*r) + r->flight_len);
	free(r);
}

static void put64(uint8_t *p, uint64_t v)
{
	wire_put32(p, (uint32_t)(v >> 32));
	wire_put32(p + 4, (uint32_t)v);
}

/* Epoch and sequence number of a record are `counter` (RFC 5288 §3, RFC 7905 §2). */
static void make_nonce(const struct dtls_rest *r, const struct side *s, const uint8_t *explicit,
		       const uint8_t *counter, uint8_t nonce[NONCE_LEN])
{
	memcpy(nonce, s->iv, NONCE_LEN);
	if (r->gcm) {
		memcpy(nonce + NONCE_LEN - EXPLICIT_LEN, explicit, EXPLICIT_LEN);
		return;
	}
	for (unsigned int i = 0; i < 8; i++)
		nonce[4 + i] ^= counter[i];
}

/* What is authenticated with a record: counter, type, version, length of the plaintext. */
static void make_aad(const uint8_t *head, size_t plain_len, uint8_t aad[DTLS_RECORD_HLEN])
{
	memcpy(aad, head + 3, 8);
	memcpy(aad + 8, head, 3);
	wire_put16(aad + 11, (uint16_t)plain_len);
}

/* In or out: `text` of `len` bytes to `out`, with the tag behind `text` or written to `tag`. */
static bool crypt(const struct dtls_rest *r, const struct side *s, bool seal,
		  const uint8_t nonce[NONCE_LEN], const uint8_t aad[DTLS_RECORD_HLEN],
		  const uint8_t *text, size_t len, uint8_t *out, uint8_t tag[TAG_LEN])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool ok;
	int n;

	ok = c != NULL && EVP_CipherInit_ex(c, r->cipher, NULL, s->key, nonce, seal) == 1 &&
	     (seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1) &&
	     EVP_CipherUpdate(c, NULL, &n, aad, DTLS_RECORD_HLEN) == 1 &&
	     EVP_CipherUpdate(c, out, &n, text, (int)len) == 1 &&
	     EVP_CipherFinal_ex(c, out + len, &n) == 1 &&
	     (!seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) == 1);
	EVP_CIPHER_CTX_free(c);
	return ok;
}

/* The plaintext's length, or -1 for what is not the far end's. */
static int record_open(const struct dtls_rest *r, const struct dtls_record *rec,
		       uint8_t plain[PLAIN_MAX])
{
	size_t before = r->gcm ? EXPLICIT_LEN : 0;
	uint8_t nonce[NONCE_LEN], aad[DTLS_RECORD_HLEN], tag[TAG_LEN];
	size_t len;

	if (rec->epoch != 1 || rec->len < before + TAG_LEN ||
	    rec->len - before - TAG_LEN > PLAIN_MAX)
		return -1;
	len = rec->len - before - TAG_LEN;
	memcpy(tag, rec->data + before + len, TAG_LEN);
	make_nonce(r, &r->rx, rec->data, rec->head + 3, nonce);
	make_aad(rec->head, len, aad);
	return crypt(r, &r->rx, false, nonce, aad, rec->data + before, len, plain, tag) ? (int)len
											: -1;
}

void dtls_rest_flight(struct dtls_assoc *a)
{
	if (!a->unsent)
		return;
	a->unsent = false;
	dtls_assoc_send(a, a->rest->flight, a->rest->flight_len);
}

void dtls_rest_alert(struct dtls_assoc *a, uint8_t level, uint8_t alert)
{
	struct dtls_rest *r = a->rest;
	size_t before = r->gcm ? EXPLICIT_LEN : 0;
	const uint8_t plain[2] = {level, alert};
	uint8_t out[DTLS_RECORD_HLEN + EXPLICIT_LEN + sizeof(plain) + TAG_LEN];
	uint8_t nonce[NONCE_LEN], aad[DTLS_RECORD_HLEN];
	uint8_t *text = out + DTLS_RECORD_HLEN + before;

	dtls_rest_flight(a);
	r->tx_seq++;
	r->tx_explicit++;
	dtls_record_head(out, DTLS_ALERT_RECORD, DTLS_VERSION_1_2, 1, r->tx_seq,
			 before + sizeof(plain) + TAG_LEN);
	if (r->gcm)
		put64(out + DTLS_RECORD_HLEN, r->tx_explicit);
	make_nonce(r, &r->tx, out + DTLS_RECORD_HLEN, out + 3, nonce);
	make_aad(out, sizeof(plain), aad);
	if (crypt(r, &r->tx, true, nonce, aad, plain, sizeof(plain), text, text + sizeof(plain)))
		dtls_assoc_send(a, out, (size_t)(text - out) + sizeof(plain) + TAG_LEN);
}

static void take_handshake(struct dtls_assoc *a, uint8_t message)
{
	struct dtls_rest *r = a->rest;

	if (message == DTLS_FINISHED && r->flight_len > 0 && r->flights < FLIGHTS_MAX) {
		r->flights++;
		a->ep->ctx->n.retransmits++;
		dtls_assoc_send(a, r->flight, r->flight_len);
	} else if ((message == DTLS_HELLO_REQUEST || message == DTLS_CLIENT_HELLO) && !r->refused) {
		r->refused = true;
		dtls_rest_alert(a, DTLS_WARNING, DTLS_NO_RENEGOTIATION);
	}
}

bool dtls_rest_input(struct dtls_assoc *a, const uint8_t *data, size_t len)
{
	struct dtls_record rec;
	uint8_t plain[PLAIN_MAX];

	while (dtls_record_next(&data, &len, &rec)) {
		int n = record_open(a->rest, &rec, plain);

		if (n < 1)
			continue;
		if (rec.type == DTLS_HANDSHAKE)
			take_handshake(a, plain[0]);
		else if (rec.type == DTLS_ALERT_RECORD && n == 2 &&
			 (plain[1] == DTLS_CLOSE_NOTIFY || plain[0] == DTLS_FATAL))
			return true;
	}
	return false;
}
