/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.2 that makes keys for SRTP (RFC 6347, 5763, 5764, 8122, 8842), over OpenSSL.
 *
 *	struct dtls_context	certificate, limits, and the work in hand: one a daemon.
 *	struct dtls_endpoint	one leg: role, the far end's fingerprints, profiles. Under it are
 *				associations, one a handshake: one that is in use, and a few that
 *				are not (yet) proven.
 *
 * Time, timers and the way out are the caller's. dtls_input() only looks at a datagram and keeps
 * a copy; all cryptography but that of cookies, and all calls of dtls_ops but send() of these and
 * at closing, happen inside dtls_context_poll(). For one thread (the control lcore).
 *
 * Whoever may not start a handshake (no authentic connectivity check, not the signalled address)
 * isn't to be heard here at all: that is the caller's check. Of a source that may be forged the
 * caller says so: it gets no more than it has sent until it has brought back a cookie.
 *
 * A handshake that fails costs its association only. The first association whose certificate has
 * a signalled fingerprint wins, gives keys, and ends the others; a later one does so again. Keys
 * never come before the fingerprints are there and one matches.
 *
 * An SSL object (80 KiB) is made for a whole ClientHello that can be agreed to, and goes when the
 * handshake is over. A connected association takes about 600 bytes, an endpoint about 500 more.
 *
 * Cipher suites: ECDHE with AES-128-GCM, AES-256-GCM or ChaCha20-Poly1305, by ECDSA and by RSA
 * (who has DTLS 1.2 has one of them); curves X25519, P-256, P-384. No session is resumed, nothing
 * compressed, no renegotiation. Both sides must show a certificate; it may be self-signed, for
 * the fingerprint is the proof.
 */
#ifndef DTLS_H
#define DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "srtp.h"
#include "timer.h"

struct dtls_context;
struct dtls_endpoint;

#define DTLS_FINGERPRINTS 8 /* a=fingerprint lines that an endpoint keeps */
#define DTLS_PROFILES     4
#define DTLS_MTU_MIN      256
#define DTLS_MTU_MAX      1452
#define DTLS_MTU_DEFAULT  1200

struct dtls_addr {
	union wire_ip ip;
	uint16_t port; /* host order */
};

/* ---- fingerprints (RFC 8122 §5) ---- */

/* The weakest first. */
enum dtls_hash { DTLS_SHA256, DTLS_SHA384, DTLS_SHA512, DTLS_HASHES };

#define DTLS_DIGEST_MAX         64
#define DTLS_FINGERPRINT_STRLEN (3 * DTLS_DIGEST_MAX + sizeof("sha-512 "))

struct dtls_fingerprint {
	enum dtls_hash hash;
	uint8_t digest[DTLS_DIGEST_MAX];
};

const char *dtls_hash_name(enum dtls_hash hash); /* "sha-256" */
unsigned int dtls_hash_len(enum dtls_hash hash); /* bytes of its digest */

/*
 * "sha-256 AB:CD:…", the value of a=fingerprint; names and digits in either case. -EINVAL for
 * what is none, -ENOTSUP for a well-formed one of another hash: sha-1 and md5 prove nothing.
 */
int dtls_fingerprint_parse(const char *text, size_t len, struct dtls_fingerprint *out);
/* As it goes into SDP; returns `text`. */
char *dtls_fingerprint_format(const struct dtls_fingerprint *fp,
			      char text[DTLS_FINGERPRINT_STRLEN]);

/* ---- context ---- */

struct dtls_config {
	const char *cert_file, *key_file; /* PEM; both NULL: ECDSA P-256 is made, self-signed */
	uint16_t mtu;                     /* most bytes of a datagram that is sent; 0: default */
	uint32_t half_open;               /* unproven ones that far ends began, in all; 0: 1000 */
	struct tnd_timers *timers;        /* the caller runs them */
	uint64_t (*now_us)(void *arg);    /* never goes back; / 1000 is the time of `timers` */
	void *now_arg;
};

