/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>

#include "checksum.h"
#include "frame.h"
#include "lpm.h"

_Static_assert(sizeof(struct flow_plan) == RTE_CACHE_LINE_SIZE, "a plan is one cache line");
_Static_assert(sizeof(struct flow_rt) + 2 * sizeof(struct flow_punts) == RTE_CACHE_LINE_SIZE,
	       "a flow's hot half is one line");
_Static_assert(offsetof(struct flow_plan, out_port) == offsetof(struct flow_plan, out_sport) + 2,
	       "the ports of a plan stand as in a UDP header");
_Static_assert(offsetof(struct flow_leg_rt, rtp) == 0 &&
		       offsetof(struct flow_leg_rt, stats) == RTE_CACHE_LINE_SIZE,
	       "the statistics follow the running half that they are of");
_Static_assert(sizeof(struct flow_leg_rt) == 4 * RTE_CACHE_LINE_SIZE, "a leg is four lines");
_Static_assert(offsetof(struct flow_plan, extra) == offsetof(struct flow_plan, flags) + 2 &&
		       offsetof(struct flow_plan, flags) % 4 == 0,
	       "flags and extra stand in one word");
_Static_assert(sizeof(struct flow_media) == 2048, "two to a page: the worker never faults one in");
_Static_assert(sizeof(struct flow_tunnel) == 256, "so many to a page: the worker faults none in");
_Static_assert(sizeof(struct flow_event) == 32, "events are small");
_Static_assert(FLOW_LEG_DROPS <= FLOW_LEG_DROPS_MAX, "drop.def: LEG reasons come first");
_Static_assert(RTE_DIM(((struct flow_tables *)0)->addr_hash) == 1024, "flow_addr_hash: 10 bits");

/* Of inner networks: a few addresses of its own for each tunnel, or an IPv6 one somewhere. */
#define NODES_PER_SESSION 8
#define NODES_SPARE       4096
/* Of hosts on an inner link. */
#define NODES_LAN 65536

static const struct {
	const char *name, *text;
} drops[] = {
#define TND_DROP(name, scope, text) {#name, text},
#include "drop.def"
#undef TND_DROP
};

const char *flow_drop_name(enum flow_drop d)
{
	return drops[d].name;
}

const char *flow_drop_text(enum flow_drop d)
{
	return drops[d].text;
}

enum flow_codec flow_codec_static(uint8_t payload_type)
{
	static const uint8_t codec[] = {
		[0] = FLOW_CODEC_PCM, [3] = FLOW_CODEC_GSM, [4] = FLOW_CODEC_G723,
		[8] = FLOW_CODEC_PCM, [9] = FLOW_CODEC_PCM, [18] = FLOW_CODEC_G729,
	};

	return payload_type < RTE_DIM(codec) ? codec[payload_type] : FLOW_CODEC_NONE;
}

static uint32_t plan_count(const struct flow_limits *limits)
{
	return FLOW_PLANS_PER_SESSION * limits->sessions + FLOW_PLANS_SPARE;
}

size_t flow_tables_size(const struct flow_limits *limits)
{
	return sizeof(struct flow_tables) +
	       (size_t)limits->addresses * FLOW_UDP_PORTS * sizeof(uint32_t) +
	       (size_t)plan_count(limits) * sizeof(struct flow_plan) +
	       2 * (size_t)limits->sessions * sizeof(struct flow_leg_rt) +
	       (size_t)limits->nexthops * sizeof(struct flow_nexthop) +
	       rte_rcu_qsbr_get_memsize(limits->workers);
}

static size_t secure_size(const struct flow_tables *t)
{
	return 2 * (size_t)t->session_count * sizeof(*t->secure);
}

static size_t bundle_size(const struct flow_tables *t)
{
	return 2 * (size_t)t->session_count * sizeof(*t->bundle);
}

static size_t media_size(const struct flow_tables *t)
{
	return 2 * (size_t)t->session_count * sizeof(*t->media);
}

static size_t tunnel_size(const struct flow_tables *t)
{
	return (size_t)t->session_count * sizeof(*t->tunnel);
}

