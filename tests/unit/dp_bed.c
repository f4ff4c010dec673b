/* SPDX-License-Identifier: BSD-3-Clause */
#include "dp_bed.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>

#include "checksum.h"
#include "frame.h"

#define RING_SIZE 8192
#define POOL_SIZE 16383
#define MTU       1500

static struct rte_ring *in, *out;
static int port = -1;

static const char *const addresses[] = {"10.0.0.1", "2001:db8::1", "192.0.2.1"};

int bed_eal(void)
{
	static char *args[] = {"test",     "--no-huge", "--no-shconf", "-m",          "256",
			       "--no-pci", "-l",        "0",           "--log-level", "error"};
	struct dp_port_config pc = {.device = "net_ring_bed", .mtu = MTU, .workers = 1};

	if (rte_eal_init(COUNT(args), args) < 0)
		return -1;
	in = rte_ring_create("bed_in", RING_SIZE, SOCKET_ID_ANY, 0);
	out = rte_ring_create("bed_out", RING_SIZE, SOCKET_ID_ANY, 0);
	if (in == NULL || out == NULL || dp_pool_create(POOL_SIZE, MTU) != 0 ||
	    rte_eth_from_rings("bed", &in, 1, &out, 1, SOCKET_ID_ANY) < 0)
		return -1;
	port = dp_port_open(&pc);
	return port < 0 ? -1 : 0;
}

union wire_ip bed_ip(const char *text)
{
	union wire_ip ip;

	assert_int_equal(wire_ip_parse(text, &ip), 0);
	return ip;
}

int bed_setup(void **state)
{
	struct flow_limits limits = {
		.sessions = BED_SESSIONS, .nexthops = 3, .addresses = 3, .workers = 1};
	struct flow_iface iface = {.port = (uint16_t)port, .mtu = MTU, .mac = {{2, 0, 0, 0, 0, 1}}};
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->t = flow_tables_create(&limits);
	assert_non_null(b->t);
	assert_int_equal(flow_iface_add(b->t, &iface), 0);
	for (unsigned int i = 0; i < COUNT(addresses); i++) {
		struct flow_addr a = {.ip = bed_ip(addresses[i])};

		assert_int_equal(flow_addr_add(b->t, &a), i);
	}
	flow_nexthop_set(b->t, 1, &mac);
	flow_nexthop_set(b->t, 2, &mac);
	b->dp = dp_create(&(struct dp_config){.tables = b->t, .workers = 1});
	assert_non_null(b->dp);
	b->now = rte_rdtsc();
	b->mbufs = rte_mempool_avail_count(dp_pool());
	*state = b;
	return 0;
}

