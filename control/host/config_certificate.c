/* SPDX-License-Identifier: BSD-3-Clause */
/* The certificate for DTLS and its key: read once here, so that a fault is told at its place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "config_private.h"

#define RSA_BITS_MIN 2048

/* No terminal to ask at: a key with a passphrase can't be read. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

static int fault(struct json_error *err, const char *file, const char *reason)
{
	config_fault(err, "%s %s", file, reason);
	return -ENODEV;
}

static BIO *open_file(const char *path, struct json_error *err)
{
	FILE *f = fopen(path, "re");
	BIO *bio = f != NULL ? BIO_new_fp(f, BIO_CLOSE) : NULL;

	if (bio != NULL)
		return bio;
	config_fault(err, "%s cannot be read: %s", path, strerror(errno));
	if (f != NULL)
		fclose(f);
	return NULL;
}

/* Of a kind that far ends take and that OpenSSL's default level allows. */
static bool is_fit(EVP_PKEY *key)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN;
	if (!EVP_PKEY_is_a(key, "EC") ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		return false;
	return strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0 ||
	       strcmp(group, "secp384r1") == 0 || strcmp(group, "P-384") == 0;
}

static int check_pair(const struct config *c, X509 *cert, EVP_PKEY *key, struct json_error *err)
{
	config_at(err, "/dtls/key");
	if (!is_fit(key))
		return fault(err, c->dtls_key,
			     "has a key of another kind than EC P-256, EC P-384 or RSA of 2048 "
			     "bits and more");
	if (X509_check_private_key(cert, key) != 1)
		return fault(err, c->dtls_key, "has not the key of /dtls/certificate");
	config_at(err, "/dtls/certificate");
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return fault(err, c->dtls_certificate, "has a certificate that has expired");
	return 0;
}

int config_check_certificate(const struct config *c, struct json_error *err)
{
	BIO *cert_file = NULL, *key_file = NULL;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int rc = -ENODEV;

	if (c->dtls_certificate[0] == '\0')
		return 0;
	config_at(err, "/dtls/certificate");
	cert_file = open_file(c->dtls_certificate, err);
	if (cert_file == NULL)
		goto out;
	cert = PEM_read_bio_X509(cert_file, NULL, no_passphrase, NULL);
	if (cert == NULL) {
		fault(err, c->dtls_certificate, "has no certificate in PEM");
		goto out;
	}
	config_at(err, "/dtls/key");
	key_file = open_file(c->dtls_key, err);
	if (key_file == NULL)
		goto out;
	key = PEM_read_bio_PrivateKey(key_file, NULL, no_passphrase, NULL);
	if (key == NULL) {
		fault(err, c->dtls_key, "has no private key in PEM without a passphrase");
		goto out;
	}
	rc = check_pair(c, cert, key, err);
out:
	ERR_clear_error();
	EVP_PKEY_free(key);
	X509_free(cert);
	BIO_free(key_file);
	BIO_free(cert_file);
	return rc;
}
