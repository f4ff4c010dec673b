/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices: probed, configured with a queue a worker where they have them, started. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "worker.h"

#define DEFAULT_DESC  1024
#define POOL_CACHE    256
#define FRAME_EXTRA   (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + 2 * RTE_VLAN_HLEN)
#define MAC_HASH_WISH (RTE_ETH_RSS_UDP | RTE_ETH_RSS_IP)

struct port dp_ports[FLOW_PORTS_MAX];

static struct rte_mempool *pool;

int dp_pool_create(uint32_t count, uint16_t mtu)
{
	uint32_t room = RTE_MAX((uint32_t)mtu + FRAME_EXTRA, 2048u);
	struct rte_pktmbuf_pool_private private = {0};
	unsigned int flags = 0;
	int err;

	room = RTE_ALIGN_CEIL(room, 64u) + RTE_PKTMBUF_HEADROOM;
	private.mbuf_data_room_size = (uint16_t)room;
	/*
	 * Back to back wherever devices don't mind that a packet crosses a page: AF_XDP's driver
	 * gives the kernel count * size bytes, and what lies behind them would be lost to it.
	 */
	if (rte_eal_iova_mode() == RTE_IOVA_VA || !rte_eal_has_hugepages())
		flags = RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	pool = rte_mempool_create_empty("tnd_pool", count, sizeof(struct rte_mbuf) + room,
					POOL_CACHE, sizeof(private), SOCKET_ID_ANY, flags);
	if (pool == NULL)
		return -rte_errno;
	err = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	if (err == 0) {
		rte_pktmbuf_pool_init(pool, &private);
		err = rte_mempool_populate_default(pool);
	}
	if (err < 0) {
		dp_pool_free();
		return err;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return 0;
}

struct rte_mempool *dp_pool(void)
{
	return pool;
}

void dp_pool_free(void)
{
	rte_mempool_free(pool);
	pool = NULL;
}

/* The first port that the device string brings, probed now or by EAL's own arguments. */
static int find_port(const char *device)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	struct rte_dev_iterator it;
	uint16_t id;
	int err;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	if (rte_eth_dev_get_port_by_name(name, &id) == 0)
		return id;
	err = rte_dev_probe(device);
	if (err < 0)
		return err == -EEXIST ? -EBUSY : -ENODEV;
	if (rte_eth_dev_get_port_by_name(name, &id) == 0)
		return id;
	RTE_ETH_FOREACH_MATCHING_DEV(id, device, &it)
	{
		rte_eth_iterator_cleanup(&it);
		return id;
	}
	return -ENODEV;
}

static void fill_conf(const struct rte_eth_dev_info *info, const struct dp_port_config *config,
		      uint16_t rxq, struct rte_eth_conf *conf)
{
	uint64_t rx = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	uint64_t tx = RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;

	memset(conf, 0, sizeof(*conf));
	conf->rxmode.mtu = config->mtu;
	conf->rxmode.offloads = rx & info->rx_offload_capa;
	conf->txmode.offloads = tx & info->tx_offload_capa;
	if (rxq > 1 && (info->flow_type_rss_offloads & MAC_HASH_WISH)) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & MAC_HASH_WISH;
	}
}

static int setup_queues(uint16_t id, const struct rte_eth_dev_info *info,
			const struct dp_port_config *config, uint16_t rxq, uint16_t txq)
{
	uint16_t rx_desc = config->rx_desc ? config->rx_desc : DEFAULT_DESC;
	uint16_t tx_desc = config->tx_desc ? config->tx_desc : DEFAULT_DESC;
	int socket = rte_eth_dev_socket_id(id);
	struct rte_eth_conf conf;
	int err;

	fill_conf(info, config, rxq, &conf);
	err = rte_eth_dev_configure(id, rxq, txq, &conf);
	if (err == 0)
		err = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx_desc, &tx_desc);
	for (uint16_t q = 0; err == 0 && q < rxq; q++)
		err = rte_eth_rx_queue_setup(id, q, rx_desc, socket, NULL, pool);
	for (uint16_t q = 0; err == 0 && q < txq; q++)
		err = rte_eth_tx_queue_setup(id, q, tx_desc, socket, NULL);
	if (err == 0) {
		dp_ports[id].rx_desc = rx_desc;
		dp_ports[id].rx_checksum = conf.rxmode.offloads != 0;
		dp_ports[id].tx_checksum =
			(conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) != 0;
	}
	return err;
}