int bed_teardown(void **state)
{
	struct bed *b = *state;
	struct rte_mbuf *m;

	while (rte_ring_dequeue(in, (void **)&m) == 0 || rte_ring_dequeue(out, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	dp_free(b->dp);
	flow_tables_free(b->t);
	/* Nothing was lost on the way. */
	assert_int_equal(rte_mempool_avail_count(dp_pool()), b->mbufs);
	free(b);
	return 0;
}

uint32_t bed_plan(struct bed *b, const struct bed_flow *f)
{
	uint32_t cell = flow_plan_alloc(b->t);
	struct flow_plan *p = &b->t->plan[cell];

	assert_int_not_equal(cell, 0);
	p->leg = f->leg;
	p->generation = (uint16_t)(1000 + f->leg);
	p->flags = f->flags;
	p->tos = FLOW_TOS_KEEP;
	p->out_addr = f->out_addr;
	p->out_sport = rte_cpu_to_be_16(f->out_port);
	p->nexthop = 1;
	if (!wire_ip_is4(&b->t->addr[f->out_addr].ip))
		p->flags |= FLOW_PLAN_OUT6;
	if (f->from.ip != NULL) {
		p->remote = bed_ip(f->from.ip);
		p->remote_port = rte_cpu_to_be_16(f->from.port);
		p->flags |= FLOW_PLAN_REMOTE;
	}
	if (f->to.ip != NULL) {
		p->out_ip = bed_ip(f->to.ip);
		p->out_port = rte_cpu_to_be_16(f->to.port);
		p->flags |= FLOW_PLAN_OUT;
	}
	flow_plan_finish(b->t, p, f->addr, f->port);
	return cell;
}

uint32_t bed_publish(struct bed *b, const struct bed_flow *f)
{
	uint32_t cell = bed_plan(b, f);

	flow_publish(b->t, f->addr, f->port, cell);
	return cell;
}

static uint16_t udp_sum(const uint8_t *udp, uint8_t ip_hlen, uint16_t udp_len)
{
	unsigned int addr = ip_hlen == WIRE_IP4_HLEN ? 8 : 32;

	return wire_checksum_udp(wire_sum(udp - addr, addr + udp_len) + rte_cpu_to_be_16(udp_len) +
				 rte_cpu_to_be_16(WIRE_PROTO_UDP));
}

/* Returns its header's length. */
static uint8_t write_ip(uint8_t *ip, const union wire_ip *src, const union wire_ip *dst,
			uint16_t udp_len)
{
	uint16_t sum;

	if (!wire_ip_is4(dst)) {
		wire_put32(ip, 6u << 28);
		wire_put16(ip + 4, udp_len);
		ip[6] = WIRE_PROTO_UDP;
		ip[7] = 64;
		memcpy(ip + 8, src->b, 16);
		memcpy(ip + 24, dst->b, 16);
		return WIRE_IP6_HLEN;
	}
	memset(ip, 0, WIRE_IP4_HLEN);
	ip[0] = 0x45;
	wire_put16(ip + 2, WIRE_IP4_HLEN + udp_len);
	ip[8] = 64;
	ip[9] = WIRE_PROTO_UDP;
	memcpy(ip + 12, &src->w[3], 4);
	memcpy(ip + 16, &dst->w[3], 4);
	sum = wire_checksum(wire_sum(ip, WIRE_IP4_HLEN));
	memcpy(ip + 10, &sum, 2);
	return WIRE_IP4_HLEN;
}

struct rte_mbuf *bed_frame(const struct bed *b, struct bed_end from, uint16_t addr,
			   uint16_t to_port, const void *payload, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_pool());
	const union wire_ip *dst = &b->t->addr[addr].ip;
	union wire_ip src = bed_ip(from.ip);
	uint16_t udp_len = WIRE_UDP_HLEN + len, sum;
	uint8_t *p, *udp, hlen;

	assert_non_null(m);
	assert_true(wire_ip_is4(&src) == wire_ip_is4(dst));
	p = rte_pktmbuf_mtod(m, uint8_t *);
	memset(p, 0, WIRE_ETH_HLEN);
	wire_put16(p + 12, wire_ip_is4(dst) ? WIRE_ETHERTYPE_IP4 : WIRE_ETHERTYPE_IP6);
	hlen = write_ip(p + WIRE_ETH_HLEN, &src, dst, udp_len);
	udp = p + WIRE_ETH_HLEN + hlen;
	wire_put16(udp, from.port);
	wire_put16(udp + 2, to_port);
	wire_put16(udp + 4, udp_len);
	wire_put16(udp + 6, 0);
	memcpy(udp + WIRE_UDP_HLEN, payload, len);
	sum = udp_sum(udp, hlen, udp_len);
	memcpy(udp + 6, &sum, 2);
	m->data_len = WIRE_ETH_HLEN + hlen + udp_len;
	m->pkt_len = m->data_len;
	return m;
}

struct rte_mbuf *bed_frame_unsummed(const struct bed *b, struct bed_end from, uint16_t addr,
				    uint16_t to_port, const void *payload, uint16_t len)
{
	struct rte_mbuf *m = bed_frame(b, from, addr, to_port, payload, len);

	assert_true(wire_ip_is4(&b->t->addr[addr].ip));
	memset(rte_pktmbuf_mtod_offset(m, uint8_t *, WIRE_ETH_HLEN + WIRE_IP4_HLEN + 6), 0, 2);
	return m;
}

void bed_input(struct bed *b, struct rte_mbuf *m)
{
	(void)b;
	assert_int_equal(rte_ring_enqueue(in, m), 0);
}

void bed_run(struct bed *b, uint64_t ms)
{
	while (dp_poll_once(b->dp, 0, b->now) > 0)
		b->now += 1000;
	b->now += ms * rte_get_tsc_hz() / 1000;
	dp_poll_once(b->dp, 0, b->now);
}

bool bed_take(struct bed *b, struct bed_datagram *d)
{
	struct wire_frame f;
	struct rte_mbuf *m;
	const uint8_t *p;

	(void)b;
	if (rte_ring_dequeue(out, (void **)&m) != 0)
		return false;
	p = rte_pktmbuf_mtod(m, const uint8_t *);
	assert_int_equal(wire_frame_parse(p, m->data_len, true, &f), WIRE_UDP);
	assert_true(wire_frame_udp_csum_ok(p, &f));
	assert_int_equal(m->data_len, f.payload_off + f.payload_len);
	d->src = f.src;
	d->dst = f.dst;
	d->sport = rte_be_to_cpu_16(f.sport_be);
	d->dport = rte_be_to_cpu_16(f.dport_be);
	d->len = f.payload_len;
	d->checksum = wire_get16(p + f.payload_off - 2) != 0;
	memcpy(d->payload, p + f.payload_off, d->len);
	rte_pktmbuf_free(m);
	return true;
}

void bed_expect(struct bed *b, struct bed_end to, uint16_t sport, const void *payload, uint16_t len)
{
	union wire_ip ip = bed_ip(to.ip);
	struct bed_datagram d;

	assert_true(bed_take(b, &d));
	assert_true(wire_ip_equal(&d.dst, &ip));
	assert_int_equal(d.dport, to.port);
	assert_int_equal(d.sport, sport);
	assert_int_equal(d.len, len);
	assert_memory_equal(d.payload, payload, len);
}

void bed_drops(struct bed *b, enum flow_drop why, unsigned int n)
{
	struct dp_worker_stats st;

	assert_int_equal(rte_ring_count(out), 0);
	dp_worker_stats(b->dp, 0, &st);
	for (unsigned int d = 0; d < FLOW_DROP_COUNT; d++) {
		uint64_t want = b->counted[d] + (d == why ? n : 0);

		if (st.drops[d] != want)
			fail_msg("%s: %u and not %u", flow_drop_name(d),
				 (unsigned int)(st.drops[d] - b->counted[d]),
				 (unsigned int)(want - b->counted[d]));
		b->counted[d] = st.drops[d];
	}
}

void bed_no_drops(struct bed *b)
{
	bed_drops(b, FLOW_DROP_COUNT, 0);
}

uint16_t bed_rtp(uint8_t *to, uint8_t payload_type, uint16_t seq, uint32_t ssrc, uint16_t len)
{
	to[0] = 0x80;
	to[1] = payload_type;
	wire_put16(to + 2, seq);
	wire_put32(to + 4, 160u * seq);
	wire_put32(to + 8, ssrc);
	for (uint16_t i = 0; i < len; i++)
		to[12 + i] = (uint8_t)(seq + i);
	return 12 + len;
}
