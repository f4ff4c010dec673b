/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of users of tunnels, in memory or in a file of the test's own directory. */
#ifndef USERS_BED_H
#define USERS_BED_H

#include "check.h"

#include "config.h"
#include "user.h"

extern struct config config;
extern struct users *users;
extern char dir[64];

struct net_prefix net(const char *text);
void open_users(void);
int set_up(void **state);

/* Each file in the test's own directory. */
unsigned int each_file(void (*fn)(const char *path), const char *containing);
void remove_file(const char *path);
int tear_down(void **state);

/* Of a name and addresses or networks, "" for none. */
struct user user(const char *name, const char *address, const char *network);
struct user must_add(const struct user *u, bool pool);
void must_refuse(const struct user *u, bool pool, enum user_fault f, const char *path);
bool is_there(const char *name);
void must_delete(const char *name);
uint32_t count(void);
void use_store(void);

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

#endif
