/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TSC cycles a packet in one turn of the worker's loop, over net_ring: prepared bursts in,
 * dp_poll_once() timed alone, bursts out. Beside it, in the same rounds and on the same rings,
 * a stage that only swaps addresses and ports.
 *
 *	bench_cycles [EAL arguments] --
 *		--scenario relay4|relay6|bridge46|bridge64|open|seal|both|tunnel-encap|tunnel-decap
 *		--flows N [--profile NAME] [--engine auto|ipsec-mb|libsrtp2]
 *		--size BYTES[,…] --burst N[,…] --rounds N [--verified] [--ask]
 *
 * With --verified packets come as from a device that has verified their checksums. open, seal and
 * both are relay4 from SRTP to RTP, from RTP to SRTP, and from SRTP to SRTP under another key;
 * tunnel-encap and tunnel-decap are from a device without link headers to SRTP, and back, where
 * flows are tunnels. Sizes are those of IP packets, before they become SRTP; of tunnels, those
 * inside, where 0 is the simple IMIX. A burst of 0 is a turn that finds nothing. With --ask lists
 * of sizes come by standard input, one a line, and are answered at once.
 *
 * Prints one JSON object a line, cycles a packet (a turn with burst 0). Rounds are averaged by 20,
 * because the TSC of some machines advances in steps of 25, and figures are medians over these
 * averages.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ring.h>

#include "cycles.h"

#define LIST_MAX  16
#define AVERAGED  20 /* rounds */
#define WARM_LAPS 2

struct options {
	const char *scenario;
	uint32_t flows, rounds;
	bool verified, ask;
	enum srtp_profile profile;
	enum srtp_engine engine;
	uint16_t size[LIST_MAX], burst[LIST_MAX];
	unsigned int sizes, bursts;
};

/* Where one of the two is in its laps over the flows. */
struct cursor {
	uint32_t next, lap;
};

struct samples {
	double *v; /* averages */
	double quartile[3];
};

static unsigned int turn_swap(const struct bed *b, uint64_t now)
{
	(void)now;
	return bed_swap(b);
}

static unsigned int turn_worker(const struct bed *b, uint64_t now)
{
	return dp_poll_once(b->dp, 0, now);
}

/* Cycles of one turn over packets of the next `burst` flows. */
static uint64_t one_round(const struct bed *b, unsigned int (*turn)(const struct bed *, uint64_t),
			  struct cursor *c, uint16_t burst, uint16_t size)
{
	bool swaps = turn == turn_swap;
	struct rte_mbuf *m[BURST_LIMIT];
	uint32_t flow[BURST_LIMIT];
	uint64_t start, end;
	unsigned int n;

