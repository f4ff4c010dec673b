/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A kernel that says what a test wants by rtnetlink: the far end of a socket pair. Its type,
 * SOCK_SEQPACKET, passes over the address that it is told to send to, and has none to tell of its
 * far end: as the kernel's, whose port is 0.
 */
#ifndef RTNL_BED_H
#define RTNL_BED_H

#include "check.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "rtnl.h"

#define IFINDEX 7

extern struct rtnl r;
extern int kernel; /* its end */

/* What it says: a datagram of messages. */
struct datagram {
	uint8_t data[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t len;
};

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int set_up(void **state);
int tear_down(void **state);
union wire_ip ip(const char *text);
struct rtnl_route route(const char *prefix, const char *gateway);

/* A message in it, with `body` behind its header; its header. */
struct nlmsghdr *say(struct datagram *d, uint16_t type, uint32_t seq, const void *body, size_t len);
void say_error(struct datagram *d, uint32_t seq, int error);

/* An attribute of the message said last. */
void add(struct datagram *d, struct nlmsghdr *h, uint16_t type, const void *data, size_t len);
struct nlmsghdr *say_route(struct datagram *d, uint32_t seq, uint8_t family);
void send_it(const struct datagram *d);

/* The answer to the next request is ready before it is asked. */
uint32_t next_seq(void);
void ready(int error);
int add_one(void);
int get_one(const char *to, struct rtnl_route *out);

#endif
