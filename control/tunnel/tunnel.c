/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of tunnels; how they come up, live and end. */
#include "tunnel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"
#include "route.h"
#include "session_inner.h"
#include "session_leg.h"
#include "tunnel_private.h"
#include "watch.h"

#define WAIT_MS  50   /* between two looks at a tunnel that is not up yet */
#define RETRY_MS 1000 /* ending failed for want of memory */
#define BUCKETS  65536

const char *tunnel_reason_name(enum tunnel_reason r)
{
	static const char *const names[] = {
		[TUNNEL_DELETED] = "deleted",   [TUNNEL_TIMEOUT] = "timeout",
		[TUNNEL_SETUP] = "setup",       [TUNNEL_REPLACED] = "replaced",
		[TUNNEL_USER] = "user_deleted", [TUNNEL_ENDED] = "ended",
		[TUNNEL_HANGUP] = "hangup",
	};

	return names[r];
}

enum session_fault tunnel_fault(struct session_error *err, enum session_fault f, const char *path,
				const char *fmt, ...)
{
	va_list ap;

	err->fault = f;
	snprintf(err->path, sizeof(err->path), "%s", path);
	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return f;
}

enum session_fault tunnel_not_found(struct session_error *err)
{
	return tunnel_fault(err, SESSION_NOT_FOUND, "/id", "no tunnel of this id");
}

/* ---- finding ------------------------------------------------------------------------------- */

struct tunnel *tunnel_by_id(struct tunnels *t, const char *id)
{
	struct session_error err;
	uint32_t index;

	if (session_index_of(t->sessions, id, &index, &err) != SESSION_OK)
		return NULL;
	return t->table[index];
}

static struct tunnel **bucket_of(struct tunnels *t, const char *user)
{
	return &t->bucket[siphash(&t->key, user, strlen(user)) & t->bucket_mask];
}

struct tunnel *tunnel_by_user(struct tunnels *t, const char *user)
{
	struct tunnel *tn = *bucket_of(t, user);

	while (tn != NULL && strcmp(tn->user, user) != 0)
		tn = tn->next_user;
	return tn;
}

/* A client's user is a name for people only. */
static bool is_by_user(const struct tunnel *tn)
{
	return tn->user[0] != '\0' && tn->mode == TUNNEL_SERVER;
}

static void leave_user(struct tunnels *t, struct tunnel *tn)
{
	struct tunnel **at = bucket_of(t, tn->user);

	while (*at != NULL && *at != tn)
		at = &(*at)->next_user;
	if (*at == tn)
		*at = tn->next_user;
}

void tunnel_set_user(struct tunnels *t, struct tunnel *tn, const char *user)
{
	struct tunnel **at = bucket_of(t, user);

	snprintf(tn->user, sizeof(tn->user), "%s", user);
	if (!is_by_user(tn))
		return;
	tn->next_user = *at;
	*at = tn;
}

/* ---- telling ------------------------------------------------------------------------------- */

static struct tnd_buf *event(const struct tunnel *tn)
{
	struct tnd_buf *b = &tn->t->text;

	tnd_buf_reset(b);
	json_w_open(b, NULL, '{');
	json_w_string(b, "id", tn->id);
	if (tn->user[0] != '\0')
		json_w_string(b, "user", tn->user);
	return b;
}

static void tell(struct tunnels *t, const char *type)
{
	json_w_close(&t->text, '}');
	tnd_buf_addc(&t->text, '\0');
	if (!t->text.oom && t->h->notify != NULL)
		t->h->notify(t->h->notify_arg, type, t->text.data);
}

void tunnel_tell_network(struct tunnel *tn, const struct netinfo *info)
{
	struct tunnels *t = tn->t;
	struct tnd_list *pos, *tmp;

	if (tn->mode != TUNNEL_CLIENT)
		return;
	tnd_list_for_each_safe (pos, tmp, &t->observers) {
		struct tunnel_observer *o = tnd_container_of(pos, struct tunnel_observer, link);

		if (o->network != NULL)
			o->network(o, tn->id, tn->interface, info);
	}
}

