/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network for ICE agents inside one test: time that is the test's, datagrams that take a
 * while or get lost, NATs, and a STUN server.
 *
 *	party 0 ──┐                        ┌── party 1
 *	          ├── [NAT] ── net ── [NAT] ──┤
 *	party 2 ──┘       STUN server      └── party 3
 */
#ifndef ICE_BED_H
#define ICE_BED_H

#include "check.h"
#include "ice.h"
#include "stun.h"
#include "timer.h"

#define BED_PARTIES 4
#define BED_QUEUE   1024
#define BED_HOLES   64

struct bed;

struct party {
	struct bed *bed;
	struct ice_agent *agent;
	struct ice_addr local;
	struct ice_addr nat;             /* port 0: there is none */
	struct ice_addr hole[BED_HOLES]; /* the NAT lets in what comes from there */
	unsigned int holes;

	/* What the agent has told. */
	unsigned int selections, states, gathered;
	struct ice_addr selected;
	uint16_t early;                     /* port of ice_early(); 0: none */
	bool nominating;                    /* of the same */
	unsigned int selected_at, early_at; /* how many had been sent */
	enum ice_state state;
	const char *reason;
	struct candidate found[ICE_LOCALS_MAX];
	unsigned int found_count;
	bool media_alive;

	/* What it has sent. */
	unsigned int sent, requests, responses, errors, indications, last_error;
	uint64_t last_request_ms;
	struct ice_addr last_request_to;
	uint8_t last[1500];
	size_t last_len;
	bool cut; /* nothing passes, in neither direction */
};

struct bed {
	struct tnd_timers timers;
	uint64_t now_ms;
	uint64_t random;
	unsigned int loss_percent, delay_ms;
	struct ice_addr stun_server;
	struct party party[BED_PARTIES];
	struct bed_datagram {
		uint64_t at_ms;
		struct ice_addr from, to;
		size_t len;
		uint8_t data[700];
	} queue[BED_QUEUE];
	unsigned int queued;
};

struct bed *bed_new(void);
void bed_free(struct bed *b);
struct ice_addr bed_addr(const char *ip, uint16_t port);

/* The party's configuration, for the caller to change before bed_agent(). */
struct ice_config bed_config(struct bed *b, unsigned int party, enum ice_mode mode,
			     bool controlling, const char *ip, uint16_t port);
void bed_agent(struct bed *b, unsigned int party, const struct ice_config *cfg);
void bed_nat(struct bed *b, unsigned int party, const char *ip, uint16_t port);

/* Credentials of `from` to `to`; then all candidates that there are, and their end. */
int bed_tell(struct bed *b, unsigned int from, unsigned int to);
void bed_tell_candidates(struct bed *b, unsigned int from, unsigned int to);
/* Both, both ways. */
void bed_exchange(struct bed *b, unsigned int x, unsigned int y);

void bed_run(struct bed *b, uint64_t ms);
/* Until both have selected: the time that it took, or UINT64_MAX after `ms`. */
uint64_t bed_run_until_selected(struct bed *b, unsigned int x, unsigned int y, uint64_t ms);
bool bed_has_selected(const struct bed *b, unsigned int party);

/* A request as a peer would build it, for all its fields. */
struct bed_request {
	const char *username;
	const char *pwd;
	uint32_t priority;
	bool use_candidate, controlled, sha256, sha1, no_role, no_fingerprint;
	uint16_t unknown; /* one more attribute, of this type */
	uint16_t method;  /* 0: binding */
	uint16_t mac_len; /* of SHA-256; 0: whole */
	uint64_t tie_breaker;
	uint8_t id;
};
size_t bed_request(const struct bed_request *r, uint8_t *out, size_t size);
/* One to the party's agent, by its own fragment and password if none are given. */
int bed_check(struct bed *b, unsigned int party, const struct ice_addr *from, struct bed_request r);

#endif
