/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HMAC-SHA1 and HMAC-SHA256 of credentials that are used over and over.
 *
 * OpenSSL's low-level hashes, because their state can be kept: 104 bytes a credential for both
 * hashes, and no allocation a message. An EVP_MAC context takes over a kilobyte for each hash
 * and several allocations for each message. They are deprecated in OpenSSL 3.0 and work.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "ice_private.h"

#define BLOCK 64 /* bytes, of both hashes */

static void sha1_save(const SHA_CTX *c, uint32_t h[5])
{
	h[0] = c->h0;
	h[1] = c->h1;
	h[2] = c->h2;
	h[3] = c->h3;
	h[4] = c->h4;
}

/* As if one block had gone in. */
static void sha1_resume(SHA_CTX *c, const uint32_t h[5])
{
	SHA1_Init(c);
	c->h0 = h[0];
	c->h1 = h[1];
	c->h2 = h[2];
	c->h3 = h[3];
	c->h4 = h[4];
	c->Nl = 8 * BLOCK;
}

static void sha256_resume(SHA256_CTX *c, const uint32_t h[8])
{
	SHA256_Init(c);
	memcpy(c->h, h, sizeof(c->h));
	c->Nl = 8 * BLOCK;
}

static void pad(const uint8_t key[BLOCK], uint8_t with, uint8_t out[BLOCK])
{
	for (unsigned int i = 0; i < BLOCK; i++)
		out[i] = key[i] ^ with;
}

static void init_sha1(struct ice_key *k, const char *pwd, size_t len)
{
	uint8_t key[BLOCK] = {0}, block[BLOCK];
	SHA_CTX c;

	if (len > BLOCK)
		SHA1((const uint8_t *)pwd, len, key);
	else
		memcpy(key, pwd, len);
	for (unsigned int i = 0; i < 2; i++) {
		pad(key, i == 0 ? 0x36 : 0x5c, block);
		SHA1_Init(&c);
		SHA1_Update(&c, block, BLOCK);
		sha1_save(&c, k->sha1[i]);
	}
	explicit_bzero(key, sizeof(key));
	explicit_bzero(block, sizeof(block));
	explicit_bzero(&c, sizeof(c));
}

static void init_sha256(struct ice_key *k, const char *pwd, size_t len)
{
	uint8_t key[BLOCK] = {0}, block[BLOCK];
	SHA256_CTX c;

	if (len > BLOCK)
		SHA256((const uint8_t *)pwd, len, key);
	else
		memcpy(key, pwd, len);
	for (unsigned int i = 0; i < 2; i++) {
		pad(key, i == 0 ? 0x36 : 0x5c, block);
		SHA256_Init(&c);
		SHA256_Update(&c, block, BLOCK);
		memcpy(k->sha256[i], c.h, sizeof(c.h));
	}
	explicit_bzero(key, sizeof(key));
	explicit_bzero(block, sizeof(block));
	explicit_bzero(&c, sizeof(c));
}

void ice_key_init(struct ice_key *k, const char *pwd, size_t len)
{
	init_sha1(k, pwd, len);
	init_sha256(k, pwd, len);
}

static void mac_sha1(const struct ice_key *k, const uint8_t head[4], const uint8_t *rest,
		     size_t rest_len, uint8_t *mac)
{
	SHA_CTX c;

	sha1_resume(&c, k->sha1[0]);
	SHA1_Update(&c, head, 4);
	SHA1_Update(&c, rest, rest_len);
	SHA1_Final(mac, &c);
	sha1_resume(&c, k->sha1[1]);
	SHA1_Update(&c, mac, SHA_DIGEST_LENGTH);
	SHA1_Final(mac, &c);
}

static void mac_sha256(const struct ice_key *k, const uint8_t head[4], const uint8_t *rest,
		       size_t rest_len, uint8_t *mac)
{
	SHA256_CTX c;

	sha256_resume(&c, k->sha256[0]);
	SHA256_Update(&c, head, 4);
	SHA256_Update(&c, rest, rest_len);
	SHA256_Final(mac, &c);
	sha256_resume(&c, k->sha256[1]);
	SHA256_Update(&c, mac, SHA256_DIGEST_LENGTH);
	SHA256_Final(mac, &c);
}

void ice_key_mac(const struct ice_key *k, bool sha256, const uint8_t head[4], const uint8_t *rest,
		 size_t rest_len, uint8_t *mac)
{
	if (sha256)
		mac_sha256(k, head, rest, rest_len, mac);
	else
		mac_sha1(k, head, rest, rest_len, mac);
}
