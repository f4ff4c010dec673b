/* SPDX-License-Identifier: BSD-3-Clause */
#include "threads_bed.h"

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>

#define RING 1024
/* Buffers of workers that are kept: what was sent, and made here or by control. */
#define DONE_MAX (2 * BED_PACKETS)

struct host bed_host;

static struct config *config;
static struct rte_ring *in[BED_DEVICES][BED_WORKERS], *out[BED_DEVICES][BED_WORKERS];
static struct rte_mempool *pool;
static struct rte_mbuf *done[DONE_MAX];
static unsigned int done_count, put_count, free_before;

void bed_check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "%s\n", what);
		exit(1);
	}
}

static void make_device(unsigned int d, const char *name)
{
	char ring[32];

	for (unsigned int q = 0; q < BED_WORKERS; q++) {
		snprintf(ring, sizeof(ring), "%s_in%u", name, q);
		in[d][q] = rte_ring_create(ring, RING, SOCKET_ID_ANY, 0);
		snprintf(ring, sizeof(ring), "%s_out%u", name, q);
		out[d][q] = rte_ring_create(ring, RING, SOCKET_ID_ANY, 0);
		bed_check(in[d][q] && out[d][q], "no rings");
	}
	bed_check(rte_eth_from_rings(name, in[d], BED_WORKERS, out[d], BED_WORKERS,
				     SOCKET_ID_ANY) >= 0,
		  "no ring device");
}

/* First come, first used, and no caches: so that none is used again. */
static void make_pool(void)
{
	pool = rte_pktmbuf_pool_create("bed", BED_PACKETS, 0, rte_pktmbuf_priv_size(dp_pool()),
				       rte_pktmbuf_data_room_size(dp_pool()), SOCKET_ID_ANY);
	bed_check(pool != NULL, "no buffers");
}

static void drain(void)
{
	struct bed_frame f;

	for (unsigned int d = 0; d < BED_DEVICES; d++)
		while (bed_take(d, &f))
			;
}

void bed_start(int argc, char **argv, const char *const name[BED_DEVICES], const char *text)
{
	unsigned int lcores[BED_WORKERS] = {1, 2, 3};
	struct json_error err;

	bed_check(rte_eal_init(argc, argv) >= 0, "EAL refused");
	for (unsigned int d = 0; d < BED_DEVICES; d++)
		make_device(d, name[d]);
	bed_check(config_parse(text, strlen(text), &config, &err) == 0, err.reason);
	bed_check(host_init(&bed_host, config, rte_rdtsc()) == 0, "host_init");
	make_pool();
	bed_check(dp_start(bed_host.dp, lcores) == 0, "dp_start");
	rte_delay_us_sleep(20000);
	drain();
	rte_pktmbuf_free_bulk(done, done_count);
	done_count = 0;
	free_before = rte_mempool_avail_count(dp_pool());
}

void bed_stop(void)
{
	unsigned int work;

	dp_stop(bed_host.dp);
	/* What is on its way arrives: all in this thread now. */
	do {
		work = 0;
		for (uint16_t w = 0; w < BED_WORKERS; w++)
			work += dp_poll_once(bed_host.dp, w, rte_rdtsc());
		bed_turn();
		drain();
	} while (work > 0 || dp_inject_pending(bed_host.dp) > 0);
	rte_pktmbuf_free_bulk(done, done_count);
	bed_check(rte_mempool_avail_count(dp_pool()) == free_before, "buffers are missing");
	bed_check(rte_mempool_avail_count(pool) == BED_PACKETS, "frames are missing");
}

void bed_free(void)
{
	host_free(&bed_host);
	config_free(config);
	rte_mempool_free(pool);
	rte_eal_cleanup();
}

bool bed_put(unsigned int device, unsigned int queue, const void *p, uint16_t len)
{
	struct rte_mbuf *m;

	if (bed_left() == 0 || rte_ring_full(in[device][queue]))
		return false;
	m = rte_pktmbuf_alloc(pool);
	bed_check(m != NULL, "no buffer");
	put_count++;
	memcpy(rte_pktmbuf_append(m, len), p, len);
	bed_check(rte_ring_enqueue(in[device][queue], m) == 0, "no room in a ring");
	return true;
}

bool bed_take(unsigned int device, struct bed_frame *f)
{
	struct rte_mbuf *m;

	for (unsigned int q = 0; q < BED_WORKERS; q++) {
		if (rte_ring_dequeue(out[device][q], (void **)&m) != 0)
			continue;
		bed_check(m->nb_segs == 1 && m->data_len <= sizeof(f->p), "no frame");
		f->len = m->data_len;
		memcpy(f->p, rte_pktmbuf_mtod(m, void *), f->len);
		bed_check(done_count < DONE_MAX, "more frames than there can be");
		done[done_count++] = m;
		return true;
	}
	return false;
}

unsigned int bed_left(void)
{
	return BED_PACKETS - put_count;
}

void bed_turn(void)
{
	loop_step(&bed_host.loop, rte_rdtsc());
}

static void stats(uint16_t worker, struct dp_worker_stats *s)
{
	dp_worker_stats(bed_host.dp, worker, s);
}

uint64_t bed_counter(enum dp_counter c)
{
	struct dp_worker_stats s;
	uint64_t sum = 0;

	for (uint16_t w = 0; w < BED_WORKERS; w++) {
		stats(w, &s);
		sum += s.counter[c];
	}
	return sum;
}

uint64_t bed_drop(enum flow_drop why)
{
	struct dp_worker_stats s;
	uint64_t sum = 0;

	for (uint16_t w = 0; w < BED_WORKERS; w++) {
		stats(w, &s);
		sum += s.drops[why];
	}
	return sum;
}

uint64_t bed_drops(void)
{
	uint64_t sum = 0;

	for (unsigned int d = 0; d < FLOW_DROP_COUNT; d++)
		sum += bed_drop((enum flow_drop)d);
	return sum;
}
