/* SPDX-License-Identifier: BSD-3-Clause */
/* What must not come to a handshake, or must not end one. */
#include "dtls_bed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>

static void go(struct node *n, struct node *peer)
{
	if (SSL_is_server(peer->ssl))
		assert_int_equal(dtls_start(n->ep, &peer->addr), 0);
	else
		SSL_do_handshake(peer->ssl);
	bed_run_ms(2000);
}

/* ---- who proves nothing ---- */

static void wrong_fingerprint(void **state)
{
	for (unsigned int client = 0; client < 2; client++) {
		struct node *peer, *n = with_peer(client, "P-256", NULL, PROFILE, &peer);

		bed_tell(n, client ? DTLS_PASSIVE : DTLS_ACTIVE, n, DTLS_SHA256);
		go(n, peer);
		assert_failed(n, DTLS_FINGERPRINT);
		assert_int_equal(counters()->fingerprints, client + 1);
		assert_false(SSL_is_init_finished(peer->ssl));
		bed_end(peer);
		bed_end(n);
	}
}

static void wrong_fingerprint_late(void **state)
{
	for (unsigned int client = 0; client < 2; client++) {
		struct node *peer, *n = with_peer(client, "P-256", NULL, PROFILE, &peer);
		struct dtls_params p = bed_params(client ? DTLS_PASSIVE : DTLS_ACTIVE);

		assert_int_equal(dtls_endpoint_set(n->ep, &p), 0);
		go(n, peer);
		assert_int_equal(n->report.state, DTLS_CONNECTING);
		bed_tell(n, client ? DTLS_PASSIVE : DTLS_ACTIVE, n, DTLS_SHA256);
		bed_settle();
		assert_failed(n, DTLS_FINGERPRINT);
		/* It hears of it. */
		assert_int_equal(SSL_get_shutdown(peer->ssl) & SSL_RECEIVED_SHUTDOWN,
				 SSL_RECEIVED_SHUTDOWN);
		bed_end(peer);
		bed_end(n);
	}
}

/* RFC 8122 §5.1: those of the strongest hash count, and one of them is enough. */
static void several_fingerprints(void **state)
{
	struct dtls_params p = bed_params(DTLS_PASSIVE);
	struct dtls_fingerprint list[3];
	struct node *peer, *n = with_peer(true, "P-256", NULL, PROFILE, &peer);

	bed_fingerprint(peer, DTLS_SHA256, &list[0]);
	bed_fingerprint(n, DTLS_SHA512, &list[1]);
	p.remote = list;
	p.remote_count = 2;
	assert_int_equal(dtls_endpoint_set(n->ep, &p), 0);
	go(n, peer);
	assert_failed(n, DTLS_FINGERPRINT);
	bed_end(peer);
	bed_end(n);

	n = with_peer(true, "P-256", NULL, PROFILE, &peer);
	bed_fingerprint(n, DTLS_SHA256, &list[0]);
	bed_fingerprint(n, DTLS_SHA512, &list[1]);
	bed_fingerprint(peer, DTLS_SHA512, &list[2]);
	p.remote_count = 3;
	assert_int_equal(dtls_endpoint_set(n->ep, &p), 0);
	go(n, peer);
	assert_int_equal(n->report.state, DTLS_CONNECTED);
}

static void no_certificate(void **state)
{
	struct node *peer, *n = with_peer(true, NULL, NULL, PROFILE, &peer);

	go(n, peer);
	assert_failed(n, DTLS_CERTIFICATE);
}

static void no_profile(void **state)
{
	static const char *const theirs[] = {NULL, "SRTP_AEAD_AES_128_GCM"};

	for (unsigned int i = 0; i < 4; i++) {
		struct node *peer, *n = with_peer(i & 1, "P-256", NULL, theirs[i / 2], &peer);

		go(n, peer);
		assert_failed(n, DTLS_NO_PROFILE);
		bed_end(peer);
		bed_end(n);
	}
}

static void no_cipher(void **state)
{
	struct node *peer, *n;

	n = with_peer(true, "P-256", "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA", PROFILE, &peer);
	go(n, peer);
	assert_failed(n, DTLS_NO_CIPHER);
	assert_int_equal(counters()->started, 0);
	assert_false(SSL_is_init_finished(peer->ssl));
	bed_end(peer);
	bed_end(n);

	n = with_peer(false, "P-256", "ECDHE-ECDSA-AES128-CCM8", PROFILE, &peer);
	go(n, peer);
	assert_failed(n, DTLS_ALERT);
	assert_int_equal(n->report.alert, DTLS_HANDSHAKE_FAILURE);
}

