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
#include "sdes.h"
#include "srtp.h"

#define SESSION_LEGS       2
#define SESSION_ID_MAX     128 /* bytes */
#define SESSION_DSCP_KEEP  0xff
#define SESSION_IDLE_MAX_S 86400

struct sessions;

/* In the order of the schema's enums. */
enum leg_latch { LEG_LATCH_STRICT, LEG_LATCH_ONCE, LEG_LATCH_FOLLOW };
enum leg_rtcp { LEG_RTCP_NEXT, LEG_RTCP_MUX, LEG_RTCP_NONE };
enum leg_kind { LEG_KIND_RTP, LEG_KIND_UDP };
enum leg_security_type { LEG_SECURITY_NONE, LEG_SECURITY_SDES };
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

/*
 * How a leg is protected. Keys are secrets: whoever fills this in wipes it. A key without
 * bytes is one that was not given: with master_len 0, MKI and lifetime are for a local key that
 * is made here.
 */
struct leg_security {
	uint8_t type; /* enum leg_security_type; the rest is for SDES */
	bool has_profile;
	uint8_t profile; /* enum srtp_profile */
	uint16_t window; /* packets, a power of two; 0: the configured one, or as it is */
	uint32_t tag;    /* of the crypto attribute; 0: 1, or as it is */
	struct sdes_key local, remote; /* for what is sent to the leg; for what comes from it */
};

struct leg_params {
	struct leg_remote remote; /* with has_remote */
	bool has_remote;
	bool hold;
	uint16_t address;          /* index into the configuration's */
	uint8_t latch, rtcp, kind; /* enum leg_latch, leg_rtcp, leg_kind */
	uint8_t dscp;              /* of what is sent to this leg; SESSION_DSCP_KEEP */
	struct leg_security security;
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
	bool set_security;
	struct leg_security security;
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
	} leg[SESSION_LEGS];
};

/*
 * Room for the configured limit of sessions; takes events of the workers from now on. The
 * host outlives it. 0 or -ENOMEM.
 */
int sessions_create(struct sessions **out, struct host *h);
/* Without a word to anybody; workers have stopped. Pending callbacks are not called. */
void sessions_free(struct sessions *s);

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
/* Port pairs of an address that no session holds. */
uint32_t sessions_ports_free(const struct sessions *s, uint16_t address);

/* Sessions that a worker owns. */
uint32_t sessions_of_worker(const struct sessions *s, uint16_t worker);

#endif