static void tell_up(struct tunnel *tn)
{
	static const char *const modes[] = {"client", "server"};
	struct tunnels *t = tn->t;
	struct session_inner inner;
	struct session_error err;
	struct tnd_buf *b = event(tn);
	struct tnd_list *pos, *tmp;

	json_w_string(b, "mode", modes[tn->mode]);
	if (session_inner_get(t->sessions, tn->id, &inner, &err) == SESSION_OK) {
		session_w_endpoint(b, "remote", &inner.remote);
		json_w_uint(b, "mtu", inner.mtu);
	}
	tell(t, "tunnel.up");
	tnd_list_for_each_safe (pos, tmp, &t->observers) {
		struct tunnel_observer *o = tnd_container_of(pos, struct tunnel_observer, link);

		if (o->up != NULL)
			o->up(o, tn->id);
	}
}

static void tell_down(struct tunnel *tn, enum tunnel_reason reason)
{
	struct tunnels *t = tn->t;
	struct tnd_buf *b = event(tn);
	struct tnd_list *pos, *tmp;

	json_w_string(b, "reason", tunnel_reason_name(reason));
	json_w_bool(b, "was_up", tn->up);
	tell(t, "tunnel.down");
	tnd_list_for_each_safe (pos, tmp, &t->observers) {
		struct tunnel_observer *o = tnd_container_of(pos, struct tunnel_observer, link);

		if (o->down != NULL)
			o->down(o, tn->id, reason);
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

void tunnel_forget_pending(struct tunnel *tn)
{
	if (tn->pending == NULL)
		return;
	explicit_bzero(tn->pending, sizeof(*tn->pending));
	free(tn->pending);
	tn->pending = NULL;
}

void tunnel_free(struct tunnel *tn)
{
	tunnel_forget_pending(tn);
	free(tn->prefix);
	free(tn->info);
	free(tn);
}

void tunnel_touch(struct tunnel *tn)
{
	if (tn->up)
		return;
	tn->since_ms = tn->t->h->loop.now_ms;
	loop_timer_after(&tn->t->h->loop, &tn->timer, WAIT_MS);
}

/* Out of the tables; its session has ended, or ends now. */
static void leave(struct tunnel *tn, enum tunnel_reason reason)
{
	struct tunnels *t = tn->t;

	tnd_timer_stop(&t->h->loop.timers, &tn->timer);
	t->table[tn->index] = NULL;
	if (is_by_user(tn))
		leave_user(t, tn);
	t->stats.active--;
	t->stats.ended++;
	if (tn->up)
		t->stats.up--;
	if (reason == TUNNEL_TIMEOUT)
		t->stats.timed_out++;
	if (reason == TUNNEL_REPLACED)
		t->stats.replaced++;
	tell_down(tn, reason);
	if (tn->info != NULL)
		tunnel_tell_network(tn, NULL);
	tunnel_free(tn);
}

/* `tn` is gone with SESSION_OK. */
enum session_fault tunnel_end(struct tunnel *tn, enum tunnel_reason reason, session_done_fn done,
			      void *arg, struct session_error *err)
{
	struct tunnels *t = tn->t;
	enum session_fault f;

	/* First nothing leads to the session any more. */
	tunnel_unroute(tn);
	tn->ending = true;
	f = session_delete(t->sessions, tn->id, done, arg, err);
	tn->ending = false;
	if (f == SESSION_OK) {
		leave(tn, reason);
		return SESSION_OK;
	}
	for (unsigned int i = 0; i < tn->prefix_count; i++)
		flow_route_set(t->h->tables, &tn->prefix[i].ip, tn->prefix[i].bits, tn->index);
	return f;
}

static void end_or_retry(struct tunnel *tn, enum tunnel_reason reason)
{
	struct session_error err;

	if (tunnel_end(tn, reason, NULL, NULL, &err) == SESSION_OK)
		return;
	tn->doomed = (uint8_t)(reason + 1);
	loop_timer_after(&tn->t->h->loop, &tn->timer, RETRY_MS);
}

/* Nothing authentic has come yet. */
static void check_waiting(struct tunnel *tn)
{
	struct tunnels *t = tn->t;
	uint64_t waited = t->h->loop.now_ms - tn->since_ms, limit = tn->setup_s * UINT64_C(1000);

	if (waited >= limit)
		end_or_retry(tn, TUNNEL_SETUP);
	else
		loop_timer_after(&t->h->loop, &tn->timer, RTE_MIN(limit - waited, WAIT_MS));
}

static void check(struct tnd_timer *timer, void *arg)
{
	struct tunnel *tn = tnd_container_of(timer, struct tunnel, timer);
	struct tunnels *t = arg;
	uint64_t silent = session_silent_ms(t->sessions, tn->index);
	uint64_t limit = tn->liveness_s * UINT64_C(1000);

	if (tn->doomed != 0) {
		end_or_retry(tn, (enum tunnel_reason)(tn->doomed - 1));
		return;
	}
	if (!tn->up && silent >= limit) {
		check_waiting(tn);
		return;
	}
	if (silent >= limit) {
		end_or_retry(tn, TUNNEL_TIMEOUT);
		return;
	}
	loop_timer_after(&t->h->loop, timer, limit - silent);
	if (tn->up)
		return;
	tn->up = true;
	tn->since_ms = t->h->loop.now_ms;
	t->stats.up++;
	tell_up(tn); /* last: whoever is told may end it */
}

void tunnel_enter(struct tunnels *t, struct tunnel *tn)
{
	tn->t = t;
	tn->created_ms = t->h->loop.now_ms;
	tnd_timer_init(&tn->timer, check, t);
	t->table[tn->index] = tn;
	t->stats.active++;
	t->stats.created++;
	tunnel_touch(tn);
}

/* ---- what call/ tells ---------------------------------------------------------------------- */

static struct tunnels *tunnels_of(struct session_observer *o)
{
	return tnd_container_of(o, struct tunnels, observer);
}

/* By others than us. */
static void session_ended(struct session_observer *o, uint32_t index, const char *id,
			  bool timed_out)
{
	struct tunnel *tn = tunnels_of(o)->table[index];

	if (tn == NULL || tn->ending)
		return;
	tunnel_unroute(tn);
	leave(tn, TUNNEL_ENDED);
}

static void session_moved(struct session_observer *o, uint32_t index, const char *id,
			  unsigned int leg, const struct session_endpoint *to, bool first)
{
	struct tunnels *t = tunnels_of(o);
	struct tunnel *tn = t->table[index];
	struct tnd_buf *b;

	if (tn == NULL || leg != 0 || first)
		return;
	tn->roamed++;
	t->stats.roamed++;
	b = event(tn);
	session_w_endpoint(b, "remote", to);
	tell(t, "tunnel.roamed");
}

/* Its alert was authentic and is the last that there will be: no need to wait for silence. */
static void session_closed(struct session_observer *o, uint32_t index, const char *id,
			   unsigned int leg)
{
	struct tunnel *tn = tunnels_of(o)->table[index];

	if (tn != NULL && !tn->ending && leg == 0)
		end_or_retry(tn, TUNNEL_HANGUP);
}

/* ---- what there is to know ----------------------------------------------------------------- */

static void fill_info(struct tunnels *t, const struct tunnel *tn, struct tunnel_info *out)
{
	struct session_inner inner = {.mtu = 0};
	struct session_error err;

	session_inner_get(t->sessions, tn->id, &inner, &err);
	*out = (struct tunnel_info){
		.id = tn->id,
		.user = tn->user[0] != '\0' ? tn->user : NULL,
		.mode = (enum tunnel_mode)tn->mode,
		.up = tn->up,
		.offered = tn->pending != NULL,
		.interface = tn->interface,
		.mtu = inner.mtu,
		.age_s = (double)(t->h->loop.now_ms - tn->created_ms) / 1000,
		.heard_ms = session_silent_ms(t->sessions, tn->index),
	};
}

bool tunnel_next(struct tunnels *t, uint32_t *cursor, uint32_t *budget, struct tunnel_info *out)
{
	out->id = NULL;
	while (*cursor < t->limit) {
		const struct tunnel *tn = t->table[*cursor];

		if (*budget == 0)
			return true;
		(*budget)--;
		(*cursor)++;
		if (tn == NULL)
			continue;
		fill_info(t, tn, out);
		return true;
	}
	return false;
}

bool tunnel_find(struct tunnels *t, const char *id, struct tunnel_info *out)
{
	const struct tunnel *tn = tunnel_by_id(t, id);

	if (tn != NULL)
		fill_info(t, tn, out);
	return tn != NULL;
}

void tunnels_stats(const struct tunnels *t, struct tunnels_stats *out)
{
	*out = t->stats;
}

struct users *tunnels_users(struct tunnels *t)
{
	return t->users;
}

void tunnels_observe(struct tunnels *t, struct tunnel_observer *o)
{
	tnd_list_add_tail(&t->observers, &o->link);
}

void tunnels_unobserve(struct tunnel_observer *o)
{
	tnd_list_del(&o->link);
}

enum session_fault tunnel_delete(struct tunnels *t, const char *id, enum tunnel_reason reason,
				 session_done_fn done, void *arg, struct session_error *err)
{
	struct tunnel *tn = tunnel_by_id(t, id);

	return tn != NULL ? tunnel_end(tn, reason, done, arg, err) : tunnel_not_found(err);
}

const char *tunnels_of_user(struct tunnels *t, const char *name)
{
	const struct tunnel *tn = tunnel_by_user(t, name);

	return tn != NULL ? tn->id : NULL;
}

enum user_fault tunnels_user_delete(struct tunnels *t, const char *name, struct user_error *err)
{
	enum user_fault f = user_delete(t->users, name, err);
	struct tunnel *tn = f == USER_OK ? tunnel_by_user(t, name) : NULL;

	/* Without memory to end it now, its timer does. */
	if (tn != NULL)
		end_or_retry(tn, TUNNEL_USER);
	return f;
}

/* ---- the table's life ---------------------------------------------------------------------- */

static bool has_inner(const struct config *c)
{
	for (unsigned int i = 0; i < c->interface_count; i++)
		if (c->interfaces[i].role != CONFIG_OUTER)
			return true;
	return false;
}

int tunnels_create(struct tunnels **out, struct host *h, struct sessions *s)
{
	struct tunnels *t;
	int rc = -ENOMEM;

	*out = NULL;
	if (!has_inner(h->config))
		return 0;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->h = h;
	t->sessions = s;
	t->limit = h->tables->session_count;
	t->bucket_mask = BUCKETS - 1;
	tnd_list_init(&t->observers);
	tnd_list_init(&t->observer.link);
	t->table = calloc(t->limit, sizeof(struct tunnel *));
	t->bucket = calloc(BUCKETS, sizeof(struct tunnel *));
	if (t->table == NULL || t->bucket == NULL ||
	    getrandom(&t->key, sizeof(t->key), 0) != (ssize_t)sizeof(t->key)) {
		tnd_err("tunnel", "no memory for tunnels");
		goto fail;
	}
	rc = users_create(&t->users, h->config);
	if (rc != 0)
		goto fail;
	t->observer.ended = session_ended;
	t->observer.moved = session_moved;
	t->observer.closed = session_closed;
	sessions_observe(s, &t->observer);
	*out = t;
	return 0;
fail:
	tunnels_free(t);
	return rc;
}

void tunnels_free(struct tunnels *t)
{
	if (t == NULL)
		return;
	sessions_unobserve(&t->observer);
	for (uint32_t i = 0; t->table != NULL && i < t->limit; i++) {
		if (t->table[i] == NULL)
			continue;
		tnd_timer_stop(&t->h->loop.timers, &t->table[i]->timer);
		tunnel_free(t->table[i]);
	}
	users_free(t->users);
	tnd_buf_free(&t->text);
	tunnel_desc_wipe(&t->desc);
	free(t->bucket);
	free(t->table);
	free(t);
}
