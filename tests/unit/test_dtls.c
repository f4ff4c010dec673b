/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes that go well, over good and bad networks, in either role. */
#include "dtls_bed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALL_PROFILES                                                                               \
	"SRTP_AES128_CM_SHA1_80:SRTP_AES128_CM_SHA1_32:SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_"   \
	"GCM"

static void both_roles(void **state)
{
	struct node *p, *a = bed_pair(&p);
	struct dtls_fingerprint fp, own;

	assert_int_equal(dtls_start(p->ep, &a->addr), -EINVAL);
	assert_int_equal(dtls_start(a->ep, &p->addr), 0);
	bed_settle();
	assert_agree(a, p);
	assert_int_equal(a->keys_count, 1);
	assert_int_equal(p->keys_count, 1);
	assert_int_equal(p->state_count, 2);
	assert_true(dtls_addr_equal(&p->keys_from, &a->addr));
	assert_true(dtls_endpoint_remote(p->ep, &fp));
	dtls_context_fingerprint(bed.ctx, DTLS_SHA256, &own);
	assert_memory_equal(fp.digest, own.digest, 32);
	assert_int_equal(dtls_context_counters(bed.ctx)->half_open, 0);
	assert_int_equal(dtls_context_counters(bed.ctx)->completed, 2);
}

/* ---- plain OpenSSL on the other side ---- */

struct plain {
	const char *key, *ciphers, *profiles;
	enum dtls_hash hash;
	bool client;
	enum srtp_profile expected;
};

/* Ours prefers the order that it is given. */
static const enum srtp_profile preferred[] = {SRTP_AEAD_AES_256_GCM, SRTP_AEAD_AES_128_GCM,
					      SRTP_AES_CM_128_HMAC_SHA1_80,
					      SRTP_AES_CM_128_HMAC_SHA1_32};

static struct node *with_plain(const struct plain *c, struct node **peer)
{
	SSL_CTX *ctx = bed_ssl_ctx(c->key, c->ciphers, c->profiles);
	struct dtls_params p = {.setup = c->client ? DTLS_PASSIVE : DTLS_ACTIVE,
				.profiles = preferred,
				.profile_count = 4};
	struct dtls_fingerprint fp;
	struct node *n = bed_endpoint(bed.ctx, &p, false);

	*peer = bed_peer(ctx, c->client, &n->addr);
	SSL_CTX_free(ctx);
	bed_fingerprint(*peer, c->hash, &fp);
	p.remote = &fp;
	p.remote_count = 1;
	assert_int_equal(dtls_endpoint_set(n->ep, &p), 0);
	if (c->client)
		SSL_do_handshake((*peer)->ssl);
	else
		assert_int_equal(dtls_start(n->ep, &(*peer)->addr), 0);
	return n;
}

static const struct plain plains[] = {
	{"P-256", NULL, ALL_PROFILES, DTLS_SHA256, true, SRTP_AEAD_AES_256_GCM},
	{"P-256", NULL, "SRTP_AES128_CM_SHA1_32:SRTP_AES128_CM_SHA1_80", DTLS_SHA384, true,
	 SRTP_AES_CM_128_HMAC_SHA1_80},
	{"P-256", NULL, "SRTP_AES128_CM_SHA1_32", DTLS_SHA512, true, SRTP_AES_CM_128_HMAC_SHA1_32},
	{"RSA", NULL, "SRTP_AEAD_AES_128_GCM", DTLS_SHA256, true, SRTP_AEAD_AES_128_GCM},
	{"P-384", "ECDHE-ECDSA-AES128-GCM-SHA256", ALL_PROFILES, DTLS_SHA256, true,
	 SRTP_AEAD_AES_256_GCM},
	{"P-256", "ECDHE-ECDSA-AES256-GCM-SHA384", ALL_PROFILES, DTLS_SHA256, true,
	 SRTP_AEAD_AES_256_GCM},
	{"P-256", "ECDHE-ECDSA-CHACHA20-POLY1305", ALL_PROFILES, DTLS_SHA256, true,
	 SRTP_AEAD_AES_256_GCM},
	/* The other side is the server, and its order counts. */
	{"P-256", NULL, "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", DTLS_SHA512, false,
	 SRTP_AES_CM_128_HMAC_SHA1_80},
	{"RSA", NULL, "SRTP_AEAD_AES_128_GCM", DTLS_SHA256, false, SRTP_AEAD_AES_128_GCM},
	{"RSA", "ECDHE-RSA-CHACHA20-POLY1305", ALL_PROFILES, DTLS_SHA256, false,
	 SRTP_AES_CM_128_HMAC_SHA1_80},
	{"P-256", "ECDHE-ECDSA-AES256-GCM-SHA384", ALL_PROFILES, DTLS_SHA256, false,
	 SRTP_AES_CM_128_HMAC_SHA1_80},
};

