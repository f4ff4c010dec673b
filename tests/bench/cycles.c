/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TSC cycles a packet in one turn of the worker's loop, over net_ring: prepared bursts in,
 * worker_poll_once timed alone, bursts out. Beside it, in the same rounds and on the same
 * rings, the least that any forwarder does: receive, swap addresses and ports, send.
 *
 *	bench_cycles [EAL arguments] -- --scenario relay4|relay6|bridge46 --flows N --size BYTES
 *		--burst N --rounds N
 *
 * Prints one JSON object a line.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "dataplane.h"
#include "frame.h"

#define RING_SIZE      1024
#define FLOWS_PER_ADDR 32768u
#define BURST_MAX      32

struct options {
	const char *scenario;
	uint32_t flows;
	uint16_t size; /* UDP payload */
	uint16_t burst;
	uint32_t rounds;
};

struct bench {
	struct options opt;
	bool in6, out6;
	struct rte_ring *to_worker, *from_worker;
	uint16_t port;
	struct flow_tables *t;
	struct dp *dp;
	uint32_t *order; /* flows in random order */
};

static uint64_t rng_state = 88172645463325252u;

static uint32_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (uint32_t)(rng_state >> 16);
}

static void die(const char *what)
{
	fprintf(stderr, "bench_cycles: %s\n", what);
	exit(1);
}

static union wire_ip make_ip(bool six, uint8_t net, uint32_t host)
{
	union wire_ip ip;

	if (!six)
		return wire_ip_from4(rte_cpu_to_be_32(10u << 24 | (uint32_t)net << 16 | host));
	memset(&ip, 0, sizeof(ip));
	ip.b[0] = 0xfd;
	ip.b[7] = net;
	ip.w[3] = rte_cpu_to_be_32(host);
	return ip;
}

/* Flow i: local address 2 (i / 32768) on the in side, the next one on the out side. */
static void flow_of(uint32_t i, uint16_t *addr, uint16_t *port)
{
	*addr = (uint16_t)(2 * (i / FLOWS_PER_ADDR));
	*port = (uint16_t)(2 * (i % FLOWS_PER_ADDR));
	if (*port == 0)
		*port = 1; /* never zero */
}

static void make_flow(struct bench *b, uint32_t i)
{
	uint32_t cell = flow_plan_alloc(b->t);
	struct flow_plan *p = &b->t->plan[cell];
	uint16_t addr, port;

	flow_of(i, &addr, &port);
	p->remote = make_ip(b->in6, 1, i + 1);
	p->remote_port = rte_cpu_to_be_16(4000);
	p->out_ip = make_ip(b->out6, 2, i + 1);
	p->out_port = rte_cpu_to_be_16(5000);
	p->out_sport = rte_cpu_to_be_16(port);
	p->out_addr = addr + 1;
	p->nexthop = 1 + i % 1000;
	p->leg = 2 * i;
	p->flags = FLOW_PLAN_REMOTE | FLOW_PLAN_OUT | (b->out6 ? FLOW_PLAN_OUT6 : 0);
	p->tos = FLOW_TOS_KEEP;
	flow_plan_finish(b->t, p);
	flow_publish(b->t, addr, port, cell);
}

