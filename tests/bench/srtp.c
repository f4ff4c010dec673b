/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What opening and sealing of SRTP costs, and beside it, in turns: the raw
 * ipsec-mb calls over the same sessions (jobs prepared, no SRTP around them), OpenSSL's EVP and
 * libsrtp2.
 *
 *	bench_srtp [--profiles NAME,…] [--sessions N,…] [--sizes N,…] [--bursts N,…] [--rounds N]
 *		[--ask]
 *
 * With --ask lists of sizes come by standard input, one a line, and each is answered at once: only
 * the library itself, of the first profile, number of sessions and size of bursts. Sessions then
 * come in an order that is random, as packets from far ends do, and each direction has keys of its
 * own.
 *
 * Sizes are those of RTP packets without tag. Each round seals a burst of the next sessions'
 * packets and opens it again. Prints one JSON object a line; cycles are those of the TSC. Rounds
 * are averaged by 20, because the TSC of some machines advances in steps, and figures are
 * medians and quartiles over these averages.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "bench_srtp.h"

#define LIST_MAX  16
#define AVERAGED  20 /* rounds */
#define WARM_LAPS 2
#define TURN      10 /* averages: enough of them to be alone in the caches */
#define MAKES     4

struct options {
	unsigned int profile[LIST_MAX], sessions[LIST_MAX], size[LIST_MAX], burst[LIST_MAX];
	unsigned int profiles, sessionss, sizes, bursts, rounds;
	bool ask;
};

static const struct make *const makes[MAKES] = {&make_srtp, &make_raw, &make_evp, &make_libsrtp2};

static double ns_per_tick = 1;

static inline uint64_t ticks(void)
{
#ifdef __x86_64__
	uint64_t t;

	_mm_lfence();
	t = __rdtsc();
	_mm_lfence();
	return t;
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
#endif
}

void die(const char *why)
{
	fprintf(stderr, "bench_srtp: %s\n", why);
	exit(1);
}

void bench_master(uint8_t master[SRTP_MASTER_MAX], unsigned int session)
{
	for (unsigned int i = 0; i < SRTP_MASTER_MAX; i++)
		master[i] = (uint8_t)(session * 2654435761u >> (i % 24)) ^ (uint8_t)(i * 37);
}

static void calibrate(void)
{
	struct timespec a, b, wait = {.tv_nsec = 50000000};
	uint64_t start, end;

	clock_gettime(CLOCK_MONOTONIC, &a);
	start = ticks();
	nanosleep(&wait, NULL);
	end = ticks();
	clock_gettime(CLOCK_MONOTONIC, &b);
	ns_per_tick = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) /
		      (double)(end - start);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double timer_cost(void)
{
	static double v[1001];

	for (unsigned int i = 0; i < 1001; i++) {
		v[i] = 0;
		for (unsigned int k = 0; k < AVERAGED; k++) {
			uint64_t start = ticks();

			v[i] += (double)(ticks() - start) / AVERAGED;
		}
	}
	qsort(v, 1001, sizeof(v[0]), by_value);
	return v[500];
}

/* The packet `lap` of this session: RTP, one SSRC a session. */
static void build(const struct bench *b, unsigned int slot, unsigned int lap)
{
	uint8_t *p = b->packet[slot];
	unsigned int session = b->which[slot];

	memset(p, 0, 12);
	p[0] = 0x80;
	p[2] = (uint8_t)(lap >> 8);
	p[3] = (uint8_t)lap;
	memcpy(p + 8, &session, 4);
}

/* Where a make is in its laps over the sessions. */
struct cursor {
	unsigned int next, lap;
};

/*
 * A burst of the next sessions, sealed and opened: of each session its next packet, as a stream
 * has them, without gaps. out[seal] gets the ticks.
 */
static void one_round(struct bench *b, const struct make *m, void *ctx, struct cursor *c,
		      double out[2])
{
	for (unsigned int i = 0; i < b->burst; i++) {
		b->which[i] = b->order ? b->order[c->next] : c->next;
		build(b, i, c->lap);
		if (++c->next == b->sessions) {
			c->next = 0;
			c->lap++;
		}
	}
	for (int seal = 1; seal >= 0; seal--) {
		uint64_t start;

		m->prepare(b, ctx, seal);
		start = ticks();
		m->run(b, ctx, seal);
		out[seal] += (double)(ticks() - start) / AVERAGED;
	}
}

