/* SPDX-License-Identifier: BSD-3-Clause */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `secret` outlives it. */
void tnd_buf_free(struct tnd_buf *b)
{
	if (b->secret && b->data != NULL)
		explicit_bzero(b->data, b->cap);
	free(b->data);
	*b = (struct tnd_buf){.secret = b->secret};
}

void tnd_buf_reset(struct tnd_buf *b)
{
	if (b->secret && b->data != NULL)
		explicit_bzero(b->data, b->len);
	b->len = 0;
	b->oom = false;
}

/* realloc() that leaves nothing behind. */
static char *grow(const struct tnd_buf *b, size_t cap)
{
	char *data;

	if (!b->secret)
		return realloc(b->data, cap);
	data = malloc(cap);
	if (data == NULL || b->data == NULL)
		return data;
	memcpy(data, b->data, b->len);
	explicit_bzero(b->data, b->cap);
	free(b->data);
	return data;
}

char *tnd_buf_reserve(struct tnd_buf *b, size_t n)
{
	if (b->oom)
		return NULL;
	if (n > SIZE_MAX / 2 - b->len) {
		b->oom = true;
		return NULL;
	}
	if (b->cap - b->len < n) {
		size_t cap = b->cap ? b->cap : 256;
		char *data;

		while (cap - b->len < n)
			cap *= 2;
		data = grow(b, cap);
		if (data == NULL) {
			b->oom = true;
			return NULL;
		}
		b->data = data;
		b->cap = cap;
	}
	return b->data + b->len;
}

void tnd_buf_add(struct tnd_buf *b, const void *data, size_t len)
{
	char *to = len > 0 ? tnd_buf_reserve(b, len) : NULL;

	if (to != NULL) {
		memcpy(to, data, len);
		b->len += len;
	}
}

void tnd_buf_addc(struct tnd_buf *b, char c)
{
	tnd_buf_add(b, &c, 1);
}

void tnd_buf_adds(struct tnd_buf *b, const char *s)
{
	tnd_buf_add(b, s, strlen(s));
}

void tnd_buf_addf(struct tnd_buf *b, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	to = tnd_buf_reserve(b, (size_t)n + 1);
	if (to == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void tnd_buf_consume(struct tnd_buf *b, size_t n)
{
	n = n < b->len ? n : b->len;
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
	if (b->secret)
		explicit_bzero(b->data + b->len, n);
}