static void old_version(void **state)
{
	struct node *peer, *n = with_peer(true, "P-256", "DEFAULT:@SECLEVEL=0", PROFILE, &peer);

	SSL_set_min_proto_version(peer->ssl, DTLS1_VERSION);
	SSL_set_max_proto_version(peer->ssl, DTLS1_VERSION);
	go(n, peer);
	assert_failed(n, DTLS_VERSION);
	assert_int_equal(n->last_len, 15);
	assert_int_equal(n->last[14], DTLS_PROTOCOL_VERSION);
}

/* ---- forgeries in mid-handshake ---- */

static struct node *half_way(struct node **peer)
{
	struct node *n = with_peer(true, "P-256", NULL, PROFILE, peer);

	SSL_do_handshake((*peer)->ssl);
	assert_int_equal(bed_inject(n, &(*peer)->addr, (*peer)->last, (*peer)->last_len), 0);
	while (dtls_context_poll(bed.ctx, 0))
		;
	return n;
}

static void forged_alert(void **state)
{
	static const uint8_t alert[] = "\x15\xfe\xfd\0\0\0\0\0\0\0\7\0\2\2\x28";
	struct node *peer, *n = half_way(&peer);

	assert_int_equal(bed_inject(n, &peer->addr, alert, 15), 0);
	bed_settle();
	assert_int_equal(n->report.state, DTLS_CONNECTED);
	bed_end(peer);
	bed_end(n);

	/* And where nothing follows, it was true. */
	n = half_way(&peer);
	bed_inject(n, &peer->addr, alert, 15);
	bed_end(peer);
	bed_run_ms(DTLS_ALERT_MS - 100);
	assert_int_equal(n->report.state, DTLS_CONNECTING);
	bed_run_ms(200);
	assert_failed(n, DTLS_ALERT);
	assert_int_equal(n->report.alert, DTLS_HANDSHAKE_FAILURE);
}

static void forged_records(void **state)
{
	struct node *peer, *n = half_way(&peer);
	uint8_t junk[200];

	for (unsigned int i = 0; i < 16; i++) {
		memset(junk, (int)i, sizeof(junk));
		dtls_record_head(junk, (uint8_t)(20 + i % 4), DTLS_VERSION_1_2, 1, i,
				 sizeof(junk) - 13);
		bed_inject(n, &peer->addr, junk, sizeof(junk));
	}
	bed_run_ms(3000);
	assert_int_equal(n->report.state, DTLS_CONNECTED);
	for (unsigned int i = 0; i < 4000; i++) {
		for (size_t k = 0; k < sizeof(junk); k++)
			junk[k] = (uint8_t)rand();
		dtls_record_head(junk, (uint8_t)(20 + i % 4), DTLS_VERSION_1_2, (uint16_t)(i % 3),
				 i, 1 + i % 180);
		bed_inject(n, &peer->addr, junk, sizeof(junk));
		bed_settle();
	}
	assert_int_equal(n->report.state, DTLS_CONNECTED);
	assert_int_equal(n->keys_count, 1);
}

/* ---- texts and files ---- */

static void fingerprint_texts(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"sha-256", -EINVAL},
		{"", -EINVAL},
		{"sha-256 ", -EINVAL},
		{"sha-256 AB:CD", -EINVAL},
		{"sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33", -ENOTSUP},
		{"MD5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF", -ENOTSUP},
		{"sha-1 xx", -EINVAL},
		{"sha-3 00:11", -EINVAL},
		{"sha-256 00112233", -EINVAL},
		{"sha-256 00:1", -EINVAL},
		{"sha-256 00:11:", -EINVAL},
	};
	struct dtls_fingerprint fp, again;
	char text[DTLS_FINGERPRINT_STRLEN];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(dtls_fingerprint_parse(cases[i].text, strlen(cases[i].text), &fp),
				 cases[i].err);
	for (enum dtls_hash h = 0; h < DTLS_HASHES; h++) {
		dtls_context_fingerprint(bed.ctx, h, &fp);
		dtls_fingerprint_format(&fp, text);
		assert_int_equal(strlen(text), 7 + 3 * dtls_hash_len(h));
		assert_int_equal(dtls_fingerprint_parse(text, strlen(text), &again), 0);
		assert_memory_equal(&fp, &again, sizeof(fp));
		for (char *c = text; *c != '\0'; c++)
			*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
		text[0] = 'S';
		assert_int_equal(dtls_fingerprint_parse(text, strlen(text), &again), 0);
		assert_memory_equal(&fp, &again, sizeof(fp));
		assert_int_equal(dtls_fingerprint_parse(text, strlen(text) - 3, &again), -EINVAL);
	}
}

