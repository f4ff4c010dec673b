/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of call/: a session in memory, and what its files do for each other. */
#ifndef CALL_H
#define CALL_H

#include "ports.h"
#include "secure.h"
#include "session.h"
#include "siphash.h"
#include "timer.h"
#include "transport.h"

#define TOKENS_PER_SESSION 1000 /* of the rate limit */

#define SESSION_NONE UINT32_MAX
#define ID_INLINE    24 /* shorter ids, with their zero, need no memory of their own */

enum leg_flags {
	LEG_REMOTE = 1 << 0,       /* remote is known */
	LEG_HOLD = 1 << 1,         /* send nothing to it */
	LEG_LEARNED = 1 << 2,      /* the worker has told of learned:learned_port */
	LEG_LEARNED_RTCP = 1 << 3, /* … of learned:learned_rtcp_port, at the RTCP port */
	LEG_SRTP = 1 << 4,         /* with the keys in flow_tables.secure[] */
	LEG_DTLS = 1 << 5,         /* … which DTLS makes: none in the beginning */
	LEG_THROUGH = 1 << 6,      /* the other leg has the same keys: packets pass untouched */
	LEG_SECRETS = 1 << 7,      /* LEG_SRTP now or once: there is something in secure[] */
	LEG_ICE = 1 << 8,          /* remote is the nominated one, if there is one */
	LEG_BUNDLE = 1 << 9,       /* the first of those that share its transport: bundle.c */
	LEG_BUNDLED = 1 << 10,     /* a further one: all but its own flags are the first's */
	LEG_NO_FEEDBACK = 1 << 11, /* RTCP feedback is kept from it */
	LEG_UDP = 1 << 12,         /* kind udp: anything may come in */
	LEG_MEDIA = 1 << 13,       /* there is something in media[]: for both legs, to the end */
	LEG_EARLY = 1 << 14, /* without LEG_REMOTE: nothing is nominated yet, and media may come
				from remote, but not go there */
	LEG_INNER = 1 << 15, /* leg 1 of a tunnel: nothing but an inner interface */
};

/* Legs without a port of their own. */
#define LEG_PORTLESS (LEG_BUNDLED | LEG_INNER)

/* Ports in host order. */
struct leg {
	union wire_ip remote;
	union wire_ip learned;                  /* one for both: RTCP counts only from RTP's host */
	uint16_t remote_port, remote_rtcp_port; /* RTCP: 0 if there can be none */
	uint16_t learned_port, learned_rtcp_port;
	uint16_t port; /* ours; RTCP's is the next one */
	uint16_t flags;
	uint8_t address;
	uint8_t epoch; /* changes with what was learned is to be forgotten */
	uint8_t dscp;
	uint8_t latch : 2, rtcp : 2;
	uint8_t window_log2 : 4; /* of the replay window, with LEG_SECRETS */
};

enum session_life {
	LIFE_FREE,
	LIFE_RUNNING,
	LIFE_ENDING, /* out of the index and the flow table, until workers have let go */
};

/* A session's place in the table is its number in the flow tables: legs 2i and 2i + 1. */
struct session {
	struct tnd_timer idle;
	struct leg leg[SESSION_LEGS];
	uint64_t params_hash; /* of what it was created with */
	union {
		char text[ID_INLINE];
		char *far; /* malloc'd, with id_far */
	} id;
	uint32_t next;       /* in its bucket; or of the free ones */
	uint32_t generation; /* for clients: 1, one more with each update */
	uint32_t idle_timeout_s : 17;
	uint32_t life : 2; /* enum session_life */
	uint32_t id_far : 1;
	uint32_t reason : 2; /* enum end_reason, while ending */
	uint32_t worker : 8;
	uint32_t created_ds;   /* loop time, tenths of a second */
	uint32_t touched_tick; /* flow_tick() of creation or the last update */
	uint16_t incarnation;  /* of this place in the table: tells stale events */
};

/*
 * SRTP passes from one to the other as it came. Of a shared transport other sections may go
 * elsewhere, feedback is only taken out of what is opened, and only that can be recorded, cut or
 * followed by something that is played.
 */
static inline bool legs_untouched(const struct leg *a, const struct leg *b)
{
	return a->flags & LEG_THROUGH &&
	       !((a->flags | b->flags) & (LEG_BUNDLE | LEG_BUNDLED | LEG_NO_FEEDBACK | LEG_MEDIA));
}

