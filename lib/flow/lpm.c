/* SPDX-License-Identifier: BSD-3-Clause */
#include "lpm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_rcu_qsbr.h>

#define ROOT_BITS 16
#define NODE_BITS 8
/* The entry of a prefix that has `bits` in its node. */
#define ENTRY(value, bits) ((value) << 5 | ((bits) + 1))
#define ENTRY_LEN(e)       ((uint32_t)(e)&31)

_Static_assert(sizeof(struct flow_lpm_node) == 4096, "a node is a page");

/* What control knows of a node. */
struct flow_lpm_note {
	uint32_t parent; /* 0: the root */
	uint32_t slot;   /* the parent's entry that leads here */
	uint32_t used;   /* prefixes that end here, and nodes below */
	uint32_t next;   /* on a stack */
};

/* A node or a root, and where in it a prefix ends. */
struct place {
	uint64_t *entry;
	uint32_t *own;
	uint32_t node;      /* 0: the root */
	unsigned int width; /* bits that are looked at here */
	unsigned int bits;  /* … of which the prefix has these */
	uint32_t key;       /* the address's bits, all of width */
};

struct cursor {
	const uint8_t *p; /* of the address, behind what the place looks at */
	struct place at;
};

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void unmap(void *p, size_t size)
{
	if (p != NULL)
		munmap(p, size);
}

struct flow_lpm *flow_lpm_create(struct rte_rcu_qsbr *rcu, uint32_t nodes)
{
	struct flow_lpm *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->rcu = rcu;
	l->node_count = nodes + 1;
	l->fresh = 1;
	l->root = map(2 * sizeof(*l->root));
	l->node = map((size_t)l->node_count * sizeof(*l->node));
	l->note = map((size_t)l->node_count * sizeof(*l->note));
	if (l->root == NULL || l->node == NULL || l->note == NULL) {
		flow_lpm_free(l);
		return NULL;
	}
	return l;
}

void flow_lpm_free(struct flow_lpm *l)
{
	if (l == NULL)
		return;
	unmap(l->note, (size_t)l->node_count * sizeof(*l->note));
	unmap(l->node, (size_t)l->node_count * sizeof(*l->node));
	unmap(l->root, 2 * sizeof(*l->root));
	free(l);
}

/* ---- nodes ---- */

static void push(struct flow_lpm *l, uint32_t *stack, uint32_t node)
{
	l->note[node].next = *stack;
	*stack = node;
}

static void move_all(struct flow_lpm *l, uint32_t *from, uint32_t *to)
{
	while (*from != 0) {
		uint32_t node = *from;

		*from = l->note[node].next;
		push(l, to, node);
	}
}

void flow_lpm_turn(struct flow_lpm *l)
{
	if (l->grace != 0 && rte_rcu_qsbr_check(l->rcu, l->token, false) == 1) {
		for (uint32_t i = l->grace; i != 0; i = l->note[i].next)
			l->free_count++;
		move_all(l, &l->grace, &l->free);
	}
	if (l->grace == 0 && l->waiting != 0) {
		move_all(l, &l->waiting, &l->grace);
		l->token = rte_rcu_qsbr_start(l->rcu);
	}
}

static uint32_t available(const struct flow_lpm *l)
{
	return l->free_count + l->node_count - l->fresh;
}

/* All zero: it is new, or all that was in it has been taken out. */
static uint32_t take_node(struct flow_lpm *l)
{
	uint32_t node = l->free;

	if (node == 0)
		return l->fresh++;
	l->free = l->note[node].next;
	l->free_count--;
	return node;
}

static void store(uint64_t *entry, uint64_t e)
{
	__atomic_store_n(entry, e, __ATOMIC_RELEASE);
}

static uint64_t *entry_of(const struct flow_lpm *l, bool is6, uint32_t node, uint32_t slot)
{
	return node ? &l->node[node].entry[slot] : &l->root[is6].entry[slot];
}

/* ---- ways down ---- */

static struct cursor start(const struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits)
{
	bool is6 = !wire_ip_is4(prefix);
	const uint8_t *p = is6 ? prefix->b : prefix->b + 12;
	struct cursor c = {
		.p = p + 2,
		.at = {.entry = l->root[is6].entry,
		       .own = l->root[is6].own,
		       .width = ROOT_BITS,
		       .bits = bits,
		       .key = (uint32_t)p[0] << 8 | p[1]},
	};

	return c;
}

static uint32_t child_of(const struct place *at)
{
	return FLOW_LPM_CHILD(at->entry[at->key]);
}

static void enter(const struct flow_lpm *l, struct cursor *c, uint32_t child)
{
	struct place *at = &c->at;

	at->bits -= at->width;
	at->width = NODE_BITS;
	at->key = *c->p++;
	at->node = child;
	at->entry = l->node[child].entry;
	at->own = l->node[child].own;
}

