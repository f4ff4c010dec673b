/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file in which users are kept: SQLite, write-ahead log. Inside of tunnel/.
 *
 *	FILE		the store; FILE-wal and FILE-shm beside it while it is open
 *	FILE.good	the newest copy that was whole
 *	FILE.torn-TIME	a store that was not, put aside for whoever wants to look at it
 *
 * Changes go into the page cache at once, so that a daemon that is killed loses nothing. A thread
 * brings them to the disk within a second, and makes the copy: at opening, half a minute after
 * changes, at closing. Nothing else than that thread ever waits for the disk.
 *
 * The only place that knows SQLite. All but the thread's work is for the control lcore.
 */
#ifndef USER_STORE_H
#define USER_STORE_H

#include <stdbool.h>

#include "user.h"

struct user_store;

struct user_store_state {
	bool restored; /* it was torn, and is the copy now */
	bool emptied;  /* it was torn, and there is no good copy */
};

/* `path` "": in memory. `workers`: cores that the thread keeps away from. 0 or -errno, logged. */
int user_store_open(struct user_store **out, const char *path, const unsigned int *workers,
		    unsigned int worker_count, struct user_store_state *state);
void user_store_close(struct user_store *s);

/*
 * Changes between these two are made all or none. All functions from here on: 0 or -errno, -EIO
 * where the store can't be read or written (logged).
 */
int user_store_begin(struct user_store *s);
int user_store_commit(struct user_store *s);
void user_store_rollback(struct user_store *s);

int user_store_find(struct user_store *s, const char *name, struct user *out); /* -ENOENT */
int user_store_put(struct user_store *s, const struct user *user); /* new, or in place of one */
int user_store_remove(struct user_store *s, const char *name);
int user_store_count(struct user_store *s, uint32_t *count);
/* Users behind `after`, by name; `fn` returns false to stop. */
int user_store_list(struct user_store *s, const char *after,
		    bool (*fn)(void *arg, const struct user *user), void *arg);

/* Whose addresses are which: ranges without an address in common. */
int user_store_own(struct user_store *s, const char *name, const struct net_prefix *p);
int user_store_disown(struct user_store *s, const char *name); /* all of a user's */
/* Who has any address of it: -ENOENT if nobody has. */
int user_store_owner(struct user_store *s, const struct net_prefix *p,
		     char name[WIRE_RTPTP_NAME_MAX + 1]);
int user_store_owned(struct user_store *s,
		     void (*fn)(void *arg, const union wire_ip *first, const union wire_ip *last),
		     void *arg);
int user_store_disown_all(struct user_store *s);

/* A number of the store's own; 0 where it was never set. */
int user_store_setting(struct user_store *s, const char *key, int *value);
int user_store_set(struct user_store *s, const char *key, int value);

#endif
