/* SPDX-License-Identifier: BSD-3-Clause */
/* The bed's tunnels: flow i is the outer leg of tunnel i, which leads to one inner address. */
#include <stdlib.h>
#include <string.h>

#include <rte_eth_ring.h>

#include "cycles.h"
#include "frame.h"
#include "ip.h"
#include "route.h"

#define RING_SIZE  1024
#define INNER_MTU  1500
#define TUNNEL_MTU 1420

void bed_tunnel_port(struct bed *b)
{
	struct dp_port_config pc = {.device = "net_ring_inner", .mtu = INNER_MTU, .workers = 1};
	unsigned int flags = RING_F_SP_ENQ | RING_F_SC_DEQ;
	struct rte_ring *in = rte_ring_create("inner_in", RING_SIZE, SOCKET_ID_ANY, flags);
	struct rte_ring *out = rte_ring_create("inner_out", RING_SIZE, SOCKET_ID_ANY, flags);
	int port;

	if (in == NULL || out == NULL || rte_eth_from_rings("inner", &in, 1, &out, 1, 0) < 0)
		die("no inner rings");
	port = dp_port_open(&pc);
	if (port < 0)
		die("no inner port");
	b->inner_port = (uint16_t)port;
	if (b->srtp_out)
		b->in = in;
	else
		b->out = out;
}

static union wire_ip inner_ip(uint32_t i)
{
	return bed_ip(false, 8, i + 1);
}

void bed_tunnel(struct bed *b, uint32_t i, uint16_t addr, uint16_t port)
{
	uint32_t cell = flow_plan_alloc(b->t);
	struct flow_plan *p = &b->t->plan[cell];
	struct flow_tunnel *tunnel = &b->t->tunnel[i];
	union wire_ip inner = inner_ip(i);

	if (cell == 0)
		die("no plan is left");
	p->leg = 2 * i + 1;
	p->out_ip = bed_ip(false, 1, i + 1);
	p->out_port = rte_cpu_to_be_16(4000);
	p->out_sport = rte_cpu_to_be_16(port);
	p->out_addr = addr;
	p->nexthop = 1;
	p->flags = FLOW_PLAN_OUT | FLOW_PLAN_SEAL;
	p->tos = FLOW_TOS_KEEP;
	tunnel->iface = 1;
	tunnel->mtu = TUNNEL_MTU;
	tunnel->families = FLOW_TUNNEL_IP4 | FLOW_TUNNEL_IP6;
	tunnel->flags = FLOW_TUNNEL_PT_STRICT | FLOW_TUNNEL_MSS;
	tunnel->ssrc = i + 1;
	tunnel->plan = cell;
	if (flow_route_set(b->t, &inner, 32, i) != 0)
		die("no route");
}

void bed_tunnel_inner(const struct bed *b, uint8_t *ip, uint32_t i, uint16_t size)
{
	union wire_ip here = bed_ip(false, 9, 1), there = inner_ip(i);

	memset(ip + WIRE_IP4_HLEN, 0, size - (size_t)WIRE_IP4_HLEN);
	wire_ip4_write(ip, b->srtp_out ? &here : &there, b->srtp_out ? &there : &here,
		       WIRE_PROTO_UDP, 64, 0, size - WIRE_IP4_HLEN);
}

uint16_t bed_imix(void)
{
	static const uint16_t sizes[12] = {64, 570, 64, 64, 570, 64, 1400, 64, 570, 64, 64, 570};
	static unsigned int at;

	return sizes[at++ % RTE_DIM(sizes)];
}
