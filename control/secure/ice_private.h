/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the ICE agent. Everything here belongs to the agent's one thread. */
#ifndef ICE_PRIVATE_H
#define ICE_PRIVATE_H

#include "ice.h"
#include "stun.h"

#define ICE_NEVER UINT64_MAX

#define ICE_TA_MS          50    /* between two new checks (RFC 8445 §14.2) */
#define ICE_RTO_MS         500   /* the least (§14.3) */
#define ICE_RTO_MAX_MS     2000  /* it doubles up to here */
#define ICE_RC             20    /* sends of one request: as long as RFC 8489's 7 that double */
#define ICE_GATHER_RC      5     /* the same, toward STUN servers */
#define ICE_SETTLE_MS      300   /* from the first pair that works to nomination */
#define ICE_AGGRESSIVE_MS  3000  /* in which the highest nominated pair counts, not the latest */
#define ICE_PATIENCE_MS    39500 /* before nothing is found to work (RFC 8863 §4) */
#define ICE_CONSENT_MS     5000  /* ± 20 % (RFC 7675 §5.1) */
#define ICE_EXPIRY_MS      30000 /* of consent */
#define ICE_SILENCE_MS     10000 /* two consents unanswered */
#define ICE_KEEPALIVE_MS   15000 /* of a lite agent (RFC 8445 §11) */
#define ICE_PROBE_MS       1500  /* for the selected pair to show that it still works */
#define ICE_PROBE_EVERY_MS 500

#define ICE_SIGNALLED_MAX (ICE_REMOTES_MAX - ICE_PEER_REFLEXIVE_MAX)
#define ICE_CONSENT_IDS   8 /* of the requests within ICE_EXPIRY_MS, at least 4 s apart */
#define ICE_REQUEST_MAX   512

/* HMAC with the key already in: chaining values after the first block, inner and outer. */
struct ice_key {
	uint32_t sha1[2][5];
	uint32_t sha256[2][8];
};

void ice_key_init(struct ice_key *k, const char *pwd, size_t len);
/* Of `head` and the rest; writes STUN_SHA1_LEN or STUN_SHA256_LEN bytes. */
void ice_key_mac(const struct ice_key *k, bool sha256, const uint8_t head[4], const uint8_t *rest,
		 size_t rest_len, uint8_t *mac);

/* One generation of credentials, ours and the peer's. */
struct ice_generation {
	struct ice_key local, remote;
	char *remote_ufrag; /* owned; NULL: not known yet, and `remote` is not set */
	char ufrag[ICE_UFRAG_LEN + 1];
	char pwd[ICE_PWD_LEN + 1];
	bool live;         /* its checks are answered */
	bool again;        /* another peer had these credentials of ours: only its own checks are */
	bool complete;     /* end of candidates */
	bool nominating;   /* a pair of ours is on its way to be selected */
	uint64_t since_ms; /* when the peer's credentials came */
	uint64_t valid_ms; /* when the first pair worked; 0: none */
	uint64_t nominated_ms; /* when the first was selected; 0: none */
};

enum ice_pair_state {
	ICE_FROZEN,
	ICE_WAITING,
	ICE_IN_PROGRESS,
	ICE_SUCCEEDED,
	ICE_DEAD, /* "failed" of RFC 8445 */
};

/*
 * A remote candidate. As there is one local base, and server-reflexive candidates are pruned
 * to their base (RFC 8445 §6.1.2.4), it is its pair as well.
 */
