/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_debug.h>

#include "log.h"

#define PARAMS_MAX 1024 /* bytes of the largest params struct, arrays apart */

static rpc_handler const handlers[API_METHOD_COUNT] = {
	[API_METHOD_SYSTEM_HELLO] = rpc_system_hello,
	[API_METHOD_SYSTEM_METHODS] = rpc_system_methods,
	[API_METHOD_SYSTEM_SCHEMA] = rpc_system_schema,
	[API_METHOD_SYSTEM_HEALTH] = rpc_system_health,
	[API_METHOD_SYSTEM_DRAIN] = rpc_system_drain,
	[API_METHOD_CONFIG_GET] = rpc_config_get,
	[API_METHOD_CONFIG_TEST] = rpc_config_test,
	[API_METHOD_INTERFACE_LIST] = rpc_interface_list,
	[API_METHOD_NEIGHBOUR_LIST] = rpc_neighbour_list,
	[API_METHOD_STATS_GET] = rpc_stats_get,
	[API_METHOD_SESSION_CREATE] = rpc_session_create,
	[API_METHOD_SESSION_UPDATE] = rpc_session_update,
	[API_METHOD_SESSION_GET] = rpc_session_get,
	[API_METHOD_SESSION_LIST] = rpc_session_list,
	[API_METHOD_SESSION_DELETE] = rpc_session_delete,
	[API_METHOD_SESSION_OFFER] = rpc_session_offer,
	[API_METHOD_SESSION_ANSWER] = rpc_session_answer,
	[API_METHOD_RECORD_START] = rpc_record_start,
	[API_METHOD_RECORD_STOP] = rpc_record_stop,
	[API_METHOD_CAPTURE_START] = rpc_capture_start,
	[API_METHOD_CAPTURE_STOP] = rpc_capture_stop,
	[API_METHOD_PLAY_START] = rpc_play_start,
	[API_METHOD_PLAY_STOP] = rpc_play_stop,
	[API_METHOD_TUNNEL_DIAL] = rpc_tunnel_dial,
	[API_METHOD_TUNNEL_HANGUP] = rpc_tunnel_hangup,
	[API_METHOD_TUNNEL_DIALS] = rpc_tunnel_dials,
	[API_METHOD_TUNNEL_CREATE] = rpc_tunnel_create,
	[API_METHOD_TUNNEL_OFFER] = rpc_tunnel_offer,
	[API_METHOD_TUNNEL_ANSWER] = rpc_tunnel_answer,
	[API_METHOD_TUNNEL_UPDATE] = rpc_tunnel_update,
	[API_METHOD_TUNNEL_GET] = rpc_tunnel_get,
	[API_METHOD_TUNNEL_LIST] = rpc_tunnel_list,
	[API_METHOD_TUNNEL_STATS] = rpc_tunnel_stats,
	[API_METHOD_TUNNEL_DELETE] = rpc_tunnel_delete,
	[API_METHOD_USER_ADD] = rpc_user_add,
	[API_METHOD_USER_GET] = rpc_user_get,
	[API_METHOD_USER_LIST] = rpc_user_list,
	[API_METHOD_USER_DELETE] = rpc_user_delete,
	[API_METHOD_USER_IMPORT] = rpc_user_import,
	[API_METHOD_USER_EXPORT] = rpc_user_export,
	[API_METHOD_EVENTS_SUBSCRIBE] = rpc_events_subscribe,
	[API_METHOD_EVENTS_UNSUBSCRIBE] = rpc_events_unsubscribe,
};

struct rpc_run {
	struct tnd_list link; /* in api.runs */
	struct api *api;
	struct rpc_client *client; /* NULL: abandoned */
	struct json_value *root;
	const struct json_value *next; /* request to begin with */
	struct tnd_list calls;         /* begun and not sent, in order */
	unsigned int call_count, open; /* of these, without an answer */
	bool batch;
	bool replied; /* a batch's bracket is out */
	bool stepping;
	bool held; /* by api.importing, before `next` */
};

struct rpc_call {
	struct tnd_list link;
	struct rpc_run *run;
	struct tnd_buf out; /* the reply */
	size_t head;        /* of these, before "result" or "error" */
	bool notification;
	bool done;
};

