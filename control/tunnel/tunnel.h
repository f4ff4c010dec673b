/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnels (RTPTP): sessions of call/ whose leg 0 is a call's and whose leg 1 is an inner interface;
 * with the networks that are routed into them, the user they belong to, and their liveness. The
 * tunnel `id` is the session `id`.
 *
 * Offer and answer are texts, either SDP (CLEARMODE/8000) or a JSON object (XPARENT). The one who
 * calls is usually the client:
 *
 *	client				server
 *	tunnel_offer()	  -- text -->	tunnel_offer() with `remote`, and the user
 *	tunnel_answer() <-- text and network information --
 *
 * A tunnel is up with the first authentic packet, and down after tunnel.liveness_s without one, or
 * when its far end closes the DTLS association; then it and its session are gone. All for the
 * control lcore.
 */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "netinfo.h"
#include "session.h"
#include "user.h"

#define TUNNEL_NETWORKS     64
#define TUNNEL_PAYLOAD_TYPE 97
#define TUNNEL_TEXT_MAX     16384 /* bytes of an offer or answer */

struct tunnels;

enum tunnel_mode {
	TUNNEL_CLIENT, /* takes network information */
	TUNNEL_SERVER, /* gives it: the user's */
};
enum tunnel_form { TUNNEL_SDP, TUNNEL_JSON };

/* In the order of the schema's enum tunnel_down. */
enum tunnel_reason {
	TUNNEL_DELETED,
	TUNNEL_TIMEOUT,  /* no authentic packet for tunnel.liveness_s */
	TUNNEL_SETUP,    /* none at all within tunnel.setup_s */
	TUNNEL_REPLACED, /* another tunnel of the same user */
	TUNNEL_USER,     /* its user was deleted */
	TUNNEL_ENDED,    /* its session has ended otherwise */
	TUNNEL_HANGUP,   /* the far end has ended it, by DTLS close_notify */
};
const char *tunnel_reason_name(enum tunnel_reason r);

/* Settings of a tunnel. Start with tunnel_params_init(). */
struct tunnel_params {
	const char *id; /* 1..SESSION_ID_MAX bytes */
	enum tunnel_mode mode;
	const char *user; /* of the store; NULL: none, `networks` are given. A client's name is
			     shown only */
	int interface;    /* inner; index of the configuration's; -1: the first inner one */
	int address;      /* outer; index of the configuration's; -1: the first one (of the family
			     of the offer that is answered) */
	uint8_t payload_type;
	bool pt_strict, mss_clamp;
	uint8_t families; /* 1: IPv4, 2: IPv6; 0: both */
	uint8_t dscp;     /* SESSION_DSCP_KEEP: copied out */
	uint16_t mtu;     /* of packets inside; 0: what fits */
	uint32_t liveness_s, setup_s;
	bool allow_plain; /* leg security NONE is a fault without it */
	/* Routed into it and allowed out of it, besides the user's. Of a client without any: what
	 * the network information says. */
	unsigned int network_count;
	struct net_prefix network[TUNNEL_NETWORKS];
};
/* As the configuration has it. */
void tunnel_params_init(const struct tunnels *t, struct tunnel_params *p);

/* Where the far end's sender is learned, unless something else is wanted. */
enum leg_latch tunnel_usual_latch(const struct leg_params *leg);

/* What a front end that knows everything creates at once. */
struct tunnel_create {
	struct tunnel_params p;
	/* Of the outer leg: remote, latch, rtcp, dscp, security, ice as of a session's; address
	 * and dscp are those of `p`. */
	struct leg_params leg;
};

struct tunnel_offer {
	struct tunnel_params p;
	enum tunnel_form form; /* of what is written */
	/* How it is protected and found. */
	enum leg_security_type security; /* of our offer; of an answer: what we insist on */
	bool has_security;               /* false: dtls; when answering, what is offered */
	enum leg_ice_mode ice;
	bool has_ice; /* false: full for a client, lite for a server; as is offered */
	bool has_latch;
	enum leg_latch latch; /* default follow with keys, once without */
	bool has_setup;
	enum leg_setup setup;                /* DTLS */
	uint8_t profile_count;               /* 0: AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80 */
	uint8_t profile[SRTP_PROFILE_COUNT]; /* enum srtp_profile */
	/* The far end's offer, zero-ended: we answer it. NULL: we offer. */
	const char *remote;
	enum tunnel_form remote_form;
};

/* The far end's answer to our offer. */
struct tunnel_answer {
	const char *id;
	const char *remote; /* zero-ended */
	enum tunnel_form remote_form;
	const struct netinfo *info; /* or NULL */
	const char *user;           /* of a server that has offered: whose it is; or NULL */
};

