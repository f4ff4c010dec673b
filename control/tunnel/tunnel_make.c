/* SPDX-License-Identifier: BSD-3-Clause */
/* New tunnels: what they are made of, checked whole, then made whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_inner.h"
#include "session_leg.h"
#include "tunnel_private.h"

void tunnel_params_init(const struct tunnels *t, struct tunnel_params *p)
{
	const struct config_tunnel *c = &t->h->config->tunnel;

	*p = (struct tunnel_params){
		.interface = -1,
		.address = -1,
		.payload_type = c->payload_type,
		.pt_strict = c->pt_strict,
		.mss_clamp = c->mss_clamp,
		.dscp = SESSION_DSCP_KEEP,
		.mtu = c->mtu,
		.liveness_s = c->liveness_s,
		.setup_s = c->setup_s,
	};
}

enum leg_latch tunnel_usual_latch(const struct leg_params *leg)
{
	if (leg->security.type != LEG_SECURITY_NONE)
		return LEG_LATCH_FOLLOW;
	return leg->ice.mode != LEG_ICE_NONE ? LEG_LATCH_STRICT : LEG_LATCH_ONCE;
}

/* ---- interfaces and addresses -------------------------------------------------------------- */

static int find_interface(const struct tunnels *t, int wanted)
{
	const struct config *c = t->h->config;

	if (wanted >= 0)
		return wanted < (int)c->interface_count &&
				       c->interfaces[wanted].role != CONFIG_OUTER
			       ? wanted
			       : -1;
	for (unsigned int i = 0; i < c->interface_count; i++)
		if (c->interfaces[i].role != CONFIG_OUTER)
			return (int)i;
	return -1;
}

static bool is_outer(const struct config *c, unsigned int address)
{
	return c->interfaces[c->addresses[address].interface].role == CONFIG_OUTER;
}

int tunnel_address(const struct tunnels *t, int wanted, const union wire_ip *like)
{
	const struct config *c = t->h->config;
	int first = -1;

	if (wanted >= 0)
		return wanted < (int)c->address_count && is_outer(c, (unsigned int)wanted) ? wanted
											   : -1;
	for (unsigned int i = 0; i < c->address_count; i++) {
		if (!is_outer(c, i))
			continue;
		if (like == NULL || wire_ip_is4(like) == wire_ip_is4(&c->addresses[i].ip))
			return (int)i;
		first = first < 0 ? (int)i : first;
	}
	return first;
}

void tunnel_leg_path(struct session_error *err, const char *text_path)
{
	char path[sizeof(err->path)];
	const char *last;

	if (strncmp(err->path, "/legs/", 6) != 0)
		return;
	last = strrchr(err->path, '/');
	if (err->path[6] == '1' || strcmp(err->path, "/legs/0/address") == 0)
		snprintf(path, sizeof(path), "%s", last);
	else
		snprintf(path, sizeof(path), "%s",
			 text_path != NULL ? text_path : err->path + strlen("/legs/0"));
	memcpy(err->path, path, sizeof(path));
}

/* ---- users and networks -------------------------------------------------------------------- */

enum session_fault tunnel_get_user(struct tunnels *t, const char *name, struct user *out,
				   struct session_error *err)
{
	struct user_error e;
	enum user_fault f = user_get(t->users, name, out, &e);

	if (f == USER_OK)
		return SESSION_OK;
	return tunnel_fault(err, f == USER_NOT_FOUND ? SESSION_NOT_FOUND : SESSION_NO_MEMORY,
			    "/user", "%.180s", e.reason);
}

/* One more, unless it is there. */
static void add(struct net_prefix *out, unsigned int *count, const struct net_prefix *p)
{
	for (unsigned int i = 0; i < *count; i++)
		if (net_prefix_equal(&out[i], p))
			return;
	if (*count == TUNNEL_PREFIXES)
		return;
	out[*count] = *p;
	net_prefix_trim(&out[(*count)++]);
}

unsigned int tunnel_user_networks(struct tunnels *t, const struct user *user,
				  const struct net_prefix *extra, unsigned int extra_count,
				  struct net_prefix out[TUNNEL_PREFIXES])
{
	struct net_prefix own[USER_PREFIXES];
	unsigned int n = user != NULL ? user_prefixes(t->users, user, own) : 0, count = 0;

	for (unsigned int i = 0; i < n; i++)
		add(out, &count, &own[i]);
	for (unsigned int i = 0; i < extra_count; i++)
		add(out, &count, &extra[i]);
	return count;
}

unsigned int tunnel_client_networks(const struct netinfo *info, uint8_t families,
				    struct net_prefix out[TUNNEL_PREFIXES])
{
	const struct net_prefix all[] = {{wire_ip_from4(0), 0}, {{.q = {0, 0}}, 0}};
	bool told[2] = {false, false};
	unsigned int count = 0;

