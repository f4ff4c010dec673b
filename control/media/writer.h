/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One file of a recording: made when its first packet comes, written in large pieces, moved to
 * where it shall be when it is done. Whatever the disk does, a file holds whole records only: a
 * piece that can't be written is lost, and counted, and a second later it is tried again. For the
 * helper thread.
 */
#ifndef MEDIA_WRITER_H
#define MEDIA_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"

#define WRITER_BUF      (32 * 1024)
#define WRITER_FLUSH_MS 3000 /* no byte waits longer */
#define WRITER_RETRY_MS 1000
#define WRITER_NAMES    100 /* of files that have the same one: "", "-2" … "-100" */
#define WRITER_PATH_MAX 640

/* What became of packets. Writer: the helper; readers: control, relaxed. */
struct media_count {
	uint64_t packets, bytes; /* bytes: of RTP and RTCP */
	uint64_t lost;
};

/* Tells of a fault, at most one line a second for all files. */
struct writer_log {
	uint64_t next_ms;
	uint64_t silent; /* faults not told */
};

struct writer {
	enum media_format format;
	/* Directory of the file while it is written, of the file that is done (or the same); the
	 * name without what tells it from others; its ending. The caller's, valid until it is
	 * closed. */
	const char *dir, *final_dir, *stem, *ending;
	struct media_count *count;
	struct writer_log *log;

	/* Private. */
	int fd;              /* -1: not open */
	unsigned int number; /* of the name: 1 is the name itself */
	uint8_t *buf;
	uint32_t used, packets; /* in buf */
	uint64_t payload;       /* bytes of RTP and RTCP in it */
	uint64_t size;          /* of the file: whole records */
	uint64_t since_ms;      /* of the oldest packet in buf */
	uint64_t retry_ms;      /* nothing is tried before */
};

void writer_init(struct writer *w, enum media_format format, const char *dir, const char *final_dir,
		 const char *stem, const char *ending, struct media_count *count,
		 struct writer_log *log);
/* How large the file will be with this packet, at most. */
uint64_t writer_size_with(const struct writer *w, const struct media_packet *p);
void writer_packet(struct writer *w, const struct media_packet *p, uint64_t now_ms);
/* Write what is due. */
void writer_tick(struct writer *w, uint64_t now_ms);
/*
 * Write the rest and close; a file without a packet is taken away again. 0 and its path ("": there
 * is none), or -errno: it is complete, but still where `path` says.
 */
int writer_close(struct writer *w, uint64_t now_ms, char path[WRITER_PATH_MAX]);

#endif
