/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Three workers on threads of their own, and control, which all the while creates calls, moves
 * their parties, reads their counters and deletes them, under traffic that comes in at every
 * queue. Worth most under TSan. In the end nothing may be missing: every packet that went in
 * came out or is in a counter, and every buffer is back in the pool.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_mempool.h>

#include "frame.h"
#include "host.h"
#include "session.h"

#define WORKERS 3
#define CALLS   24
#define SECONDS 8
#define RING    1024
/* No buffer is used twice: between two uses stand the mempool and net_ring, which TSan can't see.
 */
#define PACKETS_MAX 40000

static const char conf[] =
	"{\"workers\":{\"lcores\":[1,2,3]},"
	"\"interfaces\":[{\"name\":\"lan\",\"device\":\"net_ring_lan\"},"
	"{\"name\":\"wan\",\"device\":\"net_ring_wan\"}],"
	"\"addresses\":["
	"{\"name\":\"a\",\"interface\":\"lan\",\"ip\":\"10.0.0.1/"
	"24\",\"ports\":{\"min\":20000,\"max\":20199}},"
	"{\"name\":\"b\",\"interface\":\"wan\",\"ip\":\"10.1.0.1/"
	"24\",\"ports\":{\"min\":20000,\"max\":20199}}],"
	"\"neighbours\":["
	"{\"interface\":\"lan\",\"ip\":\"10.0.0.2\",\"mac\":\"02:00:00:00:00:02\"},"
	"{\"interface\":\"wan\",\"ip\":\"10.1.0.2\",\"mac\":\"02:00:00:00:00:03\"}],"
	"\"limits\":{\"sessions\":64},\"mbufs\":65535}";

struct call {
	char id[16];
	bool up;
	uint16_t port;
	uint16_t seq;
};

static struct rte_ring *in[2][WORKERS], *out[2][WORKERS];
static struct host host;
static struct sessions *sessions;
static struct call calls[CALLS];
static uint64_t sent, received;
static struct rte_mbuf *done[2 * PACKETS_MAX];
static unsigned int done_count;
static unsigned int ended;

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "test_threads: %s\n", what);
		exit(1);
	}
}

static void make_device(unsigned int d, const char *name)
{
	char ring[32];

	for (unsigned int q = 0; q < WORKERS; q++) {
		snprintf(ring, sizeof(ring), "%s_in%u", name, q);
		in[d][q] = rte_ring_create(ring, RING, SOCKET_ID_ANY, 0);
		snprintf(ring, sizeof(ring), "%s_out%u", name, q);
		out[d][q] = rte_ring_create(ring, RING, SOCKET_ID_ANY, 0);
		check(in[d][q] && out[d][q], "no rings");
	}
	check(rte_eth_from_rings(name, in[d], WORKERS, out[d], WORKERS, SOCKET_ID_ANY) >= 0,
	      "no ring device");
}

static void create(struct call *c, unsigned int i)
{
	struct session_params p = {.id = c->id, .idle_timeout_s = 60};
	struct session_answer a;
	struct session_error err;

	snprintf(c->id, sizeof(c->id), "call-%u", i);
	for (unsigned int l = 0; l < 2; l++) {
		p.leg[l].address = (uint16_t)l;
		p.leg[l].has_remote = true;
		p.leg[l].dscp = SESSION_DSCP_KEEP;
		p.leg[l].latch = i % 2 ? LEG_LATCH_FOLLOW : LEG_LATCH_STRICT;
		wire_ip_parse(l ? "10.1.0.2" : "10.0.0.2", &p.leg[l].remote.ip);
		p.leg[l].remote.port = 4000;
	}
	check(session_create(sessions, &p, &a, &err) == SESSION_OK, err.reason);
	c->port = a.leg[0].local.port;
	c->up = true;
}

static void move(struct call *c)
{
	struct session_change change = {.id = c->id};
	struct session_answer a;
	struct session_error err;

	change.leg[1].set_remote = change.leg[1].has_remote = true;
	wire_ip_parse("10.1.0.2", &change.leg[1].remote.ip);
	change.leg[1].remote.port = (uint16_t)(4000 + 2 * (rand() % 1000));
	check(session_update(sessions, &change, &a, &err) == SESSION_OK, err.reason);
}

static void on_end(void *arg, const char *report, size_t len)
{
	struct call *c = arg;

	check(len > 0 && report[0] == '{', "no report");
	c->up = false;
	ended++;
}