/* ---- replies ------------------------------------------------------------------------------- */

static const char *error_name(int code)
{
	for (size_t i = 0; i < api_error_count; i++)
		if (api_errors[i].code == code)
			return api_errors[i].name;
	return "internal_error";
}

static void write_head(struct tnd_buf *b, const struct json_value *id)
{
	json_w_open(b, NULL, '{');
	json_w_string(b, "jsonrpc", "2.0");
	if (id != NULL)
		json_w_value(b, "id", id);
	else
		json_w_null(b, "id");
}

static void write_error(struct tnd_buf *b, int code, const char *path, const char *reason)
{
	json_w_open(b, "error", '{');
	json_w_int(b, "code", code);
	json_w_string(b, "message", reason);
	json_w_open(b, "data", '{');
	json_w_string(b, "name", error_name(code));
	if (path != NULL)
		json_w_string(b, "path", path);
	json_w_close(b, '}');
	json_w_close(b, '}');
}

void rpc_write_error(struct tnd_buf *out, int code, const char *path, const char *reason)
{
	write_head(out, NULL);
	write_error(out, code, path, reason);
	tnd_buf_adds(out, "}\n");
}

struct api *rpc_api(const struct rpc_call *c)
{
	return c->run->api;
}

struct rpc_client *rpc_client(const struct rpc_call *c)
{
	return c->run->client;
}

struct tnd_buf *rpc_result(struct rpc_call *c)
{
	return &c->out;
}

static void free_call(struct rpc_call *c)
{
	tnd_list_del(&c->link);
	c->run->call_count--;
	tnd_buf_free(&c->out);
	free(c);
}

static void free_run(struct rpc_run *run)
{
	struct tnd_list *pos, *tmp;

	tnd_list_for_each_safe (pos, tmp, &run->calls) {
		free_call(tnd_container_of(pos, struct rpc_call, link));
	}
	tnd_list_del(&run->link);
	json_free(run->root);
	free(run);
}

static void finish(struct rpc_call *c)
{
	struct rpc_run *run = c->run;

	json_w_close(&c->out, '}');
	c->done = true;
	run->open--;
	if (run->client == NULL) {
		if (run->open == 0 && !run->stepping)
			free_run(run);
	} else if (!run->stepping) {
		run->client->wake(run->client);
	}
}

void rpc_done(struct rpc_call *c)
{
	if (c->out.oom || c->out.len == c->head) {
		rpc_fail(c, API_ERR_NO_MEMORY, NULL, "out of memory");
		return;
	}
	finish(c);
}

void rpc_fail(struct rpc_call *c, int code, const char *path, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (c->out.oom) { /* what was written is lost, its id too */
		tnd_buf_reset(&c->out);
		write_head(&c->out, NULL);
	} else {
		c->out.len = c->head;
	}
	write_error(&c->out, code, path, reason);
	c->run->api->errors++;
	finish(c);
}

/* ---- requests ------------------------------------------------------------------------------ */

struct envelope {
	const struct json_value *id, *params;
	const char *method;
	char path[64]; /* with a fault */
	const char *reason;
};

static bool bad_envelope(struct envelope *e, const char *key, const char *reason)
{
	snprintf(e->path, sizeof(e->path), "%s%s", key[0] ? "/" : "", key);
	e->reason = reason;
	return false;
}

static bool id_ok(const struct json_value *v)
{
	return json_is_string(v) || json_is_number(v) || json_is_null(v);
}

