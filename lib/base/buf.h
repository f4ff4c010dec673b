/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A byte buffer that grows at its end.
 *
 * A failed allocation sticks: `oom` is set, the content is no longer valid, and every
 * later append is ignored, so that a chain of appends needs one check at its end.
 */
#ifndef TND_BUF_H
#define TND_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct tnd_buf {
	char *data; /* owned; not zero-terminated; NULL while empty */
	size_t len;
	size_t cap;
	bool oom;
	bool secret; /* set by its owner: memory is wiped before it is given back or shortened */
};

void tnd_buf_free(struct tnd_buf *b);

/* Empty it and keep the memory (also clears `oom`). */
void tnd_buf_reset(struct tnd_buf *b);

/* Room for `n` bytes more at data + len, or NULL. The caller adds to `len` what it used. */
char *tnd_buf_reserve(struct tnd_buf *b, size_t n);

void tnd_buf_add(struct tnd_buf *b, const void *data, size_t len);
void tnd_buf_addc(struct tnd_buf *b, char c);
void tnd_buf_adds(struct tnd_buf *b, const char *s);
void tnd_buf_addf(struct tnd_buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(2)));

/* Drop the first `n` bytes. */
void tnd_buf_consume(struct tnd_buf *b, size_t n);

#endif
