/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels of a host with users, an observer, and far ends of the same libraries. */
#ifndef TUNNELS_BED_H
#define TUNNELS_BED_H

#include "check.h"

#include "call.h"
#include "session_inner.h"
#include "session_leg.h"
#include "tunnel.h"
#include "webrtc_bed.h"

#define WAN4 2

extern struct host *h;
extern struct sessions *s;
extern struct tunnels *t;
extern struct bed bed;
extern char told[8192]; /* what observers and clients of the API are told, in order */

int set_up(void **state);
int tear_down(void **state);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

struct net_prefix net(const char *text);
/* It was told, at some time. */
void expect(const char *text);
void add_user(const char *name, const char *address);

/* A server's tunnel without security, to 192.0.2.50:6000. */
struct tunnel_create plain(const char *id, const char *user, const char *network);
struct tunnel_result must_create(const struct tunnel_create *c);
void must_refuse(const struct tunnel_create *c, enum session_fault f, const char *path);
void must_delete(const char *id);
uint32_t index_of(const char *id);
bool is_there(const char *id);
bool is_up(const char *id);

/* Id of the tunnel that packets to this address go to; "" for none. */
const char *route_to(const char *ip);
/* An authentic packet came, as the worker notes it. */
void heard(const char *id);
/* Nothing is left of any tunnel. */
void all_is_free(void);
/* At WAN4, that insists on this security. */
struct tunnel_offer offer(const char *id, enum tunnel_mode mode, enum tunnel_form form,
			  enum leg_security_type security);
struct tunnel_result must_offer(const struct tunnel_offer *o);
const struct flow_secure *secure_of(const char *id);

#endif
