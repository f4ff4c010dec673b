/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of users: the store, what is taken of the pools, and who has which addresses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "user_private.h"

static unsigned int full_bits(const union wire_ip *ip)
{
	return wire_ip_is4(ip) ? 32 : 128;
}

unsigned int user_prefixes(const struct users *u, const struct user *user,
			   struct net_prefix out[USER_PREFIXES])
{
	bool alone = u->config->tunnel.mask == CONFIG_MASK_INTERFACE;
	unsigned int n = 0;

	for (unsigned int i = 0; i < user->address_count; i++, n++) {
		out[n] = user->address[i];
		if (alone)
			out[n].bits = (uint8_t)full_bits(&out[n].ip);
		net_prefix_trim(&out[n]);
	}
	for (unsigned int i = 0; i < user->network_count; i++)
		out[n++] = user->network[i];
	return n;
}

void user_netinfo(const struct users *u, const struct user *user, struct netinfo *out)
{
	const struct config_tunnel *t = &u->config->tunnel;

	*out = user->info;
	out->address_count = user->address_count;
	memcpy(out->address, user->address, sizeof(out->address));
	if (!user->has_dns) {
		out->dns_count = (uint8_t)t->dns_count;
		memcpy(out->dns, t->dns, sizeof(out->dns));
	}
	if (!user->has_routes) {
		out->route_count = (uint8_t)t->route_count;
		for (unsigned int i = 0; i < t->route_count; i++)
			out->route[i] =
				(struct net_prefix){t->route[i].ip, (uint8_t)t->route[i].bits};
	}
	if (out->mtu == 0)
		out->mtu = t->mtu;
}

/* ---- transactions -------------------------------------------------------------------------- */

static enum user_fault store_fault(struct user_error *err)
{
	return user_fault_set(err, USER_STORE, "",
			      "the store can't be read or written: see the log");
}

static void mark_owned(void *arg, const union wire_ip *first, const union wire_ip *last)
{
	struct users *u = arg;

	user_pool_mark(&u->pool[wire_ip_is4(first) ? 0 : 1], first, last, true);
}

/* What is taken, and how many there are, as the store has it. */
static int read_again(struct users *u)
{
	for (unsigned int i = 0; i < NETINFO_ADDRESSES; i++)
		user_pool_clear(&u->pool[i]);
	if (user_store_owned(u->store, mark_owned, u) != 0)
		return -EIO;
	return user_store_count(u->store, &u->count);
}

enum user_fault users_begin(struct users *u, struct user_error *err)
{
	return user_store_begin(u->store) == 0 ? USER_OK : store_fault(err);
}

enum user_fault users_end(struct users *u, enum user_fault f, struct user_error *err)
{
	if (f == USER_OK && user_store_commit(u->store) == 0)
		return USER_OK;
	if (f == USER_OK)
		f = store_fault(err);
	else
		user_store_rollback(u->store);
	if (read_again(u) != 0)
		tnd_err("users", "the store can't be read: what is free of the pools is not known");
	return f;
}

enum user_fault users_take(struct users *u, struct user *user, struct user_error *err)
{
	bool has[NETINFO_ADDRESSES] = {false, false};

	for (unsigned int i = 0; i < user->address_count; i++)
		has[wire_ip_is4(&user->address[i].ip) ? 0 : 1] = true;
	for (unsigned int i = 0; i < NETINFO_ADDRESSES; i++) {
		unsigned int at = user->address_count;

		if (has[i] || u->pool[i].taken == NULL)
			continue;
		if (user_pool_take(&u->pool[i], &user->address[at].ip) != 0)
			return user_fault_set(err, USER_POOL_FULL,
					      i == 0 ? "/address" : "/address6",
					      "no address is left in the pool");
		user->address[at].bits = (uint8_t)full_bits(&user->address[at].ip);
		user->pooled[at] = true;
		user->address_count++;
	}
	return USER_OK;
}

static enum user_fault own(struct users *u, const struct user *user, const struct net_prefix *p,
			   unsigned int i, struct user_error *err)
{
	char owner[WIRE_RTPTP_NAME_MAX + 1], text[NET_PREFIX_STRLEN], path[32];
	int rc = user_store_owner(u->store, p, owner);

	snprintf(path, sizeof(path), "/networks/%u", i - user->address_count);
	if (i < user->address_count)
		snprintf(path, sizeof(path), "%s", wire_ip_is4(&p->ip) ? "/address" : "/address6");
	if (rc == 0)
		return user_fault_set(err, USER_CONFLICT, path,
				      "%s: addresses of it are user \"%s\"'s",
				      net_prefix_format(p, text), owner);
	if (rc != -ENOENT || user_store_own(u->store, user->name, p) != 0)
		return store_fault(err);
	return USER_OK;
}