	for (unsigned int i = 0; info != NULL && i < info->route_count; i++)
		add(out, &count, &info->route[i]);
	for (unsigned int i = 0; info != NULL && i < info->address_count; i++) {
		const struct net_prefix *p = &info->address[i];

		told[wire_ip_is4(&p->ip) ? 0 : 1] = true;
		if (p->bits != (wire_ip_is4(&p->ip) ? 32 : 128))
			add(out, &count, p);
	}
	if (info != NULL && info->route_count > 0)
		return count;
	for (unsigned int i = 0; i < 2; i++)
		if ((told[i] || (!told[0] && !told[1])) &&
		    (families == 0 || families & (i == 0 ? FLOW_TUNNEL_IP4 : FLOW_TUNNEL_IP6)))
			add(out, &count, &all[i]);
	return count;
}

bool tunnel_server_info(struct tunnel *tn, struct netinfo *out)
{
	struct session_inner inner;
	struct session_error err;
	struct user user;

	if (tn->mode != TUNNEL_SERVER || tn->user[0] == '\0' ||
	    tunnel_get_user(tn->t, tn->user, &user, &err) != SESSION_OK)
		return false;
	user_netinfo(tn->t->users, &user, out);
	if (session_inner_get(tn->t->sessions, tn->id, &inner, &err) == SESSION_OK &&
	    (out->mtu == 0 || out->mtu > inner.mtu))
		out->mtu = inner.mtu;
	return true;
}

enum session_fault tunnel_take_info(struct tunnel *tn, const struct netinfo *info,
				    struct session_error *err)
{
	struct net_prefix p[TUNNEL_PREFIXES];
	struct netinfo *copy = malloc(sizeof(*copy));
	enum session_fault f = SESSION_OK;

	if (copy == NULL)
		return tunnel_fault(err, SESSION_NO_MEMORY, "", "out of memory");
	if (tn->auto_networks)
		f = tunnel_route(tn, p, tunnel_client_networks(info, tn->inner.families, p), err);
	if (f != SESSION_OK) {
		free(copy);
		return f;
	}
	*copy = *info;
	free(tn->info);
	tn->info = copy;
	return SESSION_OK;
}

/* ---- making -------------------------------------------------------------------------------- */

struct making {
	struct tunnels *t;
	const struct tunnel_params *p;
	struct tunnel *tn;       /* not in the table yet */
	struct tunnel *replaced; /* or NULL */
	unsigned int count;
	struct net_prefix prefix[TUNNEL_PREFIXES];
};

static enum session_fault find_networks(struct making *m, struct session_error *err)
{
	const struct tunnel_params *p = m->p;
	struct user user;
	enum session_fault f;
	bool has_user = p->user != NULL && p->mode == TUNNEL_SERVER;

	if (has_user) {
		f = tunnel_get_user(m->t, p->user, &user, err);
		if (f != SESSION_OK)
			return f;
		m->replaced = tunnel_by_user(m->t, p->user);
		if (m->replaced != NULL && strcmp(m->replaced->id, p->id) == 0)
			m->replaced = NULL;
	}
	m->count = tunnel_user_networks(m->t, has_user ? &user : NULL, p->network, p->network_count,
					m->prefix);
	return tunnel_route_check(m->t, tunnel_by_id(m->t, p->id), m->replaced, m->prefix, m->count,
				  err);
}

static void fill_session(const struct making *m, const struct leg_params *leg, int interface,
			 int address, struct session_params *sp)
{
	const struct tunnel_params *p = m->p;

	*sp = (struct session_params){.id = p->id};
	sp->leg[0] = *leg;
	sp->leg[0].address = (uint16_t)address;
	sp->leg[0].dscp = p->dscp;
	sp->leg[0].kind = LEG_KIND_RTP;
	if (leg->security.type != LEG_SECURITY_NONE && leg->security.window == 0)
		sp->leg[0].security.window = TUNNEL_WINDOW;
	sp->leg[1].inner = (struct leg_inner){.on = true,
					      .pt_strict = p->pt_strict,
					      .mss_clamp = p->mss_clamp,
					      .payload_type = p->payload_type,
					      .families = p->families,
					      .iface = (uint16_t)interface,
					      .mtu = p->mtu};
}

/* The same tunnel as is there? */
static bool is_same(const struct making *m, const struct tunnel *tn)
{
	const struct tunnel_params *p = m->p;

	if (tn->mode != p->mode || strcmp(tn->user, p->user != NULL ? p->user : "") != 0 ||
	    tn->pending != NULL || tn->prefix_count != m->count)
		return false;
	for (unsigned int i = 0; i < m->count; i++)
		if (!net_prefix_equal(&tn->prefix[i], &m->prefix[i]))
			return false;
	return tn->liveness_s == p->liveness_s && tn->setup_s == p->setup_s;
}

static enum session_fault enter(struct making *m, struct session_error *err)
{
	struct tunnels *t = m->t;
	struct tunnel *tn = m->tn;
	enum session_fault f = session_index_of(t->sessions, m->p->id, &tn->index, err);

