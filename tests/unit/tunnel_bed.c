/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel_bed.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>

#include "ip.h"

#define RING_SIZE 1024
#define POOL_SIZE 8191
#define WORKERS   2

static struct rte_ring *in[TB_PORTS], *out[TB_PORTS];
static int port[TB_PORTS];
static const char *const names[TB_PORTS] = {"outer", "tun", "lan"};
static const uint8_t our_mac[TB_PORTS] = {1, 0, 3};

int tb_eal(void)
{
	static char *args[] = {"test",     "--no-huge", "--no-shconf", "-m",          "256",
			       "--no-pci", "-l",        "0",           "--log-level", "error"};
	char name[32];

	if (rte_eal_init(COUNT(args), args) < 0 || dp_pool_create(POOL_SIZE, TB_MTU) != 0)
		return -1;
	for (unsigned int i = 0; i < TB_PORTS; i++) {
		struct dp_port_config pc = {.device = name, .mtu = TB_MTU, .workers = WORKERS};

		snprintf(name, sizeof(name), "in_%s", names[i]);
		in[i] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof(name), "out_%s", names[i]);
		out[i] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, 0);
		if (in[i] == NULL || out[i] == NULL ||
		    rte_eth_from_rings(names[i], &in[i], 1, &out[i], 1, SOCKET_ID_ANY) < 0)
			return -1;
		snprintf(name, sizeof(name), "net_ring_%s", names[i]);
		port[i] = dp_port_open(&pc);
		if (port[i] < 0)
			return -1;
	}
	return 0;
}

static union wire_ip ip_of(const char *text)
{
	union wire_ip ip;

	assert_int_equal(wire_ip_parse(text, &ip), 0);
	return ip;
}

static void add_addr(struct tb *b, const char *text, uint16_t iface)
{
	struct flow_addr a = {.ip = ip_of(text), .iface = iface};

	assert_true(flow_addr_add(b->t, &a) >= 0);
}

int tb_setup(void **state)
{
	static const uint8_t role[TB_PORTS] = {FLOW_ROLE_OUTER, FLOW_ROLE_TUN, FLOW_ROLE_LAN};
	struct flow_limits limits = {
		.sessions = TB_SESSIONS, .nexthops = 4, .addresses = 3, .workers = WORKERS};
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};
	struct tb *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->t = flow_tables_create(&limits);
	assert_non_null(b->t);
	for (unsigned int i = 0; i < TB_PORTS; i++) {
		struct flow_iface f = {.port = (uint16_t)port[i],
				       .mtu = TB_MTU,
				       .role = role[i],
				       .mac = {{2, 0, 0, 0, 0, our_mac[i]}}};

		assert_int_equal(flow_iface_add(b->t, &f), i);
	}
	add_addr(b, "10.0.0.1", TB_OUTER);
	add_addr(b, "2001:db8::1", TB_OUTER);
	add_addr(b, "192.168.7.1", TB_LAN);
	flow_nexthop_set(b->t, 1, &mac);
	flow_nexthop_set_local(b->t, 2);
	b->dp = dp_create(&(struct dp_config){.tables = b->t, .workers = WORKERS});
	assert_non_null(b->dp);
	b->now = rte_rdtsc();
	b->mbufs = rte_mempool_avail_count(dp_pool());
	*state = b;
	return 0;
}

int tb_teardown(void **state)
{
	struct tb *b = *state;
	struct rte_mbuf *m;

	for (unsigned int i = 0; i < TB_PORTS; i++)
		while (rte_ring_dequeue(in[i], (void **)&m) == 0 ||
		       rte_ring_dequeue(out[i], (void **)&m) == 0)
			rte_pktmbuf_free(m);
	dp_free(b->dp);
	for (unsigned int i = 0; i < b->srtp_leg_count; i++) {
		srtp_leg_wipe(b->srtp_leg[i]);
		free(b->srtp_leg[i]);
	}
	for (unsigned int i = 0; i < b->key_count; i++) {
		srtp_keys_wipe(b->keys[i]);
		free(b->keys[i]);
	}
	flow_tables_free(b->t);
	/* Nothing was lost on the way. */
	assert_int_equal(rte_mempool_avail_count(dp_pool()), b->mbufs);
	free(b);
	return 0;
}

/* ---- tunnels ---- */

