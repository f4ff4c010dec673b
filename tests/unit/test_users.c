/* SPDX-License-Identifier: BSD-3-Clause */
/* Users of tunnels: who may have which addresses; pools, lists, and records of 32 bytes. */
#include "users_bed.h"

#include <arpa/inet.h>

static void set_pool(unsigned int family, const char *text)
{
	struct net_prefix p = net(text);

	config.tunnel.has_pool[family] = true;
	config.tunnel.pool[family] = (struct config_prefix){p.ip, p.bits};
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

	use_store();
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

	use_store();
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

	use_store();
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(added_and_found), TEST(names),         TEST(overlapping),
		TEST(limit),           TEST(pool),          TEST(pool_across_restarts),
		TEST(lists),           TEST(exact_records), TEST(refused_records),
		TEST(ten_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
