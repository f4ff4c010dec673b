/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a leg needs beside its plans where the far end is more than an address: an ICE agent, a
 * DTLS endpoint, its place in a bundle. Inside of call/.
 *
 *	transport.c	 the table, what arrives and what is sent, changes as a whole
 *	transport_ice.c	 the agent: what is asked of it, what it tells
 *	transport_dtls.c the endpoint, likewise, and the keys that it makes
 *	transport_offer.c what comes between an offer of ours and its answer
 *	bundle.c	 legs that share one transport
 *
 * Most legs have none. A bundled leg has one of its own for its payload types alone, and names
 * the leg whose transport it uses in `head`.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "dtls.h"
#include "flow.h"
#include "ice.h"
#include "session.h"
#include "timer.h"

struct sessions;
struct session;
struct leg;
struct udp_datagram;

#define NO_LEG UINT32_MAX

/* Of a DTLS endpoint, as it was last told: an update gives only what is to change. */
struct dtls_kept {
	uint8_t setup; /* enum dtls_setup */
	uint8_t profile_count, fingerprint_count;
	uint8_t profile[DTLS_PROFILES];
	struct dtls_fingerprint *fingerprint; /* malloc'd */
};

struct leg_transport {
	struct sessions *s;
	struct ice_agent *ice;      /* or NULL */
	struct dtls_endpoint *dtls; /* or NULL */
	/* The datagram that ice_input() is looking at: its answer takes the way that it came. */
	const struct udp_datagram *answering;
	struct tnd_list due;    /* in sessions.due: the far end may be another */
	struct tnd_timer retry; /* … and plans for it could not be made */
	struct dtls_kept kept;
	uint64_t payload_types[2]; /* in a bundle */
	uint32_t leg;              /* number in the flow tables */
	uint32_t head;             /* whose transport it uses; its own: `leg` */
	uint32_t *section;         /* [FLOW_BUNDLE_SECTIONS] legs, NO_LEG; of a bundle's head */
	uint8_t place;             /* in head's section[] */
	bool offered;              /* session_offered() */
	struct hello_kept *hello;  /* ClientHellos that were faster than an answer; or NULL */
	bool live;                 /* the session is there: tell of states */
};

/*
 * A change on its way: what it needs is all there before anything changes, as with secure_step.
 */
struct transport_step {
	struct transport_leg_step {
		const struct leg_ice *want_ice; /* for an agent that is there */
		struct leg_transport *made;     /* the leg had none */
		struct ice_agent *ice;
		struct dtls_endpoint *dtls;
		struct dtls_kept kept;
		bool changes;    /* anything that clients see */
		bool sets_ice;   /* `ice`, or NULL: none any more */
		bool sets_dtls;  /* likewise */
		bool sets_kept;  /* for the endpoint that is there, or the new one */
		bool handshakes; /* the endpoint that is there begins another one */
		bool sets_bundle;
		uint64_t payload_types[2];
		uint32_t head;
		uint32_t *section; /* for a leg that becomes a head */
	} leg[SESSION_LEGS];
};

/* ---- transport.c ---- */

int transport_create(struct sessions *s); /* 0 or -errno, logged */
/* After all sessions' transport_end(). */
void transport_free(struct sessions *s);

/* NULL: it has none. */
struct leg_transport *transport_of(const struct sessions *s, const struct session *se,
				   unsigned int i);
/* That whose agent and endpoint count: a bundled leg's is the bundle's head's. */
struct leg_transport *transport_head(const struct sessions *s, const struct session *se,
				     unsigned int i);
/* One that is in no table yet, nothing in it; and the end of it, with all that is in it. */
struct leg_transport *transport_new(struct sessions *s, uint32_t leg);
void transport_discard(struct leg_transport *t);
/* Number of a leg in the flow tables. */
uint32_t transport_index(const struct sessions *s, const struct session *se, unsigned int i);
struct session *transport_session(const struct leg_transport *t);
struct leg *transport_leg(const struct leg_transport *t);

/* Workers have let go of the session. */
void transport_end(struct sessions *s, struct session *se);

/* From the leg's local address and port. */
void transport_send(struct leg_transport *t, const union wire_ip *ip, uint16_t port,
		    const void *data, size_t len);
/*
 * The leg's far end may be another: plans of all that use this transport, later in this turn, or
 * at once where a check is about to be answered.
 */
void transport_publish(struct leg_transport *t);
void transport_publish_now(struct leg_transport *t);
void transport_poll(struct sessions *s);
/* Authentic media has said where the far end of a leg that roams is: its agent and endpoint go on
 * there. */
void transport_follow(struct sessions *s, const struct session *se, unsigned int i);
/* Begin an event of this leg in s->text: {"id", "leg". */
struct tnd_buf *transport_event(struct leg_transport *t);

/* ---- transport_step.c ---- */

/*
 * What the members of `want` mean; NULL: as it is. The legs' flags and ports stand already. On a
 * fault nothing is to be undone, otherwise transport_commit() or transport_abort() comes next.
 */
struct transport_want {
	const struct leg_security *security;
	const struct leg_ice *ice;
	const struct leg_bundle *bundle;
};
enum session_fault transport_prepare(struct sessions *s, const struct session *se,
				     const struct transport_want want[SESSION_LEGS],
				     struct transport_step *step, struct session_error *err);
/* What agents and endpoints that are there are told; the last that can fail. */
enum session_fault transport_tell(struct sessions *s, const struct session *se,
				  struct transport_step *step, struct session_error *err);
