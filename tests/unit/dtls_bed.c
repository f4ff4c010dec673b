/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_bed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <openssl/bio.h>
#include <openssl/err.h>

struct bed bed;
uint64_t bed_now_us;

/* In place of libc's, for OpenSSL's retransmission: the same time as ours. */
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	tv->tv_sec = (time_t)(1700000000 + bed_now_us / 1000000);
	tv->tv_usec = (suseconds_t)(bed_now_us % 1000000);
	return 0;
}

uint64_t bed_clock(void *arg)
{
	return bed_now_us;
}

struct dtls_addr bed_addr(unsigned int n)
{
	return (struct dtls_addr){.ip = wire_ip_from4(htobe32(0x0a000001 + n)),
				  .port = (uint16_t)(10000 + n)};
}

struct dtls_context *bed_context(uint16_t mtu, uint32_t half_open)
{
	struct dtls_config c = {
		.mtu = mtu, .half_open = half_open, .timers = &bed.timers, .now_us = bed_clock};
	struct dtls_context *ctx = dtls_context_create(&c);

	assert_non_null(ctx);
	return ctx;
}

int bed_setup(void **state)
{
	memset(&bed, 0, sizeof(bed));
	bed_now_us = 1000000;
	tnd_timers_init(&bed.timers, bed_now_us / 1000);
	tnd_list_init(&bed.wire);
	bed.ctx = bed_context(0, 0);
	return 0;
}

static void drop_wire(void)
{
	struct tnd_list *pos, *tmp;

	tnd_list_for_each_safe (pos, tmp, &bed.wire) {
		tnd_list_del(pos);
		free(tnd_container_of(pos, struct packet, link));
	}
}

void bed_end(struct node *n)
{
	dtls_endpoint_free(n->ep);
	SSL_free(n->ssl);
	BIO_meth_free(n->bio);
	free(n->in);
	memset(n, 0, sizeof(*n));
}

int bed_teardown(void **state)
{
	for (unsigned int i = 0; i < BED_NODES; i++)
		bed_end(&bed.node[i]);
	drop_wire();
	assert_int_equal(dtls_context_counters(bed.ctx)->associations, 0);
	assert_int_equal(dtls_context_counters(bed.ctx)->half_open, 0);
	assert_int_equal(bed.timers.count, 0);
	dtls_context_free(bed.ctx);
	return 0;
}

static struct node *node_new(void)
{
	for (unsigned int i = 0; i < BED_NODES; i++) {
		struct node *n = &bed.node[i];

		if (n->used)
			continue;
		n->used = true;
		n->addr = bed_addr(i);
		return n;
	}
	fail_msg("no node left");
	return NULL;
}

static struct node *node_at(const struct dtls_addr *a)
{
	for (unsigned int i = 0; i < BED_NODES; i++) {
		if (bed.node[i].used && dtls_addr_equal(&bed.node[i].addr, a))
			return &bed.node[i];
	}
	return NULL;
}

static void put(struct node *from, const struct dtls_addr *to, const void *data, size_t len)
{
	struct packet *p = malloc(sizeof(*p) + len);
	unsigned int copies;

	assert_non_null(p);
	p->from = from->addr;
	p->to = *to;
	p->len = len;
	memcpy(p->data, data, len);
	from->sent++;
	if (len > from->largest)
		from->largest = (unsigned int)len;
	from->last_len = len < sizeof(from->last) ? len : sizeof(from->last);
	memcpy(from->last, data, from->last_len);
	copies = bed.fate == NULL ? 1 : bed.fate(p);
	for (unsigned int i = 0; i + 1 < copies; i++) {
		struct packet *copy = malloc(sizeof(*p) + len);

		assert_non_null(copy);
		memcpy(copy, p, sizeof(*p) + len);
		tnd_list_add_tail(&bed.wire, &copy->link);
	}
	if (copies > 0)
		tnd_list_add_tail(&bed.wire, &p->link);
	else
		free(p);
}

static void on_send(void *arg, const struct dtls_addr *to, const void *data, size_t len)
{
	put(arg, to, data, len);
}

static void on_keys(void *arg, const struct dtls_keys *keys, const struct dtls_addr *from)
{
	struct node *n = arg;

	n->keys_count++;
	n->keys = *keys;
	n->keys_from = *from;
	if (n->on_keys != NULL)
		n->on_keys(n);
}

static void on_state(void *arg, const struct dtls_report *r)
{
	struct node *n = arg;

	n->state_count++;
	n->report = *r;
	if (n->on_state != NULL)
		n->on_state(n);
}

static const struct dtls_ops ops = {.send = on_send, .keys = on_keys, .state = on_state};

