/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fourth stage: what RTP reception was like, for packets that were accepted (RFC 3550 A.1, A.3
 * and A.8). One SSRC at a time; another one takes over when the current one has been silent for
 * a while, so that two streams on one port don't reset each other with every packet.
 */
#include "worker.h"

#define MAX_DROPOUT  3000 /* RFC 3550 A.1 */
#define MAX_MISORDER 100
#define SSRC_SILENCE 10 /* a new SSRC takes over after 1/10 s without the old one */
#define JITTER_MAX_S 2  /* larger steps are the sender's clock, not the network's */

/* Fields of a header that stage_accept has found to be RTP's. */
static inline uint8_t rtp_payload_type(const uint8_t *rtp)
{
	return rtp[1] & 0x7f;
}

static inline uint16_t rtp_seq(const uint8_t *rtp)
{
	return wire_get16(rtp + 2);
}

static inline uint32_t rtp_timestamp(const uint8_t *rtp)
{
	return rte_be_to_cpu_32(wire_load32(rtp + 4));
}

static inline uint32_t rtp_ssrc(const uint8_t *rtp)
{
	return rte_be_to_cpu_32(wire_load32(rtp + 8));
}

/* RFC 3551 tables 4 and 5; 0: dynamic, measured. */
static uint32_t clock_of(uint8_t payload_type)
{
	static const uint32_t audio[] = {
		[6] = 16000, [10] = 44100, [11] = 44100, [14] = 90000, [16] = 11025, [17] = 22050};

	if (payload_type <= 18)
		return audio[payload_type % RTE_DIM(audio)] ? audio[payload_type % RTE_DIM(audio)]
							    : 8000;
	if (payload_type >= 25 && payload_type <= 34)
		return 90000;
	return 0;
}

static uint32_t scale_of(const struct worker *w, uint32_t clock_hz)
{
	return clock_hz ? (uint32_t)(((uint64_t)w->fine_hz << 16) / clock_hz) : 0;
}

/* The clock rate in use is the one nearest to what a second of packets shows. */
static void measure_clock(const struct worker *w, struct flow_rtp_stats *s, uint32_t ts)
{
	static const uint32_t rates[] = {8000, 16000, 24000, 32000, 44100, 48000, 90000};
	uint32_t elapsed = w->fine - s->first_arrival;
	uint64_t hz;

	if (elapsed < w->fine_hz)
		return;
	hz = (uint64_t)(ts - s->first_ts) * w->fine_hz / elapsed;
	for (unsigned int i = 0; i < RTE_DIM(rates); i++)
		if (hz > rates[i] - rates[i] / 12 && hz < rates[i] + rates[i] / 12)
			s->ts_scale = scale_of(w, rates[i]);
	s->first_arrival = w->fine;
	s->first_ts = ts;
}

static uint32_t lost_so_far(const struct flow_rtp_stats *s)
{
	uint32_t expected = s->max_seq - s->base_seq + 1;

	return expected > s->received ? expected - s->received : 0;
}

static void restart(const struct worker *w, struct flow_rtp_stats *s, const uint8_t *rtp)
{
	uint16_t seq = rtp_seq(rtp);

	if (s->started)
		flow_count(s->prior_lost, lost_so_far(s));
	if (!s->started || s->ssrc != rtp_ssrc(rtp)) {
		__atomic_store_n(&s->ssrc, rtp_ssrc(rtp), __ATOMIC_RELAXED);
		s->ts_scale = scale_of(w, clock_of(rtp_payload_type(rtp)));
		__atomic_store_n(&s->jitter16, 0, __ATOMIC_RELAXED);
	}
	/* A cycle above zero, so that a late packet from before the first can lower the base. */
	__atomic_store_n(&s->base_seq, 0x10000u + seq, __ATOMIC_RELAXED);
	__atomic_store_n(&s->max_seq, 0x10000u + seq, __ATOMIC_RELAXED);
	__atomic_store_n(&s->received, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&s->payload_type, rtp_payload_type(rtp), __ATOMIC_RELAXED);
	__atomic_store_n(&s->started, 1, __ATOMIC_RELAXED);
	s->seen = 1;
	s->bad_seq = seq; /* confirms nothing: the next one is seq + 1 */
	s->last_ts = s->first_ts = rtp_timestamp(rtp);
	s->last_arrival = s->first_arrival = w->fine;
}