/*
 * Neighbour discovery is multicast. Where a device can't take all multicast, promiscuous mode
 * serves; where it can do neither, it filters nothing (most virtual devices).
 */
static void receive_multicast(uint16_t id)
{
	if (rte_eth_allmulticast_enable(id) != 0)
		rte_eth_promiscuous_enable(id);
}

int dp_port_open(const struct dp_port_config *config)
{
	struct rte_eth_dev_info info;
	uint16_t rxq, txq;
	int id, err;

	id = find_port(config->device);
	if (id < 0)
		return id;
	if (id >= FLOW_PORTS_MAX)
		return -ENOSPC;
	if (dp_ports[id].used)
		return -EBUSY;
	err = rte_eth_dev_info_get((uint16_t)id, &info);
	if (err != 0)
		return err;
	if (config->mtu > info.max_mtu)
		return -EMSGSIZE;
	rxq = RTE_MAX(RTE_MIN(config->workers, info.max_rx_queues), 1);
	txq = RTE_MAX(RTE_MIN(config->workers, info.max_tx_queues), 1);
	err = setup_queues((uint16_t)id, &info, config, rxq, txq);
	if (err != 0)
		return err;
	err = rte_eth_dev_start((uint16_t)id);
	if (err != 0)
		return err;
	receive_multicast((uint16_t)id);
	dp_ports[id].rx_queues = rxq;
	dp_ports[id].tx_queues = txq;
	dp_ports[id].steering = config->workers > 1 && rxq == config->workers &&
				port_steer((uint16_t)id, config->workers);
	dp_ports[id].used = true;
	return id;
}

void dp_port_close(uint16_t id)
{
	if (id >= FLOW_PORTS_MAX || !dp_ports[id].used)
		return;
	rte_eth_dev_stop(id);
	rte_eth_dev_close(id);
	memset(&dp_ports[id], 0, sizeof(dp_ports[id]));
}

/* Devices without one (net_ring, net_null, net_pcap) get a locally administered MAC. */
static void port_mac(uint16_t id, struct rte_ether_addr *mac)
{
	if (rte_eth_macaddr_get(id, mac) == 0 && !rte_is_zero_ether_addr(mac))
		return;
	*mac = (struct rte_ether_addr){{0x02, 't', 'n', 'd', (uint8_t)(id >> 8), (uint8_t)id}};
}

void dp_port_info(uint16_t id, struct dp_port_info *out)
{
	struct rte_eth_dev_info info;
	struct rte_eth_link link;

	memset(out, 0, sizeof(*out));
	if (rte_eth_dev_info_get(id, &info) == 0)
		snprintf(out->driver, sizeof(out->driver), "%s", info.driver_name);
	rte_eth_dev_get_name_by_port(id, out->name);
	port_mac(id, &out->mac);
	if (rte_eth_link_get_nowait(id, &link) == 0) {
		out->link_up = link.link_status == RTE_ETH_LINK_UP;
		out->link_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	}
	out->rx_queues = dp_ports[id].rx_queues;
	out->tx_queues = dp_ports[id].tx_queues;
	out->rx_checksum = dp_ports[id].rx_checksum;
	out->tx_checksum = dp_ports[id].tx_checksum;
	out->steering = dp_ports[id].steering;
}

void dp_port_stats(uint16_t id, struct dp_port_stats *out)
{
	struct rte_eth_stats s;

	memset(out, 0, sizeof(*out));
	if (rte_eth_stats_get(id, &s) != 0)
		return;
	out->rx_packets = s.ipackets;
	out->rx_bytes = s.ibytes;
	out->rx_missed = s.imissed;
	out->rx_errors = s.ierrors;
	out->rx_no_mbuf = s.rx_nombuf;
	out->tx_packets = s.opackets;
	out->tx_bytes = s.obytes;
	out->tx_errors = s.oerrors;
}
