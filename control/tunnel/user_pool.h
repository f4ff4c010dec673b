/* SPDX-License-Identifier: BSD-3-Clause */
/* Which addresses of a network are taken: one bit each. Inside of tunnel/. */
#ifndef USER_POOL_H
#define USER_POOL_H

#include "netinfo.h"

#define USER_POOL_MAX      (1u << 20) /* addresses */
#define USER_POOL_RESERVED 64

struct user_pool {
	uint64_t *taken;       /* NULL: there is no pool */
	uint32_t size, free;   /* addresses */
	uint32_t next;         /* where to begin to look */
	struct net_prefix net; /* without host bits */
	/* Never given away. */
	unsigned int reserved_count;
	union wire_ip reserved[USER_POOL_RESERVED];
};

/* The first address is never given away, nor the last of an IPv4 network. 0 or -ENOMEM. */
int user_pool_init(struct user_pool *p, const struct net_prefix *net);
void user_pool_free(struct user_pool *p);
/* One more that is never given away; past USER_POOL_RESERVED it is as any other. */
void user_pool_reserve(struct user_pool *p, const union wire_ip *ip);
/* Nothing is taken but what is reserved. */
void user_pool_clear(struct user_pool *p);
/* What of a range lies in the pool. */
void user_pool_mark(struct user_pool *p, const union wire_ip *first, const union wire_ip *last,
		    bool taken);
/* One that is free, the longest unused first: 0 or -ENOSPC. It is taken then. */
int user_pool_take(struct user_pool *p, union wire_ip *out);

#endif