struct dtls_counters {
	uint64_t datagrams;       /* taken */
	uint64_t malformed;       /* no DTLS records, or nothing that could begin a handshake */
	uint64_t unexpected;      /* of no association, or a ClientHello to an active endpoint */
	uint64_t hellos_bad;      /* ClientHellos without common version, cipher or profile */
	uint64_t verify_requests; /* ClientHellos answered by HelloVerifyRequest */
	uint64_t rate_limited;    /* ClientHellos over an endpoint's rate */
	uint64_t queue_full;      /* datagrams over an endpoint's bound */
	uint64_t evicted;         /* unproven associations that made room for others */
	uint64_t started;         /* associations, both roles */
	uint64_t completed;       /* gave keys */
	uint64_t failed;          /* for whatever reason; evicted and outrun ones not */
	uint64_t fingerprints;    /* failed: none of the signalled fingerprints */
	uint64_t timeouts;        /* failed: no answer */
	uint64_t retransmits;     /* flights sent again */
	uint64_t application;     /* records of application data, which nobody wants */
	uint32_t half_open;       /* now */
	uint32_t associations;    /* now, the ones in use included */
	uint32_t endpoints;       /* now */
};

/* NULL with errno: EINVAL (files that don't parse or don't belong together), ENOENT, EACCES… */
struct dtls_context *dtls_context_create(const struct dtls_config *c);
/* After its endpoints. */
void dtls_context_free(struct dtls_context *ctx);

/* Of the certificate that endpoints without one of their own show. */
void dtls_context_fingerprint(const struct dtls_context *ctx, enum dtls_hash hash,
			      struct dtls_fingerprint *out);
const struct dtls_counters *dtls_context_counters(const struct dtls_context *ctx);

/*
 * Work for about `budget_us`, at least one step (of about 1 ms at most): handshakes under way
 * first, endpoints in turn. True: there is more to do now.
 */
bool dtls_context_poll(struct dtls_context *ctx, uint64_t budget_us);

/* ---- endpoint ---- */

enum dtls_setup {
	DTLS_PASSIVE, /* the far end begins */
	DTLS_ACTIVE,  /* dtls_start() begins */
	DTLS_ACTPASS, /* offered, not answered yet: takes what comes, as passive */
};

enum dtls_state {
	DTLS_NEW,
	DTLS_CONNECTING,
	DTLS_CONNECTED, /* keys have been given */
	DTLS_CLOSED,    /* by close_notify of either side */
	DTLS_FAILED,    /* the latest try; another may still get through */
	DTLS_STATES
};

enum dtls_reason {
	DTLS_OK,
	DTLS_FINGERPRINT, /* the certificate isn't the signalled one */
	DTLS_NO_PROFILE,  /* no common SRTP profile, or no use_srtp at all */
	DTLS_NO_CIPHER,   /* no common cipher suite */
	DTLS_VERSION,     /* no DTLS 1.2 */
	DTLS_CERTIFICATE, /* none shown, or unusable */
	DTLS_ALERT,       /* the far end gave up, see `alert` */
	DTLS_PROTOCOL,    /* anything else that a handshake fails of */
	DTLS_TIMEOUT,
	DTLS_CROWDED, /* made room for newer ones */
	DTLS_NO_MEMORY,
	DTLS_REASONS
};

const char *dtls_state_name(enum dtls_state s);   /* "connecting" */
const char *dtls_reason_name(enum dtls_reason r); /* "no_profile"; NULL for DTLS_OK */

struct dtls_report {
	enum dtls_state state;
	enum dtls_reason reason;
	uint8_t alert;             /* DTLS_ALERT: its number (RFC 5246 §7.2) */
	bool by_peer;              /* DTLS_CLOSED: the far end said so, authentically */
	enum srtp_profile profile; /* while connected */
	struct dtls_addr peer;     /* of the association that it is about; port 0: of none */
};

/* Master keys, then salts, as srtp_keys_config.master wants them. Wiped after ops->keys(). */
struct dtls_keys {
	enum srtp_profile profile;
	uint8_t local[SRTP_MASTER_MAX];  /* for what we send */
	uint8_t remote[SRTP_MASTER_MAX]; /* for what we receive */
};

