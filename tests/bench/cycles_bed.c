/* SPDX-License-Identifier: BSD-3-Clause */
#include "cycles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "frame.h"
#include "rtp.h"

#define RING_SIZE      1024
#define FLOWS_PER_ADDR 32000u
#define FIRST_PORT     1024
#define NEXTHOPS       1000u
#define MTU            1500
/* Around an inner packet, but for the tag. */
#define HEADERS (WIRE_IP4_HLEN + WIRE_UDP_HLEN + WIRE_RTP_HLEN)

void die(const char *what)
{
	fprintf(stderr, "bench_cycles: %s\n", what);
	exit(1);
}

static uint32_t rng(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

union wire_ip bed_ip(bool six, uint8_t net, uint32_t host)
{
	union wire_ip ip;

	if (!six)
		return wire_ip_from4(rte_cpu_to_be_32(10u << 24 | (uint32_t)net << 20 | host));
	memset(&ip, 0, sizeof(ip));
	ip.b[0] = 0xfd;
	ip.b[7] = net;
	ip.w[3] = rte_cpu_to_be_32(host);
	return ip;
}

/* Flow i comes in at address 2 (i / 32000), and leaves from the next one. */
static void flow_of(uint32_t i, uint16_t *addr, uint16_t *port)
{
	*addr = (uint16_t)(2 * (i / FLOWS_PER_ADDR));
	*port = (uint16_t)(FIRST_PORT + 2 * (i % FLOWS_PER_ADDR));
}

static void make_flow(struct bed *b, uint32_t i)
{
	uint32_t cell = flow_plan_alloc(b->t);
	struct flow_plan *p = &b->t->plan[cell];
	uint16_t addr, port;

	if (cell == 0)
		die("no plan is left");
	flow_of(i, &addr, &port);
	p->remote = bed_ip(b->in6, 1, i + 1);
	p->remote_port = rte_cpu_to_be_16(4000);
	p->out_ip = bed_ip(b->out6, 2, i + 1);
	p->out_port = rte_cpu_to_be_16(5000);
	p->out_sport = rte_cpu_to_be_16(port);
	p->out_addr = addr + 1;
	p->nexthop = 1 + i % NEXTHOPS;
	p->leg = 2 * i;
	p->flags = FLOW_PLAN_REMOTE | FLOW_PLAN_OUT | (b->out6 ? FLOW_PLAN_OUT6 : 0) |
		   (b->srtp_in ? FLOW_PLAN_OPEN | FLOW_PLAN_SRTP : 0) |
		   (b->srtp_out ? FLOW_PLAN_SEAL : 0);
	p->tos = FLOW_TOS_KEEP;
	if (b->tunnel) {
		p->flags = FLOW_PLAN_REMOTE | FLOW_PLAN_RTCP_DROP | FLOW_PLAN_OPEN | FLOW_PLAN_SRTP;
		p->extra = FLOW_EXTRA_TUNNEL;
		bed_tunnel(b, i, addr, port);
	}
	flow_plan_finish(b->t, p, addr, port);
	flow_publish(b->t, addr, port, cell);
}

static void make_port(struct bed *b)
{
	struct dp_port_config pc = {.device = "net_ring_bench", .mtu = MTU, .workers = 1};
	unsigned int flags = RING_F_SP_ENQ | RING_F_SC_DEQ;
	int port;

	b->to_worker = rte_ring_create("bench_in", RING_SIZE, SOCKET_ID_ANY, flags);
	b->from_worker = rte_ring_create("bench_out", RING_SIZE, SOCKET_ID_ANY, flags);
	if (dp_pool_create(8191, MTU) != 0 || !b->to_worker || !b->from_worker ||
	    rte_eth_from_rings("bench", &b->to_worker, 1, &b->from_worker, 1, 0) < 0)
		die("no rings");
	port = dp_port_open(&pc);
	if (port < 0)
		die("no port");
	b->port = (uint16_t)port;
	b->in = b->to_worker;
	b->out = b->from_worker;
	if (b->tunnel)
		bed_tunnel_port(b);
}

static void make_tables(struct bed *b)
{
	uint16_t pairs = (uint16_t)((b->flows + FLOWS_PER_ADDR - 1) / FLOWS_PER_ADDR);
	struct flow_limits limits = {.sessions = b->flows,
				     .nexthops = NEXTHOPS + 1,
				     .addresses = (uint16_t)(2 * pairs),
				     .workers = 1};
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};
	struct flow_iface iface = {.port = b->port, .mtu = MTU, .mac = {{2, 0, 0, 0, 0, 1}}};

	b->t = flow_tables_create(&limits);
	if (b->t == NULL)
		die("no memory for the tables: raise -m");
	if (flow_iface_add(b->t, &iface) < 0)
		die("no interface");
	iface = (struct flow_iface){.port = b->inner_port, .mtu = MTU, .role = FLOW_ROLE_TUN};
	if (b->tunnel && flow_iface_add(b->t, &iface) < 0)
		die("no inner interface");
	for (uint16_t i = 0; i < 2 * pairs; i++) {
		struct flow_addr a = {.ip = bed_ip(i % 2 ? b->out6 : b->in6, 0, i + 1u)};

		if (flow_addr_add(b->t, &a) < 0)
			die("no address");
	}
	for (uint32_t i = 1; i <= NEXTHOPS; i++)
		flow_nexthop_set(b->t, i, &mac);
}

