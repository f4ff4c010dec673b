/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From workers to control: packets that need thought, each kind within its own rate, so that a
 * flood of one does not keep out the others; and events.
 */
#include "worker.h"

/* Packets a second and worker; the bucket holds a tenth of a second's worth, 16 at least. */
static const uint32_t punt_rate[DP_PUNT_KINDS] = {
	[DP_PUNT_ARP] = 1000,         [DP_PUNT_ND] = 1000,
	[DP_PUNT_ICMP] = 1000,        [DP_PUNT_TOO_BIG] = 200,
	[DP_PUNT_UNRESOLVED] = 20000, [DP_PUNT_STUN] = 30000,
	[DP_PUNT_DTLS] = 50000,       [DP_PUNT_INNER_TOO_BIG] = 200,
	[DP_PUNT_INNER_HOPS] = 200,   [DP_PUNT_INNER_UNRESOLVED] = 2000,
	[DP_PUNT_INNER_NO_ROUTE] = 200,
};

/*
 * STUN and DTLS of one leg, a kind and party: enough for all the checks that a browser begins
 * with, for a handshake in ten datagrams with its retransmissions, and then for consent.
 */
#define LEG_BURST  100
#define LEG_RATE_S 50

/* Far ends that legs have come before strangers: a quarter of everything is left to them. */
static bool strange(const struct dp_punt *what)
{
	return (what->kind == DP_PUNT_STUN || what->kind == DP_PUNT_DTLS) && !what->known;
}

static bool take_token(struct worker *w, const struct dp_punt *what)
{
	struct token_bucket *b = &w->bucket[what->kind];
	uint32_t rate = punt_rate[what->kind], most = RTE_MAX(rate / 10, 16u);
	uint64_t refill = (uint64_t)(w->tick - b->tick) * rate / w->ticks_per_s;

	if (refill > 0) {
		b->tokens = (uint32_t)RTE_MIN(b->tokens + refill, most);
		b->tick = w->tick;
	}
	if (b->tokens <= (strange(what) ? most / 4 : 0))
		return false;
	b->tokens--;
	return true;
}

bool punt_leg_take(const struct worker *w, struct flow_punts *party, enum dp_punt_kind kind)
{
	uint16_t now = (uint16_t)(w->tick >> FLOW_PUNT_SHIFT), since = now - party->at;
	uint32_t over = since * (uint32_t)LEG_RATE_S / (w->ticks_per_s >> FLOW_PUNT_SHIFT);
	uint8_t *sent = kind == DP_PUNT_STUN ? &party->stun : &party->dtls;

	if (over > 0) {
		party->stun -= (uint8_t)RTE_MIN(party->stun, over);
		party->dtls -= (uint8_t)RTE_MIN(party->dtls, over);
		party->at = now;
	}
	if (*sent == LEG_BURST)
		return false;
	(*sent)++;
	return true;
}

static bool ring_has_room(const struct worker *w, const struct dp_punt *what)
{
	return !strange(what) || rte_ring_free_count(w->punt) > DP_RING_SIZE / 4;
}

static enum flow_drop drop_of_limited(uint8_t kind)
{
	return kind == DP_PUNT_UNRESOLVED || kind == DP_PUNT_INNER_UNRESOLVED
		       ? FLOW_DROP_no_neighbour
		       : FLOW_DROP_punt_limited;
}

void punt_packet(struct worker *w, struct rte_mbuf *m, const struct dp_punt *what)
{
	if (!take_token(w, what)) {
		worker_drop(w, m, drop_of_limited(what->kind));
		return;
	}
	*RTE_MBUF_DYNFIELD(m, dp_note_offset, struct dp_punt *) = *what;
	if (unlikely(!ring_has_room(w, what) || rte_ring_enqueue(w->punt, m) != 0)) {
		worker_drop(w, m, FLOW_DROP_punt_full);
		return;
	}
	worker_count(w, punted, 1);
}

bool event_post(struct worker *w, const struct flow_event *ev)
{
	return rte_ring_enqueue_elem(w->event, (void *)(uintptr_t)ev, sizeof(*ev)) == 0;
}
