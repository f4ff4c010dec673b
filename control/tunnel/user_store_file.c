/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of the store: made, checked, put aside, copied. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "user_store_private.h"

#define APPLICATION_ID "1953391733" /* "tndu" */
#define VERSION        1
#define BUSY_MS        200

static const char schema[] =
	"PRAGMA application_id=" APPLICATION_ID ";"
	"PRAGMA user_version=1;"
	"CREATE TABLE user("
	" name TEXT PRIMARY KEY NOT NULL,"
	" address4 TEXT, pooled4 INT NOT NULL, address6 TEXT, pooled6 INT NOT NULL,"
	" wide_mask INT NOT NULL,"
	" networks TEXT NOT NULL,"
	" dns TEXT, routes TEXT, mtu INT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE net(first BLOB PRIMARY KEY NOT NULL, last BLOB NOT NULL,"
	" name TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX net_name ON net(name);"
	"CREATE TABLE setting(key TEXT PRIMARY KEY NOT NULL, value INT NOT NULL) WITHOUT ROWID;";

static void path_with(char out[STORE_PATH_MAX], const char *path, const char *suffix)
{
	snprintf(out, STORE_PATH_MAX, "%.240s%s", path, suffix);
}

static int run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

/* The first value of the first row; -1: none. */
static long ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *q;
	long value = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(q) == SQLITE_ROW)
		value = (long)sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return value;
}

/* What is wrong with it: NULL, or the reason, in `text`. */
static const char *fault_of(sqlite3 *db, char text[256])
{
	sqlite3_stmt *q;
	bool ok = false;

	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &q, NULL) != SQLITE_OK) {
		snprintf(text, 256, "%s", sqlite3_errmsg(db));
		return text;
	}
	if (sqlite3_step(q) == SQLITE_ROW) {
		snprintf(text, 256, "%s", (const char *)sqlite3_column_text(q, 0));
		ok = strcmp(text, "ok") == 0;
	} else {
		snprintf(text, 256, "%s", sqlite3_errmsg(db));
	}
	sqlite3_finalize(q);
	if (!ok)
		return text;
	if (ask(db, "PRAGMA application_id") != atol(APPLICATION_ID))
		return "a database of something else";
	if (ask(db, "PRAGMA user_version") != VERSION)
		return "of another version of tandem";
	if (ask(db, "SELECT count(*) FROM sqlite_schema WHERE name IN ('user','net','setting')") !=
	    3)
		return "a table is missing";
	return NULL;
}

static int connect_to(const char *path, sqlite3 **db)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(path[0] != '\0' ? path : ":memory:", db, flags, NULL);

	if (*db == NULL)
		return -ENOMEM;
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(*db, BUSY_MS);
		/* Whatever the file says must not run anything. */
		sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		return 0;
	}
	sqlite3_close(*db);
	*db = NULL;
	return -EIO;
}

/* Only its owner may read it: networks of people. */
static int make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* 0; -EBADMSG: it is not whole, `why` says it; else -errno. */
static int open_whole(const char *path, sqlite3 **db, char why[256])
{
	const char *fault;
	int rc = make_private(path);

	if (rc != 0) {
		snprintf(why, 256, "%s", strerror(-rc));
		return rc;
	}
	rc = connect_to(path, db);
	if (rc == -ENOMEM)
		return rc;
	if (rc != 0) {
		snprintf(why, 256, "it can't be opened");
		return rc;
	}
	if (ask(*db, "SELECT count(*) FROM sqlite_schema") == 0 &&
	    (run(*db, "PRAGMA journal_mode=WAL") != 0 || run(*db, schema) != 0)) {
		snprintf(why, 256, "%s", sqlite3_errmsg(*db));
		rc = -EIO;
	} else {
		fault = fault_of(*db, why);
		if (fault == NULL)
			return 0;
		if (fault != why)
			snprintf(why, 256, "%s", fault);
		rc = -EBADMSG;
	}
	sqlite3_close(*db);
	*db = NULL;
	return rc;
}

