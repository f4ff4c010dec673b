/* SPDX-License-Identifier: BSD-3-Clause */
#include "cookie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS_MIN 4096 /* power of two */

struct cookie_reply {
	struct cookie_reply *next;  /* in its bucket */
	struct cookie_reply *newer; /* in the order of their coming */
	uint64_t at_ms;
	uint64_t hash;
	uint16_t cookie_len, len;
	char data[];
};

int cookies_init(struct cookies *c)
{
	*c = (struct cookies){.mask = BUCKETS_MIN - 1};
	c->bucket = calloc(BUCKETS_MIN, sizeof(struct cookie_reply *));
	if (c->bucket == NULL || getrandom(&c->key, sizeof(c->key), 0) != (ssize_t)sizeof(c->key)) {
		cookies_free(c);
		return -ENOMEM;
	}
	return 0;
}

static void forget_oldest(struct cookies *c)
{
	struct cookie_reply *r = c->oldest, **at = &c->bucket[r->hash & c->mask];

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	c->oldest = r->newer;
	if (c->oldest == NULL)
		c->newest = NULL;
	c->count--;
	c->bytes -= sizeof(*r) + r->len;
	free(r);
}

void cookies_free(struct cookies *c)
{
	while (c->oldest != NULL)
		forget_oldest(c);
	free(c->bucket);
	c->bucket = NULL;
}

const char *cookies_find(const struct cookies *c, const struct rtpp_str *cookie, size_t *len)
{
	uint64_t hash = siphash(&c->key, cookie->s, cookie->len);

	for (struct cookie_reply *r = c->bucket[hash & c->mask]; r != NULL; r = r->next) {
		if (r->hash != hash || r->cookie_len != cookie->len ||
		    memcmp(r->data, cookie->s, cookie->len) != 0)
			continue;
		*len = r->len;
		return r->data;
	}
	return NULL;
}

/* Twice as many buckets; without memory chains just grow longer. */
static void grow(struct cookies *c)
{
	uint32_t size = 2 * (c->mask + 1);
	struct cookie_reply **bucket = calloc(size, sizeof(struct cookie_reply *));

	if (bucket == NULL)
		return;
	for (struct cookie_reply *r = c->oldest; r != NULL; r = r->newer) {
		r->next = bucket[r->hash & (size - 1)];
		bucket[r->hash & (size - 1)] = r;
	}
	free(c->bucket);
	c->bucket = bucket;
	c->mask = size - 1;
}

void cookies_add(struct cookies *c, const struct rtpp_str *cookie, const char *reply, size_t len,
		 uint64_t now_ms)
{
	struct cookie_reply *r = malloc(sizeof(*r) + len), **at;

	if (r == NULL)
		return;
	while (c->count >= COOKIE_MAX || c->bytes + sizeof(*r) + len > COOKIE_BYTES_MAX) {
		forget_oldest(c);
		c->forgotten++;
	}
	if (c->count > c->mask)
		grow(c);
	r->newer = NULL;
	r->at_ms = now_ms;
	r->hash = siphash(&c->key, cookie->s, cookie->len);
	r->cookie_len = (uint16_t)cookie->len;
	r->len = (uint16_t)len;
	memcpy(r->data, reply, len);
	at = &c->bucket[r->hash & c->mask];
	r->next = *at;
	*at = r;
	if (c->newest != NULL)
		c->newest->newer = r;
	else
		c->oldest = r;
	c->newest = r;
	c->count++;
	c->bytes += sizeof(*r) + len;
}

void cookies_expire(struct cookies *c, uint64_t now_ms)
{
	while (c->oldest != NULL && now_ms - c->oldest->at_ms > COOKIE_KEEP_MS)
		forget_oldest(c);
}
