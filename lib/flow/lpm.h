/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Longest prefix match over both families: prefix to a number that is not zero.
 *
 * A trie of 16 bits at the root (one for each family), then 8 a node. An entry holds the longest
 * prefix that covers it within its node, and the next node. Control changes it under the workers'
 * reading, entry by entry, so that for each address they see what was before or what is now;
 * nodes that nothing leads to any more are used again after a grace period.
 *
 * Nodes are paged in as they are used. One is 4 KiB: a route takes at most (bits - 9) / 8 of
 * them, and shares them with its neighbours.
 */
#ifndef FLOW_LPM_H
#define FLOW_LPM_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_prefetch.h>

#include "addr.h"

#define FLOW_LPM_VALUE_MAX ((UINT32_C(1) << 27) - 1)

/* Node that the entry leads to (32 bits, 0: none), value (27), 1 + bits of its prefix here (5). */
#define FLOW_LPM_CHILD(e) ((uint32_t)((e) >> 32))
#define FLOW_LPM_VALUE(e) ((uint32_t)(e) >> 5)

struct flow_lpm_node {
	uint64_t entry[256]; /* read by workers */
	/* Control's: values of the prefixes that end here, of `bits` bits at (1 << bits) + bits. */
	uint32_t own[512];
};

struct flow_lpm_root {
	uint64_t entry[65536];
	uint32_t own[131072];
};

struct rte_rcu_qsbr;

/* Writer: control. */
struct flow_lpm {
	struct flow_lpm_root *root; /* [2]: IPv4, IPv6 */
	struct flow_lpm_node *node; /* [node_count]; 0 is never used */
	uint32_t node_count;
	uint32_t routes;
	/* All below is control's alone. */
	struct flow_lpm_note *note; /* of each node */
	struct rte_rcu_qsbr *rcu;
	uint32_t fresh; /* nodes from here on have never been used */
	uint32_t free;  /* stack of free ones */
	uint32_t free_count;
	uint32_t waiting; /* stack of those that nothing leads to any more */
	uint32_t grace;   /* … since before `token` was given */
	uint64_t token;
};

/* With room for `nodes` nodes, of address space that is. NULL: no memory. */
struct flow_lpm *flow_lpm_create(struct rte_rcu_qsbr *rcu, uint32_t nodes);
void flow_lpm_free(struct flow_lpm *l);

/*
 * `bits` in the family's own terms, 0-32 or 0-128; `value` 1 to FLOW_LPM_VALUE_MAX takes the place
 * of what the prefix had. 0; -EINVAL: too many bits, one beyond them is set, or no such value;
 * -ENOSPC: no nodes left, nothing has changed.
 */
int flow_lpm_set(struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits,
		 uint32_t value);
/* 0, -ENOENT, -EINVAL. */
int flow_lpm_clear(struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits);
/* The value of this very prefix; 0: it has none. */
uint32_t flow_lpm_get(const struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits);
/* Now and then: nodes whose grace period is over can be used again. */
void flow_lpm_turn(struct flow_lpm *l);

static inline uint64_t flow_lpm_load(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

/* From an entry of the root on, by the bytes at `p` that the root has not seen. */
static inline uint32_t flow_lpm_walk(const struct flow_lpm *l, uint64_t e, const uint8_t *p)
{
	uint32_t best = FLOW_LPM_VALUE(e);

	while (FLOW_LPM_CHILD(e) != 0) {
		e = flow_lpm_load(&l->node[FLOW_LPM_CHILD(e)].entry[*p++]);
		if (FLOW_LPM_VALUE(e) != 0)
			best = FLOW_LPM_VALUE(e);
	}
	return best;
}

static inline const uint64_t *flow_lpm_entry(const struct flow_lpm *l, bool is6, const uint8_t *p)
{
	return &l->root[is6].entry[p[0] << 8 | p[1]];
}

/* Before a lookup, so that those of a burst overlap. `p`: the address as in a header. */
static inline void flow_lpm_prefetch(const struct flow_lpm *l, bool is6, const uint8_t *p)
{
	rte_prefetch0(flow_lpm_entry(l, is6, p));
}

/* For workers and control: value of the longest prefix that the address is in; 0: of none. */
static inline uint32_t flow_lpm_lookup(const struct flow_lpm *l, bool is6, const uint8_t *p)
{
	return flow_lpm_walk(l, flow_lpm_load(flow_lpm_entry(l, is6, p)), p + 2);
}

#endif
