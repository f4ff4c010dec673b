/* SPDX-License-Identifier: BSD-3-Clause */
#include "keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Up to here each key is compared with each: cheaper than a table. */
#define FEW_KEYS 16

static uint64_t process_seed(void)
{
	static uint64_t seed;
	uint64_t s = __atomic_load_n(&seed, __ATOMIC_RELAXED);

	if (s == 0) {
		/* Two threads may both come here: each scan keeps the seed it began with. */
		if (getrandom(&s, sizeof(s), GRND_NONBLOCK) != sizeof(s))
			s = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15) ^ (uintptr_t)&s;
		s |= 1;
		__atomic_store_n(&seed, s, __ATOMIC_RELAXED);
	}
	return s;
}

void json_keys_init(struct json_keys *k)
{
	k->v = k->few;
	k->count = 0;
	k->cap = JSON_KEYS_INLINE;
	k->seed = process_seed();
	k->unescaped = (struct tnd_buf){0};
}

void json_keys_free(struct json_keys *k)
{
	if (k->v != k->few)
		free(k->v);
	tnd_buf_free(&k->unescaped);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(uint64_t seed, const char *text, size_t len)
{
	uint64_t h = seed ^ len, word;

	for (; len >= 8; text += 8, len -= 8) {
		memcpy(&word, text, 8);
		h = mix(h ^ word, seed ^ UINT64_C(0xa0761d6478bd642f));
	}
	word = 0;
	memcpy(&word, text, len);
	return mix(h ^ word, seed ^ UINT64_C(0xe7037ed1a0b428db));
}

static unsigned int hex4(const char *p)
{
	unsigned int v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)p[i];

		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

static void add_utf8(struct tnd_buf *b, unsigned int c)
{
	if (c < 0x80) {
		tnd_buf_addc(b, (char)c);
	} else if (c < 0x800) {
		tnd_buf_addc(b, (char)(0xc0 | c >> 6));
		tnd_buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		tnd_buf_addc(b, (char)(0xe0 | c >> 12));
		tnd_buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		tnd_buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		tnd_buf_addc(b, (char)(0xf0 | c >> 18));
		tnd_buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		tnd_buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		tnd_buf_addc(b, (char)(0x80 | (c & 0x3f)));
	}
}

/* The scanner has checked the escapes: all are whole, all surrogates are in pairs. */
static void unescape(struct tnd_buf *b, const char *raw, size_t len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *end = raw + len;

	while (raw < end) {
		unsigned int c;

		if (*raw != '\\') {
			tnd_buf_addc(b, *raw++);
			continue;
		}
		if (raw[1] != 'u') {
			tnd_buf_addc(b, to[strchr(from, raw[1]) - from]);
			raw += 2;
			continue;
		}
		c = hex4(raw + 2);
		raw += 6;
		if (c >= 0xd800 && c < 0xdc00) {
			c = 0x10000 + ((c & 0x3ff) << 10 | (hex4(raw + 2) & 0x3ff));
			raw += 6;
		}
		add_utf8(b, c);
	}
}

static int grow(struct json_keys *k)
{
	size_t cap = k->cap * 2;
	struct json_key *v = realloc(k->v == k->few ? NULL : k->v, cap * sizeof(*v));

	if (v == NULL)
		return -ENOMEM;
	if (k->v == k->few)
		memcpy(v, k->few, sizeof(k->few));
	k->v = v;
	k->cap = cap;
	return 0;
}

int json_keys_push(struct json_keys *k, const char *raw, size_t len, bool escaped)
{
	struct json_key key = {.text = raw, .len = (uint32_t)len};

	if (k->count == k->cap && grow(k) < 0)
		return -ENOMEM;
	if (escaped) {
		key.text = NULL;
		key.offset = (uint32_t)k->unescaped.len;
		unescape(&k->unescaped, raw, len);
		if (k->unescaped.oom)
			return -ENOMEM;
		key.len = (uint32_t)(k->unescaped.len - key.offset);
		raw = k->unescaped.data + key.offset;
	}
	key.hash = hash(k->seed, raw, key.len);
	k->v[k->count++] = key;
	return 0;
}

const char *json_keys_text(const struct json_keys *k, size_t i)
{
	return k->v[i].text != NULL ? k->v[i].text : k->unescaped.data + k->v[i].offset;
}

static bool same(const struct json_keys *k, size_t i, size_t j)
{
	return k->v[i].hash == k->v[j].hash && k->v[i].len == k->v[j].len &&
	       memcmp(json_keys_text(k, i), json_keys_text(k, j), k->v[i].len) == 0;
}

int json_keys_duplicate(const struct json_keys *k, size_t first, size_t *duplicate)
{
	size_t count = k->count - first, mask = 4 * FEW_KEYS - 1;
	uint32_t *table; /* index + 1 of keys, open addressing, at most half full */

	*duplicate = SIZE_MAX;
	if (count <= FEW_KEYS) {
		for (size_t i = first + 1; i < k->count; i++)
			for (size_t j = first; j < i; j++)
				if (same(k, i, j)) {
					*duplicate = i;
					return 0;
				}
		return 0;
	}
	while (mask + 1 < 2 * count)
		mask = mask << 1 | 1;
	table = calloc(mask + 1, sizeof(*table));
	if (table == NULL)
		return -ENOMEM;
	for (size_t i = first; i < k->count && *duplicate == SIZE_MAX; i++) {
		size_t slot = k->v[i].hash & mask;

		while (table[slot] != 0 && !same(k, i, table[slot] - 1))
			slot = (slot + 1) & mask;
		if (table[slot] != 0)
			*duplicate = i;
		table[slot] = (uint32_t)i + 1;
	}
	free(table);
	return 0;
}
