/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replies that were given to datagrams, by cookie: a command that comes again gets the same bytes
 * and is not carried out. Kept for 35 s, the oldest given up first where they are too many.
 */
#ifndef COMPAT_COOKIE_H
#define COMPAT_COOKIE_H

#include "rtpp.h"
#include "siphash.h"

#define COOKIE_KEEP_MS   35000
#define COOKIE_MAX       (1u << 20)
#define COOKIE_BYTES_MAX (128u * 1024 * 1024)

struct cookie_reply;

struct cookies {
	struct cookie_reply **bucket;
	struct cookie_reply *oldest, *newest;
	uint32_t mask, count;
	size_t bytes;
	struct siphash_key key;
	uint64_t forgotten; /* before their time */
};

int cookies_init(struct cookies *c);
void cookies_free(struct cookies *c);

/* The reply that was given, with its cookie and line end; NULL: none that is known. */
const char *cookies_find(const struct cookies *c, const struct rtpp_str *cookie, size_t *len);
/* A reply begins with its cookie; one of nothing else stands for one that is yet to come, and is
 * followed by that, which is found then. Without memory it is not kept. */
void cookies_add(struct cookies *c, const struct rtpp_str *cookie, const char *reply, size_t len,
		 uint64_t now_ms);
/* Let go of what is older than COOKIE_KEEP_MS. */
void cookies_expire(struct cookies *c, uint64_t now_ms);

#endif
