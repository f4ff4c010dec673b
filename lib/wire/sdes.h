/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SDP security descriptions: the value of an `a=crypto:` attribute (RFC 4568 §9.1), with the
 * suites of RFC 4568, RFC 6188 and RFC 7714.
 *
 *	1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4
 *
 * Pure functions on pointer and length. What they write is secret: the caller wipes it.
 */
#ifndef WIRE_SDES_H
#define WIRE_SDES_H

#include <stddef.h>
#include <stdint.h>

enum sdes_suite {
	SDES_AES_CM_128_HMAC_SHA1_80,
	SDES_AES_CM_128_HMAC_SHA1_32,
	SDES_AES_192_CM_HMAC_SHA1_80,
	SDES_AES_192_CM_HMAC_SHA1_32,
	SDES_AES_256_CM_HMAC_SHA1_80,
	SDES_AES_256_CM_HMAC_SHA1_32,
	SDES_AEAD_AES_128_GCM,
	SDES_AEAD_AES_256_GCM,
	SDES_SUITE_COUNT
};

#define SDES_MASTER_MAX   46  /* bytes of master key and salt */
#define SDES_MKI_MAX      128 /* bytes of a master key identifier */
#define SDES_KEYS_MAX     4   /* master keys in one attribute */
#define SDES_TAG_MAX      999999999
#define SDES_LIFETIME_MAX (UINT64_C(1) << 48) /* RFC 3711 §9.2 */

/* Longest text of an MKI: 309 digits, a colon, 3 digits. */
#define SDES_MKI_STRLEN (309 + 1 + 3 + 1)
/* Longest text of an attribute with one key. */
#define SDES_STRLEN (9 + 1 + 23 + 8 + 64 + 1 + 15 + 1 + SDES_MKI_STRLEN)

struct sdes_key {
	uint64_t lifetime;               /* packets; 0: not said */
	uint8_t master[SDES_MASTER_MAX]; /* key, then salt */
	uint8_t master_len;
	uint8_t mki_len;           /* 0: none */
	uint8_t mki[SDES_MKI_MAX]; /* as it stands in a packet */
};

struct sdes {
	uint32_t tag;
	enum sdes_suite suite;
	uint32_t wsh; /* the window that the sender hints at; 0: not said */
	unsigned int key_count;
	struct sdes_key key[SDES_KEYS_MAX];
};

const char *sdes_suite_name(enum sdes_suite s);
/* Bytes of master key and salt. */
unsigned int sdes_suite_key_len(enum sdes_suite s);
unsigned int sdes_suite_salt_len(enum sdes_suite s);
/* 0 or -ENOENT. */
int sdes_suite_find(const char *name, size_t len, enum sdes_suite *out);

/*
 * 0; -EINVAL: malformed; -ENOTSUP: well-formed, but of a suite or key method that is not known
 * here, or with a session parameter that must be heeded and is not (RFC 4568 §6.3), so that the
 * attribute must be passed over. *why says which; `out` is zeroed then.
 */
int sdes_parse(const char *text, size_t len, struct sdes *out, const char **why);

/* Its length, zero-ended; -ENOSPC. Without session parameters. */
int sdes_format(const struct sdes *s, char *out, size_t size);

/* "2^20" or "1048576", at most SDES_LIFETIME_MAX: 0 or -EINVAL. */
int sdes_lifetime_parse(const char *text, size_t len, uint64_t *out);
/* "1:4", value and length in bytes, into mki and mki_len: 0 or -EINVAL. */
int sdes_mki_parse(const char *text, size_t len, struct sdes_key *out);

#endif
