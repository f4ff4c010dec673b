/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * STUN messages (RFC 8489) with the attributes of ICE (RFC 8445 §7.1): reading and writing.
 *
 * Pure functions on pointer and length. What MESSAGE-INTEGRITY covers is told here; the HMAC
 * itself is the caller's.
 */
#ifndef WIRE_STUN_H
#define WIRE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "rtp.h"

#define STUN_ID_LEN       12
#define STUN_BINDING      0x001 /* the method */
#define STUN_UNKNOWN_MAX  8     /* unknown attributes that are remembered */
#define STUN_SHA1_LEN     20
#define STUN_SHA256_LEN   32
#define STUN_SHA256_MIN   16  /* RFC 8489 §14.6: it may be truncated, by words */
#define STUN_USERNAME_MAX 513 /* RFC 8445 §7.2.2: two fragments of 256 and a colon */

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };

/* RFC 8489 §18.3, RFC 8445 §20.1. Those from 0x8000 on need not be understood. */
enum stun_attr_type {
	STUN_MAPPED_ADDRESS = 0x0001,
	STUN_USERNAME = 0x0006,
	STUN_MESSAGE_INTEGRITY = 0x0008,
	STUN_ERROR_CODE = 0x0009,
	STUN_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_MESSAGE_INTEGRITY_SHA256 = 0x001c,
	STUN_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_PRIORITY = 0x0024,
	STUN_USE_CANDIDATE = 0x0025,
	STUN_SOFTWARE = 0x8022,
	STUN_FINGERPRINT = 0x8028,
	STUN_ICE_CONTROLLED = 0x8029,
	STUN_ICE_CONTROLLING = 0x802a,
};

/* What a message holds: bits of stun_msg.has. */
enum stun_has {
	STUN_HAS_USERNAME = 1 << 0,
	STUN_HAS_SHA1 = 1 << 1,
	STUN_HAS_SHA256 = 1 << 2,
	STUN_HAS_FINGERPRINT = 1 << 3, /* and it is right */
	STUN_HAS_ERROR = 1 << 4,
	STUN_HAS_MAPPED = 1 << 5,
	STUN_HAS_PRIORITY = 1 << 6,
	STUN_HAS_USE_CANDIDATE = 1 << 7,
	STUN_HAS_CONTROLLED = 1 << 8,
	STUN_HAS_CONTROLLING = 1 << 9,
};

struct stun_attr {
	uint16_t type;
	uint16_t len; /* without padding */
	const uint8_t *value;
};

/*
 * A message taken apart. Of an attribute that comes twice the first counts (RFC 8489 §14);
 * what stands behind a MESSAGE-INTEGRITY is passed over, but for a MESSAGE-INTEGRITY-SHA256
 * and FINGERPRINT (§14.5). Points into the message.
 */
struct stun_msg {
	const uint8_t *data;
	size_t len;
	const uint8_t *id; /* STUN_ID_LEN */
	uint16_t method;
	enum stun_class class;
	uint16_t has; /* enum stun_has */

	uint16_t sha1_off;   /* of the attribute's header, from the start of the message */
	uint16_t sha256_off; /* the same */
	uint16_t sha256_len; /* STUN_SHA256_MIN to STUN_SHA256_LEN */

	uint16_t username_len;
	const char *username; /* not zero-terminated */
	uint32_t priority;
	uint64_t tie_breaker; /* of whichever role comes first */
	uint16_t error;       /* 300 to 699 */
	uint16_t mapped_port; /* host order */
	union wire_ip mapped; /* XOR-MAPPED-ADDRESS */

	/* Comprehension-required and not known here: answer a request with 420. */
	uint16_t unknown_count; /* may be more than are remembered */
	uint16_t unknown[STUN_UNKNOWN_MAX];
};

/*
 * 0; -EINVAL: this is no STUN message: header, a length that does not fit, an attribute that
 * ends behind the message, one of a length or content that it can't have, a FINGERPRINT that
 * is not the last or not right, both roles at once.
 */
int stun_parse(const void *data, size_t len, struct stun_msg *out);

/* Every attribute in order: start with *off = 0; false at the end or where one doesn't fit. */
bool stun_next(const uint8_t *data, size_t len, size_t *off, struct stun_attr *out);

/*
 * What an integrity attribute at `off` covers (RFC 8489 §14.5): the four bytes of `head`
 * instead of the message's first four, then the message from byte 4 to `off`.
 */
void stun_covered_head(const struct stun_msg *m, uint16_t off, uint16_t mac_len, uint8_t head[4]);

/* CRC-32 as FINGERPRINT has it, before the XOR (ITU V.42). */
uint32_t stun_crc32(const void *data, size_t len);

/* ---- writing ------------------------------------------------------------------------------- */

/* A message being written into the caller's memory. What does not fit sticks in `full`. */
struct stun_writer {
	uint8_t *data;
	size_t size;
	size_t len;
	bool full;
};

void stun_begin(struct stun_writer *w, void *data, size_t size, enum stun_class class,
		uint16_t method, const uint8_t id[STUN_ID_LEN]);
void stun_put(struct stun_writer *w, uint16_t type, const void *value, size_t len);
void stun_put32(struct stun_writer *w, uint16_t type, uint32_t value);
void stun_put64(struct stun_writer *w, uint16_t type, uint64_t value);
void stun_put_address(struct stun_writer *w, const union wire_ip *ip, uint16_t port); /* XOR */
void stun_put_error(struct stun_writer *w, uint16_t code, const char *reason);
/* UNKNOWN-ATTRIBUTES, of what `m` remembers. */
void stun_put_unknown(struct stun_writer *w, const struct stun_msg *m);
/*
 * Room for an integrity attribute, with the header's length as that covers it: the HMAC is of
 * the bytes before the attribute, from data to the result - 4, and goes to the result. NULL if
 * full.
 */
uint8_t *stun_put_integrity(struct stun_writer *w, uint16_t type, size_t len);
void stun_put_fingerprint(struct stun_writer *w);
/* Bytes of the message, its length in the header; 0 if it did not fit. */
size_t stun_end(struct stun_writer *w);

#endif
