/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control side's files of media/ share. */
#ifndef MEDIA_PRIVATE_H
#define MEDIA_PRIVATE_H

#include "helper.h"
#include "session_media.h"

struct player;

/*
 * The RTP stream that all players of a leg make, one after the other: an SSRC each would soon fill
 * the few places that a leg has for SRTP, and the party's own would find none.
 */
struct media_voice {
	bool has;     /* one has played */
	uint16_t seq; /* the next */
	uint32_t ssrc;
	uint32_t ts;    /* at `at_ms` */
	uint64_t at_ms; /* loop.now_ms */
};

/* A session with sinks or players, from the first to the last of them; once it has played to a
 * leg, to its end. */
struct media_session {
	struct tnd_list sinks;
	struct tnd_list inbound; /* sinks of other sessions, whose copies go out here */
	unsigned int sink_count, player_count; /* those too that are on their way out */
	struct player *loading[SESSION_LEGS];  /* the latest whose file is looked for */
	struct player *player[SESSION_LEGS];   /* that plays to each leg, or is about to */
	struct player *paced[SESSION_LEGS];    /* that a worker has; the next one waits for it */
	struct media_voice voice[SESSION_LEGS];
	uint32_t index; /* number in the flow tables */
	uint16_t generation;
	uint8_t copying; /* enum media_leg: legs that workers copy */
	bool ended;      /* and its place in the tables is somebody else's */
	char id[SESSION_ID_MAX + 1];
};

struct media {
	struct sessions *s;
	struct host *h;
	struct helper helper;
	struct loop_poller poller;
	struct session_observer observer;
	struct media_session **session; /* [limit of sessions] */
	struct tnd_list sinks, players; /* all */
	uint32_t next_player, loading;  /* the latter: players whose file is looked for */
	struct tnd_buf text;
	struct media_count gone;  /* of sinks that are no more */
	struct media_stats stats; /* what control counts itself */
};

/* ---- media.c ---- */

/* That session's, made if there is none; NULL and the fault in `err`. */
struct media_session *media_session_get(struct media *m, const char *id, struct session_error *err);
/* … NULL if there is none. */
struct media_session *media_session_find(struct media *m, const char *id);
/* A sink or player is gone, or the session has ended. */
void media_session_put(struct media *m, struct media_session *ms);

/* "" for reasons that need no words. */
enum session_fault media_fault(struct session_error *err, enum session_fault f, const char *path,
			       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* An event with members "id" and what the caller adds in between. */
struct tnd_buf *media_event_begin(struct media *m, const struct media_session *ms);
void media_event_end(struct media *m, const char *type);

/* ---- sinks.c ---- */

/* One that is not begun yet; `name` NULL: the other one. NULL and the fault in `err`. */
struct sink *sink_make(enum media_kind kind, const char *name, const char *default_name,
		       unsigned int legs, struct session_error *err);
/* Takes the sink in every case; *out is the one that runs, this one or one that is the same. */
enum session_fault sink_begin(struct media *m, const char *id, struct sink *k, bool *created,
			      struct sink **out, struct session_error *err);
void sink_free(struct sink *k);
/* The sink has told of a limit; it is the caller's again. */
void sink_limit(struct media *m, struct sink *k);
void sink_done(struct media *m, struct sink *k);
void sink_stop(struct media *m, struct sink *k, enum sink_reason reason);

/* ---- copy.c ---- */

/* Nothing comes from that sink any more, or nothing can go out. */
void sink_detach(struct media *m, struct sink *k);
/* The session has ended: those that send to its far ends do so no longer. */
void sink_stop_inbound(struct media *m, struct media_session *ms);

/* A packet that the kernel has no route for. */
void sink_relay(struct media *m, struct relay *r);

/* ---- play.c ---- */

void play_loaded(struct media *m, struct load *l);
void play_event(struct media *m, const struct flow_event *ev);
void play_session_ended(struct media *m, struct media_session *ms);
/* Workers have stopped. */
void play_free(struct media *m);

#endif
