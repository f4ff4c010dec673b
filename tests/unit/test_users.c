/* SPDX-License-Identifier: BSD-3-Clause */
/* Users of tunnels: who may have which addresses, and a store that survives what happens to it. */
#include "check.h"

#include <dirent.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "user.h"

static struct config config;
static struct users *users;
static char dir[64];

static struct net_prefix net(const char *text)
{
	struct net_prefix p;

	assert_int_equal(net_prefix_parse(text, &p), 0);
	return p;
}

static void set_pool(unsigned int family, const char *text)
{
	struct net_prefix p = net(text);

	config.tunnel.has_pool[family] = true;
	config.tunnel.pool[family] = (struct config_prefix){p.ip, p.bits};
}

static void open_users(void)
{
	assert_int_equal(users_create(&users, &config), 0);
}

static int set_up(void **state)
{
	memset(&config, 0, sizeof(config));
	config.tunnel.users = 20000;
	config.tunnel.mask = CONFIG_MASK_NETWORK;
	users = NULL;
	snprintf(dir, sizeof(dir), "/tmp/tandem-users-XXXXXX");
	return mkdtemp(dir) != NULL ? 0 : -1;
}

/* Each file in the test's own directory. */
static unsigned int each_file(void (*fn)(const char *path), const char *containing)
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

static void remove_file(const char *path)
{
	unlink(path);
}

static int tear_down(void **state)
{
	users_free(users);
	each_file(remove_file, "");
	return rmdir(dir);
}

/* Of a name and addresses or networks, "" for none. */
static struct user user(const char *name, const char *address, const char *network)
{
	struct user u = {.name = ""};

	snprintf(u.name, sizeof(u.name), "%s", name);
	if (address[0] != '\0')
		u.address[u.address_count++] = net(address);
	if (network[0] != '\0')
		u.network[u.network_count++] = net(network);
	return u;
}

static struct user must_add(const struct user *u, bool pool)
{
	struct user_error err;
	struct user now;
	bool created;

	if (user_add(users, u, pool, &created, &now, &err) != USER_OK)
		fail_msg("%s: %s", err.path, err.reason);
	assert_true(created);
	return now;
}

static void must_refuse(const struct user *u, bool pool, enum user_fault f, const char *path)
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

static bool is_there(const char *name)
{
	struct user_error err;
	struct user u;

	return user_get(users, name, &u, &err) == USER_OK;
}

static void must_delete(const char *name)
{
	struct user_error err;

	assert_int_equal(user_delete(users, name, &err), USER_OK);
}

static uint32_t count(void)
{
	struct users_stats st;

	users_stats(users, &st);
	return st.count;
}

/* ---- who has what --------------------------------------------------------------------------- */

static void added_and_found(void **state)
{
	struct user want = user("ann", "10.9.0.2/24", "192.168.7.0/24"), got;
	struct net_prefix p[USER_PREFIXES];
	struct user_error err;
	bool created;

	open_users();
	want.has_dns = true;
	want.info.dns[want.info.dns_count++] = net("10.9.0.1").ip;
	want.info.mtu = 1300;
	must_add(&want, false);
	assert_int_equal(user_get(users, "ann", &got, &err), USER_OK);
	assert_int_equal(got.address_count, 1);
	assert_true(net_prefix_equal(&got.address[0], &want.address[0])); /* host bits and all */
	assert_true(net_prefix_equal(&got.network[0], &want.network[0]));
	assert_true(got.has_dns && !got.has_routes);
	assert_int_equal(got.info.mtu, 1300);
	assert_int_equal(user_prefixes(users, &got, p), 2);
	assert_true(net_prefix_equal(&p[0], &(struct net_prefix){net("10.9.0.0").ip, 24}));
	/* The same again is the same; other, it is a conflict. */
	assert_int_equal(user_add(users, &want, false, &created, &got, &err), USER_OK);
	assert_false(created);
	want.info.mtu = 1301;
	must_refuse(&want, false, USER_CONFLICT, "/name");
	assert_int_equal(user_get(users, "bob", &got, &err), USER_NOT_FOUND);
	must_delete("ann");
	assert_int_equal(user_delete(users, "ann", &err), USER_NOT_FOUND);
	assert_int_equal(count(), 0);
}

