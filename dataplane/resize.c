/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RTP in packets of another size than it came in. Frames are taken out of what comes, held until
 * there are enough of them, and sent on in packets that are made here; timestamps stay the
 * sender's, sequence numbers are the leg's own.
 *
 * What is held goes out short where the stream does not go on: before silence, another payload
 * type or SSRC, what can't be cut, a gap; and when time is up. A packet that did not come in time
 * leaves numbers free for itself, so that the receiver sees the loss, and, if it comes after all,
 * goes out under these.
 */
#include "worker.h"

#define TS_MS      8  /* units of a timestamp in a ms, of all these codecs */
#define PATIENCE   20 /* ms beyond the length of a packet that its frames may come late */
#define GAP_MAX    64
#define JUMP_MAX   3000 /* as stage_measure.c: more is another beginning */
#define BACK_MAX   100
#define PIECES_MAX 16 /* numbers that are kept for one packet */

/* Bytes of a frame and what it lasts, in ms. */
static const struct {
	uint8_t len, ms;
} frames[FLOW_CODECS] = {
	[FLOW_CODEC_PCM] = {8, 1},       [FLOW_CODEC_G726_16] = {2, 1},
	[FLOW_CODEC_G726_24] = {3, 1},   [FLOW_CODEC_G726_32] = {4, 1},
	[FLOW_CODEC_G726_40] = {5, 1},   [FLOW_CODEC_GSM] = {33, 20},
	[FLOW_CODEC_G729] = {10, 10},    [FLOW_CODEC_G723] = {24, 30},
	[FLOW_CODEC_ILBC_20] = {38, 20}, [FLOW_CODEC_ILBC_30] = {50, 30},
};

/* A packet, and what it is to be made of. */
struct cut {
	const struct flow_plan *plan;
	struct flow_media_rt *rt;
	struct flow_resize *r;
	const uint8_t *rtp;
	struct wire_rtp h;
	uint32_t len;        /* of all of it */
	uint32_t max_frames; /* in a packet that leaves; 0: all packets pass as they are */
	uint32_t max_len;    /* bytes of frames in it */
	uint16_t count;      /* of frames; 0: it can't be cut */
	uint8_t codec;
};

/* Length of the frame at `p`; 0 if there is none. *quiet: comfort noise, after which it is still.
 */
static uint32_t frame_len(uint8_t codec, const uint8_t *p, uint32_t left, bool *quiet)
{
	static const uint8_t g723[] = {24, 20, 4, 0};
	uint32_t len = frames[codec].len;

	*quiet = false;
	if (codec == FLOW_CODEC_G723) {
		len = g723[p[0] & 3];
		*quiet = len == 4;
	} else if (codec == FLOW_CODEC_G729 && left == 2) {
		len = 2;
		*quiet = true;
	}
	return len <= left ? len : 0;
}

/* 0 if they are not whole. */
static uint16_t count_frames(uint8_t codec, const uint8_t *p, uint32_t len)
{
	uint16_t n = 0;
	bool quiet;

	if (frames[codec].len == 0)
		return 0;
	while (len > 0) {
		uint32_t f = frame_len(codec, p, len, &quiet);

		if (f == 0)
			return 0;
		p += f;
		len -= f;
		n++;
	}
	return n;
}

static void emit(struct worker *w, const struct flow_plan *plan, const struct flow_resize *r,
		 const struct make *what, const uint8_t *data, uint32_t len)
{
	struct make make = *what;
	uint8_t *to;

	make.plan = plan;
	make.ssrc = r->ssrc;
	make.tos = r->tos;
	make.hops = r->hops;
	to = make_packet(w, &make, len);
	if (to == NULL)
		return;
	memcpy(to, data, len);
	worker_count(w, resize_out, 1);
}

static void flush(struct worker *w, const struct flow_plan *plan, struct flow_media_rt *rt)
{
	struct flow_resize *r = &rt->resize;
	struct make make = {.timestamp = r->ts, .type = r->type};

	if (r->frames == 0)
		return;
	make.seq = r->out_seq++;
	emit(w, plan, r, &make, rt->held, r->len);
	r->frames = r->len = 0;
}

/* As it came, but for its number. */
static void pass(struct worker *w, const struct cut *c, uint16_t seq)
{
	struct make make = {.plan = c->plan, .tos = c->r->tos, .hops = c->r->hops};
	uint8_t *to = make_packet(w, &make, c->len - WIRE_RTP_HLEN);

	if (to == NULL)
		return;
	to -= WIRE_RTP_HLEN;
	memcpy(to, c->rtp, c->len);
	wire_put16(to + 2, seq);
	worker_count(w, resize_out, 1);
}

