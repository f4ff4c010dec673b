/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS records, handshake fragments and ClientHellos, as far as they are to be understood before
 * OpenSSL sees them (RFC 6347 §4.1 and §4.2). Pure functions on a pointer and a length.
 */
#ifndef DTLS_WIRE_H
#define DTLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dtls.h"

#define DTLS_RECORD_HLEN   13
#define DTLS_FRAGMENT_HLEN 12
#define DTLS_RANDOM_LEN    32
#define DTLS_HELLO_MIN     41   /* of a ClientHello's body that names one suite */
#define DTLS_HELLO_MAX     4096 /* two post-quantum key shares take 1.5 KiB */
#define DTLS_COOKIE_LEN    16

#define DTLS_VERSION_1_0 0xfeff
#define DTLS_VERSION_1_2 0xfefd

enum dtls_content {
	DTLS_CHANGE_CIPHER_SPEC = 20,
	DTLS_ALERT_RECORD = 21,
	DTLS_HANDSHAKE = 22,
	DTLS_APPLICATION = 23,
};

enum dtls_message {
	DTLS_HELLO_REQUEST = 0,
	DTLS_CLIENT_HELLO = 1,
	DTLS_HELLO_VERIFY_REQUEST = 3,
	DTLS_FINISHED = 20,
};

/* RFC 5246 §7.2 */
enum dtls_alert {
	DTLS_CLOSE_NOTIFY = 0,
	DTLS_HANDSHAKE_FAILURE = 40,
	DTLS_BAD_CERTIFICATE = 42,
	DTLS_DECODE_ERROR = 50,
	DTLS_PROTOCOL_VERSION = 70,
	DTLS_NO_RENEGOTIATION = 100,
};

#define DTLS_WARNING 1
#define DTLS_FATAL   2

struct dtls_record {
	uint8_t type;
	uint16_t version;
	uint16_t epoch;
	uint64_t seq;
	const uint8_t *head; /* the record's first byte */
	const uint8_t *data;
	size_t len; /* of data */
};

struct dtls_fragment {
	uint8_t type;
	uint32_t length; /* of the whole message */
	uint16_t seq;
	uint32_t off;
	uint32_t len;
	const uint8_t *data;
};

/* What is at *p, which moves behind it: true, or false for the end or for what is none. */
bool dtls_record_next(const uint8_t **p, size_t *left, struct dtls_record *r);
/* The same inside of a plaintext handshake record. */
bool dtls_fragment_next(const uint8_t **p, size_t *left, struct dtls_fragment *f);

/* Writes DTLS_RECORD_HLEN bytes. */
void dtls_record_head(uint8_t *p, uint8_t type, uint16_t version, uint16_t epoch, uint64_t seq,
		      size_t len);

/* What we can agree to. */
struct dtls_taste {
	bool rsa;                   /* our certificate's key; otherwise ECDSA */
	uint16_t curve;             /* then of this group (RFC 8422 §5.1.1) */
	const uint16_t *profile_id; /* of use_srtp */
	unsigned int profile_count;
};

/*
 * The body of a ClientHello: DTLS_OK where a handshake can come of it, otherwise why not, and
 * the alert that says so. `body` has `len` bytes of any content.
 */
enum dtls_reason dtls_hello_check(const uint8_t *body, size_t len, const struct dtls_taste *taste,
				  uint8_t *alert);

/*
 * The cookie in the beginning of a body, of `len` bytes: false where it doesn't stand there whole,
 * behind the random. An empty one is one of no bytes.
 */
bool dtls_hello_cookie(const uint8_t *body, size_t len, const uint8_t **cookie, size_t *cookie_len);

/* Where the random is in a body of DTLS_HELLO_MIN bytes or more. */
static inline const uint8_t *dtls_hello_random(const uint8_t *body)
{
	return body + 2;
}

#endif
