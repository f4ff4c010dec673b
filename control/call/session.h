/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions: a call with two legs. What a front end (the JSON API, later SDP and others) may do
 * with them. All for the control lcore.
 *
 * Every change is checked whole, then carried out whole: on any fault nothing has changed.
 * Nothing here waits for a worker: where one must have let go first, the answer comes from a
 * callback, out of the loop.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "buf.h"
#include "host.h"
#include "list.h"
#include "sdes.h"
#include "srtp.h"

#define SESSION_LEGS       2
#define SESSION_ID_MAX     128 /* bytes */
#define SESSION_DSCP_KEEP  0xff
#define SESSION_IDLE_MAX_S 86400
#define LEG_FINGERPRINTS   8 /* of one far end: a certificate by several hashes, or several */
#define LEG_CANDIDATES     5 /* of our own, for one leg */

struct sessions;

/* In the order of the schema's enums. */
/* Host: the signalled address, from any port; nothing is learned. */
enum leg_latch { LEG_LATCH_STRICT, LEG_LATCH_ONCE, LEG_LATCH_FOLLOW, LEG_LATCH_HOST };
enum leg_rtcp { LEG_RTCP_NEXT, LEG_RTCP_MUX, LEG_RTCP_NONE };
enum leg_kind { LEG_KIND_RTP, LEG_KIND_UDP };
enum leg_security_type { LEG_SECURITY_NONE, LEG_SECURITY_SDES, LEG_SECURITY_DTLS };
enum leg_setup { LEG_SETUP_PASSIVE, LEG_SETUP_ACTIVE, LEG_SETUP_ACTPASS };
/* As it is: in updates only. */
enum leg_ice_mode { LEG_ICE_NONE, LEG_ICE_LITE, LEG_ICE_FULL, LEG_ICE_AS_IS };
enum leg_ice_role { LEG_ICE_CONTROLLED, LEG_ICE_CONTROLLING };
enum session_state { SESSION_WAITING, SESSION_ONE_WAY, SESSION_ACTIVE };

/* Why not. Front ends turn it into their protocol's error. */
enum session_fault {
	SESSION_OK,
	SESSION_NOT_FOUND,
	SESSION_CONFLICT,
	SESSION_WRONG_STATE, /* draining */
	SESSION_NO_PORTS,
	SESSION_TABLE_FULL, /* of sessions, plans or neighbours */
	SESSION_NO_MEMORY,
	SESSION_LIMIT,
	SESSION_BAD_PARAMS, /* `path` names the parameter */
	SESSION_UNSUPPORTED,
};

struct session_error {
	enum session_fault fault;
	char path[64]; /* JSON pointer from the params on: "/legs/0/remote"; "" if none is at fault
			*/
	char reason[192];
};

/* A far end, as signalled. */
struct leg_remote {
	union wire_ip ip;
	uint16_t port;
	uint16_t rtcp_port; /* 0: port + 1 */
};

/* As behind `a=fingerprint:` (RFC 8122): "sha-256", "AB:CD:…". Valid during the call. */
struct leg_fingerprint {
	const char *hash, *value;
};

/*
 * Keys by DTLS (RFC 5763, RFC 5764). In an update, what is not given stays; another setup, other
 * fingerprints, other profiles or `renew` mean a new association (RFC 8842 §3.1), while media
 * goes on under the old keys until there are new ones.
 */
struct leg_dtls {
	bool has_setup;
	uint8_t setup; /* enum leg_setup of ours; actpass: the far end decides; default passive */
	bool renew;    /* a new association although nothing else is new; updates only */
	uint8_t fingerprint_count; /* 0: not known yet: no keys until it is */
	struct leg_fingerprint fingerprint[LEG_FINGERPRINTS];
	uint8_t profile_count;               /* 0: the configured ones */
	uint8_t profile[SRTP_PROFILE_COUNT]; /* enum srtp_profile, the best first */
};

