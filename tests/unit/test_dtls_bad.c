/* SPDX-License-Identifier: BSD-3-Clause */
/* What must not come to a handshake, or must not end one. */
#include "dtls_bed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>

#define PROFILE "SRTP_AES128_CM_SHA1_80"

static const struct dtls_counters *counters(void)
{
	return dtls_context_counters(bed.ctx);
}

/* Our endpoint, and a plain peer whose fingerprint it knows. */
static struct node *with_peer(bool client, const char *key, const char *ciphers,
			      const char *profiles, struct node **peer)
{
	enum dtls_setup setup = client ? DTLS_PASSIVE : DTLS_ACTIVE;
	struct dtls_params p = bed_params(setup);
	struct node *n = bed_endpoint(bed.ctx, &p, false);
	SSL_CTX *c = bed_ssl_ctx(key, ciphers, profiles);

	*peer = bed_peer(c, client, &n->addr);
	SSL_CTX_free(c);
	if (key != NULL)
		bed_tell(n, setup, *peer, DTLS_SHA256);
	return n;
}

static void go(struct node *n, struct node *peer)
{
	if (SSL_is_server(peer->ssl))
		assert_int_equal(dtls_start(n->ep, &peer->addr), 0);
	else
		SSL_do_handshake(peer->ssl);
	bed_run_ms(2000);
}

