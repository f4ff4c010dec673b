/* SPDX-License-Identifier: BSD-3-Clause */
/* The store of users: it survives what happens to its files and to the daemon. */
#include "users_bed.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void fill(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		char name[16], ip[32];
		struct user u;

		snprintf(name, sizeof(name), "u%03u", i);
		snprintf(ip, sizeof(ip), "10.9.%u.%u/32", i / 200, i % 200 + 1);
		u = user(name, ip, "");
		must_add(&u, false);
	}
}

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void damage(const char *path, off_t at, size_t len)
{
	int fd = open(path, O_WRONLY);
	uint8_t *junk = malloc(len);

	assert_true(fd >= 0);
	memset(junk, 0xa5, len);
	assert_int_equal(pwrite(fd, junk, len, at), (ssize_t)len);
	free(junk);
	close(fd);
}

static void torn_middle(const char *path)
{
	damage(path, 4096, 8192);
}

static void torn_head(const char *path)
{
	damage(path, 0, 100);
}

static void torn_end(const char *path)
{
	assert_int_equal(truncate(path, size_of(path) / 2), 0);
}

static void torn_all(const char *path)
{
	damage(path, 0, (size_t)size_of(path));
}

/* Only its owner may read what is kept. */
static void is_private(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
}

static void kept(void **state)
{
	use_store();
	open_users();
	fill(300);
	must_delete("u007");
	each_file(is_private, "users");
	users_free(users);
	each_file(is_private, "users");
	open_users();
	assert_int_equal(count(), 299);
	assert_true(is_there("u299"));
	assert_false(is_there("u007"));
	assert_int_equal(each_file(NULL, ".torn"), 0);
}

/* Killed in the midst of it: what was answered stays. */
static void killed(void **state)
{
	int status;
	pid_t pid;

	use_store();
	pid = fork();
	if (pid == 0) {
		if (users_create(&users, &config) != 0)
			_exit(1);
		fill(200);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	open_users();
	assert_int_equal(count(), 200);
	assert_int_equal(each_file(NULL, ".torn"), 0);
}

static void torn(void **state)
{
	static void (*const how[])(const char *path) = {torn_middle, torn_head, torn_end, torn_all};
	struct users_stats st;
	char path[260];

	use_store();
	snprintf(path, sizeof(path), "%s", config.tunnel.store);
	for (unsigned int i = 0; i < COUNT(how); i++) {
		open_users();
		fill(300);
		users_free(users);
		how[i](path);
		open_users();
		users_stats(users, &st);
		assert_true(st.restored);
		assert_false(st.emptied);
		assert_int_equal(st.count, 300);
		assert_true(is_there("u123"));
		assert_int_equal(each_file(NULL, ".torn"), 1);
		must_delete("u123");
		users_free(users);
		open_users();
		users_stats(users, &st);
		assert_false(st.restored);
		assert_int_equal(st.count, 299);
		users_free(users);
		users = NULL;
		each_file(remove_file, "users");
	}
}

/* The copy too: it begins with nothing, and says so. */
static void both_torn(void **state)
{
	struct users_stats st;
	char path[260];

	use_store();
	open_users();
	fill(300);
	users_free(users);
	snprintf(path, sizeof(path), "%s.good", config.tunnel.store);
	torn_middle(config.tunnel.store);
	torn_middle(path);
	open_users();
	users_stats(users, &st);
	assert_true(st.emptied);
	assert_int_equal(st.count, 0);
	fill(10);
	assert_int_equal(count(), 10);
}

/* A file of somebody else is not written into. */
static void not_ours(void **state)
{
	static const char text[] = "this is no store at all, but somebody's only copy\n";
	char found[sizeof(text)] = "";
	int fd;

	use_store();
	fd = open(config.tunnel.store, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	close(fd);
	open_users();
	fill(1);
	assert_int_equal(each_file(NULL, ".torn"), 1);
	for (DIR *d = opendir(dir); d != NULL; closedir(d), d = NULL) {
		struct dirent *e;

		while ((e = readdir(d)) != NULL) {
			char path[512];

			if (strstr(e->d_name, ".torn") == NULL)
				continue;
			snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
			fd = open(path, O_RDONLY);
			assert_int_equal(read(fd, found, sizeof(found)), sizeof(found));
			close(fd);
		}
	}
	assert_string_equal(found, text);
}

/* What a mask means is a setting: all of the network, or the address alone. */
static void mask_changes(void **state)
{
	struct user a = user("ann", "10.9.0.2/24", ""), b = user("bob", "10.9.0.3/24", "");

	use_store();
	open_users();
	must_add(&a, false);
	must_refuse(&b, false, USER_CONFLICT, "/address");
	users_free(users);
	users = NULL;
	config.tunnel.mask = CONFIG_MASK_INTERFACE;
	open_users();
	must_add(&b, false);
	users_free(users);
	users = NULL;
	/* Back is not possible any more, and the store is as it was. */
	config.tunnel.mask = CONFIG_MASK_NETWORK;
	assert_true(users_create(&users, &config) != 0);
	users = NULL;
	config.tunnel.mask = CONFIG_MASK_INTERFACE;
	open_users();
	assert_int_equal(count(), 2);
}

static void no_place(void **state)
{
	snprintf(config.tunnel.store, sizeof(config.tunnel.store), "%s/no/such/dir/users", dir);
	assert_true(users_create(&users, &config) != 0);
	users = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kept),     TEST(killed),       TEST(torn),     TEST(both_torn),
		TEST(not_ours), TEST(mask_changes), TEST(no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