/* JSON-RPC 2.0 §4; e->id is set as far as it is one. */
static bool read_envelope(const struct json_value *v, struct envelope *e)
{
	const struct json_value *m, *version, *method;

	*e = (struct envelope){0};
	if (!json_is_object(v))
		return bad_envelope(e, "", "a request is an object");
	m = json_member(v, "id");
	if (m != NULL && id_ok(m))
		e->id = m;
	else if (m != NULL)
		return bad_envelope(e, "id", "an id is a string, a number or null");
	for (m = json_first(v); m != NULL; m = json_next(m)) {
		const char *key = json_key(m);

		if (strcmp(key, "jsonrpc") != 0 && strcmp(key, "id") != 0 &&
		    strcmp(key, "method") != 0 && strcmp(key, "params") != 0)
			return bad_envelope(e, key, "unknown member of a request");
	}
	version = json_member(v, "jsonrpc");
	if (version == NULL || !json_is_string(version) || strcmp(json_string(version), "2.0") != 0)
		return bad_envelope(e, "jsonrpc", "must be \"2.0\"");
	method = json_member(v, "method");
	if (method == NULL || !json_is_string(method))
		return bad_envelope(e, "method", "must be a string");
	e->method = json_string(method);
	e->params = json_member(v, "params");
	if (e->params != NULL && !json_is_object(e->params) && !json_is_array(e->params))
		return bad_envelope(e, "params", "must be an object");
	return true;
}

static int find_method(const char *name)
{
	for (int i = 0; i < API_METHOD_COUNT; i++)
		if (strcmp(api_methods[i].name, name) == 0)
			return i;
	return -1;
}

static bool reserved(const char *name)
{
	for (const char *const *p = api_reserved_prefixes; *p != NULL; p++)
		if (strncmp(name, *p, strlen(*p)) == 0)
			return true;
	return false;
}

/* Check the params whole, then call the handler. */
static void call_handler(struct rpc_call *c, int id, const struct json_value *v)
{
	const struct api_method *m = &api_methods[id];
	_Alignas(max_align_t) char params[PARAMS_MAX];
	struct json_error err;
	int rc;

	RTE_VERIFY(m->params->size <= sizeof(params));
	rc = json_decode(v != NULL ? v : c->run->api->empty, m->params, "/params", params, &err);
	if (rc == 0)
		handlers[id](c, params);
	else if (rc == -EINVAL)
		rpc_fail(c, API_ERR_INVALID_PARAMS, err.path, "%s", err.reason);
	else
		rpc_fail(c, API_ERR_NO_MEMORY, NULL, "out of memory");
	json_decode_free(m->params, params);
}

static void dispatch(struct rpc_call *c, const struct envelope *e)
{
	struct rpc_client *client = c->run->client;
	int id = find_method(e->method);

	if (id < 0 && reserved(e->method)) {
		rpc_fail(c, API_ERR_UNSUPPORTED, NULL, "%s is not supported", e->method);
	} else if (id < 0) {
		rpc_fail(c, API_ERR_METHOD_NOT_FOUND, NULL, "no such method");
	} else if (api_methods[id].write && !client->may_write) {
		rpc_fail(c, API_ERR_DENIED, NULL, "%s is not for the read-only socket",
			 api_methods[id].name);
	} else if (handlers[id] == NULL) {
		rpc_fail(c, API_ERR_UNSUPPORTED, NULL, "%s is not supported", e->method);
	} else {
		if (api_methods[id].write)
			client->writes(client, api_methods[id].name);
		call_handler(c, id, e->params);
	}
}

/* False: no memory for it. */
static bool begin_call(struct rpc_run *run, const struct json_value *v)
{
	struct rpc_call *c = calloc(1, sizeof(*c));
	struct envelope e;
	bool ok;

	if (c == NULL)
		return false;
	c->run = run;
	c->out.secret = true;
	tnd_list_add_tail(&run->calls, &c->link);
	run->call_count++;
	run->open++;
	run->api->requests++;
	ok = read_envelope(v, &e);
	/* An invalid request is told of even without an id (JSON-RPC 2.0 §7). */
	c->notification = ok && e.id == NULL;
	write_head(&c->out, e.id);
	c->head = c->out.len;
	if (ok)
		dispatch(c, &e);
	else
		rpc_fail(c, API_ERR_INVALID_REQUEST, e.path, "%s", e.reason);
	return true;
}

/* ---- runs ---------------------------------------------------------------------------------- */

/* A line that is no request at all: one call, failed. */
static void begin_failed(struct rpc_run *run, int code, const char *path, const char *reason)
{
	struct rpc_call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return;
	c->run = run;
	c->out.secret = true;
	tnd_list_add_tail(&run->calls, &c->link);
	run->call_count++;
	run->open++;
	write_head(&c->out, NULL);
	c->head = c->out.len;
	rpc_fail(c, code, path, "%s", reason);
}

