/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Users: who may have a tunnel to this server, and which addresses are theirs. They are kept in a
 * store (SQLite) across restarts.
 *
 * A user's networks are what is routed into its tunnel and what may come out of it: its addresses
 * and what lies behind it. No two users have an address in common.
 *
 * For the control lcore. Nothing here waits for a disk: the store is written into the page cache,
 * and a thread of its own brings it to the disk and keeps a copy that is whole (user_store.h).
 */
#ifndef USER_H
#define USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netinfo.h"
#include "rtptp.h"

#define USER_NETWORKS 32 /* behind a user */
#define USERS_MAX     1000000

struct users;
struct config;

struct user {
	char name[WIRE_RTPTP_NAME_MAX + 1];
	/* Its own, one a family, with the mask; `pooled`: it was taken from a pool. */
	uint8_t address_count;
	struct net_prefix address[NETINFO_ADDRESSES];
	bool pooled[NETINFO_ADDRESSES];
	bool wide_mask; /* how an IPv4 mask stands in the 32-byte form: wire_rtptp_user */
	/* Behind it. */
	uint8_t network_count;
	struct net_prefix network[USER_NETWORKS];
	/* What it is told besides its addresses; of what is not given, the configuration's. */
	bool has_dns, has_routes;
	struct netinfo info; /* dns, routes, mtu (0: not given) */
};

/* All that is routed to it. Returns the number, at most USER_PREFIXES. */
#define USER_PREFIXES (NETINFO_ADDRESSES + USER_NETWORKS)
unsigned int user_prefixes(const struct users *u, const struct user *user,
			   struct net_prefix out[USER_PREFIXES]);
/* What it is told at the answer. */
void user_netinfo(const struct users *u, const struct user *user, struct netinfo *out);

enum user_fault {
	USER_OK,
	USER_NOT_FOUND,
	USER_CONFLICT,  /* the name is there and is other; or an address is another's */
	USER_BAD,       /* `path` */
	USER_POOL_FULL, /* no address left, or there is no pool */
	USER_LIMIT,     /* too many users */
	USER_STORE,     /* the store can't be written */
	USER_NO_MEMORY,
};

struct user_error {
	enum user_fault fault;
	char path[64]; /* from the user on: "/address"; "" if none is at fault */
	char reason[224];
};

/* What a record's mask means: config tunnel.mask. */
enum user_mask {
	USER_MASK_NETWORK,   /* all of the network is the user's */
	USER_MASK_INTERFACE, /* it is for the client's interface; the user has the address alone */
};

/*
 * Open the store of the configuration, in a state that is whole: what is wrong with it is logged,
 * the file put aside under another name, and the newest good copy taken. 0 or -errno, logged.
 */
int users_create(struct users **out, const struct config *c);
/* A last good copy is made. */
void users_free(struct users *u);

/*
 * A new user. Addresses that are not given (no address of its family) are taken from the pools
 * there are, if `pool`. The same again is USER_OK with *created false.
 */
enum user_fault user_add(struct users *u, const struct user *user, bool pool, bool *created,
			 struct user *now, struct user_error *err);
enum user_fault user_delete(struct users *u, const char *name, struct user_error *err);
enum user_fault user_get(struct users *u, const char *name, struct user *out,
			 struct user_error *err);
/*
 * Up to `limit` of them behind `after` ("" from the beginning), by name (bytes): 0, or a fault.
 * `fn` returns false to stop. *more: there are others behind the last.
 */
enum user_fault user_list(struct users *u, const char *after, const char *prefix,
			  unsigned int limit, bool (*fn)(void *arg, const struct user *user),
			  void *arg, bool *more, struct user_error *err);

/*
 * Many at once: all or none. With `replace`, a user that is there becomes as the record says;
 * otherwise one that is other is USER_CONFLICT. err->path is "/users/N…".
 */
struct user_record {
	const char *name;
	uint8_t data[WIRE_RTPTP_USER_LEN];
};
struct user_import {
	unsigned int added, replaced, unchanged;
};
enum user_fault user_import(struct users *u, const struct user_record *record, unsigned int count,
			    bool replace, struct user_import *done, struct user_error *err);
/*
 * The same in pieces, so that a large one holds up nobody: a transaction is begun, records are
 * taken `from` up to `to`, and it is ended: with USER_OK all is kept, else nothing. In between
 * users must be neither changed nor believed, by others.
 */
enum user_fault user_import_begin(struct users *u, struct user_error *err);
enum user_fault user_import_some(struct users *u, const struct user_record *record,
				 unsigned int from, unsigned int to, bool replace,
				 struct user_import *done, struct user_error *err);
enum user_fault user_import_end(struct users *u, enum user_fault f, struct user_error *err);
bool users_importing(const struct users *u);
/* The 32-byte form of its first address (IPv4 before IPv6); all zero: it has none. */
void user_export(const struct user *user, uint8_t out[WIRE_RTPTP_USER_LEN]);

struct users_stats {
	uint32_t count;
	uint64_t pool_size[NETINFO_ADDRESSES], pool_free[NETINFO_ADDRESSES]; /* IPv4, IPv6 */
	bool restored; /* at start the store was torn, and a copy taken */
	bool emptied;  /* … and there was none */
};
void users_stats(const struct users *u, struct users_stats *out);

#endif
