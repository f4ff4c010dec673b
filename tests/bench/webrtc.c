/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_webrtc's commands, one a line on standard input, each answered by one line of JSON:
 *
 *	api PATH		tandemd's socket
 *	link			is the device up?
 *	setup KEY=VALUE …	count under_way per_s tandem_full dtls media_each ms (webrtc.h): as
 *				many calls more as it takes to have `count`, and media as soon as
 *				each can have some
 *	keep MS			media and checks go on for so long
 *	end			all sessions are deleted
 *
 * `setup` and `keep` end with a moment in which no media is sent, so that what was can arrive.
 */
#include "webrtc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/prctl.h>

#include <rte_eal.h>

#define NAP_NS      50000
#define BURSTS_TURN 128
#define DTLS_US     500
#define SETTLE_US   200000
#define END_BATCH   100
#define END_AHEAD   200 /* deletions without an answer */
#define END_US      30000000

struct webrtc load;

uint64_t webrtc_clock_us(void *arg)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void take_time(void)
{
	load.now_us = webrtc_clock_us(NULL);
	load.now_ms = load.now_us / 1000;
}

static bool is_rtp(const struct net_packet *p)
{
	return p->data[0] >= 128 && p->data[0] < 192;
}

static bool receive(void)
{
	struct net_packet packet[WEBRTC_BURST];
	const struct net_packet *rtp[WEBRTC_BURST];
	struct rte_mbuf *m[WEBRTC_BURST];
	unsigned int n, rtps, bursts = 0;

	do {
		n = net_receive(packet);
		rtps = 0;
		for (unsigned int i = 0; i < n; i++) {
			m[i] = packet[i].m;
			if (is_rtp(&packet[i]))
				rtp[rtps++] = &packet[i];
			else
				call_input(&packet[i]);
		}
		media_input(rtp, rtps);
		if (n > 0)
			rte_pktmbuf_free_bulk(m, n);
	} while (n > 0 && ++bursts < BURSTS_TURN);
	return bursts > 0;
}

static void turn(void)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};
	uint64_t begun_us;
	bool busy;

	begun_us = load.now_us;
	take_time();
	if (load.now_us - begun_us > load.n.turn_us)
		load.n.turn_us = load.now_us - begun_us;
	busy = receive();
	busy |= api_poll();
	tnd_timers_run(&load.timers, load.now_ms);
	busy |= dtls_context_poll(load.dtls, DTLS_US);
	busy |= media_tick();
	net_flush();
	if (!busy)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
}

static void turns_until(uint64_t us)
{
	while (load.now_us < us)
		turn();
}

static void settle(void)
{
	media_stop();
	turns_until(load.now_us + SETTLE_US);
	media_count();
}

/* ---- what is told ---------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* From one of a call's times to another, of those that are up. */
static void print_times(const char *name, uint32_t first, size_t from, size_t to)
{
	static uint64_t us[WEBRTC_CALLS_MAX];
	uint32_t n = 0;

	for (uint32_t i = first; i < load.count; i++) {
		const char *c = (const char *)&load.call[i];
		uint64_t a = *(const uint64_t *)(c + from), b = *(const uint64_t *)(c + to);

		if (load.call[i].state == CALL_UP && a != 0 && b != 0)
			us[n++] = b - a;
	}
	if (n == 0)
		return;
	qsort(us, n, sizeof(us[0]), by_size);
	printf(",\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, (double)us[n / 2] / 1e3,
	       (double)us[(uint64_t)n * 99 / 100] / 1e3, (double)us[n - 1] / 1e3);
}

static void print_counts(void)
{
	const struct webrtc_counts *c = &load.n;
	const struct dtls_counters *d = dtls_context_counters(load.dtls);
	static struct dtls_counters told;

	printf(",\"stun\":{\"requests_out\":%" PRIu64 ",\"responses_in\":%" PRIu64
	       ",\"requests_in\":%" PRIu64 ",\"disconnected\":%" PRIu64 "}",
	       c->requests_out, c->responses_in, c->requests_in, c->disconnected);
	printf(",\"media\":{\"offered\":%" PRIu64 ",\"received\":%" PRIu64 ",\"lost\":%" PRId64
	       ",\"reordered\":%" PRIu64 ",\"wrong\":%" PRIu64 ",\"early\":%" PRIu64
	       ",\"late_ms\":%" PRIu64 ",\"turn_ms\":%.3f,\"not_authentic\":%" PRIu64
	       ",\"refused\":%" PRIu64 ",\"foreign\":%" PRIu64 "}",
	       c->offered, c->received, (int64_t)(c->offered - c->received), c->reordered, c->wrong,
	       c->early, c->late_ms, (double)c->turn_us / 1e3, c->bad, c->refused, c->foreign);
	printf(",\"dtls\":{\"completed\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"timeouts\":%" PRIu64
	       ",\"retransmits\":%" PRIu64 "}",
	       d->completed - told.completed, d->failed - told.failed, d->timeouts - told.timeouts,
	       d->retransmits - told.retransmits);
	told = *d;
	load.n = (struct webrtc_counts){0};
}

