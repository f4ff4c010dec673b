/* SPDX-License-Identifier: BSD-3-Clause */
/* Far ends whose address may be forged: cookies before a handshake (RFC 6347 §4.2.1). */
#include "dtls_bed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct node *forgeable(const char *ciphers, struct node **peer)
{
	struct node *n = with_peer(true, "P-256", ciphers, PROFILE, peer);

	n->forgeable = true;
	return n;
}

static void assert_connected(const struct node *n, const struct node *peer)
{
	assert_int_equal(n->report.state, DTLS_CONNECTED);
	assert_int_equal(n->keys_count, 1);
	assert_exported(n, peer, true);
}

/* In one piece, and in fragments of all sizes that the first of them can have. */
static void handshake(void **state)
{
	static const unsigned int mtu[] = {4000, 1200, 1000, 600, 300, 256};

	for (unsigned int i = 0; i < sizeof(mtu) / sizeof(mtu[0]); i++) {
		struct node *peer, *n = forgeable(NULL, &peer);

		bed_lengthen(peer);
		SSL_set_mtu(peer->ssl, mtu[i]);
		SSL_do_handshake(peer->ssl);
		bed_run_ms(100);
		assert_connected(n, peer);
		assert_int_equal(n->state_count, 2);
		assert_int_equal(counters()->verify_requests, i + 1);
		assert_int_equal(counters()->half_open, 0);
		assert_int_equal(counters()->malformed, 0);
		bed_end(peer);
		bed_end(n);
	}
}

static struct node *ours(void)
{
	struct dtls_params p = bed_params(DTLS_ACTIVE);

	return bed_endpoint(bed.ctx, &p, true);
}

/* Our own client brings cookies as well. */
static void client_of_ours(void **state)
{
	struct dtls_params p = bed_params(DTLS_PASSIVE);
	struct node *n = bed_endpoint(bed.ctx, &p, false), *a = ours();

	n->forgeable = true;
	bed_introduce(a, DTLS_ACTIVE, n, DTLS_PASSIVE);
	assert_int_equal(dtls_start(a->ep, &n->addr), 0);
	bed_settle();
	assert_int_equal(a->report.state, DTLS_CONNECTED);
	assert_int_equal(n->report.state, DTLS_CONNECTED);
	assert_memory_equal(a->keys.local, n->keys.remote, 30);
}

static unsigned int lossy(const struct packet *p)
{
	return rand() % 4 != 0;
}

static unsigned int twice(const struct packet *p)
{
	return 2;
}

static void bad_networks(void **state)
{
	for (unsigned int i = 0; i < 12; i++) {
		struct node *peer, *n = forgeable(NULL, &peer);

		bed_lengthen(peer);
		SSL_set_mtu(peer->ssl, i % 2 ? 256 : 1200);
		srand(i);
		bed.fate = i < 4 ? lossy : i < 8 ? twice : NULL;
		bed.backward = i >= 6;
		SSL_do_handshake(peer->ssl);
		bed_run_ms(30000);
		assert_connected(n, peer);
		bed.fate = NULL;
		bed.backward = false;
		bed_end(peer);
		bed_end(n);
	}
}

/* The sender's address is somebody else's: he gets one short datagram for it, and that is all. */
static void forged(void **state)
{
	struct node *peer, *n = forgeable(NULL, &peer);
	struct dtls_addr victim = bed_addr(60);
	uint8_t hello[1500];
	size_t len;

	SSL_do_handshake(peer->ssl);
	len = peer->last_len;
	memcpy(hello, peer->last, len);
	bed_end(peer);
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(bed_inject(n, &victim, hello, len), -EAGAIN);
	bed_run_ms(60000);
	assert_int_equal(n->sent, 1001); /* the peer's own */
	assert_true(n->largest < 64);
	assert_int_equal(n->state_count, 0);
	assert_int_equal(counters()->associations, 0);
	assert_int_equal(counters()->started, 0);
	assert_int_equal(counters()->rate_limited, 0);
}

static unsigned int clients_lost(const struct packet *p)
{
	return !dtls_addr_equal(&p->from, &bed.node[1].addr);
}

