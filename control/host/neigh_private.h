/* SPDX-License-Identifier: BSD-3-Clause */
/* The neighbour table: private to neigh*.c and route.c. */
#ifndef NEIGH_PRIVATE_H
#define NEIGH_PRIVATE_H

#include "host.h"
#include "list.h"
#include "timer.h"

#define NEIGH_TRIES          3 /* questions before it counts as failed; in a probe, of each kind */
#define NEIGH_FIRST_MS       250   /* from the first question to the second */
#define NEIGH_RETRY_MS       1000  /* between later ones */
#define NEIGH_ANSWER_MS      3000  /* an answer counts this long after a question */
#define NEIGH_REACHABLE_MS   30000 /* without a confirmation, before it is probed */
#define NEIGH_SPREAD_MS      4096  /* so that entries made together are not probed together */
#define NEIGH_DOUBT_MS       1000  /* claims of another MAC lead to at most one round of this */
#define NEIGH_DOUBT_TRIES    2 /* to the MAC in use, NEIGH_FIRST_MS apart, before all are asked */
#define NEIGH_BACKOFF_MS     2000 /* a failed one is asked again: after this, twice this, … */
#define NEIGH_BACKOFF_MAX_MS 30000
#define NEIGH_IDLE_MS        30000 /* an entry lives on after its last reference */
#define NEIGH_WAIT_EACH      16    /* packets that wait for one MAC */
#define NEIGH_WAIT_ALL       1024
#define NEIGH_CONFLICT_MS    10000 /* our addresses are defended, and it is logged, this often */
#define NEIGH_ANNOUNCE_MS    1000
#define NEIGH_ANNOUNCE_COUNT 3 /* RFC 4861 §7.2.6; RFC 5227 §1.1 has two */

struct neigh {
	union wire_ip ip;
	struct rte_ether_addr mac; /* valid where has_mac */
	uint16_t iface;
	uint8_t state; /* enum neigh_state */
	uint8_t tries; /* questions asked in this round */
	bool used;     /* in the hash; otherwise in the free list */
	bool has_mac;
	bool pinned;  /* configured: never expires */
	bool asking;  /* an answer counts until answer_until_ms */
	bool unicast; /* the last question went to `mac` alone, so only that may answer */
	bool doubted; /* somebody claims another MAC */
	uint32_t refs;
	uint32_t next;                  /* in the hash chain or the free list; 0: end */
	uint16_t wait_first, wait_last; /* into neigh_table.wait; 0: none */
	uint16_t wait_count;
	uint32_t backoff_ms;
	uint64_t confirmed_ms;
	uint64_t asked_ms;
	uint64_t answer_until_ms;
	struct tnd_timer timer;
	struct tnd_list idle; /* in neigh_table.idle while nobody refers to it */
};

struct neigh_wait {
	struct rte_mbuf *m;
	uint16_t next;
};

struct neigh_table {
	struct neigh *entry; /* [count]; index = flow_tables.nexthop index; 0 is never used */
	uint32_t *bucket;    /* [bucket_mask + 1]: first entry of each chain, 0: none */
	uint32_t count, bucket_mask;
	uint32_t free_first;
	uint32_t fresh; /* from here on nobody has used an entry, and it takes no memory yet */
	struct tnd_list idle; /* oldest first: what is taken away under pressure */
	struct neigh_wait wait[NEIGH_WAIT_ALL + 1]; /* 0 is never used */
	uint16_t wait_free;
	struct tnd_timer announce_timer;
	unsigned int announce_left;
	uint64_t conflict_ms[FLOW_ADDRS_MAX]; /* when the address was last defended */
};

static inline uint32_t neigh_index(const struct host *h, const struct neigh *e)
{
	return (uint32_t)(e - h->neigh->entry);
}

/* ---- table (neigh.c) ---- */

struct neigh *neigh_find(const struct host *h, uint16_t iface, const union wire_ip *ip);
void neigh_release(struct host *h, struct neigh *e);

/* ---- state machine (neigh_state.c) ---- */

void neigh_timer(struct tnd_timer *t, void *arg);
/* The first reference, or the first after a while without. */
void neigh_wake(struct host *h, struct neigh *e);
/* Somebody says that `ip` has this MAC. Answers are told from claims by what was asked. */
void neigh_answer(struct host *h, struct neigh *e, const struct rte_ether_addr *mac);
void neigh_claim(struct host *h, struct neigh *e, const struct rte_ether_addr *mac);
bool neigh_answer_counts(const struct host *h, const struct neigh *e);
/* Somebody uses our address: counted, logged and answered by an announcement now and then. */
void neigh_conflict(struct host *h, uint16_t addr, const struct rte_ether_addr *mac);

/* ---- packets that wait (neigh_wait.c) ---- */

void neigh_wait_init(struct neigh_table *n);
void neigh_wait_flush(struct host *h, struct neigh *e);
void neigh_wait_drop(struct host *h, struct neigh *e);

/* ---- on the wire (neigh_arp.c, neigh_nd.c) ---- */

/* Ask from our address `src` who has `ip`: all of the link, or only `to`. */
void neigh_arp_ask(struct host *h, uint16_t iface, const union wire_ip *src,
		   const union wire_ip *ip, const struct rte_ether_addr *to);
void neigh_nd_ask(struct host *h, uint16_t iface, const union wire_ip *src, const union wire_ip *ip,
		  const struct rte_ether_addr *to);
void neigh_arp_announce(struct host *h, const struct flow_addr *addr);
void neigh_nd_announce(struct host *h, const struct flow_addr *addr);

/* ---- routes (route.c) ---- */

/*
 * Who is asked for on the link, so that packets from address `addr` reach `ip`: `ip` itself,
 * or a gateway. 0, -EINVAL or -ENETUNREACH as neigh_ref().
 */
int route_next_hop(const struct host *h, uint16_t addr, const union wire_ip *ip,
		   union wire_ip *hop);
/* Our address on an interface from which to ask for `ip`, or NULL. */
const union wire_ip *route_source(const struct host *h, uint16_t iface, const union wire_ip *ip);

#endif
