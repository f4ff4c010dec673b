/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The harness's commands about media, which go past the API to what it is made of:
 *
 *	media ID LEG NAME=VALUE …	copy, mute, twice, below, dtmf, resize: as session_media;
 *codec=TYPE:CODEC (enum flow_codec) as often as wanted; host=1: latch host play ID LEG TYPE
 *FRAME_LEN STEP PERIOD_US REPEATS SEQ TIMESTAMP SSRC FILE	answers the player's number halt NUMBER		stops a player copies WORKER FILE	what has been copied, at most 4096 packets,
 *as a pcap; answers what each says of itself
 *	told			events of players and telephones since the last time
 */
#ifndef HARNESS_MEDIA_H
#define HARNESS_MEDIA_H

#include "session_media.h"

void media_begin(struct sessions *s, struct host *host);
void media_finish(void); /* workers take no more turns */
/* Each writes its answer to `out`, of `size` bytes: "ok", JSON, or "error: …". */
void media_set(char *args, char *out, size_t size);
void media_play(char *args, char *out, size_t size);
void media_halt(char *args, char *out, size_t size);
void media_copies(char *args, char *out, size_t size);
void media_told(char *args, char *out, size_t size);

#endif
