/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of DTLS. One association goes through these stages:
 *
 *	HELLO	   fragments of a ClientHello are collected; no SSL object yet
 *	READY	   a ClientHello that we can agree to, or dtls_start(): waits for its turn
 *	HANDSHAKE  has an SSL object (about 80 KiB)
 *	DONE	   the SSL object is gone, what remains is in dtls_rest.c; waits for a fingerprint,
 *		   or is the endpoint's `current`
 *
 * All but `current` are unproven: in their endpoint's list and in the context's, oldest first.
 */
#ifndef DTLS_PRIVATE_H
#define DTLS_PRIVATE_H

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/* Numbers of use_srtp; ours are lib/srtp's profiles. */
#undef SRTP_AEAD_AES_128_GCM
#undef SRTP_AEAD_AES_256_GCM

#include "dtls.h"
#include "dtls_wire.h"
#include "list.h"

#define DTLS_PER_SOURCE   4 /* unproven associations of an endpoint, by source */
#define DTLS_PER_ENDPOINT 8
#define DTLS_QUEUE        16   /* datagrams that wait, by association */
#define DTLS_DATAGRAM_MAX 4096 /* longer ones are malformed */

#define DTLS_HELLO_MS     5000 /* for the other fragments of a ClientHello */
#define DTLS_HANDSHAKE_MS 30000
#define DTLS_HELD_MS      180000 /* complete, waiting for a fingerprint: a phone may ring */
#define DTLS_GUARDED_MS   5000   /* has got past the first flight: makes room for nobody */
#define DTLS_ALERT_MS     1000   /* after an alert that may be forged */

#define DTLS_FIRST_US 100000 /* retransmission, doubling */
#define DTLS_LAST_US  4000000

/* New server associations of an endpoint, at once and in a second: by sources that have no
 * unproven one yet, and by those that have. */
#define DTLS_FIRST_BURST 32
#define DTLS_FIRST_PER_S 16
#define DTLS_AGAIN_BURST 8
#define DTLS_AGAIN_PER_S 4

#define DTLS_ALERTS     4 /* alerts to bad ClientHellos: at once, and in a second */
#define DTLS_COLD_EVERY 4 /* of that many turns, one is a new ClientHello's under load */

struct dtls_digests {
	uint8_t of[DTLS_HASHES][DTLS_DIGEST_MAX];
};

struct dtls_cert {
	X509 *x509;
	EVP_PKEY *key;
	bool rsa;
	uint16_t curve; /* otherwise: the number of its group */
	struct dtls_digests digests;
};

struct dtls_bucket {
	uint32_t milli; /* thousandths of a token */
	uint64_t at_ms;
};

struct dtls_context {
	SSL_CTX *ssl;
	BIO_METHOD *bio;
	struct dtls_cert *cert;
	uint16_t mtu;
	uint32_t half_open;
	struct tnd_timers *timers;
	uint64_t (*now_us)(void *arg);
	void *now_arg;
	uint8_t secret[32];       /* of cookies */
	struct tnd_list warm;     /* endpoints with work for handshakes under way */
	struct tnd_list cold;     /* endpoints with new ClientHellos */
	struct tnd_list unproven; /* associations */
	uint32_t passive;         /* of these, begun by the far end */
	unsigned int turn;
	struct dtls_endpoint *stepping; /* whose callbacks may be running */
	struct dtls_counters n;
};

struct dtls_endpoint {
	struct dtls_context *ctx;
	const struct dtls_ops *ops;
	void *arg;
	struct dtls_cert *cert;
	bool own_certificate;
	bool dead;    /* freed by a callback of its own */
	bool judge;   /* fingerprints are new, or there are no more to come */
	bool offered; /* dtls_endpoint_offered() */
	enum dtls_setup setup;
	uint16_t profile_id[DTLS_PROFILES];
	unsigned int profile_count;
	struct dtls_fingerprint *remote;
	unsigned int remote_count;
	struct tnd_list warm, cold; /* in the context's */
	struct tnd_list unproven;
	struct dtls_assoc *current;
	struct dtls_fingerprint matched; /* with current */
	struct dtls_bucket first, again, alerts;
	struct dtls_report now, told;
	/* The latest ClientHello that nothing could come of; told at the next step. */
	struct {
		bool set;
		bool quiet; /* by nobody in particular: answered, but not told of */
		enum dtls_reason reason;
		uint8_t alert;
		uint64_t record_seq; /* that the alert has, for those before may be taken */
		struct dtls_addr from;
	} bad;
};

