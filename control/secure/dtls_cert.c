/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#define DAY_S 86400L

/* RFC 8422 §5.1.1 */
#define GROUP_P256 23
#define GROUP_P384 24

int dtls_digests(const X509 *x509, struct dtls_digests *out)
{
	for (enum dtls_hash h = 0; h < DTLS_HASHES; h++) {
		if (X509_digest(x509, dtls_hash_md(h), out->of[h], NULL) != 1)
			return -ENOMEM;
	}
	return 0;
}

/* Names nobody and nothing (RFC 8827 §6.5): a random number as serial and as name. */
static int describe(X509 *x509, EVP_PKEY *key)
{
	uint8_t random[8];
	char name[2 * sizeof(random) + 1];
	uint64_t serial;
	X509_NAME *subject;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return -EIO;
	memcpy(&serial, random, sizeof(serial));
	for (size_t i = 0; i < sizeof(random); i++)
		sprintf(name + 2 * i, "%02x", random[i]);
	subject = X509_get_subject_name(x509);
	if (X509_set_version(x509, X509_VERSION_3) != 1 ||
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1 | 1) != 1 ||
	    X509_gmtime_adj(X509_getm_notBefore(x509), -DAY_S) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(x509), 3650 * DAY_S) == NULL ||
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1,
				       0) != 1 ||
	    X509_set_issuer_name(x509, subject) != 1 || X509_set_pubkey(x509, key) != 1 ||
	    X509_sign(x509, key, EVP_sha256()) == 0)
		return -ENOMEM;
	return 0;
}

static int make(struct dtls_cert *c)
{
	c->key = EVP_EC_gen("P-256");
	c->x509 = X509_new();
	if (c->key == NULL || c->x509 == NULL)
		return -ENOMEM;
	c->curve = GROUP_P256;
	return describe(c->x509, c->key);
}

static int find_curve(struct dtls_cert *c)
{
	char name[32];

	if (!EVP_PKEY_is_a(c->key, "EC") ||
	    EVP_PKEY_get_group_name(c->key, name, sizeof(name), NULL) != 1)
		return -EINVAL;
	c->curve = strcmp(name, "prime256v1") == 0  ? GROUP_P256
		   : strcmp(name, "secp384r1") == 0 ? GROUP_P384
						    : 0;
	return c->curve == 0 ? -EINVAL : 0;
}

static int load(struct dtls_cert *c, const char *cert_file, const char *key_file)
{
	FILE *f = fopen(cert_file, "re");

	if (f == NULL)
		return -errno;
	c->x509 = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	f = fopen(key_file, "re");
	if (f == NULL)
		return -errno;
	c->key = PEM_read_PrivateKey(f, NULL, NULL, (void *)"");
	fclose(f);
	if (c->x509 == NULL || c->key == NULL)
		return -EINVAL;
	if (X509_check_private_key(c->x509, c->key) != 1)
		return -EINVAL;
	c->rsa = EVP_PKEY_is_a(c->key, "RSA");
	if (c->rsa)
		return EVP_PKEY_get_bits(c->key) < 2048 ? -EINVAL : 0;
	return find_curve(c);
}

struct dtls_cert *dtls_cert_new(const char *cert_file, const char *key_file)
{
	struct dtls_cert *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;

	if (c == NULL)
		goto fail;
	err = cert_file == NULL && key_file == NULL   ? make(c)
	      : cert_file != NULL && key_file != NULL ? load(c, cert_file, key_file)
						      : -EINVAL;
	if (err == 0)
		err = dtls_digests(c->x509, &c->digests);
	if (err == 0)
		return c;
fail:
	ERR_clear_error();
	dtls_cert_free(c);
	errno = -err;
	return NULL;
}

void dtls_cert_free(struct dtls_cert *c)
{
	if (c == NULL)
		return;
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free(c);
}

void dtls_cert_fingerprint(const struct dtls_cert *c, enum dtls_hash hash,
			   struct dtls_fingerprint *out)
{
	memset(out, 0, sizeof(*out));
	out->hash = hash;
	memcpy(out->digest, c->digests.of[hash], dtls_hash_len(hash));
}