static void write_pem(const char *path, X509 *x509, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	if (x509 != NULL)
		assert_int_equal(PEM_write_X509(f, x509), 1);
	if (key != NULL)
		assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

static void certificate_files(void **state)
{
	char dir[] = "/tmp/test_dtls.XXXXXX", cert[64], key[64];
	struct dtls_config c = {
		.cert_file = cert, .key_file = key, .timers = &bed.timers, .now_us = bed_clock};
	SSL_CTX *rsa = bed_ssl_ctx("RSA", NULL, NULL), *ec = bed_ssl_ctx("P-256", NULL, NULL);
	struct dtls_context *ctx, *whole = bed.ctx;
	struct node *peer, *n;

	assert_non_null(mkdtemp(dir));
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	write_pem(cert, SSL_CTX_get0_certificate(rsa), NULL);
	assert_null(dtls_context_create(&c));
	assert_int_equal(errno, ENOENT);
	write_pem(key, NULL, SSL_CTX_get0_privatekey(ec));
	assert_null(dtls_context_create(&c));
	assert_int_equal(errno, EINVAL);
	write_pem(key, NULL, SSL_CTX_get0_privatekey(rsa));
	ctx = dtls_context_create(&c);
	assert_non_null(ctx);
	c.key_file = NULL;
	assert_null(dtls_context_create(&c));
	assert_int_equal(errno, EINVAL);
	c.key_file = cert;
	assert_null(dtls_context_create(&c));

	/* An RSA certificate is shown in either role. */
	bed.ctx = ctx;
	for (unsigned int client = 0; client < 2; client++) {
		n = with_peer(client, "P-256", NULL, PROFILE, &peer);
		go(n, peer);
		assert_int_equal(n->report.state, DTLS_CONNECTED);
		assert_int_equal(X509_cmp(SSL_get0_peer_certificate(peer->ssl),
					  SSL_CTX_get0_certificate(rsa)),
				 0);
		bed_end(peer);
		bed_end(n);
	}
	bed.ctx = whole;
	dtls_context_free(ctx);
	SSL_CTX_free(rsa);
	SSL_CTX_free(ec);
	unlink(cert);
	unlink(key);
	rmdir(dir);
}

static void parameters(void **state)
{
	static const enum srtp_profile wide[] = {SRTP_AES_256_CM_HMAC_SHA1_80};
	struct dtls_params p = bed_params(DTLS_PASSIVE);
	struct node *n = bed_endpoint(bed.ctx, &p, false);

	p.profiles = wide;
	assert_int_equal(dtls_endpoint_set(n->ep, &p), -EINVAL);
	p = bed_params(DTLS_PASSIVE);
	p.profile_count = 0;
	assert_int_equal(dtls_endpoint_set(n->ep, &p), -EINVAL);
	p = bed_params(DTLS_PASSIVE);
	p.remote_count = DTLS_FINGERPRINTS + 1;
	assert_int_equal(dtls_endpoint_set(n->ep, &p), -EINVAL);
	p = bed_params((enum dtls_setup)7);
	assert_int_equal(dtls_endpoint_set(n->ep, &p), -EINVAL);
	for (enum dtls_reason r = DTLS_OK + 1; r < DTLS_REASONS; r++)
		assert_non_null(dtls_reason_name(r));
	for (enum dtls_state s = 0; s < DTLS_STATES; s++)
		assert_non_null(dtls_state_name(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_fingerprint),    TEST(wrong_fingerprint_late),
		TEST(several_fingerprints), TEST(no_certificate),
		TEST(no_profile),           TEST(no_cipher),
		TEST(old_version),          TEST(forged_alert),
		TEST(forged_records),       TEST(fingerprint_texts),
		TEST(certificate_files),    TEST(parameters),
	};

	return cmocka_run_group_tests_name("dtls_bad", tests, NULL, NULL);
}