	if (burst && rte_pktmbuf_alloc_bulk(dp_pool(), m, burst) != 0)
		die("no mbufs");
	for (uint16_t i = 0; i < burst; i++) {
		flow[i] = b->order[c->next];
		bed_packet(b, m[i], flow[i], c->lap, size ? size : bed_imix());
		if (++c->next == b->flows) {
			c->next = 0;
			c->lap++;
		}
	}
	if (b->srtp_in && !swaps)
		bed_srtp_seal(b, m, flow, burst);
	rte_ring_enqueue_bulk(swaps ? b->to_worker : b->in, (void **)m, burst, NULL);
	start = rte_rdtsc_precise();
	turn(b, start);
	end = rte_rdtsc_precise();
	n = rte_ring_dequeue_burst(swaps ? b->from_worker : b->out, (void **)m, BURST_LIMIT, NULL);
	rte_pktmbuf_free_bulk(m, n);
	if (n != burst)
		die("packets were lost");
	return end - start;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double timer_cost(void)
{
	static double v[1001];
	uint64_t start;

	for (unsigned int i = 0; i < RTE_DIM(v); i++) {
		v[i] = 0;
		for (unsigned int k = 0; k < AVERAGED; k++) {
			start = rte_rdtsc_precise();
			v[i] += (double)(rte_rdtsc_precise() - start) / AVERAGED;
		}
	}
	qsort(v, RTE_DIM(v), sizeof(v[0]), by_value);
	return v[RTE_DIM(v) / 2];
}

static void quartiles(struct samples *s, uint32_t n, double cost, uint16_t burst)
{
	double per = burst ? burst : 1;

	qsort(s->v, n, sizeof(*s->v), by_value);
	for (unsigned int q = 0; q < 3; q++)
		s->quartile[q] = (s->v[(uint64_t)n * (q + 1) / 4] - cost) / per;
}

static void measure(const struct bed *b, const struct options *o, struct cursor c[2], uint16_t size,
		    uint16_t burst)
{
	uint32_t n = o->rounds / AVERAGED;
	struct samples swap = {.v = calloc(n, sizeof(double))};
	struct samples worker = {.v = calloc(n, sizeof(double))};
	double cost = timer_cost();

	if (swap.v == NULL || worker.v == NULL)
		die("no memory");
	for (uint32_t i = 0; i < n * AVERAGED; i++) {
		swap.v[i / AVERAGED] +=
			(double)one_round(b, turn_swap, &c[0], burst, size) / AVERAGED;
		worker.v[i / AVERAGED] +=
			(double)one_round(b, turn_worker, &c[1], burst, size) / AVERAGED;
	}
	quartiles(&swap, n, cost, burst);
	quartiles(&worker, n, cost, burst);
	printf("{\"scenario\":\"%s\",\"profile\":\"%s\",\"engine\":\"%s\",\"flows\":%u,\"size\":%u,"
	       "\"burst\":%u,\"rounds\":%u,"
	       "\"swap_cycles\":%.1f,\"swap_quartiles\":[%.1f,%.1f],"
	       "\"worker_cycles\":%.1f,\"worker_quartiles\":[%.1f,%.1f],\"over_swap\":%.1f}\n",
	       o->scenario, srtp_profile_name(b->profile), srtp_engine_name(b->engine), o->flows,
	       size, burst, o->rounds, swap.quartile[1], swap.quartile[0], swap.quartile[2],
	       worker.quartile[1], worker.quartile[0], worker.quartile[2],
	       worker.quartile[1] - swap.quartile[1]);
	fflush(stdout);
	free(swap.v);
	free(worker.v);
}

/* One packet of each flow, so that its RTP sequence has begun and no page is new. */
static void lap(const struct bed *b, struct cursor *c, uint16_t size)
{
	for (uint32_t left = b->flows; left; left -= RTE_MIN(left, (uint32_t)BURST_LIMIT))
		one_round(b, turn_worker, c, (uint16_t)RTE_MIN(left, (uint32_t)BURST_LIMIT), size);
}

static unsigned int parse_list(const char *s, uint16_t *v, unsigned long max)
{
	unsigned int n = 0;
	char *end;

	while (n < LIST_MAX) {
		unsigned long x = strtoul(s, &end, 10);

		if (end == s || x > max)
			die("a list of numbers is wrong");
		v[n++] = (uint16_t)x;
		if (*end != ',')
			break;
		s = end + 1;
	}
	return n;
}

static enum srtp_engine engine_of(const char *name)
{
	for (int e = SRTP_ENGINE_AUTO; e <= SRTP_ENGINE_LIBSRTP2; e++)
		if (strcmp(name, srtp_engine_name((enum srtp_engine)e)) == 0)
			return (enum srtp_engine)e;
	die("no such engine");
}

static void parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"scenario", required_argument, NULL, 's'},
					      {"flows", required_argument, NULL, 'f'},
					      {"size", required_argument, NULL, 'l'},
					      {"burst", required_argument, NULL, 'b'},
					      {"rounds", required_argument, NULL, 'r'},
					      {"verified", no_argument, NULL, 'v'},
					      {"ask", no_argument, NULL, 'a'},
					      {"profile", required_argument, NULL, 'p'},
					      {"engine", required_argument, NULL, 'e'},
					      {0}};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's': o->scenario = optarg; break;
		case 'f': o->flows = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'l': o->sizes = parse_list(optarg, o->size, 1500); break;
		case 'b': o->bursts = parse_list(optarg, o->burst, BURST_LIMIT); break;
		case 'a': o->ask = true; break;
		case 'v': o->verified = true; break;
		case 'p':
			if (srtp_profile_find(optarg, &o->profile) != 0)
				die("no such profile");
			break;
		case 'e': o->engine = engine_of(optarg); break;
		case 'r': o->rounds = (uint32_t)strtoul(optarg, NULL, 10); break;
		default: die("usage: see the top of cycles.c");
		}
	}
	if (o->flows == 0 || o->flows > 2000000 || o->rounds < AVERAGED)
		die("1 to 2000000 flows, 20 rounds at least");
}