/* From the past, by `back` packets. */
static void late(struct flow_rtp_stats *s, uint32_t back)
{
	uint64_t bit = back < 64 ? UINT64_C(1) << back : 0;

	if (s->seen & bit) {
		flow_count(s->duplicate, 1);
		return;
	}
	s->seen |= bit;
	if (s->max_seq - back < s->base_seq)
		__atomic_store_n(&s->base_seq, s->max_seq - back, __ATOMIC_RELAXED);
	flow_count(s->reordered, 1);
	flow_count(s->received, 1);
}

/*
 * The difference in spacing, at the sender by its clock and here by ours. Packets of one
 * video frame, or of one telephone event, share a timestamp and say nothing of the network.
 */
static inline void jitter(const struct worker *w, struct flow_rtp_stats *s, uint32_t ts)
{
	int32_t ts_step = (int32_t)(ts - s->last_ts);
	int64_t d;

	if (ts_step == 0)
		return;
	if (likely(s->ts_scale != 0)) {
		d = (int64_t)(uint32_t)(w->fine - s->last_arrival) -
		    (((int64_t)ts_step * s->ts_scale) >> 16);
		d = d < 0 ? -d : d;
		if (likely(d < (int64_t)JITTER_MAX_S * w->fine_hz))
			__atomic_store_n(&s->jitter16,
					 s->jitter16 + (uint32_t)d - ((s->jitter16 + 8) >> 4),
					 __ATOMIC_RELAXED);
	} else {
		measure_clock(w, s, ts);
	}
	s->last_ts = ts;
	s->last_arrival = w->fine;
}

/* Another SSRC, the past, or a jump. */
static __rte_noinline void measure_unusual(const struct worker *w, struct flow_rtp_stats *s,
					   const uint8_t *rtp)
{
	uint16_t ahead = rtp_seq(rtp) - (uint16_t)s->max_seq;

	if (!s->started || rtp_ssrc(rtp) != s->ssrc) {
		if (!s->started || w->fine - s->last_arrival > w->fine_hz / SSRC_SILENCE)
			restart(w, s, rtp);
	} else if (ahead == 0 || ahead > 65536 - MAX_MISORDER) {
		late(s, (uint16_t)-ahead);
	} else if (rtp_seq(rtp) == s->bad_seq) {
		restart(w, s, rtp); /* two in a row: the sender has begun anew */
	} else {
		s->bad_seq = rtp_seq(rtp) + 1;
	}
}

static inline void measure_one(const struct worker *w, struct flow_rtp_stats *s, const uint8_t *rtp)
{
	uint32_t max_seq = s->max_seq;
	uint16_t ahead = rtp_seq(rtp) - (uint16_t)max_seq;

	if (unlikely(!s->started || rtp_ssrc(rtp) != s->ssrc ||
		     (uint16_t)(ahead - 1) >= MAX_DROPOUT - 1)) {
		measure_unusual(w, s, rtp);
		return;
	}
	__atomic_store_n(&s->max_seq, max_seq + ahead, __ATOMIC_RELAXED);
	s->seen = (ahead < 64 ? s->seen << ahead : 0) | 1;
	flow_count(s->received, 1);
	__atomic_store_n(&s->payload_type, rtp_payload_type(rtp), __ATOMIC_RELAXED);
	jitter(w, s, rtp_timestamp(rtp));
}

void stage_measure(struct worker *w, struct burst *b)
{
	const unsigned int n = b->n;

	for (unsigned int i = 0; i < n; i++) {
		const struct packet *p = &b->p[i];

		/* RTP is accepted at RTP ports only, where the leg's running half begins. */
		if (likely(p->verdict == VERDICT_GO && p->media == WIRE_MEDIA_RTP))
			measure_one(w, &((struct flow_leg_rt *)p->rt)->stats, packet_payload(p));
	}
}
