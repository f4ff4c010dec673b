/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host for tests of call/ and api/: real flow tables under EAL without hugepages, no device,
 * and doubles for the neighbour table and the workers' events. Time is the test's.
 */
#ifndef CALL_HOST_H
#define CALL_HOST_H

#include "check.h"

#include "host.h"
#include "session.h"

#define TEST_SESSIONS 20 /* more than one address has port pairs for */
#define TEST_ADDRS    3  /* 0 "lan4" 10.0.0.1, 1 "wan6" 2001:db8::1, 2 "wan4" 192.0.2.1 */
#define TEST_WORKERS  2
#define TEST_INNER    1 /* the interface on the inner side of tunnels, "tun0" */

/* EAL, once in a process: 0. */
int test_eal(void);

struct host *test_host_new(void);
void test_host_free(struct host *h);

/* One turn of the loop, `ms` later. */
void test_turn(struct host *h, uint64_t ms);

/* References to next hops that plans hold; and what the next neigh_ref() answers, once. */
extern int test_neigh_refs;
extern int test_neigh_fault;

/* What workers tell in the next turn. */
void test_event(const struct flow_event *ev);

/* Of a worker that is told to look after a tunnel: how often, and the latest; what it answers. */
extern unsigned int test_tunnels;
extern uint32_t test_tunnel;
extern int test_tunnel_fault;

/* Frames that workers have not taken yet. */
extern unsigned int test_injected;

/* What a packet at this port finds: NULL, or its plan. */
const struct flow_plan *test_plan(const struct host *h, uint16_t addr, uint16_t port);

/* While a reader has not reported, as a worker in the middle of its turn. */
void test_reader_enter(struct host *h);
void test_reader_leave(struct host *h);

#endif