	if (f == SESSION_OK && m->replaced != NULL)
		f = tunnel_end(m->replaced, TUNNEL_REPLACED, NULL, NULL, err);
	if (f == SESSION_OK) {
		tn->t = t;
		f = tunnel_route(tn, m->prefix, m->count, err);
	}
	if (f != SESSION_OK)
		return f;
	tunnel_set_user(t, tn, m->p->user != NULL ? m->p->user : "");
	tunnel_enter(t, tn);
	return SESSION_OK;
}

static enum session_fault make_session(struct making *m, const struct session_params *sp,
				       struct session_answer *answer, struct session_error *err)
{
	struct tunnel *there = tunnel_by_id(m->t, m->p->id);
	struct session_error undo;
	enum session_fault f;

	if (there != NULL && !is_same(m, there))
		return tunnel_fault(err, SESSION_CONFLICT, "/id",
				    "there is a tunnel of this id, and it is other");
	f = session_create(m->t->sessions, sp, answer, err);
	if (f != SESSION_OK)
		return f;
	if (!answer->created && there == NULL)
		return tunnel_fault(err, SESSION_CONFLICT, "/id", "a session has this id");
	if (!answer->created) {
		tunnel_free(m->tn);
		m->tn = there;
		return SESSION_OK;
	}
	f = enter(m, err);
	if (f != SESSION_OK)
		session_delete(m->t->sessions, m->p->id, NULL, NULL, &undo);
	return f;
}

enum session_fault tunnel_new(struct tunnels *t, const struct tunnel_params *p,
			      const struct leg_params *leg, struct tunnel **out,
			      struct session_answer *answer, struct session_error *err)
{
	int interface = find_interface(t, p->interface);
	int address = tunnel_address(t, p->address, leg->has_remote ? &leg->remote.ip : NULL);
	struct making m = {.t = t, .p = p};
	struct session_params sp;
	enum session_fault f;

	if (interface < 0)
		return tunnel_fault(err, SESSION_BAD_PARAMS, "/interface",
				    "not an interface with role inner");
	if (address < 0)
		return tunnel_fault(err, SESSION_BAD_PARAMS, "/address",
				    "not an address of an outer interface");
	if (leg->security.type == LEG_SECURITY_NONE && !p->allow_plain)
		return tunnel_fault(err, SESSION_BAD_PARAMS, "/allow_plain",
				    "without security only if this is true");
	if (p->user != NULL && !wire_rtptp_name_ok(p->user, strlen(p->user)))
		return tunnel_fault(err, SESSION_BAD_PARAMS, "/user",
				    "must be 1 to 24 bytes of UTF-8 without control characters");
	f = find_networks(&m, err);
	if (f != SESSION_OK)
		return f;
	m.tn = calloc(1, sizeof(*m.tn));
	if (m.tn == NULL)
		return tunnel_fault(err, SESSION_NO_MEMORY, "", "out of memory");
	fill_session(&m, leg, interface, address, &sp);
	m.tn->mode = (uint8_t)p->mode;
	m.tn->interface = (uint16_t)interface;
	m.tn->inner = sp.leg[1].inner;
	m.tn->liveness_s = p->liveness_s;
	m.tn->setup_s = p->setup_s;
	m.tn->auto_networks = p->mode == TUNNEL_CLIENT && p->network_count == 0;
	snprintf(m.tn->id, sizeof(m.tn->id), "%s", p->id);
	f = make_session(&m, &sp, answer, err);
	explicit_bzero(&sp, sizeof(sp));
	if (f != SESSION_OK)
		tunnel_free(m.tn);
	else
		*out = m.tn;
	return f;
}

enum session_fault tunnel_create(struct tunnels *t, const struct tunnel_create *c,
				 struct tunnel_result *out, struct session_error *err)
{
	struct tunnel_params p = c->p;
	struct net_prefix all[TUNNEL_PREFIXES];
	enum session_fault f;
	struct tunnel *tn;

	memset(out, 0, sizeof(*out));
	if (p.network_count == 0 && p.mode == TUNNEL_CLIENT) {
		p.network_count = tunnel_client_networks(NULL, p.families, all);
		memcpy(p.network, all, p.network_count * sizeof(all[0]));
	}
	if (p.network_count == 0 && p.user == NULL)
		return tunnel_fault(err, SESSION_BAD_PARAMS, "/networks",
				    "neither networks nor a user: nothing would be routed to it");
	f = tunnel_new(t, &p, &c->leg, &tn, &out->session, err);
	if (f != SESSION_OK) {
		tunnel_leg_path(err, NULL);
		return f;
	}
	out->created = out->session.created;
	out->has_info = tunnel_server_info(tn, &out->info);
	return SESSION_OK;
}

void tunnel_result_free(struct tunnel_result *r)
{
	tnd_buf_free(&r->text);
}
