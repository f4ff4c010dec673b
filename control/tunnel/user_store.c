/* SPDX-License-Identifier: BSD-3-Clause */
#include "user_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "user_store_private.h"

#define COLUMNS "name,address4,pooled4,address6,pooled6,wide_mask,networks,dns,routes,mtu"

static const char *const sql[STORE_QUERIES] = {
	[STORE_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_COMMIT] = "COMMIT",
	[STORE_ROLLBACK] = "ROLLBACK",
	[STORE_FIND] = "SELECT " COLUMNS " FROM user WHERE name=?1",
	[STORE_PUT] =
		"INSERT OR REPLACE INTO user(" COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
	[STORE_REMOVE] = "DELETE FROM user WHERE name=?1",
	[STORE_COUNT] = "SELECT count(*) FROM user",
	[STORE_LIST] = "SELECT " COLUMNS " FROM user WHERE name>?1 ORDER BY name",
	[STORE_OWN] = "INSERT INTO net(first,last,name) VALUES(?1,?2,?3)",
	[STORE_DISOWN] = "DELETE FROM net WHERE name=?1",
	/* Ranges are disjoint: of those that begin before its end, only the last can reach it. */
	[STORE_OWNER] = "SELECT last,name FROM net WHERE first<=?1 ORDER BY first DESC LIMIT 1",
	[STORE_OWNED] = "SELECT first,last FROM net",
	[STORE_DISOWN_ALL] = "DELETE FROM net",
	[STORE_SETTING] = "SELECT value FROM setting WHERE key=?1",
	[STORE_SET] = "INSERT OR REPLACE INTO setting(key,value) VALUES(?1,?2)",
};

static int failed(struct user_store *s)
{
	tnd_err("users", "%s: %s", s->path[0] != '\0' ? s->path : "users in memory",
		sqlite3_errmsg(s->db));
	return -EIO;
}

/* Ready for values. */
static sqlite3_stmt *query(struct user_store *s, enum store_query q)
{
	sqlite3_reset(s->query[q]);
	sqlite3_clear_bindings(s->query[q]);
	return s->query[q];
}

/* 1: a row; 0: no more; -EIO. Without a row the query is done with. */
static int step(struct user_store *s, sqlite3_stmt *q)
{
	int rc = sqlite3_step(q);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		failed(s);
	sqlite3_reset(q);
	return rc == SQLITE_DONE ? 0 : -EIO;
}