#define PLAINS (sizeof(plains) / sizeof(plains[0]))

static void plain_peers(void **state)
{
	for (size_t i = 0; i < PLAINS; i++) {
		struct node *peer, *n = with_plain(&plains[i], &peer);

		bed_settle();
		assert_int_equal(n->report.state, DTLS_CONNECTED);
		assert_int_equal(n->keys.profile, plains[i].expected);
		assert_exported(n, peer, plains[i].client);
		bed_end(peer);
		bed_end(n);
	}
}

/* What we send and read without the SSL object, under each cipher and in each role. */
static void close_notify_of_ours(void **state)
{
	for (size_t i = 0; i < PLAINS; i++) {
		struct node *peer, *n = with_plain(&plains[i], &peer);

		bed_settle();
		assert_int_equal(SSL_get_shutdown(peer->ssl), 0);
		dtls_endpoint_close(n->ep);
		bed_settle();
		assert_int_equal(SSL_get_shutdown(peer->ssl) & SSL_RECEIVED_SHUTDOWN,
				 SSL_RECEIVED_SHUTDOWN);
		assert_int_equal(n->report.state, DTLS_CLOSED);
		assert_false(n->report.by_peer);
		assert_false(dtls_endpoint_remote(n->ep, &(struct dtls_fingerprint){0}));
		bed_end(peer);
		bed_end(n);
	}
}

static void close_notify_at_free(void **state)
{
	struct node *peer, *n = with_plain(&plains[0], &peer);

	bed_settle();
	dtls_endpoint_free(n->ep);
	n->ep = NULL;
	bed_settle();
	assert_int_equal(SSL_get_shutdown(peer->ssl), SSL_RECEIVED_SHUTDOWN);
}