static void assert_failed(const struct node *n, enum dtls_reason reason)
{
	assert_int_equal(n->keys_count, 0);
	assert_int_equal(n->report.state, DTLS_FAILED);
	assert_int_equal(n->report.reason, reason);
	assert_int_equal(counters()->half_open, 0);
	assert_int_equal(counters()->associations, 0);
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

/* ---- ClientHellos that are none ---- */

struct hello {
	uint8_t data[2048]; /* a datagram */
	size_t len;
};

static void put_bytes(struct hello *h, const char *bytes, size_t n)
{
	memcpy(h->data + h->len, bytes, n);
	h->len += n;
}

#define PUT(h, bytes) put_bytes(h, bytes, sizeof(bytes) - 1)

/* One that could get somewhere, with these suites and extensions. */
static void make_hello(struct hello *h, uint8_t random, const char *suites, size_t suites_len,
		       const char *ext, size_t ext_len)
{
	size_t body;

	h->len = 25;
	PUT(h, "\xfe\xfd");
	memset(h->data + h->len, random, 32);
	h->len += 32;
	PUT(h, "\0\0\0");
	h->data[h->len++] = (uint8_t)suites_len;
	put_bytes(h, suites, suites_len);
	PUT(h, "\1\0\0");
	h->data[h->len++] = (uint8_t)ext_len;
	put_bytes(h, ext, ext_len);
	body = h->len - 25;
	dtls_record_head(h->data, DTLS_HANDSHAKE, DTLS_VERSION_1_0, 0, 0, 12 + body);
	memcpy(h->data + 13,
	       (uint8_t[]){1, 0, 0, (uint8_t)body, 0, 0, 0, 0, 0, 0, 0, (uint8_t)body}, 12);
}

#define SUITE "\xc0\x2b"
#define GROUP "\0\x0a\0\4\0\2\0\x17"
#define SIGS  GROUP "\0\x0d\0\4\0\2\4\3"
#define SRTP  SIGS "\0\x0e\0\5\0\2\0\1\0"
#define HELLO(h, random, suites, ext)                                                              \
	make_hello(h, random, suites, sizeof(suites) - 1, ext, sizeof(ext) - 1)

static struct node *passive(void)
{
	struct dtls_params p = bed_params(DTLS_PASSIVE);

	return bed_endpoint(bed.ctx, &p, false);
}

static int give(struct node *n, const struct hello *h)
{
	struct dtls_addr from = bed_addr(60);

	return bed_inject(n, &from, h->data, h->len);
}

static void hellos(void **state)
{
	struct node *n = passive();
	struct hello h;

	HELLO(&h, 1, SUITE, SRTP);
	assert_int_equal(give(n, &h), 0);
	HELLO(&h, 2, "\xc0\x2f\x13\x01" SUITE, SRTP);
	assert_int_equal(give(n, &h), 0);
	assert_int_equal(counters()->hellos_bad, 0);
	HELLO(&h, 3, "\xc0\x2f\x13\x01", SRTP);
	assert_int_equal(give(n, &h), -EINVAL);
	assert_int_equal(counters()->hellos_bad, 1);
	/* A group, but not the certificate's. */
	HELLO(&h, 4, SUITE, "\0\x0a\0\4\0\2\0\x1d\0\x0d\0\4\0\2\4\3\0\x0e\0\5\0\2\0\1\0");
	assert_int_equal(give(n, &h), -EINVAL);
	/* A profile that is not ours, and none. */
	HELLO(&h, 5, SUITE, SIGS "\0\x0e\0\5\0\2\0\7\0");
	assert_int_equal(give(n, &h), -EINVAL);
	HELLO(&h, 6, SUITE, SIGS "\0\x17\0\0");
	assert_int_equal(give(n, &h), -EINVAL);
	/* An extension longer than what is there. */
	HELLO(&h, 7, SUITE, SRTP "\0\x17\0\1");
	assert_int_equal(give(n, &h), -EINVAL);
	assert_int_equal(counters()->hellos_bad, 5);
	/* Signatures with SHA-1 only, by RSA only, none. */
	HELLO(&h, 8, SUITE, GROUP "\0\x0d\0\4\0\2\2\3\0\x0e\0\5\0\2\0\1\0");
	assert_int_equal(give(n, &h), -EINVAL);
	HELLO(&h, 9, SUITE, GROUP "\0\x0d\0\6\0\4\4\1\x08\4\0\x0e\0\5\0\2\0\1\0");
	assert_int_equal(give(n, &h), -EINVAL);
	HELLO(&h, 10, SUITE, GROUP "\0\x0e\0\5\0\2\0\1\0");
	assert_int_equal(give(n, &h), -EINVAL);
	bed_settle();
	assert_int_equal(counters()->started, 2);
	assert_int_equal(counters()->failed, 0);
}

/* DTLS 1.3 and nothing else: a clean refusal. */
static void newer_version_only(void **state)
{
	struct node *n = passive();
	struct hello h;

	HELLO(&h, 1, "\x13\x01", "\0\x2b\0\3\2\xfe\xfc" SRTP);
	assert_int_equal(give(n, &h), -EINVAL);
	bed_settle();
	assert_failed(n, DTLS_VERSION);
	assert_memory_equal(n->last, "\x15\xfe\xfd\0\0\0\0\0\0\0\0\0\2\2\x46", 15);
	HELLO(&h, 2, "\x13\x01" SUITE, "\0\x2b\0\5\4\xfe\xfc\xfe\xfd" SRTP);
	assert_int_equal(give(n, &h), 0);
}

static void every_length(void **state)
{
	struct node *n = passive();
	struct hello h, cut;

	HELLO(&h, 1, SUITE, SRTP);
	for (size_t len = 0; len < h.len; len++) {
		cut = h;
		cut.len = len;
		assert_true(give(n, &cut) < 0);
		/* The same with lengths that agree: only the body is short. */
		if (len < 25)
			continue;
		dtls_record_head(cut.data, DTLS_HANDSHAKE, DTLS_VERSION_1_0, 0, 0, len - 13);
		cut.data[16] = cut.data[24] = (uint8_t)(len - 25);
		assert_true(give(n, &cut) < 0);
	}
	assert_int_equal(counters()->half_open, 0);
	bed_settle();
	assert_int_equal(counters()->started, 0);
	assert_int_equal(give(n, &h), 0);
}

static void fragments_that_lie(void **state)
{
	/* length, offset, fragment length; the fragment has 30 bytes */
	static const uint32_t lies[][3] = {
		{20, 0, 30},       {100, 90, 30}, {100, 0xffffff, 30},   {5000, 0, 30},
		{0xffffff, 0, 30}, {100, 0, 31},  {100, 0xfffff0, 0x1e}, {100, 0, 0},
	};
	struct node *n = passive();
	struct hello h = {.len = 25 + 30};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		dtls_record_head(h.data, DTLS_HANDSHAKE, DTLS_VERSION_1_0, 0, 0, 12 + 30);
		h.data[13] = DTLS_CLIENT_HELLO;
		for (unsigned int k = 0; k < 3; k++) {
			h.data[14 + k] = (uint8_t)(lies[i][0] >> (16 - 8 * k));
			h.data[19 + k] = (uint8_t)(lies[i][1] >> (16 - 8 * k));
			h.data[22 + k] = (uint8_t)(lies[i][2] >> (16 - 8 * k));
		}
		assert_int_equal(give(n, &h), -EINVAL);
	}
	assert_int_equal(counters()->malformed, 8);
	assert_int_equal(counters()->half_open, 0);
}

/* Any byte of a good one may be another: whatever comes of it, the next good one succeeds. */
static void damaged_hellos(void **state)
{
	struct node *peer, *n = with_peer(true, "P-256", NULL, PROFILE, &peer);
	struct hello h;

	SSL_do_handshake(peer->ssl);
	h.len = peer->last_len;
	memcpy(h.data, peer->last, h.len);
	for (unsigned int i = 0; i < 3000; i++) {
		struct hello bad = h;

		bad.data[13 + rand() % (int)(h.len - 13)] = (uint8_t)rand();
		give(n, &bad);
		bed_now_us += 10000;
		tnd_timers_run(&bed.timers, bed_now_us / 1000);
		while (dtls_context_poll(bed.ctx, 0))
			;
	}
	assert_true(counters()->started > 100);
	bed_run_ms(2000);
	assert_int_equal(n->report.state, DTLS_CONNECTED);
	assert_int_equal(n->keys_count, 1);
}

