/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness_media.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include <rte_common.h>

#define PLAYERS_MAX 2048
#define CODECS_MAX  16
#define COPIES_MAX  4096

static struct {
	struct sessions *s;
	struct host *host;
	struct session_observer observer;
	struct dp_player player[PLAYERS_MAX];
	uint8_t *frames[PLAYERS_MAX];
	unsigned int players;
	char told[1 << 16];
	size_t told_len;
} m;

static void on_event(struct session_observer *o, const struct flow_event *ev, const char *id)
{
	char *to = m.told + m.told_len;
	size_t room = sizeof(m.told) - m.told_len;
	int n = 0;

	(void)o;
	if (ev->type == FLOW_EVENT_PLAYED)
		n = snprintf(to, room,
			     "{\"id\":\"%s\",\"leg\":%u,\"player\":%u,\"packets\":%u,\"why\":%u},",
			     id ? id : "", ev->leg % 2, ev->played.id, ev->played.packets,
			     ev->played.why);
	else if (ev->type == FLOW_EVENT_DTMF)
		n = snprintf(to, room,
			     "{\"id\":\"%s\",\"leg\":%u,\"digit\":%u,\"volume\":%u,\"ms\":%u},",
			     id ? id : "", ev->leg % 2, ev->dtmf.digit, ev->dtmf.volume,
			     ev->dtmf.duration_ms);
	if (n > 0 && (size_t)n < room)
		m.told_len += (size_t)n;
}

void media_begin(struct sessions *s, struct host *host)
{
	m.s = s;
	m.host = host;
	m.observer.event = on_event;
	sessions_observe(s, &m.observer);
}

void media_finish(void)
{
	for (unsigned int i = 0; i < m.players; i++)
		free(m.frames[i]);
	sessions_unobserve(&m.observer);
}

static void answer(char *out, size_t size, enum session_fault f, const struct session_error *err)
{
	if (f == SESSION_OK)
		snprintf(out, size, "ok");
	else
		snprintf(out, size, "error: %d %s %s", f, err->path, err->reason);
}

static bool set_one(struct session_media *c, struct session_codec *codec, const char *name,
		    const char *value)
{
	unsigned int n = (unsigned int)strtoul(value, NULL, 10);
	const char *colon = strchr(value, ':');

	if (strcmp(name, "copy") == 0)
		c->set_copy = true, c->copy = n;
	else if (strcmp(name, "mute") == 0)
		c->set_mute = true, c->mute = n;
	else if (strcmp(name, "twice") == 0)
		c->set_twice = true, c->twice = n;
	else if (strcmp(name, "below") == 0)
		c->twice_below = (uint16_t)n;
	else if (strcmp(name, "dtmf") == 0)
		c->set_dtmf = true, c->dtmf = n;
	else if (strcmp(name, "resize") == 0)
		c->set_resize = true, c->resize_ms = (uint16_t)n;
	else if (strcmp(name, "codec") == 0 && colon != NULL && c->codec_count < CODECS_MAX)
		codec[c->codec_count++] =
			(struct session_codec){(uint8_t)n, (uint8_t)strtoul(colon + 1, NULL, 10)};
	else
		return false;
	c->set_codecs |= c->codec_count > 0;
	return true;
}

static enum session_fault latch_host(const char *id, unsigned int leg, struct session_error *err)
{
	struct session_change c = {.id = id};
	struct session_answer a;

	c.leg[leg].set_latch = true;
	c.leg[leg].latch = LEG_LATCH_HOST;
	return session_update(m.s, &c, &a, err);
}

void media_set(char *args, char *out, size_t size)
{
	struct session_codec codec[CODECS_MAX];
	struct session_media c = {.codec = codec};
	struct session_error err = {0};
	char *save, *id = strtok_r(args, " ", &save), *leg_text = strtok_r(NULL, " ", &save), *word;
	enum session_fault f = SESSION_OK;
	unsigned int leg;

	if (leg_text == NULL) {
		snprintf(out, size, "error: media ID LEG NAME=VALUE …");
		return;
	}
	leg = (unsigned int)strtoul(leg_text, NULL, 10);
	while ((word = strtok_r(NULL, " ", &save)) != NULL) {
		char *value = strchr(word, '=');

		if (value == NULL) {
			snprintf(out, size, "error: %s", word);
			return;
		}
		*value++ = '\0';
		if (strcmp(word, "host") == 0) {
			f = latch_host(id, leg & 1, &err);
		} else if (!set_one(&c, codec, word, value)) {
			snprintf(out, size, "error: %s", word);
			return;
		}
	}
	if (f == SESSION_OK)
		f = session_media_set(m.s, id, leg, &c, &err);
	answer(out, size, f, &err);
}

