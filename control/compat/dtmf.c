/* SPDX-License-Identifier: BSD-3-Clause */
/* Telephone keys (RFC 4733), told to whom timeouts are told to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat_private.h"
#include "session_media.h"

#define PAYLOAD_TYPE 101 /* what rtpproxy takes for telephone-event */
#define CLOCK_KHZ    8   /* durations are told in its ticks */

static int watch_keys(struct compat *c, const struct entry *e, unsigned int leg, bool on)
{
	const struct session_codec codec = {PAYLOAD_TYPE, FLOW_CODEC_EVENT_8};
	const struct session_media m = {
		.set_dtmf = true, .dtmf = on, .set_codecs = on, .codec_count = 1, .codec = &codec};
	struct session_error err;

	return session_media_set(c->s, e->id, leg, &m, &err) == SESSION_OK ? 0 : -1;
}

int dtmf_catch(struct compat *c, struct entry *e, unsigned int leg, const struct rtpp_str *tag)
{
	char *text = NULL;
	int len = 0;

	if (e->target == NULL)
		return -1;
	if (tag->s != NULL) {
		text = malloc(tag->len);
		len = text != NULL ? rtpp_unescape(tag, text, tag->len) : -1;
	}
	if (len < 0 || watch_keys(c, e, leg, tag->s != NULL) != 0) {
		free(text);
		return -1;
	}
	free(e->dtmf_tag[leg]);
	e->dtmf_tag[leg] = text;
	e->dtmf_len[leg] = (size_t)len;
	return 0;
}

void dtmf_observed(struct session_observer *o, const struct flow_event *ev, const char *id)
{
	static const char digits[] = "0123456789*#ABCD!";
	struct compat *c = tnd_container_of(o, struct compat, observer);
	unsigned int leg = ev->leg % SESSION_LEGS;
	struct entry *e = id != NULL && ev->leg / SESSION_LEGS < c->book.limit
				  ? c->book.by_index[ev->leg / SESSION_LEGS]
				  : NULL;
	char line[512];
	int len;

	if (e == NULL || ev->type != FLOW_EVENT_DTMF || e->target == NULL ||
	    e->dtmf_tag[leg] == NULL || ev->dtmf.digit >= sizeof(digits) - 1)
		return;
	/* rtpproxy's side 1 is the caller. */
	len = snprintf(line, sizeof(line), "%.*s %c %u %u %u", (int)RTE_MIN(e->dtmf_len[leg], 400u),
		       e->dtmf_tag[leg], digits[ev->dtmf.digit], ev->dtmf.volume,
		       ev->dtmf.duration_ms * CLOCK_KHZ, 1 - leg);
	target_tell(e->target, line, (size_t)len, true);
}
