/* SPDX-License-Identifier: BSD-3-Clause */
#include "base64.h"

#include <errno.h>

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Length without the padding, or -1 if that is wrong. */
static long unpadded(const char *text, size_t len)
{
	size_t pad = 0;

	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	if (pad > 0 && len % 4 != 0)
		return -1;
	len -= pad;
	return len % 4 == 1 ? -1 : (long)len;
}

int wire_base64_decode(const char *text, size_t len, uint8_t *out, size_t size)
{
	long n = unpadded(text, len);
	unsigned int bits = 0;
	uint32_t word = 0;
	size_t bytes = 0;

	if (n < 0)
		return -EINVAL;
	for (long i = 0; i < n; i++)
		if (value_of(text[i]) < 0)
			return -EINVAL;
	if ((size_t)n * 3 / 4 > size)
		return -E2BIG;
	for (long i = 0; i < n; i++) {
		word = word << 6 | (uint32_t)value_of(text[i]);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[bytes++] = (uint8_t)(word >> bits);
		}
	}
	return word & ((1u << bits) - 1) ? -EINVAL : (int)bytes;
}

void wire_base64_encode(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t w = (uint32_t)data[i] << 16;

		if (left > 1)
			w |= (uint32_t)data[i + 1] << 8;
		if (left > 2)
			w |= data[i + 2];
		*out++ = digits[w >> 18];
		*out++ = digits[w >> 12 & 63];
		*out++ = left > 1 ? digits[w >> 6 & 63] : '=';
		*out++ = left > 2 ? digits[w & 63] : '=';
	}
	*out = '\0';
}
