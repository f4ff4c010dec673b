/* SPDX-License-Identifier: BSD-3-Clause */
/* What an endpoint goes through: fingerprints, offers, other roles and places, its end. */
#include "dtls_bed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the life of an endpoint ---- */

static void fingerprint_after_the_hello(void **state)
{
	struct dtls_params p = bed_params(DTLS_ACTPASS);
	struct node *n = bed_endpoint(bed.ctx, &p, false), *peer;
	SSL_CTX *c = bed_ssl_ctx("P-256", NULL, PROFILE);

	peer = bed_peer(c, true, &n->addr);
	SSL_CTX_free(c);
	SSL_do_handshake(peer->ssl);
	bed_run_ms(60000);
	assert_true(SSL_is_init_finished(peer->ssl));
	assert_int_equal(n->report.state, DTLS_CONNECTING);
	assert_int_equal(n->keys_count, 0);
	bed_tell(n, DTLS_PASSIVE, peer, DTLS_SHA384);
	assert_int_equal(n->keys_count, 0);
	bed_settle();
	assert_int_equal(n->report.state, DTLS_CONNECTED);
	assert_exported(n, peer, true);
}

static void fingerprint_never(void **state)
{
	struct dtls_params p = bed_params(DTLS_PASSIVE);
	struct node *n = bed_endpoint(bed.ctx, &p, false), *peer;
	SSL_CTX *c = bed_ssl_ctx("P-256", NULL, PROFILE);

	peer = bed_peer(c, true, &n->addr);
	SSL_CTX_free(c);
	SSL_do_handshake(peer->ssl);
	bed_run_ms(DTLS_HELD_MS + 100);
	assert_int_equal(n->report.state, DTLS_FAILED);
	assert_int_equal(n->report.reason, DTLS_TIMEOUT);
	assert_int_equal(n->keys_count, 0);
	assert_int_equal(dtls_context_counters(bed.ctx)->associations, 0);
}

/* While an offer is open nobody is sent away for his certificate: an answer may bring it. */
static void offered(void **state)
{
	struct node *p, *a = bed_pair(&p), *x;

	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_agree(a, p);
	dtls_endpoint_offered(p->ep, true);
	for (unsigned int answered = 0; answered < 2; answered++) {
		struct dtls_params params = bed_params(DTLS_ACTIVE);

		x = bed_endpoint(bed.ctx, &params, true);
		bed_tell(x, DTLS_ACTIVE, p, DTLS_SHA256);
		dtls_start(x->ep, &p->addr);
		bed_settle();
		/* It is through, and gets nothing by it. */
		assert_int_equal(x->report.state, DTLS_CONNECTED);
		assert_int_equal(p->keys_count, 1);
		if (answered)
			bed_tell(p, DTLS_PASSIVE, x, DTLS_SHA256);
		dtls_endpoint_offered(p->ep, false);
		bed_settle();
		assert_int_equal(p->keys_count, 1 + answered);
		assert_int_equal(x->report.state, answered ? DTLS_CONNECTED : DTLS_CLOSED);
		assert_int_equal(counters()->fingerprints, 1);
		assert_int_equal(p->report.state, DTLS_CONNECTED);
		dtls_endpoint_offered(p->ep, true);
	}
	assert_agree(x, p);
	/* The same far end may begin anew meanwhile. */
	assert_int_equal(dtls_start(x->ep, &p->addr), 0);
	bed_settle();
	assert_int_equal(p->keys_count, 3);
}

/* Held for as long as a telephone may ring, and no more of them than of others. */
static void offered_in_vain(void **state)
{
	struct node *p, *a = bed_pair(&p);

	dtls_start(a->ep, &p->addr);
	bed_settle();
	dtls_endpoint_offered(p->ep, true);
	for (unsigned int i = 0; i < 20; i++) {
		struct dtls_params params = bed_params(DTLS_ACTIVE);
		struct node *x = bed_endpoint(bed.ctx, &params, true);

		bed_tell(x, DTLS_ACTIVE, p, DTLS_SHA256);
		dtls_start(x->ep, &p->addr);
		bed_settle();
		assert_int_equal(x->report.state, DTLS_CONNECTED);
		assert_true(counters()->half_open <= DTLS_PER_ENDPOINT);
		bed_run_ms(DTLS_GUARDED_MS + 100);
	}
	assert_int_equal(counters()->half_open, DTLS_PER_ENDPOINT);
	bed_run_ms(DTLS_HELD_MS + 100);
	assert_int_equal(counters()->half_open, 0);
	assert_int_equal(p->report.state, DTLS_CONNECTED);
	assert_int_equal(p->keys_count, 1);
}

static void second_handshake_gives_new_keys(void **state)
{
	struct node *p, *a = bed_pair(&p);
	struct dtls_keys before;

	dtls_start(a->ep, &p->addr);
	bed_settle();
	before = a->keys;
	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_agree(a, p);
	assert_int_equal(a->keys_count, 2);
	assert_int_equal(p->keys_count, 2);
	assert_memory_not_equal(before.local, a->keys.local, 30);
	assert_int_equal(dtls_context_counters(bed.ctx)->associations, 2);
	/* The far end begins anew, from another place, with the same certificate. */
	a->addr = bed_addr(77);
	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_agree(a, p);
	assert_true(dtls_addr_equal(&p->keys_from, &a->addr));
	assert_int_equal(p->state_count, 2);
}