static uint8_t *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	uint8_t *data = malloc(1 << 20);

	*len = f && data ? fread(data, 1, 1 << 20, f) : 0;
	if (f != NULL)
		fclose(f);
	return data;
}

void media_play(char *args, char *out, size_t size)
{
	struct dp_player *p = &m.player[m.players];
	unsigned int leg, type, frame_len, step, period, seq;
	struct session_error err = {0};
	char id[130], path[512];
	enum session_fault f;
	size_t len;
	int repeats;
	uint32_t ts, ssrc;

	if (m.players == PLAYERS_MAX ||
	    sscanf(args, "%129s %u %u %u %u %u %d %u %u %u %511s", id, &leg, &type, &frame_len,
		   &step, &period, &repeats, &seq, &ts, &ssrc, path) != 11) {
		snprintf(out, size, "error: play ID LEG TYPE …");
		return;
	}
	m.frames[m.players] = read_file(path, &len);
	*p = (struct dp_player){
		.frames = m.frames[m.players],
		.count = frame_len ? (uint32_t)(len / frame_len) : 0,
		.frame_len = (uint16_t)frame_len,
		.payload_type = (uint8_t)type,
		.repeats = repeats,
		.ts_step = step,
		.period_us = period,
		.id = m.players,
		.seq = (uint16_t)seq,
		.timestamp = ts,
		.ssrc = ssrc,
	};
	f = session_play_start(m.s, id, leg, p, &err);
	answer(out, size, f, &err);
	if (f == SESSION_OK)
		snprintf(out, size, "%u", m.players++);
	else
		free(m.frames[m.players]);
}

void media_halt(char *args, char *out, size_t size)
{
	unsigned long n = strtoul(args, NULL, 10);

	if (n < m.players)
		session_play_stop(m.s, &m.player[n]);
	snprintf(out, size, "ok");
}

static void dump(pcap_dumper_t *file, const struct rte_mbuf *c)
{
	uint64_t us = dp_copy_of(c)->tsc / (m.host->loop.tsc_per_ms / 1000);
	struct pcap_pkthdr hdr = {.caplen = c->pkt_len, .len = c->pkt_len};

	hdr.ts.tv_sec = (time_t)(us / 1000000);
	hdr.ts.tv_usec = (suseconds_t)(us % 1000000);
	pcap_dump((u_char *)file, &hdr, rte_pktmbuf_mtod(c, const u_char *));
}

void media_copies(char *args, char *out, size_t size)
{
	static struct rte_mbuf *copy[COPIES_MAX];
	pcap_t *pc = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *file;
	unsigned int worker, n;
	char path[512];
	size_t at = 0;

	if (sscanf(args, "%u %511s", &worker, path) != 2 ||
	    (file = pcap_dump_open(pc, path)) == NULL) {
		snprintf(out, size, "error: copies WORKER FILE");
		return;
	}
	n = dp_copy_receive(m.host->dp, (uint16_t)worker, copy, COPIES_MAX);
	at += (size_t)snprintf(out, size, "[");
	for (unsigned int i = 0; i < n; i++) {
		const struct dp_copy *c = dp_copy_of(copy[i]);

		dump(file, copy[i]);
		at += (size_t)snprintf(out + at, size - at,
				       "%s{\"leg\":%u,\"iface\":%u,\"l3\":%u,\"payload\":[%u,%u],"
				       "\"media\":%u}",
				       i ? "," : "", c->leg, c->iface, c->l3_off, c->payload_off,
				       c->payload_len, c->media);
		at = RTE_MIN(at, size - 2);
		rte_pktmbuf_free(copy[i]);
	}
	snprintf(out + at, size - at, "]");
	pcap_dump_close(file);
	pcap_close(pc);
}

void media_told(char *args, char *out, size_t size)
{
	(void)args;
	if (m.told_len > 0)
		m.told_len--; /* the comma */
	snprintf(out, size, "[%.*s]", (int)m.told_len, m.told);
	m.told_len = 0;
}