static void mark_user(struct users *u, const struct user *user, bool taken)
{
	struct net_prefix p[USER_PREFIXES];
	unsigned int n = user_prefixes(u, user, p);
	union wire_ip first, last;

	for (unsigned int i = 0; i < n; i++) {
		net_prefix_range(&p[i], &first, &last);
		user_pool_mark(&u->pool[wire_ip_is4(&first) ? 0 : 1], &first, &last, taken);
	}
}

enum user_fault users_put(struct users *u, const struct user *user, const struct user *before,
			  struct user_error *err)
{
	struct net_prefix p[USER_PREFIXES];
	unsigned int n = user_prefixes(u, user, p);
	enum user_fault f = USER_OK;

	if (before == NULL && u->count >= u->config->tunnel.users)
		return user_fault_set(err, USER_LIMIT, "", "all %u users are in use (tunnel.users)",
				      u->config->tunnel.users);
	if (before != NULL && user_store_disown(u->store, user->name) != 0)
		return store_fault(err);
	for (unsigned int i = 0; i < n && f == USER_OK; i++)
		f = own(u, user, &p[i], i, err);
	if (f == USER_OK && user_store_put(u->store, user) != 0)
		f = store_fault(err);
	if (f != USER_OK)
		return f;
	if (before != NULL)
		mark_user(u, before, false);
	else
		u->count++;
	mark_user(u, user, true);
	return USER_OK;
}

/* ---- one user ------------------------------------------------------------------------------ */

static enum user_fault add_new(struct users *u, struct user *now, bool pool, struct user_error *err)
{
	enum user_fault f = users_begin(u, err);

	if (f != USER_OK)
		return f;
	if (pool)
		f = users_take(u, now, err);
	if (f == USER_OK && now->address_count + now->network_count == 0)
		f = user_fault_set(err, USER_BAD, "/address",
				   "missing, and there is no pool (tunnel.pool) to take one of");
	if (f == USER_OK)
		f = users_put(u, now, NULL, err);
	return users_end(u, f, err);
}

enum user_fault user_add(struct users *u, const struct user *user, bool pool, bool *created,
			 struct user *now, struct user_error *err)
{
	enum user_fault f = user_check(u, user, err);
	int rc;

	*created = false;
	if (f != USER_OK)
		return f;
	rc = user_store_find(u->store, user->name, now);
	if (rc == 0 && user_is_same(user, pool, now))
		return USER_OK;
	if (rc == 0)
		return user_fault_set(err, USER_CONFLICT, "/name",
				      "there is a user of this name, and it is other");
	if (rc != -ENOENT)
		return store_fault(err);
	*now = *user;
	memset(now->pooled, 0, sizeof(now->pooled));
	f = add_new(u, now, pool, err);
	*created = f == USER_OK;
	return f;
}

enum user_fault user_get(struct users *u, const char *name, struct user *out,
			 struct user_error *err)
{
	int rc = user_store_find(u->store, name, out);

	if (rc == -ENOENT)
		return user_fault_set(err, USER_NOT_FOUND, "/name", "no user of this name");
	return rc == 0 ? USER_OK : store_fault(err);
}

enum user_fault user_delete(struct users *u, const char *name, struct user_error *err)
{
	struct user user;
	enum user_fault f = user_get(u, name, &user, err);

	if (f == USER_OK)
		f = users_begin(u, err);
	if (f != USER_OK)
		return f;
	if (user_store_disown(u->store, name) != 0 || user_store_remove(u->store, name) != 0)
		f = store_fault(err);
	f = users_end(u, f, err);
	if (f != USER_OK)
		return f;
	u->count--;
	mark_user(u, &user, false);
	return USER_OK;
}

/* ---- many ---------------------------------------------------------------------------------- */

struct list_walk {
	const char *prefix;
	unsigned int left;
	bool (*fn)(void *arg, const struct user *user);
	void *arg;
	bool *more;
};

static bool list_one(void *arg, const struct user *user)
{
	struct list_walk *w = arg;
	int c = strncmp(user->name, w->prefix, strlen(w->prefix));

	if (c != 0)
		return c < 0;
	if (w->left == 0) {
		*w->more = true;
		return false;
	}
	w->left--;
	return w->fn(w->arg, user);
}

