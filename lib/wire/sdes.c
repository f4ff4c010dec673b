/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base64.h"

static const struct {
	const char *name;
	uint8_t key_len, salt_len;
} suites[SDES_SUITE_COUNT] = {
	[SDES_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 16, 14},
	[SDES_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 16, 14},
	[SDES_AES_192_CM_HMAC_SHA1_80] = {"AES_192_CM_HMAC_SHA1_80", 24, 14},
	[SDES_AES_192_CM_HMAC_SHA1_32] = {"AES_192_CM_HMAC_SHA1_32", 24, 14},
	[SDES_AES_256_CM_HMAC_SHA1_80] = {"AES_256_CM_HMAC_SHA1_80", 32, 14},
	[SDES_AES_256_CM_HMAC_SHA1_32] = {"AES_256_CM_HMAC_SHA1_32", 32, 14},
	[SDES_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", 16, 12},
	[SDES_AEAD_AES_256_GCM] = {"AEAD_AES_256_GCM", 32, 12},
};

/* A piece of the text. */
struct span {
	const char *at;
	size_t len;
};

const char *sdes_suite_name(enum sdes_suite s)
{
	return suites[s].name;
}

unsigned int sdes_suite_key_len(enum sdes_suite s)
{
	return suites[s].key_len;
}

unsigned int sdes_suite_salt_len(enum sdes_suite s)
{
	return suites[s].salt_len;
}

/* Literals of an ABNF have no case (RFC 5234 §2.3). */
static bool is(struct span s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.at, text, s.len) == 0;
}

int sdes_suite_find(const char *name, size_t len, enum sdes_suite *out)
{
	for (enum sdes_suite s = 0; s < SDES_SUITE_COUNT; s++)
		if (is((struct span){name, len}, suites[s].name)) {
			*out = s;
			return 0;
		}
	return -ENOENT;
}

/* ---- pieces -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of *rest, blanks before it passed over; empty at the end. */
static struct span next_word(struct span *rest)
{
	struct span w;

	while (rest->len > 0 && is_blank(rest->at[0])) {
		rest->at++;
		rest->len--;
	}
	w = (struct span){rest->at, 0};
	while (w.len < rest->len && !is_blank(rest->at[w.len]))
		w.len++;
	rest->at += w.len;
	rest->len -= w.len;
	return w;
}

/* What stands before the first `c`; *rest goes on behind it. False: there is none. */
static bool cut(struct span *rest, char c, struct span *out)
{
	const char *at = rest->len > 0 ? memchr(rest->at, c, rest->len) : NULL;

	if (at == NULL)
		return false;
	*out = (struct span){rest->at, (size_t)(at - rest->at)};
	rest->len -= out->len + 1;
	rest->at = at + 1;
	return true;
}

/* A decimal number of at most `digits`, all of the span. */
static bool number(struct span s, size_t digits, uint64_t *out)
{
	*out = 0;
	if (s.len == 0 || s.len > digits)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(s.at[i] - '0');
	}
	return true;
}

static bool is_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
		    c != '_')
			return false;
	}
	return s.len > 0;
}

/* ---- keys ---------------------------------------------------------------------------------- */

int sdes_lifetime_parse(const char *text, size_t len, uint64_t *out)
{
	struct span s = {text, len};
	uint64_t n;

	if (len > 2 && text[0] == '2' && text[1] == '^') {
		if (!number((struct span){text + 2, len - 2}, 2, &n) || n > 48)
			return -EINVAL;
		*out = UINT64_C(1) << n;
		return 0;
	}
	if (!number(s, 15, &n) || n == 0 || n > SDES_LIFETIME_MAX)
		return -EINVAL;
	*out = n;
	return 0;
}

/* mki = mki * 10 + digit, big endian; false: it does not fit. */
static bool mki_digit(uint8_t *mki, unsigned int len, unsigned int digit)
{
	for (unsigned int i = len; i-- > 0;) {
		digit += mki[i] * 10u;
		mki[i] = (uint8_t)digit;
		digit >>= 8;
	}
	return digit == 0;
}

int sdes_mki_parse(const char *text, size_t len, struct sdes_key *out)
{
	struct span rest = {text, len}, value;
	uint64_t bytes;

	if (!cut(&rest, ':', &value) || value.len == 0 || value.len > SDES_MKI_STRLEN ||
	    !number(rest, 3, &bytes) || bytes == 0 || bytes > SDES_MKI_MAX)
		return -EINVAL;
	memset(out->mki, 0, sizeof(out->mki));
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (c < '0' || c > '9' ||
		    !mki_digit(out->mki, (unsigned int)bytes, (unsigned int)(c - '0')))
			return -EINVAL;
	}
	out->mki_len = (uint8_t)bytes;
	return 0;
}

