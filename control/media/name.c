/* SPDX-License-Identifier: BSD-3-Clause */
#include "name.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define HASH_LEN 17 /* "~" and 16 hexadecimal digits */

/* '~' is kept for the hash, '%' for what is escaped. */
static bool is_plain(unsigned char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	if (c == '.' || c == '-')
		return !first;
	return c != '\0' && strchr("_@=+,:;^", c) != NULL;
}

/* FNV-1a, 64 bits: it need not withstand anybody, as names in use are never written over. */
static uint64_t hash(const char *text, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Whole bytes of `text`, escaped, as far as they fit into `room`: how many bytes of text. */
static size_t escape(const char *text, size_t len, size_t room, char *out, size_t *used)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = is_plain(c, n == 0);

		if (n + (plain ? 1 : 3) > room)
			break;
		if (plain)
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, 4, "%%%02X", c);
	}
	out[n] = '\0';
	*used = n;
	return i;
}

void name_make(const char *text, size_t len, char out[NAME_STEM_MAX + 1])
{
	size_t used;

	if (len == 0) {
		strcpy(out, "_");
		return;
	}
	if (escape(text, len, NAME_STEM_MAX, out, &used) == len)
		return;
	escape(text, len, NAME_STEM_MAX - HASH_LEN, out, &used);
	snprintf(out + used, HASH_LEN + 1, "~%016" PRIx64, hash(text, len));
}