/* Is there anything new, as clients see it? */
bool transport_changes(const struct transport_step *step);
/* Before the plans that need it are published. */
void transport_commit(struct sessions *s, struct session *se, struct transport_step *step);
/* Behind them: states are told, handshakes begin. `step` NULL: the session is new. */
void transport_begin(struct sessions *s, struct session *se, const struct transport_step *step);
void transport_abort(struct sessions *s, struct transport_step *step);

/* For params_hash(). */
uint64_t transport_params_hash(const struct sessions *s, const struct leg_params *p);
void transport_answer(const struct sessions *s, const struct session *se, unsigned int i,
		      struct session_answer *a);

/* ---- transport_ice.c ---- */

/* `on`: the leg has ICE; `known`: the far end's credentials are. */
enum session_fault ice_want_check(const struct leg_ice *want, bool on, bool known, unsigned int leg,
				  struct session_error *err);
/* An agent for a leg that has none, or another one. */
enum session_fault ice_want_make(struct leg_transport *t, uint16_t address, uint16_t port,
				 const struct leg_ice *want, struct ice_agent **out,
				 struct session_error *err);
/* Tell an agent of the far end. *changed: anything new. 0 or -ENOMEM. */
int ice_want_tell(struct ice_agent *a, const struct leg_ice *want, bool *changed);
void ice_want_answer(const struct ice_agent *a, struct session_ice *out);
/* Its state as an event, unless it is new. */
void ice_tell(struct leg_transport *t);
/* Member "ice" of a leg. */
void ice_write(const struct leg_transport *t, struct tnd_buf *b);

/* ---- transport_offer.c: between an offer of ours and its answer ---- */

/* The agent and the endpoint know whether there is one. */
void offer_tell(struct leg_transport *t);
/* A datagram of nobody in particular: if it begins a handshake, it may be the one who answers. */
void offer_keep_hello(struct leg_transport *t, const struct udp_datagram *d);
/* The far end is known: what it has begun goes on. */
void offer_take_hellos(struct leg_transport *t);
void offer_drop_hellos(struct leg_transport *t);

/* ---- transport_dtls.c ---- */

/* `kept`: parameters of the endpoint that is there, or NULL. `out` is filled, changed or not. */
enum session_fault dtls_want_read(const struct sessions *s, const struct dtls_kept *kept,
				  const struct leg_dtls *want, unsigned int leg,
				  struct dtls_kept *out, struct session_error *err);
/* Of the same far end: the same fingerprints? And all the same? */
bool dtls_kept_same_peer(const struct dtls_kept *a, const struct dtls_kept *b);
bool dtls_kept_equal(const struct dtls_kept *a, const struct dtls_kept *b);
void dtls_kept_free(struct dtls_kept *k);
enum session_fault dtls_want_make(struct leg_transport *t, const struct dtls_kept *k,
				  struct dtls_endpoint **out, struct session_error *err);
int dtls_want_tell(struct dtls_endpoint *ep, const struct dtls_kept *k);
/*
 * The far end is where the leg has it: a handshake under way goes on toward there, and one that is
 * for us to begin begins; `anew`: also beside keys in use.
 */
void dtls_move(struct leg_transport *t, bool anew);
void dtls_arrived(struct leg_transport *t, const struct udp_datagram *d);
/* One that came before it was known whether it may. */
void dtls_arrived_early(struct leg_transport *t, const struct dtls_addr *from, const void *data,
			size_t len);
/* Where the handshake came from, if the agent may still select that; else as it is. */
void dtls_source(const struct leg_transport *t, struct ice_addr *from);
void dtls_want_answer(const struct leg_transport *t, struct session_dtls *out);
/* Members of "security" of a leg. */
void dtls_write(const struct leg_transport *t, struct tnd_buf *b);

/* ---- bundle.c ---- */

static inline bool bundle_types(const struct leg_bundle *b)
{
	return (b->payload_types[0] | b->payload_types[1]) != 0;
}

/* Is it possible, for a session that is not there yet? */
enum session_fault bundle_check(const struct sessions *s, const struct session_params *params,
				struct session_error *err);
/* The same for other payload types of a leg that is there. */
enum session_fault bundle_check_types(const struct sessions *s, const struct session *se,
				      unsigned int i, const struct leg_bundle *want,
				      struct session_error *err);
/* The worker that a new session must be on: that of its transports; -1: any. */
int bundle_worker(const struct sessions *s, const struct session_params *params);

/* Bundled legs of `se` take over what is their heads': at creation, and whenever those changed. */
void bundle_init(struct sessions *s, struct session *se, const struct session_params *params);
void bundle_sync(struct sessions *s, struct session *se);

/* Into `step`, for a leg that is to have these payload types; then it has them. */
enum session_fault bundle_prepare(struct leg_transport *t, const struct leg_bundle *want,
				  struct transport_leg_step *step, struct session_error *err);
void bundle_commit(struct leg_transport *t, struct transport_leg_step *step);
/* No payload type leads there any more. */
void bundle_leave(struct leg_transport *t);

/* Where a bundle's plan of this leg is named; NULL: the leg is in none. */
uint32_t *bundle_plan(const struct sessions *s, const struct session *se, unsigned int i);
/* Keys of a bundle's head, to those who seal for it. */
void bundle_keys(struct sessions *s, uint32_t leg);

/* The first place at `from` or behind that is taken; FLOW_BUNDLE_SECTIONS: none. */
unsigned int bundle_next(const struct leg_transport *head, unsigned int from);
/* The sessions bundled on `se`, each once. */
#define BUNDLE_MAX (SESSION_LEGS * (FLOW_BUNDLE_SECTIONS - 1))
unsigned int bundle_sessions(const struct sessions *s, const struct session *se,
			     struct session *out[BUNDLE_MAX]);
/* Member "bundle" of a leg. */
void bundle_write(const struct leg_transport *t, struct tnd_buf *b);

#endif