/* ---- numbers ---- */

static uint32_t pieces_of(const struct cut *c)
{
	return c->max_frames && c->count ? (c->count + c->max_frames - 1) / c->max_frames : 1;
}

/* Those that did not come were like the one after them. */
static void leave_gap(const struct cut *c, uint16_t missing)
{
	struct flow_resize *r = c->r;

	r->gap_count = 0;
	if (missing > GAP_MAX) {
		r->out_seq += missing;
		return;
	}
	r->gap_pieces = (uint8_t)RTE_MIN(pieces_of(c), PIECES_MAX);
	r->gap_count = (uint8_t)missing;
	r->gap_in = r->in_seq + 1;
	r->gap_out = r->out_seq;
	r->gap_filled = 0;
	r->out_seq += missing * r->gap_pieces;
}

/* The first number that was kept for it; false: there is none, or it has been used. */
static bool fill_gap(struct flow_resize *r, uint16_t in_seq, uint16_t *seq)
{
	uint16_t i = in_seq - r->gap_in;

	if (i >= r->gap_count || r->gap_filled >> i & 1)
		return false;
	r->gap_filled |= UINT64_C(1) << i;
	*seq = r->gap_out + i * r->gap_pieces;
	return true;
}

enum place { PLACE_NEXT, PLACE_LATE, PLACE_NONE };

/* Where in the stream it is; what is held goes out where the stream does not go on. */
static enum place find_place(struct worker *w, const struct cut *c, uint16_t *seq)
{
	struct flow_resize *r = c->r;
	uint16_t ahead = c->h.seq - r->in_seq;

	if (!r->started) {
		r->started = true;
		r->out_seq = c->h.seq;
	} else if (c->h.ssrc != r->ssrc || (ahead > JUMP_MAX && ahead <= UINT16_MAX - BACK_MAX)) {
		flush(w, c->plan, c->rt);
		r->gap_count = 0;
	} else if (ahead == 0 || ahead > JUMP_MAX) {
		return fill_gap(r, c->h.seq, seq) ? PLACE_LATE : PLACE_NONE;
	} else if (ahead > 1) {
		flush(w, c->plan, c->rt);
		leave_gap(c, ahead - 1);
	}
	r->in_seq = c->h.seq;
	r->ssrc = c->h.ssrc;
	return PLACE_NEXT;
}

/* ---- frames ---- */

/* How many of the frames at `p` go together into the packet that is held, and their bytes. */
static uint32_t take(const struct cut *c, const uint8_t *p, uint32_t left, uint32_t room_frames,
		     uint32_t room, uint32_t *bytes, bool *quiet)
{
	uint32_t len = frame_len(c->codec, p, left, quiet), n = 1;

	if (len > room || room_frames == 0)
		return 0;
	if (c->codec != FLOW_CODEC_G723 && !*quiet)
		n = RTE_MIN(RTE_MIN(room_frames, room / len), left / len);
	*bytes = n * len;
	return n;
}

static void append(struct worker *w, const struct cut *c)
{
	const uint8_t *p = c->rtp + c->h.payload_off;
	uint32_t left = c->h.payload_len, ts = c->h.timestamp, ms = frames[c->codec].ms;
	uint8_t type = (uint8_t)(c->h.payload_type | c->h.marker << 7);
	struct flow_resize *r = c->r;

	if (c->h.marker || r->end != ts || (r->type & 0x7f) != c->h.payload_type)
		flush(w, c->plan, c->rt);
	while (left > 0) {
		uint32_t bytes = 0, n;
		bool quiet;

		if (r->frames == 0) {
			r->ts = ts;
			r->type = type;
			r->due = w->now + (c->max_frames * ms + PATIENCE) * w->tsc_per_ms;
		}
		n = r->frames < c->max_frames ? take(c, p, left, c->max_frames - r->frames,
						     c->max_len - r->len, &bytes, &quiet)
					      : 0;
		memcpy(c->rt->held + r->len, p, bytes);
		r->len += bytes;
		r->frames += n;
		ts += n * ms * TS_MS;
		r->end = ts;
		p += bytes;
		left -= bytes;
		type = c->h.payload_type;
		if (n == 0 || quiet || r->frames >= c->max_frames)
			flush(w, c->plan, c->rt);
	}
}

