/* SPDX-License-Identifier: BSD-3-Clause */
/* From the configuration to devices, tables and workers; and how much memory that takes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_errno.h>

#include "log.h"
#include "router.h"
#include "tun.h"
#include "udp.h"
#include "watch.h"

#define NEXTHOPS_MIN 1024
#define NEXTHOPS_MAX 65536

/* For the pool: what a queue pair keeps at least, AF_XDP's fill and completion rings included. */
#define QUEUE_MBUFS 4096
#define DEVICE_DESC 1024
#define CACHE_MBUFS 512 /* of one lcore, with what is in flight */

#define MBUF_ROOM_MIN 2048
/* struct rte_mbuf, headroom, mempool header, Ethernet and tags, alignment. */
#define MBUF_EXTRA    512
#define WORKER_MEMORY (1024 * 1024)
#define DEVICE_MEMORY (4 * 1024 * 1024)
#define EAL_MEMORY    (16 * 1024 * 1024)

/* The first interface on the same device; `i` itself if it is the first. */
static unsigned int first_of_device(const struct config *c, unsigned int i)
{
	unsigned int k = 0;

	while (!config_same_device(c->interfaces[k].device, c->interfaces[i].device))
		k++;
	return k;
}

static unsigned int device_count(const struct config *c)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->interface_count; i++)
		if (first_of_device(c, i) == i)
			n++;
	return n;
}

static uint16_t largest_mtu(const struct config *c)
{
	uint16_t mtu = 0;

	for (unsigned int i = 0; i < c->interface_count; i++)
		mtu = RTE_MAX(mtu, c->interfaces[i].mtu);
	return mtu;
}

static struct flow_limits limits_of(const struct config *c)
{
	uint32_t nexthops = RTE_MIN(RTE_MAX(2 * c->limit_sessions, (uint32_t)NEXTHOPS_MIN),
				    (uint32_t)NEXTHOPS_MAX);
	struct flow_limits limits = {
		.sessions = c->limit_sessions,
		.nexthops = nexthops + c->neighbour_count + c->address_count + 1 + lan_nexthops(c),
		.addresses = (uint16_t)c->address_count,
		.workers = (uint16_t)c->lcore_count,
	};

	return limits;
}

/* Queues full, rings to control full, caches full: and still some are left. */
uint32_t host_mbufs_need(const struct config *c)
{
	uint32_t n = (c->lcore_count + 1) * CACHE_MBUFS + 2 * c->lcore_count * DP_RING_SIZE;

	if (c->mbufs)
		return c->mbufs;
	for (unsigned int i = 0; i < c->interface_count; i++) {
		const struct config_interface *f = &c->interfaces[i];
		uint32_t desc = (f->rx_desc ? f->rx_desc : DEVICE_DESC) +
				(f->tx_desc ? f->tx_desc : DEVICE_DESC);

		if (first_of_device(c, i) == i)
			n += c->lcore_count * RTE_MAX(desc, (uint32_t)QUEUE_MBUFS);
	}
	return n;
}

/* Where pages are small, DPDK lets no buffer lie on more of them than it must. */
static size_t mbuf_size(const struct config *c)
{
	size_t size = RTE_MAX(largest_mtu(c), (uint16_t)MBUF_ROOM_MIN) + MBUF_EXTRA;

	if (config_eal_has(c, "--no-huge", NULL))
		size = RTE_ALIGN_CEIL(size, (size_t)sysconf(_SC_PAGESIZE));
	return size;
}

size_t host_memory_need(const struct config *c)
{
	struct flow_limits limits = limits_of(c);
	size_t need = flow_tables_size(&limits) + mbuf_size(c) * host_mbufs_need(c) +
		      mbuf_size(c) * c->media.copy_mbufs + (size_t)c->lcore_count * WORKER_MEMORY +
		      (size_t)device_count(c) * DEVICE_MEMORY + EAL_MEMORY;

	return need + need / 16;
}

