/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes through the tunnels of test_tunnels.c. Networks of place i:
 *
 *	10.9.i.0/24,  fd00:9:0:i::/64	always there with it
 *	10.77.i.0/24, fd00:77:0:i::/64	now and then, and longer prefixes in them
 *	10.88.0.0/16			of one of all tunnels, or of none
 *
 * The far end of place i is 10.0.0.2 or fd00::2 at ports FAR_PORT + 16 * i and up. It sends back
 * what it gets, as it is: the keys of both ways are the same. What has its source and its
 * destination in the networks of one tunnel so goes around until its hops are used up.
 */
#ifndef TUNNELS_TRAFFIC_H
#define TUNNELS_TRAFFIC_H

#include "threads_bed.h"

#define PLACES     12
#define LAN_HOSTS  8
#define FAR_PORT   4000
#define FAR_PORTS  16 /* of a place */
#define HOST_FIRST 16 /* 10.8.0.16 and up, fd00:8::10 and up */

enum { OUTER, INNER };

struct place {
	char id[16];
	unsigned int n;
	bool up;
	bool keyed; /* else what is inside can be read, and made */
	bool outer6;
	uint8_t profile; /* enum srtp_profile */
	uint16_t port;   /* ours */
	uint16_t far_port;
	uint16_t seq; /* of what the far end makes */
	uint64_t rests_until_tsc;
};

struct traffic_sums {
	uint64_t wrapped;    /* came to far ends */
	uint64_t keepalives; /* … of which could be read */
	uint64_t read;       /* IP packets of these, and each was the tunnel's */
	uint64_t moved;      /* sent back from another port */
	uint64_t unwrapped;  /* came to the LAN */
};

extern struct traffic_sums traffic;

union wire_ip traffic_ip4(uint8_t net, uint8_t place, uint8_t host);
union wire_ip traffic_ip6(uint8_t net, uint8_t place, uint8_t host);
union wire_ip traffic_host(bool is6, unsigned int n);

/* Some packets for a place's networks by the LAN, and from its far end where that can make them. */
void traffic_send(struct place *p, unsigned int n);
/* All that has come out: looked at, and sent back. */
void traffic_take(const struct place *places);

#endif
