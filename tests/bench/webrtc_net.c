/* SPDX-License-Identifier: BSD-3-Clause */
#include "webrtc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_udp.h>

#define POOL_COUNT 32767
#define POOL_CACHE 256
#define DESC       8192
#define HEAD_BYTES                                                                                 \
	(sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))
/* 10.128.0.0/10 has party a of each call, 10.192.0.0/10 party b. */
#define PARTIES    (10u << 24 | 128u << 16)
#define PARTY_BITS 22

static const struct rte_ether_addr own_mac = {{2, 0, 0, 0, 0, 2}},
				   tandem_mac = {{2, 0, 0, 0, 0, 1}};
static struct rte_mempool *pool;
static struct rte_mbuf *waiting[WEBRTC_BURST];
static uint16_t waiting_count;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_webrtc: %s\n", what);
	exit(1);
}

void net_open(void)
{
	struct rte_eth_conf conf = {0};
	uint16_t rx = DESC, tx = DESC;

	pool = rte_pktmbuf_pool_create("frames", POOL_COUNT, POOL_CACHE, 0,
				       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL)
		die("no memory for packets");
	if (rte_eth_dev_count_avail() != 1)
		die("wants one device");
	if (rte_eth_dev_configure(0, 1, 1, &conf) != 0 ||
	    rte_eth_dev_adjust_nb_rx_tx_desc(0, &rx, &tx) != 0 ||
	    rte_eth_rx_queue_setup(0, 0, rx, SOCKET_ID_ANY, NULL, pool) != 0 ||
	    rte_eth_tx_queue_setup(0, 0, tx, SOCKET_ID_ANY, NULL) != 0 || rte_eth_dev_start(0) != 0)
		die("the device does not start");
}

bool net_link_up(void)
{
	struct rte_eth_link link = {0};

	return rte_eth_link_get_nowait(0, &link) == 0 && link.link_status;
}

uint32_t net_party_ip(uint32_t call, unsigned int party)
{
	return PARTIES + (party << PARTY_BITS) + call + 1;
}

struct rte_mbuf *net_new(uint8_t **payload)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL) {
		load.n.refused++;
		return NULL;
	}
	*payload = rte_pktmbuf_mtod_offset(m, uint8_t *, HEAD_BYTES);
	return m;
}

uint16_t net_room(const struct rte_mbuf *m)
{
	return (uint16_t)(rte_pktmbuf_tailroom(m) - HEAD_BYTES);
}

void net_flush(void)
{
	uint16_t sent = 0;

	if (waiting_count == 0)
		return;
	sent = rte_eth_tx_burst(0, 0, waiting, waiting_count);
	if (sent < waiting_count) {
		load.n.refused += (uint64_t)(waiting_count - sent);
		rte_pktmbuf_free_bulk(waiting + sent, waiting_count - sent);
	}
	waiting_count = 0;
}

void net_queue(struct rte_mbuf *m, uint32_t src_ip, uint32_t dst_ip, uint16_t dport, uint16_t len)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	*eth = (struct rte_ether_hdr){.dst_addr = tandem_mac,
				      .src_addr = own_mac,
				      .ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)};
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + sizeof(*udp) + len)),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = rte_cpu_to_be_32(src_ip),
		.dst_addr = rte_cpu_to_be_32(dst_ip)};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*udp = (struct rte_udp_hdr){.src_port = RTE_BE16(WEBRTC_PORT),
				    .dst_port = rte_cpu_to_be_16(dport),
				    .dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + len))};
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	m->data_len = (uint16_t)(HEAD_BYTES + len);
	m->pkt_len = m->data_len;
	waiting[waiting_count++] = m;
	if (waiting_count == WEBRTC_BURST)
		net_flush();
}

/* False: nobody's here. */
static bool parse(struct rte_mbuf *m, struct net_packet *out)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	uint32_t place = rte_be_to_cpu_32(ip->dst_addr) - PARTIES;
	uint16_t len;

	if (m->data_len < HEAD_BYTES || eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
	    ip->version_ihl != RTE_IPV4_VHL_DEF || ip->next_proto_id != IPPROTO_UDP ||
	    udp->dst_port != RTE_BE16(WEBRTC_PORT))
		return false;
	len = rte_be_to_cpu_16(udp->dgram_len);
	if (len < sizeof(*udp) || len + HEAD_BYTES - sizeof(*udp) > m->data_len)
		return false;
	*out = (struct net_packet){.m = m,
				   .call = (place & ((1u << PARTY_BITS) - 1)) - 1,
				   .party = place >> PARTY_BITS,
				   .src_ip = rte_be_to_cpu_32(ip->src_addr),
				   .sport = rte_be_to_cpu_16(udp->src_port),
				   .len = (uint16_t)(len - sizeof(*udp)),
				   .data = (uint8_t *)(udp + 1)};
	return out->party < 2 && out->call < load.count && out->len > 0;
}

unsigned int net_receive(struct net_packet out[WEBRTC_BURST])
{
	struct rte_mbuf *m[WEBRTC_BURST];
	uint16_t n = rte_eth_rx_burst(0, 0, m, WEBRTC_BURST);
	unsigned int good = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (parse(m[i], &out[good])) {
			good++;
			continue;
		}
		load.n.foreign++;
		rte_pktmbuf_free(m[i]);
	}
	return good;
}
