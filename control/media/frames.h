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

/* What control asks for, and gets back in its mailbox. */
struct load {
	struct mail mail;
	char *path; /* malloc'd, with the load */
	int rc;     /* 0 or -errno: -ENODATA (no whole frame), -EFBIG */
	uint16_t frame_len;
	struct frames *frames; /* held */
};

void frame_cache_init(struct frame_cache *c, uint64_t max_bytes);
void frame_cache_free(struct frame_cache *c);
/* Reads the file unless it is there: fills `rc` and `frames`. */
void frame_cache_load(struct frame_cache *c, struct load *l);
/* By anybody who holds them. */
void frames_release(struct frames *f);

#endif