struct dtls_datagram {
	struct tnd_list link;
	size_t len;
	uint8_t data[];
};

/* A ClientHello; complete when missing is 0. */
struct dtls_hello {
	uint32_t length, missing;
	uint8_t *have; /* a bit a byte, behind the body */
	uint8_t body[];
};

enum dtls_stage { DTLS_STAGE_HELLO, DTLS_STAGE_READY, DTLS_STAGE_HANDSHAKE, DTLS_STAGE_DONE };

/* While there is an SSL object. */
struct dtls_handshake {
	SSL *ssl;
	bool cert_seen;
	bool mismatch; /* none of the fingerprints */
	struct dtls_digests cert;
	/* What the running call of OpenSSL has sent: at its end, a server's last flight. */
	uint8_t flight[256];
	size_t flight_len; /* over sizeof(flight): didn't fit */
	/* Of the newest record that went out encrypted. */
	uint64_t tx_seq;
	uint8_t tx_nonce[8];
};

struct dtls_held {
	struct dtls_digests cert;
	struct dtls_keys keys;
};

struct dtls_assoc {
	struct tnd_list link;     /* in the endpoint's */
	struct tnd_list unproven; /* in the context's */
	struct dtls_endpoint *ep;
	struct dtls_addr peer;
	enum dtls_stage stage;
	bool client;
	bool answered; /* the far end has got past the first flight */
	bool unsent;   /* a server's last flight waits for its keys to be given */
	bool due;      /* the timer has fired */
	bool alerted;  /* by `alert`, which anybody could have sent */
	uint8_t alert;
	uint8_t random[DTLS_RANDOM_LEN]; /* the client's; of servers, from READY on */
	uint32_t hello_length;           /* of servers */
	uint16_t hello_seq;              /* the same: its message; 1: it has brought a cookie … */
	uint64_t hello_record;           /* … in this record, the last of several; else 0 */
	uint64_t born_ms, deadline_ms;
	struct tnd_timer timer;
	struct tnd_list rx;
	unsigned int rx_count;
	struct dtls_hello *hello;  /* HELLO, READY */
	struct dtls_handshake *hs; /* HANDSHAKE */
	struct dtls_rest *rest;    /* DONE */
	struct dtls_held *held;    /* DONE and not verified: what is to be proven, and the keys */
};

static inline uint64_t dtls_now_ms(const struct dtls_context *ctx)
{
	return ctx->now_us(ctx->now_arg) / 1000;
}

static inline bool dtls_addr_equal(const struct dtls_addr *a, const struct dtls_addr *b)
{
	return a->port == b->port && wire_ip_equal(&a->ip, &b->ip);
}

/* One token, of `burst` at most and `per_s` new ones a second. */
bool dtls_bucket_take(struct dtls_bucket *b, uint64_t now_ms, uint32_t burst, uint32_t per_s);

/* dtls_cert.c: NULL with errno. Either two files or none. */
struct dtls_cert *dtls_cert_new(const char *cert_file, const char *key_file);
void dtls_cert_free(struct dtls_cert *c);
void dtls_cert_fingerprint(const struct dtls_cert *c, enum dtls_hash hash,
			   struct dtls_fingerprint *out);
int dtls_digests(const X509 *x509, struct dtls_digests *out);

/* dtls_fingerprint.c */
const EVP_MD *dtls_hash_md(enum dtls_hash hash);
const struct dtls_fingerprint *dtls_fingerprint_match(const struct dtls_fingerprint *list,
						      unsigned int n,
						      const struct dtls_digests *cert);

/* dtls_cookie.c */
bool dtls_cookie_ok(const struct dtls_endpoint *ep, const struct dtls_addr *from,
		    const uint8_t *random, const uint8_t *cookie, size_t len);
void dtls_cookie_ask(struct dtls_endpoint *ep, const struct dtls_addr *from, const uint8_t *random,
		     uint64_t record_seq);

/* dtls_bio.c: a BIO over an association: reads from its queue, writes to ops->send(). */
BIO_METHOD *dtls_bio_method(void);

