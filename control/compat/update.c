/* SPDX-License-Identifier: BSD-3-Clause */
/* U and L: sessions come to be, and their sides tell where they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat_private.h"
#include "log.h"
#include "session_media.h"

#define ID_ATTEMPTS    8
#define LOW_RATE_BYTES 128 /* packets shorter than that are sent twice, if any are */

/* What a leg's far end is to be. */
struct side {
	bool set_remote, has_remote, set_hold, hold;
	struct leg_remote remote;
	uint8_t latch;
};

static void read_side(const struct compat *c, const struct rtpp_ul *ul, struct side *s)
{
	*s = (struct side){.latch = LEG_LATCH_ONCE};
	if (ul->asymmetric)
		s->latch = LEG_LATCH_HOST;
	else if (c->config->latch == CONFIG_RTPPROXY_STRICT)
		s->latch = LEG_LATCH_STRICT;
	else if (c->config->latch == CONFIG_RTPPROXY_HOST && !ul->symmetric)
		s->latch = LEG_LATCH_HOST;
	s->set_hold = ul->remote != RTPP_REMOTE_NONE;
	s->hold = ul->remote == RTPP_REMOTE_HOLD;
	if (ul->remote != RTPP_REMOTE_KNOWN)
		return;
	s->set_remote = s->has_remote = true;
	s->remote = (struct leg_remote){.ip = ul->remote_ip, .port = ul->remote_port};
}

/*
 * Phones behind NATs signal addresses that nobody can send to: the first who sends is taken.
 * False: that is not what was agreed upon, or it was not the address that was wrong.
 */
static bool forgives(const struct side *s, const struct compat *c, int address,
		     const struct session_error *err)
{
	const struct config_address *a = &c->h->config->addresses[address];

	return s->has_remote && s->latch == LEG_LATCH_ONCE && err->fault == SESSION_BAD_PARAMS &&
	       strstr(err->path, "/remote/ip") != NULL &&
	       wire_ip_is4(&s->remote.ip) == wire_ip_is4(&a->ip);
}

/* ---- new sessions -------------------------------------------------------------------------- */

static void fill_leg(const struct compat *c, int address, uint8_t latch, struct leg_params *p)
{
	*p = (struct leg_params){
		.address = (uint16_t)address, .latch = latch, .dscp = c->config->tos >> 2};
}

/* Under the first id that is free. */
static int create_session(struct compat *c, const struct rtpp_command *cmd,
			  struct session_params *p, char id[SESSION_ID_MAX + 1],
			  const struct side *s, struct session_answer *a)
{
	struct session_error err;

	p->id = id;
	for (unsigned int attempt = 0; attempt < ID_ATTEMPTS;) {
		enum session_fault f;

		book_make_id(&c->book, &cmd->call_id, &cmd->from, attempt, id);
		f = session_create(c->s, p, a, &err);
		if (f == SESSION_OK && a->created)
			return RTPP_OK;
		/* Another front end's, or one that ends just now. */
		if (f == SESSION_OK || f == SESSION_CONFLICT) {
			attempt++;
			continue;
		}
		if (!p->leg[0].has_remote || !forgives(s, c, p->leg[0].address, &err)) {
			tnd_debug("rtpproxy", "%s: %s: %s", id, err.path, err.reason);
			return compat_error(&err, true);
		}
		p->leg[0].has_remote = false;
	}
	return RTPP_E_SESSION_MEMORY;
}

/* What the configuration asks for in every session. */
static void set_media(struct compat *c, const char *id)
{
	const struct session_media m = {.set_twice = c->config->duplicate,
					.twice = true,
					.twice_below = LOW_RATE_BYTES,
					.set_watch = c->config->watch,
					.watch = true};
	struct session_error err;

	if (!m.set_twice && !m.set_watch)
		return;
	for (unsigned int i = 0; i < SESSION_LEGS; i++)
		if (session_media_set(c->s, id, i, &m, &err) != SESSION_OK)
			tnd_warn("rtpproxy", "%s: neither sent twice nor watched: %s", id,
				 err.reason);
}

static int create(struct compat *c, const struct rtpp_command *cmd, const int address[SESSION_LEGS],
		  struct entry **out, struct session_answer *a)
{
	struct session_params p = {.idle_timeout_s = c->config->setup_ttl_s};
	char id[SESSION_ID_MAX + 1];
	struct session_error err;
	struct entry *e;
	struct side s;
	int rc;

