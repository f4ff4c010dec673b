/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * user.import: one transaction, some records a turn of the loop. While it is open, requests that
 * have to do with users wait (rpc.c), so that nobody sees users who may not stay.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "member.h"
#include "rpc_tunnel.h"

#define IMPORT_TURN 64 /* records: about a millisecond */

struct user_importing {
	struct rpc_call *c;
	struct api *api;
	struct users *users;
	struct loop_poller poller;
	struct user_record *record; /* names are the request's */
	unsigned int count, at;
	bool replace;
	struct user_import done;
	enum user_fault fault;
	struct user_error err;
};

static bool read_records(struct rpc_call *c, const struct json_items *in, struct user_record *out)
{
	const struct api_user_record *r = in->items;
	char at[32];

	for (unsigned int i = 0; i < in->count; i++) {
		snprintf(at, sizeof(at), "users/%u/data", i);
		out[i].name = r[i].name;
		if (wire_base64_decode(r[i].data, strlen(r[i].data), out[i].data,
				       sizeof(out[i].data)) != sizeof(out[i].data))
			return member_fail(c, API_ERR_INVALID_PARAMS, MEMBER_ALONE, at,
					   "not base64 of 32 bytes");
	}
	return true;
}

static void free_job(struct user_importing *j)
{
	free(j->record);
	free(j);
}

static void answer(struct rpc_call *c, const struct user_import *done)
{
	struct tnd_buf *b = rpc_result(c);

	json_w_open(b, "result", '{');
	json_w_uint(b, "added", done->added);
	json_w_uint(b, "replaced", done->replaced);
	json_w_uint(b, "unchanged", done->unchanged);
	json_w_close(b, '}');
	rpc_done(c);
}

/* Some more of them. False: that was all, or there is a fault. */
static bool take_some(struct user_importing *j)
{
	unsigned int to = RTE_MIN(j->at + IMPORT_TURN, j->count);

	j->fault = user_import_some(j->users, j->record, j->at, to, j->replace, &j->done, &j->err);
	j->at = to;
	return j->fault == USER_OK && to < j->count;
}

/* All is stored, or nothing, before it is said. */
static void conclude(struct user_importing *j)
{
	if (user_import_end(j->users, j->fault, &j->err) == USER_OK)
		answer(j->c, &j->done);
	else
		rpc_fail_user(j->c, &j->err);
	free_job(j);
}

static bool poll(struct loop_poller *p)
{
	struct user_importing *j = p->arg;
	struct api *a = j->api;

	if (take_some(j))
		return true;
	loop_del_poller(p);
	a->importing = NULL;
	conclude(j);
	rpc_go_on(a);
	return true;
}

void rpc_user_import_stop(struct api *a)
{
	struct user_importing *j = a->importing;

	if (j == NULL)
		return;
	loop_del_poller(&j->poller);
	a->importing = NULL;
	user_import_end(j->users, USER_STORE, &j->err);
	free_job(j);
}

void rpc_user_import(struct rpc_call *c, const void *params)
{
	const struct api_user_import *p = params;
	struct tunnels *t = tunnels_of(c);
	struct user_importing *j;

	if (t == NULL)
		return;
	j = calloc(1, sizeof(*j));
	if (j != NULL)
		j->record = calloc(p->users.count, sizeof(*j->record));
	if (j == NULL || j->record == NULL) {
		free(j);
		rpc_fail(c, API_ERR_NO_MEMORY, NULL, "out of memory");
		return;
	}
	j->c = c;
	j->api = rpc_api(c);
	j->users = tunnels_users(t);
	j->count = (unsigned int)p->users.count;
	j->replace = p->replace;
	if (!read_records(c, &p->users, j->record)) {
		free_job(j);
	} else if (user_import_begin(j->users, &j->err) != USER_OK) {
		rpc_fail_user(c, &j->err);
		free_job(j);
	} else if (take_some(j)) {
		j->api->importing = j;
		j->poller = (struct loop_poller){.fn = poll, .arg = j};
		loop_add_poller(&j->api->h->loop, &j->poller);
	} else {
		conclude(j);
	}
}