/* No cookie serves anybody else, at another endpoint, or for ever. */
static void cookies_of_others(void **state)
{
	struct node *peer, *n = forgeable(NULL, &peer), *other;
	struct dtls_addr x = bed_addr(60);
	struct dtls_params p = bed_params(DTLS_PASSIVE);
	uint8_t hello[1500];
	size_t len;

	/* The second ClientHello, which doesn't arrive. */
	bed.fate = clients_lost;
	SSL_do_handshake(peer->ssl);
	assert_int_equal(bed_inject(n, &peer->addr, peer->last, peer->last_len), -EAGAIN);
	bed_settle();
	len = peer->last_len;
	memcpy(hello, peer->last, len);
	assert_int_equal(hello[18], 1); /* message 1 */
	assert_int_equal(bed_inject(n, &x, hello, len), -EAGAIN);
	other = bed_endpoint(bed.ctx, &p, false);
	other->forgeable = true;
	assert_int_equal(bed_inject(other, &peer->addr, hello, len), -EAGAIN);
	hello[18] = 0;
	assert_int_equal(bed_inject(n, &peer->addr, hello, len), -EAGAIN);
	hello[18] = 2;
	assert_int_equal(bed_inject(n, &peer->addr, hello, len), -EINVAL);
	hello[18] = 1;
	hello[25 + 2 + 32 + 1 + 1] ^= 1; /* the cookie's first byte */
	assert_int_equal(bed_inject(n, &peer->addr, hello, len), -EAGAIN);
	hello[25 + 2 + 32 + 1 + 1] ^= 1;
	assert_int_equal(counters()->associations, 0);
	bed_now_us += 30000000;
	assert_int_equal(bed_inject(n, &peer->addr, hello, len), 0);
	assert_int_equal(counters()->associations, 1);
	bed_now_us += 70000000;
	hello[len - 1] ^= 1; /* no repetition */
	assert_int_equal(bed_inject(n, &peer->addr, hello, len), -EAGAIN);
	/* Whose source was never asked, has none to bring. */
	n->forgeable = false;
	assert_int_equal(bed_inject(n, &x, hello, len), -EINVAL);
}

/* An unusable one is answered to whoever gets it, and not told of. */
static void unusable(void **state)
{
	struct node *peer, *n = forgeable("ECDHE-RSA-AES128-GCM-SHA256", &peer);

	SSL_do_handshake(peer->ssl);
	bed_run_ms(100);
	assert_int_equal(counters()->verify_requests, 1);
	assert_int_equal(counters()->hellos_bad, 1);
	assert_memory_equal(n->last, "\x15\xfe\xfd", 3);
	/* It is none that its window has seen, as the HelloVerifyRequest's number. */
	assert_int_equal(SSL_get_shutdown(peer->ssl) & SSL_RECEIVED_SHUTDOWN,
			 SSL_RECEIVED_SHUTDOWN);
	assert_int_equal(n->state_count, 0);
	assert_int_equal(counters()->associations, 0);
}

/* Pieces without the cookie's are kept for nobody. */
static void later_fragments(void **state)
{
	struct node *peer, *n = forgeable(NULL, &peer);

	bed_lengthen(peer);
	SSL_set_mtu(peer->ssl, 1000);
	SSL_do_handshake(peer->ssl);
	assert_int_equal(bed_inject(n, &peer->addr, peer->last, peer->last_len), -ENOENT);
	assert_int_equal(counters()->unexpected, 1);
	assert_int_equal(counters()->associations, 0);
}

static void every_length(void **state)
{
	struct node *peer, *n = forgeable(NULL, &peer);
	uint8_t hello[1500];
	size_t len;

	SSL_do_handshake(peer->ssl);
	len = peer->last_len;
	for (size_t cut = 25; cut < len; cut++) {
		size_t body = cut - 25;

		memcpy(hello, peer->last, cut);
		hello[11] = (uint8_t)((cut - 13) >> 8);
		hello[12] = (uint8_t)(cut - 13);
		hello[23] = (uint8_t)(body >> 8);
		hello[24] = (uint8_t)body;
		/* As the first fragment of the whole. */
		assert_int_equal(bed_inject(n, &peer->addr, hello, cut),
				 body < 2 + 32 + 1 + 1 ? -EINVAL : -EAGAIN);
	}
	assert_int_equal(counters()->associations, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(handshake),       TEST(client_of_ours),    TEST(bad_networks),
		TEST(forged),          TEST(cookies_of_others), TEST(unusable),
		TEST(later_fragments), TEST(every_length),
	};

	return cmocka_run_group_tests_name("dtls_cookie", tests, NULL, NULL);
}
