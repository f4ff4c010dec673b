/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtls_private.h"

#include <stdlib.h>
#include <string.h>

struct dtls_hello *dtls_hello_new(uint32_t length)
{
	struct dtls_hello *h = calloc(1, sizeof(*h) + length + (length + 7) / 8);

	if (h == NULL)
		return NULL;
	h->length = length;
	h->missing = length;
	h->have = h->body + length;
	return h;
}

void dtls_hello_free(struct dtls_hello *h)
{
	free(h);
}

static bool has(const struct dtls_hello *h, uint32_t at)
{
	return h->have[at / 8] >> at % 8 & 1;
}

/* Bytes that are there already must be the same: of two ClientHellos none becomes one. */
static bool agrees(const struct dtls_hello *h, const struct dtls_fragment *f)
{
	if (f->length != h->length)
		return false;
	for (uint32_t i = 0; i < f->len; i++) {
		if (has(h, f->off + i) && h->body[f->off + i] != f->data[i])
			return false;
	}
	return true;
}

bool dtls_hello_add(struct dtls_hello *h, const struct dtls_fragment *f)
{
	if (!agrees(h, f))
		return false;
	for (uint32_t i = 0; i < f->len; i++) {
		uint32_t at = f->off + i;

		if (has(h, at))
			continue;
		h->have[at / 8] |= (uint8_t)(1 << at % 8);
		h->body[at] = f->data[i];
		h->missing--;
	}
	return true;
}
