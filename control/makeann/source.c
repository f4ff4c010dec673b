/* SPDX-License-Identifier: BSD-3-Clause */
#include "source.h"

#include <math.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK        1024 /* frames read at once */
#define CHANNELS_MAX 64

struct source {
	const char *path;
	SNDFILE *file;
	int channels;
	bool loop, broken;
	int64_t left; /* samples that may still be given; -1: no limit */
	double ratio;
	SRC_STATE *resampler; /* NULL: the file has the right rate */
	float frames[BLOCK * CHANNELS_MAX];
	float mono[BLOCK];
	long have, given; /* of mono, without a resampler */
};

static bool bad(const char *path, const char *why)
{
	fprintf(stderr, "tandem-makeann: %s: %s\n", path, why);
	return false;
}

/* The next block at the file's own rate, as the mean of its channels: how many samples. */
static long read_mono(void *arg, float **data)
{
	struct source *s = arg;
	sf_count_t n = sf_readf_float(s->file, s->frames, BLOCK);

	if (n == 0 && s->loop && sf_seek(s->file, 0, SEEK_SET) == 0)
		n = sf_readf_float(s->file, s->frames, BLOCK);
	if (sf_error(s->file) != SF_ERR_NO_ERROR) {
		bad(s->path, sf_strerror(s->file));
		s->broken = true;
		n = 0;
	}
	for (sf_count_t i = 0; i < n; i++) {
		float sum = 0;

		for (int c = 0; c < s->channels; c++)
			sum += s->frames[i * s->channels + c];
		s->mono[i] = sum / (float)s->channels;
	}
	*data = s->mono;
	return (long)n;
}

static bool open_file(struct source *s, const struct source_options *o, int rate)
{
	SF_INFO info = {0};
	int err = 0;

	if (o->raw)
		info = (SF_INFO){.samplerate = 8000,
				 .channels = 1,
				 .format = SF_FORMAT_RAW | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE};
	s->file = sf_open(s->path, SFM_READ, &info);
	if (s->file == NULL && sf_error(NULL) == SF_ERR_UNRECOGNISED_FORMAT)
		return bad(s->path, "no sound file; for bare samples (16 bits, 8 kHz) use -r");
	if (s->file == NULL)
		return bad(s->path, sf_strerror(NULL));
	if (info.frames == 0)
		return bad(s->path, "there is no sound in it");
	if (info.channels > CHANNELS_MAX)
		return bad(s->path, "more than 64 channels");
	if (o->loop && !info.seekable)
		return bad(s->path, "-L needs a file that can be read again");
	s->channels = info.channels;
	s->ratio = (double)rate / info.samplerate;
	if (!src_is_valid_ratio(s->ratio))
		return bad(s->path, "no usable sample rate");
	if (info.samplerate == rate)
		return true;
	s->resampler = src_callback_new(read_mono, SRC_SINC_BEST_QUALITY, 1, &err, s);
	return s->resampler != NULL || bad(s->path, src_strerror(err));
}

struct source *source_open(const char *path, const struct source_options *o, int rate)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		bad(path, "no memory");
		return NULL;
	}
	s->path = path;
	s->loop = o->loop;
	s->left = o->limit < 0 ? -1 : o->limit * (rate / 8000);
	if (open_file(s, o, rate))
		return s;
	source_close(s);
	return NULL;
}

/* At the file's own rate: how many samples, 0 at the end. */
static long read_plain(struct source *s, float *out, long want)
{
	float *data;

	if (s->given == s->have) {
		s->have = read_mono(s, &data);
		s->given = 0;
	}
	if (want > s->have - s->given)
		want = s->have - s->given;
	memcpy(out, s->mono + s->given, (size_t)want * sizeof(*out));
	s->given += want;
	return want;
}

static int16_t to_16_bits(float sample)
{
	float f = roundf(sample * 32767);

	return (int16_t)(f < -32768 ? -32768 : f > 32767 ? 32767 : f);
}

int source_read(struct source *s, int16_t *out, int count)
{
	float block[BLOCK];
	int got = 0;
	long n;

	if (s->left >= 0 && count > s->left)
		count = (int)s->left;
	while (got < count) {
		long want = count - got < BLOCK ? count - got : BLOCK;

		n = s->resampler ? src_callback_read(s->resampler, s->ratio, want, block)
				 : read_plain(s, block, want);
		if (n <= 0)
			break;
		for (long i = 0; i < n; i++)
			out[got + i] = to_16_bits(block[i]);
		got += (int)n;
	}
	if (s->resampler != NULL && src_error(s->resampler) != 0) {
		bad(s->path, src_strerror(src_error(s->resampler)));
		return -1;
	}
	if (s->left >= 0)
		s->left -= got;
	return s->broken ? -1 : got;
}

void source_close(struct source *s)
{
	if (s == NULL)
		return;
	if (s->resampler != NULL)
		src_delete(s->resampler);
	if (s->file != NULL)
		sf_close(s->file);
	free(s);
}