enum user_fault user_list(struct users *u, const char *after, const char *prefix,
			  unsigned int limit, bool (*fn)(void *arg, const struct user *user),
			  void *arg, bool *more, struct user_error *err)
{
	struct list_walk w = {prefix, limit, fn, arg, more};
	/* Those below the prefix need not be looked at; one of that very name is behind this. */
	char from[WIRE_RTPTP_NAME_MAX + 1];

	*more = false;
	snprintf(from, sizeof(from), "%s", after);
	if (strcmp(after, prefix) < 0) {
		struct user first;

		snprintf(from, sizeof(from), "%s", prefix);
		if (prefix[0] != '\0' && user_store_find(u->store, prefix, &first) == 0 &&
		    !list_one(&w, &first))
			return USER_OK;
	}
	return user_store_list(u->store, from, list_one, &w) == 0 ? USER_OK : store_fault(err);
}

void users_stats(const struct users *u, struct users_stats *out)
{
	*out = (struct users_stats){
		.count = u->count, .restored = u->state.restored, .emptied = u->state.emptied};
	for (unsigned int i = 0; i < NETINFO_ADDRESSES; i++) {
		out->pool_size[i] = u->pool[i].taken != NULL ? u->pool[i].size : 0;
		out->pool_free[i] = u->pool[i].taken != NULL ? u->pool[i].free : 0;
	}
}

/* ---- its life ------------------------------------------------------------------------------ */

static int make_pools(struct users *u)
{
	const struct config *c = u->config;

	for (unsigned int i = 0; i < NETINFO_ADDRESSES; i++) {
		const struct config_prefix *p = &c->tunnel.pool[i];
		const struct net_prefix net = {p->ip, (uint8_t)p->bits};

		if (!c->tunnel.has_pool[i])
			continue;
		if (user_pool_init(&u->pool[i], &net) != 0)
			return -ENOMEM;
		for (unsigned int k = 0; k < c->address_count; k++)
			user_pool_reserve(&u->pool[i], &c->addresses[k].ip);
		for (unsigned int k = 0; k < c->interface_count; k++)
			for (unsigned int n = 0; n < c->interfaces[k].kernel_address_count; n++)
				user_pool_reserve(&u->pool[i],
						  &c->interfaces[k].kernel_address[n].ip);
	}
	return 0;
}

struct again {
	struct users *u;
	struct user_error err;
	bool failed;
};

static bool own_again(void *arg, const struct user *user)
{
	struct again *a = arg;
	struct net_prefix p[USER_PREFIXES];
	unsigned int n = user_prefixes(a->u, user, p);

	for (unsigned int i = 0; i < n && !a->failed; i++)
		a->failed = own(a->u, user, &p[i], i, &a->err) != USER_OK;
	if (a->failed)
		tnd_err("users", "user \"%s\": %s; tunnel.mask can't change while that is so",
			user->name, a->err.reason);
	return !a->failed;
}

/* Masks mean another thing than when the store was last open: whose addresses are which? */
static int follow_mask(struct users *u)
{
	int mask = (int)u->config->tunnel.mask + 1, before, rc;
	struct again a = {.u = u};

	if (user_store_setting(u->store, "mask", &before) != 0)
		return -EIO;
	if (before == mask)
		return 0;
	if (user_store_begin(u->store) != 0)
		return -EIO;
	rc = user_store_disown_all(u->store);
	if (rc == 0)
		rc = user_store_list(u->store, "", own_again, &a);
	if (rc == 0 && a.failed)
		rc = -EEXIST;
	if (rc == 0)
		rc = user_store_set(u->store, "mask", mask);
	if (rc == 0)
		return user_store_commit(u->store);
	user_store_rollback(u->store);
	return rc;
}

int users_create(struct users **out, const struct config *c)
{
	struct users *u = calloc(1, sizeof(*u));
	int rc = -ENOMEM;

	if (u == NULL)
		return rc;
	u->config = c;
	if (make_pools(u) == 0)
		rc = user_store_open(&u->store, c->tunnel.store, c->lcores, c->lcore_count,
				     &u->state);
	if (rc == 0)
		rc = follow_mask(u);
	if (rc == 0)
		rc = read_again(u);
	if (rc != 0)
		users_free(u);
	else
		*out = u;
	return rc;
}

void users_free(struct users *u)
{
	if (u == NULL)
		return;
	user_store_close(u->store);
	for (unsigned int i = 0; i < NETINFO_ADDRESSES; i++)
		user_pool_free(&u->pool[i]);
	free(u);
}
