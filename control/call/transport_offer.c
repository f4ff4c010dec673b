/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between an offer of ours and its answer. Far ends begin as soon as they have the offer, and
 * their answer takes its way through the signalling: with ICE the agent and the endpoint keep
 * what such a one has done; without it nobody knows who it is, so its ClientHello waits here.
 */
#include "session_offer.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "udp.h"

#define HELLOS_OF_LEG 4 /* two ClientHellos of browsers */
#define HELLOS_IN_ALL 2048
#define HELLO_MS      5000 /* by then its sender has sent it again */
#define HELLO_MAX     1500
#define HELLO_TYPE_AT 13 /* of the handshake message, behind the record's header */

struct hello_kept {
	struct hello_kept *next; /* the one that came after it */
	uint64_t at_ms;
	struct dtls_addr from;
	uint16_t len;
	uint8_t data[];
};

static bool unanswered(const struct leg_transport *t)
{
	return t->offered || (t->dtls != NULL && t->kept.setup == DTLS_ACTPASS);
}

void offer_tell(struct leg_transport *t)
{
	if (t->ice != NULL)
		ice_offered(t->ice, unanswered(t));
	if (t->dtls != NULL)
		dtls_endpoint_offered(t->dtls, t->offered);
}

static unsigned int count(const struct leg_transport *t)
{
	unsigned int n = 0;

	for (const struct hello_kept *k = t->hello; k != NULL; k = k->next)
		n++;
	return n;
}

static struct hello_kept *take_first(struct leg_transport *t)
{
	struct hello_kept *k = t->hello;

	t->hello = k->next;
	t->s->hellos_kept--;
	return k;
}

void offer_drop_hellos(struct leg_transport *t)
{
	while (t->hello != NULL)
		free(take_first(t));
}

/* May its sender be the one whose address is not known yet? */
static bool is_early(const struct leg_transport *t, const struct udp_datagram *d)
{
	return t->ice == NULL && t->kept.setup != DTLS_ACTIVE &&
	       (unanswered(t) || !(transport_leg(t)->flags & LEG_REMOTE)) &&
	       d->len > HELLO_TYPE_AT && d->len <= HELLO_MAX && d->data[0] == 22 &&
	       d->data[HELLO_TYPE_AT] == 1;
}

void offer_keep_hello(struct leg_transport *t, const struct udp_datagram *d)
{
	struct hello_kept *k, **end = &t->hello;

	if (!is_early(t, d))
		return;
	/* The latest are those that somebody is waiting for an answer to. */
	if (count(t) == HELLOS_OF_LEG)
		free(take_first(t));
	if (t->s->hellos_kept == HELLOS_IN_ALL)
		return;
	k = malloc(sizeof(*k) + d->len);
	if (k == NULL)
		return;
	*k = (struct hello_kept){.at_ms = t->s->h->loop.now_ms,
				 .from = {.ip = d->src, .port = d->sport},
				 .len = d->len};
	memcpy(k->data, d->data, d->len);
	while (*end != NULL)
		end = &(*end)->next;
	*end = k;
	t->s->hellos_kept++;
}

void offer_take_hellos(struct leg_transport *t)
{
	if (unanswered(t))
		return;
	while (t->hello != NULL) {
		struct hello_kept *k = take_first(t);

		if (t->s->h->loop.now_ms - k->at_ms < HELLO_MS)
			dtls_arrived_early(t, &k->from, k->data, k->len);
		free(k);
	}
}

void session_offered(struct sessions *s, const char *id, unsigned int leg, bool on)
{
	const struct session *se = table_find(s, id);
	struct leg_transport *t = se != NULL ? transport_of(s, se, leg) : NULL;

	if (t == NULL)
		return;
	t->offered = on;
	offer_tell(t);
	if (t->dtls != NULL && (transport_leg(t)->flags & LEG_REMOTE))
		offer_take_hellos(t);
}
