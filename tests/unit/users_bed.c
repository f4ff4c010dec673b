/* SPDX-License-Identifier: BSD-3-Clause */
#include "users_bed.h"

#include <dirent.h>
#include <unistd.h>

struct config config;
struct users *users;
char dir[64];

struct net_prefix net(const char *text)
{
	struct net_prefix p;

	assert_int_equal(net_prefix_parse(text, &p), 0);
	return p;
}

void open_users(void)
{
	assert_int_equal(users_create(&users, &config), 0);
}

int set_up(void **state)
{
	memset(&config, 0, sizeof(config));
	config.tunnel.users = 20000;
	config.tunnel.mask = CONFIG_MASK_NETWORK;
	users = NULL;
	snprintf(dir, sizeof(dir), "/tmp/tandem-users-XXXXXX");
	return mkdtemp(dir) != NULL ? 0 : -1;
}

unsigned int each_file(void (*fn)(const char *path), const char *containing)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned int n = 0;
	char path[512];

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || strstr(e->d_name, containing) == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (fn != NULL)
			fn(path);
		n++;
	}
	closedir(d);
	return n;
}

void remove_file(const char *path)
{
	unlink(path);
}

int tear_down(void **state)
{
	users_free(users);
	each_file(remove_file, "");
	return rmdir(dir);
}

struct user user(const char *name, const char *address, const char *network)
{
	struct user u = {.name = ""};

	snprintf(u.name, sizeof(u.name), "%s", name);
	if (address[0] != '\0')
		u.address[u.address_count++] = net(address);
	if (network[0] != '\0')
		u.network[u.network_count++] = net(network);
	return u;
}

struct user must_add(const struct user *u, bool pool)
{
	struct user_error err;
	struct user now;
	bool created;

	if (user_add(users, u, pool, &created, &now, &err) != USER_OK)
		fail_msg("%s: %s", err.path, err.reason);
	assert_true(created);
	return now;
}

void must_refuse(const struct user *u, bool pool, enum user_fault f, const char *path)
{
	struct user_error err;
	struct users_stats before, after;
	struct user now;
	bool created;

	users_stats(users, &before);
	assert_int_equal(user_add(users, u, pool, &created, &now, &err), f);
	assert_int_equal(err.fault, f);
	assert_string_equal(err.path, path);
	assert_true(err.reason[0] != '\0');
	users_stats(users, &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

bool is_there(const char *name)
{
	struct user_error err;
	struct user u;

	return user_get(users, name, &u, &err) == USER_OK;
}

void must_delete(const char *name)
{
	struct user_error err;

	assert_int_equal(user_delete(users, name, &err), USER_OK);
}

uint32_t count(void)
{
	struct users_stats st;

	users_stats(users, &st);
	return st.count;
}

void use_store(void)
{
	snprintf(config.tunnel.store, sizeof(config.tunnel.store), "%s/users", dir);
}
