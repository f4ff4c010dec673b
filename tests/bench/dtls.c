/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full DTLS handshakes on one core, both sides ours, in memory: how many a second a server and a
 * client make, what one step takes at most, what an association costs in bytes, and all that
 * again for the good ones while poisoned ClientHellos come at a rate that is chosen.
 */
#include "dtls.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PACKETS   (1u << 16)
#define BUDGET_US 1000
#define UNDER_WAY 50 /* handshakes at a time */

struct side {
	struct dtls_context *ctx;
	uint64_t us;      /* of CPU, in polls and input */
	uint64_t most_us; /* of one step */
	unsigned int connected;
};

struct party {
	struct side *side;
	struct party *peer;
	struct dtls_endpoint *ep;
	struct dtls_addr addr;
};

struct packet {
	struct party *to;
	struct dtls_addr from;
	size_t len;
	uint8_t data[DTLS_MTU_MAX];
};

static struct tnd_timers timers;
static struct packet *wire;
static unsigned int wire_first, wire_last;

static uint64_t clock_us(void *arg)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void on_send(void *arg, const struct dtls_addr *to, const void *data, size_t len)
{
	struct party *from = arg;
	struct packet *p = &wire[wire_last % PACKETS];

	if (wire_last - wire_first == PACKETS || to->port != from->peer->addr.port)
		return;
	p->to = from->peer;
	p->from = from->addr;
	p->len = len;
	memcpy(p->data, data, len);
	wire_last++;
}

static void on_keys(void *arg, const struct dtls_keys *keys, const struct dtls_addr *from)
{
	((struct party *)arg)->side->connected++;
}

static void on_state(void *arg, const struct dtls_report *r)
{
}

static const struct dtls_ops ops = {.send = on_send, .keys = on_keys, .state = on_state};

static struct dtls_context *context(void)
{
	struct dtls_config c = {.timers = &timers, .now_us = clock_us, .half_open = 4000};
	struct dtls_context *ctx = dtls_context_create(&c);

	if (ctx == NULL) {
		perror("dtls_context_create");
		exit(1);
	}
	return ctx;
}

static void party_new(struct party *p, struct side *side, struct side *other, struct party *peer,
		      enum dtls_setup setup, unsigned int n)
{
	static const enum srtp_profile profile = SRTP_AES_CM_128_HMAC_SHA1_80;
	struct dtls_fingerprint fp;
	struct dtls_params params = {.setup = setup,
				     .profiles = &profile,
				     .profile_count = 1,
				     .remote = &fp,
				     .remote_count = 1};

	dtls_context_fingerprint(other->ctx, DTLS_SHA256, &fp);
	*p = (struct party){.side = side, .peer = peer};
	p->addr = (struct dtls_addr){wire_ip_from4(n + 1), (uint16_t)(1 + n)};
	p->ep = dtls_endpoint_new(side->ctx, &params, false, &ops, p);
	if (p->ep == NULL) {
		perror("dtls_endpoint_new");
		exit(1);
	}
}

static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void poll_once(struct side *s)
{
	uint64_t begin = cpu_us(), took;

	dtls_context_poll(s->ctx, BUDGET_US);
	took = cpu_us() - begin;
	s->us += took;
	if (took > s->most_us)
		s->most_us = took;
}

static void deliver(void)
{
	while (wire_first != wire_last) {
		struct packet *p = &wire[wire_first++ % PACKETS];
		uint64_t begin = cpu_us();

		dtls_input(p->to->ep, &p->from, p->data, p->len);
		p->to->side->us += cpu_us() - begin;
	}
}

/* No common cipher; well-formed otherwise. */
static const uint8_t poison[] =
	"\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x36\1\0\0\x2a\0\0\0\0\0\0\0\x2a\xfe\xfd"
	"................................\0\0\0\2\x13\x01\1\0";

static void run(unsigned int n, unsigned int poison_per_s)
{
	struct party *clients = calloc(n, sizeof(*clients)), *servers = calloc(n, sizeof(*servers));
	struct side client = {.ctx = context()}, server = {.ctx = context()};
	uint64_t begin, poisoned = 0, deadline;
	unsigned int started = 0;
	size_t idle, done;

	if (clients == NULL || servers == NULL)
		exit(1);
	for (unsigned int i = 0; i < n; i++) {
		party_new(&clients[i], &client, &server, &servers[i], DTLS_ACTIVE, 2 * i);
		party_new(&servers[i], &server, &client, &clients[i], DTLS_PASSIVE, 2 * i + 1);
	}
	idle = mallinfo2().uordblks;
	begin = clock_us(NULL);
	deadline = begin + 60000000;
	while ((server.connected < n || client.connected < n) && clock_us(NULL) < deadline) {
		uint64_t due = (clock_us(NULL) - begin) * poison_per_s / 1000000;

		for (; poisoned < due; poisoned++) {
			struct dtls_addr from = {.port = (uint16_t)(40000 + poisoned % 999)};

			dtls_input(servers[poisoned % n].ep, &from, poison, sizeof(poison) - 1);
		}
		for (; started < n && started < client.connected + UNDER_WAY; started++)
			dtls_start(clients[started].ep, &servers[started].addr);
		tnd_timers_run(&timers, clock_us(NULL) / 1000);
		poll_once(&client);
		deliver();
		poll_once(&server);
		deliver();
	}
	done = mallinfo2().uordblks;
	printf("%u handshakes, %u connected, %" PRIu64 " poisoned ClientHellos in %.2f s\n", n,
	       server.connected, poisoned, (double)(clock_us(NULL) - begin) / 1e6);
	printf("  server %.0f a second, client %.0f; longest poll of %u us: %" PRIu64 " us\n",
	       server.connected * 1e6 / (double)server.us,
	       client.connected * 1e6 / (double)client.us, BUDGET_US, server.most_us);
	printf("  retransmissions: server %" PRIu64 ", client %" PRIu64 "\n",
	       dtls_context_counters(server.ctx)->retransmits,
	       dtls_context_counters(client.ctx)->retransmits);
	printf("  bytes of a connected association: %zd\n",
	       ((ssize_t)done - (ssize_t)idle) / (ssize_t)(2 * n));
	for (unsigned int i = 0; i < n; i++) {
		dtls_endpoint_free(clients[i].ep);
		dtls_endpoint_free(servers[i].ep);
	}
	wire_first = wire_last;
	dtls_context_free(client.ctx);
	dtls_context_free(server.ctx);
	free(clients);
	free(servers);
}

int main(int argc, char **argv)
{
	unsigned int n = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 1000;

	if (n < 1 || n > 10000) {
		fprintf(stderr, "usage: %s [HANDSHAKES, at most 10000]\n", argv[0]);
		return 2;
	}
	wire = calloc(PACKETS, sizeof(*wire));
	if (wire == NULL)
		return 1;
	tnd_timers_init(&timers, clock_us(NULL) / 1000);
	run(n, 0);
	run(200, 10000);
	free(wire);
	return 0;
}