static void print_make(const char *name, double *v, unsigned int n, double cost, unsigned int burst)
{
	double q[3];

	qsort(v, n, sizeof(*v), by_value);
	for (unsigned int i = 0; i < 3; i++)
		q[i] = (v[(uint64_t)n * (i + 1) / 4] - cost) / burst;
	printf(",\"%s_ns\":%.1f,\"%s_cycles\":%.1f,\"%s_quartiles\":[%.1f,%.1f]", name,
	       q[1] * ns_per_tick, name, q[1], name, q[0], q[2]);
}

/* One make's figures: n averages each, v[seal]. */
struct series {
	void *ctx;
	struct cursor at;
	double *v[2];
};

static void lap(struct bench *b, const struct make *m, struct series *s)
{
	double unused[2];

	for (unsigned int done = 0; done < b->sessions + b->burst; done += b->burst)
		one_round(b, m, s->ctx, &s->at, unused);
}

static void series_create(struct series *s, const struct make *m, struct bench *b, unsigned int n)
{
	memset(s, 0, sizeof(*s));
	s->ctx = m->create(b);
	if (s->ctx == NULL)
		return;
	for (int seal = 0; seal < 2; seal++) {
		s->v[seal] = calloc(n, sizeof(double));
		if (s->v[seal] == NULL)
			die("no memory");
	}
	lap(b, m, s); /* so that each SSRC is known and no page is new */
}

static void series_free(struct series *s, const struct make *m, const struct bench *b)
{
	if (s->ctx)
		m->destroy(b, s->ctx);
	free(s->v[0]);
	free(s->v[1]);
}

static void turn(struct bench *b, const struct make *m, struct series *s, unsigned int from,
		 unsigned int to)
{
	for (unsigned int i = from; i < to; i++) {
		double out[2] = {0};

		for (unsigned int k = 0; k < AVERAGED; k++)
			one_round(b, m, s->ctx, &s->at, out);
		s->v[0][i] = out[0];
		s->v[1][i] = out[1];
	}
}

/* What was measured of the first makes: `n` averages each. */
static void print_series(const struct bench *b, struct series *s, unsigned int count,
			 unsigned int n, double cost)
{
	for (int seal = 1; seal >= 0; seal--) {
		printf("{\"profile\":\"%s\",\"op\":\"%s\",\"sessions\":%u,\"size\":%u,\"burst\":%u",
		       srtp_profile_name(b->profile), seal ? "seal" : "open", b->sessions, b->size,
		       b->burst);
		for (unsigned int m = 0; m < count; m++)
			if (s[m].ctx)
				print_make(makes[m]->name, s[m].v[seal], n, cost, b->burst);
		printf("}\n");
	}
	fflush(stdout);
}

static void measure(struct bench *b, unsigned int rounds)
{
	unsigned int n = rounds / AVERAGED;
	struct series s[MAKES];
	double cost = timer_cost();

	for (unsigned int m = 0; m < MAKES; m++)
		series_create(&s[m], makes[m], b, n);
	/* In turns: when this machine is slow for a while, it is so for all. */
	for (unsigned int i = 0; i < n; i += TURN)
		for (unsigned int m = 0; m < MAKES; m++)
			if (s[m].ctx)
				turn(b, makes[m], &s[m], i, i + TURN < n ? i + TURN : n);
	print_series(b, s, MAKES, n, cost);
	for (unsigned int m = 0; m < MAKES; m++)
		series_free(&s[m], makes[m], b);
}

static unsigned int parse_list(const char *s, unsigned int *v, unsigned long min, unsigned long max)
{
	unsigned int n = 0;
	char *end;

	for (;; s = end + 1) {
		unsigned long x = strtoul(s, &end, 10);

		if (end == s || x < min || x > max || n == LIST_MAX)
			die("a list of numbers is wrong");
		v[n++] = (unsigned int)x;
		if (*end != ',')
			return n;
	}
}

