/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of one neighbour.
 *
 *	            answer                  30 s
 *	INCOMPLETE ───────► REACHABLE ─────────────► PROBE
 *	    │                 ▲ ▲     another claim    │ answer: back to REACHABLE
 *	    │ 3 questions     │ └──────────────────────┤
 *	    ▼                 │ answer                 │ 3 to its MAC, 3 to all
 *	  FAILED ─────────────┘ ◄──────────────────────┘
 *
 * Hosts on the link are not trusted further than ARP and neighbour discovery force us to: an
 * answer counts only while a question is open, the first one closes it, and a question that
 * went to the MAC in use is answered by that MAC alone. So a forged claim changes nothing
 * while the true neighbour answers; if it is silent, everybody on the link is asked.
 */
#include "buf.h"
#include "json.h"
#include "log.h"
#include "neigh_private.h"
#include "watch.h"

static void ask(struct host *h, struct neigh *e, bool unicast)
{
	const union wire_ip *src = route_source(h, e->iface, &e->ip);
	const struct rte_ether_addr *to = unicast ? &e->mac : NULL;

	e->tries++;
	e->asking = true;
	e->unicast = unicast;
	e->asked_ms = h->loop.now_ms;
	e->answer_until_ms = h->loop.now_ms + NEIGH_ANSWER_MS;
	if (src == NULL)
		return;
	host_count(h, neighbour_asked);
	if (wire_ip_is4(&e->ip))
		neigh_arp_ask(h, e->iface, src, &e->ip, to);
	else
		neigh_nd_ask(h, e->iface, src, &e->ip, to);
}

static void tell_failed(struct host *h, const struct neigh *e)
{
	const char *iface = h->config->interfaces[e->iface].name;
	struct tnd_buf b = {0};
	char ip[WIRE_IP_STRLEN];

	wire_ip_format(&e->ip, ip);
	tnd_warn("neigh", "%s on %s does not answer; packets to it are dropped until it does", ip,
		 iface);
	json_w_open(&b, NULL, '{');
	json_w_string(&b, "interface", iface);
	json_w_string(&b, "ip", ip);
	json_w_close(&b, '}');
	host_notify(h, "neighbour.failed", &b);
}

static void fail(struct host *h, struct neigh *e)
{
	e->state = NEIGH_FAILED;
	e->has_mac = false;
	e->doubted = false;
	e->backoff_ms = NEIGH_BACKOFF_MS;
	flow_nexthop_clear(h->tables, neigh_index(h, e));
	neigh_wait_drop(h, e);
	host_count(h, neighbour_failed);
	loop_timer_after(&h->loop, &e->timer, e->backoff_ms);
	tell_failed(h, e);
}

static void step_incomplete(struct host *h, struct neigh *e)
{
	if (e->tries == NEIGH_TRIES) {
		fail(h, e);
		return;
	}
	ask(h, e, false);
	loop_timer_after(&h->loop, &e->timer, e->tries == 1 ? NEIGH_FIRST_MS : NEIGH_RETRY_MS);
}

static void step_probe(struct host *h, struct neigh *e)
{
	unsigned int alone = e->doubted ? NEIGH_DOUBT_TRIES : NEIGH_TRIES;

	if (e->tries == alone + NEIGH_TRIES) {
		fail(h, e);
		return;
	}
	ask(h, e, e->tries < alone);
	loop_timer_after(&h->loop, &e->timer,
			 e->doubted && e->tries <= alone ? NEIGH_FIRST_MS : NEIGH_RETRY_MS);
}

static void step_failed(struct host *h, struct neigh *e)
{
	e->tries = 0; /* not counted: it is asked for as long as somebody refers to it */
	ask(h, e, false);
	e->backoff_ms = RTE_MIN(2 * e->backoff_ms, (uint32_t)NEIGH_BACKOFF_MAX_MS);
	loop_timer_after(&h->loop, &e->timer, e->backoff_ms);
}

void neigh_timer(struct tnd_timer *t, void *arg)
{
	struct neigh *e = tnd_container_of(t, struct neigh, timer);
	struct host *h = arg;

	if (e->refs == 0) {
		neigh_release(h, e);
		return;
	}
	switch (e->state) {
	case NEIGH_INCOMPLETE: step_incomplete(h, e); break;
	case NEIGH_REACHABLE:
		e->state = NEIGH_PROBE;
		e->tries = 0;
		step_probe(h, e);
		break;
	case NEIGH_PROBE: step_probe(h, e); break;
	case NEIGH_FAILED: step_failed(h, e); break;
	case NEIGH_STATIC: break;
	}
}

