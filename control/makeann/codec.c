/* SPDX-License-Identifier: BSD-3-Clause */
#include "codec.h"

#include <stdio.h>
#include <strings.h>

#include <bcg729/encoder.h>
#include <spandsp.h>

static void *open_pcmu(void)
{
	return g711_init(NULL, G711_ULAW);
}

static void *open_pcma(void)
{
	return g711_init(NULL, G711_ALAW);
}

static void encode_g711(void *state, const int16_t *samples, uint8_t *out)
{
	g711_encode(state, out, samples, 160);
}

static void close_g711(void *state)
{
	g711_free(state);
}

static void *open_gsm(void)
{
	return gsm0610_init(NULL, GSM0610_PACKING_VOIP);
}

static void encode_gsm(void *state, const int16_t *samples, uint8_t *out)
{
	gsm0610_encode(state, out, samples, 160);
}

static void close_gsm(void *state)
{
	gsm0610_free(state);
}

static void *open_g722(void)
{
	return g722_encode_init(NULL, 64000, 0);
}

static void encode_g722(void *state, const int16_t *samples, uint8_t *out)
{
	g722_encode(state, out, samples, 320);
}

static void close_g722(void *state)
{
	g722_encode_free(state);
}

/* Without silence detection: every frame has its ten bytes. */
static void *open_g729(void)
{
	return initBcg729EncoderChannel(0);
}

static void encode_g729(void *state, const int16_t *samples, uint8_t *out)
{
	uint8_t len;

	bcg729Encoder(state, samples, out, &len);
	bcg729Encoder(state, samples + 80, out + 10, &len);
}

static void close_g729(void *state)
{
	closeBcg729EncoderChannel(state);
}

const struct codec codecs[] = {
	{"PCMU", 0, 8000, 160, open_pcmu, encode_g711, close_g711},
	{"GSM", 3, 8000, 33, open_gsm, encode_gsm, close_gsm},
	{"PCMA", 8, 8000, 160, open_pcma, encode_g711, close_g711},
	{"G722", 9, 16000, 160, open_g722, encode_g722, close_g722},
	{"G729", 18, 8000, 20, open_g729, encode_g729, close_g729},
};
const size_t codec_count = sizeof(codecs) / sizeof(codecs[0]);

const struct codec *codec_find(const char *text)
{
	for (size_t i = 0; i < codec_count; i++) {
		char number[4];

		snprintf(number, sizeof(number), "%u", codecs[i].payload_type);
		if (strcasecmp(text, codecs[i].name) == 0 || strcmp(text, number) == 0)
			return &codecs[i];
	}
	return NULL;
}
