/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* A secret goes with one hash, SHA-256, and so have all suites to. */
#define SUITES "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
static const uint8_t psk_suite[2] = {0x13, 0x01};

struct tls_context {
	SSL_CTX *ctx;
	bool server;
	bool certificates; /* the far end may prove itself by one */
	const struct psk_table *(*psks)(void *arg);
	void *psks_arg;
	uint8_t psk[TLS_PSK_MAX];
	size_t psk_len;
	char user[WIRE_RTPTP_NAME_MAX + 1];
	char name[256];
	union wire_ip ip;
};

/* The name that a secret was asked for by, until the handshake has proven that it is known. */
struct identity {
	char user[WIRE_RTPTP_NAME_MAX];
	size_t len;
};

static int context_index = -1, identity_index = -1;

static void free_identity(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
			  void *argp)
{
	free(ptr);
}

static bool indexes(void)
{
	if (context_index < 0)
		context_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (identity_index < 0)
		identity_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_identity);
	return context_index >= 0 && identity_index >= 0;
}

static struct tls_context *context_of(SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index);
}

/* ---- secrets ------------------------------------------------------------------------------- */

static SSL_SESSION *session_of(SSL *ssl, const uint8_t *secret, size_t len)
{
	const SSL_CIPHER *suite = SSL_CIPHER_find(ssl, psk_suite);
	SSL_SESSION *s = suite != NULL ? SSL_SESSION_new() : NULL;

	if (s != NULL && SSL_SESSION_set1_master_key(s, secret, len) == 1 &&
	    SSL_SESSION_set_cipher(s, suite) == 1 &&
	    SSL_SESSION_set_protocol_version(s, TLS1_3_VERSION) == 1)
		return s;
	SSL_SESSION_free(s);
	return NULL;
}

/* A server's: 1 with *out NULL goes on without the secret, to certificates or to a refusal. */
static int find_psk(SSL *ssl, const uint8_t *identity, size_t len, SSL_SESSION **out)
{
	struct tls_context *t = context_of(ssl);
	const struct psk_table *psks = t->psks != NULL ? t->psks(t->psks_arg) : NULL;
	struct identity *id;
	const uint8_t *secret;
	size_t secret_len;

	*out = NULL;
	if (psks == NULL)
		return 1;
	secret_len = psk_find(psks, (const char *)identity, len, &secret);
	if (secret_len == 0)
		return 1;
	id = SSL_get_ex_data(ssl, identity_index);
	if (id == NULL) {
		id = calloc(1, sizeof(*id));
		if (id == NULL || SSL_set_ex_data(ssl, identity_index, id) != 1) {
			free(id);
			return 0;
		}
	}
	memcpy(id->user, identity, len);
	id->len = len;
	*out = session_of(ssl, secret, secret_len);
	return *out != NULL;
}

/* A client's. */
static int use_psk(SSL *ssl, const EVP_MD *md, const uint8_t **id, size_t *id_len,
		   SSL_SESSION **out)
{
	struct tls_context *t = context_of(ssl);

	*out = NULL;
	if (md != NULL && EVP_MD_get_type(md) != NID_sha256)
		return 1;
	*out = session_of(ssl, t->psk, t->psk_len);
	*id = (const uint8_t *)t->user;
	*id_len = strlen(t->user);
	return *out != NULL;
}

/* ---- certificates -------------------------------------------------------------------------- */

static BIO *text_bio(const char *text)
{
	return BIO_new_mem_buf(text, -1);
}

/* The certificate itself, then those that vouch for it. */
static bool use_certificate(SSL_CTX *ctx, const char *text)
{
	BIO *bio = text_bio(text);
	X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool ok = x != NULL && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (ok && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		ok = SSL_CTX_add1_chain_cert(ctx, x) == 1;
		X509_free(x);
	}
	BIO_free(bio);
	return ok;
}

static bool use_key(SSL_CTX *ctx, const char *text)
{
	BIO *bio = text_bio(text);
	/* An empty passphrase, so that nobody is asked on a terminal. */
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
	bool ok = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
		  SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok;
}

static bool trust(SSL_CTX *ctx, const char *text)
{
	BIO *bio = text_bio(text);
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	unsigned int n = 0;
	X509 *x;

	while (bio != NULL && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, x) == 1;
		X509_free(x);
	}
	BIO_free(bio);
	return n > 0;
}

static bool fill(struct tls_context *t, const struct tls_config *c, char why[TLS_WHY])
{
	const char *wrong = NULL;

	if (c->certificate != NULL && !use_certificate(t->ctx, c->certificate))
		wrong = "the certificate is no PEM certificate that can be used";
	else if (c->key != NULL && !use_key(t->ctx, c->key))
		wrong = "the key is no PEM private key without a passphrase, or not that of the "
			"certificate";
	else if (c->ca != NULL && !trust(t->ctx, c->ca))
		wrong = "there is no PEM certificate of an authority in ca";
	if (wrong != NULL)
		snprintf(why, TLS_WHY, "%s", wrong);
	ERR_clear_error();
	return wrong == NULL;
}

static struct tls_context *create(const struct tls_config *c, bool server, char why[TLS_WHY])
{
	static const uint8_t context[] = {'t', 'u', 'n', 'n', 'e', 'l'};
	struct tls_context *t = calloc(1, sizeof(*t));