	if (sessions_draining(c->s))
		return RTPP_E_DRAINING;
	if (c->overloaded)
		return RTPP_E_OVERLOAD;
	read_side(c, &cmd->ul, &s);
	fill_leg(c, address[0], s.latch, &p.leg[0]);
	/* Until the first L says where it is, the callee is heard as rtpproxy hears it. */
	fill_leg(c, address[1],
		 c->config->latch == CONFIG_RTPPROXY_STRICT ? LEG_LATCH_STRICT : LEG_LATCH_ONCE,
		 &p.leg[1]);
	p.leg[0].has_remote = s.has_remote;
	p.leg[0].remote = s.remote;
	p.leg[0].hold = s.hold;
	rc = create_session(c, cmd, &p, id, &s, a);
	if (rc != RTPP_OK)
		return rc;
	e = book_new(&cmd->call_id, &cmd->from, id);
	if (e == NULL || session_index_of(c->s, id, &e->index, &err) != SESSION_OK) {
		session_delete(c->s, id, NULL, NULL, &err);
		free(e);
		return RTPP_E_SESSION_MEMORY;
	}
	e->created_ms = c->h->loop.now_ms;
	e->strong = !cmd->ul.weak;
	e->weak[0] = cmd->ul.weak;
	e->opened[1] = true;
	e->address[0] = (uint16_t)address[0];
	e->address[1] = (uint16_t)address[1];
	book_add(&c->book, e);
	ttl_init(c, e);
	c->n.nsess_created++;
	set_media(c, id);
	if (c->config->record_all)
		record_all(c, e);
	*out = e;
	return RTPP_OK;
}

/* ---- sessions that are there --------------------------------------------------------------- */

/* N, and what L or R say the first time that a side's port is asked for. True: it is to move. */
static bool is_to_move(const struct entry *e, unsigned int own, const struct rtpp_ul *ul,
		       const int address[SESSION_LEGS], int local, uint16_t *at)
{
	*at = e->address[own];
	if (local >= 0 && (ul->new_port || !e->opened[own]))
		*at = (uint16_t)local;
	else if (ul->new_port && ul->letters == 2)
		*at = (uint16_t)address[1];
	return ul->new_port || *at != e->address[own];
}

/* The change, with the far end of `leg` forgiven where that is agreed upon. */
static int change(struct compat *c, const struct entry *e, unsigned int leg, const struct side *s,
		  struct session_change *ch, struct session_answer *a)
{
	struct session_error err;

	if (session_update(c->s, ch, a, &err) == SESSION_OK)
		return RTPP_OK;
	if (forgives(s, c, e->address[leg], &err)) {
		ch->leg[leg].has_remote = false;
		if (session_update(c->s, ch, a, &err) == SESSION_OK)
			return RTPP_OK;
	}
	tnd_debug("rtpproxy", "%s: %s: %s", e->id, err.path, err.reason);
	return compat_error(&err, false);
}

/*
 * The far end of `leg` is as `ul` says, the other side's port is where it says, and the session
 * lives for another while: all of it, or nothing.
 */
static int apply_side(struct compat *c, struct entry *e, unsigned int leg, const struct rtpp_ul *ul,
		      const int address[SESSION_LEGS], int local, struct session_answer *a)
{
	bool opens = !e->opened[1 - leg] || ul->new_port;
	bool completes = opens && !e->complete;
	uint32_t ttl_s = RTE_MAX(e->ttl_s[0], e->ttl_s[1]);
	struct session_change ch = {.id = e->id,
				    .set_idle_timeout = true,
				    .idle_timeout_s = completes ? c->config->ttl_s : ttl_s};
	struct leg_change *own = &ch.leg[1 - leg];
	struct side s;
	int rc;

	read_side(c, ul, &s);
	ch.leg[leg] = (struct leg_change){.set_remote = s.set_remote,
					  .has_remote = s.has_remote,
					  .remote = s.remote,
					  .set_hold = s.set_hold,
					  .hold = s.hold,
					  .set_latch = true,
					  .latch = s.latch};
	own->set_port = is_to_move(e, 1 - leg, ul, address, local, &own->address);
	rc = change(c, e, leg, &s, &ch, a);
	if (rc != RTPP_OK)
		return rc;
	if (own->set_port)
		e->address[1 - leg] = own->address;
	if (completes) {
		c->n.nsess_complete++;
		ttl_set(c, e, 0, c->config->ttl_s);
		ttl_set(c, e, 1, c->config->ttl_s);
	}
	e->opened[1 - leg] |= opens;
	e->complete |= opens;
	return RTPP_OK;
}

/* ---- what both have in common -------------------------------------------------------------- */

