/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every part of the control lcore stands on: one struct, made at start by main (or by a
 * test), handed to call/ and api/. Nothing here is global.
 */
#ifndef HOST_H
#define HOST_H

#include "config.h"
#include "dataplane.h"
#include "flow.h"
#include "loop.h"
#include "neigh.h"
#include "rtnl.h"
#include "srtp.h"

/* What the control lcore counts of its own work. Read and written by the control lcore only. */
enum host_counter {
#define TND_HOST_COUNTER(name, text) HOST_##name,
#include "host_counter.def"
#undef TND_HOST_COUNTER
	HOST_COUNTER_COUNT
};
const char *host_counter_name(enum host_counter c);
const char *host_counter_text(enum host_counter c);

/* A token bucket for answers to the network: limit_take() in answer.c. */
struct host_limit {
	uint64_t next_ms; /* one behind the last call; 0: there was none */
	uint32_t milli;   /* thousandths of a token */
};

struct lan;
struct udp_hops;

struct host {
	struct loop loop;
	const struct config *config;
	struct flow_tables *tables;
	struct dp *dp;
	/* DPDK port of each device, by interface index; interface index = flow_iface index,
	 * address index = flow_addr index = index in config->addresses. */
	uint16_t port[FLOW_IFACES_MAX];
	struct neigh_table *neigh;
	enum srtp_engine srtp_engine; /* the one in use, never SRTP_ENGINE_AUTO */
	/* Told of neighbour.failed, interface.link and worker.stalled; api/ sets it. */
	void (*notify)(void *arg, const char *type, const char *params_json);
	void *notify_arg;
	/*
	 * STUN and DTLS that came to a leg; call/ sets it. `leg` and `generation` are the plan's
	 * that was found, `m` is the frame as received, with a good UDP checksum: the callee's.
	 * NULL: freed unseen.
	 */
	void (*transport_input)(void *arg, uint8_t kind, uint32_t leg, uint16_t generation,
				struct rte_mbuf *m);
	void *transport_arg;
	uint64_t counter[HOST_COUNTER_COUNT];

	/* Private to host/ from here on. */
	unsigned int ports_open;
	struct udp_hops *udp;
	struct rtnl rtnl; /* of TUN devices; fd -1: there are none */
	struct lan *lan;  /* NULL: no inner interface is one */
	struct loop_poller punts;
	struct tnd_timer link_timer;
	bool link_up[FLOW_PORTS_MAX]; /* by DPDK port */
	struct tnd_timer watchdog_timer;
	uint64_t watchdog_every_ms, watchdog_fed_ms; /* 0: systemd does not watch us */
	uint64_t watchdog_since_tsc;                 /* when the workers were started */
	bool stalled[FLOW_WORKERS_MAX];
	struct host_limit limit_arp, limit_nd, limit_echo, limit_error, limit_inner;
};

/*
 * Devices, tables, workers and the neighbour table from a checked configuration; EAL is up
 * already. Workers don't run until dp_start(). 0, or -errno after a logged reason that names
 * the interface.
 */
int host_init(struct host *h, const struct config *config, uint64_t now_tsc);
/* Stops the workers too, if they run. */
void host_free(struct host *h);

/*
 * Bytes of DPDK memory that host_init() will take for this configuration, with what the
 * devices usually need: an estimate on the safe side. And the packet buffers in it.
 */
size_t host_memory_need(const struct config *config);
uint32_t host_mbufs_need(const struct config *config);

/* Run the workers, announce our addresses to the links, begin to watch the heartbeats. */
int host_start(struct host *h);

#define host_count(h, name) ((h)->counter[HOST_##name]++)

#endif
