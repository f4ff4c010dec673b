/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One worker between two rings, and plans made by hand: for tests of what the packet path does
 * with plans that no call needs yet, or not in that order. Time is the test's.
 *
 *	address 0 10.0.0.1, 1 2001:db8::1, 2 192.0.2.1; all on one device, next hops 1 and 2
 */
#ifndef DP_BED_H
#define DP_BED_H

#include "check.h"

#include "dataplane.h"

#define BED_SESSIONS 64
#define BED_PAYLOAD  1400

/* An address and port of somebody's, in host order. */
struct bed_end {
	const char *ip;
	uint16_t port;
};

/* A datagram that came out, all of whose lengths and checksums are right. */
struct bed_datagram {
	union wire_ip src, dst;
	uint16_t sport, dport, len;
	bool checksum; /* it has one */
	uint8_t payload[BED_PAYLOAD];
};

struct bed {
	struct flow_tables *t;
	struct dp *dp;
	uint64_t now;
	unsigned int mbufs;                /* in the pool, to begin with */
	uint64_t counted[FLOW_DROP_COUNT]; /* drops that bed_drops() has told of */
};

/* EAL and the device, once in a process: 0. */
int bed_eal(void);
/* For cmocka, of each test: *state is a struct bed. */
int bed_setup(void **state);
int bed_teardown(void **state);

/*
 * A plan for what arrives at `addr`:`port`: from `from` (NULL: nobody; strict unless flags have
 * LEARN), to `to` (NULL: not known) by `out_addr`:`out_port`. Finished, not published.
 */
struct bed_flow {
	uint32_t leg;
	uint16_t addr, port, out_addr, out_port;
	struct bed_end from, to;
	uint16_t flags;
};
uint32_t bed_plan(struct bed *b, const struct bed_flow *f);
/* The same, where packets find it. */
uint32_t bed_publish(struct bed *b, const struct bed_flow *f);

/* A frame to `addr`:`port`; to be freed or bed_input(). */
struct rte_mbuf *bed_frame(const struct bed *b, struct bed_end from, uint16_t addr, uint16_t port,
			   const void *payload, uint16_t len);
/* Whose UDP has no checksum; of IPv4 alone. */
struct rte_mbuf *bed_frame_unsummed(const struct bed *b, struct bed_end from, uint16_t addr,
				    uint16_t port, const void *payload, uint16_t len);
/* At the device. */
void bed_input(struct bed *b, struct rte_mbuf *m);
static inline void bed_send(struct bed *b, struct bed_end from, uint16_t addr, uint16_t port,
			    const void *payload, uint16_t len)
{
	bed_input(b, bed_frame(b, from, addr, port, payload, len));
}
/* Turns of the worker until it finds nothing; then time has passed by `ms`. */
void bed_run(struct bed *b, uint64_t ms);
/* What was sent, in order: false if nothing is left. */
bool bed_take(struct bed *b, struct bed_datagram *out);
/* The next one is to `to`, from the local port, with this payload. */
void bed_expect(struct bed *b, struct bed_end to, uint16_t sport, const void *payload,
		uint16_t len);
/* Nothing is left, and since the last time so many were dropped, all for this reason. */
void bed_drops(struct bed *b, enum flow_drop why, unsigned int n);
void bed_no_drops(struct bed *b);

union wire_ip bed_ip(const char *text);
/* Makes an RTP packet of 12 bytes and `len`. Its length. */
uint16_t bed_rtp(uint8_t *to, uint8_t payload_type, uint16_t seq, uint32_t ssrc, uint16_t len);

#endif
