/* SPDX-License-Identifier: BSD-3-Clause */
/* Network information of tunnels, and the prefixes in it. */
#include "check.h"

#include "netinfo.h"

static struct net_prefix net(const char *text)
{
	struct net_prefix p;

	assert_int_equal(net_prefix_parse(text, &p), 0);
	return p;
}

static int read_text(const char *text, struct netinfo *out, struct json_error *err)
{
	struct json_value *v;
	int rc;

	assert_int_equal(json_parse(text, strlen(text), &v, err), 0);
	rc = netinfo_read(v, "/info", out, err);
	json_free(v);
	return rc;
}

static void must_read(const char *text, struct netinfo *out)
{
	struct json_error err;

	if (read_text(text, out, &err) != 0)
		fail_msg("%s: %s: %s", text, err.path, err.reason);
}

static void prefixes(void **state)
{
	static const struct {
		const char *text, *first, *last, *format;
	} row[] = {
		{"10.9.0.2/24", "10.9.0.0", "10.9.0.255", "10.9.0.2/24"},
		{"10.9.0.2", "10.9.0.2", "10.9.0.2", "10.9.0.2/32"},
		{"0.0.0.0/0", "0.0.0.0", "255.255.255.255", "0.0.0.0/0"},
		{"10.9.0.200/25", "10.9.0.128", "10.9.0.255", "10.9.0.200/25"},
		{"fd00::1/64", "fd00::", "fd00::ffff:ffff:ffff:ffff", "fd00::1/64"},
		{"::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"},
		{"fd00::1", "fd00::1", "fd00::1", "fd00::1/128"},
	};
	static const char *const bad[] = {"",           "/",           "10.9.0.2/", "10.9.0.2/33",
					  "fd00::/129", "10.9.0.2/-1", "10.9.0/24", "10.9.0.2/24 ",
					  "x/8"};
	char text[NET_PREFIX_STRLEN], ip[WIRE_IP_STRLEN];
	union wire_ip first, last;
	struct net_prefix p;

	for (unsigned int i = 0; i < COUNT(row); i++) {
		p = net(row[i].text);
		assert_string_equal(net_prefix_format(&p, text), row[i].format);
		net_prefix_range(&p, &first, &last);
		assert_string_equal(wire_ip_format(&first, ip), row[i].first);
		assert_string_equal(wire_ip_format(&last, ip), row[i].last);
		net_prefix_trim(&p);
		assert_true(wire_ip_equal(&p.ip, &first));
	}
	for (unsigned int i = 0; i < COUNT(bad); i++)
		if (net_prefix_parse(bad[i], &p) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
}

static void overlaps(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} row[] = {
		{"10.9.0.0/24", "10.9.0.7/32", true},
		{"10.9.0.0/24", "10.9.1.0/24", false},
		{"10.9.0.0/25", "10.9.0.128/25", false},
		{"0.0.0.0/0", "10.9.0.1", true},
		{"::/0", "10.9.0.1", false},
		{"0.0.0.0/0", "::/0", false},
		{"fd00::/8", "fd12::/16", true},
		{"fd00::/16", "fd01::/16", false},
		{"10.9.0.5/24", "10.9.0.6/24", true},
	};

	for (unsigned int i = 0; i < COUNT(row); i++) {
		struct net_prefix a = net(row[i].a), b = net(row[i].b);

		assert_int_equal(net_prefix_overlap(&a, &b), row[i].overlap);
		assert_int_equal(net_prefix_overlap(&b, &a), row[i].overlap);
	}
}

static void there_and_back(void **state)
{
	struct netinfo n = {.mtu = 1380}, got;
	struct tnd_buf b = {0}, again = {0};

	n.address[n.address_count++] = net("10.9.0.2/24");
	n.address[n.address_count++] = net("fd00:9::2/64");
	n.dns[n.dns_count++] = net("10.9.0.1").ip;
	n.dns[n.dns_count++] = net("fd00:9::1").ip;
	n.route[n.route_count++] = net("10.0.0.0/8");
	n.route[n.route_count++] = net("::/0");
	netinfo_write(&b, NULL, &n);
	tnd_buf_addc(&b, '\0');
	assert_string_equal(
		b.data, "{\"addr\":\"10.9.0.2\",\"mask\":\"255.255.255.0\",\"addresses\":["
			"\"10.9.0.2/24\",\"fd00:9::2/64\"],\"dns\":[\"10.9.0.1\",\"fd00:9::1\"],"
			"\"routes\":[\"10.0.0.0/8\",\"::/0\"],\"mtu\":1380}");
	must_read(b.data, &got);
	netinfo_write(&again, NULL, &got);
	tnd_buf_addc(&again, '\0');
	assert_string_equal(again.data, b.data);
	tnd_buf_free(&again);
	tnd_buf_free(&b);
}

