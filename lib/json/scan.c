/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The strict scanner: RFC 8259 to the letter, and I-JSON (RFC 7493) in what it forbids.
 * One pass over the text; recursion is bounded by JSON_DEPTH_MAX.
 */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

#define NO_KEY SIZE_MAX

struct level {
	bool array;
	size_t index; /* of the element being read */
	size_t key;   /* of the member being read, in `keys`; NO_KEY: none yet */
};

struct scan {
	const unsigned char *p, *start, *end;
	struct level level[JSON_DEPTH_MAX];
	unsigned int depth;
	struct json_keys keys;
	struct json_error *err;
};

static int scan_value(struct scan *s);

/* Record where and why. `at` is the byte at fault. */
static int __attribute__((format(printf, 3, 4)))
fail(struct scan *s, const unsigned char *at, const char *fmt, ...)
{
	struct json_step steps[JSON_DEPTH_MAX];
	size_t count = 0, line = 1, used;
	const unsigned char *line_start = s->start;
	va_list ap;

	for (; count < s->depth; count++) {
		const struct level *l = &s->level[count];

		steps[count] = (struct json_step){.index = l->index};
		if (l->array)
			continue;
		if (l->key == NO_KEY)
			break;
		steps[count].key = json_keys_text(&s->keys, l->key);
		steps[count].key_len = s->keys.v[l->key].len;
	}
	json_path(s->err, "", steps, count);

	for (const unsigned char *c = s->start; c < at; c++)
		if (*c == '\n') {
			line++;
			line_start = c + 1;
		}
	va_start(ap, fmt);
	vsnprintf(s->err->reason, sizeof(s->err->reason), fmt, ap);
	va_end(ap);
	used = strlen(s->err->reason);
	snprintf(s->err->reason + used, sizeof(s->err->reason) - used, " (line %zu, column %zu)",
		 line, (size_t)(at - line_start) + 1);
	return -EINVAL;
}

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

static int hex4(const unsigned char *p, const unsigned char *end, unsigned int *out)
{
	unsigned int v = 0;

	if (end - p < 4)
		return -EINVAL;
	for (int i = 0; i < 4; i++) {
		unsigned char c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (unsigned int)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (unsigned int)((c | 0x20) - 'a' + 10);
		else
			return -EINVAL;
	}
	*out = v;
	return 0;
}

/* s->p is at a backslash; leave it behind the escape. */
static int scan_escape(struct scan *s)
{
	const unsigned char *at = s->p;
	unsigned int high, low;

	if (s->end - at < 2)
		return fail(s, s->end, "the text ends inside a string");
	if (at[1] != 'u') {
		if (at[1] == 0 || strchr("\"\\/bfnrt", at[1]) == NULL)
			return fail(s, at, "no such escape in strings");
		s->p += 2;
		return 0;
	}
	if (hex4(at + 2, s->end, &high) < 0)
		return fail(s, at, "\\u must be followed by four hexadecimal digits");
	s->p += 6;
	if (high == 0)
		return fail(s, at, "\\u0000 is not allowed in strings");
	if (high < 0xd800 || high > 0xdfff)
		return 0;
	if (high >= 0xdc00 || s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u' ||
	    hex4(s->p + 2, s->end, &low) < 0 || low < 0xdc00 || low > 0xdfff)
		return fail(s, at, "half of a surrogate pair");
	s->p += 6;
	return 0;
}

/* s->p is behind the opening quote; leave it behind the closing one. */
static int scan_string(struct scan *s, bool *escaped)
{
	*escaped = false;
	for (;;) {
		const unsigned char *p = s->p;
		size_t n;

		while (p < s->end && *p >= 0x20 && *p != '"' && *p != '\\' && *p < 0x80)
			p++;
		s->p = p;
		if (p == s->end)
			return fail(s, p, "the text ends inside a string");
		if (*p == '"') {
			s->p++;
			return 0;
		}
		if (*p == '\\') {
			int rc = scan_escape(s);

			if (rc < 0)
				return rc;
			*escaped = true;
			continue;
		}
		if (*p < 0x20)
			return fail(s, p, "a control character in a string must be escaped");
		n = json_utf8(p, s->end);
		if (n == 0)
			return fail(s, p, "not UTF-8");
		s->p += n;
	}
}

