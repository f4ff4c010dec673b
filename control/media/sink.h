/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where copies of a session's packets go. Control makes a sink and posts `start`; from then on
 * `run` is the helper's. Control posts `stop`, once; the helper answers `done`, and the sink is
 * control's again, to be freed. A sink that reaches its limits tells so by `limit` before, and
 * takes no more packets.
 */
#ifndef MEDIA_SINK_H
#define MEDIA_SINK_H

#include <sys/socket.h>

#include "list.h"
#include "mailbox.h"
#include "media.h"
#include "name.h"
#include "writer.h"

#define SINK_FILES (2 * SESSION_LEGS)

/* FAILED: it never was one for anybody else. */
enum sink_reason { SINK_STOPPED, SINK_SESSION, SINK_LIMIT, SINK_FAILED };

struct sink {
	/* Control's, as they were asked for; not changed any more. */
	struct tnd_list link; /* in media_session.sinks */
	struct tnd_list all;  /* in media.sinks */
	struct media_session *session;
	uint32_t flow_session; /* number in the flow tables */
	uint16_t generation;
	uint8_t kind; /* enum media_kind */
	uint8_t legs; /* enum media_leg */
	uint8_t o_leg;
	uint8_t format; /* enum media_format */
	bool one_file, plain_endings, no_side, no_rtcp, named;
	bool stopping;  /* `stop` is posted */
	uint8_t reason; /* enum sink_reason */
	char name[MEDIA_NAME_MAX + 1];
	char stem[NAME_STEM_MAX + 1];
	const char *dir, *final_dir; /* the configuration's */
	uint64_t end_tsc;            /* UINT64_MAX: never */
	uint32_t max_s;
	uint64_t max_bytes; /* UINT64_MAX: no limit */
	/* Copies by UDP. */
	union wire_ip ip;
	uint16_t port;
	int fd;                         /* -1: by way of the dataplane, from … */
	uint16_t address[SESSION_LEGS]; /* … each leg's address and port */
	uint16_t sport[SESSION_LEGS];
	struct session_endpoint local; /* what was answered */
	/* Copies to another session's far ends; NULL: it is no such one, or that has ended. */
	struct media_session *to;
	struct tnd_list inbound; /* in to->inbound */
	bool cross;              /* what comes on leg i goes out at leg 1 - i */

	struct mail start, stop, limit, done;

	/* The helper's. */
	struct {
		struct sink *next; /* of the same session */
		struct tnd_list link;
		bool full; /* a limit was reached */
		struct writer writer[SINK_FILES];
		bool open[SINK_FILES]; /* writer is in use */
		char ending_text[SINK_FILES][16];
	} run;
	struct media_count count;
	char path[SINK_FILES][WRITER_PATH_MAX]; /* of files that are done */

	/* Control's. */
	uint64_t unsent;                       /* it would not go by way of the dataplane */
	uint32_t copy_lost_base[SESSION_LEGS]; /* the workers' counter when it began */
	uint64_t copy_lost;                    /* of these two since, once it is stopped */
	unsigned int files;                    /* of media.max_files, as many as it may have */
};

enum mail_kind { MAIL_START, MAIL_STOP, MAIL_LIMIT, MAIL_DONE, MAIL_LOAD, MAIL_RELAY, MAIL_QUIT };

/* A packet that control is to send; malloc'd, the taker frees it. */
struct relay {
	struct mail mail;
	struct sink *sink;   /* its `done` comes later */
	union wire_ip local; /* of ours, where it came to */
	uint16_t local_port;
	uint8_t leg; /* where it came from */
	bool rtcp;
	uint16_t len;
	uint8_t data[];
};

/* copy.c: for the kernel; how long it is. */
socklen_t sink_sockaddr(const union wire_ip *ip, uint16_t port, struct sockaddr_storage *out);

#endif
