/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network of DTLS endpoints and plain OpenSSL peers in which the test owns time, OpenSSL's
 * clock included, and the fate of each datagram.
 */
#ifndef DTLS_BED_H
#define DTLS_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dtls_private.h"

#define BED_NODES 64

struct node {
	bool used;
	struct dtls_addr addr;
	bool forgeable;           /* what arrives may be anybody's: dtls_input_unproven() */
	struct dtls_endpoint *ep; /* or: */
	SSL *ssl;
	BIO_METHOD *bio;
	struct dtls_datagram *in; /* what the plain peer is reading */

	unsigned int keys_count, state_count;
	struct dtls_keys keys;
	struct dtls_addr keys_from;
	struct dtls_report report;
	unsigned int sent, largest;
	void (*on_keys)(struct node *n);
	void (*on_state)(struct node *n);
	uint8_t last[4096]; /* the datagram sent last */
	size_t last_len;
};

struct packet {
	struct tnd_list link;
	struct dtls_addr from, to;
	size_t len;
	uint8_t data[];
};

struct bed {
	struct tnd_timers timers;
	struct dtls_context *ctx; /* of all endpoints that aren't made in another */
	struct tnd_list wire;     /* packets under way */
	struct node node[BED_NODES];
	/* What becomes of a packet: copies that arrive, 0 for none. NULL: one. */
	unsigned int (*fate)(const struct packet *p);
	/* The next packet is taken from the end. */
	bool backward;
};

extern struct bed bed;
extern uint64_t bed_now_us;

int bed_setup(void **state);
int bed_teardown(void **state);

uint64_t bed_clock(void *arg);
struct dtls_context *bed_context(uint16_t mtu, uint32_t half_open);

/* AES_CM_128_HMAC_SHA1_80, no fingerprint yet. */
struct dtls_params bed_params(enum dtls_setup setup);
struct node *bed_endpoint(struct dtls_context *ctx, const struct dtls_params *p, bool own);
/* Both know each other's fingerprint. */
void bed_introduce(struct node *a, enum dtls_setup of_a, struct node *b, enum dtls_setup of_b);
/* `peer` gives its fingerprint of `hash` to `n`. */
void bed_tell(struct node *n, enum dtls_setup setup, const struct node *peer, enum dtls_hash hash);
void bed_fingerprint(const struct node *n, enum dtls_hash hash, struct dtls_fingerprint *out);
void bed_end(struct node *n);

/* Of plain OpenSSL. `key`: "P-256", "RSA", or NULL for no certificate. */
SSL_CTX *bed_ssl_ctx(const char *key, const char *ciphers, const char *profiles);
struct node *bed_peer(SSL_CTX *c, bool client, const struct dtls_addr *talks_to);

/* The ClientHello of a plain peer is as long as a post-quantum one: 1.5 KiB. */
void bed_lengthen(struct node *peer);

/* A datagram from anywhere, straight into the endpoint. */
int bed_inject(struct node *to, const struct dtls_addr *from, const void *data, size_t len);
struct dtls_addr bed_addr(unsigned int n);

/* Deliver and work until nothing is under way. */
void bed_settle(void);
/* The same, while time goes by. */
void bed_run_ms(unsigned int ms);

/* ---- what tests ask ---- */

#define PROFILE "SRTP_AES128_CM_SHA1_80"

const struct dtls_counters *counters(void);
/* Our endpoint, and a plain peer whose fingerprint it knows. */
struct node *with_peer(bool client, const char *key, const char *ciphers, const char *profiles,
		       struct node **peer);
/* The plain peer has the same keys (RFC 5764 §4.2). */
void assert_exported(const struct node *n, const struct node *peer, bool peer_is_client);
/* For this reason, and nothing is left of it. */
void assert_failed(const struct node *n, enum dtls_reason reason);

/* An active endpoint, and a passive one with a certificate of its own; they know each other. */
struct node *bed_pair(struct node **passive);
/* Both are connected, by the same keys. */
void assert_agree(const struct node *a, const struct node *b);

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

#endif
