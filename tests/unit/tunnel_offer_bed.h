/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels whose far ends are texts and the test: ICE and DTLS speak to nobody here. */
#ifndef TUNNEL_OFFER_BED_H
#define TUNNEL_OFFER_BED_H

#include "check.h"

#include "call_host.h"
#include "route.h"
#include "session_inner.h"
#include "session_leg.h"
#include "tunnel.h"

#define LAN4 0
#define WAN6 1
#define WAN4 2

extern struct host *h;
extern struct sessions *s;
extern struct tunnels *t;
extern struct session_error err;
extern struct tunnel_result offered, answered, accepted; /* freed when a test has ended */

int set_up(void **state);
/* Whatever is left ends, and nothing is held any more. */
int tear_down(void **state);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

void pass(uint64_t ms);
/* What was told since the last time, one word after the other: "up down:timeout". */
void must_tell(const char *what);

struct user must_add(const char *name, const char *address);
/* Of a client at "lan4"; and of a server at "wan4" who answers what is `offered`. */
struct tunnel_offer client_offer(const char *id, enum tunnel_form form);
struct tunnel_offer server_offer(const char *id, const char *user, enum tunnel_form form);
void must_offer(const struct tunnel_offer *o, struct tunnel_result *r);
/* What was `answered` is the answer to this offer. */
void must_accept(const char *id, enum tunnel_form form);
void must_fault(enum session_fault f, enum session_fault want, const char *path);
uint32_t index_of(const char *id);
/* Id of the tunnel that packets to this address go to, or "none". */
const char *routed(const char *text);
struct session_inner inner_of(const char *id);

/* An authentic packet came, as the worker notes it. */
void hear(const char *id);
bool there(const char *id);
void must_have(const char *text, const char *part);
/* Client "c" offers, server "s" answers for user "alice" at 10.9.0.2, and "c" takes it. */
void both_ways(enum tunnel_form form);

#endif
