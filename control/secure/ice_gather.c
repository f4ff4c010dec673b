/* SPDX-License-Identifier: BSD-3-Clause */
/* Server-reflexive candidates: what STUN servers see of us (RFC 8445 §5.1.1.2). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ice_private.h"

int ice_gather_start(struct ice_agent *a, const struct ice_config *cfg)
{
	unsigned int n = cfg->stun_server_count;

	a->gathered = true;
	if (a->mode == ICE_LITE || n == 0)
		return 0;
	if (n > ICE_STUN_SERVERS_MAX)
		n = ICE_STUN_SERVERS_MAX;
	a->gather = calloc(n, sizeof(*a->gather));
	if (a->gather == NULL)
		return -ENOMEM;
	a->gathers = n;
	a->gathered = false;
	for (unsigned int i = 0; i < n; i++) {
		a->gather[i].server = cfg->stun_server[i];
		a->gather[i].next_ms = ice_now(a) + i * ICE_TA_MS;
		a->gather[i].done =
			wire_ip_is4(&cfg->stun_server[i].ip) != wire_ip_is4(&a->local.ip);
		ice_new_id(a, a->gather[i].id);
	}
	return 0;
}

static void describe(const struct ice_agent *a, unsigned int i, struct candidate *c)
{
	*c = (struct candidate){
		.component = 1,
		.type = CANDIDATE_SRFLX,
		.priority = candidate_priority(CANDIDATE_SRFLX, (uint16_t)(UINT16_MAX - i), 1),
		.ip = a->gather[i].mapped.ip,
		.port = a->gather[i].mapped.port,
		.related = a->advertise,
		.related_port = a->local.port,
	};
	snprintf(c->foundation, sizeof(c->foundation), "%u", 2 + i);
}

unsigned int ice_local_candidates(const struct ice_agent *a, struct candidate out[ICE_LOCALS_MAX])
{
	unsigned int n = 1;

	out[0] = (struct candidate){
		.foundation = "1",
		.component = 1,
		.type = CANDIDATE_HOST,
		.priority = candidate_priority(CANDIDATE_HOST, UINT16_MAX, 1),
		.ip = a->advertise,
		.port = a->local.port,
	};
	for (unsigned int i = 0; i < a->gathers; i++)
		if (a->gather[i].found)
			describe(a, i, &out[n++]);
	return n;
}

bool ice_gathered(const struct ice_agent *a)
{
	return a->gathered;
}

/* The host candidate's own address, or one that another server has told. */
static bool is_known(const struct ice_agent *a, const struct ice_addr *mapped)
{
	struct candidate known[ICE_LOCALS_MAX];
	unsigned int n = ice_local_candidates(a, known);

	for (unsigned int i = 0; i < n; i++)
		if (known[i].port == mapped->port && wire_ip_equal(&known[i].ip, &mapped->ip))
			return true;
	return ice_addr_equal(mapped, &a->local);
}

/* A server that has no password vouches by its address and the transaction's id alone. */
bool ice_gather_response(struct ice_agent *a, const struct ice_addr *from, const struct stun_msg *m)
{
	for (unsigned int i = 0; i < a->gathers; i++) {
		struct ice_gather *g = &a->gather[i];
		struct ice_addr mapped = {m->mapped, m->mapped_port};
		struct candidate c;

		if (g->done || !ice_addr_equal(from, &g->server) ||
		    memcmp(g->id, m->id, STUN_ID_LEN) != 0)
			continue;
		g->done = true;
		if (m->class != STUN_SUCCESS || !(m->has & STUN_HAS_MAPPED) ||
		    m->unknown_count > 0 || mapped.port == 0 ||
		    wire_ip_is4(&mapped.ip) != wire_ip_is4(&a->local.ip) || is_known(a, &mapped))
			return true;
		g->mapped = mapped;
		g->found = true;
		describe(a, i, &c);
		if (a->ops->candidate != NULL)
			a->ops->candidate(a->arg, &c);
		return true;
	}
	return false;
}

static void ask(struct ice_agent *a, struct ice_gather *g, uint64_t now)
{
	uint8_t buf[64];
	struct stun_writer w;

	if (g->sends == ICE_GATHER_RC) {
		g->done = true;
		return;
	}
	stun_begin(&w, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, g->id);
	stun_put_fingerprint(&w);
	a->ops->send(a->arg, &g->server, buf, stun_end(&w));
	g->next_ms = now + ((uint64_t)ICE_RTO_MS << g->sends);
	g->sends++;
}

uint64_t ice_gather_step(struct ice_agent *a, uint64_t now)
{
	uint64_t next = ICE_NEVER;

	if (a->gathered)
		return ICE_NEVER;
	for (unsigned int i = 0; i < a->gathers; i++) {
		struct ice_gather *g = &a->gather[i];

		if (!g->done && g->next_ms <= now)
			ask(a, g, now);
		if (!g->done)
			next = ice_min(next, g->next_ms);
	}
	if (next == ICE_NEVER) {
		a->gathered = true;
		if (a->ops->candidate != NULL)
			a->ops->candidate(a->arg, NULL);
	}
	return next;
}