static void bind_text(sqlite3_stmt *q, int at, const char *text)
{
	sqlite3_bind_text(q, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_ip(sqlite3_stmt *q, int at, const union wire_ip *ip)
{
	sqlite3_bind_blob(q, at, ip->b, sizeof(ip->b), SQLITE_TRANSIENT);
}

/* ---- its life ------------------------------------------------------------------------------ */

static int prepare(struct user_store *s)
{
	for (int i = 0; i < STORE_QUERIES; i++)
		if (sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->query[i],
				       NULL) != SQLITE_OK)
			return failed(s);
	/* The thread has the log brought to the disk; here nothing waits for that. */
	if (sqlite3_exec(s->db, "PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0", NULL, NULL,
			 NULL) != SQLITE_OK)
		return failed(s);
	return 0;
}

int user_store_open(struct user_store **out, const char *path, const unsigned int *workers,
		    unsigned int worker_count, struct user_store_state *state)
{
	struct user_store *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return -ENOMEM;
	*state = (struct user_store_state){0};
	snprintf(s->path, sizeof(s->path), "%s", path);
	rc = store_file_open(path, &s->db, state);
	if (rc == 0)
		rc = prepare(s);
	if (rc == 0 && path[0] != '\0')
		rc = store_disk_start(s, workers, worker_count);
	if (rc != 0)
		user_store_close(s);
	else
		*out = s;
	return rc;
}

void user_store_close(struct user_store *s)
{
	if (s == NULL)
		return;
	store_disk_stop(s);
	for (int i = 0; i < STORE_QUERIES; i++)
		sqlite3_finalize(s->query[i]);
	if (s->db != NULL)
		sqlite3_close(s->db);
	free(s);
}

/* ---- changes ------------------------------------------------------------------------------- */

static int run(struct user_store *s, enum store_query q)
{
	return step(s, query(s, q)) < 0 ? -EIO : 0;
}

int user_store_begin(struct user_store *s)
{
	return run(s, STORE_BEGIN);
}

int user_store_commit(struct user_store *s)
{
	int rc = run(s, STORE_COMMIT);

	if (rc != 0)
		user_store_rollback(s);
	else
		atomic_fetch_add(&s->at, 1);
	return rc;
}

void user_store_rollback(struct user_store *s)
{
	if (!sqlite3_get_autocommit(s->db))
		run(s, STORE_ROLLBACK);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* "10.0.0.0/8 fd00::/8" */
static bool read_prefixes(const char *text, struct net_prefix *out, unsigned int max,
			  uint8_t *count)
{
	char word[NET_PREFIX_STRLEN];
	size_t len;

	for (*count = 0; *text != '\0'; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		if (*count == max || len >= sizeof(word))
			return false;
		memcpy(word, text, len);
		word[len] = '\0';
		if (net_prefix_parse(word, &out[(*count)++]) != 0)
			return false;
	}
	return true;
}

static void write_prefixes(const struct net_prefix *p, unsigned int count, char *out, size_t size)
{
	char text[NET_PREFIX_STRLEN];
	size_t at = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < count; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? " " : "",
				       net_prefix_format(&p[i], text));
}

static const char *column(sqlite3_stmt *q, int at)
{
	return (const char *)sqlite3_column_text(q, at);
}

static bool read_address(sqlite3_stmt *q, int at, bool is4, struct user *u)
{
	const char *text = column(q, at);
	struct net_prefix *p = &u->address[u->address_count];

	if (text == NULL)
		return true;
	if (net_prefix_parse(text, p) != 0 || wire_ip_is4(&p->ip) != is4)
		return false;
	u->pooled[u->address_count++] = sqlite3_column_int(q, at + 1) != 0;
	return true;
}

static bool read_row(sqlite3_stmt *q, struct user *u)
{
	const char *name = column(q, 0), *networks = column(q, 6);
	const char *dns = column(q, 7), *routes = column(q, 8);
	struct net_prefix server[NETINFO_DNS];

	memset(u, 0, sizeof(*u));
	if (name == NULL || networks == NULL || !wire_rtptp_name_ok(name, strlen(name)))
		return false;
	memcpy(u->name, name, strlen(name) + 1);
	u->wide_mask = sqlite3_column_int(q, 5) != 0;
	u->info.mtu = (uint16_t)sqlite3_column_int(q, 9);
	u->has_dns = dns != NULL;
	u->has_routes = routes != NULL;
	if (!read_address(q, 1, true, u) || !read_address(q, 3, false, u) ||
	    !read_prefixes(networks, u->network, USER_NETWORKS, &u->network_count) ||
	    !read_prefixes(dns != NULL ? dns : "", server, NETINFO_DNS, &u->info.dns_count) ||
	    !read_prefixes(routes != NULL ? routes : "", u->info.route, NETINFO_ROUTES,
			   &u->info.route_count))
		return false;
	for (unsigned int i = 0; i < u->info.dns_count; i++)
		u->info.dns[i] = server[i].ip;
	return true;
}

static int bad_row(struct user_store *s, sqlite3_stmt *q)
{
	tnd_err("users", "%s: a row of table user is none that tandem writes", s->path);
	sqlite3_reset(q);
	return -EIO;
}

int user_store_find(struct user_store *s, const char *name, struct user *out)
{
	sqlite3_stmt *q = query(s, STORE_FIND);
	int rc;

	bind_text(q, 1, name);
	rc = step(s, q);
	if (rc <= 0)
		return rc == 0 ? -ENOENT : rc;
	if (!read_row(q, out))
		return bad_row(s, q);
	sqlite3_reset(q);
	return 0;
}

static void bind_told(sqlite3_stmt *q, const struct user *u)
{
	char text[NETINFO_ROUTES * NET_PREFIX_STRLEN];
	struct net_prefix server[NETINFO_DNS];

	for (unsigned int i = 0; i < u->info.dns_count; i++)
		server[i] = (struct net_prefix){u->info.dns[i],
						wire_ip_is4(&u->info.dns[i]) ? 32 : 128};
	if (u->has_dns) {
		write_prefixes(server, u->info.dns_count, text, sizeof(text));
		bind_text(q, 8, text);
	}
	if (u->has_routes) {
		write_prefixes(u->info.route, u->info.route_count, text, sizeof(text));
		bind_text(q, 9, text);
	}
	sqlite3_bind_int(q, 10, u->info.mtu);
}

int user_store_put(struct user_store *s, const struct user *u)
{
	sqlite3_stmt *q = query(s, STORE_PUT);
	char text[USER_NETWORKS * NET_PREFIX_STRLEN];

	bind_text(q, 1, u->name);
	sqlite3_bind_int(q, 3, 0);
	sqlite3_bind_int(q, 5, 0);
	for (unsigned int i = 0; i < u->address_count; i++) {
		int at = wire_ip_is4(&u->address[i].ip) ? 2 : 4;

		bind_text(q, at, net_prefix_format(&u->address[i], text));
		sqlite3_bind_int(q, at + 1, u->pooled[i]);
	}
	sqlite3_bind_int(q, 6, u->wide_mask);
	write_prefixes(u->network, u->network_count, text, sizeof(text));
	bind_text(q, 7, text);
	bind_told(q, u);
	return step(s, q) < 0 ? -EIO : 0;
}

int user_store_remove(struct user_store *s, const char *name)
{
	sqlite3_stmt *q = query(s, STORE_REMOVE);

	bind_text(q, 1, name);
	return step(s, q) < 0 ? -EIO : 0;
}

int user_store_count(struct user_store *s, uint32_t *count)
{
	sqlite3_stmt *q = query(s, STORE_COUNT);

	if (step(s, q) != 1)
		return -EIO;
	*count = (uint32_t)sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	return 0;
}

int user_store_list(struct user_store *s, const char *after,
		    bool (*fn)(void *arg, const struct user *user), void *arg)
{
	sqlite3_stmt *q = query(s, STORE_LIST);
	struct user u;
	int rc;

	bind_text(q, 1, after);
	while ((rc = step(s, q)) > 0) {
		if (!read_row(q, &u))
			return bad_row(s, q);
		if (!fn(arg, &u))
			break;
	}
	sqlite3_reset(q);
	return rc < 0 ? rc : 0;
}

/* ---- whose addresses ----------------------------------------------------------------------- */

int user_store_own(struct user_store *s, const char *name, const struct net_prefix *p)
{
	sqlite3_stmt *q = query(s, STORE_OWN);
	union wire_ip first, last;

	net_prefix_range(p, &first, &last);
	bind_ip(q, 1, &first);
	bind_ip(q, 2, &last);
	bind_text(q, 3, name);
	return step(s, q) < 0 ? -EIO : 0;
}

int user_store_disown(struct user_store *s, const char *name)
{
	sqlite3_stmt *q = query(s, STORE_DISOWN);

	bind_text(q, 1, name);
	return step(s, q) < 0 ? -EIO : 0;
}

int user_store_disown_all(struct user_store *s)
{
	return run(s, STORE_DISOWN_ALL);
}

static bool read_ip(sqlite3_stmt *q, int at, union wire_ip *ip)
{
	if (sqlite3_column_bytes(q, at) != sizeof(ip->b))
		return false;
	memcpy(ip->b, sqlite3_column_blob(q, at), sizeof(ip->b));
	return true;
}

int user_store_owner(struct user_store *s, const struct net_prefix *p,
		     char name[WIRE_RTPTP_NAME_MAX + 1])
{
	sqlite3_stmt *q = query(s, STORE_OWNER);
	union wire_ip first, last, reach;
	int rc;

	net_prefix_range(p, &first, &last);
	bind_ip(q, 1, &last);
	rc = step(s, q);
	if (rc <= 0)
		return rc == 0 ? -ENOENT : rc;
	if (!read_ip(q, 0, &reach) || column(q, 1) == NULL)
		return bad_row(s, q);
	rc = memcmp(reach.b, first.b, sizeof(reach.b)) >= 0 ? 0 : -ENOENT;
	snprintf(name, WIRE_RTPTP_NAME_MAX + 1, "%s", column(q, 1));
	sqlite3_reset(q);
	return rc;
}

int user_store_owned(struct user_store *s,
		     void (*fn)(void *arg, const union wire_ip *first, const union wire_ip *last),
		     void *arg)
{
	sqlite3_stmt *q = query(s, STORE_OWNED);
	union wire_ip first, last;
	int rc;

	while ((rc = step(s, q)) > 0) {
		if (!read_ip(q, 0, &first) || !read_ip(q, 1, &last))
			return bad_row(s, q);
		fn(arg, &first, &last);
	}
	return rc;
}

/* ---- settings ------------------------------------------------------------------------------ */

int user_store_setting(struct user_store *s, const char *key, int *value)
{
	sqlite3_stmt *q = query(s, STORE_SETTING);
	int rc;

	bind_text(q, 1, key);
	*value = 0;
	rc = step(s, q);
	if (rc <= 0)
		return rc;
	*value = sqlite3_column_int(q, 0);
	sqlite3_reset(q);
	return 0;
}

int user_store_set(struct user_store *s, const char *key, int value)
{
	sqlite3_stmt *q = query(s, STORE_SET);

	bind_text(q, 1, key);
	sqlite3_bind_int(q, 2, value);
	return step(s, q) < 0 ? -EIO : 0;
}