/* Under a name that says when, with its log. */
static int put_aside(const char *path, char torn[STORE_PATH_MAX])
{
	char from[STORE_PATH_MAX], to[STORE_PATH_MAX + 8], stamp[32], numbered[48];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), ".torn-%Y%m%dT%H%M%SZ", &tm);
	path_with(torn, path, stamp);
	for (unsigned int i = 2; access(torn, F_OK) == 0 && i < 100; i++) {
		snprintf(numbered, sizeof(numbered), "%s-%u", stamp, i);
		path_with(torn, path, numbered);
	}
	if (rename(path, torn) != 0)
		return -errno;
	path_with(from, path, "-wal");
	snprintf(to, sizeof(to), "%s-wal", torn);
	if (rename(from, to) != 0 && errno != ENOENT)
		return -errno;
	path_with(from, path, "-shm");
	if (unlink(from) != 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* The content of a copy that is whole into `to`, an empty store. */
static int fill_from(const char *good, sqlite3 *to)
{
	char why[256];
	sqlite3_backup *b;
	sqlite3 *from;
	int rc;

	if (access(good, R_OK) != 0)
		return -ENOENT;
	rc = open_whole(good, &from, why);
	if (rc != 0) {
		tnd_err("users", "%s: the copy is not whole either: %s", good, why);
		return rc;
	}
	b = sqlite3_backup_init(to, "main", from, "main");
	rc = b != NULL && sqlite3_backup_step(b, -1) == SQLITE_DONE ? 0 : -EIO;
	sqlite3_backup_finish(b);
	sqlite3_close(from);
	return rc;
}

/* The torn store is out of the way: a new one, with what the good copy has. */
static int restore(const char *path, sqlite3 **db, struct user_store_state *state)
{
	char good[STORE_PATH_MAX], why[256] = "";
	int rc = open_whole(path, db, why);

	if (rc != 0) {
		tnd_err("users", "%s: %s", path, why);
		return rc;
	}
	path_with(good, path, ".good");
	rc = fill_from(good, *db);
	if (rc == 0) {
		state->restored = true;
		tnd_warn("users", "%s: users are those of the newest good copy, %s: %ld of them",
			 path, good, ask(*db, "SELECT count(*) FROM user"));
		return run(*db, "PRAGMA journal_mode=WAL");
	}
	state->emptied = true;
	tnd_err("users", "%s: there is no good copy: the table of users is empty", path);
	return 0;
}

int store_file_open(const char *path, sqlite3 **db, struct user_store_state *state)
{
	char why[256] = "", torn[STORE_PATH_MAX];
	int rc;

	if (path[0] == '\0') {
		rc = connect_to(path, db);
		return rc == 0 ? run(*db, schema) : rc;
	}
	rc = open_whole(path, db, why);
	if (rc == 0)
		return 0;
	if (rc != -EBADMSG) {
		tnd_err("users", "%s: %s", path, why);
		return rc;
	}
	rc = put_aside(path, torn);
	if (rc != 0) {
		tnd_err("users", "%s is torn (%s) and can't be put aside: %s", path, why,
			strerror(-rc));
		return rc;
	}
	tnd_err("users", "%s is torn: %s. It is %s now", path, why, torn);
	return restore(path, db, state);
}

int store_file_attach(const char *path, sqlite3 **db)
{
	return connect_to(path, db);
}

static int sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = fsync(fd) == 0 ? 0 : -errno;
	close(fd);
	return rc;
}

int store_file_copy(sqlite3 *from, const char *path)
{
	char good[STORE_PATH_MAX], making[STORE_PATH_MAX];
	sqlite3_backup *b;
	sqlite3 *to = NULL;
	int rc;

	path_with(good, path, ".good");
	path_with(making, path, ".good.new");
	unlink(making);
	rc = make_private(making);
	if (rc == 0)
		rc = connect_to(making, &to);
	if (rc != 0)
		goto fail;
	b = sqlite3_backup_init(to, "main", from, "main");
	rc = b != NULL && sqlite3_backup_step(b, -1) == SQLITE_DONE ? 0 : -EIO;
	sqlite3_backup_finish(b);
	/* Of a copy there is one file: no log of its own. */
	if (rc == 0)
		rc = run(to, "PRAGMA journal_mode=DELETE");
	sqlite3_close(to);
	if (rc == 0)
		rc = sync_path(making);
	if (rc == 0 && rename(making, good) != 0)
		rc = -errno;
	if (rc == 0)
		return 0;
fail:
	tnd_warn("users", "%s: no good copy could be made: %s", good, strerror(-rc));
	unlink(making);
	return rc;
}
