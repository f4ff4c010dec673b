/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of tunnels. */
#ifndef TUNNEL_PRIVATE_H
#define TUNNEL_PRIVATE_H

#include "desc.h"
#include "flow.h"
#include "host.h"
#include "siphash.h"
#include "tunnel.h"

#define TUNNEL_WINDOW   8192 /* packets of the replay window */
#define TUNNEL_PREFIXES (USER_PREFIXES + TUNNEL_NETWORKS)

/* Of an offer of ours, until it is answered. Secret. */
struct tunnel_pending {
	enum leg_security_type security;
	bool ice;
	unsigned int key_count;
	struct sdp_key key[SDP_KEYS_MAX]; /* with SDES, the best first */
};

struct tunnel {
	struct tunnels *t;
	struct tnd_timer timer;   /* liveness */
	struct tunnel *next_user; /* in its bucket */
	struct tunnel_pending *pending;
	struct net_prefix *prefix; /* [prefix_count]: all that is routed to it */
	struct netinfo *info;      /* of a client, as it was told; NULL: nothing */
	uint64_t since_ms;         /* latest offer, answer, change; then: up */
	uint64_t created_ms;
	uint32_t index; /* in the flow tables */
	uint32_t liveness_s, setup_s;
	uint32_t roamed;
	uint16_t prefix_count, interface;
	uint8_t mode;   /* enum tunnel_mode */
	uint8_t doomed; /* enum tunnel_reason + 1: it is to end as soon as there is memory for it */
	bool up, ending, auto_networks; /* networks: those of the network information */
	struct leg_inner inner;
	char user[WIRE_RTPTP_NAME_MAX + 1]; /* "": none */
	char id[SESSION_ID_MAX + 1];
};

struct tunnels {
	struct host *h;
	struct sessions *sessions;
	struct users *users;
	struct tunnel **table;  /* [session_count], by number in the flow tables */
	struct tunnel **bucket; /* servers' by user */
	uint32_t limit, bucket_mask;
	struct siphash_key key;
	struct session_observer observer;
	struct tnd_list observers;
	struct tunnels_stats stats;
	struct tnd_buf text;     /* of an event */
	struct tunnel_desc desc; /* of the request in hand */
};

/* ---- tunnel.c ---- */

struct tunnel *tunnel_by_id(struct tunnels *t, const char *id);
/* Of a server, by its user; NULL: none. */
struct tunnel *tunnel_by_user(struct tunnels *t, const char *user);
enum session_fault tunnel_fault(struct session_error *err, enum session_fault f, const char *path,
				const char *fmt, ...) __attribute__((format(printf, 4, 5)));
enum session_fault tunnel_not_found(struct session_error *err);
/* It is there: in the table, its timer runs. */
void tunnel_enter(struct tunnels *t, struct tunnel *tn);
void tunnel_set_user(struct tunnels *t, struct tunnel *tn, const char *user);
/* With its session. SESSION_OK, or SESSION_NO_MEMORY and nothing has changed. */
enum session_fault tunnel_end(struct tunnel *tn, enum tunnel_reason reason, session_done_fn done,
			      void *arg, struct session_error *err);
/* It was never in the table. */
void tunnel_free(struct tunnel *tn);
void tunnel_forget_pending(struct tunnel *tn);
/* There is something new: its time begins anew while it is not up. */
void tunnel_touch(struct tunnel *tn);
/* Tell those who put networks on interfaces; `info` NULL: take them away. */
void tunnel_tell_network(struct tunnel *tn, const struct netinfo *info);

/* ---- tunnel_make.c ---- */

/* Check, make the session, the tunnel with its routes, and end the one it replaces. */
enum session_fault tunnel_new(struct tunnels *t, const struct tunnel_params *p,
			      const struct leg_params *leg, struct tunnel **out,
			      struct session_answer *answer, struct session_error *err);
/* What the server's client is told: mtu is that in force. False: it has no user. */
bool tunnel_server_info(struct tunnel *tn, struct netinfo *out);
/* A path of call/ in the terms of a tunnel's params. */
void tunnel_leg_path(struct session_error *err, const char *text_path);
/* The outer address: index, or -1; `like`: of its IP version where there is a choice, or NULL. */
int tunnel_address(const struct tunnels *t, int wanted, const union wire_ip *like);
/* What a client's networks are by its network information (NULL: none): all, unless it says. */
unsigned int tunnel_client_networks(const struct netinfo *info, uint8_t families,
				    struct net_prefix out[TUNNEL_PREFIXES]);
/* A user's, as a fault of the session's. */
enum session_fault tunnel_get_user(struct tunnels *t, const char *name, struct user *out,
				   struct session_error *err);
/* The user's, and `extra`. */
unsigned int tunnel_user_networks(struct tunnels *t, const struct user *user,
				  const struct net_prefix *extra, unsigned int extra_count,
				  struct net_prefix out[TUNNEL_PREFIXES]);
/* What a client was told is kept, told on, and its networks are those. */
enum session_fault tunnel_take_info(struct tunnel *tn, const struct netinfo *info,
				    struct session_error *err);

/* ---- tunnel_route.c ---- */

/*
 * Its networks are these: those it has lost are not routed to it any more, those it got are.
 * SESSION_CONFLICT: one is another tunnel's; SESSION_TABLE_FULL; SESSION_NO_MEMORY: nothing has
 * changed.
 */
enum session_fault tunnel_route(struct tunnel *tn, const struct net_prefix *p, unsigned int count,
				struct session_error *err);
/* Would tunnel_route() find a conflict, were `replaced` (or NULL) gone? */
enum session_fault tunnel_route_check(struct tunnels *t, const struct tunnel *self,
				      const struct tunnel *replaced, const struct net_prefix *p,
				      unsigned int count, struct session_error *err);
void tunnel_unroute(struct tunnel *tn);

#endif