void tb_tunnel(struct tb *b, const struct tb_tunnel *s)
{
	struct flow_tunnel *tunnel = &b->t->tunnel[s->session];
	uint16_t addr, generation;
	uint32_t cell[2] = {flow_plan_alloc(b->t), flow_plan_alloc(b->t)};
	struct flow_plan *from = &b->t->plan[cell[0]], *to = &b->t->plan[cell[1]];
	union wire_ip far = ip_of(s->far);

	generation = (uint16_t)(100 + s->session);
	addr = wire_ip_is4(&far) ? 0 : 1;
	from->leg = 2 * s->session;
	from->remote = far;
	from->remote_port = rte_cpu_to_be_16(s->far_port);
	from->flags = FLOW_PLAN_REMOTE | FLOW_PLAN_RTCP_DROP | s->flags;
	from->extra = FLOW_EXTRA_TUNNEL;
	to->leg = 2 * s->session + 1;
	to->out_addr = addr;
	to->out_ip = far;
	to->out_port = rte_cpu_to_be_16(s->far_port);
	to->out_sport = rte_cpu_to_be_16(s->port);
	to->nexthop = s->here ? 2 : 1;
	to->flags = FLOW_PLAN_OUT | (s->flags & FLOW_PLAN_OPEN ? FLOW_PLAN_SEAL : 0);
	if (!wire_ip_is4(&far))
		to->flags |= FLOW_PLAN_OUT6;
	from->tos = to->tos = FLOW_TOS_KEEP;
	from->owner = to->owner = (uint8_t)s->owner;
	from->generation = to->generation = generation;
	tunnel->generation = generation;
	tunnel->iface = s->iface;
	tunnel->mtu = s->mtu ? s->mtu : 1400;
	tunnel->keepalive_ms = 1000;
	tunnel->payload_type = TB_PT;
	tunnel->families = FLOW_TUNNEL_IP4 | FLOW_TUNNEL_IP6;
	tunnel->flags = FLOW_TUNNEL_PT_STRICT | FLOW_TUNNEL_MSS;
	tunnel->seq = TB_SEQ;
	tunnel->timestamp = 1;
	tunnel->ssrc = TB_SSRC;
	__atomic_store_n(&tunnel->plan, cell[1], __ATOMIC_RELEASE);
	flow_plan_finish(b->t, from, addr, s->port);
	flow_publish(b->t, addr, s->port, cell[0]);
}

static struct srtp_keys *make_keys(struct tb *b, enum srtp_profile profile, uint32_t of)
{
	uint8_t master[SRTP_MASTER_MAX];
	struct srtp_keys_config c = {.profile = profile, .master = master, .anew = true};
	enum srtp_engine e;
	size_t size;
	void *k;

	memset(master, (int)of + 1, sizeof(master));
	assert_int_equal(srtp_engine_pick(SRTP_ENGINE_AUTO, &e), 0);
	c.engine = e;
	size = RTE_ALIGN_CEIL(srtp_keys_size(e, profile), 64);
	k = aligned_alloc(64, size);
	assert_non_null(k);
	assert_int_equal(srtp_keys_init(k, &c), 0);
	b->keys[b->key_count++] = k;
	return k;
}

void tb_keys(struct tb *b, uint32_t session, uint32_t twin, enum srtp_profile profile)
{
	struct flow_secure *s = &b->t->secure[2 * session];
	enum srtp_engine e;
	size_t size;

	assert_int_equal(srtp_engine_pick(SRTP_ENGINE_AUTO, &e), 0);
	size = RTE_ALIGN_CEIL(srtp_leg_size(e, 8192), 64);
	s->tx = make_keys(b, profile, session);
	s->rx = make_keys(b, profile, twin);
	s->leg = aligned_alloc(64, size);
	assert_non_null(s->leg);
	assert_int_equal(srtp_leg_init(s->leg, e, 8192), 0);
	b->srtp_leg[b->srtp_leg_count++] = s->leg;
}

void tb_route(struct tb *b, const char *text, uint32_t session)
{
	union wire_ip ip;
	unsigned int bits;

	assert_int_equal(wire_ip_parse_prefix(text, &ip, &bits), 0);
	assert_int_equal(flow_route_set(b->t, &ip, bits, session), 0);
}

/* ---- packets ---- */

void tb_input(struct tb *b, enum tb_port at, const void *p, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_pool());

	(void)b;
	assert_non_null(m);
	memcpy(rte_pktmbuf_mtod(m, void *), p, len);
	m->data_len = len;
	m->pkt_len = len;
	assert_int_equal(rte_ring_enqueue(in[at], m), 0);
}

static unsigned int turn(struct tb *b)
{
	unsigned int n = 0;

	for (uint16_t i = 0; i < WORKERS; i++)
		n += dp_poll_once(b->dp, i, b->now);
	return n;
}

void tb_run(struct tb *b, uint64_t ms)
{
	while (turn(b) > 0)
		b->now += 1000;
	for (; ms > 0; ms--) {
		b->now += rte_get_tsc_hz() / 1000;
		turn(b);
	}
	while (turn(b) > 0)
		b->now += 1000;
}

static void take(struct rte_mbuf *m, struct tb_frame *f)
{
	assert_true(m->nb_segs == 1 && m->pkt_len == m->data_len && m->data_len <= sizeof(f->p));
	f->len = m->data_len;
	memcpy(f->p, rte_pktmbuf_mtod(m, void *), f->len);
	rte_pktmbuf_free(m);
}

bool tb_take(enum tb_port at, struct tb_frame *f)
{
	struct rte_mbuf *m;

	if (rte_ring_dequeue(out[at], (void **)&m) != 0)
		return false;
	take(m, f);
	return true;
}

