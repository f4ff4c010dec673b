/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call's packets are due in one millisecond of each WEBRTC_PTIME_MS, by its number, so that
 * the load is even. A packet is PCMU's: 160 bytes, which its number says.
 */
#include "webrtc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#define RTP_BYTES     12
#define PAYLOAD_BYTES 160
#define CATCH_UP_MS   20 /* what is behind by more is never sent: it would be a flood */
#define PATTERN_STEPS 64

static struct {
	enum srtp_engine engine;
	struct srtp_worker *worker;
	uint8_t pattern[PATTERN_STEPS + PAYLOAD_BYTES];
	bool on;
	uint64_t done_ms; /* sent up to and with this one */
	/* To be sealed and sent. */
	struct srtp_op op[SRTP_BURST_MAX];
	struct rte_mbuf *m[SRTP_BURST_MAX];
	uint32_t call[SRTP_BURST_MAX];
	unsigned int waiting;
} media;

void media_open(void)
{
	if (srtp_engine_pick(SRTP_ENGINE_AUTO, &media.engine) == 0)
		media.worker = srtp_worker_create(media.engine);
	if (media.worker == NULL) {
		fprintf(stderr, "bench_webrtc: no engine for SRTP\n");
		exit(1);
	}
	for (unsigned int i = 0; i < sizeof(media.pattern); i++)
		media.pattern[i] = (uint8_t)(i * 7);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static int direction(enum srtp_profile profile, const uint8_t *master, struct srtp_keys **keys,
		     struct srtp_leg **leg)
{
	struct srtp_keys_config c = {
		.profile = profile, .engine = media.engine, .master = master, .anew = true};
	struct srtp_keys *k =
		aligned_alloc(64, RTE_ALIGN_CEIL(srtp_keys_size(c.engine, profile), 64));
	struct srtp_leg *l =
		aligned_alloc(64, RTE_ALIGN_CEIL(srtp_leg_size(c.engine, SRTP_WINDOW_MIN), 64));
	int err = -ENOMEM;

	if (k == NULL || l == NULL)
		goto fail;
	err = srtp_keys_init(k, &c);
	if (err != 0)
		goto fail;
	err = srtp_leg_init(l, c.engine, SRTP_WINDOW_MIN);
	if (err != 0) {
		srtp_keys_wipe(k);
		goto fail;
	}
	*keys = k;
	*leg = l;
	return 0;
fail:
	free(k);
	free(l);
	return err;
}

static void wipe(struct srtp_keys **k, struct srtp_leg **l)
{
	if (*k == NULL)
		return;
	srtp_leg_wipe(*l);
	srtp_keys_wipe(*k);
	free(*l);
	free(*k);
	*l = NULL;
	*k = NULL;
}

int media_keys(struct call *c, const struct dtls_keys *keys)
{
	int err = direction(keys->profile, keys->local, &c->seal, &c->seal_leg);

	return err != 0 ? err : direction(keys->profile, keys->remote, &c->open, &c->open_leg);
}

void media_wipe(struct call *c)
{
	wipe(&c->seal, &c->seal_leg);
	wipe(&c->open, &c->open_leg);
}

/* ---- sending ------------------------------------------------------------------------------- */

static void write_rtp(uint8_t *p, uint32_t number, uint32_t ssrc)
{
	uint16_t seq = rte_cpu_to_be_16((uint16_t)number);
	uint32_t ts = rte_cpu_to_be_32(number * PAYLOAD_BYTES);

	ssrc = rte_cpu_to_be_32(ssrc);
	p[0] = 0x80;
	p[1] = 0;
	memcpy(p + 2, &seq, 2);
	memcpy(p + 4, &ts, 4);
	memcpy(p + 8, &ssrc, 4);
	memcpy(p + RTP_BYTES, media.pattern + number % PATTERN_STEPS, PAYLOAD_BYTES);
}

static uint32_t ip4(const union wire_ip *ip)
{
	return rte_be_to_cpu_32(ip->w[3]);
}

void media_flush(void)
{
	srtp_seal(media.worker, media.op, media.waiting, (uint32_t)load.now_ms);
	for (unsigned int i = 0; i < media.waiting; i++) {
		const struct call *c = &load.call[media.call[i]];

		net_queue(media.m[i], net_party_ip(media.call[i], 0), ip4(&c->remote.ip),
			  c->remote.port, media.op[i].len);
	}
	media.waiting = 0;
}

static void send_from_a(uint32_t i, struct call *c)
{
	uint8_t *p;
	struct rte_mbuf *m = net_new(&p);

	if (m == NULL)
		return;
	write_rtp(p, c->way[0].next++, 2 * i + 1);
	if (c->dtls == NULL) {
		net_queue(m, net_party_ip(i, 0), ip4(&c->remote.ip), c->remote.port,
			  RTP_BYTES + PAYLOAD_BYTES);
		return;
	}
	media.op[media.waiting] =
		(struct srtp_op){.data = p,
				 .len = RTP_BYTES + PAYLOAD_BYTES,
				 .room = (uint16_t)(net_room(m) - RTP_BYTES - PAYLOAD_BYTES),
				 .keys = c->seal,
				 .leg = c->seal_leg};
	media.m[media.waiting] = m;
	media.call[media.waiting++] = i;
	if (media.waiting == SRTP_BURST_MAX)
		media_flush();
}

static void send_from_b(uint32_t i, struct call *c)
{
	uint8_t *p;
	struct rte_mbuf *m = net_new(&p);

	if (m == NULL)
		return;
	write_rtp(p, c->way[1].next++, 2 * i + 2);
	net_queue(m, net_party_ip(i, 1), c->ip[1], c->port[1], RTP_BYTES + PAYLOAD_BYTES);
}

static void send_both(uint32_t i)
{
	struct call *c = &load.call[i];

	send_from_a(i, c);
	send_from_b(i, c);
}

void media_begin(struct call *c)
{
	if (!c->media)
		return;
	send_both((uint32_t)(c - load.call));
	media_flush();
}

void media_start(void)
{
	media.on = true;
	media.done_ms = load.now_ms;
}

void media_stop(void)
{
	media.on = false;
}

bool media_tick(void)
{
	bool any = false;

	if (!media.on)
		return false;
	if (load.now_ms > media.done_ms + CATCH_UP_MS) {
		load.n.late_ms += load.now_ms - CATCH_UP_MS - media.done_ms;
		media.done_ms = load.now_ms - CATCH_UP_MS;
	}
	while (media.done_ms < load.now_ms) {
		media.done_ms++;
		for (uint32_t i = (uint32_t)(media.done_ms % WEBRTC_PTIME_MS); i < load.count;
		     i += WEBRTC_PTIME_MS) {
			const struct call *c = &load.call[i];

			if (!c->media || (c->state != CALL_CONNECTED && c->state != CALL_UP))
				continue;
			send_both(i);
			any = true;
		}
	}
	media_flush();
	return any;
}

/* ---- what comes back ------------------------------------------------------------------------ */

static void count_in(const struct net_packet *p, uint16_t len)
{
	struct call *c = &load.call[p->call];
	struct call_way *w = &c->way[p->party ^ 1];
	uint32_t number, ssrc;

	memcpy(&number, p->data + 4, 4);
	memcpy(&ssrc, p->data + 8, 4);
	number = rte_be_to_cpu_32(number) / PAYLOAD_BYTES;
	if (len != RTP_BYTES + PAYLOAD_BYTES ||
	    rte_be_to_cpu_32(ssrc) != 2 * p->call + 1 + (p->party ^ 1) || number >= w->next ||
	    memcmp(p->data + RTP_BYTES, media.pattern + number % PATTERN_STEPS, PAYLOAD_BYTES) !=
		    0) {
		load.n.wrong++;
		return;
	}
	if (!w->through) {
		/* Those before it came too early; whatever is sent from now on is to come. */
		w->through = true;
		w->base = number;
		w->expected = number;
		load.n.early += number;
	}
	if (number >= w->base)
		w->received++;
	if (number < w->expected)
		load.n.reordered++;
	else
		w->expected = number + 1;
	if (c->state == CALL_CONNECTED && c->way[0].through && c->way[1].through)
		call_up(c);
}

void media_input(const struct net_packet *const p[], unsigned int n)
{
	struct srtp_op op[WEBRTC_BURST];
	const struct net_packet *of[WEBRTC_BURST];
	unsigned int ops = 0;

	for (unsigned int i = 0; i < n; i++) {
		const struct call *c = &load.call[p[i]->call];

		if (p[i]->party == 1 || c->dtls == NULL) {
			if (p[i]->len < RTP_BYTES)
				load.n.wrong++;
			else
				count_in(p[i], p[i]->len);
			continue;
		}
		if (c->open == NULL) {
			load.n.bad++;
			continue;
		}
		of[ops] = p[i];
		op[ops++] = (struct srtp_op){
			.data = p[i]->data, .len = p[i]->len, .keys = c->open, .leg = c->open_leg};
	}
	srtp_open(media.worker, op, ops, (uint32_t)load.now_ms);
	for (unsigned int i = 0; i < ops; i++) {
		if (op[i].verdict == SRTP_OK && op[i].len >= RTP_BYTES)
			count_in(of[i], op[i].len);
		else
			load.n.bad++;
	}
}

void media_count(void)
{
	for (uint32_t i = 0; i < load.count; i++) {
		for (unsigned int k = 0; k < 2; k++) {
			struct call_way *w = &load.call[i].way[k];

			if (!w->through)
				continue;
			load.n.offered += w->next - w->base;
			load.n.received += w->received;
			w->base = w->next;
			w->received = 0;
		}
	}
}
