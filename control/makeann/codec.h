/* SPDX-License-Identifier: BSD-3-Clause */
/* Encoders of what tandem can play: packets of 20 ms, without headers (RFC 3551 §4.5). */
#ifndef MAKEANN_CODEC_H
#define MAKEANN_CODEC_H

#include <stddef.h>
#include <stdint.h>

#define CODEC_SAMPLES_MAX 320 /* of 20 ms */
#define CODEC_BYTES_MAX   160

struct codec {
	const char *name;
	uint8_t payload_type;
	int rate;            /* samples a second that it wants; a packet is rate / 50 of them */
	size_t bytes;        /* of a packet */
	void *(*open)(void); /* NULL: no memory */
	void (*encode)(void *state, const int16_t *samples, uint8_t *out);
	void (*close)(void *state);
};

extern const struct codec codecs[];
extern const size_t codec_count;

/* By name, in any case, or by payload type; NULL: there is none. */
const struct codec *codec_find(const char *text);

#endif