/* key-salt, and behind it lifetime and MKI, either or both, in that order (RFC 4568 §6.1). */
static const char *parse_inline(struct span info, struct sdes_key *k)
{
	struct span salt = info, field, rest;
	bool more = cut(&info, '|', &salt), lifetime = false, last;
	int n;

	n = wire_base64_decode(salt.at, salt.len, k->master, sizeof(k->master));
	if (n == -E2BIG)
		return "the key is longer than that of any suite";
	if (n <= 0)
		return "the key is not base64";
	k->master_len = (uint8_t)n;
	for (rest = info; more; more = !last) {
		last = !cut(&rest, '|', &field);
		if (last)
			field = rest;
		if (field.len > 0 && memchr(field.at, ':', field.len) != NULL) {
			if (!last)
				return "the MKI is the last thing about a key";
			if (sdes_mki_parse(field.at, field.len, k) != 0)
				return "an MKI is VALUE:LENGTH, of 1 to 128 bytes, into which the "
				       "value fits";
		} else if (lifetime || sdes_lifetime_parse(field.at, field.len, &k->lifetime)) {
			return "a lifetime is a number of packets or 2^N, 1 to 2^48";
		} else {
			lifetime = true;
		}
	}
	return NULL;
}

/* Where there are several keys, their MKIs tell them apart (RFC 4568 §6.1). */
static const char *check_mkis(const struct sdes *s)
{
	for (unsigned int i = 0; s->key_count > 1 && i < s->key_count; i++) {
		const struct sdes_key *k = &s->key[i];

		if (k->mki_len == 0 || k->mki_len != s->key[0].mki_len)
			return "several keys need an MKI each, all of one length";
		for (unsigned int j = 0; j < i; j++)
			if (memcmp(k->mki, s->key[j].mki, k->mki_len) == 0)
				return "two keys have the same MKI";
	}
	return NULL;
}

/* What an attribute is good for: malformed outweighs unusable. */
struct outcome {
	const char *bad, *unusable;
};

static void unusable(struct outcome *o, const char *why)
{
	if (o->unusable == NULL)
		o->unusable = why;
}

/* One `method:info`, into the next key of `s`. */
static const char *parse_key(struct span param, struct sdes *s, struct outcome *o)
{
	struct span method;

	if (!cut(&param, ':', &method) || !is_token(method) || param.len == 0)
		return "a key is inline:BASE64";
	if (!is(method, "inline")) {
		unusable(o, "a key method other than inline");
		return NULL;
	}
	if (s->key_count == SDES_KEYS_MAX) {
		struct sdes_key spare = {0};
		const char *bad = parse_inline(param, &spare);

		explicit_bzero(&spare, sizeof(spare));
		unusable(o, "more than four keys");
		return bad;
	}
	return parse_inline(param, &s->key[s->key_count++]);
}

static const char *parse_keys(struct span params, struct sdes *s, struct outcome *o)
{
	struct span one;
	const char *bad;

	while (cut(&params, ';', &one)) {
		bad = parse_key(one, s, o);
		if (bad != NULL)
			return bad;
	}
	bad = parse_key(params, s, o);
	return bad != NULL ? bad : check_mkis(s);
}

/* ---- session parameters (RFC 4568 §6.3) ----------------------------------------------------- */

static const char *parse_kdr(struct span value, struct outcome *o)
{
	uint64_t n;

	if (!number(value, 2, &n) || n > 24)
		return "KDR is 0 to 24";
	if (n != 0)
		unusable(o, "KDR: keys are derived once only");
	return NULL;
}

static const char *parse_wsh(struct span value, struct sdes *s)
{
	uint64_t n;

	if (!number(value, 6, &n) || n < 64)
		return "WSH is 64 or more";
	s->wsh = (uint32_t)n;
	return NULL;
}

/* FEC before SRTP is nothing that a relay sees. */
static const char *parse_fec_order(struct span value, struct outcome *o)
{
	if (is(value, "SRTP_FEC"))
		unusable(o, "FEC_ORDER: FEC over SRTP");
	else if (!is(value, "FEC_SRTP"))
		return "FEC_ORDER is FEC_SRTP or SRTP_FEC";
	return NULL;
}

