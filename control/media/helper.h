/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread that waits for disks, so that nobody else does: it empties the workers' copy rings,
 * writes files, sends UDP copies, and reads files to play. It runs beside the workers' cores where
 * there are others, is no lcore, and has the kernel's ordinary schedule.
 *
 * While there are sinks it looks for copies once a millisecond; otherwise it sleeps until it is
 * told something.
 */
#ifndef MEDIA_HELPER_H
#define MEDIA_HELPER_H

#include <pthread.h>

#include "dataplane.h"
#include "frames.h"
#include "sink.h"

#define HELPER_RELAY_MAX 1024 /* packets on their way to control */

struct helper_config {
	struct dp *dp;
	uint16_t workers;
	uint32_t sessions;
	uint64_t cache_bytes;
	const unsigned int *lcores; /* of workers */
};

struct helper {
	struct helper_config config;
	pthread_t thread;
	bool running;
	int wake_fd;
	struct mailbox in, out;
	/* All these are the helper's. */
	struct sink **by_session; /* [sessions] */
	struct tnd_list sinks, ending;
	struct frame_cache cache;
	struct writer_log log;
	uint64_t now_tsc, now_ms, tick_ms;
	uint64_t tsc_hz, base_tsc, base_ns; /* the time of day at base_tsc */
	bool quit;
	uint32_t relayed; /* packets on their way to control; both write, atomically */
	struct mail quit_mail;
};

/* 0, or -errno after a logged reason. */
int helper_start(struct helper *h, const struct helper_config *config);
/* When it returns all files are closed, and nothing more comes into `out`. */
void helper_stop(struct helper *h);
/* … and nobody holds frames any more. */
void helper_free(struct helper *h);
/* To the helper: starts and stops of sinks, requests for frames. */
void helper_tell(struct helper *h, struct mail *m);

/* Control has sent, or freed, a packet of MAIL_RELAY. */
void helper_relayed(struct helper *h);

#endif
