/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control protocol of rtpproxy: one command from text to struct, and replies.
 *
 *	[cookie] LETTER[modifiers] argument … [&& sub-command …] …
 *
 * Tokens stand between white space, letters are of either case. What is parsed points into the
 * text: it stays the caller's and is not changed. Errors are the protocol's own numbers.
 */
#ifndef WIRE_RTPP_H
#define WIRE_RTPP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define RTPP_COMMAND_MAX 8192 /* bytes, cookie and line end included */
#define RTPP_ARGS_MAX    24   /* the command's letter included, the cookie not */
#define RTPP_SUBS_MAX    15
#define RTPP_REPLY_MAX   1024
#define RTPP_COOKIE_MAX  255

/* What versions of the protocol are named after: VF asks for them one by one. */
#define RTPP_FEATURE_BASE  "20040107"
#define RTPP_FEATURE_COUNT 21

struct rtpp_feature {
	const char *date, *what;
	bool needs_media, needs_targets; /* recording and playing; someone to tell of timeouts */
};
/* The first one is RTPP_FEATURE_BASE. */
extern const struct rtpp_feature rtpp_features[RTPP_FEATURE_COUNT];

#define RTPP_QUERY_STATS 14 /* names that one Q may ask for */

/* "E<number>". Number 0 is an error too: what went well is RTPP_OK. */
enum rtpp_error {
	RTPP_OK = -1,
	RTPP_E_COMMAND = 0,
	RTPP_E_ARGS = 1,
	RTPP_E_MODIFIERS = 2,
	RTPP_E_SUB = 3,
	RTPP_E_SYNTAX = 5,
	RTPP_E_RECORD = 7,
	RTPP_E_DELETE = 8,
	RTPP_E_STATS = 9,
	RTPP_E_ESCAPE = 10,
	RTPP_E_EXTERNAL = 11,
	RTPP_E_INTERNAL = 12,
	RTPP_E_PTIME = 13,
	RTPP_E_CODECS = 14,
	RTPP_E_LOCAL = 15,
	RTPP_E_ROUTE = 16,
	RTPP_E_COUNT = 17,
	RTPP_E_INFO = 18,
	RTPP_E_QUERY = 19,
	RTPP_E_STATS_BIG = 25,
	RTPP_E_QUERY_BIG = 26,
	RTPP_E_NO_LOCAL = 31,
	RTPP_E_NO_ROUTE = 32,
	RTPP_E_MODIFIER = 35,
	RTPP_E_NO_CODECS = 35,
	RTPP_E_FAMILY = 36,
	RTPP_E_REMOTE = 37,
	RTPP_E_NO_SESSION = 50,
	RTPP_E_PLAYER = 60,
	RTPP_E_QUERY_NAME = 62,
	RTPP_E_COPY = 65,
	RTPP_E_STATS_NAME = 68,
	RTPP_E_NO_PORT_MORE = 71, /* for a session that exists */
	RTPP_E_NO_PORT = 72,      /* for a new one */
	RTPP_E_NO_NOTIFY = 75,
	RTPP_E_MEMORY = 81,
	RTPP_E_SESSION_MEMORY = 84,
	RTPP_E_OVERLOAD = 98,
	RTPP_E_DRAINING = 99,
};

enum rtpp_op {
	RTPP_UPDATE,
	RTPP_LOOKUP,
	RTPP_DELETE,
	RTPP_DELETE_ALL,
	RTPP_PLAY,
	RTPP_STOP_PLAY,
	RTPP_RECORD,
	RTPP_COPY,
	RTPP_STOP_RECORD,
	RTPP_QUERY,
	RTPP_INFO,
	RTPP_STATS,
	RTPP_VERSION,
	RTPP_FEATURE,
};

/* A piece of the text, without a zero behind it. s NULL: absent. */
struct rtpp_str {
	const char *s;
	size_t len;
};

enum rtpp_local { RTPP_LOCAL_NONE, RTPP_LOCAL_ADDRESS, RTPP_LOCAL_LABEL, RTPP_LOCAL_ROUTE };
enum rtpp_remote { RTPP_REMOTE_NONE, RTPP_REMOTE_HOLD, RTPP_REMOTE_KNOWN };