static inline bool is_tunnel(const struct session *se)
{
	return se->leg[1].flags & LEG_INNER;
}

/* The far end may roam: where it is, authentic packets say and not ICE, once there is a pair. */
static inline bool leg_roams(const struct leg *l)
{
	return (l->flags & LEG_ICE) && l->latch == LEG_LATCH_FOLLOW;
}

/*
 * A plain call's memory: this, its bucket, its port pairs, its plans, its flow-table slots, and the
 * running halves of its legs.
 */
#define SESSION_BYTES                                                                              \
	(sizeof(struct session) + 2 * sizeof(uint32_t) + SESSION_LEGS * sizeof(uint16_t) +         \
	 FLOW_PLANS_PER_SESSION * sizeof(struct flow_plan) + 2 * SESSION_LEGS * sizeof(uint32_t) + \
	 SESSION_LEGS * sizeof(struct flow_leg_rt))
_Static_assert(SESSION_BYTES <= 1024, "a plain session takes 1 KiB at most");

enum end_reason { END_DELETED, END_TIMEOUT };

/* Plan cells on their way back to the pool, and what happens when they are there. */
struct retired {
	uint64_t token; /* flow_grace_start() */
	uint32_t cell[FLOW_PLANS_PER_SESSION];
	uint32_t session;           /* the session that ends with them, or SESSION_NONE */
	struct secure_step *secure; /* keys that go with them, or NULL */
	session_done_fn done;
	void *arg;
};

/* FIFO, power of two. */
struct retired_queue {
	struct retired *item;
	uint32_t size, head, count;
};

/* Moves of a tunnel's far end: roam.c */
struct roam {
	uint64_t paid_ms;       /* until then, for those there were */
	struct flow_event held; /* the latest, while the timer runs */
	struct tnd_timer timer;
};

/* What is wanted of a tunnel's inner side. */
struct tunnel_settings {
	struct leg_inner in;
	bool begins; /* in sessions.begin */
	struct roam roam;
};

struct sessions {
	struct host *h;
	struct session *table; /* [limit] */
	uint32_t *bucket;      /* first session of each, SESSION_NONE */
	uint32_t bucket_mask, limit, active;
	uint32_t free_head;
	struct siphash_key key;
	struct ports ports;
	uint32_t *worker_load; /* sessions of each worker */
	char **made;           /* [SESSION_LEGS * limit] */
	/* [SESSION_LEGS * limit], paged in as it is used. NULL: plain, or SDES, in no bundle. */
	struct leg_transport **transport;
	struct tnd_list due;           /* of them, those whose far end may be another */
	uint32_t hellos_kept;          /* transport_offer.c */
	struct tunnel_settings *inner; /* [limit]: of sessions with LEG_INNER */
	uint32_t *begin; /* [limit]: those of them that their worker is still to be told of */
	uint32_t begins;
	struct dtls_context *dtls;
	struct loop_poller dtls_poller;
	struct slabs slabs; /* of keys and their running halves */
	uint32_t secured;   /* legs with keys */
	struct retired_queue retired;
	struct loop_poller poller;
	bool draining;
	void (*ended_fn)(void *arg, const char *id); /* sessions_watch() */
	void *ended_arg;
	struct tnd_list observers;
	uint64_t (*idle_fn)(void *arg, const char *id); /* sessions_watch_idle() */
	void *idle_arg;
	uint64_t tokens; /* TOKENS_PER_SESSION for a creation */
	uint64_t tokens_at_ms;
	uint64_t created, ended, timed_out, updated, refused, latched, rekeyed;
	struct tnd_buf text, report; /* in the making: an event, a final report */
};

/* ---- table.c: places and ids ---- */

const char *session_id(const struct session *se);
struct session *table_find(struct sessions *s, const char *id);
/* A place with that id, in the index; SESSION_TABLE_FULL or SESSION_NO_MEMORY. */
enum session_fault table_add(struct sessions *s, const char *id, struct session **out);
void table_unlink(struct sessions *s, struct session *se);  /* out of the index */
void table_release(struct sessions *s, struct session *se); /* and its place is free */

static inline uint32_t session_index(const struct sessions *s, const struct session *se)
{
	return (uint32_t)(se - s->table);
}

/* ---- params.c ---- */

