/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of users. */
#ifndef USER_PRIVATE_H
#define USER_PRIVATE_H

#include "config.h"
#include "user_pool.h"
#include "user_store.h"

struct users {
	const struct config *config;
	struct user_store *store;
	struct user_store_state state;
	struct user_pool pool[NETINFO_ADDRESSES]; /* IPv4, IPv6 */
	uint32_t count;
	bool importing; /* a transaction is open between turns of the loop */
};

/* ---- user_check.c ---- */

enum user_fault user_fault_set(struct user_error *err, enum user_fault f, const char *path,
			       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* By itself: names, addresses, networks that have none in common. */
enum user_fault user_check(const struct users *u, const struct user *user, struct user_error *err);
/* Is `now` what adding `wanted` would make, with addresses of the pools if `pool`? */
bool user_is_same(const struct user *wanted, bool pool, const struct user *now);

/* ---- users.c, for user_import.c: within a transaction ---- */

/* Addresses of the pools for the IP versions that it has none of. */
enum user_fault users_take(struct users *u, struct user *user, struct user_error *err);
/* Its networks are nobody else's, and it is in the store; `before` (or NULL) is not any more. */
enum user_fault users_put(struct users *u, const struct user *user, const struct user *before,
			  struct user_error *err);
enum user_fault users_begin(struct users *u, struct user_error *err);
/* End it: with USER_OK all is kept, else nothing. */
enum user_fault users_end(struct users *u, enum user_fault f, struct user_error *err);

#endif