/*
 * How a leg is protected. Keys are secrets: whoever fills this in wipes it. A key without
 * bytes is one that was not given: with master_len 0, MKI and lifetime are for a local key that
 * is made here.
 */
struct leg_security {
	uint8_t type;    /* enum leg_security_type */
	uint16_t window; /* packets, a power of two; 0: the configured one, or as it is */
	/* With SDES. */
	bool has_profile;
	uint8_t profile;               /* enum srtp_profile */
	uint32_t tag;                  /* of the crypto attribute; 0: 1, or as it is */
	struct sdes_key local, remote; /* for what is sent to the leg; for what comes from it */
	/* With DTLS. */
	struct leg_dtls dtls;
};

/*
 * ICE on a leg (RFC 8445), one component: it needs rtcp "mux" or "none", latch "strict" (of tunnels
 * with keys "follow" too: session_inner.h), and no `remote`, since the far end is the nominated
 * one. Text is zero-ended and valid during the call. In an update, candidates are added to those
 * there are (trickle); another mode makes a new agent, LEG_ICE_NONE takes it away.
 */
struct leg_ice {
	uint8_t mode;  /* enum leg_ice_mode */
	bool has_role; /* default: controlling if the far end is lite, or not known at creation */
	uint8_t role;  /* enum leg_ice_role; lite is controlled */
	const char *ufrag, *pwd; /* the far end's, both or NULL; other ones than before: it has
				    restarted, and so do we */
	bool remote_lite;
	/* Begin anew with credentials of our own (updates only), once: the answer has them. */
	bool restart;
	bool end_of_candidates;
	unsigned int candidate_count;
	const char *const *candidate; /* "candidate:…", "a=candidate:…" */
};

/*
 * Several sessions over one transport (RFC 8843). The session of the first media section has the
 * transport; the leg of the same number of each further one names it here, and has no port,
 * ICE or security of its own; `address`, `rtcp` and `latch` are not looked at. Legs that share a
 * transport tell their payload types, all of them different. The transport's session is not bundled
 * itself; those that are end with it, and none of them for want of media while another one has
 * some.
 */
struct leg_bundle {
	const char *transport;     /* id of the transport's session; NULL: the leg has its own */
	uint64_t payload_types[2]; /* bit n % 64 of [n / 64]; none: the leg is in no bundle */
};

/*
 * Leg 1 as the inner side of a tunnel (session_inner.h): of its leg_params nothing else is looked
 * at. Leg 0 then takes no RTCP (rtcp "mux" or "none") and is of kind rtp.
 */
struct leg_inner {
	bool on;
	bool pt_strict;       /* packets of another payload type are dropped */
	bool mss_clamp;       /* TCP's MSS is lowered to what fits, both ways */
	uint8_t payload_type; /* sent and expected; 0-127 */
	uint8_t families;     /* 1: IPv4, 2: IPv6; 0: both */
	uint16_t iface;       /* the inner interface: index of flow_tables.iface */
	uint16_t mtu; /* of the largest inner packet, 576 at least; 0: as much as fits outside. More
			 than fits is lowered to what does */
	uint16_t keepalive_ms; /* without an IP packet sent, until one byte is; 0: 1000 */
};

struct leg_params {
	struct leg_remote remote; /* with has_remote */
	bool has_remote;
	bool hold;
	uint16_t address;          /* index into the configuration's */
	uint8_t latch, rtcp, kind; /* enum leg_latch, leg_rtcp, leg_kind */
	uint8_t dscp;              /* of what is sent to this leg; SESSION_DSCP_KEEP */
	bool no_feedback;          /* takes no RTCP feedback (RFC 4585): it is left out */
	struct leg_security security;
	struct leg_ice ice;
	struct leg_bundle bundle;
	struct leg_inner inner; /* leg 1 only */
};

struct session_params {
	const char *id;          /* 1..SESSION_ID_MAX bytes */
	uint32_t idle_timeout_s; /* 0: never */
	struct leg_params leg[SESSION_LEGS];
};

