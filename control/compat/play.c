/* SPDX-License-Identifier: BSD-3-Clause */
/* P and S: announcements and music on hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat_private.h"
#include "log.h"

/* "0,8,101": what is no number ends the list. */
static unsigned int read_codecs(const char *text, size_t len, uint8_t out[MEDIA_CODECS_MAX])
{
	unsigned int n = 0;

	for (size_t i = 0; i < len && n < MEDIA_CODECS_MAX;) {
		unsigned int codec = 0, digits = 0;

		for (; i < len && text[i] >= '0' && text[i] <= '9' && digits < 4; i++, digits++)
			codec = codec * 10 + (unsigned int)(text[i] - '0');
		if (digits == 0)
			break;
		if (codec < 128)
			out[n++] = (uint8_t)codec;
		i++; /* whatever stands between */
	}
	return n;
}

/*
 * The first codec that there is a file for. Only names are looked up here; the file is read
 * elsewhere.
 */
static bool choose_file(const struct compat *c, const struct rtpp_str *name, const uint8_t *codec,
			unsigned int count, char file[MEDIA_PATH_MAX], uint8_t *chosen)
{
	const char *dir = c->h->config->media.play_dir;
	char path[2 * MEDIA_PATH_MAX];

	if (name->len >= MEDIA_PATH_MAX)
		return false;
	snprintf(file, MEDIA_PATH_MAX, "%.*s", (int)name->len, name->s);
	for (unsigned int i = 0; i < count; i++) {
		if (dir[0] != '\0' && file[0] != '/')
			snprintf(path, sizeof(path), "%s/%s.%u", dir, file, codec[i]);
		else
			snprintf(path, sizeof(path), "%s.%u", file, codec[i]);
		if (access(path, R_OK) == 0) {
			*chosen = codec[i];
			return true;
		}
	}
	return false;
}

int play_start(struct compat *c, const struct rtpp_command *cmd, struct entry *e, unsigned int leg)
{
	struct media_play p = {.id = e->id,
			       .leg = leg,
			       .repeats = cmd->count < 0 ? -1 : cmd->count,
			       .codec_count = 1};
	const char *list = cmd->codecs.s;
	size_t len = cmd->codecs.len;
	uint8_t codec[MEDIA_CODECS_MAX];
	char file[MEDIA_PATH_MAX];
	struct session_error err;

	play_stop(c, e, leg);
	if (rtpp_str_is(&cmd->codecs, "session")) {
		list = e->codecs[leg];
		if (list == NULL)
			return RTPP_E_NO_CODECS;
		len = strlen(list);
	}
	if (cmd->count == 0)
		return RTPP_OK;
	if (c->media == NULL ||
	    !choose_file(c, &cmd->name, codec, read_codecs(list, len, codec), file, &p.codec[0]))
		return RTPP_E_PLAYER;
	p.file = file;
	if (media_play_start(c->media, &p, &err) == SESSION_OK)
		return RTPP_OK;
	tnd_warn("rtpproxy", "%s: nothing is played: %s", e->id, err.reason);
	return RTPP_E_PLAYER;
}

void play_stop(struct compat *c, struct entry *e, unsigned int leg)
{
	struct session_error err;

	if (c->media != NULL)
		media_play_stop(c->media, e->id, leg, NULL, &err);
}
