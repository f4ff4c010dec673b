/* SPDX-License-Identifier: BSD-3-Clause */
/* ClientHellos that lead nowhere, and too many of them. */
#include "dtls_bed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hellos),
		TEST(newer_version_only),
		TEST(every_length),
		TEST(fragments_that_lie),
		TEST(damaged_hellos),
		TEST(poison_between_good_ones),
		TEST(floods_are_told_once),
		TEST(hello_to_the_active),
		TEST(stray_records),
		TEST(bound_by_source),
		TEST(bound_by_endpoint),
		TEST(bound_in_all),
		TEST(progress_keeps_its_place),
		TEST(queue_is_bounded),
	};

	return cmocka_run_group_tests_name("dtls_hello", tests, NULL, NULL);
}
