/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recording, copying, capturing and playing: what a front end may ask for a session. All for the
 * control lcore; nothing here waits, neither for a worker nor for a disk. Files are a helper
 * thread's: what goes wrong with them is told by events and counted, and costs recorded packets
 * only.
 *
 * A session has sinks: recordings, UDP copies, captures. Each has a name that is unique in the
 * session, and ends when it is stopped, when its limits are reached, or with the session.
 *
 * Events: record.started, record.ended, play.ended, capture.ended (configs/schema).
 */
#ifndef MEDIA_H
#define MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "session.h"

struct media;

#define MEDIA_NAME_MAX   63  /* of a sink, bytes */
#define MEDIA_FILE_MAX   512 /* of what a file is to be named after, bytes */
#define MEDIA_PATH_MAX   512 /* of a file to play, without the payload type */
#define MEDIA_SINKS_MAX  8   /* of one session */
#define MEDIA_CODECS_MAX 32
#define MEDIA_LOADS_MAX  1024 /* plays whose file is looked for */

enum media_leg { MEDIA_LEG_0 = 1 << 0, MEDIA_LEG_1 = 1 << 1, MEDIA_BOTH = 3 };

/*
 * Starts the helper; the host's directories and limits are those of its configuration, and its
 * dataplane is there already. 0 or -errno after a logged reason.
 */
int media_create(struct media **out, struct sessions *s, struct host *h);
/* Ends everything, writes what is buffered, joins the helper. Workers have stopped. */
void media_free(struct media *m);

/*
 * Record what arrives on `legs`, as it came but opened if it was SRTP. Files are made when their
 * first packet comes, in the spool directory, and moved to the record directory when the
 * recording ends:
 *
 *	one_file:  FILE.pcap or FILE.pcapng, both legs, RTP and RTCP
 *	otherwise  FILE.a.rtp[.pcap], FILE.a.rtcp[.pcap], FILE.o.rtp …: a stream each, `o` where
 *	           packets of leg `o_leg` are in it
 *
 * `file` may be anything (a call-id and tag of whoever calls): bytes that are not safe in a file
 * name are written as %XX, and what is too long ends in a hash of the whole.
 */
struct media_record {
	const char *id;   /* session */
	const char *name; /* of the sink; NULL: "record" */
	const char *file; /* NULL: the session's id and the time */
	uint8_t legs;     /* enum media_leg */
	uint8_t o_leg;
	enum media_format format;
	bool one_file;
	/* Names end in .rtp and .rtcp whatever the format is, as rtpproxy has them; one_file: in
	 * nothing but .pcap. */
	bool plain_endings;
	bool no_side; /* neither .a nor .o in the names: with one leg only */
	bool no_rtcp; /* RTP only */
};

/*
 * The sink of that name, begun; true in *created unless it runs already with the same parameters.
 * SESSION_NOT_FOUND, SESSION_CONFLICT (it runs with others), SESSION_WRONG_STATE (no record
 * directory configured), SESSION_LIMIT (sinks of the session, or files), SESSION_BAD_PARAMS,
 * SESSION_NO_MEMORY, SESSION_TABLE_FULL (no plans left).
 */
enum session_fault media_record_start(struct media *m, const struct media_record *r, bool *created,
				      struct session_error *err);

/*
 * Send a copy of what arrives on `legs` to a UDP address, RTP to its port and RTCP to the next.
 * Where this machine's kernel has a route it sends, from a socket of its own; otherwise tandem
 * does, from the leg's address and port. `local`, unless NULL: where from.
 */
struct media_copy {
	const char *id, *name; /* NULL: "copy" */
	uint8_t legs;
	bool no_rtcp; /* RTP only */
	union wire_ip ip;
	uint16_t port;
};
enum session_fault media_copy_start(struct media *m, const struct media_copy *c, bool *created,
				    struct session_endpoint *local, struct session_error *err);

/*
 * Send what arrives in a session to the far ends of another one, from that one's addresses and
 * ports: what comes on leg i on to its leg i, or, with `cross`, to the other one. What these far
 * ends send themselves is from then on counted, but not relayed. Ends with either session.
 * SESSION_UNSUPPORTED: they are to get SRTP, whose keys are a worker's.
 */
struct media_forward {
	const char *id, *to;
	bool cross;
};
enum session_fault media_forward_start(struct media *m, const struct media_forward *f,
				       struct session_error *err);

/* pcapng of both sides, what comes in on either, until a limit is reached or it is stopped. */
struct media_capture {
	const char *id, *name, *file; /* name NULL: "capture"; file as above */
	uint32_t max_s;               /* 0: no limit */
	uint64_t max_bytes;           /* of the file; 0: no limit */
};
enum session_fault media_capture_start(struct media *m, const struct media_capture *c,
				       bool *created, struct session_error *err);

enum media_kind { MEDIA_KIND_RECORD = 1, MEDIA_KIND_COPY = 2, MEDIA_KIND_CAPTURE = 4 };

/*
 * Stop the sink of that name, or all of these kinds (enum media_kind) with name NULL: how many in
 * *stopped. SESSION_NOT_FOUND: no such session, or a name was given and there is no such sink.
 */
enum session_fault media_sink_stop(struct media *m, const char *id, unsigned int kinds,
				   const char *name, unsigned int *stopped,
				   struct session_error *err);

/*
 * Play a file to leg `leg`'s far end; what the other leg's far end sends is meanwhile counted,
 * but not sent on. The file is `file` + "." + payload type, of the first codec in the list for
 * which there is one: frames without headers, as rtpproxy's makeann makes them. It is found and
 * read by the helper, since a disk may take its time. A play that runs is replaced, once the new
 * one's file is there. All plays to a leg are one RTP stream: one SSRC, numbers that go on.
 */
struct media_play {
	const char *id;
	unsigned int leg;
	const char *file;    /* absolute, or below media.play_dir */
	int32_t repeats;     /* 1: once; -1: for ever */
	uint8_t codec_count; /* 0: the payload type that the leg's far end sends */
	uint8_t codec[MEDIA_CODECS_MAX];
	/*
	 * Called once, out of the loop, if media_play_start() answers SESSION_OK. SESSION_OK: it
	 * plays, or was stopped before it could, and play.ended will tell of its end. Otherwise
	 * nothing has changed: SESSION_BAD_PARAMS at /file, SESSION_NO_MEMORY, or
	 * SESSION_NOT_FOUND: the session has ended in the meantime. `err` is filled. NULL: nobody
	 * wants to know.
	 */
	void (*started)(void *arg, enum session_fault f, const struct session_error *err);
	void *arg;
};
/* As above, and SESSION_LIMIT: the disk does not keep up with those that are looked for. */
enum session_fault media_play_start(struct media *m, const struct media_play *p,
				    struct session_error *err);
/* Those who wait for `started` are gone: it is not called any more. NULL is nothing. */
void media_forget_callers(struct media *m);
/* Playing to that leg ends, if anything is played: *was_playing unless NULL. */
enum session_fault media_play_stop(struct media *m, const char *id, unsigned int leg,
				   bool *was_playing, struct session_error *err);

/* Since start; and what there is now. */
struct media_stats {
	uint64_t records, copies, captures, plays; /* begun */
	uint64_t packets, bytes;                   /* written or sent; bytes of RTP and RTCP */
	uint64_t lost;                             /* copied by a worker, and neither */
	uint64_t played;                           /* packets */
	uint32_t sinks, files, players;            /* now; files: as many as these may have */
};
void media_stats(const struct media *m, struct media_stats *out);

#endif