static void names(void **state)
{
	static const char *const bad[] = {"",     "a\nb",        "\x7f", "\xff\xfe",
					  "\xc3", "\xed\xa0\x80" /* half a surrogate pair */};
	struct user u = user("123456789012345678901234", "10.9.0.2/32", "");

	open_users();
	must_add(&u, false);
	for (unsigned int i = 0; i < COUNT(bad); i++) {
		u = user(bad[i], "10.9.0.3/32", "");
		must_refuse(&u, false, USER_BAD, "/name");
	}
	u = user("Jörg Ä", "10.9.0.3/32", "");
	must_add(&u, false);
	assert_true(is_there("Jörg Ä"));
}

static void overlapping(void **state)
{
	static const struct {
		const char *address, *network, *path;
		enum user_fault fault;
	} row[] = {
		{"10.9.1.7/32", "", "/address", USER_CONFLICT}, /* inside of it */
		{"10.9.1.1/24", "", "/address", USER_CONFLICT}, /* the same */
		{"10.9.1.1/16", "", "/address", USER_CONFLICT}, /* around it */
		{"", "10.0.0.0/8", "/networks/0", USER_CONFLICT},
		{"", "10.9.1.128/25", "/networks/0", USER_CONFLICT},
		{"", "0.0.0.0/0", "/networks/0", USER_CONFLICT},
		{"", "172.16.0.0/12", "/networks/0", USER_CONFLICT}, /* around what lies behind */
		{"fd00:9::1/128", "", "/address6", USER_CONFLICT},
		{"10.8.0.1/24", "10.8.0.0/25", "/networks", USER_BAD}, /* its own twice */
		{"10.8.0.1/24", "192.0.2.1/24", "/networks/0", USER_BAD},
		{"10.8.0.1/24", "224.0.0.0/4", "/networks/0", USER_BAD},
		{"127.0.0.1/32", "", "/address", USER_BAD},
		{"224.0.0.1/32", "", "/address", USER_BAD},
		{"255.255.255.255/32", "", "/address", USER_BAD},
		{"0.0.0.0/0", "", "/address", USER_BAD},
		{"fe80::1/64", "", "/address6", USER_BAD},
		{"192.0.2.1/32", "", "/address", USER_CONFLICT}, /* tandem's own */
	};
	struct config_address own = {.ip = net("192.0.2.1").ip};
	struct user u = user("ann", "10.9.1.5/24", "172.16.1.0/24");

	config.addresses = &own;
	config.address_count = 1;
	open_users();
	u.address[u.address_count++] = net("fd00:9::1/64");
	must_add(&u, false);
	for (unsigned int i = 0; i < COUNT(row); i++) {
		u = user("bob", row[i].address, row[i].network);
		must_refuse(&u, false, row[i].fault, row[i].path);
	}
	assert_false(is_there("bob"));
	/* Beside it is free, and what was somebody's is free once it is not. */
	u = user("bob", "10.9.2.5/24", "10.9.0.0/24");
	must_add(&u, false);
	must_delete("ann");
	u = user("eve", "10.9.1.0/24", "172.16.0.0/12");
	must_add(&u, false);
}

static void limit(void **state)
{
	struct user u = user("ann", "10.9.0.2/32", "");

	config.tunnel.users = 1;
	open_users();
	must_add(&u, false);
	u = user("bob", "10.9.0.3/32", "");
	must_refuse(&u, false, USER_LIMIT, "");
	must_delete("ann");
	must_add(&u, false);
}

/* ---- pools ---------------------------------------------------------------------------------- */

