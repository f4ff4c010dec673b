/* SPDX-License-Identifier: BSD-3-Clause */
/* The API's life, and its door for tests. */
#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "health.h"
#include "log.h"
#include "rpc.h"
#include "sdp_call.h"
#include "server.h"

static void notify(void *arg, const char *type, const char *params_json)
{
	struct api *a = arg;

	events_add(&a->events, type, params_json);
	if (a->server != NULL)
		server_events_due(a->server);
}

int api_create(struct api **out, struct host *h, struct sessions *s)
{
	static const char empty[] = "{}";
	struct api *a = calloc(1, sizeof(*a));
	struct json_error err;
	uint64_t random;

	if (a == NULL)
		return -ENOMEM;
	a->h = h;
	a->sessions = s;
	tnd_list_init(&a->runs);
	tnd_list_init(&a->inputs);
	if (events_init(&a->events) != 0 || health_create(&a->health, h) != 0 ||
	    sdp_calls_create(&a->sdp, h, s) != 0 ||
	    json_parse(empty, sizeof(empty) - 1, &a->empty, &err) != 0 ||
	    getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		api_stop(a);
		return -ENOMEM;
	}
	snprintf(a->instance, sizeof(a->instance), "%016llx", (unsigned long long)random);
	h->notify = notify;
	h->notify_arg = a;
	*out = a;
	return 0;
}

int api_start(struct api **out, struct host *h, struct sessions *s)
{
	struct api *a;
	int rc = api_create(&a, h, s);

	if (rc != 0) {
		tnd_err("api", "can't start: out of memory");
		return rc;
	}
	rc = server_start(&a->server, a);
	if (rc != 0) {
		api_stop(a);
		return rc;
	}
	*out = a;
	return 0;
}

void api_set_media(struct api *a, struct media *m)
{
	a->media = m;
}

void api_set_tunnels(struct api *a, struct tunnels *t)
{
	a->tunnels = t;
}

void api_set_dials(struct api *a, struct dials *d)
{
	a->dials = d;
}

struct input {
	struct tnd_list link;
	struct rpc_client client;
	struct rpc_run *run;
	struct tnd_buf out;
	api_reply_fn reply;
	void *arg;
};

static void free_input(struct input *in)
{
	tnd_list_del(&in->link);
	tnd_buf_free(&in->out);
	free(in);
}

void api_stop(struct api *a)
{
	if (a == NULL)
		return;
	if (a->h->notify_arg == a) {
		a->h->notify = NULL;
		a->h->notify_arg = NULL;
	}
	server_stop(a->server);
	/* No answer will come for what still waits for a worker. */
	sessions_forget_callers(a->sessions);
	rpc_user_import_stop(a);
	rpc_free_runs(a);
	while (!tnd_list_empty(&a->inputs))
		free_input(tnd_container_of(a->inputs.next, struct input, link));
	sdp_calls_free(a->sdp);
	health_free(a->health);
	events_free(&a->events);
	json_free(a->empty);
	free(a);
}

/* ---- api_input() --------------------------------------------------------------------------- */

static void nothing(struct rpc_client *c, const char *method)
{
}

static void go_on(struct rpc_client *c)
{
	struct input *in = tnd_container_of(c, struct input, client);
	enum rpc_progress p;

	do {
		p = rpc_step(in->run, RPC_BATCH_MAX, &in->out, SIZE_MAX);
	} while (p == RPC_MORE && !in->out.oom);
	if (p != RPC_DONE)
		return;
	in->reply(in->arg, in->out.data, in->out.len > 0 ? in->out.len - 1 : 0);
	free_input(in);
}

int api_input(struct api *a, bool may_write, const char *text, size_t len, api_reply_fn reply,
	      void *arg)
{
	struct input *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return -ENOMEM;
	in->client = (struct rpc_client){.may_write = may_write, .wake = go_on, .writes = nothing};
	in->out.secret = true;
	in->reply = reply;
	in->arg = arg;
	tnd_list_add_tail(&a->inputs, &in->link);
	in->run = rpc_start(a, &in->client, text, len);
	if (in->run == NULL) {
		free_input(in);
		return -ENOMEM;
	}
	go_on(&in->client);
	return 0;
}