static void answer_error(const char *what, const char *why)
{
	printf("{\"error\":\"%s: %s\"}\n", what, why);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void do_api(char *args)
{
	int err = api_open(args);

	if (err != 0)
		answer_error("api", strerror(-err));
	else
		printf("{\"api\":true}\n");
}

static void do_link(char *args)
{
	printf("{\"up\":%s}\n", net_link_up() ? "true" : "false");
}

/* The next calls, as many as may be under way. */
static void ask_more(uint32_t first, uint64_t begin_us)
{
	const struct webrtc_setup *s = &load.setup;
	uint64_t due = s->count;

	if (s->per_s > 0)
		due = first + (uint64_t)((double)(load.now_us - begin_us) * s->per_s / 1e6) + 1;
	while (load.count < s->count && load.count < due &&
	       load.count - load.up - load.failed < s->under_way) {
		if (call_begin(load.count) != 0) {
			fprintf(stderr, "bench_webrtc: no memory for a call\n");
			exit(1);
		}
		api_ask(load.count++);
	}
}

static bool read_setup(char *args, struct webrtc_setup *s)
{
	*s = (struct webrtc_setup){.under_way = 64, .dtls = true, .media_each = 1, .ms = 60000};
	for (char *word = strtok(args, " "); word != NULL; word = strtok(NULL, " ")) {
		char *eq = strchr(word, '=');
		double v = eq != NULL ? atof(eq + 1) : -1;

		if (v < 0)
			return false;
		*eq = '\0';
		if (strcmp(word, "count") == 0)
			s->count = (uint32_t)v;
		else if (strcmp(word, "under_way") == 0)
			s->under_way = (uint32_t)v;
		else if (strcmp(word, "per_s") == 0)
			s->per_s = v;
		else if (strcmp(word, "tandem_full") == 0)
			s->tandem_full = v != 0;
		else if (strcmp(word, "dtls") == 0)
			s->dtls = v != 0;
		else if (strcmp(word, "media_each") == 0)
			s->media_each = (uint32_t)v;
		else if (strcmp(word, "ms") == 0)
			s->ms = (uint32_t)v;
		else
			return false;
	}
	return s->count > load.count && s->count <= WEBRTC_CALLS_MAX && s->under_way > 0 &&
	       s->media_each > 0;
}

static void do_setup(char *args)
{
	uint32_t first = load.count, up = load.up, failed = load.failed;
	uint64_t begin, end;

	if (!read_setup(args, &load.setup)) {
		answer_error("setup", strerror(EINVAL));
		return;
	}
	take_time();
	begin = load.now_us;
	end = begin + (uint64_t)load.setup.ms * 1000;
	media_start();
	while (load.up + load.failed < load.setup.count && load.now_us < end) {
		ask_more(first, begin);
		turn();
	}
	end = load.now_us;
	settle();
	printf("{\"up\":%u,\"failed\":%u,\"asked\":%u,\"seconds\":%.6f,\"refusal\":\"%s\"",
	       load.up - up, load.failed - failed, load.count - first, (double)(end - begin) / 1e6,
	       load.error);
	print_times("create_to_media_ms", first, offsetof(struct call, asked_us),
		    offsetof(struct call, up_us));
	print_times("check_to_media_ms", first, offsetof(struct call, check_us),
		    offsetof(struct call, up_us));
	print_times("check_to_pair_ms", first, offsetof(struct call, check_us),
		    offsetof(struct call, selected_us));
	print_times("pair_to_keys_ms", first, offsetof(struct call, selected_us),
		    offsetof(struct call, keys_us));
	print_counts();
	printf("}\n");
}

static void do_keep(char *args)
{
	uint32_t failed = load.failed;

	take_time();
	media_start();
	turns_until(load.now_us + strtoull(args, NULL, 10) * 1000);
	settle();
	printf("{\"up\":%u,\"failed\":%u", load.up, load.failed - failed);
	print_counts();
	printf("}\n");
}

static void do_end(char *args)
{
	uint64_t begin;
	uint32_t asked = 0, n;

	take_time();
	begin = load.now_us;
	load.ended = 0;
	while (load.ended < load.count && load.now_us < begin + END_US) {
		while (asked < load.count && asked - load.ended < END_AHEAD) {
			n = load.count - asked < END_BATCH ? load.count - asked : END_BATCH;
			api_end(asked, n);
			while (n-- > 0)
				call_wipe(&load.call[asked++]);
		}
		turn();
	}
	printf("{\"ended\":%u,\"seconds\":%.6f}\n", load.ended,
	       (double)(load.now_us - begin) / 1e6);
	load.count = load.up = load.failed = 0;
	load.n = (struct webrtc_counts){0};
}

static void command(char *line)
{
	static const struct {
		const char *name;
		void (*run)(char *args);
	} commands[] = {{"api ", do_api},
			{"link", do_link},
			{"setup ", do_setup},
			{"keep ", do_keep},
			{"end", do_end}};

	line[strcspn(line, "\n")] = '\0';
	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		size_t len = strlen(commands[i].name);

		if (strncmp(line, commands[i].name, len) == 0) {
			commands[i].run(line + len);
			return;
		}
	}
	answer_error("command", strerror(ENOENT));
}

static void open_dtls(void)
{
	struct dtls_config c = {.timers = &load.timers, .now_us = webrtc_clock_us};
	struct dtls_fingerprint fp;

	load.dtls = dtls_context_create(&c);
	load.call = calloc(WEBRTC_CALLS_MAX, sizeof(*load.call));
	if (load.dtls == NULL || load.call == NULL) {
		fprintf(stderr, "bench_webrtc: no memory\n");
		exit(1);
	}
	dtls_context_fingerprint(load.dtls, DTLS_SHA256, &fp);
	dtls_fingerprint_format(&fp, load.fingerprint);
}

int main(int argc, char **argv)
{
	char line[4096];

	if (rte_eal_init(argc, argv) < 0)
		return 1;
	prctl(PR_SET_TIMERSLACK, 1000);
	take_time();
	tnd_timers_init(&load.timers, load.now_ms);
	net_open();
	media_open();
	open_dtls();
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("{\"calls_max\":%u}\n", WEBRTC_CALLS_MAX);
	while (fgets(line, sizeof(line), stdin))
		command(line);
	rte_eal_cleanup();
	return 0;
}
