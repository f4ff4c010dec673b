/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files to play, in memory: frames of a codec without headers, one behind the other. Kept by path
 * while their file does not change, and as long as there is room for others. The cache is the
 * helper's; frames are read by whoever holds them.
 */
#ifndef MEDIA_FRAMES_H
#define MEDIA_FRAMES_H

#include <stdint.h>
#include <sys/stat.h>

#include "list.h"
#include "mailbox.h"

/* Of a static payload type that can be played. */
struct frame_codec {
	uint8_t payload_type;
	uint16_t frame_len; /* bytes of a packet */
	uint16_t ts_step;   /* timestamp units */
	uint32_t period_us;
};
/* NULL: it can't be. */
const struct frame_codec *frame_codec(uint8_t payload_type);

struct frames {
	struct tnd_list link; /* in frame_cache.list, the latest used last */
	char *path;
	struct timespec mtime;
	dev_t dev;
	ino_t ino;
	size_t len;
	uint32_t users; /* atomic */
	uint8_t data[];
};

struct frame_cache {
	struct tnd_list list;
	uint64_t bytes, max_bytes;
};

#define LOAD_TYPES 32

/* What control asks for, and gets back in its mailbox. */
struct load {
	struct mail mail;
	char *base; /* malloc'd, with the load: the path without "." and payload type */
	uint8_t type_count;
	uint8_t type[LOAD_TYPES]; /* payload types, the best first */
	/*
	 * 0: of the first type that can be played and has a file with a frame in it. Otherwise
	 * -errno: of one that could not be read; -ENOENT: there is none at all.
	 */
	int rc;
	const struct frame_codec *codec;
	struct frames *frames; /* held */
};

void frame_cache_init(struct frame_cache *c, uint64_t max_bytes);
void frame_cache_free(struct frame_cache *c);
/* Finds the file, and reads it unless it is there: fills `rc`, `codec` and `frames`. */
void frame_cache_load(struct frame_cache *c, struct load *l);
/* By anybody who holds them. */
void frames_release(struct frames *f);

#endif