static void change_something(unsigned int n)
{
	struct call *c = &calls[n % CALLS];
	struct session_error err;
	struct tnd_buf text = {0};

	if (!c->up) {
		create(c, n % CALLS);
	} else if (n % 7 == 0) {
		c->up = false; /* not fed any more, but taken until on_end() */
		check(session_delete(sessions, c->id, on_end, c, &err) == SESSION_OK, err.reason);
		while (c->up == false && ended == 0)
			loop_step(&host.loop, rte_rdtsc());
		ended = 0;
	} else if (n % 3 == 0) {
		check(session_report(sessions, c->id, &text, NULL, &err) == SESSION_OK, err.reason);
		tnd_buf_free(&text);
	} else {
		move(c);
	}
}

static void send_one(struct call *c, unsigned int queue)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_pool());
	uint16_t udp_len = 8 + 12 + 20, sum;
	uint8_t *p;

	if (m == NULL)
		return;
	p = (uint8_t *)rte_pktmbuf_append(m, 14 + 20 + udp_len);
	memset(p, 0, 14 + 20 + udp_len);
	wire_put16(p + 12, WIRE_ETHERTYPE_IP4);
	p[14] = 0x45;
	wire_put16(p + 16, 20 + udp_len);
	p[20] = 0x40;
	p[22] = 64;
	p[23] = WIRE_PROTO_UDP;
	wire_put32(p + 26, 0x0a000002);
	wire_put32(p + 30, 0x0a000001);
	sum = wire_checksum(wire_sum(p + 14, 20));
	memcpy(p + 24, &sum, 2);
	wire_put16(p + 34, 4000);
	wire_put16(p + 36, c->port);
	wire_put16(p + 38, udp_len);
	p[42] = 0x80;
	wire_put16(p + 44, c->seq++);
	if (rte_ring_enqueue(in[0][queue], m) == 0)
		sent++;
	else
		rte_pktmbuf_free(m);
}

static void drain(void)
{
	struct rte_mbuf *m;

	for (unsigned int d = 0; d < 2; d++) {
		for (unsigned int q = 0; q < WORKERS; q++) {
			while (rte_ring_dequeue(out[d][q], (void **)&m) == 0) {
				/* Frames to the wan are calls'; the lan gets announcements only. */
				received += d == 1 && m->data_len > 70;
				check(done_count < RTE_DIM(done), "more frames than were sent");
				done[done_count++] = m;
			}
		}
	}
}

static uint64_t dropped(uint64_t *handed)
{
	uint64_t sum = 0;

	*handed = 0;
	for (uint16_t w = 0; w < WORKERS; w++) {
		struct dp_worker_stats s;

		dp_worker_stats(host.dp, w, &s);
		*handed += s.counter[DP_handoff_in];
		for (unsigned int d = 0; d < FLOW_DROP_COUNT; d++)
			sum += s.drops[d];
	}
	return sum;
}

static void run(void)
{
	uint64_t end = rte_rdtsc() + SECONDS * rte_get_tsc_hz(), lost, handed;
	unsigned int n = 0;

	while (rte_rdtsc() < end && sent < PACKETS_MAX - 64) {
		change_something(n++);
		for (unsigned int i = 0; i < 64; i++) {
			struct call *c = &calls[(n + i) % CALLS];

			if (c->up)
				send_one(c, i % WORKERS);
		}
		drain();
		loop_step(&host.loop, rte_rdtsc());
	}
	for (unsigned int i = 0; i < 1000 && received + dropped(&handed) < sent; i++) {
		rte_delay_us_sleep(1000);
		loop_step(&host.loop, rte_rdtsc());
		drain();
	}
	lost = dropped(&handed);
	printf("%u changes, %lu sent, %lu relayed, %lu handed over, %lu in drop counters\n", n,
	       sent, received, handed, lost);
	check(n > 20 && received > 500 && handed > 100, "too little happened");
	check(received + lost == sent, "packets are missing");
}

int main(int argc, char **argv)
{
	struct config *config;
	struct json_error err;
	unsigned int free_before, lcores[WORKERS] = {1, 2, 3};

	check(rte_eal_init(argc, argv) >= 0, "EAL refused");
	make_device(0, "lan");
	make_device(1, "wan");
	check(config_parse(conf, strlen(conf), &config, &err) == 0, err.reason);
	check(host_init(&host, config, rte_rdtsc()) == 0, "host_init");
	check(sessions_create(&sessions, &host) == 0, "sessions_create");
	check(dp_start(host.dp, lcores) == 0, "dp_start");
	rte_delay_us_sleep(20000);
	drain();
	free_before = rte_mempool_avail_count(dp_pool());
	run();
	dp_stop(host.dp);
	loop_step(&host.loop, rte_rdtsc());
	drain();
	rte_pktmbuf_free_bulk(done, done_count);
	check(rte_mempool_avail_count(dp_pool()) == free_before, "buffers are missing");
	sessions_free(sessions);
	host_free(&host);
	config_free(config);
	rte_eal_cleanup();
	return 0;
}
