/* SPDX-License-Identifier: BSD-3-Clause */
/* R, C and N: who is recorded, under which names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat_private.h"
#include "log.h"

/* Sinks of one session: each side's recording and copy, or one for both. */
static const char *const record_names[] = {"rtpproxy-0", "rtpproxy-1"};
static const char *const copy_names[] = {"rtpproxy-copy-0", "rtpproxy-copy-1"};
#define SINGLE_NAME "rtpproxy"

/* "<call-id>=<from-tag>", as rtpproxy names its files; further streams keep their ";<media>". */
static void make_file_name(const struct entry *e, char out[MEDIA_PATH_MAX])
{
	size_t len = e->tag.len;

	if (len > 2 && memcmp(e->tag.s + len - 2, ";1", 2) == 0)
		len -= 2;
	snprintf(out, MEDIA_PATH_MAX, "%s=%.*s", e->call_id.s, (int)len, e->tag.s);
}

/* One side, or both in one file. False: it is not recorded. */
static bool record(struct compat *c, struct entry *e, unsigned int leg, bool single,
		   const char *file)
{
	bool pcap = c->config->record_pcap;
	char name[MEDIA_PATH_MAX];
	struct session_error err;
	struct media_record m = {
		.id = e->id,
		.name = single && pcap ? SINGLE_NAME : record_names[leg],
		.file = file != NULL ? file : name,
		.legs = single && pcap ? MEDIA_BOTH : (uint8_t)(MEDIA_LEG_0 << leg),
		.o_leg = 0,
		.format = pcap ? MEDIA_PCAP : MEDIA_RTP,
		.one_file = single && pcap,
		.plain_endings = true,
		.no_rtcp = !c->config->record_rtcp,
	};
	bool created;

	make_file_name(e, name);
	if (media_record_start(c->media, &m, &created, &err) == SESSION_OK) {
		e->recorded = true;
		return true;
	}
	tnd_warn("rtpproxy", "%s: not recorded: %s", e->id, err.reason);
	return false;
}

int record_command(struct compat *c, const struct rtpp_command *cmd)
{
	struct entry *e = NULL;
	unsigned int n = 0;

	while (c->media != NULL && (e = book_next(&c->book, &cmd->call_id, e)) != NULL) {
		if (tag_match(&e->tag, &cmd->from) != TAG_NONE)
			n += record(c, e, 0, cmd->single, NULL);
		else if (tag_match(&e->tag, &cmd->to) != TAG_NONE)
			n += record(c, e, 1, cmd->single, NULL);
	}
	return n > 0 ? RTPP_OK : RTPP_E_NO_SESSION;
}

void record_all(struct compat *c, struct entry *e)
{
	for (unsigned int i = 0; c->media != NULL && i < SESSION_LEGS; i++)
		record(c, e, i, c->config->record_pcap, NULL);
}

/* "udp:10.0.0.3:5000", "udp:[2001:db8::3]:5000" */
static bool parse_udp(const struct rtpp_str *text, union wire_ip *ip, uint16_t *port)
{
	char copy[WIRE_IP_STRLEN + 16], *colon, *host = copy, *end;
	unsigned long n;

	if (text->len < 4 || text->len - 4 >= sizeof(copy))
		return false;
	memcpy(copy, text->s + 4, text->len - 4);
	copy[text->len - 4] = '\0';
	colon = strrchr(copy, ':');
	if (colon == NULL)
		return false;
	*colon = '\0';
	if (host[0] == '[' && colon[-1] == ']') {
		host++;
		colon[-1] = '\0';
	}
	n = strtoul(colon + 1, &end, 10);
	*port = (uint16_t)n;
	return colon[1] >= '0' && colon[1] <= '9' && *end == '\0' && n > 0 && n <= UINT16_MAX &&
	       wire_ip_parse(host, ip) == 0;
}

static int copy_udp(struct compat *c, const struct rtpp_command *cmd, struct entry *e,
		    unsigned int leg, struct rtpp_reply *r)
{
	struct media_copy m = {
		.id = e->id,
		.name = copy_names[leg],
		.legs = (uint8_t)(MEDIA_LEG_0 << leg),
		.no_rtcp = !c->config->record_rtcp,
	};
	struct session_endpoint local;
	struct session_error err;
	char ip[WIRE_IP_STRLEN];
	bool created;

	if (!parse_udp(&cmd->name, &m.ip, &m.port) ||
	    media_copy_start(c->media, &m, &created, &local, &err) != SESSION_OK)
		return RTPP_E_COPY;
	e->recorded = true;
	if (cmd->reply_port)
		rtpp_reply_add(r, "%u %s%s", local.port, wire_ip_format(&local.ip, ip),
			       wire_ip_is4(&local.ip) ? "" : " 6");
	return RTPP_OK;
}

int record_copy(struct compat *c, const struct rtpp_command *cmd, struct entry *e, unsigned int leg,
		struct rtpp_reply *r)
{
	bool udp = cmd->name.len > 4 && memcmp(cmd->name.s, "udp:", 4) == 0;
	char name[MEDIA_PATH_MAX];

	if (c->media == NULL || (cmd->reply_port && !udp))
		return RTPP_E_COPY;
	if (udp)
		return copy_udp(c, cmd, e, leg, r);
	snprintf(name, sizeof(name), "%.*s", (int)cmd->name.len, cmd->name.s);
	return record(c, e, leg, cmd->single, name) ? RTPP_OK : RTPP_E_COPY;
}

int record_forward(struct compat *c, const struct rtpp_sub *from, struct entry *e, unsigned int leg)
{
	unsigned int heard_by;
	const struct entry *source =
		book_find(&c->book, &from->call_id, &from->from, &from->to, &heard_by);
	struct media_forward f = {.to = e->id};
	struct session_error err;

	if (source == NULL || c->media == NULL)
		return -1;
	f.id = source->id;
	/* What comes on the other leg than heard_by is to go out at `leg`. */
	f.cross = 1 - heard_by != leg;
	if (media_forward_start(c->media, &f, &err) == SESSION_OK)
		return 0;
	tnd_warn("rtpproxy", "%s: does not get what comes in %s: %s", e->id, source->id,
		 err.reason);
	return -1;
}

static unsigned int stop(struct compat *c, const struct entry *e, const char *name)
{
	struct session_error err;
	unsigned int n = 0;

	if (media_sink_stop(c->media, e->id, MEDIA_KIND_RECORD | MEDIA_KIND_COPY, name, &n, &err) !=
	    SESSION_OK)
		return 0;
	return n;
}

static unsigned int stop_side(struct compat *c, const struct entry *e, unsigned int leg, bool all)
{
	unsigned int n = stop(c, e, record_names[leg]) + stop(c, e, copy_names[leg]);

	if (all)
		n += stop(c, e, record_names[1 - leg]) + stop(c, e, copy_names[1 - leg]);
	return n + stop(c, e, SINGLE_NAME);
}

int record_stop(struct compat *c, const struct rtpp_command *cmd)
{
	struct entry *e = NULL;
	unsigned int n = 0;

	while (c->media != NULL && (e = book_next(&c->book, &cmd->call_id, e)) != NULL) {
		if (!e->recorded)
			continue;
		if (tag_match(&e->tag, &cmd->from) != TAG_NONE)
			n += stop_side(c, e, 0, cmd->all);
		else if (tag_match(&e->tag, &cmd->to) != TAG_NONE)
			n += stop_side(c, e, 1, cmd->all);
	}
	return n > 0 ? RTPP_OK : RTPP_E_NO_SESSION;
}
