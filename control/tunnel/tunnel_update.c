/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of tunnels that are there. */
#include <stdlib.h>
#include <string.h>

#include "tunnel_private.h"

static void change_inner(const struct tunnel_change *c, struct leg_inner *inner)
{
	if (c->set_mtu)
		inner->mtu = c->mtu;
	if (c->set_pt_strict)
		inner->pt_strict = c->pt_strict;
	if (c->set_mss_clamp)
		inner->mss_clamp = c->mss_clamp;
	if (c->set_families)
		inner->families = c->families;
}

static enum session_fault change_session(struct tunnel *tn, const struct tunnel_change *c,
					 struct tunnel_result *out, struct session_error *err)
{
	struct session_change sc = {.id = tn->id};
	enum session_fault f;

	if (c->set_leg)
		sc.leg[0] = c->leg;
	if (c->set_dscp) {
		sc.leg[0].set_dscp = true;
		sc.leg[0].dscp = c->dscp;
	}
	sc.leg[1].set_inner = true;
	sc.leg[1].inner = tn->inner;
	change_inner(c, &sc.leg[1].inner);
	f = session_update(tn->t->sessions, &sc, &out->session, err);
	if (f == SESSION_OK)
		tn->inner = sc.leg[1].inner;
	else
		tunnel_leg_path(err, NULL);
	explicit_bzero(&sc, sizeof(sc));
	return f;
}

/* Of a server with a user: beside the user's. */
static enum session_fault change_networks(struct tunnel *tn, const struct tunnel_change *c,
					  struct session_error *err)
{
	struct net_prefix p[TUNNEL_PREFIXES];
	bool has_user = tn->mode == TUNNEL_SERVER && tn->user[0] != '\0';
	enum session_fault f = SESSION_OK;
	struct user user;
	unsigned int n;

	if (has_user)
		f = tunnel_get_user(tn->t, tn->user, &user, err);
	if (f != SESSION_OK)
		return f;
	n = tunnel_user_networks(tn->t, has_user ? &user : NULL, c->network, c->network_count, p);
	f = tunnel_route(tn, p, n, err);
	if (f == SESSION_OK)
		tn->auto_networks = false;
	return f;
}

enum session_fault tunnel_update(struct tunnels *t, const struct tunnel_change *c,
				 struct tunnel_result *out, struct session_error *err)
{
	struct tunnel *tn = tunnel_by_id(t, c->id);
	enum session_fault f = SESSION_OK;

	memset(out, 0, sizeof(*out));
	if (tn == NULL)
		return tunnel_not_found(err);
	if (c->set_info && tn->mode != TUNNEL_CLIENT)
		return tunnel_fault(err, SESSION_BAD_PARAMS, "/network_info",
				    "only a client is told");
	if (c->set_networks)
		f = tunnel_route_check(t, tn, NULL, c->network, c->network_count, err);
	if (f == SESSION_OK)
		f = change_session(tn, c, out, err);
	if (f == SESSION_OK && c->set_networks)
		f = change_networks(tn, c, err);
	if (f == SESSION_OK && c->set_info)
		f = tunnel_take_info(tn, &c->info, err);
	if (f != SESSION_OK)
		return f;
	if (c->set_liveness) {
		tn->liveness_s = c->liveness_s;
		loop_timer_after(&t->h->loop, &tn->timer, 0); /* it looks how long that is yet */
	}
	tunnel_touch(tn);
	if (c->set_info)
		tunnel_tell_network(tn, tn->info);
	return SESSION_OK;
}