static void pool(void **state)
{
	struct user u = user("a", "", ""), now;
	struct users_stats st;

	set_pool(0, "10.9.0.0/29");
	set_pool(1, "fd00:9::/64");
	open_users();
	users_stats(users, &st);
	assert_int_equal(st.pool_free[0], 6);
	/* A fixed one out of the pool is not given away, the network's and broadcast neither. */
	u = user("fixed", "10.9.0.2/32", "");
	now = must_add(&u, true);
	assert_int_equal(now.address_count, 2); /* of the other version one of the pool */
	assert_false(now.pooled[0]);
	assert_true(now.pooled[1]);
	for (char c = 'b'; c < 'g'; c++) {
		char name[2] = {c, '\0'};

		u = user(name, "", "");
		now = must_add(&u, true);
		assert_int_equal(now.address_count, 2);
		assert_true(now.pooled[0] && wire_ip_is4(&now.address[0].ip));
		assert_in_range(ntohl(now.address[0].ip.w[3]), 0x0a090001, 0x0a090006);
		assert_int_not_equal(ntohl(now.address[0].ip.w[3]), 0x0a090002);
	}
	u = user("x", "", "");
	must_refuse(&u, true, USER_POOL_FULL, "/address");
	u = user("x", "10.8.0.1/32", "");
	must_add(&u, true);
	must_delete("c");
	u = user("y", "", "");
	must_add(&u, true);
	/* Neither an address nor a pool asked for. */
	u = user("z", "", "");
	must_refuse(&u, false, USER_BAD, "/address");
}

static void pool_across_restarts(void **state)
{
	struct user u = user("a", "", ""), first, second;

	snprintf(config.tunnel.store, sizeof(config.tunnel.store), "%s/users", dir);
	set_pool(0, "10.9.0.0/30");
	open_users();
	first = must_add(&u, true);
	users_free(users);
	open_users();
	u = user("b", "", "");
	second = must_add(&u, true);
	assert_false(net_prefix_overlap(&first.address[0], &second.address[0]));
	u = user("c", "", "");
	must_refuse(&u, true, USER_POOL_FULL, "/address");
}

/* ---- lists ---------------------------------------------------------------------------------- */

static char listed[256];

static bool note(void *arg, const struct user *u)
{
	size_t len = strlen(listed);

	snprintf(listed + len, sizeof(listed) - len, "%s ", u->name);
	return true;
}

static void expect_list(const char *after, const char *prefix, unsigned int max, const char *want,
			bool want_more)
{
	struct user_error err;
	bool more;

	listed[0] = '\0';
	assert_int_equal(user_list(users, after, prefix, max, note, NULL, &more, &err), USER_OK);
	assert_string_equal(listed, want);
	assert_int_equal(more, want_more);
}

static void lists(void **state)
{
	static const char *const name[] = {"b", "ab", "a", "aa", "c", "ba"};

	open_users();
	expect_list("", "", 10, "", false);
	for (unsigned int i = 0; i < COUNT(name); i++) {
		char ip[32];
		struct user u;

		snprintf(ip, sizeof(ip), "10.9.0.%u/32", i + 1);
		u = user(name[i], ip, "");
		must_add(&u, false);
	}
	expect_list("", "", 10, "a aa ab b ba c ", false);
	expect_list("", "", 2, "a aa ", true);
	expect_list("aa", "", 2, "ab b ", true);
	expect_list("b", "", 2, "ba c ", false);
	expect_list("", "a", 10, "a aa ab ", false);
	expect_list("", "a", 1, "a ", true);
	expect_list("a", "a", 10, "aa ab ", false);
	expect_list("", "b", 10, "b ba ", false);
	expect_list("ab", "a", 10, "", false);
	expect_list("z", "a", 10, "", false);
	expect_list("", "aac", 10, "", false);
}

/* ---- 32 bytes ------------------------------------------------------------------------------- */

static struct user_record record(const char *name, const char *addr, const char *mask)
{
	struct user_record r = {.name = name};

	assert_int_equal(inet_pton(AF_INET6, addr, r.data), 1);
	assert_int_equal(inet_pton(AF_INET6, mask, r.data + 16), 1);
	return r;
}

