/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of neighbours: entries, their hash, references. What an entry does: neigh_state.c. */
#include "neigh.h"

#include <errno.h>
#include <stdlib.h>

#include "log.h"
#include "neigh_private.h"
#include "router.h"

const char *neigh_state_name(enum neigh_state s)
{
	switch (s) {
	case NEIGH_INCOMPLETE: return "incomplete";
	case NEIGH_REACHABLE: return "reachable";
	case NEIGH_PROBE: return "probe";
	case NEIGH_FAILED: return "failed";
	case NEIGH_STATIC: return "static";
	}
	return "";
}

static uint32_t *bucket_of(const struct neigh_table *n, uint16_t iface, const union wire_ip *ip)
{
	uint64_t x = (ip->q[0] ^ iface) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ ip->q[1]) * UINT64_C(0xbf58476d1ce4e5b9);
	/* The upper bits are what all of the address has a part in. */
	return &n->bucket[rte_bswap64(x) & n->bucket_mask];
}

struct neigh *neigh_find(const struct host *h, uint16_t iface, const union wire_ip *ip)
{
	struct neigh_table *n = h->neigh;

	for (uint32_t i = *bucket_of(n, iface, ip); i != 0; i = n->entry[i].next)
		if (n->entry[i].iface == iface && wire_ip_equal(&n->entry[i].ip, ip))
			return &n->entry[i];
	return NULL;
}

static void unlink_from_hash(struct neigh_table *n, const struct neigh *e)
{
	uint32_t *p = bucket_of(n, e->iface, &e->ip);

	while (&n->entry[*p] != e)
		p = &n->entry[*p].next;
	*p = e->next;
}

void neigh_release(struct host *h, struct neigh *e)
{
	struct neigh_table *n = h->neigh;

	neigh_wait_drop(h, e);
	tnd_timer_stop(&h->loop.timers, &e->timer);
	tnd_list_del(&e->idle);
	flow_nexthop_clear(h->tables, neigh_index(h, e));
	unlink_from_hash(n, e);
	e->used = false;
	e->next = n->free_first;
	n->free_first = neigh_index(h, e);
}

/* A new entry, nothing asked yet, idle until it is referred to. NULL: all are in use. */
static struct neigh *create(struct host *h, uint16_t iface, const union wire_ip *ip)
{
	struct neigh_table *n = h->neigh;
	struct neigh *e;
	uint32_t *bucket;

	if (n->free_first == 0 && n->fresh == n->count && !tnd_list_empty(&n->idle))
		neigh_release(h, tnd_container_of(n->idle.next, struct neigh, idle));
	if (n->free_first != 0) {
		e = &n->entry[n->free_first];
		n->free_first = e->next;
	} else if (n->fresh < n->count) {
		e = &n->entry[n->fresh++];
	} else {
		return NULL;
	}

	memset(e, 0, sizeof(*e));
	e->used = true;
	e->iface = iface;
	e->ip = *ip;
	e->state = NEIGH_INCOMPLETE;
	tnd_timer_init(&e->timer, neigh_timer, h);
	tnd_list_init(&e->idle);
	tnd_list_add_tail(&n->idle, &e->idle);
	bucket = bucket_of(n, iface, ip);
	e->next = *bucket;
	*bucket = neigh_index(h, e);

	if (flow_addr_find(h->tables, iface, ip) >= 0) {
		e->state = NEIGH_STATIC;
		e->mac = h->tables->iface[iface].mac;
		e->has_mac = true;
		flow_nexthop_set_local(h->tables, neigh_index(h, e));
	}
	return e;
}

int neigh_ref(struct host *h, uint16_t addr, const union wire_ip *ip, uint32_t *nexthop)
{
	union wire_ip hop;
	struct neigh *e;
	uint16_t iface;
	int err;

	if (addr >= h->config->address_count)
		return -EINVAL;
	err = route_next_hop(h, addr, ip, &hop);
	if (err != 0)
		return err;
	iface = h->config->addresses[addr].interface;
	e = neigh_find(h, iface, &hop);
	if (e == NULL)
		e = create(h, iface, &hop);
	if (e == NULL)
		return -ENOSPC;
	if (e->refs++ == 0 && !e->pinned) {
		tnd_list_del(&e->idle);
		neigh_wake(h, e);
	}
	*nexthop = neigh_index(h, e);
	return 0;
}