enum session_fault session_fault_set(struct session_error *err, enum session_fault f,
				     const char *path, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
enum session_fault session_not_found(struct session_error *err);
enum session_fault session_no_memory(struct session_error *err);
/* What publish_make() could not do. */
enum session_fault session_publish_fault(const struct sessions *s, const struct session *se, int rc,
					 unsigned int leg, struct session_error *err);

enum session_fault params_check(const struct sessions *s, const struct session_params *params,
				struct session_error *err);
enum session_fault params_check_remote(const struct sessions *s, unsigned int i, uint16_t address,
				       uint8_t rtcp, const struct leg_remote *r,
				       struct session_error *err);
enum session_fault params_check_transport(unsigned int i, bool ice, bool dtls, bool udp,
					  uint8_t rtcp, struct session_error *err);
/* `roams`: leg 0 of a tunnel, with keys. */
enum session_fault params_check_latch(unsigned int i, bool ice, bool roams, uint8_t latch,
				      struct session_error *err);
uint64_t params_hash(const struct sessions *s, const struct session_params *params);
void legs_init(struct leg l[SESSION_LEGS], const struct session_params *params);
void leg_set_remote(struct leg *l, const struct leg_remote *r);
void leg_clear_remote(struct leg *l);
void session_fill_answer(const struct sessions *s, const struct session *se,
			 struct session_answer *a);

/* ---- publish.c: the only writer of the flow table ---- */

/* The plans of a session, made but not published: [leg][0] RTP, [leg][1] see publish.c. */
struct plans {
	uint32_t cell[SESSION_LEGS][2];
};

/*
 * Make the plans of a session from its legs. -ENOSPC: no cells; else with *leg the leg whose
 * far end can't be reached: -ENETUNREACH, -EINVAL, or -ENOBUFS, the neighbour table being full.
 */
int publish_make(struct sessions *s, const struct session *se, struct plans *out,
		 unsigned int *leg);
/* Let these take effect, slot after slot; `old` is what was there. */
void publish_swap(struct sessions *s, const struct session *se, const struct plans *plans,
		  uint32_t old[FLOW_PLANS_PER_SESSION]);
/* Take the session out of the flow table. */
void publish_clear(struct sessions *s, const struct session *se,
		   uint32_t old[FLOW_PLANS_PER_SESSION]);
/* Cells that no worker looks at any more: their next hops and they are free. */
void publish_free(struct sessions *s, const uint32_t *cell, unsigned int count);

/* ---- republish.c ---- */

/* New plans of a session, and of those that are bundled on it. */
struct republish {
	unsigned int count;
	struct session *session[1 + BUNDLE_MAX];
	struct plans plans[1 + BUNDLE_MAX];
};

/* Of its legs as they stand. As publish_make(), and -ENOMEM; then republish_undo() is due. */
int republish_make(struct sessions *s, struct session *se, struct republish *r, unsigned int *leg);
/* It was made, and is not to be. */
void republish_drop(struct sessions *s, struct republish *r);
/* The session's legs are as they were before: bundled ones too. */
void republish_undo(struct sessions *s, struct session *se);
/* Let them take effect; `step` (or NULL) goes with what they replace. */
void republish_swap(struct sessions *s, const struct republish *r, struct secure_step *step);

/* ---- move.c: another port for a leg ---- */

enum session_fault move_check(const struct session *se, unsigned int leg, uint16_t address,
			      const struct sessions *s, struct session_error *err);
/* The leg has it, and nobody knows yet. On a fault it is as it was. */
enum session_fault move_take(struct sessions *s, struct session *se, unsigned int leg,
			     uint16_t address, struct session_error *err);
/* Ports that legs have taken since `before` are free again: the session is about to be as it was.
 */
void move_undo(struct sessions *s, const struct session *se, const struct leg before[SESSION_LEGS]);
/* … are published: those before are given up. Takes an item of retire_reserve() for each. */
void move_commit(struct sessions *s, const struct session *se,
		 const struct leg before[SESSION_LEGS]);

/* ---- retire.c: after the grace period ---- */

int retire_reserve(struct sessions *s, unsigned int n); /* room for n more: 0 or -ENOMEM */
void retire_push(struct sessions *s, const struct retired *r);
/* A session's end, pushed lately, waits for one more grace period, from now on. */
void retire_renew(struct sessions *s, uint32_t session);
/* Complete those whose grace period is over; true while some are pending. */
bool retire_poll(struct sessions *s);
/* Workers have stopped: all keys that wait. */
void retire_free(struct sessions *s);

/* ---- learn.c: what workers tell ---- */

/* Act on events of the workers; true if there may be more. */
bool learn_poll(struct sessions *s);
void leg_forget_learned(struct leg *l);
/* A far end has moved, a worker said. */
void learn_moved(struct sessions *s, const struct flow_event *ev);

/* ---- roam.c: of tunnels ---- */

/* May the far end move now? False: learn_moved() comes again, unless a later move comes before. */
bool roam_allows(struct sessions *s, const struct session *se, const struct flow_event *ev);
void roam_begin(struct sessions *s, const struct session *se); /* of a new session */
/* It is where the last move has led: none is held any more. */
void roam_end(struct sessions *s, const struct session *se);

/* ---- end.c: idle and ended sessions ---- */

void idle_start(struct sessions *s, struct session *se);
enum session_fault session_end(struct sessions *s, struct session *se, enum end_reason reason,
			       session_done_fn done, void *arg);
/* Out of retire_poll(): report, tell, and give everything back. */
void session_finish(struct sessions *s, struct session *se, session_done_fn done, void *arg);

/* ---- media.c ---- */

/* By which plans RTP of its legs goes, 0 if by none, for those who make packets of their own. */
void media_publish(const struct sessions *s, const struct session *se, const struct plans *plans);
/* A player has ended. */
void media_played(struct sessions *s, const struct flow_event *ev);
/* Adds what was sent on behalf of leg i beyond what it sent. */
void media_sent(const struct sessions *s, const struct session *se, unsigned int i,
		uint64_t *packets, uint64_t *bytes);
/* Workers have let go of the session. */
void media_end(const struct sessions *s, const struct session *se);

/* ---- inner.c ---- */

/* Of a session that is to be one: leg 1's settings, and what they ask of leg 0. */
enum session_fault inner_check(const struct sessions *s, const struct session_params *params,
			       struct session_error *err);
enum session_fault inner_check_change(const struct sessions *s, const struct session *se,
				      unsigned int i, const struct leg_change *c,
				      struct session_error *err);
/* For params_hash(). */
uint64_t inner_params_hash(const struct sessions *s, const struct leg_inner *in);
/* Of a new session. SESSION_OK, also if it is no tunnel; SESSION_NO_MEMORY: no random numbers. */
enum session_fault inner_make(struct sessions *s, const struct session *se,
			      const struct leg_inner *in, struct session_error *err);
/* Settings of a tunnel, as they are to be from the next inner_store() on. False: as they are. */
bool inner_set(struct sessions *s, const struct session *se, const struct leg_inner *in);
/* To where workers look, with what keys and underlay make of them. */
void inner_store(const struct sessions *s, const struct session *se);
/* The session is there: its worker looks after it. */
void inner_begin(struct sessions *s, const struct session *se);
bool inner_poll(struct sessions *s); /* those that are left; true while there are any */
/* Workers have let go of the session. */
void inner_end(struct sessions *s, const struct session *se);
/* Members of leg 1's report beside those of every leg. */
void inner_write(const struct sessions *s, const struct session *se, struct tnd_buf *b);

/* ---- observe.c ---- */

void observe_ended(struct sessions *s, const struct session *se);
void observe_event(struct sessions *s, const struct flow_event *ev);
/* Leg i's far end has been learned. */
void observe_moved(struct sessions *s, const struct session *se, unsigned int i, bool first);
/* Leg i's far end has closed its DTLS association. */
void observe_closed(struct sessions *s, const struct session *se, unsigned int i);

/* ---- report.c ---- */

/* Milliseconds since a flow's latest packet; UINT64_MAX if none came yet. */
uint64_t flow_silent_ms(const struct sessions *s, const struct flow_rt *rt);

enum session_state session_state(const struct sessions *s, const struct session *se);
double session_age_s(const struct sessions *s, const struct session *se);
void session_write(const struct sessions *s, const struct session *se, struct tnd_buf *b,
		   const char *key);
/* Where the far end of leg i is to send. */
void session_locals(const struct sessions *s, const struct session *se, unsigned int i,
		    struct session_endpoint *local, struct session_endpoint *rtcp);
/* Tell of an event; `b` (s->text) is closed and zero-ended by it. */
void session_notify(struct sessions *s, const char *type, struct tnd_buf *b);

#endif
