/* SPDX-License-Identifier: BSD-3-Clause */
/* Sound out of a file, at the rate that a codec wants: one channel, 16 bits. */
#ifndef MAKEANN_SOURCE_H
#define MAKEANN_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct source;

struct source_options {
	bool raw;      /* no header: 16 bits, little-endian, one channel, 8,000 a second */
	bool loop;     /* from the beginning again at the end; a limit is set then */
	int64_t limit; /* samples at 8,000 a second; -1: to the end of the file */
};

/* NULL: it has been said why. `rate`: samples a second that are wanted. */
struct source *source_open(const char *path, const struct source_options *o, int rate);
/* Fills `out`; fewer at the end, -1 on an error that has been said. */
int source_read(struct source *s, int16_t *out, int count);
void source_close(struct source *s);

#endif
