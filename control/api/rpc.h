/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON-RPC 2.0: from a line of text to calls of handlers, and back. Knows nothing of sockets.
 *
 * A line becomes a run: one request, or a batch, carried out a slice at a time (rpc_step) so
 * that a long batch holds up nobody. Each request is one call; its handler answers at once or
 * later, and replies leave in the order of the requests.
 */
#ifndef RPC_H
#define RPC_H

#include <stdbool.h>
#include <stddef.h>

#include "api.h"
#include "api_tables.h"
#include "buf.h"
#include "events.h"
#include "json.h"
#include "list.h"

#define RPC_BATCH_MAX 8192 /* requests; more than fit on a line of 256 KiB if they say anything */
#define RPC_OPEN_MAX  4096 /* of a batch, begun and not answered */

struct api_server;
struct health;
struct sdp_calls;
struct media;
struct dials;

struct api {
	struct host *h;
	struct sessions *sessions;
	struct sdp_calls *sdp;   /* calls by SDP */
	struct media *media;     /* NULL: nothing is recorded or played */
	struct tunnels *tunnels; /* NULL: no interface is an inner one */
	struct dials *dials;     /* NULL: no inner interface, so that nothing can be dialled */
	struct events events;
	struct health *health;
	struct api_server *server; /* NULL in tests */
	struct json_value *empty;  /* {}: params that are absent */
	struct tnd_list runs;      /* all, those abandoned too */
	struct tnd_list inputs;    /* of api_input(), not answered yet */
	/* user.import under way, or NULL: requests about users and tunnels don't begin meanwhile.
	 */
	struct user_importing *importing;
	char instance[17];
	uint64_t requests, errors;
};

/* Who sends lines. */
struct rpc_client {
	bool may_write;
	struct event_sub sub;
	/* A run that waited may go on. */
	void (*wake)(struct rpc_client *c);
	/* A method of access write is about to be carried out. */
	void (*writes)(struct rpc_client *c, const char *method);
};

struct rpc_run;

/* NULL: no memory. The text is not needed any more afterwards. */
struct rpc_run *rpc_start(struct api *a, struct rpc_client *c, const char *text, size_t len);

enum rpc_progress {
	RPC_DONE, /* the run is gone, its reply complete */
	RPC_MORE, /* step again */
	RPC_WAIT, /* client->wake() will be called */
};
/*
 * Carry out up to `budget` requests, while `out` holds less than `out_max` bytes; what is
 * answered in order is added to it, the last with a LF.
 */
enum rpc_progress rpc_step(struct rpc_run *run, unsigned int budget, struct tnd_buf *out,
			   size_t out_max);
/* The client is gone: what has begun ends, what has not never begins. */
void rpc_abandon(struct rpc_run *run);
/* Nothing is importing any more: what has waited for that begins. */
void rpc_go_on(struct api *a);
/* Free all runs, with no callback to come any more. */
void rpc_free_runs(struct api *a);

/* A reply that is an error to no particular request, with its LF. */
void rpc_write_error(struct tnd_buf *out, int code, const char *path, const char *reason);

/* ---- for handlers ------------------------------------------------------------------------ */

struct rpc_call;

/* Exactly one of rpc_done() and rpc_fail() ends every call, during the handler or later. */
typedef void (*rpc_handler)(struct rpc_call *c, const void *params);

struct api *rpc_api(const struct rpc_call *c);
struct rpc_client *rpc_client(const struct rpc_call *c); /* during the handler only */

/* Where a member "result" is to be added; then rpc_done(). */
struct tnd_buf *rpc_result(struct rpc_call *c);
void rpc_done(struct rpc_call *c);
/* `path`: JSON pointer from the request on ("/params/id"), or NULL. */
void rpc_fail(struct rpc_call *c, int code, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What call/ could not do, in the terms of the API. */
struct session_error;
void rpc_fail_session(struct rpc_call *c, const struct session_error *err);

/* rpc_user_import.c: what is under way is not stored, nor answered. */
void rpc_user_import_stop(struct api *a);

/* rpc_<noun>.c */
void rpc_system_hello(struct rpc_call *c, const void *params);
void rpc_system_methods(struct rpc_call *c, const void *params);
void rpc_system_schema(struct rpc_call *c, const void *params);
void rpc_system_health(struct rpc_call *c, const void *params);
void rpc_system_drain(struct rpc_call *c, const void *params);
void rpc_config_get(struct rpc_call *c, const void *params);
void rpc_config_test(struct rpc_call *c, const void *params);
void rpc_interface_list(struct rpc_call *c, const void *params);
void rpc_neighbour_list(struct rpc_call *c, const void *params);
void rpc_stats_get(struct rpc_call *c, const void *params);
void rpc_session_create(struct rpc_call *c, const void *params);
void rpc_session_update(struct rpc_call *c, const void *params);
void rpc_session_get(struct rpc_call *c, const void *params);
void rpc_session_list(struct rpc_call *c, const void *params);
void rpc_session_delete(struct rpc_call *c, const void *params);
void rpc_session_offer(struct rpc_call *c, const void *params);
void rpc_session_answer(struct rpc_call *c, const void *params);
void rpc_record_start(struct rpc_call *c, const void *params);
void rpc_record_stop(struct rpc_call *c, const void *params);
void rpc_capture_start(struct rpc_call *c, const void *params);
void rpc_capture_stop(struct rpc_call *c, const void *params);
void rpc_play_start(struct rpc_call *c, const void *params);
void rpc_play_stop(struct rpc_call *c, const void *params);
void rpc_tunnel_dial(struct rpc_call *c, const void *params);
void rpc_tunnel_hangup(struct rpc_call *c, const void *params);
void rpc_tunnel_dials(struct rpc_call *c, const void *params);
void rpc_tunnel_create(struct rpc_call *c, const void *params);
void rpc_tunnel_offer(struct rpc_call *c, const void *params);
void rpc_tunnel_answer(struct rpc_call *c, const void *params);
void rpc_tunnel_update(struct rpc_call *c, const void *params);
void rpc_tunnel_get(struct rpc_call *c, const void *params);
void rpc_tunnel_list(struct rpc_call *c, const void *params);
void rpc_tunnel_stats(struct rpc_call *c, const void *params);
void rpc_tunnel_delete(struct rpc_call *c, const void *params);
void rpc_user_add(struct rpc_call *c, const void *params);
void rpc_user_get(struct rpc_call *c, const void *params);
void rpc_user_list(struct rpc_call *c, const void *params);
void rpc_user_delete(struct rpc_call *c, const void *params);
void rpc_user_import(struct rpc_call *c, const void *params);
void rpc_user_export(struct rpc_call *c, const void *params);
void rpc_events_subscribe(struct rpc_call *c, const void *params);
void rpc_events_unsubscribe(struct rpc_call *c, const void *params);

#endif