static const char *parse_param(struct span p, struct sdes *s, struct outcome *o)
{
	static const char *const flags[] = {"UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP",
					    "UNAUTHENTICATED_SRTP"};
	struct span value = p, name;

	for (size_t i = 0; i < p.len; i++)
		if (p.at[i] < 0x21 || p.at[i] > 0x7e)
			return "a session parameter is of printable characters";
	if (p.at[0] == '-')
		return p.len > 1 ? NULL : "a session parameter without a name";
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (is(p, flags[i])) {
			unusable(o, flags[i]);
			return NULL;
		}
	if (cut(&value, '=', &name)) {
		if (is(name, "KDR"))
			return parse_kdr(value, o);
		if (is(name, "WSH"))
			return parse_wsh(value, s);
		if (is(name, "FEC_ORDER"))
			return parse_fec_order(value, o);
		if (is(name, "FEC_KEY")) {
			unusable(o, "FEC_KEY");
			return value.len > 0 ? NULL : "FEC_KEY without a key";
		}
	}
	unusable(o, "a session parameter that is not known");
	return NULL;
}

/* ---- attributes ---------------------------------------------------------------------------- */

static void parse(struct span rest, struct sdes *s, struct outcome *o)
{
	struct span tag = next_word(&rest), suite = next_word(&rest), keys = next_word(&rest), p;
	bool known = is_token(suite) && sdes_suite_find(suite.at, suite.len, &s->suite) == 0;
	uint64_t n;

	if (!number(tag, 9, &n)) {
		o->bad = "begins with a tag of 1 to 9 digits";
		return;
	}
	s->tag = (uint32_t)n;
	if (!is_token(suite)) {
		o->bad = "the second word is a crypto suite";
		return;
	}
	if (!known)
		unusable(o, "a crypto suite that is not known");
	o->bad = parse_keys(keys, s, o);
	for (unsigned int i = 0; known && o->bad == NULL && i < s->key_count; i++)
		if (s->key[i].master_len != suites[s->suite].key_len + suites[s->suite].salt_len)
			o->bad = "key and salt are not as long as the suite's";
	while (o->bad == NULL && (p = next_word(&rest)).len > 0)
		o->bad = parse_param(p, s, o);
}

int sdes_parse(const char *text, size_t len, struct sdes *out, const char **why)
{
	struct outcome o = {0};

	memset(out, 0, sizeof(*out));
	if (len > 0 && is_blank(text[0]))
		o.bad = "begins with a tag of 1 to 9 digits";
	else
		parse((struct span){text, len}, out, &o);
	*why = o.bad != NULL ? o.bad : o.unusable;
	if (*why == NULL)
		return 0;
	explicit_bzero(out, sizeof(*out));
	return o.bad != NULL ? -EINVAL : -ENOTSUP;
}

/* ---- making -------------------------------------------------------------------------------- */

/* The big-endian number in decimal digits, by dividing a copy by ten until nothing is left. */
static void mki_text(const struct sdes_key *k, char out[SDES_MKI_STRLEN])
{
	char digits[SDES_MKI_STRLEN];
	uint8_t rest[SDES_MKI_MAX];
	unsigned int n = 0, left;

	memcpy(rest, k->mki, sizeof(rest));
	do {
		unsigned int remainder = 0;

		left = 0;
		for (unsigned int i = 0; i < k->mki_len; i++) {
			remainder = remainder << 8 | rest[i];
			rest[i] = (uint8_t)(remainder / 10);
			remainder %= 10;
			left |= rest[i];
		}
		digits[n++] = (char)('0' + remainder);
	} while (left != 0);
	for (unsigned int i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	out[n] = '\0';
}

static void lifetime_text(uint64_t lifetime, char out[24])
{
	if ((lifetime & (lifetime - 1)) == 0)
		snprintf(out, 24, "|2^%d", __builtin_ctzll(lifetime));
	else
		snprintf(out, 24, "|%llu", (unsigned long long)lifetime);
}

/* "inline:KEY|lifetime|mki:length", behind `sep`. The number of bytes, as snprintf() has it. */
static int format_key(const struct sdes_key *k, char sep, char *out, size_t size)
{
	char key[WIRE_BASE64_LEN(SDES_MASTER_MAX) + 1], mki[SDES_MKI_STRLEN] = "", life[24] = "";
	int n;

	wire_base64_encode(k->master, k->master_len, key);
	if (k->lifetime != 0)
		lifetime_text(k->lifetime, life);
	if (k->mki_len != 0)
		mki_text(k, mki);
	if (k->mki_len != 0)
		n = snprintf(out, size, "%cinline:%s%s|%s:%u", sep, key, life, mki, k->mki_len);
	else
		n = snprintf(out, size, "%cinline:%s%s", sep, key, life);
	explicit_bzero(key, sizeof(key));
	return n;
}

int sdes_format(const struct sdes *s, char *out, size_t size)
{
	int n = snprintf(out, size, "%u %s", s->tag, suites[s->suite].name);
	size_t used = (size_t)n;

	for (unsigned int i = 0; i < s->key_count && used < size; i++)
		used += (size_t)format_key(&s->key[i], i == 0 ? ' ' : ';', out + used, size - used);
	return used < size ? (int)used : -ENOSPC;
}