static void setup(struct bench *b)
{
	struct dp_port_config pc = {.device = "net_ring_bench", .mtu = 1500, .workers = 1};
	uint16_t pairs = (uint16_t)((b->opt.flows + FLOWS_PER_ADDR - 1) / FLOWS_PER_ADDR);
	struct flow_limits limits = {.sessions = b->opt.flows,
				     .nexthops = 1024,
				     .addresses = (uint16_t)(2 * pairs),
				     .workers = 1};
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};
	struct flow_iface iface = {.mtu = 1500, .mac = {{2, 0, 0, 0, 0, 1}}};
	int port;

	b->to_worker = rte_ring_create("bench_in", RING_SIZE, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	b->from_worker = rte_ring_create("bench_out", RING_SIZE, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (dp_pool_create(8191, 1500) != 0 || !b->to_worker || !b->from_worker ||
	    rte_eth_from_rings("bench", &b->to_worker, 1, &b->from_worker, 1, 0) < 0)
		die("no rings");
	port = dp_port_open(&pc);
	if (port < 0)
		die("no port");
	b->port = (uint16_t)port;
	iface.port = b->port;
	b->t = flow_tables_create(&limits);
	if (b->t == NULL)
		die("no memory for the tables: raise -m");
	flow_iface_add(b->t, &iface);
	for (uint16_t i = 0; i < 2 * pairs; i++) {
		struct flow_addr a = {.ip = make_ip(i % 2 ? b->out6 : b->in6, 0, i + 1)};

		flow_addr_add(b->t, &a);
	}
	for (uint32_t i = 1; i <= 1000; i++)
		flow_nexthop_set(b->t, i, &mac);
	b->order = calloc(b->opt.flows, sizeof(*b->order));
	for (uint32_t i = 0; i < b->opt.flows; i++) {
		uint32_t j = rng() % (i + 1);

		make_flow(b, i);
		b->order[i] = b->order[j];
		b->order[j] = i;
	}
	b->dp = dp_create(&(struct dp_config){.tables = b->t, .workers = 1});
	if (b->dp == NULL)
		die("no dataplane");
}

static void write_packet(const struct bench *b, struct rte_mbuf *m, uint32_t i, uint16_t seq)
{
	uint16_t hlen = b->in6 ? WIRE_IP6_HLEN : WIRE_IP4_HLEN, addr, port, sum;
	uint16_t len = hlen + WIRE_UDP_HLEN + b->opt.size;
	union wire_ip src = make_ip(b->in6, 1, i + 1);
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), *ip = p + WIRE_ETH_HLEN, *udp = ip + hlen;
	const union wire_ip *dst;

	flow_of(i, &addr, &port);
	dst = &b->t->addr[addr].ip;
	memset(p, 0, WIRE_ETH_HLEN + len);
	wire_put16(p + 12, b->in6 ? WIRE_ETHERTYPE_IP6 : WIRE_ETHERTYPE_IP4);
	if (b->in6) {
		ip[0] = 0x60;
		wire_put16(ip + 4, WIRE_UDP_HLEN + b->opt.size);
		ip[6] = WIRE_PROTO_UDP;
		ip[7] = 64;
		memcpy(ip + 8, src.b, 16);
		memcpy(ip + 24, dst->b, 16);
	} else {
		ip[0] = 0x45;
		wire_put16(ip + 2, len);
		ip[6] = 0x40;
		ip[8] = 64;
		ip[9] = WIRE_PROTO_UDP;
		memcpy(ip + 12, &src.w[3], 4);
		memcpy(ip + 16, &dst->w[3], 4);
		sum = wire_checksum(wire_sum(ip, hlen));
		memcpy(ip + 10, &sum, 2);
	}
	wire_put16(udp, 4000);
	wire_put16(udp + 2, port);
	wire_put16(udp + 4, WIRE_UDP_HLEN + b->opt.size);
	udp[8] = 0x80;
	wire_put16(udp + 10, seq);
	wire_put32(udp + 12, 160u * seq);
	wire_put32(udp + 16, i);
	sum = wire_checksum_udp(wire_sum_ip(&src) + wire_sum_ip(dst) +
				rte_cpu_to_be_16(WIRE_UDP_HLEN + b->opt.size) +
				rte_cpu_to_be_16(WIRE_PROTO_UDP) +
				wire_sum(udp, WIRE_UDP_HLEN + b->opt.size));
	memcpy(udp + 6, &sum, 2);
	m->data_len = m->pkt_len = WIRE_ETH_HLEN + len;
}

static unsigned int turn_swap(struct bench *b, uint64_t now)
{
	struct rte_mbuf *m[BURST_MAX];
	uint16_t n = rte_eth_rx_burst(b->port, 0, m, BURST_MAX);

	for (uint16_t i = 0; i < n; i++) {
		uint8_t *p = rte_pktmbuf_mtod(m[i], uint8_t *), *ip = p + WIRE_ETH_HLEN;
		struct rte_ether_hdr *eth = (void *)p;
		struct rte_ether_addr mac = eth->src_addr;

		if (i + 4 < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + 4], void *));
		eth->src_addr = eth->dst_addr;
		eth->dst_addr = mac;
		if (b->in6) {
			uint8_t t[16];

			memcpy(t, ip + 8, 16);
			memcpy(ip + 8, ip + 24, 16);
			memcpy(ip + 24, t, 16);
			ip += 40;
		} else {
			uint32_t t;

			memcpy(&t, ip + 12, 4);
			memcpy(ip + 12, ip + 16, 4);
			memcpy(ip + 16, &t, 4);
			ip += 20;
		}
		uint16_t port;

		memcpy(&port, ip, 2);
		memcpy(ip, ip + 2, 2);
		memcpy(ip + 2, &port, 2);
	}
	if (n)
		rte_eth_tx_burst(b->port, 0, m, n);
	(void)now;
	return n;
}