void bed_create(struct bed *b)
{
	make_port(b);
	make_tables(b);
	b->order = calloc(b->flows, sizeof(*b->order));
	if (b->order == NULL)
		die("no memory");
	for (uint32_t i = 0; i < b->flows; i++) {
		uint32_t j = rng() % (i + 1);

		make_flow(b, i);
		b->order[i] = b->order[j];
		b->order[j] = i;
	}
	b->dp = dp_create(
		&(struct dp_config){.tables = b->t, .workers = 1, .srtp_engine = b->engine});
	if (b->dp == NULL)
		die("no dataplane");
	if (b->srtp_in || b->srtp_out)
		bed_srtp_create(b);
}

static void write_ip(const struct bed *b, uint8_t *ip, const union wire_ip *src,
		     const union wire_ip *dst, uint16_t size)
{
	uint16_t sum;

	if (b->in6) {
		ip[0] = 0x60;
		wire_put16(ip + 4, size - WIRE_IP6_HLEN);
		ip[6] = WIRE_PROTO_UDP;
		ip[7] = 64;
		memcpy(ip + 8, src->b, 16);
		memcpy(ip + 24, dst->b, 16);
		return;
	}
	ip[0] = 0x45;
	wire_put16(ip + 2, size);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = WIRE_PROTO_UDP;
	memcpy(ip + 12, &src->w[3], 4);
	memcpy(ip + 16, &dst->w[3], 4);
	sum = wire_checksum(wire_sum(ip, WIRE_IP4_HLEN));
	memcpy(ip + 10, &sum, 2);
}

/* A raw IP packet, for the way into tunnels. */
static void inner_packet(const struct bed *b, struct rte_mbuf *m, uint32_t i, uint16_t size)
{
	bed_tunnel_inner(b, rte_pktmbuf_mtod(m, uint8_t *), i, size);
	m->data_len = m->pkt_len = size;
	m->port = b->inner_port;
}

static void outer_packet(const struct bed *b, struct rte_mbuf *m, uint32_t i, uint32_t lap,
			 uint16_t size)
{
	uint16_t hlen = b->in6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN, udp_len = size - hlen;
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), *udp = p + WIRE_ETH_HLEN + hlen;
	union wire_ip src = bed_ip(b->in6, 1, i + 1);
	const union wire_ip *dst;
	uint16_t addr, port, sum;

	flow_of(i, &addr, &port);
	dst = &b->t->addr[addr].ip;
	memset(p, 0, WIRE_ETH_HLEN + size);
	wire_put16(p + 12, b->in6 ? WIRE_ETHERTYPE_IP6 : WIRE_ETHERTYPE_IP4);
	write_ip(b, p + WIRE_ETH_HLEN, &src, dst, size);
	wire_put16(udp, 4000);
	wire_put16(udp + 2, port);
	wire_put16(udp + 4, udp_len);
	udp[8] = 0x80;
	wire_put16(udp + 10, (uint16_t)lap);
	wire_put32(udp + 12, 160u * lap);
	wire_put32(udp + 16, i + 1);
	if (b->tunnel)
		bed_tunnel_inner(b, udp + WIRE_UDP_HLEN + WIRE_RTP_HLEN, i, size - HEADERS);
	sum = wire_checksum_udp(wire_sum_ip(&src) + wire_sum_ip(dst) + rte_cpu_to_be_16(udp_len) +
				rte_cpu_to_be_16(WIRE_PROTO_UDP) + wire_sum(udp, udp_len));
	memcpy(udp + 6, &sum, 2);
	m->data_len = m->pkt_len = WIRE_ETH_HLEN + size;
	m->port = b->port;
	if (b->verified)
		m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

void bed_packet(const struct bed *b, struct rte_mbuf *m, uint32_t i, uint32_t lap, uint16_t size)
{
	if (b->tunnel && b->srtp_out)
		inner_packet(b, m, i, size);
	else
		outer_packet(b, m, i, lap, b->tunnel ? size + HEADERS : size);
}

static void swap16(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t t[16];

	memcpy(t, a, n);
	memcpy(a, b, n);
	memcpy(b, t, n);
}

unsigned int bed_swap(const struct bed *b)
{
	struct rte_mbuf *m[BURST_LIMIT];
	uint16_t n = rte_eth_rx_burst(b->port, 0, m, BURST_LIMIT);

	for (uint16_t i = 0; i < n; i++) {
		uint8_t *p = rte_pktmbuf_mtod(m[i], uint8_t *), *ip = p + WIRE_ETH_HLEN;

		if (i + 4 < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + 4], void *));
		swap16(p, p + 6, 6);
		if (b->in6) {
			swap16(ip + 8, ip + 24, 16);
			ip += WIRE_IP6_HLEN;
		} else {
			swap16(ip + 12, ip + 16, 4);
			ip += WIRE_IP4_HLEN;
		}
		swap16(ip, ip + 2, 2);
	}
	if (n)
		rte_eth_tx_burst(b->port, 0, m, n);
	return n;
}