/* What an update changes; the rest stays. */
struct leg_change {
	bool set_remote;
	bool has_remote; /* with set_remote: false takes it away */
	struct leg_remote remote;
	bool set_latch, set_rtcp, set_hold, set_dscp;
	bool hold;
	uint8_t latch, rtcp, dscp;
	bool set_feedback, no_feedback;
	bool set_security;
	struct leg_security security;
	bool set_ice;
	struct leg_ice ice;
	/* payload_types are new; `transport` may be repeated, but can't change. */
	bool set_bundle;
	struct leg_bundle bundle;
	/*
	 * Another port pair, of the same worker, at `address` (an index into the configuration's),
	 * which may be where it was. What its far end had taught is forgotten, and a remote of the
	 * other family that is not set anew; the old port is free at once. Not in a session with
	 * ICE, DTLS or a bundle.
	 */
	bool set_port;
	uint16_t address;
	/* All settings of leg 1 anew, the interface as it is; a session is a tunnel from the
	 * beginning, or never. */
	bool set_inner;
	struct leg_inner inner;
};

struct session_change {
	const char *id;
	bool if_generation_set;
	uint64_t if_generation;
	bool set_idle_timeout;
	uint32_t idle_timeout_s;
	struct leg_change leg[SESSION_LEGS];
};

/* An address and port to tell others: the advertised IP. port 0: there is none. */
struct session_endpoint {
	union wire_ip ip;
	uint16_t port;
};

/* {"ip", "port"}, or null. */
void session_w_endpoint(struct tnd_buf *b, const char *key, const struct session_endpoint *e);

/* What to tell the far end of our side of a leg. */
struct session_ice {
	bool on; /* the rest is valid */
	bool lite;
	char ufrag[33], pwd[65];
	unsigned int candidate_count;
	char candidate[LEG_CANDIDATES][192]; /* "candidate:…" */
};

struct session_dtls {
	bool on;
	uint8_t setup;         /* enum leg_setup */
	char hash[16];         /* "sha-256" */
	char fingerprint[192]; /* "AB:CD:…" */
};

/* The answer to create and update. */
struct session_answer {
	bool created;
	uint32_t generation;
	uint16_t worker;
	struct {
		struct session_endpoint local, rtcp;
		const char *profile; /* NULL: not encrypted, or not asked about */
		/* The crypto attribute of a key made here, until the session changes; or NULL. */
		const char *crypto;
		/* Of a bundled leg: its transport's, as `local` and `rtcp` are. */
		struct session_ice ice;
		struct session_dtls dtls;
	} leg[SESSION_LEGS];
};

/*
 * Room for the configured limit of sessions, and the certificate for DTLS; takes events of the
 * workers from now on. The host outlives it. 0, -ENOMEM, or what is wrong with the certificate
 * (logged).
 */
int sessions_create(struct sessions **out, struct host *h);
/* Without a word to anybody; workers have stopped. Pending callbacks are not called. */
void sessions_free(struct sessions *s);
/*
 * The daemon ends, while workers still run: far ends of DTLS are told so (close_notify), before
 * this returns; after half a second no more are. Nothing but sessions_free() may follow.
 */
void sessions_goodbye(struct sessions *s);

/* SESSION_OK and the answer, or the fault and where and why. */
enum session_fault session_create(struct sessions *s, const struct session_params *params,
				  struct session_answer *answer, struct session_error *err);
enum session_fault session_update(struct sessions *s, const struct session_change *change,
				  struct session_answer *answer, struct session_error *err);

/*
 * End a session. SESSION_OK: it can't be found any more, and `done` will be called with its
 * final report (the JSON of session.get) once workers have let go of it.
 */
typedef void (*session_done_fn)(void *arg, const char *report, size_t len);
enum session_fault session_delete(struct sessions *s, const char *id, session_done_fn done,
				  void *arg, struct session_error *err);