/* dtls_keys.c */
/* The use_srtp number of a profile, or 0. */
uint16_t dtls_profile_id(enum srtp_profile p);
/* "SRTP_AES128_CM_SHA1_80:…" of these numbers. */
#define DTLS_PROFILES_STRLEN (DTLS_PROFILES * 32)
void dtls_profiles_text(const uint16_t *id, unsigned int n, char text[DTLS_PROFILES_STRLEN]);
/* -ENOENT without a profile. */
int dtls_keys_export(SSL *ssl, bool client, struct dtls_keys *out);

/*
 * dtls_rest.c: the records of an association whose handshake is over. 0 or -errno; `hs` has the
 * handshake's end.
 */
struct dtls_rest;
int dtls_rest_new(const struct dtls_assoc *a, struct dtls_rest **out);
void dtls_rest_free(struct dtls_rest *r);
/* The last flight, if it has waited. */
void dtls_rest_flight(struct dtls_assoc *a);
/* One datagram of the far end's: true if the association is over by it. Answers by itself. */
bool dtls_rest_input(struct dtls_assoc *a, const uint8_t *data, size_t len);
void dtls_rest_alert(struct dtls_assoc *a, uint8_t level, uint8_t alert);

/* dtls_hello.c: ClientHellos in the making. Made for a body of DTLS_HELLO_MIN to _MAX bytes. */
struct dtls_hello *dtls_hello_new(uint32_t length);
void dtls_hello_free(struct dtls_hello *h);
/* False: of another ClientHello than what is there already. */
bool dtls_hello_add(struct dtls_hello *h, const struct dtls_fragment *f);

/* dtls_assoc.c */
struct dtls_assoc *dtls_assoc_new(struct dtls_endpoint *ep, const struct dtls_addr *peer,
				  bool client);
void dtls_assoc_free(struct dtls_assoc *a);
void dtls_assoc_until(struct dtls_assoc *a, uint64_t ms);
/* It has a place in no list of unproven ones any more. */
void dtls_assoc_proven(struct dtls_assoc *a);
/* A copy of a datagram; false: no room. */
bool dtls_assoc_queue(struct dtls_assoc *a, const uint8_t *data, size_t len);
/* The oldest, which is the caller's to free; or NULL. */
struct dtls_datagram *dtls_assoc_take(struct dtls_assoc *a);
bool dtls_assoc_busy(const struct dtls_assoc *a);
void dtls_assoc_send(struct dtls_assoc *a, const uint8_t *data, size_t len);

/* dtls_handshake.c: the SSL_CTX, and what is done with SSL objects. NULL: no memory. */
SSL_CTX *dtls_ssl_context(void);
void dtls_handshake_free(struct dtls_handshake *hs);

enum dtls_outcome { DTLS_GOES_ON, DTLS_COMPLETE, DTLS_BROKEN };
/* READY to HANDSHAKE: with the far end's ClientHello, or with ours. */
enum dtls_outcome dtls_handshake_start(struct dtls_assoc *a, enum dtls_reason *reason);
/* What is queued. */
enum dtls_outcome dtls_handshake_input(struct dtls_assoc *a, enum dtls_reason *reason);
enum dtls_outcome dtls_handshake_timer(struct dtls_assoc *a, enum dtls_reason *reason);

/* dtls_room.c: for a new association that `from` begins. False: all are too good to go. */
bool dtls_make_room(struct dtls_endpoint *ep, const struct dtls_addr *from);

/* dtls_step.c: one piece of work of an endpoint. It may be gone then. */
void dtls_step(struct dtls_endpoint *ep, bool cold);
void dtls_endpoint_drop_unproven(struct dtls_endpoint *ep);
/* One of its associations came to nothing, or would have. */
void dtls_endpoint_fault(struct dtls_endpoint *ep, enum dtls_reason reason, uint8_t alert,
			 const struct dtls_addr *peer);

/* dtls_endpoint.c */
/* Into the lists of what has work, by the work that it has. */
void dtls_endpoint_wake(struct dtls_endpoint *ep);
/* May a far end without the right fingerprint yet turn out to be the right one? */
bool dtls_endpoint_waits(const struct dtls_endpoint *ep);
/* Has its state changed since it was told? */
bool dtls_endpoint_news(const struct dtls_endpoint *ep);
/* Its memory; its associations are gone. */
void dtls_endpoint_destroy(struct dtls_endpoint *ep);

#endif