static const char *why_not_opened(int err)
{
	switch (err) {
	case -ENODEV:
		return "there is no such device, or its driver refused it; for a PCI device see "
		       "that "
		       "it is bound to vfio-pci (dpdk-devbind.py --status), for a vdev that its "
		       "arguments are right";
	case -EBUSY: return "it is in use already; give each device to one process";
	case -EMSGSIZE: return "the device cannot carry the interface's mtu; lower it";
	case -ENOSPC: return "DPDK has no port number left for it; configure fewer devices";
	case -ENOMEM: return "out of memory; reserve more hugepages or lower mbufs";
	default: return "the driver's lines in the log above say more";
	}
}

static int open_device(struct host *h, unsigned int i)
{
	const struct config *c = h->config;
	const struct config_interface *f = &c->interfaces[i];
	struct dp_port_config pc = {
		.device = f->device,
		.mtu = f->mtu,
		.workers = (uint16_t)c->lcore_count,
		.rx_desc = f->rx_desc,
		.tx_desc = f->tx_desc,
	};
	struct dp_port_info info;
	int port;

	for (unsigned int k = i + 1; k < c->interface_count; k++)
		if (first_of_device(c, k) == i)
			pc.mtu = RTE_MAX(pc.mtu, c->interfaces[k].mtu);
	port = dp_port_open(&pc);
	if (port < 0) {
		tnd_err("iface", "/interfaces/%u/device: interface %s: device %s: %s (%s)", i,
			f->name, f->device, why_not_opened(port), strerror(-port));
		return port;
	}
	h->port[i] = (uint16_t)port;
	h->ports_open++;
	dp_port_info((uint16_t)port, &info);
	tnd_info("iface",
		 "%s: %s (%s), MAC " RTE_ETHER_ADDR_PRT_FMT ", %u receive queues, link %s, "
		 "steering by %s",
		 f->name, f->device, info.driver, RTE_ETHER_ADDR_BYTES(&info.mac), info.rx_queues,
		 info.link_up ? "up" : "down", info.steering ? "rte_flow" : "hand-off");
	return 0;
}

static int open_devices(struct host *h)
{
	const struct config *c = h->config;

	for (unsigned int i = 0; i < c->interface_count; i++) {
		unsigned int first = first_of_device(c, i);
		int err = 0;

		if (first == i)
			err = open_device(h, i);
		else
			h->port[i] = h->port[first];
		if (err != 0)
			return err;
	}
	return 0;
}

static void close_devices(struct host *h)
{
	const struct config *c = h->config;

	for (unsigned int i = 0; i < c->interface_count && h->ports_open > 0; i++) {
		if (first_of_device(c, i) != i)
			continue;
		dp_port_close(h->port[i]);
		h->ports_open--;
	}
}

static uint8_t role_of(const struct config_interface *f)
{
	switch (f->role) {
	case CONFIG_OUTER: return FLOW_ROLE_OUTER;
	case CONFIG_INNER_TUN: return FLOW_ROLE_TUN;
	case CONFIG_INNER_LAN: return FLOW_ROLE_LAN;
	}
	return FLOW_ROLE_OUTER;
}

/* In configuration order, so that indexes there and here are the same. */
static int fill_tables(struct host *h)
{
	const struct config *c = h->config;

	for (unsigned int i = 0; i < c->interface_count; i++) {
		const struct config_interface *f = &c->interfaces[i];
		struct flow_iface iface = {
			.port = h->port[i], .vlan = f->vlan, .mtu = f->mtu, .role = role_of(f)};
		struct dp_port_info info;
		int err;

		dp_port_info(h->port[i], &info);
		iface.mac = info.mac;
		err = flow_iface_add(h->tables, &iface);
		if (err < 0) {
			tnd_err("iface", "/interfaces/%u: interface %s: %s", i, f->name,
				strerror(-err));
			return err;
		}
	}
	for (unsigned int i = 0; i < c->address_count; i++) {
		const struct config_address *a = &c->addresses[i];
		struct flow_addr addr = {.ip = a->ip, .iface = a->interface};
		int err = flow_addr_add(h->tables, &addr);

		if (err < 0) {
			tnd_err("iface", "/addresses/%u: address %s: %s", i, a->name,
				strerror(-err));
			return err;
		}
	}
	return 0;
}