struct ice_pair {
	struct ice_addr remote;
	uint64_t heard_ms; /* the last authentic check from there; 0: none */
	uint64_t next_ms;  /* in progress: send again, or give up */
	uint32_t priority; /* of the remote candidate */
	uint32_t foundation;
	uint32_t rto_ms;
	uint32_t trigger; /* place in the triggered queue; 0: not in it */
	uint32_t peer;    /* `foreign`: hash of the peer's fragment */
	uint8_t generation;
	uint8_t state; /* enum ice_pair_state */
	uint8_t sends;
	bool learned;       /* peer-reflexive */
	bool foreign;       /* of a peer whose answer has not come yet: no part of anything else */
	bool valid;         /* works: a check of ours was answered; lite: one of the peer's came */
	bool use_candidate; /* the peer has nominated it */
	bool nominate;      /* we do: the next check of it carries USE-CANDIDATE */
	struct ice_transaction {
		uint8_t id[STUN_ID_LEN];
		bool live, controlling, nominates;
	} current, before; /* `before` is not sent again, and its answer still counts */
};

struct ice_gather {
	struct ice_addr server, mapped;
	uint64_t next_ms;
	uint8_t id[STUN_ID_LEN];
	uint8_t sends;
	bool done, found;
};

struct ice_agent {
	enum ice_mode mode;
	enum ice_state state;
	const char *reason;
	struct ice_addr local;
	union wire_ip advertise; /* set */
	const struct ice_ops *ops;
	void *arg;
	struct tnd_timers *timers;
	struct tnd_timer timer;
	const uint64_t *now_ms;
	uint64_t tie_breaker;
	uint64_t random;    /* state of ice_random() */
	uint8_t secret[16]; /* of ice_new_id() */
	uint32_t ids;
	bool controlling, sha256, remote_lite, offered;
	uint8_t newest; /* generation */

	struct ice_generation generation[2];
	struct ice_pair *pair; /* owned, grows */
	unsigned int pairs, pairs_room;
	int selected;   /* index in `pair`, or -1 */
	bool following; /* authentic media leads the selected pair: ice_follow.c */
	uint32_t triggers, foundations;
	uint64_t pace_ms; /* before this no new check */

	struct {
		uint8_t id[ICE_CONSENT_IDS][STUN_ID_LEN];
		uint64_t sent_ms[ICE_CONSENT_IDS]; /* of each */
		uint8_t ids, next_id;
		bool controlling; /* as the last request said */
		uint64_t next_ms;
		uint64_t asked_ms; /* the latest; of a lite agent, its latest indication */
		uint64_t fresh_ms; /* last sign of the peer's consent */
		uint64_t probe_ms; /* since when the selected pair is being asked; 0: it is not */
	} consent;

	struct ice_gather *gather; /* owned */
	unsigned int gathers;
	bool gathered;

	struct ice_addr told_early; /* port 0: none */
	bool told_nominating;

	uint32_t rtt_ms; /* of the latest consent; UINT32_MAX: none was answered */
	uint64_t checks_in, checks_out, rejected;
};

/* Never 0, which is "never" wherever a time is kept. */
static inline uint64_t ice_now(const struct ice_agent *a)
{
	return *a->now_ms != 0 ? *a->now_ms : 1;
}

static inline uint64_t ice_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline bool ice_addr_equal(const struct ice_addr *a, const struct ice_addr *b)
{
	return a->port == b->port && wire_ip_equal(&a->ip, &b->ip);
}

static inline struct ice_generation *ice_generation_of(struct ice_agent *a,
						       const struct ice_pair *p)
{
	return &a->generation[p->generation];
}

/* ice.c. The timer and everything that changes the agent end in ice_step(). */
void ice_step(struct ice_agent *a);
void ice_tell_early(struct ice_agent *a);
void ice_generation_retire(struct ice_agent *a, unsigned int generation);
/* FNV-1a, 31 bits */
uint32_t ice_hash(const char *s, size_t len);
/* 0 to `below` - 1; for jitter, not for secrets. */
uint32_t ice_random(struct ice_agent *a, uint32_t below);

/* ice_message.c */
void ice_new_id(struct ice_agent *a, uint8_t id[STUN_ID_LEN]);
bool ice_authentic(const struct stun_msg *m, const struct ice_key *k, bool sha256);
void ice_send_request(struct ice_agent *a, const struct ice_generation *g,
		      const struct ice_transaction *t, const struct ice_addr *to);
