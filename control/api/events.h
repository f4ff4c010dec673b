/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: numbered from 1, kept as ready-made lines in a bounded ring. A subscriber has a
 * place in the ring; it is given lines while it reads, so that a slow one costs nothing but
 * the lines that it misses, and those it is told of (events.lost).
 */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

#define EVENTS_KEPT       16384             /* power of two */
#define EVENTS_BYTES_KEPT (8 * 1024 * 1024) /* all lines together */

struct event_item {
	char *line; /* owned; with its LF; NULL: there was no memory for it */
	uint32_t len;
	uint8_t type; /* enum api_event_id */
};

struct events {
	struct event_item *ring; /* [EVENTS_KEPT], by number */
	uint64_t first, next;    /* first kept; the next one's number */
	size_t bytes;
	struct tnd_buf text;
};

struct event_sub {
	bool on;
	uint32_t types; /* bit: enum api_event_id */
	uint64_t next;  /* number of the next one to give */
};

int events_init(struct events *e);
void events_free(struct events *e);

/* `params` is a JSON object; "seq" and "type" are put before its members. */
void events_add(struct events *e, const char *type, const char *params);

/* Add lines that are due to `out`, up to about `max` bytes there. True: more are due. */
bool events_pump(const struct events *e, struct event_sub *sub, struct tnd_buf *out, size_t max);

/* Bits of the types that a filter names: a whole type, or a prefix that ends in a dot; 0: none. */
uint32_t events_match(const char *filter);

#endif
