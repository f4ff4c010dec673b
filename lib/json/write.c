/* SPDX-License-Identifier: BSD-3-Clause */
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that a byte of a string becomes at most: \u001f, or U+FFFD for a bad one. */
#define ESCAPED_MAX 6

static char *put(char *to, const char *bytes, size_t len)
{
	memcpy(to, bytes, len);
	return to + len;
}

static char *put_escape(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	*to++ = '\\';
	switch (c) {
	case '"':
	case '\\': *to++ = (char)c; break;
	case '\b': *to++ = 'b'; break;
	case '\f': *to++ = 'f'; break;
	case '\n': *to++ = 'n'; break;
	case '\r': *to++ = 'r'; break;
	case '\t': *to++ = 't'; break;
	default:
		to = put(to, "u00", 3);
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	return to;
}

static char *put_string(char *to, const char *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text, *end = c + len;

	*to++ = '"';
	while (c < end) {
		size_t n;

		if (*c >= 0x20 && *c < 0x80 && *c != '"' && *c != '\\') {
			*to++ = (char)*c++;
			continue;
		}
		if (*c < 0x80) {
			to = put_escape(to, *c++);
			continue;
		}
		n = json_utf8(c, end);
		if (n > 0) {
			to = put(to, (const char *)c, n);
			c += n;
		} else {
			to = put(to, "\xef\xbf\xbd", 3);
			c++;
		}
	}
	*to++ = '"';
	return to;
}

/*
 * Comma and key, and room for `room` bytes behind them, or NULL. No value ends with one of
 * the bytes after which there is no comma.
 */
static char *begin(struct tnd_buf *b, const char *key, size_t room)
{
	size_t key_len = key == NULL ? 0 : strlen(key);
	char *to = tnd_buf_reserve(b, ESCAPED_MAX * key_len + 4 + room);
	char last;

	if (to == NULL)
		return NULL;
	last = b->len == 0 ? '\n' : to[-1];
	if (last != '{' && last != '[' && last != '\n')
		*to++ = ',';
	if (key != NULL) {
		to = put_string(to, key, key_len);
		*to++ = ':';
	}
	return to;
}

static void end(struct tnd_buf *b, char *to)
{
	b->len = (size_t)(to - b->data);
}

void json_w_open(struct tnd_buf *b, const char *key, char brace)
{
	char *to = begin(b, key, 1);

	if (to == NULL)
		return;
	*to++ = brace;
	end(b, to);
}

void json_w_close(struct tnd_buf *b, char brace)
{
	tnd_buf_addc(b, brace);
}

void json_w_string(struct tnd_buf *b, const char *key, const char *value)
{
	size_t len = strlen(value);
	char *to = begin(b, key, ESCAPED_MAX * len + 2);

	if (to != NULL)
		end(b, put_string(to, value, len));
}

void json_w_uint(struct tnd_buf *b, const char *key, uint64_t value)
{
	char digits[20], *to = begin(b, key, sizeof(digits));
	size_t at = sizeof(digits);

	if (to == NULL)
		return;
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	end(b, put(to, &digits[at], sizeof(digits) - at));
}

void json_w_int(struct tnd_buf *b, const char *key, int64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)value);

	json_w_raw(b, key, text, (size_t)n);
}

void json_w_double(struct tnd_buf *b, const char *key, double value, int decimals)
{
	char text[352]; /* DBL_MAX has 309 digits */
	int n;

	if (!isfinite(value)) {
		json_w_null(b, key);
		return;
	}
	n = snprintf(text, sizeof(text), "%.*f", decimals, value);
	json_w_raw(b, key, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void json_w_bool(struct tnd_buf *b, const char *key, bool value)
{
	json_w_raw(b, key, value ? "true" : "false", value ? 4 : 5);
}

void json_w_null(struct tnd_buf *b, const char *key)
{
	json_w_raw(b, key, "null", 4);
}

void json_w_raw(struct tnd_buf *b, const char *key, const char *text, size_t len)
{
	char *to = begin(b, key, len);

	if (to != NULL)
		end(b, put(to, text, len));
}

/* The shortest form that reads back as the same double, and that json_parse() takes. */
static void write_number(struct tnd_buf *b, const char *key, double d)
{
	char text[32];
	int n = 0;

	if (d == trunc(d) && fabs(d) <= (double)JSON_INT_EXACT) {
		json_w_int(b, key, (int64_t)d);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	/* Beyond 2^53 it must not look like an integer. */
	if (strpbrk(text, ".e") == NULL)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ".0");
	json_w_raw(b, key, text, (size_t)n);
}

void json_w_value(struct tnd_buf *b, const char *key, const struct json_value *v)
{
	const cJSON *c = json_c(v);

	if (cJSON_IsString(c)) {
		json_w_string(b, key, c->valuestring);
	} else if (cJSON_IsNumber(c)) {
		write_number(b, key, c->valuedouble);
	} else if (cJSON_IsBool(c)) {
		json_w_bool(b, key, cJSON_IsTrue(c));
	} else if (cJSON_IsObject(c) || cJSON_IsArray(c)) {
		bool object = cJSON_IsObject(c);

		json_w_open(b, key, object ? '{' : '[');
		for (const cJSON *m = c->child; m != NULL; m = m->next)
			json_w_value(b, object ? m->string : NULL, json_v(m));
		json_w_close(b, object ? '}' : ']');
	} else {
		json_w_null(b, key);
	}
}