/* To where the prefix ends; false: no node is there. */
static bool find(const struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits,
		 struct place *out)
{
	struct cursor c = start(l, prefix, bits);

	while (c.at.bits > c.at.width) {
		uint32_t child = child_of(&c.at);

		if (child == 0)
			return false;
		enter(l, &c, child);
	}
	*out = c.at;
	return true;
}

/* Nodes that are missing on the way. */
static uint32_t missing(const struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits)
{
	struct cursor c = start(l, prefix, bits);

	while (c.at.bits > c.at.width) {
		uint32_t child = child_of(&c.at);

		if (child == 0)
			return (c.at.bits - c.at.width + NODE_BITS - 1) / NODE_BITS;
		enter(l, &c, child);
	}
	return 0;
}

/* The same as find(), with nodes made where there are none: empty ones change nothing. */
static struct place make(struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits)
{
	struct cursor c = start(l, prefix, bits);

	while (c.at.bits > c.at.width) {
		uint32_t child = child_of(&c.at);

		if (child == 0) {
			uint64_t *entry = &c.at.entry[c.at.key];

			child = take_node(l);
			l->note[child] =
				(struct flow_lpm_note){.parent = c.at.node, .slot = c.at.key};
			store(entry, (uint64_t)child << 32 | (uint32_t)*entry);
			if (c.at.node != 0)
				l->note[c.at.node].used++;
		}
		enter(l, &c, child);
	}
	return c.at;
}

/* Nodes that hold nothing any more, from here up. */
static void prune(struct flow_lpm *l, bool is6, uint32_t node)
{
	while (node != 0 && l->note[node].used == 0) {
		struct flow_lpm_note *n = &l->note[node];
		uint32_t parent = n->parent;
		uint64_t *entry = entry_of(l, is6, parent, n->slot);

		store(entry, (uint32_t)*entry);
		push(l, &l->waiting, node);
		if (parent != 0)
			l->note[parent].used--;
		node = parent;
	}
}

/* ---- prefixes ---- */

static bool prefix_ok(const union wire_ip *prefix, unsigned int bits)
{
	unsigned int first = wire_ip_is4(prefix) ? 96 : 0;

	if (bits > 128 - first)
		return false;
	for (unsigned int i = first + bits; i < 128; i++)
		if (prefix->b[i / 8] & 0x80 >> i % 8)
			return false;
	return true;
}

static uint32_t own_index(const struct place *at)
{
	return 1u << at->bits | at->key >> (at->width - at->bits);
}

/* Entries whose longest prefix here has at least `from` and at most `to` (1 + bits). */
static void paint(const struct place *at, uint32_t from, uint32_t to, uint32_t low)
{
	unsigned int shift = at->width - at->bits;
	uint32_t first = at->key >> shift << shift;

	for (uint32_t i = first; i < first + (1u << shift); i++) {
		uint64_t e = at->entry[i];

		if (ENTRY_LEN(e) >= from && ENTRY_LEN(e) <= to)
			store(&at->entry[i], (e >> 32) << 32 | low);
	}
}

int flow_lpm_set(struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits, uint32_t value)
{
	struct place at;
	uint32_t *own;

	if (!prefix_ok(prefix, bits) || value == 0 || value > FLOW_LPM_VALUE_MAX)
		return -EINVAL;
	if (missing(l, prefix, bits) > available(l)) {
		flow_lpm_turn(l);
		if (missing(l, prefix, bits) > available(l))
			return -ENOSPC;
	}
	at = make(l, prefix, bits);
	own = &at.own[own_index(&at)];
	if (*own == 0) {
		l->routes++;
		if (at.node != 0)
			l->note[at.node].used++;
	}
	*own = value;
	paint(&at, 0, at.bits + 1, ENTRY(value, at.bits));
	return 0;
}

int flow_lpm_clear(struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits)
{
	unsigned int cover_bits;
	struct place at;
	uint32_t i;

	if (!prefix_ok(prefix, bits))
		return -EINVAL;
	if (!find(l, prefix, bits, &at) || at.own[own_index(&at)] == 0)
		return -ENOENT;
	i = own_index(&at);
	at.own[i] = 0;
	l->routes--;
	cover_bits = at.bits;
	do {
		i >>= 1;
		cover_bits--;
	} while (i != 0 && at.own[i] == 0);
	paint(&at, at.bits + 1, at.bits + 1, i == 0 ? 0 : ENTRY(at.own[i], cover_bits));
	if (at.node != 0) {
		l->note[at.node].used--;
		prune(l, !wire_ip_is4(prefix), at.node);
	}
	return 0;
}

uint32_t flow_lpm_get(const struct flow_lpm *l, const union wire_ip *prefix, unsigned int bits)
{
	struct place at;

	if (!prefix_ok(prefix, bits) || !find(l, prefix, bits, &at))
		return 0;
	return at.own[own_index(&at)];
}