static void begin_batch(struct rpc_run *run)
{
	size_t n = json_count(run->root);

	if (n == 0) {
		begin_failed(run, API_ERR_INVALID_REQUEST, "", "an empty batch");
	} else if (n > RPC_BATCH_MAX) {
		begin_failed(run, API_ERR_INVALID_REQUEST, "", "too many requests in a batch");
	} else {
		run->batch = true;
		run->next = json_first(run->root);
	}
}

struct rpc_run *rpc_start(struct api *a, struct rpc_client *client, const char *text, size_t len)
{
	struct rpc_run *run = calloc(1, sizeof(*run));
	struct json_error err;
	int rc;

	if (run == NULL)
		return NULL;
	run->api = a;
	run->client = client;
	run->stepping = true;
	tnd_list_init(&run->calls);
	tnd_list_add_tail(&a->runs, &run->link);
	rc = json_parse(text, len, &run->root, &err);
	if (rc == -EINVAL)
		begin_failed(run, API_ERR_PARSE_ERROR, err.path, err.reason);
	else if (rc != 0)
		begin_failed(run, API_ERR_NO_MEMORY, NULL, "out of memory");
	else if (json_is_array(run->root))
		begin_batch(run);
	else
		run->next = run->root;
	run->stepping = false;
	return run;
}

/* Replies that are there, and before which none is missing. */
static void send_ready(struct rpc_run *run, struct tnd_buf *out)
{
	while (!tnd_list_empty(&run->calls)) {
		struct rpc_call *c = tnd_container_of(run->calls.next, struct rpc_call, link);

		if (!c->done)
			break;
		if (!c->notification) {
			if (run->batch)
				tnd_buf_addc(out, run->replied ? ',' : '[');
			if (c->out.oom)
				out->oom = true;
			else
				tnd_buf_add(out, c->out.data, c->out.len);
			run->replied = true;
		}
		free_call(c);
	}
}

/* Users who come in may not stay: who would see them, or change them, waits. */
static bool is_held(const struct rpc_run *run)
{
	const struct json_value *m = NULL;

	if (run->api->importing == NULL)
		return false;
	if (json_is_object(run->next))
		m = json_member(run->next, "method");
	return m != NULL && json_is_string(m) &&
	       (strncmp(json_string(m), "user.", 5) == 0 ||
		strncmp(json_string(m), "tunnel.", 7) == 0);
}

enum rpc_progress rpc_step(struct rpc_run *run, unsigned int budget, struct tnd_buf *out,
			   size_t out_max)
{
	run->stepping = true;
	run->held = false;
	send_ready(run, out);
	while (run->next != NULL && budget-- > 0 && out->len < out_max &&
	       run->open < RPC_OPEN_MAX) {
		run->held = is_held(run);
		if (run->held)
			break;
		if (!begin_call(run, run->next)) {
			out->oom = true;
			break;
		}
		run->next = run->batch ? json_next(run->next) : NULL;
		send_ready(run, out);
	}
	run->stepping = false;
	if (run->next != NULL)
		return run->open < RPC_OPEN_MAX && !run->held ? RPC_MORE : RPC_WAIT;
	if (run->call_count > 0)
		return RPC_WAIT;
	if (run->replied)
		tnd_buf_adds(out, run->batch ? "]\n" : "\n");
	free_run(run);
	return RPC_DONE;
}

void rpc_abandon(struct rpc_run *run)
{
	run->client = NULL;
	run->next = NULL;
	if (run->open == 0)
		free_run(run);
}

void rpc_go_on(struct api *a)
{
	struct tnd_list *pos, *tmp;

	tnd_list_for_each_safe (pos, tmp, &a->runs) {
		struct rpc_run *run = tnd_container_of(pos, struct rpc_run, link);

		if (run->held && run->client != NULL)
			run->client->wake(run->client);
	}
}

void rpc_free_runs(struct api *a)
{
	while (!tnd_list_empty(&a->runs))
		free_run(tnd_container_of(a->runs.next, struct rpc_run, link));
}
