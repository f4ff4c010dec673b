/* SPDX-License-Identifier: BSD-3-Clause */
#include "neigh_bed.h"

#include <errno.h>

#include "route.h"

const uint8_t our_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
const uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0, 0xaa};
const uint8_t evil_mac[6] = {0x02, 0, 0, 0, 0, 0xee};
const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct rte_mempool *pool;
struct host h;
struct sent sent[SENT_MAX];
unsigned int sent_count;
bool ring_full;
char events[16][256];
unsigned int event_count;

/* ---- the dataplane's part ---- */

struct rte_mempool *dp_pool(void)
{
	return pool;
}

static bool keep(uint16_t iface, struct rte_mbuf *m, bool inside)
{
	struct sent *s = &sent[sent_count];

	assert_true(sent_count < SENT_MAX);
	assert_int_equal(m->pkt_len, m->data_len);
	assert_true(m->data_len <= sizeof(s->data));
	if (!ring_full) {
		memcpy(s->data, rte_pktmbuf_mtod(m, void *), m->data_len);
		s->len = m->data_len;
		s->iface = iface;
		s->inside = inside;
		sent_count++;
	}
	rte_pktmbuf_free(m);
	return !ring_full;
}

bool dp_inject(struct dp *dp, uint16_t iface, struct rte_mbuf *m)
{
	return keep(iface, m, false);
}

bool dp_inject_local(struct dp *dp, uint16_t iface, struct rte_mbuf *m)
{
	return keep(iface, m, true);
}

static void on_event(void *arg, const char *type, const char *params)
{
	if (event_count < COUNT(events))
		snprintf(events[event_count], sizeof(events[0]), "%s %s", type, params);
	event_count++;
}

/* ---- set up ---- */

int group_set_up(void **state)
{
	pool = test_pool_up("test_neigh", POOL_SIZE);
	return pool != NULL ? 0 : -1;
}

int group_tear_down(void **state)
{
	return test_pool_down(pool);
}

static uint8_t role_of(const struct config_interface *f)
{
	return f->role == CONFIG_OUTER       ? FLOW_ROLE_OUTER
	       : f->role == CONFIG_INNER_TUN ? FLOW_ROLE_TUN
					     : FLOW_ROLE_LAN;
}

static int add_ports(const struct config *c)
{
	for (unsigned int i = 0; i < c->interface_count; i++) {
		struct flow_iface f = {.vlan = c->interfaces[i].vlan,
				       .mtu = 1500,
				       .port = c->interfaces[i].role == CONFIG_OUTER ? 0
										     : (uint16_t)i,
				       .role = role_of(&c->interfaces[i])};

		memcpy(f.mac.addr_bytes, our_mac, 6);
		if (flow_iface_add(h.tables, &f) != (int)i)
			return -1;
	}
	for (unsigned int i = 0; i < c->address_count; i++) {
		struct flow_addr a = {.ip = c->addresses[i].ip, .iface = c->addresses[i].interface};

		if (flow_addr_add(h.tables, &a) != (int)i)
			return -1;
	}
	return 0;
}

int host_set_up(const char *config, uint32_t nexthops)
{
	struct flow_limits limits = {.sessions = 1, .nexthops = nexthops, .workers = 1};
	struct json_error err;
	struct config *c;

	memset(&h, 0, sizeof(h));
	sent_count = event_count = 0;
	ring_full = false;
	if (config_parse(config, strlen(config), &c, &err) != 0) {
		print_error("%s: %s\n", err.path, err.reason);
		return -1;
	}
	h.config = c;
	h.notify = on_event;
	limits.addresses = (uint16_t)c->address_count;
	h.tables = flow_tables_create(&limits);
	if (h.tables == NULL || loop_init(&h.loop, 1000) != 0 || add_ports(c) != 0)
		return -1;
	return neigh_init(&h);
}

int host_tear_down(void **state)
{
	neigh_free(&h);
	flow_tables_free(h.tables);
	config_free((struct config *)(uintptr_t)h.config);
	loop_free(&h.loop);
	return rte_mempool_avail_count(pool) == POOL_SIZE ? 0 : -1;
}

/* ---- helpers ---- */

union wire_ip ip(const char *text)
{
	union wire_ip a;

	assert_int_equal(wire_ip_parse(text, &a), 0);
	return a;
}

void at(uint64_t ms)
{
	loop_step(&h.loop, h.loop.start_tsc + ms * h.loop.tsc_per_ms);
	assert_int_equal(h.loop.now_ms, ms);
}

void run_to(uint64_t ms)
{
	while (h.loop.now_ms < ms)
		at(RTE_MIN(ms, h.loop.now_ms + TND_TIMER_TICK_MS));
}

struct rte_mbuf *frame_of(const uint8_t *data, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), data, len);
	return m;
}

uint32_t ref(uint16_t addr, const char *to)
{
	union wire_ip a = ip(to);
	uint32_t n = 0;

	assert_int_equal(neigh_ref(&h, addr, &a, &n), 0);
	return n;
}

struct neigh_info info_of(uint32_t nexthop)
{
	struct neigh_info info;
	uint32_t cursor = nexthop;

	assert_true(neigh_next(&h, &cursor, &info));
	assert_int_equal(info.nexthop, nexthop);
	return info;
}

bool mac_is(uint32_t nexthop, const uint8_t mac[6])
{
	uint64_t word = h.tables->nexthop[nexthop].mac;

	return (word & FLOW_NEXTHOP_VALID) && memcmp(&word, mac, 6) == 0;
}

void hear_arp(uint16_t iface, uint16_t op, const char *sender, const uint8_t mac[6],
	      const char *target)
{
	struct wire_arp arp = {.op = op, .sender = ip(sender), .target = ip(target)};
	struct wire_link link = {.vlan = h.tables->iface[iface].vlan};
	uint8_t buf[64];
	int len;

	memcpy(arp.sender_mac, mac, 6);
	memcpy(link.src, mac, 6);
	memcpy(link.dst, our_mac, 6);
	len = wire_arp_build(buf, sizeof(buf), &link, &arp);
	assert_true(len > 0);
	neigh_input_arp(&h, iface, frame_of(buf, (size_t)len));
}

struct wire_arp last_arp(const uint8_t dst[6])
{
	struct wire_frame f = {0};
	struct wire_arp arp;

	assert_true(sent_count > 0);
	assert_int_equal(
		wire_frame_parse(sent[sent_count - 1].data, sent[sent_count - 1].len, true, &f),
		WIRE_ARP);
	assert_int_equal(f.vlan, h.tables->iface[sent[sent_count - 1].iface].vlan);
	assert_int_equal(wire_arp_parse(sent[sent_count - 1].data + f.l3_off,
					sent[sent_count - 1].len - f.l3_off, &arp),
			 0);
	assert_memory_equal(sent[sent_count - 1].data, dst, 6);
	return arp;
}

void expect_ip(const union wire_ip *got, const char *want)
{
	char text[WIRE_IP_STRLEN];

	assert_string_equal(wire_ip_format(got, text), want);
}

void wait_packet(uint16_t iface, uint32_t nexthop, uint8_t tag)
{
	uint8_t data[60] = {0};

	data[59] = tag;
	neigh_input_unresolved(&h, iface, nexthop, frame_of(data, sizeof(data)));
}
