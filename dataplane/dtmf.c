/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telephone events (RFC 4733) told to control: each once, when its first end packet comes, or,
 * where all of these were lost, when the next event begins. What is told costs control's time,
 * which a caller can't have at will: each leg has a budget, far above what fingers and dialling
 * machines need (60 ms and more a digit).
 */
#include "worker.h"

#define PAYLOAD_LEN 4
#define EVENT_LAST  16 /* flash */
#define SEGMENT     0xffff
#define TOLD_BURST  40
#define TOLD_RATE_S 20

enum telephone_state {
	TELEPHONE_NONE,
	TELEPHONE_ON,   /* it lasts */
	TELEPHONE_OVER, /* it has ended, which could not be told yet */
	TELEPHONE_TOLD,
};

static uint8_t clock_khz(uint8_t codec)
{
	switch (codec) {
	case FLOW_CODEC_EVENT_8: return 8;
	case FLOW_CODEC_EVENT_16: return 16;
	case FLOW_CODEC_EVENT_48: return 48;
	default: return 0;
	}
}

static bool within_budget(const struct worker *w, struct flow_telephone *e)
{
	uint32_t step = w->ticks_per_s / TOLD_RATE_S, since = w->tick - e->told_at;
	uint32_t over = since / step;

	if (over > 0) {
		e->told -= (uint8_t)RTE_MIN(e->told, over);
		e->told_at = w->tick - since % step;
	}
	if (e->told == TOLD_BURST)
		return false;
	e->told++;
	return true;
}

static void tell(struct worker *w, const struct packet *p, struct flow_telephone *e)
{
	struct flow_event ev = {
		.type = FLOW_EVENT_DTMF,
		.leg = p->plan->leg,
		.generation = p->plan->generation,
		.epoch = p->plan->epoch,
		.dtmf = {.duration_ms = (e->before + e->duration) / e->khz,
			 .digit = e->digit,
			 .volume = e->volume},
	};

	if (e->state == TELEPHONE_ON && !within_budget(w, e)) {
		e->state = TELEPHONE_TOLD;
		worker_count(w, dtmf_limited, 1);
		return;
	}
	if (!event_post(w, &ev)) {
		e->state = TELEPHONE_OVER;
		return;
	}
	e->state = TELEPHONE_TOLD;
	worker_count(w, dtmf, 1);
}

static void begin(struct flow_telephone *e, const struct wire_rtp *rtp, const uint8_t *event,
		  uint8_t khz)
{
	*e = (struct flow_telephone){
		.ssrc = rtp->ssrc,
		.ts = rtp->timestamp,
		.state = TELEPHONE_ON,
		.digit = event[0],
		.khz = khz,
		.told = e->told,
		.told_at = e->told_at,
	};
}

/* §2.5.1.3: one that lasts longer than its field can say goes on under another timestamp. */
static bool goes_on(const struct flow_telephone *e, const struct wire_rtp *rtp,
		    const uint8_t *event)
{
	return e->state == TELEPHONE_ON && rtp->ssrc == e->ssrc && event[0] == e->digit &&
	       rtp->timestamp == e->ts + SEGMENT;
}

static void event_packet(struct worker *w, const struct packet *p, struct flow_telephone *e,
			 const struct wire_rtp *rtp, const uint8_t *event, uint8_t khz)
{
	if (e->state != TELEPHONE_NONE && rtp->ssrc == e->ssrc &&
	    (int32_t)(rtp->timestamp - e->ts) < 0)
		return; /* late, of one before */
	if (goes_on(e, rtp, event)) {
		e->ts = rtp->timestamp;
		e->before += SEGMENT;
		e->duration = 0;
	} else if (e->state == TELEPHONE_NONE || rtp->ssrc != e->ssrc || rtp->timestamp != e->ts) {
		if (e->state == TELEPHONE_ON)
			tell(w, p, e);
		if (e->state == TELEPHONE_OVER)
			return; /* the next packet of this one begins it */
		begin(e, rtp, event, khz);
	}
	if (e->state != TELEPHONE_ON)
		return;
	e->volume = event[1] & 0x3f;
	e->duration = RTE_MAX(e->duration, (uint32_t)wire_get16(event + 2));
	if (event[1] & 0x80)
		tell(w, p, e);
}

void dtmf_packet(struct worker *w, const struct packet *p)
{
	const struct flow_media *media = &w->t->media[p->plan->leg];
	struct flow_telephone *e = &media_rt(w, p->plan)->telephone;
	const uint8_t *event;
	struct wire_rtp rtp;
	uint8_t khz;

	if (unlikely(e->state == TELEPHONE_OVER))
		tell(w, p, e);
	if (unlikely(e->state == TELEPHONE_OVER))
		return;
	khz = clock_khz(flow_read(media->codec[packet_payload(p)[1] & 0x7f]));
	if (khz == 0 || !wire_rtp_parse(packet_payload(p), p->payload_len, &rtp) ||
	    rtp.payload_len < PAYLOAD_LEN)
		return;
	event = packet_payload(p) + rtp.payload_off;
	if (event[0] <= EVENT_LAST)
		event_packet(w, p, e, &rtp, event, khz);
}