static void exact_records(void **state)
{
	struct user_record r[] = {
		record("four", "::ffff:10.9.0.2", "::ffff:255.255.255.0"),
		record("wide", "::ffff:10.9.1.2", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00"),
		record("one", "::ffff:10.9.2.2", "::ffff:255.255.255.255"),
		record("six", "fd00:9::2", "ffff:ffff:ffff:ffff::"),
	};
	uint8_t out[WIRE_RTPTP_USER_LEN];
	struct user_import done;
	struct user_error err;
	struct user u;

	snprintf(config.tunnel.store, sizeof(config.tunnel.store), "%s/users", dir);
	open_users();
	assert_int_equal(user_import(users, r, COUNT(r), false, &done, &err), USER_OK);
	assert_int_equal(done.added, COUNT(r));
	for (unsigned int turn = 0; turn < 2; turn++) {
		for (unsigned int i = 0; i < COUNT(r); i++) {
			assert_int_equal(user_get(users, r[i].name, &u, &err), USER_OK);
			user_export(&u, out);
			assert_memory_equal(out, r[i].data, sizeof(out));
		}
		users_free(users);
		open_users();
	}
	assert_int_equal(user_import(users, r, COUNT(r), false, &done, &err), USER_OK);
	assert_int_equal(done.unchanged, COUNT(r));
	assert_int_equal(done.added + done.replaced, 0);
}

/* All or none, with the place of the fault. */
static void refused_records(void **state)
{
	struct user_record good = record("good", "::ffff:10.9.0.2", "::ffff:255.255.255.255");
	struct user_record other = record("good", "::ffff:10.9.0.3", "::ffff:255.255.255.255");
	struct {
		struct user_record r;
		const char *path;
		enum user_fault fault;
	} row[] = {
		{record("1234567890123456789012345", "::ffff:10.9.0.9", "::ffff:255.255.255.255"),
		 "/users/1/name", USER_BAD},
		{record("", "::ffff:10.9.0.9", "::ffff:255.255.255.255"), "/users/1/name",
		 USER_BAD},
		{record("x", "::ffff:10.9.0.9", "::ffff:255.0.255.0"), "/users/1/data", USER_BAD},
		{record("x", "::ffff:224.0.0.1", "::ffff:255.255.255.255"), "/users/1/data",
		 USER_BAD},
		{record("x", "fd00::1", "::ffff:255.255.255.0"), "/users/1/data", USER_BAD},
		{record("x", "::", "::"), "/users/1/data", USER_BAD}, /* and there is no pool */
		{record("x", "::ffff:10.9.0.2", "::ffff:255.255.255.255"), "/users/1/address",
		 USER_CONFLICT},
	};
	struct user_import done;
	struct user_error err;

	open_users();
	for (unsigned int i = 0; i < COUNT(row); i++) {
		const struct user_record both[] = {good, row[i].r};

		assert_int_equal(user_import(users, both, 2, true, &done, &err), row[i].fault);
		assert_string_equal(err.path, row[i].path);
		assert_false(is_there("good"));
		assert_int_equal(count(), 0);
	}
	assert_int_equal(user_import(users, &good, 1, false, &done, &err), USER_OK);
	assert_int_equal(user_import(users, &other, 1, false, &done, &err), USER_CONFLICT);
	assert_string_equal(err.path, "/users/0/name");
	assert_int_equal(user_import(users, &other, 1, true, &done, &err), USER_OK);
	assert_int_equal(done.replaced, 1);
	/* Its old address is free. */
	good.name = "next";
	assert_int_equal(user_import(users, &good, 1, false, &done, &err), USER_OK);
	assert_int_equal(count(), 2);
}

static void ten_thousand(void **state)
{
	struct user_record *r = calloc(10000, sizeof(*r));
	char(*name)[16] = calloc(10000, sizeof(*name));
	struct user_import done;
	struct user_error err;

	snprintf(config.tunnel.store, sizeof(config.tunnel.store), "%s/users", dir);
	open_users();
	for (unsigned int i = 0; i < 10000; i++) {
		char ip[64];

		snprintf(name[i], sizeof(name[i]), "user%u", i);
		snprintf(ip, sizeof(ip), "::ffff:10.9.%u.%u", i / 250, i % 250 + 1);
		r[i] = record(name[i], ip, "::ffff:255.255.255.255");
	}
	assert_int_equal(user_import(users, r, 10000, false, &done, &err), USER_OK);
	assert_int_equal(done.added, 10000);
	users_free(users);
	open_users();
	assert_int_equal(count(), 10000);
	assert_true(is_there("user9999"));
	free(name);
	free(r);
}

/* ---- the store ------------------------------------------------------------------------------ */

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

static void use_store(void)
{
	snprintf(config.tunnel.store, sizeof(config.tunnel.store), "%s/users", dir);
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
		cmocka_unit_test_setup_teardown(added_and_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(overlapping, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pool, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pool_across_restarts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(exact_records, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused_records, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ten_thousand, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(torn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(both_torn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(not_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mask_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_place, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
