/* SPDX-License-Identifier: BSD-3-Clause */
/* The API without its sockets: a line in, the reply to it out. */
#ifndef RPC_BED_H
#define RPC_BED_H

#include "check.h"

#include "api.h"
#include "call_host.h"
#include "rpc.h"

extern struct host *h;
extern struct sessions *s;
extern struct api *a;

#define REQUEST(method, params)                                                                    \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}"
#define LEG4 "{\"address\":\"lan4\",\"remote\":{\"ip\":\"10.0.0.2\",\"port\":4000}}"
#define LEG6 "{\"address\":\"wan6\",\"remote\":{\"ip\":\"2001:db8::9\",\"port\":5004}}"

int set_up(void **state);
int tear_down(void **state);

/* The reply to a line, turning the loop as long as it takes. */
const char *ask_as(bool may_write, const char *line);
const char *ask(const char *line);
bool has(const char *text, const char *part);

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

#endif