static int create_pool(const struct config *c)
{
	uint32_t count = host_mbufs_need(c);
	int err = dp_pool_create(count, largest_mtu(c));

	if (err != 0)
		tnd_err("host",
			"no memory for %u packet buffers (%s): reserve more hugepages (or raise "
			"-m in eal.args with --no-huge), or lower mbufs",
			count, strerror(-err));
	return err;
}

static int create_tables(struct host *h)
{
	struct flow_limits limits = limits_of(h->config);

	h->tables = flow_tables_create(&limits);
	if (h->tables != NULL)
		return 0;
	tnd_err("host",
		"no memory for %u sessions (%zu MiB): reserve more hugepages (or raise -m in "
		"eal.args with --no-huge), or lower limits.sessions",
		limits.sessions, flow_tables_size(&limits) >> 20);
	return -rte_errno;
}

static int create_workers(struct host *h)
{
	struct dp_config dc = {
		.tables = h->tables,
		.workers = (uint16_t)h->config->lcore_count,
		.idle = h->config->idle,
		.srtp_engine = h->srtp_engine,
		.copy_mbufs = h->config->media.copy_mbufs,
	};

	h->dp = dp_create(&dc);
	if (h->dp != NULL)
		return 0;
	tnd_err("host", "the workers cannot be made: %s", strerror(rte_errno));
	return -rte_errno;
}

static int pick_engine(struct host *h)
{
	int err = srtp_engine_pick(h->config->srtp_engine, &h->srtp_engine);

	if (err == 0)
		tnd_info("host", "SRTP by %s, replay window %u packets",
			 srtp_engine_name(h->srtp_engine), h->config->srtp_window);
	else
		tnd_err("host", "srtp.engine %s does not run here; \"auto\" takes one that does",
			srtp_engine_name(h->config->srtp_engine));
	return err;
}

int host_init(struct host *h, const struct config *config, uint64_t now_tsc)
{
	int err;

	memset(h, 0, sizeof(*h));
	h->config = config;
	h->rtnl.fd = -1;
	err = loop_init(&h->loop, now_tsc);
	if (err != 0)
		return err;
	tnd_timer_init(&h->link_timer, NULL, NULL);
	tnd_timer_init(&h->watchdog_timer, NULL, NULL);
	tnd_list_init(&h->punts.link);
	err = pick_engine(h);
	if (err == 0)
		err = create_pool(config);
	if (err == 0)
		err = open_devices(h);
	if (err == 0)
		err = create_tables(h);
	if (err == 0)
		err = fill_tables(h);
	if (err == 0)
		err = create_workers(h);
	if (err == 0) {
		err = neigh_init(h);
		if (err != 0)
			tnd_err("host", "the neighbour table cannot be made: %s", strerror(-err));
	}
	if (err == 0)
		err = lan_start(h);
	if (err == 0)
		err = tun_start(h);
	if (err == 0)
		err = udp_init(h);
	if (err != 0) {
		host_free(h);
		return err;
	}
	punt_start(h);
	link_start(h);
	return 0;
}

int host_start(struct host *h)
{
	int err = dp_start(h->dp, h->config->lcores);

	if (err != 0) {
		tnd_err("host", "the workers cannot be started: %s", strerror(-err));
		return err;
	}
	neigh_announce(h);
	watchdog_start(h);
	return 0;
}

void host_free(struct host *h)
{
	/* Workers first: from there on nobody else reads or writes anything. */
	if (h->dp != NULL)
		dp_stop(h->dp);
	tnd_timer_stop(&h->loop.timers, &h->link_timer);
	tnd_timer_stop(&h->loop.timers, &h->watchdog_timer);
	loop_del_poller(&h->punts);
	udp_free(h);
	tun_stop(h);
	lan_stop(h);
	neigh_free(h);
	dp_free(h->dp);
	close_devices(h);
	flow_tables_free(h->tables);
	dp_pool_free();
	loop_free(&h->loop);
	memset(h, 0, sizeof(*h));
	h->rtnl.fd = -1;
}
