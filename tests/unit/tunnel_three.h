/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Three tunnels between the bed's interfaces, with what is routed into them:
 *
 *	1 far4, over IPv4	10.8.1.0/24, 2001:db8:1::/48	to and from "tun"
 *	2 far6, over IPv6	10.8.2.0/24			to and from "tun"
 *	3 lan, over IPv4	10.8.3.0/24			to and from "lan"
 */
#ifndef TUNNEL_THREE_H
#define TUNNEL_THREE_H

#include "tunnel_bed.h"

extern const struct tb_tunnel far4, far6, lan;

void setup_tunnels(struct tb *b);
uint32_t tunnel_drops(const struct tb *b, uint32_t session, enum flow_drop why);
/* The next frame sent there holds this packet in RTP, to this host. */
void expect_wrapped(enum tb_port at, const char *to, uint16_t seq, const uint8_t *inner,
		    uint16_t inner_len, uint8_t tos);

int group_setup(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, tb_setup, tb_teardown)

#endif