static void roles_change(void **state)
{
	struct node *p, *a = bed_pair(&p);

	dtls_start(a->ep, &p->addr);
	bed_settle();
	bed_introduce(p, DTLS_ACTIVE, a, DTLS_PASSIVE);
	assert_int_equal(dtls_start(p->ep, &a->addr), 0);
	bed_settle();
	assert_agree(a, p);
	assert_int_equal(a->keys_count, 2);
	/* What it is not any more, it doesn't go on with. */
	bed_introduce(a, DTLS_ACTIVE, p, DTLS_PASSIVE);
	dtls_start(a->ep, &(struct dtls_addr){.port = 1});
	dtls_context_poll(bed.ctx, 0);
	assert_int_equal(dtls_context_counters(bed.ctx)->half_open, 1);
	bed_introduce(p, DTLS_ACTIVE, a, DTLS_PASSIVE);
	assert_int_equal(dtls_context_counters(bed.ctx)->half_open, 0);
}

static void moves_in_mid_handshake(void **state)
{
	struct node *p, *a = bed_pair(&p);
	struct dtls_addr nobody = bed_addr(99);

	dtls_start(a->ep, &nobody);
	bed_run_ms(250);
	dtls_endpoint_moved(a->ep, &p->addr);
	bed_run_ms(250);
	assert_agree(a, p);
	/* And once it is connected: close_notify finds it. */
	p->addr = bed_addr(88);
	dtls_endpoint_moved(a->ep, &p->addr);
	dtls_endpoint_close(a->ep);
	bed_settle();
	assert_int_equal(p->report.state, DTLS_CLOSED);
}

static void after_closing(void **state)
{
	struct node *p, *a = bed_pair(&p);

	dtls_start(a->ep, &p->addr);
	bed_settle();
	dtls_endpoint_close(p->ep);
	bed_settle();
	assert_int_equal(a->report.state, DTLS_CLOSED);
	assert_int_equal(p->report.state, DTLS_CLOSED);
	assert_int_equal(dtls_context_counters(bed.ctx)->associations, 0);
	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_agree(a, p);
}

static void free_it(struct node *n)
{
	dtls_endpoint_free(n->ep);
	n->ep = NULL;
}

static void close_it(struct node *n)
{
	dtls_endpoint_close(n->ep);
}

static void start_again(struct node *n)
{
	if (n->keys_count < 3)
		assert_int_equal(dtls_start(n->ep, &n->keys_from), 0);
}

static void callbacks_do_anything(void **state)
{
	struct node *p, *a = bed_pair(&p);

	p->on_keys = free_it;
	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_int_equal(p->keys_count, 1);
	bed_end(a);
	bed_end(p);

	a = bed_pair(&p);
	p->on_state = free_it;
	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_int_equal(p->state_count, 1);
	bed_end(a);
	bed_end(p);

	a = bed_pair(&p);
	p->on_keys = close_it;
	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_int_equal(p->report.state, DTLS_CLOSED);
	assert_int_equal(a->report.state, DTLS_CLOSED);
	bed_end(a);
	bed_end(p);

	a = bed_pair(&p);
	a->on_keys = start_again;
	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_agree(a, p);
	assert_int_equal(p->keys_count, 3);
}

static unsigned int sent_before_keys;

static void note_sent(struct node *n)
{
	sent_before_keys = n->sent;
}

/* Whoever sees the last flight may begin with media: the keys must be there. */
static void keys_before_last_flight(void **state)
{
	struct node *p, *a = bed_pair(&p);

	p->on_keys = note_sent;
	dtls_start(a->ep, &p->addr);
	bed_settle();
	assert_agree(a, p);
	assert_int_equal(p->sent, sent_before_keys + 1);
}

static void many_at_once(void **state)
{
	struct node *a[20], *p[20];

	for (unsigned int i = 0; i < 20; i++) {
		a[i] = bed_pair(&p[i]);
		dtls_start(a[i]->ep, &p[i]->addr);
	}
	bed_settle();
	for (unsigned int i = 0; i < 20; i++)
		assert_agree(a[i], p[i]);
	assert_int_equal(dtls_context_counters(bed.ctx)->completed, 40);
	assert_int_equal(dtls_context_counters(bed.ctx)->associations, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fingerprint_after_the_hello),
		TEST(fingerprint_never),
		TEST(offered),
		TEST(offered_in_vain),
		TEST(second_handshake_gives_new_keys),
		TEST(roles_change),
		TEST(moves_in_mid_handshake),
		TEST(after_closing),
		TEST(callbacks_do_anything),
		TEST(keys_before_last_flight),
		TEST(many_at_once),
	};

	return cmocka_run_group_tests_name("dtls_life", tests, NULL, NULL);
}