struct dtls_params bed_params(enum dtls_setup setup)
{
	static const enum srtp_profile profile = SRTP_AES_CM_128_HMAC_SHA1_80;

	return (struct dtls_params){.setup = setup, .profiles = &profile, .profile_count = 1};
}

struct node *bed_endpoint(struct dtls_context *ctx, const struct dtls_params *p, bool own)
{
	struct node *n = node_new();

	n->ep = dtls_endpoint_new(ctx, p, own, &ops, n);
	assert_non_null(n->ep);
	return n;
}

void bed_fingerprint(const struct node *n, enum dtls_hash hash, struct dtls_fingerprint *out)
{
	if (n->ep != NULL) {
		dtls_endpoint_fingerprint(n->ep, hash, out);
		return;
	}
	memset(out, 0, sizeof(*out));
	out->hash = hash;
	assert_int_equal(
		X509_digest(SSL_get_certificate(n->ssl), dtls_hash_md(hash), out->digest, NULL), 1);
}

void bed_tell(struct node *n, enum dtls_setup setup, const struct node *peer, enum dtls_hash hash)
{
	struct dtls_params p = bed_params(setup);
	struct dtls_fingerprint fp;

	bed_fingerprint(peer, hash, &fp);
	p.remote = &fp;
	p.remote_count = 1;
	assert_int_equal(dtls_endpoint_set(n->ep, &p), 0);
}

void bed_introduce(struct node *a, enum dtls_setup of_a, struct node *b, enum dtls_setup of_b)
{
	bed_tell(a, of_a, b, DTLS_SHA256);
	bed_tell(b, of_b, a, DTLS_SHA256);
}

/* ---- plain peers ---- */

static int peer_read(BIO *bio, char *out, int room)
{
	struct node *n = BIO_get_data(bio);
	int len;

	BIO_clear_retry_flags(bio);
	if (n->in == NULL) {
		BIO_set_retry_read(bio);
		return -1;
	}
	assert_true(n->in->len <= (size_t)room);
	len = (int)n->in->len;
	memcpy(out, n->in->data, n->in->len);
	free(n->in);
	n->in = NULL;
	return len;
}

static struct dtls_addr talks_to[BED_NODES];

static int peer_write(BIO *bio, const char *data, int len)
{
	struct node *n = BIO_get_data(bio);

	put(n, &talks_to[n - bed.node], data, (size_t)len);
	return len;
}

static long peer_ctrl(BIO *bio, int cmd, long num, void *p)
{
	return cmd == BIO_CTRL_FLUSH;
}

static int accept_all(X509_STORE_CTX *store, void *arg)
{
	return 1;
}