static unsigned int parse_profiles(char *s, unsigned int *v)
{
	unsigned int n = 0;
	enum srtp_profile p;

	for (char *name = strtok(s, ","); name && n < LIST_MAX; name = strtok(NULL, ",")) {
		if (srtp_profile_find(name, &p) < 0)
			die("no such profile");
		v[n++] = p;
	}
	return n;
}

static void parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"profiles", required_argument, NULL, 'p'},
					      {"sessions", required_argument, NULL, 'n'},
					      {"sizes", required_argument, NULL, 's'},
					      {"bursts", required_argument, NULL, 'b'},
					      {"rounds", required_argument, NULL, 'r'},
					      {"ask", no_argument, NULL, 'a'},
					      {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'p': o->profiles = parse_profiles(optarg, o->profile); break;
		case 'n': o->sessionss = parse_list(optarg, o->sessions, 1, 100000); break;
		case 's': o->sizes = parse_list(optarg, o->size, 28, PACKET_MAX); break;
		case 'b': o->bursts = parse_list(optarg, o->burst, 1, BURST); break;
		case 'a': o->ask = true; break;
		case 'r': parse_list(optarg, &o->rounds, AVERAGED, 10000000); break;
		default: die("usage: see the top of srtp.c");
		}
	}
}

/* The first make alone, which is ours. */
static unsigned int *random_order(unsigned int n)
{
	unsigned int *order = calloc(n, sizeof(*order));
	uint64_t state = 88172645463325252u;

	if (order == NULL)
		die("no memory");
	for (unsigned int i = 0; i < n; i++) {
		unsigned int j;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		j = (unsigned int)(state >> 16) % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	return order;
}

static void answer(struct bench *b, unsigned int rounds)
{
	unsigned int n = rounds / AVERAGED, size[LIST_MAX], sizes;
	double cost = timer_cost();
	struct series s;
	char line[32];

	b->order = random_order(b->sessions);
	series_create(&s, makes[0], b, n);
	while (fgets(line, sizeof(line), stdin)) {
		sizes = parse_list(line, size, 28, PACKET_MAX);
		for (unsigned int i = 0; i < sizes; i++) {
			b->size = (uint16_t)size[i];
			/* Others have had this core's caches meanwhile. */
			for (unsigned int k = 0; k < WARM_LAPS; k++)
				lap(b, makes[0], &s);
			turn(b, makes[0], &s, 0, n);
			print_series(b, &s, 1, n, cost);
		}
	}
	series_free(&s, makes[0], b);
	free(b->order);
}

int main(int argc, char **argv)
{
	static uint8_t packets[BURST][PACKET_MAX + 64] __attribute__((aligned(64)));
	struct options o = {.profile = {SRTP_AES_CM_128_HMAC_SHA1_80, SRTP_AES_CM_128_HMAC_SHA1_32,
					SRTP_AES_256_CM_HMAC_SHA1_80, SRTP_AEAD_AES_128_GCM,
					SRTP_AEAD_AES_256_GCM},
			    .profiles = 5,
			    .sessions = {1, 512, 10000},
			    .sessionss = 3,
			    .size = {172, 1212},
			    .sizes = 2,
			    .burst = {1, 32},
			    .bursts = 2,
			    .rounds = 10000};

	parse_options(argc, argv, &o);
	calibrate();
	if (o.ask) {
		answer(&(struct bench){.profile = o.profile[0],
				       .sessions = o.sessions[0],
				       .size = (uint16_t)o.size[0],
				       .burst = o.burst[0],
				       .packet = packets},
		       o.rounds);
		return 0;
	}
	for (unsigned int p = 0; p < o.profiles; p++)
		for (unsigned int n = 0; n < o.sessionss; n++)
			for (unsigned int s = 0; s < o.sizes; s++)
				for (unsigned int i = 0; i < o.bursts; i++)
					measure(&(struct bench){.profile = o.profile[p],
								.sessions = o.sessions[n],
								.size = (uint16_t)o.size[s],
								.burst = o.burst[i],
								.packet = packets},
						o.rounds);
	return 0;
}
