/* SPDX-License-Identifier: BSD-3-Clause */
#include "text.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

void ctl_text_init(void)
{
	/* Only for wcwidth(). Where it is missing, all but ASCII is shown escaped. */
	setlocale(LC_CTYPE, "C.UTF-8");
}

/* Length of the UTF-8 sequence at s (RFC 3629) and its code point, or 0. */
static size_t decode(const char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	if (len == 0)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len < n)
		return 0;
	*code = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

bool ctl_text_is_utf8(const char *s, size_t len)
{
	uint32_t code;
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = decode(s, len, &code);
		if (n == 0)
			return false;
	}
	return true;
}

/* Zero-width and bidirectional controls: they hide text, or show it in another order. */
static bool deceives(uint32_t c)
{
	return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

static int width_of(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || deceives(c) ? -1 : wcwidth((wchar_t)c);
}

void ctl_text_escape(struct tnd_buf *b, const char *s, size_t len)
{
	uint32_t code;
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = decode(s, len, &code);
		if (n == 0) {
			tnd_buf_addf(b, "\\x%02x", (unsigned char)*s);
			n = 1;
		} else if (width_of(code) >= 0) {
			tnd_buf_add(b, s, n);
		} else if (code == '\n') {
			tnd_buf_adds(b, "\\n");
		} else if (code == '\t') {
			tnd_buf_adds(b, "\\t");
		} else if (code < 0x80) {
			tnd_buf_addf(b, "\\x%02x", code);
		} else {
			tnd_buf_addf(b, code < 0x10000 ? "\\u%04x" : "\\U%08x", code);
		}
	}
}

void ctl_text_json(struct tnd_buf *b, const char *json, size_t len)
{
	uint32_t code;
	size_t n;

	for (; len > 0; json += n, len -= n) {
		n = decode(json, len, &code);
		if (n == 0) {
			tnd_buf_adds(b, "\\ufffd");
			n = 1;
		} else if (code >= 0x7f && code < 0xa0) {
			tnd_buf_addf(b, "\\u%04x", code);
		} else {
			tnd_buf_add(b, json, n);
		}
	}
}

size_t ctl_text_fit(const char *s, size_t len, size_t columns)
{
	size_t at = 0, used = 0;
	uint32_t code;

	while (at < len) {
		size_t n = decode(s + at, len - at, &code);
		int w = n ? width_of(code) : -1;

		used += w < 0 ? 1 : (size_t)w;
		if (used > columns)
			break;
		at += n ? n : 1;
	}
	return at;
}

size_t ctl_text_width(const char *s, size_t len)
{
	size_t columns = 0;
	uint32_t code;

	for (size_t at = 0; at < len;) {
		size_t n = decode(s + at, len - at, &code);
		int w = n ? width_of(code) : -1;

		columns += w < 0 ? 1 : (size_t)w;
		at += n ? n : 1;
	}
	return columns;
}

void ctl_text_grouped(struct tnd_buf *b, double n)
{
	char digits[32];
	size_t len;

	if (!isfinite(n) || fabs(n) >= 1e18) {
		tnd_buf_addf(b, "%g", n);
		return;
	}
	snprintf(digits, sizeof(digits), "%.0f", fabs(n));
	len = strlen(digits);
	if (n <= -0.5)
		tnd_buf_addc(b, '-');
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			tnd_buf_addc(b, ',');
		tnd_buf_addc(b, digits[i]);
	}
}

void ctl_text_duration(struct tnd_buf *b, double seconds)
{
	uint64_t s;

	if (!(seconds >= 60)) {
		tnd_buf_addf(b, "%.1f s", seconds);
		return;
	}
	s = seconds < 1e15 ? (uint64_t)seconds : UINT64_C(1000000000000000);
	if (s < 3600)
		tnd_buf_addf(b, "%u min %02u s", (unsigned int)(s / 60), (unsigned int)(s % 60));
	else if (s < 86400)
		tnd_buf_addf(b, "%u h %02u min", (unsigned int)(s / 3600),
			     (unsigned int)(s / 60 % 60));
	else
		tnd_buf_addf(b, "%llu d %02u h", (unsigned long long)(s / 86400),
			     (unsigned int)(s / 3600 % 24));
}

void ctl_text_number(struct tnd_buf *b, double n, int decimals)
{
	char text[64];
	size_t len;

	if (!isfinite(n) || fabs(n) >= 1e18) {
		tnd_buf_addf(b, "%g", n);
		return;
	}
	snprintf(text, sizeof(text), "%.*f", decimals, n);
	len = strlen(text);
	if (strchr(text, '.') != NULL) {
		while (text[len - 1] == '0')
			len--;
		if (text[len - 1] == '.')
			len--;
	}
	tnd_buf_add(b, text, len);
}
