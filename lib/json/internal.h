/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of lib/json only. */
#ifndef JSON_INTERNAL_H
#define JSON_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "json.h"

/* 2^53: every integer up to it is exact in a double. */
#define JSON_INT_EXACT (INT64_C(1) << 53)

/* cJSON copies a number into 64 bytes and cuts it off there. */
#define JSON_NUMBER_MAX 63

static inline const cJSON *json_c(const struct json_value *v)
{
	return (const cJSON *)v;
}

static inline const struct json_value *json_v(const cJSON *c)
{
	return (const struct json_value *)c;
}

/*
 * Is `text` strict JSON, one value and nothing behind it? 0; -EINVAL with *err; -ENOMEM.
 * What passes here cJSON reads without loss.
 */
int json_scan(const char *text, size_t len, struct json_error *err);

/* A step of a JSON pointer: a member's key, or (key NULL) an index. */
struct json_step {
	const char *key;
	size_t key_len;
	size_t index;
};

/*
 * err->path = base (a pointer already) and the steps, with ~0 and ~1 for '~' and '/'. What
 * does not fit is cut off, and "..." put in its place.
 */
void json_path(struct json_error *err, const char *base, const struct json_step *steps,
	       size_t count);

/* Length of the UTF-8 sequence at p (RFC 3629: no overlong form, no surrogate), or 0. */
static inline size_t json_utf8(const unsigned char *p, const unsigned char *end)
{
	size_t left = (size_t)(end - p);

	if (left == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < 2 || (p[1] & 0xc0) != 0x80)
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if (left < 3 || (p[2] & 0xc0) != 0x80)
		return 0;
	if (p[0] < 0xf0) {
		if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
			return 0;
		return 3;
	}
	if (left < 4 || (p[3] & 0xc0) != 0x80)
		return 0;
	if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return 4;
}

#endif
