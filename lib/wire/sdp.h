/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Session descriptions (RFC 8866): text to views into it, nothing copied or allocated.
 *
 * sdp_parse() checks the whole text: lines, their order on the session's level, what a session
 * and a section must have, and the fields of v=, o=, c= and m=. Attributes are told apart into
 * name and value; what they mean is for sdp_value.c (those that a media relay cares for) and
 * for who asks. Within a section lines may come in any order behind m=, as many stacks send
 * them so. Lines end with CRLF or LF; the last may have no end.
 *
 * Every fault names its line, from 1.
 */
#ifndef WIRE_SDP_H
#define WIRE_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define SDP_TEXT_MAX     65536 /* bytes */
#define SDP_SECTIONS_MAX 32

/* A piece of the text. */
struct sdp_view {
	const char *at;
	size_t len;
};

struct sdp_error {
	unsigned int line; /* 0: the text as a whole */
	char reason[160];
};

struct sdp_line {
	unsigned int number;
	char type;
	struct sdp_view whole; /* without its end */
	struct sdp_view value; /* behind "x=" */
	/* Of an attribute: what stands before the first colon, and behind it; never NULL. */
	struct sdp_view name, rest;
	bool has_rest;
};

/* Lines one after the other: the session's level, or a section from its m= line on. */
struct sdp_part {
	const char *at, *end;
	unsigned int line; /* the first one's number */
};

/* o=, as it stands. */
struct sdp_origin {
	struct sdp_view username, id;
	uint64_t version;
	unsigned int line;
};

/* What stands in c= and behind the port of a=rtcp. */
struct sdp_connection {
	union wire_ip ip; /* unless it is a name: all zero then */
	bool is_name;     /* a domain name, which nobody here resolves */
	bool has_ttl;     /* "/127" behind it: multicast */
};

struct sdp_media {
	struct sdp_part part;
	struct sdp_view kind; /* "audio" */
	uint16_t port;
	bool has_count;          /* "/2" behind the port: several */
	struct sdp_view proto;   /* "RTP/AVP" */
	struct sdp_view formats; /* the rest, without blanks around it; empty only with port 0 */
	unsigned int line;       /* of m= */
	unsigned int c_line;     /* of the section's own c=, 0: it has none */
	struct sdp_connection c;
};

struct sdp {
	struct sdp_view text;
	struct sdp_part session;
	struct sdp_origin origin;
	unsigned int c_line; /* of the session's c=, 0: none */
	struct sdp_connection c;
	unsigned int count;
	struct sdp_media section[SDP_SECTIONS_MAX];
};

/* 0, or -EINVAL with `err`. `out` holds views into `text`, which the caller keeps. */
int sdp_parse(const char *text, size_t len, struct sdp *out, struct sdp_error *err);
/* Sets `err`; always -EINVAL. */
int sdp_fault(struct sdp_error *err, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The next line of `rest`, which goes on behind it; false at the end. Of a text that was parsed. */
bool sdp_next(struct sdp_part *rest, struct sdp_line *out);

/* ---- views -------------------------------------------------------------------------------- */

bool sdp_is(struct sdp_view v, const char *text);
bool sdp_is_nocase(struct sdp_view v, const char *text);
bool sdp_equal(struct sdp_view a, struct sdp_view b);
/* The next word of *rest, blanks around it passed over; empty at the end. */
struct sdp_view sdp_word(struct sdp_view *rest);
/* All of it a decimal number of at most `max`. */
bool sdp_number(struct sdp_view v, uint64_t max, uint64_t *out);
/* Letters, digits and the other characters of a token (RFC 8866 §9), and not empty. */
bool sdp_is_token(struct sdp_view v);

/* ---- values: 0, or -EINVAL and why -------------------------------------------------------- */

/* "IN IP4 10.0.0.1" */
int sdp_read_connection(struct sdp_view v, struct sdp_connection *out, const char **why);

/* a=rtcp (RFC 3605): "5005" or "5005 IN IP4 10.0.0.1" */
struct sdp_rtcp {
	uint16_t port;
	bool has_connection;
	struct sdp_connection c;
};
int sdp_read_rtcp(struct sdp_view v, struct sdp_rtcp *out, const char **why);

/* a=fingerprint (RFC 8122): "sha-256 AB:CD:…" */
#define SDP_FINGERPRINT_MAX 64 /* bytes of a hash */
struct sdp_fingerprint {
	struct sdp_view hash, value;
};
int sdp_read_fingerprint(struct sdp_view v, struct sdp_fingerprint *out, const char **why);

/* a=setup (RFC 4145) */
enum sdp_setup {
	SDP_SETUP_NONE,
	SDP_SETUP_ACTIVE,
	SDP_SETUP_PASSIVE,
	SDP_SETUP_ACTPASS,
	SDP_SETUP_HOLDCONN
};
int sdp_read_setup(struct sdp_view v, enum sdp_setup *out, const char **why);
const char *sdp_setup_name(enum sdp_setup s);

/* The attribute's name is the direction: SDP_SEND | SDP_RECV, one of them, or 0 for inactive. */
#define SDP_RECV 1
#define SDP_SEND 2
bool sdp_read_direction(struct sdp_view name, unsigned int *out);
const char *sdp_direction_name(unsigned int direction);

/* a=ice-ufrag (4 to 256 characters), a=ice-pwd (22 to 256), RFC 8839 §5.4. */
int sdp_read_ufrag(struct sdp_view v, const char **why);
int sdp_read_pwd(struct sdp_view v, const char **why);

/* Is `word` among the words of `v`? */
bool sdp_has_word(struct sdp_view v, const char *word);

/* The format is an RTP payload type. */
bool sdp_read_payload_type(struct sdp_view v, uint8_t *out);
/* rtpmap of a static payload type of RFC 3551, "PCMU/8000"; NULL: it has none. */
const char *sdp_static_rtpmap(uint8_t payload_type);

#endif