/* What U, L and the sub-command L say of the two sides. */
struct rtpp_ul {
	bool asymmetric, symmetric; /* the last of A and S; neither: as configured */
	bool weak, ip6, new_port;
	uint8_t letters;    /* how many of E and I: at most 2 … */
	bool external[2];   /* … and which, in their order */
	uint16_t ptime_ms;  /* 0: no Z */
	uint8_t local_kind; /* enum rtpp_local; ROUTE: the address that leads to `local` */
	bool local_ip6;     /* it was written in brackets */
	struct rtpp_str local;
	struct rtpp_str codecs; /* "0,8,101" */
	uint8_t remote;         /* enum rtpp_remote */
	union wire_ip remote_ip;
	uint16_t remote_port;
	struct rtpp_str notify_socket, notify_tag; /* the tag: rtpp_unescape() can't fail */
};

enum rtpp_sub_kind { RTPP_SUB_DELETE, RTPP_SUB_SET, RTPP_SUB_LOOKUP, RTPP_SUB_COPY, RTPP_SUB_DTMF };

struct rtpp_sub {
	uint8_t kind; /* enum rtpp_sub_kind */
	bool weak;    /* DELETE */
	bool reverse; /* SET: of the other side */
	bool tos;     /* SET: value is a TOS; else a time to live, in seconds */
	uint32_t value;
	struct rtpp_ul ul;                 /* LOOKUP */
	struct rtpp_str call_id, from, to; /* COPY */
	struct rtpp_str tag;               /* DTMF, escaped; absent: it is taken back */
};

struct rtpp_command {
	uint8_t op; /* enum rtpp_op */
	struct rtpp_str call_id, from, to;
	struct rtpp_ul ul;      /* UPDATE, LOOKUP */
	bool weak;              /* DELETE */
	bool single;            /* RECORD, COPY: one file for both sides */
	bool reply_port;        /* COPY */
	bool all;               /* STOP_RECORD: of both sides */
	bool verbose;           /* QUERY, STATS */
	bool load;              /* INFO */
	int count;              /* PLAY: times; negative: for ever */
	struct rtpp_str name;   /* PLAY: file; COPY: target; FEATURE: date */
	struct rtpp_str codecs; /* PLAY: "0,8" or "session" */
	/* What is only told to those whose session exists: RTPP_OK, or an error. */
	int late_error;
	unsigned int stat_count; /* QUERY, STATS: names asked for */
	unsigned int sub_count;
	unsigned int arg_count;
	struct rtpp_str arg[RTPP_ARGS_MAX]; /* names begin at arg[stat_first] */
	unsigned int stat_first;
	struct rtpp_sub sub[RTPP_SUBS_MAX];
};

/* What the parser has to know of who is asked. */
struct rtpp_context {
	bool bridging; /* there is a second address: E and I have a meaning */
};

/*
 * The first token, and in *rest what is behind it: a datagram's cookie. False: there is none, or
 * none that could be answered (a NUL in it, or longer than RTPP_COOKIE_MAX).
 */
bool rtpp_split_cookie(const char *text, size_t len, struct rtpp_str *cookie,
		       struct rtpp_str *rest);

/* A command without its cookie: RTPP_OK, or its error. */
int rtpp_parse(const char *text, size_t len, const struct rtpp_context *ctx,
	       struct rtpp_command *out);

/*
 * %XX to bytes, into `out`. Its length; -EINVAL: a % without two hexadecimal digits; -ENOSPC:
 * longer than `size`.
 */
int rtpp_unescape(const struct rtpp_str *in, char *out, size_t size);

/* Are they the same bytes? */
bool rtpp_str_equal(const struct rtpp_str *a, const struct rtpp_str *b);
bool rtpp_str_is(const struct rtpp_str *a, const char *text);

/* ---- replies ---- */

struct rtpp_reply {
	uint16_t len, begin; /* `begin`: behind the cookie */
	bool full;           /* something did not fit */
	bool error;          /* rtpp_reply_error() was called */
	char data[RTPP_REPLY_MAX];
};

/* `cookie`: NULL: none. */
void rtpp_reply_begin(struct rtpp_reply *r, const struct rtpp_str *cookie);
/* What does not fit, with the line end that is to follow, is left out, and `full` set. */
void rtpp_reply_add(struct rtpp_reply *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "E<error>" instead of all that was added. */
void rtpp_reply_error(struct rtpp_reply *r, int error);
/* The line end. */
void rtpp_reply_end(struct rtpp_reply *r);

#endif