void ice_send_success(struct ice_agent *a, const struct ice_generation *g,
		      const struct stun_msg *request, const struct ice_addr *to);
void ice_send_error(struct ice_agent *a, const struct ice_generation *g,
		    const struct stun_msg *request, const struct ice_addr *to, uint16_t code);
void ice_send_indication(struct ice_agent *a, const struct ice_addr *to);

/* ice_pair.c. Adding and removing moves pairs: pointers to others are no longer valid. */
struct ice_pair *ice_pair_find(const struct ice_agent *a, unsigned int generation,
			       const struct ice_addr *remote);
/* NULL: no memory, or ICE_REMOTES_MAX. */
struct ice_pair *ice_pair_add(struct ice_agent *a, unsigned int generation,
			      const struct ice_addr *remote);
/* One learned from a check; takes the place of the one that was silent longest, if need be. */
struct ice_pair *ice_pair_learn(struct ice_agent *a, unsigned int generation,
				const struct ice_addr *remote, uint32_t priority);
void ice_pair_remove(struct ice_agent *a, unsigned int index);
/* Those of a peer that has answered now are of the newest generation, all other foreign ones go. */
void ice_pairs_adopt(struct ice_agent *a, uint32_t peer);
/* All pairs of the generation, but the selected one if `keep_selected`. */
void ice_pairs_drop(struct ice_agent *a, unsigned int generation, bool keep_selected);
/* For one that nobody signalled. */
uint32_t ice_foundation_new(struct ice_agent *a);
uint64_t ice_pair_priority(const struct ice_agent *a, const struct ice_pair *p);
unsigned int ice_pairs_count(const struct ice_agent *a, unsigned int generation, bool learned);
struct ice_pair *ice_selected(const struct ice_agent *a);

/* ice_request.c, ice_check.c */
int ice_request(struct ice_agent *a, const struct ice_addr *from, const struct stun_msg *m);
int ice_response(struct ice_agent *a, const struct ice_addr *from, const struct stun_msg *m);
void ice_trigger(struct ice_agent *a, struct ice_pair *p);
void ice_set_role(struct ice_agent *a, bool controlling);
uint64_t ice_check_step(struct ice_agent *a, uint64_t now);

/* ice_nominate.c */
void ice_set_state(struct ice_agent *a, enum ice_state state, const char *reason);
/* A pair is found to work. */
void ice_pair_works(struct ice_agent *a, struct ice_pair *p);
/* The peer has nominated a pair that works. */
void ice_nominated(struct ice_agent *a, struct ice_pair *p);
/* An authentic check has come by it, with USE-CANDIDATE or without. */
void ice_pair_heard(struct ice_agent *a, struct ice_pair *p, bool use_candidate);
void ice_select(struct ice_agent *a, struct ice_pair *p);
uint64_t ice_nominate_step(struct ice_agent *a, uint64_t now);
uint64_t ice_patience_step(struct ice_agent *a, uint64_t now);

/* ice_consent.c */
void ice_consent_start(struct ice_agent *a);
/* True: the response was to a consent check, and is dealt with. */
bool ice_consent_response(struct ice_agent *a, const struct ice_addr *from,
			  const struct stun_msg *m, int *rc);
/* An authentic check came from the selected address. */
void ice_consent_heard(struct ice_agent *a);
/* The selected pair's address is another one: it is asked soon, and only answers from there
 * count. */
void ice_consent_move(struct ice_agent *a);
/* Something better may be there: does the selected pair still answer? */
void ice_consent_probe(struct ice_agent *a);
uint64_t ice_consent_step(struct ice_agent *a, uint64_t now);

/* ice_gather.c */
int ice_gather_start(struct ice_agent *a, const struct ice_config *cfg);
bool ice_gather_response(struct ice_agent *a, const struct ice_addr *from,
			 const struct stun_msg *m);
uint64_t ice_gather_step(struct ice_agent *a, uint64_t now);

#endif