static void parse_scenario(const char *name, struct bed *b)
{
	static const struct {
		const char *name;
		bool in6, out6, srtp_in, srtp_out, tunnel;
	} scenarios[] = {{"relay4"},
			 {"relay6", true, true},
			 {"bridge46", false, true},
			 {"bridge64", true, false},
			 {"open", .srtp_in = true},
			 {"seal", .srtp_out = true},
			 {"both", .srtp_in = true, .srtp_out = true},
			 {"tunnel-encap", .srtp_out = true, .tunnel = true},
			 {"tunnel-decap", .srtp_in = true, .tunnel = true}};

	for (unsigned int i = 0; i < RTE_DIM(scenarios); i++) {
		if (strcmp(name, scenarios[i].name) != 0)
			continue;
		b->in6 = scenarios[i].in6;
		b->out6 = scenarios[i].out6;
		b->srtp_in = scenarios[i].srtp_in;
		b->srtp_out = scenarios[i].srtp_out;
		b->tunnel = scenarios[i].tunnel;
		return;
	}
	die("no such scenario");
}

static void check_sizes(const struct options *o, bool tunnel)
{
	uint16_t least = tunnel ? 28 : 72, most = tunnel ? 1420 : 1500;

	for (unsigned int i = 0; i < o->sizes; i++)
		if ((o->size[i] < least && !(tunnel && o->size[i] == 0)) || o->size[i] > most)
			die("IP packets have 72 to 1500 bytes, inside tunnels 28 to 1420");
}

static void measure_all(const struct bed *b, const struct options *o, struct cursor c[2])
{
	for (unsigned int i = 0; i < o->sizes; i++)
		for (unsigned int k = 0; k < o->bursts; k++)
			measure(b, o, c, o->size[i], o->burst[k]);
}

static void answer(const struct bed *b, struct options *o, struct cursor c[2])
{
	char line[128];

	while (fgets(line, sizeof(line), stdin)) {
		o->sizes = parse_list(line, o->size, 1500);
		check_sizes(o, b->tunnel);
		/* Others have had this core's caches meanwhile. */
		for (unsigned int i = 0; i < WARM_LAPS; i++)
			lap(b, &c[1], o->size[0]);
		measure_all(b, o, c);
	}
}

int main(int argc, char **argv)
{
	struct options o = {.scenario = "relay4",
			    .flows = 1000,
			    .size = {200},
			    .sizes = 1,
			    .burst = {32},
			    .bursts = 1,
			    .rounds = 20000};
	struct cursor cursors[2] = {{.lap = 1}, {.lap = 1}};
	struct bed b = {0};
	int n = rte_eal_init(argc, argv);

	if (n < 0)
		die("EAL refused");
	parse_options(argc - n, argv + n, &o);
	parse_scenario(o.scenario, &b);
	check_sizes(&o, b.tunnel);
	b.flows = o.flows;
	b.verified = o.verified;
	b.profile = o.profile;
	if (srtp_engine_pick(o.engine, &b.engine) != 0)
		die("this engine does not run here");
	bed_create(&b);
	lap(&b, &cursors[1], 72);
	if (o.ask)
		answer(&b, &o, cursors);
	else
		measure_all(&b, &o, cursors);
	rte_eal_cleanup();
	return 0;
}