static void probe_when_due(struct host *h, struct neigh *e)
{
	uint64_t spread = neigh_index(h, e) * UINT64_C(997) % NEIGH_SPREAD_MS;

	tnd_timer_start(&h->loop.timers, &e->timer, e->confirmed_ms + NEIGH_REACHABLE_MS + spread);
}

void neigh_wake(struct host *h, struct neigh *e)
{
	tnd_timer_stop(&h->loop.timers, &e->timer);
	switch (e->state) {
	case NEIGH_REACHABLE:
	case NEIGH_PROBE:
		e->state = NEIGH_REACHABLE;
		probe_when_due(h, e);
		break;
	case NEIGH_INCOMPLETE:
	case NEIGH_FAILED:
		e->state = NEIGH_INCOMPLETE;
		e->tries = 0;
		/* Sessions that come and go must not make a stream of questions. */
		if (e->asking && h->loop.now_ms < e->asked_ms + NEIGH_RETRY_MS)
			tnd_timer_start(&h->loop.timers, &e->timer, e->asked_ms + NEIGH_RETRY_MS);
		else
			step_incomplete(h, e);
		break;
	case NEIGH_STATIC: break;
	}
}

bool neigh_answer_counts(const struct host *h, const struct neigh *e)
{
	return e->asking && h->loop.now_ms <= e->answer_until_ms && e->state != NEIGH_STATIC;
}

/*
 * Our own MAC is an answer like any other: the kernel's side of a TAP device has the same one
 * as ours.
 */
void neigh_answer(struct host *h, struct neigh *e, const struct rte_ether_addr *mac)
{
	bool same = e->has_mac && rte_is_same_ether_addr(&e->mac, mac);
	char ip[WIRE_IP_STRLEN];

	if (e->has_mac && e->unicast && !same) {
		neigh_claim(h, e, mac);
		return;
	}
	if (e->has_mac && !same)
		tnd_info("neigh", "%s on %s has moved to " RTE_ETHER_ADDR_PRT_FMT,
			 wire_ip_format(&e->ip, ip), h->config->interfaces[e->iface].name,
			 RTE_ETHER_ADDR_BYTES(mac));
	else if (e->state == NEIGH_FAILED)
		tnd_info("neigh", "%s on %s answers again", wire_ip_format(&e->ip, ip),
			 h->config->interfaces[e->iface].name);
	e->mac = *mac;
	e->has_mac = true;
	e->asking = false;
	e->doubted = false;
	e->state = NEIGH_REACHABLE;
	e->confirmed_ms = h->loop.now_ms;
	/* What waits goes first, so that later packets don't overtake it. */
	neigh_wait_flush(h, e);
	flow_nexthop_set(h->tables, neigh_index(h, e), &e->mac);
	if (e->refs > 0)
		probe_when_due(h, e);
}

void neigh_claim(struct host *h, struct neigh *e, const struct rte_ether_addr *mac)
{
	if (!e->has_mac || rte_is_same_ether_addr(&e->mac, mac))
		return;
	host_count(h, neighbour_contradicted);
	if (e->refs == 0 || e->doubted || e->state == NEIGH_STATIC)
		return;
	e->doubted = true;
	if (e->state == NEIGH_REACHABLE)
		tnd_timer_start(&h->loop.timers, &e->timer,
				RTE_MAX(h->loop.now_ms, e->asked_ms + NEIGH_DOUBT_MS));
}

void neigh_conflict(struct host *h, uint16_t addr, const struct rte_ether_addr *mac)
{
	const struct flow_addr *a = &h->tables->addr[addr];
	uint64_t *last = &h->neigh->conflict_ms[addr];
	char ip[WIRE_IP_STRLEN];

	host_count(h, address_conflict);
	if (*last != 0 && h->loop.now_ms < *last + NEIGH_CONFLICT_MS)
		return;
	*last = RTE_MAX(h->loop.now_ms, UINT64_C(1));
	tnd_warn("neigh", RTE_ETHER_ADDR_PRT_FMT " on %s uses our address %s",
		 RTE_ETHER_ADDR_BYTES(mac), h->config->interfaces[a->iface].name,
		 wire_ip_format(&a->ip, ip));
	if (wire_ip_is4(&a->ip))
		neigh_arp_announce(h, a);
	else
		neigh_nd_announce(h, a);
}