/* Zero pages that exist once they are written to: calls that need none of it never do. */
static void *lazy_create(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void lazy_free(void *p, size_t size)
{
	if (p != NULL)
		munmap(p, size);
}

static int create_arrays(struct flow_tables *t, const struct flow_limits *limits)
{
	t->slot = rte_calloc("flow_slot", (size_t)limits->addresses * FLOW_UDP_PORTS,
			     sizeof(uint32_t), RTE_CACHE_LINE_SIZE);
	t->plan = rte_calloc("flow_plan", t->plan_count, sizeof(*t->plan), RTE_CACHE_LINE_SIZE);
	t->leg = rte_calloc("flow_leg", 2 * (size_t)t->session_count, sizeof(*t->leg),
			    RTE_CACHE_LINE_SIZE);
	t->nexthop = rte_calloc("flow_nexthop", t->nexthop_count, sizeof(*t->nexthop),
				RTE_CACHE_LINE_SIZE);
	t->rcu = rte_zmalloc("flow_rcu", rte_rcu_qsbr_get_memsize(limits->workers),
			     RTE_CACHE_LINE_SIZE);
	if (t->slot == NULL || t->plan == NULL || t->leg == NULL || t->nexthop == NULL ||
	    t->rcu == NULL)
		return -ENOMEM;
	t->secure = lazy_create(secure_size(t));
	t->bundle = lazy_create(bundle_size(t));
	t->media = lazy_create(media_size(t));
	t->tunnel = lazy_create(tunnel_size(t));
	t->routes = flow_lpm_create(t->rcu, NODES_PER_SESSION * t->session_count + NODES_SPARE);
	if (t->secure == NULL || t->bundle == NULL || t->media == NULL || t->tunnel == NULL ||
	    t->routes == NULL)
		return -ENOMEM;
	return 0;
}

struct flow_tables *flow_tables_create(const struct flow_limits *limits)
{
	struct flow_tables *t = rte_zmalloc("flow_tables", sizeof(*t), RTE_CACHE_LINE_SIZE);

	if (t == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	t->plan_count = plan_count(limits);
	t->session_count = limits->sessions;
	t->nexthop_count = limits->nexthops;
	t->worker_count = limits->workers;
	t->addr_max = limits->addresses;
	if (create_arrays(t, limits) != 0 || rte_rcu_qsbr_init(t->rcu, limits->workers) != 0) {
		flow_tables_free(t);
		rte_errno = ENOMEM;
		return NULL;
	}
	/* Cell 0 stays out: it means "none". Low numbers are handed out first. */
	for (uint32_t i = t->plan_count - 1; i > 0; i--)
		flow_plan_free(t, i);
	return t;
}

void flow_tables_free(struct flow_tables *t)
{
	if (t == NULL)
		return;
	for (uint16_t i = 0; i < t->iface_count; i++)
		flow_lpm_free(t->lan[i]);
	flow_lpm_free(t->routes);
	lazy_free(t->tunnel, tunnel_size(t));
	lazy_free(t->media, media_size(t));
	lazy_free(t->bundle, bundle_size(t));
	lazy_free(t->secure, secure_size(t));
	rte_free(t->rcu);
	rte_free(t->nexthop);
	rte_free(t->leg);
	rte_free(t->plan);
	rte_free(t->slot);
	rte_free(t);
}

static void fill_l2(struct flow_iface *f)
{
	static const uint16_t types[2] = {WIRE_ETHERTYPE_IP4, WIRE_ETHERTYPE_IP6};

	f->l2_hlen = f->vlan ? WIRE_ETH_HLEN + WIRE_VLAN_HLEN : WIRE_ETH_HLEN;
	if (f->role == FLOW_ROLE_TUN)
		f->l2_hlen = 0;
	f->frame_plain = f->vlan ? 0 : WIRE_ETH_HLEN + f->mtu;
	for (unsigned int i = 0; i < 2; i++) {
		uint8_t *p = f->l2_tail[i];

		memcpy(p, f->mac.addr_bytes, RTE_ETHER_ADDR_LEN);
		if (f->vlan) {
			wire_put16(p + 6, WIRE_ETHERTYPE_VLAN);
			wire_put16(p + 8, f->vlan);
			p += WIRE_VLAN_HLEN;
		}
		wire_put16(p + 6, types[i]);
	}
}

/* 0, or why it can't be beside the others. */
static int iface_check(const struct flow_tables *t, const struct flow_iface *iface)
{
	if (t->iface_count == FLOW_IFACES_MAX || iface->port >= FLOW_PORTS_MAX)
		return -ENOSPC;
	if (iface->role == FLOW_ROLE_TUN && iface->vlan != 0)
		return -EINVAL;
	for (uint16_t i = 0; i < t->iface_count; i++) {
		if (t->iface[i].port != iface->port)
			continue;
		if (t->iface[i].vlan == iface->vlan)
			return -EEXIST;
		if (t->iface[i].role != iface->role)
			return -EINVAL;
	}
	return 0;
}

int flow_iface_add(struct flow_tables *t, const struct flow_iface *iface)
{
	int err = iface_check(t, iface);

	if (err != 0)
		return err;
	if (iface->role == FLOW_ROLE_LAN) {
		t->lan[t->iface_count] = flow_lpm_create(t->rcu, NODES_LAN);
		if (t->lan[t->iface_count] == NULL)
			return -ENOMEM;
	}
	t->iface[t->iface_count] = *iface;
	fill_l2(&t->iface[t->iface_count]);
	t->port_role[iface->port] = iface->role;
	if (iface->vlan == 0)
		t->port_iface[iface->port] = t->iface_count + 1;
	return t->iface_count++;
}

int flow_addr_add(struct flow_tables *t, const struct flow_addr *addr)
{
	uint32_t h;

	if (t->addr_count == t->addr_max || t->addr_count == FLOW_ADDRS_MAX)
		return -ENOSPC;
	if (flow_addr_find(t, addr->iface, &addr->ip) >= 0)
		return -EEXIST;
	t->addr[t->addr_count] = *addr;
	h = flow_addr_hash(addr->iface, &addr->ip);
	while (t->addr_hash[h] != 0)
		h = (h + 1) % RTE_DIM(t->addr_hash);
	t->addr_hash[h] = t->addr_count + 1;
	return t->addr_count++;
}

uint32_t flow_plan_alloc(struct flow_tables *t)
{
	uint32_t i;

	if (t->plan_free_count == 0)
		return 0;
	i = t->plan_free;
	t->plan_free = t->plan[i].rtcp_plan;
	t->plan_free_count--;
	memset(&t->plan[i], 0, sizeof(t->plan[i]));
	return i;
}

void flow_plan_free(struct flow_tables *t, uint32_t plan)
{
	if (plan == 0)
		return;
	t->plan[plan].rtcp_plan = t->plan_free;
	t->plan_free = plan;
	t->plan_free_count++;
}

void flow_plan_finish(const struct flow_tables *t, struct flow_plan *p, uint16_t addr,
		      uint16_t port)
{
	uint64_t out = wire_sum_ip(&t->addr[p->out_addr].ip) + wire_sum_ip(&p->out_ip);
	uint64_t in = wire_sum_ip(&t->addr[addr].ip);
	uint32_t out_ports = (uint32_t)p->out_sport + p->out_port, in_ports = htons(port);

	if ((p->flags & (FLOW_PLAN_LEARN | FLOW_PLAN_REMOTE)) == FLOW_PLAN_REMOTE) {
		in += wire_sum_ip(&p->remote);
		in_ports += p->remote_port;
	}
	p->udp_change = wire_sum_change(in + in_ports, out + out_ports);
	p->ip4_change = wire_sum_change(in + WIRE_IP4_TTL_STEP, out);
}

uint64_t flow_grace_start(struct flow_tables *t)
{
	return rte_rcu_qsbr_start(t->rcu);
}

bool flow_grace_over(struct flow_tables *t, uint64_t token)
{
	return rte_rcu_qsbr_check(t->rcu, token, false) == 1;
}

void flow_nexthop_set(struct flow_tables *t, uint32_t index, const struct rte_ether_addr *mac)
{
	uint64_t word = 0;

	memcpy(&word, mac->addr_bytes, RTE_ETHER_ADDR_LEN);
	__atomic_store_n(&t->nexthop[index].mac, word | FLOW_NEXTHOP_VALID, __ATOMIC_RELAXED);
}

void flow_nexthop_set_local(struct flow_tables *t, uint32_t index)
{
	__atomic_store_n(&t->nexthop[index].mac, FLOW_NEXTHOP_VALID | FLOW_NEXTHOP_LOCAL,
			 __ATOMIC_RELAXED);
}

void flow_nexthop_clear(struct flow_tables *t, uint32_t index)
{
	__atomic_store_n(&t->nexthop[index].mac, 0, __ATOMIC_RELAXED);
}
