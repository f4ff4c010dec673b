/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of the objects that a scan is inside of: a stack, on which each object has the
 * topmost piece. When an object ends, its piece is searched for a duplicate and dropped.
 *
 * Keys are compared as they read after unescaping: "a" and "\u0061" are the same key.
 */
#ifndef JSON_KEYS_H
#define JSON_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define JSON_KEYS_INLINE 64

struct json_key {
	uint64_t hash;
	const char *text; /* in the scanned text; NULL: in `unescaped` */
	uint32_t offset;  /* there */
	uint32_t len;
};

struct json_keys {
	struct json_key *v; /* `few`, or owned */
	size_t count, cap;
	uint64_t seed; /* secret, so that nobody can choose keys that collide */
	struct tnd_buf unescaped;
	struct json_key few[JSON_KEYS_INLINE];
};

void json_keys_init(struct json_keys *k);
void json_keys_free(struct json_keys *k);

/* Push a key as it stands in the text, between its quotes. 0 or -ENOMEM. */
int json_keys_push(struct json_keys *k, const char *raw, size_t len, bool escaped);

/* Text of key i, not zero-terminated; valid until the next push. */
const char *json_keys_text(const struct json_keys *k, size_t i);

/*
 * Index of a key from `first` on that has come before since `first`, in *duplicate, or
 * SIZE_MAX. Linear in the number of keys. 0 or -ENOMEM.
 */
int json_keys_duplicate(const struct json_keys *k, size_t first, size_t *duplicate);

#endif
