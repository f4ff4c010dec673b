/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers between rings, and tunnels made by hand. Time is the test's.
 *
 *	interface 0 "outer": 10.0.0.1 (address 0) and 2001:db8::1 (address 1); next hop 1, and 2
 *	            which is ourselves
 *	interface 1 "tun": raw IP
 *	interface 2 "lan": Ethernet, 192.168.7.1 (address 2); next hop 3
 */
#ifndef TUNNEL_BED_H
#define TUNNEL_BED_H

#include "check.h"

#include "dataplane.h"
#include "inner.h"
#include "route.h"
#include "rtptp.h"

#define TB_SESSIONS 16
#define TB_MTU      1500
#define TB_PT       97
#define TB_SEQ      0xfffe
#define TB_SSRC     0xfeedface

enum tb_port { TB_OUTER, TB_TUN, TB_LAN, TB_PORTS };

struct tb {
	struct flow_tables *t;
	struct dp *dp;
	uint64_t now;
	unsigned int mbufs;
	uint64_t counted[FLOW_DROP_COUNT];
	void *keys[8]; /* to be wiped and freed */
	unsigned int key_count;
	void *srtp_leg[4];
	unsigned int srtp_leg_count;
};

/* One of bytes that came out, or that are to come in. */
struct tb_frame {
	uint16_t len;
	uint8_t p[2200];
};

int tb_eal(void);
int tb_setup(void **state);
int tb_teardown(void **state);

/* Far end of a tunnel, and our port there; of the outer family that `far` has. */
struct tb_tunnel {
	uint32_t session;
	const char *far;
	uint16_t far_port, port;
	uint16_t iface, owner;
	uint16_t mtu;   /* 0: 1400 */
	uint16_t flags; /* of both plans: FLOW_PLAN_OPEN makes SEAL of the other one */
	bool here;      /* the far end is ourselves */
};
void tb_tunnel(struct tb *b, const struct tb_tunnel *s);
/* Keys for both ways; `twin` is the far end, or the same. */
void tb_keys(struct tb *b, uint32_t session, uint32_t twin, enum srtp_profile profile);
void tb_route(struct tb *b, const char *prefix, uint32_t session);

void tb_input(struct tb *b, enum tb_port port, const void *p, uint16_t len);
void tb_run(struct tb *b, uint64_t ms);
/* The next one that was sent there; false: none. */
bool tb_take(enum tb_port port, struct tb_frame *out);
/* From the first byte of an outer frame: RTP, after all checksums and lengths were found right. */
const uint8_t *tb_rtp(const struct tb_frame *f, uint16_t *len);
/* Next punted frame: false if there is none. */
bool tb_punt(struct tb *b, struct dp_punt *what, struct tb_frame *out);
/* Nothing is left anywhere; so many were dropped since the last time, all for this reason. */
void tb_drops(struct tb *b, enum flow_drop why, unsigned int n);
void tb_no_drops(struct tb *b);

/* IP packets: headers right, the rest counted up. `len`: all of it. */
struct tb_ip {
	const char *src, *dst;
	uint16_t len;             /* 0: 100 */
	uint8_t tos, hops, proto; /* 0: 64, 253 */
	bool df;
};
uint16_t tb_ip(uint8_t *p, const struct tb_ip *ip);
/* RTP around a payload, as from a tunnel's far end. */
void tb_from_far(struct tb *b, const struct tb_tunnel *s, uint8_t type, uint8_t tos,
		 const void *payload, uint16_t len);
uint64_t tb_counter(struct tb *b, enum dp_counter c);

#endif