/* A front end's: called with the id of each session that has just ended, for any reason. */
void sessions_watch(struct sessions *s, void (*ended)(void *arg, const char *id), void *arg);

/*
 * Whoever else wants to know of sessions: called while `se`, out of the index by then, still has
 * its number in the flow tables (`index`); from inside session_delete() or the loop. Callbacks
 * may do anything but take observers away. The memory is the caller's.
 */
struct session_observer {
	struct tnd_list link;
	/* It has just ended; workers may not know it yet. NULL: not of interest. */
	void (*ended)(struct session_observer *o, uint32_t index, const char *id, bool timed_out);
	/* What a worker tells that is not call/'s own matter; `id` of the running session that it
	 * is about, or NULL where that has ended. */
	void (*event)(struct session_observer *o, const struct flow_event *ev, const char *id);
	/* The far end of a leg with latch once or follow is here: `first`, it was heard for the
	 * first time since it was signalled; else it has moved. It is sent to there already. */
	void (*moved)(struct session_observer *o, uint32_t index, const char *id, unsigned int leg,
		      const struct session_endpoint *to, bool first);
	/* The far end of a leg has closed its DTLS association (close_notify, RFC 5246 §7.2.1):
	 * nothing passes there any more. The session goes on, unless somebody ends it now. */
	void (*closed)(struct session_observer *o, uint32_t index, const char *id,
		       unsigned int leg);
};
/* Where a leg's far end is to send; port 0 with a session or leg that isn't there. */
void session_leg_local(struct sessions *s, const char *id, unsigned int leg,
		       struct session_endpoint *local);

void sessions_observe(struct sessions *s, struct session_observer *o);
void sessions_unobserve(struct session_observer *o);

/*
 * The front end's of sessions_watch(): asked before a session ends for want of media how long
 * others that belong to it have been without, in ms (UINT64_MAX: none does).
 */
void sessions_watch_idle(struct sessions *s, uint64_t (*idle)(void *arg, const char *id),
			 void *arg);
/* How long a session, with those bundled on it, has been without media; UINT64_MAX: no such one. */
uint64_t session_idle_ms(struct sessions *s, const char *id);
/* Call no `done` that is still pending; the sessions end all the same. */
void sessions_forget_callers(struct sessions *s);

/* The result of session.get is added to `out`, as member `key` or, NULL, on its own. */
enum session_fault session_report(struct sessions *s, const char *id, struct tnd_buf *out,
				  const char *key, struct session_error *err);

/*
 * One after the other: starts at *cursor = 0, moves it on; false at the end. It looks at no
 * more than `budget` slots (counted down), and with none left returns true with id NULL.
 */
struct session_info {
	const char *id; /* until the session ends */
	enum session_state state;
	uint32_t generation;
	double age_s;
};
bool session_next(struct sessions *s, uint32_t *cursor, uint32_t *budget, struct session_info *out);

/* Draining: existing sessions go on, session_create() answers SESSION_WRONG_STATE. */
void sessions_set_draining(struct sessions *s, bool on);
bool sessions_draining(const struct sessions *s);

/* Since start; and what there is now. */
struct sessions_stats {
	uint64_t created, ended, timed_out, updated, refused, latched;
	uint64_t rekeyed;      /* keys of legs replaced, in running sessions */
	uint64_t secure_bytes; /* in use for keys and their running halves */
	uint32_t active, limit;
	uint32_t secured; /* legs with keys */
	uint32_t plans_free, plans_total;
};
void sessions_stats(const struct sessions *s, struct sessions_stats *out);
/* What all handshakes did: dtls.h. Valid while `s` is. */
struct dtls_counters;
const struct dtls_counters *sessions_dtls(const struct sessions *s);
/* Port pairs of an address that no session holds. */
uint32_t sessions_ports_free(const struct sessions *s, uint16_t address);

/* Sessions that a worker owns. */
uint32_t sessions_of_worker(const struct sessions *s, uint16_t worker);

#endif