/* An endpoint may be changed, closed and freed from any of these but send(). */
struct dtls_ops {
	/* One datagram, `data` is good until it returns. One that gets lost is sent again. */
	void (*send)(void *arg, const struct dtls_addr *to, const void *data, size_t len);
	/* Verified: use these from now on. Before state(connected). */
	void (*keys)(void *arg, const struct dtls_keys *keys, const struct dtls_addr *from);
	/* State or reason is another than reported last. */
	void (*state)(void *arg, const struct dtls_report *r);
};

struct dtls_params {
	enum dtls_setup setup;
	const enum srtp_profile *profiles; /* in order of preference */
	unsigned int profile_count;        /* 1 to DTLS_PROFILES */
	/* None: handshakes are made, but give no keys until dtls_endpoint_set() brings some. */
	const struct dtls_fingerprint *remote;
	unsigned int remote_count;
};

/* Can DTLS agree upon it (RFC 5764 §4.1.2, RFC 7714 §14.2)? AES-192/256-CM it can't. */
bool dtls_profile_usable(enum srtp_profile p);

/*
 * `own_certificate`: another ECDSA P-256 certificate than the context's, for this endpoint
 * alone. NULL with errno: EINVAL, ENOMEM.
 */
struct dtls_endpoint *dtls_endpoint_new(struct dtls_context *ctx, const struct dtls_params *p,
					bool own_certificate, const struct dtls_ops *ops,
					void *arg);
/* Wipes everything; says close_notify if connected. */
void dtls_endpoint_free(struct dtls_endpoint *ep);

/*
 * Change the parameters (copied). An association in use stays as it is until another one has
 * been verified; one that waits for a fingerprint is judged at the next poll. -EINVAL, -ENOMEM:
 * nothing has changed.
 */
int dtls_endpoint_set(struct dtls_endpoint *ep, const struct dtls_params *p);

/*
 * An offer of ours has not been answered yet, or now it has: whoever has none of the fingerprints
 * may be another device, whose answer is on its way. Its handshake is made, and judged when this
 * is over. So it is with DTLS_ACTPASS.
 */
void dtls_endpoint_offered(struct dtls_endpoint *ep, bool on);

/*
 * Active: begin a handshake with `to`, at the next poll. With one under way toward anybody, that
 * one goes on toward `to` instead. Beside one in use it makes new keys. -EINVAL when not active,
 * -ENOMEM.
 */
int dtls_start(struct dtls_endpoint *ep, const struct dtls_addr *to);

/* ICE has chosen another pair: what there is goes on toward `to`. */
void dtls_endpoint_moved(struct dtls_endpoint *ep, const struct dtls_addr *to);

/*
 * A datagram whose first byte is 20 to 63. 0, or -EINVAL (malformed), -ENOENT (nothing that it
 * could belong to), -EBUSY (over a bound or rate): dropped and counted.
 */
int dtls_input(struct dtls_endpoint *ep, const struct dtls_addr *from, const void *data,
	       size_t len);

/*
 * The same, of a source that anybody may have forged: before a handshake it is asked to send its
 * ClientHello once more with a cookie (RFC 6347 §4.2.1), for which nothing is kept here. Of one
 * that comes in fragments the first has to arrive first. A hello that can't be agreed to is
 * answered, but is nothing that happened to the endpoint. -EAGAIN: it was asked.
 */
int dtls_input_unproven(struct dtls_endpoint *ep, const struct dtls_addr *from, const void *data,
			size_t len);

/*
 * close_notify to the far end, handshakes under way are given up. Reports DTLS_CLOSED at the next
 * poll. A new ClientHello or dtls_start() begins anew.
 */
void dtls_endpoint_close(struct dtls_endpoint *ep);

void dtls_endpoint_report(const struct dtls_endpoint *ep, struct dtls_report *out);
/* Of the certificate that this endpoint shows. */
void dtls_endpoint_fingerprint(const struct dtls_endpoint *ep, enum dtls_hash hash,
			       struct dtls_fingerprint *out);
/* The far end's that was found to match; false: not connected. */
bool dtls_endpoint_remote(const struct dtls_endpoint *ep, struct dtls_fingerprint *out);

#endif