static const unsigned char *skip_digits(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Is the integer of these digits within +-2^53? There is no leading zero. */
static bool integer_fits(const unsigned char *digits, size_t len)
{
	int64_t v = 0;

	if (len > 16)
		return false;
	for (size_t i = 0; i < len; i++)
		v = v * 10 + (digits[i] - '0');
	return v <= JSON_INT_EXACT;
}

static bool double_fits(const unsigned char *text, size_t len)
{
	char copy[JSON_NUMBER_MAX + 1];

	memcpy(copy, text, len);
	copy[len] = 0;
	return isfinite(strtod(copy, NULL));
}

static int scan_number(struct scan *s)
{
	const unsigned char *start = s->p, *p = start, *digits, *from;
	bool integer = true, exponent = false;
	size_t digit_count;

	if (*p == '-')
		p++;
	digits = p;
	p = skip_digits(p, s->end);
	digit_count = (size_t)(p - digits);
	if (digit_count == 0)
		return fail(s, p, "a number needs a digit here");
	if (digit_count > 1 && *digits == '0')
		return fail(s, digits, "a number must not begin with 0");
	if (p < s->end && *p == '.') {
		integer = false;
		from = ++p;
		p = skip_digits(p, s->end);
		if (p == from)
			return fail(s, p, "a number needs a digit here");
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		integer = false;
		exponent = true;
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = skip_digits(p, s->end);
		if (p == from)
			return fail(s, p, "a number needs a digit here");
	}
	if (integer && !integer_fits(digits, digit_count))
		return fail(s, start, "an integer must lie within 2^53");
	if (p - start > JSON_NUMBER_MAX)
		return fail(s, start, "a number of more than %d characters", JSON_NUMBER_MAX);
	if (exponent && !double_fits(start, (size_t)(p - start)))
		return fail(s, start, "a number too large for a double");
	s->p = p;
	return 0;
}

static int scan_word(struct scan *s, const char *word, size_t len)
{
	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		return fail(s, s->p, "neither true, false, null nor another JSON value");
	s->p += len;
	return 0;
}

static int enter(struct scan *s, bool array)
{
	if (s->depth == JSON_DEPTH_MAX)
		return fail(s, s->p, "deeper than %d levels", JSON_DEPTH_MAX);
	s->level[s->depth++] = (struct level){.array = array, .key = NO_KEY};
	s->p++;
	skip_space(s);
	return 0;
}

/* Behind a value: true at `close`, which is taken; false at a comma, which is taken too. */
static int more(struct scan *s, char close)
{
	skip_space(s);
	if (s->p < s->end && *s->p == ',') {
		s->p++;
		skip_space(s);
		return 1;
	}
	if (s->p < s->end && *s->p == close) {
		s->p++;
		return 0;
	}
	if (s->p == s->end)
		return fail(s, s->p, "the text ends before '%c'", close);
	return fail(s, s->p, "',' or '%c' must follow here", close);
}

static int scan_array(struct scan *s)
{
	int rc = enter(s, true);

	if (rc < 0)
		return rc;
	if (s->p < s->end && *s->p == ']') {
		s->p++;
		s->depth--;
		return 0;
	}
	do {
		rc = scan_value(s);
		if (rc < 0)
			return rc;
		rc = more(s, ']');
		if (rc > 0)
			s->level[s->depth - 1].index++;
	} while (rc > 0);
	s->depth--;
	return rc;
}

static int scan_key(struct scan *s)
{
	struct level *l = &s->level[s->depth - 1];
	const unsigned char *text;
	bool escaped;
	int rc;

	l->key = NO_KEY;
	if (s->p == s->end)
		return fail(s, s->p, "the text ends before '}'");
	if (*s->p != '"')
		return fail(s, s->p, "a key in double quotes must follow here");
	text = ++s->p;
	rc = scan_string(s, &escaped);
	if (rc < 0)
		return rc;
	rc = json_keys_push(&s->keys, (const char *)text, (size_t)(s->p - text) - 1, escaped);
	if (rc < 0)
		return rc;
	l->key = s->keys.count - 1;
	skip_space(s);
	if (s->p == s->end || *s->p != ':')
		return fail(s, s->p, "':' must follow here");
	s->p++;
	skip_space(s);
	return 0;
}

static int scan_object(struct scan *s)
{
	size_t first = s->keys.count, duplicate;
	int rc = enter(s, false);

	if (rc < 0)
		return rc;
	if (s->p < s->end && *s->p == '}') {
		s->p++;
		s->depth--;
		return 0;
	}
	do {
		rc = scan_key(s);
		if (rc < 0)
			return rc;
		rc = scan_value(s);
		if (rc < 0)
			return rc;
		rc = more(s, '}');
		if (rc < 0)
			return rc;
	} while (rc > 0);
	rc = json_keys_duplicate(&s->keys, first, &duplicate);
	if (rc < 0)
		return rc;
	if (duplicate != SIZE_MAX) {
		s->level[s->depth - 1].key = duplicate;
		return fail(s, s->p - 1, "this key stands twice in the object that ends here");
	}
	s->keys.count = first;
	s->depth--;
	return 0;
}

static int scan_value(struct scan *s)
{
	bool escaped;

	if (s->p == s->end)
		return fail(s, s->p, "the text ends where a value must stand");
	switch (*s->p) {
	case '{': return scan_object(s);
	case '[': return scan_array(s);
	case '"': s->p++; return scan_string(s, &escaped);
	case '-': /* fall through */
	case '0' ... '9': return scan_number(s);
	case 't': return scan_word(s, "true", 4);
	case 'f': return scan_word(s, "false", 5);
	case 'n': return scan_word(s, "null", 4);
	default: return fail(s, s->p, "no JSON value begins like this");
	}
}

int json_scan(const char *text, size_t len, struct json_error *err)
{
	struct scan s;
	int rc;

	s.p = s.start = (const unsigned char *)text;
	s.end = s.start + len;
	s.depth = 0;
	s.err = err;
	if (len > JSON_TEXT_MAX) {
		err->path[0] = 0;
		snprintf(err->reason, sizeof(err->reason), "longer than %d bytes", JSON_TEXT_MAX);
		return -EINVAL;
	}
	json_keys_init(&s.keys);
	skip_space(&s);
	rc = scan_value(&s);
	skip_space(&s);
	if (rc == 0 && s.p < s.end)
		rc = fail(&s, s.p, "nothing may follow the value");
	json_keys_free(&s.keys);
	return rc;
}
