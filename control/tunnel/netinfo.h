/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network information: what the server of a tunnel tells its client when it answers, as JSON:
 *
 *	{"addr":"10.9.0.2", "mask":"255.255.255.255", "addresses":["10.9.0.2/32","fd00:9::2/128"],
 *	 "dns":["10.9.0.1"], "routes":["10.0.0.0/8"], "mtu":1420}
 *
 * addr and mask are the first of the addresses, for those who read these only; a reader takes
 * either. All members may be absent. Pure.
 */
#ifndef NETINFO_H
#define NETINFO_H

#include <stdint.h>

#include "addr.h"
#include "buf.h"
#include "json.h"

#define NETINFO_ADDRESSES 2 /* one a family */
#define NETINFO_DNS       8
#define NETINFO_ROUTES    32
#define NETINFO_MTU_MIN   576

struct net_prefix {
	union wire_ip ip;
	uint8_t bits; /* in the family's own terms: 0-32 or 0-128 */
};

struct netinfo {
	uint8_t address_count, dns_count, route_count;
	uint16_t mtu;                                 /* of packets inside; 0: not said */
	struct net_prefix address[NETINFO_ADDRESSES]; /* of the client itself, host bits and all */
	union wire_ip dns[NETINFO_DNS];
	struct net_prefix route[NETINFO_ROUTES]; /* behind the server; no host bits */
};

/* Member `key` of what is being written; NULL: an object of its own. */
void netinfo_write(struct tnd_buf *b, const char *key, const struct netinfo *n);

/*
 * 0; -EINVAL: `err` says where, from `base` on ("/params/network_info"), and what is wrong. Members
 * that are not known are passed over: it comes from another maker's server.
 */
int netinfo_read(const struct json_value *v, const char *base, struct netinfo *out,
		 struct json_error *err);

/* "10.9.0.0/24"; `bits` of both ends of it set or cleared: the first and last address. */
#define NET_PREFIX_STRLEN (WIRE_IP_STRLEN + 4)
char *net_prefix_format(const struct net_prefix *p, char text[NET_PREFIX_STRLEN]);
/* "10.9.0.0/24", or without a length: one address. 0 or -EINVAL. Host bits are kept. */
int net_prefix_parse(const char *text, struct net_prefix *out);
/* Clear the host bits. */
void net_prefix_trim(struct net_prefix *p);
bool net_prefix_equal(const struct net_prefix *a, const struct net_prefix *b);
/* Have they an address in common? */
bool net_prefix_overlap(const struct net_prefix *a, const struct net_prefix *b);
/* First and last address in it. */
void net_prefix_range(const struct net_prefix *p, union wire_ip *first, union wire_ip *last);

#endif
