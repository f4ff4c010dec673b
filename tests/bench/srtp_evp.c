/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenSSL's EVP: a cipher and a MAC context a session, keyed once; a packet at a time. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "bench_srtp.h"

#define EVP_SESSIONS 512

struct evp_session {
	EVP_CIPHER_CTX *cipher[2]; /* to open, to seal */
	EVP_MAC_CTX *mac;
};

struct evp {
	EVP_MAC *hmac;
	bool gcm;
	struct evp_session *s;
	uint8_t iv[16];
};

static const EVP_CIPHER *cipher_of(enum srtp_profile p)
{
	bool gcm = srtp_profile_salt_len(p) == 12;

	switch (srtp_profile_key_len(p)) {
	case 16: return gcm ? EVP_aes_128_gcm() : EVP_aes_128_ctr();
	case 24: return EVP_aes_192_ctr();
	default: return gcm ? EVP_aes_256_gcm() : EVP_aes_256_ctr();
	}
}

static void session_create(const struct bench *b, struct evp *e, unsigned int i)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA1"}, 0),
		OSSL_PARAM_construct_end()};
	uint8_t master[SRTP_MASTER_MAX];

	bench_master(master, i);
	for (int seal = 0; seal < 2; seal++) {
		e->s[i].cipher[seal] = EVP_CIPHER_CTX_new();
		if (!EVP_CipherInit_ex(e->s[i].cipher[seal], cipher_of(b->profile), NULL, master,
				       NULL, seal))
			die("EVP has no such cipher");
	}
	e->s[i].mac = EVP_MAC_CTX_new(e->hmac);
	if (!EVP_MAC_init(e->s[i].mac, master, 20, params))
		die("EVP has no HMAC");
}

static void *evp_create(const struct bench *b)
{
	struct evp *e;

	if (b->burst != 1 || b->sessions > EVP_SESSIONS)
		return NULL;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		die("no memory");
	e->gcm = srtp_profile_salt_len(b->profile) == 12;
	e->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	e->s = calloc(b->sessions, sizeof(*e->s));
	if (e->hmac == NULL || e->s == NULL)
		die("no memory");
	for (unsigned int i = 0; i < b->sessions; i++)
		session_create(b, e, i);
	return e;
}

static void evp_destroy(const struct bench *b, void *ctx)
{
	struct evp *e = ctx;

	for (unsigned int i = 0; i < b->sessions; i++) {
		EVP_CIPHER_CTX_free(e->s[i].cipher[0]);
		EVP_CIPHER_CTX_free(e->s[i].cipher[1]);
		EVP_MAC_CTX_free(e->s[i].mac);
	}
	EVP_MAC_free(e->hmac);
	free(e->s);
	free(e);
}

static void evp_prepare(const struct bench *b, void *ctx, bool seal)
{
}

static void mac(struct evp_session *s, const uint8_t *p, unsigned int len, uint8_t *tag)
{
	size_t tag_len;

	EVP_MAC_init(s->mac, NULL, 0, NULL);
	EVP_MAC_update(s->mac, p, len);
	EVP_MAC_update(s->mac, (const uint8_t[4]){0}, 4);
	EVP_MAC_final(s->mac, tag, &tag_len, 20);
}

static void evp_run(const struct bench *b, void *ctx, bool seal)
{
	struct evp *e = ctx;
	struct evp_session *s = &e->s[b->which[0]];
	EVP_CIPHER_CTX *c = s->cipher[seal];
	uint8_t *p = b->packet[0], tag[20];
	int n;

	EVP_CipherInit_ex(c, NULL, NULL, NULL, e->iv, -1);
	if (e->gcm) {
		if (!seal)
			EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, p + b->size);
		EVP_CipherUpdate(c, NULL, &n, p, 12);
		EVP_CipherUpdate(c, p + 12, &n, p + 12, b->size - 12);
		if (!EVP_CipherFinal_ex(c, p + b->size, &n))
			die("EVP refuses a packet");
		if (seal)
			EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, p + b->size);
		return;
	}
	if (!seal) {
		mac(s, p, b->size, tag);
		if (memcmp(tag, p + b->size, 10) != 0)
			die("EVP refuses a packet");
	}
	EVP_CipherUpdate(c, p + 12, &n, p + 12, b->size - 12);
	if (seal) {
		mac(s, p, b->size, tag);
		memcpy(p + b->size, tag, 10);
	}
}

const struct make make_evp = {"evp", evp_create, evp_destroy, evp_prepare, evp_run};
