/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is to happen to the media of a running session beside relaying it: for recorders, players
 * and other protocols. All for the control lcore. A leg stands for what comes from its far end,
 * but where it says otherwise.
 */
#ifndef SESSION_MEDIA_H
#define SESSION_MEDIA_H

#include "dataplane.h"
#include "session.h"

struct session_codec {
	uint8_t payload_type;
	uint8_t codec; /* enum flow_codec */
};

/* What changes; the rest stays. */
struct session_media {
	bool set_copy, copy;   /* what is accepted, RTCP too, can be had from dp_copy_receive() */
	bool set_mute, mute;   /* RTP is counted, but not relayed */
	bool set_twice, twice; /* RTP is sent twice … */
	uint16_t twice_below;  /* … if its UDP payload is of fewer bytes; 0: all */
	bool set_watch, watch; /* longest gap, jitter's maximum and mean: session_leg_stats() */
	/* FLOW_EVENT_DTMF for each event of payload types that are so in `codec`. */
	bool set_dtmf, dtmf;
	/* RTP is sent on in packets of so many ms, FLOW_RESIZE_MAX_MS at most; 0: as it comes.
	 * Once it was asked for, sequence numbers stay those made here. */
	bool set_resize;
	uint16_t resize_ms;
	/* Dynamic payload types, or static ones used otherwise: all there are. */
	bool set_codecs;
	uint8_t codec_count;
	const struct session_codec *codec;
};

/*
 * SESSION_NOT_FOUND; SESSION_BAD_PARAMS; SESSION_TABLE_FULL or SESSION_NO_MEMORY: nothing has
 * changed. From the first call on what was SRTP on both sides alike is opened and sealed;
 * SESSION_UNSUPPORTED: it has passed for so long that its sequence numbers have wrapped, so that
 * the far ends' rollover counters are not known.
 */
enum session_fault session_media_set(struct sessions *s, const char *id, unsigned int leg,
				     const struct session_media *m, struct session_error *err);

/*
 * Play to leg `leg`; its members leg and generation are filled in here. While any player of a leg
 * runs, RTP that comes from the other leg is not relayed. Faults as above, and SESSION_LIMIT:
 * the worker has no place for it. With SESSION_OK the player is the worker's until an observer is
 * told by FLOW_EVENT_PLAYED, whatever becomes of the session.
 */
enum session_fault session_play_start(struct sessions *s, const char *id, unsigned int leg,
				      struct dp_player *p, struct session_error *err);

/*
 * Nothing more of it is sent from the worker's next turn on, and if it is the leg's only player,
 * what comes from the other leg is relayed again at once; the event comes within a period.
 */
void session_play_stop(struct sessions *s, struct dp_player *p);

/* Leg `leg`'s number and generation, as copies and events carry them. False: no such session. */
bool session_media_key(struct sessions *s, const char *id, unsigned int leg, uint32_t *flow_leg,
		       uint16_t *generation);

#endif
