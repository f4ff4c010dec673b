/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions without ICE and keys, their latest event and their final reports. */
#ifndef SESSION_BED_H
#define SESSION_BED_H

#include "check.h"

#include "call_host.h"
#include "session_must.h"

extern struct host *h;
extern struct sessions *s;
extern char last_event[256], last_params[8192];
extern unsigned int event_count;
extern char report[8192]; /* by note_report(), whose `arg` counts (int) */

int set_up(void **state);
int tear_down(void **state);
union wire_ip ip(const char *text);

void must_reach(const struct session_change *c, uint32_t generation);
void note_report(void *arg, const char *text, size_t len);
void must_end(const char *id);
void all_is_free(void);

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

#endif
