/* SPDX-License-Identifier: BSD-3-Clause */
/* record.*, capture.* and play.*: the schema's names to those of media/, and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media.h"
#include "rpc.h"

_Static_assert((int)API_RECORD_FORMAT_PCAP == MEDIA_PCAP &&
		       (int)API_RECORD_FORMAT_RTP == MEDIA_RTP &&
		       (int)API_RECORD_FORMAT_PCAPNG == MEDIA_PCAPNG,
	       "one order");

static struct media *media_of(struct rpc_call *c)
{
	struct media *m = rpc_api(c)->media;

	if (m == NULL)
		rpc_fail(c, API_ERR_UNSUPPORTED, NULL, "there is no recorder here");
	return m;
}

static void answer_started(struct rpc_call *c, const char *id, const char *name, bool created,
			   const struct session_endpoint *local)
{
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, "result", '{');
	json_w_string(b, "id", id);
	json_w_string(b, "name", name);
	json_w_bool(b, "created", created);
	if (local != NULL && local->port != 0)
		session_w_endpoint(b, "local", local);
	json_w_close(b, '}');
	rpc_done(c);
}

static void answer_stopped(struct rpc_call *c, const char *id, unsigned int stopped)
{
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, "result", '{');
	json_w_string(b, "id", id);
	json_w_uint(b, "stopped", stopped);
	json_w_close(b, '}');
	rpc_done(c);
}

/* ---- record -------------------------------------------------------------------------------- */

static uint8_t legs_of(const struct api_record_start *p)
{
	return p->has_leg ? (uint8_t)(1 << p->leg) : MEDIA_BOTH;
}

static void start_copy(struct rpc_call *c, struct media *m, const struct api_record_start *p)
{
	struct media_copy mc = {.id = p->id,
				.name = p->has_name ? p->name : NULL,
				.legs = legs_of(p),
				.no_rtcp = !p->rtcp,
				.port = (uint16_t)p->udp.port};
	struct session_endpoint local;
	struct session_error err;
	bool created;

	if (p->has_format || p->has_one_file || p->has_file) {
		rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/udp",
			 "not together with format, one_file and file");
		return;
	}
	if (wire_ip_parse(p->udp.ip, &mc.ip) != 0) {
		rpc_fail(c, API_ERR_INVALID_PARAMS, "/params/udp/ip",
			 "not an IPv4 or IPv6 address");
		return;
	}
	if (media_copy_start(m, &mc, &created, &local, &err) != SESSION_OK)
		rpc_fail_session(c, &err);
	else
		answer_started(c, p->id, p->has_name ? p->name : "copy", created, &local);
}

void rpc_record_start(struct rpc_call *c, const void *params)
{
	const struct api_record_start *p = params;
	struct media_record r = {.id = p->id,
				 .name = p->has_name ? p->name : NULL,
				 .file = p->has_file ? p->file : NULL,
				 .legs = legs_of(p),
				 .format = (enum media_format)p->format,
				 .one_file = p->one_file,
				 .no_rtcp = !p->rtcp};
	struct media *m = media_of(c);
	struct session_error err;
	bool created;

	if (m == NULL)
		return;
	if (p->has_udp)
		start_copy(c, m, p);
	else if (media_record_start(m, &r, &created, &err) != SESSION_OK)
		rpc_fail_session(c, &err);
	else
		answer_started(c, p->id, p->has_name ? p->name : "record", created, NULL);
}

static void stop_sinks(struct rpc_call *c, const char *id, unsigned int kinds, const char *name)
{
	struct media *m = media_of(c);
	struct session_error err;
	unsigned int stopped;

	if (m == NULL)
		return;
	if (media_sink_stop(m, id, kinds, name, &stopped, &err) != SESSION_OK)
		rpc_fail_session(c, &err);
	else
		answer_stopped(c, id, stopped);
}

void rpc_record_stop(struct rpc_call *c, const void *params)
{
	const struct api_record_stop *p = params;

	stop_sinks(c, p->id, MEDIA_KIND_RECORD | MEDIA_KIND_COPY, p->has_name ? p->name : NULL);
}

/* ---- capture ------------------------------------------------------------------------------- */

void rpc_capture_start(struct rpc_call *c, const void *params)
{
	const struct api_capture_start *p = params;
	struct media_capture mc = {.id = p->id,
				   .name = p->has_name ? p->name : NULL,
				   .file = p->has_file ? p->file : NULL,
				   .max_s = (uint32_t)p->max_s,
				   .max_bytes = (uint64_t)p->max_bytes};
	struct media *m = media_of(c);
	struct session_error err;
	bool created;

	if (m == NULL)
		return;
	if (media_capture_start(m, &mc, &created, &err) != SESSION_OK)
		rpc_fail_session(c, &err);
	else
		answer_started(c, p->id, p->has_name ? p->name : "capture", created, NULL);
}

void rpc_capture_stop(struct rpc_call *c, const void *params)
{
	const struct api_capture_stop *p = params;

	stop_sinks(c, p->id, MEDIA_KIND_CAPTURE, p->has_name ? p->name : NULL);
}

/* ---- play ---------------------------------------------------------------------------------- */

/* A play that is about to begin. */
struct play_request {
	struct rpc_call *call;
	unsigned int leg;
	char id[SESSION_ID_MAX + 1];
};

static void play_started(void *arg, enum session_fault f, const struct session_error *err)
{
	struct play_request *r = arg;
	struct rpc_call *c = r->call;
	struct tnd_buf *b;

	if (f != SESSION_OK) {
		rpc_fail_session(c, err);
	} else {
		b = rpc_result(c);
		json_w_open(b, "result", '{');
		json_w_string(b, "id", r->id);
		json_w_uint(b, "leg", r->leg);
		json_w_close(b, '}');
		rpc_done(c);
	}
	free(r);
}

void rpc_play_start(struct rpc_call *c, const void *params)
{
	const struct api_play_start *p = params;
	const int64_t *codecs = p->codecs.items;
	struct media_play mp = {.id = p->id,
				.leg = (unsigned int)p->leg,
				.file = p->file,
				.repeats = (int32_t)p->repeats,
				.started = play_started};
	struct media *m = media_of(c);
	struct session_error err;
	struct play_request *r;

	if (m == NULL)
		return;
	r = malloc(sizeof(*r));
	if (r == NULL) {
		rpc_done(c); /* without a result: no memory */
		return;
	}
	*r = (struct play_request){.call = c, .leg = mp.leg};
	snprintf(r->id, sizeof(r->id), "%s", p->id);
	mp.arg = r;
	for (size_t i = 0; i < p->codecs.count && i < MEDIA_CODECS_MAX; i++)
		mp.codec[mp.codec_count++] = (uint8_t)codecs[i];
	if (media_play_start(m, &mp, &err) != SESSION_OK) {
		free(r);
		rpc_fail_session(c, &err);
	}
}

void rpc_play_stop(struct rpc_call *c, const void *params)
{
	const struct api_play_stop *p = params;
	struct media *m = media_of(c);
	struct session_error err;
	unsigned int stopped = 0;

	if (m == NULL)
		return;
	for (unsigned int i = 0; i < SESSION_LEGS; i++) {
		bool was;

		if (p->has_leg && p->leg != i)
			continue;
		if (media_play_stop(m, p->id, i, &was, &err) != SESSION_OK) {
			rpc_fail_session(c, &err);
			return;
		}
		stopped += was;
	}
	answer_stopped(c, p->id, stopped);
}