/* What came of it. */
struct tunnel_result {
	bool created;
	struct session_answer session; /* of create */
	/* Of offers, the text for the far end: zero-ended beyond its length; free it with
	 * tunnel_result_free(), which wipes it. */
	struct tnd_buf text;
	bool has_info; /* of a server with a user: to be handed to the client */
	struct netinfo info;
};
void tunnel_result_free(struct tunnel_result *r);

/*
 * The faults are those of sessions, with paths of the API's params ("/sdp", "/user", "/address");
 * SESSION_NOT_FOUND with path "/user" is an unknown user. Nothing has changed then; but where an
 * answer's networks find the table of networks full, or no memory, its session has, and the same
 * answer may come again. `out` is to be freed after all of them.
 */
enum session_fault tunnel_create(struct tunnels *t, const struct tunnel_create *c,
				 struct tunnel_result *out, struct session_error *err);
enum session_fault tunnel_offer(struct tunnels *t, const struct tunnel_offer *o,
				struct tunnel_result *out, struct session_error *err);
enum session_fault tunnel_answer(struct tunnels *t, const struct tunnel_answer *a,
				 struct tunnel_result *out, struct session_error *err);

/* Absent members stay. */
struct tunnel_change {
	const char *id;
	bool set_networks, set_mtu, set_dscp, set_pt_strict, set_mss_clamp, set_families;
	bool set_liveness, set_info;
	unsigned int network_count;
	struct net_prefix network[TUNNEL_NETWORKS];
	uint16_t mtu;
	uint8_t dscp, families;
	bool pt_strict, mss_clamp;
	uint32_t liveness_s;
	struct netinfo info;
	bool set_leg; /* as session_update()'s leg 0 */
	struct leg_change leg;
};
enum session_fault tunnel_update(struct tunnels *t, const struct tunnel_change *c,
				 struct tunnel_result *out, struct session_error *err);

/* `done` as of session_delete(), with the session's report. */
enum session_fault tunnel_delete(struct tunnels *t, const char *id, enum tunnel_reason reason,
				 session_done_fn done, void *arg, struct session_error *err);

/* Member `key` (NULL: an object of its own): all that is known but secrets. */
enum session_fault tunnel_report(struct tunnels *t, const char *id, struct tnd_buf *b,
				 const char *key, struct session_error *err);
/* Of these, what moves: members of the object that is being written. */
enum session_fault tunnel_counters(struct tunnels *t, const char *id, struct tnd_buf *b,
				   struct session_error *err);

struct tunnel_info {
	const char *id;   /* until it is gone */
	const char *user; /* NULL: none */
	enum tunnel_mode mode;
	bool up, offered;   /* offered: our offer is not answered yet */
	uint16_t interface; /* index of the configuration's */
	uint16_t mtu;
	double age_s;
	uint64_t heard_ms; /* ago; UINT64_MAX: never */
};
/* As session_next(). */
bool tunnel_next(struct tunnels *t, uint32_t *cursor, uint32_t *budget, struct tunnel_info *out);
/* False: there is none. */
bool tunnel_find(struct tunnels *t, const char *id, struct tunnel_info *out);

/*
 * Told from within the loop and the functions above; `id` is valid during the call. Callbacks may
 * do anything but take observers away. The memory is the caller's.
 */
struct tunnel_observer {
	struct tnd_list link;
	/* The first authentic packet came. */
	void (*up)(struct tunnel_observer *o, const char *id);
	/* It is gone already. */
	void (*down)(struct tunnel_observer *o, const char *id, enum tunnel_reason reason);
	/*
	 * Of a client: what is to be put on the inner interface (index of the configuration's)
	 * while it is there: addresses, networks, MTU. NULL: take it away. Before up(), and after
	 * down().
	 */
	void (*network)(struct tunnel_observer *o, const char *id, uint16_t interface,
			const struct netinfo *info);
};
void tunnels_observe(struct tunnels *t, struct tunnel_observer *o);
void tunnels_unobserve(struct tunnel_observer *o);

struct tunnels_stats {
	uint32_t active, up;
	uint64_t created, ended, timed_out, replaced, roamed;
};
void tunnels_stats(const struct tunnels *t, struct tunnels_stats *out);

struct users *tunnels_users(struct tunnels *t);
/* Id of a user's tunnel, until it ends; NULL: none. */
const char *tunnels_of_user(struct tunnels *t, const char *name);
/* The user and its tunnel, if there is one. */
enum user_fault tunnels_user_delete(struct tunnels *t, const char *name, struct user_error *err);

/*
 * 0 or -errno, logged. *out is NULL where the configuration has no inner interface. The sessions
 * and the host outlive it.
 */
int tunnels_create(struct tunnels **out, struct host *h, struct sessions *s);
/* Workers have stopped; nobody is told. Before sessions_free(). */
void tunnels_free(struct tunnels *t);

#endif
