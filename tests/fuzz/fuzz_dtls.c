/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hostile datagrams into an endpoint that is in the middle of handshakes, or connected. The
 * input: a byte that says how far a good peer's handshake goes first, and whether sources may be
 * forged, then datagrams, each behind two bytes: its length and where it comes from. Time goes on
 * by 50 ms with each.
 *
 * What is promised: bounds hold, nothing but the good peer's handshake gives keys, and it gives
 * those of its own.
 */
#include "dtls_private.h"
#include "fuzz.h"

#define SOURCES   3
#define LENGTHS   8 /* of a datagram: its byte times that */
#define PACKETS   64
#define STEPS_MAX 4096

struct party {
	struct dtls_endpoint *ep;
	struct dtls_addr addr;
	unsigned int keys_count;
	struct dtls_keys keys;
};

struct packet {
	struct party *to;
	struct dtls_addr from;
	size_t len;
	uint8_t data[DTLS_MTU_MAX];
};

static struct tnd_timers timers;
static struct dtls_context *ctx;
static struct party good, target;
static struct packet wire[PACKETS];
static unsigned int wire_first, wire_last;
static uint64_t now_us;
static bool forgeable;

static uint64_t clock_us(void *arg)
{
	return now_us;
}

/* To each other; what goes to strangers is lost. */
static void on_send(void *arg, const struct dtls_addr *to, const void *data, size_t len)
{
	struct party *from = arg, *other = from == &good ? &target : &good;
	struct packet *p = &wire[wire_last % PACKETS];

	PROMISE(len > 0 && len <= sizeof(p->data));
	if (!dtls_addr_equal(to, &other->addr) || wire_last - wire_first == PACKETS)
		return;
	p->to = other;
	p->from = from->addr;
	p->len = len;
	memcpy(p->data, data, len);
	wire_last++;
}

static void on_keys(void *arg, const struct dtls_keys *keys, const struct dtls_addr *from)
{
	struct party *p = arg;

	p->keys_count++;
	p->keys = *keys;
	PROMISE(keys->profile == SRTP_AES_CM_128_HMAC_SHA1_80);
}

static void on_state(void *arg, const struct dtls_report *r)
{
	struct party *p = arg;

	PROMISE(r->state < DTLS_STATES && r->reason < DTLS_REASONS);
	PROMISE(r->state != DTLS_CONNECTED || p->keys_count > 0);
}

static const struct dtls_ops ops = {.send = on_send, .keys = on_keys, .state = on_state};

static void party_new(struct party *p, enum dtls_setup setup, unsigned int n)
{
	static const enum srtp_profile profile = SRTP_AES_CM_128_HMAC_SHA1_80;
	struct dtls_fingerprint fp;
	struct dtls_params params = {.setup = setup,
				     .profiles = &profile,
				     .profile_count = 1,
				     .remote = &fp,
				     .remote_count = 1};

	dtls_context_fingerprint(ctx, DTLS_SHA256, &fp);
	memset(p, 0, sizeof(*p));
	p->addr.port = (uint16_t)(1000 + n);
	p->ep = dtls_endpoint_new(ctx, &params, false, &ops, p);
	PROMISE(p->ep != NULL);
}

static void work(void)
{
	for (unsigned int i = 0; dtls_context_poll(ctx, 0); i++)
		PROMISE(i < STEPS_MAX);
}

static void input(struct party *to, const struct dtls_addr *from, const uint8_t *data, size_t len)
{
	if (forgeable)
		dtls_input_unproven(to->ep, from, data, len);
	else
		dtls_input(to->ep, from, data, len);
}

static void deliver(unsigned int max)
{
	work();
	for (; max > 0 && wire_first != wire_last; max--) {
		struct packet *p = &wire[wire_first++ % PACKETS];

		input(p->to, &p->from, p->data, p->len);
		work();
	}
}

static void pass_ms(unsigned int ms)
{
	now_us += ms * 1000ull;
	tnd_timers_run(&timers, now_us / 1000);
	work();
}

static void create(void)
{
	struct dtls_config c = {.timers = &timers, .now_us = clock_us};

	now_us = 1000000;
	tnd_timers_init(&timers, now_us / 1000);
	ctx = dtls_context_create(&c);
	PROMISE(ctx != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dtls_counters *n;

	if (size < 1)
		return 0;
	if (ctx == NULL)
		create();
	n = dtls_context_counters(ctx);
	forgeable = data[0] & 64;
	party_new(&good, data[0] & 1 ? DTLS_ACTIVE : DTLS_PASSIVE, 0);
	party_new(&target, data[0] & 1 ? DTLS_PASSIVE : DTLS_ACTIVE, 1);
	if (!(data[0] & 2))
		dtls_start(data[0] & 1 ? good.ep : target.ep,
			   data[0] & 1 ? &target.addr : &good.addr);
	deliver(data[0] >> 2 & 15);
	data++;
	size--;
	while (size >= 2) {
		size_t len = (size_t)data[0] * LENGTHS;
		struct dtls_addr from = {.port = (uint16_t)(1000 + data[1] % SOURCES)};
		uint8_t *copy;

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		copy = fuzz_copy(data, len);
		input(&target, &from, copy, len);
		free(copy);
		data += len;
		size -= len;
		pass_ms(50);
		PROMISE(n->half_open <= 2 * DTLS_PER_ENDPOINT);
	}
	deliver(PACKETS);
	PROMISE(good.keys_count == 0 || target.keys_count == 0 ||
		memcmp(good.keys.local, target.keys.remote, 30) == 0);
	dtls_endpoint_free(good.ep);
	dtls_endpoint_free(target.ep);
	wire_first = wire_last = 0;
	PROMISE(n->associations == 0 && n->half_open == 0 && n->endpoints == 0);
	PROMISE(timers.count == 0);
	return 0;
}
