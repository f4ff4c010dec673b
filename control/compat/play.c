/* SPDX-License-Identifier: BSD-3-Clause */
/* P and S: announcements and music on hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void on_started(void *arg, enum session_fault f, const struct session_error *err)
{
	if (f != SESSION_OK)
		tnd_warn("rtpproxy", "nothing is played: %s", err->reason);
	later_done(arg, f == SESSION_OK          ? RTPP_OK
			: f == SESSION_NOT_FOUND ? RTPP_E_NO_SESSION
						 : RTPP_E_PLAYER);
}

int play_start(struct compat *c, const struct rtpp_command *cmd, struct entry *e, unsigned int leg)
{
	struct media_play p = {.id = e->id,
			       .leg = leg,
			       .repeats = cmd->count < 0 ? -1 : cmd->count,
			       .started = on_started};
	const char *list = cmd->codecs.s;
	size_t len = cmd->codecs.len;
	char file[MEDIA_PATH_MAX + 1];
	struct session_error err;
	struct waiter *w;

	play_stop(c, e, leg);
	if (rtpp_str_is(&cmd->codecs, "session")) {
		list = e->codecs[leg];
		if (list == NULL)
			return RTPP_E_NO_CODECS;
		len = strlen(list);
	}
	if (cmd->count == 0)
		return RTPP_OK;
	p.codec_count = (uint8_t)read_codecs(list, len, p.codec);
	if (c->media == NULL || cmd->name.len > MEDIA_PATH_MAX || p.codec_count == 0)
		return RTPP_E_PLAYER;
	w = later_new(c);
	if (w == NULL)
		return RTPP_E_MEMORY;
	snprintf(file, sizeof(file), "%.*s", (int)cmd->name.len, cmd->name.s);
	p.file = file;
	p.arg = w;
	if (media_play_start(c->media, &p, &err) == SESSION_OK) {
		c->later = w;
		return RTPP_OK;
	}
	later_free(w);
	tnd_warn("rtpproxy", "%s: nothing is played: %s", e->id, err.reason);
	return RTPP_E_PLAYER;
}

void play_stop(struct compat *c, struct entry *e, unsigned int leg)
{
	struct session_error err;

	if (c->media != NULL)
		media_play_stop(c->media, e->id, leg, NULL, &err);
}