/* Under the numbers kept for it, unless it is of more packets than these. */
static void send_late(struct worker *w, const struct cut *c, uint16_t seq)
{
	const uint8_t *p = c->rtp + c->h.payload_off;
	uint32_t left = c->h.payload_len;
	struct make make = {.timestamp = c->h.timestamp,
			    .seq = seq,
			    .type = (uint8_t)(c->h.payload_type | c->h.marker << 7)};

	if (c->max_frames == 0 || c->count == 0 || pieces_of(c) > c->r->gap_pieces) {
		pass(w, c, seq);
		return;
	}
	/* No more than numbers were kept for: comfort noise ends a packet before it is full. */
	for (uint32_t piece = 0; left > 0 && piece < c->r->gap_pieces; piece++) {
		uint32_t len = 0, n = 0, bytes;
		bool quiet = false;

		while (left > len && !quiet && n < c->max_frames) {
			n += take(c, p + len, left - len, c->max_frames - n, left - len, &bytes,
				  &quiet);
			len += bytes;
		}
		emit(w, c->plan, c->r, &make, p, len);
		make.seq++;
		make.timestamp += n * frames[c->codec].ms * TS_MS;
		make.type = c->h.payload_type;
		p += len;
		left -= len;
	}
}

/* What is held must not wait for ever. */
static void watch(struct worker *w, const struct cut *c)
{
	struct flow_resize *r = c->r;

	if (r->frames == 0 || r->timed)
		return;
	r->timed = pace_leg(w, c->plan->leg, c->plan->generation, r->due);
	if (!r->timed)
		flush(w, c->plan, c->rt);
}

static void set_limits(const struct worker *w, struct cut *c, uint32_t room)
{
	const struct flow_media *media = &w->t->media[c->plan->leg];
	uint32_t ms = flow_read(media->resize_ms);

	c->codec = flow_read(media->codec[c->h.payload_type]);
	c->count = count_frames(c->codec, c->rtp + c->h.payload_off, c->h.payload_len);
	if (ms == 0 || c->count == 0)
		return;
	c->max_len = RTE_MIN(room - WIRE_RTP_HLEN, (uint32_t)FLOW_RESIZE_MAX_BYTES);
	c->max_frames = RTE_MAX(ms / frames[c->codec].ms, 1u);
	c->max_frames = RTE_MIN(c->max_frames, c->max_len / frames[c->codec].len);
}

/* False: it can't leave now, as the next stage will say. */
static bool cut_init(struct worker *w, const struct packet *p, struct cut *c)
{
	uint32_t room = make_room(w, p->plan);

	*c = (struct cut){.plan = p->plan, .rtp = packet_payload(p), .len = p->payload_len};
	if (packet_hops(p) <= 1 || p->payload_len > room || !wire_rtp_parse(c->rtp, c->len, &c->h))
		return false;
	c->rt = media_rt(w, p->plan);
	c->r = &c->rt->resize;
	set_limits(w, c, room);
	return true;
}

void resize_packet(struct worker *w, struct packet *p)
{
	struct cut c;
	uint16_t seq;
	enum place place;

	if (!cut_init(w, p, &c))
		return;
	place = find_place(w, &c, &seq);
	if (place == PLACE_NONE) {
		packet_drop(p, FLOW_DROP_resize_late);
		return;
	}
	c.r->tos = packet_tos(p);
	c.r->hops = packet_hops(p);
	if (place == PLACE_LATE) {
		send_late(w, &c, seq);
	} else if (c.max_frames == 0) {
		flush(w, c.plan, c.rt);
		pass(w, &c, c.r->out_seq++);
	} else {
		append(w, &c);
		watch(w, &c);
	}
	worker_count(w, resize_in, 1);
	p->verdict = VERDICT_DONE;
}

uint64_t resize_due(struct worker *w, uint32_t leg, uint16_t generation)
{
	uint32_t i = __atomic_load_n(&w->t->media[leg].plan, __ATOMIC_ACQUIRE);
	const struct flow_plan *plan = &w->t->plan[i];
	struct flow_media_rt *rt = &w->t->media[leg].rt;

	/* The session is over; its place may be another worker's by now. */
	if (i == 0 || plan->owner != w->index || plan->generation != generation ||
	    rt->generation != generation)
		return 0;
	if (rt->resize.frames > 0 && rt->resize.due > w->now)
		return rt->resize.due;
	rt->resize.timed = false;
	if (make_room(w, plan) >= WIRE_RTP_HLEN + (uint32_t)rt->resize.len)
		flush(w, plan, rt);
	rt->resize.frames = rt->resize.len = 0;
	return 0;
}