SSL_CTX *bed_ssl_ctx(const char *key, const char *ciphers, const char *profiles)
{
	SSL_CTX *c = SSL_CTX_new(DTLS_method());
	EVP_PKEY *pkey;
	X509 *x509;

	assert_non_null(c);
	SSL_CTX_set_options(c, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(c, accept_all, NULL);
	if (ciphers != NULL)
		assert_int_equal(SSL_CTX_set_cipher_list(c, ciphers), 1);
	if (profiles != NULL)
		assert_int_equal(SSL_CTX_set_tlsext_use_srtp(c, profiles), 0);
	if (key == NULL)
		return c;
	pkey = strcmp(key, "RSA") == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen(key);
	x509 = X509_new();
	assert_non_null(pkey);
	X509_gmtime_adj(X509_getm_notBefore(x509), 0);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	assert_int_equal(X509_set_pubkey(x509, pkey), 1);
	assert_true(X509_sign(x509, pkey, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_cert_and_key(c, x509, pkey, NULL, 1), 1);
	X509_free(x509);
	EVP_PKEY_free(pkey);
	return c;
}

struct node *bed_peer(SSL_CTX *c, bool client, const struct dtls_addr *to)
{
	struct node *n = node_new();
	BIO *bio;

	n->bio = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "peer");
	BIO_meth_set_read(n->bio, peer_read);
	BIO_meth_set_write(n->bio, peer_write);
	BIO_meth_set_ctrl(n->bio, peer_ctrl);
	n->ssl = SSL_new(c);
	bio = BIO_new(n->bio);
	assert_non_null(bio);
	BIO_set_data(bio, n);
	BIO_set_init(bio, 1);
	SSL_set_bio(n->ssl, bio, bio);
	SSL_set_mtu(n->ssl, 1200);
	talks_to[n - bed.node] = *to;
	if (client)
		SSL_set_connect_state(n->ssl);
	else
		SSL_set_accept_state(n->ssl);
	return n;
}

void bed_lengthen(struct node *peer)
{
	uint8_t alpn[1200];

	for (size_t i = 0; i < sizeof(alpn); i += 100) {
		alpn[i] = 99;
		memset(alpn + i + 1, 'x', 99);
	}
	assert_int_equal(SSL_set_alpn_protos(peer->ssl, alpn, sizeof(alpn)), 0);
}

static void peer_input(struct node *n, const struct packet *p)
{
	char byte;

	n->in = malloc(sizeof(*n->in) + p->len);
	assert_non_null(n->in);
	n->in->len = p->len;
	memcpy(n->in->data, p->data, p->len);
	ERR_clear_error();
	if (SSL_do_handshake(n->ssl) == 1)
		SSL_read(n->ssl, &byte, 1);
	ERR_clear_error();
	free(n->in);
	n->in = NULL;
}

/* ---- time and packets ---- */

int bed_inject(struct node *to, const struct dtls_addr *from, const void *data, size_t len)
{
	return to->forgeable ? dtls_input_unproven(to->ep, from, data, len)
			     : dtls_input(to->ep, from, data, len);
}

static bool deliver(void)
{
	struct packet *p;
	struct node *n;

	if (tnd_list_empty(&bed.wire))
		return false;
	p = tnd_container_of(bed.backward ? bed.wire.prev : bed.wire.next, struct packet, link);
	tnd_list_del(&p->link);
	n = node_at(&p->to);
	if (n != NULL && n->ep != NULL)
		bed_inject(n, &p->from, p->data, p->len);
	else if (n != NULL && n->ssl != NULL)
		peer_input(n, p);
	free(p);
	return true;
}

static void work(void)
{
	while (dtls_context_poll(bed.ctx, 0))
		;
}

void bed_settle(void)
{
	do {
		while (deliver())
			;
		work();
	} while (!tnd_list_empty(&bed.wire));
}

void bed_run_ms(unsigned int ms)
{
	bed_settle();
	for (unsigned int i = 0; i < ms; i++) {
		bed_now_us += 1000;
		tnd_timers_run(&bed.timers, bed_now_us / 1000);
		for (unsigned int k = 0; i % 8 == 0 && k < BED_NODES; k++) {
			if (bed.node[k].ssl != NULL)
				DTLSv1_handle_timeout(bed.node[k].ssl);
		}
		bed_settle();
	}
}

/* ---- what tests ask ---- */

const struct dtls_counters *counters(void)
{
	return dtls_context_counters(bed.ctx);
}

struct node *with_peer(bool client, const char *key, const char *ciphers, const char *profiles,
		       struct node **peer)
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

void assert_failed(const struct node *n, enum dtls_reason reason)
{
	assert_int_equal(n->keys_count, 0);
	assert_int_equal(n->report.state, DTLS_FAILED);
	assert_int_equal(n->report.reason, reason);
	assert_int_equal(counters()->half_open, 0);
	assert_int_equal(counters()->associations, 0);
}

void assert_agree(const struct node *a, const struct node *b)
{
	unsigned int len =
		srtp_profile_key_len(a->keys.profile) + srtp_profile_salt_len(a->keys.profile);

	assert_int_equal(a->report.state, DTLS_CONNECTED);
	assert_int_equal(b->report.state, DTLS_CONNECTED);
	assert_int_equal(a->keys.profile, b->keys.profile);
	assert_int_equal(a->report.profile, a->keys.profile);
	assert_memory_equal(a->keys.local, b->keys.remote, len);
	assert_memory_equal(a->keys.remote, b->keys.local, len);
	assert_memory_not_equal(a->keys.local, a->keys.remote, len);
}

struct node *bed_pair(struct node **passive)
{
	struct dtls_params p = bed_params(DTLS_ACTPASS);
	struct node *active = bed_endpoint(bed.ctx, &p, false);

	*passive = bed_endpoint(bed.ctx, &p, true);
	bed_introduce(active, DTLS_ACTIVE, *passive, DTLS_PASSIVE);
	return active;
}

void assert_exported(const struct node *n, const struct node *peer, bool peer_is_client)
{
	unsigned int key = srtp_profile_key_len(n->keys.profile);
	unsigned int salt = srtp_profile_salt_len(n->keys.profile);
	const uint8_t *client = peer_is_client ? n->keys.remote : n->keys.local;
	const uint8_t *server = peer_is_client ? n->keys.local : n->keys.remote;
	uint8_t m[2 * SRTP_MASTER_MAX];

	assert_int_equal(SSL_export_keying_material(peer->ssl, m, 2 * (key + salt),
						    "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0),
			 1);
	assert_memory_equal(client, m, key);
	assert_memory_equal(server, m + key, key);
	assert_memory_equal(client + key, m + 2 * key, salt);
	assert_memory_equal(server + key, m + 2 * key + salt, salt);
}