	snprintf(why, TLS_WHY, "out of memory");
	if (t == NULL || !indexes())
		goto fail;
	t->server = server;
	t->certificates = c->ca != NULL;
	t->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (t->ctx == NULL || SSL_CTX_set_ex_data(t->ctx, context_index, t) != 1 ||
	    SSL_CTX_set_ciphersuites(t->ctx, SUITES) != 1)
		goto fail;
	SSL_CTX_set_min_proto_version(t->ctx, TLS1_3_VERSION);
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(t->ctx, 0);
	/* A secret counts as a session that goes on, which a server has of somebody's. */
	if (server)
		SSL_CTX_set_session_id_context(t->ctx, context, sizeof(context));
	SSL_CTX_set_options(t->ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
					 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					 SSL_MODE_RELEASE_BUFFERS);
	/* Where nobody is trusted, no certificate is good enough: then a secret has to do. */
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (fill(t, c, why))
		return t;
fail:
	tls_free(t);
	ERR_clear_error();
	return NULL;
}

struct tls_context *tls_server(const struct tls_config *c, char why[TLS_WHY])
{
	struct tls_context *t = create(c, true, why);

	if (t == NULL)
		return NULL;
	t->psks = c->psks;
	t->psks_arg = c->psks_arg;
	if (t->psks != NULL)
		SSL_CTX_set_psk_find_session_callback(t->ctx, find_psk);
	return t;
}

struct tls_context *tls_client(const struct tls_config *c, char why[TLS_WHY])
{
	struct tls_context *t = create(c, false, why);

	if (t == NULL)
		return NULL;
	t->ip = c->ip;
	snprintf(t->user, sizeof(t->user), "%s", c->user);
	if (c->name != NULL)
		snprintf(t->name, sizeof(t->name), "%s", c->name);
	if (c->psk != NULL && c->psk_len <= sizeof(t->psk)) {
		memcpy(t->psk, c->psk, c->psk_len);
		t->psk_len = c->psk_len;
		SSL_CTX_set_psk_use_session_callback(t->ctx, use_psk);
	}
	return t;
}

void tls_free(struct tls_context *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	OPENSSL_cleanse(t, sizeof(*t));
	free(t);
}

/* Whose certificate the server is to show. */
static bool expect_server(const struct tls_context *t, SSL *ssl)
{
	char ip[WIRE_IP_STRLEN];

	if (t->name[0] != '\0')
		return SSL_set1_host(ssl, t->name) == 1;
	return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), wire_ip_format(&t->ip, ip)) == 1;
}

SSL *tls_new(struct tls_context *t, int fd)
{
	SSL *ssl = SSL_new(t->ctx);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || (!t->server && !expect_server(t, ssl))) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	if (t->server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/* ---- who it is ----------------------------------------------------------------------------- */

static bool string_is(const ASN1_STRING *s, const char *user)
{
	size_t len = strlen(user);

	return s != NULL && ASN1_STRING_length(s) == (int)len &&
	       memcmp(ASN1_STRING_get0_data(s), user, len) == 0;
}

static bool common_name_is(const X509 *x, const char *user)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	/* The last of several would be another matter for each reader: none is taken. */
	if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
		return false;
	return string_is(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), user);
}

static bool other_name_is(const X509 *x, const char *user)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		found = (n->type == GEN_DNS && string_is(n->d.dNSName, user)) ||
			(n->type == GEN_EMAIL && string_is(n->d.rfc822Name, user));
	}
	GENERAL_NAMES_free(names);
	return found;
}

bool tls_peer_is(SSL *ssl, const char *user)
{
	const struct identity *id = SSL_get_ex_data(ssl, identity_index);
	const X509 *x;

	if (!SSL_is_init_finished(ssl))
		return false;
	/* A secret was used, not only named. */
	if (SSL_session_reused(ssl))
		return id != NULL && id->len == strlen(user) &&
		       memcmp(id->user, user, id->len) == 0;
	x = SSL_get0_peer_certificate(ssl);
	return x != NULL && SSL_get_verify_result(ssl) == X509_V_OK &&
	       (common_name_is(x, user) || other_name_is(x, user));
}

bool tls_server_proven(SSL *ssl)
{
	struct tls_context *t = context_of(ssl);

	if (!SSL_is_init_finished(ssl))
		return false;
	if (t->psk_len > 0 && SSL_session_reused(ssl))
		return true;
	return t->certificates && SSL_get0_peer_certificate(ssl) != NULL &&
	       SSL_get_verify_result(ssl) == X509_V_OK;
}

const char *tls_error(SSL *ssl, char text[TLS_WHY])
{
	unsigned long e = ERR_peek_last_error();
	long verify = SSL_get_verify_result(ssl);

	if (ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED && verify != X509_V_OK)
		snprintf(text, TLS_WHY, "certificate: %s", X509_verify_cert_error_string(verify));
	else if (e != 0 && ERR_reason_error_string(e) != NULL)
		snprintf(text, TLS_WHY, "%s", ERR_reason_error_string(e));
	else
		snprintf(text, TLS_WHY, "the connection ended");
	ERR_clear_error();
	return text;
}
