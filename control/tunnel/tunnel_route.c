/* SPDX-License-Identifier: BSD-3-Clause */
/* What is routed to a tunnel, and may so come out of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "route.h"
#include "tunnel_private.h"

static bool has(const struct net_prefix *p, unsigned int count, const struct net_prefix *wanted)
{
	for (unsigned int i = 0; i < count; i++)
		if (net_prefix_equal(&p[i], wanted))
			return true;
	return false;
}

static enum session_fault conflict(struct tunnels *t, uint32_t owner, const struct net_prefix *p,
				   struct session_error *err)
{
	const struct tunnel *other = owner < t->limit ? t->table[owner] : NULL;
	char text[NET_PREFIX_STRLEN];

	return tunnel_fault(err, SESSION_CONFLICT, "/networks", "%s is routed to tunnel \"%.100s\"",
			    net_prefix_format(p, text), other != NULL ? other->id : "?");
}

enum session_fault tunnel_route_check(struct tunnels *t, const struct tunnel *self,
				      const struct tunnel *replaced, const struct net_prefix *p,
				      unsigned int count, struct session_error *err)
{
	for (unsigned int i = 0; i < count; i++) {
		uint32_t owner = flow_route_get(t->h->tables, &p[i].ip, p[i].bits);

		if (owner == 0 || (self != NULL && owner == self->index + 1) ||
		    (replaced != NULL && owner == replaced->index + 1))
			continue;
		return conflict(t, owner - 1, &p[i], err);
	}
	return SESSION_OK;
}

static int set(struct tunnel *tn, const struct net_prefix *p)
{
	return flow_route_set(tn->t->h->tables, &p->ip, p->bits, tn->index);
}

static void clear(struct tunnel *tn, const struct net_prefix *p)
{
	flow_route_clear(tn->t->h->tables, &p->ip, p->bits, tn->index);
}

/* Those that it hasn't: on a fault, none. */
static int set_new(struct tunnel *tn, const struct net_prefix *p, unsigned int count)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < count; i++) {
		if (has(tn->prefix, tn->prefix_count, &p[i]))
			continue;
		rc = set(tn, &p[i]);
		if (rc != 0)
			break;
	}
	if (rc == 0)
		return 0;
	while (i-- > 0)
		if (!has(tn->prefix, tn->prefix_count, &p[i]))
			clear(tn, &p[i]);
	return rc;
}

enum session_fault tunnel_route(struct tunnel *tn, const struct net_prefix *p, unsigned int count,
				struct session_error *err)
{
	struct net_prefix *copy = calloc(count > 0 ? count : 1, sizeof(*copy));
	enum session_fault f = tunnel_route_check(tn->t, tn, NULL, p, count, err);
	int rc;

	if (copy == NULL)
		return tunnel_fault(err, SESSION_NO_MEMORY, "", "out of memory");
	rc = f == SESSION_OK ? set_new(tn, p, count) : 0;
	if (rc == -EINVAL)
		f = tunnel_fault(err, SESSION_BAD_PARAMS, "/networks", "not a network");
	else if (rc != 0)
		f = tunnel_fault(err, SESSION_TABLE_FULL, "/networks",
				 "the table of networks is full");
	if (f != SESSION_OK) {
		free(copy);
		return f;
	}
	for (unsigned int i = 0; i < tn->prefix_count; i++)
		if (!has(p, count, &tn->prefix[i]))
			clear(tn, &tn->prefix[i]);
	memcpy(copy, p, count * sizeof(*copy));
	free(tn->prefix);
	tn->prefix = copy;
	tn->prefix_count = (uint16_t)count;
	return SESSION_OK;
}

void tunnel_unroute(struct tunnel *tn)
{
	for (unsigned int i = 0; i < tn->prefix_count; i++)
		clear(tn, &tn->prefix[i]);
}