static void close_notify_of_theirs(void **state)
{
	for (size_t i = 0; i < PLAINS; i++) {
		struct node *peer, *n = with_plain(&plains[i], &peer);

		bed_settle();
		SSL_shutdown(peer->ssl);
		/* Damaged on its way, it says nothing. */
		peer->last[peer->last_len - 1] ^= 1;
		bed_inject(n, &peer->addr, peer->last, peer->last_len);
		dtls_context_poll(bed.ctx, 0);
		assert_int_equal(n->report.state, DTLS_CONNECTED);
		bed_settle();
		assert_int_equal(n->report.state, DTLS_CLOSED);
		assert_true(n->report.by_peer);
		assert_int_equal(SSL_get_shutdown(peer->ssl),
				 SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		bed_end(peer);
		bed_end(n);
	}
}

static void no_renegotiation(void **state)
{
	struct node *peer, *n = with_plain(&plains[0], &peer);
	unsigned int sent;

	bed_settle();
	sent = n->sent;
	assert_int_equal(SSL_renegotiate(peer->ssl), 1);
	SSL_do_handshake(peer->ssl);
	bed_run_ms(500);
	assert_int_equal(n->keys_count, 1);
	/* It is told no, which makes OpenSSL give up the association by an alert; we agree. */
	assert_int_equal(n->sent, sent + 2);
	assert_int_equal(n->report.state, DTLS_CLOSED);
}

static void no_resumption(void **state)
{
	struct node *peer, *n = with_plain(&plains[0], &peer);

	bed_settle();
	assert_int_equal(SSL_SESSION_has_ticket(SSL_get_session(peer->ssl)), 0);
	assert_int_equal(SSL_version(peer->ssl), DTLS1_2_VERSION);
	assert_int_equal(SSL_session_reused(peer->ssl), 0);
	assert_null(SSL_get_current_compression(peer->ssl));
	assert_int_equal(n->report.state, DTLS_CONNECTED);
}

static void application_data_is_nothing(void **state)
{
	struct node *peer, *n = with_plain(&plains[0], &peer);

	bed_settle();
	assert_int_equal(SSL_write(peer->ssl, "hello", 5), 5);
	bed_settle();
	assert_int_equal(dtls_context_counters(bed.ctx)->application, 1);
	assert_int_equal(n->report.state, DTLS_CONNECTED);
}

/* ---- networks ---- */

static unsigned int victim, seen;

static unsigned int lose_one(const struct packet *p)
{
	return seen++ == victim ? 0 : 1;
}

static unsigned int twice(const struct packet *p)
{
	return 2;
}

static unsigned int lose_third(const struct packet *p)
{
	seen = seen * 1103515245 + 12345;
	return (seen >> 16) % 3 == 0 ? 0 : 1;
}

static void each_datagram_lost_once(void **state)
{
	bool through = false;

	for (victim = 0; !through; victim++) {
		struct node *p, *a = bed_pair(&p);

		assert_true(victim < 20);
		seen = 0;
		bed.fate = lose_one;
		dtls_start(a->ep, &p->addr);
		bed_run_ms(1000);
		assert_agree(a, p);
		assert_int_equal(a->keys_count, 1);
		through = seen <= victim;
		bed_end(a);
		bed_end(p);
	}
	assert_true(dtls_context_counters(bed.ctx)->retransmits >= 3);
}

static void each_datagram_to_plain_lost_once(void **state)
{
	for (size_t i = 0; i < PLAINS; i += 7) {
		for (victim = 0; victim < 8; victim++) {
			struct node *peer, *n;

			seen = 0;
			bed.fate = lose_one;
			n = with_plain(&plains[i], &peer);
			bed_run_ms(3000);
			assert_int_equal(n->report.state, DTLS_CONNECTED);
			assert_true(SSL_is_init_finished(peer->ssl));
			bed_end(peer);
			bed_end(n);
		}
	}
}

static void a_third_lost(void **state)
{
	struct dtls_context *whole = bed.ctx;

	bed.ctx = bed_context(DTLS_MTU_MIN, 0);
	for (unsigned int i = 0; i < 5; i++) {
		struct node *p, *a = bed_pair(&p);

		seen = i;
		bed.fate = lose_third;
		dtls_start(a->ep, &p->addr);
		bed_run_ms(25000);
		assert_agree(a, p);
		bed_end(a);
		bed_end(p);
	}
	dtls_context_free(bed.ctx);
	bed.ctx = whole;
}

static void doubled_and_backward(void **state)
{
	struct node *p, *a = bed_pair(&p);

	bed.fate = twice;
	bed.backward = true;
	dtls_start(a->ep, &p->addr);
	bed_run_ms(1000);
	assert_agree(a, p);
	assert_int_equal(a->keys_count, 1);
	assert_int_equal(p->keys_count, 1);
}

static void mtu_is_kept(void **state)
{
	static const uint16_t mtus[] = {DTLS_MTU_MIN, 576, DTLS_MTU_MAX};
	struct dtls_context *whole = bed.ctx;

	for (size_t i = 0; i < 3; i++) {
		struct node *p, *a;

		bed.ctx = bed_context(mtus[i], 0);
		a = bed_pair(&p);
		dtls_start(a->ep, &p->addr);
		bed_settle();
		assert_agree(a, p);
		assert_true(a->largest <= mtus[i] && p->largest <= mtus[i]);
		assert_true(i > 0 ? a->sent == 2 : a->sent > 3);
		bed_end(a);
		bed_end(p);
		dtls_context_free(bed.ctx);
	}
	bed.ctx = whole;
}

static void retransmission_doubles(void **state)
{
	static const unsigned int at_ms[] = {100, 300, 700, 1500, 3100, 6300, 10300};
	struct node *p, *a = bed_pair(&p);
	struct dtls_addr nobody = bed_addr(99);
	unsigned int now_ms = 0;

	dtls_start(a->ep, &nobody);
	bed_settle();
	assert_int_equal(a->sent, 1);
	for (unsigned int i = 0; i < 7; i++) {
		bed_run_ms(at_ms[i] - 20 - now_ms);
		assert_int_equal(a->sent, 1 + i);
		bed_run_ms(40);
		now_ms = at_ms[i] + 20;
		assert_int_equal(a->sent, 2 + i);
	}
	bed_run_ms(30000 - now_ms + 20);
	assert_int_equal(a->report.state, DTLS_FAILED);
	assert_int_equal(a->report.reason, DTLS_TIMEOUT);
	assert_int_equal(dtls_context_counters(bed.ctx)->associations, 0);
	/* And it may be tried again. */
	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_agree(a, p);
}

/* ---- ClientHellos in pieces ---- */

/* A whole ClientHello of a plain peer, of 1.5 KiB. */
static size_t long_hello(struct node *peer, uint8_t *out)
{
	size_t len;

	bed_lengthen(peer);
	SSL_set_mtu(peer->ssl, 4000);
	SSL_do_handshake(peer->ssl);
	len = peer->last_len - DTLS_RECORD_HLEN - DTLS_FRAGMENT_HLEN;
	memcpy(out, peer->last + DTLS_RECORD_HLEN + DTLS_FRAGMENT_HLEN, len);
	return len;
}

static int inject_piece(struct node *n, const struct node *from, const uint8_t *body, size_t len,
			size_t off, size_t n_bytes)
{
	uint8_t out[4200];

	dtls_record_head(out, DTLS_HANDSHAKE, DTLS_VERSION_1_0, 0, off, 12 + n_bytes);
	memcpy(out + 13,
	       (uint8_t[]){1, 0, (uint8_t)(len >> 8), (uint8_t)len, 0, 0, 0, (uint8_t)(off >> 8),
			   (uint8_t)off, 0, (uint8_t)(n_bytes >> 8), (uint8_t)n_bytes},
	       12);
	memcpy(out + 25, body + off, n_bytes);
	return bed_inject(n, &from->addr, out, 25 + n_bytes);
}

static void drop_all_packets(void)
{
	struct tnd_list *pos, *tmp;

	tnd_list_for_each_safe (pos, tmp, &bed.wire) {
		tnd_list_del(pos);
		free(tnd_container_of(pos, struct packet, link));
	}
}

/* Four pieces that overlap, in all 24 orders, each piece twice. */
static void pieces_in_all_orders(void **state)
{
	for (unsigned int order = 0; order < 24; order++) {
		SSL_CTX *c = bed_ssl_ctx("P-256", NULL, ALL_PROFILES);
		struct dtls_params p = bed_params(DTLS_PASSIVE);
		struct node *n = bed_endpoint(bed.ctx, &p, false);
		struct node *peer = bed_peer(c, true, &n->addr);
		unsigned int left[4] = {0, 1, 2, 3}, code = order;
		uint8_t hello[4096];
		size_t len;

		SSL_CTX_free(c);
		bed_tell(n, DTLS_PASSIVE, peer, DTLS_SHA256);
		len = long_hello(peer, hello);
		assert_true(len > 1350);
		drop_all_packets();
		for (unsigned int k = 4; k > 0; k--) {
			unsigned int pick = code % k, piece = left[pick];
			size_t off = piece * 400, end = off + 450;

			code /= k;
			memmove(&left[pick], &left[pick + 1], (3 - pick) * sizeof(left[0]));
			if (piece == 3 || end > len)
				end = len;
			assert_int_equal(dtls_context_counters(bed.ctx)->started, order);
			assert_int_equal(inject_piece(n, peer, hello, len, off, end - off), 0);
			assert_int_equal(inject_piece(n, peer, hello, len, off, end - off), 0);
			bed_settle();
		}
		bed_settle();
		assert_int_equal(n->report.state, DTLS_CONNECTED);
		assert_true(SSL_is_init_finished(peer->ssl));
		bed_end(peer);
		bed_end(n);
	}
}

/* A piece of another ClientHello of the same length and source gets into its own. */
static void pieces_of_two(void **state)
{
	SSL_CTX *c = bed_ssl_ctx("P-256", NULL, ALL_PROFILES);
	struct dtls_params p = bed_params(DTLS_PASSIVE);
	struct node *n = bed_endpoint(bed.ctx, &p, false);
	struct node *peer = bed_peer(c, true, &n->addr);
	uint8_t hello[4096], other[4096];
	size_t len;

	SSL_CTX_free(c);
	bed_tell(n, DTLS_PASSIVE, peer, DTLS_SHA256);
	len = long_hello(peer, hello);
	drop_all_packets();
	memcpy(other, hello, len);
	memset(other + 2, 0xee, 32);
	memset(other + 550, 0xee, 50);
	inject_piece(n, peer, other, len, 0, 600);
	inject_piece(n, peer, hello, len, 0, 600);
	inject_piece(n, peer, hello, len, 500, len - 500);
	inject_piece(n, peer, hello, len, 500, len - 500);
	bed_run_ms(500);
	assert_int_equal(n->report.state, DTLS_CONNECTED);
	assert_exported(n, peer, true);
}

static void one_byte_each(void **state)
{
	SSL_CTX *c = bed_ssl_ctx("P-256", NULL, ALL_PROFILES);
	struct dtls_params p = bed_params(DTLS_PASSIVE);
	struct node *n = bed_endpoint(bed.ctx, &p, false);
	struct node *peer = bed_peer(c, true, &n->addr);
	uint8_t hello[4096];
	size_t len;

	SSL_CTX_free(c);
	bed_tell(n, DTLS_PASSIVE, peer, DTLS_SHA256);
	len = long_hello(peer, hello);
	drop_all_packets();
	for (size_t i = len; i-- > 0;)
		assert_int_equal(inject_piece(n, peer, hello, len, i, 1), 0);
	bed_settle();
	assert_int_equal(n->report.state, DTLS_CONNECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_roles),
		TEST(plain_peers),
		TEST(close_notify_of_ours),
		TEST(close_notify_at_free),
		TEST(close_notify_of_theirs),
		TEST(no_renegotiation),
		TEST(no_resumption),
		TEST(application_data_is_nothing),
		TEST(each_datagram_lost_once),
		TEST(each_datagram_to_plain_lost_once),
		TEST(a_third_lost),
		TEST(doubled_and_backward),
		TEST(mtu_is_kept),
		TEST(retransmission_doubles),
		TEST(pieces_in_all_orders),
		TEST(pieces_of_two),
		TEST(one_byte_each),
	};

	return cmocka_run_group_tests_name("dtls", tests, NULL, NULL);
}