void neigh_unref(struct host *h, uint32_t nexthop)
{
	struct neigh_table *n = h->neigh;
	struct neigh *e = nexthop < n->count ? &n->entry[nexthop] : NULL;

	if (e == NULL || !e->used || e->refs == 0) {
		tnd_err("neigh", "next hop %u is given back, but nobody has it", nexthop);
		return;
	}
	if (--e->refs > 0 || e->pinned)
		return;
	neigh_wait_drop(h, e);
	tnd_list_add_tail(&n->idle, &e->idle);
	loop_timer_after(&h->loop, &e->timer, NEIGH_IDLE_MS);
}

bool neigh_ready(const struct host *h, uint32_t nexthop)
{
	const struct neigh_table *n = h->neigh;

	return nexthop < n->count && n->entry[nexthop].used && n->entry[nexthop].has_mac;
}

bool neigh_failed(const struct host *h, uint32_t nexthop)
{
	const struct neigh_table *n = h->neigh;

	return nexthop < n->count && n->entry[nexthop].used &&
	       n->entry[nexthop].state == NEIGH_FAILED;
}

bool neigh_next(const struct host *h, uint32_t *cursor, struct neigh_info *out)
{
	const struct neigh_table *n = h->neigh;

	for (; *cursor < n->count; (*cursor)++) {
		const struct neigh *e = &n->entry[*cursor];

		if (!e->used)
			continue;
		memset(out, 0, sizeof(*out));
		out->iface = e->iface;
		out->ip = e->ip;
		out->state = e->state;
		if (e->has_mac)
			out->mac = e->mac;
		out->refs = e->refs;
		out->nexthop = *cursor;
		out->age_ms = e->state == NEIGH_STATIC ? 0 : h->loop.now_ms - e->confirmed_ms;
		(*cursor)++;
		return true;
	}
	return false;
}

static void announce(struct host *h)
{
	for (uint16_t i = 0; i < h->tables->addr_count; i++) {
		const struct flow_addr *a = &h->tables->addr[i];

		if (wire_ip_is4(&a->ip))
			neigh_arp_announce(h, a);
		else
			neigh_nd_announce(h, a);
	}
}

static void announce_timer(struct tnd_timer *t, void *arg)
{
	struct host *h = arg;

	announce(h);
	if (--h->neigh->announce_left > 0)
		loop_timer_after(&h->loop, t, NEIGH_ANNOUNCE_MS);
}

void neigh_announce(struct host *h)
{
	announce(h);
	h->neigh->announce_left = NEIGH_ANNOUNCE_COUNT - 1;
	loop_timer_after(&h->loop, &h->neigh->announce_timer, NEIGH_ANNOUNCE_MS);
}

static int add_static(struct host *h)
{
	for (unsigned int i = 0; i < h->config->neighbour_count; i++) {
		const struct config_neighbour *c = &h->config->neighbours[i];
		struct neigh *e = create(h, c->interface, &c->ip);

		if (e == NULL)
			return -ENOSPC;
		tnd_list_del(&e->idle);
		e->state = NEIGH_STATIC;
		e->mac = c->mac;
		e->has_mac = true;
		e->pinned = true;
		flow_nexthop_set(h->tables, neigh_index(h, e), &e->mac);
	}
	return 0;
}

int neigh_init(struct host *h)
{
	struct neigh_table *n = calloc(1, sizeof(*n));
	int err;

	if (n == NULL)
		return -ENOMEM;
	h->neigh = n;
	n->count = h->tables->nexthop_count - lan_reserved(h->config);
	n->bucket_mask = rte_align32pow2(n->count) - 1;
	n->entry = calloc(n->count, sizeof(*n->entry));
	n->bucket = calloc((size_t)n->bucket_mask + 1, sizeof(*n->bucket));
	tnd_list_init(&n->idle);
	tnd_timer_init(&n->announce_timer, announce_timer, h);
	neigh_wait_init(n);
	if (n->entry == NULL || n->bucket == NULL) {
		neigh_free(h);
		return -ENOMEM;
	}
	n->fresh = 1;
	err = add_static(h);
	if (err != 0)
		neigh_free(h);
	return err;
}

void neigh_free(struct host *h)
{
	struct neigh_table *n = h->neigh;

	if (n == NULL)
		return;
	tnd_timer_stop(&h->loop.timers, &n->announce_timer);
	for (uint32_t i = 1; n->entry != NULL && n->bucket != NULL && i < n->count; i++)
		if (n->entry[i].used)
			neigh_release(h, &n->entry[i]);
	free(n->bucket);
	free(n->entry);
	free(n);
	h->neigh = NULL;
}
