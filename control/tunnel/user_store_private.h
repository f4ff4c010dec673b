/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the store do for each other. */
#ifndef USER_STORE_PRIVATE_H
#define USER_STORE_PRIVATE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "user_store.h"

#define STORE_PATH_MAX (240 + 64)

enum store_query {
	STORE_BEGIN,
	STORE_COMMIT,
	STORE_ROLLBACK,
	STORE_FIND,
	STORE_PUT,
	STORE_REMOVE,
	STORE_COUNT,
	STORE_LIST,
	STORE_OWN,
	STORE_DISOWN,
	STORE_OWNER,
	STORE_OWNED,
	STORE_DISOWN_ALL,
	STORE_SETTING,
	STORE_SET,
	STORE_QUERIES
};

struct user_store {
	sqlite3 *db; /* control's */
	sqlite3_stmt *query[STORE_QUERIES];
	char path[STORE_PATH_MAX]; /* "": in memory, without the thread */
	/* The thread, and how it is told. */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool ending;             /* under the lock */
	atomic_uint_fast64_t at; /* one more with each commit */
};

/* ---- user_store_file.c ---- */

/* A connection to a store that is whole and of this version; made if there is no file. */
int store_file_open(const char *path, sqlite3 **db, struct user_store_state *state);
/* One more to the file that is there. */
int store_file_attach(const char *path, sqlite3 **db);
/* The copy that is whole, from a connection. Logged. */
int store_file_copy(sqlite3 *from, const char *path);

/* ---- user_store_disk.c ---- */

/* Not on the cores of workers. */
int store_disk_start(struct user_store *s, const unsigned int *workers, unsigned int count);
/* When all is on the disk, and the copy is made. */
void store_disk_stop(struct user_store *s);

#endif