static void set_notify(struct compat *c, struct entry *e, const struct rtpp_ul *ul,
		       const struct sockaddr *peer)
{
	int len;

	free(e->notify_tag);
	e->notify_tag = NULL;
	e->target = NULL;
	if (ul->notify_socket.s == NULL)
		return;
	e->target = targets_find(&c->targets, &ul->notify_socket, peer);
	if (e->target == NULL) {
		tnd_warn("rtpproxy", "%s: %.*s is no timeout target of the configuration", e->id,
			 (int)ul->notify_socket.len, ul->notify_socket.s);
		return;
	}
	e->notify_tag = malloc(ul->notify_tag.len + 1);
	len = e->notify_tag != NULL
		      ? rtpp_unescape(&ul->notify_tag, e->notify_tag, ul->notify_tag.len)
		      : -1;
	e->notify_len = len > 0 ? (size_t)len : 0;
	if (len < 0)
		e->target = NULL;
}

static void set_codecs(struct entry *e, unsigned int leg, const struct rtpp_ul *ul)
{
	free(e->codecs[leg]);
	e->codecs[leg] = ul->codecs.s != NULL ? strndup(ul->codecs.s, ul->codecs.len) : NULL;
}

static void set_ptime(struct compat *c, struct entry *e, unsigned int leg, uint16_t ptime_ms)
{
	const struct session_media m = {.set_resize = true, .resize_ms = ptime_ms};
	struct session_error err;

	if (ptime_ms == 0 && !e->resized[leg])
		return;
	if (session_media_set(c->s, e->id, leg, &m, &err) != SESSION_OK)
		tnd_warn("rtpproxy", "%s: packets keep their size: %s", e->id, err.reason);
	else
		e->resized[leg] = ptime_ms != 0;
}

static void fill_reply(const struct compat *c, const struct session_answer *a, unsigned int own,
		       struct port_reply *out)
{
	out->ip = a->leg[own].local.ip;
	out->port = a->leg[own].local.port;
	out->ip6 = !wire_ip_is4(&out->ip);
}

static void finish_side(struct compat *c, struct entry *e, unsigned int leg,
			const struct rtpp_ul *ul, bool is_update, const struct sockaddr *peer)
{
	if (is_update)
		set_notify(c, e, ul, peer);
	set_codecs(e, leg, ul);
	set_ptime(c, e, leg, ul->ptime_ms);
}

int update_side(struct compat *c, struct entry *e, unsigned int leg, const struct rtpp_ul *ul,
		bool is_update, const struct sockaddr *peer, struct port_reply *out)
{
	int address[SESSION_LEGS], local, rc;
	struct session_answer a;

	rc = address_choose(c, ul, address, &local);
	if (rc == RTPP_OK)
		rc = apply_side(c, e, leg, ul, address, local, &a);
	if (rc != RTPP_OK)
		return rc;
	if (ul->weak)
		e->weak[leg] = true;
	else if (is_update)
		e->strong = true;
	ttl_touch(c, e);
	finish_side(c, e, leg, ul, is_update, peer);
	fill_reply(c, &a, 1 - leg, out);
	return RTPP_OK;
}

int update_command(struct compat *c, const struct rtpp_command *cmd, const struct sockaddr *peer,
		   struct entry **e, unsigned int *leg, struct port_reply *out)
{
	bool is_update = cmd->op == RTPP_UPDATE;
	int address[SESSION_LEGS], local, rc;
	struct session_answer a;

	rc = address_choose(c, &cmd->ul, address, &local);
	if (rc != RTPP_OK)
		return rc;
	*e = book_find(&c->book, &cmd->call_id, &cmd->from, &cmd->to, leg);
	if (is_update && cmd->ul.notify_socket.s != NULL && c->targets.count == 0)
		return RTPP_E_NO_NOTIFY;
	/* Tags stand as in the request; a lookup is about the address of who answered it. */
	if (*e != NULL && !is_update)
		*leg = 1 - *leg;
	if (*e != NULL)
		return update_side(c, *e, *leg, &cmd->ul, is_update, peer, out);
	if (!is_update)
		return RTPP_OK;
	*leg = 0;
	rc = create(c, cmd, address, e, &a);
	if (rc != RTPP_OK)
		return rc;
	finish_side(c, *e, 0, &cmd->ul, true, peer);
	fill_reply(c, &a, 1, out);
	return RTPP_OK;
}

void update_write(const struct compat *c, const struct port_reply *p, char text[64])
{
	char ip[WIRE_IP_STRLEN];

	if (c->config->reply_address)
		snprintf(text, 64, "%u %s%s", p->port, wire_ip_format(&p->ip, ip),
			 p->ip6 ? " 6" : "");
	else
		snprintf(text, 64, "%u", p->port);
}