static unsigned int turn_worker(struct bench *b, uint64_t now)
{
	return dp_poll_once(b->dp, 0, now);
}

/* Cycles of one turn over `burst` packets of the next flows; 0 if not all came out. */
static uint64_t one_round(struct bench *b, unsigned int (*turn)(struct bench *, uint64_t),
			  uint32_t *next, uint16_t seq)
{
	struct rte_mbuf *m[BURST_MAX];
	uint64_t start, end;
	unsigned int n;

	if (b->opt.burst && rte_pktmbuf_alloc_bulk(dp_pool(), m, b->opt.burst) != 0)
		die("no mbufs");
	for (uint16_t i = 0; i < b->opt.burst; i++) {
		m[i]->port = b->port;
		write_packet(b, m[i], b->order[*next], seq);
		*next = (*next + 1) % b->opt.flows;
	}
	rte_ring_enqueue_bulk(b->to_worker, (void **)m, b->opt.burst, NULL);
	start = rte_rdtsc_precise();
	turn(b, start);
	end = rte_rdtsc_precise();
	n = rte_ring_dequeue_burst(b->from_worker, (void **)m, BURST_MAX, NULL);
	rte_pktmbuf_free_bulk(m, n);
	return n == b->opt.burst ? end - start : 0;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median(uint64_t *v, uint32_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return (double)v[n / 2];
}

static uint64_t timer_cost(void)
{
	uint64_t v[1001];

	for (unsigned int i = 0; i < RTE_DIM(v); i++) {
		uint64_t start = rte_rdtsc_precise();

		v[i] = rte_rdtsc_precise() - start;
	}
	return (uint64_t)median(v, RTE_DIM(v));
}

static void run(struct bench *b)
{
	uint64_t *swap = calloc(b->opt.rounds, sizeof(*swap));
	uint64_t *worker = calloc(b->opt.rounds, sizeof(*worker));
	uint64_t cost = timer_cost();
	uint32_t next = 0;
	double s, w, per = b->opt.burst ? b->opt.burst : 1;

	for (uint32_t i = 0; i < b->opt.rounds; i++) {
		uint16_t seq = (uint16_t)(1 + (uint64_t)i * b->opt.burst / b->opt.flows);

		swap[i] = one_round(b, turn_swap, &next, seq);
		worker[i] = one_round(b, turn_worker, &next, seq);
		if (b->opt.burst && (swap[i] == 0 || worker[i] == 0))
			die("packets were lost");
	}
	s = (median(swap, b->opt.rounds) - cost) / per;
	w = (median(worker, b->opt.rounds) - cost) / per;
	printf("{\"scenario\":\"%s\",\"flows\":%u,\"size\":%u,\"burst\":%u,\"swap_cycles\":%.1f,"
	       "\"worker_cycles\":%.1f,\"over_swap\":%.1f}\n",
	       b->opt.scenario, b->opt.flows, b->opt.size, b->opt.burst, s, w, w - s);
	free(swap);
	free(worker);
}

static void parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"scenario", required_argument, NULL, 's'}, {"flows", required_argument, NULL, 'f'},
		{"size", required_argument, NULL, 'l'},     {"burst", required_argument, NULL, 'b'},
		{"rounds", required_argument, NULL, 'r'},   {0}};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's': o->scenario = optarg; break;
		case 'f': o->flows = (uint32_t)atol(optarg); break;
		case 'l': o->size = (uint16_t)atoi(optarg); break;
		case 'b': o->burst = (uint16_t)atoi(optarg); break;
		case 'r': o->rounds = (uint32_t)atol(optarg); break;
		default: die("usage: see the top of cycles.c");
		}
	}
	if (o->flows == 0 || o->rounds == 0 || o->burst > BURST_MAX || o->size < 20 ||
	    o->size > 1400)
		die("flows and rounds from 1, burst to 32, size 20 to 1400");
}

int main(int argc, char **argv)
{
	struct bench b = {.opt = {.scenario = "relay4",
				  .flows = 1000,
				  .size = 172,
				  .burst = 32,
				  .rounds = 20000}};
	int n = rte_eal_init(argc, argv);

	if (n < 0)
		die("EAL refused");
	parse_options(argc - n, argv + n, &b.opt);
	b.in6 = strcmp(b.opt.scenario, "relay6") == 0;
	b.out6 = b.in6 || strcmp(b.opt.scenario, "bridge46") == 0;
	setup(&b);
	run(&b);
	rte_eal_cleanup();
	return 0;
}
