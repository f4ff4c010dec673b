/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tandem-makeann: files that tandem plays, made of sound files. The options are those of
 * rtpproxy's makeann, and more; see tandem-makeann(1).
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "codec.h"
#include "source.h"

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct job {
	const char *in, *out; /* out: without the payload type */
	struct source_options source;
	bool quiet, wanted[16]; /* by place in codecs[] */
};

static void usage(FILE *to)
{
	fputs("usage: tandem-makeann [-l limit [-L]] [-c codecs] [-r] [-q] infile [outfile]\n"
	      "\n"
	      "Makes outfile.0 (PCMU), .3 (GSM), .8 (PCMA), .9 (G722) and .18 (G729) from a WAV "
	      "or\n"
	      "other sound file, for the command P of rtpproxy's protocol and for play.start.\n"
	      "\n"
	      "  -l limit   at most so many samples at 8 kHz: 8000 are a second\n"
	      "  -L         from the beginning again until the limit is reached\n"
	      "  -c codecs  only these, by name or payload type: PCMA,G722 or 8,9\n"
	      "  -r         infile is bare samples: 16 bits, little-endian, mono, 8 kHz\n"
	      "  -q         do not say what was made\n"
	      "  -V, -h     print the version; print this\n",
	      to);
}

static int complain(const char *fmt, const char *what)
{
	fputs("tandem-makeann: ", stderr);
	fprintf(stderr, fmt, what);
	fputs("\n", stderr);
	return EXIT_USAGE;
}

/* -1: go on; else the exit code. */
static int choose_codecs(struct job *j, const char *list)
{
	char *copy = strdup(list), *rest = copy, *item;
	int rc = -1;

	memset(j->wanted, 0, sizeof(j->wanted));
	while (rc == -1 && (item = strsep(&rest, ",")) != NULL) {
		const struct codec *c = codec_find(item);

		if (c != NULL)
			j->wanted[c - codecs] = true;
		else if (strcasecmp(item, "G723") == 0 || strcmp(item, "4") == 0)
			rc = complain("%s: there is no free encoder of G.723.1; tandem plays "
				      "files NAME.4 that another one has made",
				      item);
		else
			rc = complain("-c: no codec '%s'; there are PCMU, GSM, PCMA, G722 and G729",
				      item);
	}
	free(copy);
	return rc;
}

static int read_limit(struct job *j, const char *text)
{
	char *end;

	errno = 0;
	j->source.limit = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || j->source.limit < 1 ||
	    j->source.limit > INT_MAX)
		return complain("-l %s: must be a number of samples", text);
	return -1;
}

/* Bare samples are known by how such files are called, or by -r. */
static bool looks_raw(const char *path)
{
	static const char *const endings[] = {".raw", ".sln", ".slin", ".sw", ".pcm"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcasecmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static int parse(int argc, char **argv, struct job *j)
{
	int letter, rc = -1;

	*j = (struct job){.source.limit = -1};
	memset(j->wanted, true, sizeof(j->wanted));
	while (rc == -1 && (letter = getopt(argc, argv, "l:Lvc:rqVh")) != -1) {
		switch (letter) {
		case 'l': rc = read_limit(j, optarg); break;
		case 'L': j->source.loop = true; break;
		case 'c': rc = choose_codecs(j, optarg); break;
		case 'r': j->source.raw = true; break;
		case 'q': j->quiet = true; break;
		case 'v':
			complain("%s", "-v changes nothing: packets left out in silence could not "
				       "be played");
			break;
		case 'V': printf("tandem-makeann %s\n", TND_VERSION); return EXIT_OK;
		case 'h': usage(stdout); return EXIT_OK;
		default: usage(stderr); return EXIT_USAGE;
		}
	}
	if (rc != -1)
		return rc;
	if (argc - optind < 1 || argc - optind > 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (j->source.loop && j->source.limit < 0)
		return complain("%s", "-L needs -l: when to end");
	j->in = argv[optind];
	j->out = argv[argc - 1];
	j->source.raw |= looks_raw(j->in);
	return -1;
}

static bool fail(const char *path)
{
	fprintf(stderr, "tandem-makeann: %s: %s\n", path, strerror(errno));
	return false;
}

/* Encodes all of the source; the last packet ends in silence. Packets, or -1: said why not. */
static long encode(const struct codec *c, void *state, struct source *s, FILE *to, const char *path)
{
	int16_t samples[CODEC_SAMPLES_MAX];
	uint8_t packet[CODEC_BYTES_MAX];
	int want = c->rate / 50, n;
	long packets = 0;

	while ((n = source_read(s, samples, want)) > 0) {
		memset(samples + n, 0, (size_t)(want - n) * sizeof(*samples));
		c->encode(state, samples, packet);
		if (fwrite(packet, 1, c->bytes, to) != c->bytes) {
			fail(path);
			return -1;
		}
		packets++;
	}
	return n < 0 ? -1 : packets;
}

/* All of the input to `path`; on a failure there may be a part of it. */
static bool write_file(const struct job *j, const struct codec *c, const char *path, long *packets)
{
	struct source *s = source_open(j->in, &j->source, c->rate);
	void *state = NULL;
	FILE *to = NULL;
	bool ok = false;

	if (s == NULL)
		return false;
	state = c->open();
	if (state == NULL) {
		errno = ENOMEM;
		fail(j->in);
		goto out;
	}
	to = fopen(path, "wb");
	if (to == NULL) {
		fail(path);
		goto out;
	}
	*packets = encode(c, state, s, to, path);
	ok = *packets >= 0;
	if (fclose(to) != 0 && ok)
		ok = fail(path);
out:
	if (state != NULL)
		c->close(state);
	source_close(s);
	return ok;
}

/* Under a name of its own first: a file that is being played is replaced as a whole. */
static bool make(const struct job *j, const struct codec *c)
{
	char path[PATH_MAX], part[PATH_MAX + 8];
	long packets = 0;

	if (snprintf(path, sizeof(path), "%s.%u", j->out, c->payload_type) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return fail(j->out);
	}
	snprintf(part, sizeof(part), "%s.part", path);
	if (!write_file(j, c, part, &packets) || (rename(part, path) != 0 && !fail(path))) {
		unlink(part);
		return false;
	}
	if (!j->quiet)
		printf("%s: %s, %ld.%02ld s\n", path, c->name, packets / 50, packets % 50 * 2);
	return true;
}

int main(int argc, char **argv)
{
	struct job j;
	int rc = parse(argc, argv, &j);

	if (rc != -1)
		return rc;
	for (size_t i = 0; i < codec_count; i++)
		if (j.wanted[i] && !make(&j, &codecs[i]))
			return EXIT_FAILED;
	return EXIT_OK;
}