const uint8_t *tb_rtp(const struct tb_frame *f, uint16_t *len)
{
	struct wire_frame w;

	assert_int_equal(wire_frame_parse(f->p, f->len, true, &w), WIRE_UDP);
	assert_true(wire_frame_udp_csum_ok(f->p, &w));
	assert_int_equal(f->len, w.payload_off + w.payload_len);
	assert_true(w.dont_fragment);
	assert_int_equal(w.ttl, 64);
	*len = w.payload_len;
	return f->p + w.payload_off;
}

bool tb_punt(struct tb *b, struct dp_punt *what, struct tb_frame *f)
{
	struct rte_mbuf *m;

	if (dp_punt_receive(b->dp, &m, 1) == 0)
		return false;
	*what = *dp_punt_of(m);
	take(m, f);
	return true;
}

void tb_drops(struct tb *b, enum flow_drop why, unsigned int n)
{
	struct dp_worker_stats st[WORKERS];

	for (unsigned int i = 0; i < TB_PORTS; i++)
		assert_int_equal(rte_ring_count(out[i]), 0);
	for (uint16_t i = 0; i < WORKERS; i++) {
		dp_worker_stats(b->dp, i, &st[i]);
		assert_int_equal(st[i].punt_used, 0);
	}
	for (unsigned int d = 0; d < FLOW_DROP_COUNT; d++) {
		uint64_t has = st[0].drops[d] + st[1].drops[d] - b->counted[d];

		if (has != (d == why ? n : 0))
			fail_msg("%s: %u", flow_drop_name(d), (unsigned int)has);
		b->counted[d] += has;
	}
}

void tb_no_drops(struct tb *b)
{
	tb_drops(b, FLOW_DROP_COUNT, 0);
}

uint64_t tb_counter(struct tb *b, enum dp_counter c)
{
	struct dp_worker_stats st;
	uint64_t sum = 0;

	for (uint16_t i = 0; i < WORKERS; i++) {
		dp_worker_stats(b->dp, i, &st);
		sum += st.counter[c];
	}
	return sum;
}

uint16_t tb_ip(uint8_t *p, const struct tb_ip *ip)
{
	union wire_ip src = ip_of(ip->src), dst = ip_of(ip->dst);
	uint16_t len = ip->len ? ip->len : 100, hlen, sum;
	uint8_t hops = ip->hops ? ip->hops : 64, proto = ip->proto ? ip->proto : 253;

	hlen = wire_ip_is4(&src) ? WIRE_IP4_HLEN : WIRE_IP6_HLEN;
	for (uint16_t i = hlen; i < len; i++)
		p[i] = (uint8_t)i;
	if (!wire_ip_is4(&src)) {
		wire_ip6_write(p, &src, &dst, proto, hops, ip->tos, len - hlen);
		return len;
	}
	wire_ip4_write(p, &src, &dst, proto, hops, ip->tos, len - hlen);
	if (!ip->df) {
		wire_put16(p + 4, 0x1234);
		wire_put16(p + 6, 0);
		wire_put16(p + 10, 0);
		sum = wire_checksum(wire_sum(p, hlen));
		memcpy(p + 10, &sum, 2);
	}
	return len;
}

void tb_from_far(struct tb *b, const struct tb_tunnel *s, uint8_t type, uint8_t tos,
		 const void *payload, uint16_t len)
{
	static uint16_t seq = 1;
	union wire_ip src = ip_of(s->far), dst = b->t->addr[wire_ip_is4(&src) ? 0 : 1].ip;
	uint16_t udp_len = WIRE_UDP_HLEN + WIRE_RTP_HLEN + len, hlen;
	uint8_t p[2200] = {0}, *ip = p + WIRE_ETH_HLEN, *udp;

	wire_put16(p + 12, wire_ip_is4(&src) ? WIRE_ETHERTYPE_IP4 : WIRE_ETHERTYPE_IP6);
	hlen = wire_ip_is4(&src) ? WIRE_IP4_HLEN : WIRE_IP6_HLEN;
	if (wire_ip_is4(&src))
		wire_ip4_write(ip, &src, &dst, WIRE_PROTO_UDP, 60, tos, udp_len);
	else
		wire_ip6_write(ip, &src, &dst, WIRE_PROTO_UDP, 60, tos, udp_len);
	udp = ip + hlen;
	wire_put16(udp, s->far_port);
	wire_put16(udp + 2, s->port);
	wire_put16(udp + 4, udp_len);
	wire_rtptp_write(udp + WIRE_UDP_HLEN, type, seq++, 0, 7);
	if (len > 0)
		memcpy(udp + WIRE_UDP_HLEN + WIRE_RTP_HLEN, payload, len);
	if (!wire_ip_is4(&src)) {
		uint16_t sum = wire_checksum_udp(wire_sum(ip + 8, 32 + (size_t)udp_len) +
						 rte_cpu_to_be_16(udp_len) +
						 rte_cpu_to_be_16(WIRE_PROTO_UDP));

		memcpy(udp + 6, &sum, 2);
	}
	tb_input(b, TB_OUTER, p, WIRE_ETH_HLEN + hlen + udp_len);
}