static void poison_between_good_ones(void **state)
{
	struct dtls_addr stranger = bed_addr(60);
	struct hello bad[3];

	HELLO(&bad[0], 1, "\xc0\x2f", SRTP);
	HELLO(&bad[1], 2, SUITE, SRTP); /* good, but nothing follows */
	memset(&bad[2], 0x16, sizeof(bad[2]));
	bad[2].len = 300;
	for (unsigned int i = 0; i < 10; i++) {
		struct node *peer, *n = with_peer(true, "P-256", NULL, PROFILE, &peer);

		for (unsigned int k = 0; k < 100; k++)
			bed_inject(n, &stranger, bad[k % 3].data, bad[k % 3].len);
		SSL_do_handshake(peer->ssl);
		bed_inject(n, &peer->addr, peer->last, peer->last_len);
		for (unsigned int k = 0; k < 200; k++) {
			bed_inject(n, k % 3 == 1 ? &stranger : &peer->addr, bad[k % 3].data,
				   bad[k % 3].len);
			if (k == 100)
				bed_settle();
		}
		bed_run_ms(300);
		assert_int_equal(n->report.state, DTLS_CONNECTED);
		assert_int_equal(n->keys_count, 1);
		bed_end(peer);
		bed_end(n);
	}
}

/* The state tells of a failure once, however often it comes. */
static void floods_are_told_once(void **state)
{
	struct node *n = passive();
	struct hello h;

	for (unsigned int i = 0; i < 1000; i++) {
		HELLO(&h, (uint8_t)i, "\xc0\x2f", SRTP);
		give(n, &h);
		bed_settle();
	}
	assert_failed(n, DTLS_NO_CIPHER);
	assert_int_equal(n->state_count, 1);
	assert_int_equal(n->sent, DTLS_ALERTS);
}

/* ---- bounds ---- */

static void bound_by_source(void **state)
{
	struct node *n = passive();
	struct hello h;

	for (unsigned int i = 0; i < 1 + DTLS_AGAIN_BURST; i++) {
		HELLO(&h, (uint8_t)i, SUITE, SRTP);
		assert_int_equal(give(n, &h), 0);
		bed_now_us += 1000;
		while (dtls_context_poll(bed.ctx, 0))
			;
		assert_true(counters()->half_open <= DTLS_PER_SOURCE);
	}
	assert_int_equal(counters()->evicted, 1 + DTLS_AGAIN_BURST - DTLS_PER_SOURCE);
	HELLO(&h, 99, SUITE, SRTP);
	assert_int_equal(give(n, &h), -EBUSY);
	assert_int_equal(counters()->rate_limited, 1);
	/* That is nobody else's fault. */
	assert_int_equal(bed_inject(n, &n->addr, h.data, h.len), 0);
	bed_run_ms(1000);
	assert_int_equal(give(n, &h), 0);
	bed_run_ms(DTLS_HANDSHAKE_MS + 100);
	assert_failed(n, DTLS_TIMEOUT);
}

static void bound_by_endpoint(void **state)
{
	struct node *n = passive();
	struct hello h;

	for (unsigned int i = 0; i < DTLS_FIRST_BURST; i++) {
		HELLO(&h, (uint8_t)i, SUITE, SRTP);
		bed_inject(n, &(struct dtls_addr){.port = (uint16_t)(1 + i)}, h.data, h.len);
		bed_settle();
		assert_true(counters()->half_open <= DTLS_PER_ENDPOINT);
	}
	assert_int_equal(counters()->half_open, DTLS_PER_ENDPOINT);
	/* Everybody has one; whoever has two then, loses one. */
	bed_run_ms(1000);
	HELLO(&h, 99, SUITE, SRTP);
	assert_int_equal(
		bed_inject(n, &(struct dtls_addr){.port = DTLS_FIRST_BURST}, h.data, h.len), 0);
	HELLO(&h, 100, SUITE, SRTP);
	assert_int_equal(bed_inject(n, &(struct dtls_addr){.port = 99}, h.data, h.len), 0);
	assert_int_equal(counters()->half_open, DTLS_PER_ENDPOINT);
}