/* Of a server that knows addr and mask only, and of one that says more than is known here. */
static void from_others(void **state)
{
	struct netinfo n;

	must_read("{}", &n);
	assert_int_equal(n.address_count + n.dns_count + n.route_count + n.mtu, 0);
	must_read("{\"addr\":\"10.9.0.2\",\"mask\":\"255.255.0.0\",\"future\":{\"x\":[1]}}", &n);
	assert_int_equal(n.address_count, 1);
	assert_int_equal(n.address[0].bits, 16);
	must_read("{\"addr\":\"10.9.0.2\"}", &n);
	assert_int_equal(n.address[0].bits, 32);
	must_read("{\"addr\":\"fd00::2\",\"mask\":\"ffff:ffff::\"}", &n);
	assert_int_equal(n.address[0].bits, 32);
	must_read("{\"addr\":\"10.9.0.2\",\"mask\":\"0.0.0.0\"}", &n);
	assert_int_equal(n.address[0].bits, 0);
	must_read("{\"routes\":[\"10.1.2.3/8\"],\"mtu\":0}", &n);
	assert_true(net_prefix_equal(&n.route[0], &(struct net_prefix){net("10.0.0.0").ip, 8}));
}

static void refused(void **state)
{
	static const struct {
		const char *text, *path;
	} row[] = {
		{"[]", "/info"},
		{"{\"addr\":\"nonsense\"}", "/info/addr"},
		{"{\"addr\":7}", "/info/addr"},
		{"{\"addr\":\"224.0.0.1\"}", "/info/addr"},
		{"{\"addr\":\"127.0.0.1\"}", "/info/addr"},
		{"{\"addr\":\"fe80::1\"}", "/info/addr"},
		{"{\"mask\":\"255.0.0.0\"}", "/info/mask"},
		{"{\"addr\":\"10.9.0.2\",\"mask\":\"255.0.255.0\"}", "/info/mask"},
		{"{\"addr\":\"10.9.0.2\",\"mask\":\"ffff::\"}", "/info/mask"},
		{"{\"addr\":\"10.9.0.2\",\"mask\":24}", "/info/mask"},
		{"{\"addr\":\"10.9.0.2\",\"addresses\":[\"10.9.0.3/32\"]}", "/info/addr"},
		{"{\"addresses\":[\"10.9.0.2/32\",\"10.9.0.3/32\"]}", "/info/addresses/1"},
		{"{\"addresses\":[\"10.9.0.2/32\",\"fd00::2/64\",\"10.9.0.2/32\"]}",
		 "/info/addresses"},
		{"{\"addresses\":\"10.9.0.2/32\"}", "/info/addresses"},
		{"{\"dns\":[\"10.9.0.1/24\"]}", "/info/dns/0"},
		{"{\"dns\":[\"0.0.0.0\"]}", "/info/dns/0"},
		{"{\"dns\":[null]}", "/info/dns/0"},
		{"{\"dns\":[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\",\"1.1.1.5\",\"1.1.1."
		 "6\","
		 "\"1.1.1.7\",\"1.1.1.8\",\"1.1.1.9\"]}",
		 "/info/dns"},
		{"{\"routes\":[\"10.0.0.0/8\",\"10.0.0.0/99\"]}", "/info/routes/1"},
		{"{\"mtu\":575}", "/info/mtu"},
		{"{\"mtu\":65536}", "/info/mtu"},
		{"{\"mtu\":-1}", "/info/mtu"},
		{"{\"mtu\":\"1400\"}", "/info/mtu"},
	};
	struct json_error err;
	struct netinfo n;

	for (unsigned int i = 0; i < COUNT(row); i++) {
		memset(&err, 0, sizeof(err));
		if (read_text(row[i].text, &n, &err) == 0)
			fail_msg("%s is taken", row[i].text);
		assert_string_equal(err.path, row[i].path);
		assert_true(err.reason[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes),       cmocka_unit_test(overlaps),
		cmocka_unit_test(there_and_back), cmocka_unit_test(from_others),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