static void bound_in_all(void **state)
{
	struct dtls_context *whole = bed.ctx;
	struct node *n[30];
	struct hello h;

	bed.ctx = bed_context(0, 10);
	HELLO(&h, 1, SUITE, SRTP);
	for (unsigned int i = 0; i < 30; i++) {
		n[i] = passive();
		assert_int_equal(give(n[i], &h), 0);
		bed_settle();
		assert_true(counters()->half_open <= 10);
	}
	assert_int_equal(counters()->evicted, 20);
	for (unsigned int i = 0; i < 30; i++)
		bed_end(n[i]);
	dtls_context_free(bed.ctx);
	bed.ctx = whole;
}

static unsigned int theirs_last(const struct packet *p)
{
	return dtls_addr_equal(&p->from, &bed.node[1].addr) && bed.node[1].sent == 3 ? 0 : 1;
}

/* A handshake that has got past its first flight stays, whatever else comes from its source. */
static void progress_keeps_its_place(void **state)
{
	struct node *peer, *n = with_peer(true, "P-256", NULL, PROFILE, &peer);
	struct hello h;

	SSL_set_mtu(peer->ssl, 400);
	bed.fate = theirs_last;
	SSL_do_handshake(peer->ssl);
	bed_settle();
	assert_int_equal(n->report.state, DTLS_CONNECTING);
	for (unsigned int i = 0; i < 100; i++) {
		HELLO(&h, (uint8_t)i, SUITE, SRTP);
		h.len -= 5;
		dtls_record_head(h.data, DTLS_HANDSHAKE, DTLS_VERSION_1_0, 0, 0, h.len - 13);
		h.data[24] = (uint8_t)(h.len - 25);
		assert_int_equal(bed_inject(n, &peer->addr, h.data, h.len), 0);
	}
	assert_int_equal(counters()->half_open, DTLS_PER_SOURCE);
	assert_true(counters()->evicted > 90);
	bed_run_ms(2000);
	assert_int_equal(n->report.state, DTLS_CONNECTED);
	assert_int_equal(counters()->started, 1);
}

static void queue_is_bounded(void **state)
{
	struct node *peer, *n = with_peer(true, "P-256", NULL, PROFILE, &peer);
	uint8_t junk[64];

	SSL_do_handshake(peer->ssl);
	bed_settle();
	dtls_record_head(junk, DTLS_HANDSHAKE, DTLS_VERSION_1_2, 1, 5, sizeof(junk) - 13);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(bed_inject(n, &peer->addr, junk, sizeof(junk)),
				 i < DTLS_QUEUE ? 0 : -EBUSY);
	assert_int_equal(counters()->queue_full, 100 - DTLS_QUEUE);
	bed_settle();
	assert_int_equal(n->report.state, DTLS_CONNECTED);
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

static void hello_to_the_active(void **state)
{
	struct dtls_params p = bed_params(DTLS_ACTIVE);
	struct node *n = bed_endpoint(bed.ctx, &p, false);
	struct hello h;

	HELLO(&h, 1, SUITE, SRTP);
	assert_int_equal(give(n, &h), -ENOENT);
	assert_int_equal(counters()->unexpected, 1);
}

static void stray_records(void **state)
{
	struct node *n = passive();
	uint8_t junk[64] = {0};

	dtls_record_head(junk, DTLS_HANDSHAKE, DTLS_VERSION_1_2, 0, 5, sizeof(junk) - 13);
	junk[13] = 11;
	assert_int_equal(bed_inject(n, &bed.node[9].addr, junk, sizeof(junk)), -ENOENT);
	junk[1] = 3;
	assert_int_equal(bed_inject(n, &bed.node[9].addr, junk, sizeof(junk)), -EINVAL);
	junk[0] = 0x2f; /* of DTLS 1.3 */
	assert_int_equal(bed_inject(n, &bed.node[9].addr, junk, sizeof(junk)), -EINVAL);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_fingerprint),
		TEST(wrong_fingerprint_late),
		TEST(several_fingerprints),
		TEST(no_certificate),
		TEST(no_profile),
		TEST(no_cipher),
		TEST(old_version),
		TEST(hellos),
		TEST(newer_version_only),
		TEST(every_length),
		TEST(fragments_that_lie),
		TEST(damaged_hellos),
		TEST(poison_between_good_ones),
		TEST(floods_are_told_once),
		TEST(bound_by_source),
		TEST(bound_by_endpoint),
		TEST(bound_in_all),
		TEST(progress_keeps_its_place),
		TEST(queue_is_bounded),
		TEST(forged_alert),
		TEST(forged_records),
		TEST(hello_to_the_active),
		TEST(stray_records),
		TEST(fingerprint_texts),
		TEST(certificate_files),
		TEST(parameters),
	};

	return cmocka_run_group_tests_name("dtls_bad", tests, NULL, NULL);
}
